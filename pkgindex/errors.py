"""Everything that can go wrong, named for what is wrong; each carries the exit code of a command that meets it.

    PkgindexError
      NotFound           1   nothing answers the question
        NotRetained          the generation that was asked for is gone, or never was
      BadInput           2   the caller's words are off
        Rejected             a submission cannot be read
          Incomplete         ... because it ends too early: the rest may still be on its way
      StoreError         3   the index or the disk below it
        NoIndex              there is none where we were told to look
        Corrupt              a file is not what was written; carries the remedy
          OlderShard         ... because it was written before what is asked was in shards
        NewerFormat          written by a later pkgindex
        Gone                 a file that was named is no longer there: begin again from the listing
        NoSpace              the disk is full, or would be
        Exists               a name that was to be created is taken
        NoServer             nobody answers at a host and port, or what answers is no tree server
      Busy               4   another writer holds the repository
      Partial            5   some repositories failed, the others answered
"""

from __future__ import annotations


class PkgindexError(Exception):
    """The root; never raised itself."""

    exit_code = 1


class NotFound(PkgindexError):
    exit_code = 1


class NotRetained(NotFound):
    pass


class BadInput(PkgindexError):
    exit_code = 2


class Rejected(BadInput):
    """A submission that cannot be read: what, where in it (line or byte offset), and what to do."""


class Incomplete(Rejected):
    """The submission ends before its format says it may."""


class StoreError(PkgindexError):
    exit_code = 3


class NoIndex(StoreError):
    pass


class Corrupt(StoreError):
    pass


class OlderShard(Corrupt):
    """A shard of a former format. All of it is right, and it does not hold what the question needs."""


class NewerFormat(StoreError):
    pass


class Gone(StoreError):
    pass


class NoSpace(StoreError):
    pass


class Exists(StoreError):
    pass


class NoServer(StoreError):
    pass


class Busy(PkgindexError):
    exit_code = 4


class Partial(PkgindexError):
    exit_code = 5
