"""`pkgindex files`: what a package ships."""

from __future__ import annotations

from pkgindex.cli.call import Call
from pkgindex.cli.declare import PACKAGE, PRINTING, Command
from pkgindex.cli.output import Output


def run(call: Call, package: str) -> int:
    return call.answer(
        lambda index: index.files(package), Output.paths, f"package {package!r} is there, but no file list of it",
        names=(package,),
    )


COMMAND = Command(
    "files",
    run,
    "The files of a package, of all its architectures, in order.",
    (PACKAGE,),
    PRINTING,
    (
        ("files curl", "one path a line, after the name of the package"),
        ("files --jsonl --repo debian curl", "as one repository has it"),
    ),
)
