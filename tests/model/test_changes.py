from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.model.changes import ACTIONS, between
from pkgindex.model.package import Release

ONE, TEN, TWO = "1", "1.10", "1.9"


def release(version: str, architecture: str = "amd64", installed: str = "true") -> Release:
    return Release(version, architecture, {"installed": installed} if installed else {})


releases = st.lists(
    st.builds(release, st.sampled_from(["1", "1.9", "1.10", "2"]), st.sampled_from(["amd64", "i386", "all"]),
              st.sampled_from(["true", "false", ""])),
    max_size=4, unique_by=lambda found: found[:2],
)

STEPS = [
    ([], [release(ONE)], [("installed", None, ONE)]),
    ([release(ONE)], [], [("removed", ONE, None)]),
    ([release(ONE)], [release(ONE)], []),
    ([release(TWO)], [release(TEN)], [("upgraded", TWO, TEN)]),
    ([release(TEN)], [release(TWO)], [("downgraded", TEN, TWO)]),
    ([release(ONE, "amd64")], [release(TWO, "all")], [("upgraded", ONE, TWO)]),
    ([release(ONE)], [release(ONE, installed="false")], [("removed", ONE, None)]),
    ([release(ONE, installed="false")], [], []),
    ([release(ONE, installed="false")], [release(ONE)], [("installed", None, ONE)]),
    ([release(ONE), release(ONE, "i386")], [release(TWO), release(TWO, "i386")], [("upgraded", ONE, TWO)] * 2),
    ([release(ONE), release(ONE, "i386")], [release(ONE)], [("removed", ONE, None)]),
    ([release(ONE)], [release(ONE), release(TWO)], [("installed", None, TWO)]),
    ([release(ONE), release(TWO)], [release(TWO), release(TEN)], [("removed", ONE, None), ("installed", None, TEN)]),
]


@pytest.mark.parametrize(("before", "after", "expected"), STEPS)
def test_a_step_is_called_what_it_is(
    before: list[Release], after: list[Release], expected: list[tuple[str, str | None, str | None]]
) -> None:
    assert [(action, old and old.version, new and new.version) for action, old, new in between(before, after)] == expected


@given(releases, releases)
def test_the_steps_lead_from_what_was_there_to_what_is(before: list[Release], after: list[Release]) -> None:
    there, then = ({found[:2] for found in each if found.fields.get("installed") != "false"} for each in (before, after))
    for action, old, new in between(before, after):
        assert action in ACTIONS and (old is None) == (action == "installed") and (new is None) == (action == "removed")
        assert old is None or old[:2] in there
        there -= {old[:2]} if old else set()
        there |= {new[:2]} if new else set()
    assert {version for version, _ in there} == {version for version, _ in then}
    assert there == then or len(there) == len(then) == 1


def test_versions_are_compared_by_the_rules_that_are_asked_for() -> None:
    ((action, _, _),) = between([release("1.0a1")], [release("1.0")], "pep440")
    assert action == "upgraded"
    ((action, _, _),) = between([release("1.0~a")], [release("1.0")], "debian")
    assert action == "upgraded"
