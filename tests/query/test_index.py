from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from packer.world import drop
from pkgindex.config import Settings
from pkgindex.errors import BadInput, Corrupt, NoIndex, NotFound
from pkgindex.packer.pack import Target, pack
from pkgindex.query.hits import PathHit
from pkgindex.query.index import Index
from pkgindex.snapshot import reader as reader_module
from pkgindex.store.local import LocalBackend
from pkgindex.store.place import place_at

CURL = {"name": "curl", "version": "1", "depends": ["libc6"], "summary": "web client",
        "files": ["/usr/bin/curl", "/usr/share/x"]}  # fmt: skip
LIBC = {"name": "libc6", "version": "2", "summary": "library", "files": ["/lib/libc.so", "/odd\nname", "/caf\udce9"]}
RPM = {"name": "curl", "version": "9", "depends": ["glibc"], "summary": "a web client", "files": ["/usr/bin/curl"]}
HTTPD = {"name": "httpd", "version": "2", "summary": "web server", "files": ["/usr/sbin/httpd"]}


def written(index: Path, repo: str, *packages: dict[str, object], loose: int = 64) -> int:
    os.makedirs(index / repo, exist_ok=True)
    submission = drop(index.parent, list(packages))
    return pack(Target(LocalBackend(str(index / repo)), repo, Settings(loose_packages_max=loose)), [submission]).generation


@pytest.fixture
def path(tmp_path: Path) -> Path:
    index = tmp_path / "index"
    written(index, "debian", CURL, LIBC, loose=0)
    written(index, "fedora", RPM, HTTPD)
    return index


def damaged(path: Path, repo: str) -> None:
    for manifest in (path / repo / "generations").iterdir():
        manifest.write_bytes(manifest.read_bytes()[:-1])


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "RETRY_SECONDS", -1.0)


def test_answers_come_repository_by_repository(path: Path) -> None:
    with Index(str(path)) as index:
        assert index.repositories() == ["debian", "fedora"]
        assert index.owner("/usr/bin/curl") == [
            PathHit("debian", 1, "curl", "/usr/bin/curl"), PathHit("fedora", 1, "curl", "/usr/bin/curl")]
        assert [hit.repo for hit in index.paths("curl")] == ["debian", "fedora"]
        assert [(repo, generation, list(package.releases)) for repo, generation, package in index.package("curl")] == [
            ("debian", 1, [("1", "")]), ("fedora", 1, [("9", "")])]
        assert list(index.names("")) == ["curl", "libc6", "curl", "httpd"]
        assert [(edge.repo, edge.name) for edge in index.dependencies("curl")] == [("debian", "libc6"), ("fedora", "glibc")]


def test_only_the_repositories_that_are_named_are_asked(path: Path) -> None:
    with Index(str(path), repos=["fedora"]) as index:
        assert [hit.repo for hit in index.owner("usr/bin/curl")] == ["fedora"]
        assert {hit.package for hit in index.search("web")} == {"curl", "httpd"}
        with pytest.raises(NotFound, match="no package 'libc6' in fedora"):
            index.package("libc6")
    with pytest.raises(NotFound, match=r"no repository 'arch' in .*: there is debian, fedora"):
        Index(str(path), repos=["fedora", "arch"])


def test_a_leading_slash_may_be_missing_and_many_paths_are_one_question(path: Path) -> None:
    with Index(str(path)) as index:
        hits = index.owner("usr/bin/curl", "/lib/libc.so", "nothing", "/usr/bin", "/usr/bin/curl")
        assert [(hit.repo, hit.package, hit.path) for hit in hits] == [
            ("debian", "libc6", "/lib/libc.so"), ("debian", "curl", "/usr/bin/curl"), ("fedora", "curl", "/usr/bin/curl")]
        assert index.owner() == []


