"""One command in a child of its own, which is made ready before it is let go: what it met, what it said, how it ended.

The child is forked from a process that has imported all that the command needs, so that each call it makes to the disk is
the command's own, and a trial costs no start of an interpreter. What is drawn by lot, the time, and the number of the process
are the same in each trial: so those that come to the same end leave the same bytes, which are judged once.
"""

from __future__ import annotations

import os
import random
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from battery.ground import Ground
from battery.scenes import Scene

# Only what hangs takes so long, however busy the machine is.
SECONDS_MAX = 600.0
# No process has it: its claims are those of a dead writer when the command has ended.
PROCESS = 1 << 23
# Work in one process: a fault is put into the calls of that one. A child in the battery waits for no lock.
ALWAYS = {"PKGINDEX_PROCESSES": "1", "PKGINDEX_LOCK_WAIT_SECONDS": "0"}
UNHANDLED = 99
GO = signal.SIGUSR1


class Ended(NamedTuple):
    """The exit code, negative for a signal; what was said on stderr, and answered on stdout."""

    code: int
    said: str
    answered: str = ""


class Started:
    """A child that waits to be let go. *inside* is called in it then, before the command."""

    def __init__(self, ground: Ground, words: Sequence[str], environment: Mapping[str, str],
                 inside: Callable[[], None] = lambda: None) -> None:
        self._said, self._answered = f"{ground.root}/stderr", f"{ground.root}/stdout"
        ground.runs += 1
        ready, preparing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(ready)
            _become(self._said, self._answered, ground, {**ALWAYS, **environment})
            _repeat(ground.runs, ground.began)
            signal.pthread_sigmask(signal.SIG_BLOCK, (GO,))
            os.close(preparing)
            # Waited for by a call that is no call on a file: whoever counts those must not count this one, now and then.
            signal.sigwait((GO,))
            _perform([word.replace("HERE", ground.here) for word in words], inside)
        os.close(preparing)
        # Until it is ready: what it does before is not the command's.
        os.read(ready, 1)
        os.close(ready)

    def go(self) -> None:
        os.kill(self.pid, GO)

    def wait(self) -> Ended:
        handle = os.pidfd_open(self.pid)
        try:
            ended, _, _ = select.select([handle], [], [], SECONDS_MAX)
        finally:
            os.close(handle)
        if not ended:
            os.kill(self.pid, 9)
        _, status = os.waitpid(self.pid, 0)
        assert ended, f"not done after {SECONDS_MAX:.0f} s; it said: {_text(self._said)}"
        return Ended(os.waitstatus_to_exitcode(status), _text(self._said), _text(self._answered))


def run(ground: Ground, words: Sequence[str], environment: Mapping[str, str] = {},
        inside: Callable[[], None] = lambda: None) -> Ended:
    started = Started(ground, words, environment, inside)
    started.go()
    return started.wait()


def prepare(ground: Ground, scene: Scene) -> None:
    """Set up what *scene* finds, and have this process import all that its command will."""

    def succeed(*words: str, environment: Mapping[str, str] = {}) -> None:
        ended = run(ground, words, environment)
        assert ended.code == 0, f"{' '.join(words)}: {ended}"

    scene.prepare(ground, succeed)
    ground.keep()
    _import(scene, ground)
    ground.restore()


def _import(scene: Scene, ground: Ground) -> None:
    """What a command imports on its way is found by a child that runs it, and imported here."""
    listing = f"{ground.root}/modules"

    def note() -> None:
        import atexit

        atexit.register(lambda: _write(listing, "\n".join(sorted(sys.modules))))

    run(ground, scene.words, scene.environment, note)
    with open(listing, encoding="utf-8") as file:
        for name in file.read().split("\n"):
            if name not in sys.modules and not name.startswith("_"):
                __import__(name)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _become(said: str, answered: str, ground: Ground, environment: Mapping[str, str]) -> None:
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    for path, target in ((answered, 1), (said, 2)):
        os.dup2(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_APPEND, 0o600), target)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for as long as the process lives
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    os.environ.update(environment, PKGINDEX_INDEX=ground.index, PKGINDEX_SPOOL=ground.spool,
                      PKGINDEX_CACHE=f"{ground.root}/cache", XDG_CACHE_HOME=f"{ground.root}/cache")


def _repeat(number: int, began: float) -> None:
    """Let this be like run *number* of any other trial, and like no other run of its own."""
    chance, now, gmtime = random.Random(number), began + number, time.gmtime
    os.urandom = chance.randbytes
    os.getpid = lambda: PROCESS
    time.time = lambda: now
    time.gmtime = lambda seconds=None: gmtime(now if seconds is None else seconds)


def _perform(words: list[str], inside: Callable[[], None]) -> None:
    import atexit

    from pkgindex.cli.main import main

    code = UNHANDLED
    try:
        # What the parent wanted done at its end is not this child's to do.
        atexit._clear()
        inside()
        code = main(words)
    except BaseException:  # noqa: BLE001 - it is what the battery looks for
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stderr.flush()
        os._exit(code)
