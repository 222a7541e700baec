"""The one interface behind which blobs lie: a directory, memory, later object storage and databases.

A name is a relative path with `/`. The laws, checked for every backend by one contract suite:

* A name is used once. What stands under it never changes; `create` on a taken name raises `Exists`.
* Nothing is durable before `flush` has returned for it, except what `link` made. A flush that failed is final: the names it
  was given are given up and never flushed again, because the second fsync of a failed file reports success.
* `link` is the one decision: of any number of callers on any number of hosts, exactly one gets the name. It judges by
  what is there afterwards, not by what the call returned. When it returns, name and content are durable.
* `names` is fresh: what another host linked before the call began is listed. Names that are not ours to make (temporaries
  of a file system) may be among them.
* `remove` of what is not there is no error.
* What was there and is gone, stale or unreadable raises `Gone`, never an `OSError`. A full disk raises `NoSpace`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class Backend(Protocol):
    """Named, immutable blobs on storage that several hosts share. All sizes are bytes."""

    remote: bool
    """Each round trip costs a network's latency: worth several threads, and not worth `syncfs`."""

    def create(self, name: str, data: bytes) -> None:
        """Store *data* under *name*, which is not durable yet. Raises `Exists`, `NoSpace`."""

    def adopt(self, file: str, name: str) -> None:
        """Move the finished local *file* (made in `scratch`) under *name*, not durable yet. Raises `Exists`, `NoSpace`."""

    def flush(self, names: Iterable[str]) -> None:
        """Make what was created or adopted under *names* durable, content and name. Raises `NoSpace`, `StoreError`."""

    def link(self, name: str, data: bytes) -> None:
        """Store *data* under *name*, durable, if no one has; else `Exists`. The commit."""

    def read(self, name: str) -> bytes:
        """All of it. Raises `Gone`."""

    def size(self, name: str) -> int:
        """Raises `Gone`."""

    def age_seconds(self, name: str) -> float:
        """Since it was written, by the storage's own clock, never this host's. Raises `Gone`."""

    def names(self, directory: str) -> list[str]:
        """Last parts of the names directly under *directory*, in no order; empty when there are none."""

    def remove(self, name: str) -> None:
        """Take it away; gone already is fine."""

    def local_file(self, name: str) -> str | None:
        """A path that SQLite may open read-only, or None where blobs are no files (then `read` and deserialize)."""

    def scratch(self) -> str:
        """A directory for unfinished files, on the same file system, that no reader looks into."""

    def free_bytes(self) -> int:
        """What is left to write."""
