"""What a hook runs, in every shell that may be /bin/sh: it leaves a stamp, ends well and says nothing, come what may."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from hooks.roots import SPOOL, installed, needs_mount, place_in, stamp
from pkgindex.hooks.firing import APT_JOB, SHOTS, ZYPPER_FRAMES
from pkgindex.hooks.place import Place
from pkgindex.hooks.stampfolder import JOBS_MARK
from pkgindex.hooks.stampfolder import make as make_stamps
from pkgindex.spool import stamps

SHELLS = {"dash": ["dash"], "bash": ["bash", "--posix"], "busybox": ["busybox", "sh"]}
SECONDS_MAX = 20


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> list[str]:
    found = SHELLS[request.param]
    if shutil.which(found[0]) is None:
        pytest.skip(f"needs {found[0]}: see tools/debian_packages.py")
    return found


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Where all that a hook names is where it says: the spool of this host is in the test's directory."""
    spool = tmp_path / "spool"
    return place_in(tmp_path / "root")._replace(spool=str(spool))


def command(place: Place) -> str:
    """What dpkg hands to a shell; the line is the same in the other hooks."""
    installed(place, "dpkg")
    folder = Path(stamps.jobs(place.spool))
    folder.mkdir(parents=True)
    return SHOTS["dpkg"](place)[0].command[-1]


def fire(shell: list[str], command: str, before: str = "", **how: object) -> subprocess.CompletedProcess[bytes]:
    """*before* is what the shell that calls it does first."""
    environment = {"PATH": os.environ["PATH"], "DPKG_ROOT": ""}
    words = [*shell, "-c", command]
    if before:
        words = ["sh", "-c", f'{before}; exec "$@"', "sh", *words]
    return subprocess.run(words, capture_output=True, env=environment, timeout=SECONDS_MAX, **how)  # type: ignore[call-overload, no-any-return]


def assert_unnoticed(done: subprocess.CompletedProcess[bytes]) -> None:
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_it_leaves_a_stamp(shell: list[str], place: Place) -> None:
    assert_unnoticed(fire(shell, command(place)))
    assert stamps.dropped(place.spool) == ["dpkg"]
    assert Path(stamps.path(place.spool, "dpkg")).read_bytes() == b""


@pytest.mark.parametrize("before", ["exec <&-", "exec >&-", "exec 2>&-", "exec <&- >&- 2>&-", "ulimit -f 0", "umask 077",
                                    "cd /proc/self/task", "trap '' PIPE CHLD", "unset PATH", "set -a; IFS=/"])
def test_it_leaves_a_stamp_whatever_the_manager_was_started_with(shell: list[str], place: Place, before: str) -> None:
    line = command(place)
    full = [shutil.which(shell[0]) or shell[0], *shell[1:]]
    assert_unnoticed(fire(full, line, before))
    assert stamps.dropped(place.spool) == ["dpkg"]


def _gone(place: Place) -> None:
    shutil.rmtree(place.spool)


def _no_stamps(place: Place) -> None:
    shutil.rmtree(stamps.folder(place.spool))


def _a_file(place: Place) -> None:
    _no_stamps(place)
    Path(stamps.folder(place.spool)).touch()


def _a_loop(place: Place) -> None:
    _no_stamps(place)
    Path(stamps.folder(place.spool)).symlink_to(stamps.folder(place.spool))


def _waiting(place: Place) -> None:
    Path(stamps.path(place.spool, "dpkg")).write_bytes(b"as it was")


def _a_pipe(place: Place) -> None:
    os.mkfifo(stamps.path(place.spool, "dpkg"))


def _a_folder(place: Place) -> None:
    Path(stamps.path(place.spool, "dpkg")).mkdir()


def _a_link(place: Place) -> None:
    Path(stamps.path(place.spool, "dpkg")).symlink_to(Path(place.spool, "precious"))


def _a_link_to_a_file(place: Place) -> None:
    Path(place.spool, "precious").write_text("precious")
    _a_link(place)


def _a_link_to_a_device(place: Place) -> None:
    Path(stamps.path(place.spool, "dpkg")).symlink_to("/dev/full")


BROKEN = [_gone, _no_stamps, _a_file, _a_loop, _waiting, _a_pipe, _a_folder, _a_link, _a_link_to_a_file, _a_link_to_a_device]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_nobody_notices_when_no_stamp_can_be_left(shell: list[str], place: Place, broken: Callable[[Place], None]) -> None:
    line = command(place)
    broken(place)
    assert_unnoticed(fire(shell, line))


