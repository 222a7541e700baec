"""What people and programs write: questions, versions, names, settings, requests.

A question that is written and read again is the same, versions are ordered, and names are as they are stored.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from fuzz import seeds, tree_protocol
from fuzz.target import Target
from pkgindex.cli.terminal import escaped
from pkgindex.defaults import plain
from pkgindex.errors import BadInput, PkgindexError
from pkgindex.model.versions import orderings
from pkgindex.query.found import parse_cursor
from pkgindex.query.language import parser, pkg5, rewrite
from pkgindex.query.language.printing import written
from pkgindex.spool import names as spool_names

# A character of it may be looked at a dozen times.
WORDS_BYTES_MAX = 256
_SIGNS = ("<<", "<=", "=", ">=", ">>")
_ORDERINGS = tuple(orderings.ORDERINGS)


def _question(parse: Callable[[str], Any], data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    try:
        tree = parse(text)
    except BadInput:
        return
    rewrite.as_packages(tree)
    if parse is parser.parse:
        assert parser.parse(written(tree)) == tree, text


def _versions(data: bytes) -> None:
    """The first byte says by which ordering, and what is asked."""
    choice, text = data[0] if data else 0, data[1:].decode("utf-8", "surrogateescape")
    ordering, sign = _ORDERINGS[choice % len(_ORDERINGS)], _SIGNS[choice // len(_ORDERINGS) % len(_SIGNS)]
    one, _, other = text.partition("\n")
    compared = orderings.compare(one, other, ordering)
    assert compared == -orderings.compare(other, one, ordering), (one, other, ordering)
    assert orderings.compare(one, one, ordering) == 0, (one, ordering)
    orderings.satisfies(one, sign, other, ordering)


def _names(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    assert spool_names.parse(text).name == text
    shown = escaped(text)
    assert not [sign for sign in shown if ord(sign) < 0x20 or 0x7F <= ord(sign) < 0xA0 or 0x202A <= ord(sign) <= 0x202E]
    with suppress(PkgindexError):
        assert len(spool_names.encoded(spool_names.submitted(text, None).name)) <= spool_names.NAME_BYTES_MAX
    with suppress(BadInput):
        assert parse_cursor(str(parse_cursor(text))) == parse_cursor(text)


def _settings(data: bytes) -> None:
    """What is read without a parser is what the parser reads."""
    with suppress(UnicodeDecodeError):
        text = data.decode()
        found = plain(text)
        if found is not None:
            assert found == tomllib.loads(text), text


def _each_by_each_ordering() -> tuple[bytes, ...]:
    return tuple([bytes((number,)) + pair for number in range(len(_ORDERINGS)) for pair in seeds.VERSIONS])


def targets() -> dict[str, Target]:
    return {
        "question": Target(partial(_question, parser.parse), seeds.QUESTIONS, WORDS_BYTES_MAX),
        "question of pkg5": Target(partial(_question, pkg5.parse), seeds.QUESTIONS, WORDS_BYTES_MAX),
        "versions": Target(_versions, _each_by_each_ordering(), WORDS_BYTES_MAX),
        "names": Target(_names, seeds.NAMES, WORDS_BYTES_MAX),
        "settings": Target(_settings, seeds.SETTINGS),
        "tree protocol": Target(tree_protocol.try_bytes, seeds.REQUESTS),
    }
