from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.model.package import Alternative
from pkgindex.sources.names import Unreadable
from pkgindex.sources.relations import parse

READABLE = [
    ("libc6", Alternative("libc6")),
    ("libc6 (>= 2.36)", Alternative("libc6", "", ">=", "2.36")),
    ("libc6(>=2.36)", Alternative("libc6", "", ">=", "2.36")),
    ("  libc6   (   >=   2.36   )  ", Alternative("libc6", "", ">=", "2.36")),
    ("a (<< 1:2-3~bpo+1)", Alternative("a", "", "<<", "1:2-3~bpo+1")),
    ("a (<= 1)", Alternative("a", "", "<=", "1")),
    ("a (= 1)", Alternative("a", "", "=", "1")),
    ("a (>> 1)", Alternative("a", "", ">>", "1")),
    ("a (< 1)", Alternative("a", "", "<=", "1")),
    ("a (> 1)", Alternative("a", "", ">=", "1")),
    ("a (1)", Alternative("a", "", "=", "1")),
    ("python3:any", Alternative("python3", "any")),
    ("python3:any (>= 3.11)", Alternative("python3", "any", ">=", "3.11")),
    ("gcc:amd64", Alternative("gcc", "amd64")),
    ("a [amd64]", Alternative("a", architectures="amd64")),
    ("a [!i386 !armel]", Alternative("a", architectures="!i386 !armel")),
    ("a[ amd64  arm64 ]", Alternative("a", architectures="amd64 arm64")),
    ("a <!nocheck>", Alternative("a", profiles="!nocheck")),
    ("a <!nocheck> <cross>", Alternative("a", profiles="!nocheck> <cross")),
    ("a:any (>= 1) [amd64] <x>", Alternative("a", "any", ">=", "1", "amd64", "x")),
    ("libstdc++6", Alternative("libstdc++6")),
    ("@scope/name", Alternative("@scope/name")),
    ("a\n (>= 1)", Alternative("a", "", ">=", "1")),
]
UNREADABLE = [
    "a b", "a (>= )", "a (>=", "a (!= 1)", "(>= 1)", "a (>= 1 2)", "a [amd64", "a <x", "a |", "| a", "a (> = 1)",
    "${misc:Depends}", "a:", "a (>= 1) (<< 2)", "x" * 256,
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), READABLE)
def test_a_relation_reads_as_its_parts(text: str, expected: Alternative) -> None:
    assert parse(text) == ((expected,),)


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_is_no_relation_is_unreadable_and_quoted(text: str) -> None:
    with pytest.raises(Unreadable):
        parse(text)


def test_commas_part_relations_and_bars_part_alternatives() -> None:
    parsed = parse("a (>= 1) | b:any, c ,, d|e|f,")
    assert [[alternative.name for alternative in relation] for relation in parsed] == [["a", "b"], ["c"], ["d", "e", "f"]]
    assert parse("") == parse(" , ") == ()


def test_a_constraint_is_written_as_a_person_would() -> None:
    assert parse("a (>=1)")[0][0].constraint == ">= 1"


@given(st.text(alphabet="ab1:.()[]<>|=, !\t\n", max_size=40))
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        parsed = parse(text)
    except Unreadable:
        return
    assert all(alternative.name for relation in parsed for alternative in relation)


@pytest.mark.parametrize("text", ["a" + " " * 300_000 + "b", "a (" + " " * 300_000, "a " + "<x>" * 100_000 + "<"])
def test_hostile_spacing_takes_no_quadratic_time(text: str) -> None:
    with pytest.raises(Unreadable):
        parse(text)
