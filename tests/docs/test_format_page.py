"""docs/format.md says what the code writes."""

from __future__ import annotations

import sqlite3
from array import array
from binascii import crc_hqx
from pathlib import Path

import msgpack
import pytest

from docs.docpages import column, section, tables
from pkgindex.format import (
    block,
    commands,
    dead,
    delta,
    envelope,
    forward,
    journal,
    lists,
    names,
    reverse,
    shard,
    terms,
    tokens,
)
from pkgindex.format.delta import Changed, Delta, Named
from pkgindex.format.manifest import (
    LOOSE_PATHS,
    LOOSE_TEXT,
    NAMES_SHOWN_MAX,
    PARTITIONS,
    SUBMISSIONS_REMEMBERED,
    Change,
    Manifest,
    Packed,
    Shard,
    Spilled,
)
from pkgindex.format.numbering import DIGITS, number_of
from pkgindex.format.page import Entry, group_of
from pkgindex.model.changes import ACTIONS
from pkgindex.model.changes import Change as HostChange
from pkgindex.model.names import REPOSITORY_NAME
from pkgindex.model.package import KINDS, Alternative, Package, Release
from pkgindex.packer import shardfile
from pkgindex.spool import names as spool_names

PAGE = "format.md"
STAMP = "42-k3q9ab"


@pytest.mark.parametrize(
    ("heading", "fields"),
    [
        ("Manifest", Manifest._fields),
        ("Shard", Shard._fields),
        ("Spilled", Spilled._fields),
        ("Changed", Changed._fields),
        ("Packed", Packed._fields),
        ("Change", Change._fields),
        ("Changes", HostChange._fields),
        ("Page", Entry._fields),
        ("Alternative", Alternative._fields),
    ],
)
def test_each_table_of_fields_is_the_code_s_in_its_order(heading: str, fields: tuple[str, ...]) -> None:
    assert column(PAGE, heading, "field") == list(fields)


def test_the_example_of_a_first_line_is_what_is_written() -> None:
    line = dead.encode("text", 1, ["curl"], STAMP).split(b"\n")[0].decode()
    assert f"    {line}\n" in section(PAGE, "The first line")
    assert len(line.split(" ")) == len(column(PAGE, "The first line", "field"))


def test_the_kinds_of_files_are_those_that_are_sealed() -> None:
    rows = tables(PAGE, "The index")[0]
    for row in rows:
        name, kind = row["below `INDEX/REPO/`"].strip("`"), row["kind"].strip("`")
        if kind == "changes":
            assert names.seen_at(name.split("/")[1]) == 1763719200.123
        elif kind == "manifest":
            assert len(name.split("/")[1]) == DIGITS
            assert number_of(name.split("/")[1]) == 42
        elif kind or name.endswith(".sqlite"):
            assert names.parse_blob(name) == (STAMP, 42)
    assert rows[2]["below `INDEX/REPO/`"].strip("`") == names.facts_name("forward", "curl", STAMP)
    assert rows[3]["below `INDEX/REPO/`"].strip("`") == names.facts_name("reverse", "curl", STAMP)


def test_the_examples_of_encoded_names_are_what_is_written() -> None:
    rows = tables(PAGE, "Names")[0]
    assert {row["package"].strip("`"): row["as a file name"].strip("`") for row in rows} == {
        row["package"].strip("`"): names.encode(row["package"].strip("`")) for row in rows
    }
    assert f"more than {names.NAME_BYTES_MAX} bytes" in " ".join(section(PAGE, "Names").split())
    assert f"`{REPOSITORY_NAME}`" in section(PAGE, "The index")


def test_the_partitions_and_the_groups_they_make() -> None:
    found = {row["partition"].strip("`"): row["group of `curl`"].strip("`") for row in tables(PAGE, "Names")[1]}
    assert found == {partition: group_of("curl", partition) for partition in PARTITIONS}


def test_the_bits_of_the_kinds_of_relation() -> None:
    found = {row["kind"].strip("`"): int(row["bit"]) for row in tables(PAGE, "Reverse file")[0]}
    assert found == {kind: number for number, kind in enumerate(KINDS)}
    assert all(reverse.BIT[kind] == 1 << bit for kind, bit in found.items())


def test_a_forward_record_has_the_parts_of_the_page() -> None:
    assert column(PAGE, "Forward file", "part") == ["releases", "files", "texts"]
    alternative = Alternative("python3", "any", ">=", "3.11", "amd64", "!nocheck")
    package = Package("a", {("1", "all"): Release("1", "all", {}, {"depends": ((alternative,),)})})
    [[version, architecture, fields, relations]] = forward.releases_parts(package)
    assert (version, architecture, fields) == ("1", "all", {})
    shown = [row["of `python3:any (>= 3.11) [amd64] <!nocheck>`"].strip("`") for row in tables(PAGE, "Alternative")[0]]
    assert relations["depends"][0][0] == shown


