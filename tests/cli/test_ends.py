"""How the program ends: exit codes, and one clear line instead of a traceback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pkgindex.cli.main import main

Ask = Callable[..., Any]


def ended(answer: Any, code: int, *words: str) -> None:
    """It ended with *code*, one message on stderr that holds *words*, and nothing on stdout."""
    assert (answer.code, answer.out) == (code, b""), answer
    first, *further = answer.err.splitlines()
    assert first.startswith("pkgindex: ") and all(line.startswith("    ") for line in further), answer.err
    for word in words:
        assert word in answer.err, answer.err


@pytest.mark.parametrize(("words", "said"), [
    (["nonsense"], "nonsense"),
    (["owner"], "see 'pkgindex owner --help'"),
    (["owner", "--nonsense", "x"], "--nonsense"),
    (["owner", "--limit", "many", "x"], "--limit"),
    (["owner", "--limit", "-1", "x"], "--limit"),
    (["owner", "--at", "0", "x"], "--at"),
    (["--color", "mauve", "status"], "mauve"),
    (["owner", "--json", "--jsonl", "x"], "one of them"),
    (["path", "--glob", "--regex", "x"], "one of them"),
    (["path", "--regex", "("], "("),
    (["deps", "--kind", "loves", "curl"], "pre-depends"),
    (["diff", "debian", "1"], "two numbers"),
    (["diff", "debian", "one", "two"], "two numbers"),
    (["why", "curl"], "TARGET"),
    (["sync"], "dpkg, rpm"),
    (["sync", "emerge"], "dpkg, rpm"),
    (["sync", "dpkg", "--all"], "dpkg, rpm"),
    (["init", "../etc"], "cannot be the name of a repository"),
    (["init", "debian", "--partition", "whole"], "--partition package"),
    (["submit", "nowhere", "/etc/hostname"], "pkgindex init"),
    (["submit", "tools", "/no/such"], "/no/such"),
    (["submit", "tools", "-"], "--name"),
    (["submit", "tools", "a", "b", "--name", "c"], "one file"),
    (["submit", "tools", "a", "--full", "--incremental"], "one of them"),
    (["pack", "nowhere"], "nowhere"),
    (["completion", "tcsh"], "bash, zsh, fish"),
])
def test_a_mistake_in_the_words_ends_with_2(ask: Ask, words: list[str], said: str) -> None:
    ended(ask(*words), 2, said)


def test_a_setting_that_is_none_ends_with_2(started: Ask) -> None:
    ended(started("status", PKGINDEX_KEEP_GENERATIONS="several"), 2, "PKGINDEX_KEEP_GENERATIONS")
    ended(started("status", PKGINDEX_CONFIG="/no/such.toml"), 2, "/no/such.toml")


@pytest.mark.parametrize("words", [["owner", "/x"], ["path", "x"], ["search", "x"], ["show", "x"], ["status"], ["gc"],
                                   ["merge"], ["verify"], ["history", "debian"]], ids=lambda words: words[0])
def test_a_directory_that_is_no_index_ends_with_3(ask: Ask, tmp_path: Path, words: list[str]) -> None:
    ended(ask(*words, "--index", str(tmp_path / "missing")), 3, "missing", "pkgindex init")
    ended(ask(*words, "--index", str(tmp_path)), 3, "is empty", "pkgindex init")
    (tmp_path / "letters").mkdir()
    ended(ask(*words, "--index", str(tmp_path)), 3, "no index")
    ended(ask(*words, "--index", "/etc/hostname"), 3, "/etc/hostname")


@pytest.fixture
def copy(place: Any, tmp_path: Path) -> Path:
    """An index of our own, to be damaged."""
    shutil.copytree(place.root / "index", tmp_path / "index")
    return tmp_path / "index"


def manifest_of(repository: Path) -> Path:
    return max((repository / "generations").iterdir())


def test_an_index_of_a_newer_format_says_so(ask: Ask, copy: Path) -> None:
    manifest = manifest_of(copy / "debian")
    magic, _, rest = manifest.read_bytes().split(b" ", 2)
    manifest.write_bytes(b" ".join((magic, b"99", rest)))
    ended(ask("owner", "/usr/bin/python3", "--repo", "debian", "--index", str(copy)), 3, "99", "upgrade")


def test_one_damaged_repository_ends_with_5_and_the_others_answer(ask: Ask, copy: Path) -> None:
    manifest_of(copy / "tools").write_bytes(b"rubbish")
    answer = ask("owner", "/usr/bin/python3", "--index", str(copy))
    assert answer.code == 5 and answer.lines == ["debian/python3-minimal: /usr/bin/python3"]
    assert "tools" in answer.err and "pack --rebuild" in answer.err
    document = json.loads(ask("owner", "/usr/bin/python3", "--json", "--index", str(copy)).out)
    assert [failure["repo"] for failure in document["failures"]] == ["tools"] and len(document["hits"]) == 1


def test_all_damaged_ends_with_3(ask: Ask, copy: Path) -> None:
    for repository in ("debian", "tools"):
        manifest_of(copy / repository).write_bytes(b"rubbish")
    ended(ask("owner", "/usr/bin/python3", "--index", str(copy)), 3, "pack --rebuild")


def test_verify_finds_what_is_wrong_and_ends_with_3(ask: Ask, copy: Path) -> None:
    assert ask("verify", "--index", str(copy)).code == 0
    shard = next((copy / "debian" / "shards").glob("paths*"))
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    answer = ask("verify", "--index", str(copy))
    assert answer.code == 3 and shard.name in answer.text and "pack --rebuild debian" in answer.text
    debian, tools = ask("verify", "--jsonl", "--index", str(copy)).objects
    assert (debian["sound"], tools["sound"]) == (False, True) and debian["faults"][0]["remedy"]


def test_another_writer_ends_with_4(started: Ask, place: Any, tmp_path: Path) -> None:
    shutil.copytree(place.root / "index", tmp_path / "index")
    shutil.copytree(place.root / "spool", tmp_path / "spool")
    file = tmp_path / "more.json"
    file.write_text('[{"name": "moon", "version": "1"}]')
    where = {"PKGINDEX_INDEX": str(tmp_path / "index"), "PKGINDEX_SPOOL": str(tmp_path / "spool")}
    assert started("submit", "tools", str(file), **where).code == 0
    code = f"""import sys
