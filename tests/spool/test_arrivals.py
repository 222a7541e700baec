from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pkgindex.spool.arrivals import Arrivals
from pkgindex.spool.spool import Entry

QUIET, WAIT, SETTLE = 2.0, 30.0, 1.0


def entry(name: str, size: int = 0) -> Entry:
    return Entry(name, size, 0)


def test_a_repository_is_due_after_its_quiet_period() -> None:
    arrivals = Arrivals(QUIET, WAIT)
    assert arrivals.next_due(0) is None
    arrivals.seen("debian", [entry("x")], 10)
    assert arrivals.due(11.5) == []
    assert arrivals.next_due(11.5) == 0.5
    assert arrivals.due(12) == ["debian"]
    assert arrivals.next_due(13) == 0


def test_every_arrival_restarts_the_quiet_period() -> None:
    arrivals = Arrivals(QUIET, WAIT)
    arrivals.seen("debian", [entry("x")], 0)
    arrivals.seen("debian", [entry("x"), entry("y")], 1.5)
    arrivals.seen("debian", [entry("x"), entry("y", 1)], 3)
    assert arrivals.due(4.9) == []
    assert arrivals.due(5) == ["debian"]


def test_what_goes_away_delays_nothing() -> None:
    arrivals = Arrivals(QUIET, WAIT)
    arrivals.seen("debian", [entry("x"), entry("y")], 0)
    arrivals.seen("debian", [entry("x")], 1.9)
    assert arrivals.due(2) == ["debian"]
    arrivals.seen("debian", [], 2)
    assert arrivals.due(99) == []
    assert arrivals.next_due(99) is None


def test_a_repository_that_is_never_quiet_is_packed_without_what_still_grows() -> None:
    arrivals = Arrivals(QUIET, WAIT)
    for second in range(31):
        arrivals.seen("debian", [entry("whole"), entry("growing", second)], second)
    assert arrivals.due(29) == []
    assert arrivals.due(30) == ["debian"]
    assert arrivals.ready("debian", 30) == ["whole"]


def test_nothing_is_due_while_all_that_waits_still_grows() -> None:
    arrivals = Arrivals(QUIET, WAIT)
    for second in range(100):
        arrivals.seen("debian", [entry("growing", second)], second)
        assert arrivals.due(second) == []
    assert arrivals.next_due(99) == SETTLE
    assert arrivals.due(100) == ["debian"]


def test_without_a_quiet_period_everything_is_due_at_once() -> None:
    arrivals = Arrivals(0, WAIT)
    arrivals.seen("debian", [entry("x")], 5)
    assert arrivals.due(5) == ["debian"]
    assert arrivals.ready("debian", 5) == ["x"]


def test_what_was_tried_in_vain_is_tried_again_after_the_maximum_wait() -> None:
    arrivals = Arrivals(0, WAIT)
    arrivals.seen("debian", [entry("broken")], 0)
    arrivals.packed("debian", ["broken"], 1)
    arrivals.seen("debian", [entry("broken")], 1)
    assert arrivals.due(30.9) == []
    assert arrivals.next_due(1) == WAIT
    assert arrivals.due(31) == ["debian"]


def test_what_was_tried_in_vain_is_tried_again_when_it_has_grown_or_something_else_came() -> None:
    for later in ([entry("partial", 1)], [entry("partial"), entry("other")]):
        arrivals = Arrivals(QUIET, WAIT)
        arrivals.seen("debian", [entry("partial")], 0)
        arrivals.packed("debian", ["partial"], 3)
        arrivals.seen("debian", later, 4)
        assert arrivals.due(6) == ["debian"]
        assert arrivals.ready("debian", 6) == sorted(entry.name for entry in later)


def test_what_was_not_ready_for_one_packing_is_due_for_the_next() -> None:
    arrivals = Arrivals(QUIET, WAIT)
    arrivals.seen("debian", [entry("early")], 0)
    arrivals.seen("debian", [entry("early"), entry("late")], 29.5)
    arrivals.packed("debian", arrivals.ready("debian", 30), 30)
    arrivals.seen("debian", [entry("late")], 30)
    assert arrivals.due(31.5) == ["debian"]


def test_a_full_set_is_only_ended_by_quiet() -> None:
    arrivals = Arrivals(QUIET, WAIT)
    for second in range(100):
        arrivals.seen("debian", [entry(str(number)) for number in range(second + 1)], second, full=True)
        assert arrivals.due(second) == []
    assert arrivals.due(101) == ["debian"]
    assert len(arrivals.ready("debian", 101)) == 100


def test_who_waited_longest_comes_first_and_who_was_packed_goes_to_the_back() -> None:
    arrivals = Arrivals(QUIET, WAIT)
    for second, repo in enumerate(("c", "a", "b")):
        arrivals.seen(repo, [entry("x")], second)
    assert arrivals.due(10) == ["c", "a", "b"]
    arrivals.packed("c", ["x"], 10)
    arrivals.seen("c", [entry("y")], 10)
    assert arrivals.due(12) == ["a", "b", "c"]


