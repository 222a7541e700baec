"""What the questions of the table are asked about: two repositories, as the files that one would drop.

`debian` is a `Packages` and a `Contents` listing written for the table, `ips` a manifest of several packages: in substance
what pkg(5)'s own search is tested with, and what else a manifest can hold. `packages` lays them together the slow way.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from packer.world import Expected
from pkgindex.model.package import Package
from pkgindex.packer.submissions import Submission

DROPS = Path(__file__).parent / "drops"
DEBIAN, IPS = "debian", "ips"
FILES = {DEBIAN: ("Packages", "Contents-amd64"), IPS: ("ips.p5m",)}


class Drop(NamedTuple):
    """A file as it would be dropped."""

    filename: str
    content: str


def drops(repo: str) -> list[Drop]:
    """The files of a repository."""
    return [Drop(filename, (DROPS / filename).read_text()) for filename in FILES[repo]]


def drops_of_each(repo: str) -> Iterator[list[Drop]]:
    """The same, apart: for each package the files that tell of it and of no other."""
    if repo == IPS:
        _, *manifests = drops(repo)[0].content.split("set name=pkg.fmri ")
        yield from ([Drop("manifest", f"set name=pkg.fmri {rest}")] for rest in manifests)
        return
    listing, contents = drops(repo)
    for stanza in listing.content.split("\n\n"):
        package = stanza.split("\n")[0].removeprefix("Package: ")
        lines = [f"{path} x/{package}\n" for path, package_of in _owned(contents.content) if package_of == package]
        yield [Drop("Packages", f"{stanza.strip()}\n"), *([Drop("Contents-amd64", "".join(lines))] if lines else [])]


def _owned(contents: str) -> Iterator[tuple[str, str]]:
    for line in contents.splitlines():
        path, owners = line.rsplit(maxsplit=1)
        for owner in owners.split(","):
            yield path, owner.rpartition("/")[2]


def submissions(directory: str, dropped: list[Drop], mode: str = "") -> list[Submission]:
    """*dropped* as files in *directory*, which is made, and what a pack is given of them."""
    os.makedirs(directory)
    found = []
    for number, (filename, content) in enumerate(dropped):
        path = os.path.join(directory, f"{number}-{filename}")
        with open(path, "w") as file:
            file.write(content)
        found.append(Submission(path, filename, f"{directory}/{number}", mode))
    return found


@cache
def packages(repo: str) -> dict[str, Package]:
    """The packages of a repository by name, laid together without an index."""
    expected = Expected()
    expected.pack([Submission(str(DROPS / filename), filename) for filename in FILES[repo]])
    return expected.all()
