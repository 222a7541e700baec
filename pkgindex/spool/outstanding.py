"""What was submitted under a name and has not left the spool: whether it waits, or who has claimed it.

Invariants:

* What is outstanding when the look begins, and still when it ends, is found, though it may be claimed and given back meanwhile.
* Nothing is opened or changed here.
"""

from __future__ import annotations

import os

from pkgindex.spool import moves, names
from pkgindex.spool.spool import Spool
from pkgindex.store import files


def outstanding(spool: Spool, repo: str, filename: str) -> dict[str, str]:
    """By its name in the spool, each submission to *repo* that its sender called *filename*: the folder of the writer that
    has claimed it, empty while it waits in `incoming`.

    A folder that cannot be looked into may hold one, and stands for it. Raises `NoIndex`, `StoreError`.
    """
    # Claimed by one while `incoming` is listed, and given back by another before its folder is: nothing is seen once.
    return _seen(spool, repo, filename) or _seen(spool, repo, filename)


def _seen(spool: Spool, repo: str, filename: str) -> dict[str, str]:
    found = {entry.name: "" for entry in spool.incoming(repo) if _is_called(filename, entry.name)}
    claimed = spool.folder(repo, names.CLAIMED)
    try:
        for writer in _listed(claimed):
            try:
                held = _listed(os.path.join(claimed, writer))
            except PermissionError:
                held = [filename]
            found.update((name, writer) for name in held if _is_called(filename, name))
    except OSError as error:
        raise moves.refusal(error, claimed) from error
    return found


def _listed(folder: str) -> list[str]:
    try:
        return files.asked(os.listdir, folder) or []
    except NotADirectoryError:
        return []
    except OSError as error:
        if not files.is_gone(error, folder):
            raise
        return []


def _is_called(filename: str, name: str) -> bool:
    return names.parse(name).filename == filename
