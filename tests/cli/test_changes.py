"""`pkgindex changes`: what is said of what `sync` told."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from packer.world import drop
from pkgindex.cli.main import main
from pkgindex.cli.moments import Moment, since
from pkgindex.config import Settings
from pkgindex.errors import BadInput
from pkgindex.packer.pack import pack
from pkgindex.packer.target import Target
from pkgindex.service.changelog import tell
from pkgindex.store.local import LocalBackend

HOUR = 3600.0
NOW = time.time()


def release(name: str, version: str) -> dict[str, Any]:
    return {"name": name, "releases": [{"version": version, "fields": {"installed": "true", "summary": f"about {name}"}}]}


def looked(root: Path, repo: str, ago: float, *packages: dict[str, Any]) -> None:
    place = root / "index" / repo
    place.mkdir(parents=True, exist_ok=True)
    backend = LocalBackend(str(place))
    tell(backend, repo, [json.dumps(package).encode() for package in packages], 30 * 24 * HOUR, NOW - ago)
    pack(Target(backend, repo, Settings()), [drop(root, list(packages))])


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hosts")
    looked(root, "host-dpkg", 300 * HOUR, release("curl", "1"), release("jq", "1"))
    looked(root, "host-pip", 300 * HOUR, release("black", "1"))
    looked(root, "host-dpkg", 200 * HOUR, release("curl", "2"))
    looked(root, "host-pip", 3 * HOUR, release("black", "0.9"))
    looked(root, "host-dpkg", 2 * HOUR, release("rg", "13"), {"name": "jq", "removed": True})
    return root


@pytest.fixture
def ask(hosts: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("PKGINDEX_INDEX", str(hosts / "index"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(hosts))

    def run(*words: str) -> tuple[int, list[str], str]:
        capfd.readouterr()
        code = main(["changes", *words])
        out, err = capfd.readouterr()
        return code, [line[21:] for line in out.splitlines()], err

    return run


RG, JQ = "installed   host-dpkg/rg 13", "removed     host-dpkg/jq 1"
BLACK, CURL = "downgraded  host-pip/black 1 -> 0.9", "upgraded    host-dpkg/curl 1 -> 2"


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ([], [JQ, RG, BLACK]),
        (["--since", "2w"], [JQ, RG, BLACK, CURL]),
        (["--since", "150m"], [JQ, RG]),
        (["--since", "2w", "--upgraded"], [BLACK, CURL]),
        (["--removed", "--installed"], [JQ, RG]),
        (["--since", "2w", "host-dpkg"], [line.replace("host-dpkg/", "") for line in (JQ, RG, CURL)]),
        (["--limit", "1"], [JQ]),
        (["--repo", "host-pip"], [BLACK.replace("host-pip/", "")]),
    ],
)
def test_what_changed_is_told_the_newest_first(ask, words: list[str], lines: list[str]) -> None:  # type: ignore[no-untyped-def]
    assert ask(*words) == (0, lines, "")


def test_since_a_generation_is_since_its_publish_and_at_one_is_until_then(tmp_path: Path, ask) -> None:  # type: ignore[no-untyped-def]
    for number, version in enumerate("123"):
        looked(tmp_path, "host", -HOUR if number == 2 else HOUR - number, release("curl", version))
    index = ["--index", str(tmp_path / "index")]
    assert ask(*index, "--since", "1") == (0, ["upgraded    curl 2 -> 3"], "")
    assert ask(*index, "--since", "1d")[1] == ["upgraded    curl 2 -> 3", "upgraded    curl 1 -> 2"]
    assert ask(*index, "--since", "1d", "--at", "3")[1] == ["upgraded    curl 1 -> 2"]
    assert ask(*index, "--since", "77")[0] == 1


def test_of_what_was_removed_a_program_is_told_the_last_that_was_known(hosts: Path, ask, capfd) -> None:  # type: ignore[no-untyped-def]
    assert main(["changes", "--json", "--removed"]) == 0
    (hit,) = json.loads(capfd.readouterr().out)["hits"]
    assert (hit["repo"], hit["package"], hit["before"], hit["after"]) == ("host-dpkg", "jq", "1", "")
    assert hit["record"]["fields"] == {"installed": "true", "summary": "about jq"}
    assert hit["at"] == hit["seen"] == pytest.approx(NOW - 2 * HOUR)


def test_an_index_without_changes_says_who_tells_them(ask) -> None:  # type: ignore[no-untyped-def]
    code, lines, err = ask("--since", "1m")
    assert (code, lines) == (1, []) and "'pkgindex sync' tells" in err
    assert ask("--since", "yesterday")[0] == 2


@pytest.mark.parametrize(("text", "seconds"), [("90m", -5400.0), ("7d", -604_800.0), ("2w", -1_209_600.0), ("30s", -30.0)])
def test_so_long_ago_is_counted_from_now(text: str, seconds: float) -> None:
    assert since(text, 0.0) == Moment(seconds)


def test_a_day_begins_at_midnight_here() -> None:
    assert time.localtime(since("2026-11-01", 0.0).seconds)[:6] == (2026, 11, 1, 0, 0, 0)
    assert since("2026-11-01T10:30+00:00", 0.0) == Moment(1_793_529_000.0)


@pytest.mark.parametrize("text", ["", "d", "7", "-7d", "soon", "20261101", "9" * 20 + "d", "2026-13-01", "٣d", "0"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="so long ago"):
        since(text, 0.0)
