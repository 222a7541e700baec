"""Who runs when: actors are greenlets, one has the baton, and each call to the disk is a point where it may change hands.

Nothing here depends on the real clock or on how the system schedules anything, so that a schedule runs the same each time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from greenlet import greenlet

from simulation.disk import Disk
from simulation.script import BORNE, PAUSE_SECONDS, Drawing, Event, Role, Script, mixed
from simulation.system import Host, System

STEP_SECONDS = 0.001
START_SECONDS = 1_700_000_000.0
CRASHES_MAX = 2
FAULTS_MAX = 4
POINTS_MAX = 20_000
SKEWS_SECONDS = (0.0, 600.0, -600.0, 1.5)


class HostLost(BaseException):
    """The host of the actor has crashed, or the run is over: not an `Exception`, no code may catch it and go on."""


class Actor:
    """Who does what a role says. `faulted`: an error was put in its way since it began its verb; `spared`: none is now."""

    def __init__(self, number: int, role: Role, host: Host) -> None:
        self.number, self.role, self.host = number, role, host
        self.epoch = host.epoch
        self.steps = self.drawn = 0
        self.awake = 0.0
        self.done = self.faulted = self.spared = False
        # Where it goes on when it has the baton.
        self.turn: greenlet


class World:
    """One run of a script: the disk, the hosts, the time, and the baton."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.now = START_SECONDS
        self.disk = Disk(script.share, lambda: self.now)
        count = 1 + max((role.host for role in script.roles), default=0)
        # The last is the operator's, who begins, and looks at what is left.
        self.hosts = [Host(number, SKEWS_SECONDS[number % len(SKEWS_SECONDS)]) for number in range(count + 1)]
        self.host = self.operator = self.hosts[-1] if script.share else self.hosts[0]
        self.actors = [Actor(number, role, self.hosts[role.host]) for number, role in enumerate(script.roles)]
        self.current: Actor | None = None
        self.failure: BaseException | None = None
        self.happened: list[Event] = []
        self.trace: list[str] = []
        self.linked: Callable[[str, bytes], None] = lambda path, data: None
        self.crashes = self.faults = self.points = 0
        self._drawing = Drawing(script)
        self._instants = self._drawn = 0
        self.system = System(self)

    # Running

    def run(self, perform: Callable[[Actor], None]) -> None:
        """Let every actor *perform*, until all are done; the first error of one is raised."""
        for actor in self.actors:
            actor.turn = greenlet(partial(self._live, actor, perform))
        while not all(actor.done for actor in self.actors):
            # Who is done comes back here.
            self._pass_on(None)
        self.current, self.host = None, self.operator
        if self.failure is not None:
            raise self.failure

    def _live(self, actor: Actor, perform: Callable[[Actor], None]) -> None:
        try:
            perform(actor)
        except HostLost:
            pass
        except BaseException as error:  # noqa: BLE001 - raised by `run`, when all have ended
            self.failure = self.failure or error
        actor.done = True

    def _pass_on(self, wanted: Actor | None) -> None:
        """Give the baton to *wanted*, or to who can run, or wait for who sleeps least."""
        waiting = [actor for actor in self.actors if not actor.done]
        awake = [actor for actor in waiting if actor.awake <= self.now or self.failure]
        if wanted in awake:
            chosen = wanted
        elif awake:
            chosen = awake[0]
        else:
            chosen = min(waiting, key=lambda actor: actor.awake)
            self.now = chosen.awake
        self.current, self.host = chosen, chosen.host
        chosen.turn.switch()

    def _yield_to(self, wanted: Actor | None) -> None:
        actor = self.current
        self._pass_on(wanted)
        self._require_alive(actor)

    def _require_alive(self, actor: Actor) -> None:
        if actor.epoch != actor.host.epoch or self.failure is not None:
            raise HostLost

    # Points of the schedule

    def point(self, call: str, path: str) -> str:
        """Before each call to the disk: somebody else's turn, a pause, a crash; or the fault that the call is to meet."""
        actor = self.current
        if actor is None:
            return ""
        self._require_alive(actor)
        actor.steps += 1
        self.points += 1
        assert self.points < POINTS_MAX, "it comes to no end"
        self.now += STEP_SECONDS
        event = self._drawing.at(actor.number, actor.steps, call)
        if event is None:
            return ""
        return self._happen(event, actor, f"{call} {path}")

    def _happen(self, event: Event, actor: Actor, where: str) -> str:
        if event.what == "switch":
            self._note(event, actor, "")
            others = [other for other in self.actors if other is not actor and not other.done]
            if others:
                self._yield_to(self.actors[event.argument] if not self.actors[event.argument].done else others[0])
            return ""
        if event.what == "pause":
            self._note(event, actor, where)
            self.sleep(PAUSE_SECONDS[event.argument])
            return ""
        if event.what == "crash":
            if self.crashes < CRASHES_MAX:
                self._note(event, actor, where)
                self._crash(actor.host)
                raise HostLost
            return ""
        if self.faults >= FAULTS_MAX or (actor.spared and event.what not in BORNE):
            return ""
        self.faults += 1
        self._note(event, actor, where)
        actor.faulted = actor.faulted or event.what not in BORNE
        return event.what

    def step_aside(self) -> None:
        """In the middle of a call: whoever else can run does."""
        actor = self.current
        if actor is None:
            return
        others = [other for other in self.actors if other is not actor and not other.done]
        if others:
            self._yield_to(others[self.draw() % len(others)])

    def sleep(self, seconds: float) -> None:
        actor = self.current
        if actor is None:
            self.now += seconds
            return
        actor.awake = self.now + seconds
        self._yield_to(None)

    def _crash(self, host: Host) -> None:
        self.crashes += 1
        host.epoch += 1
        host.forget()
        self.disk.crash(host.number, lambda: self.draw() % 1000 / 1000)

    def _note(self, event: Event, actor: Actor, where: str) -> None:
        self.happened.append(event)
        if where:
            self.trace.append(f"{self.now - START_SECONDS:9.3f}  actor {actor.number}: {event.what} at {where}")

    # What must be the same each time

    def draw(self) -> int:
        """64 bits, by the actor and how many it has drawn."""
        actor = self.current
        if actor is None:
            self._drawn += 1
            return mixed(self.script.seed, 1000, self._drawn)
        actor.drawn += 1
        return mixed(self.script.seed, 2000 + actor.number, actor.drawn)

    def random_bytes(self, size: int) -> bytes:
        return b"".join(self.draw().to_bytes(8, "big") for _ in range(size // 8 + 1))[:size]

    def time(self) -> float:
        """By the clock of the host; never the same twice."""
        self._instants += 1
        return self.now + self.host.skew_seconds + self._instants * 1e-6
