"""docs/query.md says what the language of search is, and shows what it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.consoles import compare, typed
from docs.docpages import column, section, tables, text
from pkgindex.query.language import cursor, lexer, parser
from pkgindex.query.language.fields import FIELDS
from pkgindex.query.language.tree import And, Not, Or, With

PAGE = "query.md"


def test_the_fields_are_those_there_are() -> None:
    found = {row["field"].strip("`"): row["what it holds"].replace("\\|", "|") for row in tables(PAGE, "Fields")[0]}
    assert found == {name: field.help for name, field in FIELDS.items()}


def test_every_command_of_the_page_shows_what_the_page_shows(demonstrated: Path, environment: dict[str, str]) -> None:
    commands = typed(text(PAGE))
    assert len(commands) > 25
    compare(commands, demonstrated, {**environment, "PKGINDEX_INDEX": ".cache/demo/index"})


@pytest.mark.parametrize("cell", column(PAGE, "At a glance", "you write"))
def test_everything_at_a_glance_can_be_asked(cell: str) -> None:
    for question in cell.replace("\\|", "|").split("`, `"):
        parser.parse(question)


def test_operators_bind_as_the_page_says() -> None:
    assert "From the tightest to the loosest: WITH, NOT, AND, OR." in section(PAGE, "Joining")
    tree = parser.parse("a OR b AND NOT c WITH d")
    assert isinstance(tree, Or)
    both = tree.parts[1]
    assert isinstance(both, And)
    without = both.parts[1]
    assert isinstance(without, Not) and isinstance(without.part, With)


def test_the_limits_are_those_of_the_parser() -> None:
    said = section(PAGE, "Mistakes")
    for limit in (lexer.QUERY_CHARACTERS_MAX, lexer.TERMS_MAX, cursor.DEPTH_MAX):
        assert f"{limit:,}" in said
