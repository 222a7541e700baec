"""Who asks, and who answers, as each knows the other."""

from __future__ import annotations

from typing import Protocol

from pkgindex.service.tree.protocol import Malformed, Request

Asked = list[Request | Malformed]


class Client(Protocol):
    """Who asks."""

    def answer(self, data: bytes) -> None:
        """Send the answers *data*, of which there may be none."""

    def drop(self) -> None:
        """End the connection without an answer."""

    def relax(self) -> None:
        """All that it asked is answered."""


class Answering(Protocol):
    """What a server needs of a desk."""

    async def run(self) -> None:
        """Until it is cancelled."""

    async def drain(self) -> None:
        """Until all that was asked is answered, and what was answered is published."""

    def take(self, client: Client, requests: Asked) -> None:
        """Answer *requests*, now or later, in order."""

    def waits(self, client: Client) -> int:
        """How many requests of *client* wait."""

    def hear(self) -> None:
        """There was word of a publish, which may have been our own."""
