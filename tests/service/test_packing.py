from __future__ import annotations

import gzip
import json
import os
import signal
from pathlib import Path

import pytest

from pkgindex.errors import BadInput, Busy, NoIndex, NoSpace
from pkgindex.packer import pack as packer
from pkgindex.service.packing import line, pack_all, pack_repository
from pkgindex.spool.names import FULL_MARKER
from pkgindex.store.flushing import Flushing
from pkgindex.store.lock import WriterLock
from service.spooled import Place, owned

PACKAGES = "".join(
    f"Package: {name}\nVersion: 1\nArchitecture: all\nDescription: the program {name}\n {name} does things.\n\n"
    for name in ("curl", "bash", "dash", "zsh")
)
LONG_AGO = (1_000_000_000, 1_000_000_000)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_what_is_dropped_is_packed_and_answers_questions(place: Place) -> None:
    place.drop("curl", "bash")
    outcome = pack_repository(place.settings, place.spool, "repo")
    assert place.owners("curl", "bash") == owned("curl", "bash")
    assert line(outcome).startswith("repo: generation 1, 2 added, 0 changed, 0 removed, ")
    assert list(place.incoming.iterdir()) == list(place.claimed.iterdir()) == []


def test_what_is_dropped_again_makes_no_generation_and_leaves_the_spool(place: Place) -> None:
    for _ in range(2):
        place.drop("curl")
        outcome = pack_repository(place.settings, place.spool, "repo")
    assert (place.generation(), outcome.report.generation) == (1, 0)
    assert line(outcome).startswith("repo: nothing changed, ")
    assert list(place.incoming.iterdir()) == []


def test_an_empty_repository_makes_no_index(place: Place) -> None:
    pack_repository(place.settings, place.spool, "repo")
    assert not os.path.exists(place.settings.index)


def test_what_cannot_be_read_is_rejected_with_a_reason_and_costs_no_other(place: Place) -> None:
    place.drop("curl")
    (place.incoming / "noise").write_bytes(b"\0\1\2 what is this")
    (place.incoming / "folder").mkdir()
    (place.incoming / "link").symlink_to("/etc/passwd")
    outcome = pack_repository(place.settings, place.spool, "repo")
    assert place.owners("curl") == owned("curl")
    assert sorted(outcome.rejected) == ["folder", "link", "noise"] == place.spool.rejected("repo")
    reasons = {name: (place.rejected / f"{name}.reason").read_text() for name in outcome.rejected}
    assert "none of the formats known here" in reasons["noise"]
    assert "is a directory, and only regular files" in reasons["folder"] and "Remedy: Put the file itself" in reasons["link"]
    assert ", 3 rejected, " in line(outcome)


def test_a_partial_file_is_waited_for_and_packed_when_it_is_whole(place: Place) -> None:
    whole = gzip.compress(PACKAGES.encode())
    target = place.incoming / "Packages.gz"
    target.write_bytes(whole[:-9])
    outcome = pack_repository(place.settings, place.spool, "repo")
    assert len(outcome.waiting) == 1 and outcome.rejected == ()
    (waiting,) = place.incoming.iterdir()
    with waiting.open("ab") as file:
        file.write(whole[-9:])
    assert pack_repository(place.settings, place.spool, "repo").report.change.added == 4


def test_a_partial_file_that_nobody_writes_to_any_more_is_rejected(place: Place) -> None:
    target = place.incoming / "Packages.gz"
    target.write_bytes(gzip.compress(PACKAGES.encode())[:-9])
    os.utime(target, LONG_AGO)
    assert pack_repository(place.settings, place.spool, "repo").rejected == ("Packages.gz",)
    assert "Remedy: Copy it again, whole" in (place.rejected / "Packages.gz.reason").read_text()


def test_a_partial_package_holds_up_no_other_package(place: Place) -> None:
    place.drop("curl")
    (place.incoming / "half.json").write_text('{"name": "half", "vers')
    outcome = pack_repository(place.settings, place.spool, "repo")
    assert place.owners("curl") == owned("curl")
    assert [name.split("@")[0] for name in outcome.waiting] == ["half.json"]


def test_a_full_set_is_not_cut_in_two_by_a_partial_file(place: Place) -> None:
    first, second = PACKAGES[: PACKAGES.index("Package: dash")], PACKAGES[PACKAGES.index("Package: dash") :]
    whole = gzip.compress(second.encode())
    (place.incoming / "Packages-main.gz").write_bytes(gzip.compress(first.encode()))
    (place.incoming / "Packages-contrib.gz").write_bytes(whole[:-9])
    outcome = pack_repository(place.settings, place.spool, "repo")
    assert len(outcome.waiting) == 2 and outcome.report.generation == 0
    late = next(path for path in place.incoming.iterdir() if "contrib" in path.name)
    late.write_bytes(whole)
    assert pack_repository(place.settings, place.spool, "repo").report.change.added == 4


def test_the_full_marker_makes_one_set_of_all_and_goes_away(place: Place) -> None:
    place.drop("old", "curl")
    pack_repository(place.settings, place.spool, "repo")
    (place.incoming / FULL_MARKER).touch()
    place.drop("bash", "curl")
    change = pack_repository(place.settings, place.spool, "repo").report.change
    assert (change.added, change.changed, change.removed) == (1, 0, 1)
    assert not place.spool.full_marked("repo")
    place.drop("dash")
    pack_repository(place.settings, place.spool, "repo")
    assert place.owners("old", "curl", "bash", "dash") == owned("curl", "bash", "dash")


