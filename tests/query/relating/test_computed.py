"""What is computed, in small worlds: by tables, and beside the definitions worked out the slow way."""

from __future__ import annotations

import tempfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packer.world import REPO, JsonPackage, drop, make, packed
from pkgindex.errors import NotRetained
from pkgindex.model.package import NEEDS, Package
from pkgindex.packer.publish import Head, publish
from pkgindex.query.relating.computed import Computed
from pkgindex.query.relating.relations import dependants
from pkgindex.snapshot.reader import Reader
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.store.memory import MemoryBackend

PACKAGES: list[JsonPackage] = [
    {"name": "app", "version": "1", "depends": ["lib (>= 1) | lib-compat", "mailer"], "pre_depends": ["base"]},
    {"name": "lib", "version": "1", "depends": ["base"]},
    {"name": "base", "version": "1", "depends": ["lib"], "recommends": ["app"]},
    {"name": "lib-compat", "version": "1", "provides": ["lib (= 0.5)"]},
    {"name": "exim", "version": "4", "provides": ["mailer"], "depends": ["spool"]},
    {"name": "spool", "version": "1"},
    {"name": "itself", "version": "1", "depends": ["itself"], "provides": ["itself-too"]},
    {"name": "Mixed", "version": "1", "depends": ["nobody"]},
]


def packed_in(*contents: list[JsonPackage], ordering: str = "debian", **settings: int) -> tuple[Reader, Snapshot]:
    backend = MemoryBackend()
    head = Head(backend, REPO)
    publish(head, head.next(ordering=ordering), "000000", [], 32)
    with tempfile.TemporaryDirectory() as directory:
        for content in contents:
            packed(backend, drop(directory, content), **settings)
    reader = Reader(backend, REPO)
    return reader, reader.snapshot()


def computed_of(*packages: JsonPackage, ordering: str = "debian") -> Computed:
    reader, snapshot = packed_in(list(packages), ordering=ordering)
    return Computed(snapshot, reader)


@pytest.fixture(scope="module")
def world() -> tuple[Computed, Snapshot]:
    reader, snapshot = packed_in(PACKAGES)
    return Computed(snapshot, reader), snapshot


def is_glob(name: str) -> bool:
    return any(sign in name for sign in "*[?")


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("base", {"app", "lib"}),
        ("lib", {"app", "base"}),
        ("lib-compat", {"app", "base", "lib"}),  # as a provider of lib, base needs it, and lib needs base
        ("spool", {"exim", "app"}),
        ("mailer", {"app"}),
        ("exim", {"app"}),
        ("app", set()),
        ("itself", set()),
        ("nobody", {"Mixed"}),
        ("NOBODY", {"Mixed"}),
        ("unheard-of", set()),
        ("unheard-*", set()),
        ("LI[bc]*", {"app", "base", "lib"}),  # of those that it fits, lib needs another
        ("s*", {"exim", "app"}),
    ],
)
def test_who_needs_a_package(world: tuple[Computed, Snapshot], name: str, needs: set[str]) -> None:
    assert world[0].needs(name, is_glob(name)) == needs


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("app", {"lib", "lib-compat", "base", "exim", "spool"}),
        ("lib", {"base", "lib-compat"}),
        ("exim", {"spool"}),
        ("EXI?", {"spool"}),
        ("Mixed", set()),
        ("mixed", set()),
        ("mailer", set()),  # no package, but a name
        ("spool", set()),
        ("itself", set()),
        ("[es]*", {"spool"}),
    ],
)
def test_whom_a_package_needs(world: tuple[Computed, Snapshot], name: str, needed: set[str]) -> None:
    assert world[0].needed_by(name, is_glob(name)) == needed


def test_a_name_with_a_star_in_it_is_a_glob_only_where_it_is_meant_as_one() -> None:
    computed = computed_of({"name": "lib*", "version": "1"}, {"name": "libx", "version": "1", "depends": ["base"]},
                           {"name": "base", "version": "1"}, {"name": "app", "version": "1", "depends": ["libx"]})
    assert computed.needs("lib*", True) == {"app"}
    assert computed.needed_by("li*x", True) == {"base"}
    assert not (computed.needs("lib*") | computed.needs("li*x") | computed.needed_by("li*x"))


