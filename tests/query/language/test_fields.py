from __future__ import annotations

import pytest

from pkgindex.format.tokens import IDENTIFIERS, TEXTS
from pkgindex.model.package import KINDS
from pkgindex.query.language.amounts import size_bytes
from pkgindex.query.language.fields import ALIASES, FIELDS, WHOLE, field_of, similar_field
from pkgindex.query.language.parser import parse


def test_every_identifier_text_and_kind_of_relation_is_documented() -> None:
    assert {*IDENTIFIERS, *TEXTS, *KINDS} <= FIELDS.keys()


def test_what_is_about_whole_packages_is_documented() -> None:
    assert FIELDS.keys() >= WHOLE


def test_an_alias_leads_to_a_field_and_hides_none() -> None:
    assert set(ALIASES.values()) <= FIELDS.keys()
    assert not ALIASES.keys() & FIELDS.keys()


@pytest.mark.parametrize("field", FIELDS)
def test_the_help_of_a_field_is_one_line_and_what_it_shows_can_be_asked(field: str) -> None:
    text = FIELDS[field].help
    assert text and "\n" not in text and len(text) < 80
    for word in text.replace("(", " ").replace(",", " ").split():
        if word.startswith((f"{field}:", f"{field}>", f"{field}<")):
            assert parse(word).field == field


@pytest.mark.parametrize(("typed", "field"), [("Name", "name"), ("architecture", "arch"), ("PACKAGE", "name"), ("x.Y", "x.y")])
def test_a_field_is_known_however_it_is_spelled(typed: str, field: str) -> None:
    assert field_of(typed) == field


@pytest.mark.parametrize(("typed", "near"), [
    ("desciption", "description"), ("dependes", "depends"), ("Summry", "summary"), ("name", ""), ("smf.fmri", ""), ("", ""),
])
def test_a_slip_is_told_from_a_field_that_nobody_here_knows(typed: str, near: str) -> None:
    assert similar_field(typed) == near


@pytest.mark.parametrize(("text", "size"), [
    ("0", 0), ("10", 10), ("10B", 10), ("10k", 10 << 10), ("10K", 10 << 10), ("10KB", 10 << 10), ("10KiB", 10 << 10),
    ("10kib", 10 << 10), ("2M", 2 << 20), ("1.5G", 3 << 29), ("0.5 TiB", 1 << 39), ("1.", None), (".5", None), ("", None),
    ("K", None), ("1X", None), ("1KK", None), ("1iB", None), ("1BK", None), ("-1", None), ("+1", None), ("1e3", None),
    ("1_0", None), ("\u0661", None), ("1,5", None), ("1.2.3", None), ("inf", None), ("9" * 18, 10**18 - 1), ("9" * 5000, None),
    ("1K ", 1 << 10),
])
def test_a_size_is_a_number_with_or_without_a_unit_of_1024(text: str, size: int | None) -> None:
    assert size_bytes(text) == size
