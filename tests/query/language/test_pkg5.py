from __future__ import annotations

import pytest
from hypothesis import given

from pkgindex.errors import BadInput
from pkgindex.query.language import parser
from pkgindex.query.language.pkg5 import parse
from pkgindex.query.language.printing import written
from pkgindex.query.language.rewrite import flat
from pkgindex.query.language.tree import And, Or, Packages, Query, Term
from query.language.trees import PLAIN_QUESTIONS, QUESTIONS, both, either, glob, phrase, word

A, B, C, D = word("a"), word("b"), word("c"), word("d")

TABLE = [
    ("example_path", word("example_path")),
    ("don't", word("don't")),
    ("state-run", word("state-run")),
    ("a(b", word("a(b")),
    ("a<b", word("a<b")),
    ("x\\y", word("x\\y")),
    ("/bin", word("/bin")),
    ("\t a \n", A),
    # What has no meaning here is a word.
    ("-a", word("-a")),
    ("NOT a", both(word("NOT"), A)),
    ("a WITH b", both(A, word("WITH"), B)),
    ("size>10M", word("size>10M")),
    ("/x/", word("/x/")),
    ("and", word("and")),
    # Globs
    ("e* AND *path", both(glob("e*"), glob("*path"))),
    (":::e* AND *path", both(glob("e*"), glob("*path"))),
    ("6556?19", glob("6556?19")),
    ("[*]", glob("[*]")),
    ("[?]", glob("[?]")),
    ("[[]", glob("[[]")),
    ("[]]", glob("[]]")),
    ("FO[O]O", glob("FO[O]O")),
    ("a\\*", glob("a\\*")),
    # Fields: the last four parts, and what is empty is any
    ("svc\\:/milestone/multi-user-server\\:default", word("svc:/milestone/multi-user-server:default")),
    ("smf.fmri:svc\\:/a\\:b", word("svc:/a:b", "smf.fmri")),
    ("set:smf.fmri:svc\\:/a", word("svc:/a", "smf.fmri", type="set")),
    ("example_pkg:set:smf.fmri:svc\\:/a", word("svc:/a", "smf.fmri", type="set", package="example_pkg")),
    ("Exam:SET:Key:V", word("V", "key", type="set", package="Exam")),
    ("package:x", word("x", "package")),
    ("http://x", word("//x", "http")),
    ("basename/x:foo", word("foo", "basename/x")),
    ("k" * 300 + ":x", word("x", "k" * 300)),
    ("pkg:/a@1:set:key:v", word("v", "key", type="set", package="pkg:/a@1")),
    ("*:set:*:v", word("v", "*", type="set", package="*")),
    (":", glob("*")),
    # A field without a value takes the word or phrase that comes next, or any.
    ("foo:", glob("*", "foo")),
    ("foo: bar", word("bar", "foo")),
    ("foo: b*r baz", both(glob("b*r", "foo"), word("baz"))),
    ("foo: 'a b' c", both(phrase("a b", "foo"), C)),
    ("foo:'a b' c", both(phrase("a b", "foo"), C)),
    ("foo: AND b", both(glob("*", "foo"), B)),
    ("foo: b:c", both(glob("*", "foo"), word("c", "b"))),
    ("foo: (b)", both(glob("*", "foo"), B)),
    ("foo:(b)", both(glob("*", "foo"), B)),
    ("(foo:)", glob("*", "foo")),
    ("pkgs<foo:>", Packages(glob("*", "foo"))),
    ("<exam*:::>", Packages(glob("*", package="exam*"))),
    # Phrases are lists of words.
    ('"sort  0x86"', phrase("sort 0x86")),
    ("'OpEnSsL'", phrase("OpEnSsL")),
    ('" a AND b "', phrase("a AND b")),
    ("\"don't\"", phrase("don't")),
    ("'don't go'", phrase("don't go")),
    ("('a')", phrase("a")),
    # AND and OR bind alike, to the right; side by side binds tighter.
    ("a b", both(A, B)),
    ("a b c", both(A, B, C)),
    ("a AND b OR c", both(A, either(B, C))),
    ("(a AND b) OR c", either(both(A, B), C)),
    ("a OR b AND c", either(A, both(B, C))),
    ("a OR b AND c OR d", either(A, both(B, either(C, D)))),
    ("a b OR c d", either(both(A, B), both(C, D))),
    ("a AND b c OR d", both(A, either(both(B, C), D))),
    ("a (b OR c)", both(A, either(B, C))),
    ("((a))", A),
    # Words that keep their parentheses, which pkg(5) refuses
    ("Intel(R)", word("Intel(R)")),
    ("(Intel(R))", word("Intel(R)")),
    ("(Intel(R) AND a)", both(word("Intel(R)"), A)),
    # Packages
    ("<a>", Packages(A)),
    ("p<a>", Packages(A)),
    ("PK<a>", Packages(A)),
    ("pkg< a >", Packages(A)),
    ("PkGs<a b>", Packages(both(A, B))),
    ("xpkg<a", word("xpkg<a")),
    ("<<a>>", Packages(A)),
    ("<a> AND <b>", both(Packages(A), Packages(B))),
    ("<a> <b>", both(Packages(A), Packages(B))),
    ("<a> OR (<b> AND <c>)", either(Packages(A), both(Packages(B), Packages(C)))),
    ("<<a> OR <b>>", Packages(either(Packages(A), Packages(B)))),
]


@pytest.mark.parametrize(("text", "tree"), TABLE)
def test_a_text_is_read_as_its_tree(text: str, tree: Query) -> None:
    assert parse(text) == tree


@given(PLAIN_QUESTIONS)
def test_what_is_read_is_flat_and_can_be_asked_in_the_other_language(text: str) -> None:
    try:
        tree = parse(text)
    except BadInput:
        return
    assert flat(tree) == tree
    assert parser.parse(written(tree)) == tree


@given(QUESTIONS)
def test_hits_and_packages_are_never_joined(text: str) -> None:
    try:
        tree = parse(text)
    except BadInput:
        return
    _kind(tree)


def _kind(tree: Query) -> str:
    """Whether *tree* gives hits or packages, when all its parts agree."""
    if isinstance(tree, Term):
        return "hits"
    if isinstance(tree, Packages):
        _kind(tree.part)
        return "packages"
    assert isinstance(tree, (And, Or))
    kinds = {_kind(part) for part in tree.parts}
    assert len(kinds) == 1
    return kinds.pop()


def test_as_many_words_are_read_as_pkg5_reads() -> None:
    assert len(parse("a " * 100).parts) == 100
    assert parse('"' + "a " * 99 + 'a"') == phrase("a " * 99 + "a")
