"""Commands run as other users of this host, who have no name here.

In a fork of this process that has imported all it will need: the interpreter's own files may be out of reach for others.
"""

from __future__ import annotations

import functools
import importlib
import os
import pkgutil
import sys
import tempfile
import traceback
from pathlib import Path
from typing import NamedTuple

import pkgindex

NOT_ROOT = "NOT TRIED: rights are tried as other users, which takes root"
GROUP = 60_000
PACKER, COLLEAGUE, STRANGER, THIRD = 60_001, 60_002, 60_003, 60_004
UNHANDLED = 99
# What is imported only when it is needed, by us and by the library.
LATE = ("tomllib", "importlib.metadata", "multiprocessing.spawn", "multiprocessing.popen_spawn_posix", "socket",
        "concurrent.futures.thread", "concurrent.futures.process", "encodings.idna", "encodings.unicode_escape",
        "encodings.raw_unicode_escape")
OF_OTHERS = ("pkgindex.store.postgres", "pkgindex.store.database", "pkgindex.store.listening", "pkgindex.store.postgresplace")


class Done(NamedTuple):
    code: int
    answered: str
    said: str


@functools.cache
def _imported() -> None:
    for found in pkgutil.walk_packages(pkgindex.__path__, "pkgindex."):
        if found.name not in OF_OTHERS:
            importlib.import_module(found.name)
    for name in LATE:
        importlib.import_module(name)


def run(place: Path, user: int, *words: str, umask: int = 0o022) -> Done:
    """`pkgindex` in *place* as *user*; the packer and the colleague share a group."""
    _imported()
    with tempfile.TemporaryFile() as answered, tempfile.TemporaryFile() as said:
        child = os.fork()
        if not child:
            try:
                os.dup2(answered.fileno(), 1)
                os.dup2(said.fileno(), 2)
                _become(place, user, umask)
                code = _ended(list(words))
            except BaseException:  # noqa: BLE001 - nothing of the test goes on here
                traceback.print_exc(file=sys.__stderr__)
                code = UNHANDLED
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        texts = []
        for file in (answered, said):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
    return Done(code, *texts)


def _become(place: Path, user: int, umask: int) -> None:
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - until the process ends
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
                              for number in (1, 2))
    for name in [name for name in os.environ if name.startswith(("PKGINDEX_", "XDG_"))]:
        del os.environ[name]
    os.environ.update(HOME=f"{place}/home-{user}", PKGINDEX_INDEX=f"{place}/index", PKGINDEX_SPOOL=f"{place}/spool",
                      PKGINDEX_LOCK_WAIT_SECONDS="0", PKGINDEX_PROCESSES="1")
    os.chdir(place)
    os.umask(umask)
    os.setgroups([])
    os.setgid(GROUP if user in (PACKER, COLLEAGUE) else user)
    os.setuid(user)


def _ended(words: list[str]) -> int:
    from pkgindex.cli.main import main

    try:
        return main(words)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else UNHANDLED