def test_odd_paths_are_shown_as_they_are(path: Path) -> None:
    with Index(str(path)) as index:
        for odd in ("/odd\nname", "/caf\udce9"):
            assert [hit.path for hit in index.owner(odd)] == [odd]
            assert [hit.path for hit in index.paths(odd)] == [odd]
        assert [hit.path for hit in index.files("libc6")] == ["/caf\udce9", "/lib/libc.so", "/odd\nname"]


def test_a_pattern_is_a_substring_a_shell_pattern_or_a_regex(path: Path) -> None:
    with Index(str(path), repos=["debian"]) as index:
        assert [hit.path for hit in index.paths("BIN/c", ignore_case=True)] == ["/usr/bin/curl"]
        assert [hit.path for hit in index.paths("*.so", "glob")] == ["/lib/libc.so"]
        assert [hit.path for hit in index.paths("c(u|a)r?l$", "regex")] == ["/usr/bin/curl"]
        assert list(index.paths("nothing at all")) == []
        with pytest.raises(BadInput, match="not a regular expression"):
            list(index.paths("(", "regex"))


def test_hits_of_all_repositories_are_ranked_together_and_cut_together(path: Path) -> None:
    with Index(str(path)) as index:
        every = list(index.search("web"))
        assert {(hit.repo, hit.package) for hit in every} == {("debian", "curl"), ("fedora", "curl"), ("fedora", "httpd")}
        assert [hit.score for hit in every] == sorted([hit.score for hit in every], reverse=True)
        assert list(index.search("web", limit=2)) == every[:2]
        assert list(index.search("web", limit=0)) == []
        assert list(index.search("web nothing")) == list(index.search("&&")) == []
        assert next(iter(index.search("httpd"))).package == "httpd"


def test_what_nobody_ships_is_not_found(path: Path) -> None:
    with Index(str(path)) as index:
        for ask in (index.package, index.files, index.dependencies, index.dependants):
            with pytest.raises(NotFound, match="nobody"):
                ask("nobody")
        with pytest.raises(NotFound):
            index.why("curl", "nobody")


def test_a_repository_that_does_not_know_the_name_is_no_matter_when_another_does(path: Path) -> None:
    with Index(str(path)) as index:
        assert [edge.name for edge in index.dependants("glibc")] == ["curl"]
        assert [hit.package for hit in index.files("httpd")] == ["httpd"]
        assert [edge.repo for edge in index.why("curl", "libc6")] == ["debian"]


def test_a_damaged_repository_costs_itself_and_is_named(path: Path) -> None:
    damaged(path, "debian")
    with Index(str(path)) as index:
        for ask in (
            lambda: index.owner("/usr/bin/curl"), lambda: list(index.paths("curl")), lambda: index.search("client"),
            lambda: index.dependencies("curl"), lambda: index.status(),
        ):  # fmt: skip
            assert [hit.repo for hit in ask()] == ["fedora"]
            assert [(repo, type(error)) for repo, error in index.failures] == [("debian", Corrupt)]
            assert "generations/0000000000000001" in str(index.failures[0][1])


def test_when_all_are_damaged_the_first_fault_is_raised(path: Path) -> None:
    damaged(path, "debian")
    damaged(path, "fedora")
    with Index(str(path)) as index, pytest.raises(Corrupt, match=r"checksum|bytes"):
        index.owner("/usr/bin/curl")


def test_a_damaged_repository_hides_no_answer_that_is_missing_elsewhere(path: Path) -> None:
    damaged(path, "debian")
    with Index(str(path)) as index:
        with pytest.raises(NotFound):
            index.package("libc6")
        assert [repo for repo, _ in index.failures] == ["debian"]


def test_an_open_index_sees_what_is_published(path: Path) -> None:
    with Index(str(path), repos=["debian"]) as index:
        assert index.owner("/new") == []
        before = index.paths("usr")
        first = next(before)
        assert written(path, "debian", {"name": "new", "files": ["/new"]}, loose=0) == 2
        assert index.owner("/new") == [PathHit("debian", 2, "new", "/new")]
        assert {hit.generation for hit in [first, *before]} == {1}, "an answer that was begun is of one generation"


