"""What a package name, a version and a path may look like, for every source alike.

Invariants:

* A package name is 1 to 255 bytes of UTF-8 without white space and control characters. `/` and `@` are fine: npm has
  them; how a name becomes a file name is the business of the store.
* A path is bytes, begins with `/`, has no empty, `.` or `..` component and no NUL: its newlines are stored as NULs.
"""

from __future__ import annotations

import re

from pkgindex.errors import Rejected

NAME_BYTES_MAX = 255

# U+FFFD stands where bytes were no UTF-8, a surrogate where JSON spelled half a character: neither is a name.
_UNFIT = re.compile(r"[\x00-\x20\x7f-\x9f\s\ud800-\udfff\ufffd]")
_SHOWN_MAX = 80


class Unreadable(Rejected):
    """One package or path that cannot be read. Sources turn it into a `Fault`: it costs no other."""


def shown(text: str | bytes) -> str:
    """*text* as it may stand in a message: escaped, cut short."""
    escaped = ascii(text)
    return escaped if len(escaped) <= _SHOWN_MAX else escaped[:_SHOWN_MAX] + "..."


def _token(text: str, what: str) -> str:
    if _UNFIT.search(text):
        raise Unreadable(f"{what} {shown(text)} holds white space, a control character or bytes that are no UTF-8")
    if len(text.encode()) > NAME_BYTES_MAX:
        raise Unreadable(f"{what} {shown(text)} is longer than {NAME_BYTES_MAX} bytes")
    return text


def package_name(text: str) -> str:
    """*text*, when it may name a package; else raises `Unreadable`."""
    if not text:
        raise Unreadable("the package has no name")
    return _token(text, "package name")


def version(text: str) -> str:
    return _token(text, "version")


def architecture(text: str) -> str:
    return _token(text, "architecture")


def path(raw: bytes, bytes_max: int) -> bytes:
    """*raw* as a path is stored; raises `Unreadable`.

    >>> path(b"./usr//bin/x", 4096), path(b"/odd" + bytes([10]) + b"name", 4096)
    (b'/usr/bin/x', b'/odd\\x00name')
    """
    if len(raw) > bytes_max:
        raise Unreadable(f"path {shown(raw)} is longer than {bytes_max} bytes")
    if b"\0" in raw:
        raise Unreadable(f"path {shown(raw)} holds a NUL")
    parts = [part for part in raw.split(b"/") if part not in (b"", b".")]
    if b".." in parts:
        raise Unreadable(f"path {shown(raw)} has a '..' in it")
    if not parts:
        raise Unreadable(f"path {shown(raw)} names no file")
    return b"/" + b"/".join(parts).replace(b"\n", b"\0")


def text(value: str) -> str:
    """*value* with whatever cannot be stored as UTF-8 (halves of characters) replaced."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return value
