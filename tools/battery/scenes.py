"""The writing commands, what each finds, and how it is set up."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from battery.ground import REPO, Ground

CURL = {"name": "curl", "version": "1", "depends": ["libc6"], "summary": "web client", "files": ["/usr/bin/curl"]}
LIBC = {"name": "libc6", "version": "2", "summary": "library", "files": ["/lib/libc.so"]}
WGET = {"name": "wget", "version": "1", "depends": ["libc6"], "summary": "another web client", "files": ["/usr/bin/wget"]}
GONE = {"name": "curl", "removed": True}
LATER = {**CURL, "version": "3", "depends": ["libc6", "wget"], "files": ["/usr/bin/c"]}

FOLDED = {"PKGINDEX_LOOSE_PACKAGES_MAX": "0"}
SOON = {"PKGINDEX_KEEP_GENERATIONS": "1", "PKGINDEX_GRACE_SECONDS": "0"}
STATUS = """Package: curl
Status: install ok installed
Version: 1
Architecture: amd64
Depends: libc6
Description: web client

Package: libc6
Status: install ok installed
Version: 2
Architecture: amd64
Description: library
"""
# The writer of a claim that cannot live any more: no process of this host has the number 0 of an earlier start.
DEAD_WRITER_AGE_SECONDS = 3600


class Scene(NamedTuple):
    """*prepare* sets it up with *run*, which runs a command.

    *drops* are what the model is given, one after the other (None: no model); the last replaces all when *full*.
    """

    name: str
    words: tuple[str, ...]
    prepare: Callable[[Ground, Callable[..., None]], None]
    drops: tuple[tuple[dict[str, Any], ...], ...] | None = None
    environment: Mapping[str, str] = {}
    repo: str = REPO
    code: int = 0
    full: bool = False


def _packed(ground: Ground, run: Callable[..., None], *drops: Sequence[dict[str, Any]], **environment: str) -> None:
    run("init", ground.repo)
    for number, packages in enumerate(drops):
        ground.drop(packages, f"{number}.jsonl")
        run("pack", environment=environment)


def _nothing(ground: Ground, run: Callable[..., None]) -> None:
    ground.write("elsewhere/readme", b"")


def _submission(ground: Ground, run: Callable[..., None]) -> None:
    _packed(ground, run, [CURL, LIBC])
    ground.write("elsewhere/new.jsonl", [LATER, WGET])


def _increment(ground: Ground, run: Callable[..., None]) -> None:
    _packed(ground, run, [CURL, LIBC])
    ground.drop([LATER, WGET], "new.jsonl")


def _increment_beside_shards(ground: Ground, run: Callable[..., None]) -> None:
    _packed(ground, run, [CURL, LIBC], **FOLDED)
    ground.drop([LATER, WGET], "new.jsonl")


def _full(ground: Ground, run: Callable[..., None]) -> None:
    _packed(ground, run, [CURL, LIBC], **FOLDED)
    ground.drop([LIBC, WGET], "new.jsonl@full")


def _rubbish(ground: Ground, run: Callable[..., None]) -> None:
    _increment(ground, run)
    ground.drop(b"{no package", "rubbish.json")


def _claimed_by_the_dead(ground: Ground, run: Callable[..., None]) -> None:
    """Claimed by a packer that is gone, and not packed."""
    _increment(ground, run)
    host = os.uname().nodename
    source = f"{ground.spool}/{REPO}/incoming/new.jsonl"
    folder = f"{ground.spool}/{REPO}/claimed/{host}.0.0.0"
    os.makedirs(folder)
    os.rename(source, f"{folder}/new.jsonl@id-abcdefghijklmnop")
    path = f"{folder}/heartbeat"
    with open(path, "wb"):
        pass
    then = os.stat(path).st_mtime - DEAD_WRITER_AGE_SECONDS
    os.utime(path, (then, then))


def _shards(ground: Ground, run: Callable[..., None]) -> None:
    _packed(ground, run, [CURL, LIBC], [WGET], [GONE], **FOLDED)


def _generations(ground: Ground, run: Callable[..., None]) -> None:
    _packed(ground, run, [CURL], [LIBC], [LATER], [WGET], **FOLDED)


def _host(ground: Ground, run: Callable[..., None]) -> None:
    ground.write("root/var/lib/dpkg/status", STATUS.encode())
    ground.write("root/var/lib/dpkg/info/curl.list", b"/.\n/usr\n/usr/bin\n/usr/bin/curl\n")
    ground.write("root/var/lib/dpkg/info/libc6.list", b"/.\n/lib\n/lib/libc.so\n")


CHANGED = ((CURL, LIBC), (LATER, WGET))
MERGED = ((CURL, LIBC), (WGET,), (GONE,))

SCENES = (
    Scene("init", ("init", REPO), _nothing, ()),
    Scene("submit", ("submit", REPO, "HERE/elsewhere/new.jsonl"), _submission, CHANGED),
    Scene("pack", ("pack",), _increment, CHANGED),
    Scene("pack beside shards", ("pack",), _increment_beside_shards, CHANGED),
    Scene("pack into shards", ("pack",), _increment_beside_shards, CHANGED, FOLDED),
    Scene("pack a full set", ("pack",), _full, ((CURL, LIBC), (LIBC, WGET)), FOLDED, full=True),
    Scene("pack and reject", ("pack",), _rubbish, CHANGED, code=2),
    Scene("pack what a dead writer claimed", ("pack",), _claimed_by_the_dead, CHANGED),
    Scene("merge", ("merge", "--force"), _shards, MERGED, FOLDED),
    Scene("gc", ("gc",), _generations, ((CURL,), (LIBC,), (LATER,), (WGET,)), {**FOLDED, **SOON}),
    Scene("rebuild", ("pack", "--rebuild", REPO), _shards, MERGED, FOLDED),
    Scene("sync", ("sync", "dpkg", "--root", "HERE/root", "--repo", "host"), _host, None, repo="host"),
)


def _questioned(ground: Ground, run: Callable[..., None]) -> None:
    """Two shards of each kind, something dead in them, and a loose package."""
    _packed(ground, run, [CURL, LIBC], [WGET], [GONE], **FOLDED)
    ground.drop([LATER], "later.jsonl")
    run("pack")


# The commands that only read, each with something to find.
READING = tuple(Scene(words[0], words, _questioned) for words in (
    ("search", "client"), ("owner", "/usr/bin/wget"), ("path", "libc"), ("show", "curl"), ("deps", "curl"),
    ("rdeps", "libc6"), ("files", "wget"), ("history", REPO), ("status",), ("verify",),
))


def named(name: str) -> Scene:
    return next(scene for scene in (*SCENES, *READING) if scene.name == name)


def parser_of(word: str, description: str | None, scenes: Iterable[Scene]) -> argparse.ArgumentParser:
    """Of what each battery of scenes may be told: which of them, how many of the trials, and whether to write."""
    parser = argparse.ArgumentParser(
        f"dev.py battery {word}", description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scene", action="append", choices=[scene.name for scene in scenes])
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    return parser


def with_places(chosen: Sequence[str] | None, scenes: Iterable[Scene]) -> Iterator[tuple[Scene, str]]:
    """Those that were *chosen* by name, or all, each with a place for its ground, which goes with it."""
    for scene in map(named, chosen) if chosen else scenes:
        with tempfile.TemporaryDirectory(prefix="pkgindex-battery-") as folder:
            yield scene, os.path.join(folder, "ground")
