"""The repository that is served: found, or made."""

from __future__ import annotations

import os
import time

from pkgindex.config import Settings
from pkgindex.errors import BadInput, Exists
from pkgindex.format.manifest import PARTITIONS, Change
from pkgindex.format.names import token_of
from pkgindex.packer.publish import Head, publish
from pkgindex.service.packing import target


def require(settings: Settings, repo: str, partition: str | None) -> None:
    """Make *repo* where it is missing, with *partition*. Raises `BadInput` when it is there with another one."""
    place = target(settings, repo)
    head = Head(place.backend, repo, partition or PARTITIONS[0])
    if not head.manifest.generation:
        manifest = head.next(
            created=time.time(), writer=f"{os.uname().nodename} pid {os.getpid()}", change=Change(action="init")
        )
        try:
            publish(head, manifest, token_of(os.urandom(8)), [], settings.keep_generations)
        except Exists:
            # Another server made it in the same moment.
            head = Head(place.backend, repo)
    if partition not in (None, head.manifest.partition):
        raise BadInput(
            f"repository {repo!r} is there with --partition {head.manifest.partition}, which cannot be changed: "
            "serve another, or leave it out"
        )
