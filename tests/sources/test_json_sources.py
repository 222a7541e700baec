from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.errors import Incomplete, Rejected
from pkgindex.model.package import Alternative, Release, Text
from pkgindex.sources.documents import Documents
from pkgindex.sources.facts import Covers, Fact, Fault, Paths, Releases, Removed, Texts, Whole
from pkgindex.sources.jsonpackages import JsonPackages, first_keys
from pkgindex.sources.limits import DEFAULT

CURL: dict[str, Any] = {
    "name": "curl",
    "version": "8.10",
    "architecture": "amd64",
    "summary": "a tool",
    "description": "moves data",
    "depends": ["libc6 (>= 2.34)", "zlib1g | zlib2"],
    "pre_depends": "dpkg, init",
    "files": ["/usr/bin/curl", "usr/share/é"],
    "license": ["MIT", "curl"],
    "size": 1.10,
    "essential": False,
    "homepage": None,
    "fields": {"Stars": 5},
}
CURL_FACTS: list[Fact] = [
    Covers("meta"),
    Releases(
        "curl",
        Release(
            "8.10",
            "amd64",
            {"summary": "a tool", "license": "MIT, curl", "size": "1.1", "essential": "false", "stars": "5"},
            {
                "depends": ((Alternative("libc6", "", ">=", "2.34"),), (Alternative("zlib1g"), Alternative("zlib2"))),
                "pre-depends": ((Alternative("dpkg"),), (Alternative("init"),)),
            },
        ),
    ),
    Covers("text", ""),
    Texts("curl", "", Text("a tool", "moves data")),
    Covers("files", "amd64"),
    Paths("amd64", [b"/usr/bin/curl\tcurl", "/usr/share/é\tcurl".encode()]),
]


def facts(data: bytes | str, source: JsonPackages | Documents | None = None) -> list[Fact]:
    raw = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
    return list((source or JsonPackages()).read(io.BytesIO(raw), "x.json"))


def packages(found: list[Fact]) -> list[str]:
    return [fact.package for fact in found if isinstance(fact, Releases)]


def test_an_object_becomes_a_release_its_text_and_its_files() -> None:
    assert facts(json.dumps(CURL)) == CURL_FACTS


@pytest.mark.parametrize(
    "shape",
    ["{0}", "[{0}]", "\ufeff [ {0} ] \n", '{{"packages": [{0}]}}', '{{"packages":[{0}], "made": {{"by": 1}}}}',
     '{{"made": [1], "packages": [{0}]}}', "{0}\n", "\n\n{0}\r\n\r\n"],
)  # fmt: skip
@pytest.mark.parametrize("indent", [None, 2])
def test_every_shape_reads_the_same(shape: str, indent: int | None) -> None:
    assert facts(shape.format(json.dumps(CURL, indent=indent))) == CURL_FACTS


@pytest.mark.parametrize("count", [0, 1, 2, 50_000])
@pytest.mark.parametrize(("start", "between", "end"), [("[", ",\n", "]"), ("", "\n", "\n"), ('{"packages":[', ",", "]}")])
def test_many_packages_stream_over_many_blocks(count: int, start: str, between: str, end: str) -> None:
    data = start + between.join(f'{{"name": "package-{number}", "version": "{number}"}}' for number in range(count)) + end
    found = facts(data)
    assert packages(found) == [f"package-{number}" for number in range(count)]
    assert not [fact for fact in found if isinstance(fact, Fault)]


def test_removals_and_whole_packages() -> None:
    assert facts('{"name": "a", "removed": true}\n{"name": "b", "removed": false, "version": "1"}')[0] == Removed("a")
    found = facts('{"name": "a", "releases": [{"version": "1"}, {"version": "2", "architecture": "all", "files": ["/x"]}]}')
    assert [fact for fact in found if not isinstance(fact, Covers)] == [
        Whole("a"),
        Releases("a", Release("1")),
        Releases("a", Release("2", "all")),
        Paths("all", [b"/x\ta"]),
    ]


def test_files_alone_say_nothing_of_releases() -> None:
    assert facts('{"name": "a", "files": ["/x"]}') == [Covers("files", ""), Paths("", [b"/x\ta"])]


@pytest.mark.parametrize(
    "bad",
    ['{"name": ', "nonsense", '{"name": "a b"}', '{"version": "1"}', '{"name": "a", "depends": ["("]}', "[1]", "7", "null",
     '{"name": "a", "files": ["/../x"]}', '{"name": "a", "files": {"x": 1}}', '{"name": "a", "license": [["MIT"]]}',
     '{"name": "a", "releases": 1}', '{"name": ["a"]}', '{"name": "\\ud800"}', '{"name": "a", "files": ["/\\ud800"]}',
     '{"name": "a", "size": NaN}', '{"name": "cut', '{"name": "a\\u00', '{"name": "", "version": "1"}',
     '{"name": "a", "files": ["/a\\u0000b"]}', '{"name": "a", "version": "1 2"}', "[" * 100_000],
)  # fmt: skip
def test_a_bad_line_is_a_fault_with_its_number_and_costs_no_other(bad: str) -> None:
    good = '{"name": "good", "version": "1"}'
    if bad.startswith("[["):
        with pytest.raises(Rejected, match=r"line 2.*nested"):
            facts(f"{good}\n{bad}\n{good}\n")
        return
    found = facts(f"{good}\n{bad}\n{good}\n")
    assert packages(found) == ["good", "good"]
    assert {fact.where for fact in found if isinstance(fact, Fault)} == {"line 2"}


