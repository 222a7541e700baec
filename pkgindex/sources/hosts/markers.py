"""Environment markers of Python packages (PEP 508): whether a requirement means anything here.

    python_version < "3.8" and (extra == "test" or platform_system != "Windows")

What a marker asks of the machine that nobody knows from the outside counts as true: a relation too many is found, one too
few is not.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping

from pkgindex.model.versions.orderings import OPERATORS, satisfies

_TOKEN = re.compile(r"""\s*(?:(?P<text>"[^"]*"|'[^']*')|(?P<sign>[()]|[<>=!~]=?=?|\b(?:and|or|not|in)\b)|(?P<name>[\w.]+))""")
_VERSIONS = frozenset(("python_version", "python_full_version", "implementation_version", "platform_release"))
_OURS = {"<": "<<", ">": ">>", "==": "=", "===": "=", "<=": "<=", ">=": ">="}
_EXTRA = re.compile(r"""\bextra\s*==\s*["']([^"']+)["']""")
_NESTED_MAX = 50


def environment(python: str) -> dict[str, str]:
    """What markers may ask for, of an interpreter of version *python* (empty: not known) on this system."""
    found = {
        "os_name": "posix", "sys_platform": "linux", "platform_system": "Linux", "platform_machine": os.uname().machine,
        "implementation_name": "cpython", "platform_python_implementation": "CPython",
    }
    return {**found, "python_version": python} if python else found


def extras(marker: str) -> list[str]:
    """The extras that *marker* names.

    >>> extras("python_version > '3' and extra == 'test'")
    ['test']
    """
    return list(dict.fromkeys(_EXTRA.findall(marker)))


def holds(marker: str, known: Mapping[str, str]) -> bool:
    """Whether *marker* holds where *known* is; one that cannot be understood does.

    >>> holds("python_version < '3.8' or sys_platform == 'linux'", {"python_version": "3.11", "sys_platform": "linux"})
    True
    >>> holds("extra == 'test' and python_version >= '3.9'", {"python_version": "3.11", "extra": ""})
    False
    """
    try:
        parser = _Parser(marker, known)
        return parser.either(0)
    except (ValueError, StopIteration):
        return True


class _Parser:
    def __init__(self, text: str, known: Mapping[str, str]) -> None:
        self._tokens = list(_tokens(text))
        self._known = known

    def either(self, level: int) -> bool:
        if level > _NESTED_MAX:
            raise ValueError("nested too deeply")
        found = [self._both(level)]
        while self._take("or"):
            found.append(self._both(level))
        if not level and self._tokens:
            raise ValueError(self._tokens[0])
        return any(found)

    def _both(self, level: int) -> bool:
        found = [self._one(level)]
        while self._take("and"):
            found.append(self._one(level))
        return all(found)

    def _one(self, level: int) -> bool:
        if self._take("("):
            found = self.either(level + 1)
            if not self._take(")"):
                raise ValueError("a bracket is not closed")
            return found
        left, sign, right = self._next(), self._sign(), self._next()
        return _compared(left, sign, right, self._known)

    def _sign(self) -> str:
        sign = self._next()
        return f"not {self._next()}" if sign == "not" else sign

    def _next(self) -> str:
        if not self._tokens:
            raise ValueError("ends too early")
        return self._tokens.pop(0)

    def _take(self, wanted: str) -> bool:
        if self._tokens and self._tokens[0] == wanted:
            self._tokens.pop(0)
            return True
        return False


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(text[at:])
        yield match["text"] or match["sign"] or match["name"]
        at = match.end()


def _compared(left: str, sign: str, right: str, known: Mapping[str, str]) -> bool:
    values = []
    for token in (left, right):
        if token[0] in "\"'":
            values.append(token[1:-1])
        elif token in known:
            values.append(known[token])
        else:  # nobody knows
            return True
    if _VERSIONS & {left, right} and sign in _OURS and _OURS[sign] in OPERATORS:
        return satisfies(values[0], _OURS[sign], values[1], "pep440")
    if sign not in _TEXTS:
        raise ValueError(sign)
    return _TEXTS[sign](*values)


_TEXTS: dict[str, Callable[[str, str], bool]] = {
    "==": lambda left, right: left == right,
    "===": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "in": lambda left, right: left in right,
    "not in": lambda left, right: left not in right,
}