from pkgindex.cli.main import main
from pkgindex.store.lock import WriterLock
with WriterLock({str(tmp_path / "index/tools/writer.lock")!r}, "repository 'tools'"):
    sys.exit(main(["pack", "tools"]))"""
    answer = started(code=code, PKGINDEX_LOCK_WAIT_SECONDS="0", **where)
    assert answer.code == 4 and "tools" in answer.err
    assert started("pack", "tools", **where).code == 0


def test_a_reader_that_leaves_is_not_an_error(place: Any) -> None:
    command = f"{sys.executable} -m pkgindex.cli.main path / | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], env=place.environment, capture_output=True, text=True)
    assert done.stderr == ""
    first, code = done.stdout.splitlines()
    assert "/" in first and code == "141"


@pytest.mark.parametrize("words", ["--help", "status", "owner --help"])
def test_a_reader_that_was_never_there_is_not_an_error(place: Any, words: str) -> None:
    command = f"{sys.executable} -m pkgindex.cli.main {words} | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], env=place.environment, capture_output=True, text=True)
    # A pipe may hold so little before the other end is closed.
    assert done.stderr == "" and done.stdout.strip() in ("0", "141")


def test_closed_streams_are_no_traceback(place: Any) -> None:
    command = f"{sys.executable} -m pkgindex.cli.main owner /usr/bin/python3 >&- 2>&-; echo $?"
    done = subprocess.run(["bash", "-c", command], env=place.environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_a_full_disk_behind_stdout_is_said(place: Any) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run([sys.executable, "-m", "pkgindex.cli.main", "path", "/usr"], env=place.environment, stdout=full,
                              stderr=subprocess.PIPE, text=True)
    assert done.returncode == 3 and "make room" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [["owner", "-"], ["watch"]], ids=lambda words: words[0])
def test_ctrl_c_ends_with_130(place: Any, words: list[str]) -> None:
    process = subprocess.Popen([sys.executable, "-m", "pkgindex.cli.main", *words], env=place.environment,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None and process.stderr is not None and process.stdout is not None
    if words == ["watch"]:
        process.stderr.readline()  # the line that says it is there
    else:
        # It reads on until the pipe has been emptied: by then it is past its imports.
        process.stdin.write(b"/x\n" * 100_000)
        process.stdin.flush()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130 and b"Traceback" not in err, err


AS_NOBODY = """
import os, shutil, sys
from pkgindex.cli import catalog
from pkgindex.cli.main import main
place, words = sys.argv[1], sys.argv[2:]
# Once as root on a copy: the interpreter's own files may be out of reach for anyone else.
shutil.copytree(place, place + "-warm")
os.environ.update(PKGINDEX_INDEX=place + "-warm/index", PKGINDEX_SPOOL=place + "-warm/spool")
main(words)
main(["owner", "/no/such"])
shutil.rmtree(place + "-warm")
sys.stdout.flush()
os.truncate(1, 0), os.truncate(2, 0), os.lseek(1, 0, 0), os.lseek(2, 0, 0)
os.environ.update(PKGINDEX_INDEX=place + "/index", PKGINDEX_SPOOL=place + "/spool")
os.setgroups([]), os.setgid(65534), os.setuid(65534)
sys.exit(main(words))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_reads_and_is_told_what_cannot_be_written(place: Any) -> None:
    with tempfile.TemporaryDirectory(prefix="pkgindex-") as folder:
        os.chmod(folder, 0o755)
        root = Path(folder) / "place"
        shutil.copytree(place.root, root)
        subprocess.run(["chmod", "-R", "u=rwX,go=rX", str(root)], check=True)

        def other(*words: str) -> tuple[int, str, str]:
            with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
                done = subprocess.run([sys.executable, "-c", AS_NOBODY, str(root), *words], env=place.environment,
                                      stdout=out, stderr=err)
                out.seek(0)
                err.seek(0)
                return done.returncode, out.read().decode(), err.read().decode()

        assert other("owner", "/usr/bin/python3") == (0, "debian/python3-minimal: /usr/bin/python3\n", "")
        (root / "spool/tools/incoming/moon.json").write_text('[{"name": "moon", "version": "1"}]')
        for words in (["init", "more"], ["pack", "tools"], ["submit", "tools", "/etc/hostname"]):
            code, out, err = other(*words)
            assert (code, out) == (3, "") and "ermission" in err and "Traceback" not in err, (words, err)


def test_a_spool_is_a_directory_and_the_password_in_an_address_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--spool", "postgresql://user:secret@host/db", "status"]) == 2
    said = capsys.readouterr().err
    assert "a directory" in said
    assert "secret" not in said
