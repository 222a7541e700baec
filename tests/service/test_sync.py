from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pkgindex.config import Settings
from pkgindex.errors import Busy, NoIndex, NotFound, StoreError
from pkgindex.query.changes import changes
from pkgindex.query.index import Index
from pkgindex.service import packing
from pkgindex.service.packing import pack_repository
from pkgindex.service.sync import MEMORY, Synced, line, preview, sync
from pkgindex.sources.hosts import files, managers
from pkgindex.sources.hosts.database import Look
from pkgindex.sources.hosts.dpkg import DpkgDatabase
from pkgindex.spool.claims import Claims
from pkgindex.spool.identity import current
from pkgindex.spool.spool import Spool

REPO = "host-dpkg"
STANZA = {
    "Status": "install ok installed",
    "Architecture": "amd64",
    "Multi-Arch": "same",
    "Version": "1",
}


class Host:
    """A root directory with dpkg's database in it, and where it is synced to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.settings = Settings(index=str(root / "index"), spool=str(root / "spool"))
        self.stanzas: list[dict[str, str]] = []
        self.lists: dict[str, list[bytes]] = {}
        self.installed_at = 1_000_000_000

    def install(self, name: str, *paths: bytes, **fields: str) -> None:
        self.remove(name, fields.get("Architecture", "amd64"))
        self.stanzas.append({"Package": name, **STANZA, **fields})
        self.lists[f"{name}:{self.stanzas[-1]['Architecture']}"] = list(paths)

    def remove(self, name: str, architecture: str = "amd64") -> None:
        self.stanzas = [found for found in self.stanzas if (found["Package"], found["Architecture"]) != (name, architecture)]
        self.lists.pop(f"{name}:{architecture}", None)

    def sync(self) -> Synced:
        self.write()
        return self.synced()

    def synced(self) -> Synced:
        """A sync of what was written."""
        return sync(self.settings, DpkgDatabase(str(self.root)), REPO)

    def write(self) -> None:
        database = self.root / "var/lib/dpkg"
        shutil.rmtree(database, ignore_errors=True)
        (database / "info").mkdir(parents=True)
        stanzas = ("".join(f"{key}: {value}\n" for key, value in stanza.items()) for stanza in self.stanzas)
        (database / "status").write_text("\n".join(stanzas))
        for name, paths in self.lists.items():
            parents = {b"/".join(path.split(b"/")[:depth]) for path in paths for depth in range(2, path.count(b"/") + 1)}
            lines = [b"/.", *sorted(parents), *paths, b""]
            path = database / f"info/{name}.list"
            path.write_bytes(b"\n".join(lines))
            os.utime(path, (self.installed_at, self.installed_at))

    def generation(self) -> int:
        with Index(self.settings.index) as index:
            return index.snapshot(REPO).generation


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = Host(tmp_path)
    host.install("libx", b"/usr/lib/x.so", Description="x\n long")
    host.install("tool", b"/usr/bin/tool", b"/usr/bin/a tool", Depends="libx (>= 1) | liby, sh")
    host.install("doc", Architecture="all", Suggests="tool", Conffiles="\n /etc/doc 0123")
    return host


def test_a_host_is_indexed_where_nothing_was_before(host: Host) -> None:
    synced = host.sync()
    assert (synced.added, synced.changed, synced.removed) == (("doc", "libx", "tool"), (), ())
    assert line(synced).startswith("host-dpkg: generation 1, 3 added, 0 changed, 0 removed, ")
    with Index(host.settings.index) as index:
        assert [hit.package for hit in index.owner("/usr/bin/a tool")] == ["tool"]
        ((_, _, tool),) = index.package("tool")
    relation, shell = tool.releases[("1", "amd64")].relations["depends"]
    assert [(found.name, found.constraint) for found in (*relation, *shell)] == [("libx", ">= 1"), ("liby", ""), ("sh", "")]


def test_a_host_that_has_not_changed_writes_nothing(host: Host) -> None:
    host.sync()
    before = sorted((path, path.stat().st_mtime_ns) for path in (host.root / "index").rglob("*") if path.is_file())
    synced = host.sync()
    assert synced.outcome is None and line(synced).startswith("host-dpkg: nothing changed, 3 packages, ")
    assert before == sorted((path, path.stat().st_mtime_ns) for path in (host.root / "index").rglob("*") if path.is_file())
    assert os.listdir(host.root / "spool/host-dpkg/incoming") == []


def test_only_the_difference_is_packed(host: Host) -> None:
    host.sync()
    host.remove("libx")
    host.install("tool", b"/usr/bin/tool", Version="2")
    host.install("new")
    synced = host.sync()
    assert (synced.added, synced.changed, synced.removed) == (("new",), ("tool",), ("libx",))
    assert synced.outcome is not None
    change = synced.outcome.report.change
    assert (change.added, change.changed, change.removed) == (1, 1, 1)
    with Index(host.settings.index) as index:
        assert index.owner("/usr/bin/a tool", "/usr/lib/x.so") == []
        assert list(index.package("tool")[0][2].releases) == [("2", "amd64")]
    assert host.sync().outcome is None


def test_what_a_sync_finds_changed_is_told_with_the_manager_s_own_time(host: Host) -> None:
    host.sync()
    host.remove("libx")
    host.installed_at = 1_500_000_000
    host.install("tool", b"/usr/bin/tool", Version="2")
    host.install("new", Version="3")
    host.sync()
    with Index(host.settings.index) as index:
        first, *rest = changes(index, 0.0)
    assert (first.action, first.package, first.before, first.after, first.at) == ("removed", "libx", "1", "", first.seen)
    assert sorted((hit.action, hit.package, hit.before, hit.after, hit.at) for hit in rest) == [
        ("installed", "new", "", "3", 1.5e9), ("upgraded", "tool", "1", "2", 1.5e9)]
    assert first.record is not None and first.record["fields"]["installed"] == "true"


def test_a_file_list_that_alone_has_changed_is_seen(host: Host) -> None:
    host.sync()
    host.lists["tool:amd64"] = [b"/usr/bin/tool", b"/usr/bin/b tool"]
    assert host.sync().changed == ("tool",)
    with Index(host.settings.index) as index:
        assert [hit.package for hit in index.owner("/usr/bin/a tool", "/usr/bin/b tool")] == ["tool"]


def test_a_description_that_alone_has_changed_is_seen(host: Host) -> None:
    host.sync()
    host.install("libx", b"/usr/lib/x.so", Description="x\n longer")
    assert host.sync().changed == ("libx",)


def test_one_architecture_of_two_can_go(host: Host) -> None:
    host.install("libx", b"/usr/lib/i386/x.so", Architecture="i386", Description="x for i386\n long too")
    host.sync()
    assert host.sync().outcome is None
    host.remove("libx", "i386")
    assert host.sync().changed == ("libx",)
    with Index(host.settings.index) as index:
        assert index.owner("/usr/lib/i386/x.so") == []
        assert [hit.package for hit in index.owner("/usr/lib/x.so")] == ["libx"]


def test_a_package_that_is_installed_again_is_seen(host: Host) -> None:
    host.sync()
    host.installed_at += 60
    assert host.sync().changed == ("doc", "libx", "tool")
    with Index(host.settings.index) as index:
        fields = index.package("tool")[0][2].releases[("1", "amd64")].fields
    assert (fields["installed"], fields["installed-at"]) == ("true", "2001-09-09T01:47:40Z")


def test_what_has_not_changed_is_not_read(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    real = files.read

    def counted(path: str, *limit: int) -> bytes:
        data = real(path, *limit)
        read.append(os.path.basename(path))
        return data

    monkeypatch.setattr(files, "read", counted)
    host.write()
    host.synced()
    assert sorted(read) == ["doc:all.list", "libx:amd64.list", "status", "tool:amd64.list"]
    read.clear()
    assert host.synced().outcome is None and read == ["status"]
    read.clear()
    os.utime(host.root / "var/lib/dpkg/info/tool:amd64.list", (1, 1))
    assert host.synced().changed == ("tool",) and sorted(read) == ["status", "tool:amd64.list"]


@pytest.mark.parametrize("damage", [b"", b"\x00", b"\xc1" * 40, b"\x93\x93\xa1x\xa1x\x01\xc4\x00\x80"])
def test_a_memory_that_is_lost_or_damaged_costs_time_and_nothing_else(host: Host, damage: bytes) -> None:
    host.write()
    host.synced()
    memory = host.root / f"spool/{REPO}/{MEMORY}"
    good = memory.read_bytes()
    memory.write_bytes(damage)
    assert host.synced().outcome is None
    assert memory.read_bytes() == good


def test_an_index_that_is_older_than_the_memory_gets_what_it_lacks(host: Host) -> None:
    host.sync()
    shutil.rmtree(host.root / "index")
    assert host.sync().added == ("doc", "libx", "tool")


def test_a_list_that_cannot_be_read_is_named_and_what_is_indexed_of_it_stays(host: Host) -> None:
    host.sync()
    host.install("new")
    host.remove("doc", "all")
    host.install("tool", b"/usr/bin/tool", Version="2")
    host.write()
    (host.root / "var/lib/dpkg/info/tool:amd64.list").unlink()
    synced = host.synced()
    assert (synced.added, synced.changed, synced.removed) == (("new",), (), ("doc",))
    (trouble,) = synced.troubles
    assert "tool:amd64.list: no such file" in trouble and line(synced).split(", ")[-2] == "1 unreadable"
    with Index(host.settings.index) as index:
        assert list(index.package("tool")[0][2].releases) == [("1", "amd64")]
    assert host.sync().changed == ("tool",)


def test_nothing_is_removed_as_long_as_a_record_is_nobodys(host: Host) -> None:
    host.sync()
    host.remove("tool")
    host.write()
    status = host.root / "var/lib/dpkg/status"
    whole = status.read_text()
    status.write_text(whole + "\n\x00\x00 torn\n")
    synced = host.synced()
    assert synced.removed == () and len(synced.troubles) == 1
    status.write_text(whole)
    assert host.synced().removed == ("tool",)


class Wavering(DpkgDatabase):
    """A database whose manager is at work for some time."""

    def __init__(self, root: str, states: list[bytes], busy: list[str]) -> None:
        super().__init__(root)
        self.states, self.busies = states, busy

    def state(self) -> bytes:
        return self.states.pop(0) if self.states else super().state()

    def busy(self) -> str:
        return self.busies.pop(0) if self.busies else super().busy()


def test_a_database_that_changes_while_it_is_read_is_read_again(host: Host) -> None:
    host.write()
    told: list[str] = []
    database = Wavering(str(host.root), [b"", b"1", b"2"], ["dpkg is at work", ""])
    assert len(sync(host.settings, database, REPO, told.append).added) == 3
    waits = [words for words in told if words.endswith("; waiting")]
    assert waits == ["dpkg is at work; waiting", f"{database.place} changes while it is read; waiting"]


def test_what_another_sync_brought_between_look_and_lock_is_not_undone(host: Host) -> None:
    """The older look would remove what the other one, which saw it installed, has packed."""
    host.sync()
    host.remove("doc")
    host.write()

    class Overtaken(DpkgDatabase):
        looks = 0

        def look(self) -> Look:
            self.looks += 1
            return super().look()

        def state(self) -> bytes:
            state = super().state()
            if self.looks == 1:  # the look is over, and nothing is locked yet
                self.looks = 2
                host.install("doc", Architecture="all", Suggests="tool", Conffiles="\n /etc/doc 0123")
                host.install("late")
                assert host.sync().added == ("late",)
            return state

    overtaken = Overtaken(str(host.root))
    assert sync(host.settings, overtaken, REPO).differs is False
    assert overtaken.looks == 3
    with Index(host.settings.index) as index:
        assert [name for name in ("doc", "late") if index.package(name)] == ["doc", "late"]


def test_a_manager_that_does_not_finish_is_left_to_its_work(host: Host) -> None:
    host.write()
    settings = host.settings._replace(lock_wait_seconds=0.0)
    with pytest.raises(Busy, match="dpkg is at work: nothing was submitted"):
        sync(settings, Wavering(str(host.root), [], ["dpkg is at work"]), REPO)
    assert not (host.root / "index").exists()
    assert host.synced().packages == 3


def test_a_preview_says_the_same_and_writes_nothing(host: Host) -> None:
    host.write()
    said = preview(host.settings, DpkgDatabase(str(host.root)), REPO)
    assert (said.added, said.outcome) == (("doc", "libx", "tool"), None)
    assert line(said).startswith("host-dpkg: would be submitted, 3 added, 0 changed, 0 removed, ")
    assert not (host.root / "index").exists() and not (host.root / "spool").exists()
    assert host.synced().added == said.added


def test_what_an_earlier_sync_could_not_pack_is_packed_before(host: Host) -> None:
    host.sync()
    (host.root / "spool/host-dpkg/incoming/dpkg.jsonl").write_text('{"name": "libx", "removed": true}\n')
    synced = host.sync()
    assert synced.added == ("libx",)
    with Index(host.settings.index) as index:
        assert [hit.package for hit in index.owner("/usr/lib/x.so")] == ["libx"]


def test_what_another_packer_still_has_of_an_earlier_sync_is_waited_for(host: Host) -> None:
    """A sync was killed when it had submitted that `late` is there; somebody who packs has it; and `late` is gone again."""
    host.sync()
    spool = Spool(host.settings.spool)
    spool.submit_bytes(REPO, "dpkg.jsonl", b'{"name": "late", "version": "1"}\n', "incremental")
    slow = Claims(spool, REPO, current())
    (claim,) = slow.claim(spool.incoming(REPO))
    hasty = host.settings._replace(lock_wait_seconds=0.0)
    with pytest.raises(Busy, match=rf"is claimed by process {os.getpid()} on .*: nothing more was submitted; sync again"):
        sync(hasty, DpkgDatabase(str(host.root)), REPO)

    told: list[str] = []

    def finish(words: str) -> None:
        told.append(words)
        if words.endswith("; waiting"):
            assert slow.give_back(claim)
            pack_repository(host.settings, spool, REPO)

    synced = sync(host.settings, DpkgDatabase(str(host.root)), REPO, finish)
    assert (synced.added, synced.changed, synced.removed) == ((), (), ("late",))
    assert sum(words.endswith("; waiting") for words in told) == 1
    with Index(host.settings.index) as index:
        assert index.snapshot(REPO).package("late") is None


def test_what_is_packed_during_a_look_is_not_overlooked(host: Host) -> None:
    """The look compares with the generation before that; and when it ends nothing is left in the spool that would tell."""
    host.sync()
    spool = Spool(host.settings.spool)
    spool.submit_bytes(REPO, "dpkg.jsonl", b'{"name": "late", "version": "1"}\n', "incremental")

    class Overtaken(DpkgDatabase):
        def busy(self) -> str:
            pack_repository(host.settings, spool, REPO)
            return super().busy()

    assert sync(host.settings, Overtaken(str(host.root)), REPO).removed == ("late",)


def test_what_a_dead_packer_has_of_an_earlier_sync_is_packed_before(host: Host) -> None:
    host.sync()
    spool = Spool(host.settings.spool)
    spool.submit_bytes(REPO, "dpkg.jsonl", b'{"name": "late", "version": "1"}\n', "incremental")
    claim_and_die = (
        "import sys; from pkgindex.spool.claims import Claims; from pkgindex.spool.identity import current;"
        "from pkgindex.spool.spool import Spool; spool = Spool(sys.argv[1]);"
        "assert Claims(spool, sys.argv[2], current()).claim(spool.incoming(sys.argv[2]))"
    )
    subprocess.run([sys.executable, "-c", claim_and_die, host.settings.spool, REPO], check=True)
    assert spool.incoming(REPO) == []
    assert host.synced().removed == ("late",)


def test_what_waits_with_a_full_set_that_is_not_whole_is_waited_for(host: Host) -> None:
    host.sync()
    spool = Spool(host.settings.spool)
    spool.submit_bytes(REPO, "dpkg.jsonl", b'{"name": "late", "version": "1"}\n', "incremental")
    spool.submit_bytes(REPO, "all.jsonl.gz", gzip.compress(b'{"name": "other"}\n' * 99)[:30], "full")
    with pytest.raises(Busy, match="what was submitted to 'host-dpkg' before waits in the spool: nothing more was submitted"):
        sync(host.settings._replace(lock_wait_seconds=0.0), DpkgDatabase(str(host.root)), REPO)


def test_what_cannot_be_moved_is_told_and_the_rest_is_synced_all_the_same(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.sync()
    spool = Spool(host.settings.spool)
    spool.submit_bytes(REPO, "dpkg.jsonl", b'{"name": "late", "version": "1"}\n', "incremental")
    another = Claims(spool, REPO, current())
    another.claim(spool.incoming(REPO))
    (folder,) = os.listdir(spool.folder(REPO, "claimed"))

    def left(*arguments: Any) -> packing.Outcome:
        outcome = pack_repository(*arguments)
        return outcome._replace(stuck=((f"claimed/{folder}", "Operation not permitted"),))

    monkeypatch.setattr(packing, "pack_repository", left)
    host.install("new")
    with pytest.raises(StoreError, match=r"cannot be moved \(Operation not permitted\)"):
        host.sync()
    with Index(host.settings.index) as index:
        assert index.package("new")


def test_what_is_not_whole_yet_does_not_hold_up_a_sync(host: Host) -> None:
    host.sync()
    spool = Spool(host.settings.spool)
    half = gzip.compress(b'{"name": "other"}\n' * 99)[:30]
    name = spool.submit_bytes(REPO, "half.jsonl.gz", half, "incremental")
    host.install("late")
    assert host.sync().added == ("late",)
    (waiting,) = spool.incoming(REPO)
    assert waiting.name.startswith(name)


def test_without_a_database_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="--root"):
        sync(Settings(index=str(tmp_path / "index"), spool=str(tmp_path / "spool")), DpkgDatabase(str(tmp_path / "nowhere")))
    assert list(tmp_path.iterdir()) == []


def test_a_spool_that_is_not_mounted_is_not_made(host: Host) -> None:
    (host.root / "spool").mkdir()
    with pytest.raises(NoIndex):
        host.sync()


names = st.sampled_from(["a", "b", "lib+c", "d2"])
words = st.text(st.characters(codec="utf-8", categories=("L", "N", "S")), min_size=1, max_size=8)
relation = st.sampled_from(
    ["x", "x:any (>= 1)", "x (<< 2~) | y [amd64 !i386]", "z [linux-any] <!nocheck> <cross>", "x, y , z (= 1:2-3)", "y (> 1)"]
)
paths = st.sets(
    st.binary(min_size=1, max_size=6).map(lambda raw: b"/etc/" + raw.translate(None, b"/\n\0\r") + b"x"), max_size=4
)
fields = st.fixed_dictionaries(
    {"Version": st.sampled_from(["1", "2:1~rc1-1"]), "Architecture": st.sampled_from(["amd64", "i386", "all"])},
    optional={
        "Description": st.one_of(words, st.tuples(words, words).map("\n ".join)),
        "Depends": relation, "Pre-Depends": relation, "Provides": relation, "Built-Using": relation,
        "Static-Built-Using": relation, "Summary": words, "X_Odd_Field": words, "Files": words, "Name": words,
        "Conffiles": st.just("\n /etc/a 1\n /etc/b 2"),
    },
)
hosts = st.lists(st.tuples(names, fields, paths), max_size=5)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(steps=st.lists(hosts, min_size=1, max_size=3))
def test_after_any_sync_of_any_host_the_next_finds_nothing(
    steps: list[list[tuple[str, dict[str, str], set[bytes]]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    host = Host(tmp_path_factory.mktemp("host"))
    for installed in steps:
        host.stanzas, host.lists = [], {}
        for name, found, listed in installed:
            host.install(name, *listed, **found)
        first = host.sync()
        if first.outcome is not None:
            assert not first.outcome.rejected and not first.outcome.report.faults, installed
            assert first.outcome.report.generation
        assert host.sync().outcome is None


def test_a_database_that_the_disk_does_not_show_is_not_taken_for_none(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.write()
    stat = os.stat

    def refusing(path: object, **named: object) -> os.stat_result:
        if str(path).endswith("dpkg/status"):
            raise OSError(5, "Input/output error", path)
        return stat(path, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", refusing)
        with pytest.raises(StoreError, match=r"dpkg/status .*Input/output error"):
            host.synced()
    assert not os.path.exists(host.settings.spool)


def test_a_database_that_comes_while_it_is_looked_for_is_found(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.write()
    state, missed = DpkgDatabase.state, [NotFound("not yet")]

    def late(database: DpkgDatabase) -> bytes:
        if missed:
            raise missed.pop()
        return state(database)

    monkeypatch.setattr(DpkgDatabase, "state", late)
    assert [found.manager for found in managers.named("dpkg", str(host.root), host.settings)] == ["dpkg"]


def test_a_list_that_the_disk_refuses_is_named_whole(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.write()
    fstat, path = os.fstat, host.root / "var/lib/dpkg/info/libx:amd64.list"

    def refusing(handle: int) -> os.stat_result:
        if os.readlink(f"/proc/self/fd/{handle}") == str(path):
            raise OSError(5, "Input/output error")
        return fstat(handle)

    monkeypatch.setattr(os, "fstat", refusing)
    (trouble,) = host.synced().troubles
    assert str(path) in trouble and "Input/output error" in trouble
