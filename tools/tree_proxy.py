"""A proxy that hands connections to servers in turn, byte for byte, as a load balancer of TCP does.

    python3 tools/tree_proxy.py HOST:PORT...      where it listens is the first line on stdout

It is as plain as a yardstick may be: a server that hangs up ends the connection of its client and the other way round, and
whoever does not read its bytes holds up its own connection only.
"""

from __future__ import annotations

import asyncio
import sys
from itertools import cycle


class End(asyncio.Protocol):
    """One end of a connection: what comes from it goes to the other end."""

    def __init__(self) -> None:
        self.other: End | None = None
        self.transport: asyncio.Transport | None = None
        self._early: list[bytes] = []

    def joined(self, other: End) -> None:
        """From now on there is another end."""
        self.other, other.other = other, self
        assert other.transport is not None
        for data in self._early:
            other.transport.write(data)
        if self.transport is None:
            other.transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self._early.append(data)
        elif self.other.transport is not None:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


async def main(servers: list[str]) -> None:
    loop = asyncio.get_running_loop()
    turn = cycle([server.rpartition(":") for server in servers])
    joining: set[asyncio.Task[None]] = set()

    class Client(End):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            task = loop.create_task(self._join())
            joining.add(task)
            task.add_done_callback(joining.discard)

        async def _join(self) -> None:
            host, _, port = next(turn)
            try:
                _, server = await loop.create_connection(End, host, int(port))
            except OSError:
                if self.transport is not None:
                    self.transport.close()
            else:
                self.joined(server)

    proxy = await loop.create_server(Client, "127.0.0.1", 0, backlog=1024)
    print(proxy.sockets[0].getsockname()[1], flush=True)
    await proxy.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
