"""A PostgreSQL to measure with: a cluster of its own in a temporary directory, on a socket only, as durable as it comes."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import glob


def no_database() -> str:
    """What to say instead of figures, or nothing when there is one to measure."""
    if not _programs():
        return "not installed: apt-get install postgresql"
    return "" if importlib.util.find_spec("psycopg") else "not installed: pip install 'pkgindex[postgres]'"


@contextmanager
def database() -> Iterator[str]:
    """The address of one that runs, and is gone afterwards."""
    # Short, because a socket's path may have 107 bytes, and where another user gets to.
    place = tempfile.mkdtemp(prefix="pg-", dir="/tmp")
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(place, user.pw_uid, user.pw_gid)
    try:
        _run(place, "initdb", "--no-sync", "--auth=trust", "--username=bench", "--encoding=UTF8", f"{place}/data")
        options = f"-c listen_addresses= -c unix_socket_directories={place}"
        _run(place, "pg_ctl", "start", "-w", "-s", "-D", f"{place}/data", "-l", f"{place}/log", "-o", options)
        try:
            yield f"postgresql://bench@/postgres?host={place}"
        finally:
            _run(place, "pg_ctl", "stop", "-w", "-s", "-D", f"{place}/data", "-m", "fast")
    finally:
        shutil.rmtree(place)


def _run(place: str, program: str, *arguments: str) -> None:
    another = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    with open(f"{place}/{program}.output", "w+", encoding="utf-8") as output:
        done = subprocess.run([*another, f"{_programs()}/{program}", *arguments], stdout=output, stderr=output,
                              stdin=subprocess.DEVNULL, cwd=place)
        output.seek(0)
        if done.returncode:
            raise SystemExit(f"{program} ended with {done.returncode}: {output.read()}")


def _programs() -> str:
    """The folder of the newest server's programs; on Debian it is on nobody's PATH."""
    known = sorted(glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
    found = known[-1] if known else shutil.which("initdb")
    return os.path.dirname(os.path.realpath(found)) if found else ""
