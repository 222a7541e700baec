"""A home to type in, and the folder that the demonstration leaves."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from docs.docpages import PROJECT

PROGRAM = """\
#!{python}
import sys
sys.path.insert(0, {project!r})
from pkgindex.cli.main import main
if __name__ == "__main__":
    sys.exit(main())
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home of its own, and this code as `pkgindex`."""
    home, programs = tmp_path / "home", tmp_path / "bin"
    home.mkdir()
    programs.mkdir()
    program = programs / "pkgindex"
    program.write_text(PROGRAM.format(python=sys.executable, project=str(PROJECT)), encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PKGINDEX", "_PKGINDEX", "XDG"))}
    return {**kept, "HOME": str(home), "PATH": f"{programs}:{os.environ['PATH']}", "PKGINDEX_CACHE": str(home / "cache"),
            "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}


@pytest.fixture
def demonstrated(tmp_path: Path, environment: dict[str, str]) -> Path:
    """A folder as the demonstration leaves it."""
    place = tmp_path / "clone" / ".cache" / "demo"
    shutil.copytree(PROJECT / "spool", place / "spool")
    subprocess.run(
        ["pkgindex", "--index", place / "index", "--spool", place / "spool", "pack", "--quiet"],
        env=environment, check=True, stdout=subprocess.DEVNULL,
    )
    return tmp_path / "clone"
