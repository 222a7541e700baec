"""Commands that change something: each once, in a place of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Ask = Callable[..., Any]
MOON = [{"name": "moon", "version": "1", "files": ["/sky/moon"], "summary": "shines at night"}]


@pytest.fixture
def fresh(ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ask:
    """`ask`, where there is nothing yet."""
    monkeypatch.setenv("PKGINDEX_INDEX", str(tmp_path / "made" / "index"))
    monkeypatch.setenv("PKGINDEX_SPOOL", str(tmp_path / "made" / "spool"))
    return ask


def dropped(tmp_path: Path, name: str, content: Any = MOON) -> str:
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def stars(number: int) -> list[dict[str, Any]]:
    """More packages than are published without a shard."""
    return [{"name": f"star{number}-{place}", "version": "1", "files": [f"/sky/{number}/{place}"]} for place in range(70)]


def test_a_repository_from_nothing_to_an_answer(fresh: Ask, tmp_path: Path) -> None:
    made = fresh("init", "sky", "--partition", "bucket")
    assert made.code == 0 and made.out == b"" and str(tmp_path / "made/spool/sky/incoming") in made.err
    assert fresh("owner", "/sky/moon").code == 1
    assert fresh("submit", "sky", dropped(tmp_path, "moon.json")).lines == ["moon.json"]
    assert fresh("status", "--jsonl").objects[0]["pending"] == 1
    packed = fresh("pack", "sky")
    assert packed.code == 0 and packed.text.startswith("sky: generation 2, 1 added") and packed.err == ""
    assert fresh("owner", "sky/moon").lines == ["moon: /sky/moon"]
    assert fresh("status", "--jsonl").objects[0]["partition"] == "bucket"


def test_init_again_changes_nothing(fresh: Ask) -> None:
    assert fresh("init", "sky").code == 0
    again = fresh("init", "sky")
    assert again.code == 0 and "was there already" in again.err
    assert fresh("status", "--jsonl").objects[0]["generation"] == 1


def test_an_ordering_can_be_given_first_and_later_and_nothing_else_changes(fresh: Ask, tmp_path: Path) -> None:
    def status() -> tuple[str, int, int]:
        stands = fresh("status", "sky", "--jsonl").objects[0]
        return stands["ordering"], stands["generation"], stands["packages"]

    fresh("init", "sky", "--ordering", "rpm")
    assert status() == ("rpm", 1, 0)
    fresh("submit", "sky", dropped(tmp_path, "moon.json"))
    fresh("pack", "sky")
    assert status() == ("rpm", 2, 1)
    assert "stays as it is" in fresh("init", "sky", "--ordering", "rpm").err
    assert "compared as semver now, and were as rpm" in fresh("init", "sky", "--ordering", "semver").err
    assert status() == ("semver", 3, 1)
    assert fresh("history", "sky", "--jsonl", "--limit", "1").objects[0]["action"] == "ordering"
    assert fresh("owner", "sky/moon").code == 0
    assert fresh("verify", "sky").code == 0


def test_what_comes_again_unchanged_makes_no_generation(fresh: Ask, tmp_path: Path) -> None:
    fresh("init", "sky")
    file = dropped(tmp_path, "moon.json")
    for expected in (2, 0):
        fresh("submit", "sky", file)
        assert fresh("pack", "--jsonl").objects[0]["generation"] == expected
    assert "nothing changed" in fresh("pack").text


def test_submissions_keep_their_mode_and_get_names_of_their_own(fresh: Ask, tmp_path: Path) -> None:
    fresh("init", "sky")
    file = dropped(tmp_path, "moon.json")
    names = [fresh("submit", "sky", file, *mode).lines for mode in ([], ["--full"], ["--incremental"], ["--name", "a.json"])]
    assert names == [["moon.json"], ["moon.json@full"], ["moon.json@incremental"], ["a.json"]]
    assert fresh("submit", "sky", file).lines == ["moon.json@copy-2"]


def test_a_submission_comes_from_stdin(started: Ask, tmp_path: Path) -> None:
    where = {"PKGINDEX_INDEX": str(tmp_path / "index"), "PKGINDEX_SPOOL": str(tmp_path / "spool")}
    assert started("init", "sky", **where).code == 0
    answer = started("submit", "sky", "-", "--name", "moon.json", stdin=json.dumps(MOON).encode(), **where)
    assert (answer.code, answer.lines) == (0, ["moon.json"])
    assert (tmp_path / "spool/sky/incoming/moon.json").read_bytes() == json.dumps(MOON).encode()


def test_what_cannot_be_read_is_named_with_where_the_reason_lies(fresh: Ask, tmp_path: Path) -> None:
    fresh("init", "sky")
    fresh("submit", "sky", dropped(tmp_path, "noise.bin", "\x01\x02 nothing that anyone knows"))
    answer = fresh("pack")
    assert answer.code == 2 and "1 rejected" in answer.text and "noise.bin" in answer.err and "rejected/" in answer.err
    assert fresh("status", "--jsonl").objects[0]["rejected"] == 1


def test_one_bad_package_is_counted_and_named(fresh: Ask, tmp_path: Path) -> None:
    fresh("init", "sky")
    fresh("submit", "sky", dropped(tmp_path, "two.json", [*MOON, {"name": "", "version": "1"}]))
    answer = fresh("pack")
    assert answer.code == 0 and "1 added" in answer.text and "1 faults" in answer.text and "two.json" in answer.err
    assert fresh("pack", "--quiet").err == ""


def test_merge_and_gc_say_what_they_did(fresh: Ask, tmp_path: Path) -> None:
    fresh("init", "sky")
    for number in range(2):
        fresh("submit", "sky", dropped(tmp_path, f"{number}.json", stars(number)))
        fresh("pack")
    before = fresh("path", "/sky").lines
    assert fresh("merge").code == 0
    merged = fresh("merge", "--force", "--jsonl").objects[0]
    assert (merged["repo"], merged["generation"], merged["parts"]) == ("sky", merged["generation"], 4)
    assert "nothing to merge" in fresh("merge", "--force").err
    assert fresh("path", "/sky").lines == before and fresh("verify").code == 0
    assert "no generation" in fresh("gc").text


def test_gc_retires_what_is_not_kept(fresh: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PKGINDEX_KEEP_GENERATIONS", "1")
    monkeypatch.setenv("PKGINDEX_GRACE_SECONDS", "0")
    fresh("init", "sky")
    fresh("submit", "sky", dropped(tmp_path, "moon.json"))
    fresh("pack")
    retired = fresh("gc", "--jsonl").objects[0]
    assert retired["repo"] == "sky" and retired["generations"] == [1]
    assert fresh("verify").code == 0 and fresh("owner", "/sky/moon").code == 0


def test_a_rebuild_makes_a_sound_generation(fresh: Ask, tmp_path: Path) -> None:
    fresh("init", "sky")
    fresh("submit", "sky", dropped(tmp_path, "stars.json", stars(0)))
    fresh("pack")
    for shard in (tmp_path / "made/index/sky/shards").glob("paths*"):
        shard.write_bytes(bytes(shard.stat().st_size))
    damaged = fresh("owner", "/sky/0/7")
    assert (damaged.code, damaged.lines) == (0, ["star0-7: /sky/0/7"]) and "pack --rebuild" in damaged.err
    assert fresh("verify").code == 3
    fresh("submit", "sky", dropped(tmp_path, "moon.json"))
    rebuilt, packed = fresh("pack", "--rebuild", "sky", "--jsonl").objects
    assert (rebuilt["generation"], packed["generation"], packed["packed"]) == (3, 4, ["moon.json"])
    assert fresh("verify").code == 0
    assert fresh("owner", "/sky/0/7", "/sky/moon").lines == ["star0-7: /sky/0/7", "moon: /sky/moon"]


def test_a_host_is_synced_into_its_own_repository(fresh: Ask, tmp_path: Path) -> None:
    root = tmp_path / "host"
    info = root / "var/lib/dpkg/info"
    info.mkdir(parents=True)
    (root / "var/lib/dpkg/status").write_text(
        "Package: moon\nStatus: install ok installed\nVersion: 1\nArchitecture: all\nDescription: shines\n\n"
    )
    (info / "moon.list").write_text("/.\n/sky\n/sky/moon\n")
    synced = fresh("sync", "dpkg", "--root", str(root), "--repo", "attic", "--jsonl").objects[0]
    assert (synced["repo"], synced["packages"], synced["added"]) == ("attic", 1, ["moon"])
    assert fresh("owner", "/sky/moon").lines == ["moon: /sky/moon"]
    again = fresh("sync", "dpkg", "--root", str(root), "--repo", "attic")
    assert again.code == 0 and "nothing changed" in again.text
    assert fresh("sync", "dpkg", "--root", str(tmp_path / "no")).code == 1


def test_watch_packs_what_arrives_and_ends_when_it_is_told(started: Ask, place: Any, tmp_path: Path) -> None:
    where = {"PKGINDEX_INDEX": str(tmp_path / "index"), "PKGINDEX_SPOOL": str(tmp_path / "spool"),
             "PKGINDEX_QUIET_SECONDS": "0.05", "PKGINDEX_POLL_SECONDS": "0.05"}
    assert started("init", "sky", **where).code == 0
    watch = subprocess.Popen([sys.executable, "-m", "pkgindex.cli.main", "watch", "--poll"], stderr=subprocess.PIPE, text=True,
                             env={**os.environ, **place.environment, **where})
    assert watch.stderr is not None
    assert "watching" in watch.stderr.readline()
    assert started("submit", "sky", dropped(tmp_path, "moon.json"), **where).code == 0
    assert "sky: generation 2, 1 added" in watch.stderr.readline()
    assert started("owner", "/sky/moon", **where).code == 0
    watch.send_signal(signal.SIGTERM)
    _, words = watch.communicate()
    assert watch.returncode == 0 and "Traceback" not in words


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A root with what dpkg, pip and npm have installed in it."""
    root = tmp_path / "host"
    for path, text in {
        "var/lib/dpkg/status": "Package: moon\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\n",
        "var/lib/dpkg/info/moon.list": "/sky/moon\n",
        "usr/lib/python3/dist-packages/mars-2.dist-info/METADATA": "Name: mars\nVersion: 2\n",
        "usr/lib/node_modules/@sky/venus/package.json": '{"name": "@sky/venus", "version": "3.0.0"}',
    }.items():
        (root / path).parent.mkdir(parents=True)
        (root / path).write_text(text)
    long_ago = time.time() - 3600
    os.utime(root / "usr/lib/python3/dist-packages/mars-2.dist-info", (long_ago, long_ago))
    return root


