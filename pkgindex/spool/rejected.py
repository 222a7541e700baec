"""What could not be packed, put aside with a file that says why.

Invariants:

* Nothing is ever overwritten or removed here: it is the sender's.
* `NAME.reason` is made first and at once, and is what reserves NAME; a rejection that was cut short is taken up again by
  the identity that stands in it, so that each has one file and one reason.
* What a power cut left under both of its names is rejected already.
"""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import chain
from typing import NamedTuple

from pkgindex.spool import moves, names
from pkgindex.spool.identity import new_id

REASON_CHARACTERS_MAX = 16_000
REMEDY = "Correct it, move it back to incoming/ and remove this file; or remove both."


class Rejection(NamedTuple):
    """Why the submission *id* is rejected. `when` is text; `remedy` is empty for the usual one."""

    repo: str
    id: str
    when: str
    reason: str
    remedy: str = ""


def set_aside(path: str, folder: str, rejection: Rejection) -> str | None:
    """Move *path* into *folder* beside its reason; its name there, or None when it was no longer there to be moved."""
    if before := _set_aside_before(path, folder):
        moves.discard(path)
        return before
    drop = names.fitted(names.parse(os.path.basename(path))._replace(id=None))
    for candidate in chain((drop,), names.numbered(drop, frozenset(os.listdir(folder)))):
        target = os.path.join(folder, candidate.name)
        reason = target + names.REASON_SUFFIX
        if not _reserve(reason, candidate.name, rejection):
            continue
        if os.path.lexists(target):  # something that has no reason
            moves.discard(reason)
            continue
        # Else the power may go, and leave the file here without it.
        moves.flush_directory(folder)
        if not moves.move(path, target):
            moves.discard(reason)
            return None
        moves.flush_directory(folder)
        return candidate.name
    return None


def _set_aside_before(path: str, folder: str) -> str | None:
    """The name in *folder* of the same file, with a reason: of its move only that half was durable which gave the new name."""
    try:
        ours = os.lstat(path)
    except FileNotFoundError:
        return None
    for name in os.listdir(folder) if ours.st_nlink > 1 else ():
        other = os.path.join(folder, name)
        with suppress(FileNotFoundError):
            if os.path.lexists(other + names.REASON_SUFFIX) and os.path.samestat(ours, os.lstat(other)):
                return name
    return None


def _reserve(reason: str, name: str, rejection: Rejection) -> bool:
    if os.path.lexists(reason):
        return _is_of(reason, rejection.id)
    temporary = os.path.join(os.path.dirname(reason), f"{names.TEMPORARY_PREFIX}{new_id()}")
    try:
        moves.write(temporary, explained(name, rejection).encode("utf-8"))
        return moves.place(temporary, reason)
    finally:
        moves.discard(temporary)


def _is_of(reason: str, id: str) -> bool:
    """Whether an earlier rejection of the same submission got as far as its reason."""
    try:
        with open(reason, encoding="utf-8", errors="replace") as file:
            return f"Submission: {id}\n" in file and not os.path.lexists(reason.removesuffix(names.REASON_SUFFIX))
    except OSError:
        return False


def explained(name: str, rejection: Rejection) -> str:
    """The text of the reason file, as deb822: fields that a person and a program can read."""
    fields = {
        "File": names.printable(name),
        "Repository": rejection.repo,
        "Rejected": rejection.when,
        "Submission": rejection.id,
        "Reason": rejection.reason[:REASON_CHARACTERS_MAX],
        "Remedy": rejection.remedy or REMEDY,
    }
    return "".join(f"{field}: {_folded(text)}\n" for field, text in fields.items())


def _folded(text: str) -> str:
    """Further lines are indented, an empty one is a dot, and what could play tricks on a terminal is escaped."""
    lines = [line if line.isprintable() else ascii(line)[1:-1] for line in text.splitlines()] or [""]
    return "\n ".join(line or "." for line in lines)
