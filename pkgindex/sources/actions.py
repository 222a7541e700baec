r"""Actions: the lines of an IPS manifest, as pkg(5) writes them.

    set name=pkg.summary value="GNU make" value='it says "make"'
    file 820157a2 path=usr/bin/gmake mode=0555 \
        owner=root group=bin

A `\` at the end joins the next line, `#` begins a comment line, the same key may come several times. Within quotes a `\`
stands before a quote that does not end them, and before itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from pkgindex.errors import Incomplete
from pkgindex.sources.names import Unreadable, shown

KNOWN = (
    "set", "file", "dir", "link", "hardlink", "depend", "license", "driver", "user", "group", "legacy", "signature",
)  # fmt: skip

# Those of ASCII only: any other stands for itself.
_BLANKS = " \t\r\f\v"
_BLANK = re.compile(f"[{_BLANKS}]")
_MARK = b"\xef\xbb\xbf"
_NAME = re.compile(r"[a-z]+(?=\s|\Z)", re.ASCII)
_PAYLOAD = re.compile(r"\s+[^\s=\"']+(?=\s|\Z)", re.ASCII)
# Possessive, so that quotes which are never closed are looked through once.
_ATTRIBUTE = re.compile(
    r"""\s+ ([^\s="']+) = (?: "((?:[^"\\]|\\.)*+)" | '((?:[^'\\]|\\.)*+)' | ([^\s"']\S*+|(?=\s|\Z)) )""",
    re.ASCII | re.DOTALL | re.VERBOSE,
)
_ESCAPED = re.compile(r"""\\(["'\\])""")
_MACRO = re.compile(r"\$\([A-Za-z0-9_.]+\)")


class Line(NamedTuple):
    """A line with those that it goes on in; `number` is that of the first. Bytes that are no UTF-8 are surrogates."""

    number: int
    text: str
    trouble: str = ""


class Action(NamedTuple):
    """What stands between name and attributes, a hash or a file's name, is of no use here."""

    name: str
    attributes: dict[str, list[str]]


def lines(stream: BinaryIO, filename: str, line_bytes_max: int) -> Iterator[Line]:
    """The lines of a manifest that are neither empty nor comments. Raises `Incomplete` when the last one is to go on."""
    joined = bytearray()
    first, goes_on = 1, False
    for number, line in enumerate(_physical(stream, line_bytes_max), 1):
        line = line.removeprefix(_MARK) if number == 1 else line
        goes_on = line.endswith(b"\\")
        joined += line[:-1] if goes_on else line
        # One byte more than is allowed, to know it by.
        del joined[line_bytes_max + 1 :]
        if not goes_on:
            yield from _line(first, bytes(joined).strip(), line_bytes_max)
            joined.clear()
            first = number + 1
    if goes_on:
        raise Incomplete(f"{filename}: line {first}: ends where a line is to go on: copy the file again")


def _physical(stream: BinaryIO, line_bytes_max: int) -> Iterator[bytes]:
    """The lines between newlines; of one that is too long only so much that it shows."""
    while line := stream.readline(line_bytes_max + 2):
        piece = line
        while piece and not piece.endswith(b"\n"):
            piece = stream.readline(line_bytes_max + 2)
        yield line.rstrip(b"\r\n")


def _line(number: int, line: bytes, line_bytes_max: int) -> Iterator[Line]:
    if len(line) > line_bytes_max:
        yield Line(number, "", f"longer than {line_bytes_max} bytes")
    elif b"\0" in line:
        yield Line(number, "", f"{shown(line)} holds a NUL")
    elif line and not line.startswith(b"#"):
        yield Line(number, line.decode("utf-8", "surrogateescape"))


def parse(text: str) -> Action:
    r"""The action that *text* is. Raises `Unreadable`, saying what is wrong.

    >>> parse("set name=x value=42 value='a b' value=\"say \\\"c\\\"\"")
    Action(name='set', attributes={'name': ['x'], 'value': ['42', 'a b', 'say "c"']})
    """
    text = text.strip(_BLANKS)
    _require_plain(text)
    name = _NAME.match(text)
    if name is None or name.group() not in KNOWN:
        raise Unreadable(f"{shown(text)} begins with none of the actions known here ({', '.join(KNOWN)})")
    payload = _PAYLOAD.match(text, name.end())
    return Action(name.group(), _attributes(text, (payload or name).end()))


def _require_plain(text: str) -> None:
    if text.startswith("<"):
        raise Unreadable(f"{shown(text)} is for pkgmogrify: submit what that makes of the manifest")
    if macro := _MACRO.search(text):
        raise Unreadable(f"the macro {macro.group()} stands for something else: submit what pkgmogrify makes of the manifest")


def _attributes(text: str, place: int) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    while place < len(text):
        match = _ATTRIBUTE.match(text, place)
        if match is None:
            raise Unreadable(_what_is_wrong(text[place:].lstrip(_BLANKS)))
        key, double, single, bare = match.groups()
        quoted = double if double is not None else single
        found.setdefault(key, []).append(bare if quoted is None else _ESCAPED.sub(r"\1", quoted))
        place = match.end()
        if place < len(text) and text[place] not in _BLANKS:
            raise Unreadable(f"{shown(text[place:])} follows the quotes of {shown(key)} without a blank")
    return found


def _what_is_wrong(rest: str) -> str:
    word = _BLANK.split(rest, maxsplit=1)[0]
    key, equals, value = word.partition("=")
    if key and equals and value.startswith(("'", '"')):
        return f"the quotes of {shown(key)} are never closed"
    return f"{shown(word)} is not of the form key=value"


def attribute(action: Action, key: str) -> str:
    """The value of an attribute that must be there, and its last one where there are several. Raises `Unreadable`."""
    values = action.attributes.get(key)
    if not values:
        raise Unreadable(f"{action.name}: no {key} is given")
    return values[-1]