def test_a_delta_has_the_parts_of_the_page() -> None:
    assert column(PAGE, "Delta", "part") == ["stamps", "packages", "named"]
    found = Delta({"a": Changed(STAMP, record=b"x")}, {"b": Named("41-k3q9ab", {"a": 1})})
    stamps, packages, named = msgpack.unpackb(delta.encode(found))
    assert (stamps, named) == ([STAMP, "41-k3q9ab"], {"b": [1, {"a": 1}]})
    assert packages == {"a": [0, *found.packages["a"][1:]]}
    header = delta.encode_file(found, STAMP).split(b" ")
    assert header[1:4] == [b"%d" % envelope.FORMATS["delta"][-1], b"delta", STAMP.encode()]


def test_the_tables_of_a_shard_are_those_that_sqlite_makes() -> None:
    found = [tuple(cell.replace("`", "") for cell in row.values()) for row in tables(PAGE, "Shards")[0]]
    assert found == [
        (kind, table, ", ".join(columns)) for kind in shard.SCHEMA for table, columns in _tables_of(shard.SCHEMA[kind])
    ]


def _tables_of(schema: str) -> list[tuple[str, list[str]]]:
    connection = sqlite3.connect(":memory:")
    connection.executescript(schema)
    # Not what FTS5 keeps for itself.
    tables = [name for (name,) in connection.execute("SELECT name FROM pragma_table_list WHERE type IN ('table', 'virtual')")]
    found = [(name, [row[1] for row in connection.execute(f"PRAGMA table_info({name})")])
             for name in _in_schema_order(schema, tables)]
    connection.close()
    return found


def _in_schema_order(schema: str, tables: list[str]) -> list[str]:
    return sorted((name for name in tables if f"TABLE {name} " in schema), key=lambda name: schema.index(f"TABLE {name} "))


def test_the_facts_of_a_shard_and_the_numbers_that_sqlite_shows(tmp_path: Path) -> None:
    built = shardfile.build_text(str(tmp_path / "text"), [["curl", "transfer data", {"curl": 200}, ["section\0web"]]])
    assert built is not None
    shardfile.seal(built, 1, STAMP)
    connection = sqlite3.connect(built.file)
    assert {key for (key,) in connection.execute("SELECT key FROM facts")} == set(column(PAGE, "Shards", "fact"))
    numbers = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version", "page_size")]
    connection.close()
    assert numbers == [shard.APPLICATION_ID, shard.FORMATS["text"], shard.PAGE_BYTES]
    said = " ".join(section(PAGE, "Shards").split())
    assert f"`application_id` is `0x{numbers[0]:08X}`" in said
    formats = [f"`{number}` of {kind} shards" for kind, number in shard.FORMATS.items()]
    assert f"`user_version` is the format, {' and '.join(formats)}; a page has {numbers[2]} bytes" in said


def test_the_columns_that_words_are_weighted_by() -> None:
    found = [tuple(row.values()) for row in tables(PAGE, "Text shards")[0]]
    assert found == [
        (f"`{name}`", f"{weight:g}", f"{average:g}", f"{normalisation:g}")
        for name, weight, average, normalisation in terms.COLUMNS
    ]
    assert f"255 f / ({terms.K1} + f)" in section(PAGE, "Text shards")
    assert f"up to {terms.RAW_POSTINGS_MAX} packages" in " ".join(section(PAGE, "Text shards").split())


def test_a_posting_list_is_laid_out_as_the_page_says() -> None:
    content = b"\3\0\0\0" + b"\2\0\0\0" + bytes([200, 7])
    assert terms.encode_postings([3, 5], [200, 7]) == b"\0" + content + crc_hqx(content, 0xFFFF).to_bytes(2, "little")


def test_a_block_of_lists_is_laid_out_as_the_page_says() -> None:
    found = {"net": [3, 5], "web": [4]}
    written = lists.encode([lists.Listing("section", token, array("I", packages)) for token, packages in found.items()])
    numbers = [2, 1, 3, 2, 4]
    assert written == (7).to_bytes(4, "little") + b"net\nweb" + b"".join(number.to_bytes(4, "little") for number in numbers)
    assert column(PAGE, "Text shards", "part") == ["length", "tokens", "counts", "numbers"]
    said = " ".join(section(PAGE, "Text shards").split())
    assert f"at most {lists.TOKENS_MAX} tokens, and at most {lists.NUMBERS_MAX} packages unless it has one token" in said


