"""Settings: read once, at the edge, and handed down as values.

A flag beats the environment, the environment beats the file. `docs/settings.md` is compared with `Settings` by a test.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from pkgindex.defaults import CONFIG, defaults_of_place, files, plain
from pkgindex.errors import BadInput


class Settings(NamedTuple):
    """Everything that can be set. Durations are seconds."""

    index: str = ""  # type: ignore[assignment]  # hides tuple.index, which nobody asks of settings
    spool: str = ""
    cache: str = ""
    cache_bytes_max: int = 4 << 30
    quiet_seconds: float = 2.0
    wait_seconds_max: float = 30.0
    poll_seconds: float = 1.0
    polling: bool = False
    heartbeat_seconds: float = 5.0
    lease_seconds: float = 60.0
    lock_wait_seconds: float = 10.0
    keep_generations: int = 32
    grace_seconds: float = 600.0
    keep_changes_seconds: float = 7_776_000.0
    loose_packages_max: int = 64
    loose_paths_max: int = 20_000
    shards_max: int = 6
    dead_share_max: float = 0.25
    processes: int = 0
    unpacked_bytes_max: int = 64 << 30
    pager: str = ""
    pip_environments: str = ""
    npm_directories: str = ""
    conda_environments: str = ""
    sync_seconds: float = 0.0
    tree_connections_max: int = 4096
    tree_line_bytes_max: int = 64 << 10
    tree_unread_bytes_max: int = 1 << 20
    tree_idle_seconds: float = 300.0
    tree_backlog: int = 1024
    tree_loose_packages_max: int = 4096


MEANING = {
    "index": "the index: a directory with one folder a repository, or another place",
    "spool": "the spool directory: where submissions are dropped",
    "cache": "where this host keeps what it has worked out of an index, and may lose",
    "cache_bytes_max": "so many bytes of shards are copied out of a database; those that were used least lately go",
    "quiet_seconds": "how long nothing may have arrived for a repository before it is packed",
    "wait_seconds_max": "after this long a repository that is never quiet is packed all the same",
    "poll_seconds": "how often the spool is listed where no events come, as on a share",
    "polling": "list the spool every `poll_seconds` even where events come",
    "heartbeat_seconds": "how often a packer shows that it is alive",
    "lease_seconds": "a packer that has shown no sign of life for this long loses what it claimed",
    "lock_wait_seconds": "how long to wait for another writer of the same repository",
    "keep_generations": "how many generations are retained for `--at`, `history` and `diff`",
    "grace_seconds": "for how long a generation is kept after a newer one came, however many there are",
    "keep_changes_seconds": "how long it stays known what changed on a host, for `changes`",
    "loose_packages_max": "up to this many changed packages are published without making a shard",
    "loose_paths_max": "and up to this many of their paths",
    "shards_max": "more shards of a kind than this are merged",
    "dead_share_max": "a shard of which more than this share is dead is merged",
    "processes": "how many processes build an index; 0: one a core",
    "unpacked_bytes_max": "a submission that unpacks to more is rejected",
    "pager": "what shows long answers on a terminal, if not `$PAGER` or `less -FRX`; `cat`: nothing",
    "pip_environments": "Python environments that `sync pip` follows besides the system's: directories with `:` between them, "
    "`*` matches",
    "npm_directories": "directories with a `node_modules` that `sync npm` follows besides the global ones, in the same way",
    "conda_environments": "conda environments that `sync conda` follows besides those below `/opt`, in the same way",
    "sync_seconds": "how often `watch` syncs every manager of the host; 0: only when one has changed something",
    "tree_connections_max": "a tree server serves this many clients at a time; others wait in the backlog",
    "tree_line_bytes_max": "a line that is longer is answered ERROR",
    "tree_unread_bytes_max": "a client that leaves more of its answers unread is not read from until it has read them",
    "tree_idle_seconds": "a client that neither asks nor reads for this long is disconnected; 0: never",
    "tree_backlog": "how many connections the system keeps waiting for a tree server",
    "tree_loose_packages_max": "as `loose_packages_max`, while a tree server is busy",
}

ENVIRONMENT = {field: f"PKGINDEX_{field.upper()}" for field in Settings._fields}
# What an index may be besides a directory.
ADDRESSES = ("memory", "postgres", "postgresql")


def load(environment: dict[str, str] | None = None, **flags: object) -> Settings:
    """The settings that hold, from *flags* (None: not given), the environment, and the file.

    Raises `BadInput` naming the file or variable, and the value that is none.
    """
    found = dict(os.environ) if environment is None else environment
    path = file_of(found)
    values: dict[str, Any] = {**defaults_of_place(found), **(_from_file(path) if path else {})}
    values.update({field: _converted(field, found[name], name) for field, name in ENVIRONMENT.items() if found.get(name)})
    values.update({field: value for field, value in flags.items() if value is not None})
    for place in ("spool", "cache"):
        # As the name of a directory it would be made, with the password in it.
        if scheme := scheme_of(str(values[place])):
            raise BadInput(f"the {place} is a directory, and this is a {scheme} address: only the index may be elsewhere")
    return Settings(**values)


def scheme_of(place: str) -> str:
    """What kind of address *place* is; empty: the name of a directory.

    >>> scheme_of("postgresql://host/index"), scheme_of("memory:/srv/trees"), scheme_of("/srv/a://b"), scheme_of("./memory:a")
    ('postgresql', 'memory', '', '')
    """
    scheme, colon, rest = place.strip().partition(":")
    known = scheme in ADDRESSES or rest.startswith("//")
    return scheme if colon and known and not set(scheme) & set("/.") else ""


def discreet(argument: str) -> str:
    """An *argument* of a command line, without the address that it may be: there may be a password in it.

    >>> discreet("--index=postgresql://ada:secret@host/index"), discreet("https://example.org")
    ('--index=postgresql://...', 'https://example.org')
    """
    before, there, after = argument.partition("://")
    return f"{before}://..." if there and "@" in after else argument


def file_of(environment: dict[str, str]) -> str:
    """The configuration file, or empty. One that `PKGINDEX_CONFIG` names must be there."""
    found = next((path for path in files(environment) if os.path.exists(path)), "")
    if not found and environment.get(CONFIG):
        raise BadInput(f"{CONFIG} names {environment[CONFIG]}, which is not there")
    return found


def _from_file(path: str) -> dict[str, Any]:
    values = {}
    for field, value in _content(path).items():
        if field not in Settings._fields:
            known = ", ".join(Settings._fields)
            raise BadInput(f"{path}: there is no setting {field!r}; there are {known}")
        values[field] = _converted(field, value, path)
    return values


def _content(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            content = file.read().decode()
        found = plain(content)
        if found is not None:
            return found
        import tomllib  # 8 ms, which hardly any file needs

        return tomllib.loads(content)
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: cannot be read as TOML: {error}") from error


def _converted(field: str, value: Any, place: str) -> Any:
    wanted = type(Settings._field_defaults[field])
    try:
        if wanted is bool and isinstance(value, str):
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[value.lower()]
        if isinstance(value, bool) is not (wanted is bool):
            raise ValueError(value)
        converted = wanted(value)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{place}: {field} is {value!r}, where a {_NAMES[wanted]} belongs") from error
    if wanted in (int, float) and converted < 0:
        raise BadInput(f"{place}: {field} is {value!r}: it cannot be negative")
    return converted


_NAMES = {str: "text", float: "number of seconds or a share", int: "whole number", bool: "true or false"}
