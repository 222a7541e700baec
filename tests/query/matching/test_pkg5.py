"""The rules of pkg(5): what holds, holds of one action."""

from __future__ import annotations

import pytest
from hypothesis import given

from pkgindex.model.package import Alternative, Package, Release, Text
from pkgindex.query.language import pkg5
from pkgindex.query.language.tree import And, Or, Packages, Query, Term, With
from pkgindex.query.matching import Judge
from pkgindex.query.matching.judge import of_one_thing
from query.matching.worlds import SHAPES, asked, questions

RELEASE = Release(
    "1.0", "i386",
    {"summary": "A Web thing", "bug_ids": "42\n79\n100", "random": "42", "path.dir": "/bin", "path.link": "/bin/sh",
     "depend.require": "pkg:/library/zlib@1.2\npkg:/sh", "driver": "name=e1000 alias=pci1", "license": "GPL"},
    {"depends": ((Alternative("library/zlib", "", ">=", "1.2"),),)},
)  # fmt: skip
PATHS = [b"/bin", b"/bin/sh", b"/bin/web"]
IPS = Package("pa/web", {("1.0", "i386"): RELEASE}, {"i386": PATHS}, {"": Text("", "one\ntwo words")})
DEBIAN = IPS._replace(releases={("1.0", "i386"): RELEASE._replace(fields={"section": "mail"})})

ROWS = [
    ("web", [("name", "pa/web"), ("basename", "/bin/web"), ("summary", "A Web thing")]), ("42", [("bug_ids", "42"),
    ("random", "42")]),
    ("42 AND 79", [("bug_ids", "42"), ("bug_ids", "79")]), ("42 one", None), ("42 AND one OR 79", [("bug_ids", "42"),
    ("bug_ids", "79")]),
    ("(42 AND one) OR two", [("description", "two words")]), ("e1000 pci1", [("name", "e1000"), ("alias", "pci1")]),
    ("driver:name:e1000", [("name", "e1000")]), ("name:e1000", [("name", "e1000")]), ("driver::*", [("name", "e1000"),
    ("alias", "pci1")]),
    ("zlib", [("require", "pkg:/library/zlib@1.2")]), ("depend:require:sh", [("require", "pkg:/sh")]), ("depends:zlib", None),
    ("/bin", [("path", "/bin")]), ("bin/web", [("path", "/bin/web")]), ("dir::/bin", [("path", "/bin")]), ("file::/bin", None),
    ("link::sh", [("basename", "/bin/sh")]), ("path:sh", None), ("basename:sh", [("basename", "/bin/sh")]), ("dir:/bin", None),
    ("b*:/bin", None), ("pa:::42", [("bug_ids", "42"), ("random", "42")]), ("PA/W*:::79", [("bug_ids", "79")]),
    ("web:::42", None),
    ("set:summary:thing", [("summary", "A Web thing")]), ("license::gpl", [("license", "GPL")]), ("set:license:gpl", None),
    ("'two words'", [("description", "two words")]), ("<42> AND <one>", [("package", "pa/web")]), ("<42 one>", None),
    ("version:1.0", [("version", "1.0")]), ("set::i386", [("arch", "i386")]), ("kind:depends", None),
]  # fmt: skip


@pytest.mark.parametrize(("question", "expected"), ROWS, ids=[question for question, _ in ROWS])
def test_a_question_finds_actions(question: str, expected: list[tuple[str, str]] | None) -> None:
    judged = Judge(pkg5.parse(question), pkg5=True).judge(IPS)
    assert (None if judged is None else list(judged.found)) == expected


def test_relations_stand_for_dependencies_where_the_source_told_no_others() -> None:
    judged = Judge(pkg5.parse("depend::zlib"), pkg5=True).judge(DEBIAN)
    assert judged is not None
    assert judged.found == (("depends", "library/zlib (>= 1.2)"),)


def test_and_of_packages_stays_and_and_every_other_becomes_with() -> None:
    one, other = Term("a"), Term("b")
    packages = Packages(And((one, other)))
    assert of_one_thing(packages) == Packages(With((one, other)))
    assert of_one_thing(And((packages, packages))) == And((Packages(With((one, other))),) * 2)
    assert of_one_thing(And((one, Or((one, other))))) == With((one, Or((one, other))))


@given(asked(2))
def test_what_holds_of_an_action_holds_of_its_package(world: tuple[Package, Term, Term]) -> None:
    package, left, right = world
    if Judge(And((left, right)), pkg5=True).judge(package):
        assert Judge(left, pkg5=True).judge(package)
        assert Judge(right, pkg5=True).judge(package)


@given(questions(SHAPES))
def test_there_is_nothing_weak(world: tuple[Package, Query]) -> None:
    package, query = world
    judge = Judge(query, pkg5=True)
    assert not judge.has_bare_words
    judged = judge.judge(package)
    assert judged is None or judged.strong
