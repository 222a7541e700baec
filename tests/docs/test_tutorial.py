"""What the tutorial and the README show is typed as it stands, and shows what they show."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from docs.consoles import compare, typed
from docs.docpages import PROJECT, text

DPKG_STATUS = Path("/var/lib/dpkg/status")

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
