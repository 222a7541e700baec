from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packer.world import REPO, drop, make, packed
from pkgindex.config import Settings
from pkgindex.errors import Corrupt, NoIndex, NotFound
from pkgindex.format.commands import Row, decode
from pkgindex.packer.pack import pack
from pkgindex.packer.publish import Head, publish
from pkgindex.packer.target import Target
from pkgindex.query.commandlists import CommandLists
from pkgindex.query.commands import DIRECTORIES, listed, rows
from pkgindex.snapshot.reader import Reader
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.store.local import LocalBackend
from pkgindex.store.memory import MemoryBackend

OTHERS = ["/usr/bin/x", "/usr/lib", "/opt/bin", "/usr/binx", "/us", "/v/.bin"]
paths = st.builds("{}/{}".format, st.sampled_from([*DIRECTORIES, *OTHERS]), st.sampled_from(["a", "b", "ls", "odd\n", "é"]))
packages = st.dictionaries(st.sampled_from(["p", "q", "r"]), st.tuples(st.sets(paths, max_size=6), st.booleans()), max_size=3)


def snapshot(directory: Path, found: list[dict[str, Any]], **changes: Any) -> Snapshot:
    backend = MemoryBackend()
    make(backend, "package")
    packed(backend, drop(directory, found), **changes)
    return Reader(backend, REPO).snapshot()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=packages, loose=st.sampled_from([64, 0]))
def test_commands_are_the_files_of_the_directories_where_a_shell_looks(
    found: dict[str, tuple[set[str], bool]], loose: int, tmp_path: Path
) -> None:
    described = [{"name": name, "version": "1", "files": sorted(files), **({"installed": "true"} if installed else {})}
                 for name, (files, installed) in found.items()]
    expected = {(path.rpartition("/")[2], name, path.rpartition("/")[0], installed)
                for name, (files, installed) in found.items() for path in files if path.rpartition("/")[0] in DIRECTORIES}
    assert set(rows(snapshot(tmp_path, described, loose_packages_max=loose))) == expected


def test_a_command_in_bin_and_in_usr_bin_is_one(tmp_path: Path) -> None:
    found = snapshot(tmp_path, [{"name": "coreutils", "files": ["/bin/ls", "/usr/bin/ls", "/usr/bin/wc"]}])
    commands = decode(listed(found), REPO, found.generation)
    assert commands is not None
    assert commands.named("ls") == [("ls", "coreutils", "/usr/bin", False)]
    assert commands.named("wc") == [("wc", "coreutils", "/usr/bin", False)]


@pytest.mark.parametrize("loose", [64, 0])
def test_environments_have_a_bin_anywhere_and_systems_do_not(loose: int, tmp_path: Path) -> None:
    files = ["/srv/venv/bin/black", "/srv/app/node_modules/.bin/eslint", "/srv/bin/deep/er", "/usr/bin/git", "/srv/cabin/no",
             "/srv/app/node_modules/npm/bin/npx-cli.js", "/srv/venv/lib/python3.11/site-packages/x/bin/tool"]
    for ordering, expected in (("pep440", {"black", "eslint", "git"}), ("debian", {"git"})):
        backend = MemoryBackend()
        head = Head(backend, REPO, "package")
        publish(head, head.next()._replace(ordering=ordering), "000000", [], 32)
        packed(backend, drop(tmp_path, [{"name": "p", "files": files}]), loose_packages_max=loose)
        assert {row[0] for row in rows(Reader(backend, REPO).snapshot())} == expected


class Place:
    """An index, and a cache beside it."""

    def __init__(self, root: Path) -> None:
        self.settings = Settings(index=str(root / "index"), cache=str(root / "cache"))

    def pack(self, repo: str, *packages: dict[str, Any]) -> None:
        place = Path(self.settings.index, repo)
        place.mkdir(parents=True, exist_ok=True)
        pack(Target(LocalBackend(str(place)), repo, Settings()), [drop(place.parent.parent, list(packages))])

    def lists(self, *repos: str, at: int | None = None) -> CommandLists:
        return CommandLists(self.settings.index, (self.settings.cache,), repos, at)

    def named(self, name: str, *repos: str, at: int | None = None) -> list[tuple[str, Row]]:
        return [(found.repo, row) for found in self.lists(*repos, at=at) for row in found.named(name)]

    def kept(self) -> list[Path]:
        return sorted(file for file in Path(self.settings.cache).rglob("*") if file.is_file())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.pack("debian", {"name": "ripgrep", "version": "1", "files": ["/usr/bin/rg"]})
    place.pack("tools", {"name": "rg", "version": "2", "files": ["/usr/local/bin/rg"]})
    return place


def test_a_list_is_made_once_and_anew_for_each_publish(place: Place) -> None:
    first = place.named("rg")
    assert first == [("debian", ("rg", "ripgrep", "/usr/bin", False)), ("tools", ("rg", "rg", "/usr/local/bin", False))]
    kept = place.kept()
    assert len(kept) == 2 and place.named("rg") == first and place.kept() == kept
    place.pack("debian", {"name": "ripgrep", "version": "2", "files": ["/usr/bin/rgg"]})
    assert place.named("rg") == first[1:] and place.named("rgg") == [("debian", ("rgg", "ripgrep", "/usr/bin", False))]
    assert len(place.kept()) == 2


def test_a_list_that_is_damaged_is_made_again(place: Place) -> None:
    first = place.named("rg")
    for file in place.kept():
        file.write_bytes(file.read_bytes()[:-3])
    assert place.named("rg") == first
    assert [decode(file.read_bytes(), file.parent.name, 1) is None for file in place.kept()] == [False, False]


def test_only_the_repositories_and_the_generation_that_are_asked_for_answer(place: Place) -> None:
    place.pack("debian", {"name": "ripgrep", "version": "2", "files": ["/usr/bin/rgg"]})
    assert place.named("rg", "tools") == [("tools", ("rg", "rg", "/usr/local/bin", False))]
    assert place.named("rg", "debian", at=1) == [("debian", ("rg", "ripgrep", "/usr/bin", False))]
    assert [file.parent.name for file in place.kept()] == ["tools"]
    with pytest.raises(NotFound, match="nowhere"):
        place.named("rg", "nowhere")


def test_without_an_index_it_is_said_as_by_any_question(tmp_path: Path) -> None:
    with pytest.raises(NoIndex):
        list(CommandLists(str(tmp_path), (str(tmp_path),)))


def test_a_repository_that_is_damaged_costs_itself(place: Place) -> None:
    manifest = next(Path(place.settings.index, "debian/generations").iterdir())
    manifest.chmod(0o600)
    manifest.write_bytes(manifest.read_bytes()[:-1])
    for _ in range(2):  # before the list of the other is kept, and then
        lists = place.lists()
        assert [found.repo for found in lists] == ["tools"]
        assert [(repo, type(error)) for repo, error in lists.failures] == [("debian", Corrupt)]
    with pytest.raises(Corrupt):
        place.named("rg", "debian")
