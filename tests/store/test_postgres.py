"""The laws of a backend and the races of writers, against a real PostgreSQL."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from store.databases import LAZY, PSYCOPG_MISSING, Cluster, cluster

psycopg = pytest.importorskip("psycopg", reason=PSYCOPG_MISSING)

from pkgindex.errors import BadInput, Exists, Gone, NoSpace, StoreError  # noqa: E402
from pkgindex.store.backend import Backend  # noqa: E402
from pkgindex.store.database import Database, meaning  # noqa: E402
from pkgindex.store.generations import Generations  # noqa: E402
from pkgindex.store.postgres import BLOB_BYTES_MAX, TABLE, PostgresBackend  # noqa: E402
from store.chains import publish  # noqa: E402
from store.contract import BackendContract  # noqa: E402

RACERS = 6
_count = itertools.count()


@pytest.fixture
def server(database: Cluster) -> Cluster:
    return database


@pytest.fixture(scope="session")
def stoppable() -> Iterator[Cluster]:
    """Another one, for tests that stop it and start it again."""
    with cluster(LAZY) as found:
        yield found


@pytest.fixture
def writers(server: Cluster) -> Callable[[], Backend]:
    """Each call is another process's view of one repository."""
    repository = f"repository{next(_count)}"
    return lambda: PostgresBackend(server.address, repository)


class TestPostgresBackend(BackendContract):
    @pytest.fixture
    def backend(self, writers: Callable[[], Backend]) -> Backend:
        return writers()


def test_of_many_writers_of_one_number_exactly_one_wins(writers: Callable[[], Backend]) -> None:
    start = threading.Barrier(RACERS)

    def race(racer: int) -> list[int]:
        generations, won = Generations(writers()), []
        for number in range(1, 16):
            start.wait()
            try:
                generations.publish(number, b"%d" % racer, lambda following: True)
                won.append(number)
            except Exists:
                pass
        return won

    with ThreadPoolExecutor(RACERS) as threads:
        winners = list(threads.map(race, range(RACERS)))
    assert sorted(number for won in winners for number in won) == list(range(1, 16))
    generations = Generations(writers())
    assert all(generations.read(number) == b"%d" % racer for racer, won in enumerate(winners) for number in won)


def test_writers_without_a_lock_that_prune_use_no_number_twice(writers: Callable[[], Backend]) -> None:
    rounds, start = 10, threading.Barrier(RACERS)

    def work(writer: int) -> list[int]:
        generations, won = Generations(writers()), []
        start.wait()
        for _ in range(rounds):
            number = generations.head() + 1
            try:
                publish(generations, number, b"%d" % writer)
                won.append(number)
                generations.retire(generations.prune(3))
            except Exists:
                pass
        return won

    with ThreadPoolExecutor(RACERS) as threads:
        acknowledged = [number for won in threads.map(work, range(RACERS)) for number in won]
    assert len(acknowledged) == len(set(acknowledged)) >= rounds
    assert Generations(writers()).head() >= max(acknowledged)


def test_writers_that_are_first_together_make_one_table(server: Cluster) -> None:
    Database(server.address).make("CREATE DATABASE fresh")
    address = server.address.replace("/postgres?", "/fresh?")
    assert PostgresBackend(address, "r").names("") == []
    with pytest.raises(Gone, match="blob"):
        PostgresBackend(address, "r").read("blob")
    with pytest.raises(Gone, match="blob"):
        PostgresBackend(address, "r").flush(["blob"])
    start = threading.Barrier(RACERS)

    def first(number: int) -> None:
        backend = PostgresBackend(address, "r")
        start.wait()
        backend.link(f"blob{number}", b"")

    with ThreadPoolExecutor(RACERS) as threads:
        list(threads.map(first, range(RACERS)))
    assert len(PostgresBackend(address, "r").names("")) == RACERS


def test_repositories_of_one_database_do_not_see_each_other(server: Cluster) -> None:
    one, other = PostgresBackend(server.address, "one"), PostgresBackend(server.address, "other")
    one.create("d/blob", b"one")
    other.create("d/blob", b"other")
    one.remove("d/blob")
    assert (one.names("d"), other.names("d"), other.read("d/blob")) == ([], ["blob"], b"other")


@pytest.mark.parametrize("directory", ["d", "d%", "_", "é", "~"])
def test_a_listing_ends_where_its_directory_does(writers: Callable[[], Backend], directory: str) -> None:
    backend = writers()
    for name in ("d/a", "d%/b", "_/c", "é/d", "~/e", "d0", "d/deep/f", "d.g", "\U0010fffe/h"):
        backend.create(name, b"")
    inside = {"d": ["a", "deep"], "d%": ["b"], "_": ["c"], "é": ["d"], "~": ["e"]}
    assert sorted(backend.names(directory)) == inside[directory]
    assert sorted(backend.names("")) == sorted(["d", "d%", "_", "é", "~", "d0", "d.g", "\U0010fffe"])


def _flushing(backend: Backend) -> None:
    backend.create("name", b"data")
    backend.flush(["name"])


def _linking_after(backend: Backend) -> None:
    backend.create("name", b"data")
    backend.link("generations/1", b"")


@pytest.mark.parametrize("act", [_flushing, _linking_after, lambda backend: backend.link("name", b"data")])
def test_what_was_flushed_or_linked_survives_a_crash_of_the_server(act: Callable[[Backend], None], stoppable: Cluster) -> None:
    backend = PostgresBackend(stoppable.address, f"repository{next(_count)}")
    backend.link("earlier", b"")
    act(backend)
    stoppable.stop("immediate")
    with pytest.raises(StoreError, match="is the server running"):
        backend.read("name")
    stoppable.start()
    assert backend.read("name") == b"data"