def test_the_fields_of_the_lists_that_no_package_carries() -> None:
    said = section(PAGE, "Text shards")
    assert tokens.BARE == ""
    assert f"the field `{tokens.SIMILAR}`" in said
    assert f"{tokens.PIECE_CHARACTERS_MAX} characters" in said
    assert f"{tokens.TERM_CHARACTERS_MAX} of an identifier" in " ".join(said.split())
    never = " ".join(said.split()).partition("never listed: ")[2].partition(".")[0]
    assert never.replace("`", "").split(", ") == sorted(tokens.UNLISTED - {"relation", "kind"})


def test_a_block_is_laid_out_as_the_page_says() -> None:
    written, trigrams = block.encode([b"/a/b\tx", b"/a/c\tx", b"/d\ty"])
    assert written == (12).to_bytes(4, "little") + b"/a/b\n/a/c\n/d" + b"2 x\n1 y"
    assert trigrams == "/a/b\na/c\n/d\n"
    assert f"blocks of {block.LINES} lines" in " ".join(section(PAGE, "Paths shards").split())


def test_the_tails_of_a_name_in_the_spool() -> None:
    example = "Contents-amd64.gz@copy-2@full@id-abcdefghijklmnop"
    assert f"`{example}`" in section(PAGE, "The spool")
    assert spool_names.parse(example)._replace(filename="").name == "@copy-2@full@id-abcdefghijklmnop"
    assert spool_names.parse(example).name == example
    told = column(PAGE, "The spool", "tail")
    drops = [spool_names.Drop("", copy=2), *[spool_names.Drop("", mode) for mode in spool_names.MODES],
             spool_names.Drop("", id="abcdefghijklmnop")]
    assert told == [drop.name for drop in drops]


def test_the_names_of_the_spool() -> None:
    said = section(PAGE, "The spool")
    for name in (spool_names.SENTINEL, spool_names.INCOMING, spool_names.FULL_MARKER, spool_names.CLAIMED,
                 spool_names.HEARTBEAT, spool_names.REJECTED, spool_names.REASON_SUFFIX):
        assert name in said
    assert " ".join(f"`{suffix}`" for suffix in spool_names.IGNORED_SUFFIXES) in said


def test_the_limits_that_the_page_names() -> None:
    said = {row["field"].strip("`"): row["is"] for row in tables(PAGE, "Manifest")[0]}
    assert f"last {SUBMISSIONS_REMEMBERED} submissions" in said["recent"]
    assert f"{LOOSE_TEXT}, its words" in said["loose"]
    assert f"{LOOSE_PATHS}, its paths" in said["loose"]
    assert f"up to {NAMES_SHOWN_MAX} of them" in tables(PAGE, "Change")[0][3]["is"]


def test_the_history_ends_with_the_format_that_is_written() -> None:
    formats = [int(number) for number in column(PAGE, "History", "format")]
    assert formats == sorted(formats)
    assert formats[-1] == max(envelope.FORMAT, *shard.FORMATS.values(), *(formats[-1] for formats in envelope.FORMATS.values()))


def test_the_parts_of_a_journal_are_those_that_are_written() -> None:
    rows = tables(PAGE, "Journal")[0]
    assert sum(int(row["bytes"] or 0) for row in rows) == journal.FIXED_BYTES
    assert rows[0]["part"] == "mark"
    assert f"`{journal.MARK.decode()}`" in section(PAGE, "Journal")
    magic, rest = journal.HEAD.decode().strip().split(" ", 1)
    assert f"the word `{magic}`, then `{rest}`" in section(PAGE, "Journal")
    assert f"{journal.MAKE}: made, {journal.REMOVE}: removed" in section(PAGE, "Journal")


def test_a_list_of_commands_is_laid_out_as_the_page_says() -> None:
    rows = [("7z", "p7zip-full", "/usr/bin", False), ("ls", "coreutils", "/usr/bin", True)]
    head, *lines = commands.encode("debian", 42, "debian", rows).decode().splitlines()
    assert f"    {head}\n" in section(PAGE, "Lists of commands")
    assert lines == ["7z\tp7zip-full\t/usr/bin\t-", "ls\tcoreutils\t/usr/bin\t+"]
    assert column(PAGE, "Lists of commands", "column") == ["command", "package", "directory", "installed"]


def test_the_actions_of_changes_are_those_there_are() -> None:
    said = {row["field"]: row["is"] for row in tables(PAGE, "Changes")[0]}
    assert said["action"] == "`installed`, `upgraded`, `downgraded` or `removed`"
    assert ACTIONS == ("installed", "upgraded", "downgraded", "removed")
