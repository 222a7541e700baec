"""Submissions that try to lead out of the spool and the index: names of packages and files, and files that are none."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from battery.ground import Ground
from pkgindex.query.index import Index
from pkgindex.snapshot.verify import verify

SECRET = "canary"
NAMES = (
    "..", ".", "../../elsewhere/x", "/etc/passwd", "a/../../b", "nul\0name", "%2e%2e", ".hidden", "-rf", "~", "a b",
    "tab\tname", "n" * 255, "\xe9" * 127, "a" * 300, "=" * 40, "Case", "case", "CASE", "cafe\u0301", "caf\u00e9",
    "p\u0430ypal", "paypal", "new\nline", "\x1b[2J\x1b[31mred", "\u202egnp.exe", "con", "nul", "writer.lock", "tmp", "\ud800",
)
PATHS = ("/../../x", "/a/../../../etc/passwd", "relative", "/nul\0", "/new\nline", "/\x1b[2J", "//", "/", "/" + "a" * 5000,
         "/tab\tname")
# Odd as they are, so many of them are names and paths.
PACKED_LEAST = 20


class Intruders:
    """In the spool of *ground*; beside it, in *folder*, is a directory that nobody has to do with."""

    KINDS = ("names", "links_and_devices", "links_in_place_of_files")

    def __init__(self, ground: Ground, folder: str) -> None:
        self._ground = ground
        self._elsewhere = f"{folder}/elsewhere"
        os.makedirs(self._elsewhere)
        with open(f"{self._elsewhere}/{SECRET}.jsonl", "w", encoding="ascii") as file:
            json.dump({"name": SECRET, "version": "1"}, file)
        os.utime(f"{self._elsewhere}/{SECRET}.jsonl", ns=(0, 0))
        self._before = self._outside(folder)
        self._folder = folder
        self._packed_least = 0

    def names(self) -> int:
        packages = [{"name": name, "version": "1", "summary": name, "depends": [name], "files": ["/a"]} for name in NAMES]
        packages += [{"name": f"path{number}", "version": "1", "files": [path]} for number, path in enumerate(PATHS)]
        self._ground.drop(packages, "names.jsonl")
        self._packed_least = PACKED_LEAST
        return len(NAMES) + len(PATHS)

    def links_and_devices(self) -> int:
        place = self._incoming
        os.symlink(f"{self._elsewhere}/{SECRET}.jsonl", f"{place}/link.jsonl")
        os.symlink(self._elsewhere, f"{place}/directory.jsonl")
        os.symlink("/dev/zero", f"{place}/endless.jsonl")
        os.mkfifo(f"{place}/fifo.jsonl")
        os.mkdir(f"{place}/folder.jsonl")
        here = os.getcwd()
        os.chdir(place)  # names of sockets are short
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("socket.jsonl")
        os.chdir(here)
        made = 6
        with suppress(PermissionError):
            os.mknod(f"{place}/device.jsonl", 0o666 | 0o020000, os.makedev(1, 5))  # /dev/zero by another name
            made += 1
        return made

    def links_in_place_of_files(self) -> int:
        for number in range(50):
            self._ground.drop([{"name": f"p{number}", "version": "1"}], f"{number}.jsonl")
        return 50

    @contextmanager
    def swapping(self, kind: str) -> Iterator[None]:
        """Meanwhile whatever of these files lies in the spool, claimed or not, is again and again replaced by a link that leads
        outside."""
        if kind != "links_in_place_of_files":
            yield
            return
        stop = threading.Event()
        swapper = threading.Thread(target=self._swap, args=(stop,))
        swapper.start()
        try:
            yield
        finally:
            stop.set()
            swapper.join()

    def _swap(self, stop: threading.Event) -> None:
        while not stop.is_set():
            for top, _, names in os.walk(f"{self._ground.spool}/{self._ground.repo}"):
                for name in names:
                    if name.partition(".jsonl")[0].isdigit() and not name.endswith(".reason"):
                        link = f"{top}/.link"
                        with suppress(OSError):
                            os.symlink(f"{self._elsewhere}/{SECRET}.jsonl", link)
                            os.rename(link, f"{top}/{name}")

    def faults(self) -> Iterator[str]:
        """What was read or written that should not have been."""
        if self._outside(self._folder) != self._before:
            yield "something outside the index and the spool was changed"
        with Index(self._ground.index) as index:
            names = list(index.names())
            lost = [name for name in names if not index.package(name)]
        if lost or len(names) < self._packed_least:
            yield f"of {len(names)} packages {lost} cannot be shown"
        if "tame" not in names:
            yield "the sound one was not packed"
        if SECRET in names:
            yield "what a link leads to was packed"
        if not verify(self._ground.backend, self._ground.repo).sound:
            yield "verify finds faults"
        folded = [path.lower() for path in self._ground.files() if path.startswith("index/")]
        if len(set(folded)) < len(folded):
            yield "two files are one on a disk that does not tell upper case apart"

    @property
    def _incoming(self) -> str:
        return f"{self._ground.spool}/{self._ground.repo}/incoming"

    def _outside(self, folder: str) -> list[tuple[str, int, int, float]]:
        """All that lies beside the ground, with when it was read and written."""
        found = []
        for top, folders, names in os.walk(folder):
            if top == folder:
                folders.remove("ground")
            for name in names:
                status = os.stat(f"{top}/{name}")
                found.append((f"{top}/{name}", status.st_size, status.st_mtime_ns, status.st_ino))
        return sorted(found)
