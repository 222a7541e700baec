"""Help: every command has a sentence, its options and two examples that work."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Any

import pytest

from pkgindex import __version__
from pkgindex.cli import catalog, quick

Ask = Callable[..., Any]


def test_help_lists_every_command_and_the_exit_codes(ask: Ask) -> None:
    answer = ask("--help")
    assert answer.code == 0 and answer.err == ""
    for name in catalog.COMMANDS:
        assert re.search(rf"^  {name.split()[0]} ", answer.text, re.MULTILINE), name
    for code in (0, 1, 2, 3, 4, 5, 130):
        assert re.search(rf"^ *{code} +[a-z]", answer.text, re.MULTILINE), code


def test_the_version_is_printed(ask: Ask) -> None:
    assert ask("--version").text == f"pkgindex {__version__}\n"


def test_no_command_at_all_is_help_and_a_mistake(ask: Ask) -> None:
    answer = ask()
    assert answer.code == 2 and "Usage: pkgindex" in answer.err


@pytest.mark.parametrize("name", catalog.COMMANDS)
def test_every_command_explains_itself(ask: Ask, name: str) -> None:
    answer = ask(*name.split(), "--help")
    command = catalog.command(name)
    assert answer.code == 0 and "Examples:" in answer.text
    assert command.name == name and command.help.split("\n")[0].rstrip(".:") != ""
    assert all(option.names[0] in answer.text and option.help.endswith((".", ")")) for option in command.options)
    assert 2 <= len(command.examples) <= 4


@pytest.mark.parametrize("line", [line for name in catalog.COMMANDS for line, _ in catalog.command(name).examples])
def test_every_example_is_a_command_line_that_is_understood(line: str) -> None:
    words = shlex.split(re.split(r" [<>] ", line)[0])
    parsed = quick.parse(words)
    assert parsed is not None and (line, dict(parsed[0].examples)[line]) in parsed[0].examples


def test_examples_begin_with_their_command() -> None:
    for name in catalog.COMMANDS:
        assert all(f" {name} " in f" {line} " for line, _ in catalog.command(name).examples), name
