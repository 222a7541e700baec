"""A failing schedule made short: as long as it still fails in the same way, whatever can be left out is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from simulation.running import Outcome
from simulation.script import Role, Script

RUNS_MAX = 400


def way(outcome: Outcome) -> str:
    """How it failed: the kind of error and the first words of it, without names and numbers."""
    error = outcome.failure
    return "" if error is None else f"{type(error).__name__} {' '.join(filter(str.isalpha, str(error).split()[:12]))}"


def shrunk(script: Script, run: Callable[[Script], Outcome]) -> tuple[Script, Outcome]:
    """The shortest script found that fails as *script* does, and what it came to."""
    outcome = run(script)
    wanted = way(outcome)
    if not wanted:
        return script, outcome
    best, left = script._replace(events=outcome.events), RUNS_MAX
    found = run(best)
    if way(found) != wanted:
        # It fails by its seed only, which happens when the failure itself draws.
        return script, outcome
    outcome, shorter = found, True
    while shorter and left:
        shorter = False
        for candidate in _shorter(best):
            if not left:
                break
            left -= 1
            found = run(candidate)
            if way(found) == wanted:
                best, outcome, shorter = candidate, found, True
                break
    return best, outcome


def _shorter(script: Script) -> Iterator[Script]:
    """Scripts with less in them, those with much less first."""
    events = script.events or ()
    size = len(events) // 2
    while size:
        for start in range(0, len(events), size):
            yield script._replace(events=events[:start] + events[start + size :])
        size //= 2
    for actor, role in enumerate(script.roles):
        for place in range(len(role.verbs)):
            # Actors are known by their places: one that does nothing stays in its.
            verbs = role.verbs[:place] + role.verbs[place + 1 :]
            yield script._replace(roles=(*script.roles[:actor], Role(role.host, verbs), *script.roles[actor + 1 :]))
