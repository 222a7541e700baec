"""What things may be called.

Pure: the rules alone. How a name becomes part of a path is decided where the path is built.
"""

from __future__ import annotations

import re

REPOSITORY_NAME = "[a-z0-9][a-z0-9._-]{0,63}"
"""Safe as a folder on every file system, case-insensitive ones too: lower case, never hidden, never `..`."""

_repository_name = re.compile(REPOSITORY_NAME)


def is_repository_name(name: str) -> bool:
    """Whether *name* can be the name of a repository.

    >>> is_repository_name("debian-12.main"), is_repository_name("../etc"), is_repository_name("Debian")
    (True, False, False)
    """
    return _repository_name.fullmatch(name) is not None
