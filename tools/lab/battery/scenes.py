"""What happens while they write and read. Each scene is played on a stage of its own, so that each verdict is about one thing.

`srv` serves, c1 and c2 are clients. Writers with --lock take the lock as every command does; those without rely on the link
alone, as one does whose lock was given away.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import NamedTuple

from lab.battery import commands
from lab.battery.stage import Stage

LOOK = "--pause 0.05"
# Longer than the lease of the lab's NFS server, and than the ping timeout of GlusterFS.
CUT_SECONDS = {"gluster": 50.0}
CUT_SECONDS_ELSE = 30.0
REPLIES_ROUNDS = 4


def everybody(stage: Stage, seconds: float) -> None:
    """Two writers and two readers on each client, one of them slow, and nothing happens."""
    writers = "w1,w2,w3,w4"
    for host, (first, second) in {"c1": ("w1", "w2"), "c2": ("w3", "w4")}.items():
        stage.write(host, first, seconds, "--lock --retire 25")
        stage.write(host, second, seconds, "--retire 40")
        stage.look(host, f"look-{host}", seconds, writers, LOOK)
    stage.look("c1", "slow", seconds, writers, "--hold 4")
    stage.await_all()


def thousands(stage: Stage, seconds: float) -> None:
    """As many generations as there can be: few files to each, and the writers in turn."""
    for host, writer in (("c1", "w1"), ("c2", "w2")):
        stage.write(host, writer, seconds, "--lock --retire 50")
        for number in (1, 2):
            stage.look(host, f"look{number}-{host}", seconds, "w1,w2", LOOK)
    stage.await_all()


def calm(stage: Stage, seconds: float) -> None:
    """One publish a second on each client, and readers that look twenty times a second: what the staleness is by itself."""
    for host, writer in (("c1", "w1"), ("c2", "w2")):
        stage.write(host, writer, seconds, "--lock --pause 1 --retire 20")
        stage.look(host, f"look-{host}", seconds, "w1,w2", LOOK)
    stage.await_all()


def cut_off(stage: Stage, seconds: float) -> None:
    """A client that holds the lock is cut off for longer than its lease, and comes back."""
    _one_each(stage, seconds + 2 * _cut_seconds(stage))
    for _ in range(2):
        time.sleep(seconds / 3)
        stage.lab.cut("c1")
        time.sleep(_cut_seconds(stage))
        stage.lab.heal("c1")
    stage.await_all()


def client_loses_power(stage: Stage, seconds: float) -> None:
    """A client dies in the midst of a publish; another goes on, and a new one begins on the dead one's host."""
    _one_each(stage, seconds)
    time.sleep(seconds / 3)
    stage.lab.kill("c1")
    time.sleep(seconds / 6)
    stage.lab.boot("c1")
    stage.write("c1", "again", seconds / 2, "--lock")
    stage.await_all()


def server_loses_power(stage: Stage, seconds: float) -> None:
    """The server dies in the midst of publishes, and comes back."""
    _one_each(stage, seconds)
    for _ in range(2):
        time.sleep(seconds / 4)
        stage.lab.kill(stage.lab.server)
        time.sleep(1)
        stage.lab.boot(stage.lab.server)
    stage.await_all()


def replies_lost(stage: Stage, seconds: float) -> None:
    """What the server says to c1 is lost, then its memory of having said it; c1 asks again for what was done."""
    for writer in ("w1", "w2"):
        stage.write("c1", writer, seconds)
    stage.hammer("c1", "names", seconds)
    stage.look("c2", "look-c2", seconds, "w1,w2", LOOK)
    for _ in range(REPLIES_ROUNDS):
        time.sleep(random.uniform(2, 4))
        stage.lab.lose(stage.lab.server, "c1")
        # Long enough for what is under way to be done.
        time.sleep(random.uniform(0.5, 2))
        stage.lab.kill(stage.lab.server)
        stage.lab.lose_nothing()
        stage.lab.boot(stage.lab.server)
        time.sleep(18)
    stage.await_all()


def clocks_apart(stage: Stage, seconds: float) -> None:
    """c1 is ten minutes ahead and c2 ten minutes behind the server, and both retire what is two seconds old."""
    for host, ahead in (("c1", 600.0), ("c2", -600.0)):
        stage.set_forward(host, ahead)
    try:
        everybody(stage, seconds)
    finally:
        for host, ahead in (("c1", -600.0), ("c2", 600.0)):
            stage.set_forward(host, ahead)


def stalled(stage: Stage, seconds: float) -> None:
    """Writers are stopped in the midst of a publish until their generation is retired and the lock is another's, and wake."""
    names = ("w1", "w2", "w3", "w4")
    for number, name in enumerate(names):
        stage.write(f"c{number % 2 + 1}", name, seconds, "--retire 10" + (" --lock" if number < 2 else ""))
    stage.look("c1", "look-c1", seconds, ",".join(names), LOOK)
    end = time.monotonic() + seconds - 8
    while time.monotonic() < end:
        name = random.choice(names)
        stage.pause(name)
        time.sleep(random.uniform(1, 6))
        stage.wake(name)
        time.sleep(random.uniform(0, 0.5))
    stage.await_all()


def _one_each(stage: Stage, seconds: float) -> None:
    for host, writer in (("c1", "w1"), ("c2", "w2")):
        stage.write(host, writer, seconds, "--lock --retire 30")
        stage.look(host, f"look-{host}", seconds, "w1,w2", LOOK)


def _cut_seconds(stage: Stage) -> float:
    return CUT_SECONDS.get(stage.kind, CUT_SECONDS_ELSE)


class Scene(NamedTuple):
    """*story* is what the table says of it."""

    play: Callable[[Stage, float], None]
    story: str
    partition: str = "package"
    sets_clocks: bool = False


SCENES = {
    "thousands": Scene(thousands, "one writer and two readers a host, one file for all packages", "whole"),
    "everybody": Scene(everybody, "four writers, three readers, one of them slow"),
    "calm": Scene(calm, "a publish a second on each host"),
    "stalled": Scene(stalled, "writers stopped for seconds in the midst of a publish"),
    "cut": Scene(cut_off, "a client cut off with the lock, twice"),
    "client": Scene(client_loses_power, "a client loses power"),
    "server": Scene(server_loses_power, "the server loses power, twice"),
    "replies": Scene(replies_lost, "replies lost, then the server's power, four times"),
    "clocks": Scene(clocks_apart, "clocks twenty minutes apart", sets_clocks=True),
    "packers": Scene(commands.packers, "two packers on one spool, one loses power"),
    "servers": Scene(commands.servers, "a tree server on each host"),
    "rebuilders": Scene(commands.rebuilders, "both hosts rebuild, merge and clean up meanwhile"),
    "contract": Scene(commands.contract, "the laws of a backend"),
}
