"""Making repositories of an index: the first generation of each is empty, and says how it is to be kept."""

from __future__ import annotations

import os
import time
from typing import Any

from pkgindex.config import Settings
from pkgindex.format.manifest import Change
from pkgindex.format.names import token_of
from pkgindex.model.versions.orderings import DEFAULT
from pkgindex.packer.publish import Head, publish
from pkgindex.packer.target import Target
from pkgindex.service.packing import target


def make(settings: Settings, repo: str, ordering: str) -> None:
    """Make *repo*, whose versions are compared as *ordering* says, where it is not there yet."""
    if ordering != DEFAULT:  # else its first submission makes it
        place = target(settings, repo)
        head = Head(place.backend, repo)
        if not head.manifest.generation:
            restate(place, head, "init", ordering=ordering)


def restate(place: Target, head: Head, action: str, **changes: Any) -> None:
    """A generation with the packages of the one before, of which nothing but the manifest is new."""
    manifest = head.next(
        created=time.time(), writer=f"{os.uname().nodename} pid {os.getpid()}", change=Change(action=action), **changes)
    publish(head, manifest, token_of(os.urandom(8)), [], place.settings.keep_generations)
