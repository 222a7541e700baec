"""The quick door: regular command lines are parsed here, without click, whose import takes longer than most answers.

Regular is: known options by their whole names, each with a value that fits, and as many words as the command takes.
Everything else (help, mistakes, completion) is left to click, which knows how to tell people; a test holds that the two
doors understand the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pkgindex.cli import catalog
from pkgindex.cli.declare import DIGITS_MAX, EVERYWHERE, Argument, Command, Option

Values = dict[str, Any]


class _Irregular(Exception):
    """Not for this door."""


def parse(arguments: Sequence[str]) -> tuple[Command, Values] | None:
    """The command and its values, or None when click is to look at it."""
    try:
        values, rest = _leading(EVERYWHERE, list(arguments))
        command = _command(rest)
        options = command.options + EVERYWHERE
        own, words = _options(options, rest)
        given = {**{option.field: option.absent for option in options}, **values, **own}
        return command, {**given, **_words(command.arguments, words)}
    except _Irregular:
        return None


def _command(rest: list[str]) -> Command:
    """The command that the next one or two words name; they are taken away."""
    name = rest.pop(0) if rest else ""
    if name not in catalog.COMMANDS:
        name = f"{name} {rest.pop(0) if rest else ''}"
    if name not in catalog.COMMANDS:
        raise _Irregular
    return catalog.command(name)


def _leading(options: Iterable[Option], arguments: list[str]) -> tuple[Values, list[str]]:
    """The options that stand before the first word, and what comes from it on."""
    named, values = _by_name(options), Values()
    while arguments and arguments[0].startswith("-"):
        _take(named, arguments, values)
    return values, arguments


def _options(options: Iterable[Option], arguments: list[str]) -> tuple[Values, list[str]]:
    """All options, wherever they stand, and the words between them."""
    named, values, words = _by_name(options), Values(), []
    while arguments:
        if arguments[0] == "--":
            words += arguments[1:]
            break
        if arguments[0].startswith("-") and arguments[0] != "-":
            _take(named, arguments, values)
        else:
            words.append(arguments.pop(0))
    return values, words


def _by_name(options: Iterable[Option]) -> dict[str, Option]:
    return {name: option for option in options for name in option.names}


def _take(named: dict[str, Option], arguments: list[str], values: Values) -> None:
    """Move the option at the head of *arguments*, with its value, into *values*."""
    name, given, text = arguments.pop(0).partition("=")
    option = named.get(name)
    if option is None or (given and (option.kind == "flag" or not name.startswith("--"))):
        raise _Irregular
    if option.kind == "flag":
        values[option.field] = True
        return
    if not given:
        if not arguments:
            raise _Irregular
        text = arguments.pop(0)
    value = _value(option, text)
    values[option.field] = (*values.get(option.field, ()), value) if option.many else value


def _value(option: Option, text: str) -> Any:
    if option.kind == "choice" and text not in option.choices:
        raise _Irregular
    if option.kind != "number":
        return text
    if len(text) > DIGITS_MAX:
        raise _Irregular
    try:
        number = int(text)
    except ValueError:
        raise _Irregular from None
    if number < option.least:
        raise _Irregular
    return number


def _words(arguments: Sequence[Argument], words: list[str]) -> Values:
    """The words by the arguments that take them."""
    values = Values()
    for argument in arguments:
        if argument.many:
            taken, words = tuple(words), []
            if argument.required and not taken:
                raise _Irregular
            values[argument.field] = taken
        elif words:
            values[argument.field] = words.pop(0)
        elif argument.required:
            raise _Irregular
        else:
            values[argument.field] = None
    if words:
        raise _Irregular
    return values
