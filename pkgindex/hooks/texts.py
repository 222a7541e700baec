"""What is written into a package manager's folders: texts that stand in `templates/`, with places for what differs.

Invariants:

* A hook leaves a stamp and ends well, whatever is missing, full or forbidden: see `templates/drop.sh`.
* What is put into a text is made of plain signs only, because a text is of one of six syntaxes, and none quotes as another.

How a stamp is dropped (`drop.sh`), and why so: in a shell of its own, because a redirection that fails ends dash, and a
manager takes that for a failure of its own; never through a link and never over a file (`set -C`); not where something
lies already, which may be a pipe that nobody reads; with stderr closed, since `/dev/null` is missing in a bare chroot.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from pkgindex.errors import BadInput

VERSION = 1
FOLDER = "/etc/pkgindex/hooks"
PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+-")
# Texts that others take in.
PARTS = {"@DROP@": "drop.sh", "@LUA@": "drop.lua", "@HARDENING@": "hardening"}


def text(name: str, words: Mapping[str, str]) -> str:
    """The template *name* with *words* put in: each stands for itself between two `@`."""
    found = _read(name)
    for place, part in PARTS.items():
        if place in found:
            found = found.replace(place, _read(part).rstrip("\n"))
    for word, value in words.items():
        found = found.replace(f"@{word}@", value)
    return found


def plain(what: str, value: str) -> str:
    """*value*, when it may stand in any of the texts. Raises `BadInput`."""
    strange = sorted(set(value) - PLAIN)
    if strange or not value.startswith("/"):
        raise BadInput(f"the {what} {value!a} cannot stand in a hook: an absolute path of letters, digits and '/._+-' can")
    return value


def _read(name: str) -> str:
    with open(os.path.join(os.path.dirname(__file__), "templates", name), encoding="utf-8") as file:
        return file.read()
