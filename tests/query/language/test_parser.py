from __future__ import annotations

import pytest
from hypothesis import given

from pkgindex.errors import BadInput
from pkgindex.query.language.parser import parse
from pkgindex.query.language.printing import written
from pkgindex.query.language.rewrite import flat
from pkgindex.query.language.tree import Not, Packages, Query
from query.language.trees import QUESTIONS, both, compare, either, glob, one_thing, phrase, regex, word

A, B, C, D = word("a"), word("b"), word("c"), word("d")

WORDS = [
    ("foo", word("foo")),
    ("  foo\t\n", word("foo")),
    ("FooBar", word("FooBar")),
    ("don't", word("don't")),
    ("rock'n'roll'", word("rock'n'roll'")),
    ('5.25"', word('5.25"')),
    ("c++", word("c++")),
    ("state-run", word("state-run")),
    ("a.b_c~d+e,f;g!h@i#j%k^l&m|n{o}p", word("a.b_c~d+e,f;g!h@i#j%k^l&m|n{o}p")),
    ("\U0001f600", word("\U0001f600")),
    ("\u4e2d\u6587", word("\u4e2d\u6587")),
    ("\0", word("\0")),
    ("\ud800", word("\ud800")),
    ("a\u00a0b", both(A, B)),
    ("and", word("and")),
    ("a or b", both(A, word("or"), B)),
    ("Not", word("Not")),
    ("ANDROID", word("ANDROID")),
    ("\\AND", word("AND")),
    ("AND:x", word("x", "and")),
    # Parentheses
    ("Intel(R)", word("Intel(R)")),
    ("(Intel(R))", word("Intel(R)")),
    ("Intel(R)(TM)-x", word("Intel(R)(TM)-x")),
    ("perl(Foo::Bar)", word("perl(Foo::Bar)")),
    ("provides:perl(Foo::Bar)", word("perl(Foo::Bar)", "provides")),
    ("f((x)(y))", word("f((x)(y))")),
    ("a(b c)", both(A, B, C)),
    ("(a b)c", both(A, B, C)),
    ("a\\(b", word("a(b")),
    ("(a\\))", word("a)")),
    # Dashes
    ("-", word("-")),
    ("--", word("--")),
    ("- a", both(word("-"), A)),
    ("(-)", word("-")),
    ("<->", Packages(word("-"))),
    ("a-", word("a-")),
    ("\\-a", word("-a")),
    # Escapes
    ("a\\ b", word("a b")),
    ("a\\\\b", word("a\\b")),
    ("a\\", word("a\\")),
    ("\\", word("\\")),
    ("\\'a", word("'a")),
    ("\\<a\\>", word("<a>")),
    ("svc\\:/milestone/multi-user-server\\:default", word("svc:/milestone/multi-user-server:default")),
    # Addresses and paths
    ("http://x", word("http://x")),
    ("homepage:http://x/y", word("http://x/y", "homepage")),
    ("http:/x", word("/x", "http")),
    ("/usr/bin/python3", word("/usr/bin/python3")),
    ("/etc", word("/etc")),
    ("/", word("/")),
    ("//", word("//")),
    ("bin/", word("bin/")),
]

GLOBS = [
    ("*", glob("*")),
    ("?", glob("?")),
    ("??", glob("??")),
    ("lib*ssl?", glob("lib*ssl?")),
    ("[ab]c", glob("[ab]c")),
    ("[!a-z]x", glob("[!a-z]x")),
    ("[]]", glob("[]]")),
    ("[[]", glob("[[]")),
    ("[*]", glob("[*]")),
    ("[a", word("[a")),
    ("[]", word("[]")),
    ("[!]", word("[!]")),
    ("a]", word("a]")),
    ("[a*", glob("[[]a*")),
    ("\\*", word("*")),
    ("a\\*b*", glob("a[*]b*")),
    ("a\\?b?", glob("a[?]b?")),
    ("\\[a]*", glob("[[]a]*")),
    ("[a\\ b]", glob("[a b]")),
    ("[a\\:b]", glob("[a:b]")),
    ("[a b]", both(word("[a"), word("b]"))),
    ("file:*/x.s?", glob("*/x.s?", "file")),
]

