"""`pkgindex serve tree`: a repository as a tree that many clients index, remove and query."""

from __future__ import annotations

import os

from pkgindex.cli.call import FOUND, Call
from pkgindex.cli.declare import Argument, Command, Option
from pkgindex.errors import BadInput
from pkgindex.format.manifest import PARTITIONS
from pkgindex.model.names import is_repository_name
from pkgindex.service.log import Log, in_journal, to_stderr
from pkgindex.service.notify import Notifier
from pkgindex.service.tree.connection import Limits
from pkgindex.service.tree.repository import require
from pkgindex.service.tree.server import Options
from pkgindex.service.tree.workers import serve_tree

HOST, PORT = "127.0.0.1", 8080
PORT_MAX = 65535


def run(
    call: Call, repository: str, host: str | None, port: int | None, workers: int | None, durability: str | None,
    partition: str | None, metrics_port: int | None,
) -> int:
    if not is_repository_name(repository):
        raise BadInput(f"{repository!r} cannot name a repository: lower-case letters, digits, '.', '_' and '-' do")
    for option, asked, last in (("--port", port, PORT_MAX), ("--metrics-port", metrics_port, PORT_MAX + 1 - (workers or 1))):
        if asked is not None and asked > last:
            raise BadInput(f"{option} {asked}: the last one is {last}; 0: any that is free")
    settings = call.settings
    limits = Limits(
        settings.tree_connections_max, settings.tree_line_bytes_max, settings.tree_unread_bytes_max,
        settings.tree_idle_seconds, settings.tree_backlog,
    )
    options = Options(host or HOST, PORT if port is None else port, interval_of(durability), limits=limits)
    options = options._replace(metrics_port=-1 if metrics_port is None else metrics_port)
    log, notifier = Log(to_stderr, in_journal(os.environ)), Notifier(os.environ)
    require(settings, repository, partition)

    def ready(address: tuple[str, int]) -> None:
        log.info(f"serving {repository} at {address[0]}:{address[1]}")
        notifier.ready()

    try:
        serve_tree(settings, repository, options, workers or 1, log, ready)
    finally:
        notifier.stopping()
    return FOUND


def interval_of(durability: str | None) -> float:
    """Seconds between publishes; 0: each answer waits for its own.

    >>> interval_of("generation"), interval_of("interval:0.5")
    (0.0, 0.5)
    """
    word, _, seconds = (durability or "generation").partition(":")
    if word == "generation" and not seconds:
        return 0.0
    try:
        found = float(seconds)
    except ValueError:
        found = 0.0
    if word != "interval" or not 0 < found < float("inf"):
        raise BadInput(f"--durability {durability!r}: 'generation', or 'interval:' and seconds, as interval:0.5")
    return found


COMMAND = Command(
    "serve tree",
    run,
    """Serve a repository as a tree of packages, by lines over TCP.

    INDEX|PACKAGE|DEPENDENCIES is OK when all dependencies are indexed; REMOVE|PACKAGE| when no other package depends on
    it, or it is not there; QUERY|PACKAGE| when it is. Else the answer is FAIL, and ERROR to a line that is none of these.
    An OK is published and durable, and any number of servers, on any hosts, may serve one directory: what one has
    acknowledged, all know. The repository is made when it is missing, and is one like any other.

    With --durability interval:SECONDS answers do not wait for the disk: changes are published together, every so many
    seconds. A server that is killed then loses up to so many seconds of acknowledged changes; other servers see them
    as late; and where two servers acknowledge what contradicts each other, the later one to publish drops its own and
    says so in its log. SIGTERM publishes all, and loses nothing.

    With --metrics-port the same host answers HTTP there: /metrics in the text form of Prometheus, /healthz, and /readyz,
    which is 503 while the server ends or has no room for clients. Of several workers each has a port: N, N+1 and so on.""",
    (Argument("repository", "REPO", completes="repository"),),
    (
        Option("host", ("--host",), f"Where to listen ({HOST}).", "text", "ADDRESS"),
        Option("port", ("--port",), f"At which port ({PORT}); 0: any that is free.", "number", "N"),
        Option("workers", ("--workers",), "So many processes share the port.", "number", "N", least=1),
        Option("metrics_port", ("--metrics-port",), "Tell metrics and health at this port.", "number", "N"),
        Option("durability", ("--durability",), "What an OK means: generation, or interval:SECONDS.", "text", "HOW"),
        Option("partition", ("--partition",), "Which packages share a file, if it is made.", "choice", choices=PARTITIONS),
    ),
    (
        ("serve tree build", "at port 8080, for clients of this host"),
        ("serve tree build --host 0.0.0.0 --workers 4", "for all hosts, on four cores"),
    ),
)
