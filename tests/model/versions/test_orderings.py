"""What holds of every ordering, and tables from the specifications of each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.errors import BadInput
from pkgindex.model.package import Release
from pkgindex.model.versions.orderings import DEFAULT, OPERATORS, ORDERINGS, compare, ordering_of, satisfies

orderings = st.sampled_from(sorted(ORDERINGS))
# What versions are made of, so that keys differ late and not in their first sign.
likely = st.lists(
    st.sampled_from(["0", "1", "2", "10", "007", ".", ".", "-", "_", "~", "^", "+", ":", "!", ",", "a", "b", "rc", "alpha",
                     "dev", "post", "p", "-r", "_p", "_rc", "v", "é", "\u0663", "\udc80"]),
    max_size=9,
).map("".join)  # fmt: skip
versions = likely | st.text(max_size=8)

# Ascending; versions in one row are equal.
ASCENDING = {
    "rpm": [
        ["~"], [""], ["0", "0:0", "00"], ["1.0~~"], ["1.0~rc1"], ["1.0", "1.0.", "1..0", "1_0", "0:01.0", "1+0"], ["1.0-0"],
        ["1.0-1~bpo"], ["1.0-1"], ["1.0^"], ["1.0^20240501"], ["1.0^20240501.1"], ["1.0a"], ["1.0b"], ["1.0.fc4"],
        ["1.0.1~rc"], ["1.0.1"], ["1.5", "1.05"], ["1.10"], ["5.5p1"], ["5.5p10"], ["10xyz"], ["10.1xyz"],
        ["20101121"], ["9" * 5000], ["1:0.1"],
    ],
    "pacman": [
        ["1.0a"], ["1.0alpha"], ["1.0b"], ["1.0beta"], ["1.0p"], ["1.0pre"], ["1.0rc"], ["1.0", "0:1.0"], ["1.0-0.1"],
        ["1.0-1"], ["1.0-2"], ["1.0.a"], ["1.0.1", "1.0.01"], ["1.1", "1_1"], ["1.2"], ["1..0"], ["9" * 5000], ["1:0.1"],
    ],
    "apk": [
        ["1.0bc"], ["not at all"], ["1.0_alpha_pre2"], ["1.0_alpha"], ["1.0_alpha2"], ["1.0_beta"], ["1.0_pre1"], ["1.0_rc9"],
        ["1.0_rc10"], ["1.0"], ["1.0-r1"], ["1.0-r10"], ["1.0~2f"], ["1.0_cvs1"], ["1.0_git2"], ["1.0_p1"], ["1.0_p10"],
        ["1.0a"], ["1.0b"], ["1.0.1"], ["1.02"], ["1.1"], ["1.2"], ["1.10"], ["06", "6"], ["9" * 5000],
    ],
    "pep440": [
        ["1.0-SNAPSHOT"], ["nonsense"], ["1.0.dev456", "1.0-DEV456"], ["1.0a1", "1.0.alpha-1"], ["1.0a2.dev456"],
        ["1.0a12.dev456"], ["1.0a12"], ["1.0b1.dev456"], ["1.0b2"], ["1.0b2.post345.dev456"], ["1.0b2.post345"],
        ["1.0rc1.dev456"], ["1.0rc1", "1.0c1", "1.0-preview_1", "v1.0.0RC1"], ["1.0", "1", "1.0.0", "v1.0", "0!1.0"],
        ["1.0+abc.5"], ["1.0+abc.7", "1.0+ABC-7"], ["1.0+5"], ["1.0.post456.dev34"], ["1.0.post456", "1.0-456", "1.0rev456"],
        ["1.0.15"], ["1.1.dev1"], ["9" * 5000], ["1!0.1"],
    ],
    "semver": [
        ["latest"], ["0.0.0-0"], ["0", "0.0.0"], ["1.0.0-1"], ["1.0.0-alpha"], ["1.0.0-alpha.1"], ["1.0.0-alpha.beta"],
        ["1.0.0-beta"], ["1.0.0-beta.2"], ["1.0.0-beta.11"], ["1.0.0-rc.1"], ["1.0.0", "1", "v1.0", "1.0.0+20130313144700"],
        ["1.0.0.1"], ["1.2.9"], ["1.2.10"], ["1.10.0"], ["2.0.0-rc"], ["9" * 5000],
    ],
    "ips": [
        [""], ["x.1"], ["1"], ["1.2", "1.2,5.11"], ["1.2-0.1"], ["1.2,5.11-0.2", "1.2-0.2"],
        ["1.2,5.11-0.2:20110101T000000Z"], ["1.2,5.10-0.2:20120101T000000Z"], ["1.2,5.11-0.10"], ["1.2.0"], ["1.10"],
        ["9" * 5000],
    ],
}  # fmt: skip


def test_every_ordering_but_debians_has_a_table_here() -> None:
    assert {*ASCENDING, "debian"} == set(ORDERINGS)
    assert DEFAULT in ORDERINGS


@pytest.mark.parametrize("name", sorted(ASCENDING))
def test_the_rows_of_a_table_ascend_and_each_is_one_version(name: str) -> None:
    rows = [{ORDERINGS[name].key(version) for version in row} for row in ASCENDING[name]]
    assert [ASCENDING[name][place] for place, row in enumerate(rows) if len(row) > 1] == []
    keys = [key for row in rows for key in row]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


@given(orderings, versions, versions, versions)
def test_every_ordering_is_total_over_any_texts(name: str, first: str, second: str, third: str) -> None:
    assert compare(first, second, name) == -compare(second, first, name)
    assert compare(first, first, name) == 0
    one, two, three = sorted([first, second, third], key=ORDERINGS[name].key)
    assert compare(one, two, name) <= 0
    assert compare(two, three, name) <= 0
    assert compare(one, three, name) <= 0


@given(orderings, versions)
def test_blanks_around_a_version_are_no_part_of_it(name: str, version: str) -> None:
    assert compare(f" {version}\n", version, name) == 0


@given(orderings, versions, versions)
def test_what_is_wanted_in_full_is_compared_in_full(name: str, version: str, wanted: str) -> None:
    key, cut = ORDERINGS[name]
    assert cut(key(version), key(version)) == key(version)
    assert cut(cut(key(version), key(wanted)), key(wanted)) == cut(key(version), key(wanted)) <= key(version)


@given(orderings, versions, versions)
def test_of_earlier_equal_and_later_exactly_one_holds(name: str, version: str, wanted: str) -> None:
    holds = {operator for operator in OPERATORS if satisfies(version, operator, wanted, name)}
    assert holds in ({"<<", "<="}, {"<=", "=", ">="}, {">=", ">>"})
    assert satisfies(version, "", wanted, name)


@pytest.mark.parametrize(
    ("ordering", "version", "operator", "wanted", "holds"),
    [
        ("debian", "1.0-1", "=", "1.0", False),
        ("debian", "1.0~rc1", "<<", "1.0", True),
        ("rpm", "1.0-3.fc38", "=", "1.0", True),
        ("rpm", "1.0-3.fc38", "<=", "1.0", True),
        ("rpm", "1:1.0-3", "=", "1.0", False),
        ("rpm", "1.0-3", "=", "1.0-2", False),
        ("pacman", "1.0-3", "=", "1.0", True),
        ("pacman", "2:1.0-3", ">>", "2:1.0-2", True),
        ("pep440", "1.0+deb.1", "==", "1.0", True),
        ("pep440", "1.0+deb.1", "=", "1.0+deb.2", False),
        ("ips", "1.2,5.11-0.175:20120504T143035Z", "=", "1.2", True),
        ("ips", "1.2,5.11-0.175:20120504T143035Z", "=", "1.2-0.175", True),
        ("ips", "1.2,5.11-0.175:20120504T143035Z", "=", "1.2,5.12-0.175:20120504T143035Z", True),
        ("ips", "1.2,5.11-0.175:20120504T143035Z", ">=", "1.2-0.176", False),
        ("semver", "1.0.0+build", "=", "1.0.0", True),
    ],
)
def test_what_is_not_said_of_a_version_is_not_asked_for(
    ordering: str, version: str, operator: str, wanted: str, holds: bool
) -> None:
    assert satisfies(version, operator, wanted, ordering) is holds


def test_the_operators_of_questions_are_strict() -> None:
    assert not satisfies("1.0", "<", "1.0")
    assert not satisfies("1.0", ">", "1.0")
    assert satisfies("1.0", "==", "1.0")


def test_an_unknown_operator_is_the_callers_mistake() -> None:
    with pytest.raises(BadInput, match="!="):
        satisfies("1", "!=", "1")


def test_an_unknown_ordering_is_named_with_those_there_are() -> None:
    with pytest.raises(BadInput, match="'cobol': there is debian, rpm"):
        compare("1", "2", "cobol")


@pytest.mark.parametrize(
    ("scheme", "default", "found"),
    [("", "debian", "debian"), ("", "rpm", "rpm"), ("ips", "debian", "ips"), ("SemVer", "rpm", "semver"),
     ("cobol", "rpm", "rpm")],
)
def test_a_release_is_of_the_ordering_that_it_names_or_of_its_repositorys(scheme: str, default: str, found: str) -> None:
    release = Release("1", "all", {"version-scheme": scheme} if scheme else {})
    assert ordering_of(release, default) == found
