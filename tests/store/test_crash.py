"""The explorer proves itself on a toy: the right order of writing passes, each wrong one is caught."""

from __future__ import annotations

from collections.abc import Callable
from zlib import crc32

import pytest

from pkgindex.errors import Gone
from pkgindex.store.backend import Backend
from pkgindex.store.memory import MemoryBackend
from store.crash import CrashBackend, PowerCut, explore, survivors

GENERATIONS = (1, 2, 3)
Steps = Callable[[Backend, int, list[str], bytes], None]


def blobs_of(generation: int) -> list[str]:
    return [f"{kind}/name.{generation}" for kind in ("forward", "reverse")]


def write(backend: Backend, names: list[str]) -> None:
    for name in names:
        backend.create(name, name.encode())


def drop(backend: Backend, generation: int) -> None:
    backend.remove(f"generations/{generation}")
    for name in blobs_of(generation):
        backend.remove(name)


def right(backend: Backend, generation: int, names: list[str], manifest: bytes) -> None:
    write(backend, names)
    backend.flush(names)
    backend.link(f"generations/{generation}", manifest)
    drop(backend, generation - 1)


def without_a_flush(backend: Backend, generation: int, names: list[str], manifest: bytes) -> None:
    write(backend, names)
    backend.link(f"generations/{generation}", manifest)
    drop(backend, generation - 1)


def without_one_flush(backend: Backend, generation: int, names: list[str], manifest: bytes) -> None:
    write(backend, names)
    backend.flush(names[:-1])
    backend.link(f"generations/{generation}", manifest)
    drop(backend, generation - 1)


def with_a_late_flush(backend: Backend, generation: int, names: list[str], manifest: bytes) -> None:
    write(backend, names)
    backend.link(f"generations/{generation}", manifest)
    backend.flush(names)
    drop(backend, generation - 1)


def with_an_early_removal(backend: Backend, generation: int, names: list[str], manifest: bytes) -> None:
    write(backend, names)
    backend.flush(names)
    drop(backend, generation - 1)
    backend.link(f"generations/{generation}", manifest)


def with_a_created_manifest(backend: Backend, generation: int, names: list[str], manifest: bytes) -> None:
    write(backend, names)
    backend.flush(names)
    backend.create(f"generations/{generation}", manifest)
    backend.flush([f"generations/{generation}"])
    drop(backend, generation - 1)


def with_an_early_acknowledgement(backend: Backend, generation: int, names: list[str], manifest: bytes) -> None:
    write(backend, names)
    backend.flush(names)
    backend.create(f"generations/{generation}", manifest)
    drop(backend, generation - 1)


def explored(steps: Steps) -> int:
    acknowledged: list[int] = []

    def run(backend: Backend) -> None:
        acknowledged.clear()
        for generation in GENERATIONS:
            names = blobs_of(generation)
            steps(backend, generation, names, "".join(f"{name} {crc32(name.encode())}\n" for name in names).encode())
            acknowledged.append(generation)

    def check(state: Backend, step: int) -> None:
        head = max(map(int, state.names("generations")), default=0)
        assert head >= max(acknowledged, default=0), "an acknowledged generation is lost"
        if head:
            lines = state.read(f"generations/{head}").decode().splitlines()
            assert len(lines) == 2, "the manifest is torn"
            for name, checksum in map(str.split, lines):
                assert crc32(state.read(name)) == int(checksum), "a blob is torn"

    return explore(run, check)


def test_the_right_order_survives_every_power_cut() -> None:
    assert explored(right) == 169


@pytest.mark.parametrize(
    "steps",
    [
        without_a_flush,
        without_one_flush,
        with_a_late_flush,
        with_an_early_removal,
        with_a_created_manifest,
        with_an_early_acknowledgement,
    ],
)
def test_every_wrong_order_is_caught(steps: Steps) -> None:
    with pytest.raises((AssertionError, Gone)) as caught:
        explored(steps)
    assert "power cut after" in caught.value.__notes__[0]


def test_a_start_is_durable_and_its_making_is_not_cut() -> None:
    states = []
    count = explore(
        lambda backend: backend.remove("a"),
        lambda state, step: states.append((step, sorted(state.names("")))),
        start={"a": b"", "b": b""},
    )
    assert states == [(0, ["a", "b"]), (1, ["b"]), (1, ["a", "b"])]
    assert count == 3


def test_after_the_cut_nothing_answers_not_even_a_clean_up() -> None:
    backend = CrashBackend({"old": b""}, stop=1)
    backend.create("new", b"")
    for act in (
        lambda: backend.remove("new"),
        lambda: backend.remove("old"),
        lambda: backend.read("new"),
        lambda: backend.names(""),
        lambda: backend.link("other", b""),
        lambda: backend.flush(["new"]),
    ):
        with pytest.raises(PowerCut):
            act()
    assert (backend.durable, backend.blobs()) == ({"old": b""}, {"old": b"", "new": b""})


def test_each_file_that_was_not_flushed_is_dropped_kept_alone_emptied_and_cut() -> None:
    states = dict(survivors({"kept": b"k"}, {"kept": b"k", "a": b"12", "b": b"34"}))
    assert states["a dropped"] == {"kept": b"k", "b": b"34"}
    assert states["a alone kept"] == {"kept": b"k", "a": b"12"}
    assert states["a cut in half"] == {"kept": b"k", "a": b"1", "b": b"34"}
    assert states["a empty"] == {"kept": b"k", "a": b"", "b": b"34"}
    assert states["nothing kept"] == {"kept": b"k"}
    assert len(states) == 3 + 2 * 4


def test_each_removal_that_was_not_flushed_is_undone_and_done_alone() -> None:
    states = dict(survivors({"a": b"1", "b": b"2", "c": b"3"}, {"c": b"3"}))
    assert [sorted(state) for state in states.values()] == [
        ["c"], ["a", "b", "c"], ["a", "c"], ["b", "c"], ["b", "c"], ["a", "c"],
    ]  # fmt: skip


def test_a_flush_makes_the_removals_of_its_directory_durable_and_no_other() -> None:
    backend = CrashBackend({"d/old": b"", "e/old": b""})
    backend.remove("d/old")
    backend.remove("e/old")
    backend.link("d/new", b"")
    assert backend.durable == {"d/new": b"", "e/old": b""}


def test_the_states_given_to_a_check_are_its_own_to_write_to() -> None:
    def check(state: Backend, step: int) -> None:
        assert isinstance(state, MemoryBackend)
        state.create("mark", b"")

    assert explore(lambda backend: backend.create("a", b"12"), check) == 1 + 4
