"""The yardstick of the tree server: the same protocol over one dictionary, without a disk and almost without checks.

    python3 tools/tree_yardstick.py [PORT]      0: any that is free; where it listens is the first line on stdout
"""

from __future__ import annotations

import asyncio
import sys


class Yardstick(asyncio.Protocol):
    """All connections share *lists* (dependencies by package) and *counts* (of dependants)."""

    lists: dict[bytes, set[bytes]] = {}
    counts: dict[bytes, int] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.rest = b""

    def data_received(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        self.transport.write(b"".join([self.answer(line) for line in lines]))

    def answer(self, line: bytes) -> bytes:
        try:
            command, package, dependencies = line.split(b"|")
        except ValueError:
            return b"ERROR\n"
        if command == b"QUERY":
            return b"OK\n" if package in self.lists else b"FAIL\n"
        if command == b"INDEX":
            return b"OK\n" if self.index(package, set(dependencies.split(b",")) - {b""}) else b"FAIL\n"
        return b"OK\n" if self.remove(package) else b"FAIL\n"

    def index(self, package: bytes, dependencies: set[bytes]) -> bool:
        if not dependencies <= self.lists.keys():
            return False
        self.forget(package)
        self.lists[package] = dependencies
        for name in dependencies:
            self.counts[name] = self.counts.get(name, 0) + 1
        return True

    def remove(self, package: bytes) -> bool:
        if package in self.lists:
            if self.counts.get(package, 0) > (package in self.lists[package]):
                return False
            self.forget(package)
        return True

    def forget(self, package: bytes) -> None:
        for name in self.lists.pop(package, ()):
            self.counts[name] -= 1


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Yardstick, "127.0.0.1", port, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
