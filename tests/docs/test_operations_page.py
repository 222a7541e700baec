"""docs/operations.md names what there is: exit codes, settings, fields, limits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.docpages import PROJECT, column, section, tables, text
from pkgindex import errors
from pkgindex.cli.main import main
from pkgindex.config import ENVIRONMENT, Settings
from pkgindex.format.manifest import PARTITIONS
from pkgindex.packer import pack, rebuild, retire
from pkgindex.packer.submissions import Submission
from pkgindex.query.hits import RepositoryStatus
from pkgindex.service import backoff, watch
from pkgindex.spool.names import SENTINEL
from pkgindex.store.local import LocalBackend

PAGE = "operations.md"
# Of NFS and PostgreSQL.
OF_OTHERS = {"root_squash", "synchronous_commit", "full_page_writes", "pkgindex_blobs", "pg_dump"}


def test_the_exit_codes_are_those_that_errors_carry_and_that_help_lists() -> None:
    from pkgindex.cli.program import EXIT_CODES

    said = {int(row["code"]): row["means"] for row in tables(PAGE, "When something is wrong")[0]}
    listed = {int(code): means for code, means in re.findall(r"^ +(\d+) +(.+)$", EXIT_CODES, re.MULTILINE)}
    assert said == listed
    carried = {kind.exit_code for kind in vars(errors).values() if isinstance(kind, type)}
    assert carried <= said.keys()


def test_every_setting_that_is_named_is_one() -> None:
    named = set(re.findall(r"`((?!pkgindex_)[a-z]+_[a-z_]+)`", text(PAGE)))
    assert named - set(RepositoryStatus._fields) - OF_OTHERS <= set(Settings._fields)
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


def test_a_restored_copy_can_be_made_to_go_on_above_any_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = text(PAGE).split("## Backup and restore\n")[1].split("```sh\n")[2].split("```")[0]
    touch, rebuild_line = script.splitlines()
    assert touch == "touch /srv/pkgindex/index/debian/generations/0000000000001000"
    assert rebuild_line == "pkgindex --index /srv/pkgindex/index pack --rebuild debian"
    root = tmp_path / "index"
    (root / "debian").mkdir(parents=True)
    (tmp_path / "curl.json").write_text('{"name": "curl", "version": "1", "files": ["/usr/bin/curl"]}', encoding="utf-8")
    target = pack.Target(LocalBackend(str(root / "debian")), "debian", Settings())
    assert pack.pack(target, [Submission(str(tmp_path / "curl.json"), "curl.json")]).generation == 1

    (root / "debian" / "generations" / "0000000000001000").touch()
    assert main(["--index", str(root), "owner", "/usr/bin/curl"]) == 3
    assert main(["--index", str(root), "pack", "--rebuild", "debian"]) == 0
    capsys.readouterr()
    assert main(["--index", str(root), "owner", "/usr/bin/curl", "--jsonl"]) == 0
    assert '"generation": 1001' in capsys.readouterr().out
