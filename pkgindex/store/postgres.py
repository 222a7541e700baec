"""A backend that is a table of a PostgreSQL database, for sites that have one.

    pkgindex_blobs (repository, name) -> bytes, token, created

Invariants:

* The primary key decides who gets a name. Whether it was us is judged by the token that stands there, not by what the
  call returned: so a statement whose connection broke may be sent again.
* What `link` makes is durable before anyone sees it: the server makes a commit visible after its log is on disk.
* What `create` and `remove` do is not waited for: the log is one sequence, so the next commit that is waited for, of
  `flush` or `link`, takes along whatever came before it on any connection.
* The table is made by the first who writes. Reading where there is none finds nothing.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from pkgindex.errors import Exists, Gone, StoreError
from pkgindex.store.copies import Copies
from pkgindex.store.database import Database, Row
from pkgindex.store.listening import Listening
from pkgindex.store.names import checked

# A value may have 1 GiB, and what is sent along with it counts too.
BLOB_BYTES_MAX = (1 << 30) - (1 << 20)
# A server does not tell how much room it has; when it is full it says so.
FREE_BYTES = 1 << 40
# What is fetched at a time of a shard of which a copy is made.
PIECE_BYTES = 4 << 20
TABLE = "pkgindex_blobs"
CHANNEL = "pkgindex"

# One at a time: of two that make a table at once, one would fail although "if not exists" was asked for.
# External: what is in blobs is compressed already, and their length is then known without reading them.
_SCHEMA = f"""
    SELECT pg_advisory_xact_lock(hashtext('{TABLE}'));
    CREATE TABLE IF NOT EXISTS {TABLE} (
        repository text COLLATE "C" NOT NULL,
        name text COLLATE "C" NOT NULL,
        bytes bytea NOT NULL,
        token bytea NOT NULL,
        created timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (repository, name));
    ALTER TABLE {TABLE} ALTER COLUMN bytes SET STORAGE EXTERNAL
"""
_HERE = "repository = %(repository)s AND name = %(name)s"
_SOON = "set_config('synchronous_commit', 'off', true) = 'off'"
_PUT = f"INSERT INTO {TABLE} (repository, name, bytes, token) SELECT %(repository)s, %(name)s, %(data)s, %(token)s"
_ONCE = "ON CONFLICT (repository, name) DO NOTHING RETURNING 1"
_CREATE = f"{_PUT} WHERE {_SOON} {_ONCE}"
_LINK = f"WITH made AS ({_PUT} {_ONCE}) SELECT pg_notify('{CHANNEL}', %(repository)s) FROM made"
_TOKEN = f"SELECT token FROM {TABLE} WHERE {_HERE}"
_REMOVE = f"DELETE FROM {TABLE} WHERE {_HERE} AND {_SOON}"
# The message is there so that there is something to commit: an empty transaction would wait for nothing.
_FLUSH = f"""
    SELECT pg_logical_emit_message(true, '{CHANNEL}', 'flush')::text, ARRAY(
        SELECT wanted FROM unnest(%(names)s::text[]) AS wanted
        WHERE NOT EXISTS (SELECT FROM {TABLE} WHERE repository = %(repository)s AND name = wanted) ORDER BY wanted)
"""
_NAMES = f"""
    SELECT DISTINCT split_part(substr(name, %(skip)s), '/', 1) FROM {TABLE}
    WHERE repository = %(repository)s AND name >= %(first)s AND name < %(beyond)s