PHRASES = [
    ('"image editor"', phrase("image editor")),
    ("'image editor'", phrase("image editor")),
    ("'don't stop'", phrase("don't stop")),
    ("'a' 'b'", both(phrase("a"), phrase("b"))),
    ('"a""b"', both(phrase("a"), phrase("b"))),
    ('"it\'s"', phrase("it's")),
    ('"say \\"a\\""', phrase('say "a"')),
    ('"a\\\\b"', phrase("a\\b")),
    ('"a*b"', phrase("a*b")),
    ('" a  b "', phrase(" a  b ")),
    ('"a AND (b"', phrase("a AND (b")),
    ('text:"a b"', phrase("a b", "text")),
    ('x:y:"a b"', phrase("a b", "y", type="x")),
    ('("a")', phrase("a")),
    ('<"a">', Packages(phrase("a"))),
    ('"AND"', phrase("AND")),
]

REGEXES = [
    ("/x/", regex("x")),
    ("/bin/", regex("bin")),
    ("/usr/lib/", regex("usr/lib")),
    ("/a b/", regex("a b")),
    ("/a\\/b/", regex("a/b")),
    ("/a\\/b c/", regex("a/b c")),
    ("/a\\\\/", regex("a\\\\")),
    ("/\\d+\\.so/", regex("\\d+\\.so")),
    ("/(a|b)c/", regex("(a|b)c")),
    ("/^a[^/]*b/", regex("^a[^/]*b")),
    ("/a:b/", regex("a:b")),
    ("(/x/)", regex("x")),
    ("</x/>", Packages(regex("x"))),
    ("-/x/", Not(regex("x"))),
    ("file:/\\.so$/", regex("\\.so$", "file")),
    ("a:b:c:/x y/", regex("x y", "c", type="b", package="a")),
    ("/x/i", word("/x/i")),
    ("\\/x/", word("/x/")),
    ("/usr/bin a/", both(word("/usr/bin"), word("a/"))),
    ("/usr/bin/python3 /etc/", both(word("/usr/bin/python3"), regex("etc"))),
    ("/usr /bin/", both(word("/usr"), regex("bin"))),
    ("read / write / run", both(word("read"), word("/"), word("write"), word("/"), word("run"))),
]

FIELDS = [
    ("name:curl", word("curl", "name")),
    ("NAME:Curl", word("Curl", "name")),
    ("package:curl", word("curl", "name")),
    ("Architecture:amd64", word("amd64", "arch")),
    ("smf.fmri:x", word("x", "smf.fmri")),
    ("basename/x:foo", word("foo", "basename/x")),
    ("k" * 300 + ":x", word("x", "k" * 300)),
    ("foo:", glob("*", "foo")),
    ("(foo:)", glob("*", "foo")),
    ("<foo:>", Packages(glob("*", "foo"))),
    ("foo: bar", both(glob("*", "foo"), word("bar"))),
    (":foo", word("foo")),
    (":", glob("*")),
    (":::", glob("*")),
    ("tag:use\\:\\:editing", word("use::editing", "tag")),
    ("a\\:b:c", word("c", "a:b")),
    ("x:don't", word("don't", "x")),
    ("x:-y", word("-y", "x")),
    ("x:=y", word("=y", "x")),
    ("x:a>b", word("a>b", "x")),
    # pkg(5)'s longer forms
    ("set:Key:V", word("V", "key", type="set")),
    ("pkg:SET:key:v", word("v", "key", type="set", package="pkg")),
    ("pkg:::", glob("*", package="pkg")),
    ("Exam*:::e*", glob("e*", package="Exam*")),
    (":set::v", word("v", type="set")),
    (":package:x", word("x", "package")),
    ("pkg:/a@1:set:key:v", word("v", "key", type="set", package="pkg:/a@1")),
    ("::::v", word("v")),
    ("tag:use::editing", word("editing", type="use", package="tag")),
]

