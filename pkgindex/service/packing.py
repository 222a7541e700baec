"""From spool to generation: one repository, or all that have something.

    recover     what dead packers had claimed
    claim       what is there, with the marker of a full set
    lock        the repository; a courtesy to other writers
    pack        into one generation
    settle      done, rejected with a reason, or back to wait for the rest of it

Invariants:

* A submission leaves the spool only when the generation that holds it is published; after any failure it is back in
  `incoming`, under its identity, and packing it again is harmless.
* A file that ends too early is waited for as long as somebody has written to it within `wait_seconds_max`. When it is to
  replace what is there, all others wait with it: a full set that is cut in two would lose its first half.
* One repository that fails costs itself only.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import NamedTuple

from pkgindex.config import Settings
from pkgindex.errors import BadInput, Incomplete, PkgindexError, Rejected
from pkgindex.format.manifest import Change
from pkgindex.packer.pack import Report, pack
from pkgindex.packer.publish import Head
from pkgindex.packer.reading import Refusal
from pkgindex.packer.submissions import Submission
from pkgindex.packer.target import Target
from pkgindex.service.holding import Held, claiming, held
from pkgindex.service.log import silent
from pkgindex.sources.limits import Limits
from pkgindex.sources.registry import recognise
from pkgindex.sources.stream import open_stream
from pkgindex.spool.claims import Claim, Claims
from pkgindex.spool.recovery import Recovered
from pkgindex.spool.spool import Entry, Spool
from pkgindex.store.apart import told_apart
from pkgindex.store.lock import WriterLock
from pkgindex.store.place import place_of

UNFIT_REMEDY = "Put the file itself into incoming/, and remove this and its reason."
INCOMPLETE_REMEDY = (
    "Copy it again, whole, under a name that ends in .part, and rename it when it is finished; 'pkgindex submit' does so. "
    "Remove this and its reason."
)
UNREADABLE_REMEDY = "Make it readable for the user who packs, move it back to incoming/ and remove this file."


class Outcome(NamedTuple):
    """What packing a repository came to. `rejected` are names in `rejected/`, `waiting` names in `incoming/` that were tried;
    `stuck` are those of them that could not be moved, and dead writers' folders that could not be emptied, with what the
    system said."""

    report: Report
    rejected: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    stuck: tuple[tuple[str, str], ...] = ()

    @property
    def unmoved(self) -> list[str]:
        """What to say of each that is `stuck`."""
        remedy = "see who owns its folder in the spool and whether its disk is well, and pack again"
        return [f"{name} of {self.report.repo} cannot be moved ({why}): {remedy}" for name, why in self.stuck]


class Failure(NamedTuple):
    repo: str
    error: PkgindexError


class Packed(NamedTuple):
    outcomes: tuple[Outcome, ...]
    failures: tuple[Failure, ...]


def pack_all(
    settings: Settings,
    repos: Sequence[str] = (),
    tell: Callable[[str], None] = silent,
    told: Callable[[Outcome], None] = lambda outcome: None,
) -> Packed:
    """Pack *repos*, or every repository of the spool, one after the other; *told* hears of each when it is packed.

    Raises `NoIndex` when there is no spool, `BadInput` for a repository that it does not have.
    """
    spool = Spool(settings.spool)
    known = spool.repositories()
    unknown = [repo for repo in repos if repo not in known]
    if unknown:
        there = ", ".join(known) or "none"
        raise BadInput(f"no repository {unknown[0]!a} in the spool {spool.root}: there is {there}; 'pkgindex init' makes one")
    outcomes, failures = [], []
    for repo in dict.fromkeys(repos or known):
        try:
            outcome = pack_repository(settings, spool, repo, tell)
        except PkgindexError as error:
            failures.append(Failure(repo, error))
            continue
        outcomes.append(outcome)
        told(outcome)
    return Packed(tuple(outcomes), tuple(failures))


def pack_repository(
    settings: Settings,
    spool: Spool,
    repo: str,
    tell: Callable[[str], None] = silent,
    entries: Iterable[Entry] | None = None,
) -> Outcome:
    """Pack *entries* of `incoming` (None: all that is there) into one generation of *repo*, which is made when it is missing.

    Raises `Busy` when another writer has it, `NoSpace` and other `StoreError`; then all is back in `incoming`.
    """
    with claiming(spool, repo, settings.heartbeat_seconds) as claims:
        left = tuple((f"claimed/{writer}", why) for writer, why in _recover(settings, claims).stuck.items())
        found = list(spool.incoming(repo) if entries is None else entries)
        if not found:
            return Outcome(Report(repo, 0, Change(), (), (), (), 0.0), stuck=left)
        mode = "full" if spool.full_marked(repo) else None
        # The claimed names say `full` by now: the marker has done its work, whatever happens next.
        with held(claims, found, mode, lambda: spool.clear_full(repo)) as holding:
            _reject_unfit(holding)
            report = _pack(settings, repo, tell, holding)
    return Outcome(report, tuple(holding.rejected), tuple(holding.waiting), (*left, *claims.stuck.items()))


def recover(settings: Settings, spool: Spool, repo: str) -> Recovered:
    """Bring back what dead packers had claimed of *repo*; nothing is written when nobody has claimed anything."""
    claimed = spool.folder(repo, "claimed")
    if not os.path.isdir(claimed) or not os.listdir(claimed):
        return Recovered([], [], {})
    with claiming(spool, repo, settings.heartbeat_seconds) as claims:
        return _recover(settings, claims)


def target(settings: Settings, repo: str, tell: Callable[[str], None] = silent) -> Target:
    """Where *repo* is packed: its place in the index, which is made when it is missing."""
    return Target(place_of(settings).made(repo), repo, settings, tell)


def line(outcome: Outcome) -> str:
    """One line for a person and a log: repository, generation, what changed, seconds."""
    report, change = outcome.report, outcome.report.change
    said = [f"generation {report.generation}" if report.generation else "nothing changed"]
    if report.generation:
        said += [f"{change.added} added", f"{change.changed} changed", f"{change.removed} removed"]
    if report.faults:
        said.append(f"{len(report.faults)} faults")
    if outcome.rejected:
        said.append(f"{len(outcome.rejected)} rejected")
    if outcome.waiting:
        said.append(f"{len(outcome.waiting)} waiting")
    return f"{report.repo}: {', '.join(said)}, {report.seconds:.2f} s"


def _recover(settings: Settings, claims: Claims) -> Recovered:
    @cache
    def identities() -> frozenset[str]:
        place = place_of(settings)
        if not place.has(claims.repo):
            return frozenset()
        head = Head(place.backend(claims.repo), claims.repo)
        # Their writer may have died before he made it durable, and what is called published leaves the spool.
        head.generations.confirm()
        manifest = head.manifest
        return frozenset(manifest.recent).union(packed.id for packed in manifest.submissions)

    return claims.recover(settings.lease_seconds, lambda id: id in identities())


def _reject_unfit(holding: Held) -> None:
    """What must not be opened, or cannot be; it would cost all others."""
    for claim in list(holding.open.values()):
        if claim.unfit:
            holding.reject(claim, f"{claim.filename}: is {claim.unfit}, and only regular files can be packed", UNFIT_REMEDY)
        elif _is_forbidden(claim.path):
            holding.reject(claim, f"{claim.filename}: may not be read by this user", UNREADABLE_REMEDY)


def _is_forbidden(path: str) -> bool:
    """Whether this user may not read it; any other trouble is met by who reads it."""
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC))
    except OSError as error:
        return isinstance(error, PermissionError)
    return False


def _pack(settings: Settings, repo: str, tell: Callable[[str], None], holding: Held) -> Report:
    claims = {
        Submission(claim.path, claim.filename, claim.id, claim.mode or ""): claim for claim in holding.open.values()
    }

    def waits(refusal: Refusal) -> bool:
        young = holding.claims.age_seconds(claims[refusal.submission]) < settings.wait_seconds_max
        return isinstance(refusal.error, Incomplete) and young

    if not claims:
        return Report(repo, 0, Change(), (), (), (), 0.0)
    limits = Limits(unpacked_bytes_max=settings.unpacked_bytes_max)
    place = place_of(settings)
    with told_apart(place.where(repo)):
        packed = target(settings, repo, tell)
        lock = WriterLock(place.lock(repo), f"repository {repo!r}", settings.lock_wait_seconds, tell)
        try:
            with lock:
                report = pack(packed, tuple(claims), lambda refusal: waits(refusal) and _is_full(refusal.submission, limits))
        except Incomplete as error:
            tell(f"{error}; all of {repo} waits for it")
            return Report(repo, 0, Change(), (), (), (), 0.0)
    _settle(report, claims, holding, waits)
    return report


def _settle(
    report: Report, claims: dict[Submission, Claim], holding: Held, waits: Callable[[Refusal], bool]
) -> None:
    for submission in report.packed:
        holding.done(claims[submission])
    for refusal in report.refused:
        claim = claims[refusal.submission]
        if waits(refusal):
            holding.wait(claim)
        else:
            holding.reject(claim, str(refusal.error), INCOMPLETE_REMEDY if isinstance(refusal.error, Incomplete) else "")


def _is_full(submission: Submission, limits: Limits) -> bool:
    """Whether it is to replace what is there, as far as can be told of a file that is cut short."""
    if submission.mode:
        return submission.mode == "full"
    try:
        opened = open_stream(submission.path, limits, submission.filename)
        with opened.stream:
            return recognise(opened.filename, opened.head, limits).full
    except Rejected:
        return True
