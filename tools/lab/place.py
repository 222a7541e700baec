"""Where a lab keeps what it needs and what it knows: one folder, and one network of its own."""

from __future__ import annotations

import os

ENVIRONMENT = "PKGINDEX_LAB"
DEFAULT = "/var/tmp/pkgindex-lab"
NAMESPACE = "pkgindexlab"
SERVER = "srv"
NETWORK = "10.77.0"
# The repository that a battery writes.
REPO = "battery"


def folder(*parts: str) -> str:
    """A path in the lab's folder, whose directory is there."""
    path = os.path.join(os.environ.get(ENVIRONMENT) or DEFAULT, *parts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path


def address(name: str) -> str:
    """Of the server, or of client `c7`.

    >>> address("srv"), address("c2")
    ('10.77.0.2', '10.77.0.12')
    """
    return f"{NETWORK}.2" if name == SERVER else f"{NETWORK}.{10 + int(name.removeprefix('c'))}"
