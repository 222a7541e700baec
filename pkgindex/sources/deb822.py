"""Stanzas of `Field: value` lines (deb822(5)), read as a stream: Packages, status, Translation, control.

Lenient as the field is: CRLF, comment lines, leading and doubled blank lines, blank lines made of spaces, no newline at
the end, field names in any case, the last of two fields of one name wins, bytes that are no UTF-8 are replaced.

Invariant: a stanza that cannot be read is handed on as such, with its line; the ones around it are not affected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from pkgindex.sources.limits import MIB, Limits
from pkgindex.sources.names import shown

_BLOCK_BYTES = MIB
_BLANK = re.compile(rb"\n[ \t]+(?=\n)")


class Stanza(NamedTuple):
    """`fields` by lower-case name; continuation lines are kept as they stand, after a newline, with their first blank.

    `trouble` says why the stanza could not be read; `line` is then the line of the trouble.
    """

    line: int
    fields: dict[str, str]
    trouble: str = ""


def stanzas(stream: BinaryIO, limits: Limits) -> Iterator[Stanza]:
    """Every stanza with the line it begins on."""
    line = 1
    inside = False
    for run, left_out in _runs(stream, limits.stanza_bytes_max):
        if left_out and not inside:
            begins = line + len(run) - len(run.lstrip(b"\n"))
            yield Stanza(begins, {}, f"a stanza of more than {limits.stanza_bytes_max} bytes")
        inside = left_out
        if left_out:
            line += run.count(b"\n")
            continue
        for text in run.decode("utf-8", "replace").split("\n\n"):
            lines = text.split("\n")
            if len(text) > 1:
                yield from _stanza(lines, line)
            line += len(lines) + 1
        line -= 2  # a run ends inside the blank line that the next one begins with


def _runs(stream: BinaryIO, stanza_bytes_max: int) -> Iterator[tuple[bytes, bool]]:
    """Pieces of the stream that end where a stanza does; True: the inside of a stanza that is too long, to be left out."""
    pending = b""
    skipping = False
    while piece := stream.read(_BLOCK_BYTES):
        if b"\r" in piece:
            # A CR that ends the piece is half a line end: fetch the other half.
            piece = (piece + (stream.read(1) if piece.endswith(b"\r") else b"")).replace(b"\r\n", b"\n")
        pending = _BLANK.sub(b"\n", pending + piece)
        if skipping and (end := pending.find(b"\n\n")) >= 0:
            yield pending[:end], True
            pending = pending[end:]
            skipping = False
        if not skipping and (cut := pending.rfind(b"\n\n")) >= 0:
            yield pending[: cut + 1], False
            pending = pending[cut + 1 :]
        if skipping or len(pending) > stanza_bytes_max:
            skipping = True
            yield pending[:-1], True
            pending = pending[-1:]
    if pending and not skipping:
        yield pending, False


def _stanza(lines: list[str], first: int) -> Iterator[Stanza]:
    fields: dict[str, str] = {}
    name = ""
    begins = 0
    for offset, line in enumerate(lines):
        start = line[:1]
        if start == " " or start == "\t":
            if not name:
                if line.isspace():
                    continue
                yield Stanza(first + offset, fields, f"{shown(line)} continues no field")
                return
            fields[name] += "\n" + line
        elif start and start != "#":
            key, colon, value = line.partition(":")
            name = key.rstrip().lower()
            if not colon or not name:
                yield Stanza(first + offset, fields, f"{shown(line)} is no 'Field: value' line")
                return
            begins = begins or first + offset
            fields[name] = value.strip()
    if fields:
        yield Stanza(begins, fields)


def folded(value: str) -> str:
    """A value of several lines as one text: folded ones become one line, lists (nothing on the first line) keep lines.

    >>> folded("a::b, a::c,\\n d::e"), folded("\\n /etc/a 1\\n /etc/b 2")
    ('a::b, a::c, d::e', '/etc/a 1\\n/etc/b 2')
    """
    if "\n" not in value:
        return value
    first, *rest = value.split("\n")
    if not first:
        return "\n".join(line.strip() for line in rest)
    return " ".join([first, *(line.strip() for line in rest)])


def description(value: str) -> tuple[str, str]:
    """The summary and the long text of a Description: the blank that marks a line goes, a lone dot is an empty line.

    >>> description("a tool\\n It does\\n .\\n  * things")
    ('a tool', 'It does\\n\\n * things')
    """
    summary, _, rest = value.partition("\n")
    if not rest:
        return summary, ""
    lines = [line[1:].rstrip() for line in rest.split("\n")]
    return summary, "\n".join("" if line == "." else line for line in lines)
