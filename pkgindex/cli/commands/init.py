"""`pkgindex init`: a new repository."""

from __future__ import annotations

from pkgindex.cli.call import FOUND, Call
from pkgindex.cli.declare import Argument, Command, Option
from pkgindex.errors import BadInput
from pkgindex.format.manifest import PARTITIONS
from pkgindex.model.versions.orderings import DEFAULT, ORDERINGS
from pkgindex.packer.publish import Head
from pkgindex.service.packing import target
from pkgindex.service.repositories import restate
from pkgindex.spool.spool import Spool
from pkgindex.store.place import place_of


def run(call: Call, repository: str, partition: str | None, ordering: str | None) -> int:
    spool = Spool(call.settings.spool)
    # Before anything is made: a bad name or address makes nothing.
    spool.folder(repository)
    place_of(call.settings)
    spool.create()
    spool.add(repository)
    place = target(call.settings, repository)
    head = Head(place.backend, repository)
    if not head.manifest.generation:
        restate(place, head, "init", partition=partition or PARTITIONS[0], ordering=ordering or DEFAULT)
        call.output.say(f"{repository}: made; drop files into {spool.folder(repository, 'incoming')}")
        return FOUND
    _require_the_same(repository, partition, head.manifest.partition)
    if ordering in (None, head.manifest.ordering):
        head.generations.confirm()  # who made it may have been killed before he did
        call.output.say(f"{repository}: was there already, and stays as it is")
    else:
        restate(place, head, "ordering", ordering=ordering, submissions=())
        call.output.say(f"{repository}: versions are compared as {ordering} now, and were as {head.manifest.ordering}")
    return FOUND


def _require_the_same(repository: str, partition: str | None, found: str) -> None:
    if partition not in (None, found):
        raise BadInput(f"repository {repository!r} is there with --partition {found}, which cannot be changed: "
                       "make another, and submit to that")


COMMAND = Command(
    "init",
    run,
    """Make a repository.

    Its folders in the spool and in the index, and both of these where they are missing; its first generation is
    empty. --partition says how many packages share a file: each has its own (package), some hundreds share one
    (bucket), or all do (whole). The first suits nearly everyone. --ordering says by whose rules versions are
    compared, and may be given again for a repository that is there.""",
    (Argument("repository", "REPO"),),
    (
        Option("partition", ("--partition",), "Which packages share a file.", "choice", choices=PARTITIONS),
        Option("ordering", ("--ordering",), "By whose rules versions are compared.", "choice", choices=tuple(ORDERINGS)),
    ),
    (
        ("init debian", "a repository called debian"),
        ("--index /srv/index --spool /srv/spool init fedora --ordering rpm", "one with versions of RPM, somewhere else"),
    ),
)
