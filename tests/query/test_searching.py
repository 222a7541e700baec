"""The index narrows and the packages decide: whatever is asked of whatever index, the answer is that of judging all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from packer.world import REPO, drop, newest, packed
from pkgindex.query import exhaustive, planner
from pkgindex.query.knowledge import Knowledge
from pkgindex.query.language.rewrite import flat
from pkgindex.query.language.tree import COMPARE, GLOB, PHRASE, REGEX, WORD, And, Not, Or, Packages, Query, Term, With
from pkgindex.query.matching import Judge
from pkgindex.query.searching import Candidate, Search
from pkgindex.snapshot.reader import Reader
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.store.memory import MemoryBackend

WORDS = ("zzz", "libs", "web", "server", "c++", "ssl", "libssl3", "web-server", "x86_64", "don't", "Web", "a", "python3")
NAMES = ("no", "web", "server", "web-server", "libssl3", "python3-ssl", "org/web", "Web", "stra\u00dfe", "a")
FIELDS = ("", "name", "summary", "description", "text", "section", "keywords", "depends", "requires", "relation", "provides",
          "file", "basename", "dir", "version", "maintainer", "repo", "nobody", "kind", "md5sum")
GLOBS = ("*", "w*", "*ssl*", "?", "[wW]eb*", "lib*3", "*-*", "/usr/*/web", "c*", "ss*", "s?l")
REGEXES = ("^web", "s[sl]+", "web|server", "/bin/.*b$", "(?-i:Web)", "[[w]eb", "^3.*l$", "^[^a-z]", "\u00df", "ss")
# Shrinking packs an index each time: an example as it was found says enough.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
PATHS = ("/usr/share/zzz", "/usr/bin/web", "/usr/bin/Web", "/usr/share/web", "/usr/share/doc/ssl/server", "/usr/sbin/server",
         "/opt/x86_64")


VALUES = {"size": st.sampled_from(("5", "20", "3000000")), "section": st.sampled_from(("web", "libs", "universe/doc", "gnu-r")),
          "md5sum": st.sampled_from(("d41d8cd98f00b204e9800998ecf8427e", "web"))}


@st.composite
def packages(draw: st.DrawFn) -> list[dict[str, Any]]:
    texts = st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join)
    found = []
    for name in draw(st.sets(st.sampled_from(NAMES), min_size=1)):
        package: dict[str, Any] = {"name": name, "version": draw(st.sampled_from(("1", "2.0", "2.0~rc1", "2.0B")))}
        for field in ("summary", "description", "section", "keywords", "maintainer", "size", "md5sum"):
            if draw(st.booleans()):
                package[field] = draw(VALUES.get(field, texts))
        for kind in ("depends", "recommends", "provides"):
            package[kind] = sorted(draw(st.sets(st.sampled_from(NAMES), max_size=2)))
        package["files"] = sorted(draw(st.sets(st.sampled_from(PATHS), max_size=3)))
        found.append(package)
    return found


def of(kind: str, values: st.SearchStrategy[str], fields: st.SearchStrategy[str], **more: st.SearchStrategy[str]
       ) -> st.SearchStrategy[Term]:
    # Not `builds`, which makes up what is not given.
    return st.fixed_dictionaries({"value": values, "field": fields, "kind": st.just(kind), **more}).map(
        lambda given: Term(**given))


def terms() -> st.SearchStrategy[Term]:
    fields, types = st.sampled_from(FIELDS), st.sampled_from(("", "set", "file", "depend"))
    return st.one_of(
        of(WORD, st.sampled_from(WORDS + NAMES + PATHS), fields),
        of(GLOB, st.sampled_from(GLOBS), fields),
        of(PHRASE, st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join), fields),
        of(REGEX, st.sampled_from(REGEXES), fields),
        of(COMPARE, st.sampled_from(("1", "2.0", "10")), st.sampled_from(("version", "size")),
           operator=st.sampled_from(("<", "<=", "=", ">=", ">"))),
        of(WORD, st.sampled_from(NAMES), st.sampled_from(("needs", "neededby"))),
        of(WORD, st.sampled_from(("yes", "no")), st.sampled_from(("orphan", "broken"))),
        of(WORD, st.sampled_from(WORDS), fields, type=types, package=st.sampled_from(("", "web", "lib"))),
    )


def about_one_thing(term: Term) -> bool:
    return term.field not in ("needs", "neededby", "orphan", "broken", "repo")


def questions() -> st.SearchStrategy[Query]:
    together = st.lists(terms().filter(about_one_thing), min_size=2, max_size=2).map(lambda parts: With(tuple(parts)))
    parts = lambda inner: st.lists(inner, min_size=2, max_size=3).map(tuple)  # noqa: E731
    return st.recursive(
        st.one_of(terms(), together),
        lambda inner: st.one_of(parts(inner).map(And), parts(inner).map(Or), inner.map(Not), inner.map(Packages)),
        max_leaves=5,
    ).map(flat)


def told(found: Iterator[Candidate], hits: bool) -> list[tuple[Any, ...]]:
    return [(one.weak, one.score, one.package, one.summary, one.judged.found if hits and one.judged else None) for one in found]


@pytest.fixture(scope="module", params=["one shard", "loose", "shards and loose"])
def histories(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def world(content: list[dict[str, Any]], history: str, place: object) -> Snapshot:
    backend = MemoryBackend()
    if history == "shards and loose":
        middle = len(content) // 2
        packed(backend, drop(place, content[:middle]), loose_packages_max=0)
        packed(backend, drop(place, content[middle:]), loose_packages_max=99)
        if middle:
            packed(backend, drop(place, [{**content[0], "summary": "web again"}]), loose_packages_max=99)
    else:
        packed(backend, drop(place, content), loose_packages_max=99 if history == "loose" else 0)
    return newest(backend)


@settings(deadline=None, phases=PHASES, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(packages(), st.lists(questions(), min_size=1, max_size=8), st.booleans(), st.booleans(), st.booleans(),
       st.sampled_from((0.0002, 1e9)))
def test_the_index_answers_as_judging_every_package_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, histories: str,
    content: list[dict[str, Any]], asked: list[Query], case: bool, pkg5: bool, hits: bool, judging: float,
) -> None:
    # With so few packages nothing is worth looking up, unless judging is made dear.
    monkeypatch.setattr(planner, "JUDGE_SECONDS", judging)
    snapshot = world(content, histories, tmp_path_factory.mktemp("drops"))
    for question in asked:
        if pkg5 and not plain(question):
            continue
        knowledge = Knowledge(snapshot, Reader(MemoryBackend(), REPO))
        judge = Judge(question, case=case, pkg5=pkg5, facts=knowledge)
        expected = told(exhaustive.answers(snapshot, judge), hits)
        assert told(Search(snapshot, judge, knowledge, hits).answers(), hits) == expected


def plain(query: Query) -> bool:
    """Whether pkg(5) could ask it."""
    if isinstance(query, Term):
        return query.kind in (WORD, GLOB, PHRASE) and about_one_thing(query)
    return isinstance(query, And | Or) and all(map(plain, query.parts))