def test_all_managers_are_synced_a_repository_each(fresh: Ask, host: Path) -> None:
    dry = fresh("sync", "--all", "--root", str(host), "--dry-run")
    assert [line for line in dry.lines if line.startswith("added")] == ["added moon", "added mars", "added @sky/venus"]
    assert fresh("status").code == 3, "a preview makes no index"
    synced = fresh("sync", "--all", "--root", str(host), "--jsonl").objects
    assert [(one["manager"], one["added"], one["unreadable"]) for one in synced] == [
        ("dpkg", ["moon"], []), ("pip", ["mars"], []), ("npm", ["@sky/venus"], []),
    ]
    assert len({one["repo"] for one in synced}) == 3
    orderings = {one["repo"].split("-")[1]: one["ordering"] for one in fresh("status", "--jsonl").objects}
    assert orderings == {"dpkg": "debian", "pip": "pep440", "npm": "semver"}
    again = fresh("sync", "--all", "--root", str(host))
    assert again.code == 0 and [line for line in again.lines if "nothing changed" not in line] == []


def test_a_record_that_cannot_be_read_is_named_and_ends_with_5(fresh: Ask, host: Path) -> None:
    (host / "usr/lib/node_modules/@sky/venus/package.json").write_text("{")
    torn = fresh("sync", "--all", "--root", str(host), "--jsonl")
    assert torn.code == 5 and "@sky/venus/package.json" in torn.err and "Traceback" not in torn.err
    assert [(one["packages"], len(one["unreadable"])) for one in torn.objects] == [(1, 0), (1, 0), (0, 1)]


