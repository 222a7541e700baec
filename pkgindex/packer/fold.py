"""Folding: what was published loose goes into shards, and no package changes.

A writer that publishes many small generations leaves this to a quiet moment: questions about words and paths read every
loose package by itself, so there should not be thousands of them for long.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time

from pkgindex.errors import Exists
from pkgindex.format.manifest import Change, Manifest
from pkgindex.format.names import token_of
from pkgindex.packer import shards
from pkgindex.packer.forwards import Plan
from pkgindex.packer.publish import Head, publish, withdraw
from pkgindex.packer.target import Target
from pkgindex.packer.workers import Workers

ACTION = "fold"


def fold(target: Target) -> Manifest | None:
    """Put what is loose in the newest generation into shards. None: nothing was, or another writer was first.

    Raises `NoSpace` and other `StoreError`, and then nothing has changed.
    """
    head = Head(target.backend, target.repo)
    if not head.manifest.loose:
        return None
    token = token_of(os.urandom(8))
    stamp = f"{head.manifest.generation + 1}-{token}"
    scratch = tempfile.mkdtemp(prefix="fold-", dir=target.backend.scratch())
    try:
        built = _build(head, _plan(head, stamp, scratch))
        manifest = head.next(
            created=time.time(), writer=f"{os.uname().nodename} pid {os.getpid()}", shards=built.shards, loose=built.loose,
            loose_paths=built.loose_paths, submissions=(), change=Change(action=ACTION),
        )
        publish(head, manifest, token, built.blobs, target.settings.keep_generations)
    except Exists:
        return None
    except BaseException:
        withdraw(target.backend, stamp)
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return manifest


def _plan(head: Head, stamp: str, scratch: str) -> Plan:
    for directory in ("rows", "ranges"):
        os.makedirs(f"{scratch}/{directory}")
    return Plan(
        scratch=scratch, stamp=stamp, collections=(), covers=frozenset(), partitions=1, slices=1,
        pages=len(head.manifest.page_stamps), cuts=(),
    )


def _build(head: Head, plan: Plan) -> shards.Result:
    building = shards.Building(head, plan, [], dict(head.manifest.loose))
    with Workers(0) as workers:
        building.start(workers)
    return building.finish()
