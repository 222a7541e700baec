"""Paths as they are stored, and as they are shown.

Stored, a path is bytes that begin with a slash, with NUL in place of each newline: no path has a NUL, and lists of them are
kept a line each. Shown, it is text; bytes that are no UTF-8 are surrogates.
"""

from __future__ import annotations


def stored(path: str) -> bytes:
    """
    >>> stored("usr/bin/two\\nlines")
    b'/usr/bin/two\\x00lines'
    """
    absolute = path if path.startswith("/") else f"/{path}"
    return absolute.encode("utf-8", "surrogateescape").replace(b"\n", b"\0")


def shown(path: bytes) -> str:
    """
    >>> shown(b"/usr/bin/two\\x00lines")
    '/usr/bin/two\\nlines'
    """
    return path.replace(b"\0", b"\n").decode("utf-8", "surrogateescape")
