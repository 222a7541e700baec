"""Orderings beside the tools that own them, on versions that differ in little. Where a tool is missing, the test says so."""

from __future__ import annotations

import random
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import InvalidVersion, Version

from pkgindex.model.versions.orderings import compare

PAIRS = 400
PIECES = {
    "rpm": ["0", "1", "2", "10", "01", "a", "b", "rc", ".", ".", "..", "_", "+", "~", "^"],
    # Nothing but single dots at the end: there vercmp contradicts itself.
    "pacman": ["0", "1", "2", "10", "01", "a", "b", "rc", ".1", ".a", "..1", "_2", "+b", "+01"],
}


def versions(name: str, chance: random.Random) -> str:
    """A version with or without epoch and release."""
    def part() -> str:
        return "1" + "".join(chance.choices(PIECES[name], k=chance.randrange(5)))

    return chance.choice(["", "", "0:", "1:"]) + part() + chance.choice(["", f"-{part()}"])


def pairs(name: str) -> list[tuple[str, str]]:
    chance = random.Random(11)
    return [(versions(name, chance), versions(name, chance)) for _ in range(PAIRS)]


@pytest.mark.skipif(shutil.which("rpm") is None, reason="rpm, the authority on its versions, is not here: install rpm")
def test_versions_compare_as_rpm_does() -> None:
    compared = ", ".join(f"rpm.vercmp('{left}', '{right}')" for left, right in pairs("rpm"))
    script = f"%{{lua: print(table.concat({{{compared}}}, ' '))}}"
    said = subprocess.run(["rpm", "--eval", script], capture_output=True, text=True, check=True)
    numbers = [int(number) for number in said.stdout.split()]
    assert len(numbers) == PAIRS
    assert [compare(left, right, "rpm") for left, right in pairs("rpm")] == numbers


@pytest.mark.skipif(shutil.which("vercmp") is None,
                    reason="vercmp, the authority on pacman's versions, is not here: install pacman-package-manager")
def test_versions_compare_as_pacman_does() -> None:
    # It calls a version without a release equal to all its releases: no order can, so both have one or neither.
    alike = [(left, right) for left, right in pairs("pacman") if ("-" in left) == ("-" in right)]
    said = [int(subprocess.run(["vercmp", *pair], capture_output=True, text=True, check=True).stdout) for pair in alike]
    assert [compare(left, right, "pacman") for left, right in alike] == said


spelled = st.lists(
    st.sampled_from(["0", "1", "2", "10", ".", ".", "-", "_", "+", "!", "v", "a", "b", "c", "rc", "alpha", "preview", "dev",
                     "post", "rev", "r", "A", "x"]),
    max_size=8,
).map("".join)  # fmt: skip
numbers = st.integers(0, 11).map(str)
wanted = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "", "v", "1!", "0!"]), st.lists(numbers, min_size=1, max_size=3).map(".".join),
        st.sampled_from(["", "", "a1", ".beta2", "-RC_3", "c", "preview1"]),
        st.sampled_from(["", "", "-3", ".post", "_rev2", "r0"]),
        st.sampled_from(["", "", ".dev", "dev3", "-DEV_4"]), st.sampled_from(["", "", "+1", "+abc", "+abc.2", "+a_10", "+1.x"]),
    ),
)  # fmt: skip


def is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


@given(spelled | wanted)
def test_what_is_no_version_to_packaging_comes_before_the_first_that_is(text: str) -> None:
    assert (compare(text, "0.dev0", "pep440") >= 0) == is_version(text)


@given(wanted, wanted)
def test_versions_compare_as_packaging_does(left: str, right: str) -> None:
    ours, theirs = Version(left), Version(right)
    assert compare(left, right, "pep440") == (ours > theirs) - (ours < theirs)
