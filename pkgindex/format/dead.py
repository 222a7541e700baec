"""Dead lists: the packages in a shard that no longer count, because a younger shard or a loose package says otherwise.

The list says which shard it is of: those of one publish share their stamp, and one in the place of another would show
what is dead.
"""

from __future__ import annotations

from collections.abc import Iterable

from pkgindex.errors import Corrupt
from pkgindex.format.envelope import REMEDY, seal, unseal


def encode(kind: str, number: int, packages: Iterable[str], stamp: str) -> bytes:
    return seal("dead", stamp, [kind, number, sorted(packages)])


def decode(data: bytes, kind: str, number: int, stamp: str, name: str) -> list[str]:
    """The packages that are dead in shard *number* of *kind*, in order."""
    content = unseal(data, "dead", stamp, name)
    if not isinstance(content, list) or content[:2] != [kind, number] or len(content) != 3:
        raise Corrupt(f"{name}: not the dead list of shard {kind}-{number}; {REMEDY}")
    packages: list[str] = content[2]
    return packages
