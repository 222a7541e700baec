"""What the gate of mutants takes out, and which tests are to notice, quickest first."""

from __future__ import annotations

from typing import NamedTuple

# A battery of schedules; anything else is for pytest.
SIMULATED = "simulate "
SCHEDULES = f"{SIMULATED}--schedules 300 --seed 1"
STORE = "tests/store/test_local.py tests/store/test_generations.py"
FILES = "tests/store/test_files.py"
PLACE = "tests/store/test_place.py"
FLUSHED = "tests/packer/test_flushes.py"
RETIRING = "tests/packer/test_retire.py"
READING = "tests/snapshot/test_reader.py"
SPOOL = "tests/spool/test_durable.py"
CLAIMS = "tests/spool/test_claims.py tests/spool/test_recovery.py"
JOURNAL = "tests/store/test_journal.py"
SYNC = "tests/service/test_sync.py"


class Mutant(NamedTuple):
    """`text` of `file` becomes `instead`; `name` says what is missing then."""

    name: str
    file: str
    text: str
    instead: str
    batteries: tuple[str, ...]


MUTANTS = (
    # Flushes: what is durable before it is named
    Mutant("the flush of a manifest's content before its link", "pkgindex/store/local.py",
           "                if durable:\n                    os.fsync(handle)\n", "", (SCHEDULES,)),
    Mutant("the flush of the directory after a link", "pkgindex/store/local.py",
           "            self._flushing.flush_name(path)\n", "", (SCHEDULES,)),
    Mutant("the flush of all blobs before the link", "pkgindex/packer/publish.py",
           "        head.backend.flush(blobs)\n", "        pass\n", (SCHEDULES,)),
    Mutant("the flush of blobs on a share", "pkgindex/packer/blobwriter.py",
           "            self._backend.flush(self.names)\n", "            pass\n", (SCHEDULES,)),
    Mutant("the flush of any blob", "pkgindex/store/local.py",
           "        self._flushing.flush(self._path(name) for name in names)\n", "        pass\n", (SCHEDULES,)),
    Mutant("the system's own flush", "pkgindex/store/flushing.py",
           "            os.fsync(handle)\n", "            pass\n", (SCHEDULES,)),
    Mutant("the flush of the directories above a name", "pkgindex/store/flushing.py",
           "            directories, rooted = self._directories({path})\n            self._sync_each(sorted(directories))\n",
           "            directories, rooted = self._directories({path})\n", (SCHEDULES,)),
    Mutant("the flush of each file's content", "pkgindex/store/flushing.py",
           "                    self._sync_each(sorted(wanted))\n", "", (SCHEDULES,)),
    Mutant("the flush of each file's directory", "pkgindex/store/flushing.py",
           "                    self._sync_each(sorted(directories))\n            except Gone:",
           "                    pass\n            except Gone:", (SCHEDULES,)),
    Mutant("the flush of new directories into those above", "pkgindex/store/flushing.py",
           "            while directory not in self._rooted and directory not in rooted:",
           "            while False:", (SCHEDULES,)),
    Mutant("the one flush of the whole file system", "pkgindex/store/flushing.py",
           "                    self._sync_file_system()\n", "                    pass\n", (STORE,)),
    Mutant("what that flush says", "pkgindex/store/flushing.py",
           "        if syncfs(self._witness) != 0:", "        if syncfs(self._witness) == -2:", (STORE,)),
    Mutant("the flush of what was there already, before it is said to be packed", "pkgindex/packer/pack.py",
           "                head.generations.confirm()\n", "                pass\n", (FLUSHED,)),
    Mutant("the flush by which that is done", "pkgindex/store/generations.py",
           "                self._backend.flush([self._name(head)])\n", "                pass\n", (FLUSHED,)),
    Mutant("the flush of what is there already, before a submission leaves the spool for it", "pkgindex/service/packing.py",
           "        head.generations.confirm()\n", "", ("tests/service/test_packing.py",)),
    Mutant("the flush of what is there already, before it is said to be made", "pkgindex/cli/commands/init.py",
           "        head.generations.confirm()  #", "        pass  #", ("tests/cli/test_init.py",)),
    Mutant("the flush of what another server published, before it is answered", "pkgindex/service/tree/committing.py",
           "            self._ledger.head.generations.confirm()\n", "",
           ("tests/service/tree/test_desk.py::test_what_a_killed_server_published_is_durable_before_anybody_is_told_of_it",)),
    Mutant("the flush of a new index's name", "pkgindex/store/place.py",
           "    flush_above(os.path.abspath(path))\n", "", (PLACE,)),
    Mutant("the flush by which its name is made durable", "pkgindex/store/flushing.py",
           "            _sync(above)\n", "", (PLACE,)),
    Mutant("the refusal of a flush that failed once", "pkgindex/store/flushing.py",
           "            self._refuse_lost(wanted)\n", "", (STORE,)),
    Mutant("the flush of what a look at a host found changed", "pkgindex/service/changelog.py",
           "        backend.link(names.changes_name", "        backend.create(names.changes_name",
           ("tests/service/test_changelog.py",)),
    # The same of a journal
    Mutant("the flush of a journal", "pkgindex/store/journalfile.py",
           "            os.fsync(self._handle)\n", "            pass\n", (JOURNAL,)),
    Mutant("the flush of a journal that is made anew", "pkgindex/store/journalfile.py",
           "            os.fsync(handle)\n", "", (JOURNAL,)),
    Mutant("the flush of a journal's name", "pkgindex/store/journalfile.py",
           "                os.fsync(directory)\n", "                pass\n", (JOURNAL,)),
    Mutant("the flush of a new journal's name", "pkgindex/store/journalfile.py",
           "        self.flush()\n        self._flush_name()\n", "        self.flush()\n", (JOURNAL,)),
    Mutant("the flush of a journal's name when it is made anew", "pkgindex/store/journalfile.py",
           "        self._flush_name()\n        self.size = self.durable = size\n", "        self.size = self.durable = size\n",
           (JOURNAL,)),
    Mutant("the flush of what a journal is found to hold", "pkgindex/store/journalfile.py",
           "        self.flush()\n        self._flush_name()\n", "        self._flush_name()\n", (JOURNAL,)),
    Mutant("the flush of a journal when blobs are", "pkgindex/store/journal.py",
           "            if wanted:\n                self._journal.flush()\n", "", (JOURNAL,)),
    Mutant("the flush of a journal after a link", "pkgindex/store/journal.py",
           "            written = self._append(name, data)\n            self._journal.flush()\n",
           "            written = self._append(name, data)\n", (JOURNAL,)),
    Mutant("the flush of a journal at its end", "pkgindex/store/journal.py",
           "            self._journal.flush()\n            self._journal.close()\n", "            self._journal.close()\n",
           (JOURNAL,)),
    # The same of the spool
    Mutant("the flush of a submission's content", "pkgindex/spool/spool.py",
           "                    os.fsync(file.fileno())\n", "", (SPOOL,)),
    Mutant("the flush of a submission's name", "pkgindex/spool/spool.py",
           "            moves.flush_directory(folder)\n        except OSError as error:\n"
           "            raise moves.refusal(error, folder) from error\n        return name\n",
           "        except OSError as error:\n            raise moves.refusal(error, folder) from error\n        return name\n",
           (SPOOL,)),
    Mutant("the flush of a reason's and a sentinel's content", "pkgindex/spool/moves.py",
           "        os.fsync(file.fileno())\n", "", (SPOOL,)),
    Mutant("the flush of any directory of the spool", "pkgindex/spool/moves.py",
           "        os.fsync(descriptor)\n", "        pass\n", (SPOOL,)),
    Mutant("the flush of a new spool's name", "pkgindex/spool/spool.py",
           "            moves.flush_directory(os.path.dirname(made))\n", "            pass\n", (SPOOL,)),
    Mutant("the flush of the sentinel's name", "pkgindex/spool/spool.py",
           "                moves.place(temporary, sentinel)\n            moves.flush_directory(folder)\n",
           "                moves.place(temporary, sentinel)\n", (SPOOL,)),
    Mutant("the flush of the folders of a repository", "pkgindex/spool/spool.py",
           "            moves.flush_directory(folder)\n            moves.flush_directory(self.root)\n",
           "            moves.flush_directory(self.root)\n", (SPOOL,)),
    Mutant("the flush of the name of a repository", "pkgindex/spool/spool.py",
           "            moves.flush_directory(self.root)\n", "", (SPOOL,)),
    Mutant("the flush when the mark of a full set is taken away", "pkgindex/spool/spool.py",
           "            if moves.discard(os.path.join(folder, names.FULL_MARKER)):\n"
           "                moves.flush_directory(folder)\n",
           "            moves.discard(os.path.join(folder, names.FULL_MARKER))\n", (SPOOL,)),
    Mutant("all that is flushed after a claim", "pkgindex/spool/claims.py",
           "        if claims:\n            self._flush(claims)\n", "", (SPOOL,)),
    Mutant("the flush of claimed names", "pkgindex/spool/claims.py",
           "            moves.flush_directory(self._folder)\n", "", (SPOOL,)),
    Mutant("the flush of the name of a writer's folder", "pkgindex/spool/claims.py",
           "                moves.flush_directory(os.path.dirname(self._folder))\n", "", (SPOOL,)),
    Mutant("the flush of the name of a folder that was taken away meanwhile", "pkgindex/spool/moves.py",
           "        flush_directory(os.path.dirname(folder))\n", "", (SPOOL,)),
    Mutant("the flush of where a claim came from", "pkgindex/spool/claims.py",
           "            moves.flush_directory(self._incoming)\n", "", (SPOOL,)),
    Mutant("the flush of rejected names", "pkgindex/spool/rejected.py",
           "        moves.flush_directory(folder)\n        return candidate.name\n", "        return candidate.name\n",
           (SPOOL,)),
    Mutant("the flush of a reason's name", "pkgindex/spool/rejected.py",
           "        moves.flush_directory(folder)\n        if not", "        if not", (SPOOL,)),
    # The same of what may be lost, but not be half there
    Mutant("the flush of what a host keeps for itself", "pkgindex/store/kept.py",
           "                os.fsync(file.fileno())\n", "", ("tests/store/test_kept.py",)),
    Mutant("the flush of the copy of a shard", "pkgindex/store/copies.py",
           "                os.fsync(file.fileno())\n", "", ("tests/store/test_copies.py",)),
    Mutant("the flush of a hook's file", "pkgindex/hooks/hookfile.py",
           "            os.fsync(new.fileno())\n", "", ("tests/hooks/test_install.py",)),
    # The link decides
    Mutant("the look at the floor after a link", "pkgindex/store/generations.py",
           "        if not self._stands_on(number, parent) and self._is_void(number, leads_to):", "        if False:",
           (STORE, SCHEDULES)),
    Mutant("the question which generation the next one was made from", "pkgindex/store/generations.py",
           "                return not leads_to(self.read(number + 1))\n", "                return True\n", (SCHEDULES,)),
    Mutant("the count of links where an answer may be lost", "pkgindex/store/files.py",
           "    if ours.st_nlink != 2:\n        return False\n", "", (STORE, SCHEDULES)),
    Mutant("judging a link by what is there", "pkgindex/store/files.py",
           "        if not _is_linked(file, path):\n            raise\n", "        raise\n", (FILES,)),
    Mutant("whose file the second name is", "pkgindex/store/files.py",
           "        return os.path.samestat(ours, os.stat(path, follow_symlinks=False))", "        return True", (STORE,)),
    Mutant("opening a file to count its links", "pkgindex/store/files.py",
           "    handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC)\n    try:\n        ours = os.fstat(handle)\n    finally:\n"
           "        os.close(handle)\n", "    ours = os.stat(file)\n", (FILES,)),
    Mutant("the look whether the parent is still there before a link", "pkgindex/store/generations.py",
           "data, lambda: self._require_parent(number, parent))", "data)", ("tests/store/test_generations.py",)),
    Mutant("that this look comes when the content is written", "pkgindex/store/local.py",
           "        self._write_new(temporary, data, durable=True)\n        try:\n            if ready is not None:\n"
           "                ready()\n",
           "        if ready is not None:\n            ready()\n        self._write_new(temporary, data, durable=True)\n"
           "        try:\n", ("tests/store/test_generations.py",)),
    Mutant("the parent's checksum after a link", "pkgindex/store/generations.py",
           "not self._backend.remote and self._is_still(number - 1, parent)", "not self._backend.remote",
           ("tests/store/test_generations.py",)),
    Mutant("the parent's checksum in who was made from whom", "pkgindex/packer/publish.py",
           "    return found.parent_checksum == manifests.checksum_of(data)\n", "    return True\n",
           ("tests/packer/test_racing.py",)),
    Mutant("judging a rename in the spool by what is there", "pkgindex/spool/moves.py",
           "        if files.is_there(target):\n            return True\n        if not", "        if not", (CLAIMS,)),
    Mutant("leaving what may be named by others", "pkgindex/packer/publish.py",
           "        return number < max(numbers, default=0)\n", "        return False\n", (RETIRING,)),
    # Retiring
    Mutant("the grace", "pkgindex/packer/retire.py",
           "< settings.grace_seconds:", "< 0:", (RETIRING, SCHEDULES)),
    Mutant("the rule which files may still be published", "pkgindex/packer/retire.py",
           "parsed[1] <= looked_at[-1] and name not in named", "name not in named", (SCHEDULES,)),
    Mutant("what retained generations name", "pkgindex/packer/retire.py",
           "parsed[1] <= looked_at[-1] and name not in named", "parsed[1] <= looked_at[-1]", (SCHEDULES,)),
    Mutant("the head is never pruned", "pkgindex/store/generations.py",
           "if number <= numbers[-1] - _at_least_one(keep)]", "if number <= numbers[-1]]", (STORE,)),
    # Reading
    Mutant("never going back to a lower generation", "pkgindex/snapshot/reader.py",
           "        if head < self._seen:", "        if False:", (READING,)),
    Mutant("whether what is carried on is of the generation's own line", "pkgindex/format/overlay.py",
           " or known.newest not in _stamps(manifest):", ":", ("tests/format/test_delta.py",)),
    Mutant("the parent's checksum where all is verified", "pkgindex/snapshot/verify/generation.py",
           "    elif manifest.parent_checksum != manifests.checksum_of(data):", "    elif False:",
           ("tests/snapshot/test_verify.py",)),
    Mutant("the checksum", "pkgindex/format/envelope.py",
           '    if fields[5] != b"%08x" % crc32(body):', "    if False:", ("tests/format/test_envelope.py",)),
    Mutant("the stamp in a file", "pkgindex/format/envelope.py",
           "(stamp and fields[3] != stamp.encode())", "False", ("tests/format/test_delta.py",)),
    Mutant("beginning again when a file is gone", "pkgindex/snapshot/reader.py",
           "            except Gone as gone:\n", "            except Gone as gone:\n                raise\n",
           (READING, SCHEDULES)),
    Mutant("another look after a long stop", "pkgindex/snapshot/reader.py",
           " and attempt >= ATTEMPTS_LEAST:", ":", (READING,)),
    Mutant("asking again for a name that was not there", "pkgindex/store/local.py",
           "            if not self.remote and not files.is_listed(path):\n                raise\n        for place",
           "            raise\n        for place",
           (SCHEDULES,)),
    # The spool
    Mutant("the heartbeat", "pkgindex/service/holding.py",
           "            claims.beat()\n", "            pass\n", ("tests/service/test_holding.py",)),
    Mutant("what a heartbeat keeps", "pkgindex/spool/recovery.py",
           "if name != here.folder and _is_stopped(folder, here, now_ns, lease_seconds):", "if name != here.folder:",
           (CLAIMS,)),
    Mutant("the identities that are published already", "pkgindex/spool/recovery.py",
           "        if drop.id and published(drop.id):", "        if False:", (CLAIMS,)),
    Mutant("waiting for what another packer has of an earlier sync", "pkgindex/service/sync.py",
           "        if not left:\n            return\n", "        return\n", (SYNC,)),
    Mutant("the look for that where nothing seems to have changed", "pkgindex/service/sync.py",
           " or outstanding(spool, repo, _drop(database))", "", (SYNC,)),
    Mutant("the look for a generation that came during that", "pkgindex/service/sync.py",
           " or _is_old(settings, repo, found):\n        found,", ":\n        found,", (SYNC,)),
    Mutant("the second look for what is outstanding", "pkgindex/spool/outstanding.py",
           "    return _seen(spool, repo, filename) or _seen(spool, repo, filename)\n",
           "    return _seen(spool, repo, filename)\n", ("tests/spool/test_outstanding.py",)),
    Mutant("leaving out what was packed before", "pkgindex/packer/pack.py",
           "found for found in collections if found.submission.id not in head.manifest.recent",
           "found for found in collections",
           ("tests/packer/test_racing.py", SCHEDULES)),
)
