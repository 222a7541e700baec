"""The judge of a battery finds each kind of lie, and none where there is none."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lab.battery.judge import judge, staleness

Event = dict[str, Any]
Told = dict[str, list[Event]]


def ack(generation: int, count: int, at: float = 0.0) -> Event:
    return {"event": "ack", "at": at, "generation": generation, "count": count, "took": 0.1}


def saw(generation: int, known: float = 0.0, **counts: int) -> Event:
    return {"event": "saw", "at": known, "known": known, "generation": generation, "counts": counts}


@st.composite
def histories(draw: st.DrawFn) -> tuple[Told, Told]:
    """Two writers that take turns as they like, and readers that see what is there."""
    owners = draw(st.lists(st.sampled_from("ab"), min_size=1, max_size=20))
    acks: dict[str, list[Event]] = {"a": [], "b": []}
    states = []
    for number, owner in enumerate(owners):
        acks[owner].append(ack(number + 1, len(acks[owner]) + 1, float(number)))
        states.append(saw(number + 1, number + 0.5, a=len(acks["a"]), b=len(acks["b"])))
    looked = draw(st.lists(st.integers(0, len(states) - 1), min_size=1, unique=True))
    return acks, {"reader": [states[place] for place in sorted(looked)]}


@given(histories())
def test_an_honest_history_is_sound(history: tuple[Told, Told]) -> None:
    verdict = judge(*history)
    assert verdict.sound
    assert verdict.publishes == sum(map(len, history[0].values()))


@given(histories(), st.data())
def test_a_count_that_goes_back_is_a_lost_publish(
    history: tuple[Told, Told], data: st.DataObject
) -> None:
    acks, readers = history
    sight = data.draw(st.sampled_from(readers["reader"]))
    writer = data.draw(st.sampled_from([name for name, count in sight["counts"].items() if count]))
    sight["counts"][writer] -= 1
    assert len(judge(acks, readers).lost) == 1


@given(histories(), st.data())
def test_what_comes_from_later_is_wrong(
    history: tuple[Told, Told], data: st.DataObject
) -> None:
    acks, readers = history
    sight = data.draw(st.sampled_from(readers["reader"]))
    acks["c"] = [ack(sight["generation"] + 1, 1)]
    sight["counts"]["c"] = 1
    assert len(judge(acks, readers).wrong) == 1


def test_a_publish_of_which_its_writer_cannot_know_may_be_there_before_it_is_done_again() -> None:
    again = {"event": "again", "at": 0.0, "why": "retired", "generation": 96, "count": 42, "unknown": True}
    acks = {"a": [again, {**again, "generation": 150}, ack(157, 42)]}
    assert judge(acks, {"reader": [saw(96, a=42), saw(156, a=42), saw(157, a=42)]}).sound
    assert len(judge(acks, {"reader": [saw(95, a=42)]}).wrong) == 1
    assert len(judge({"a": [{**again, "unknown": False}, ack(157, 42)]}, {"reader": [saw(96, a=42)]}).wrong) == 1


@given(histories(), st.data())
def test_a_generation_of_two_is_told(history: tuple[Told, Told], data: st.DataObject) -> None:
    acks, readers = history
    taken = data.draw(st.sampled_from([event for events in acks.values() for event in events]))
    acks["thief"] = [ack(taken["generation"], 1)]
    assert len(judge(acks, readers).twice) == 1


def test_a_publish_that_nobody_was_told_of_may_be_there_or_not() -> None:
    for count in (1, 2):
        assert judge({"a": [ack(1, 1)]}, {"reader": [saw(2, a=count)]}).sound


def test_faults_that_were_recorded_make_it_unsound() -> None:
    for event in ({"event": "fault", "why": "torn"}, {"event": "wrong", "faults": ["mixed"]}):
        assert not judge({}, {"reader": [{"at": 0.0, **event}]}).sound


def test_staleness_is_told_of_acknowledgements_while_a_reader_looked() -> None:
    acks = {"a": [ack(1, 1, 1.0), ack(2, 2, 2.0), ack(3, 3, 3.0), ack(4, 4, 4.0)]}
    looks = [saw(1, 1.5), saw(3, 3.25)]
    assert list(staleness(acks, looks)) == [1.25, 0.25]
