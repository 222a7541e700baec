"""What real shared disks were seen to do, the model does: the figures are those of NFSv3, NFSv4.2 and of power cuts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from simulation.baton import World
from simulation.running import Simulator, simulator
from simulation.script import Event, Role, Script
from simulation.system import System

HERE, THERE = 0, 1
Act = Callable[[System], object]


def world(*events: Event, share: bool = True, hosts: tuple[int, ...] = (HERE, THERE)) -> World:
    """A disk with a directory `/d`, in it a file `/d/old`, and one actor on each of *hosts*."""
    made = World(Script(1, share, 4, tuple(Role(host, ()) for host in hosts), 0, 0, 0, 0, events))
    made.system.mkdir("/d")
    written(made.system, "/d/old")
    for path in ("/d/old", "/d", "/"):
        flushed(made.system, path.rstrip("/"))
    return made


def written(system: System, path: str, data: bytes = b"data") -> None:
    handle = system.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    system.write(handle, memoryview(data))
    system.close(handle)


def flushed(system: System, path: str) -> None:
    handle = system.open(path, os.O_RDONLY)
    try:
        system.fsync(handle)
    finally:
        system.close(handle)


def content(system: System, path: str) -> bytes:
    handle = system.open(path, os.O_RDONLY)
    try:
        return system.read(handle, 100)
    finally:
        system.close(handle)


def played(made: World, *acts: Callable[[System], object]) -> World:
    """Each actor does its act; the first one begins."""
    made.run(lambda actor: acts[actor.number](made.system) and None)
    return made


def as_host(made: World, host: int) -> System:
    made.host = made.hosts[host]
    return made.system


def test_a_name_that_was_not_there_is_missing_for_a_minute_whoever_makes_it_elsewhere() -> None:
    made = world()
    with pytest.raises(FileNotFoundError):
        as_host(made, HERE).stat("/d/new")
    written(as_host(made, THERE), "/d/new")
    assert as_host(made, THERE).stat("/d/new").st_size == 4
    made.now += 59.0
    with pytest.raises(FileNotFoundError):
        content(as_host(made, HERE), "/d/new")
    made.now += 1.1
    assert content(made.system, "/d/new") == b"data"


def test_who_opens_the_directory_finds_what_was_made_in_it_elsewhere() -> None:
    made = world()
    with pytest.raises(FileNotFoundError):
        as_host(made, HERE).stat("/d/new")
    written(as_host(made, THERE), "/d/new")
    made.system.close(as_host(made, HERE).open("/d", os.O_RDONLY))
    assert content(made.system, "/d/new") == b"data"


def test_a_look_may_be_answered_from_memory_and_an_open_file_is_not() -> None:
    made = world()
    written(as_host(made, HERE), "/d/file")
    made.system.link("/d/file", "/d/first")
    as_host(made, THERE).link("/d/file", "/d/other")
    assert as_host(made, HERE).stat("/d/file").st_nlink == 2
    handle = made.system.open("/d/file", os.O_RDONLY)
    assert made.system.fstat(handle).st_nlink == 3


def test_a_file_that_another_host_removes_is_stale_under_who_reads_it_and_one_of_our_own_is_not() -> None:
    made = world()
    handle = as_host(made, HERE).open("/d/old", os.O_RDONLY)
    as_host(made, THERE).unlink("/d/old")
    with pytest.raises(OSError, match="Stale"):
        as_host(made, HERE).read(handle, 10)
    made = world()
    handle = as_host(made, HERE).open("/d/old", os.O_RDONLY)
    made.system.unlink("/d/old")
    assert made.system.read(handle, 10) == b"data"


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda system: system.link("/d/old", "/d/new"), FileExistsError),
        (lambda system: system.unlink("/d/old"), FileNotFoundError),
        (lambda system: system.mkdir("/d/new"), FileExistsError),
    ],
)
def test_an_answer_that_is_lost_says_the_opposite_of_what_was_done(act: Act, error: type[OSError]) -> None:
    made = world(Event(0, 1, "unheard"))
    before = sorted(made.system.listdir("/d"))

    def lost(system: System) -> None:
        with pytest.raises(error):
            act(system)

    played(made, lost, lambda system: None)
    assert sorted(made.system.listdir("/d")) != before


def test_a_link_that_others_saw_may_be_undone_and_come_again() -> None:
    made = world(Event(0, 1, "torn"))
    seen: list[list[str]] = []

    def look(system: System) -> None:
        seen.append(sorted(system.listdir("/d")))

    played(made, lambda system: system.link("/d/old", "/d/new"), look)
    assert seen == [["new", "old"]]
    assert sorted(made.system.listdir("/d")) == ["new", "old"]


def test_a_link_that_another_host_built_upon_is_not_undone_and_its_answer_is_lost() -> None:
    made = world(Event(0, 1, "torn"))

    def torn(system: System) -> None:
        with pytest.raises(FileExistsError):
            system.link("/d/old", "/d/new")

    played(made, torn, lambda system: written(system, "/d/more"))
    assert sorted(made.system.listdir("/d")) == ["more", "new", "old"]


def test_a_flush_that_failed_succeeds_the_second_time_and_the_content_is_lost_all_the_same() -> None:
    made = world(Event(0, 4, "broken"), Event(0, 7, "crash"), share=False, hosts=(HERE,))

    def write(system: System) -> None:
        written(system, "/d/new")
        with pytest.raises(OSError, match="Input/output"):
            flushed(system, "/d/new")
        flushed(system, "/d/new")
        system.listdir("/d")

    played(made, write)
    assert made.system.path.lexists("/d/new") is False or content(made.system, "/d/new") == b""


@pytest.mark.parametrize(("share", "outcomes"), [(True, {b"", b"da", b"data"}), (False, {None, b"", b"da", b"data"})])
def test_a_crash_leaves_any_part_of_what_was_not_flushed_and_all_of_what_was(share: bool, outcomes: set[bytes | None]) -> None:
    found: set[bytes | None] = set()
    for seed in range(60):
        made = world(Event(0, 3, "crash"), share=share, hosts=(HERE,))
        made.script = made.script._replace(seed=seed)

        def write(system: System) -> None:
            written(system, "/d/new")
            system.listdir("/d")

        played(made, write)
        found.add(content(made.system, "/d/new") if made.system.path.lexists("/d/new") else None)
        assert content(made.system, "/d/old") == b"data"
    assert found == outcomes


def test_a_disk_full_is_heard_of_when_the_file_is_closed() -> None:
    made = world(Event(0, 2, "full"))

    def write(system: System) -> None:
        with pytest.raises(OSError, match="No space"):
            written(system, "/d/new")

    played(made, write, lambda system: None)
    assert made.system.stat("/d/new").st_size == 0


def test_who_is_paused_comes_last_and_who_crashed_comes_no_more() -> None:
    made = world(Event(0, 1, "pause", 2), Event(1, 2, "crash"), hosts=(HERE, THERE, 2))
    order: list[int] = []

    def act(system: System) -> None:
        number = made.current.number if made.current else -1
        for _ in range(2):
            system.listdir("/d")
        order.append(number)

    played(made, act, act, act)
    assert order == [2, 0]
    assert made.now - 1_700_000_000 > 6.0


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with simulator() as found:
        yield found


def test_a_reader_of_a_generation_that_came_to_nothing_reads_the_next_ones_rightly(running: Simulator) -> None:
    """Its parent is not compared on reading: no name is ever made twice, so nothing that is remembered can be stale."""
    # At some of these steps a link of the first actor is undone, after the second has seen it; then the third one writes.
    roles = (Role(0, ("commit", "commit")), Role(1, ("ask",) * 6), Role(2, ("commit", "commit")))
    switches = tuple(Event(1, at, "switch", 2) for at in (2, 9, 30))
    undone = 0
    for step in range(15, 90):
        outcome = running.run(Script(5, True, 4, roles, 0, 0, 0, 0, (Event(0, step, "torn"), *switches)))
        assert outcome.failure is None, step
        undone += any("torn at link /index/debian/generations" in line for line in outcome.trace)
    assert undone


def test_the_actors_of_a_world_that_fails_all_end() -> None:
    made = world()

    def fail(system: System) -> None:
        raise AssertionError("this one")

    def wait(system: System) -> None:
        for _ in range(3):
            system.listdir("/d")

    with pytest.raises(AssertionError, match="this one"):
        played(made, fail, wait)
    assert all(actor.done for actor in made.actors)
