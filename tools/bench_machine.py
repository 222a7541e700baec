"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
import time

from bench_peers import PROGRAMS, missing


def described(folder: str) -> list[tuple[str, str]]:
    """(what, which) of the machine; *folder* says which file system."""
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    return [
        ("date", time.strftime("%Y-%m-%d %H:%M %Z")),
        ("system", f"{_release()}, Linux {platform.release()}"),
        ("processor", f"{_first('/proc/cpuinfo', 'model name')}, {len(os.sched_getaffinity(0))} cores"),
        ("memory", f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"),
        ("file system", _file_system(folder)),
        ("load before", load),
        ("Python", f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}"),
        ("beside it", ", ".join(_versions())),
        ("pkgindex", _commit()),
    ]


def in_short() -> str:
    """When, of which commit and beside what else something is measured."""
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    cores = len(os.sched_getaffinity(0))
    return f"Measured {time.strftime('%Y-%m-%d %H:%M %Z')}, pkgindex {_commit()}, {cores} cores, load before {load}."


def _first(path: str, key: str) -> str:
    with open(path, encoding="utf-8") as file:
        return next((line.partition(":")[2].strip() for line in file if line.startswith(key)), platform.machine())


def _release() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def _file_system(folder: str) -> str:
    """The type of the file system that holds *folder*: of all mount points above it, the longest."""
    best = ("", "unknown")
    with open("/proc/mounts", encoding="utf-8") as file:
        for line in file:
            _, point, kind, *_ = line.split(" ")
            if os.path.commonpath([point, os.path.abspath(folder)]) == point and len(point) >= len(best[0]):
                best = (point, kind)
    return best[1]


def _versions() -> list[str]:
    packages = sorted({package for program, package in PROGRAMS.items() if not missing(program)})
    if not packages or missing("apt-cache"):
        return packages or ["nothing"]
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *packages], capture_output=True, text=True, check=False
    )
    return done.stdout.split("\n")[:-1]


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False,
        cwd=os.path.dirname(os.path.abspath(__file__)),
    )
    return done.stdout.strip() or "not from git"
