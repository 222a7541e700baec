"""A second process, which looks at the directory by itself: what one process is told of its own changes proves nothing.

    python -m pkgindex.store.probe.second

reads a line from stdin, `WORD PATH`, and answers with a line: `yes ...` or `no ...`.

    read PATH     what the file holds, as hexadecimal digits
    lists PATH    whether the directory of PATH lists it
    lock PATH     whether its lock is to be had, which is given back at once
    write PATH    makes a file of that name
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from types import TracebackType
from typing import IO

from pkgindex.errors import StoreError


def read(path: str) -> str:
    with open(path, "rb") as file:
        return file.read().hex()


def lists(path: str) -> str:
    if os.path.basename(path) not in os.listdir(os.path.dirname(path)):
        raise OSError("it is not listed")
    return ""


def lock(path: str) -> str:
    import portalocker

    with open(path, "a+", encoding="utf-8") as file:
        portalocker.lock(file, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING)
        portalocker.unlock(file)
    return ""


def write(path: str) -> str:
    with open(path, "xb"):
        return ""


WORDS: dict[str, Callable[[str], str]] = {"read": read, "lists": lists, "lock": lock, "write": write}


def answer(line: str) -> str:
    from portalocker import LockException

    word, _, path = line.partition(" ")
    try:
        return f"yes {WORDS[word](bytes.fromhex(path).decode('utf-8', 'surrogateescape'))}".strip()
    except (OSError, LockException) as error:
        return f"no {error}".replace("\n", " ")


class Second:
    """The other process, as the first one talks to it."""

    def __enter__(self) -> Second:
        search = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=search)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            _pipe(pipe).close()
        self._process.wait()

    def ask(self, word: str, path: str) -> tuple[bool, str]:
        """Whether *word* was done with *path*, and what was said. Raises `StoreError` when the process has died."""
        try:
            print(word, os.fsencode(path).hex(), file=_pipe(self._process.stdin), flush=True)
            said, _, rest = _pipe(self._process.stdout).readline().rstrip("\n").partition(" ")
        except BrokenPipeError:
            said = rest = ""
        if not said:
            raise StoreError(f"a second process could not be had ({sys.executable} -m {__name__}): see what it said above")
        return said == "yes", rest


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


if __name__ == "__main__":
    for asked in sys.stdin:
        print(answer(asked.rstrip("\n")), flush=True)
