"""What the records of a battery come to. Pure: events in, a verdict out.

    lost     an acknowledged publish that a snapshot of its generation, or of a later one, does not hold
    twice    a generation that was acknowledged to two writers
    wrong    an answer that is of no generation, of another one than it says, or of one that came later

Staleness is the time from an acknowledgement to the moment in which a reader on some host knew of that generation or of a
later one; for each pair of an acknowledgement and a reader that was looking at the time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

Events = Sequence[Mapping[str, Any]]
SHOWN_MAX = 20


class Verdict(NamedTuple):
    publishes: int
    generations: int
    conflicts: int
    doubts: int
    looks: int
    restarts: int
    wrong: list[str]
    lost: list[str]
    twice: list[str]
    faults: list[str]
    refused: Counter[str]
    stale_median: float
    stale_worst: float
    publish_worst: float
    look_worst: float

    @property
    def sound(self) -> bool:
        return not (self.wrong or self.lost or self.twice or self.faults)


def judge(writers: Mapping[str, Events], readers: Mapping[str, Events]) -> Verdict:
    """The verdict on what *writers* and *readers*, by name, have recorded."""
    acks = {writer: _of(events, "ack") for writer, events in writers.items()}
    everything = [event for events in (*writers.values(), *readers.values()) for event in events]
    sights = [(reader, event) for reader, events in readers.items() for event in _of(events, "saw")]
    stale = [seconds for events in readers.values() for seconds in staleness(acks, events)]
    ends = _of(everything, "end")
    unknown = _unknown(writers)
    return Verdict(
        publishes=sum(map(len, acks.values())),
        generations=max((event["generation"] for _, event in sights), default=0),
        conflicts=len(_of(everything, "again")),
        doubts=len(_of(everything, "doubt")),
        looks=sum(event.get("looks", 0) for event in ends),
        restarts=sum(event.get("restarts", 0) for event in ends),
        wrong=[str(fault) for event in _of(everything, "wrong") for fault in event["faults"]]
        + [fault for reader, event in sights for fault in _early(reader, event, acks, unknown)],
        lost=[fault for reader, event in sights for fault in _missing(reader, event, acks)],
        twice=_twice(acks),
        faults=[event["why"] for event in _of(everything, "fault")],
        refused=Counter(event["call"] for event in _of(everything, "refused")),
        stale_median=median(stale) if stale else 0.0,
        stale_worst=max(stale, default=0.0),
        publish_worst=max((event["took"] for events in acks.values() for event in events), default=0.0),
        look_worst=max((event.get("longest", 0.0) for event in ends), default=0.0),
    )


def staleness(acks: Mapping[str, Events], events: Events) -> Iterator[float]:
    """For each acknowledgement while a reader looked, how many seconds later it knew."""
    sights = _of(events, "saw")
    known = [event["generation"] for event in sights]
    for ack in (event for published in acks.values() for event in published):
        place = bisect_left(known, ack["generation"])
        if 0 < place < len(sights):
            # A reader may see what was linked before the writer has flushed it and says so.
            yield max(0.0, sights[place]["known"] - ack["at"])


def _of(events: Events, kind: str) -> list[Mapping[str, Any]]:
    return [event for event in events if event["event"] == kind]


def _twice(acks: Mapping[str, Events]) -> list[str]:
    owners = defaultdict(list)
    for writer, events in acks.items():
        for event in events:
            owners[event["generation"]].append(f"{writer} for its publish {event['count']}")
    return [f"generation {generation} was given to {' and to '.join(found)}"
            for generation, found in owners.items() if len(found) > 1]


def _missing(reader: str, event: Mapping[str, Any], acks: Mapping[str, Events]) -> Iterator[str]:
    for writer, count in event["counts"].items():
        due = _newest(acks.get(writer, ()), event["generation"])
        if count < due:
            yield f"{reader}: generation {event['generation']} holds publish {count} of {writer}, which had {due} acknowledged"


def _unknown(writers: Mapping[str, Events]) -> dict[tuple[str, int], int]:
    """By writer and publish, the generation that may have been it although it was done again: when its writer, who had been
    stopped, came to look, that one was retired, and so may have been built upon.
    """
    return {(writer, event["count"]): event["generation"]
            for writer, events in writers.items() for event in reversed(_of(events, "again")) if event.get("unknown")}


def _early(
    reader: str, event: Mapping[str, Any], acks: Mapping[str, Events], unknown: Mapping[tuple[str, int], int]
) -> Iterator[str]:
    for writer, count in event["counts"].items():
        found = [ack["generation"] for ack in acks.get(writer, ()) if ack["count"] == count]
        if found and min(found[0], unknown.get((writer, count), found[0])) > event["generation"]:
            yield f"{reader}: generation {event['generation']} holds publish {count} of {writer}, which is {found[0]}"


def _newest(acks: Events, generation: int) -> int:
    """The last publish of a writer up to *generation*; its acknowledgements are in order."""
    place = bisect_left(acks, generation + 1, key=lambda ack: ack["generation"])
    return int(acks[place - 1]["count"]) if place else 0
