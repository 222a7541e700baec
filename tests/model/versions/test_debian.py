from __future__ import annotations

import itertools
import random
import re
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.model.versions.debian import key
from pkgindex.model.versions.orderings import compare, satisfies

needs_dpkg = pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg, the authority on its versions, is not here")

# Ascending; versions in one row are equal.
ASCENDING = [
    ["~~", "~~-0"],
    ["~~a"],
    ["~"],
    ["", "0", "0-0", "0:0"],
    ["0.1"],
    ["1.0~rc1-1"],
    ["1.0", "1.00", "0:1.0", "1.0-0", "1.0-"],
    ["1.0-1~bpo1"],
    ["1.0-1", "1.0-01"],
    ["1.0-1+b1"],
    ["1.0a"],
    ["1.0+dfsg-1"],
    ["1.0-1-2"],
    ["1.9"],
    ["1.10"],
    ["12.2.0-14+deb12u1+"],
    ["99999999999999999999999"],
    ["1" + "0" * 300],
    ["2" + "0" * 300],
    ["1:0.1"],
    ["10:0.1"],
]


def test_versions_sort_as_deb_version_says() -> None:
    keys = [[key(version) for version in row] for row in ASCENDING]
    for row in keys:
        assert len(set(row)) == 1
    firsts = [row[0] for row in keys]
    assert firsts == sorted(firsts)
    assert len(set(firsts)) == len(firsts)


@given(st.text().map(str.strip))
def test_a_tilde_at_the_end_makes_any_text_earlier(text: str) -> None:
    assert compare(f"{text}~", text) == -1


@given(st.characters(), st.text(max_size=3))
def test_no_text_raises(character: str, rest: str) -> None:
    assert isinstance(key(character + rest), bytes)


def known_versions() -> list[str]:
    with open("/var/lib/dpkg/status", encoding="utf-8", errors="replace") as status:
        text = status.read()
    found = set(re.findall(r"^Version: (\S+)$", text, re.MULTILINE))
    found.update(re.findall(r"[<>=] ([0-9][^\s)]*)\)", text))
    return sorted(found)


@needs_dpkg
def test_random_pairs_of_installed_versions_compare_as_dpkg_does() -> None:
    versions = known_versions()
    chance = random.Random(7)
    pairs = [(chance.choice(versions), chance.choice(versions)) for _ in range(150)]
    # Neighbours are the hard ones: they differ in little.
    pairs += [(left, right) for left, right in itertools.pairwise(versions) if chance.random() < 0.15][:150]
    script = 'while read -r a b; do dpkg --compare-versions "$a" lt "$b"; echo $?; done'
    lines = "".join(f"{left} {right}\n" for left, right in pairs)
    said = subprocess.run(["sh", "-c", script], input=lines, capture_output=True, text=True, check=True).stdout.split()
    assert [satisfies(left, "<<", right) for left, right in pairs] == [code == "0" for code in said]


@needs_dpkg
@pytest.mark.parametrize("left", ["1.0", "1.0~", "1.0-1", "1.0a", "1.0+", "1:1", "1.0.", "1.0-0", "1.0a0", "1.0a"])
@pytest.mark.parametrize("right", ["1.0", "1.00", "1.0~~", "1.0-1~", "1.0a0", "1.0.0", "0:1.0"])
def test_odd_pairs_compare_as_dpkg_does(left: str, right: str) -> None:
    code = subprocess.run(["dpkg", "--compare-versions", left, "lt", right], check=False).returncode
    assert (compare(left, right) < 0) == (code == 0)
