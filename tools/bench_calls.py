"""System calls of a program on the files of one place, and what they come to where that place is a share.

Traced by strace, a file for each thread. A call counts when a path below the place stands in it, or when it sends to a
socket or hears from one. As NFS 4 clients do it, one round trip each are: opening a file and closing it, looking at what is
not open, a piece of a directory, every MiB that is read from a file or written to it, the flush of a file, and every change
of a directory. What is in the client's cache costs none: a file is read over the wire once.
"""

from __future__ import annotations

import glob
import os
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

MIB = 1 << 20
OPENING = ("open", "openat")
CHANGING = ("link", "linkat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "utimensat",
            "ftruncate")
LOOKING = ("stat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2", "readlink", "readlinkat", "statfs",
           "fstatfs")
READING, WRITING = ("read", "pread64", "mmap"), ("write", "pwrite64")
FLUSHING = ("fsync", "fdatasync", "syncfs")
SENDING, HEARING = ("sendto", "sendmsg"), ("recvfrom", "recvmsg")
TRACED = (*OPENING, *CHANGING, *LOOKING, *READING, *WRITING, *FLUSHING, *SENDING, *HEARING, "getdents64")
_CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+)")
_PATH = re.compile(r'[<"](/[^>"]*)[>"]')


class Call(NamedTuple):
    """One that went well or not (*result* below 0), and the path or socket that it was about."""

    name: str
    about: str
    result: int
    words: str


class Calls(NamedTuple):
    """What some calls came to. Bytes are those that were asked for, from disk, page cache or socket."""

    total: int
    opened: int
    bytes_read: int
    bytes_written: int
    flushes: int
    round_trips: int

    def less(self, other: Calls) -> Calls:
        """Without what *other* has."""
        return Calls(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))


def calls_of(command: Sequence[str], place: str, folder: str, between: Callable[[], object] = bool) -> Calls:
    """The calls of a program about what lies below *place*, which is traced into *folder*.

    When it prints its first line, *between* is done; for each line that it prints it gets one.
    """
    words = ["strace", "-ff", "-y", "-qq", "-s", "0", "-e", f"trace={','.join(TRACED)}", "-o", os.path.join(folder, "trace")]
    with subprocess.Popen([*words, *command], bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        for place_, _ in enumerate(process.stdout):
            if place_ == 0:
                between()
            with suppress(BrokenPipeError):
                process.stdin.write(b"\n")
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    found: list[Call] = []
    for path in glob.glob(os.path.join(glob.escape(folder), "trace.*")):
        with open(path, encoding="utf-8", errors="replace") as file:
            found += calls_in(file, place)
        os.unlink(path)
    return summed(found)


def calls_in(trace: Iterable[str], place: str) -> Iterator[Call]:
    """The calls about *place* in the lines of a trace."""
    for line in trace:
        match = _CALL.match(line)
        if match is None:
            continue
        name, words, result = match[1], match[2], int(match[3])
        if name in (*SENDING, *HEARING):
            yield Call(name, "socket", result, words)
        else:
            about = next((path for path in _PATH.findall(words) if f"{path}/".startswith(f"{place}/")), "")
            if about:
                # What is mapped is read: an address is no number of bytes.
                yield Call(name, about, int(words.split(", ")[1]) if name == "mmap" else result, words)


def summed(calls: Iterable[Call]) -> Calls:
    found = list(calls)
    bytes_by = {kind: Counter[str]() for kind in (READING, WRITING, SENDING, HEARING)}
    names = Counter(call.name for call in found)
    for call in found:
        for kind, counted in bytes_by.items():
            if call.name in kind:
                counted[call.about] += max(0, call.result)
    opened = sum(names[name] for name in OPENING)
    trips = sum(_trips(call) for call in found) + sum(
        -(-size // MIB) for kind in (READING, WRITING) for size in bytes_by[kind].values())
    return Calls(
        len(found), opened, bytes_by[READING].total() + bytes_by[HEARING].total(),
        bytes_by[WRITING].total() + bytes_by[SENDING].total(), sum(names[name] for name in FLUSHING), trips,
    )


def _trips(call: Call) -> int:
    """Round trips of a call but for the bytes that it moves, which are counted file by file."""
    if call.name in OPENING:
        # A directory is looked at; a file is opened, and closed at some time.
        return 1 if "O_DIRECTORY" in call.words or call.result < 0 else 2
    if call.name == "getdents64":
        return int(call.result > 0)
    if call.name == "newfstatat" and '""' in call.words:
        # Of an open file its attributes are known.
        return 0
    return int(call.name in (*LOOKING, *CHANGING, *SENDING, "fsync", "fdatasync"))