def test_what_grows_while_it_is_packed_is_packed_again(place: Place) -> None:
    listing = place.incoming / "some.jsonl"
    listing.write_text(json.dumps({"name": "curl", "files": ["/usr/bin/curl"]}) + "\n")
    sender = listing.open("a")

    def write_on(said: str) -> None:
        if said == "writing packages":
            sender.write(json.dumps({"name": "bash", "files": ["/usr/bin/bash"]}) + "\n")
            sender.close()

    pack_repository(place.settings, place.spool, "repo", write_on)
    assert place.owners("curl", "bash") == owned("curl")
    pack_repository(place.settings, place.spool, "repo")
    assert place.owners("curl", "bash") == owned("curl", "bash")
    assert list(place.incoming.iterdir()) == []


def test_a_repository_that_another_writes_is_busy_and_nothing_is_lost(place: Place) -> None:
    place.drop("curl")
    pack_repository(place.settings, place.spool, "repo")
    place.drop("bash")
    with WriterLock(f"{place.settings.index}/repo/writer.lock", "repository 'repo'"), pytest.raises(Busy, match="'repo'"):
        pack_repository(place.settings, place.spool, "repo")
    assert len(place.spool.incoming("repo")) == 1
    pack_repository(place.settings, place.spool, "repo")
    assert place.owners("bash") == owned("bash")


def test_a_full_disk_gives_all_back(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.drop("curl", "bash")
    with monkeypatch.context() as full, pytest.raises(NoSpace, match="stay in the spool"):
        full.setattr(packer, "SPACE_FACTOR", 1 << 60)
        pack_repository(place.settings, place.spool, "repo")
    assert len(place.spool.incoming("repo")) == 2
    pack_repository(place.settings, place.spool, "repo")
    assert place.owners("curl", "bash") == owned("curl", "bash")


@pytest.mark.parametrize("steps", range(3))
def test_an_interrupt_gives_all_back(place: Place, steps: int) -> None:
    place.drop("curl", "bash")
    said: list[str] = []

    def interrupt(message: str) -> None:
        said.append(message)
        if len(said) > steps:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack_repository(place.settings, place.spool, "repo", interrupt)
    assert len(place.spool.incoming("repo")) == 2 and list(place.claimed.iterdir()) == []
    pack_repository(place.settings, place.spool, "repo")
    assert (place.generation(), place.packages()) == (1, 2)


def test_one_repository_that_fails_costs_itself_only(place: Place) -> None:
    for repo in ("alpha", "omega"):
        place.spool.add(repo)
        place.spool.submit_bytes(repo, "curl.json", b'{"name": "curl"}')
    Path(place.settings.index).mkdir()
    (Path(place.settings.index) / "alpha").write_text("in the way")
    told: list[str] = []
    packed = pack_all(place.settings, told=lambda outcome: told.append(outcome.report.repo))
    assert [failure.repo for failure in packed.failures] == ["alpha"]
    assert told == ["omega", "repo"]
    assert len(place.spool.incoming("alpha")) == 1


def test_a_repository_that_the_spool_does_not_have_is_refused_before_any_is_packed(place: Place) -> None:
    place.drop("curl")
    with pytest.raises(BadInput, match=r"'other'.*there is repo"):
        pack_all(place.settings, ["repo", "other"])
    assert len(place.spool.incoming("repo")) == 1


def test_without_its_sentinel_a_spool_is_not_touched(place: Place) -> None:
    place.drop("curl")
    (place.root / "spool/.pkgindex-spool").unlink()
    with pytest.raises(NoIndex):
        pack_all(place.settings)
    assert [path.name for path in place.incoming.iterdir()] == ["curl.json"]


@pytest.mark.parametrize("stuck", ["curl.json", "old.json"])
def test_what_cannot_be_moved_is_told_and_costs_no_other(
    place: Place, monkeypatch: pytest.MonkeyPatch, stuck: str
) -> None:
    """`old.json` is what a dead writer claimed."""
    place.drop("curl", "bash")
    folder = place.claimed / "nobody"
    folder.mkdir()
    (folder / "old.json").write_text('{"name": "old", "version": "1", "files": ["/usr/bin/old"]}')
    os.utime(folder, LONG_AGO)
    rename = os.rename

    def refusing(source: str, target: str) -> None:
        if source.endswith(stuck):
            raise OSError(5, "Input/output error")
        rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", refusing)
        outcome = pack_repository(place.settings, place.spool, "repo")
    (said,) = outcome.unmoved
    assert said.startswith("curl.json of repo" if stuck == "curl.json" else "claimed/nobody of repo")
    assert "(Input/output error): see " in said
    assert place.owners("bash") == owned("bash")
    assert pack_repository(place.settings, place.spool, "repo").unmoved == []
    assert place.owners("curl", "bash", "old") == owned("curl", "bash", "old")


def test_what_a_killed_packer_published_is_durable_before_it_leaves_the_spool(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was killed between the link of its manifest and the flush of that name: a power cut could take both away."""
    place.drop("curl")
    if (packer := os.fork()) == 0:
        Flushing.flush_name = lambda *names: signal.raise_signal(signal.SIGKILL)  # type: ignore[method-assign,assignment]
        pack_repository(place.settings, place.spool, "repo")
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(packer, 0)[1]) == -signal.SIGKILL
    done: list[str] = []
    fsync, unlink = os.fsync, os.unlink

    def noted_fsync(handle: int) -> None:
        done.append(os.path.basename(os.readlink(f"/proc/self/fd/{handle}")))
        fsync(handle)

    def noted_unlink(path: str) -> None:
        done.append(os.path.basename(path).partition("@")[0])
        unlink(path)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "unlink", noted_unlink)
    pack_repository(place.settings, place.spool, "repo")
    assert [what for what in done if what in ("generations", "curl.json")] == ["generations", "curl.json"]
    assert place.owners("curl") == owned("curl")
