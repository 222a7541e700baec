from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pkgindex.format import names
from pkgindex.store.names import checked

STAMP = "42-k3q9ab"

# What a name is written as; `=` marks a hashed one.
TABLE = [
    ("curl", "curl"),
    ("libstdc++6", "libstdc++6"),
    ("docbook2x", "docbook2x"),
    ("docbook2X", "docbook2%58"),
    ("../../etc/passwd", "%2e.%2f..%2fetc%2fpasswd"),
    ("..", "%2e."),
    (".", "%2e"),
    (".hidden", "%2ehidden"),
    ("a/b", "a%2fb"),
    ("@npm/pkg", "%40npm%2fpkg"),
    ("a\0b", "a%00b"),
    ("a b", "a%20b"),
    ("a%2fb", "a%252fb"),
    ("a=b", "a%3db"),
    ("con", "con"),
    ("\N{GRINNING FACE}", "%f0%9f%98%80"),
    ("\u00e9", "%c3%a9"),
    ("e\u0301", "e%cc%81"),
    ("\udcff", "%ff"),
    ("a" * 160, "a" * 160),
]
LONG = ["a" * 161, "a" * 300, "A" * 60, "\N{GRINNING FACE}" * 40, "%" * 100, "." * 200, "../" * 100]

anything = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("aA./%=\0\udcff"), min_size=1, max_size=300)


@pytest.mark.parametrize(("name", "written"), TABLE)
def test_a_name_is_written_with_a_small_safe_alphabet(name: str, written: str) -> None:
    assert names.encode(name) == written


@pytest.mark.parametrize("name", LONG)
def test_a_long_name_is_hashed(name: str) -> None:
    written = names.encode(name)
    assert re.fullmatch("[a-z0-9_+%.-]{0,40}=[0-9a-f]{40}", written)
    assert len(written) <= names.NAME_BYTES_MAX


@given(name=anything)
def test_every_name_makes_a_file_name_that_any_file_system_takes_and_that_is_parsed_again(name: str) -> None:
    written = names.encode(name)
    assert re.fullmatch("[a-z0-9_+%=.-]{1,160}", written)
    assert not written.startswith(".")
    for kind in ("forward", "reverse"):
        blob = names.facts_name(kind, name, STAMP)
        assert checked(blob) == blob
        assert blob.count("/") == 2
        assert len(blob.rpartition("/")[2]) <= 255
        assert names.parse_blob(blob) == (STAMP, 42)


@given(left=anything, right=anything)
@example(left="docbook2x", right="docbook2X")
@example(left="a%2fb", right="a/b")
@example(left="A" * 60, right="a" * 60)
@example(left="a" * 161, right="a" * 162)
def test_distinct_names_are_distinct_where_case_is_not(left: str, right: str) -> None:
    if left != right:
        assert names.encode(left).lower() != names.encode(right).lower()


@pytest.mark.parametrize(
    ("blob", "found"),
    [
        (names.page_name(0x1F, STAMP), (STAMP, 42)),
        (names.shard_name("paths", 1, STAMP), (STAMP, 42)),
        (names.shard_name("text", 12, STAMP), (STAMP, 42)),
        (names.dead_name("paths", 1, STAMP), (STAMP, 42)),
        ("forward/1f/a.1-abcdef.42-k3q9ab", (STAMP, 42)),
        ("pages/1f.42-k3q9", None),
        ("pages/1f.042-k3q9ab", None),
        ("pages/1f.0-k3q9ab", None),
        ("pages/1F.42-k3q9ab", None),
        ("pages/1f.42-K3Q9AB", None),
        ("pages/1f.42-k3q9ab\n", None),
        ("pages/1f.42-k3q9ab.tmp", None),
        ("forward/curl.42-k3q9ab", None),
        ("forward/1f/.42-k3q9ab", None),
        ("forward/1f/../x.42-k3q9ab", None),
        ("forward/1f/.nfs0000000000000001", None),
        ("shards/paths-1.42-k3q9ab", None),
        ("shards/other-1.42-k3q9ab.sqlite", None),
        ("generations/0000000000000042", None),
        ("tmp/x.42-k3q9ab", None),
        ("writer.lock", None),
        ("", None),
    ],
)
def test_only_names_of_ours_are_parsed(blob: str, found: tuple[str, int] | None) -> None:
    assert names.parse_blob(blob) == found


@given(entropy=st.binary(min_size=4, max_size=8), generation=st.integers(1, 10**15))
def test_a_token_makes_a_stamp_that_is_parsed_again(entropy: bytes, generation: int) -> None:
    token = names.token_of(entropy)
    assert re.fullmatch("[0-9a-z]{6}", token)
    stamp = names.stamp(generation, token)
    assert names.parse_blob(names.page_name(0, stamp)) == (stamp, generation)
