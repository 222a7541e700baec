"""Relations on a small repository that has one of each: qualifiers, alternatives, virtual packages, cycles, holes."""

from __future__ import annotations

from typing import Any

import pytest

from packer.world import drop, newest, packed
from pkgindex.errors import BadInput, NotFound
from pkgindex.query.hits import Edge
from pkgindex.query.relating import relations
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.store.memory import MemoryBackend

PACKAGES: list[dict[str, Any]] = [
    {"name": "app", "version": "1", "depends": ["python3:any (>= 3.11)", "lib | lib-compat (<< 2)", "mail-transport-agent"],
     "pre_depends": ["dpkg (>= 1.19)"], "recommends": ["doc [amd64] <!nodoc>"], "suggests": ["nobody"], "conflicts": ["old"]},
    {"name": "python3", "version": "3.11", "depends": ["lib (>= 1)"]},
    {"name": "lib", "version": "1", "depends": ["base"], "breaks": ["app (<< 0.5)"]},
    {"name": "lib-compat", "version": "1", "provides": ["lib (= 1.5)"]},
    {"name": "base", "version": "1", "depends": ["lib"]},
    {"name": "dpkg", "version": "1.21"},
    {"name": "doc", "version": "1"},
    {"name": "exim", "version": "4", "provides": ["mail-transport-agent"], "conflicts": ["mail-transport-agent"],
     "depends": ["base"]},
    {"name": "postfix", "version": "3", "provides": ["mail-transport-agent (= 2)", "postfix"], "depends": ["dpkg"]},
    {"name": "mailer", "version": "1", "depends": ["mail-transport-agent (>= 1)"]},
    {"name": "multi", "version": "1", "architecture": "amd64", "depends": ["dpkg", "doc"]},
    {"name": "multi", "version": "2", "architecture": "i386", "depends": ["dpkg", "lib"]},
    {"name": "itself", "version": "1", "depends": ["itself"]},
]  # fmt: skip


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    backend = MemoryBackend()
    report = packed(backend, drop(tmp_path_factory.mktemp("drops"), PACKAGES))
    assert report.faults == ()
    return newest(backend)


def short(edges: list[Edge]) -> list[str]:
    return [f"{edge.kind} {edge.name}" + (f" ({edge.constraint})" if edge.constraint else "") for edge in edges]


def test_dependencies_come_in_the_order_of_kinds_each_alternative_with_its_whole_relation(snapshot: Snapshot) -> None:
    edges = relations.dependencies(snapshot, "app")
    assert short(edges) == [
        "depends python3 (>= 3.11)", "depends lib", "depends lib-compat (<< 2)", "depends mail-transport-agent",
        "pre-depends dpkg (>= 1.19)", "recommends doc", "suggests nobody", "conflicts old",
    ]  # fmt: skip
    assert [edge.relation for edge in edges[:3]] == ["python3:any (>= 3.11)", *["lib | lib-compat (<< 2)"] * 2]
    assert edges[5].relation == "doc [amd64] <!nodoc>"
    assert {edge.package for edge in edges} == {edge.via for edge in edges} == {"app"}


def test_names_that_nobody_ships_are_said_to_be_so(snapshot: Snapshot) -> None:
    assert [edge.name for edge in relations.dependencies(snapshot, "app") if not edge.shipped] == [
        "mail-transport-agent", "nobody", "old"]


@pytest.mark.parametrize(
    ("name", "kinds", "found"),
    [
        ("app", ("recommends",), ["recommends doc"]),
        ("app", ("suggests", "pre-depends"), ["pre-depends dpkg (>= 1.19)", "suggests nobody"]),
        ("exim", ("provides",), ["provides mail-transport-agent"]),
        ("exim", (), ["depends base", "conflicts mail-transport-agent"]),
        ("multi", (), ["depends dpkg", "depends doc", "depends lib"]),
        ("dpkg", (), []),
    ],
)
def test_dependencies_of_some_kinds(snapshot: Snapshot, name: str, kinds: tuple[str, ...], found: list[str]) -> None:
    assert short(relations.dependencies(snapshot, name, kinds)) == found


@pytest.mark.parametrize(
    ("name", "providers"),
    [
        ("app", {"python3": (), "lib": ("lib-compat",), "lib-compat": (), "dpkg": (),
                 "mail-transport-agent": ("exim", "postfix")}),
        ("mailer", {"mail-transport-agent": ("postfix",)}),  # who names no version satisfies none
        ("python3", {"lib": ("lib-compat",)}),
    ],
)
def test_resolved_dependencies_say_who_else_satisfies_them(
    snapshot: Snapshot, name: str, providers: dict[str, tuple[str, ...]]
) -> None:
    edges = relations.dependencies(snapshot, name, ("depends", "pre-depends"), resolve=True)
    assert {edge.name: edge.provided_by for edge in edges} == providers


def test_transitive_dependencies_are_each_there_once_by_distance(snapshot: Snapshot) -> None:
    edges = relations.dependencies(snapshot, "app", transitive=True)
    assert [(edge.depth, edge.name, edge.via) for edge in edges] == [
        (1, "dpkg", "app"), (1, "lib", "app"), (1, "lib-compat", "app"), (1, "mail-transport-agent", "app"),
        (1, "python3", "app"), (2, "base", "lib"),
    ]  # fmt: skip
    assert {edge.package for edge in edges} == {"app"}


