"""Alpine's order of versions: `1.2.3a_rc1_p2~hash-r4` (apk-package(5)).

What is no such version comes before all that are, by its text.
"""

from __future__ import annotations

import re

from pkgindex.model.versions.digits import number

_BEFORE = ("alpha", "beta", "pre", "rc")
_AFTER = ("cvs", "svn", "git", "hg", "p")
_SUFFIX = re.compile(rf"_({'|'.join(_BEFORE + _AFTER)})([0-9]*)")
_VERSION = re.compile(
    rf"([0-9]+)((?:\.[0-9]+)*)([a-z]?)((?:{_SUFFIX.pattern})*)(?:~([0-9a-f]+))?(?:-r([0-9]+))?",
)
# What may stand next, in order: the first of these makes a version older than its end does, the others newer.
_PRE_SUFFIX, _END, _REVISION, _HASH, _SUFFIX_NUMBER, _POST_SUFFIX, _LETTER, _NUMBER = range(8)

Token = tuple[object, ...]


def key(version: str) -> tuple[object, ...]:
    """The sort key of *version*.

    >>> key("1.0_rc1") < key("1.0") < key("1.0-r1") < key("1.0_p1") < key("1.0a") < key("1.0.1")
    True
    """
    text = version.strip()
    match = _VERSION.fullmatch(text)
    if match is None:
        return 0, text
    first, dotted, letter, suffixes, *_, commit, revision = match.groups()
    tokens: list[Token] = [_component(digits) for digits in dotted.split(".")[1:]]
    if letter:
        tokens.append((_LETTER, letter))
    for name, digits in _SUFFIX.findall(suffixes):
        tokens.append(_suffix(name))
        if digits:
            tokens.append((_SUFFIX_NUMBER, number(digits)))
    if commit is not None:
        tokens.append((_HASH, commit))
    if revision is not None:
        tokens.append((_REVISION, number(revision)))
    return 1, number(first), *tokens, (_END,)


def _component(digits: str) -> Token:
    """After the first dot a zero in front makes a fraction of it: 1.05 is before 1.1, and before 1.5 too."""
    return (_NUMBER, 0, digits) if digits.startswith("0") else (_NUMBER, 1, number(digits))


def _suffix(name: str) -> Token:
    return (_PRE_SUFFIX, _BEFORE.index(name)) if name in _BEFORE else (_POST_SUFFIX, _AFTER.index(name))
