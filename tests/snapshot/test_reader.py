from __future__ import annotations

from pathlib import Path

import pytest

from packer.world import REPO, drop, holding, packed
from pkgindex.errors import Corrupt, Gone, NewerFormat, NoIndex, NotFound
from pkgindex.snapshot import reader as reader_module
from pkgindex.snapshot.reader import Reader
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.store.memory import MemoryBackend

CURL = {"name": "curl", "version": "1", "summary": "web", "depends": ["libc6"], "files": ["/usr/bin/curl"]}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "BACK_OFF_SECONDS", (0.0,))
    monkeypatch.setattr(reader_module, "RETRY_SECONDS", -1.0)


@pytest.fixture
def backend(tmp_path: Path) -> MemoryBackend:
    backend = MemoryBackend()
    packed(backend, drop(tmp_path, [CURL]), loose_packages_max=0)
    return backend


def everything(backend: MemoryBackend) -> object:
    return Reader(backend, REPO).ask(lambda snapshot: (
        snapshot.package("curl"), list(snapshot.owners([b"/usr/bin/curl"])), holding(snapshot, "web"),
        snapshot.dependants("libc6"), snapshot.generation,
    ))


def blob(backend: MemoryBackend, kind: str) -> str:
    return next(name for name in sorted(backend.blobs()) if name.startswith(kind))


def replaced(backend: MemoryBackend, name: str, data: bytes) -> None:
    backend.remove(name)
    backend.create(name, data)


def test_before_the_first_generation_there_is_no_index() -> None:
    with pytest.raises(NoIndex, match="pkgindex pack debian"):
        Reader(MemoryBackend(), REPO).snapshot()


def test_while_nothing_is_published_it_is_the_same_snapshot(backend: MemoryBackend, tmp_path: Path) -> None:
    reader = Reader(backend, REPO)
    first = reader.snapshot()
    assert reader.snapshot() is first
    packed(backend, drop(tmp_path, [{**CURL, "version": "2"}]))
    assert reader.snapshot() is not first
    assert (first.generation, reader.snapshot().generation) == (1, 2)


def test_a_reader_never_goes_back(backend: MemoryBackend, tmp_path: Path) -> None:
    reader = Reader(backend, REPO)
    packed(backend, drop(tmp_path, [{**CURL, "version": "2"}]))
    held = reader.snapshot()
    backend.remove(f"generations/{2:016d}")
    assert reader.snapshot() is held, "an old but whole answer is right"
    for name in [name for name in backend.blobs() if name.startswith("forward/")]:
        backend.remove(name)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Corrupt, match="generation 2 of 'debian' was there"):
        patch.setattr(reader_module, "RETRY_SECONDS", 0.01)
        patch.setattr(reader_module, "BACK_OFF_SECONDS", (0.001,))
        reader.ask(lambda snapshot: snapshot.package("curl"))
    with pytest.raises(Gone, match="generation 2 of 'debian' was there, and 1 is the highest"):
        reader.snapshot()


@pytest.mark.parametrize("kind", ["forward/", "reverse/", "pages/", "shards/text", "shards/paths"])
def test_a_file_that_stays_away_is_lost_and_the_error_says_what_to_do(backend: MemoryBackend, kind: str) -> None:
    name = blob(backend, kind)
    backend.remove(name)
    with pytest.raises(Corrupt, match=f"{name.replace('.', '[.]')}.*still names it.*--rebuild"):
        everything(backend)


