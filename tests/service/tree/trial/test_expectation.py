"""A right server is never called wrong, whatever overlaps; one that is not is caught."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkgindex.service.tree.protocol import Request
from pkgindex.service.tree.trial.expectation import Expectation
from service.tree.plaintree import PlainTree

NEEDS: dict[str, tuple[str, ...]] = {"a": (), "b": ("a",), "c": ("a", "b"), "d": ()}


def request(command: str, package: str) -> Request:
    return Request(command, package, NEEDS[package] if command == "INDEX" else ())


steps = st.tuples(st.integers(0, 3), st.sampled_from(["INDEX", "INDEX", "REMOVE", "QUERY"]), st.sampled_from(sorted(NEEDS)))


@settings(deadline=None, max_examples=400)
@given(st.lists(steps, max_size=60), st.dictionaries(st.sampled_from(["a", "d", "outside"]), st.just({"a"})))
def test_a_server_that_is_right_is_never_called_wrong(taken: list[tuple[int, str, str]], before: dict[str, set[str]]) -> None:
    """Each step moves one client on: it asks, the server acts, the answer comes."""
    tree, expectation = PlainTree(), Expectation(NEEDS)
    tree.lists = {"a": set(), **before}
    asked: dict[int, tuple[Request, int, str]] = {}
    for client, command, package in taken:
        if client not in asked:
            if command != "QUERY" and sorted(NEEDS).index(package) != client:
                command = "QUERY"
            said = request(command, package)
            asked[client] = (said, expectation.asked(said), "")
            continue
        said, moment, answer = asked.pop(client)
        if answer:
            assert expectation.answered(said, moment, answer), (said, answer)
        else:
            asked[client] = (said, moment, tree.answer(said).decode().strip())


def asked(expectation: Expectation, command: str, package: str, answer: str) -> bool:
    said = request(command, package)
    return expectation.answered(said, expectation.asked(said), answer)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["INDEX", "REMOVE", "QUERY"]), st.sampled_from(sorted(NEEDS))), max_size=20),
       st.sampled_from(["INDEX", "REMOVE", "QUERY"]), st.sampled_from(sorted(NEEDS)))
def test_every_false_answer_of_one_client_alone_is_wrong(
    before: list[tuple[str, str]], command: str, package: str
) -> None:
    tree, expectation = PlainTree(), Expectation(NEEDS)
    story = [("REMOVE", name) for name in sorted(NEEDS)] + before
    for word, name in story:
        assert asked(expectation, word, name, tree.answer(request(word, name)).decode().strip())
    right = tree.answer(request(command, package)).decode().strip()
    assert not asked(expectation, command, package, "FAIL" if right == "OK" else "OK")


@pytest.mark.parametrize(("command", "answer"), [("QUERY", "FAIL"), ("REMOVE", "ERROR"), ("INDEX", "ERROR")])
def test_what_was_acknowledged_must_be_known_by_the_next_question(command: str, answer: str) -> None:
    expectation = Expectation(NEEDS)
    assert asked(expectation, "INDEX", "a", "OK")
    assert not asked(expectation, command, "a", answer)


def test_a_question_that_was_asked_before_the_acknowledgement_may_go_either_way() -> None:
    for answer in ("OK", "FAIL"):
        expectation = Expectation(NEEDS)
        assert asked(expectation, "REMOVE", "a", "OK")
        index, query = request("INDEX", "a"), request("QUERY", "a")
        begun, moment = expectation.asked(index), expectation.asked(query)
        assert expectation.answered(index, begun, "OK")
        assert expectation.answered(query, moment, answer)
        assert not asked(expectation, "QUERY", "a", "FAIL")
