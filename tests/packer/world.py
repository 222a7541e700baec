"""What packing must come to, worked out the slow way, and every answer that a repository gives.

`Expected` lays facts over each other as the design says, with plain dictionaries; `answers` asks a packed repository all
there is to ask. The two share nothing but the sources.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

from pkgindex.config import Settings
from pkgindex.format import terms, tokens
from pkgindex.format.reverse import kinds_of
from pkgindex.model.package import Package
from pkgindex.packer.pack import Report, pack
from pkgindex.packer.publish import Head, publish
from pkgindex.packer.submissions import Submission
from pkgindex.packer.target import Target
from pkgindex.query.relating import relations
from pkgindex.snapshot.reader import Reader
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.sources import facts, registry
from pkgindex.store.backend import Backend

REPO = "debian"
_numbers = count()

JsonPackage = dict[str, Any]


def drop(directory: object, content: Sequence[JsonPackage] | bytes | str, name: str = "", mode: str = "") -> Submission:
    """A submission of JSON packages, or of a file as it is."""
    number = next(_numbers)
    filename = name or f"{number}.jsonl"
    path = os.path.join(str(directory), f"{number}-{filename.replace('/', '_')}")
    if isinstance(content, str):
        content = content.encode()
    elif not isinstance(content, bytes):
        content = "".join(f"{json.dumps(package)}\n" for package in content).encode() or b"[]"
    with open(path, "wb") as file:
        file.write(content)
    return Submission(path, filename, f"id-{number}", mode)


def packed(backend: Backend, *submissions: Submission, **settings: Any) -> Report:
    return pack(Target(backend, REPO, Settings(**settings)), submissions)


def make(backend: Backend, partition: str) -> None:
    """An empty first generation, as `init` makes it."""
    head = Head(backend, REPO, partition)
    publish(head, head.next(), "000000", [], 32)


class Expected:
    """Packages by name, each `[releases, files, texts]`."""

    def __init__(self) -> None:
        self.packages: dict[str, list[dict[Any, Any]]] = {}

    def pack(self, submissions: Iterable[Submission]) -> None:
        read = [(submission, registry.read_submission(submission.path, submission.filename)) for submission in submissions]
        streams = [(submission.mode == "full" or (not submission.mode and reading.source.full), list(reading.facts))
                   for submission, reading in read]
        for full, stream in streams:
            for fact in stream:
                if full and isinstance(fact, facts.Covers):
                    self._clear(fact)
        said: set[tuple[str, str]] = set()
        for full, stream in sorted(streams, key=lambda found: not found[0]):
            self._lay(stream, said if full else set())
        self.packages = {name: parts for name, parts in self.packages.items() if any(parts)}

    def _clear(self, covers: facts.Covers) -> None:
        for releases, files, texts in self.packages.values():
            if covers.facet == "meta":
                releases.clear()
            else:
                (files if covers.facet == "files" else texts).pop(covers.scope, None)

    def _lay(self, stream: list[facts.Fact], said: set[tuple[str, str]]) -> None:
        """*said*: the file lists that this submission, or this full set, adds to instead of replacing them."""
        for fact in stream:
            if isinstance(fact, facts.Whole | facts.Removed):
                self.packages[fact.package] = [{}, {}, {}]
            elif isinstance(fact, facts.Releases):
                self._of(fact.package)[0][(fact.release.version, fact.release.architecture)] = fact.release
            elif isinstance(fact, facts.Texts):
                self._of(fact.package)[2][fact.language] = fact.text
            elif isinstance(fact, facts.Paths):
                for pair in fact.pairs:
                    path, _, owner = pair.rpartition(b"\t")
                    files = self._of(owner.decode())[1]
                    if (owner.decode(), fact.architecture) not in said:
                        said.add((owner.decode(), fact.architecture))
                        files.pop(fact.architecture, None)
                    files.setdefault(fact.architecture, set()).add(path)

    def _of(self, name: str) -> list[dict[Any, Any]]:
        return self.packages.setdefault(name, [{}, {}, {}])

    def all(self) -> dict[str, Package]:
        return {
            name: Package(name, releases, {arch: sorted(paths) for arch, paths in files.items()}, texts)
            for name, (releases, files, texts) in self.packages.items()
        }


def plain(package: Package) -> tuple[Any, ...]:
    """A package as values that compare: which order its releases came in means nothing."""
    releases = {
        key: (dict(release.fields), {kind: tuple(found) for kind, found in release.relations.items()})
        for key, release in package.releases.items()
    }
    return releases, dict(package.files), {language: tuple(text) for language, text in package.texts.items()}


def checked(snapshot: Snapshot, expected: dict[str, Package]) -> None:
    """Every answer of *snapshot* is what follows from *expected*."""
    shipped = sorted(expected)
    directory = dict(snapshot.entries())
    assert sorted(name for name, entry in directory.items() if entry.shipped) == shipped
    assert list(snapshot.names("")) == shipped
    assert {name: plain(found) for name in shipped if (found := snapshot.package(name)) is not None} == {
        name: plain(package) for name, package in expected.items()}
    _checked_files(snapshot, expected)
    _checked_relations(snapshot, expected)
    assert worths(snapshot) == {(name, word): worth for name, package in expected.items()
                                for word, worth in terms.impacts(package).items()}
    assert listed(snapshot) == {(name, *pair) for name, package in expected.items() for pair in tokens.listed(package)}
    manifest = snapshot.manifest
    assert manifest.packages == len(shipped)
    assert manifest.filed == sum(1 for package in expected.values() if package.files)
    # Both count what stands in pages.
    if not manifest.unsettled:
        assert manifest.names == len(directory)
        assert manifest.facts_bytes == sum(entry.forward_bytes + entry.reverse_bytes for entry in directory.values())


def _checked_files(snapshot: Snapshot, expected: dict[str, Package]) -> None:
    pairs = sorted({path + b"\t" + name.encode() for name, package in expected.items()
                    for paths in package.files.values() for path in paths})
    split = [(path, owner.decode()) for path, _, owner in (line.rpartition(b"\t") for line in pairs)]
    assert snapshot.manifest.paths == len(pairs)
    assert list(snapshot.owners({path for path, _ in split})) == sorted(split)
    assert list(snapshot.owners([b"/no/such", b"/", b"/usr"])) == [found for found in sorted(split)
                                                                   if found[0] in (b"/no/such", b"/", b"/usr")]
    batches = snapshot.matching("", lambda text: True, lambda paths: list(range(len(paths))))
    shown = [(path.encode("utf-8", "surrogateescape").replace(b"\n", b"\0"), owner)
             for paths, owners in batches for path, owner in zip(paths, owners, strict=True)]
    assert shown == split


def _checked_relations(snapshot: Snapshot, expected: dict[str, Package]) -> None:
    reverse: dict[str, dict[str, set[str]]] = {}
    for name, package in expected.items():
        for release in package.releases.values():
            for kind, alternative in release.edges():
                reverse.setdefault(alternative.name, {}).setdefault(name, set()).add(kind)
    directory = dict(snapshot.entries())
    assert sorted(directory) == sorted({*expected, *reverse})
    for name in directory:
        names, masks = snapshot.dependants(name)
        assert names == sorted(names)
        assert {name: set(kinds_of(mask)) for name, mask in zip(names, masks, strict=True)} == reverse.get(name, {})


def worths(snapshot: Snapshot) -> dict[tuple[str, str], int]:
    """What each word is worth in each package, by all text shards together."""
    return {
        (shard.package(number)[0], word): worth
        for shard in snapshot.text_shards
        for word in shard.words_like("", lambda word: True)
        for number, worth in shard.postings(word).items()
    }


def listed(snapshot: Snapshot) -> set[tuple[str, str, str]]:
    """(package, field, token) by all text shards together."""
    return {
        (shard.package(number)[0], field, token)
        for shard in snapshot.text_shards
        for field in (tokens.BARE, tokens.SIMILAR, *shard.fields())
        for token, numbers in shard.attributes_like(field, "", lambda token: True)
        for number in numbers
    }


def holding(snapshot: Snapshot, word: str) -> list[str]:
    """The packages that hold *word*, in order."""
    return sorted(shard.package(number)[0] for shard in snapshot.text_shards for number in shard.postings(word))


def summaries(snapshot: Snapshot) -> dict[str, str]:
    """The line that stands for each package."""
    return {name: summary for shard in snapshot.text_shards for name, summary in shard.packages(shard.numbers()).values()}


def answers(snapshot: Snapshot) -> dict[str, Any]:
    """What is listed or followed, to be compared between two histories."""
    shipped = [name for name, entry in sorted(snapshot.entries()) if entry.shipped]
    found: dict[str, Any] = {"worths": worths(snapshot), "listed": listed(snapshot), "summaries": summaries(snapshot)}
    for name, _ in sorted(snapshot.entries()):
        found[f"rdeps {name}"] = _bare(relations.dependants(snapshot, name, transitive=True, resolve=True))
        found[f"rdeps {name} constrained"] = _bare(relations.dependants(snapshot, name, constraints=True))
        if name in shipped:
            found[f"deps {name}"] = _bare(relations.dependencies(snapshot, name, resolve=True))
            found[f"deps {name} transitive"] = _bare(relations.dependencies(snapshot, name, transitive=True, resolve=True))
    return found


def _bare(edges: Iterable[relations.Edge]) -> list[relations.Edge]:
    return [edge._replace(generation=0) for edge in edges]


def newest(backend: Backend) -> Snapshot:
    return Reader(backend, REPO).snapshot()