@pytest.mark.parametrize("broken", [_waiting, _a_link_to_a_file])
def test_what_lies_there_is_never_written_to(shell: list[str], place: Place, broken: Callable[[Place], None]) -> None:
    line = command(place)
    broken(place)
    fire(shell, line)
    kept = Path(stamps.path(place.spool, "dpkg")).read_text()
    assert kept in ("as it was", "precious")


def test_a_link_to_nothing_makes_nothing(shell: list[str], place: Place) -> None:
    line = command(place)
    _a_link(place)
    fire(shell, line)
    assert not Path(place.spool, "precious").exists()


@needs_mount
@pytest.mark.parametrize("disk", ["size=4k,nr_inodes=2", "ro"], ids=["full", "read-only"])
def test_nobody_notices_a_disk_that_takes_no_stamp(shell: list[str], place: Place, disk: str) -> None:
    line = command(place)
    folder = stamps.folder(place.spool)
    # The directory itself is one of the two inodes, and this file the other.
    fill = f"touch {folder}/filler" if disk != "ro" else ":"
    mount = f"mount -t tmpfs -o {disk} none {folder} && {fill}"
    refused = subprocess.run(["unshare", "--mount", "sh", "-c", f"{mount} && : >{folder}/dpkg"], capture_output=True)
    assert refused.returncode != 0 and b"filler" not in refused.stderr, "the disk is not as it should be"
    inside = ["unshare", "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh", *shell]
    assert_unnoticed(fire(inside, line))


def test_nobody_notices_when_the_shell_that_touches_the_disk_is_killed(shell: list[str], place: Place) -> None:
    line = command(place)
    killed = line.replace("(set -C;", '(kill -9 "$(exec sh -c \'echo $PPID\')"; set -C;')
    assert killed != line
    done = fire(shell, killed)
    assert done.returncode == 0 and done.stdout == b""
    assert stamps.dropped(place.spool) == []


@pytest.mark.parametrize("signal", ["HUP", "INT", "PIPE", "TERM"])
def test_a_signal_that_can_be_caught_ends_it_well(shell: list[str], place: Place, signal: str) -> None:
    line = command(place)
    # In the place of the part that touches the disk, the shell sends itself the signal.
    before, _, after = line.partition("(set -C;")
    assert_unnoticed(fire(shell, f"{before} kill -{signal} $$; (set -C;{after}"))


def test_nothing_of_the_managers_is_held_open_when_it_has_ended(shell: list[str], place: Place) -> None:
    line = command(place)
    reading, writing = os.pipe()
    fire(shell, line, pass_fds=(writing,))
    os.close(writing)
    # It would wait for the other end, if a process were left that holds it.
    assert os.read(reading, 1) == b""
    os.close(reading)


@pytest.fixture
def apt_job(place: Place) -> Path:
    installed(place, "apt")
    make_stamps(place._replace(root="/", index=f"{place.root}/index"))
    return Path(place.root, "etc/pkgindex/hooks/apt-job")


def jobs(place: Place) -> list[Path]:
    return sorted(path for path in Path(stamps.jobs(place.spool)).iterdir() if path.name != JOBS_MARK)


def run_job(shell: list[str], script: Path, stdin: bytes | None = APT_JOB) -> subprocess.CompletedProcess[bytes]:
    given = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
    return subprocess.run([*shell, str(script)], capture_output=True, timeout=SECONDS_MAX, **given)  # type: ignore[call-overload, no-any-return]


def test_a_job_of_apt_is_kept_without_its_configuration(shell: list[str], place: Place, apt_job: Path) -> None:
    assert_unnoticed(run_job(shell, apt_job))
    kept, = jobs(place)
    assert kept.read_text() == "VERSION 3\n\npkgindex-test - - none < 1.0 all none **CONFIGURE**\n"


def test_no_more_jobs_are_kept_than_there_is_use_for_and_the_oldest_go(shell: list[str], place: Place, apt_job: Path) -> None:
    for number in range(1000000000, 1000000070):
        Path(stamps.jobs(place.spool), f"{number}-1").touch()
    assert_unnoticed(run_job(shell, apt_job))
    kept = jobs(place)
    assert len(kept) == 64 and kept[0].name == "1000000007-1" and kept[-1].read_bytes()


@pytest.mark.parametrize("stdin", [b"", None, b"VERSION 3", b"\0" * 100, b"x" * 300_000, b"\n" * 300_000])
def test_nobody_notices_a_job_that_is_none(shell: list[str], place: Place, apt_job: Path, stdin: bytes | None) -> None:
    assert_unnoticed(run_job(shell, apt_job, stdin))