def test_a_class_of_all_but_some_letters_is_read_as_in_names() -> None:
    computed = computed_of({"name": "no", "version": "1"}, {"name": "mo", "version": "1"},
                           {"name": "x", "version": "1", "depends": ["no"]}, {"name": "y", "version": "1", "depends": ["mo"]})
    assert computed.needs("[^m]o", True) == computed.needs("[!m]o", True) == {"x"}


def test_orphans_are_needed_by_no_other(world: tuple[Computed, Snapshot]) -> None:
    assert world[0].orphans == {"app", "itself", "Mixed"}


NAMES = ["a", "b", "c", "d", "v", "w"]
named = st.lists(st.sampled_from(NAMES), max_size=2, unique=True)
worlds = st.lists(
    st.fixed_dictionaries({
        "name": st.sampled_from(NAMES[:4]), "version": st.just("1"), "depends": named, "pre_depends": named,
        "provides": named, "recommends": named,
    }),
    min_size=1, max_size=5, unique_by=lambda package: package["name"],
)  # fmt: skip


def needed_directly(packages: list[JsonPackage]) -> set[tuple[str, str]]:
    return {
        (package["name"], other["name"])
        for package in packages for name in package["depends"] + package["pre_depends"]
        for other in packages if name in (other["name"], *other["provides"])
    }  # fmt: skip


