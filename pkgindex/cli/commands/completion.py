"""`pkgindex completion`: what makes a shell complete commands, repositories and package names."""

from __future__ import annotations

from pkgindex.cli.call import FOUND, Call
from pkgindex.cli.completion import SHELLS
from pkgindex.cli.declare import Argument, Command
from pkgindex.errors import BadInput


def run(call: Call, shell: str) -> int:
    from pkgindex.cli import shells
    from pkgindex.cli.main import COMPLETING, cli

    found = shells.SHELLS.get(shell)
    if found is None:
        raise BadInput(f"there is no completion for {shell!r}; there is for {', '.join(SHELLS)}")
    script = found(cli, {}, "pkgindex", COMPLETING)
    # Not `source()`, which asks bash for its version and gives a warning where there is none.
    call.output.lines([(script.source_template % script.source_vars()).strip()])
    return FOUND


COMMAND = Command(
    "completion",
    run,
    """Print what makes a shell complete words.

    A script for bash, zsh or fish: commands, options, repositories, package names, and the fields and names within a
    question are completed.""",
    (Argument("shell", "bash|zsh|fish", completes="shell"),),
    (),
    (
        ('completion bash > ~/.local/share/bash-completion/completions/pkgindex', "for bash, from the next shell on"),
        ("completion fish > ~/.config/fish/completions/pkgindex.fish", "for fish"),
    ),
)
