"""Which fields a question may name, and what each takes.

Others are no mistake: a source carries attributes that nobody here has heard of, and each is a field of its own name.
"""

from __future__ import annotations

from typing import NamedTuple

from pkgindex.query.language.tree import OPERATORS

# What a value is: any text, yes or no, a number of bytes, the number of a generation, the name of a package.
TEXT, FLAG, SIZE, GENERATION, PACKAGE = "text", "flag", "size", "generation", "package"


class Field(NamedTuple):
    """What a user reads of a field, and which values make sense."""

    help: str
    takes: str = TEXT


FIELDS = {
    "name": Field("the package's own name; of a/b/c also b/c and c"),
    "version": Field("its version; <, <=, =, >= and > compare as the repository orders versions"),
    "arch": Field("the architecture"),
    "summary": Field("the one line that says what it is"),
    "description": Field("the text below that line"),
    "text": Field("the summary or the description"),
    "section": Field("where the distribution files it: mail, libs"),
    "tag": Field("a debtag; its colons are escaped: tag:use\\:\\:editing"),
    "maintainer": Field("who looks after it"),
    "homepage": Field("the address of its project"),
    "license": Field("its license"),
    "source": Field("the source package it was built from"),
    "provides": Field("another name that it answers to"),
    "depends": Field("what it depends on"),
    "pre-depends": Field("what must be there before it is unpacked"),
    "recommends": Field("what is found with it in all but unusual places"),
    "suggests": Field("what goes well with it"),
    "enhances": Field("what it makes more useful"),
    "conflicts": Field("what cannot be there beside it"),
    "breaks": Field("what stops working beside it"),
    "replaces": Field("whose files it may overwrite"),
    "built-using": Field("the sources that were built into it"),
    "requires": Field("depends or pre-depends"),
    "relation": Field("what a relation of any kind names"),
    "kind": Field("of which kind a relation is: depends WITH the rest"),
    "file": Field("a path that it ships"),
    "basename": Field("the last part of such a path"),
    "dir": Field("the directory of such a path"),
    "size": Field("the bytes of the package itself: size>10M (K, M, G, T)", SIZE),
    "installed-size": Field("the room it takes when installed: installed-size<1M", SIZE),
    "installed": Field("true: the host has it; false: only its configuration is left"),
    "installed-at": Field("when that was: installed-at>=2026-11-01"),
    "requested": Field("true: somebody asked for it; false: it came because something needs it"),
    "repo": Field("the repository it is in"),
    "needs": Field("needs that package, in one step or several", PACKAGE),
    "neededby": Field("is needed by that package, in one step or several", PACKAGE),
    "orphan": Field("yes: nothing in its repository needs it", FLAG),
    "broken": Field("yes: something it needs is not in its repository", FLAG),
    "changed-since": Field("added or changed after that generation", GENERATION),
}
ALIASES = {"architecture": "arch", "package": "name"}
FLAG_VALUES = ("yes", "no")
# What holds of a package as a whole: no attribute, file or relation has it, and so it cannot stand beside WITH.
WHOLE = frozenset(("repo", "needs", "neededby", "orphan", "broken", "changed-since"))


def field_of(name: str) -> str:
    """The field that a user means by *name*.

    >>> field_of("Architecture"), field_of("Description-MD5")
    ('arch', 'description-md5')
    """
    name = name.lower()
    return ALIASES.get(name, name)


def takes(field: str) -> str:
    return FIELDS[field].takes if field in FIELDS else TEXT


def comparable(name: str) -> bool:
    """Whether *name* may stand before an operator: letters, digits, dots, dashes, underscores, and a letter first, so that
    `-` and `c++` are no fields.

    >>> comparable("installed-size"), comparable("std::vector"), comparable("-"), comparable("a-")
    (True, False, False, False)
    """
    plain = name.replace("-", "").replace(".", "").replace("_", "")
    return name[:1].isalpha() and name[-1:].isalnum() and plain.isalnum()


def operator_at(text: str, place: int) -> str:
    """The operator at *place*, the longer one first; empty when there is none."""
    return next((operator for operator in OPERATORS if text.startswith(operator, place)), "")


def similar_field(field: str) -> str:
    """The documented field that *field* may be a slip of; empty when none is near.

    >>> similar_field("desciption"), similar_field("smf.fmri")
    ('description', '')
    """
    from difflib import get_close_matches

    return "" if field in FIELDS else next(iter(get_close_matches(field.lower(), FIELDS, 1, 0.75)), "")
