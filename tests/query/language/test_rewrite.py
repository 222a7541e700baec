from __future__ import annotations

import pytest
from hypothesis import given

from pkgindex.query.language.rewrite import as_packages, flat, terms
from pkgindex.query.language.tree import And, Not, Or, Packages, Query, Term, With
from query.language.trees import RAW_TREES, both, either, one_thing, word

A, B, C = word("a"), word("b"), word("c")

TABLE = [
    (And((A,)), A),
    (And((A, And((B, C)))), both(A, B, C)),
    (Or((Or((A, Or((B,)))), C)), either(A, B, C)),
    (With((With((A, B)), C)), one_thing(A, B, C)),
    (Or((And((A, B)), C)), either(both(A, B), C)),
    (And((Or((A,)), And((B,)))), both(A, B)),
    (Not(Not(A)), A),
    (Not(Not(Not(A))), Not(A)),
    (Not(And((Not(A),))), A),
    (Packages(Packages(A)), Packages(A)),
    (Packages(And((Packages(A),))), Packages(A)),
    (Packages(Not(A)), Packages(Not(A))),
]


@pytest.mark.parametrize(("tree", "plainer"), TABLE)
def test_a_tree_has_a_normal_form(tree: Query, plainer: Query) -> None:
    assert flat(tree) == plainer


@given(RAW_TREES)
def test_the_normal_form_keeps_what_the_tree_promises(tree: Query) -> None:
    plainer = flat(tree)
    assert flat(plainer) == plainer
    assert list(terms(plainer)) == list(terms(tree))
    assert all(_plain(part) for part in _nodes(plainer))


@given(RAW_TREES)
def test_packages_are_asked_for_once_however_often_it_is_said(tree: Query) -> None:
    asked = as_packages(tree)
    assert isinstance(asked, Packages)
    assert not isinstance(asked.part, Packages)
    assert as_packages(asked) == asked == as_packages(flat(tree))


def _plain(node: Query) -> bool:
    if isinstance(node, (And, Or, With)):
        return len(node.parts) > 1 and not any(isinstance(part, type(node)) for part in node.parts)
    return isinstance(node, Term) or not isinstance(node.part, type(node))


def _nodes(tree: Query) -> list[Query]:
    if isinstance(tree, Term):
        return [tree]
    parts = (tree.part,) if isinstance(tree, (Not, Packages)) else tree.parts
    return [tree, *(node for part in parts for node in _nodes(part))]
