"""`pkgindex status`: how the repositories stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pkgindex.cli.call import FOUND, PARTLY, Call
from pkgindex.cli.declare import PRINTING, REPOSITORIES, Command
from pkgindex.cli.output import Output
from pkgindex.cli.tables import table
from pkgindex.cli.wording import size
from pkgindex.errors import NoIndex, StoreError
from pkgindex.query.index import Index
from pkgindex.spool.spool import Spool


def run(call: Call, repositories: tuple[str, ...]) -> int:
    call = call._replace(repos=call.repos + repositories)
    unseen: list[str] = []

    def question(index: Index) -> Iterator[dict[str, Any]]:
        for status in index.status():
            yield {**status._asdict(), **_waiting(call, status.repo, unseen)}

    code = call.answer(question, lines, "the index has no repository")
    for why in unseen:
        call.output.complain(why)
    return PARTLY if unseen and code == FOUND else code


def _waiting(call: Call, repo: str, unseen: list[str]) -> dict[str, int | None]:
    """What lies in the spool; unknown (None) where there is no spool, as on a host that only reads.

    Where there is one that the disk does not show, *unseen* gets why.
    """
    spool = Spool(call.settings.spool)
    try:
        return {"pending": len(spool.incoming(repo)), "rejected": len(spool.rejected(repo))}
    except NoIndex:
        pass
    except StoreError as error:
        unseen.append(str(error))
    return {"pending": None, "rejected": None}


def lines(output: Output, hits: Iterable[dict[str, Any]]) -> Iterator[str]:
    heads = ("REPO", "GENERATION", "PACKAGES", "PATHS", "SHARDS", "SIZE", "AGE", "PENDING", "REJECTED", "RETAINED")
    return table(output, heads, map(_cells, hits), frozenset(range(1, 9)))


def _cells(status: dict[str, Any]) -> tuple[str, ...]:
    retained = [str(number) for number in status["retained"]]
    return (
        status["repo"], str(status["generation"]), f"{status['packages']:,}", f"{status['paths']:,}",
        str(status["shards"]), size(status["bytes"]), age(status["age_seconds"]), _count(status["pending"]),
        _count(status["rejected"]), "-".join(dict.fromkeys(retained[:1] + retained[-1:])),
    )


def _count(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def age(seconds: float) -> str:
    """How long ago, in the largest unit that fits.

    >>> age(0.4), age(90), age(7200), age(172800)
    ('0 s', '1 min', '2 h', '2 d')
    """
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"


COMMAND = Command(
    "status",
    run,
    """How the repositories stand.

    Their generation, contents, size and age, and what waits in the spool. PENDING is what lies in incoming/ of the
    spool, REJECTED what lies in rejected/; `-` where this host sees no spool.""",
    (REPOSITORIES,),
    PRINTING,
    (
        ("status", "all repositories, as a table"),
        ("status --json debian", "one of them, for a monitor"),
    ),
)
