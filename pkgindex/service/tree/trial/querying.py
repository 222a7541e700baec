"""A trial that only asks: QUERY and nothing else, for a while, many lines at a time.

What is there is learned first, by asking for everything once; then every answer must be the one that was learned, for
nobody is to change anything meanwhile. The lines and the answers that are due are put together beforehand, and answers
are compared as bytes, many at once: so checking all of them costs next to nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from time import perf_counter
from typing import NamedTuple

from pkgindex.errors import NoServer
from pkgindex.service.tree.client import Answers, encode
from pkgindex.service.tree.protocol import Request
from pkgindex.service.tree.trial.tally import WRONG_SHOWN_MAX, Tally
from pkgindex.service.tree.trial.trial import Plan, Report, Tell, connected, dealt_out
from pkgindex.service.tree.trial.wires import Wire, Wires


class Batch(NamedTuple):
    """Lines that are sent together, and the answers that are due."""

    lines: tuple[bytes, ...]
    sent: bytes
    due: bytes = b""
    ok: int = 0
    fail: int = 0


class Asker:
    """One client. It asks its batches again and again until `until`; a time that is over: each once, to learn the answers."""

    def __init__(self, wire: Wire, lines: list[bytes], pipeline: int) -> None:
        self.tally = Tally()
        self.until = 0.0
        self.rounds = 0
        self._wire = wire
        pieces = [tuple(lines[start : start + pipeline]) for start in range(0, len(lines), pipeline)]
        self._batches = [Batch(piece, b"".join(piece)) for piece in pieces]
        self._place = 0
        self._heard = b""
        self._began = 0.0

    def ask(self) -> bool:
        """Send the next batch; False when it is enough."""
        if self._place == len(self._batches):
            self._place, self.rounds = 0, self.rounds + 1
        self._began = perf_counter()
        if self._began > self.until and self.rounds:
            return False
        self._wire.send(self._batches[self._place].sent)
        return True

    def hear(self) -> bool:
        """Compare what has come, and ask on when it is all; False when it is enough."""
        self._heard += self._wire.receive()
        batch = self._batches[self._place]
        missing = len(batch.lines) - self._heard.count(b"\n")
        if missing > 0:
            return True
        heard, self._heard = self._heard, b""
        if missing < 0 or not heard.endswith(b"\n"):
            raise NoServer(f"{self._wire.place}: it answers what was not asked")
        seconds = perf_counter() - self._began
        if heard != batch.due:
            batch = self._compared(batch, heard)
        self.tally.count_many(batch.ok, batch.fail, seconds)
        self._place += 1
        return self.ask()

    def _compared(self, batch: Batch, heard: bytes) -> Batch:
        """The batch with what it was answered now: learned the first time, later with mistakes."""
        answers = Answers().receive(heard)
        due = Answers().receive(batch.due) if batch.due else answers
        for line, answer, right in zip(batch.lines, answers, due, strict=True):
            if answer != right or answer == "ERROR":
                self.tally.mistake(line, answer)
        found = batch._replace(due=batch.due or heard, ok=answers.count("OK"), fail=answers.count("FAIL"))
        if not batch.due:
            self._batches[self._place] = found
        return found


def query(packages: Iterable[str], plan: Plan, seconds: float, tell: Tell = lambda words: None) -> Report:
    """Ask for *packages* for so many *seconds*. Raises `NoServer`."""
    shares = dealt_out(packages, plan.clients, random.Random(f"trial {plan.seed}"))
    lines = [[encode(Request("QUERY", package)) for package in share] for share in shares if share]
    wires = connected(plan._replace(clients=len(lines)))
    try:
        askers = [Asker(wire, share, plan.pipeline) for wire, share in zip(wires.wires, lines, strict=True)]
        phases, wrong = [], []
        for name, lasting in (("learn", 0.0), ("query", seconds)):
            tell(name)
            tally = Tally()
            _run(wires, askers, tally, perf_counter() + lasting)
            phases.append(tally.phase(name, min(asker.rounds for asker in askers)))
            wrong += tally.wrong
        return Report(tuple(phases), tuple(wrong[:WRONG_SHOWN_MAX]))
    finally:
        wires.close()


def _run(wires: Wires, askers: list[Asker], tally: Tally, until: float) -> None:
    for asker in askers:
        asker.tally, asker.until, asker.rounds = tally, until, 0
    asking = {number for number, asker in enumerate(askers) if asker.ask()}
    while asking:
        for number in wires.heard():
            if not askers[number].hear():
                asking.discard(number)
