"""Pages, repositories side by side, and what becomes of a search when files are damaged."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from packer.world import drop
from pkgindex.config import Settings
from pkgindex.errors import BadInput, Corrupt, NotRetained
from pkgindex.packer.pack import Target, pack
from pkgindex.query.index import Index
from pkgindex.snapshot import reader as reader_module
from pkgindex.store.local import LocalBackend

_versions = count(1)


def published(index: Path, repo: str, *packages: dict[str, Any], loose: int = 0, keep: int = 32) -> int:
    os.makedirs(index / repo, exist_ok=True)
    settings = Settings(loose_packages_max=loose, keep_generations=keep)
    return pack(Target(LocalBackend(str(index / repo)), repo, settings), [drop(index.parent, list(packages))]).generation


def package(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "version": str(next(_versions)), **fields}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    index = tmp_path / "index"
    published(index, "debian", package("nginx", summary="web server", files=["/usr/sbin/nginx"]),
              package("curl", summary="web client", files=["/usr/bin/curl"]),
              package("apache", summary="web server", provides=["httpd"]),
              package("docs", summary="about servers", files=["/usr/share/doc/web"]))
    published(index, "fedora", package("httpd", summary="web server"), package("lynx", summary="browse the web"))
    return index


def told(answers: Any) -> list[tuple[str, str]]:
    return [(answer.repo, answer.package) for answer in answers]


def shards(path: Path, repo: str, kind: str) -> list[Path]:
    return sorted((path / repo / "shards").glob(f"{kind}-*"))


# Order


@pytest.mark.parametrize("words, first", [
    ("httpd", [("fedora", "httpd"), ("debian", "apache")]),  # called so; provides it
    ("nginx", [("debian", "nginx")]),
    ("curl", [("debian", "curl")]),
])
def test_whole_names_come_before_what_is_provided(path: Path, words: str, first: list[tuple[str, str]]) -> None:
    with Index(str(path)) as index:
        assert told(index.search(words)) == first


def test_a_word_ranks_by_where_it_stands(tmp_path: Path) -> None:
    published(tmp_path / "index", "debian",
              package("editor"), package("a-provider", provides=["editor"]), package("a-command", files=["/usr/bin/editor"]),
              package("small-editor"), package("b", summary="an editor"), package("c", description="there is an editor in it"),
              package("d", keywords="editor"), package("a-file", files=["/usr/share/editor"]), package("e", section="editor"))
    with Index(str(tmp_path / "index")) as index:
        assert [answer.package for answer in index.search("editor")] == [
            "editor", "a-provider", "a-command", "small-editor", "b", "c", "d", "a-file"]


def test_words_that_make_a_name_find_who_is_called_so_or_provides_it(tmp_path: Path) -> None:
    published(tmp_path / "index", "debian",
              package("a", summary="web server web server"), package("z-web", provides=["web-server"], summary="a server"),
              package("web-server"))
    with Index(str(tmp_path / "index")) as index:
        assert [answer.package for answer in index.search("web server")] == ["web-server", "z-web", "a"]


def test_packages_that_only_a_file_answers_for_come_last_and_show_the_file(path: Path) -> None:
    with Index(str(path), ["debian"]) as index:
        *_, last = index.search("web")
        assert (last.package, [(hit.field, hit.value) for hit in last.hits]) == ("docs", [("file", "/usr/share/doc/web")])


# Pages


@pytest.mark.parametrize("question", ["web", "*", "web OR file:/usr/*", "NOT nginx", "summary:web"])
@pytest.mark.parametrize("size", [1, 2, 4])
def test_pages_are_the_answer_in_parts(path: Path, question: str, size: int) -> None:
    with Index(str(path)) as index:
        every, pages, cursor = told(index.search(question)), [], None
        while True:
            page = index.search(question, limit=size, cursor=cursor)
            pages += told(page)
            cursor = page.cursor
            if cursor is None:
                break
        assert pages == every
        assert told(index.search(question, offset=1, limit=2)) == every[1:3]


def test_the_next_page_is_of_the_generations_of_the_page_before(path: Path) -> None:
    with Index(str(path)) as index:
        every = told(index.search("web"))
        first = index.search("web", limit=2)
        published(path, "debian", package("aaa-web"), package("web"))
        published(path, "later", package("web"))
        assert told(index.search("web", cursor=first.cursor)) == every[2:]
        assert len(told(index.search("web"))) == len(every) + 3


def test_a_page_whose_generation_is_gone_says_so(path: Path) -> None:
    with Index(str(path)) as index:
        first = index.search("web", limit=1)
    for number in range(3):
        published(path, "debian", package(f"more-{number}"), keep=1)
    for manifest in sorted((path / "debian" / "generations").iterdir())[:-1]:
        manifest.unlink()
    with Index(str(path)) as index, pytest.raises(NotRetained, match="generation 1 of 'debian' is not retained"):
        index.search("web", cursor=first.cursor)


@pytest.mark.parametrize("cursor, fault", [
    ("", "is no cursor"), ("x", "is no cursor"), ("00000000+1@debian", "is no cursor"), ("\0+\0@\0", "is no cursor"),
    ("00000000+1@debian=1", "is of another question"), ("0+-5@debian=1", "is no cursor"),
    ("0x000000+1@debian=1", "is no cursor"), (" 0000000+1@debian=1", "is no cursor"), ("00000000+1@debian=1 ", "is no cursor"),
    ("00000000+1@debian=1\n", "is no cursor"), ("00000000+1@debian=1,debian=2", "is no cursor"),
    ("00000000+9999999999999999@debian=1", "is no cursor"), ("00000000+1@debian=9999999999999999", "is no cursor"),
    ("00000000+\u0661@debian=1", "is no cursor"),
])
def test_a_cursor_that_does_not_fit_is_refused(path: Path, cursor: str, fault: str) -> None:
    with Index(str(path)) as index, pytest.raises(BadInput, match=fault):
        index.search("web", cursor=cursor)


@pytest.mark.parametrize("name", ["limit", "offset"])
@pytest.mark.parametrize("number", [-1, -(10**30), 10**15, 10**23, 10**5000], ids=range(5))
def test_a_limit_and_an_offset_that_nobody_counts_to_are_refused(path: Path, name: str, number: int) -> None:
    bounds: Any = {name: number}
    with Index(str(path)) as index, pytest.raises(BadInput, match=f"{name} is a number from 0 to"):
        index.search("web", **bounds)


def test_the_largest_limit_and_offset_are_answered(path: Path) -> None:
    with Index(str(path)) as index:
        assert len(told(index.search("web", limit=10**15 - 1))) == len(told(index.search("web"))) > 0
        assert told(index.search("web", limit=10**15 - 1, offset=10**15 - 1)) == []


# Damage


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "BACK_OFF_SECONDS", (0.0,))


def hurt(shard: Path, how: str) -> None:
    if how == "missing":
        shard.unlink()
    else:
        content = shard.read_bytes()
        os.chmod(shard, 0o644)
        shard.write_bytes(bytes(len(content)) if how == "zeroed" else content[: len(content) // 2])


@pytest.mark.parametrize("kind", ["text", "paths"])
@pytest.mark.parametrize("how", ["missing", "zeroed", "cut"])
def test_a_damaged_shard_changes_no_answer_and_is_named(path: Path, kind: str, how: str, no_waiting: None) -> None:
    questions = ["web", "web server", "server OR file:/usr/bin/*", "nginx NOT client", "*", "basename:web"]
    with Index(str(path)) as index:
        expected = [list(index.search(question)) for question in questions]
        owners, paths = index.owner("/usr/bin/curl"), list(index.paths("usr"))
    for shard in shards(path, "debian", kind):
        hurt(shard, how)
    for question, answers in zip(questions, expected, strict=True):
        with Index(str(path)) as index:
            assert list(index.search(question)) == answers
            named = [str(error) for repo, error in index.recovered if repo == "debian"]
            assert not index.failures
        if kind == "text":
            assert len(named) == 1 and f"shards/{kind}-" in named[0]
    with Index(str(path)) as index:
        assert index.owner("/usr/bin/curl") == owners
        assert bool(index.recovered) == (kind == "paths")
        assert list(index.paths("usr")) == paths


def test_a_repository_that_cannot_answer_costs_itself(path: Path) -> None:
    for shard in shards(path, "debian", "text"):
        hurt(shard, "zeroed")
    for file in (path / "debian" / "forward").rglob("nginx.*"):
        os.chmod(file, 0o644)
        file.write_bytes(b"rubbish")
    with Index(str(path)) as index:
        assert told(index.search("web")) == [("fedora", "httpd"), ("fedora", "lynx")]
        [(repo, error)] = index.failures
        assert (repo, type(error)) == ("debian", Corrupt)
    with Index(str(path), ["debian"]) as index, pytest.raises(Corrupt):
        list(index.search("web"))


def test_an_explanation_tells_the_parts_the_scores_and_what_was_recovered(path: Path) -> None:
    with Index(str(path), ["debian"]) as index:
        found = index.search("web server NOT name:cur* file:/usr/*")
        [answer] = found
        explanation = found.explanation()
        assert explanation.tree == "web AND server AND NOT name:cur* AND file:/usr/*"
        [repository] = explanation.repositories
        assert {"web", "server"} <= {part.text for part in repository.parts}
        assert sum(reason.worth for reason in explanation.scores["debian", "nginx"]) == pytest.approx(answer.score, abs=1e-4)
        assert not repository.recovered
    for shard in shards(path, "debian", "text"):
        hurt(shard, "zeroed")
    with Index(str(path), ["debian"]) as index:
        found = index.search("web")
        assert len(list(found)) == 4
        assert "shards/text-" in found.explanation().repositories[0].recovered


@pytest.mark.parametrize("loose", [0, 99])
@pytest.mark.parametrize(("question", "candidates"), [("web", 4), ("summary:web", 3), ("web OR summary:server", 4)])
def test_an_explanation_counts_what_two_phases_looked_at_once(
    tmp_path: Path, question: str, candidates: int, loose: int
) -> None:
    published(tmp_path / "index", "debian", package("a", summary="web server"), package("b", summary="web"),
              package("c", summary="web"), package("d", files=["/usr/share/doc/web"]), package("e"), loose=loose)
    with Index(str(tmp_path / "index")) as index:
        found = index.search(question)
        list(found)
        [repository] = found.explanation().repositories
    assert repository.candidates == candidates
    listed = [(part.text, part.how, part.packages) for part in repository.parts]
    assert listed and len(listed) == len(set(listed))


# Strangers


def test_the_regular_expressions_of_strangers_take_no_time_to_speak_of(path: Path) -> None:
    published(path, "debian", package("evil", summary="a" * 5000, files=["/" + "a" * 200]))
    with Index(str(path)) as index:
        assert told(index.search("summary:/(a+)+$/", untrusted=True)) == [("debian", "evil")]
        assert told(index.search("file:/(a+)+b$/", untrusted=True)) == []
        with pytest.raises(BadInput, match="re2"):
            index.search("/(?=x)/", untrusted=True)


def test_without_re2_the_regular_expressions_of_strangers_are_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "re2", None)
    with Index(str(path)) as index:
        for question in ("/web/", "file:/web/", "name:/x/ OR web"):
            with pytest.raises(BadInput, match="google-re2"):
                index.search(question, untrusted=True)
        assert told(index.search("nginx", untrusted=True)) == [("debian", "nginx")]
