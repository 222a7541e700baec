"""Connections to one PostgreSQL database: opened when needed, lent to one thread at a time, and what their errors mean.

Invariants:

* A statement is a transaction of its own; nothing is open between two of them.
* A statement whose connection broke is sent once more on a new one. Whoever sends one here must be able to bear that it
  was done the first time already.
* No message shows a password, nor an address that could not be read, which may have one anywhere.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping
from typing import Any

from pkgindex.errors import BadInput, NoSpace, StoreError

try:
    import psycopg
    from psycopg import errors
    from psycopg.conninfo import conninfo_to_dict
except ImportError as error:
    raise StoreError(
        f"an index at postgresql://... needs psycopg 3, which cannot be loaded ({error}): pip install 'pkgindex[postgres]'"
    ) from error

CONNECT_SECONDS_MAX = 10
FORM = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE, where '/', ':', '@' and '%' in a part are written %2F, %3A, %40, %25"
# What a connection raises that broke, among others.
Broken = psycopg.OperationalError
Connection = psycopg.Connection[tuple[Any, ...]]
Row = tuple[Any, ...]


class Database:
    """The database at *address*, of the form that libpq takes. Any thread may call. Raises `BadInput` for the address."""

    def __init__(self, address: str) -> None:
        self._parts = _parts(address)
        self.name = shown(self._parts)
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        weakref.finalize(self, _close, self._idle)

    def rows(self, statement: str, values: Mapping[str, object]) -> list[Row]:
        """What *statement* answers; nothing where its table was never made. Raises `StoreError`, `NoSpace`."""
        try:
            return self._again_if_broken(statement, values)
        except errors.UndefinedTable:
            return []
        except psycopg.Error as error:
            raise meaning(error, self.name) from None

    def make(self, statements: str) -> None:
        """Run *statements*, which make tables, as one transaction."""
        try:
            self._again_if_broken(statements, None)
        except psycopg.Error as error:
            raise meaning(error, self.name) from None

    def has(self, table: str) -> bool:
        return self.rows("SELECT to_regclass(%(table)s) IS NOT NULL", {"table": table}) == [(True,)]

    def connect(self) -> Connection:
        """A connection that the caller closes. Raises `StoreError` when the server is away."""
        try:
            connection = psycopg.connect(**self._parts, autocommit=True)
            # Whatever the server is set to: what is acknowledged is durable. A statement may ask for less, for itself.
            connection.execute("SET synchronous_commit = on")
        except psycopg.Error as error:
            raise StoreError(
                f"{self.name} does not let us in ({_first_line(error)}): is the server running, and the address right?"
            ) from None
        return connection

    def _again_if_broken(self, statement: str, values: Mapping[str, object] | None) -> list[Row]:
        connection = self._borrow()
        try:
            return self._run(connection, statement, values)
        except Broken:
            if not connection.broken:
                raise
        # The others are as old as this one was: a server that was restarted has closed them all.
        self._forget()
        return self._run(self.connect(), statement, values)

    def _run(self, connection: Connection, statement: str, values: Mapping[str, object] | None) -> list[Row]:
        try:
            cursor = connection.execute(statement.encode(), values, binary=values is not None)
            return cursor.fetchall() if cursor.description else []
        finally:
            self._give_back(connection)

    def _borrow(self) -> Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self.connect()

    def _give_back(self, connection: Connection) -> None:
        if connection.broken or connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            connection.close()
            return
        with self._lock:
            self._idle.append(connection)

    def _forget(self) -> None:
        with self._lock:
            idle, self._idle[:] = list(self._idle), []
        _close(idle)


def shown(parts: Mapping[str, Any]) -> str:
    """The database as a person may see it: no password.

    >>> shown({"user": "packer", "password": "secret", "host": "db.example", "dbname": "index"})
    'the database index on db.example'
    """
    return f"the database {parts.get('dbname') or 'of this user'} on {parts.get('host') or 'this host'}"


def meaning(error: psycopg.Error, name: str) -> StoreError:
    """What the server's *error* means, and what to do."""
    said = f"{name}: {_first_line(error)}"
    if isinstance(error, errors.DiskFull):
        return NoSpace(f"{said}: give its disk more room; 'pkgindex gc' removes what no generation needs")
    if isinstance(error, errors.InsufficientPrivilege):
        return StoreError(f"{said}: grant it, or name a user in the address who may")
    if isinstance(error, errors.ReadOnlySqlTransaction):
        return StoreError(f"{said}: pack with the address of a server that may be written to")
    return StoreError(f"{said}: the server's log says more")


def _parts(address: str) -> dict[str, Any]:
    try:
        parts: dict[str, Any] = dict(conninfo_to_dict(address))
    except psycopg.Error:
        raise BadInput(f"the address of the database cannot be read; it must be {FORM}") from None
    # Where a password with such a sign in it was not escaped, a piece of it has become a port or a name.
    ports = str(parts.get("port") or "").replace(",", "")
    if (ports and not ports.isdigit()) or set("@/:") & set(str(parts.get("dbname") or "")):
        raise BadInput(f"the address of the database cannot be read; it must be {FORM}")
    parts.setdefault("connect_timeout", CONNECT_SECONDS_MAX)
    # A replica lags: it would not list what was published a moment ago.
    parts.setdefault("target_session_attrs", "primary")
    parts["client_encoding"] = "utf8"
    return parts


def _first_line(error: psycopg.Error) -> str:
    # Behind a tab libpq asks whether the server is running, as we do.
    said = [line for line in str(error).split("\n") if line.strip() and not line.startswith("\t")]
    return error.diag.message_primary or (said[-1] if said else type(error).__name__)


def _close(connections: list[Connection]) -> None:
    for connection in connections:
        connection.close()
