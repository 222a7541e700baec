"""What a long run does, drawn from a seed: of each lane the same steps each time, whatever the others do meanwhile.

How they mix is the machine's affair, and no two runs are alike in that.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from random import Random
from typing import NamedTuple

SLOTS = 24
CLIENTS = 2
NAMES = 30
KILLED_SHARE = 0.3
LANES = ("submit", *(f"client {number}" for number in range(CLIENTS)), "sync", "keep house", "ask", "kill")
REPOSITORIES = ("drops", "tree", "host")
KEEPING = (
    ("merge",), ("merge", "--force"), ("gc",), ("gc",), ("pack",), ("verify",),
    *(("pack", "--rebuild", repo) for repo in REPOSITORIES),
)


class Step(NamedTuple):
    """*numbers* are what the lane makes of them; *killed* is after how many seconds its command is killed (0: it is not)."""

    verb: str
    words: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    killed: float = 0.0


def steps(lane: str, seed: int) -> Iterator[Step]:
    """The steps of *lane*, without end."""
    random = Random(f"{seed} {lane}")
    draw = {"submit": _submit, "sync": _sync, "keep house": _keep, "ask": _ask, "kill": _kill}.get(lane, _client)
    for _ in count():
        yield draw(random)


def _submit(random: Random) -> Step:
    return Step("submit", numbers=(random.randrange(SLOTS),), killed=_killed(random))


def _client(random: Random) -> Step:
    """A request: about which name, at which server, and which other names it depends on."""
    verb = random.choice(("INDEX", "INDEX", "INDEX", "REMOVE", "QUERY"))
    others = random.sample(range(NAMES), random.randint(0, 3))
    name = random.choice([number for number in range(NAMES) if number not in others])
    return Step(verb, numbers=(random.randrange(2), name, *others))


def _sync(random: Random) -> Step:
    """Packages that come, change, or go."""
    changed = tuple(random.sample(range(NAMES), random.randint(1, 4)))
    return Step(random.choice(("install", "install", "remove")), numbers=changed, killed=_killed(random))


def _keep(random: Random) -> Step:
    words = random.choice(KEEPING)
    return Step(" ".join(words[:2]), words, killed=_killed(random))


def _ask(random: Random) -> Step:
    slot = random.randrange(SLOTS)
    words = random.choice((
        ("deps", f"s{slot}-a", "--transitive"), ("deps", f"s{slot}-a", "--transitive"), ("rdeps", f"s{slot}-b"),
        ("search", f"s{slot}"), ("show", f"s{slot}-c"), ("path", f"/s/{slot}/"), ("status",), ("history", "drops"),
    ))
    return Step(words[0], words, (slot,))


def _kill(random: Random) -> Step:
    """After a while one of the two that may be is ended: in good order, or not."""
    return Step(random.choice(("SIGKILL", "SIGTERM")), numbers=(random.randrange(2), random.randint(10, 40)))


def _killed(random: Random) -> float:
    return random.uniform(0.01, 1.0) if random.random() < KILLED_SHARE else 0.0