def to_the_end(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    while more := {(first, last) for first, middle in pairs for other, last in pairs if middle == other} - pairs:
        pairs = pairs | more
    return pairs


@settings(max_examples=60, deadline=None)
@given(worlds)
def test_needs_is_the_relation_read_backwards_and_needed_by_forwards(packages: list[JsonPackage]) -> None:
    computed = computed_of(*packages)
    pairs = to_the_end(needed_directly(packages))
    for package in packages:
        name = package["name"]
        assert computed.needs(name) == {first for first, last in pairs if last == name != first}
        assert computed.needed_by(name) == {last for first, last in pairs if first == name != last}
    assert computed.needs("*", True) == {package["name"] for package in packages if package["depends"] + package["pre_depends"]}


@settings(max_examples=60, deadline=None)
@given(worlds)
def test_an_orphan_is_what_has_no_dependants_but_itself(packages: list[JsonPackage]) -> None:
    reader, snapshot = packed_in(packages)
    computed = Computed(snapshot, reader)
    lonely = set()
    for package in packages:
        edges = dependants(snapshot, package["name"], NEEDS, resolve=True)
        if not {edge.name for edge in edges} - {package["name"]}:
            lonely.add(package["name"])
        found = snapshot.package(package["name"])
        assert found is not None
        assert computed.orphan(found) == (package["name"] in lonely) == (not computed.needs(package["name"]))
    assert computed.orphans == lonely


hierarchies = st.lists(
    st.fixed_dictionaries({
        "name": st.sampled_from(["a", "A", "x/a", "y/x/a", "b"]), "version": st.just("1"),
        "depends": st.lists(
            st.sampled_from(["a", "A", "x/a", "y/x/a", "b", "x/A", "n" * 70, "n" * 71]), max_size=3, unique=True),
        "provides": st.lists(st.sampled_from(["a", "x/a", "X/a", "b", "n" * 71]), max_size=2, unique=True),
    }),
    min_size=1, max_size=5, unique_by=lambda package: package["name"],
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(worlds | hierarchies, st.sampled_from([0, 1000]))
def test_lists_say_what_the_files_say(packages: list[JsonPackage], loose: int) -> None:
    reader, snapshot = packed_in(packages, loose_packages_max=loose)
    assert bool(snapshot.manifest.loose) == bool(loose)
    by_files, by_lists = Computed(snapshot, reader), Computed(snapshot, reader, files_max=0)
    for name, _ in snapshot.entries():
        assert by_lists.needs(name) == by_files.needs(name)
        assert by_lists.needed_by(name) == by_files.needed_by(name)
        package = snapshot.package(name)
        assert package is None or by_files.orphan(package) == (name in by_lists.orphans)


def test_without_its_lists_a_repository_is_followed_by_its_files() -> None:
    backend = MemoryBackend()
    with tempfile.TemporaryDirectory() as directory:
        packed(backend, drop(directory, PACKAGES), loose_packages_max=0)
    mangled = MemoryBackend({
        name: data[:200] if name.startswith("shards/text") else data for name, data in backend.blobs().items()})
    sound, damaged = (Reader(found, REPO) for found in (backend, mangled))
    for name in ("lib", "base", "mailer"):
        assert (Computed(damaged.snapshot(), damaged, files_max=0).needs(name)
                == Computed(sound.snapshot(), sound, files_max=0).needs(name) != set())


def test_needs_is_what_rdeps_follows_through_providers(world: tuple[Computed, Snapshot]) -> None:
    computed, snapshot = world
    for name in ("base", "lib", "spool", "app", "mailer"):
        edges = dependants(snapshot, name, transitive=True, resolve=True)
        assert {edge.name for edge in edges} == computed.needs(name)


# Missing

LIB = {"name": "lib", "version": "1.5-1"}
PROVIDER = {"name": "other", "version": "9", "provides": ["virtual", "thing (= 2)"]}


@pytest.mark.parametrize(
    ("relation", "missing"),
    [
        ("lib", False), ("lib (>= 1.5)", False), ("lib (= 1.5)", True), ("lib (<< 1.5-1)", True), ("lib:any (>= 1)", False),
        ("nobody", True), ("nobody | lib", False), ("nobody | lib (>= 2)", True), ("lib (>= 2) | virtual", False),
        ("virtual", False), ("virtual (>= 1)", True), ("thing (>= 2)", False), ("thing (>= 3)", True), ("thing", False),
        ("nobody [amd64]", True), ("nobody [arm64]", False), ("nobody [!amd64]", False), ("nobody [linux-any]", True),
        ("nobody [arm64] | lib (>= 2)", True), ("nobody <!nocheck>", True), ("nobody <cross>", False),
        ("app (>= 1)", False), ("app (>= 2)", True),
    ],
)  # fmt: skip
def test_a_package_is_broken_when_nothing_satisfies_one_of_its_relations(relation: str, missing: bool) -> None:
    app: dict[str, Any] = {"name": "app", "version": "1", "architecture": "amd64", "depends": ["lib", relation]}
    computed = computed_of(app, LIB, PROVIDER)
    assert computed.broken(found(computed, "app")) is missing


def test_pre_depends_count_and_recommends_do_not() -> None:
    computed = computed_of({"name": "a", "pre_depends": ["nobody"], "recommends": ["no"]}, {"name": "b", "recommends": ["no"]})
    assert computed.broken(found(computed, "a"))
    assert not computed.broken(found(computed, "b"))


def test_versions_are_compared_as_the_repository_says_or_the_release() -> None:
    app: dict[str, Any] = {"name": "app", "version": "1", "depends": ["lib (= 1.5)"]}
    assert computed_of(app, LIB).broken(found(computed_of(app, LIB), "app"))
    for computed in (computed_of(app, LIB, ordering="rpm"), computed_of(app, {**LIB, "version-scheme": "rpm"})):
        assert not computed.broken(found(computed, "app"))


def test_each_release_counts() -> None:
    for version in ("1", "2"):
        computed = computed_of({"name": "a", "version": "1", "depends": []}, {"name": "a", "version": "2", "depends": []},
                               {"name": "a", "version": version, "depends": ["none"]})
        assert computed.broken(found(computed, "a"))


def found(computed: Computed, name: str) -> Package:
    package = computed.snapshot.package(name)
    assert package is not None
    return package


# Changes

def test_what_has_changed_since_a_generation() -> None:
    reader, newest = packed_in([{"name": "a", "version": "1"}, {"name": "b", "version": "1"}], [{"name": "a", "version": "2"}],
                               [{"name": "b", "removed": True}, {"name": "c", "version": "1"}])
    computed = Computed(newest, reader)
    assert [computed.changed_since(number) for number in (1, 2, 3, 4)] == [{"a", "c"}, {"a", "b", "c"}, {"b", "c"}, set()]
    assert Computed(reader.at(2), reader).changed_since(3) == set(), "nothing of an older generation is newer"
    with pytest.raises(NotRetained, match="retained are 1 to 4"):
        computed.changed_since(5)


def test_an_empty_repository_has_nothing_to_tell() -> None:
    backend = MemoryBackend()
    make(backend, "package")
    reader = Reader(backend, REPO)
    computed = Computed(reader.snapshot(), reader)
    assert (computed.needs("*", True), computed.needed_by("a"), computed.orphans) == (set(), set(), set())
