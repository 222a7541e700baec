"""What a package depends on, committed: beside packs and folds and other committers, it comes to what the model says."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packer.world import REPO, Expected, checked, drop, make, newest, packed
from pkgindex.config import Settings
from pkgindex.errors import Corrupt, Exists, Gone, NoSpace, StoreError
from pkgindex.format.manifest import PARTITIONS
from pkgindex.format.page import Entry
from pkgindex.model.package import Alternative, Release
from pkgindex.packer import carried, settle, spill
from pkgindex.packer import commit as commit_module
from pkgindex.packer.commit import commit
from pkgindex.packer.fold import Folding, fold
from pkgindex.packer.ledger import Ledger
from pkgindex.packer.merge import merge
from pkgindex.packer.publish import Head, publish
from pkgindex.packer.rebuild import rebuild
from pkgindex.packer.retire import retire
from pkgindex.packer.settle import Settling
from pkgindex.packer.target import Target
from pkgindex.snapshot.reader import Reader
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
    st.tuples(st.just("merge")),
    st.tuples(st.just("settle"), st.integers(1, 3)),
    st.tuples(st.just("rebuild")),
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
    monkeypatch.setattr(spill, "TAIL_BYTES_MAX", 150 if few else 1 << 20)
    monkeypatch.setattr(spill, "TAIL_PUBLISHES", 0)
    backend, model = MemoryBackend(), Expected()
    make(backend, partition)
    target = Target(backend, REPO, Settings())
    mirrors, reader = [Mirror(backend), Mirror(backend)], Reader(backend, REPO)
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
                fold(target)
            elif what == "merge":
                merge(target, force=True)
            elif what == "settle":
                settling = Settling(target, 1)
                for _ in range(rest[0]):
                    settling.step()
            elif what == "rebuild":
                rebuild(target)
            else:
                mirrors[rest[0]].refresh()
                assert mirrors[rest[0]].needs == needs_in(model)
            checked(newest(backend), model.all())
            # One that carries on from generation to generation sees the same as one who comes now.
            checked(reader.snapshot(), model.all())
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


@pytest.mark.parametrize("tail_bytes_max", [0, 1 << 20])
def test_a_full_disk_changes_nothing_and_the_next_commit_succeeds(
    tail_bytes_max: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(MemoryBackend):
        full = False

        def create(self, name: str, data: bytes) -> None:
            if self.full:
                raise NoSpace("full")
            super().create(name, data)

        def link(self, name: str, data: bytes, ready: Callable[[], None] | None = None) -> None:
            if self.full:
                raise NoSpace("full")
            super().link(name, data, ready)

    monkeypatch.setattr(spill, "TAIL_BYTES_MAX", tail_bytes_max)
    monkeypatch.setattr(spill, "TAIL_PUBLISHES", 0)
    backend = Full()
    known = ledger(backend)
    commit(known, {"a": ()})
    before, backend.full = backend.blobs(), True
    with pytest.raises(NoSpace):
        commit(known, {"b": ("a",)})
    assert backend.blobs() == before
    with pytest.raises(NoSpace):
        settle.settle(known.target)
    assert backend.blobs() == before
    backend.full = False
    commit(known, {"b": ("a",)})
    assert verify(backend, REPO).faults == ()


def test_a_link_of_which_nobody_knows_is_heard_of_by_the_next_refresh() -> None:
    class Unsure(MemoryBackend):
        unsure = True

        def link(self, name: str, data: bytes, ready: Callable[[], None] | None = None) -> None:
            super().link(name, data, ready)
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


def test_a_commit_makes_one_file_and_reads_nothing_that_is_known() -> None:
    backend = Counting()
    known = ledger(backend)
    commit(known, {f"p{number}": () for number in range(300)})
    settle.settle(known.target)
    known.refresh()
    commit(known, {f"p{number}": ("p0",) for number in range(1, 300)})
    backend.creations.clear()
    backend.reads.clear()
    before = set(backend.blobs())
    commit(known, {"p1": ("p2",)})
    assert set(backend.blobs()) - before == {"generations/0000000000000004"}
    assert backend.creations == []
    assert backend.reads == ["generations/0000000000000003"], "to see that what it was made from is there"


def test_what_gathers_goes_into_files_that_are_few_and_hold_it_a_few_times_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "TAIL_BYTES_MAX", 400)
    monkeypatch.setattr(spill, "TAIL_PUBLISHES", 0)
    backend, written = Counting(), 0
    known = ledger(backend)
    for number in range(200):
        before = backend.blobs().keys()
        commit(known, {f"p{number:03}": ()})
        new = backend.blobs().keys() - before
        assert len(new) <= 2, "a manifest, and now and then a file of deltas"
        written += sum(len(backend.read(name)) for name in new if name.startswith("deltas/"))
    manifest = newest(backend).manifest
    assert sum(len(data) for _, data in manifest.tail) <= 400
    assert next((found.first, found.last) for found in manifest.deltas)[0] == 1
    assert len(manifest.deltas) <= 8
    assert sum(found.packages for found in manifest.deltas) + len(manifest.tail) == 200
    assert written < 9 * sum(found.size for found in manifest.deltas)
    assert verify(backend, REPO).faults == ()
    backend.reads.clear()
    assert len(ledger(backend).refresh()) == 200
    assert len([name for name in backend.reads if name.startswith("deltas/")]) == len(manifest.deltas)


def test_who_follows_from_generation_to_generation_reads_manifests_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "TAIL_BYTES_MAX", 400)
    monkeypatch.setattr(spill, "TAIL_PUBLISHES", 0)
    backend = Counting()
    known, reader, other = ledger(backend), Reader(backend, REPO), Mirror(backend)
    for number in range(60):
        commit(known, {f"p{number:03}": ()})
        backend.reads.clear()
        assert reader.snapshot().package(f"p{number:03}") is not None
        other.refresh()
        assert [name for name in backend.reads if not name.startswith("generations/")] == []
    assert newest(backend).manifest.deltas
    assert len(other.needs) == 60


@pytest.mark.parametrize(("missed", "taken_away", "read"), [
    (20, None, {"generations"}),
    (carried.STEPS_MAX, None, {"generations"}),
    (carried.STEPS_MAX + 1, None, {"generations", "deltas"}),
    (20, 25, {"generations", "deltas"}),
])
def test_who_missed_a_few_generations_hears_of_them_by_their_manifests_while_they_are_there(
    missed: int, taken_away: int | None, read: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spill, "TAIL_BYTES_MAX", 400)
    monkeypatch.setattr(spill, "TAIL_PUBLISHES", 0)
    backend = Counting()
    known, other = ledger(backend), Mirror(backend)
    for number in range(15 + missed):
        if number == 15:
            other.refresh()
        commit(known, {f"p{number:03}": (), "p000": (f"p{number - 1:03}",)} if number else {"p000": ()})
    if taken_away is not None:
        backend.remove(f"generations/{taken_away:016d}")
    backend.reads.clear()
    other.refresh()
    assert {name.partition("/")[0] for name in backend.reads} == read
    assert other.needs == {**{f"p{number:03}": () for number in range(15 + missed)}, "p000": (f"p{13 + missed:03}",)}
    assert other.ledger.carried.delta == known.carried.delta


def test_what_was_half_heard_of_a_generation_that_was_lost_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = MemoryBackend()
    known, other = ledger(backend), Mirror(backend)
    commit(known, {"a": ()})
    other.refresh()
    commit(known, {"lost": ("a",)})
    with monkeypatch.context() as patch:
        patch.setattr("pkgindex.packer.ledger.needs_of", refused)
        with pytest.raises(StoreError, match="not now"):
            other.refresh()
    backend.remove("generations/0000000000000002")
    other.refresh()
    assert other.needs == {"a": ()}
    assert set(other.ledger.carried.delta.packages) == {"a"}
    commit(ledger_at_head(backend), {"new": ("a",)})
    other.refresh()
    assert other.needs == {"a": (), "new": ("a",)}
    assert set(other.ledger.carried.delta.packages) == {"a", "new"}


def refused(*arguments: object) -> None:
    raise StoreError("not now")


def ledger_at_head(backend: Backend) -> Ledger:
    found = ledger(backend)
    found.refresh()
    return found


# Of each change: what is there before it, what it is, how much stays in the manifest, and how many states a cut leaves.
CHANGES: dict[str, tuple[list[dict[str, Any]], dict[str, Any], int, int]] = {
    "the first packages": ([], {"a": (), "b": ("a",)}, 1 << 20, 3),
    "other dependencies": ([{"a": (), "b": ("a",), "c": ()}], {"b": ("c",)}, 1 << 20, 3),
    "a removal": ([{"a": (), "b": ("a",)}], {"b": None}, 1 << 20, 3),
    "what was in the manifest goes into a file": ([{"a": (), "b": ("a",)}], {"c": ("a",)}, 100, 7),
    "it all goes into a file": ([{"a": (), "b": ("a",)}], {"c": ("a",)}, 0, 7),
    "and into one with what was in others": ([{"a": ()}, {"b": ("a",)}, {"a": None, "b": None}], {"c": ()}, 0, 7),
}


@pytest.mark.parametrize("partition", PARTITIONS)
@pytest.mark.parametrize("change", CHANGES)
def test_a_power_cut_leaves_the_old_tree_or_the_new_one(change: str, partition: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.urandom", lambda count: bytes(count))
    before, changes, tail_bytes_max, states = CHANGES[change]
    monkeypatch.setattr(spill, "TAIL_BYTES_MAX", tail_bytes_max)
    monkeypatch.setattr(spill, "TAIL_PUBLISHES", 0)
    start, done = MemoryBackend(), []
    make(start, partition)
    first = Mirror(start)
    for earlier in before:
        first.commit(earlier)
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

    assert explore(run, check, start.blobs()) == states


@pytest.mark.parametrize("partition", PARTITIONS)
@pytest.mark.parametrize("names_a_step", [1, None])
def test_a_power_cut_while_settling_changes_no_answer(
    names_a_step: int | None, partition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.urandom", lambda count: bytes(count))
    monkeypatch.setattr("pkgindex.format.page.NAMES_PER_PAGE", 1)
    start = MemoryBackend()
    make(start, partition)
    mirror = Mirror(start)
    mirror.commit({"a": (), "b": ("a",), "c": ()})
    settle.settle(mirror.ledger.target)
    mirror.commit({"b": ("c",), "a": None, "d": ("b",)})

    def run(backend: Backend) -> None:
        settling = Settling(Target(backend, REPO, Settings()), names_a_step)
        while not settling.step():
            pass
        assert not newest(backend).manifest.unsettled

    def check(state: Backend, step: int) -> None:
        assert everything(state) == mirror.needs
        monkeypatch.setattr("os.urandom", lambda count: b"\1" * count)
        settle.settle(Target(state, REPO, Settings()))
        assert everything(state) == mirror.needs
        assert not newest(state).manifest.unsettled
        monkeypatch.setattr("os.urandom", lambda count: bytes(count))

    assert explore(run, check, start.blobs()) > 20


def everything(backend: Backend) -> dict[str, tuple[str, ...]]:
    """What each package depends on, in a repository without a fault."""
    assert verify(backend, REPO).faults == ()
    found = Mirror(backend)
    found.refresh()
    return found.needs


@pytest.mark.parametrize("mutant", ["the file", "the pages"])
def test_each_missing_flush_is_caught(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(head: Head, manifest: Any, token: str, blobs: Any, keep: int, written: Any = None) -> str:
        return publish(head, manifest, token, [], keep, written)

    monkeypatch.setattr(commit_module if mutant == "the file" else settle, "publish", without)
    test = test_a_power_cut_leaves_the_old_tree_or_the_new_one
    with pytest.raises((AssertionError, Corrupt, Gone)) as caught:
        if mutant == "the file":
            test("it all goes into a file", "package", monkeypatch)
        else:
            test_a_power_cut_while_settling_changes_no_answer(1, "package", monkeypatch)
    assert "power cut after" in caught.value.__notes__[0]


def test_commits_come_between_the_steps_of_settling_and_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "TAIL_BYTES_MAX", 200)
    monkeypatch.setattr(spill, "TAIL_PUBLISHES", 0)
    backend = MemoryBackend()
    known = Mirror(backend)
    known.commit({f"p{number}": () for number in range(600)})
    settling = Settling(known.ledger.target, 100)
    steps = 0
    while not settling.step():
        steps += 1
        known.commit({f"p{steps}": (f"p{steps + 100}",), f"p{steps + 200}": None, f"new{steps}": (f"p{steps}",)})
        assert everything(backend) == known.needs
    assert steps >= 3
    assert newest(backend).manifest.first_delta > 1
    settle.settle(known.ledger.target)
    assert everything(backend) == known.needs


def test_settling_gives_way_to_who_wrote_pages_meanwhile(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pkgindex.format.page.NAMES_PER_PAGE", 2)
    backend = MemoryBackend()
    known = Mirror(backend)
    known.commit({f"p{number}": () for number in range(20)})
    settling = Settling(known.ledger.target, 1)
    assert not settling.step()
    packed(backend, drop(tmp_path, [{"name": "p1", "version": "1", "depends": ["p2"]}]))
    before = backend.blobs()
    assert settling.step()
    assert backend.blobs() == before
    assert everything(backend)["p1"] == ("p2",)


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
    settle.settle(known.ledger.target)
    sleeper.refresh()
    assert sleeper.needs == known.needs
    assert len(newest(backend).manifest.page_stamps) > 1
    assert all(isinstance(entry, Entry) for entry in dict(newest(backend).entries()).values())


def test_folding_puts_what_is_loose_into_shards_and_what_was_committed_meanwhile_is_loose() -> None:
    backend = MemoryBackend()
    target, known = Target(backend, REPO, Settings()), Mirror(backend)
    assert fold(target) is None
    known.commit({"a": (), "b": ("a",), "c": ()})
    with Folding(target) as folding:
        folding.build()
        known.commit({"b": None, "d": ()})
        folded = folding.publish()
    assert folded is not None
    assert (folded.generation, folded.folded, len(folded.shards_of("text"))) == (3, 1, 1)
    assert sorted(newest(backend).loose) == ["b", "d"]
    assert list(newest(backend).names("")) == ["a", "c", "d"]
    assert everything(backend) == known.needs
    settle.settle(target)
    assert sorted(newest(backend).manifest.loose) == ["b", "d"]
    assert fold(target) is not None
    assert newest(backend).loose == {}
    assert everything(backend) == known.needs


@pytest.mark.parametrize("meanwhile", ["pack", "fold", "settle"])
def test_a_fold_during_which_more_than_commits_was_published_is_nothing(meanwhile: str, tmp_path: Any) -> None:
    backend = MemoryBackend()
    target, known = Target(backend, REPO, Settings()), Mirror(backend)
    known.commit({"a": (), "b": ("a",)})
    with Folding(target) as folding:
        folding.build()
        if meanwhile == "pack":
            packed(backend, drop(tmp_path, [{"name": "a", "version": "1"}]))
        elif meanwhile == "fold":
            fold(target)
        else:
            settle.settle(target)
        before = backend.blobs()
        assert folding.publish() is None
    assert backend.blobs() == before
