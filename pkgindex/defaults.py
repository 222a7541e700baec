"""Where index, spool, cache and configuration are when nobody says.

Apart from `config`, and without an import that takes time: `pkgindex-which` has answered a shell before `tomllib` is there.
"""

from __future__ import annotations

import os

CONFIG = "PKGINDEX_CONFIG"
SYSTEM_FILE = "/etc/pkgindex/pkgindex.toml"
# What root keeps there may be read by everybody, and is.
SYSTEM_CACHE = "/var/cache/pkgindex"


def defaults_of_place(environment: dict[str, str]) -> dict[str, str]:
    """Where index, spool and cache are: the system's places for root, the user's own otherwise."""
    if os.geteuid() == 0:
        return {"index": "/var/lib/pkgindex", "spool": "/var/spool/pkgindex", "cache": SYSTEM_CACHE}
    home = environment.get("HOME") or os.path.expanduser("~")
    state = environment.get("XDG_STATE_HOME") or os.path.join(home, ".local", "state")
    data = environment.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share")
    cache = environment.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    return {
        "index": os.path.join(data, "pkgindex"),
        "spool": os.path.join(state, "pkgindex", "spool"),
        "cache": os.path.join(cache, "pkgindex"),
    }


def files(environment: dict[str, str]) -> list[str]:
    """The configuration files that are looked for; the first that is there counts."""
    if environment.get(CONFIG):
        return [environment[CONFIG]]
    home = environment.get("HOME") or os.path.expanduser("~")
    user = environment.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    return [os.path.join(user, "pkgindex", "pkgindex.toml"), SYSTEM_FILE]


def plain(content: str) -> dict[str, str | int | float | bool] | None:
    """What a configuration file says whose lines are all plain; None when it takes a parser of TOML to tell.

    >>> plain("index = '/srv/index'  # ours\\nquiet_seconds = 0.5"), plain("index = [")
    ({'index': '/srv/index', 'quiet_seconds': 0.5}, None)
    """
    found: dict[str, str | int | float | bool] = {}
    for line in content.split("\n"):
        line = line.strip(" \t")
        if not line or _is_comment(line):
            continue
        name, equals, rest = line.partition("=")
        name, value = name.rstrip(" \t"), _plain_value(rest.strip(" \t"))
        if not (equals and name.isascii() and name.isidentifier()) or name in found or value is None:
            return None
        found[name] = value
    return found


def _plain_value(text: str) -> str | int | float | bool | None:
    """A text without escapes, a number as everybody writes it, true or false; None for all else."""
    if text[:1] in ('"', "'"):
        value, end, rest = text[1:].partition(text[0])
        rest = rest.lstrip(" \t")
        ends = end and (not rest or _is_comment(rest))
        return value if ends and value.isprintable() and "\\" not in value else None
    word, _, comment = text.partition("#")
    word = word.rstrip(" \t")
    if not (word.isascii() and _is_comment(f"#{comment}")):
        return None
    if word in ("true", "false"):
        return word == "true"
    whole, point, part = word.partition(".")
    if not whole.isdigit() or (whole[0] == "0" and whole != "0") or (point and not part.isdigit()):
        return None
    return float(word) if point else int(word)


def _is_comment(text: str) -> bool:
    return text.startswith("#") and text.replace("\t", " ").isprintable()
