"""What an index says of one term: the packages of a text shard that may match it.

Every bound holds all that `matching` would believe, for the packages of the shard. It is exact where the lists say the very
thing: a whole word, a whole identifier, folded. Where nothing is listed (a regular expression over texts, a checksum), all
packages remain.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from pkgindex.format.tokens import BARE, PIECE_CHARACTERS_MAX, TEXTS, UNLISTED, cut, folded
from pkgindex.format.words import TERM_CHARACTERS_MAX, words
from pkgindex.model.package import KINDS
from pkgindex.model.thing import ACTIONS, DEPEND
from pkgindex.query.bounds import ANYTHING, EVERYTHING, NOTHING, Bound
from pkgindex.query.filenames import FileNames
from pkgindex.query.globs import glob_test
from pkgindex.query.knowledge import Knowledge
from pkgindex.query.language.fields import FLAG, takes
from pkgindex.query.language.tree import COMPARE, GLOB, PHRASE, REGEX, WORD, Term
from pkgindex.query.matching.comparing import compare_test
from pkgindex.query.matching.facts import COMPUTED
from pkgindex.query.matching.looking import SEVERAL, field_of
from pkgindex.query.matching.paths import FILE_FIELDS
from pkgindex.query.matching.values import value_test
from pkgindex.query.regexes import Engine
from pkgindex.snapshot.text import LooseText, TextShard

_FILE_KEYS = ("path", "basename")
LITERAL_CHARACTERS_MIN = 3


class Narrower:
    """The terms of one question over one text shard."""

    def __init__(
        self, shard: TextShard | LooseText, files: FileNames, knowledge: Knowledge, case: bool, engine: Engine
    ) -> None:
        self.shard = shard
        self.files = files
        self._knowledge = knowledge
        self._case = case
        self._engine = engine
        self._known: dict[tuple[Term, bool], Bound] = {}

    def term(self, term: Term, strong: bool) -> Bound:
        """The packages that may match *term*; *strong*: leaving out those where only the name of some file does.

        Only of bare words are these others, and only they are looked up again.
        """
        key = term, strong and not term.field
        if key not in self._known:
            found = self._of_field(term, strong)
            restricted = bool(term.type or term.package)
            self._known[key] = Bound(found.numbers, False) & self._of_package(term) if restricted else found
        return self._known[key]

    def by_pkg5(self, term: Term) -> Bound:
        """The same by pkg(5)'s rules: a term looks into every attribute, and one with a key only there."""
        wanted = glob_test(term.field or "*", False)
        unlisted = term.field.strip("*") and any(map(wanted, UNLISTED))
        # Over all fields at once: to look at the packages one after the other is no more work, and may end early.
        if unlisted or (term.kind == GLOB and len(literal(term.value)) < LITERAL_CHARACTERS_MIN and not term.field.strip("*")):
            return self._of_package(term)
        found = NOTHING
        if wanted("name"):
            found |= self._name(term)
        if any(map(wanted, TEXTS)):
            found |= self._text(term)
        for field in self.shard.fields():
            if any(map(wanted, _keys_of(field))):
                found |= self._listed(term, field)
        if any(map(wanted, _FILE_KEYS)):
            found |= Bound(self._numbers_of(self.files.by_pkg5(term)), False)
        return Bound(found.numbers, False) & self._of_package(term)

    def _of_field(self, term: Term, strong: bool) -> Bound:
        field = field_of(term)
        if not field:
            return self._bare(term, strong)
        if field in FILE_FIELDS:
            return self._shipping(term)
        if field in COMPUTED:
            return self._computed(term)
        if field == "repo":
            return EVERYTHING if value_test(term, self._case, self._engine)(field, self._knowledge.repo) else NOTHING
        if field == "name":
            return self._name(term)
        if field in TEXTS or field == "text":
            return Bound(self._text(term).numbers, False)
        if field in UNLISTED or field in ACTIONS or any(sign in field for sign in "*?["):
            return self._relation(term) if field == "relation" else ANYTHING
        return self._relation(term) if field in SEVERAL else self._listed(term, field)

    def _of_package(self, term: Term) -> Bound:
        """The packages that the term's restriction leaves."""
        beginning = term.package.rstrip("*")
        if not beginning:
            return ANYTHING
        return Bound(self._name(Term(f"{beginning}*", "name", GLOB)).numbers, False)

    # Bare words

    def _bare(self, term: Term, strong: bool) -> Bound:
        if term.kind == REGEX:
            return ANYTHING
        found = self._name(term)
        if found.whole:
            return found
        found = found | self._text(term) | self._listed(term, "provides") | self._listed(term, BARE)
        if strong:
            return found | Bound(self._numbers_of(self.files.commands(term)), True)
        return found | self._shipping(term)

    def _text(self, term: Term) -> Bound:
        """Packages with the words of *term* in their names, summaries or descriptions, or where else a bare word looks."""
        if term.kind == GLOB:
            fits = glob_test(term.value, False)
            # The words of a name are among them, and a glob fits names as a whole.
            return Bound(set().union(*self.shard.postings_like(literal(term.value), fits)), False)
        if term.kind not in (WORD, PHRASE):
            return ANYTHING
        asked = words(term.value)
        if not asked:
            return NOTHING if term.kind == WORD else ANYTHING
        lists = sorted((self.shard.postings(word) for word in dict.fromkeys(asked)), key=len)
        return Bound(set(lists[0]).intersection(*lists), asked == [term.value.casefold()] and not self._case)

    def _name(self, term: Term) -> Bound:
        shard, value = self.shard, folded(term.value)
        if term.kind in (WORD, PHRASE):
            numbers = {*shard.numbers_of([value]).values(), *shard.attribute("name", value)}
            return Bound(numbers, not self._case and len(value) < TERM_CHARACTERS_MAX)
        if term.kind == GLOB and not term.value.strip("*"):
            return EVERYTHING
        if term.kind == COMPARE:
            return ANYTHING
        # Names stand here as they are spelled; of a class of all but some letters the folded is no upper bound.
        test = value_test(term, self._case and term.kind == REGEX, self._engine)
        beginning = literal(term.value) if term.kind == GLOB else ""
        numbers = self._numbers_of(shard.names_like(beginning, lambda name: test("name", name)))
        if not beginning:
            return Bound(numbers, not self._case)
        # Names that are spelled otherwise, and parts of names.
        others = self._like("name", beginning, glob_test(term.value, False), TERM_CHARACTERS_MAX)
        return others | Bound(numbers, True)

    # Listed attributes

    def _relation(self, term: Term) -> Bound:
        found = NOTHING
        for kind in SEVERAL[term.field]:
            found |= self._listed(term, kind)
        return found

    def _listed(self, term: Term, field: str) -> Bound:
        identifier = field in KINDS or field in ("version", "arch", "name")
        longest = TERM_CHARACTERS_MAX if identifier else PIECE_CHARACTERS_MAX
        if term.kind == COMPARE:
            return self._compared(term, field, longest)
        if term.kind == REGEX:
            return self._found_in(term, field) if identifier else ANYTHING
        if term.kind == GLOB:
            # Whatever has the field has something in it.
            fits = glob_test(term.value, False) if term.value.strip("*") else bool
            return self._like(field, literal(term.value), fits, longest)
        if identifier:
            found = self.shard.attribute(field, folded(term.value))
            return Bound(found, not self._case and len(folded(term.value)) < longest)
        return self._words_in(term, field)

    def _found_in(self, term: Term, field: str) -> Bound:
        """Packages with an identifier in which a regular expression is found, as far as folding leaves that open."""
        if self._case or "(?" in term.value or "[^" in term.value or not term.value.isascii():
            return ANYTHING
        test = value_test(term, False, self._engine)
        found = self._like(field, "", lambda token: not token.isascii() or test(field, token), TERM_CHARACTERS_MAX)
        return Bound(found.numbers, False)

    def _words_in(self, term: Term, field: str) -> Bound:
        """Packages with a word, a piece or a phrase in an attribute."""
        asked = words(term.value)
        found = self.shard.attribute(field, cut(term.value))
        if asked == [term.value.casefold()]:
            return Bound(found, not self._case and len(cut(term.value)) < PIECE_CHARACTERS_MAX)
        if not asked:
            return ANYTHING if term.kind == PHRASE else Bound(found, False)
        lists = [self.shard.attribute(field, cut(word)) for word in asked]
        return Bound(found | set.intersection(*lists), False)

    def _like(self, field: str, beginning: str, fits: Callable[[str], bool], longest: int) -> Bound:
        numbers: set[int] = set()
        exact = not self._case
        # What was cut may fit as a whole.
        for token, found in self.shard.attributes_like(
            field, beginning[: longest - 1], lambda token: len(token) >= longest or fits(token)
        ):
            exact = exact and (len(token) < longest or fits is bool)
            numbers |= found
        return Bound(numbers, exact)

    def _compared(self, term: Term, field: str, longest: int) -> Bound:
        if field == "version" and "version-scheme" in self.shard.fields():
            return ANYTHING
        test = compare_test(term, self._knowledge)
        certain: list[bool] = []

        def fits(token: str) -> bool:
            # A version is listed folded, and compared as it is spelled: that lies between all small letters and all capitals.
            either = (test(token), test(token.upper())) if field == "version" else (test(token),)
            # A token may be a piece of a value; of nothing but numbers each is a value.
            certain.append(either[0] == either[-1] if field == "version" else token.isdigit())
            return any(either)

        found = self._like(field, "", fits, longest)
        return Bound(found.numbers, found.exact and all(certain))

    # Files and what is computed

    def _shipping(self, term: Term) -> Bound:
        return Bound(self._numbers_of(self.files.names(term)), True)

    def _computed(self, term: Term) -> Bound:
        names = self._knowledge.packages(term)
        if names is None:
            return ANYTHING
        found = Bound(self._numbers_of(names), True)
        return found.complement(self.shard.numbers) if takes(term.field) == FLAG and term.value.casefold() == "no" else found

    def _numbers_of(self, names: Iterable[str]) -> set[int]:
        return set(self.shard.numbers_of(names).values())


def literal(glob: str) -> str:
    """How everything that a glob fits begins, folded.

    >>> literal("LibSSL*.so"), literal("[ab]c")
    ('libssl', '')
    """
    found = re.match(r"[^*?\[]*", glob.casefold())
    return found[0] if found else ""


def _keys_of(field: str) -> tuple[str, ...]:
    """The keys of pkg(5) by which a listed field is found."""
    action, _, key = field.partition(".")
    if field.startswith(DEPEND):
        return (field, field.removeprefix(DEPEND))
    return (field, key) if action in ACTIONS else (field,)
