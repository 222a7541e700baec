"""What a relation of ours lets in is what the one that was written lets in."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker
from packaging.requirements import Requirement

from pkgindex.model.package import Relation
from pkgindex.model.versions.orderings import satisfies
from pkgindex.sources.hosts.markers import environment, holds
from pkgindex.sources.hosts.ranges import wanted
from pkgindex.sources.hosts.requirements import required


def lets_in(relations: list[Relation] | tuple[Relation, ...], version: str, ordering: str) -> bool:
    return all(
        any(satisfies(version, found.operator, found.version, ordering) for found in relation) for relation in relations
    )


numbers = st.lists(st.integers(0, 3), min_size=1, max_size=3).map(lambda parts: ".".join(map(str, parts)))
clauses = st.one_of(
    st.tuples(st.sampled_from(["==", "<=", ">=", "<", ">"]), numbers).map("".join),
    numbers.map("=={}.*".format),
    numbers.filter(lambda text: "." in text).map("~={}".format),
)


@given(st.lists(clauses, min_size=1, max_size=3).map(",".join))
def test_a_python_requirement_lets_in_what_packaging_lets_in(specifier: str) -> None:
    relations = required([f"x ({specifier})"], {})["depends"]
    judge = Requirement(f"x{specifier}").specifier
    for parts in product(range(4), repeat=3):
        version = ".".join(map(str, parts))
        assert lets_in(relations, version, "pep440") == judge.contains(version), (version, relations)


VARIABLES = {"python_version": "3.11", "sys_platform": "linux", "os_name": "posix", "platform_system": "Linux", "extra": ""}
comparisons = st.one_of(
    st.tuples(st.just("python_version"), st.sampled_from(["<", "<=", "==", "!=", ">=", ">"]),
              st.sampled_from(["'3.8'", "'3.11'", "'3.9'", "'4'"])),
    st.tuples(st.sampled_from(["sys_platform", "os_name", "extra"]), st.sampled_from(["==", "!="]),
              st.sampled_from(["'linux'", '"win32"', "''", "'posix'"])),
    st.tuples(st.sampled_from(["'linux'", "'x'"]), st.sampled_from(["in", "not in"]), st.just("sys_platform")),
).map(" ".join)
markers = st.recursive(comparisons, lambda inner: st.one_of(
    st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map("".join), inner.map("({})".format)), max_leaves=6)


@given(markers)
def test_a_marker_holds_where_packaging_says_so(marker: str) -> None:
    assert holds(marker, VARIABLES) == Marker(marker).evaluate({**VARIABLES})


@pytest.mark.parametrize(
    "marker", ["python_version >", "x y z", "(" * 100, "python_version ~ 3", "platform_release > '5'", "'"]
)
def test_a_marker_that_nobody_understands_holds(marker: str) -> None:
    assert holds(marker, environment("3.11"))


@pytest.mark.parametrize(("line", "depends", "suggests"), [
    ("requests[socks] (>=2.8.1,<3)", ["requests (>= 2.8.1)", "requests (<< 3)"], []),
    ("PyYAML ; python_version < '3'", [], []),
    ("pytest>=7 ; extra == 'Test_All'", [], ["pytest (>= 7) <test-all>"]),
    ("tomli ; python_version < '3' and extra == 'test'", [], []),
    ("x @ https://example.org/x.whl ; sys_platform == 'linux'", ["x"], []),
    ("x!=1.2", ["x"], []),
    ("!!!", [], []),
])
def test_requirements_become_relations(line: str, depends: list[str], suggests: list[str]) -> None:
    found = required([line], environment("3.11"))
    written = {kind: [alternative.written for relation in relations for alternative in relation]
               for kind, relations in found.items()}
    assert written == {"depends": depends, "suggests": suggests}


# (range, versions that it lets in, versions that it does not): from the documentation of npm's semver
RANGES = [
    ("^1.2.3", ["1.2.3", "1.9.0"], ["1.2.2", "2.0.0", "2.0.0-rc.1"]),
    ("^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0"]),
    ("^0.0.3", ["0.0.3"], ["0.0.4"]),
    ("^1.x", ["1.0.0", "1.9.9"], ["0.9.0", "2.0.0"]),
    ("^0.0", ["0.0.0", "0.0.9"], ["0.1.0"]),
    ("~1.2.3", ["1.2.3", "1.2.9"], ["1.3.0"]),
    ("~1", ["1.0.0", "1.9.0"], ["2.0.0"]),
    ("1.2", ["1.2.0", "1.2.9"], ["1.3.0", "1.1.9"]),
    ("1.2.3 - 2.3.4", ["1.2.3", "2.3.4"], ["2.3.5"]),
    ("1.2 - 2", ["1.2.0", "2.9.9"], ["3.0.0"]),
    (">=1.2.3 <2 || 3.x", ["1.5.0", "3.1.0"], ["2.5.0", "4.0.0", "1.0.0"]),
    (">1.2", ["1.3.0"], ["1.2.9"]),
    ("<=1.2", ["1.2.9"], ["1.3.0"]),
    ("<1.2", ["1.1.9"], ["1.2.0"]),
    ("=v1.2.3", ["1.2.3"], ["1.2.4"]),
    ("1.2.3-beta.2", ["1.2.3-beta.2"], ["1.2.3"]),
    ("*", ["0.0.1", "9.0.0"], []),
    ("", ["0.0.1"], []),
    ("latest", ["0.0.1"], []),
    ("git+ssh://git@example.org/x.git#v1", ["0.0.1"], []),
    ("1 || 2 || 3 || 5", ["1.0.0", "4.0.0"], []),  # too many: only the name is kept
]


@pytest.mark.parametrize(("text", "within", "without"), RANGES)
def test_a_range_of_npm_lets_in_what_npm_lets_in(text: str, within: list[str], without: list[str]) -> None:
    relations = wanted({"x": text})
    assert {alternative.name for relation in relations for alternative in relation} == {"x"}
    assert [version for version in within + without if lets_in(relations, version, "semver")] == within
