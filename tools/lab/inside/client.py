"""A client of a tree server: indexes packages in a chain, and records what was answered OK; or asks for what others were told.

    python -m lab.inside.client INDEX NAME RECORD SECONDS
    python -m lab.inside.client --ask PACKAGE...

The second prints the packages that the server does not know.
"""

from __future__ import annotations

import argparse
import socket
import sys
import time

from lab.inside.record import Record

PORT = 8080
TOGETHER = 20
TIMEOUT_SECONDS = 120.0


def main() -> None:
    if sys.argv[1:2] == ["--ask"]:
        print(*unknown(sys.argv[2:]))
        return
    parser = argparse.ArgumentParser()
    for name in ("index", "name", "record"):
        parser.add_argument(name)
    parser.add_argument("seconds", type=float)
    wanted = parser.parse_args()
    record, end, number = Record(wanted.record), time.monotonic() + wanted.seconds, 0
    while time.monotonic() < end:
        lines = [_line(wanted.name, number + place) for place in range(TOGETHER)]
        began = time.monotonic()
        try:
            answers = ask(lines)
        except OSError as error:
            record.say("doubt", why=str(error))
            time.sleep(1)
            continue
        if wrong := [answer for answer in answers if answer != "OK"]:
            record.say("wrong", faults=[f"{wanted.name}: {wrong[0]} to one of {number} to {number + TOGETHER}"])
        record.say("told", first=number, count=TOGETHER, took=round(time.monotonic() - began, 3))
        number += TOGETHER
    record.say("end")


def _line(name: str, number: int) -> str:
    return f"INDEX|{name}-{number}|{f'{name}-{number - 1}' if number else ''}"


def ask(lines: list[str]) -> list[str]:
    """The answers to *lines*. Raises `OSError` when they do not all come."""
    with socket.create_connection(("127.0.0.1", PORT), TIMEOUT_SECONDS) as connection:
        connection.sendall("".join(f"{line}\n" for line in lines).encode())
        answers = connection.makefile("r", encoding="ascii")
        found = [answers.readline().strip() for _ in lines]
    if not all(found):
        raise OSError(f"{found.count('')} of {len(lines)} answers did not come")
    return found


def unknown(packages: list[str]) -> list[str]:
    """Those of *packages* that the server does not know."""
    answers = ask([f"QUERY|{package}|" for package in packages])
    return [package for package, answer in zip(packages, answers, strict=True) if answer != "OK"]


if __name__ == "__main__":
    main()