@pytest.mark.parametrize("broken", [_gone, _no_stamps, _a_file, _a_loop], ids=lambda broken: broken.__name__)
def test_nobody_notices_when_no_job_can_be_left(
    shell: list[str], place: Place, apt_job: Path, broken: Callable[[Place], None]
) -> None:
    broken(place)
    assert_unnoticed(run_job(shell, apt_job, APT_JOB * 10_000))


def test_a_link_to_another_directory_is_not_followed_to_its_files(shell: list[str], place: Place, apt_job: Path) -> None:
    shutil.rmtree(stamps.jobs(place.spool))
    other = Path(place.root, "other")
    other.mkdir()
    for number in range(100):
        (other / str(number)).touch()
    Path(stamps.jobs(place.spool)).symlink_to(other)
    assert_unnoticed(run_job(shell, apt_job))
    assert len(list(other.iterdir())) == 100


@needs_mount
@pytest.mark.parametrize("disk", ["size=4k,nr_inodes=2", "size=4k", "ro"], ids=["no inode", "full", "read-only"])
def test_nobody_notices_a_disk_that_takes_no_job_and_no_half_a_job_is_left(
    shell: list[str], place: Place, apt_job: Path, disk: str
) -> None:
    folder = stamps.jobs(place.spool)
    mark = f"touch {folder}/{JOBS_MARK}" if disk != "ro" else ":"
    mount = f"mount -t tmpfs -o {disk} none {folder} && {mark}"
    listed = ["unshare", "--mount", "sh", "-c", f'{mount} && "$@" && find {folder} -type f ! -name {JOBS_MARK}', "sh", *shell]
    assert_unnoticed(run_job(listed, apt_job, APT_JOB + b"y" * 30_000))


ZYPPER = "/usr/lib/zypp/plugins/commit/pkgindex"


def test_zypper_is_answered_frame_by_frame(shell: list[str], place: Place) -> None:
    installed(place, "zypper")
    Path(stamps.folder(place.spool)).mkdir(parents=True)
    ends = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    talk = subprocess.Popen([*shell, place.root + ZYPPER], **ends)
    assert talk.stdin and talk.stdout and talk.stderr
    for frame in ZYPPER_FRAMES.split(b"\0")[:-1]:
        # Not before the answer to the first is there is the next frame sent.
        talk.stdin.write(frame + b"\0")
        talk.stdin.flush()
        assert talk.stdout.read(6) == b"ACK\n\n\0"
        assert bool(stamps.dropped(place.spool)) == (b"COMMITEND" in frame or b"PLUGINEND" in frame)
    talk.stdin.close()
    assert talk.wait(SECONDS_MAX) == 0
    assert talk.stdout.read() == talk.stderr.read() == b""
    talk.stdout.close()
    talk.stderr.close()


@pytest.mark.parametrize("frames", [b"", b"\0", b"COMMITEND", b"PLUGINBEGIN\n\n\0COMMITBEGIN\n\n{}\0", b"_DISCONNECT\n\n\0x"])
def test_zypper_goes_on_when_frames_are_cut_short(shell: list[str], place: Place, frames: bytes) -> None:
    installed(place, "zypper")
    done = subprocess.run([*shell, place.root + ZYPPER], input=frames, capture_output=True, timeout=SECONDS_MAX)
    assert done.returncode == 0 and done.stderr == b""


def test_zypper_may_end_without_listening(shell: list[str], place: Place) -> None:
    installed(place, "zypper")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*shell, place.root + ZYPPER], input=ZYPPER_FRAMES, stdout=writing, stderr=subprocess.PIPE,
                          timeout=SECONDS_MAX)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(("word", "stamped"), [("pre-commit", []), ("post-commit", ["apk"]), ("", [])])
def test_apk_is_followed_after_a_commit_and_never_before(
    shell: list[str], place: Place, word: str, stamped: list[str]
) -> None:
    installed(place, "apk")
    Path(stamps.folder(place.spool)).mkdir(parents=True)
    hook = place.root + "/etc/apk/commit_hooks.d/pkgindex"
    assert_unnoticed(subprocess.run([*shell, hook, *word.split()], capture_output=True, timeout=SECONDS_MAX))
    assert stamps.dropped(place.spool) == stamped


def test_a_root_of_its_own_keeps_its_stamps_to_itself(shell: list[str], tmp_path: Path) -> None:
    """dpkg --root runs hooks of this host, and names the root."""
    place = place_in(tmp_path / "image")
    installed(place, "dpkg")
    shot = SHOTS["dpkg"](place)[0]
    subprocess.run([*shell, "-c", shot.command[-1]], env={**os.environ, **shot.environment}, check=True)
    assert stamp(tmp_path / "image", "dpkg").exists() and SPOOL in shot.command[-1]
