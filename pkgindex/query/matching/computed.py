"""Terms that the repository answers and no thing of a package: they hold of the package by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pkgindex.errors import BadInput
from pkgindex.model.package import Package
from pkgindex.model.thing import name_thing
from pkgindex.query.globs import glob_test
from pkgindex.query.language.amounts import is_number
from pkgindex.query.language.tree import GLOB, Term
from pkgindex.query.matching.contents import Contents, Found
from pkgindex.query.matching.facts import Facts
from pkgindex.query.matching.showing import Shown
from pkgindex.query.matching.values import value_test
from pkgindex.query.regexes import Engine


def look_of(term: Term, facts: Facts, case: bool, engine: Engine) -> Callable[[Contents], Mapping[Found, tuple[Shown, ...]]]:
    holds = _holds(term, facts, case, engine)
    value = facts.repo if term.field == "repo" else term.value

    def look(contents: Contents) -> Mapping[Found, tuple[Shown, ...]]:
        return {name_thing(contents.package): ((term.field, value),)} if holds(contents.package) else {}

    return look


def _holds(term: Term, facts: Facts, case: bool, engine: Engine) -> Callable[[Package], bool]:
    value = term.value
    if term.field == "repo":
        answer = value_test(term, case, engine)("repo", facts.repo)
        return lambda package: answer
    if term.field in ("needs", "neededby"):
        follow, glob = facts.needs if term.field == "needs" else facts.needed_by, term.kind == GLOB
        if glob:
            glob_test(value, False)  # for its words about mistakes
        return lambda package: follow(package, value, glob)
    if term.field == "changed-since":
        generation = _generation(value)
        return lambda package: facts.changed_since(package, generation)
    flag = facts.orphan if term.field == "orphan" else facts.broken
    wanted = value.lower() == "yes"
    return lambda package: flag(package) is wanted


def _generation(value: str) -> int:
    if not is_number(value):
        raise BadInput(f"changed-since takes the number of a generation, and {value!r} is none: see 'pkgindex history'")
    return int(value)
