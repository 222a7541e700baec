"""docs/hooks.md says what is written where."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

from docs.docpages import section, tables, text
from pkgindex.hooks.catalog import HOOKS, JOBS_MAX, UNIT_NAMES, WHICH_SECONDS, WITHOUT
from pkgindex.hooks.package import NAME
from pkgindex.hooks.place import Place

PAGE = "hooks.md"
ROWS = tables(PAGE, "What fires, and what is written")[0]


def test_the_table_has_every_manager_and_whether_its_hook_was_tried() -> None:
    assert [(row["manager"].strip("`"), row["tried"] == "yes") for row in ROWS] == [
        (manager, hook.tried) for manager, hook in HOOKS.items()
    ]


def test_the_files_are_those_that_are_written_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "usr/lib/python3.11/site-packages/dnf").mkdir(parents=True)
    place = Place(str(tmp_path), "/var/spool/pkgindex", "/var/lib/pkgindex", "/usr/bin/pkgindex")
    for row in ROWS:
        said = re.findall(r"`([^`]+)`", row["files"])
        files = [file.path for file in HOOKS[row["manager"].strip("`")].files(place)] or [NAME]
        assert len(said) == len(files) and all(map(fnmatch, files, said)), row["manager"]


def test_the_units_are_those_that_are_written() -> None:
    assert [row["unit"].strip("`") for row in tables(PAGE, "With systemd")[0]] == [f"pkgindex-{name}" for name in UNIT_NAMES]


def test_who_has_no_hook_is_named_and_the_numbers_are_right() -> None:
    whole = " ".join(text(PAGE).split())
    without = section(PAGE, "What fires, and what is written").split("No hook is called by")[1]
    assert all(manager in without for manager in WITHOUT)
    assert f"The newest {JOBS_MAX} jobs are kept" in whole and f"longer than {WHICH_SECONDS} seconds" in whole
