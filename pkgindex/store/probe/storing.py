"""Trials of what keeps and names files: flushing, room, the clock, which names there can be, whether changes are told of."""

from __future__ import annotations

import os
import statistics
import threading
import time
from contextlib import suppress

from pkgindex.format.names import NAME_BYTES_MAX as BLOB_BYTES_MAX
from pkgindex.store.probe.finding import BAD, GOOD, NOTE, Finding
from pkgindex.store.probe.second import Second

ROUNDS = 5
# On a local disk all files of a publish are flushed at once, on a share each by itself.
SLOW_MILLISECONDS = 5.0
EVENT_SECONDS_MAX = 1.0
CLOCK_SECONDS_MAX = 2.0
FREE_BYTES_MIN = 1 << 30
FREE_FILES_MIN = 100_000
NAME_BYTES_WANTED = 255
# What a stamp adds to the name of a blob.
STAMP_BYTES = 32
BLOB_BYTES_WANTED = BLOB_BYTES_MAX + STAMP_BYTES
# The third: what some encrypted file systems leave.
NAME_BYTES_TRIED = (NAME_BYTES_WANTED, BLOB_BYTES_WANTED, 143, 100, 14)


def flushes(place: str, second: Second, remote: bool) -> Finding:
    """A file made, flushed and named, and the directory flushed: what each file of a publish costs on a share."""
    took = []
    try:
        for number in range(ROUNDS):
            began = time.monotonic()
            _make_durable(place, f"flushed{number}")
            took.append(time.monotonic() - began)
    except OSError as error:
        return Finding("flush", BAD, f"a file or its directory cannot be flushed ({error.strerror})",
                       "what is published here would not survive a power cut")
    cost = statistics.median(took) * 1000
    says = f"a file and its name are made durable in {cost:.1f} ms"
    if remote and cost > SLOW_MILLISECONDS:
        return Finding("flush", NOTE, says, "slow with many small files: think of 'init --partition bucket'", round(cost, 2))
    return Finding("flush", GOOD, says, measured=round(cost, 2))


def room(place: str, second: Second) -> Finding:
    status = os.statvfs(place)
    free, files = status.f_bavail * status.f_frsize, status.f_favail
    says = f"{free / (1 << 30):,.1f} GiB free, and {files:,} files"
    # Where there is no fixed number of files, none are said to be free.
    few = status.f_files and files < FREE_FILES_MIN
    if free < FREE_BYTES_MIN or few:
        return Finding("room", NOTE, says, "a distribution needs some GiB and two or three files a package", float(free))
    return Finding("room", GOOD, says if status.f_files else says.partition(",")[0] + " free", measured=float(free))


def clock(place: str, second: Second) -> Finding:
    path = os.path.join(place, "clock")
    with open(path, "wb") as file:
        before = time.time()
        # Without a time of its own utime(2) means the server's clock.
        os.utime(file.fileno())
        ahead = os.fstat(file.fileno()).st_mtime - (before + time.time()) / 2
    if abs(ahead) > CLOCK_SECONDS_MAX:
        way = "ahead of" if ahead > 0 else "behind"
        return Finding("clock", NOTE, f"the storage's clock is {abs(ahead):,.0f} s {way} this host's",
                       "nothing depends on it but the AGE that 'status' shows; let both follow one time server",
                       round(ahead, 2))
    return Finding("clock", GOOD, "the storage's clock agrees with this host's", measured=round(ahead, 2))


def names(place: str, second: Second) -> Finding:
    longest = _longest(place)
    if longest < BLOB_BYTES_WANTED:
        return Finding("names", BAD, f"a name may have {longest} bytes", f"an index needs {BLOB_BYTES_WANTED}",
                       float(longest))
    if longest < NAME_BYTES_WANTED:
        return Finding("names", NOTE, f"a name may have {longest} bytes",
                       "enough for an index; a file of a longer name cannot be dropped into a spool here", float(longest))
    return Finding("names", GOOD, f"a name may have {longest} bytes", measured=float(longest))


def cases(place: str, second: Second) -> Finding:
    with open(os.path.join(place, "case"), "wb"):
        pass
    if os.path.exists(os.path.join(place, "CASE")):
        return Finding("capitals", NOTE, "small and capital letters are not told apart",
                       "an index does not mind; two submissions whose names differ so only replace each other in a spool")
    return Finding("capitals", GOOD, "small and capital letters are told apart")


def removals(place: str, second: Second) -> Finding:
    path = os.path.join(place, "removed")
    with open(path, "w+b") as file:
        file.write(b"here")
        file.flush()
        os.unlink(path)
        try:
            file.seek(0)
            kept = file.read() == b"here"
        except OSError:
            kept = False
    if not kept:
        return Finding("open files", NOTE, "a file that is removed while it is open cannot be read any more",
                       "readers begin their question again; set grace_seconds above the longest one")
    return Finding("open files", GOOD, "a file that is removed here stays readable to who has it open")


def events(place: str, second: Second, remote: bool) -> Finding:
    """Whether a change by another process of this host is told of; of other hosts' changes a share never tells."""
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers import Observer

    told = threading.Event()

    class Handler(FileSystemEventHandler):
        def dispatch(self, event: FileSystemEvent) -> None:
            told.set()

    observer = Observer()
    try:
        observer.schedule(Handler(), place)
        observer.start()
    except OSError as error:
        return Finding("events", NOTE, f"there are no watch events ({error.strerror})", POLLED)
    try:
        second.ask("write", os.path.join(place, "event"))
        told.wait(EVENT_SECONDS_MAX)
    finally:
        observer.stop()
        observer.join()
    if remote:
        return Finding("events", NOTE, "a share tells of this host's changes at most, never of others'", POLLED)
    if not told.is_set():
        return Finding("events", NOTE, "changes raise no watch events here", POLLED)
    return Finding("events", GOOD, "changes are told of by watch events")


POLLED = "a spool here is listed every poll_seconds"


def _make_durable(place: str, name: str) -> None:
    path = os.path.join(place, name)
    with open(path, "wb") as file:
        file.write(bytes(2048))
        file.flush()
        os.fsync(file.fileno())
    handle = os.open(place, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _longest(place: str) -> int:
    """The longest name, in bytes, that a file can be made with; tried, because what a system says of itself may be wrong."""
    for length in NAME_BYTES_TRIED:
        with suppress(OSError), open(os.path.join(place, "n" * length), "xb"):
            return length
    return 0
