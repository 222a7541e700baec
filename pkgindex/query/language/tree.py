"""The tree of a question: plain values, which the parsers make, the planner reads and `matching` judges packages by.

    Or(And(Term, Not(Term)), With(Term, Term), Packages(Term))

Invariants:

* A tree says what was asked and nothing of how it is answered.
* `And`, `Or` and `With` have two parts or more; parts of one kind are not nested in their own kind.
"""

from __future__ import annotations

from typing import NamedTuple

# How a term's value is compared.
WORD, GLOB, PHRASE, REGEX, COMPARE = "word", "glob", "phrase", "regex", "compare"
OPERATORS = ("<=", ">=", "<", ">", "=")


class Term(NamedTuple):
    """`field` is in lower case; empty: wherever a bare word looks. `value` is without quotes and escapes; in a glob what
    was escaped stands in brackets (`[*]`). `operator` is of `OPERATORS` when `kind` is `compare`, as in `size>10M`.

    `package` and `type` restrict to packages that begin so and to one type of thing: pkg(5)'s longer forms.
    """

    value: str
    field: str = ""
    kind: str = WORD
    operator: str = ""
    package: str = ""
    type: str = ""


class And(NamedTuple):
    """What holds of one package."""

    parts: tuple[Query, ...]


class Or(NamedTuple):
    parts: tuple[Query, ...]


class Not(NamedTuple):
    part: Query


class With(NamedTuple):
    """What holds of one thing: an attribute, a file, a relation."""

    parts: tuple[Query, ...]


class Packages(NamedTuple):
    """The packages of the hits, as hits of their own."""

    part: Query


Query = Term | And | Or | Not | With | Packages
