"""What a command opens and changes, whoever in it does so, by what strace saw: inside what is its own, or outside.

Its own are the index, the spool, its cache and its scratch. Anything else may be read only where Python and the system keep
what programs are made of. What is judged of a call that opens a file is the file that it was given too, so that no
link leads anywhere unseen.
"""

from __future__ import annotations

import os
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from battery.strace import CHANGING
from marked import PROJECT

OPTIONS = ("-f", "-y", "-qq", "-e", "trace=%file", "-o")
# Where programs and what they are made of is kept, as far as Python does not say so itself.
SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/locale", "/usr/share/zoneinfo",
          "/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/locale.alias", "/etc/localtime", "/etc/ssl/openssl.cnf", "/proc",
          "/sys/fs/cgroup", "/dev/null", "/dev/urandom", "/etc/pkgindex", os.path.expanduser("~/.config/pkgindex"))
# Python looks for its library in an archive too, in every directory above its program.
_ARCHIVE = f"/python{sys.version_info[0]}{sys.version_info[1]}.zip"
# Of two paths; of any other call the first string is the path, and a later one no path.
_OF_TWO = frozenset(("rename", "renameat", "renameat2", "link", "linkat"))
_OPENING = frozenset(("open", "openat", "openat2", "creat"))
_WRITING = re.compile(r"\bO_(?:WRONLY|RDWR|CREAT|TRUNC|APPEND)\b")
_CALL = re.compile(r"\d+ +(?:<\.\.\. )?([a-z0-9_]+)(?: resumed>|\()(.*)")
_PATH = re.compile(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')
_GIVEN = re.compile(r" = \d+<([^>]*)>")


class Touched(NamedTuple):
    """A path that a call named, or the file that it was given; *writes*: to change something there."""

    call: str
    path: str
    writes: bool


def touched(lines: Iterable[str], here: str) -> Iterator[Touched]:
    r"""What the calls in a log of strace's name, of processes that are in the directory *here*.

    >>> list(touched(['7 openat(AT_FDCWD</h>, "a\\tb", O_RDONLY) = 3</x>'], '/h'))
    [Touched(call='openat', path='/h/a\tb', writes=False), Touched(call='openat', path='/x', writes=False)]
    >>> [found.path for found in touched(['7 rename("/a", "b/../c") = 0', '7 readlink("/d", "/e", 9) = 2'], '/h')]
    ['/a', '/h/c', '/d']
    """
    for line in lines:
        match = _CALL.match(line)
        if match is None:
            continue
        call, rest = match.groups()
        writes = call in CHANGING or (call in _OPENING and _WRITING.search(rest) is not None)
        for folder, path in _PATH.findall(rest)[: 2 if call in _OF_TWO else 1]:
            yield Touched(call, os.path.normpath(os.path.join(_plain(folder) or here, _plain(path))), writes)
        if call in _OPENING and (given := _GIVEN.search(rest)):
            yield Touched(call, _plain(given[1]), writes)


def _plain(shown: str) -> str:
    """A path as strace shows it, in octal where it is odd."""
    return shown.encode("latin-1", "replace").decode("unicode_escape").encode("latin-1").decode("utf-8", "surrogateescape")


def installed() -> tuple[str, ...]:
    """Where Python and the project are, by their names and by where these lead."""
    program = os.path.dirname(os.path.realpath(sys.executable))
    found = {sys.prefix, sys.base_prefix, PROJECT, program, *sysconfig.get_paths().values()}
    return tuple({*found, *map(os.path.realpath, found), *SYSTEM})


def outside(found: Iterable[Touched], own: Iterable[str]) -> Iterator[str]:
    """What should not have been touched; *own* may be changed, what is installed may be read."""
    changed, read = tuple(own), installed()
    for call, path, writes in dict.fromkeys(found):
        passed = call not in _OPENING and (path.endswith(_ARCHIVE) or _leads_to(path, (*changed, *read)))
        if not _below(path, changed) and (writes or not (passed or _below(path, read))):
            yield f"{call} {'changes' if writes else 'reads'} {path!a}"


def _below(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _leads_to(path: str, folders: Iterable[str]) -> bool:
    """Whether it is a directory on the way: names are looked up from the top."""
    return any(f"{folder}/".startswith(f"{path.rstrip('/')}/") for folder in folders)
