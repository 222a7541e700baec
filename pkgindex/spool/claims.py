"""Claims: which writer works on which submission.

A claim is a rename from `incoming` into the writer's own folder, under a name that carries the submission's identity.
Exactly one of any number of claimers gets it, without a lock, on every disk.

Invariants:

* Every submission is at any moment in exactly one of `incoming`, one writer's folder, and `rejected`.
* An identity, once given, stays with its submission; it is durable before `claim` returns, and so before anything that was
  made of the submission can be published.
* A claim leaves the spool only by `done`, or in recovery when its generation is published.

To pack a full set: `claim(entries, mode="full")`, then `Spool.clear_full`, then pack. The mode is in the claimed names by
then, so that after a crash neither half of the set is forgotten nor the next small submission taken for a full set.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NamedTuple

from pkgindex.spool import moves, names
from pkgindex.spool.identity import WriterId, new_id
from pkgindex.spool.recovery import Recovered, recover
from pkgindex.spool.rejected import Rejection, set_aside
from pkgindex.spool.spool import Entry, Spool
from pkgindex.store import files


class Claim(NamedTuple):
    """A submission that is ours, in *path*. `filename` is what its sender called it, `mode` is None when he left it open.

    `size` and `mtime_ns` are those of the claimed file; `unfit` says what it is when it is no regular file, and then it
    must not be opened.
    """

    id: str
    filename: str
    mode: str | None
    path: str
    size: int
    mtime_ns: int
    unfit: str = ""


class Claims:
    """What *writer* has claimed of *repo*. `beat` may be called by another thread than the rest."""

    def __init__(self, spool: Spool, repo: str, writer: WriterId) -> None:
        self.repo = repo
        self.writer = writer
        self.stuck: dict[str, str] = {}
        """Names that the last `claim` could not move though they are there, and what the system said of each."""
        self._spool = spool
        self._incoming = spool.folder(repo, names.INCOMING)
        self._folder = spool.folder(repo, names.CLAIMED, writer.folder)
        self._heartbeat = os.path.join(self._folder, names.HEARTBEAT)
        self._gave_back = False

    def beat(self) -> None:
        """Show that this writer is alive; to be called several times a lease."""
        self._spool.require()
        try:
            self._touch()
        except OSError as error:
            raise moves.refusal(error, self._heartbeat) from error

    def claim(self, entries: Iterable[Entry], mode: str | None = None) -> list[Claim]:
        """Take *entries*, oldest first; those that somebody else took are left out. *mode* is for names that say none."""
        self.beat()
        self.stuck = {}
        claims: list[Claim] = []
        for entry in sorted(entries, key=lambda entry: (entry.mtime_ns, entry.name)):
            try:
                claim = self._take(entry, mode)
            except OSError as error:  # of this one: it may belong to a user who does not share it
                self.stuck[entry.name] = error.strerror or str(error)
                continue
            if claim is not None:
                claims.append(claim)
        if claims:
            self._flush(claims)
        return claims

    def is_unchanged(self, claim: Claim) -> bool:
        """Whether nobody has written to it since it was claimed; a sender may still have it open."""
        try:
            status = os.lstat(claim.path)
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not files.is_listed(claim.path):
                return False
            raise moves.refusal(error, claim.path) from error
        return (status.st_size, status.st_mtime_ns) == (claim.size, claim.mtime_ns)

    def age_seconds(self, claim: Claim) -> float:
        """Since somebody last wrote to it, by the storage's clock; 0 when it is not ours any more."""
        self._spool.require()
        try:
            return max(0.0, (self._touch() - os.lstat(claim.path).st_mtime_ns) / 1e9)
        except FileNotFoundError:
            return 0.0
        except OSError as error:
            raise moves.refusal(error, claim.path) from error

    def done(self, claim: Claim) -> bool:
        """Remove what is published; False when it was not ours any more."""
        self._spool.require()
        try:
            return moves.discard(claim.path)
        except OSError as error:
            raise moves.refusal(error, claim.path) from error

    def give_back(self, claim: Claim) -> bool:
        """Put it back with its identity. Whether it lies in `incoming` now; False when another writer has it."""
        self._spool.require()
        try:
            # The name holds the identity: in `incoming` it can only ever be this submission.
            return self._move_back(claim.path, os.path.basename(claim.path))
        except OSError as error:
            raise moves.refusal(error, claim.path) from error

    def give_back_anew(self, claim: Claim) -> bool:
        """Put it back as a submission of its own, because it was written to after it was packed; as `give_back` otherwise."""
        self._spool.require()
        drop = names.fitted(names.parse(os.path.basename(claim.path))._replace(id=new_id()))
        try:
            return self._move_back(claim.path, drop.name)
        except OSError as error:
            raise moves.refusal(error, claim.path) from error

    def reject(self, claim: Claim, reason: str, remedy: str = "") -> str | None:
        """Put it aside with a file that tells *reason* and *remedy*, for ever; its name there, None when it was not ours.

        The identity ends here: moved back to `incoming` it is a new submission.
        """
        self._spool.require()
        folder = self._spool.folder(self.repo, names.REJECTED)
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        try:
            os.makedirs(folder, exist_ok=True)
            return set_aside(claim.path, folder, Rejection(self.repo, claim.id, when, reason, remedy))
        except OSError as error:
            raise moves.refusal(error, claim.path) from error

    def recover(self, lease_seconds: float, published: Callable[[str], bool]) -> Recovered:
        """Bring back what writers claimed that are dead, or have shown no heartbeat for *lease_seconds*.

        A claim whose generation is out, as *published* says of its id, is removed instead.
        """
        self._spool.require()
        try:
            # Our own heartbeat, touched just now, tells the time of the storage; the clocks of hosts differ.
            return recover(self._spool.folder(self.repo), self.writer, self._touch(), lease_seconds, published)
        except OSError as error:
            raise moves.refusal(error, self._folder) from error

    def close(self) -> None:
        """Stop: take the empty folder away; claims still in it are for recovery."""
        if not os.path.lexists(self._folder):
            return
        self._spool.require()
        try:
            if os.listdir(self._folder) in ([], [names.HEARTBEAT]):
                if self._gave_back:
                    # Before the folder goes, in which a power cut would find it otherwise.
                    moves.flush_directory(self._incoming)
                moves.discard(self._heartbeat)
                os.rmdir(self._folder)
        except OSError as error:
            raise moves.refusal(error, self._folder) from error

    def _touch(self) -> int:
        """Beat; the time of the storage now, in nanoseconds."""
        while True:
            try:
                # No time of ours is given: on a share the server fills in its own.
                os.utime(self._heartbeat)
                return os.stat(self._heartbeat).st_mtime_ns
            except FileNotFoundError:
                os.makedirs(self._folder, exist_ok=True)
                # Before anything is moved there: without that folder's own name all of it would be gone.
                moves.flush_directory(os.path.dirname(self._folder))
                os.close(os.open(self._heartbeat, os.O_CREAT | os.O_WRONLY, 0o666))

    def _take(self, entry: Entry, mode: str | None) -> Claim | None:
        drop = names.parse(entry.name)
        drop = names.fitted(drop._replace(id=drop.id or new_id(), mode=drop.mode or mode))
        path = os.path.join(self._folder, drop.name)
        if drop.filename != names.parse(entry.name).filename and os.path.lexists(path):
            # Two long names of one identity, made by hand, that shortening has made equal.
            drop = drop._replace(id=new_id())
            path = os.path.join(self._folder, drop.name)
        if not moves.move(os.path.join(self._incoming, entry.name), path):
            return None
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            if not files.is_listed(path):  # taken back: we were thought dead
                return None
            self._put_back(path)
            raise
        except OSError:
            self._put_back(path)
            raise
        return Claim(str(drop.id), drop.filename, drop.mode, path, status.st_size, status.st_mtime_ns, entry.unfit)

    def _flush(self, claims: Iterable[Claim]) -> None:
        """Make *claims* durable; where that fails nobody is told of them, so they go back."""
        try:
            moves.flush_directory(self._folder)
            moves.flush_directory(self._incoming)
        except OSError as error:
            for claim in claims:
                self._put_back(claim.path)
            raise moves.refusal(error, self._folder) from error

    def _put_back(self, path: str) -> None:
        """What cannot even go back stays claimed, for recovery; the error that led here matters more."""
        with suppress(OSError):
            self._move_back(path, os.path.basename(path))

    def _move_back(self, path: str, name: str) -> bool:
        self._gave_back = True
        return moves.move(path, os.path.join(self._incoming, name))