def test_deep_nesting_is_a_fault_or_rejected_and_never_a_crash() -> None:
    deep = '{"name": "a", "x": ' + "[" * 100_000 + "]" * 100_000 + "}"
    (fault, covers, good) = facts(deep + '\n{"name": "good", "version": "1"}\n')
    assert isinstance(fault, Fault) and "nested" in fault.reason
    assert isinstance(good, Releases) and covers
    with pytest.raises(Rejected, match="nested"):
        facts("[" + deep + "]")


def test_a_bad_object_in_an_array_is_a_fault_and_bad_json_is_rejected() -> None:
    found = facts('[{"name": "a", "version": "1"},\n\n{"name": ""},\n{"name": "c", "version": "1"}]')
    assert packages(found) == ["a", "c"]
    assert [fact.where for fact in found if isinstance(fact, Fault)] == ["line 3"]
    with pytest.raises(Rejected, match="line 2"):
        facts('[{"name": "a"},\n{"name" "b"}, ' + " " * 100 + "]")


@pytest.mark.parametrize(
    "data", ['[{"name": "a", "version": "1"}, {"name": "b"}]', '{"name": "a", "version": "1"}', '{"packages": [{"name": "a"}]}']
)
def test_json_cut_short_anywhere_is_incomplete(data: str) -> None:
    for cut in range(1, len(data)):
        with pytest.raises(Incomplete):
            facts(data[:cut])


def test_a_last_line_without_its_end_is_incomplete() -> None:
    with pytest.raises(Incomplete, match="line 2"):
        facts('{"name": "a", "version": "1"}\n{"name": "b", "ver')


def test_a_value_that_never_ends_is_rejected() -> None:
    with pytest.raises(Rejected, match="more than"):
        list(JsonPackages(DEFAULT._replace(value_bytes_max=1000)).read(io.BytesIO(b'["' + b"x" * (5 << 20)), "x"))


def test_paths_keep_bytes_that_are_no_utf8() -> None:
    found = facts(b'{"name": "a", "files": ["/caf\xe9"], "summary": "caf\xe9"}')
    assert any(isinstance(fact, Paths) and fact.pairs == [b"/caf\xe9\ta"] for fact in found)
    (release,) = [fact.release for fact in found if isinstance(fact, Releases)]
    release.summary.encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "id", "files", "depends", "releases", "packages", "fields", "text", "removed"]), inner
        )
    ),
    max_leaves=10,
)


@given(st.lists(JSON, max_size=3), st.sampled_from(["\n", ",", ""]), st.booleans())
def test_no_json_raises_anything_but_rejected(items: list[Any], between: str, listed: bool) -> None:
    data = between.join(json.dumps(item) for item in items)
    data = f"[{data}]" if listed else data
    for source in (JsonPackages(), Documents()):
        try:
            found = facts(data, source)
        except Rejected:
            continue
        for fact in found:
            if isinstance(fact, Releases):
                json.dumps(fact, ensure_ascii=False).encode()


@given(st.lists(st.sampled_from(['{"name":"a"', "}", "[", "]", ",", '"', "\\", "\n", ":", "1", "\ufeff", "\udcff", "tru"])))
def test_no_text_raises_anything_but_rejected(pieces: list[str]) -> None:
    data = "".join(pieces)
    first_keys(data.encode("utf-8", "surrogateescape"))
    for source in (JsonPackages(), Documents()):
        try:
            facts(data, source)
        except Rejected:
            continue


def test_a_document_is_a_package_that_is_found_by_its_text() -> None:
    data = (
        '{"id": "doc/1", "updated_at": "2026-01-02", "text": "all of it", "title": "One", "tags": ["a", "b"]}\n'
        '{"id": 2, "alive": false}\n{"id": "x y", "text": ""}\n{"text": "no id"}\n'
    )
    covers_meta, covers_text, release, text, removed, *faults = facts(data, Documents())
    assert (covers_meta, covers_text) == (Covers("meta"), Covers("text", ""))
    fields = {"updated-at": "2026-01-02", "tags": "a, b", "summary": "One"}
    assert release == Releases("doc/1", Release(fields=fields))
    assert text == Texts("doc/1", "", Text("One", "all of it"))
    assert removed == Removed("2")
    assert [fact.where for fact in faults if isinstance(fact, Fault)] == ["line 3", "line 4"]


@pytest.mark.parametrize(
    ("head", "packages_known", "documents_known"),
    [
        (b'{"name": "a"', True, False),
        (b'[{"x": {"id": 1, "text": 2}, "name": "a"', True, False),
        (b'{"packages": [{"version": "1"', True, False),
        (b"[ ]", True, False),
        (b'{"id": "1", "updated_at": "x", "text"', False, True),
        (b'[\n{"id": "1", "alive": false}', False, True),
        (b'{"documents": [', False, True),
        (b'{"x": {"name": 1}}', False, False),
        (b'{"bomFormat": "CycloneDX"}', False, False),
        (b"Package: a\n", False, False),
        (b'{"' + b'\\"' * 32_000, False, False),
        (b"", False, False),
    ],
)
def test_json_is_known_by_the_keys_of_its_first_object(head: bytes, packages_known: bool, documents_known: bool) -> None:
    assert JsonPackages().recognises("x", head) == packages_known
    assert Documents().recognises("x", head) == documents_known
