from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.errors import BadInput
from pkgindex.spool import names
from pkgindex.spool.names import Drop

ID = "abcdefghijklmnop"

TAILS = st.sampled_from(["@full", "@incremental", f"@id-{ID}", "@id-x", "@copy-2", "@copy-02", "@", "@Full", ".gz", "~"])
NAMES = st.lists(TAILS | st.text(max_size=8), min_size=1, max_size=6).map("".join).filter(bool)
RAW = st.binary(min_size=1, max_size=300).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
FILENAMES = (NAMES | RAW | st.text(min_size=200, max_size=400)).filter(lambda name: not set("/\0") & set(name))


@pytest.mark.parametrize(
    ("name", "drop"),
    [
        ("Packages.gz", Drop("Packages.gz")),
        ("Packages.gz@full", Drop("Packages.gz", "full")),
        ("curl.deb@incremental", Drop("curl.deb", "incremental")),
        (f"x@id-{ID}", Drop("x", None, ID)),
        (f"x@full@id-{ID}", Drop("x", "full", ID)),
        (f"x@copy-12@full@id-{ID}", Drop("x", "full", ID, 12)),
        # Unknown tails, and known ones elsewhere, are part of the file name.
        ("joe@example.org", Drop("joe@example.org")),
        ("getty@tty1.json@full", Drop("getty@tty1.json", "full")),
        ("x@FULL", Drop("x@FULL")),
        ("x@id-short", Drop("x@id-short")),
        (f"x@id-{ID.upper()}", Drop(f"x@id-{ID.upper()}")),
        (f"x@id-{ID}@full", Drop(f"x@id-{ID}", "full")),
        ("x@copy-0", Drop("x@copy-0")),
        ("x@full\n", Drop("x@full\n")),
        ("@full", Drop("@full")),
        (f"@id-{ID}", Drop(f"@id-{ID}")),
        ("", Drop("")),
        ("a\nb@full", Drop("a\nb", "full")),
    ],
)
def test_a_name_says(name: str, drop: Drop) -> None:
    assert names.parse(name) == drop
    assert drop.name == name


@given(NAMES | RAW)
def test_parsing_and_formatting_gives_any_name_back(name: str) -> None:
    assert names.parse(name).name == name


@given(
    NAMES.filter(lambda name: names.parse(name) == Drop(name)),
    st.sampled_from([None, "full", "incremental"]),
    st.sampled_from([None, ID]),
    st.none() | st.integers(1, 999_999),
)
def test_formatting_and_parsing_gives_any_submission_back(
    filename: str, mode: str | None, id: str | None, copy: int | None
) -> None:
    drop = Drop(filename, mode, id, copy)
    assert names.parse(drop.name) == drop


@pytest.mark.parametrize(
    "name",
    [".full", ".x", ".nfs0000000000a1", "a.tmp", "a.part", "a~", "a.partial", "a.crdownload", "a.swp", "A.TMP", ".submit-x"],
)
def test_unfinished_and_hidden_files_are_ignored(name: str) -> None:
    assert names.is_ignored(name)


@pytest.mark.parametrize("name", ["a", "tmp", "a.tmp.gz", "parts", "..a"[2:], f"a.tmp@id-{ID}", "a~1"])
def test_other_files_are_not_ignored(name: str) -> None:
    assert not names.is_ignored(name)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc/passwd", "../x", "a\0b", ".hidden", "a.tmp", "a~"])
def test_a_submission_cannot_be_called(name: str) -> None:
    with pytest.raises(BadInput):
        names.submitted(name, None)


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(BadInput, match="'full' or 'incremental'"):
        names.submitted("x", "whole")


def test_a_new_submission_takes_no_identity_over() -> None:
    assert names.submitted(f"x@full@id-{ID}@id-{ID}", None).id is None
    assert names.submitted(f"x@full@id-{ID}", None) == Drop("x", "full")


def test_an_explicit_mode_outdoes_the_name() -> None:
    assert names.submitted("x@full", "incremental") == Drop("x", "incremental")


@given(FILENAMES, st.sampled_from([None, "full", "incremental"]), st.sampled_from([None, ID]))
def test_every_name_fits_a_directory_and_keeps_its_tails(filename: str, mode: str | None, id: str | None) -> None:
    parsed = names.parse(filename)
    drop = parsed._replace(mode=mode or parsed.mode, id=id or parsed.id)
    fitted = names.fitted(drop)
    assert len(names.encoded(fitted.name)) + len(names.REASON_SUFFIX) <= names.NAME_BYTES_MAX
    assert fitted._replace(filename="") == drop._replace(filename="")
    assert names.is_ignored(fitted.filename) == names.is_ignored(drop.filename)
    assert names.fitted(fitted) == fitted


def test_a_shortened_name_keeps_the_end_that_formats_are_known_by() -> None:
    fitted = names.fitted(Drop("ü" * 150 + ".tar.gz", "full", ID))
    assert fitted.filename.startswith("üüü")
    assert fitted.filename.endswith("ü.tar.gz")
    assert fitted.filename.isprintable()


def test_numbers_pass_over_taken_names() -> None:
    found = islice(names.numbered(Drop("x.gz", "full"), {"x.gz@full", "x.gz@copy-3@full"}), 2)
    assert [drop.name for drop in found] == ["x.gz@copy-2@full", "x.gz@copy-4@full"]


def test_messages_show_no_escape_codes() -> None:
    assert names.printable("Päckchen") == "Päckchen"
    assert names.printable("a\n\x1b[2J\udcff") == r"'a\n\x1b[2J\udcff'"
