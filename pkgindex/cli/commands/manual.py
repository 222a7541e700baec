"""`pkgindex manual`: files on this host that no package owns."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from typing import Any

from pkgindex.cli.call import PARTLY, Call
from pkgindex.cli.declare import PRINTING, Argument, Command, Option
from pkgindex.cli.moments import WAYS, since
from pkgindex.cli.output import Output
from pkgindex.cli.wording import describe
from pkgindex.errors import NotFound
from pkgindex.query.index import Index
from pkgindex.query.manual import unowned
from pkgindex.sources.hosts import managers
from pkgindex.sources.hosts.standing import Standing
from pkgindex.sources.hosts.tree import File, Tree
from pkgindex.store.place import place_of

# What packages fill, on one system or another.
PREFIXES = ("/bin", "/boot", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/sbin", "/usr")
UNREAD_NAMED_MAX = 5


def run(call: Call, paths: tuple[str, ...], since_text: str | None, root: str | None) -> int:
    newest = since(since_text, time.time()).seconds if since_text else 0.0
    tree = Tree(root or "/")
    places = _outermost([tree.resolved(path) for path in _given(paths, root) or PREFIXES if paths or tree.has(path)])
    call = call._replace(repos=call.repos or _of_host(call, root or "/"))

    def question(index: Index) -> Iterator[dict[str, Any]]:
        files = (file for place in places for file in tree.files(place) if file.changed > newest)
        return map(_hit, unowned(index, files, Standing(tree)))

    code = call.answer(question, lines, _nothing(places, since_text))
    if tree.unread:
        call.output.complain(f"could not be read: {describe(tree.unread, UNREAD_NAMED_MAX)}; run it as a user who may")
    return PARTLY if tree.unread else code


def _given(paths: tuple[str, ...], root: str | None) -> list[str]:
    """*paths* from the root on; below another root there is no working directory."""
    return [f"/{path}" if root else os.path.abspath(path) for path in paths]


def _outermost(paths: list[str]) -> list[str]:
    """*paths* in order, without those that lie below others."""
    found: list[str] = []
    for path in sorted(set(paths)):
        if not any(path.startswith(f"{other.rstrip('/')}/") for other in found):
            found.append(path)
    return found


def _of_host(call: Call, root: str) -> tuple[str, ...]:
    """The repositories that follow the package managers of the host."""
    wanted = [database.repo for database in managers.found_all(root, call.settings)]
    there = place_of(call.settings).repositories()
    found = tuple(repo for repo in wanted if repo in there)
    if not found:
        raise NotFound(f"of this host, {describe(wanted)} could be indexed, and nothing is: run 'pkgindex sync --all'")
    return found


def _hit(file: File) -> dict[str, Any]:
    return {"path": file.path, "link": file.link, "bytes": file.bytes, "changed": file.changed}


def _nothing(places: list[str], since_text: str | None) -> str:
    newer = f" that changed since {since_text}" if since_text else ""
    return f"there is no file{newer} below {describe(places)} that no package owns"


def lines(output: Output, hits: Iterable[dict[str, Any]]) -> Iterator[str]:
    return (output.safe(hit["path"]) for hit in hits)


COMMAND = Command(
    "manual",
    run,
    """Files on this host that no package owns, by their real paths.

    PATH is a directory or a file; without one, all directories that packages fill are looked through. The repositories of
    this host are asked, as 'pkgindex sync --all' leaves them: sync first. A file is owned when a package lists it by any
    name that leads there; diversions, alternatives and what Python compiled are known for what they are.""",
    (Argument("paths", "[PATH]...", required=False, many=True, completes="file"),),
    (
        Option("since_text", ("--since",), f"Only what was written or moved there since: {WAYS}.", "text", "WHEN"),
        Option("root", ("--root",), "Where the host's file system is, if not at /.", "text", "DIR", completes="directory"),
        *PRINTING,
    ),
    (
        ("manual /usr/local /opt", "what somebody put there by hand"),
        ("manual --since 7d -0 /usr > came", "what came beside the packages this week, for xargs -0"),
    ),
)