def test_packing_what_is_not_there_is_no_error() -> None:
    arrivals = Arrivals(QUIET, WAIT)
    arrivals.packed("gone", ["x"], 0)
    assert arrivals.ready("gone", 0) == []


class ArrivalsModel(RuleBasedStateMachine):
    """Any history of two repositories; what must be due is told from the history alone, not from the bookkeeping."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.arrivals = Arrivals(QUIET, WAIT)
        # Each repository once more, alone: nobody else may change what is due in it.
        self.alone = {repo: Arrivals(QUIET, WAIT) for repo in "ab"}
        self.listed: dict[str, dict[str, int]] = {"a": {}, "b": {}}
        # Per repository and name: when it last changed, when it was last tried, and since when it might have been packed.
        self.changed: dict[tuple[str, str], float] = {}
        self.tried: dict[tuple[str, str], float] = {}
        self.last_packed: dict[str, float] = {"a": -1.0, "b": -1.0}

    repos = st.sampled_from("ab")

    @rule(seconds=st.sampled_from([0.25, 0.5, 1.0, 2.0, 5.0, 30.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(repo=repos, name=st.sampled_from("xyz"), size=st.integers(0, 2))
    def arrives_or_grows(self, repo: str, name: str, size: int) -> None:
        if self.listed[repo].get(name) != size:
            self.changed[repo, name] = self.now
            self.tried.pop((repo, name), None)
        self.listed[repo][name] = size
        self.list(repo)

    @rule(repo=repos, name=st.sampled_from("xyz"))
    def goes_away(self, repo: str, name: str) -> None:
        if self.listed[repo].pop(name, None) is not None:
            self.tried.pop((repo, name), None)
        self.list(repo)

    @precondition(lambda self: self.arrivals.due(self.now))
    @rule(kept=st.sets(st.sampled_from("xyz")))
    def the_first_that_is_due_is_packed(self, kept: set[str]) -> None:
        repo = self.arrivals.due(self.now)[0]
        ready = self.arrivals.ready(repo, self.now)
        for arrivals in (self.arrivals, self.alone[repo]):
            arrivals.packed(repo, ready, self.now)
        for name in ready:
            self.tried[repo, name] = self.now
            if name not in kept:
                del self.listed[repo][name]
                del self.tried[repo, name]
        self.last_packed[repo] = self.now
        self.list(repo)

    def list(self, repo: str) -> None:
        entries = [entry(name, size) for name, size in self.listed[repo].items()]
        for arrivals in (self.arrivals, self.alone[repo]):
            arrivals.seen(repo, entries, self.now)

    @invariant()
    def nothing_that_grows_is_ready(self) -> None:
        for repo, listed in self.listed.items():
            settled = [name for name in listed if self.now - self.changed[repo, name] >= SETTLE]
            assert self.arrivals.ready(repo, self.now) == sorted(settled)

    @invariant()
    def a_quiet_repository_with_something_new_is_due(self) -> None:
        for repo, listed in self.listed.items():
            new = [name for name in listed if (repo, name) not in self.tried]
            if new and all(self.now - self.changed[repo, name] >= QUIET for name in listed):
                latest = max(when for (where, _), when in self.changed.items() if where == repo)
                if self.now - latest >= QUIET:
                    assert repo in self.arrivals.due(self.now)

    @invariant()
    def what_has_waited_long_enough_is_due(self) -> None:
        for repo, listed in self.listed.items():
            for name in listed:
                if self.now - max(self.changed[repo, name], self.last_packed[repo]) >= WAIT:
                    assert repo in self.arrivals.due(self.now)

    @invariant()
    def what_is_due_has_something_ready_that_is_worth_it(self) -> None:
        for repo in self.arrivals.due(self.now):
            ready = self.arrivals.ready(repo, self.now)
            assert ready
            new = any((repo, name) not in self.tried for name in self.listed[repo])
            assert new or self.now - self.last_packed[repo] >= WAIT

    @invariant()
    def no_repository_delays_another(self) -> None:
        alone = {repo for repo in "ab" if self.alone[repo].due(self.now)}
        assert set(self.arrivals.due(self.now)) == alone
        for repo in "ab":
            assert self.arrivals.ready(repo, self.now) == self.alone[repo].ready(repo, self.now)

    @invariant()
    def the_next_wait_ends_when_something_is_due_and_not_earlier(self) -> None:
        wait = self.arrivals.next_due(self.now)
        assert (wait is None) == (not any(self.listed.values()))
        if wait is not None:
            assert (wait == 0) == bool(self.arrivals.due(self.now))
            assert self.arrivals.due(self.now + wait)
            assert wait == 0 or not self.arrivals.due(self.now + wait - 0.125)


TestArrivalsModel = ArrivalsModel.TestCase
TestArrivalsModel.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
