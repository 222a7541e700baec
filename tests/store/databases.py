"""A real PostgreSQL for tests: a cluster of its own in a temporary directory, on a socket only, not run by root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import glob

import pytest

MISSING = "NOT TESTED: PostgreSQL is not installed: apt-get install postgresql"
PSYCOPG_MISSING = "NOT TESTED: psycopg is not installed: pip install 'pkgindex[postgres]'"
QUICK = "-c fsync=off -c full_page_writes=off"
# The server writes nothing of its own accord: what is on the disk is there because somebody waited for it.
LAZY = "-c wal_writer_delay=10s -c autovacuum=off"


class Cluster:
    """A server that can be stopped and started; `address` is that of its only database."""

    def __init__(self, programs: str, place: str, options: str) -> None:
        self._programs = programs
        self._place = place
        self._options = options
        self.address = f"postgresql://tester@/postgres?host={place}"

    def make(self) -> None:
        self._run("initdb", "--no-sync", "--auth=trust", "--username=tester", "--encoding=UTF8", f"{self._place}/data")

    def start(self) -> None:
        listen = f"-c listen_addresses= -c unix_socket_directories={self._place} -c max_connections=60 {self._options}"
        self._run("pg_ctl", "start", "-w", "-s", "-D", f"{self._place}/data", "-l", f"{self._place}/log", "-o", listen)

    def stop(self, mode: str = "fast") -> None:
        """*mode* `immediate` ends every process of the server at once, as a crash does."""
        self._run("pg_ctl", "stop", "-w", "-s", "-D", f"{self._place}/data", "-m", mode)

    def _run(self, program: str, *arguments: str) -> None:
        command = [*_as_another(), f"{self._programs}/{program}", *arguments]
        # Its own output: a server that is started keeps what it is given open.
        with open(f"{self._place}/{program}.output", "w+", encoding="utf-8") as output:
            done = subprocess.run(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd=self._place)
            output.seek(0)
            assert done.returncode == 0, output.read()


@contextmanager
def cluster(options: str = QUICK) -> Iterator[Cluster]:
    """A server that runs, and is gone afterwards."""
    programs = _programs()
    if programs is None:
        pytest.skip(MISSING)
    # Short, because a socket's path may have 107 bytes, and where another user gets to.
    place = tempfile.mkdtemp(prefix="pg-", dir="/tmp")
    if os.geteuid() == 0:
        user = pwd.getpwnam(_user())
        os.chown(place, user.pw_uid, user.pw_gid)
    found = Cluster(programs, place, options)
    try:
        found.make()
        found.start()
        try:
            yield found
        finally:
            found.stop("immediate")
    finally:
        shutil.rmtree(place)


def _programs() -> str | None:
    """The folder of the newest server's programs; on Debian it is on nobody's PATH."""
    known = sorted(glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
    found = known[-1] if known else shutil.which("initdb")
    return os.path.dirname(os.path.realpath(found)) if found else None


def _user() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _as_another() -> list[str]:
    return ["runuser", "-u", _user(), "--"] if os.geteuid() == 0 else []