def test_a_connection_that_broke_is_made_anew_whatever_is_asked_next(stoppable: Cluster) -> None:
    backend = PostgresBackend(stoppable.address, f"repository{next(_count)}")
    backend.link("there", b"data")
    for act in (
        lambda: backend.read("there"),
        lambda: backend.flush(["there"]),
        lambda: backend.create("created", b""),
        lambda: backend.link("linked", b""),
        lambda: backend.remove("created"),
    ):
        stoppable.stop()
        stoppable.start()
        act()
    assert sorted(backend.names("")) == ["linked", "there"]


@pytest.mark.parametrize("how", ["create", "link"])
def test_a_name_whose_answer_was_lost_is_ours_all_the_same(writers: Callable[[], Backend], how: str) -> None:
    backend = writers()
    backend.create("earlier", b"")
    ask, lost = backend.database.rows, []

    def losing(statement: str, values: dict[str, object]) -> list[tuple[object, ...]]:
        """Done at the server, and the answer never came: it is done again on a new connection."""
        if "INSERT" in statement and not lost:
            lost.append(ask(statement, values))
        return ask(statement, values)

    backend.database.rows = losing
    getattr(backend, how)("name", b"ours")
    assert (len(lost), backend.read("name")) == (1, b"ours")
    with pytest.raises(Exists):
        getattr(backend, how)("name", b"ours")


def test_who_waits_is_woken_by_a_publish_of_its_repository_alone(writers: Callable[[], Backend], server: Cluster) -> None:
    reader, writer, stranger = writers(), writers(), PostgresBackend(server.address, "stranger")
    assert reader.wait(0), "of what came before nobody told"
    assert not reader.wait(0.01)
    stranger.link(f"generations/{next(_count)}", b"")
    writer.create("blob", b"")
    assert not reader.wait(0.05)
    with ThreadPoolExecutor(1) as thread:
        woken = thread.submit(reader.wait, 30)
        writer.link("generations/1", b"")
        assert woken.result(30)
    assert not reader.wait(0.01)


def test_a_waiter_whose_server_stopped_is_woken(stoppable: Cluster) -> None:
    reader = PostgresBackend(stoppable.address, "r")
    assert reader.wait(0)
    stoppable.stop()
    assert reader.wait(30)
    with pytest.raises(StoreError):
        reader.wait(30)
    stoppable.start()
    assert reader.wait(0)
    assert not reader.wait(0.01)


def test_what_is_too_large_for_a_database_is_refused_before_it_is_sent(writers: Callable[[], Backend]) -> None:
    class Large(bytes):
        def __len__(self) -> int:
            return BLOB_BYTES_MAX + 1

    with pytest.raises(StoreError, match="keep this index in a directory"):
        writers().create("shard", Large())


def test_who_may_not_write_is_told_so(server: Cluster) -> None:
    owner = PostgresBackend(server.address, "granted")
    owner.link("blob", b"data")
    owner.database.make(f"CREATE ROLE reader LOGIN; GRANT SELECT ON {TABLE} TO reader")
    reader = PostgresBackend(server.address.replace("tester@", "reader@"), "granted")
    assert reader.read("blob") == b"data"
    for act in (lambda: reader.create("other", b""), lambda: reader.link("other", b""), lambda: reader.remove("blob")):
        with pytest.raises(StoreError, match=r"permission denied.*grant it"):
            act()


def test_a_packer_needs_no_rights_but_those_that_are_documented(server: Cluster) -> None:
    owner = PostgresBackend(server.address, "packed")
    owner.link("generations/1", b"data")
    owner.database.make(f"CREATE ROLE packer LOGIN; GRANT SELECT, INSERT, DELETE ON {TABLE} TO packer")
    packer = PostgresBackend(server.address.replace("tester@", "packer@"), "packed")
    packer.create("blob", b"data")
    packer.flush(["blob"])
    packer.link("generations/2", b"data")
    packer.remove("generations/1")
    assert packer.wait(0)
    assert packer.names("generations") == ["2"]


def test_a_server_that_only_reads_is_told_apart(server: Cluster) -> None:
    backend = PostgresBackend(f"{server.address}&options=-cdefault_transaction_read_only%3Don", "r")
    with pytest.raises(StoreError, match=r"read-only.*may be written to"):
        backend.link("generations/1", b"")


def test_a_full_disk_is_no_space() -> None:
    found = meaning(psycopg.errors.DiskFull("could not extend file"), "the database")
    assert isinstance(found, NoSpace)
    assert "could not extend file" in str(found)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://user:sec%ret@host/db",
        "postgresql://user:12/secret@host/db",
        "postgresql://user:sec/ret@host/db",
        "postgresql://user:secret@host:port/db",
        "postgresql://user:secret@host/db?secret",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(BadInput) as caught:
        Database(address)
    assert "ret" not in str(caught.value).replace("postgresql", "")
    # What a traceback would show besides.
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_server_that_is_away_is_named_without_its_password(tmp_path: object) -> None:
    backend = PostgresBackend(f"postgresql://user:secret@/index?host={tmp_path}", "r")
    for act in (lambda: backend.read("blob"), lambda: backend.link("blob", b""), lambda: backend.wait(1)):
        with pytest.raises(StoreError, match=f"database index on {tmp_path}.*is the server running") as caught:
            act()
        assert "secret" not in str(caught.value)
