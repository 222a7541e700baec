"""What holds of every question and every package."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pkgindex.model.package import Package
from pkgindex.query.language.rewrite import positive
from pkgindex.query.language.tree import And, Not, Or, Packages, Query, Term, With
from pkgindex.query.matching import Judge
from pkgindex.query.matching.paths import is_command
from query.matching.worlds import FIELDS, LEAF, SHAPES, THING_SHAPES, asked, questions

cases = st.booleans()


def true(query: Query, package: Package, case: bool = False) -> bool:
    return Judge(query, case).judge(package) is not None


@given(questions(SHAPES, SHAPES), cases)
def test_and_is_both_or_is_either_and_not_is_the_opposite(world: tuple[Package, Query, Query], case: bool) -> None:
    package, left, right = world
    one, other = true(left, package, case), true(right, package, case)
    assert true(And((left, right)), package, case) == (one and other)
    assert true(Or((left, right)), package, case) == (one or other)
    assert true(Not(left), package, case) is not one


@given(questions(SHAPES, SHAPES))
def test_de_morgan_holds_of_packages(world: tuple[Package, Query, Query]) -> None:
    package, left, right = world
    assert true(Not(And((left, right))), package) == true(Or((Not(left), Not(right))), package)
    assert true(Not(Or((left, right))), package) == true(And((Not(left), Not(right))), package)


@given(questions(THING_SHAPES, THING_SHAPES, LEAF))
def test_de_morgan_holds_of_things(world: tuple[Package, Query, Query, Term]) -> None:
    package, left, right, term = world
    assert true(With((term, Not(And((left, right))))), package) == true(With((term, Or((Not(left), Not(right))))), package)


@given(asked(2))
def test_what_holds_of_one_thing_holds_of_its_package(world: tuple[Package, Term, Term]) -> None:
    package, left, right = world
    if true(With((left, right)), package):
        assert true(And((left, right)), package)


@given(asked(3))
def test_or_within_a_thing_is_two_questions(world: tuple[Package, Term, Term, Term]) -> None:
    package, one, left, right = world
    divided = Or((With((one, left)), With((one, right))))
    assert true(With((one, Or((left, right)))), package) == true(divided, package)


@given(asked(1))
def test_a_thing_is_with_itself(world: tuple[Package, Term]) -> None:
    package, term = world
    alone, twice = Judge(term).judge(package), Judge(With((term, term))).judge(package)
    assert (alone and alone.found) == (twice and twice.found)


@given(questions(SHAPES))
def test_packages_are_those_of_the_hits(world: tuple[Package, Query]) -> None:
    package, query = world
    found = Judge(Packages(query)).judge(package)
    assert (found is not None) == true(query, package)
    assert found is None or found.found == (("package", package.name),)


@given(asked(1))
def test_what_matches_as_it_is_spelled_matches_without_case(world: tuple[Package, Term]) -> None:
    package, term = world
    if true(term, package, case=True):
        assert true(term, package)


@given(asked(1), cases)
def test_world_ascii_does_not_matter_without_case(world: tuple[Package, Term], upper: bool) -> None:
    package, term = world
    value = term.value.upper() if upper else term.value.lower()
    # Of a pattern, case may mean something, and of other alphabets it may be more than one letter.
    if term.value.isascii() and term.kind in ("word", "phrase"):
        assert true(term._replace(value=value), package) == true(term, package)


@given(questions(SHAPES), cases, st.booleans())
def test_hits_are_told_once_and_come_of_terms_that_match(world: tuple[Package, Query], case: bool, pkg5: bool) -> None:
    package, query = world
    judged = Judge(query, case, pkg5).judge(package)
    if judged is not None:
        places = list(dict.fromkeys(positive(query)))
        assert len(set(judged.found)) == len(judged.found)
        assert list(judged.leaves) == sorted(set(judged.leaves))
        assert all(Judge(places[place], case, pkg5).judge(package) for place in judged.leaves)


@given(asked(3, FIELDS))
def test_the_hits_of_and_are_those_of_its_parts(world: tuple[Package, Term, Term, Term]) -> None:
    package, *parts = world
    judged = Judge(And(tuple(parts))).judge(package)
    if judged is not None:
        alone = [Judge(part).judge(package) for part in parts]
        assert set(judged.found) == {hit for one in alone if one is not None for hit in one.found}
        assert judged.leaves == tuple(range(len(set(parts))))


@given(questions(SHAPES), cases, st.booleans())
def test_files_are_read_by_questions_that_say_so(world: tuple[Package, Query], case: bool, pkg5: bool) -> None:
    package, query = world
    judge = Judge(query, case, pkg5)
    if not judge.needs_files:
        assert judge.judge(package._replace(files={})) == judge.judge(package)


@given(asked(1))
def test_only_bare_words_are_weak(world: tuple[Package, Term]) -> None:
    package, term = world
    judged = Judge(term).judge(package)
    if judged is not None and term.field:
        assert judged.strong


@given(questions(SHAPES))
def test_strong_answers_need_no_files_but_commands_where_that_is_said(world: tuple[Package, Query]) -> None:
    package, query = world
    judge = Judge(query)
    paths = [path.decode("utf-8", "surrogateescape") for listed in package.files.values() for path in listed]
    if not judge.strong_needs_files and not any(is_command(term, path) for term in positive(query) for path in paths):
        judged = judge.judge(package)
        strong = judged if judged is not None and judged.strong else None
        without = judge.judge(package._replace(files={}))
        assert (without if without is not None and without.strong else None) == strong
