"""The table against the judge alone: nothing is packed, and every package is judged by itself."""

from __future__ import annotations

from functools import cache

import pytest

from pkgindex.errors import BadInput
from pkgindex.query.language import parser, pkg5
from pkgindex.query.matching import Judge
from questions.fixture import packages
from questions.known import Known
from questions.table import ROWS, Row, agreed


@cache
def known(repo: str) -> Known:
    return Known(repo, packages(repo))


def judged(row: Row) -> dict[str, tuple[tuple[str, str], ...]]:
    """The packages that match, with their hits."""
    query = pkg5.parse(row.question) if row.pkg5 else parser.parse(row.question)
    judge = Judge(query, case=row.case, pkg5=row.pkg5, facts=known(row.repo))
    found = {name: judge.judge(package) for name, package in packages(row.repo).items()}
    return {name: tuple(verdict.found) for name, verdict in found.items() if verdict is not None}


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_question_finds_what_it_means(row: Row) -> None:
    if row.expected is None:
        with pytest.raises(BadInput):
            judged(row)
        return
    agreed(row, judged(row))


def test_no_question_is_asked_twice() -> None:
    assert len({str(row) for row in ROWS}) == len(ROWS)
