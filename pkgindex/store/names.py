"""What may be the name of a blob: a relative path that cannot leave its root, whoever made it up.

A manifest that was tampered with may hold any name, so every backend asks here before it touches its storage.
"""

from __future__ import annotations

from pkgindex.errors import StoreError


def checked(name: str) -> str:
    """*name* itself, when every part of it names something below the root; else `StoreError`.

    >>> checked("forward/1f/curl.42-k3q9")
    'forward/1f/curl.42-k3q9'
    """
    # Four searches instead of a split: this runs once for every blob that is read.
    fenced = f"/{name}/"
    if "//" in fenced or "/../" in fenced or "/./" in fenced or "\0" in fenced:
        raise StoreError(
            f"{name!r} cannot name a file of the index: it must be a relative path without empty, '.' or '..' parts; "
            "run 'pkgindex verify' to find what names it"
        )
    return name
