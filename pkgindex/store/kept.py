"""What a host has worked out of a generation and keeps for itself, so that it is worked out once.

    CACHE/commands/srv/pkgindex/debian/42-18a9f0c51e2     the index's place, repository, generation, and when it came

It is no part of an index and may be lost at any moment. Everything here does what it can and raises nothing: who keeps
nothing works it out again.

Invariants:

* A file appears whole, by a rename, and is never changed. Whether what is in it is right is for its reader to see.
* The name says which publish it is of, by number and time: an index that was restored from an older copy gives a number twice.
* Nothing is imported that takes time.
"""

from __future__ import annotations

import os

from pkgindex.format.numbering import manifest_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Kept:
    """What is kept of *kind* for the index in the directory *index*, in the first of *caches* (the others are read too)."""

    __slots__ = ("_folders",)

    def __init__(self, caches: Sequence[str], kind: str, index: str) -> None:
        place = os.path.abspath(index).lstrip("/")
        self._folders = [os.path.join(cache, kind, place) for cache in caches if cache]

    def read(self, repo: str, publish: str) -> bytes | None:
        """What is kept of a *publish* (see `publish_of`) of *repo*."""
        for folder in self._folders:
            try:
                with open(f"{folder}/{repo}/{publish}", "rb", buffering=0) as file:
                    return file.read()
            except OSError:
                continue
        return None

    def keep(self, repo: str, publish: str, data: bytes) -> None:
        """Keep *data*, and nothing of any other publish of *repo*."""
        if not self._folders:
            return
        folder = f"{self._folders[0]}/{repo}"
        unfinished = f"{folder}/.{publish}-{os.getpid()}"
        try:
            os.makedirs(folder, exist_ok=True)
            others = os.listdir(folder)
            with open(unfinished, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, f"{folder}/{publish}")
            for name in others:
                if name != publish:
                    os.unlink(f"{folder}/{name}")
        except OSError:
            return


def publish_of(index: str, repo: str, generation: int) -> str:
    """What a publish is called: its number, and when its manifest was made. Raises `OSError` where it is gone."""
    return f"{generation}-{os.stat(f'{index}/{repo}/{manifest_name(generation)}').st_mtime_ns:x}"
