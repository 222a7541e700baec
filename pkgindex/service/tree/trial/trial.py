"""A trial of tree servers, by many clients at once:

    clear     remove everything, pass after pass, until one is clean
    index     index everything the same way; who comes too early tries again in the next pass
    there     query everything
    remove    remove everything, pass after pass
    gone      query everything

Each client changes packages of its own, and queries those of another, who asks another server where there are several.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pkgindex.errors import BadInput
from pkgindex.service.tree.client import encode
from pkgindex.service.tree.protocol import Request
from pkgindex.service.tree.trial.expectation import Expectation
from pkgindex.service.tree.trial.line import Line, Question
from pkgindex.service.tree.trial.tally import WRONG_SHOWN_MAX, Phase, Tally
from pkgindex.service.tree.trial.wires import Wires

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
        self._shares = dealt_out(needs, plan.clients, self._chance)

    def run(self) -> Report:
        """All phases. Raises `NoServer`, and `BadInput` when something that is not of the trial keeps packages there."""
        wires = connected(self._plan)
        try:
            lines = [Line(wire, self._expectation) for wire in wires.wires]
            phases, wrong = [], []
            for name, command in PHASES:
                tally = Tally()
                phases.append(self._phase(name, command, wires, lines, tally))
                wrong += tally.wrong
            return Report(tuple(phases), tuple(wrong[:WRONG_SHOWN_MAX]))
        finally:
            wires.close()

    def _phase(self, name: str, command: str, wires: Wires, lines: Sequence[Line], tally: Tally) -> Phase:
        for line in lines:
            line.tally = tally
        shares = self._shares[1:] + self._shares[:1] if command == "QUERY" else self._shares
        passes, before = 0, sum(map(len, shares)) + 1
        while 0 < (left := sum(map(len, shares))) < before:
            self._tell(f"{name}, pass {passes + 1}, {left} to ask")
            shares = self._pass(command, wires, lines, shares)
            before, passes = left, passes + 1
            if command == "QUERY":
                break
        phase = tally.phase(name, passes)
        if left and command != "QUERY" and not tally.wrong:
            package = next(package for share in shares for package in share)
            raise BadInput(f"{name}: {left:,} packages, as {package!r}, stay FAIL; something else depends on them: "
                           "serve a repository that is empty, and to nobody else")
        return phase

    def _pass(self, command: str, wires: Wires, lines: Sequence[Line], shares: Sequence[Sequence[str]]) -> list[list[str]]:
        """Ask for each package once; those that are not OK, share by share."""
        pairs = enumerate(zip(lines, shares, strict=True))
        asking = {number for number, (line, share) in pairs if line.begin(self._batches(command, share))}
        while asking:
            for number in wires.heard():
                if not lines[number].hear():
                    asking.discard(number)
        return [line.left for line in lines]

    def _batches(self, command: str, share: Sequence[str]) -> Iterator[list[Question]]:
        """The questions that are sent together, one after the other."""
        questions = self._questions[command]
        for start in range(0, len(share), self._plan.pipeline):
            packages = share[start : start + self._plan.pipeline]
            yield [question for package in packages for question in self._spoiled(questions[package])]

    def _spoiled(self, question: Question) -> list[Question]:
        """*question*, and before it a line that is malformed, as often as is planned."""
        if self._plan.malformed and self._chance.random() < self._plan.malformed:
            return [Question(self._chance.choice(MALFORMED), None), question]
        return [question]


def connected(plan: Plan) -> Wires:
    """All clients, which take the servers in turn."""
    return Wires([plan.servers[number % len(plan.servers)] for number in range(plan.clients)])


def dealt_out(packages: Iterable[str], clients: int, chance: random.Random) -> list[list[str]]:
    """What each of so many *clients* asks, in an order of *chance*."""
    names = sorted(packages)
    chance.shuffle(names)
    return [names[number::clients] for number in range(clients)]


def _question(command: str, package: str, needs: Mapping[str, Sequence[str]]) -> Question:
    request = Request(command, package, tuple(needs[package]) if command == "INDEX" else ())
    return Question(encode(request), request)
