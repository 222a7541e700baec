"""What a shell offers when a word is not finished: repositories, package names, kinds, questions, files.

Invariants:

* Nothing is ever printed but words: whoever presses TAB has not asked for an error.
* An answer is bounded, and reads no more of the index than it offers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from pkgindex import config
from pkgindex.errors import PkgindexError
from pkgindex.store.place import place_of

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

WORDS_MAX = 500
SHELLS = ("bash", "zsh", "fish")

Completer = Callable[["click.Context", "click.Parameter", str], "list[CompletionItem]"]


def completer(kind: str) -> Completer | None:
    """What click calls for a parameter that completes *kind*, one of `KINDS`."""
    if not kind:
        return None

    def complete(context: click.Context, parameter: click.Parameter, beginning: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        if kind in ("directory", "file"):
            return [CompletionItem(beginning, type="dir" if kind == "directory" else "file")]
        return [CompletionItem(word, type="part" if word.endswith(":") else "plain")
                for word in words(kind, beginning, _given(context))]

    return complete


def words(kind: str, beginning: str, given: dict[str, Any]) -> list[str]:
    """The words of *kind* that begin so, in order, at most `WORDS_MAX`; *given* are the options there are already."""
    try:
        settings = config.load(index=given.get("index"), spool=given.get("spool"))
        return list(islice(KINDS[kind](settings, beginning, given), WORDS_MAX))
    except (PkgindexError, OSError):
        return []


def _repositories(settings: config.Settings, beginning: str, given: dict[str, Any]) -> Iterable[str]:
    found = {*_indexed(settings), *_spooled(settings.spool)}
    return sorted(name for name in found if name.startswith(beginning))


def _indexed(settings: config.Settings) -> list[str]:
    try:
        return place_of(settings).repositories()
    except PkgindexError:
        # There may be a spool all the same.
        return []


def _spooled(root: str) -> Iterator[str]:
    if os.path.isdir(root):
        yield from (name for name in os.listdir(root) if os.path.isdir(os.path.join(root, name, "incoming")))


def _packages(settings: config.Settings, beginning: str, given: dict[str, Any]) -> Iterable[str]:
    from pkgindex.query.index import Index

    with Index(place_of(settings), given.get("repo") or ()) as index:
        # Some past the limit, because each repository names its own.
        found = set(islice(index.names(beginning), 4 * WORDS_MAX))
    return sorted(found)


def _question(settings: config.Settings, beginning: str, given: dict[str, Any]) -> Iterable[str]:
    from functools import cache

    from pkgindex.cli import questionwords
    from pkgindex.query.index import Index

    # Opened only for what the index knows: fields are offered where there is none.
    index = cache(lambda: Index(place_of(settings), given.get("repo") or ()))
    return questionwords.words(index, beginning, WORDS_MAX)


def _kinds(settings: config.Settings, beginning: str, given: dict[str, Any]) -> Iterable[str]:
    from pkgindex.model.package import KINDS

    done, comma, last = beginning.rpartition(",")
    return [done + comma + kind for kind in KINDS if kind.startswith(last)]


def _managers() -> Iterable[str]:
    from pkgindex.sources.hosts.managers import MANAGERS

    return MANAGERS


def _hooks() -> Iterable[str]:
    from pkgindex.hooks.catalog import HOOKS

    return HOOKS


KINDS: dict[str, Callable[[config.Settings, str, dict[str, Any]], Iterable[str]]] = {
    "repository": _repositories,
    "package": _packages,
    "kind": _kinds,
    "query": _question,
    "manager": lambda settings, beginning, given: [name for name in _managers() if name.startswith(beginning)],
    "hook": lambda settings, beginning, given: [name for name in _hooks() if name.startswith(beginning)],
    "shell": lambda settings, beginning, given: [shell for shell in SHELLS if shell.startswith(beginning)],
}


def _given(context: click.Context) -> dict[str, Any]:
    outer = context.find_root().params
    return {**outer, **{field: value for field, value in context.params.items() if value}}
