"""What things may be called.

Pure: the rules alone. How a name becomes part of a path is decided where the path is built.
"""

from __future__ import annotations

REPOSITORY_NAME = "[a-z0-9][a-z0-9._-]{0,63}"
"""Safe as a folder on every file system, case-insensitive ones too: lower case, never hidden, never `..`."""

_FIRST = "abcdefghijklmnopqrstuvwxyz0123456789"
_REST = frozenset(_FIRST + "._-")


def is_repository_name(name: str) -> bool:
    """Whether *name* can be the name of a repository: what `REPOSITORY_NAME` says, without the time that `re` takes.

    >>> is_repository_name("debian-12.main"), is_repository_name("../etc"), is_repository_name("Debian")
    (True, False, False)
    """
    return name != "" and name[0] in _FIRST and len(name) <= 64 and _REST.issuperset(name)
