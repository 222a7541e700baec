"""One file in a package manager's folder: what it should hold, what it holds, and whose it is.

    # pkgindex hook 1, digest 5d41402abc4b, made /etc/pacman.d /etc/pacman.d/hooks; 'pkgindex hooks' writes and removes this

Invariants:

* A file without that line is not ours: it is neither read as a hook, replaced nor removed.
* The digest is that of all other lines: a file that it does not fit was changed by hand, and stays until somebody insists.
* A file appears whole: a manager that looks meanwhile sees the old one or the new one.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from hashlib import sha256
from typing import NamedTuple

from pkgindex.hooks.texts import VERSION
from pkgindex.spool.identity import new_id

PLACE = "@MARK@"
SIGN = "pkgindex hook "
DIGEST_DIGITS = 12
# The mark stands in the first line, or in the second of a script.
MARK_LINES = 2

ABSENT, CURRENT, OLDER, CHANGED, FOREIGN = "absent", "current", "older", "changed", "foreign"


class HookFile(NamedTuple):
    """*path* is that within the root; *text* has `PLACE` where the mark belongs."""

    path: str
    text: str
    mode: int = 0o644


class Found(NamedTuple):
    """What lies there. *made* are the directories that were made for it."""

    state: str
    made: tuple[str, ...] = ()


def look(root: str, file: HookFile) -> Found:
    """What lies where *file* belongs."""
    path = below(root, file.path)
    content = _content(path)
    if content is None:
        return Found(ABSENT)
    mark = _mark(content)
    if not mark:
        return Found(FOREIGN)
    made = _made(mark)
    if f"digest {_digest(content.replace(mark, PLACE, 1))}" not in mark:
        return Found(CHANGED, made)
    same = content == marked(file, made) and stat.S_IMODE(os.stat(path).st_mode) == file.mode
    return Found(CURRENT if same else OLDER, made)


def write(root: str, file: HookFile, made: tuple[str, ...]) -> None:
    """Put *file* in its place, whole; *made* is what its mark is to remember."""
    path = below(root, file.path)
    temporary = os.path.join(os.path.dirname(path), f".pkgindex-{new_id()}")
    try:
        with open(temporary, "x", encoding="utf-8") as new:
            new.write(marked(file, made))
            os.fchmod(new.fileno(), file.mode)
            new.flush()
            os.fsync(new.fileno())
        os.rename(temporary, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)


def marked(file: HookFile, made: tuple[str, ...]) -> str:
    """The whole text of *file*."""
    also = f", made {' '.join(made)}" if made else ""
    mark = f"{SIGN}{VERSION}, digest {_digest(file.text)}{also}; 'pkgindex hooks' writes and removes this"
    return file.text.replace(PLACE, mark, 1)


def below(root: str, path: str) -> str:
    """The absolute *path* as it is found below *root*.

    >>> below("/srv/image", "/etc/apt"), below("/", "/etc/apt")
    ('/srv/image/etc/apt', '/etc/apt')
    """
    return os.path.join(root, path.lstrip("/"))


def _content(path: str) -> str | None:
    """None where there is nothing; what is no plain text, or no plain file, is an empty text, which has no mark."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return ""
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError:
        return ""


def _mark(content: str) -> str:
    """The mark, without the sign of a comment before it; empty where there is none."""
    for line in content.split("\n", MARK_LINES)[:MARK_LINES]:
        _, sign, rest = line.partition(SIGN)
        if sign and line[:1] in "#/":
            return sign + rest
    return ""


def _made(mark: str) -> tuple[str, ...]:
    """The directories that a mark remembers.

    >>> _made("pkgindex hook 1, digest 00, made /etc/a /etc/a/b; more"), _made("pkgindex hook 1, digest 00; more")
    (('/etc/a', '/etc/a/b'), ())
    """
    _, _, after = mark.partition("; ")[0].partition(", made ")
    return tuple(after.split())


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:DIGEST_DIGITS]
