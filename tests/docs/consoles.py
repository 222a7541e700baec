"""Runs the `console` blocks of a page: what follows `$ ` is typed into one shell, what follows that is what it shows.

A command goes on in lines that begin with `> `. In the output `...` stands for anything within a line, and a line that is
nothing else for any lines. A command must succeed; one that is to fail says so with `||`.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

_BLOCK = re.compile(r"^```console *(?P<needs>\w*)\n(?P<lines>.*?)^```$", re.MULTILINE | re.DOTALL)
_END = "--- typed, exit code "


class Typed(NamedTuple):
    """A command, what the page shows of its output, and what the block says it needs (empty: nothing)."""

    command: str
    shown: str
    needs: str


class Ran(NamedTuple):
    output: str
    code: int


def typed(markdown: str) -> list[Typed]:
    """All commands of a page, in order.

    >>> typed("```console\\n$ echo a\\na\\n$ cat <<E\\n> b\\n> E\\nb\\n```\\n")
    [Typed(command='echo a', shown='a\\n', needs=''), Typed(command='cat <<E\\nb\\nE', shown='b\\n', needs='')]
    """
    found: list[Typed] = []
    for block in _BLOCK.finditer(markdown):
        for part in re.split(r"^\$ ", block["lines"], flags=re.MULTILINE)[1:]:
            first, *lines = part.splitlines(keepends=True)
            command = [first]
            while lines and lines[0].startswith("> "):
                command.append(lines.pop(0)[2:])
            found.append(Typed("".join(command).rstrip("\n"), "".join(lines), block["needs"]))
    return found


def run(commands: list[Typed], cwd: Path, environment: Mapping[str, str]) -> list[Ran]:
    """Type *commands* into one shell."""
    script = "".join(f"{{\n{each.command}\n}} 2>&1\necho '{_END}'$?\n" for each in commands)
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-c", script], cwd=cwd, env=dict(environment), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False,
    )
    pieces = re.split(rf"^{re.escape(_END)}(\d+)\n", done.stdout.decode("utf-8", "replace"), flags=re.MULTILINE)
    return [Ran(output, int(code)) for output, code in zip(pieces[::2], pieces[1::2], strict=False)]


def fits(shown: str, output: str) -> bool:
    """Whether *output* is what a page shows.

    >>> fits("a\\n...\\nin ... s\\n", "a\\nb\\nc\\nin 0.1 s\\n"), fits("in ... s\\n", "in 0.1\\ns\\n")
    (True, False)
    """
    expected = "".join(r"(?:.*\n)*" if line == "...\n" else _line(line) for line in shown.splitlines(keepends=True))
    return re.fullmatch(expected, output) is not None


def _line(line: str) -> str:
    # Padding follows the width of what varies, so spaces are as many as there are.
    pieces = [re.sub(r"(\\ )+", r" +", re.escape(piece)) for piece in line.rstrip("\n").split("...")]
    return ".*".join(pieces) + r" *\n"


def compare(commands: list[Typed], cwd: Path, environment: dict[str, str]) -> None:
    for command, seen in zip(commands, run(commands, cwd, environment), strict=True):
        assert seen.code == 0, f"$ {command.command}\n{seen.output}"
        assert fits(command.shown, seen.output), f"$ {command.command}\n{seen.output}\nwhere the page has\n{command.shown}"