"""
_READ = f"SELECT bytes FROM {TABLE} WHERE {_HERE}"
_PIECE = f"SELECT substring(bytes FROM %(start)s FOR {PIECE_BYTES}) FROM {TABLE} WHERE {_HERE}"
_SIZE = f"SELECT octet_length(bytes) FROM {TABLE} WHERE {_HERE}"
_AGE = f"SELECT extract(epoch FROM clock_timestamp() - created)::float8 FROM {TABLE} WHERE {_HERE}"


class PostgresBackend:
    """*repository* in the database at *address*. Shards are no files: they are read whole, or from *copies*."""

    remote = True

    def __init__(self, address: str | Database, repository: str, copies: Copies | None = None) -> None:
        self.database = Database(address) if isinstance(address, str) else address
        self.repository = repository
        self._copies = copies
        self._lock = threading.Lock()
        self._scratch: str | None = None
        self._listening = Listening(self.database, CHANNEL, repository)

    def create(self, name: str, data: bytes) -> None:
        self._put(_CREATE, name, data)

    def adopt(self, file: str, name: str) -> None:
        checked(name)
        try:
            with open(file, "rb") as stream:
                data = stream.read()
        except FileNotFoundError:
            raise Gone(f"{file} is not there to become {name}") from None
        self._put(_CREATE, name, data)
        os.unlink(file)

    def helped(self) -> AbstractContextManager[None]:
        return nullcontext()

    def flush(self, names: Iterable[str]) -> None:
        wanted = [checked(name) for name in names]
        if not wanted:
            return
        found = self.database.rows(_FLUSH, {"repository": self.repository, "names": wanted})
        missing = found[0][1] if found else wanted
        if missing:
            raise self._gone(missing[0])

    def link(self, name: str, data: bytes, ready: Callable[[], None] | None = None) -> None:
        if ready is not None:
            ready()
        self._put(_LINK, name, data)

    def read(self, name: str) -> bytes:
        return bytes(self._one(_READ, name))

    def size(self, name: str) -> int:
        return int(self._one(_SIZE, name))

    def age_seconds(self, name: str) -> float:
        return max(0.0, float(self._one(_AGE, name)))

    def names(self, directory: str) -> list[str]:
        # A range of the primary key: "0" is what follows "/". No name begins with the last character there is.
        first, beyond = (f"{checked(directory)}/", f"{directory}0") if directory else ("", "\U0010ffff")
        values = {"repository": self.repository, "first": first, "beyond": beyond, "skip": len(first) + 1}
        return [name for (name,) in self.database.rows(_NAMES, values)]

    def remove(self, name: str) -> None:
        self._ask(_REMOVE, name)

    def local_file(self, name: str, checksum: str = "") -> str | None:
        checked(name)
        if self._copies is None or not checksum:
            return None
        return self._copies.file(name, checksum, lambda: self._pieces(name))

    def scratch(self) -> str:
        with self._lock:
            if self._scratch is None:
                self._scratch = tempfile.mkdtemp(prefix="pkgindex-")
                weakref.finalize(self, shutil.rmtree, self._scratch, True)
            return self._scratch

    def free_bytes(self) -> int:
        return FREE_BYTES

    def wait(self, seconds: float) -> bool:
        """Until something may have been linked in this repository since the call before; False after *seconds*.

        The first call answers at once. For one thread at a time.
        """
        return self._listening.wait(seconds)

    def _put(self, statement: str, name: str, data: bytes) -> None:
        if len(data) > BLOB_BYTES_MAX:
            raise StoreError(
                f"{name} has {len(data)} bytes, and a database takes {BLOB_BYTES_MAX} at most: keep this index in a directory"
            )
        token = os.urandom(16)
        values: dict[str, object] = {"data": data, "token": token}
        if self._ask(statement, name, values):
            return
        found = self._ask(_TOKEN, name)
        if not found:
            # There was no table; by now another may have made it.
            if not self.database.has(TABLE):
                self.database.make(_SCHEMA)
            self._ask(statement, name, values)
            found = self._ask(_TOKEN, name)
        if found != [(token,)]:
            raise Exists(f"{name} exists already in {self.database.name}, and a name is used once")

    def _pieces(self, name: str) -> Iterator[bytes]:
        start, piece = 1, b"-" * PIECE_BYTES
        while len(piece) == PIECE_BYTES:
            piece = bytes(self._one(_PIECE, name, {"start": start}))
            start += len(piece)
            yield piece

    def _one(self, statement: str, name: str, values: dict[str, object] | None = None) -> Any:
        found = self._ask(statement, name, values)
        if not found:
            raise self._gone(name)
        return found[0][0]

    def _ask(self, statement: str, name: str, values: dict[str, object] | None = None) -> list[Row]:
        return self.database.rows(statement, {"repository": self.repository, "name": checked(name), **(values or {})})

    def _gone(self, name: str) -> Gone:
        where = f"repository {self.repository!r} of {self.database.name}"
        return Gone(f"{name} is no longer in {where}: begin again from the newest generation")
