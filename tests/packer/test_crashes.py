"""Power cuts at every step of a pack: what is left is the old generation or the new one, whole, and packing goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from packer.world import REPO, Expected, checked, drop, newest, packed
from pkgindex.config import Settings
from pkgindex.errors import Corrupt, Gone
from pkgindex.packer import pack, publish
from pkgindex.packer.blobwriter import BlobWriter
from pkgindex.packer.merge import merge
from pkgindex.packer.pack import Target
from pkgindex.packer.publish import Head, all_blobs
from pkgindex.packer.retire import retire
from pkgindex.packer.submissions import Submission
from pkgindex.snapshot.reader import Reader
from pkgindex.store.backend import Backend
from pkgindex.store.memory import MemoryBackend
from store.crash import CrashBackend, explore

CURL = {"name": "curl", "version": "1", "depends": ["libc6"], "summary": "web client", "files": ["/usr/bin/curl"]}
LIBC = {"name": "libc6", "version": "2", "summary": "library", "files": ["/lib/libc.so"]}
WGET = {"name": "wget", "version": "1", "depends": ["libc6"], "summary": "another web client", "files": ["/usr/bin/wget"]}

LOOSE: dict[str, Any] = {"loose_packages_max": 64}
FOLDED: dict[str, Any] = {"loose_packages_max": 0}
# Of each change: what is packed before it with which limits, what it packs with which, and how many states a cut leaves.
CHANGES: dict[str, tuple[list[tuple[list[Any], dict[str, Any]]], list[Any], dict[str, Any], int]] = {
    "the first generation, loose": ([], [CURL, LIBC], LOOSE, 50),
    "the first generation, in shards": ([], [CURL, LIBC], FOLDED, 100),
    "a package more beside shards": ([([CURL, LIBC], FOLDED)], [WGET], LOOSE, 31),
    "a change of a loose package": ([([CURL, LIBC], LOOSE)], [{**CURL, "version": "3", "files": ["/usr/bin/c"]}], LOOSE, 16),
    "a removal": ([([CURL, LIBC], FOLDED)], [{"name": "curl", "removed": True}], LOOSE, 7),
    "the removal of all": ([([CURL], LOOSE)], [{"name": "curl", "removed": True}], LOOSE, 3),
    "loose packages folded into shards": ([([CURL, LIBC], FOLDED), ([WGET], LOOSE)], [{**CURL, "files": ["/c"]}], FOLDED, 100),
}


def explored(tmp_path: Path, change: str) -> int:
    before, content, limits, _ = CHANGES[change]
    old, start = Expected(), MemoryBackend()
    for packages, earlier in before:
        submission = drop(tmp_path, packages)
        packed(start, submission, **earlier)
        old.pack([submission])
    last = drop(tmp_path, content)
    new, then = Expected(), Expected()
    new.packages = {name: [dict(part) for part in parts] for name, parts in old.packages.items()}
    new.pack([last])
    following = drop(tmp_path, [{"name": "after", "version": "1", "depends": ["libc6", "curl"], "files": ["/after"]}])
    then.packages = {name: [dict(part) for part in parts] for name, parts in new.packages.items()}
    then.pack([following])
    done: list[bool] = []

    def run(backend: Backend) -> None:
        done.clear()
        packed(backend, last, **limits)
        done.append(True)

    def check(state: Backend, step: int) -> None:
        head = Head(state, REPO).manifest.generation
        assert head in (len(before), len(before) + 1)
        assert head == len(before) + 1 or not done, "an acknowledged generation is lost"
        if head:
            checked(newest(state), (new if head > len(before) else old).all())
        finished(state, last, following, limits, then)

    return explore(run, check, start.blobs())


def finished(state: Backend, last: Submission, following: Submission, limits: dict[str, Any], then: Expected) -> None:
    """Who comes after a crash packs what was not acknowledged, and goes on."""
    packed(state, last, **limits)
    packed(state, following, **limits)
    checked(newest(state), then.all())


@pytest.mark.parametrize("change", CHANGES)
def test_a_power_cut_at_any_step_leaves_the_old_generation_or_the_new_one(tmp_path: Path, change: str) -> None:
    assert explored(tmp_path, change) == CHANGES[change][3]


def test_on_a_share_each_writer_flushes_its_own_and_that_is_as_safe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CrashBackend, "remote", True)
    assert explored(tmp_path, "a package more beside shards") > 20


def test_a_power_cut_in_a_merge_changes_no_answer(tmp_path: Path) -> None:
    model, start = Expected(), MemoryBackend()
    for content in ([CURL], [LIBC], [WGET, {"name": "curl", "removed": True}]):
        submission = drop(tmp_path, content)
        packed(start, submission, **FOLDED)
        model.pack([submission])

    def check(state: Backend, step: int) -> None:
        checked(newest(state), model.all())
        merge(Target(state, REPO, Settings()), force=True)
        checked(newest(state), model.all())
        assert len(newest(state).manifest.shards) == 2

    assert explore(lambda backend: merge(Target(backend, REPO, Settings()), force=True), check, start.blobs()) == 16


def test_a_power_cut_while_retiring_harms_no_generation_that_is_kept(tmp_path: Path) -> None:
    backend, models = MemoryBackend(), [Expected()]
    for content in ([CURL], [LIBC], [{**CURL, "version": "2"}], [{"name": "libc6", "removed": True}]):
        submission = drop(tmp_path, content)
        packed(backend, submission, **FOLDED)
        models.append(Expected())
        models[-1].packages = {name: [dict(part) for part in parts] for name, parts in models[-2].packages.items()}
        models[-1].pack([submission])
    soon = Settings(keep_generations=2, grace_seconds=0.0)
    retired: list[int] = []

    def check(state: Backend, step: int) -> None:
        for number in (3, 4):
            checked(Reader(state, REPO).at(number), models[number].all())
        retire(state, REPO, soon)
        assert Reader(state, REPO).numbers() == [3, 4]
        checked(Reader(state, REPO).at(3), models[3].all())
        retired.append(len(all_blobs(state)))

    assert explore(lambda state: retire(state, REPO, soon), check, backend.blobs()) > 50
    assert len(set(retired)) == 1, "what a crash leaves behind goes the next time"


@pytest.fixture
def unflushed_blobs(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(head: Head, manifest: Any, token: str, blobs: Iterable[str], keep: int) -> None:
        publish.publish(head, manifest, token, [], keep)

    monkeypatch.setattr(pack, "publish", without)


@pytest.fixture
def unflushed_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(head: Head, manifest: Any, token: str, blobs: Iterable[str], keep: int) -> None:
        publish.publish(head, manifest, token, [name for name in blobs if "/paths-" not in name], keep)

    monkeypatch.setattr(pack, "publish", without)


@pytest.fixture
def unflushed_on_a_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CrashBackend, "remote", True)
    finish: Callable[[BlobWriter], list[str]] = BlobWriter.finish

    def without(writer: BlobWriter) -> list[str]:
        flush, writer._backend.flush = writer._backend.flush, lambda names: None  # type: ignore[method-assign]
        try:
            return finish(writer)
        finally:
            writer._backend.flush = flush  # type: ignore[method-assign]

    monkeypatch.setattr(BlobWriter, "finish", without)


@pytest.fixture
def linked_before_flushed(monkeypatch: pytest.MonkeyPatch) -> None:
    def early(head: Head, manifest: Any, token: str, blobs: Iterable[str], keep: int) -> None:
        publish.publish(head, manifest, token, [], keep)
        head.backend.flush(blobs)

    monkeypatch.setattr(pack, "publish", early)


@pytest.mark.parametrize(
    ("mutation", "change"),
    [
        ("unflushed_blobs", "a change of a loose package"),
        ("unflushed_shards", "the first generation, in shards"),
        ("unflushed_on_a_share", "a package more beside shards"),
        ("linked_before_flushed", "a change of a loose package"),
    ],
)
def test_each_missing_flush_is_caught(tmp_path: Path, request: pytest.FixtureRequest, mutation: str, change: str) -> None:
    request.getfixturevalue(mutation)
    with pytest.raises((AssertionError, Corrupt, Gone)) as caught:
        explored(tmp_path, change)
    assert "power cut after" in caught.value.__notes__[0]
