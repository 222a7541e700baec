"""The fixture as a user has it: dropped, packed, and asked by commands; names with slashes and odd categories stop nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pkgindex.cli.main import main
from questions.fixture import DROPS, FILES, packages

Ask = Callable[..., list[dict[str, Any]]]
GMAKE = "developer/gmake"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("dropped")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PKGINDEX_INDEX", str(root / "index"))
        patch.setenv("PKGINDEX_SPOOL", str(root / "spool"))
        for repo, names in FILES.items():
            assert main(["--quiet", "init", repo]) == 0
            assert main(["--quiet", "submit", repo, *[str(DROPS / name) for name in names]]) == 0
        assert main(["--quiet", "pack"]) == 0
    assert not list((root / "spool").glob("*/rejected/*"))
    return root / "index"


@pytest.fixture
def ask(index: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Ask:
    """Run a command that finds something, and give its lines of JSON."""
    monkeypatch.setenv("PKGINDEX_INDEX", str(index))

    def run(*words: str) -> list[dict[str, Any]]:
        capfdbinary.readouterr()
        assert main([*words, "--jsonl"]) == 0
        return [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]

    return run


@pytest.mark.parametrize("repo", FILES)
def test_every_package_is_shown_with_its_files(ask: Ask, repo: str) -> None:
    for name, package in packages(repo).items():
        (shown,) = ask("show", name)
        assert (shown["repo"], shown["package"]) == (repo, name)
        if package.files:
            paths = {path.decode() for listed in package.files.values() for path in listed}
            assert {hit["path"] for hit in ask("files", name)} == paths


def test_relations_are_followed_through_names_with_slashes(ask: Ask) -> None:
    assert [(edge["name"], edge["constraint"], edge["shipped"]) for edge in ask("deps", GMAKE)] == [("cat", ">= 1.0-0", True)]
    assert [edge["name"] for edge in ask("rdeps", "cat")] == [GMAKE]
    assert [edge["name"] for edge in ask("why", GMAKE, "cat")] == ["cat"]


def test_files_of_a_manifest_lead_to_its_package(ask: Ask) -> None:
    assert {hit["package"] for hit in ask("owner", "/usr/sfw/bin/gmake")} == {GMAKE}
    assert {hit["package"] for hit in ask("path", "with a space")} == {"space_pkg"}


def test_a_manifest_with_faults_is_packed_and_each_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setenv("PKGINDEX_INDEX", str(tmp_path / "index"))
    monkeypatch.setenv("PKGINDEX_SPOOL", str(tmp_path / "spool"))
    manifest = tmp_path / "odd.p5m"
    manifest.write_text(f"set name=pkg.fmri value={GMAKE}@1\n<transform file -> drop>\nfile path=x\nset name=y value='z\n")
    assert main(["init", "ips"]) == 0
    assert main(["submit", "ips", str(manifest)]) == 0
    assert main(["pack"]) == 0
    told = capfdbinary.readouterr().err.decode()
    assert "line 2: package 'developer/gmake': '<transform file -> drop>' is for pkgmogrify" in told
    assert "line 4: package 'developer/gmake': the quotes of 'value' are never closed" in told
    assert main(["show", GMAKE]) == 0
