"""The tree answers as a plain dictionary does, also when drafts lie over it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pkgindex.service.tree.protocol import FAIL, MALFORMED, OK, Malformed, Request
from pkgindex.service.tree.state import Draft, Tree, listed
from service.tree.plaintree import PlainTree

NAMES = [f"p{number}" for number in range(5)]
names = st.sampled_from(NAMES)
requests = st.one_of(
    st.builds(Request, st.just("INDEX"), names, st.lists(names, max_size=3).map(tuple)),
    st.builds(Request, st.sampled_from(["REMOVE", "QUERY"]), names),
    st.just(MALFORMED),
)


class TreeMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.tree = Tree()
        self.plain = PlainTree()

    @rule(group=st.lists(requests, max_size=8))
    def a_group_is_taken_over(self, group: list[Request | Malformed]) -> None:
        draft = Draft(self.tree)
        assert [draft.answer(request) for request in group] == [self.plain.answer(request) for request in group]
        self.tree.take(draft.changes())

    @rule(group=st.lists(requests, max_size=8))
    def a_group_is_forgotten(self, group: list[Request | Malformed]) -> None:
        draft = Draft(self.tree)
        for request in group:
            draft.answer(request)

    @rule(below=st.lists(requests, max_size=5), above=st.lists(requests, max_size=5))
    def two_drafts_are_taken_over(self, below: list[Request | Malformed], above: list[Request | Malformed]) -> None:
        lower = Draft(self.tree)
        upper = Draft(lower)
        assert [lower.answer(request) for request in below] == [self.plain.answer(request) for request in below]
        assert [upper.answer(request) for request in above] == [self.plain.answer(request) for request in above]
        changes = upper.changes()
        self.tree.take(lower.changes())
        self.tree.take(changes)

    @rule(request=requests)
    def what_changes_nothing_is_answered_at_once(self, request: Request | Malformed) -> None:
        before = {name: set(found) for name, found in self.plain.lists.items()}
        answer, expected = self.tree.answer(request), self.plain.answer(request)
        assert (answer or OK) == expected
        assert (answer is None) == (self.plain.lists != before)
        self.plain.lists = before

    @invariant()
    def all_is_as_the_dictionary_has_it(self) -> None:
        for name in NAMES:
            found = self.plain.lists.get(name)
            assert self.tree.needs(name) == (None if found is None else listed(found))
            assert self.tree.dependants(name) == sum(name in n for p, n in self.plain.lists.items() if p != name)


TreeMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
TestTree = TreeMachine.TestCase


@settings(deadline=None)
@given(st.lists(requests, max_size=12))
def test_every_dependency_of_what_is_indexed_is_indexed(group: list[Request | Malformed]) -> None:
    tree = Tree()
    draft = Draft(tree)
    for request in group:
        draft.answer(request)
    tree.take(draft.changes())
    for name in NAMES:
        assert all(needed in tree for needed in tree.needs(name) or ())


def test_what_is_named_and_not_indexed_binds_nobody_until_it_is() -> None:
    tree = Tree()
    tree.take({"mutt": ("mail-agent",)})
    assert tree.answer(Request("QUERY", "mail-agent")) == FAIL
    assert tree.answer(Request("REMOVE", "mail-agent")) == OK
    tree.take({"mail-agent": ()})
    assert tree.answer(Request("REMOVE", "mail-agent")) == FAIL


def test_a_cycle_made_by_indexing_again_holds_both() -> None:
    tree = Tree()
    for package, needs in {"a": (), "b": ("a",)}.items():
        tree.take({package: needs})
    tree.take({"a": ("b",)})
    assert [tree.answer(Request("REMOVE", name)) for name in ("a", "b")] == [FAIL, FAIL]


def test_what_was_changed_and_changed_back_is_no_change() -> None:
    draft = Draft(Tree())
    assert [draft.answer(Request(command, "a")) for command in ("INDEX", "REMOVE")] == [OK, OK]
    assert draft.changes() == {}
