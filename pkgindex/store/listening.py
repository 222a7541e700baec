"""Waiting until a database has word of a publish: a wake-up, and never more than that.

A word that is lost costs waiting, nothing else: whoever wakes up, for whatever reason, lists the generations.
"""

from __future__ import annotations

import select
import time
import weakref

from pkgindex.store.database import Broken, Connection, Database


class Listening:
    """Words on *channel* that are *wanted*. For one thread at a time."""

    def __init__(self, database: Database, channel: str, wanted: str) -> None:
        self._database = database
        self._channel = channel
        self._wanted = wanted.encode()
        self._connection: Connection | None = None

    def wait(self, seconds: float) -> bool:
        """Until there is word since the call before: True; False after *seconds*. Raises `StoreError` while none can be heard.

        The first call answers at once, and so does one after the connection broke: nobody told of what came before.
        """
        connection = self._connection
        if connection is None:
            self._connection = self._listen()
            return True
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if self._heard(connection, left):
                return True
        return False

    def _listen(self) -> Connection:
        connection = self._database.connect()
        weakref.finalize(self, connection.close)
        connection.execute(f"LISTEN {self._channel}".encode())
        return connection

    def _heard(self, connection: Connection, seconds: float) -> bool:
        """Read what comes within *seconds*: whether a wanted word was in it, or the connection broke."""
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        if not poll.poll(seconds * 1000):
            return False
        try:
            connection.pgconn.consume_input()
        except Broken:
            connection.close()
            self._connection = None
            return True
        words = []
        while word := connection.pgconn.notifies():
            words.append(word.extra)
        return self._wanted in words