def test_transitive_dependencies_go_through_providers_when_resolved(snapshot: Snapshot) -> None:
    edges = {edge.name: edge for edge in relations.dependencies(snapshot, "app", transitive=True, resolve=True)}
    assert (edges["exim"].kind, edges["exim"].via, edges["exim"].depth) == ("provided-by", "mail-transport-agent", 2)
    assert "postfix" in edges


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("python3", ["depends app"]),  # a qualifier is no part of the name
        ("lib", ["depends app", "depends base", "provides lib-compat", "depends multi", "depends python3"]),
        ("lib-compat", ["depends app"]),
        ("mail-transport-agent", ["depends app", "conflicts exim", "provides exim", "depends mailer", "provides postfix"]),
        ("nobody", ["suggests app"]),
        ("doc", ["recommends app", "depends multi"]),
        ("app", ["breaks lib"]),
        ("itself", ["depends itself"]),
        ("mailer", []),
    ],
)
def test_dependants_come_in_the_order_of_their_names(snapshot: Snapshot, name: str, found: list[str]) -> None:
    edges = relations.dependants(snapshot, name)
    assert short(edges) == found
    assert {edge.package for edge in edges} <= {name}


def test_dependants_with_constraints_say_what_each_asks_for(snapshot: Snapshot) -> None:
    edges = relations.dependants(snapshot, "lib", ("depends", "provides"), constraints=True)
    assert [(edge.name, edge.constraint, edge.relation) for edge in edges] == [
        ("app", "", "lib | lib-compat (<< 2)"), ("base", "", "lib"), ("lib-compat", "= 1.5", "lib (= 1.5)"),
        ("multi", "", "lib"), ("python3", ">= 1", "lib (>= 1)"),
    ]  # fmt: skip


def test_resolved_dependants_are_also_those_of_what_a_package_provides(snapshot: Snapshot) -> None:
    edges = relations.dependants(snapshot, "postfix", resolve=True)
    assert [(edge.kind, edge.name, edge.via) for edge in edges] == [
        ("provides", "postfix", "postfix"), ("depends", "app", "mail-transport-agent"),
        ("conflicts", "exim", "mail-transport-agent"), ("depends", "mailer", "mail-transport-agent"),
    ]  # fmt: skip


def test_transitive_dependants_are_each_there_once_by_distance(snapshot: Snapshot) -> None:
    edges = relations.dependants(snapshot, "base", transitive=True)
    assert [(edge.depth, edge.name, edge.via) for edge in edges] == [
        (1, "exim", "base"), (1, "lib", "base"), (2, "app", "lib"), (2, "multi", "lib"), (2, "python3", "lib")]
    resolved = relations.dependants(snapshot, "base", transitive=True, resolve=True)
    assert [edge.name for edge in resolved] == ["exim", "lib", "app", "mailer", "multi", "python3"]


@pytest.mark.parametrize(
    ("first", "last", "chain"),
    [
        ("app", "base", ["app depends lib", "lib depends base"]),
        ("app", "dpkg", ["app pre-depends dpkg"]),
        ("mailer", "base", ["mailer depends mail-transport-agent", "mail-transport-agent provided-by exim",
                            "exim depends base"]),
        ("mail-transport-agent", "dpkg", ["mail-transport-agent provided-by postfix", "postfix depends dpkg"]),
        ("app", "mail-transport-agent", ["app depends mail-transport-agent"]),
        ("base", "base", []),
        ("dpkg", "app", []),
        ("app", "doc", []),
        ("itself", "dpkg", []),
    ],
)
def test_why_is_the_shortest_chain(snapshot: Snapshot, first: str, last: str, chain: list[str]) -> None:
    edges = relations.why(snapshot, first, last)
    assert [f"{edge.via} {edge.kind} {edge.name}" for edge in edges] == chain
    assert [edge.depth for edge in edges] == list(range(1, len(chain) + 1))


def test_why_follows_the_kinds_it_is_told(snapshot: Snapshot) -> None:
    assert short(relations.why(snapshot, "app", "doc", ("recommends",))) == ["recommends doc"]
    assert relations.why(snapshot, "app", "base", ("recommends",)) == []


def test_a_name_that_nothing_knows_is_not_found(snapshot: Snapshot) -> None:
    for ask in (
        lambda: relations.dependencies(snapshot, "unheard-of"),
        lambda: relations.dependencies(snapshot, "nobody"),  # named, but not shipped
        lambda: relations.dependants(snapshot, "unheard-of"),
        lambda: relations.why(snapshot, "app", "unheard-of"),
        lambda: relations.why(snapshot, "unheard-of", "app"),
    ):
        with pytest.raises(NotFound, match=r"unheard-of|nobody"):
            ask()


def test_a_kind_that_there_is_not_is_bad_input(snapshot: Snapshot) -> None:
    for ask in (relations.dependencies, relations.dependants):
        with pytest.raises(BadInput, match="'needs': there is depends"):
            ask(snapshot, "app", ("needs",))
    with pytest.raises(BadInput, match="'needs'"):
        relations.why(snapshot, "app", "lib", ("depends", "needs"))