@pytest.mark.parametrize("kind", ["forward/", "reverse/", "pages/", "generations/"])
def test_a_file_cut_short_emptied_or_changed_is_corrupt(backend: MemoryBackend, kind: str) -> None:
    name = blob(backend, kind)
    data = backend.read(name)
    for damaged in (b"", data[:-1], data[: len(data) // 2], data + b"x", data[:-1] + bytes((data[-1] ^ 1,))):
        replaced(backend, name, damaged)
        with pytest.raises(Corrupt, match=name.replace(".", "[.]")):
            everything(backend)


@pytest.mark.parametrize("kind", ["forward/", "reverse/", "pages/", "generations/"])
def test_a_file_of_a_later_format_is_told_apart(backend: MemoryBackend, kind: str) -> None:
    name = blob(backend, kind)
    replaced(backend, name, backend.read(name).replace(b"pkgindex 1", b"pkgindex 4", 1))
    with pytest.raises(NewerFormat, match="upgrade"):
        everything(backend)


def test_a_file_of_another_package_is_not_believed(tmp_path: Path) -> None:
    backend = MemoryBackend()
    packed(backend, drop(tmp_path, [CURL, {"name": "wget", "version": "1"}]))
    curl, wget = (next(name for name in backend.blobs() if name.startswith("forward/") and package in name)
                  for package in ("curl", "wget"))
    replaced(backend, curl, backend.read(wget))
    with pytest.raises(Corrupt, match="does not hold 'curl'"):
        everything(backend)


def test_older_generations_are_there_while_they_are_retained(backend: MemoryBackend, tmp_path: Path) -> None:
    packed(backend, drop(tmp_path, [{**CURL, "version": "2"}]))
    reader = Reader(backend, REPO)
    assert reader.numbers() == [1, 2]
    assert [manifest.generation for manifest in reader.history()] == [1, 2]
    package = reader.at(1).package("curl")
    assert package is not None and list(package.releases) == [("1", "")]
    with pytest.raises(NotFound, match="generation 7 of 'debian' is not retained: retained are 1 to 2"):
        reader.at(7)
    with pytest.raises(NotFound, match="there are none"):
        Reader(MemoryBackend(), REPO).at(1)


def test_what_is_gone_is_asked_for_again_from_the_listing(tmp_path: Path) -> None:
    """The page vanishes between the manifest and the question, as when a writer has retired it; another is there by then."""

    class Vanishing(MemoryBackend):
        asked = 0

        def read(self, name: str) -> bytes:
            if name.startswith("pages/"):
                self.asked += 1
                if self.asked == 1:
                    packed(self, drop(tmp_path, [{**CURL, "version": "2"}]))
                    raise Gone(f"{name} is no longer there")
            return super().read(name)

    backend = Vanishing()
    backend.asked = 1
    packed(backend, drop(tmp_path, [CURL]))
    backend.asked = 0
    reader = Reader(backend, REPO)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader_module, "RETRY_SECONDS", 60.0)
        package = reader.ask(lambda snapshot: snapshot.package("curl"))
    assert package is not None and ("2", "") in package.releases


def test_a_question_that_hung_while_others_published_is_asked_of_the_newest(backend: MemoryBackend, tmp_path: Path) -> None:
    asked = []

    def hung_once(snapshot: Snapshot) -> int:
        asked.append(snapshot.generation)
        if len(asked) == 1:
            packed(backend, drop(tmp_path, [{**CURL, "version": "2"}]))
            raise Gone("retired while the share was away")
        return snapshot.generation

    # No time is left: the question took more than there was.
    assert Reader(backend, REPO).ask(hung_once) == 2
    assert asked == [1, 2]


class Retiring(MemoryBackend):
    """Takes a generation away when it is about to be read, as often as `going` names one."""

    going: tuple[int, ...] = ()

    def read(self, name: str) -> bytes:
        if self.going and name == f"generations/{self.going[0]:016d}":
            self.going = self.going[1:]
            self.remove(name)
        return super().read(name)


@pytest.mark.parametrize("going", [(1,), (1, 2), (3,), (1, 3), (2, 3, 4)])
def test_what_is_retired_while_the_history_is_read_is_left_out(tmp_path: Path, going: tuple[int, ...]) -> None:
    backend = Retiring()
    for number in range(1, 6):
        packed(backend, drop(tmp_path, [{**CURL, "version": str(number)}]))
    backend.going = going
    told = [manifest.generation for manifest in Reader(backend, REPO).history()]
    assert told == [number for number in range(1, 6) if number not in going]


def test_a_generation_that_is_listed_and_not_there_is_told_of(tmp_path: Path) -> None:
    class Listing(MemoryBackend):
        lost: tuple[str, ...] = ()

        def names(self, directory: str) -> list[str]:
            return [*super().names(directory), *self.lost]

    backend = Listing()
    packed(backend, drop(tmp_path, [CURL]))
    backend.lost = (f"{7:016d}",)
    with pytest.raises(Gone, match="generations/0000000000000007"):
        Reader(backend, REPO).history()