def test_an_index_may_be_opened_at_an_older_generation(path: Path) -> None:
    written(path, "debian", {"name": "curl", "removed": True})
    with Index(str(path), repos=["debian"], at=1) as index:
        assert [hit.generation for hit in index.owner("/usr/bin/curl")] == [1]
        assert [manifest.generation for manifest in index.reader("debian").history()] == [1, 2]
    with Index(str(path), repos=["debian"], at=9) as index, pytest.raises(NotFound, match=r"generation 9.*retained are 1 to 2"):
        index.owner("/usr/bin/curl")


def test_status_says_how_each_repository_stands(path: Path) -> None:
    with Index(str(path)) as index:
        debian, fedora = index.status()
    assert (debian.repo, debian.generation, debian.packages, debian.paths) == ("debian", 1, 2, 5)
    assert (debian.shards, debian.loose) == (2, 0)
    assert (fedora.packages, fedora.shards, fedora.loose, fedora.retained, fedora.partition) == (2, 0, 2, (1,), "package")
    assert debian.bytes > sum(file.stat().st_size for file in (path / "debian" / "shards").iterdir())
    assert 0 <= debian.age_seconds < 60


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: None, "there is no index at"),
        (lambda path: path.write_text("x"), "cannot be read as an index"),
        (lambda path: path.mkdir(), "is empty"),
        (lambda path: (path / "some" / "files").mkdir(parents=True), "is a directory, but no index"),
        (lambda path: (path / "Debian" / "generations").mkdir(parents=True), "is a directory, but no index"),
    ],
)
def test_what_is_no_index_is_told_apart(tmp_path: Path, make: object, says: str) -> None:
    path = tmp_path / "index"
    make(path)  # type: ignore[operator]
    with pytest.raises(NoIndex, match=f"{says}.*pkgindex init REPO|{says}"):
        place_at(str(path)).repositories()


def test_a_repository_without_a_generation_is_named_as_such(path: Path) -> None:
    (path / "empty" / "generations").mkdir(parents=True)
    with Index(str(path)) as index:
        assert len(index.owner("/usr/bin/curl")) == 2
        assert [(repo, type(error)) for repo, error in index.failures] == [("empty", NoIndex)]


def test_a_reader_writes_nothing(path: Path) -> None:
    before = {str(file): file.stat().st_mtime_ns for file in path.rglob("*")}
    with Index(str(path)) as index:
        index.owner("/usr/bin/curl")
        list(index.paths("curl"))
        index.search("web")
        index.why("curl", "libc6")
        index.status()
    assert {str(file): file.stat().st_mtime_ns for file in path.rglob("*")} == before


HEAVY = ("watchdog", "portalocker", "asyncio", "numpy", "multiprocessing", "dataclasses", "inspect", "click", "socket")
PROGRAM = """
import sys
from pkgindex.query.index import Index
with Index(sys.argv[1]) as index:
    {question}
import json
print(json.dumps([name for name in {heavy} if name in sys.modules]))
"""


@pytest.mark.parametrize(
    "question",
    [
        "assert index.owner('/usr/bin/curl')",
        "assert list(index.paths('curl')) and list(index.paths('c.rl', 'regex', True)) and list(index.paths('c*l', 'glob'))",
        "assert index.search('web')",
        "assert index.package('curl') and index.files('curl') and list(index.names('c'))",
        "assert index.dependencies('curl', transitive=True, resolve=True) and index.dependants('libc6', constraints=True)",
        "assert index.why('curl', 'libc6') and index.status()",
    ],
)
def test_reading_imports_nothing_heavy(path: Path, question: str) -> None:
    program = PROGRAM.format(question=question, heavy=HEAVY)
    root = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, cwd=root, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
