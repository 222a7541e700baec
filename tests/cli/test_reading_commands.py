"""What each reading command prints, as lines, JSON Lines and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pkgindex.store import files

Ask = Callable[..., Any]

READING = [
    ["owner", "/usr/bin/python3"],
    ["path", "libcrypto"],
    ["search", "web", "server"],
    ["show", "curl"],
    ["files", "curl"],
    ["deps", "curl"],
    ["rdeps", "zlib1g"],
    ["why", "curl", "zlib1g"],
    ["which", "curl"],
    ["status"],
    ["history", "debian"],
    ["diff", "tools"],
]
FIELDS = {
    "owner": {"path"},
    "path": {"path"},
    "files": {"path"},
    "search": {"score"},
    "deps": {"kind", "name", "constraint"},
    "rdeps": {"kind", "name", "constraint"},
    "why": {"kind", "name", "constraint"},
    "which": {"path", "command", "installed"},
    "show": {"releases", "texts"},
    "diff": {"change", "versions", "versions_before"},
}
STATUS_FIELDS = {"repo", "generation", "packages", "paths", "shards", "bytes", "age_seconds", "pending", "rejected"}


@pytest.mark.parametrize("words", READING, ids=lambda words: words[0])
def test_an_answer_has_the_same_hits_in_every_shape(ask: Ask, words: list[str]) -> None:
    plain, lines, document = ask(*words), ask(*words, "--jsonl"), ask(*words, "--json")
    assert (plain.code, lines.code, document.code) == (0, 0, 0), (plain.err, lines.err, document.err)
    assert plain.out and plain.err == lines.err == document.err == ""
    found = json.loads(document.out)
    assert (found["schema"], found["command"], found["failures"]) == (1, words[0], [])
    hits = lines.objects
    # Its age is that of the moment.
    for hit in hits + found["hits"]:
        hit.pop("age_seconds", None)
    assert found["hits"] == hits


@pytest.mark.parametrize("words", READING, ids=lambda words: words[0])
def test_a_line_of_json_has_the_fields_that_were_promised(ask: Ask, words: list[str]) -> None:
    promised = {"repo", "generation"} | FIELDS.get(words[0], set())
    if words[0] not in ("status", "history"):
        promised.add("package")
    for hit in ask(*words, "--jsonl").objects:
        assert promised <= hit.keys()


@pytest.mark.parametrize("words", READING, ids=lambda words: words[0])
def test_a_limit_is_kept_and_zero_is_none(ask: Ask, words: list[str]) -> None:
    every, one = ask(*words, "--jsonl", "--limit", "0").objects, ask(*words, "--jsonl", "--limit", "1").objects
    # The hits of a search are as many as match in a package, and its limit counts packages.
    assert len({hit["package"] for hit in one} if words[0] == "search" else one) == 1
    assert len(every) == len(ask(*words, "--jsonl").objects)


@pytest.mark.parametrize("words", [words for words in READING if words[0] not in ("history", "diff")], ids=lambda w: w[0])
def test_a_repository_can_be_chosen(ask: Ask, words: list[str]) -> None:
    found = ask(*words, "--repo", "debian", "--jsonl").objects
    assert {hit["repo"] for hit in found} == {"debian"}
    unknown = ask(*words, "--repo", "nowhere")
    assert unknown.code == 1 and "no repository 'nowhere'" in unknown.err and "debian, tools" in unknown.err


def test_the_status_of_a_repository_has_all_its_fields(ask: Ask) -> None:
    debian, tools = ask("status", "--jsonl").objects
    assert debian.keys() >= STATUS_FIELDS and tools.keys() >= STATUS_FIELDS
    assert (debian["repo"], debian["generation"], debian["packages"], debian["pending"]) == ("debian", 1, 216, 0)
    assert (tools["generation"], tools["packages"], tools["retained"]) == (3, 1, [1, 2, 3])


def test_status_on_a_host_without_the_spool_does_not_know_what_waits(ask: Ask, tmp_path: Any) -> None:
    found = ask("status", "--jsonl", "--spool", str(tmp_path)).objects
    assert [(hit["pending"], hit["rejected"]) for hit in found] == [(None, None)] * 2
    assert "  -  " in ask("status", "--spool", str(tmp_path)).text


@pytest.mark.parametrize("path", ["/usr/bin/python3", "usr/bin/python3", "/usr/bin/python3/"])
def test_a_path_is_found_with_or_without_its_slash(ask: Ask, path: str) -> None:
    assert ask("owner", path).lines == ["debian/python3-minimal: /usr/bin/python3"]


def test_one_repository_needs_no_name_in_the_lines(ask: Ask) -> None:
    assert ask("owner", "--repo", "debian", "/usr/bin/python3").lines == ["python3-minimal: /usr/bin/python3"]


def test_some_paths_found_is_found_and_the_others_are_named(ask: Ask) -> None:
    answer = ask("owner", "/usr/bin/python3", "/no/such")
    assert answer.code == 0 and "no package ships /no/such" in answer.err


def test_paths_come_from_stdin(started: Ask) -> None:
    answer = started("owner", "-", "--repo", "debian", stdin=b"/usr/bin/curl\n\nusr/bin/python3\n/no/such\n")
    assert answer.lines == ["curl: /usr/bin/curl", "python3-minimal: /usr/bin/python3"]


def test_globs_expressions_and_case(ask: Ask) -> None:
    assert ask("path", "--glob", "/usr/bin/pyth?n3").lines == ["debian/python3-minimal: /usr/bin/python3"]
    assert ask("path", "--regex", "^/usr/bin/python3$").lines == ["debian/python3-minimal: /usr/bin/python3"]
    assert ask("path", "USR/BIN/PYTHON3").code == 1
    assert "debian/python3-minimal: /usr/bin/python3" in ask("path", "-i", "USR/BIN/PYTHON3").lines


def test_a_package_whose_name_is_asked_comes_first(ask: Ask) -> None:
    assert ask("search", "curl", "--limit", "1", "--jsonl").objects[0]["package"] == "curl"


def test_dependencies_stand_under_their_kinds(ask: Ask) -> None:
    lines = ask("deps", "--kind", "depends,recommends", "--repo", "debian", "curl").lines
    assert lines[0] == "depends" and "  zlib1g (>= 1:1.1.4)" in lines


def test_dependants_have_constraints_for_programs(ask: Ask) -> None:
    found = {hit["name"]: hit["constraint"] for hit in ask("rdeps", "zlib1g", "--jsonl", "--repo", "debian").objects}
    assert found["curl"] == ">= 1:1.1.4"


def test_all_that_is_needed_comes_with_how_far_away_it_is(ask: Ask) -> None:
    found = ask("deps", "--transitive", "curl", "--jsonl").objects
    assert {hit["depth"] for hit in found} > {1, 2}
    assert any("by depends of" in line for line in ask("deps", "--transitive", "curl").lines)


def test_a_virtual_package_is_resolved(ask: Ask) -> None:
    who = {(hit["name"], hit["kind"]) for hit in ask("rdeps", "mail-transport-agent", "--jsonl").objects}
    assert ("postfix", "provides") in who and ("bsd-mailx", "depends") in who
    resolved = ask("deps", "--resolve", "bsd-mailx", "--jsonl").objects
    assert any("postfix" in hit["provided_by"] for hit in resolved)
    assert "is provided by" in ask("deps", "--resolve", "bsd-mailx").text


def test_a_chain_is_printed_step_by_step(ask: Ask) -> None:
    assert ask("why", "curl", "zlib1g").lines == ["debian/curl", "  -> depends zlib1g (>= 1:1.1.4)"]


def test_an_older_generation_answers_as_it_was(ask: Ask) -> None:
    before, now = ("--repo", "tools", "--at", "2"), ("--repo", "tools")
    assert ask("show", "rocket", "--jsonl", *before).objects[0]["releases"][0]["version"] == "1.0"
    assert {release["version"] for release in ask("show", "rocket", "--jsonl", *now).objects[0]["releases"]} > {"1.0"}
    assert ask("owner", "/opt/share/fuel", *before).code == 0
    assert ask("owner", "/opt/share/fuel", *now).code == 1
    assert ask("status", "--jsonl", *before).objects[0]["generation"] == 2


def test_a_generation_that_is_not_retained_is_not_found(ask: Ask) -> None:
    answer = ask("owner", "/opt/bin/rocket", "--repo", "tools", "--at", "77")
    assert answer.code == 1 and "generation 77 of 'tools' is not retained" in answer.err


def test_history_tells_what_each_generation_changed(ask: Ask) -> None:
    newest, middle, first = ask("history", "tools", "--jsonl").objects
    assert [hit["generation"] for hit in (newest, middle, first)] == [3, 2, 1]
    assert (middle["added"], newest["changed"], newest["removed"]) == (2, 1, 1)
    assert first["action"] == "init" and middle["submissions"][0]["filename"] == "0.json"
    assert [hit["generation"] for hit in ask("history", "tools", "--jsonl", "--at", "2").objects] == [2, 1]


def test_diff_shows_versions_before_and_after(ask: Ask) -> None:
    assert ask("diff", "tools", "1", "2").lines == ["+fuel 2.1", "+rocket 1.0"]
    assert ask("diff", "tools", "2", "1").lines == ["-fuel 2.1", "-rocket 1.0"]
    assert ask("diff", "tools", "2", "3").lines == ask("diff", "tools").lines == ["-fuel 2.1", "~rocket 1.0 -> 1.0, 1.1"]
    assert ask("diff", "tools", "--at", "2").lines == ["+fuel 2.1", "+rocket 1.0"]
    assert ask("diff", "tools", "3", "3").code == 1


def test_nothing_found_is_said_on_stderr_alone(ask: Ask) -> None:
    for words in (["owner", "/no"], ["path", "nosuchpath"], ["search", "qqq"], ["show", "qqq"], ["files", "qqq"],
                  ["deps", "qqq"], ["rdeps", "qqq"], ["why", "qqq", "curl"], ["why", "zlib1g", "curl"]):
        answer = ask(*words)
        assert (answer.code, answer.out) == (1, b""), words
        assert len(answer.err.splitlines()) == 1 and answer.err.startswith("pkgindex: "), words
        assert json.loads(ask(*words, "--json").out)["hits"] == [], words
        assert ask(*words, "--quiet").err == "", words


def test_a_spool_that_the_disk_does_not_show_is_told_and_the_index_answers(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`-` would say that there is none."""
    def refusing(path: str) -> bool:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(files, "is_there", refusing)
        status = ask("status", "--jsonl")
    assert (status.code, {one["pending"] for one in status.objects}) == (5, {None})
    assert ".pkgindex-spool': Input/output error: check" in status.err
