"""What is wrong with a command line, as one sentence that says what to do."""

from __future__ import annotations

from collections.abc import Sequence

import click

from pkgindex.config import discreet


def explained(mistake: click.UsageError, arguments: Sequence[str]) -> str:
    """*arguments* are the whole command line in which click found *mistake*."""
    where = mistake.ctx.command_path if mistake.ctx else "pkgindex"
    told = _of_leaving_out(mistake, arguments) if where == "pkgindex search" else ""
    return f"{told or _sentence(_without_addresses(mistake.format_message(), arguments))}; see '{where} --help'"


def _of_leaving_out(mistake: click.UsageError, arguments: Sequence[str]) -> str:
    """A word of a question that begins with `-` was meant to be left out, and not to be an option."""
    if not isinstance(mistake, click.NoSuchOption) or mistake.option_name.startswith("--"):
        return ""
    # Click names the first letter that is no option; whoever wrote it knows the word.
    letter = mistake.option_name[1:2]
    word = next((word for word in arguments if word[:1] == "-" and word[:2] != "--" and letter in word), mistake.option_name)
    return f"{word}: to leave out a word write NOT {word[1:]}, or put -- before the query"


def _without_addresses(message: str, arguments: Sequence[str]) -> str:
    for argument in arguments:
        message = message.replace(argument, discreet(argument))
    return message


def _sentence(message: str) -> str:
    """A message of click's as the middle of a sentence."""
    message = message.rstrip(".")
    return message[:1].lower() + message[1:]
