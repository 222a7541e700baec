"""Numbers that are watched from outside, and their text, as Prometheus reads it (text exposition format 0.0.4).

Each belongs to one thread, that counts; any other may read meanwhile, and sees some number between before and after.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

Labels = tuple[str, ...]


class Metric(Protocol):
    """One name with its numbers."""

    def lines(self) -> Iterator[str]:
        """What it is, and what it says now."""


class Counter:
    """How often something has happened, by what *labels* tell apart."""

    def __init__(self, name: str, meaning: str, labels: Labels = ()) -> None:
        self._name, self._meaning, self._labels = name, meaning, labels
        self._counts: dict[Labels, int] = {} if labels else {(): 0}

    def add(self, *values: str) -> None:
        self._counts[values] = self._counts.get(values, 0) + 1

    def lines(self) -> Iterator[str]:
        yield from _head(self._name, self._meaning, "counter")
        for values, count in sorted(self._counts.copy().items()):
            yield f"{self._name}{labelled(zip(self._labels, values, strict=True))} {count}"


class Gauge:
    """What *look* finds when it is asked."""

    def __init__(self, name: str, meaning: str, look: Callable[[], int]) -> None:
        self._name, self._meaning, self._look = name, meaning, look

    def lines(self) -> Iterator[str]:
        yield from _head(self._name, self._meaning, "gauge")
        yield f"{self._name} {self._look()}"


class Histogram:
    """How many of the values that were seen are at most as much as each of *bounds*, which ascend."""

    def __init__(self, name: str, meaning: str, bounds: Sequence[float]) -> None:
        self._name, self._meaning, self._bounds = name, meaning, bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def see(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def lines(self) -> Iterator[str]:
        yield from _head(self._name, self._meaning, "histogram")
        total = 0
        for bound, count in zip((*(f"{bound:g}" for bound in self._bounds), "+Inf"), self._counts.copy(), strict=True):
            total += count
            yield f'{self._name}_bucket{{le="{bound}"}} {total}'
        yield f"{self._name}_sum {self._sum!r}"
        yield f"{self._name}_count {total}"


def exposition(metrics: Iterable[Metric]) -> str:
    return "".join(f"{line}\n" for metric in metrics for line in metric.lines())


def labelled(pairs: Iterable[tuple[str, str]]) -> str:
    r"""Labels as they stand behind a name.

    >>> print(labelled([("command", "INDEX"), ("path", 'a"b')]))
    {command="INDEX",path="a\"b"}
    """
    found = ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs)
    return f"{{{found}}}" if found else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _head(name: str, meaning: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"
