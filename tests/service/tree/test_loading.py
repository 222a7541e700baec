"""A list is loaded whole, or what is impossible of it is named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hypothesis import example, given
from hypothesis import strategies as st

from pkgindex.service.tree.components import components, is_cyclic
from pkgindex.service.tree.loading import Left, Load, Loaded
from pkgindex.service.tree.protocol import Request
from service.tree.plaintree import PlainTree

Graph = dict[str, tuple[str, ...]]
LETTERS = "abcdef"
graphs = st.dictionaries(st.sampled_from(LETTERS), st.lists(st.sampled_from(f"{LETTERS}z"), max_size=3).map(tuple))


def reached(needs: Graph, start: str) -> set[str]:
    """What *start* needs, and what that needs, to the end; by plain repetition."""
    found: set[str] = set()
    ahead = set(needs[start])
    while ahead - found:
        found |= ahead
        ahead = {name for package in found for name in needs.get(package, ())}
    return found


@given(graphs)
def test_a_component_is_what_needs_each_other_and_comes_after_what_it_needs(needs: Graph) -> None:
    found = components(needs)
    assert sorted(package for component in found for package in component) == sorted(needs)
    together = {package: {other for other in needs if other in reached(needs, package) and package in reached(needs, other)}
                for package in needs}
    seen: set[str] = set()
    for component in found:
        assert all(set(component) == together[package] | {package} for package in component)
        assert is_cyclic(component, needs) == (component[0] in reached(needs, component[0]))
        seen |= set(component)
        assert all(name in seen for package in component for name in needs[package] if name in needs)


def test_a_chain_as_long_as_the_list_is_walked() -> None:
    needs = {str(number): (str(number + 1),) for number in range(5000)}
    assert components(needs) == [(str(number),) for number in reversed(range(5000))]


class Server:
    """Answers as a plain dictionary does, and remembers what was asked."""

    def __init__(self, *indexed: str) -> None:
        self.tree = PlainTree()
        self.tree.lists = {name: set() for name in indexed}
        self.asked: list[Request] = []

    def ask(self, requests: Iterable[Request]) -> Iterator[str]:
        for request in requests:
            self.asked.append(request)
            yield self.tree.answer(request).decode().strip()


def loaded(needs: Graph, cycles: bool = False, *indexed: str) -> tuple[Loaded, Server]:
    server = Server(*indexed)
    return Load(needs, server.ask, cycles=cycles).run(), server


@given(graphs)
def test_what_can_be_indexed_is_and_the_rest_is_named(needs: Graph) -> None:
    found, server = loaded(needs)
    impossible = {package for package in needs
                  if any(name not in needs or name in reached(needs, name) for name in {package, *reached(needs, package)})}
    assert {left.package for left in found.left} == impossible
    assert server.tree.lists == {package: set(names) for package, names in needs.items() if package not in impossible}


@given(graphs)
@example({"a": ("c",), "c": ("d",), "d": ("a", "b")})
def test_with_circles_only_what_is_missing_is_impossible(needs: Graph) -> None:
    found, server = loaded(needs, True)
    impossible = {package for package in needs if any(name not in needs for name in reached(needs, package))}
    assert {left.package for left in found.left} == impossible
    assert {left.reason for left in found.left} <= {"missing", "waits"}
    assert server.tree.lists == {package: set(names) for package, names in needs.items() if package not in impossible}


@given(graphs)
def test_what_is_loaded_again_changes_nothing(needs: Graph) -> None:
    found, server = loaded(needs, True)
    before = {package: set(names) for package, names in server.tree.lists.items()}
    possible = needs.keys() - {left.package for left in found.left}
    again = Load({package: needs[package] for package in possible}, server.ask).run()
    assert again.left == () and again.passes <= 1
    assert server.tree.lists == before


def test_one_pass_is_enough_where_nothing_is_in_the_way() -> None:
    needs: Graph = {"a": ("b",), "b": ("c", "old"), "c": ()}
    found, server = loaded(needs, False, "old")
    assert found == Loaded(3, 1, ())
    assert [request.package for request in server.asked] == ["c", "b", "a"]


def test_each_reason_is_told_with_its_names() -> None:
    needs: Graph = {"x": ("gone", "old"), "y": ("x", "old"), "a": ("b",), "b": ("a",), "s": ("s",), "t": ("s",),
                    "/": (), "u": ("/",)}
    found, _ = loaded(needs, False, "old")
    assert set(found.left) == {
        Left("x", "missing", ("gone",)), Left("y", "waits", ("x",)), Left("a", "cyclic", ("b",)), Left("b", "cyclic", ("a",)),
        Left("s", "cyclic", ("s",)), Left("t", "waits", ("s",)), Left("/", "unfit"), Left("u", "unfit"),
    }


def test_a_pass_is_asked_again_while_others_remove_and_index() -> None:
    """Somebody indexes what was missing between two passes."""
    server = Server()

    def ask(requests: Iterable[Request]) -> Iterator[str]:
        yield from list(server.ask(requests))
        server.tree.lists.setdefault("late", set())

    assert Load({"a": (), "b": ("late",)}, ask).run() == Loaded(2, 2, ())


def test_an_answer_of_error_is_unfit() -> None:
    def ask(requests: Iterable[Request]) -> Iterator[str]:
        return ("ERROR" if request.package == "a" else "OK" for request in requests)

    assert Load({"a": (), "b": ()}, ask).run() == Loaded(2, 1, (Left("a", "unfit"),))
