"""Opening a shard: a finished SQLite file that is never written, so SQLite may read it without locks or journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from pkgindex.errors import Corrupt, Gone, NewerFormat
from pkgindex.format import shard as layout
from pkgindex.format.envelope import REMEDY
from pkgindex.format.manifest import Shard
from pkgindex.format.names import shard_name
from pkgindex.store.backend import Backend


class ShardFile:
    """A shard's read-only connection, known to be this shard by its size and what it says of itself.

    Everything here raises `Gone`, `Corrupt`, `NewerFormat`. The whole checksum is for `verify`: reading 100 MB to answer
    from 20 KB is not.
    """

    def __init__(self, backend: Backend, shard: Shard) -> None:
        self.shard = shard
        self.name = shard_name(shard.kind, shard.number, shard.stamp)
        size = backend.size(self.name)
        if size != shard.size:
            raise Corrupt(f"{self.name}: {size} bytes where its manifest says {shard.size}; {REMEDY}")
        try:
            self._connection = _connect(backend, self.name)
            _check(self._connection, shard, self.name)
        except sqlite3.Error as error:
            raise failure(error, self.name) from error

    def rows(self, sql: str, *values: object) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(sql, values)
        except sqlite3.Error as error:
            raise failure(error, self.name) from error

    def row(self, sql: str, *values: object) -> tuple[Any, ...] | None:
        try:
            found: tuple[Any, ...] | None = self._connection.execute(sql, values).fetchone()
        except sqlite3.Error as error:
            raise failure(error, self.name) from error
        return found

    def close(self) -> None:
        self._connection.close()


def failure(error: sqlite3.Error, name: str) -> Gone | Corrupt:
    """What an SQLite error means: a file that went away under us, or one that is damaged."""
    code = getattr(error, "sqlite_errorcode", 0) or 0
    if code & 0xFF in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return Gone(f"{name}: {error}")
    return Corrupt(f"{name}: {error}; {REMEDY}")


def _connect(backend: Backend, name: str) -> sqlite3.Connection:
    file = backend.local_file(name)
    if file is None:
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        connection.deserialize(backend.read(name))
    else:
        # '?' and '#' end a path in a URI, '%' escapes: everything else in a file name is itself.
        escaped = file.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        connection = sqlite3.connect(
            f"file:{escaped}?mode=ro&immutable=1", uri=True, isolation_level=None, check_same_thread=False
        )
    connection.executescript(layout.READ_PRAGMAS)
    return connection


def _check(connection: sqlite3.Connection, shard: Shard, name: str) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != layout.APPLICATION_ID:
        raise Corrupt(f"{name}: an SQLite file, but not a shard; {REMEDY}")
    if version > layout.FORMAT:
        raise NewerFormat(f"format {version} in {name}: this pkgindex reads up to {layout.FORMAT}; upgrade it")
    facts = dict(connection.execute("SELECT key, value FROM facts"))
    if (facts.get("kind"), facts.get("number"), facts.get("stamp")) != (shard.kind, shard.number, shard.stamp):
        found = f"{facts.get('kind')}-{facts.get('number')}.{facts.get('stamp')}"
        raise Corrupt(f"{name}: holds shard {found}; {REMEDY}")
