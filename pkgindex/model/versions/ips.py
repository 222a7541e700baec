"""The order of IPS versions (pkg(7)): `release[,build_release]-branch:timestamp`, each but the last numbers with dots.

The release decides, then the branch, then the time stamp; a part that is missing comes first. What it was built for makes
no difference. A component that is no number comes before all numbers, by its text.
"""

from __future__ import annotations

from pkgindex.model.versions.digits import Number, number

Sequence = tuple[tuple[int, Number | str], ...]
Key = tuple[Sequence, Sequence, str]


def key(version: str) -> Key:
    """The sort key of *version*.

    >>> key("1.2") < key("1.2.0") < key("1.2.0,5.11-0.175") < key("1.2.0,5.11-0.175:20120504T143035Z") < key("1.10")
    True
    """
    rest, _, timestamp = version.strip().partition(":")
    rest, _, branch = rest.partition("-")
    return _sequence(rest.partition(",")[0]), _sequence(branch), timestamp


def cut(version: Key, wanted: Key) -> Key:
    """The key *version* without the branch and the time stamp that *wanted* does not have: `= 1.2` is met by every branch."""
    release, branch, timestamp = version
    _, wanted_branch, wanted_timestamp = wanted
    return release, branch if wanted_branch or wanted_timestamp else (), timestamp if wanted_timestamp else ""


def _sequence(text: str) -> Sequence:
    return tuple([_component(part) for part in text.split(".")]) if text else ()


def _component(part: str) -> tuple[int, Number | str]:
    return (1, number(part)) if part.isascii() and part.isdigit() else (0, part)
