"""`pkgindex submit`: drop files into the spool."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile

from pkgindex.cli.call import FOUND, Call
from pkgindex.cli.declare import REPOSITORY, Argument, Command, Option
from pkgindex.errors import BadInput
from pkgindex.spool.spool import Spool

STDIN = "-"


def run(call: Call, repository: str, files: tuple[str, ...], full: bool, incremental: bool, name: str | None) -> int:
    if full and incremental:
        raise BadInput("--full and --incremental: give one of them")
    if name is not None and len(files) > 1:
        raise BadInput(f"--name {name!a} is for one file, and there are {len(files)}")
    if STDIN in files and name is None:
        raise BadInput("'-' reads stdin, which has no name: say --name, as Packages or curl.json")
    mode = "full" if full else "incremental" if incremental else None
    spool = Spool(call.settings.spool)
    for file in files:
        dropped = _stdin(spool, repository, mode, name) if file == STDIN else spool.submit(repository, file, mode, name)
        call.output.lines([call.output.safe(dropped)])
    return FOUND


def _stdin(spool: Spool, repository: str, mode: str | None, name: str | None) -> str:
    with tempfile.TemporaryDirectory(prefix="pkgindex-") as folder:
        path = os.path.join(folder, "stdin")
        with open(path, "wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        return spool.submit(repository, path, mode, name)


COMMAND = Command(
    "submit",
    run,
    """Drop files into the spool.

    They appear there whole and durable, and are packed by whoever watches; prints what each is called there. Listings
    (Packages, Contents ...) replace what the repository says in their place, single packages are laid over it; --full
    and --incremental say otherwise. `-` is stdin, and takes --name.""",
    (REPOSITORY, Argument("files", "FILE...", many=True, completes="file")),
    (
        Option("full", ("--full",), "Replaces all that the repository has of its kind."),
        Option("incremental", ("--incremental",), "Is laid over what is there."),
        Option("name", ("--name",), "What the file is called; formats are known by it.", "text", "NAME"),
    ),
    (
        ("submit debian Packages.gz Contents-amd64.gz", "two listings"),
        ("submit tools - --name mine.json < mine.json", "from stdin"),
    ),
)