COMPARISONS = [
    ("size>10M", compare("size", ">", "10M")),
    ("installed-size<1.5GiB", compare("installed-size", "<", "1.5GiB")),
    ("version>=2.0", compare("version", ">=", "2.0")),
    ("version<=1:2.0~rc1", compare("version", "<=", "1:2.0~rc1")),
    ("Version=2", compare("version", "=", "2")),
    ("architecture=amd64", compare("arch", "=", "amd64")),
    ("x.y_z-1=2", compare("x.y_z-1", "=", "2")),
    ("a==b", compare("a", "=", "=b")),
    ("a=b=c", compare("a", "=", "b=c")),
    ("a=b*", compare("a", "=", "b*")),
    ("a=/x/", compare("a", "=", "/x/")),
    ("a=f(x)", compare("a", "=", "f(x)")),
    ('a="b c"', compare("a", "=", "b c")),
    ("a>b>c", compare("a", ">", "b>c")),
    ("<size>10M>", Packages(compare("size", ">", "10M"))),
    ("<size<10M>", Packages(compare("size", "<", "10M"))),
    ("(size>1)", compare("size", ">", "1")),
    ("size>10M version<2", both(compare("size", ">", "10M"), compare("version", "<", "2"))),
    # No field stands before the sign.
    ("x->y", word("x->y")),
    ("c++=1", word("c++=1")),
    ("=x", word("=x")),
    ("1.0=x", word("1.0=x")),
    ("a!=b", word("a!=b")),
    ("a\\=b", word("a=b")),
    ("a\\>b", word("a>b")),
    ("std::vector<int", word("vector<int", type="std")),
]

COMPUTED = [
    ("needs:curl", word("curl", "needs")),
    ("neededby:lib*", glob("lib*", "neededby")),
    ("orphan:Yes", word("yes", "orphan")),
    ('broken:"no"', word("no", "broken")),
    ("changed-since:12", word("12", "changed-since")),
    ('changed-since:"12"', word("12", "changed-since")),
    ("size:banana", word("banana", "size")),
]

JOINED = [
    ("a b", both(A, B)),
    ("a AND b", both(A, B)),
    ("a b AND c", both(A, B, C)),
    ("a OR b", either(A, B)),
    ("a OR b OR c", either(A, B, C)),
    ("a b OR c d", either(both(A, B), both(C, D))),
    ("a OR b c", either(A, both(B, C))),
    ("a AND (b OR c)", both(A, either(B, C))),
    ("a (b (c d))", both(A, B, C, D)),
    ("(a OR b) OR c", either(A, B, C)),
    ("((a))", A),
    # NOT
    ("NOT a", Not(A)),
    ("-a", Not(A)),
    ("a -b", both(A, Not(B))),
    ("a NOT b", both(A, Not(B))),
    ("a AND NOT b", both(A, Not(B))),
    ("NOT NOT a", A),
    ("--a", A),
    ("---a", Not(A)),
    ("-NOT a", A),
    ("-(a b)", Not(both(A, B))),
    ("NOT(a)", Not(A)),
    ("a OR(b)", either(A, B)),
    ("-<a>", Not(Packages(A))),
    ("NOT a OR b", either(Not(A), B)),
    ("NOT a b", both(Not(A), B)),
    ("-(-a)", A),
    ("-name:x", Not(word("x", "name"))),
    # WITH
    ("a WITH b", one_thing(A, B)),
    ("a WITH b WITH c", one_thing(A, B, C)),
    ("a WITH (b WITH c)", one_thing(A, B, C)),
    ("NOT a WITH b", Not(one_thing(A, B))),
    ("-a WITH b", Not(one_thing(A, B))),
    ("a b WITH c d", both(A, one_thing(B, C), D)),
    ("a WITH (b OR -c)", one_thing(A, either(B, Not(C)))),
    ("version>=2 WITH arch:amd64", one_thing(compare("version", ">=", "2"), word("amd64", "arch"))),
    # Packages
    ("<a>", Packages(A)),
    ("< a >", Packages(A)),
    ("<<a>>", Packages(A)),
    ("<(a)>", Packages(A)),
    ("(<a>)", Packages(A)),
    ("<a>(b)", both(Packages(A), B)),
    ("<a><b>", both(Packages(A), Packages(B))),
    ("a OR <b c>", either(A, Packages(both(B, C)))),
    ("<a AND<b>>", Packages(both(A, Packages(B)))),
    ("<e*> AND e*", both(Packages(glob("e*")), glob("e*"))),
]

TABLE = [*WORDS, *GLOBS, *PHRASES, *REGEXES, *FIELDS, *COMPARISONS, *COMPUTED, *JOINED]


@pytest.mark.parametrize(("text", "tree"), TABLE)
def test_a_text_is_read_as_its_tree(text: str, tree: Query) -> None:
    assert parse(text) == tree


@given(QUESTIONS)
def test_what_is_read_is_flat_and_can_be_written_and_read_again(text: str) -> None:
    try:
        tree = parse(text)
    except BadInput:
        return
    assert flat(tree) == tree
    assert parse(written(tree)) == tree
