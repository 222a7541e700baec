"""`pkgindex bench tree`: how fast tree servers answer many clients, and whether rightly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pkgindex.cli.call import FOUND, NOTHING, Call
from pkgindex.cli.declare import JSON, JSONL, Command, Option
from pkgindex.cli.output import Output
from pkgindex.cli.tables import table
from pkgindex.cli.trees import HOST, PORT, PORT_MAX, listed
from pkgindex.errors import BadInput
from pkgindex.service.tree.graph import cut, needs_in
from pkgindex.service.tree.server import allow_files
from pkgindex.service.tree.trial.querying import query
from pkgindex.service.tree.trial.synthetic import synthetic, without_circles
from pkgindex.service.tree.trial.trial import Plan, Trial

CLIENTS, PACKAGES, SEED = 100, 3400, 1
HEADS = ("PHASE", "PASSES", "REQUESTS", "SECONDS", "PER SECOND", "P50 MS", "P99 MS", "OK", "FAIL", "ERROR", "WRONG", "BUSY")


def run(
    call: Call, server: tuple[str, ...], clients: int | None, packages: int | None, repo_from: str | None, listing: str | None,
    seed: int | None, malformed: str | None, pipeline: int | None, query_seconds: int | None,
) -> int:
    if sum(given is not None for given in (packages, repo_from, listing)) > 1:
        raise BadInput("--packages, --from and --list: give one of them")
    if malformed is not None and query_seconds is not None:
        raise BadInput("--malformed and --query: give one of them")
    seed = SEED if seed is None else seed
    plan = Plan(tuple(map(address, server)) or ((HOST, PORT),), clients or CLIENTS, seed, share(malformed), pipeline or 1)
    needs = _graph(call, packages, repo_from, listing, seed)
    allow_files(plan.clients)
    if query_seconds is None:
        report = Trial(needs, plan, call.output.tick).run()
    else:
        report = query(needs, plan, query_seconds, call.output.tick)
    edges = sum(map(len, needs.values()))
    more = {"packages": len(needs), "edges": edges, "clients": plan.clients, "seed": seed, "wrong": list(report.wrong)}
    call.output.hits(call.command, [phase._asdict() for phase in report.phases], lines, lambda: (), lambda: more)
    call.output.say(f"{len(needs):,} packages with {edges:,} dependencies, {plan.clients:,} clients, seed {seed}")
    for wrong in report.wrong:
        call.output.complain(f"wrong: {wrong}")
    return NOTHING if report.wrong else FOUND


def _graph(
    call: Call, packages: int | None, repo_from: str | None, listing: str | None, seed: int
) -> Mapping[str, Sequence[str]]:
    if repo_from is not None:
        return without_circles(needs_in(call.settings, repo_from, call.output.tick))
    if listing is not None:
        return without_circles(cut(listed(listing)))
    return synthetic(packages or PACKAGES, seed)


def address(text: str) -> tuple[str, int]:
    """Host and port of `--server`.

    >>> address("build7:8080"), address("[::1]:8081")
    (('build7', 8080), ('::1', 8081))
    """
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) <= PORT_MAX):
        raise BadInput(f"--server {text!r}: a host, a colon and a port, as {HOST}:{PORT}")
    return host.removeprefix("[").removesuffix("]"), int(port)


def share(text: str | None) -> float:
    """The number of `--malformed`.

    >>> share(None), share("0.05")
    (0.0, 0.05)
    """
    try:
        found = float(text or 0)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise BadInput(f"--malformed {text!r}: a share from 0 to 1, as 0.05")
    return found


def lines(output: Output, hits: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A row each phase."""
    rows = [tuple([_cell(value) for value in hit.values()]) for hit in hits]
    return table(output, HEADS, rows, frozenset(range(1, len(HEADS))))


def _cell(value: str | int | float) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 1000 else f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else value


COMMAND = Command(
    "bench tree",
    run,
    """Try how fast tree servers answer many clients at once, and whether rightly.

    It removes everything until a pass is clean, indexes everything, again and again where a client comes before others
    that it depends on, queries all, removes all, and queries all. The packages are made up, or those of a repository
    or a list without its circles of dependencies; their names must be nobody else's meanwhile. Each client changes its own
    packages, which depend on those of others. An answer that contradicts what was acknowledged before it was asked, at
    this server or another, is wrong: it is printed, and the exit code is 1. (Servers with --durability interval tell each
    other late, and are rightly caught at it.)

    With --query it changes nothing: it asks for every package once, and then again and again, and an answer is wrong
    when it is another one than the first. BUSY is the share of a processor that asking and judging took; where it is
    near 1.00 it was not the server that was tried: ask with several of these at once.""",
    (),
    (
        Option("server", ("--server",), f"Where a server listens ({HOST}:{PORT}); given again, clients take turns.", "text",
               "HOST:PORT", many=True),
        Option("clients", ("--clients",), f"So many connections ({CLIENTS}).", "number", "N", least=1),
        Option("packages", ("--packages",), f"So many packages are made up ({PACKAGES}).", "number", "N", least=1),
        Option("repo_from", ("--from",), "Those of this repository.", "text", "REPO", completes="repository"),
        Option("listing", ("--list",), "Those of this list, as 'tree load' reads it.", "text", "FILE", completes="file"),
        Option("seed", ("--seed",), f"Another seed, another graph and order ({SEED}).", "number", "N"),
        Option("malformed", ("--malformed",), "This share of lines is malformed besides (0).", "text", "SHARE"),
        Option("pipeline", ("--pipeline",), "Lines that are sent before their answers are read (1).", "number", "N", least=1),
        Option("query_seconds", ("--query",), "Change nothing: for so long, QUERY and nothing else.", "number", "SECONDS",
               least=1),
        JSON, JSONL,
    ),
    (
        ("bench tree", "a server of this host, 100 clients"),
        ("bench tree --server a:8080 --server b:8080 --malformed 0.01", "two servers of one directory"),
        ("bench tree --from debian --pipeline 50 --json", "a real graph, for a program"),
        ("bench tree --from debian --query 10 --pipeline 100", "questions alone, of a server of that repository"),
    ),
)
