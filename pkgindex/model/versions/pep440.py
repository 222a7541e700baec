"""Python's order of versions (PEP 440): `1!2.0rc1.post2.dev3+local.4`, in all the spellings that it normalises.

What is no such version comes before all that are, by its text. The order alone decides a comparison: that `< 2.0` leaves out
2.0rc1 is a rule of installers, and not of the order.
"""

from __future__ import annotations

import re

from pkgindex.model.versions.digits import Number, number

_VERSION = re.compile(
    r"""v? (?: (?P<epoch> [0-9]+ ) ! )?
        (?P<release> [0-9]+ (?: \. [0-9]+ )* )
        (?: [-_.]? (?P<pre> alpha | a | beta | b | preview | pre | c | rc ) [-_.]? (?P<pre_number> [0-9]* ) )?
        (?: - (?P<bare_post> [0-9]+ ) | [-_.]? (?P<post> post | rev | r ) [-_.]? (?P<post_number> [0-9]* ) )?
        (?: [-_.]? (?P<dev> dev ) [-_.]? (?P<dev_number> [0-9]* ) )?
        (?: \+ (?P<local> [a-z0-9]+ (?: [-_.] [a-z0-9]+ )* ) )?""",
    re.VERBOSE,
)
_PHASES = {"alpha": "a", "beta": "b", "preview": "rc", "pre": "rc", "c": "rc"}

Part = tuple[object, ...]


def key(version: str) -> Part:
    """The sort key of *version*; equal for all spellings of one version.

    >>> key("1.0.dev1") < key("1.0a1") < key("1.0rc1") < key("1.0") < key("1.0+deb.1") < key("1.0.post1") < key("1!0.1")
    True
    >>> key("v1.0.0-RC_1") == key("1c1")
    True
    """
    text = version.strip().lower()
    match = _VERSION.fullmatch(text)
    if match is None:
        return 0, text
    found = match.groupdict()
    return 1, number(found["epoch"] or ""), _release(found["release"]), _pre(found), _post(found), _dev(found), _local(found)


def cut(version: Part, wanted: Part) -> Part:
    """The key *version* without its local part when *wanted* has none: `= 1.0` is met by 1.0+deb.1."""
    return version if wanted[-1] or not version[0] else (*version[:-1], ())


def _release(text: str) -> tuple[Number, ...]:
    numbers = [number(digits) for digits in text.split(".")]
    while numbers and numbers[-1] == number(""):
        numbers.pop()
    return tuple(numbers)


def _pre(found: dict[str, str | None]) -> Part:
    if found["pre"]:
        return 1, _PHASES.get(found["pre"], found["pre"]), number(found["pre_number"] or "")
    # A development release of the final one comes before all its phases.
    return (0,) if found["dev"] and not _posted(found) else (2,)


def _post(found: dict[str, str | None]) -> Part:
    return (1, number(found["bare_post"] or found["post_number"] or "")) if _posted(found) else (0,)


def _posted(found: dict[str, str | None]) -> bool:
    return bool(found["post"] or found["bare_post"])


def _dev(found: dict[str, str | None]) -> Part:
    return (0, number(found["dev_number"] or "")) if found["dev"] else (1,)


def _local(found: dict[str, str | None]) -> tuple[Part, ...]:
    parts = re.split("[-_.]", found["local"]) if found["local"] else []
    return tuple([(1, number(part)) if part.isdigit() else (0, part) for part in parts])
