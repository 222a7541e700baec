"""The one interface behind which blobs lie: a directory, memory, later object storage and databases.

A name is a relative path with `/`, without empty, `.` or `..` parts; any other raises `StoreError` before it is looked
at. One backend holds one repository. The laws, checked for every backend by one contract suite:

* A name is used once. What stands under it never changes; `create` and `adopt` on a taken name raise `Exists`.
* What could not be written whole has no name.
* Nothing is durable before `flush` has returned for it, except what `link` made. A flush that failed is final: the names it
  was given are given up and never flushed again, because the second fsync of a failed file reports success. They are
  removed, and their content is written under new names.
* `link` is the one decision: of any number of callers on any number of hosts, exactly one gets the name. It judges by
  what is there afterwards, not by what the call returned. When it returns, name and content are durable. When it raises
  anything but `Exists` the name is there or is not, and the caller lists again.
* `names` is fresh: what another host linked before the call began is listed. Names that are not ours to make (temporaries
  of a file system) may be among them, and so are directories, even empty ones.
* `remove` of what is not there is no error. A removal is durable with the next `flush` or `link` in its directory.
* What was there and is gone, stale or unreadable raises `Gone`, never an `OSError`. A full disk raises `NoSpace`.
* Any thread may call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Protocol


class Backend(Protocol):
    """Named, immutable blobs on storage that several hosts share. All sizes are bytes."""

    @property
    def remote(self) -> bool:
        """Each round trip costs a network's latency: worth several threads, and not worth `syncfs`."""

    def create(self, name: str, data: bytes) -> None:
        """Store *data* under *name*, which is not durable yet. Raises `Exists`, `NoSpace`."""

    def adopt(self, file: str, name: str) -> None:
        """Move the finished *file* (made in `scratch`) under *name*, not durable yet. Raises `Exists`, `NoSpace`.

        Where it raises, the file stays where it is.
        """

    def helped(self) -> AbstractContextManager[None]:
        """While it lasts, copies of this backend in other processes create and adopt; `flush` here covers what they made."""

    def flush(self, names: Iterable[str]) -> None:
        """Make what was created or adopted under *names* durable, content and name.

        Raises `NoSpace`, `StoreError`, and `Gone` for a name that is not there; nothing is given up then.
        """

    def link(self, name: str, data: bytes, ready: Callable[[], None] | None = None) -> None:
        """Store *data* under *name*, durable, if no one has; else `Exists`. The commit.

        *ready* is called before it has the name; where content and name are two steps, between them: so what a share's server
        had shown this host before the call is durable by then. What it raises is raised, and nothing was done.
        """

    def read(self, name: str) -> bytes:
        """All of it. Raises `Gone`."""

    def size(self, name: str) -> int:
        """Raises `Gone`."""

    def age_seconds(self, name: str) -> float:
        """Since it was written, by the storage's own clock, never this host's; for writers, who may ask it. Raises `Gone`."""

    def names(self, directory: str) -> list[str]:
        """Last parts of the names directly under *directory* (empty: the root), in no order; none when it is missing."""

    def remove(self, name: str) -> None:
        """Take it away; gone already is fine."""

    def local_file(self, name: str, checksum: str = "") -> str | None:
        """A path that SQLite may open read-only, or None where blobs are no files (then `read` and deserialize).

        Where they are none, one may be a copy on this host, of which the *checksum* is known. A file that has another one than
        it is said to have is `Corrupt`; empty: it is taken as it is.
        """

    def scratch(self) -> str:
        """A directory for unfinished files, on the same file system, that no reader looks into."""

    def free_bytes(self) -> int:
        """What is left to write."""
