"""Faults put into the calls that our own code makes by way of `os`, from inside: for machines without strace, and for short
writes, which strace can only pretend.
"""

from __future__ import annotations

import errno
import os
import signal
import threading
from collections.abc import Callable, Mapping
from typing import Any

from battery.ground import Ground
from battery.strace import Point
from battery.trial import Ended, run

CHANGING = frozenset((
    "write", "fsync", "link", "rename", "replace", "unlink", "remove", "mkdir", "rmdir", "utime", "ftruncate",
))
CALLS = (*sorted(CHANGING), "open", "close", "read", "listdir", "scandir", "stat", "lstat", "fstat", "statvfs")

Meet = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]


def points(ground: Ground, words: tuple[str, ...], environment: Mapping[str, str]) -> tuple[list[Point], Ended]:
    """Every call that concerns the command's files, in order, and how it ends when it is left alone."""
    listing = f"{ground.root}/tapped"
    with open(listing, "wb"):
        pass
    into = os.open(listing, os.O_WRONLY | os.O_APPEND)
    write = os.write

    def count(point: Point, call: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        write(into, f"{point.call} {point.place} {int(_changes(point.call, arguments))}\n".encode())
        return call(*arguments, **named)

    try:
        ended = run(ground, words, environment, lambda: _install(ground, count))
    finally:
        os.close(into)
    with open(listing, encoding="ascii") as file:
        return [Point(call, int(place), changes == "1") for call, place, changes in map(str.split, file)], ended


def killed(ground: Ground, words: tuple[str, ...], environment: Mapping[str, str], point: Point) -> Ended:
    def die(call: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        signal.raise_signal(signal.SIGKILL)

    return _met(ground, words, environment, point, die)


def refused(ground: Ground, words: tuple[str, ...], environment: Mapping[str, str], point: Point, error: str) -> Ended:
    """The call answers *error*, and has done nothing; SHORT is a write that takes half of what it was given."""

    def refuse(call: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        if error == "SHORT":
            return call(arguments[0], bytes(arguments[1])[: (len(arguments[1]) + 1) // 2])
        code = getattr(errno, error)
        file = arguments[0] if arguments and isinstance(arguments[0], str) else None
        raise OSError(code, os.strerror(code), file)

    return _met(ground, words, environment, point, refuse)


def _met(ground: Ground, words: tuple[str, ...], environment: Mapping[str, str], wanted: Point, meet: Meet) -> Ended:
    def at(point: Point, call: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        if (point.call, point.place) == (wanted.call, wanted.place):
            return meet(call, arguments, named)
        return call(*arguments, **named)

    return run(ground, words, environment, lambda: _install(ground, at))


def _install(ground: Ground, met: Callable[..., Any]) -> None:
    """From here on calls of the main thread that concern *ground* go to *met*."""
    main, readlink, met_so_far = threading.get_ident(), os.readlink, dict.fromkeys(CALLS, 0)

    def concerns(argument: object) -> bool:
        if isinstance(argument, int):
            try:
                argument = readlink(f"/proc/self/fd/{argument}")
            except OSError:
                return False
        return isinstance(argument, str) and argument.startswith(ground.here)

    def tapped(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def tap(*arguments: Any, **named: Any) -> Any:
            if threading.get_ident() != main or not arguments or not concerns(arguments[0]):
                return call(*arguments, **named)
            met_so_far[name] += 1
            return met(Point(name, met_so_far[name]), call, arguments, named)

        return tap

    for name in CALLS:
        setattr(os, name, tapped(name, getattr(os, name)))


def _changes(call: str, arguments: tuple[Any, ...]) -> bool:
    return call in CHANGING or (call == "open" and len(arguments) > 1 and bool(arguments[1] & os.O_CREAT))
