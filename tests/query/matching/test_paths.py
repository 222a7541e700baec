"""Terms about files: what one package's list answers is what a shard of paths answers."""

from __future__ import annotations

from fnmatch import fnmatchcase

from hypothesis import given
from hypothesis import strategies as st

from pkgindex.model.package import Package
from pkgindex.query.language.tree import GLOB, PHRASE, REGEX, WORD, Term
from pkgindex.query.matching import Judge
from pkgindex.query.matching.contents import Contents
from pkgindex.query.matching.paths import FILE_FIELDS, is_command, keys_of, pattern_of
from query.matching.worlds import PATHS

STORED = sorted(path.encode("utf-8", "surrogateescape").replace(b"\n", b"\0") for path in PATHS)
LISTED = [path.decode("utf-8", "surrogateescape") for path in STORED]
ALL = Package("all", {}, {"": STORED})

parts = st.sampled_from([
    part for path in PATHS for part in (path, path[1:], *path.split("/"), path.rpartition("/")[0]) if part
])
values = st.one_of(parts, st.builds(lambda part, place: part[:place] + "*" + part[place + 1 :], parts, st.integers(0, 9)))
kinds = st.sampled_from([WORD, PHRASE, GLOB, REGEX])
terms = st.tuples(values, st.sampled_from(sorted(FILE_FIELDS)), kinds).map(lambda parts: Term(*parts))


def files_found(term: Term, case: bool) -> list[str]:
    judged = Judge(term, case).judge(ALL)
    return [] if judged is None else [value for field, value in judged.found if field == "file"]


@given(terms.filter(lambda term: term.kind != REGEX or "*" not in term.value), st.booleans())
def test_a_list_and_its_paths_one_by_one_answer_alike(term: Term, case: bool) -> None:
    pattern = pattern_of(term, case)
    if pattern is not None:
        chosen = Contents(ALL).select(pattern)
        assert chosen == [place for place, path in enumerate(LISTED) if pattern.may(path) and pattern.select([path])]
        assert set(files_found(term, case)) == {LISTED[place].replace("\0", "\n") for place in chosen}


@given(parts.filter(str.isascii), st.sampled_from([WORD, PHRASE]))
def test_a_word_is_a_path_the_end_of_one_or_its_last_part(value: str, kind: str) -> None:
    wanted = value if value.startswith("/") else f"/{value}"
    found = files_found(Term(value, "file", kind), True)
    assert set(found) == {path for path in PATHS if (path == value if value[0] == "/" else path.endswith(wanted))}


@given(values.filter(lambda value: value.isascii() and "/" not in value))
def test_a_pattern_without_a_slash_is_for_the_last_part(value: str) -> None:
    expected = {path for path in PATHS if fnmatchcase(path.rpartition("/")[2], value)}
    assert set(files_found(Term(value, "basename", GLOB), True)) == expected
    assert set(files_found(Term(value, "file", GLOB), True)) == expected


@given(parts.filter(lambda value: value.startswith("/")))
def test_a_directory_is_where_files_lie_and_not_what_is_below(value: str) -> None:
    directory = value.rstrip("/")
    assert set(files_found(Term(value, "dir"), True)) == {path for path in PATHS if path.rpartition("/")[0] == directory}


def test_the_root_is_a_directory() -> None:
    assert set(files_found(Term("/", "dir"), False)) == {path for path in PATHS if path.count("/") == 1}


@given(parts)
def test_the_keys_of_a_path_are_itself_and_its_last_part(value: str) -> None:
    keys = keys_of(Term(value), True)
    found = {key: [LISTED[place] for place in Contents(ALL).select(pattern)] for key, pattern in keys.items()}
    value = value.replace("\n", "\0")
    assert found["path"] == [path for path in LISTED if path in (value, f"/{value}")]
    assert found.get("basename", []) == [path for path in LISTED if path.rpartition("/")[2] == value]


def test_a_command_is_called_by_its_name_and_lies_where_programs_do() -> None:
    assert is_command(Term("web"), "/bin/web")
    assert is_command(Term("Web"), "/usr/bin/web")
    assert not is_command(Term("web"), "/usr/bin/Web")
    assert not is_command(Term("web"), "/usr/share/web")
    assert not is_command(Term("w*", kind=GLOB), "/bin/web")
