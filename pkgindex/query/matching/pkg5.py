"""Where a term looks by pkg(5)'s own rules: `package:type:key:value`, any of which may be left out, over all actions.

A file has two keys, its path and the last part of it; a dependency its type; everything else its attributes.
"""

from __future__ import annotations

from pkgindex.format.tokens import UNLISTED
from pkgindex.model.thing import ACTIONS, DEPEND, Thing
from pkgindex.query.globs import glob_test
from pkgindex.query.language.tree import Term
from pkgindex.query.matching.contents import Contents, Found
from pkgindex.query.matching.looking import Look, Matches, Rules, restricted
from pkgindex.query.matching.paths import keys_of
from pkgindex.query.matching.showing import Shown, shown
from pkgindex.query.matching.values import value_test

_FILE_KEYS = ("path", "basename")
# Of a relation, what it names: kind and wording are ours. What is in no list (checksums) is found by its key alone, or each
# question would look at every package.
_NO_KEYS = frozenset(("kind", "relation"))


def look_of(term: Term, rules: Rules) -> Look:
    """Raises `BadInput`."""
    wanted = glob_test(term.field or "*", False)
    unasked = _NO_KEYS if term.field.strip("*") else _NO_KEYS | UNLISTED
    test = value_test(term, rules.case, rules.engine)
    patterns = {key: pattern for key, pattern in keys_of(term, rules.case).items() if wanted(key)}

    def found_in_thing(thing: Thing) -> tuple[Shown, ...]:
        return tuple([
            (key_of(thing, field), shown(thing, field, value, term, rules.case, rules.engine)[1])
            for field, value in thing.values
            if value and field not in unasked and wanted(key_of(thing, field)) and test(field, value)
        ])

    def look(contents: Contents) -> Matches:
        found: dict[Found, tuple[Shown, ...]] = {
            thing: hits for thing in contents.actions if (hits := found_in_thing(thing))
        }
        for key, pattern in patterns.items():
            for place in contents.select(pattern):
                found[place] = (*found.get(place, ()), (key, contents.path(place)))
        return found

    return restricted(term, look)


def key_of(thing: Thing, field: str) -> str:
    """What a field of *thing* is called there.

    >>> key_of(Thing("depend", ()), "depend.require"), key_of(Thing("driver", ()), "driver.name")
    ('require', 'name')
    """
    if thing.type == "depend":
        return field.removeprefix(DEPEND)
    return field.removeprefix(f"{thing.type}.") if thing.type in ACTIONS else field


def reads_files(term: Term) -> bool:
    """Whether *term* may be about a path."""
    return any(map(glob_test(term.field or "*", False), _FILE_KEYS))
