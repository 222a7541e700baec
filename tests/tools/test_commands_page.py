"""The page of commands: what it holds, and that the one in docs/ is not stale."""

from __future__ import annotations

import click
import pytest

import commands_page


@click.group()
def program() -> None:
    """A program."""


@program.group()
def sync() -> None:
    """Brings in what a host knows."""


@sync.command()
@click.option("--root", help="Where the host's files are.")
def dpkg(root: str) -> None:
    """The packages that dpkg installed."""


@program.command(hidden=True)
def inner() -> None:
    """Nobody types this."""


def test_every_command_has_its_help_under_its_whole_name() -> None:
    page = commands_page.page(program)
    assert "## pkgindex sync dpkg\n\n```text\nUsage: pkgindex sync dpkg [OPTIONS]" in page
    assert "Where the host's files are." in page


def test_hidden_commands_are_left_out() -> None:
    assert "inner" not in commands_page.page(program)


@pytest.mark.parametrize("columns", ["40", "400"])
def test_the_width_of_the_terminal_changes_nothing(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    page = commands_page.page(program)
    monkeypatch.setenv("COLUMNS", columns)
    assert commands_page.page(program) == page


def test_the_page_in_docs_is_what_the_commands_say() -> None:
    pytest.importorskip("pkgindex.cli.main")
    assert commands_page.PAGE.read_text(encoding="utf-8") == commands_page.current(), "run python3 tools/dev.py docs"
