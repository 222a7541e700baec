"""Reading the submissions of a pack: what is new of them, in any number of processes and without the lock."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pkgindex.errors import Rejected
from pkgindex.format.manifest import Manifest
from pkgindex.packer.collect import Collection, collect
from pkgindex.packer.fullsets import standing
from pkgindex.packer.submissions import Submission
from pkgindex.packer.target import Target
from pkgindex.packer.workers import Workers
from pkgindex.sources.limits import Limits


class Refusal(NamedTuple):
    """A submission that cannot be packed, and why."""

    submission: Submission
    error: Rejected


def read_new(
    target: Target, workers: Workers, manifest: Manifest, submissions: Sequence[Submission], scratch: str,
    partitions: int,
) -> tuple[list[Collection], list[Refusal], dict[Submission, str]]:
    """The facts of all that is new: full submissions first, then the others in their order; and the digests of all that
    this generation will hold, those among them that it stands on already."""
    digests = {submission: submission.digest() for submission in submissions}
    known = standing(manifest, submissions, digests)
    reading = [submission for submission in submissions if submission not in known]
    found, refused = _read(target, workers, reading, scratch, partitions)
    while True:
        covered = {f"{facet}/{scope}" for collection in found for facet, scope in collection.covers}
        removing = any(collection.full and "package" in collection.touches for collection in found)
        again = [submission for submission, scopes in known.items() if removing or covered & scopes]
        if not again:
            break
        # Part of a set of which another part is new: the set is laid over as a whole. It may speak for more than that.
        known = {submission: scopes for submission, scopes in known.items() if submission not in again}
        more, refused_more = _read(target, workers, again, scratch, partitions)
        found, refused = found + more, refused + refused_more
    order = {submission: place for place, submission in enumerate(submissions)}
    found.sort(key=lambda collection: (not collection.full, order[collection.submission]))
    for refusal in refused:
        del digests[refusal.submission]
    return found, refused, digests


def _read(
    target: Target, workers: Workers, submissions: Iterable[Submission], scratch: str, partitions: int
) -> tuple[list[Collection], list[Refusal]]:
    limits = Limits(unpacked_bytes_max=target.settings.unpacked_bytes_max)
    started = []
    for submission in sorted(submissions, key=lambda submission: -submission.size):
        target.tell(f"reading {submission.filename}")
        directory = tempfile.mktemp(prefix="facts-", dir=scratch)
        started.append((submission, workers.start(collect, submission, directory, partitions, limits)))
    found, refused = [], []
    for submission, future in started:
        try:
            found.append(future.result())
        except Rejected as error:
            refused.append(Refusal(submission, error))
    return found, refused
