"""RPM's order of versions: epoch, version and release (rpm-version(7), and rpmvercmp, which it describes).

A version is runs of digits and runs of letters; all else only separates them, but for `~`, which comes before the end,
and `^`, which comes right after it. Every text is a version.
"""

from __future__ import annotations

import re

from pkgindex.model.versions.digits import Number, number

_RUNS = re.compile(r"[0-9]+|[A-Za-z]+|[~^]")
# What may stand next, in order: a run of digits is newer than letters, and these than nothing.
_TILDE, _END, _CARET, _LETTERS, _DIGITS = range(5)
_SIGNS = {"~": (_TILDE,), "^": (_CARET,)}

Part = tuple[tuple[object, ...], ...]
Key = tuple[Number, Part, Part]


def key(version: str) -> Key:
    """The sort key of *version*, `[epoch:]version[-release]`; without a release it comes before every release.

    >>> key("1.0~rc1") < key("1.0") < key("1.0^git1") < key("1.0a") < key("1.0.1") < key("1:0.1")
    True
    >>> key("1.05") == key("1_5") == key("0:1.5")
    True
    """
    epoch, upstream, release = parts(version)
    return number(epoch), _part(upstream), () if release is None else _part(release)


def cut(version: Key, wanted: Key) -> Key:
    """The key *version* without its release when *wanted* has none: `= 1.0` is met by every release of 1.0."""
    return version if wanted[2] else (*version[:2], ())


def parts(version: str) -> tuple[str, str, str | None]:
    """Epoch (empty: none), version, and release if there is one."""
    text = version.strip()
    epoch, colon, rest = text.partition(":")
    # A colon behind anything but digits is a sign like others.
    if not colon or epoch.strip("0123456789"):
        epoch, rest = "", text
    upstream, dash, release = rest.rpartition("-")
    return (epoch, upstream, release) if dash else (epoch, rest, None)


def _part(text: str) -> Part:
    return (*map(_run, _RUNS.findall(text)), (_END,))


def _run(run: str) -> tuple[object, ...]:
    if run in _SIGNS:
        return _SIGNS[run]
    return (_LETTERS, run) if run.isalpha() else (_DIGITS, number(run))
