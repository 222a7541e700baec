"""Smaller repositories of the same packages, and the change that is published in them."""

from __future__ import annotations

import json
import os

from bench_data import REPO, Place
from bench_peers import Peers
from pkgindex.config import Settings
from pkgindex.packer.pack import pack
from pkgindex.packer.submissions import Submission
from pkgindex.packer.target import Target
from pkgindex.query.index import Index
from pkgindex.store.local import LocalBackend

CHANGED = "curl"


def change(number: int, index_path: str) -> bytes:
    """A submission that gives one package of the repository version *number*, and leaves it what else it has."""
    with Index(index_path) as index:
        (_, _, package), *_ = index.package(CHANGED)
    (_, architecture), release = next(iter(package.releases.items()))
    files = [path.decode() for paths in package.files.values() for path in paths]
    needs = [" | ".join(alternative.name for alternative in relation) for relation in release.relations.get("depends", ())]
    return json.dumps({"name": CHANGED, "releases": [{
        "version": f"{number}-bench", "architecture": architecture, "summary": release.summary, "depends": needs,
        "files": [*files, f"/usr/share/bench/{number}"],
    }]}).encode()


def subset(place: Place, peers: Peers, step: int) -> str:
    """An index of every *step*-th package of the lists, made anew."""
    listings = subset_files(place, peers, step)
    index = place.emptied(f"subset-{step}-index")
    os.makedirs(os.path.join(index, REPO))
    pack_files(target_of(index), listings, "made")
    return index


def subset_files(place: Place, peers: Peers, step: int) -> list[str]:
    """Packages and Contents of every *step*-th package; the one that is changed is among them."""
    folder = place.path(f"subset-{step}")
    files = [os.path.join(folder, name) for name in ("Packages", "Contents-all")]
    if os.path.exists(os.path.join(folder, "whole")):
        return files
    place.emptied(os.path.basename(folder))
    with open(peers.packages, "rb") as file:
        paragraphs = file.read().split(b"\n\n")
    name_of = {paragraph: paragraph.partition(b"\n")[0].removeprefix(b"Package: ") for paragraph in paragraphs if paragraph}
    chosen = {name for place_, name in enumerate(name_of.values()) if place_ % step == 0} | {CHANGED.encode()}
    with open(files[0], "wb") as file:
        file.writelines(paragraph + b"\n\n" for paragraph, name in name_of.items() if name in chosen)
    with open(peers.pairs, "rb") as pairs, open(files[1], "wb") as file:
        split = (line[1:-1].rpartition(b"\t") for line in pairs)
        file.writelines(b"%s    x/%s\n" % (path, name) for path, _, name in split if name in chosen)
    with open(os.path.join(folder, "whole"), "wb"):
        return files


def target_of(index: str) -> Target:
    return Target(LocalBackend(os.path.join(index, REPO)), REPO, Settings())


def pack_files(target: Target, files: list[str], id: str) -> float:
    report = pack(target, [Submission(file, os.path.basename(file), f"{id}-{place}") for place, file in enumerate(files)])
    if report.refused or not report.generation:
        raise SystemExit(f"packing {files} gave {report}")
    return report.seconds
