"""The table asked of an index, in every way that one can have come about: the answers are those of judging every package."""

from __future__ import annotations

from pathlib import Path

import pytest

from pkgindex.errors import BadInput
from pkgindex.query.index import Index
from questions.fixture import FILES
from questions.table import ROWS, Row, agreed
from questions.ways import WAYS, Way, built


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_every_way_gives_the_answers_of_the_table(way: Way, tmp_path: Path) -> None:
    path = built(way, str(tmp_path))
    indexes = {repo: Index(path, [repo]) for repo in FILES}
    disagreements = [found for row in ROWS if (found := _disagreement(row, indexes[row.repo]))]
    assert not disagreements


def _disagreement(row: Row, index: Index) -> str:
    try:
        answers = list(index.search(row.question, case=row.case, pkg5=row.pkg5))
        if row.expected is None:
            return f"{row}: no mistake"
        agreed(row, {answer.package: [(hit.field, hit.value) for hit in answer.hits] for answer in answers})
    except BadInput as error:
        return "" if row.expected is None else f"{row}: {error}"
    except AssertionError as error:
        return f"{row}: {error}"
    return ""
