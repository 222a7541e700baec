"""A schedule as data: who does what on which host, and what happens at which of their steps.

What happens is drawn from the seed by actor and step alone, so that taking one thing out of a schedule leaves the rest as it
was: that is what makes it shrink.
"""

from __future__ import annotations

import json
from random import Random
from typing import NamedTuple

WRITER_VERBS = ("commit", "commit", "commit", "commit", "pack", "pack-shards", "wait")
KEEPER_VERBS = ("gc", "gc", "gc", "fold", "settle", "merge", "rebuild", "restore", "commit", "wait")
READER_VERBS = ("ask", "ask", "ask", "ask-fresh", "hold", "wait")
# Where much is retired while it is read.
PACKER_VERBS = ("pack", "pack", "pack-shards", "commit", "fold")
RETIRER_VERBS = ("gc", "gc", "gc", "wait")
HOLDER_VERBS = ("ask", "ask-fresh", "hold", "hold")

# What may happen at a step, by the call that is made there; `switch`, `pause` and `crash` at every one.
FAULTS = {
    "open": ("stale", "broken", "missing"),
    "read": ("stale", "broken"),
    "write": ("full", "short"),
    "flush": ("broken",),
    "link": ("unheard", "torn", "unheard", "torn"),
    "unlink": ("unheard",),
    "rename": ("unheard",),
    "mkdir": ("unheard",),
    "list": ("late",),
}
# They cost their caller nothing but what it must bear without an error.
BORNE = {"unheard", "torn", "late", "short"}
ON_SHARES = {"unheard", "torn", "late", "stale"}
PAUSE_SECONDS = (0.3, 1.5, 6.0, 40.0, 100.0)
_MASK = (1 << 64) - 1


class Role(NamedTuple):
    """An actor: what it does, one verb after the other, on which host."""

    host: int
    verbs: tuple[str, ...]


class Event(NamedTuple):
    """What happens at step *step* of actor *actor*; *argument* says to whom the baton goes, or how long a pause is."""

    actor: int
    step: int
    what: str
    argument: int = 0


class Script(NamedTuple):
    """A schedule. `events` is None where they are drawn from the seed, at the rates given: parts in 10,000 of the steps."""

    seed: int
    share: bool
    keep: int
    roles: tuple[Role, ...]
    switches: int
    pauses: int
    faults: int
    crashes: int
    events: tuple[Event, ...] | None = None

    def text(self) -> str:
        return json.dumps(self._asdict())


def parsed(text: str) -> Script:
    found = json.loads(text)
    found["roles"] = tuple(Role(host, tuple(verbs)) for host, verbs in found["roles"])
    if found["events"] is not None:
        found["events"] = tuple(Event(*event) for event in found["events"])
    return Script(**found)


def drawn(seed: int) -> Script:
    """The schedule of *seed*."""
    random = Random(seed)
    if random.random() < 0.2:
        return _retiring(seed, random)
    share = random.random() < 0.75
    hosts = random.choice((1, 2, 3)) if share else 1
    roles = [_role(random, hosts, WRITER_VERBS, 3) for _ in range(random.choice((1, 2, 2, 3)))]
    roles += [_role(random, hosts, READER_VERBS, 4) for _ in range(random.choice((1, 1, 2)))]
    if random.random() < 0.5:
        roles.append(_role(random, hosts, KEEPER_VERBS, 3))
    return Script(
        seed, share, random.choice((1, 1, 2, 4)), tuple(roles),
        switches=random.choice((100, 500, 2000, 5000)), pauses=random.choice((0, 20, 100)),
        faults=random.choice((0, 0, 50, 200)), crashes=random.choice((0, 0, 30)),
    )


def _retiring(seed: int, random: Random) -> Script:
    """One that packs, one that retires all but the newest, and two that read."""
    share = random.random() < 0.75
    hosts = random.choice((1, 2, 3)) if share else 1
    roles = [_role(random, hosts, verbs, 6) for verbs in (PACKER_VERBS, RETIRER_VERBS, HOLDER_VERBS, HOLDER_VERBS)]
    return Script(
        seed, share, 1, tuple(roles), switches=random.choice((500, 2000)), pauses=random.choice((0, 50, 100, 200)),
        faults=random.choice((0, 0, 50)), crashes=0,
    )


def _role(random: Random, hosts: int, verbs: tuple[str, ...], most: int) -> Role:
    return Role(random.randrange(hosts), tuple(random.choice(verbs) for _ in range(random.randint(1, most))))


def mixed(seed: int, actor: int, step: int) -> int:
    """64 bits that follow from all three, and look like none (the finalizer of splitmix64)."""
    z = (seed * 0x9E3779B97F4A7C15 + actor * 0xBF58476D1CE4E5B9 + step * 0x94D049BB133111EB) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


class Drawing:
    """Which events a script has: drawn at its rates, or those that it lists."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._listed = None if script.events is None else {(found.actor, found.step): found for found in script.events}
        self._limits = [script.switches]
        for rate in (script.pauses, script.faults, script.crashes):
            self._limits.append(self._limits[-1] + rate)

    def at(self, actor: int, step: int, call: str) -> Event | None:
        if self._listed is not None:
            return self._listed.get((actor, step))
        bits = mixed(self._script.seed, actor, step)
        drawn, argument = bits % 10_000, bits >> 32
        switches, pauses, faults, crashes = self._limits
        if drawn >= crashes:
            return None
        if drawn < switches:
            return Event(actor, step, "switch", argument % len(self._script.roles))
        if drawn < pauses:
            return Event(actor, step, "pause", argument % len(PAUSE_SECONDS))
        if drawn < faults:
            possible = [fault for fault in FAULTS.get(call, ()) if self._script.share or fault not in ON_SHARES]
            return Event(actor, step, possible[argument % len(possible)]) if possible else None
        return Event(actor, step, "crash")
