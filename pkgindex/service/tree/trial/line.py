"""One client of a trial: questions into its connection, each answer judged in the moment in which it comes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from time import perf_counter
from typing import NamedTuple

from pkgindex.errors import NoServer
from pkgindex.service.tree.client import Answers
from pkgindex.service.tree.protocol import Request
from pkgindex.service.tree.trial.expectation import Expectation
from pkgindex.service.tree.trial.tally import Tally
from pkgindex.service.tree.trial.wires import Wire


class Question(NamedTuple):
    """A line, and the request that it is; None when it is malformed."""

    line: bytes
    request: Request | None


class Line:
    """Asks, waits, and asks again. `tally` is that of the phase which goes on; `left` are the packages that were not OK."""

    def __init__(self, wire: Wire, expectation: Expectation) -> None:
        self.tally = Tally()
        self.left: list[str] = []
        self._wire = wire
        self._expectation = expectation
        self._answers = Answers()
        self._ahead: Iterator[list[Question]] = iter(())
        self._waiting: deque[tuple[Question, int, float]] = deque()

    def begin(self, batches: Iterator[list[Question]]) -> bool:
        """Ask *batches*, one after the other; False when there is none."""
        self.left, self._ahead = [], batches
        return self._ask()

    def hear(self) -> bool:
        """Judge what has come, and ask on; False when all is answered."""
        for answer in self._answers.receive(self._wire.receive()):
            self._judge(answer)
        return bool(self._waiting) or self._ask()

    def _ask(self) -> bool:
        questions = next(self._ahead, None)
        if questions is None:
            return False
        asked, now = self._expectation.asked, perf_counter()
        for question in questions:
            self._waiting.append((question, 0 if question.request is None else asked(question.request), now))
        self._wire.send(b"".join([question.line for question in questions]))
        return True

    def _judge(self, answer: str) -> None:
        if not self._waiting:
            raise NoServer(f"{self._wire.place}: it answers what was not asked")
        (line, request), moment, began = self._waiting.popleft()
        if request is None:
            right = answer == "ERROR"
        else:
            right = self._expectation.answered(request, moment, answer)
            if answer != "OK":
                self.left.append(request.package)
        self.tally.count(line, answer, perf_counter() - began, right)
