"""The two doors, quick and click, understand the same; and the quick one stays quick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.cli import catalog, quick
from pkgindex.cli.declare import EVERYWHERE, Command, Option
from pkgindex.cli.program import program

HEAVY = ("watchdog", "portalocker", "asyncio", "numpy", "inspect", "dataclasses", "subprocess", "tempfile", "pathlib")
READING = [name for name in catalog.COMMANDS if catalog.command(name).reads]

_heard: list[tuple[str, dict[str, Any]]] = []


def _hear(command: Command, values: dict[str, Any]) -> int:
    _heard.append((command.name, values))
    return 0


CLICK = program(_hear)


def by_click(words: list[str]) -> tuple[str, dict[str, Any]] | None:
    """What click makes of a command line; None for help and mistakes."""
    _heard.clear()
    try:
        with CLICK.make_context("pkgindex", list(words)) as context:
            CLICK.invoke(context)
    except (click.exceptions.Exit, click.UsageError):
        return None
    return _heard[0] if _heard else None


def by_quick(words: list[str]) -> tuple[str, dict[str, Any]] | None:
    parsed = quick.parse(words)
    return None if parsed is None else (parsed[0].name, parsed[1])


OPTIONS = sorted({option for name in catalog.COMMANDS for option in (*catalog.command(name).options, *EVERYWHERE)})
VALUES = st.one_of(st.sampled_from(["", "x", "-", "0", "7", "-1", "1_0", " 3", "9" * 15, "9" * 16,
                                    "always", "never", "package", "depends"]),
                   st.text(max_size=4))


def written(option: Option) -> st.SearchStrategy[list[str]]:
    name = st.sampled_from(option.names)
    if option.kind == "flag":
        return name.map(lambda name: [name])
    return st.one_of(st.tuples(name, VALUES).map(list), st.tuples(name, VALUES).map(lambda pair: ["=".join(pair)]))


WORDS = st.one_of(
    st.sampled_from(OPTIONS).flatmap(written),
    VALUES.map(lambda word: [word]),
    st.sampled_from(["--", "--help", "-h", "-x", "--json=1", "-iq", "--lim", "sync", "dpkg", "-l5", "--no"]).map(lambda w: [w]),
)


@given(before=st.lists(st.sampled_from(EVERYWHERE).flatmap(written), max_size=2),
       command=st.sampled_from([*catalog.COMMANDS, "nonsense"]), after=st.lists(WORDS, max_size=6))
def test_what_the_quick_door_takes_click_understands_alike(
    before: list[list[str]], command: str, after: list[list[str]]
) -> None:
    words = [word for part in (*before, command.split(), *after) for word in part]
    found = by_quick(words)
    if found is not None:
        assert by_click(words) == found


@given(st.sampled_from(catalog.COMMANDS), st.data())
def test_a_regular_command_line_needs_no_click(name: str, data: st.DataObject) -> None:
    command = catalog.command(name)
    plain = st.text(alphabet="abc/.+", min_size=1, max_size=5)
    words = [data.draw(plain) for _ in command.arguments]
    for option in data.draw(st.lists(st.sampled_from((*command.options, *EVERYWHERE)), unique=True)):
        value = {"number": "3", "choice": (option.choices or ("",))[0], "text": "x"}.get(option.kind)
        words += [option.names[0], *([value] if value else [])]
    assert by_quick([*name.split(), *words]) == by_click([*name.split(), *words]) is not None


@pytest.mark.parametrize("words", [["owner", "/usr/bin/python3"], ["path", "bin/python3", "--limit", "2"], ["search", "web"],
                                   ["files", "curl"], ["show", "curl"], ["deps", "curl"], ["rdeps", "zlib1g"],
                                   ["why", "curl", "zlib1g"], ["which", "curl"], ["status"],
                                   ["history", "debian"]], ids=lambda words: words[0])
@pytest.mark.parametrize("door", ["quick", "click"])
def test_reading_commands_import_nothing_that_can_wait(started: Callable[..., Any], words: list[str], door: str) -> None:
    closed = "quick.parse = lambda arguments: None\n" if door == "click" else ""
    code = f"""import sys
from pkgindex.cli import main, quick
{closed}code = main.main(sys.argv[1:])
sys.stderr.write(' '.join(sys.modules))
sys.exit(code)"""
    answer = started(*words, code=code)
    assert answer.code == 0
    loaded = set(answer.err.split())
    # Click brings some of these itself.
    heavy = {*HEAVY, "click", "json"} if door == "quick" else {"watchdog", "portalocker", "asyncio", "numpy"}
    assert not heavy & loaded
    assert ("click" in loaded) == (door == "click")


@pytest.mark.parametrize("digits", [16, 23, 5000])
@pytest.mark.parametrize("option", ["--limit", "--offset", "--at"])
def test_both_doors_refuse_a_number_that_nobody_counts_to(option: str, digits: int) -> None:
    words = ["search", "web", option, "9" * digits]
    assert by_quick(words) is None
    with pytest.raises(click.UsageError, match="at most 15 digits"), CLICK.make_context("pkgindex", words) as context:
        CLICK.invoke(context)


def test_every_reading_command_prints_json_and_can_be_limited() -> None:
    assert set(READING) == {"owner", "which", "path", "search", "show", "files", "deps", "rdeps", "why", "status", "history",
                            "changes", "diff", "manual"}


def test_no_option_means_two_things_within_a_command() -> None:
    for name in catalog.COMMANDS:
        options = (*catalog.command(name).options, *EVERYWHERE)
        names = [word for option in options for word in option.names]
        assert len(names) == len(set(names)), name
        assert len(options) == len({option.field for option in options}), name
