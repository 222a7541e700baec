"""What the tutorial and the README show is typed as it stands, and shows what they show."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from docs.consoles import Typed, fits, run, typed
from docs.docpages import PROJECT, text

DPKG_STATUS = Path("/var/lib/dpkg/status")

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
    return {**kept, "HOME": str(home), "PATH": f"{programs}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}


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


def compare(commands: list[Typed], cwd: Path, environment: dict[str, str]) -> None:
    for command, seen in zip(commands, run(commands, cwd, environment), strict=True):
        assert seen.code == 0, f"$ {command.command}\n{seen.output}"
        assert fits(command.shown, seen.output), f"$ {command.command}\n{seen.output}\nwhere the page has\n{command.shown}"


def test_every_command_of_the_tutorial_shows_what_the_page_shows(environment: dict[str, str]) -> None:
    commands = [each for each in typed(text("tutorial.md")) if each.needs != "dpkg" or DPKG_STATUS.exists()]
    assert len(commands) > 20
    compare(commands, PROJECT, environment)


def test_every_command_of_the_readme_shows_what_it_shows(demonstrated: Path, environment: dict[str, str]) -> None:
    commands = typed((PROJECT / "README.md").read_text(encoding="utf-8"))
    assert len(commands) > 5
    compare(commands, demonstrated, environment)


def test_the_python_of_the_readme_runs(demonstrated: Path, environment: dict[str, str]) -> None:
    code = (PROJECT / "README.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=demonstrated, env={**environment, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE, text=True, check=True,
    )
    assert done.stdout == "python3-minimal\n"
