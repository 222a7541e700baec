"""Opening a shard: a finished SQLite file that is never written, so SQLite may read it without locks or journal."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from pkgindex.errors import Corrupt, Gone, NewerFormat
from pkgindex.format import shard as layout
from pkgindex.format.envelope import REMEDY
from pkgindex.format.envelope import checksum as checksum_of
from pkgindex.format.manifest import Shard
from pkgindex.format.names import shard_name
from pkgindex.store.backend import Backend
from pkgindex.store.soundness import UNSOUND

# Python cannot always decode what SQLite says of a damaged file, because it quotes the damage.
DAMAGE = (sqlite3.Error, UnicodeDecodeError)


class ShardFile:
    """A shard's read-only connection, known to be this shard by its size, its checksum and what it says of itself.

    Everything here raises `Gone`, `Corrupt`, `NewerFormat`. That the file has the checksum that *shard* says is looked at
    once a host (see `store.soundness`); where it says none, who reads it must be prepared for anything.
    """

    def __init__(self, backend: Backend, shard: Shard) -> None:
        self.shard = shard
        self.name = shard_name(shard.kind, shard.number, shard.stamp)
        size = backend.size(self.name)
        if size != shard.size:
            raise Corrupt(f"{self.name}: {size} bytes where its manifest says {shard.size}; {REMEDY}")
        try:
            file = backend.local_file(self.name, shard.checksum)
            self._connection = _connect(backend, shard, self.name, file)
            self._handles = _handles(file)
            self.expect_scattered_reads()
            self._connection.executescript(layout.READ_PRAGMAS)
            self.format = _check(self._connection, shard, self.name)
        except DAMAGE as error:
            raise failure(error, self.name) from error

    def expect_scattered_reads(self) -> None:
        """A question reads pages here and there: what the kernel reads ahead of them is three times what they are."""
        self._advise("POSIX_FADV_RANDOM")

    def expect_whole_read(self) -> None:
        """All of it is read in a row, and reading ahead saves a round trip for each page."""
        self._advise("POSIX_FADV_NORMAL")

    def _advise(self, how: str) -> None:
        for handle in self._handles:
            # Another connection to the same shard may have been among them, and be closed by now.
            with suppress(OSError):
                os.posix_fadvise(handle, 0, 0, getattr(os, how))

    def rows(self, sql: str, *values: object) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(sql, values)
        except DAMAGE as error:
            raise failure(error, self.name) from error

    def row(self, sql: str, *values: object) -> tuple[Any, ...] | None:
        try:
            found: tuple[Any, ...] | None = self._connection.execute(sql, values).fetchone()
        except DAMAGE as error:
            raise failure(error, self.name) from error
        return found

    def close(self) -> None:
        self._connection.close()

    def __del__(self) -> None:
        # A connection and its statements refer to each other: without this its file stays open until the collector runs.
        if hasattr(self, "_connection"):
            self._connection.close()


def _read_beginning(file: str) -> None:
    """Bring in the first two pages, and only these: read by SQLite in a row they make the kernel read on and on.

    Measured on a cold paths shard with a read-ahead of 8 MiB: 350 KiB less for each shard that is opened.
    """
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):  # whatever is wrong with the file, SQLite will say it
            handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_RANDOM)
                os.pread(handle, 2 * layout.PAGE_BYTES, 0)
            finally:
                os.close(handle)


def _handles(file: str | None) -> list[int]:
    """Where the system tells, the handles by which this process (that is, SQLite) has *file* open."""
    if file is None or not hasattr(os, "posix_fadvise"):
        return []
    found = []
    with suppress(OSError):  # also where the file is gone by now: what SQLite has open is still there for it
        wanted = os.stat(file)
        for name in os.listdir("/proc/self/fd"):
            with suppress(OSError):  # the listing's own handle is closed by now
                if os.path.samestat(os.fstat(int(name)), wanted):
                    found.append(int(name))
    return found


def failure(error: sqlite3.Error | UnicodeDecodeError, name: str) -> Gone | Corrupt:
    """What an SQLite error means: a file that went away under us, or one that is damaged."""
    code = getattr(error, "sqlite_errorcode", 0) or 0
    if code & 0xFF in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return Gone(f"{name}: {error}")
    return Corrupt(f"{name}: {error}; {REMEDY}")


def _connect(backend: Backend, shard: Shard, name: str, file: str | None) -> sqlite3.Connection:
    if file is None:
        data = backend.read(name)
        if shard.checksum and checksum_of(data) != shard.checksum:
            raise Corrupt(f"{name}: {UNSOUND}; {REMEDY}")
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        connection.deserialize(data)
    else:
        _read_beginning(file)
        # '?' and '#' end a path in a URI, '%' escapes: everything else in a file name is itself.
        escaped = file.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        connection = sqlite3.connect(
            f"file:{escaped}?mode=ro&immutable=1", uri=True, isolation_level=None, check_same_thread=False
        )
    return connection


def _check(connection: sqlite3.Connection, shard: Shard, name: str) -> int:
    """The format that the shard is written in."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    newest = layout.FORMATS[shard.kind]
    if application != layout.APPLICATION_ID:
        raise Corrupt(f"{name}: an SQLite file, but not a shard; {REMEDY}")
    if version > newest:
        raise NewerFormat(f"format {version} in {name}: this pkgindex reads up to {newest}; upgrade it")
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE type IN ('view', 'trigger')").fetchone():
        raise Corrupt(f"{name}: holds views or triggers, which no shard has; {REMEDY}")
    facts = dict(connection.execute("SELECT key, value FROM facts"))
    if (facts.get("kind"), facts.get("number"), facts.get("stamp")) != (shard.kind, shard.number, shard.stamp):
        found = f"{facts.get('kind')}-{facts.get('number')}.{facts.get('stamp')}"
        raise Corrupt(f"{name}: holds shard {found}; {REMEDY}")
    return version
