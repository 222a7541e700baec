"""Words, attributes and names: a package says the same of itself loose, in a shard, and in one of several."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from packer.world import REPO, drop, listed, newest, packed, worths
from pkgindex.config import Settings
from pkgindex.packer.merge import merge
from pkgindex.packer.target import Target
from pkgindex.snapshot import text
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.snapshot.text import LooseText, TextShard
from pkgindex.store.memory import MemoryBackend

PACKAGES: list[dict[str, Any]] = [
    {"name": "curl", "version": "8", "architecture": "amd64", "summary": "transfer data", "section": "web",
     "depends": ["libc6 (>= 2)", "zlib1g | zlib2"], "maintainer": "Alessandro Ghedini <ghedo@debian.org>"},
    {"name": "docbook2X", "version": "0.8", "architecture": "amd64", "summary": "man pages", "section": "text",
     "provides": ["converter"], "tag": "role::program, use::converting"},
    {"name": "libc6", "version": "2", "architecture": "amd64", "summary": "GNU C library", "section": "libs"},
    {"name": "nginx", "version": "1", "architecture": "all", "summary": "web server", "section": "httpd", "size": "12"},
    {"name": "web/server/apache", "version": "2", "architecture": "all", "summary": "web server", "depends": ["web/lib/ssl"]},
    {"name": "zlib1g", "version": "1", "architecture": "all", "summary": "", "keywords": "packs data"},
]  # fmt: skip
GONE = {"name": "gone", "version": "8", "summary": "web", "section": "web", "depends": ["libc6"]}


def in_one_shard(directory: object) -> MemoryBackend:
    backend = MemoryBackend()
    packed(backend, drop(directory, PACKAGES), loose_packages_max=0)
    return backend


def loose(directory: object) -> MemoryBackend:
    backend = MemoryBackend()
    packed(backend, drop(directory, PACKAGES))
    return backend


def with_dead(directory: object) -> MemoryBackend:
    """In a shard beside another of the same name that is dead, and one that is gone."""
    backend = MemoryBackend()
    packed(backend, drop(directory, [GONE, {**PACKAGES[0], "section": "old", "depends": ["libold"]}]), loose_packages_max=0)
    packed(backend, drop(directory, PACKAGES[:3]), loose_packages_max=0)
    packed(backend, drop(directory, [*PACKAGES[3:], {"name": "gone", "removed": True}]), loose_packages_max=0)
    return backend


def with_some_loose(directory: object) -> MemoryBackend:
    backend = with_dead(directory)
    packed(backend, drop(directory, [{**PACKAGES[3], "section": "odd"}]))
    packed(backend, drop(directory, [PACKAGES[3]]))
    return backend


def merged(directory: object) -> MemoryBackend:
    backend = with_some_loose(directory)
    assert merge(Target(backend, REPO, Settings()), force=True) is not None
    return backend


SPREAD = (in_one_shard, loose, with_dead, with_some_loose, merged)


def every(word: str) -> bool:
    return True


def told(snapshot: Snapshot) -> dict[str, Any]:
    """All that the text shards of *snapshot* say together, by name."""
    shards = snapshot.text_shards
    found: dict[str, Any] = {}
    for shard in shards:
        known = shard.packages(shard.numbers())
        assert [shard.package(number) for number in shard.numbers()] == list(known.values())
        assert shard.count() == len(known) == len(shard.numbers())
        assert shard.numbers_of([*(name for name, _ in known.values()), "nobody", "gone"]) == {
            name: number for number, (name, _) in known.items()}
        assert list(shard.names("")) == [name for name, _ in known.values()] == sorted(shard.names(""))
        assert list(shard.names_like("", lambda name: "c" in name)) == [name for name in shard.names("") if "c" in name]
        for word in shard.words_like("", every):
            assert len(shard.postings(word)) <= shard.cost(word)
            assert next(iter(shard.words_like(word, every))) == word
        for field in shard.fields():
            for token, numbers in shard.attributes_like(field, "", every):
                assert shard.attribute(field, token) == numbers
                assert len(numbers) <= shard.attribute_cost(field, token)
                assert dict(shard.attributes_like(field, token, lambda found, token=token: found == token)) == {token: numbers}
        found.update(known.values())
    fields = {field for shard in shards for field in shard.fields()}
    return {"summaries": found, "worths": worths(snapshot), "listed": listed(snapshot), "fields": fields}


@pytest.mark.parametrize("spread", SPREAD)
def test_the_same_is_told_however_the_packages_are_spread(spread: Any, tmp_path: Any) -> None:
    found = told(newest(spread(tmp_path)))
    assert found == told(newest(in_one_shard(tmp_path)))
    assert ("curl", "depends", "zlib2") in found["listed"]
    assert ("web/server/apache", "name", "apache") in found["listed"]
    assert ("zlib1g", "", "packs") in found["listed"]
    assert found["fields"] >= {"section", "depends", "provides", "tag", "version"}
    assert not found["fields"] & {"", "~", "summary"}


@pytest.mark.parametrize("spread", [in_one_shard, loose])
def test_what_nobody_carries_is_empty_and_costs_nothing(spread: Any, tmp_path: Any) -> None:
    [shard] = newest(spread(tmp_path)).text_shards
    odd = ["", "nothing", "\udc80", "\0", "x" * 100, "\U0010ffff"]
    for token in odd:
        assert shard.postings(token) == {}
        assert shard.cost(token) == 0
        assert shard.attribute("section", token) == shard.attribute(f"no {token}", "web") == set()
        assert shard.attribute_cost("section", token) == 0
    assert shard.numbers_of(odd) == {}
    assert list(shard.attributes_like("nothing", "", every)) == list(shard.attributes_like("section", "x", every)) == []


def test_a_beginning_leads_into_the_middle_of_many_blocks(tmp_path: Any) -> None:
    backend = MemoryBackend()
    packed(backend, drop(tmp_path, [{"name": f"p{number:04}", "version": f"{number:04}"} for number in range(1000)]),
           loose_packages_max=0)
    [shard] = newest(backend).text_shards
    for beginning, count in (("", 1000), ("0", 1000), ("05", 100), ("0999", 1), ("01", 100), ("1", 0)):
        found = list(shard.attributes_like("version", beginning, every))
        assert [token for token, _ in found] == [f"{number:04}" for number in range(1000)
                                                 if f"{number:04}".startswith(beginning)]
        assert len(found) == count
        assert all(shard.packages(numbers) == dict.fromkeys(numbers, (f"p{token}", "")) for token, numbers in found)


def test_many_names_are_looked_up_in_parts(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "NAMES_AT_ONCE", 2)
    [shard] = newest(in_one_shard(tmp_path)).text_shards
    names = [package["name"] for package in PACKAGES]
    assert sorted(shard.numbers_of(names)) == sorted(names)


CHANGES: dict[str, dict[str, Any]] = {
    "its needs": {"depends": ["libc7"]}, "its version": {"version": "9"}, "its files": {"files": ["/c"]},
}  # fmt: skip


def changed(directory: object) -> Iterator[tuple[str, MemoryBackend]]:
    for what, change in CHANGES.items():
        backend = in_one_shard(directory)
        package = {**PACKAGES[0], **change}
        packed(backend, drop(directory, [{"name": "curl", "removed": True}, package] if "version" in change else [package]))
        yield what, backend


def test_what_changes_only_needs_or_version_is_listed_anew_and_what_changes_only_files_is_not(tmp_path: Any) -> None:
    kinds = {what: [type(shard) for shard in newest(backend).text_shards] for what, backend in changed(tmp_path)}
    assert kinds == {
        "its needs": [TextShard, LooseText], "its version": [TextShard, LooseText], "its files": [TextShard],
    }
    for what, backend in changed(tmp_path):
        needs = {token for name, field, token in listed(newest(backend)) if (name, field) == ("curl", "depends")}
        assert needs == ({"libc7"} if what == "its needs" else {"libc6", "zlib1g", "zlib2"})
