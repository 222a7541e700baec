"""docs/operations.md names what there is: exit codes, settings, fields, limits."""

from __future__ import annotations

import re

import pytest
from docpages import PROJECT, column, section, tables, text

from pkgindex import errors
from pkgindex.config import ENVIRONMENT, Settings
from pkgindex.format.manifest import PARTITIONS
from pkgindex.packer import pack, rebuild, retire
from pkgindex.query.hits import RepositoryStatus
from pkgindex.service import backoff, watch
from pkgindex.spool.names import SENTINEL

PAGE = "operations.md"


def test_the_exit_codes_are_those_that_errors_carry_and_that_help_lists() -> None:
    from pkgindex.cli.program import EXIT_CODES

    said = {int(row["code"]): row["means"] for row in tables(PAGE, "When something is wrong")[0]}
    listed = {int(code): means for code, means in re.findall(r"^ +(\d+) +(.+)$", EXIT_CODES, re.MULTILINE)}
    assert said == listed
    carried = {kind.exit_code for kind in vars(errors).values() if isinstance(kind, type)}
    assert carried <= said.keys()


def test_every_setting_that_is_named_is_one() -> None:
    named = set(re.findall(r"`([a-z]+_[a-z_]+)`", text(PAGE)))
    assert named - set(RepositoryStatus._fields) - {"root_squash"} <= set(Settings._fields)
    assert set(re.findall(r"PKGINDEX_\w+", text(PAGE))) <= set(ENVIRONMENT.values())


def test_the_fields_of_the_status_are_all_named() -> None:
    said = section(PAGE, "Monitoring").strip().split("\n\n")[0].partition(" gives ")[2]
    assert set(re.findall(r"`([a-z_]+)`", said)) == {*RepositoryStatus._fields, "pending", "rejected"}


def test_the_numbers_that_the_code_has() -> None:
    whole = " ".join(text(PAGE).split())
    assert f"**{pack.SPACE_FACTOR} times the size of the submissions**" in whole
    assert {8: "eight"}[rebuild.SPACE_FACTOR] + " times the size of the repository" in whole
    assert {300.0: "every five minutes"}[watch.RETIRE_SECONDS] in whole
    assert {300.0: "up to five minutes"}[backoff.SECONDS_MAX] in whole
    assert {3600.0: "when it is an hour old"}[retire.SCRATCH_SECONDS_MAX] in whole
    assert f"`{SENTINEL}`" in whole
    assert set(re.findall(r"--partition (\w+)", whole)) <= set(PARTITIONS)


@pytest.mark.parametrize("line", ["Type=notify", "KillMode=mixed", "ExecStart=/usr/bin/pkgindex watch"])
def test_the_unit_has_what_watch_counts_on(line: str) -> None:
    unit = text(PAGE).split("```ini\n")[1].split("```")[0]
    assert line in unit.splitlines()
    for name in re.findall(r"(PKGINDEX_\w+)=", unit):
        assert name in ENVIRONMENT.values()


def test_the_kinds_of_file_systems_are_told_with_yes_or_no() -> None:
    assert set(column(PAGE, "File systems", "works")) == {"yes", "no"}
    assert (PROJECT / "pkgindex" / "store" / "filesystem.py").exists()
