"""The tutorial is typed as it stands, and shows what is shown."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest
from consoles import fits, run, typed
from docpages import PROJECT, text

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


def test_every_command_of_the_tutorial_shows_what_the_page_shows(environment: dict[str, str]) -> None:
    commands = [each for each in typed(text("tutorial.md")) if each.needs != "dpkg" or DPKG_STATUS.exists()]
    assert len(commands) > 20
    ran = run(commands, PROJECT, environment)
    for command, seen in zip(commands, ran, strict=True):
        assert seen.code == 0, f"$ {command.command}\n{seen.output}"
        assert fits(command.shown, seen.output), f"$ {command.command}\n{seen.output}\nwhere the page has\n{command.shown}"
