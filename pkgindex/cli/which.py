"""`pkgindex-which`: the door for a shell that did not find a command, and for `pkgindex which`.

Invariants:

* What is regular (a command, and perhaps `--handler`) is answered here; all else, and all that goes wrong, is left to
  `pkgindex which`, which knows how to tell people. Nothing is printed before it is clear that all went well.
* While the lists are kept, nothing is imported that takes time: neither click nor sqlite3, `re` nor `typing`.
"""

from __future__ import annotations

import gc
import os
import sys

from pkgindex import defaults
from pkgindex.errors import PkgindexError
from pkgindex.query.commandlists import CommandLists

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pkgindex.format.commands import Commands, Row

# What a shell answers where there is no such command.
NO_COMMAND = 127
PACKAGES_SHOWN_MAX = 6
# How a package gets onto a host, by the ordering of its repository.
INSTALL = {
    "debian": "apt install",
    "rpm": "dnf install",
    "pacman": "pacman -S",
    "apk": "apk add",
    "ips": "pkg install",
    "pep440": "pip install",
    "semver": "npm install -g",
}
# What may stand in a line that somebody copies into a shell.
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@/._+:-")


class Found:
    """Who has the command *name*: `exact` are rows with the list each stands in, `near` those of names like it, with how many
    steps away; what is installed comes first."""

    __slots__ = ("exact", "lists", "name", "near")

    def __init__(self, name: str, lists: Iterable[Commands]) -> None:
        self.name = name
        self.lists = list(lists)
        exact = [(row, found) for found in self.lists for row in found.named(name)]
        self.exact = sorted(exact, key=lambda one: (not one[0][3], one[1].repo, one[0]))
        self.near: list[tuple[int, Row, Commands]] = []
        if not exact:
            near = [(steps, row, found) for found in self.lists for steps, row in found.near(name)]
            letters = sorted(name)  # those that only changed places come before those that became others
            self.near = sorted(
                near, key=lambda one: (one[0], not one[1][3], sorted(one[1][0]) != letters, one[1], one[2].repo)
            )


def main() -> int:
    """The process `pkgindex-which`."""
    gc.disable()
    code = _quick(sys.argv[1:])
    if code is None:
        from pkgindex.cli.main import main as slow

        return slow(["which", *sys.argv[1:]])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _quick(words: list[str]) -> int | None:
    """The exit code; None when `pkgindex which` is to look at it."""
    handler = words[:1] == ["--handler"]
    words = words[handler:]
    if words[:1] == ["--"]:
        words = words[1:]
    elif any(word.startswith("-") for word in words):
        return None
    places = _places(dict(os.environ))
    if len(words) != 1 or places is None:
        return None
    try:
        lists = CommandLists(*places)
        found = Found(words[0], lists)
    except (PkgindexError, OSError):
        return None
    text = handler_text(found) if handler else "".join([f"{line}\n" for line in lines(found.exact, len(found.lists) > 1)])
    if lists.failures or not text or not text.replace("\n", "").isprintable():
        return None
    stream = sys.stderr if handler else sys.stdout
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        return None
    return NO_COMMAND if handler else 0


def _places(environment: dict[str, str]) -> tuple[str, tuple[str, ...]] | None:
    """The index and the caches, as `config` has them; None when only that can tell."""
    told: dict[str, object] = {**defaults.defaults_of_place(environment)}
    for file in defaults.files(environment):
        try:
            with open(file, "rb") as opened:
                settings = defaults.plain(opened.read().decode())
        except FileNotFoundError:
            if defaults.CONFIG in environment:
                return None
            continue
        except (OSError, ValueError):
            return None
        if settings is None:
            return None
        told.update(settings)
        break
    index = environment.get("PKGINDEX_INDEX") or told["index"]
    cache = environment.get("PKGINDEX_CACHE") or told["cache"]
    if not isinstance(index, str) or not isinstance(cache, str) or "://" in index:
        return None
    return index, (cache, defaults.SYSTEM_CACHE)


def lines(exact: Iterable[tuple[Row, Commands]], many: bool, safe: Callable[[str], str] = str) -> Iterator[str]:
    """A line for each package that has the command; with its repository where *many* were asked."""
    for (name, package, directory, installed), of in exact:
        where = f"{of.repo}/" if many else ""
        yield f"{where}{safe(package)}: {safe(directory)}/{safe(name)}{'  (installed)' if installed else ''}"


def handler_text(found: Found) -> str:
    """What a shell says instead of its own message."""
    head = f"{found.name}: command not found"
    if found.exact:
        return f"{head}; {_owners(found.exact)}"
    if found.near:
        meant = [f"{row[0]}, of package {_package(row, of)}" for row, of in _once([(row, of) for _, row, of in found.near])]
        return f"{head}; did you mean\n{_listed(meant)}"
    return f"{head}\n"


def _owners(exact: list[tuple[Row, Commands]]) -> str:
    (name, package, directory, installed), of = exact[0]
    if installed:
        return f"package {package}, which is installed, has it as {directory}/{name}\n"
    offers = _once(exact)
    if len(offers) > 1:
        return f"these packages have it:\n{_listed([_package(row, of) for row, of in offers])}"
    command = _install(package, of)
    return f"package {package} has it{f': {command}' if command else ''}\n"


def _once(found: list[tuple[Row, Commands]]) -> list[tuple[Row, Commands]]:
    """One of each command and package, the first; several repositories may offer it."""
    first = {one[0][:2]: one for one in reversed(found)}
    return [one for one in found if first[one[0][:2]] is one]


def _package(row: Row, of: Commands) -> str:
    """A package, and how to get it."""
    if row[3]:
        return f"{row[1]} (installed)"
    command = _install(row[1], of)
    return f"{row[1]}: {command}" if command else row[1]


def _install(package: str, of: Commands) -> str:
    """What installs it; nothing where that is not known, or would not be safe to copy."""
    command = INSTALL.get(of.ordering)
    return f"{command} {package}" if command and _SAFE.issuperset(package) and not package.startswith("-") else ""


def _listed(lines: list[str]) -> str:
    rest = len(lines) - PACKAGES_SHOWN_MAX
    shown = [f"  {line}\n" for line in lines[:PACKAGES_SHOWN_MAX]] + ([f"  and {rest} more\n"] if rest > 0 else [])
    return "".join(shown)


if __name__ == "__main__":
    sys.exit(main())
