"""Generations: how a whole new index appears to readers in one instant.

    generations/0000000000000042        the manifest of generation 42; the highest number is the current one

Invariants:

* A manifest appears by the backend's `link`: whole, durable, and to one writer only. What it names is durable before.
* A number is never used twice. The link alone does not see to that, because old numbers are pruned, and a writer that
  slept may then get one of them: so it looks again after its link. A number is void when the next one was not made from it.
* The oldest retained number is counted from the head, never taken from the listing: a void one may lie there.
* The head is never pruned. Older ones are retired oldest first, so that what is listed has no gap but below a void one.
* Whatever else lies in the directory (`.nfs0000...`, temporaries) is not ours and is ignored.
"""

from __future__ import annotations

import os

from pkgindex.errors import Exists, Gone, StoreError
from pkgindex.format.numbering import DIRECTORY, file_name, number_of

TYPE_CHECKING = False
if TYPE_CHECKING:  # `pkgindex-which` lists generations, and has no time for the imports
    from collections.abc import Callable, Iterable

    from pkgindex.store.backend import Backend


class Generations:
    """The generations of one repository, which lies under *prefix* of the backend (empty: at its root)."""

    def __init__(self, backend: Backend, prefix: str = "") -> None:
        self._backend = backend
        self._directory = f"{prefix.rstrip('/')}/{DIRECTORY}" if prefix else DIRECTORY
        # None where they lie in no directory.
        self._local_directory = backend.local_file(self._directory)

    def numbers(self) -> list[int]:
        """All that are listed now, in order; a void one may be the first."""
        found = map(number_of, self._backend.names(self._directory))
        return sorted(number for number in found if number is not None)

    def head(self) -> int:
        """The current one, 0 when there is none."""
        return max(self.numbers(), default=0)

    def is_head(self, number: int) -> bool:
        """Whether *number* is the current one; where names are not remembered wrongly, at the cost of two look-ups."""
        if self._on_share or not number:
            return self.head() == number
        # In this order: what is retired went after all before it, so a follower that was gone already has taken it along.
        return not self._is_there(number + 1) and self._is_there(number)

    def read(self, number: int) -> bytes:
        """The manifest. Raises `Gone`."""
        return self._backend.read(self._name(number))

    def publish(self, number: int, data: bytes, leads_to: Callable[[bytes], bool], parent: str = "") -> None:
        """Make *data* generation *number*, one above the head that it was made from, whose checksum is *parent*; *leads_to*
        says of the manifest of the next one whether that was made from *data*.

        Raises `Exists` when another writer was first, or so far ahead that the number is retired: take its state, and
        do the work again on top. After any other error the generation is there or is not: list again.
        """
        self._backend.link(self._name(number), data, lambda: self._require_parent(number, parent))
        if not self._stands_on(number, parent) and self._is_void(number, leads_to):
            self._backend.remove(self._name(number))
            raise Exists(f"generation {number} was retired before this one of the same number came: do it again on top")

    def confirm(self) -> None:
        """Make the current one durable, whoever published it: he may have failed to, or not have come so far.

        For who says of something that it is there already, and so need not be written. Raises `NoSpace`, `StoreError`.
        """
        while head := self.head():
            try:
                self._backend.flush([self._name(head)])
            except Gone:
                continue
            return

    def prune(self, keep: int) -> list[int]:
        """The numbers that are to be retired so that *keep* remain, oldest first; never the head."""
        numbers = self.numbers()
        return [number for number in numbers if number <= numbers[-1] - _at_least_one(keep)]

    def retire(self, numbers: Iterable[int]) -> None:
        """Take manifests away; what only they name may go afterwards, never before."""
        head = self.head()
        for number in sorted(numbers):
            if number >= head:
                raise StoreError(f"generation {number} is the current one and cannot be retired: publish one after it first")
            self._backend.remove(self._name(number))

    def _require_parent(self, number: int, parent: str) -> None:
        """What a share's server shows may be lost when it fails a moment later; then the number is given again, and what is
        made from the lost one would undo it. What is written on a disk of this host is lost with its writers only.

        Asked between writing and linking: a server makes what it was told in the order in which it was told, so with what was
        written all that is seen before is durable, and a parent that is still there will not be lost any more.
        """
        if not self._on_share or not parent:
            return
        # Listed first: only then does this host ask again whose the names are that it remembers.
        head = self.head()
        if head < number - 1 or (head == number - 1 and not self._is_still(number - 1, parent)):
            raise Exists(f"generation {number - 1} was lost by the server and is another one now: do it again on top")

    def _stands_on(self, number: int, parent: str) -> bool:
        """Whether what it was made from is still there: then the number was never given before, for older ones go first.

        Cheaper than a listing where there are thousands. A share may show what is gone already, and is listed.
        """
        return bool(parent) and not self._backend.remote and self._is_still(number - 1, parent)

    def _is_still(self, number: int, parent: str) -> bool:
        """Whether the generation is seen that has the checksum *parent*; one that cannot be read is not."""
        from pkgindex.format.envelope import checksum

        try:
            return checksum(self.read(number)) == parent
        except Gone:
            return False

    def _is_void(self, number: int, leads_to: Callable[[bytes], bool]) -> bool:
        """Whether the number that was just linked had been there before, and was pruned.

        Not judged by how far the head is ahead: a writer that paused after its link finds many generations made from its own.
        """
        while number < max(numbers := self.numbers(), default=0):
            if number not in numbers:
                # Void or built upon, it was retired meanwhile, and nothing tells which: work done twice loses nothing.
                raise Exists(f"generation {number} was retired before its writer came to look: do it again on top")
            if number + 1 not in numbers:
                # They are retired oldest first: had the next one been made from ours, ours would have gone before it.
                return True
            try:
                return not leads_to(self.read(number + 1))
            except Gone:
                continue
        return False

    @property
    def _on_share(self) -> bool:
        """It remembers for a while that a name was missing, and shows what it may lose; a database does neither."""
        return self._backend.remote and self._local_directory is not None

    def _is_there(self, number: int) -> bool:
        if self._local_directory is not None:
            # Servers ask this many thousand times a second.
            return _is_there(f"{self._local_directory}/{file_name(number)}")
        try:
            self._backend.size(self._name(number))
        except Gone:
            return False
        return True

    def _name(self, number: int) -> str:
        return f"{self._directory}/{file_name(number)}"


def _is_there(file: str) -> bool:
    try:
        os.lstat(file)
    except FileNotFoundError:
        return False
    except OSError as error:
        from pkgindex.store.faults import unread

        raise unread(error, file) from None
    return True


def _at_least_one(keep: int) -> int:
    return max(1, keep)
