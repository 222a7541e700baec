"""A trial of tree servers, by many clients at once:

    clear     remove everything, pass after pass, until one is clean
    index     index everything the same way; who comes too early tries again in the next pass
    there     query everything
    remove    remove everything, pass after pass
    gone      query everything

Each client changes packages of its own, and queries those of another, who asks another server where there are several.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import NamedTuple

from pkgindex.errors import BadInput, NoServer
from pkgindex.service.tree.client import encode
from pkgindex.service.tree.protocol import Request
from pkgindex.service.tree.trial.expectation import Expectation
from pkgindex.service.tree.trial.line import Line, Question
from pkgindex.service.tree.trial.tally import WRONG_SHOWN_MAX, Phase, Tally

PHASES = (("clear", "REMOVE"), ("index", "INDEX"), ("there", "QUERY"), ("remove", "REMOVE"), ("gone", "QUERY"))
MALFORMED = (
    b"\n", b"|\n", b"INDEX\n", b"INDEX||\n", b"QUERY|a\n", b"query|a|\n", b"DROP|a|\n", b"REMOVE|a|b|\n", b"INDEX|a b|\n",
    b"INDEX|a|b,\n", b"QUERY|a|\r\n", b"QUERY|\xff|\n", b"INDEX|a\0|\n",
)

Tell = Callable[[str], None]


class Plan(NamedTuple):
    """How to ask. *malformed* is the share of lines that are none; *pipeline* lines are sent before their answers are read."""

    servers: tuple[tuple[str, int], ...]
    clients: int = 100
    seed: int = 1
    malformed: float = 0.0
    pipeline: int = 1


class Report(NamedTuple):
    """What it came to; the first of the *wrong* answers."""

    phases: tuple[Phase, ...]
    wrong: tuple[str, ...]


class Trial:
    """*needs* must have no circles, and nobody else may change its packages meanwhile."""

    def __init__(self, needs: Mapping[str, Sequence[str]], plan: Plan, tell: Tell = lambda words: None) -> None:
        self._plan = plan
        self._tell = tell
        # Not the chance of the graph, which would put its names in the one order that needs no second pass.
        self._chance = random.Random(f"trial {plan.seed}")
        self._expectation = Expectation(needs)
        self._questions = {
            command: {package: _question(command, package, needs) for package in needs} for _, command in PHASES
        }
        names = sorted(needs)
        self._chance.shuffle(names)
        self._shares = [names[number::plan.clients] for number in range(plan.clients)]

    async def run(self) -> Report:
        """All phases. Raises `NoServer`, and `BadInput` when something that is not of the trial keeps packages there."""
        lines: list[Line] = []
        try:
            for number in range(self._plan.clients):
                server = self._plan.servers[number % len(self._plan.servers)]
                lines.append(await self._connected(*server))
            phases, wrong = [], []
            for name, command in PHASES:
                tally = Tally()
                phases.append(await self._phase(name, command, lines, tally))
                wrong += tally.wrong
            return Report(tuple(phases), tuple(wrong[:WRONG_SHOWN_MAX]))
        finally:
            for line in lines:
                line.close()

    async def _connected(self, host: str, port: int) -> Line:
        place = f"{host}:{port}"
        try:
            _, line = await asyncio.get_running_loop().create_connection(lambda: Line(place, self._expectation), host, port)
        except OSError as error:
            why = error.strerror or str(error)
            raise NoServer(f"{place}: {why}; start a server there with 'pkgindex serve tree REPO'") from None
        return line

    async def _phase(self, name: str, command: str, lines: Sequence[Line], tally: Tally) -> Phase:
        for line in lines:
            line.tally = tally
        shares = self._shares[1:] + self._shares[:1] if command == "QUERY" else self._shares
        began, passes, before = perf_counter(), 0, sum(map(len, shares)) + 1
        while 0 < (left := sum(map(len, shares))) < before:
            self._tell(f"{name}, pass {passes + 1}, {left} to ask")
            pairs = zip(lines, shares, strict=True)
            shares = await asyncio.gather(*[self._pass(line, command, share) for line, share in pairs])
            before, passes = left, passes + 1
            if command == "QUERY":
                break
        phase = tally.phase(name, passes, perf_counter() - began)
        if left and command != "QUERY" and not tally.wrong:
            package = next(package for share in shares for package in share)
            raise BadInput(f"{name}: {left:,} packages, as {package!r}, stay FAIL; something else depends on them: "
                           "serve a repository that is empty, and to nobody else")
        return phase

    async def _pass(self, line: Line, command: str, share: Sequence[str]) -> list[str]:
        """Ask for each package of *share* once; those that are not OK."""
        left = []
        for start in range(0, len(share), self._plan.pipeline):
            packages = share[start : start + self._plan.pipeline]
            questions = [question for package in packages for question in self._spoiled(self._questions[command][package])]
            answers = await line.ask(questions)
            left += [question.request.package for question, answer in zip(questions, answers, strict=True)
                     if question.request is not None and answer != "OK"]
        return left

    def _spoiled(self, question: Question) -> list[Question]:
        """*question*, and before it a line that is malformed, as often as is planned."""
        if self._plan.malformed and self._chance.random() < self._plan.malformed:
            return [Question(self._chance.choice(MALFORMED), None), question]
        return [question]


def _question(command: str, package: str, needs: Mapping[str, Sequence[str]]) -> Question:
    request = Request(command, package, tuple(needs[package]) if command == "INDEX" else ())
    return Question(encode(request), request)
