"""The laws of a backend, one test each. A backend's own test is this class with a `backend` fixture."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from pkgindex.errors import Exists, Gone, StoreError
from pkgindex.store.backend import Backend

BAD_NAMES = ("/etc/passwd", "../up", "a/../../up", "a//b", "a/", "/", "./a", "a/.", "..", ".", "a\0b")
CONTENTS = (b"", b"x", bytes(range(256)) * 4096)
RACERS = 8


def finished(backend: Backend, data: bytes) -> str:
    """A file in scratch that is ready to be adopted."""
    path = os.path.join(backend.scratch(), os.urandom(8).hex())
    with open(path, "wb") as file:
        file.write(data)
    return path


def makers(backend: Backend) -> dict[str, Callable[[str, bytes], None]]:
    """The three ways in which a name comes to be."""
    return {
        "create": backend.create,
        "link": backend.link,
        "adopt": lambda name, data: backend.adopt(finished(backend, data), name),
    }


class BackendContract:
    @pytest.mark.parametrize("data", CONTENTS, ids=len)
    @pytest.mark.parametrize("how", ["create", "link", "adopt"])
    def test_what_was_stored_is_read_and_has_its_size(self, backend: Backend, how: str, data: bytes) -> None:
        makers(backend)[how]("deep/down/blob", data)
        assert backend.read("deep/down/blob") == data
        assert backend.size("deep/down/blob") == len(data)

    @pytest.mark.parametrize("second", ["create", "link", "adopt"])
    @pytest.mark.parametrize("first", ["create", "link", "adopt"])
    def test_a_name_is_used_once(self, backend: Backend, first: str, second: str) -> None:
        makers(backend)[first]("d/blob", b"first")
        with pytest.raises(Exists, match="d/blob"):
            makers(backend)[second]("d/blob", b"second")
        assert backend.read("d/blob") == b"first"
        backend.flush(["d/blob"])
        assert backend.names("d") == ["blob"]

    def test_an_adopted_file_leaves_scratch_and_a_refused_one_stays(self, backend: Backend) -> None:
        file, refused = finished(backend, b"one"), finished(backend, b"two")
        backend.adopt(file, "shard")
        with pytest.raises(Exists):
            backend.adopt(refused, "shard")
        assert (os.path.exists(file), os.path.exists(refused)) == (False, True)

    def test_what_is_flushed_is_still_there(self, backend: Backend) -> None:
        names = [f"d{number % 3}/blob{number}" for number in range(9)]
        for name in names:
            backend.create(name, name.encode())
        backend.adopt(finished(backend, b"shard"), "shards/one")
        backend.flush([*names, "shards/one"])
        backend.flush(iter(names))
        backend.flush([])
        assert [backend.read(name) for name in names] == [name.encode() for name in names]

    def test_flushing_what_is_not_there_says_so_and_gives_nothing_up(self, backend: Backend) -> None:
        backend.create("d/there", b"")
        with pytest.raises(Gone, match="d/missing"):
            backend.flush(["d/there", "d/missing"])
        backend.flush(["d/there"])

    @pytest.mark.parametrize("how", ["read", "size", "age_seconds"])
    def test_what_is_not_there_is_gone(self, backend: Backend, how: str) -> None:
        backend.create("d/blob", b"")
        for name in ("d/missing", "missing/blob", "d", "d/blob/below"):
            with pytest.raises(Gone, match=name):
                getattr(backend, how)(name)

    def test_names_are_the_last_parts_of_what_lies_directly_below(self, backend: Backend) -> None:
        for name in ("d/one", "d/two", "d/deep/three", "other/four", "dd/five", "six"):
            backend.create(name, b"")
        assert sorted(backend.names("d")) == ["deep", "one", "two"]
        assert {"d", "dd", "other", "six"} <= set(backend.names(""))
        assert backend.names("missing") == backend.names("d/missing") == backend.names("six") == []

    def test_a_removed_name_is_gone_and_is_removed_again_without_complaint(self, backend: Backend) -> None:
        backend.create("d/blob", b"")
        for _ in range(2):
            backend.remove("d/blob")
        backend.remove("missing/blob")
        assert backend.names("d") == []
        with pytest.raises(Gone):
            backend.read("d/blob")

    @pytest.mark.parametrize("name", BAD_NAMES)
    def test_a_name_that_could_leave_the_root_is_refused_everywhere(self, backend: Backend, name: str) -> None:
        file = finished(backend, b"")
        for act in (
            lambda: backend.create(name, b""),
            lambda: backend.link(name, b""),
            lambda: backend.adopt(file, name),
            lambda: backend.flush([name]),
            lambda: backend.read(name),
            lambda: backend.size(name),
            lambda: backend.age_seconds(name),
            lambda: backend.names(name),
            lambda: backend.remove(name),
            lambda: backend.local_file(name),
        ):
            with pytest.raises(StoreError, match="cannot name a file"):
                act()

    def test_of_many_that_link_one_name_exactly_one_gets_it(self, backend: Backend) -> None:
        start = threading.Barrier(RACERS)

        def race(racer: int) -> list[int]:
            won = []
            for number in range(10):
                start.wait()
                try:
                    backend.link(f"generations/{number}", b"%d" % racer)
                    won.append(number)
                except Exists:
                    pass
            return won

        with ThreadPoolExecutor(RACERS) as threads:
            winners = list(threads.map(race, range(RACERS)))
        assert sorted(number for won in winners for number in won) == list(range(10))
        for racer, won in enumerate(winners):
            assert all(backend.read(f"generations/{number}") == b"%d" % racer for number in won)

    def test_who_links_looks_once_more_before_the_name_is_there(self, backend: Backend) -> None:
        seen = []
        backend.link("generations/1", b"content", lambda: seen.append(backend.names("generations")))
        assert seen == [[]]

        def refuse() -> None:
            raise Gone("what it was made from")

        with pytest.raises(Gone, match="what it was made from"):
            backend.link("generations/2", b"content", refuse)
        assert backend.names("generations") == ["1"]

    def test_a_local_file_holds_what_is_read(self, backend: Backend) -> None:
        backend.create("d/blob", b"content")
        path = backend.local_file("d/blob")
        if path is not None:
            with open(path, "rb") as file:
                assert file.read() == b"content"

    def test_what_was_just_written_is_young(self, backend: Backend) -> None:
        backend.create("d/blob", b"")
        assert 0 <= backend.age_seconds("d/blob") < 60

    def test_there_is_room_left(self, backend: Backend) -> None:
        assert backend.free_bytes() > 0

    def test_scratch_is_a_directory_that_can_be_asked_for_again(self, backend: Backend) -> None:
        assert os.path.isdir(backend.scratch())
        assert backend.scratch() == backend.scratch()
