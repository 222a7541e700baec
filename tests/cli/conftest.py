"""An index made by the commands themselves, and a way to ask it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cli.odd import ODD_PATH
from pkgindex.cli.main import main

PROJECT = Path(__file__).resolve().parents[2]
TOOLS = [
    {"name": "rocket", "version": "1.0", "architecture": "all", "summary": "flies to the moon", "depends": "fuel (>= 2)",
     "files": ["/opt/bin/rocket", ODD_PATH]},
    {"name": "fuel", "version": "2.1", "architecture": "all", "summary": "burns", "files": ["/opt/share/fuel"]},
]


class Place(NamedTuple):
    root: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"PKGINDEX_INDEX": str(self.root / "index"), "PKGINDEX_SPOOL": str(self.root / "spool"),
                "PKGINDEX_CACHE": str(self.root / "cache"),
                "HOME": str(self.root), "XDG_CONFIG_HOME": str(self.root / "config"), "PATH": os.environ["PATH"],
                "PYTHONPATH": str(PROJECT)}


class Answer(NamedTuple):
    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


Ask = Callable[..., Answer]


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """`debian`, generation 1: the sample. `tools`: 1 is empty, 2 has two packages, 3 a newer rocket and no fuel."""
    place = Place(tmp_path_factory.mktemp("place"))
    shutil.copytree(PROJECT / "spool", place.root / "spool")
    newer = [{**TOOLS[0], "version": "1.1"}, {"name": "fuel", "removed": True}]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in place.environment.items():
            patch.setenv(name, value)
        assert main(["--quiet", "init", "tools"]) == 0
        for number, packages in enumerate((TOOLS, newer)):
            file = place.root / f"{number}.json"
            file.write_text(json.dumps(packages))
            assert main(["submit", "tools", str(file)]) == 0
            assert main(["pack"]) == 0
    return place


@pytest.fixture
def ask(place: Place, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Ask:
    """Run a command line here, in the place."""
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> Answer:
        capfdbinary.readouterr()
        code = main([str(word) for word in words])
        out, err = capfdbinary.readouterr()
        return Answer(code, out, err.decode())

    return run


@pytest.fixture
def started(place: Place) -> Callable[..., Answer]:
    """Run a command line in a process of its own; *code* runs instead of it, where it is given."""

    def run(*words: str, code: str = "", stdin: bytes = b"", **environment: str) -> Answer:
        program = ["-c", code] if code else ["-m", "pkgindex.cli.main"]
        done = subprocess.run([sys.executable, *program, *words], input=stdin, capture_output=True,
                              env={**place.environment, **environment})
        return Answer(done.returncode, done.stdout, done.stderr.decode())

    return run
