"""Where a term looks, and what it finds there.

Invariants:

* What a term finds does not depend on the terms around it: AND, OR, NOT and WITH only choose among it.
* Whatever a text shard lists for narrowing (`format.tokens`, `format.terms`), a term of these fields finds nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import NamedTuple

from pkgindex.format.tokens import TEXTS, bare
from pkgindex.model import thing as model
from pkgindex.model.package import KINDS, NEEDS, Package
from pkgindex.model.thing import ACTIONS, DEPEND, TAKEN, Thing
from pkgindex.query.globs import glob_test
from pkgindex.query.language.tree import COMPARE, PHRASE, REGEX, WORD, Term
from pkgindex.query.matching import computed
from pkgindex.query.matching.comparing import compare_test
from pkgindex.query.matching.contents import Contents, Found
from pkgindex.query.matching.facts import COMPUTED, Facts
from pkgindex.query.matching.paths import FILE_FIELDS, pattern_of
from pkgindex.query.matching.showing import Shown, shown
from pkgindex.query.matching.values import Test, name_test, value_test
from pkgindex.query.regexes import Engine

# A longer word may be too long for a pattern.
WORD_CHARACTERS_USUAL = 500

# What matched, by the thing it is of.
Matches = Mapping[Found, tuple[Shown, ...]]
Look = Callable[[Contents], Matches]

SEVERAL = {"relation": KINDS, "requires": NEEDS, **{kind: (kind,) for kind in KINDS}}
# What is neither file nor dependency counts as an attribute to pkg(5).
ATTRIBUTES = frozenset(("package", "release", "text"))


class Rules(NamedTuple):
    """How a question is read: with case or without, what its repository knows, and who runs regular expressions."""

    case: bool
    facts: Facts
    engine: Engine


def look_of(term: Term, rules: Rules) -> Look:
    """Where *term* looks by the rules of the language. Raises `BadInput`."""
    return restricted(term, _look(term, rules))


def field_of(term: Term) -> str:
    """The field of things, and of the lists of a text shard, that *term* means: a key of pkg(5) is that of its type.

    >>> [field_of(Term("cat", field, type="depend")) for field in ("require", "depends", "")]
    ['depend.require', 'depends', '']
    """
    field, kind = term.field, term.type
    if kind == "depend" and field and field not in SEVERAL and field != "kind" and not field.startswith(DEPEND):
        return DEPEND + field
    return f"{kind}.{field}" if kind in ACTIONS and field in TAKEN else field


def restricted(term: Term, look: Look) -> Look:
    """*look* as far as the package and the type of thing that *term* is about."""
    if term.type:
        look = _of_type(glob_test(term.type, False), look)
    if term.package:
        look = _of_package(glob_test(f"{term.package.rstrip('*')}*", False), look)
    return look


def found_in(things: Iterable[Thing], wanted: Callable[[str], bool], test: Test, term: Term, rules: Rules) -> Matches:
    """What passes *test* among the values of the wanted fields; an empty one is none."""
    found: dict[Found, tuple[Shown, ...]] = {}
    for thing in things:
        hits = [shown(thing, field, value, term, rules.case, rules.engine) for field, value in thing.values
                if value and wanted(field) and test(field, value)]
        if hits:
            found[thing] = tuple(hits)
    return found


def _look(term: Term, rules: Rules) -> Look:
    if not term.field:
        return _bare(term, rules)
    if term.field in COMPUTED or term.field == "repo":
        return computed.look_of(term, rules.facts, rules.case, rules.engine)
    if term.field in FILE_FIELDS:
        return _files(term, rules)
    if term.field == "version" and term.kind == COMPARE:
        return _versions(term, rules)
    test: Test = _compared(term, rules) if term.kind == COMPARE else value_test(term, rules.case, rules.engine)
    source, wanted = _source(field_of(term))
    return lambda contents: found_in(source(contents), wanted, test, term, rules)


def _source(field: str) -> tuple[Callable[[Contents], Iterable[Thing]], Callable[[str], bool]]:
    """Which things have a field, and which of their values it is."""
    if field == "name":
        return lambda contents: [model.name_thing(contents.package)], field.__eq__
    if field in ("version", "arch"):
        return lambda contents: model.releases(contents.package), field.__eq__
    if field == "text":
        return lambda contents: model.texts(contents.package), TEXTS.__contains__
    if field in TEXTS:
        return lambda contents: model.texts(contents.package), field.__eq__
    if field == "kind":
        return lambda contents: model.relations(contents.package, KINDS), field.__eq__
    if field in SEVERAL:
        kinds = SEVERAL[field]
        return lambda contents: model.relations(contents.package, kinds), frozenset(kinds).__contains__
    if field in ACTIONS:
        return lambda contents: model.attribute(contents.package, field), lambda key: True
    if any(sign in field for sign in "*?["):
        return lambda contents: contents.things, glob_test(field, False)
    return lambda contents: model.attribute(contents.package, field), field.__eq__


def _compared(term: Term, rules: Rules) -> Test:
    test = compare_test(term, rules.facts)
    return lambda field, value: test(value)


def _versions(term: Term, rules: Rules) -> Look:
    """A release may be of another ordering than its repository."""

    def look(contents: Contents) -> Matches:
        return {
            model.release_thing(release): (("version", release.version),)
            for release in contents.package.releases.values()
            if release.version and compare_test(term, rules.facts, release)(release.version)
        }

    return look


def _files(term: Term, rules: Rules) -> Look:
    pattern = cache(lambda: pattern_of(term, rules.case, rules.engine))
    if term.kind not in (WORD, PHRASE) or len(term.value) > WORD_CHARACTERS_USUAL:
        pattern()  # which may be no pattern

    def look(contents: Contents) -> Matches:
        # Words are asked of many packages that are given without their files: then nothing is compiled.
        fits = pattern() if contents.package.files else None
        return {} if fits is None else {place: (("file", contents.path(place)),) for place in contents.select(fits)}

    return look


def _bare(term: Term, rules: Rules) -> Look:
    """Names, what is provided, files, texts, and other attributes, as far as a regular expression looks."""
    case, called = rules.case, name_test(term, rules.case, rules.engine)
    test, files = value_test(term, case, rules.engine), _files(term, rules)

    def look(contents: Contents) -> Matches:
        package = contents.package
        found: dict[Found, tuple[Shown, ...]] = {}
        if called(package.name):
            found[model.name_thing(package)] = (("name", package.name),)
        if term.kind != REGEX:
            found.update(found_in(model.relations(package, ("provides",)), "provides".__eq__, test, term, rules))
        found.update(files(contents))
        found.update(found_in(model.texts(package), TEXTS.__contains__, test, term, rules))
        if term.kind != REGEX:
            found.update(found_in(_bare_attributes(package), bare, test, term, rules))
        return found

    return look


def _bare_attributes(package: Package) -> list[Thing]:
    fields = dict.fromkeys(field for release in package.releases.values() for field in release.fields if bare(field))
    return [thing for field in fields for thing in model.attribute(package, field)]


def _of_type(fits: Callable[[str], bool], look: Look) -> Look:
    def chosen(contents: Contents) -> Matches:
        return {found: hits for found, hits in look(contents).items() if is_of_type(fits, contents.type_of(found))}

    return chosen


def is_of_type(fits: Callable[[str], bool], kind: str) -> bool:
    return fits(kind) or (kind in ATTRIBUTES and fits("set"))


def _of_package(fits: Callable[[str], bool], look: Look) -> Look:
    return lambda contents: look(contents) if fits(contents.package.name) else {}
