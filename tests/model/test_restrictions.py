from __future__ import annotations

import pytest

from pkgindex.model.package import Alternative
from pkgindex.model.restrictions import holds_on


@pytest.mark.parametrize(
    ("architectures", "holds", "holds_not"),
    [
        ("", ["amd64", "all", "", "hurd-i386"], []),
        ("amd64", ["amd64"], ["arm64", "all", "", "kfreebsd-amd64"]),
        ("amd64 arm64", ["amd64", "arm64"], ["i386"]),
        ("!amd64", ["arm64", "all", ""], ["amd64"]),
        ("!amd64 !hurd-i386", ["i386"], ["amd64", "hurd-i386"]),
        ("any", ["amd64", "hurd-i386"], []),
        ("linux-any", ["amd64", "arm64"], ["hurd-i386", "kfreebsd-amd64"]),
        ("linux-amd64", ["amd64"], ["kfreebsd-amd64", "i386"]),
        ("any-i386", ["i386", "hurd-i386"], ["amd64"]),
        ("hurd-any", ["hurd-i386"], ["i386"]),
        ("!linux-any", ["hurd-i386"], ["amd64"]),
    ],
)
def test_an_architecture_is_listed_or_not(architectures: str, holds: list[str], holds_not: list[str]) -> None:
    alternative = Alternative("x", architectures=architectures)
    assert [architecture for architecture in holds if not holds_on(alternative, architecture)] == []
    assert [architecture for architecture in holds_not if holds_on(alternative, architecture)] == []


@pytest.mark.parametrize(
    ("profiles", "holds"),
    [("", True), ("!nocheck", True), ("cross", False), ("!nocheck !nodoc", True), ("!nocheck cross", False),
     ("cross> <!nodoc", True), ("cross> <stage1", False)],
)  # fmt: skip
def test_no_profile_is_active_in_what_was_built(profiles: str, holds: bool) -> None:
    assert holds_on(Alternative("x", profiles=profiles), "amd64") is holds
