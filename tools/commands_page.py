"""docs/commands.md: the help of every command, as the program prints it.

    commands_page.py            writes the page
    commands_page.py --check    says whether the page is what the commands say; 1 when it is not
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

PAGE = Path(__file__).resolve().parent.parent / "docs" / "commands.md"
WIDTH = 100
HEAD = """\
# Commands

What `pkgindex COMMAND --help` prints, for every command. This page is made from the program (`python3 tools/dev.py docs`):
edit the help texts, not the page.
"""


def page(program: click.Command, name: str = "pkgindex") -> str:
    """The whole page, in the order in which the commands list themselves."""
    return HEAD + "".join(section(context) for context in contexts(program, name))


def section(context: click.Context) -> str:
    return f"\n## {context.command_path}\n\n```text\n{context.command.get_help(context).rstrip()}\n```\n"


def contexts(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[click.Context]:
    """*command* and all below it, without the hidden ones."""
    # The width of the terminal that runs this is no part of the page.
    settings = {**command.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    context = click.Context(command, info_name=name, parent=parent, **settings)
    yield context
    if isinstance(command, click.Group):
        for word in command.list_commands(context):
            below = command.get_command(context, word)
            if below is not None and not below.hidden:
                yield from contexts(below, word, context)


def current() -> str:
    """The page as it ought to be now."""
    from pkgindex.cli.main import cli

    return page(cli)


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print("commands_page.py takes nothing or --check", file=sys.stderr)
        return 2
    text = current()
    if arguments:
        if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
            return 0
        print(f"{PAGE} is not what the commands say; run python3 tools/dev.py docs", file=sys.stderr)
        return 1
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    print(f"{PAGE}: {len(text.splitlines())} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
