"""What a package depends on, committed: beside packs and folds and other committers, it comes to what the model says."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packer.world import REPO, Expected, checked, drop, make, newest, packed
from pkgindex.config import Settings
from pkgindex.errors import Exists, NoSpace, StoreError
from pkgindex.format.manifest import PARTITIONS
from pkgindex.format.page import Entry, page_of
from pkgindex.model.package import Alternative, Release
from pkgindex.packer import carried
from pkgindex.packer.commit import commit
from pkgindex.packer.fold import fold
from pkgindex.packer.ledger import Ledger
from pkgindex.packer.retire import retire
from pkgindex.packer.target import Target
from pkgindex.snapshot.verify.generation import verify
from pkgindex.store.backend import Backend
from pkgindex.store.memory import MemoryBackend
from store.crash import explore

NAMES = ("curl", "libc6", "zlib1g", "docbook2X", "docbook2x")
CURL = {"name": "curl", "version": "1", "depends": ["libc6 | musl", "zlib1g"], "pre-depends": ["init"], "recommends": ["ca"],
        "summary": "web client", "files": ["/usr/bin/curl"]}
LIBC = {"name": "libc6", "version": "2", "summary": "library", "files": ["/lib/libc.so"]}


def ledger(backend: Backend) -> Ledger:
    return Ledger(Target(backend, REPO, Settings()))


def committed(model: Expected, changes: dict[str, tuple[str, ...] | None]) -> None:
    """What a commit means, on the model."""
    for name, needs in changes.items():
        if needs is None:
            model.packages.pop(name, None)
            continue
        relations = {"depends": tuple((Alternative(needed),) for needed in needs)} if needs else {}
        model.packages.setdefault(name, [{}, {}, {}])[0] = {("", ""): Release("", "", {}, relations)}


def needs_in(model: Expected) -> dict[str, tuple[str, ...]]:
    """What each package of the model depends on."""
    found = {}
    for name, package in model.all().items():
        edges = [edge for release in package.releases.values() for edge in release.edges()]
        found[name] = tuple(sorted({other.name for kind, other in edges if kind in ("depends", "pre-depends")}))
    return found


class Mirror:
    """What one committer has heard."""

    def __init__(self, backend: Backend) -> None:
        self.ledger = ledger(backend)
        self.needs: dict[str, tuple[str, ...]] = {}

    def learn(self, changes: Any) -> None:
        for name, needs in changes.items():
            if needs is None:
                self.needs.pop(name, None)
            else:
                self.needs[name] = needs

    def refresh(self) -> None:
        self.learn(self.ledger.refresh())
        assert self.ledger.fresh()

    def commit(self, changes: dict[str, tuple[str, ...] | None]) -> None:
        self.refresh()
        commit(self.ledger, changes)
        self.learn(changes)
        assert self.ledger.fresh()


needs = st.lists(st.sampled_from(NAMES), max_size=3, unique=True).map(lambda found: tuple(sorted(found)))
json_packages = st.fixed_dictionaries(
    {"name": st.sampled_from(NAMES), "version": st.sampled_from("12"), "depends": needs.map(list)},
    optional={"files": st.just(["/a", "/b"]), "summary": st.just("a summary")},
)
steps = st.one_of(
    st.tuples(st.just("commit"), st.integers(0, 1), st.dictionaries(st.sampled_from(NAMES), st.none() | needs, min_size=1)),
    st.tuples(st.just("pack"), st.lists(json_packages, min_size=1, max_size=3)),
    st.tuples(st.just("fold")),
    st.tuples(st.just("refresh"), st.integers(0, 1)),
)


@pytest.mark.parametrize("partition", PARTITIONS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(history=st.lists(steps, max_size=8), few=st.booleans())
def test_commits_packs_and_folds_come_to_what_the_model_says(
    partition: str, history: list[tuple[Any, ...]], few: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carried, "PAGES_MAX", 1 if few else 256)
    monkeypatch.setattr(carried, "RECORD_BYTES_MAX", 1 if few else 1 << 20)
    monkeypatch.setattr("pkgindex.format.page.NAMES_PER_PAGE", 2)
    backend, model = MemoryBackend(), Expected()
    make(backend, partition)
    mirrors = [Mirror(backend), Mirror(backend)]
    with tempfile.TemporaryDirectory() as directory:
        for what, *rest in history:
            if what == "commit":
                shipped = set(model.packages)
                changes = {name: needs for name, needs in rest[1].items() if needs is not None or name in shipped}
                mirrors[rest[0]].commit(changes)
                committed(model, changes)
            elif what == "pack":
                submission = drop(directory, rest[0])
                packed(backend, submission)
                model.pack([submission])
            elif what == "fold":
                fold(Target(backend, REPO, Settings()))
            else:
                mirrors[rest[0]].refresh()
                assert mirrors[rest[0]].needs == needs_in(model)
            checked(newest(backend), model.all())
            assert verify(backend, REPO).faults == ()
    for mirror in mirrors:
        mirror.refresh()
        assert mirror.needs == needs_in(model)


def test_files_and_descriptions_stay_and_releases_do_not(tmp_path: Any) -> None:
    backend = MemoryBackend()
    packed(backend, drop(tmp_path, [CURL, LIBC]))
    known = ledger(backend)
    assert known.refresh() == {"curl": ("init", "libc6", "musl", "zlib1g"), "libc6": ()}
    commit(known, {"curl": ("libc6",)})
    curl = newest(backend).package("curl")
    assert curl is not None
    assert list(curl.releases) == [("", "")]
    assert curl.files == {"": [b"/usr/bin/curl"]}
    assert newest(backend).dependants("ca") == ([], [])
    assert verify(backend, REPO).faults == ()


def test_a_listing_that_was_packed_is_read_again_after_a_commit(tmp_path: Any) -> None:
    backend = MemoryBackend()
    listing = "Package: curl\nVersion: 1\nArchitecture: all\n\n"
    packed(backend, drop(tmp_path, listing, "Packages"))
    known = ledger(backend)
    known.refresh()
    commit(known, {"curl": None})
    assert packed(backend, drop(tmp_path, listing, "Packages")).change.added == 1


def test_who_was_first_wins_and_nothing_of_the_other_stays() -> None:
    backend = MemoryBackend()
    first, second = ledger(backend), ledger(backend)
    commit(first, {"a": ()})
    before = backend.blobs()
    with pytest.raises(Exists):
        commit(second, {"b": ()})
    assert backend.blobs() == before
    assert second.refresh() == {"a": ()}
    commit(second, {"b": ("a",)})
    assert first.refresh() == {"b": ("a",)}
    assert verify(backend, REPO).faults == ()


def test_a_full_disk_changes_nothing_and_the_next_commit_succeeds() -> None:
    class Full(MemoryBackend):
        full = False

        def create(self, name: str, data: bytes) -> None:
            if self.full and name.startswith("pages/"):
                raise NoSpace("full")
            super().create(name, data)

    backend = Full()
    known = ledger(backend)
    commit(known, {"a": ()})
    before, backend.full = backend.blobs(), True
    with pytest.raises(NoSpace):
        commit(known, {"b": ("a",)})
    assert backend.blobs() == before
    backend.full = False
    commit(known, {"b": ("a",)})
    assert verify(backend, REPO).faults == ()


def test_a_link_of_which_nobody_knows_is_heard_of_by_the_next_refresh() -> None:
    class Unsure(MemoryBackend):
        unsure = True

        def link(self, name: str, data: bytes) -> None:
            super().link(name, data)
            if self.unsure:
                raise StoreError("no answer")

    backend = Unsure()
    known = ledger(backend)
    with pytest.raises(StoreError, match="no answer"):
        commit(known, {"a": ()})
    assert known.refresh() == {"a": ()}
    backend.unsure = False
    commit(known, {"b": ("a",)})
    assert verify(backend, REPO).faults == ()


class Counting(MemoryBackend):
    def __init__(self) -> None:
        super().__init__()
        self.creations: list[str] = []
        self.reads: list[str] = []

    def create(self, name: str, data: bytes) -> None:
        super().create(name, data)
        self.creations.append(name)

    def read(self, name: str) -> bytes:
        self.reads.append(name)
        return super().read(name)


def test_a_commit_writes_what_changed_and_reads_nothing_that_it_wrote() -> None:
    backend = Counting()
    known = ledger(backend)
    commit(known, {f"p{number}": () for number in range(300)})
    commit(known, {f"p{number}": ("p0",) for number in range(1, 300)})
    backend.creations.clear()
    backend.reads.clear()
    commit(known, {"p1": ("p2",)})
    kinds = Counter(name.split("/")[0] for name in backend.creations)
    assert kinds == {"forward": 1, "reverse": 2, "pages": len({page_of(name, 2) for name in ("p0", "p1", "p2")})}
    assert backend.reads == []


CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], int]] = {
    "the first packages": ({}, {"a": (), "b": ("a",)}, 30),
    "other dependencies": ({"a": (), "b": ("a",), "c": ()}, {"b": ("c",)}, 15),
    "a removal": ({"a": (), "b": ("a",)}, {"b": None}, 5),
}


@pytest.mark.parametrize("partition", PARTITIONS)
@pytest.mark.parametrize("change", CHANGES)
def test_a_power_cut_leaves_the_old_tree_or_the_new_one(change: str, partition: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.urandom", lambda count: bytes(count))
    before, changes, states_least = CHANGES[change]
    start, done = MemoryBackend(), []
    make(start, partition)
    first = Mirror(start)
    if before:
        first.commit(before)
    old = dict(first.needs)
    first.learn(changes)

    def run(backend: Backend) -> None:
        done.clear()
        known = ledger(backend)
        known.refresh()
        commit(known, changes)
        done.append(True)

    def check(state: Backend, step: int) -> None:
        found = Mirror(state)
        found.refresh()
        assert found.needs in ([first.needs] if done else [old, first.needs])
        assert verify(state, REPO).faults == ()
        monkeypatch.setattr("os.urandom", lambda count: b"\1" * count)
        found.commit({"after": tuple(sorted(found.needs))})
        assert verify(state, REPO).faults == ()
        monkeypatch.setattr("os.urandom", lambda count: bytes(count))

    assert explore(run, check, start.blobs()) >= states_least


def test_retiring_keeps_all_that_a_committer_stands_on() -> None:
    backend = MemoryBackend()
    known = ledger(backend)
    for number in range(6):
        commit(known, {f"p{number}": tuple(f"p{other}" for other in range(number))})
        retire(backend, REPO, Settings(keep_generations=1, grace_seconds=0))
    commit(known, {"p5": None})
    assert verify(backend, REPO).faults == ()
    assert ledger(backend).refresh() == known_needs(5)


def known_needs(count: int) -> dict[str, tuple[str, ...]]:
    return {f"p{number}": tuple(sorted(f"p{other}" for other in range(number))) for number in range(count)}


def test_who_slept_through_many_generations_hears_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pkgindex.format.page.NAMES_PER_PAGE", 2)
    backend = MemoryBackend()
    sleeper, known = Mirror(backend), Mirror(backend)
    known.commit({"p0": ()})
    sleeper.refresh()
    for number in range(1, 40):
        known.commit({f"p{number}": ("p0",), **({f"p{number - 3}": None} if number > 10 else {})})
        retire(backend, REPO, Settings(keep_generations=1, grace_seconds=0))
    sleeper.refresh()
    assert sleeper.needs == known.needs
    assert len(newest(backend).manifest.page_stamps) > 1
    assert all(isinstance(entry, Entry) for entry in dict(newest(backend).entries()).values())


def test_folding_puts_what_is_loose_into_shards_and_a_fold_that_comes_second_is_nothing() -> None:
    class Overtaken(MemoryBackend):
        overtake: Callable[[], None] | None = None

        def flush(self, names: Any) -> None:
            super().flush(names)
            if self.overtake is not None:
                act, self.overtake = self.overtake, None
                act()

    backend = Overtaken()
    target, known = Target(backend, REPO, Settings()), ledger(backend)
    assert fold(target) is None
    commit(known, {"a": (), "b": ("a",)})
    backend.overtake = lambda: commit(known, {"c": ()})
    assert fold(target) is None
    assert set(newest(backend).manifest.loose) == {"a", "b", "c"}
    folded = fold(target)
    assert folded is not None
    assert (folded.loose, folded.generation, len(folded.shards_of("text"))) == ({}, 3, 1)
    assert verify(backend, REPO).faults == ()
