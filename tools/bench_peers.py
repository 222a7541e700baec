"""The other tools: given the same data, and what they need to be at their best.

A slim image has apt keep no `pkgcache.bin` and leave its lists packed, which makes apt-cache 2 to 20 times slower than on an
ordinary host. So apt-cache and apt-file run with a configuration of their own: lists of this one suite only, unpacked where apt
would unpack them, and with the caches that apt makes by default.

plocate gets a list of `path TAB package`, for it knows no packages, and one of paths alone. SQLite gets three tables by hand.
What the search engines get is in `bench_engines`.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Container, Iterable, Iterator
from typing import Any

from bench_data import Lists, Place, unpack
from bench_engines import Codesearch, Xapian
from bench_timing import Ran, run

PROGRAMS = {
    "apt-file": "apt-file", "apt-cache": "apt", "plocate": "plocate", "plocate-build": "plocate", "rg": "ripgrep",
    "sqlite3": "sqlite3", "cindex": "codesearch", "csearch": "codesearch", "axi-cache": "apt-xapian-index",
    "update-apt-xapian-index": "apt-xapian-index", "grep-dctrl": "dctrl-tools", "haproxy": "haproxy",
    "strace": "strace",
}
APT_SETTINGS = """\
Dir::Etc::parts "{root}/parts";
Dir::Etc::main "-";
Dir::Etc::sourcelist "{root}/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "{root}/lists";
Dir::State::status "{root}/status";
Dir::Cache "{root}/cache";
APT::Architecture "amd64";
APT::Architectures {{ "amd64"; }};
"""
KINDS = ("Depends", "Pre-Depends", "Recommends", "Suggests", "Enhances", "Conflicts", "Breaks", "Replaces", "Provides")
TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE pairs (path BLOB, package TEXT, PRIMARY KEY (path, package)) WITHOUT ROWID;
CREATE TABLE edges (
    package TEXT, kind TEXT, name TEXT, qualifier TEXT, PRIMARY KEY (package, kind, name, qualifier)
) WITHOUT ROWID;
CREATE TABLE packages (name TEXT PRIMARY KEY, section TEXT, summary TEXT, tags TEXT);
"""
_ALTERNATIVE = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9+.-]*)(?::([a-z0-9-]+))?")


def missing(program: str) -> str:
    """What to say instead of a figure, or nothing when the program is here."""
    return "" if shutil.which(program) else f"not installed: apt-get install {PROGRAMS[program]}"


