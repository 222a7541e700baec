"""The graphs of a trial."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pkgindex.service.tree.components import components, is_cyclic
from pkgindex.service.tree.trial.synthetic import synthetic, without_circles


@given(st.integers(1, 300), st.integers(0, 1 << 32))
def test_a_graph_can_be_indexed_and_is_the_same_for_one_seed(packages: int, seed: int) -> None:
    needs = synthetic(packages, seed)
    assert len(needs) == packages and needs == synthetic(packages, seed)
    assert not any(is_cyclic(group, needs) for group in components(needs))
    assert all(set(names) <= needs.keys() and len(set(names)) == len(names) for names in needs.values())


def test_it_has_the_edges_and_the_few_that_many_need() -> None:
    needs = synthetic(3400, 1)
    edges = Counter(name for names in needs.values() for name in names)
    assert 22_000 < edges.total() < 24_000
    assert edges.most_common(1)[0][1] > 20 * edges.total() / len(needs)
    assert needs != synthetic(3400, 2)


names = st.sampled_from("abcdef")


@given(st.dictionaries(names, st.sets(names)).map(lambda found: {name: tuple(sorted(needs & found.keys()))
                                                                for name, needs in found.items()}))
def test_circles_are_cut_and_nothing_else(needs: dict[str, tuple[str, ...]]) -> None:
    cut = without_circles(needs)
    assert not any(is_cyclic(group, cut) for group in components(cut))
    for group in components(needs):
        for package in group:
            assert set(needs[package]) - set(group) <= set(cut[package]) <= set(needs[package])
