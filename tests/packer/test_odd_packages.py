"""Packages that are legal and unusual, in every partition, loose and in shards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from packer.world import Expected, checked, drop, holding, make, newest, packed
from pkgindex.query.relating import relations
from pkgindex.store.memory import MemoryBackend

LONG = "n" * 255
PACKAGES: dict[str, list[dict[str, Any]]] = {
    "case pairs": [{"name": name, "version": "1", "files": [f"/usr/{name}"]}
                   for name in ("docbook2x", "docbook2X", "DOCBOOK2X")],
    "names that lead elsewhere": [
        {"name": name, "version": "1", "depends": ["../../etc/shadow"]}
        for name in ("../../etc/passwd", "..", ".", "/", "a/b", "a%2fb", "~", "con", "a=b", "'\";--", "*", "%00")
    ],
    "long names": [{"name": LONG, "version": "1", "depends": ["d" * 255, LONG[:-1]]}, {"name": LONG[:-1], "version": "1"},
                   {"name": LONG[:-1].upper(), "version": "1"}, {"name": "n" * 161, "version": "1"}],
    "names in other scripts": [{"name": name, "version": "1", "summary": name} for name in
                               ("\u00e9t\u00e9", "e\u0301te\u0301", "\u65e5\u672c", "\N{GRINNING FACE}", "\u0130stanbul")],
    "paths that are no UTF-8": [{"name": "a", "files": ["/caf\udce9", "/caf\udce9/\udcff\udcfe", "/caf\u00e9"]}],
    "paths with white space": [{"name": name, "version": "1", "files": ["/a\nb", "/a\tb", "/a b", "/a\rb", "/a\n", "/a", "/\n"]}
                               for name in ("a", "b", "zz")],
    "a package that names itself": [{"name": "a", "version": "1", "depends": ["a", "a (>= 2) | b"], "conflicts": ["a"]}],
    "names that nobody ships": [
        {"name": "a", "version": "1", "depends": ["nobody | no-one", "virtual"], "suggests": ["nobody"]}
    ],
    "several versions and architectures": [
        {"name": "a", "version": version, "architecture": architecture, "depends": [f"dep-{version}-{architecture}"],
         "files": [f"/{architecture}/{version}", "/shared"]}
        for version in ("1", "2~rc1", "1:0") for architecture in ("amd64", "i386", "all")
    ],
    "files and nothing else": [{"name": "a", "files": ["/a"]}, {"name": "b", "architecture": "amd64", "files": ["/a"]}],
    "nothing but a name": [{"name": "a"}, {"name": "b", "version": ""}],
    "a path of many packages": [{"name": f"p{number:03}", "version": "1", "files": ["/one", "/usr"]} for number in range(300)],
    "a package of many paths": [{"name": "a", "version": "1", "files": [f"/usr/share/{n % 7}/{n}" for n in range(1000)]}],
}  # fmt: skip


@pytest.mark.parametrize("partition", ["package", "bucket", "whole"])
@pytest.mark.parametrize("limit", [0, 1000])
@pytest.mark.parametrize("what", PACKAGES)
def test_packages_come_out_as_they_went_in(tmp_path: Path, what: str, limit: int, partition: str) -> None:
    backend, model = MemoryBackend(), Expected()
    make(backend, partition)
    submission = drop(tmp_path, PACKAGES[what])
    report = packed(backend, submission, loose_packages_max=limit)
    assert (report.faults, report.refused) == ((), ())
    model.pack([submission])
    checked(newest(backend), model.all())
    assert bool(newest(backend).manifest.shards) is (limit == 0)


def test_a_package_of_which_only_files_are_known_is_found_by_its_name_whatever_was_before(tmp_path: Path) -> None:
    alone: list[dict[str, Any]] = [{"name": "curl", "files": ["/c"]}]
    for history in ([alone], [[{**alone[0], "version": "1"}], [{"name": "curl", "removed": True}, *alone]]):
        for limit in (0, 64):
            backend = MemoryBackend()
            for content in history:
                packed(backend, drop(tmp_path, content), loose_packages_max=limit)
            assert holding(newest(backend), "curl") == ["curl"]
            assert list(newest(backend).names("c")) == ["curl"]


def test_a_name_that_nobody_ships_has_dependants(tmp_path: Path) -> None:
    backend = MemoryBackend()
    packed(backend, drop(tmp_path, PACKAGES["names that nobody ships"]))
    snapshot = newest(backend)
    edges = relations.dependants(snapshot, "nobody")
    assert [(edge.kind, edge.name) for edge in edges] == [("depends", "a"), ("suggests", "a")]
    assert snapshot.package("nobody") is None
