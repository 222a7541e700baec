"""`pkgindex init`: a new repository."""

from __future__ import annotations

import os
import time

from pkgindex.cli.call import FOUND, Call
from pkgindex.cli.declare import Argument, Command, Option
from pkgindex.errors import BadInput
from pkgindex.format.manifest import PARTITIONS, Change
from pkgindex.format.names import token_of
from pkgindex.packer.publish import Head, publish
from pkgindex.packer.target import Target
from pkgindex.service.packing import target
from pkgindex.spool.spool import Spool


def run(call: Call, repository: str, partition: str | None) -> int:
    spool = Spool(call.settings.spool)
    spool.folder(repository)  # before anything is made: a bad name makes nothing
    spool.create()
    spool.add(repository)
    if _begin(target(call.settings, repository), partition):
        call.output.say(f"{repository}: made; drop files into {spool.folder(repository, 'incoming')}")
    else:
        call.output.say(f"{repository}: was there already, and stays as it is")
    return FOUND


def _begin(place: Target, partition: str | None) -> bool:
    """Publish the first, empty generation, which remembers the partition; False when there is one."""
    head = Head(place.backend, place.repo, partition or PARTITIONS[0])
    if head.manifest.generation:
        if partition not in (None, head.manifest.partition):
            raise BadInput(f"repository {place.repo!r} is there with --partition {head.manifest.partition}, which cannot be "
                           "changed: make another, and submit to that")
        return False
    first = head.next(created=time.time(), writer=f"{os.uname().nodename} pid {os.getpid()}", change=Change(action="init"))
    publish(head, first, token_of(os.urandom(8)), [], place.settings.keep_generations)
    return True


COMMAND = Command(
    "init",
    run,
    """Make a repository.

    Its folders in the spool and in the index, and both of these where they are missing; its first generation is
    empty. --partition says how many packages share a file: each has its own (package), some hundreds share one
    (bucket), or all do (whole). The first suits nearly everyone.""",
    (Argument("repository", "REPO"),),
    (Option("partition", ("--partition",), "Which packages share a file.", "choice", choices=PARTITIONS),),
    (
        ("init debian", "a repository called debian"),
        ("--index /srv/index --spool /srv/spool init tools", "somewhere else"),
    ),
)
