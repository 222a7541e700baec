"""One client of a trial: questions into its connection, each answer judged in the moment in which it comes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from time import perf_counter
from typing import NamedTuple

from pkgindex.errors import NoServer
from pkgindex.service.tree.client import Answers
from pkgindex.service.tree.protocol import Request
from pkgindex.service.tree.trial.expectation import Expectation
from pkgindex.service.tree.trial.tally import Tally

ANSWER_SECONDS_MAX = 300.0


class Question(NamedTuple):
    """A line, and the request that it is; None when it is malformed."""

    line: bytes
    request: Request | None


class Line(asyncio.Protocol):
    """Asks, waits, and asks again. `tally` is that of the phase which goes on. Raises `NoServer` when the server is lost."""

    def __init__(self, place: str, expectation: Expectation) -> None:
        self.tally = Tally()
        self._place = place
        self._expectation = expectation
        self._answers = Answers()
        self._waiting: deque[tuple[Question, int, float]] = deque()
        self._heard: list[str] = []
        self._all_heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None

    async def ask(self, questions: Sequence[Question]) -> list[str]:
        """The answers to *questions*, which are sent together."""
        if self._transport is None:
            raise NoServer(f"{self._place}: the server hung up")
        self._heard, self._all_heard = [], asyncio.get_running_loop().create_future()
        for question in questions:
            moment = 0 if question.request is None else self._expectation.asked(question.request)
            self._waiting.append((question, moment, perf_counter()))
        self._transport.write(b"".join([question.line for question in questions]))
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                await self._all_heard
        except TimeoutError:
            raise NoServer(f"{self._place}: no answer for {ANSWER_SECONDS_MAX:g} seconds; see what its log says") from None
        return self._heard

    def close(self) -> None:
        """Ask no more."""
        if self._transport is not None:
            self._transport.close()

    # What the loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            for answer in self._answers.receive(data):
                self._hear(answer)
        except NoServer as error:
            self._fail(error)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._fail(NoServer(f"{self._place}: {error or 'the server hung up'}"))

    def _hear(self, answer: str) -> None:
        if not self._waiting:
            raise NoServer(f"{self._place}: it answers what was not asked")
        (line, request), moment, began = self._waiting.popleft()
        right = answer == "ERROR" if request is None else self._expectation.answered(request, moment, answer)
        self.tally.count(line, answer, perf_counter() - began, right)
        self._heard.append(answer)
        if not self._waiting and not self._all_heard.done():
            self._all_heard.set_result(None)

    def _fail(self, error: NoServer) -> None:
        if self._waiting and not self._all_heard.done():
            self._all_heard.set_exception(error)