def test_a_database_that_cannot_be_read_costs_no_other(fresh: Ask, host: Path) -> None:
    (host / "var/lib/dpkg/status").write_text("")
    partly = fresh("sync", "--all", "--root", str(host), "--json")
    assert partly.code == 5 and "status is empty" in partly.err
    assert [one["manager"] for one in json.loads(partly.text)["hits"]] == ["pip", "npm"]


def test_one_name_is_not_for_many_repositories(fresh: Ask, host: Path) -> None:
    both = fresh("sync", "--all", "--root", str(host), "--repo", "attic")
    assert both.code == 2 and "each has its repository" in both.err
    assert fresh("sync", "uv", "--root", str(host), "--repo", "attic").code == 0
    assert fresh("sync", "conda", "--root", str(host)).code == 1


def test_what_cannot_be_moved_ends_a_pack_and_a_sync_with_3(
    fresh: Ask, host: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither says that all is well while something waits."""
    fresh("init", "sky")
    fresh("submit", "sky", dropped(tmp_path, "moon.json"), dropped(tmp_path, "sun.json", [{"name": "sun", "version": "1"}]))
    rename = os.rename

    def refusing(source: str, target: str) -> None:
        if source.endswith(("incoming/moon.json", "incoming/dpkg.jsonl@incremental")):
            raise OSError(5, "Input/output error")
        rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", refusing)
        stuck = fresh("pack"), fresh("sync", "dpkg", "--root", str(host))
    assert [one.code for one in stuck] == [3, 3]
    assert all("cannot be moved (Input/output error): see " in one.err for one in stuck)
    assert fresh("show", "sun").code == 0
    assert (fresh("pack").code, fresh("owner", "/sky/moon").code) == (0, 0)
