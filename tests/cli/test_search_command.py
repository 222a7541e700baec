"""`pkgindex search` as people and programs see it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from cli.terminals import on_terminal, run_on_terminal
from pkgindex.cli.answers import TERMINAL_HITS
from pkgindex.cli.commands.search import TERMINAL_ANSWERS

Ask = Callable[..., Any]
HIT = {"repo", "generation", "package", "field", "value", "score"}
PACKAGE = {"repo", "generation", "package", "score", "summary"}


def plain(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("  ")]


def test_hits_stand_below_their_package(ask: Ask) -> None:
    lines = ask("search", "depends:zlib1g", "AND", "name:curl", "--repo", "debian").lines
    assert lines[0].startswith("curl - ")
    assert lines[1:] == ["  depends: zlib1g (>= 1:1.1.4)"]


def test_what_the_line_of_a_package_shows_is_not_repeated(ask: Ask) -> None:
    assert ask("search", "name:zlib1g").lines == ["debian/zlib1g - compression library - runtime"]
    assert ask("search", "summary:moon").lines == ["tools/rocket - flies to the moon"]


def test_words_are_one_question_however_they_are_given(ask: Ask) -> None:
    assert ask("search", "name:curl OR", "name:wget").out == ask("search", "name:curl", "OR", "name:wget").out != b""


def test_a_hit_is_a_line_of_json_and_a_package_is_with_p(ask: Ask) -> None:
    hits = ask("search", "depends:zlib1g", "--jsonl").objects
    assert all(hit.keys() == HIT and hit["field"] == "depends" for hit in hits) and len(hits) > 3
    packages = ask("search", "-p", "depends:zlib1g", "--jsonl").objects
    assert all(hit.keys() == PACKAGE for hit in packages)
    assert [hit["package"] for hit in packages] == list(dict.fromkeys(hit["package"] for hit in hits))


def test_packages_of_which_nothing_speaks_are_printed_as_packages(ask: Ask) -> None:
    assert all(hit.keys() == PACKAGE for hit in ask("search", "--repo", "tools", "NOT", "name:x", "--jsonl").objects)


def test_only_packages_show_no_hits(ask: Ask) -> None:
    shown = ask("search", "-p", "depends:zlib1g").text
    assert plain(shown) == shown.splitlines() != []


def test_case_counts_when_it_is_asked_for(ask: Ask) -> None:
    assert ask("search", "summary:APACHE").code == 0
    assert ask("search", "-I", "summary:APACHE").code == 1


def test_the_rules_of_pkg5_can_be_had(ask: Ask) -> None:
    # NOT is a word there, and side by side means within one thing.
    assert ask("search", "depends:zlib1g", "depends:libc6").code == 0
    assert ask("search", "--pkg5", "depends:zlib1g", "depends:libc6").code == 1
    mixed = ask("search", "--pkg5", "<curl>", "AND", "curl")
    assert (mixed.code, mixed.out) == (2, b"") and "gives packages" in mixed.err and "gives hits" in mixed.err


def test_a_mistake_is_shown_where_it_is(ask: Ask) -> None:
    answer = ask("search", "curl", "AND")
    assert (answer.code, answer.out) == (2, b"")
    shown, caret = answer.err.splitlines()[1:3]
    assert shown.strip() == "curl AND" and caret.strip() == "^"


@pytest.mark.parametrize("words", [["web", "-server"], ["-server", "web"], ["web", "-proxy"], ["-zzz"]])
def test_a_word_with_a_dash_is_told_how_to_leave_it_out(ask: Ask, words: list[str]) -> None:
    answer = ask("search", *words)
    dashed = next(word for word in words if word.startswith("-"))
    assert answer.code == 2 and f"{dashed}: to leave out a word write NOT {dashed[1:]}, or put --" in answer.err


def test_after_two_dashes_a_dash_leaves_out(ask: Ask) -> None:
    without = ask("search", "-p", "--jsonl", "--", "-name:curl", "summary:tool").objects
    every = ask("search", "-p", "--jsonl", "summary:tool").objects
    assert {hit["package"] for hit in every} - {hit["package"] for hit in without} == {"curl"}


# Pages

def packages(answer: Any) -> list[str]:
    return [hit["package"] for hit in json.loads(answer.out)["hits"]]


def test_pages_put_together_are_the_whole_answer(ask: Ask) -> None:
    words = ("search", "-p", "file", "--json")
    whole, found, cursor = packages(ask(*words)), [], None
    while not found or cursor:
        page = json.loads(ask(*words, "--limit", "7", *(["--cursor", cursor] if cursor else [])).out)
        assert 0 < len(page["hits"]) <= 7
        found += [hit["package"] for hit in page["hits"]]
        cursor = page["cursor"]
    assert found == whole and len(whole) > 14


def test_an_offset_leaves_out_the_best(ask: Ask) -> None:
    whole = packages(ask("search", "-p", "file", "--json"))
    assert packages(ask("search", "-p", "file", "--json", "--offset", "3", "--limit", "2")) == whole[3:5]


def test_a_limit_counts_packages_and_not_their_hits(ask: Ask) -> None:
    hits = ask("search", "file:/usr/bin/*", "--limit", "2", "--jsonl").objects
    assert len({hit["package"] for hit in hits}) == 2 < len(hits)
    assert ask("search", "file:/usr/bin/*", "--limit", "2", "--count").text == "2\n"


@pytest.mark.parametrize(("options", "said"), [
    (["--cursor", "nonsense"], "cursor"), (["--cursor", "x", "--offset", "3"], "give one of them"),
    (["--offset", "-1"], "--offset"),
])
def test_pages_that_there_are_not_are_told(ask: Ask, options: list[str], said: str) -> None:
    answer = ask("search", "curl", *options)
    assert (answer.code, answer.out) == (2, b"") and said in answer.err


# On a terminal

def test_a_terminal_shows_the_best_and_how_to_go_on(place: Any) -> None:
    first = on_terminal(place, "search", "-p", "file").splitlines()
    assert len(first) == TERMINAL_ANSWERS + 1 and "--limit 0 prints all" in first[-1]
    cursor = first[-1].split("--cursor ")[1].split(" ")[0]
    second = on_terminal(place, "search", "-p", "file", "--cursor", cursor).splitlines()
    every = on_terminal(place, "search", "-p", "file", "--limit", "0").splitlines()
    names = [line.split(" ")[0] for line in every]
    assert [line.split(" ")[0] for line in first[:-1]] == names[:TERMINAL_ANSWERS]
    assert [line.split(" ")[0] for line in second[:TERMINAL_ANSWERS]] == names[TERMINAL_ANSWERS:2 * TERMINAL_ANSWERS]


def test_a_terminal_shows_some_hits_of_a_package_and_a_pipe_all(place: Any, started: Ask) -> None:
    words = ("search", "name:bash", "file:*", "--repo", "debian", "--color", "never")
    shown, piped = on_terminal(place, *words).splitlines(), started(*words).lines
    assert len(piped) > len(shown) == TERMINAL_HITS + 2
    assert shown[-1] == f"  ... and {len(piped) - 1 - TERMINAL_HITS:,} more (--jsonl prints all)"
    assert shown[1:-1] == piped[1:TERMINAL_HITS + 1]


def test_what_matched_is_marked_in_colours_and_reads_the_same_without(place: Any) -> None:
    words = ("search", "depends:zlib1g", "text:tool")
    colored = on_terminal(place, *words, "--color", "always")
    bare = on_terminal(place, *words, "--color", "never")
    assert "\x1b[1;33mzlib1g\x1b[0m" in colored and "\x1b[1;33mtool\x1b[0m" in colored
    assert "\x1b" not in bare
    assert re.sub(r"\x1b\[[\d;]*m", "", colored) == bare


@pytest.mark.parametrize(("environment", "colored"), [({}, False), ({"CLICOLOR_FORCE": "1"}, True),
                                                      ({"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, False)])
def test_a_pipe_gets_colours_when_they_are_forced(started: Ask, environment: dict[str, str], colored: bool) -> None:
    assert (b"\x1b[1;33mzlib1g" in started("search", "depends:zlib1g", **environment).out) == colored


def test_a_name_in_a_hit_does_not_steer_the_terminal(place: Any) -> None:
    shown = run_on_terminal(place, "search", "file:/opt/*odd*", "--color", "never").text
    assert "  file: /opt/odd\\n\\x1b[31mred\\xe9\n" in shown and "\x1b" not in shown


# Fields

def test_fields_of_the_package_are_read_where_they_are_asked_for(ask: Ask) -> None:
    assert ask("search", "name:curl", "--format", "{package} {arch} {section}").lines == ["curl amd64 web"]
    head, row = ask("search", "name:curl", "-o", "package,depends").lines
    assert head.split() == ["PACKAGE", "DEPENDS"] and "zlib1g (>= 1:1.1.4)" in row


def test_a_template_prints_packages_unless_it_names_what_matched(ask: Ask) -> None:
    words = ("search", "name:bash", "file:/usr/share/doc/*", "--repo", "debian")
    assert ask(*words, "--format", "{package}").lines == ["bash"]
    assert len(ask(*words, "--format", "{field} {value}").lines) > 2
    assert len(ask(*words, "-o", "package,value", "-H").lines) > 2


def test_a_field_that_a_package_has_not_is_empty(ask: Ask) -> None:
    assert ask("search", "name:rocket", "--format", "[{homepage}]").lines == ["[]"]


# Nothing found

@pytest.mark.parametrize(("words", "said"), [
    (["search", "crul"], "curl"), (["search", "name:crul"], "curl"), (["search", "depends:zlib1"], "zlib1g"),
    (["search", "-p", "<name:crul>"], "curl"), (["show", "crul"], "curl"), (["files", "crul"], "curl"),
    (["deps", "crul"], "curl"), (["rdeps", "crul"], "curl"), (["why", "curl", "zlib1gg"], "zlib1g"),
    (["why", "crul", "zlib1g"], "curl"),
])
def test_a_slip_in_a_name_is_answered_with_names(ask: Ask, words: list[str], said: str) -> None:
    answer = ask(*words)
    assert answer.code == 1 and answer.out == b""
    told = answer.err.rstrip().partition("did you mean: ")[2].split(", ")
    assert said in told and len(told) <= 3


def test_what_is_like_nothing_gets_no_names(ask: Ask) -> None:
    answer = ask("show", "0000000000")
    assert answer.code == 1 and "did you mean" not in answer.err


@pytest.mark.parametrize(("words", "said"), [
    (["tag:use::editing"], "PACKAGE:TYPE:FIELD:VALUE, a colon of the value itself is escaped: 'tag:use\\:\\:editing'"),
    (["a:b:c"], "TYPE:FIELD:VALUE"), (["desciption:curl"], "did you mean the field description"),
    (["web", "qqqq"], "OR between"),
])
def test_nothing_found_says_what_else_was_meant(ask: Ask, words: list[str], said: str) -> None:
    answer = ask("search", *words)
    assert answer.code == 1 and said in answer.err


# --explain

def test_an_explanation_tells_tree_parts_and_scores_in_100_columns(ask: Ask) -> None:
    lines = ask("search", "--explain", "web", "AND", "depends:libc6").lines
    assert all(len(line) <= 100 for line in lines)
    text = "\n".join(lines)
    assert "web depends:libc6" in lines[0] or "web AND depends:libc6" in lines[0]
    for word in ("debian, generation 1", "tools, generation 3", "candidates", "judged", "NARROWED BY", "scores", "nginx"):
        assert word in text


def test_the_reasons_of_a_score_add_up_to_it(ask: Ask) -> None:
    told = json.loads(ask("search", "--explain", "--json", "web", "server").out)["explanation"]
    assert told["question"] and told["repositories"][0]["parts"]
    assert len(told["scores"]) > 1
    for found in told["scores"]:
        assert sum(reason["worth"] for reason in found["reasons"]) == pytest.approx(found["score"], abs=0.01)


def test_an_explanation_of_nothing_ends_with_1(ask: Ask) -> None:
    answer = ask("search", "--explain", "qqqq")
    assert answer.code == 1 and "qqqq" in answer.text
