"""A command that is not there, typed at the prompts of real shells."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.terminals import PROMPT, typed_at
from environment import PROJECT
from hooks.roots import installed, place_in
from pkgindex.hooks.catalog import WHICH_SECONDS

SHELLS = ("bash", "zsh", "fish")
ANSWER = "rocketctl: command not found; package rocket has it: apt install rocket"
USUAL = {"bash": "bash: rocketctl: command not found", "zsh": "zsh: command not found: rocketctl",
         "fish": "fish: Unknown command: rocketctl"}
# What stands in the place of pkgindex-which, and whether its words are to be seen.
WHICH = {
    "answers": (f"#!/bin/sh\n[ \"$*\" = '--handler -- rocketctl' ] || exit 9\necho '{ANSWER}' >&2\nexit 127\n", True),
    "knows nothing": ("#!/bin/sh\necho 'rocketctl: command not found' >&2\nexit 127\n", False),
    "fails": ("#!/bin/sh\necho 'Traceback: it is broken' >&2\nexit 3\n", False),
    "is slow": ("#!/bin/sh\necho 'half an answer' >&2\nexec sleep 60\n", False),
    "is slow and deaf": ("#!/bin/sh\ntrap '' TERM\necho 'half an answer' >&2\nsleep 60\n", False),
    "is killed": ("#!/bin/sh\nkill -9 $$\n", False),
    "is no program": ("\0\1\2", False),
    "is missing": (None, False),
}


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    if shutil.which(request.param) is None:
        pytest.skip(f"needs {request.param}: see tools/debian_packages.py")
    return str(request.param)


@pytest.fixture
def handler(tmp_path: Path, shell: str) -> Path:
    """The installed file of the shell; its pkgindex-which is in the test's directory."""
    place = place_in(tmp_path / "root")._replace(program=str(tmp_path / "pkgindex"))
    installed(place, "shell")
    file = "etc/fish/conf.d/pkgindex.fish" if shell == "fish" else "etc/profile.d/pkgindex.sh"
    return tmp_path / "root" / file


def put(handler: Path, script: str | None) -> None:
    which = next(parent for parent in handler.parents if parent.name == "root").parent / "pkgindex-which"
    if script is not None:
        which.write_text(script)
        which.chmod(0o755)


def said(shell: str, handler: Path, line: str = "rocketctl --launch") -> subprocess.CompletedProcess[str]:
    quiet = {"bash": ["--norc"], "zsh": ["-f"], "fish": []}[shell]
    script = f". {handler}; {line}" if shell != "fish" else f"source {handler}; {line}"
    environment = {"PATH": os.environ["PATH"], "HOME": str(handler.parent), "TERM": "xterm", "LC_ALL": "C"}
    return subprocess.run([shell, *quiet, "-c", script], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          env=environment, timeout=400)


# Waiting for the second time limit is left to the long battery.
@pytest.mark.parametrize("state", [pytest.param(state, marks=pytest.mark.slow if "deaf" in state else ()) for state in WHICH])
def test_who_has_the_command_is_said_or_what_the_shell_always_says(shell: str, handler: Path, state: str) -> None:
    script, heard = WHICH[state]
    put(handler, script)
    done = said(shell, handler)
    expected = ANSWER if heard else USUAL[shell].removeprefix("fish: ")
    assert done.returncode == 127 and done.stdout == ""
    assert expected in done.stderr
    assert heard or not {"half", "Traceback", "broken"} & set(done.stderr.replace(":", " ").split())


def test_a_shell_that_may_not_use_what_is_not_set_goes_on(shell: str, handler: Path) -> None:
    if shell == "fish":
        return
    put(handler, WHICH["answers"][0])
    done = said(shell, handler, "set -u; rocketctl; echo $?")
    assert ANSWER in done.stderr and done.stdout == "127\n"


def test_a_plain_shell_that_reads_the_file_is_not_disturbed(tmp_path: Path) -> None:
    """/etc/profile reads it in dash too."""
    installed(place_in(tmp_path), "shell")
    done = subprocess.run(["sh", "-euc", f". {tmp_path}/etc/profile.d/pkgindex.sh; echo on"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "on\n", "")


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index in which a package of another host has the command, and a directory for the list that is made of it."""
    place = tmp_path_factory.mktemp("known")
    (place / "rocket.json").write_text('{"name": "rocket", "version": "1", "files": ["/usr/bin/rocketctl"]}')
    program = [sys.executable, "-c", "from pkgindex.cli.main import main; main()", "--index", str(place / "index"),
               "--spool", str(place / "spool"), "--quiet"]
    for words in (["init", "debian"], ["submit", "debian", str(place / "rocket.json")], ["pack"]):
        subprocess.run([*program, *words], check=True, capture_output=True, env={**os.environ, "PYTHONPATH": str(PROJECT)})
    return place


@pytest.mark.slow
@pytest.mark.parametrize(("line", "expected"), [
    ("rocketctl --launch", ANSWER), ("rokcetctl", "did you mean\n  rocketctl, of package rocket: apt install rocket"),
    ("nobody-has-this", "nobody-has-this"),
], ids=["known", "mistyped", "unknown"])
def test_the_program_itself_answers_a_shell(shell: str, handler: Path, known: Path, line: str, expected: str) -> None:
    """With no stand-in; but with more time, since it is not to be judged here how fast this machine is."""
    put(handler, f"#!{sys.executable}\nimport os, sys\n"
                 f"os.environ.update(PKGINDEX_INDEX={str(known / 'index')!r}, PKGINDEX_CACHE={str(known / 'cache')!r})\n"
                 f"sys.path.insert(0, {str(PROJECT)!r})\nfrom pkgindex.cli.which import main\nsys.exit(main())\n")
    handler.write_text(handler.read_text().replace(f"-k 1 {WHICH_SECONDS} ", "-k 1 300 "))
    done = said(shell, handler, line)
    assert (done.returncode, done.stdout) == (127, "") and expected in done.stderr and "Traceback" not in done.stderr


def test_it_is_seen_at_a_real_prompt(shell: str, handler: Path, tmp_path: Path) -> None:
    put(handler, WHICH["answers"][0])
    start = tmp_path / "start"
    start.write_text(f"PS1='{PROMPT}'\n. {handler}\n")
    if shell == "fish":
        start.write_text(f"function fish_prompt; echo -n '{PROMPT}'; end\nsource {handler}\n")
    command = {"bash": ["bash", "--rcfile", str(start), "-i"], "zsh": ["zsh", "-f", "-i"],
               "fish": ["fish", "-i", "-C", f". {start}"]}
    line = f". {handler}; rocketctl" if shell == "zsh" else "rocketctl"
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C", "PS1": PROMPT}
    assert ANSWER in typed_at(*command[shell], keys=f"{line}\rexit\r".encode(), environment=environment)
