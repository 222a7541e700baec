"""The entry point: a command line in, an exit code out.

Invariants:

* No error that has a name shows a traceback: it is one line on stderr, and its class gives the exit code.
* Ctrl-C is 130; when whoever read the output has gone, nothing is said and the code is 141, as the shell has it.
* A regular command line never imports click.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pkgindex.cli import quick
from pkgindex.cli.call import perform
from pkgindex.cli.output import complain, flush
from pkgindex.errors import BadInput, PkgindexError, StoreError

if TYPE_CHECKING:
    import click

    cli: click.Group

# Set by the scripts of `pkgindex completion`, when a shell wants words.
COMPLETING = "_PKGINDEX_COMPLETE"

INTERRUPTED = 130
READER_GONE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line *arguments*; its exit code. None: the process's own, which may end in here."""
    _require_streams()
    if arguments is not None:
        return _guarded(lambda: _run(list(arguments)))
    # Collecting garbage while modules are imported is 3 ms of a 35 ms answer, and finds none.
    gc.disable()
    code = _guarded(lambda: _run(sys.argv[1:]))
    if not gc.isenabled():
        # Nothing but this answer was made here: taking the interpreter apart would be another 7 ms.
        sys.stderr.flush()
        os._exit(code)
    return code


def _run(arguments: list[str]) -> int:
    parsed = None if COMPLETING in os.environ else quick.parse(arguments)
    if parsed is None or not parsed[0].reads:
        gc.enable()
    return _run_by_click(arguments) if parsed is None else perform(*parsed)


def _guarded(run: Callable[[], int]) -> int:
    """What *run* returns, or the exit code of what went wrong, which is said."""
    try:
        code = run()
        flush()
    except PkgindexError as error:
        code = _failed(error)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        _forget_output()
        code = READER_GONE
    except OSError as error:
        complain(_explained(error))
        code = StoreError.exit_code
    return code


def _run_by_click(arguments: list[str]) -> int:
    import click

    instruction = os.environ.get(COMPLETING)
    if instruction:
        from click.shell_completion import shell_complete

        from pkgindex.cli import shells

        shells.register()
        return shell_complete(__getattr__("cli"), {}, "pkgindex", COMPLETING, instruction)
    try:
        with __getattr__("cli").make_context("pkgindex", arguments) as context:
            code: int = context.command.invoke(context)
            return code
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.exceptions.NoArgsIsHelpError as mistake:
        sys.stderr.write(f"{mistake.format_message()}\n")
        return mistake.exit_code
    except click.UsageError as mistake:
        from pkgindex.cli.mistakes import explained

        raise BadInput(explained(mistake, arguments)) from None
    except click.Abort:
        return INTERRUPTED


def _failed(error: PkgindexError) -> int:
    # What was found before it went wrong is not held back.
    try:
        flush()
    except BrokenPipeError:
        _forget_output()
    complain(str(error))
    return error.exit_code


def _explained(error: OSError) -> str:
    """What the system refused, where, and what to do."""
    import errno

    place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, (str, bytes)) else ""
    advice = {
        errno.ENOSPC: "make room, and run it again",
        errno.EDQUOT: "make room within the quota, and run it again",
        errno.EACCES: "run it as a user who may, or change the permissions",
        errno.EPERM: "run it as a user who may, or change the permissions",
        errno.EROFS: "the disk is mounted read-only: mount it for writing, or name another by --index or --spool",
        errno.EMFILE: "raise the limit of open files (ulimit -n)",
    }.get(error.errno or 0, "see whether the disk is mounted and whole")
    return f"{place}{error.strerror or error}; {advice}"


def _forget_output() -> None:
    """Let the interpreter's own flush at its end go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _require_streams() -> None:
    """Something to write to, where a stream was closed before the program began."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - for as long as the process lives


def __getattr__(name: str) -> Any:
    """`cli` is the program as click has it, made when someone asks for it."""
    if name == "cli":
        from pkgindex.cli.program import program

        globals()["cli"] = made = program(perform)
        return made
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if __name__ == "__main__":
    sys.exit(main())
