"""Which package managers there are, by the word that follows `pkgindex sync`, and which databases they have on a host."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

from pkgindex.config import Settings
from pkgindex.errors import BadInput, NotFound
from pkgindex.sources.hosts.database import Database

MANAGERS = ("dpkg", "rpm", "pacman", "apk", "pip", "npm", "conda")
# What people call a manager that keeps its packages in another's database.
ALIASES = {"apt": "dpkg", "dnf": "rpm", "zypper": "rpm", "uv": "pip"}
# The settings that say where else to look than in the system's own places.
_PLACES = {"pip": "pip_environments", "npm": "npm_directories", "conda": "conda_environments"}


def found(manager: str, root: str, settings: Settings) -> list[Database]:
    """The databases of *manager* that are there below *root*. Raises `BadInput` for a manager that nobody knows here."""
    databases = _databases(manager)(root, _places(manager, settings))
    return [database for database in databases if _is_there(database)]


def everything(root: str, settings: Settings) -> list[Database]:
    """The databases of all managers that are there below *root*."""
    return [database for manager in MANAGERS for database in found(manager, root, settings)]


def found_all(root: str, settings: Settings) -> list[Database]:
    """The databases of all managers that are there below *root*. Raises `NotFound` when there are none."""
    there = everything(root, settings)
    if not there:
        raise NotFound(f"no package manager that is known here has a database below {root}: there is {', '.join(MANAGERS)}")
    return there


def configured(root: str, settings: Settings) -> list[Database]:
    """The databases of those managers of which the settings name places."""
    return [database for manager in _PLACES if _places(manager, settings) for database in found(manager, root, settings)]


def named(manager: str, root: str, settings: Settings) -> list[Database]:
    """The same, for who asked for just that: raises `NotFound`, saying where it was looked for, when there is none."""
    there = found(manager, root, settings)
    if there:
        return there
    databases = _databases(manager)(root, _places(manager, settings))
    for database in databases:
        database.state()  # it knows best what is missing
    if databases:  # they have come meanwhile
        return databases
    setting = _PLACES[ALIASES.get(manager, manager)]
    raise NotFound(f"{root}: nothing here that {manager} installed: name its directories in the setting {setting}")


def _databases(manager: str) -> Callable[[str, Sequence[str]], list[Database]]:
    word = ALIASES.get(manager, manager)
    if word not in MANAGERS:
        known = ", ".join((*MANAGERS, *ALIASES))
        raise BadInput(f"no package manager {manager!r} is known here: there is {known}")
    databases: Callable[[str, Sequence[str]], list[Database]] = import_module(f"pkgindex.sources.hosts.{word}").databases
    return databases


def _places(manager: str, settings: Settings) -> list[str]:
    setting = _PLACES.get(ALIASES.get(manager, manager))
    return [place for place in getattr(settings, setting).split(":") if place] if setting else []


def _is_there(database: Database) -> bool:
    try:
        database.state()
    except NotFound:
        return False
    except OSError:  # there is something; who reads it is told what is wrong
        return True
    return True
