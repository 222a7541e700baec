"""Whether a value is what a term asks for, in one of two manners: see `format.tokens`.

Running text is compared word by word and so found across lines. An identifier is compared as a whole. With case, what is
spelled must fit besides: so whatever an index that knows no case leaves out is no match either.
"""

from __future__ import annotations

from collections.abc import Callable

from pkgindex.format.tokens import IDENTIFIERS, TEXTS, tokens
from pkgindex.format.words import TERM_CHARACTERS_MAX, name_words, spelled, words
from pkgindex.query import patterns
from pkgindex.query.globs import glob_test, literal_run
from pkgindex.query.language.tree import GLOB, PHRASE, REGEX, Term
from pkgindex.query.regexes import Engine

# Of a field and a value of it.
Test = Callable[[str, str], bool]


def value_test(term: Term, case: bool, engine: Engine) -> Test:
    """The test of *term*, which is no comparison. Raises `BadInput` for a pattern that is none."""
    if term.kind == REGEX:
        patterns.regex(term.value, not case, engine)  # for its limits and its words about mistakes
        search = engine(term.value, not case, False)
        return lambda field, value: bool(search(value))
    identifier, text = _identifier_test(term, case), _text_test(term, case)
    return lambda field, value: identifier(field, value) if field in IDENTIFIERS else text(field, value)


def name_test(term: Term, case: bool, engine: Engine) -> Callable[[str], bool]:
    """Whether a bare *term* finds a package of this name: by all it is called, and by the words in it."""
    whole = value_test(term, case, engine)
    if term.kind in (GLOB, REGEX):
        return lambda name: whole("name", name)
    wanted = term.value.casefold()[:TERM_CHARACTERS_MAX]

    def test(name: str) -> bool:
        if wanted not in name.casefold():
            return False
        return whole("name", name) or (wanted in name_words(name) and (not case or term.value in name))

    return test


def side_by_side(asked: list[str], found: list[str]) -> bool:
    """Whether all words of *asked* stand in *found*, in order and without others between them.

    >>> side_by_side(["web", "server"], ["a", "web", "server"]), side_by_side(["web", "server"], ["web", "proxy", "server"])
    (True, False)
    """
    if len(asked) == 1 or asked[0] not in found:
        return asked[0] in found
    # No word has a space in it; and a text is sought in a text in time that grows with their lengths, not the product.
    return f" {' '.join(asked)} " in f" {' '.join(found)} "


def squeezed(text: str) -> str:
    """The text with one space wherever there is white space."""
    return " ".join(text.split())


def _identifier_test(term: Term, case: bool) -> Test:
    if term.kind == GLOB:
        fits = glob_test(term.value, case)
        return lambda field, value: any(map(fits, tokens(field, value)))
    wanted = term.value.casefold()

    def test(field: str, value: str) -> bool:
        if wanted not in value.casefold():
            return False
        found = tokens(field, value)
        return term.value in found if case else wanted in map(str.casefold, found)

    return test


def _text_test(term: Term, case: bool) -> Test:
    folded = _folded_test(term)
    if not case:
        return lambda field, value: folded(field, value.casefold())
    exactly = _spelled_test(term)
    return lambda field, value: folded(field, value.casefold()) and exactly(field, value)


def _folded_test(term: Term) -> Test:
    """The test of values that are folded."""
    if term.kind == GLOB:
        # Looked for before anything is taken apart, as are first words below: most values have none.
        return _glob_in(glob_test(term.value, False), literal_run(term.value), words)
    return _words_in(term.value.casefold(), words(term.value), words, term.kind == PHRASE)


def _spelled_test(term: Term) -> Test:
    if term.kind == GLOB:
        return _glob_in(glob_test(term.value, True), "", spelled)
    return _words_in(term.value, spelled(term.value), spelled, term.kind == PHRASE)


def _glob_in(fits: Callable[[str], bool], run: str, words_of: Callable[[str], list[str]]) -> Test:
    def test(field: str, value: str) -> bool:
        if run not in value:
            return False
        return any(map(fits, words_of(value))) or (field not in TEXTS and any(map(fits, tokens(field, value))))

    return test


def _words_in(wanted: str, asked: list[str], words_of: Callable[[str], list[str]], phrase: bool) -> Test:
    if not asked:
        return _literally_in(wanted) if phrase else lambda field, value: field not in TEXTS and wanted in tokens(field, value)

    def test(field: str, value: str) -> bool:
        return asked[0] in value and side_by_side(asked, words_of(value))

    return test


def _literally_in(wanted: str) -> Test:
    """What has no words in it stands there as it is, but for white space."""
    sought = squeezed(wanted)
    return lambda field, value: sought in squeezed(value)
