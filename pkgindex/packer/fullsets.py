"""Full sets: the listings that a repository stands on, known by the digests of their bytes.

A set is all that was packed as full for one facet and scope, in one batch. It stands until another set comes, or until
something is laid over its facet; while it stands, the same bytes dropped again are not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pkgindex.format.manifest import Manifest
from pkgindex.packer.collect import Collection
from pkgindex.packer.submissions import Submission


def standing(
    manifest: Manifest, submissions: Sequence[Submission], digests: dict[Submission, str]
) -> dict[Submission, set[str]]:
    """The listings whose very bytes are what the repository stands on, with the `facet/scope` they cover."""
    here = {digests[submission] for submission in submissions if submission.mode != "incremental"}
    scopes: dict[str, set[str]] = {}
    partly = set()
    for scope, stood in manifest.fulls.items():
        for digest in stood:
            scopes.setdefault(digest, set()).add(scope)
            if not here.issuperset(stood):
                partly.add(digest)
    return {
        submission: scopes[digests[submission]]
        for submission in submissions
        if submission.mode != "incremental" and digests[submission] in scopes.keys() - partly
    }


def standing_after(
    old: dict[str, tuple[str, ...]], collections: Sequence[Collection], digests: dict[Submission, str]
) -> dict[str, tuple[str, ...]]:
    """What each facet stands on: the full submissions of this pack, and older ones where nothing was laid over them."""
    if any(collection.full and "package" in collection.touches for collection in collections):
        # It takes away from facets that it does not speak for, so it does not stand on its bytes alone.
        return {}
    laid_over = {facet for collection in collections if not collection.full for facet in collection.touches}
    sets: dict[str, set[str]] = {}
    for collection in collections:
        for facet, scope in collection.covers:
            sets.setdefault(f"{facet}/{scope}", set()).add(digests[collection.submission])
    fulls = {**old, **{scope: tuple(sorted(found)) for scope, found in sets.items()}}
    standing = {scope: found for scope, found in fulls.items() if scope.split("/")[0] not in laid_over}
    return _whole([*old.items(), *sets.items()], standing)


def _whole(
    said: Sequence[tuple[str, Iterable[str]]], standing: dict[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """*standing* without the sets that hold a submission of which a part does not stand any more, as *said* tells."""
    while True:
        torn = {digest for scope, digests in said for digest in digests if digest not in standing.get(scope, ())}
        whole = {scope: digests for scope, digests in standing.items() if torn.isdisjoint(digests)}
        if len(whole) == len(standing):
            return whole
        standing = whole
