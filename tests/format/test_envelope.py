from __future__ import annotations

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.errors import Corrupt, NewerFormat
from pkgindex.format.envelope import FORMAT, MAGIC, checksum, seal, unseal

STAMP = "42-k3q9ab"
CONTENT = {"name": "curl", "files": [b"/usr/bin/curl", b"\xff"], "n": 7, "nothing": None}
SEALED = seal("forward", STAMP, CONTENT)
HEADER = SEALED[: SEALED.index(b"\n") + 1]

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


def opened(data: bytes, kind: str = "forward", stamp: str = STAMP) -> object:
    return unseal(data, kind, stamp, "forward/1f/curl.42-k3q9ab")


@given(content=plain)
def test_what_is_sealed_is_what_comes_out(content: object) -> None:
    assert unseal(seal("page", "1-abcdef", content), "page", "1-abcdef", "a page") == content


def test_bytes_of_a_path_that_are_no_utf8_come_out_as_they_went_in() -> None:
    odd = b"caf\xe9".decode("utf-8", "surrogateescape")
    assert opened(seal("forward", STAMP, {odd: [odd]})) == {odd: [odd]}


def test_the_first_line_tells_a_person_what_a_file_is() -> None:
    body = SEALED[len(HEADER) :]
    assert f"pkgindex 1 forward {STAMP} {len(body)} {checksum(body)}\n".encode() == HEADER


def test_a_file_cut_short_anywhere_is_corrupt() -> None:
    for length in range(len(SEALED)):
        with pytest.raises(Corrupt, match="verify"):
            opened(SEALED[:length])


def test_any_byte_changed_anywhere_is_corrupt_or_newer_and_never_another_answer() -> None:
    answers = 0
    for place, byte in enumerate(SEALED):
        for other in range(256):
            if other != byte:
                with pytest.raises((Corrupt, NewerFormat)):
                    opened(SEALED[:place] + bytes((other,)) + SEALED[place + 1 :])
                answers += 1
    assert answers == 255 * len(SEALED)


def test_whatever_follows_the_body_or_comes_before_the_head_is_corrupt() -> None:
    for data in (SEALED + b"\0", b"\n" + SEALED, b" " + SEALED, SEALED + SEALED, b"", b"\n"):
        with pytest.raises(Corrupt):
            opened(data)


@pytest.mark.parametrize("newer", [b"2", b"3", b"99999999999999999999"])
def test_a_newer_format_is_told_apart_from_damage(newer: bytes) -> None:
    with pytest.raises(NewerFormat, match=f"format {newer.decode()} in forward/1f/curl.* reads up to {FORMAT}; upgrade"):
        opened(SEALED.replace(MAGIC + b" 1 ", MAGIC + b" " + newer + b" "))


@pytest.mark.parametrize("older", [b"0", b"01", b"00"])
def test_a_format_that_there_never_was_is_damage(older: bytes) -> None:
    with pytest.raises(Corrupt, match="never was"):
        opened(SEALED.replace(MAGIC + b" 1 ", MAGIC + b" " + older + b" "))


@pytest.mark.parametrize(("kind", "stamp"), [("reverse", STAMP), ("forward", "42-k3q9ac"), ("forward", "43-k3q9ab")])
def test_a_file_in_the_place_of_another_is_corrupt(kind: str, stamp: str) -> None:
    with pytest.raises(Corrupt, match=f"forward {STAMP}"):
        opened(SEALED, kind, stamp)


def test_no_stamp_is_any_stamp() -> None:
    assert opened(SEALED, stamp="") == CONTENT


@pytest.mark.parametrize("body", [b"\xc1", b"\x81", b"\x81\x90\x01", b"\x92\x01", b"\x01\x01", b"\xa4\xff" * 2, b"\x91" * 5000])
def test_a_body_that_is_not_msgpack_is_corrupt_though_its_checksum_fits(body: bytes) -> None:
    header = f"pkgindex 1 forward {STAMP} {len(body)} {checksum(body)}\n".encode()
    with pytest.raises(Corrupt, match="not msgpack"):
        opened(header + body)


def test_extensions_of_msgpack_do_no_harm() -> None:
    body = msgpack.packb(msgpack.ExtType(5, b"x" * 10))
    header = f"pkgindex 1 forward {STAMP} {len(body)} {checksum(body)}\n".encode()
    assert opened(header + body) == msgpack.ExtType(5, b"x" * 10)