class Peers:
    """What others made of the same lists; made once, with what that took in the state of *place*."""

    def __init__(self, place: Place, lists: Lists, tell: Callable[[str], None]) -> None:
        self._place, self._lists, self._tell = place, lists, tell
        self.apt_root = place.path("apt")
        self.apt = {"APT_CONFIG": place.path("apt", "apt.conf")}
        self.pairs, self.paths = place.path("plain", "pairs"), place.path("plain", "paths")
        self.packages = place.path("plain", "Packages")
        self.plocate_pairs, self.plocate_paths = place.path("peers", "pairs.plocate"), place.path("peers", "paths.plocate")
        self.database = place.path("peers", "yardstick.sqlite")
        self.codesearch = Codesearch(place)
        self.xapian = Xapian(place, self.apt)

    def built(self, what: str) -> dict[str, Any]:
        found: dict[str, Any] = self._place.state.get("peers", {}).get(what, {})
        return found

    def opened(self) -> sqlite3.Connection:
        """The three tables, for reading."""
        return sqlite3.connect(f"file:{self.database}?mode=ro&immutable=1", uri=True)

    def make(self, only: Container[str] | None = None) -> None:
        """Each step once, or some *only*; those whose program is missing when it is there."""
        steps: dict[str, tuple[str, Callable[[], Ran | None]]] = {
            "plain": ("", self._plain),
            "sqlite": ("", self._sqlite),
            "apt": ("", self._apt),
            "plocate paths": ("plocate-build", lambda: self._plocate(self.paths, self.plocate_paths)),
            "plocate pairs": ("plocate-build", lambda: self._plocate(self.pairs, self.plocate_pairs)),
            "codesearch text": ("cindex", lambda: self.codesearch.deal_out(self.pairs)),
            "codesearch": ("cindex", self.codesearch.build),
            "xapian": ("update-apt-xapian-index", self.xapian.build),
        }
        for what, (program, step) in steps.items():
            if self.built(what) or (program and missing(program)) or (only is not None and what not in only):
                continue
            self._tell(f"preparing {what} (once)")
            began = time.perf_counter()
            ran = step()
            facts = {"seconds": ran.seconds if ran else time.perf_counter() - began, "peak_kib": ran.peak_kib if ran else 0}
            self._place.state.setdefault("peers", {})[what] = facts
            self._place.save()

    def _plain(self) -> None:
        """Packages as text; all pairs and all paths, sorted as bytes."""
        folder = self._place.emptied("plain")
        for name, source in self._lists.files.items():
            unpack(source, os.path.join(folder, name))
        sort = ["sort", "-u", "-S", "400M", "-T", folder, "-o"]
        with subprocess.Popen([*sort, self.pairs], stdin=subprocess.PIPE, env={**os.environ, "LC_ALL": "C"}) as sorting:
            assert sorting.stdin is not None
            for name in ("Contents-all", "Contents-amd64"):
                with open(os.path.join(folder, name), "rb") as file:
                    sorting.stdin.writelines(pairs_of(file))
        with open(self.pairs, "rb") as pairs, open(self.paths, "wb") as paths:
            paths.writelines(pair[: pair.rindex(b"\t")] + b"\n" for pair in pairs)

    def _sqlite(self) -> None:
        os.makedirs(self._place.path("peers"), exist_ok=True)
        if os.path.exists(self.database):
            os.unlink(self.database)
        connection = sqlite3.connect(self.database)
        connection.executescript(TABLES)
        with open(self.pairs, "rb") as file:
            split = (line[:-1].rpartition(b"\t") for line in file)
            connection.executemany("INSERT INTO pairs VALUES (?, ?)", ((path, name.decode()) for path, _, name in split))
        with open(self.packages, encoding="utf-8", errors="replace") as text:
            for fields in stanzas(text):
                name = fields["Package"]
                row = (name, fields.get("Section", ""), fields.get("Description", ""), fields.get("Tag", ""))
                connection.execute("INSERT OR REPLACE INTO packages VALUES (?, ?, ?, ?)", row)
                edges = [(name, kind.lower(), *found) for kind in KINDS for found in names_in(fields.get(kind, ""))]
                connection.executemany("INSERT OR IGNORE INTO edges VALUES (?, ?, ?, ?)", edges)
        connection.execute("CREATE INDEX reverse ON edges (name, kind, package)")
        connection.commit()
        connection.close()

    def _apt(self) -> None:
        self._place.emptied("apt")
        for folder in ("lists/partial", "cache/archives/partial", "parts"):
            os.makedirs(os.path.join(self.apt_root, folder))
        prefix = self._lists.prefix
        base = os.path.basename(prefix)
        for end in ("main_Contents-all", "main_Contents-amd64"):
            source = next(path for path in self._lists.files.values() if end in path)
            os.symlink(source, os.path.join(self.apt_root, "lists", os.path.basename(source)))
        if os.path.exists(prefix + "InRelease"):
            os.symlink(prefix + "InRelease", os.path.join(self.apt_root, "lists", base + "InRelease"))
        os.link(self.packages, os.path.join(self.apt_root, "lists", base + "main_binary-amd64_Packages"))
        parts = "/etc/apt/apt.conf.d"
        for name in os.listdir(parts) if os.path.isdir(parts) else ():
            if "apt-file" in name:
                shutil.copy(os.path.join(parts, name), os.path.join(self.apt_root, "parts", name))
        host, _, codename = base.rstrip("_").partition("_dists_")
        files = {"status": "", "apt.conf": APT_SETTINGS.format(root=self.apt_root)}
        files["sources.list"] = f"deb http://{host.replace('_', '/')} {codename} main\n"
        for name, text in files.items():
            with open(os.path.join(self.apt_root, name), "w", encoding="utf-8") as file:
                file.write(text)
        if not missing("apt-cache"):
            run(["apt-cache", "gencaches"], self.apt)

    def _plocate(self, plain: str, database: str) -> Ran:
        return run(["plocate-build", "--plaintext", "--require-visibility", "no", plain, database])


def pairs_of(lines: Iterable[bytes]) -> Iterator[bytes]:
    r"""`/path TAB package` for each owner of each line of a Contents file.

    >>> list(pairs_of([b"usr/bin/a b      admin/x,contrib/web/y\n"]))
    [b'/usr/bin/a b\tx\n', b'/usr/bin/a b\ty\n']
    """
    for line in lines:
        path, _, owners = line.rstrip(b"\n").rpartition(b" ")
        path = b"/" + path.rstrip(b" \t")
        for owner in owners.split(b","):
            yield path + b"\t" + owner[owner.rindex(b"/") + 1 :] + b"\n"


def stanzas(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """The fields of each paragraph; continued lines are joined."""
    fields: dict[str, str] = {}
    key = ""
    for line in lines:
        if not line.strip():
            if fields:
                yield fields
            fields, key = {}, ""
        elif line[0].isspace():
            fields[key] += " " + line.strip()
        else:
            key, _, value = line.partition(":")
            fields[key] = value.strip()
    if fields:
        yield fields


def names_in(relations: str) -> set[tuple[str, str]]:
    """(name, qualifier) of everything that a relation field names.

    >>> sorted(names_in("libc6 (>= 2.36), python3:any, debconf | debconf-2.0"))
    [('debconf', ''), ('debconf-2.0', ''), ('libc6', ''), ('python3', 'any')]
    """
    found = set()
    for relation in relations.split(","):
        for alternative in relation.split("|"):
            match = _ALTERNATIVE.match(alternative)
            if match:
                found.add((match.group(1), match.group(2) or ""))
    return found


def pkgindex(*words: str, index: str = "", spool: str = "") -> list[str]:
    """The command line of the program that is measured."""
    places = [*(["--index", index] if index else []), *(["--spool", spool] if spool else [])]
    return [os.path.join(os.path.dirname(sys.executable), "pkgindex"), *places, *words]
