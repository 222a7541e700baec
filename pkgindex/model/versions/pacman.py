"""pacman's order of versions: epoch, version and release, as vercmp(8) tells it.

It is RPM's of long ago: no `~` and `^`, a run of letters right behind another is older than nothing (`1.0a` is before
`1.0`), and more separators in a row are newer than fewer. Separators at the end count for nothing here; vercmp's own
answers about them contradict each other.
"""

from __future__ import annotations

import re

from pkgindex.model.versions.digits import Number, number
from pkgindex.model.versions.rpm import parts

_RUNS = re.compile(rb"([^0-9A-Za-z]*)(?:([0-9]+)|([A-Za-z]+))")
_OLDER, _END, _NEWER = range(3)

Part = tuple[tuple[object, ...], ...]
Key = tuple[Part, Part, Part]


def key(version: str) -> Key:
    """The sort key of *version*, `[epoch:]version[-release]`; without a release it comes before every release.

    >>> key("1.0a") < key("1.0b") < key("1.0rc") < key("1.0") < key("1.0.a") < key("1.0.1") < key("1:0.1")
    True
    """
    epoch, upstream, release = parts(version)
    return _part(epoch or "0"), _part(upstream), () if release is None else _part(release)


def cut(version: Key, wanted: Key) -> Key:
    """The key *version* without its release when *wanted* has none: `= 1.0` is met by every release of 1.0."""
    return version if wanted[2] else (*version[:2], ())


def _part(text: str) -> Part:
    return (*(_run(*found) for found in _RUNS.findall(text.encode("utf-8", "surrogatepass"))), (_END,))


def _run(separators: bytes, digits: bytes, letters: bytes) -> tuple[object, ...]:
    value: tuple[bool, Number | bytes] = (True, number(digits.decode())) if digits else (False, letters)
    return (_NEWER if separators or digits else _OLDER, len(separators), *value)
