"""What changed on a host: the changes that were found by every look at it, of whichever generations.

Two looks may find the same change: the first told of it, and was interrupted before what it found was published. Of one
package's changes no two in a row can be the same, so the second is known for what it is.
"""

from __future__ import annotations

from pkgindex.errors import Corrupt, Gone
from pkgindex.format import changes, names
from pkgindex.format.envelope import REMEDY
from pkgindex.model.changes import Change
from pkgindex.store.backend import Backend

# Packages do not tell what they were: no rebuild makes such a file again.
ALONE = "remove the file: what it tells is lost, and nothing else"


def changes_since(backend: Backend, since: float) -> list[Change]:
    """All that happened after *since* (seconds since 1970), the newest first. Raises `Corrupt`."""
    stamps = [stamp for stamp in stamps_of(backend) if (names.seen_at(stamp) or 0.0) > since]
    found: dict[tuple[str, str], list[Change]] = {}
    for stamp in stamps:
        try:
            told = read(backend, stamp)
        except Corrupt as error:
            raise Corrupt(str(error).replace(REMEDY, ALONE)) from error
        for change in told:
            known = found.setdefault((change.package, change.architecture), [])
            if not known or known[-1][2:5] != change[2:5]:
                known.append(change)
    happened = [change for known in found.values() for change in known if change.at > since]
    return sorted(happened, key=lambda change: (-change.at, -change.seen, change.package, change.architecture))


def stamps_of(backend: Backend) -> list[str]:
    """Of every look that found something, in order of time."""
    return sorted(stamp for stamp in backend.names("changes") if names.seen_at(stamp) is not None)


def read(backend: Backend, stamp: str) -> list[Change]:
    """What one look found; nothing when it has become too old since the listing. Raises `Corrupt`."""
    name = names.changes_name(stamp)
    try:
        return changes.decode(backend.read(name), stamp, name)
    except Gone:
        return []
