"""Rows about questions: pkgindex and the tools beside it, asked in turns, their answers compared by number."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from bench_peers import missing
from bench_table import Beside, Row
from bench_timing import Timed, interleaved, lines

PASS = [sys.executable, "-c", "pass"]
BARE = "python3 -c pass"
PROCESS_ROUNDS = 15


class Tool(NamedTuple):
    """Another tool on one question. The number of its answers must be ours, unless `differs` says why it is not.

    `program` is looked for before it is asked; empty: it comes with Python.
    """

    name: str
    program: str
    task: Callable[[], int]
    differs: str = ""


class Question(NamedTuple):
    what: str
    ask: Callable[[], int]
    seconds_max: float | None
    tools: tuple[Tool, ...] = ()


def asked(question: Question) -> Row:
    """The row of one question."""
    timed = interleaved(_tasks(question))
    ours = timed[""]
    return Row(question.what, ours.seconds, question.seconds_max, beside=_others(question, timed), answers=f"{ours.answer:,}")


def process(question: Question, times_max: float) -> Row:
    """The row of a question that is a whole process, which may take so many times what a bare Python takes."""
    timed = interleaved({BARE: lines(PASS), **_tasks(question)}, rounds=PROCESS_ROUNDS)
    ours, bare = timed[""], timed[BARE]
    times = ours.seconds / bare.seconds
    others = (Beside(BARE, bare.seconds), *_others(question, timed))
    return Row(question.what, ours.seconds, None, beside=others, answers=f"{ours.answer:,}",
               shown=f"{ours.seconds * 1000:.1f} ms, {times:.1f}x a bare python3", reached=times < times_max,
               wanted=f"under {times_max:g}x {BARE}")


def beside(tool: Tool, timed: Timed, ours: int) -> Beside:
    """What *tool* took, and how its answer compares with *ours*."""
    if timed.answer == ours:
        said = "same number"
    else:
        said = f"{timed.answer:,}: {tool.differs}" if tool.differs else f"**{timed.answer:,}: NOT THE SAME**"
    return Beside(tool.name, timed.seconds, answers=said)


def ahead_of(row: Row, name: str) -> Row:
    """The row with what tool *name* took in this very run as its target; as it is where that was not asked."""
    took = next((other.measured for other in row.beside if other.name == name), None)
    return row if took is None else row._replace(target=took, wanted=f"ahead of {name.partition(',')[0]}")


def count(found: Iterable[object]) -> int:
    """How many there are, each taken as it is delivered."""
    return sum(1 for _ in found)


def _tasks(question: Question) -> dict[str, Callable[[], int]]:
    """Our own, under no name, and those of the tools that are here."""
    return {"": question.ask, **{tool.name: tool.task for tool in question.tools if not _absent(tool)}}


def _others(question: Question, timed: Mapping[str, Timed]) -> tuple[Beside, ...]:
    ours = timed[""].answer
    return tuple(
        Beside(tool.name, None, missing=_absent(tool)) if _absent(tool) else beside(tool, timed[tool.name], ours)
        for tool in question.tools
    )


def _absent(tool: Tool) -> str:
    """What to say instead of a figure, or nothing when the tool is here."""
    return missing(tool.program) if tool.program else ""
