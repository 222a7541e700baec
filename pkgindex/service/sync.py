"""What is installed on this host, brought into an index: only the difference to what is indexed is submitted.

    host        dpkg's database, and for each package the digests that a pack would give its page
    compare     with the digests in the pages of the newest generation: no forward file is read
    submit      one file of JSON Lines: each changed package as a whole, each that is gone as removed
    pack        it, at once

Invariants:

* What is submitted has, once packed, the digests that it was compared by; so a host that has not changed submits nothing.
* Two that sync the same repository do it one after the other: else the older look at the host might be packed last.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from pkgindex.config import Settings
from pkgindex.format.digest import digest
from pkgindex.format.forward import releases_parts
from pkgindex.format.page import Entry
from pkgindex.model.package import Alternative, Package, Relation, Release
from pkgindex.packer.previous import Previous
from pkgindex.packer.publish import Head
from pkgindex.service.packing import Outcome, pack_repository, silent, told_apart
from pkgindex.sources.dpkg import HostPackage, read_host
from pkgindex.sources.relations import FIELDS
from pkgindex.spool.spool import Spool
from pkgindex.store.local import LocalBackend
from pkgindex.store.lock import WriterLock

FILENAME = "dpkg.jsonl"
LOCK = "sync.lock"


class Synced(NamedTuple):
    """What a sync found changed; `outcome` is None when that is nothing."""

    repo: str
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    packages: int
    outcome: Outcome | None
    seconds: float


def sync_dpkg(
    settings: Settings, root: str = "/", repo: str = "host-dpkg", tell: Callable[[str], None] = silent
) -> Synced:
    """Bring what dpkg has installed below *root* into *repo*; spool and index are made when they are missing.

    Raises `NotFound` where there is no dpkg database, `Rejected` for one that cannot be read, `Busy`, and `StoreError`;
    what was submitted by then stays in the spool.
    """
    began = time.monotonic()
    host = {package.name: package for package in map(_as_packed, read_host(root))}
    spool = _spool(settings, repo)
    lock = WriterLock(spool.folder(repo, LOCK), f"the sync of {repo!r}", settings.lock_wait_seconds, tell)
    with told_apart(spool.root), lock:
        if spool.incoming(repo):  # what an earlier sync could not pack comes before this one
            pack_repository(settings, spool, repo, tell)
        indexed = dict(_indexed(settings, repo))
        added = tuple(sorted(host.keys() - indexed.keys()))
        changed = tuple(name for name, package in host.items() if name in indexed and not _is_in(package, indexed[name]))
        removed = tuple(sorted(indexed.keys() - host.keys()))
        outcome = None
        if added or changed or removed:
            lines = [described(host[name]) for name in sorted(added + changed)]
            lines += [{"name": name, "removed": True} for name in removed]
            spool.submit_bytes(repo, FILENAME, b"".join(json.dumps(line).encode() + b"\n" for line in lines), "incremental")
            outcome = pack_repository(settings, spool, repo, tell)
    return Synced(repo, added, changed, removed, len(host), outcome, time.monotonic() - began)


def line(synced: Synced) -> str:
    """One line for a person and a log."""
    if synced.outcome is None:
        return f"{synced.repo}: nothing changed, {synced.packages} packages, {synced.seconds:.2f} s"
    generation = synced.outcome.report.generation
    # A packer that watches the spool may have been quicker.
    done = f"generation {generation}" if generation else "submitted"
    return (
        f"{synced.repo}: {done}, {len(synced.added)} added, "
        f"{len(synced.changed)} changed, {len(synced.removed)} removed, {synced.seconds:.2f} s"
    )


def _spool(settings: Settings, repo: str) -> Spool:
    spool = Spool(settings.spool)
    # A directory that is there without its sentinel may be the place where a share is to be mounted.
    if not os.path.lexists(spool.root):
        spool.create()
    spool.require()
    if not os.path.isdir(spool.folder(repo)):
        spool.add(repo)
    return spool


def _indexed(settings: Settings, repo: str) -> Iterator[tuple[str, Entry]]:
    """What the newest generation ships, by name."""
    path = os.path.join(settings.index, repo)
    if os.path.isdir(path):
        head = Head(LocalBackend(path), repo)
        for name, entry in Previous(head.backend, head.manifest).entries():
            if entry.shipped:
                yield name, entry


def _is_in(package: HostPackage, entry: Entry) -> bool:
    """Whether *entry* has the digests that *package* will have when it is packed."""
    releases = {(release.version, release.architecture): release for release in package.releases}
    meta = digest(releases_parts(Package(package.name, releases)))
    if meta != entry.meta or package.files.keys() != entry.files.keys() or package.texts.keys() != entry.texts.keys():
        return False
    return all(digest(b"\n".join(paths)) == entry.files[scope] for scope, paths in package.files.items()) and all(
        digest(list(text)) == entry.texts[language] for language, text in package.texts.items()
    )


# What JSON does not carry as it stands, brought into the form in which it comes back: kinds in one order, one path once.


def _as_packed(package: HostPackage) -> HostPackage:
    return package._replace(
        releases=[_release(release) for release in package.releases],
        files={scope: _once(paths) for scope, paths in package.files.items() if paths},
    )


def _once(paths: list[bytes]) -> list[bytes]:
    return paths if len(set(paths)) == len(paths) else sorted(set(paths))


def _release(release: Release) -> Release:
    fields = {name.replace("_", "-"): value for name, value in release.fields.items()}
    related = {kind: release.relations[kind] for kind in dict.fromkeys(FIELDS.values()) if kind in release.relations}
    return release._replace(fields=fields, relations=related)


def described(package: HostPackage) -> dict[str, Any]:
    """*package* as a JSON object that says all there is of it, for `sources.jsonpackages`."""
    files = {scope: [_text(path) for path in paths] for scope, paths in package.files.items()}
    releases = []
    for release in package.releases:
        found: dict[str, Any] = {"version": release.version, "architecture": release.architecture}
        found["fields"] = dict(release.fields)
        found.update({kind: _relations(relations) for kind, relations in release.relations.items()})
        if release.architecture in files:
            found["files"] = files[release.architecture]
        releases.append(found)
    if "" in package.texts:
        summary, description = package.texts[""]
        # It stands in the release that it came from, whose summary it shares.
        mine = next((found for found in releases if found["fields"].get("summary", "") == summary), releases[-1])
        mine.update(description=description, **({"summary": summary} if summary else {}))
    return {"name": package.name, "releases": releases}


def _text(path: bytes) -> str:
    return path.replace(b"\0", b"\n").decode("utf-8", "surrogateescape")


def _relations(relations: tuple[Relation, ...]) -> str:
    return ", ".join(" | ".join(map(_alternative, relation)) for relation in relations)


def _alternative(alternative: Alternative) -> str:
    return "".join(
        (
            alternative.name,
            f":{alternative.qualifier}" if alternative.qualifier else "",
            f" ({alternative.constraint})" if alternative.constraint else "",
            f" [{alternative.architectures}]" if alternative.architectures else "",
            f" <{alternative.profiles}>" if alternative.profiles else "",
        )
    )
