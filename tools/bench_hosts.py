"""Rows about the index of a host: `bench hosts` syncs this host and a larger one, asks `which`, and runs managers with hooks.

The larger host is made of copies of this one's dpkg database: each package again under other names, with its files elsewhere.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import NamedTuple

from bench_data import Place
from bench_peers import pkgindex
from bench_table import Beside, Row, figure
from bench_timing import Ran, median, run
from environment import PROJECT

DPKG = "/var/lib/dpkg"
REPO = "host"
IDLE_SECONDS_MAX = 0.150
FIRST_SECONDS_MAX = {"this host": 10.0, "a host of 3,000 packages": 30.0}
LARGE_PACKAGES = 3_000
TIMES_MAX = 2.0
ROUNDS, WHICH_PAIRS, HOOK_ROUNDS = 15, 41, 2
# A command that any host has, and a slip of the hand.
HIT, NEAR = "dpkg", "dkpg-qeury"
PASS = "python3 -c pass"


class Host(NamedTuple):
    """A root with a dpkg database, and where its index goes."""

    title: str
    root: str
    packages: int
    paths: int
    env: dict[str, str]

    def ran(self, *words: str) -> Ran:
        return run(pkgindex(*words), self.env)


def hosts_rows(place: Place, tell: Callable[[str], None]) -> list[Row]:
    if not os.path.exists(f"{DPKG}/status"):
        return [Row("hosts", None, answers=f"this host has no {DPKG}")]
    place.emptied("hosts")
    rows = []
    for host in (_this(place), _large(place)):
        tell(f"{host.title}: {host.packages:,} packages")
        rows += [_first_row(host), *_idle_rows(host)]
        if host.root == "/":
            rows += [_which_row(host, word) for word in (HIT, NEAR)]
    for kind, missing in _managers():
        tell(f"the hook of {kind.hook}")
        rows.append(_hook_row(place, kind, missing))
    return rows


# Hosts


def _this(place: Place) -> Host:
    return _host(place, "this host", "/")


def _large(place: Place) -> Host:
    root = place.path("hosts", "root")
    copied(DPKG, f"{root}/var/lib/dpkg", LARGE_PACKAGES)
    return _host(place, f"a host of {LARGE_PACKAGES:,} packages", root)


def _host(place: Place, title: str, root: str) -> Host:
    database = os.path.join(root, DPKG.lstrip("/"))
    with open(f"{database}/status", "rb") as file:
        packages = sum(line.startswith(b"Package: ") for line in file)
    paths = 0
    for name in os.listdir(f"{database}/info"):
        if name.endswith(".list"):
            with open(f"{database}/info/{name}", "rb") as file:
                paths += file.read().count(b"\n")
    folder = place.emptied("hosts", f"of-{packages}")
    env = {f"PKGINDEX_{what.upper()}": os.path.join(folder, what) for what in ("index", "spool", "cache")}
    return Host(title, root, packages, paths, env)


def copied(source: str, target: str, packages: int) -> None:
    """Make *target* a dpkg database of so many *packages*: those of *source*, and again as NAME-copy2, NAME-copy3, ..."""
    os.makedirs(f"{target}/info")
    with open(f"{source}/status", "rb") as file:
        stanzas = [stanza for stanza in file.read().split(b"\n\n") if stanza.strip()]
    lists = [name for name in os.listdir(f"{source}/info") if name.endswith(".list")]
    with open(f"{target}/status", "wb") as status:
        for copy in count(1):
            if packages <= 0:
                return
            kept = stanzas[:packages]
            packages -= len(kept)
            status.writelines(renamed(stanza, copy) + b"\n\n" for stanza in kept)
            names = {_field(stanza, b"Package") for stanza in kept}
            for name in lists:
                if name.removesuffix(".list").partition(":")[0].encode() in names:
                    _copied_list(f"{source}/info/{name}", f"{target}/info/{_renamed_list(name, copy)}", copy)


def renamed(stanza: bytes, copy: int) -> bytes:
    """A stanza of a status file as one of another package.

    >>> renamed(b"Package: a\\nDepends: b", 1), renamed(b"Package: a\\nDepends: b", 2)
    (b'Package: a\\nDepends: b', b'Package: a-copy2\\nDepends: b')
    """
    name = _field(stanza, b"Package")
    return stanza if copy == 1 else stanza.replace(b"Package: " + name, b"Package: %b-copy%d" % (name, copy), 1)


def _field(stanza: bytes, name: bytes) -> bytes:
    return next(line[len(name) + 2 :] for line in stanza.split(b"\n") if line.startswith(name + b": "))


def _renamed_list(name: str, copy: int) -> str:
    package, colon, rest = name.removesuffix(".list").partition(":")
    return name if copy == 1 else f"{package}-copy{copy}{colon}{rest}.list"


def _copied_list(source: str, target: str, copy: int) -> None:
    with open(source, "rb") as file:
        lines = file.read().split(b"\n")
    if copy > 1:
        lines = [b"/copy%d%b" % (copy, line) if line and line != b"/." else line for line in lines]
    with open(target, "wb") as file:
        file.write(b"\n".join(lines))


# Syncs


def _sync(host: Host) -> Ran:
    return host.ran("sync", "dpkg", "--root", host.root, "--repo", REPO)


def _first_row(host: Host) -> Row:
    ran = _sync(host)
    size = sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(host.env["PKGINDEX_INDEX"])
               for name in names)
    limit = FIRST_SECONDS_MAX[host.title]
    return Row(
        f"first sync of {host.title}, read and packed: {host.packages:,} packages, {host.paths:,} paths", ran.seconds, limit,
        reached=ran.exit == 0 and ran.seconds < limit,
        answers=f"{_said(ran)}; CPU {figure(ran.busy, 's')}, peak {ran.peak_kib / 1024:.0f} MiB, index {figure(size, 'bytes')}",
    )


def _idle_rows(host: Host) -> list[Row]:
    """A sync that finds nothing: what it computes, in a process of its own, as a timer or a hook starts it."""
    found = [_sync(host) for _ in range(ROUNDS)]
    busy, wall = (median(getattr(ran, of) for ran in found) for of in ("busy", "seconds"))
    wrong = sum(ran.exit != 0 or b"nothing changed" not in ran.output for ran in found)
    # What is promised is of a host of this size; the larger one is told beside it.
    limit = IDLE_SECONDS_MAX if host.root == "/" else None
    return [Row(
        f"sync of {host.title} with nothing to do, whole process, CPU", busy, limit,
        reached=None if limit is None else busy < limit and not wrong,
        answers=f"{_said(found[-1])}; wall {figure(wall, 's')}; {ROUNDS} runs, {wrong} wrong",
    )]


def _said(ran: Ran) -> str:
    """What a sync said, without its repository and its time."""
    words = ran.output.decode().strip().partition(": ")[2]
    return words.rpartition(", ")[0] if ran.exit == 0 else f"**exit code {ran.exit}**"


# Questions of a shell


def _which_row(host: Host, word: str) -> Row:
    """Pairs of processes, one after the other: the median of their ratios counts."""
    command = [f"{pkgindex()[0]}-which", "--handler", word]
    bare = [sys.executable, "-c", "pass"]
    run(command, host.env)  # makes the list of commands, once for a generation
    pairs = [(run(command, host.env), run(bare)) for _ in range(WHICH_PAIRS)]
    times = median(which.seconds / plain.seconds for which, plain in pairs)
    what = "a command that is there" if word == HIT else "a mistyped command, near misses"
    return Row(
        f"`pkgindex-which`, {what}, whole process", median(which.seconds for which, _ in pairs),
        wanted=f"within {TIMES_MAX:g}x of it", reached=times <= TIMES_MAX and all(which.exit == 127 for which, _ in pairs),
        beside=(Beside(PASS, median(plain.seconds for _, plain in pairs),
                       answers=f"{times:.2f}x in the middle of {WHICH_PAIRS} pairs"),),
    )


# Hooks, in the roots that the tests have


def _managers() -> list[tuple[type, str]]:
    """The managers that can be run in a root of their own, and what each lacks here."""
    sys.path.insert(0, os.path.join(PROJECT, "tests"))
    from hooks.managed import Dnf4, Dpkg, Pacman, Rpm

    return [(kind, ", ".join(program for program in kind.programs if shutil.which(program) is None))
            for kind in (Dpkg, Pacman, Rpm, Dnf4)]


def _hook_row(place: Place, kind: type, missing: str) -> Row:
    title = f"what the hook of {kind.hook} adds to a run, CPU"  # type: ignore[attr-defined]
    if missing or os.geteuid() != 0:
        return Row(title, None, answers=f"needs {missing or 'root'}")
    from hooks.managed import differences

    work = Path(place.emptied("hosts", kind.hook))  # type: ignore[attr-defined]
    packages = work / "packages"
    packages.mkdir()
    kind.build(packages)  # type: ignore[attr-defined]
    plain, hooked = kind(work / "plain", packages, hooked=False), kind(work / "hooked", packages)
    pairs, unstamped = [], 0
    for step in ("install", "upgrade", "downgrade", "reinstall", "remove") * HOOK_ROUNDS:
        pairs.append(([plain.run(step)], [hooked.run(step)]))
        unstamped += not hooked.stamped()
    wrong = unstamped + sum(told.code != 0 for pair in pairs for (told,) in pair)
    busy, wall = (median(differences(pairs, of)) for of in ("busy", "seconds"))
    alone = median(told.seconds for (told,), _ in pairs)
    return Row(
        title, busy, reached=None if not wrong else False,
        answers=f"wall {figure(wall, 's')}, of {figure(alone, 's')} that a run takes; {len(pairs)} pairs, {wrong} wrong",
    )
