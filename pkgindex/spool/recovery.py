"""What a writer leaves behind when it dies, and how it comes back.

Invariants:

* Each claim is returned by one rename, to a name that is its own: any number of recoverers, and a writer that was only
  thought dead, cannot double or lose it.
* Ages are differences of two times of the storage's clock.
* A claim of a living writer is only taken after its lease; then work may be done twice, which is harmless, since who
  publishes second finds the identity published.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

from pkgindex.spool import moves, names
from pkgindex.spool.identity import WriterId, is_dead, new_id, parse_folder
from pkgindex.store import files

# The temporary file of a `submit` that was killed; nobody writes to one for so long.
TEMPORARY_SECONDS_MAX = 24 * 3600
SECOND_NS = 1_000_000_000


class Recovered(NamedTuple):
    """Names of what went back to `incoming`, and ids of what was found published and removed.

    `stuck` holds the writers' folders that could not be emptied, and what the system said of each.
    """

    returned: list[str]
    removed: list[str]
    stuck: dict[str, str]


def recover(repository: str, here: WriterId, now_ns: int, lease_seconds: float, published: Callable[[str], bool]) -> Recovered:
    """Empty the folders of stopped writers in the folder *repository*; *now_ns* is the time of its storage."""
    recovered = Recovered([], [], {})
    claimed = os.path.join(repository, names.CLAIMED)
    incoming = os.path.join(repository, names.INCOMING)
    for name in _folders(claimed):
        folder = os.path.join(claimed, name)
        try:
            if name != here.folder and _is_stopped(folder, here, now_ns, lease_seconds):
                if _empty(folder, incoming, published, recovered):
                    # Before the folder goes, in which a power cut would find them otherwise.
                    moves.flush_directory(incoming)
                _take_away(folder)
        except OSError as error:
            # Unless somebody else has recovered it, to its end: it may belong to a user who does not share it.
            if not files.is_gone(error, folder):
                recovered.stuck[name] = error.strerror or str(error)
    for folder in (incoming, os.path.join(repository, names.REJECTED), repository, os.path.dirname(repository)):
        _sweep(folder, now_ns)
    return recovered


def _folders(claimed: str) -> list[str]:
    return files.asked(_directories, claimed) or []


def _directories(path: str) -> list[str]:
    with os.scandir(path) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))


def _is_stopped(folder: str, here: WriterId, now_ns: int, lease_seconds: float) -> bool:
    writer = parse_folder(os.path.basename(folder))
    if writer is not None and is_dead(writer, here):
        return True
    beaten_ns = _mtime_ns(os.path.join(folder, names.HEARTBEAT)) or _mtime_ns(folder)
    # A heartbeat from the future: the storage's clock was set back. Who lives will beat by the new one.
    return beaten_ns is not None and abs(now_ns - beaten_ns) > lease_seconds * SECOND_NS


def _mtime_ns(path: str) -> int | None:
    """Opened, because only that makes a client of a share ask the server; it may remember times for a minute."""
    descriptor = files.asked(_opened, path)
    if descriptor is None:
        return None
    try:
        return os.fstat(descriptor).st_mtime_ns
    finally:
        os.close(descriptor)


def _opened(path: str) -> int:
    return os.open(path, os.O_RDONLY)


def _empty(folder: str, incoming: str, published: Callable[[str], bool], recovered: Recovered) -> bool:
    """Whether anything was returned, by this call or perhaps by another one, that may be lost still."""
    any_returned = False
    for name in _claims(folder):
        path = os.path.join(folder, name)
        drop = names.parse(name)
        if drop.id and published(drop.id):
            if moves.discard(path):
                recovered.removed.append(drop.id)
        else:
            any_returned = True
            if _return(path, incoming, drop):
                recovered.returned.append(names.printable(drop.filename))
    return any_returned


def _claims(folder: str) -> list[str]:
    found = files.asked(os.listdir, folder)
    return sorted(name for name in found or () if name != names.HEARTBEAT and not names.is_ignored(name))


def _return(path: str, incoming: str, drop: names.Drop) -> bool:
    """Whether it was this call that returned it. When the answer was lost, that is unknown and not claimed."""
    if not drop.id:  # put there by hand: without an identity its name may be taken
        drop = names.fitted(drop._replace(id=new_id()))
    try:
        os.rename(path, os.path.join(incoming, drop.name))
    except FileNotFoundError:
        if not files.is_there(path):
            return False
        return moves.move(path, os.path.join(incoming, drop.name))
    return True


def _take_away(folder: str) -> None:
    """Unless its writer lives after all and has claimed again."""
    moves.discard(os.path.join(folder, names.HEARTBEAT))
    try:
        os.rmdir(folder)
    except OSError:
        if os.path.isdir(folder) and not os.listdir(folder):
            raise


def _sweep(folder: str, now_ns: int) -> None:
    try:
        found = [name for name in os.listdir(folder) if name.startswith(names.TEMPORARY_PREFIX)]
    except FileNotFoundError:
        return
    for name in found:
        path = os.path.join(folder, name)
        written_ns = _mtime_ns(path)
        if written_ns is not None and now_ns - written_ns > TEMPORARY_SECONDS_MAX * SECOND_NS:
            moves.discard(path)
