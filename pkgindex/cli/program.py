"""The click door: the same commands as click has them, for help, mistakes and completion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from pkgindex import __version__
from pkgindex.cli import catalog, completion
from pkgindex.cli.declare import DIGITS_MAX, EVERYWHERE, Argument, Command, Option

Perform = Callable[[Command, dict[str, Any]], int]

HELP = """\
Which package ships this file, what needs this package, what it needs and why: answered from an index in a directory,
which any number of hosts may read while one of them packs what was dropped into the spool. An index may also stand in a
database (--index postgresql://USER@HOST/DATABASE) or, of one process, in memory (--index memory:DIRECTORY).

Options on this page may also stand after the command. --index and --spool are also taken from PKGINDEX_INDEX and
PKGINDEX_SPOOL, and from pkgindex.toml in ~/.config/pkgindex or /etc/pkgindex.

Data goes to stdout and words to stderr. --jsonl prints a hit a line, --json one document: {"schema": 1, "command": ...,
"hits": [...], "failures": [...]}.
"""

EXIT_CODES = """\
\b
Exit codes:
  0    found, or done
  1    nothing found
  2    the command line, a setting or a submission is wrong
  3    the index is missing or damaged, or the disk refuses
  4    busy: another writer holds the repository
  5    some repositories failed, the others were answered
  130  interrupted
  141  whoever read the output has gone
"""


class _Number(click.IntRange):
    """A whole number of no more digits than anybody counts to."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if len(str(value)) > DIGITS_MAX:
            self.fail(f"a number here has at most {DIGITS_MAX} digits.", param, ctx)
        return super().convert(value, param, ctx)


class Lazy(click.Group):
    """A group whose commands are made when they are wanted; *before* is the words that lead here, with a space."""

    def __init__(self, perform: Perform, before: str = "", **values: Any) -> None:
        super().__init__(**values)
        self._perform = perform
        self._before = before

    def list_commands(self, ctx: click.Context) -> list[str]:
        within = [name.removeprefix(self._before) for name in catalog.COMMANDS if name.startswith(self._before)]
        return list(dict.fromkeys(name.split(" ")[0] for name in within))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        name = self._before + cmd_name
        if name in catalog.COMMANDS:
            return made(catalog.command(name), self._perform)
        if cmd_name in self.list_commands(ctx):
            return Lazy(self._perform, f"{name} ", name=cmd_name, help=catalog.GROUPS[cmd_name])
        return None


def program(perform: Perform) -> click.Group:
    """The whole program; *perform* is called with the command and its values."""
    group = Lazy(
        perform,
        name="pkgindex",
        help=HELP,
        epilog=EXIT_CODES,
        params=[_option(option) for option in EVERYWHERE],
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        callback=_nothing,
    )
    return click.version_option(__version__, prog_name="pkgindex", message="%(prog)s %(version)s")(group)


def made(command: Command, perform: Perform) -> click.Command:
    """The click command of a declaration."""

    def callback(**values: Any) -> int:
        return perform(command, _over(click.get_current_context().find_root().params, values))

    options = [_option(option) for option in command.options]
    return click.Command(
        command.name.split(" ")[-1],
        callback=callback,
        help=command.help,
        epilog=examples(command),
        params=[*map(_argument, command.arguments), *options, *[_option(option, hidden=True) for option in EVERYWHERE]],
    )


def examples(command: Command) -> str:
    """The examples as the end of the help text."""
    width = max((len(line) for line, _ in command.examples), default=0)
    return "\b\nExamples:\n" + "\n".join(
        f"  pkgindex {line.ljust(width)}  {purpose}" for line, purpose in command.examples
    )


def _nothing(**values: Any) -> None:
    """The group itself does nothing: its options are read by the command."""


def _over(outer: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """What was given before the command, under what was given after it."""
    before = {option.field: outer.get(option.field, option.absent) for option in EVERYWHERE}
    after = {option.field: own[option.field] for option in EVERYWHERE if own[option.field] != option.absent}
    return {**own, **before, **after}


def _option(option: Option, hidden: bool = False) -> click.Option:
    more: dict[str, Any] = {"is_flag": True, "default": False}
    if option.kind != "flag":
        more = {"type": _type(option), "metavar": option.metavar, "multiple": option.many}
    if option.completes:
        more["shell_complete"] = completion.completer(option.completes)
    return click.Option([*option.names, option.field], help=option.help, hidden=hidden, **more)


def _type(option: Option) -> click.ParamType[Any]:
    if option.kind == "number":
        return _Number(option.least)
    return click.Choice(option.choices) if option.kind == "choice" else click.STRING


def _argument(argument: Argument) -> click.Argument:
    return click.Argument(
        [argument.field],
        metavar=argument.metavar,
        required=argument.required,
        nargs=-1 if argument.many else 1,
        shell_complete=completion.completer(argument.completes),
    )
