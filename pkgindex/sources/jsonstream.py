"""JSON values out of a stream: JSON Lines, one array, one object, or `{"packages": [...]}`, in bounded memory.

Invariants:

* Memory follows the largest value, not the stream.
* A bad line among JSON Lines is handed on as `trouble`; inside an array there is no way to find the next value: `Rejected`.
* Numbers stay the text they were written as: a version 1.10 is not 1.1.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple, NoReturn

from pkgindex.errors import Incomplete, Rejected
from pkgindex.sources.limits import MIB, Limits

_SPACE = re.compile(r"[ \t\r\n]*")
_WRAPPER = re.compile(r'\{[ \t\r\n]*"(?:packages|documents)"[ \t\r\n]*:[ \t\r\n]*\[')
_WRAPPER_BYTES_MAX = 4096
# The C scanner reports a value that is cut short within this of the cut (a `\uXXXX`, `false`, `-Infinity`).
_CUT_WITHIN = 16


class Value(NamedTuple):
    line: int
    value: Any
    trouble: str = ""


def _refuse(constant: str) -> NoReturn:
    raise json.JSONDecodeError(f"{constant} is no JSON", constant, 0)


_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_refuse)


def values(stream: BinaryIO, filename: str, limits: Limits) -> Iterator[Value]:
    """Every value with the line it begins on; of lists and wrappers their elements."""
    window = _Window(stream, filename, limits)
    while window.peek():
        if window.starts_list():
            yield from window.elements()
            continue
        value = window.line_value()
        inner = _inside(value.value)
        if inner is None:
            yield value
        else:
            yield from (Value(value.line, element) for element in inner)


def _inside(value: Any) -> list[Any] | None:
    """The elements of a wrapper whose list does not come first."""
    if isinstance(value, dict) and "name" not in value and "id" not in value:
        for key in ("packages", "documents"):
            if isinstance(value.get(key), list):
                return list(value[key])
    return None


class _Window:
    """The part of the text that is being looked at, from `_at` on."""

    def __init__(self, stream: BinaryIO, filename: str, limits: Limits) -> None:
        self._stream, self._filename, self._limits = stream, filename, limits
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self._text, self._at, self._line, self._ended = "", 0, 1, False
        self._more()
        self._text = self._text.removeprefix("\ufeff")

    def _more(self) -> bool:
        """Read as much again as is in the window; False when there is no more."""
        if self._ended:
            return False
        held = len(self._text) - self._at
        if held > self._limits.value_bytes_max:
            raise self._reject(f"a value of more than {self._limits.value_bytes_max} bytes: split it")
        if held > self._limits.value_items_max and self._text.count(",", self._at) > self._limits.value_items_max:
            raise self._reject(f"a value of more than {self._limits.value_items_max} parts: split it")
        data = self._stream.read(max(MIB, held))
        self._ended = not data
        self._text = self._text[self._at :] + self._decode(data, not data)
        self._at = 0
        return True

    def _reject(self, why: str) -> Rejected:
        return Rejected(f"{self._filename}: line {self._line}: {why}")

    def _cut_short(self) -> Incomplete:
        return Incomplete(f"{self._filename}: line {self._line}: ends inside a value: copy the file again")

    def _move(self, to: int) -> None:
        self._line += self._text.count("\n", self._at, to)
        self._at = to

    def peek(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._move(match.end() if match else self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def starts_list(self) -> bool:
        """Step into an array, or a wrapper's array, when one is next."""
        if self._text[self._at] == "[":
            self._at += 1
            return True
        while len(self._text) - self._at < _WRAPPER_BYTES_MAX and self._more():
            pass
        match = _WRAPPER.match(self._text, self._at, self._at + _WRAPPER_BYTES_MAX)
        if match is None:
            return False
        self._move(match.end())
        self._wrapped = True
        return True

    _wrapped = False

    def elements(self) -> Iterator[Value]:
        """The elements of the array we are in, to behind its end."""
        wrapped, self._wrapped = self._wrapped, False
        following = self.peek()
        while following != "]":
            line = self._line
            yield Value(line, self._value())
            following = self.peek()
            if following == ",":
                self._at += 1
                self.peek()
            elif following != "]":
                raise self._reject(f"{following!r} where ',' or ']' should be") if following else self._cut_short()
        self._at += 1
        if wrapped:
            self._close_wrapper()

    def _close_wrapper(self) -> None:
        following = self.peek()
        if following == ",":
            # What is left of the wrapper is an object again, once its comma is made the brace that opens one.
            self._text = "{" + self._text[self._at + 1 :]
            self._at = 0
            self._value()
        elif following == "}":
            self._at += 1
        else:
            raise self._reject(f"{following!r} where ',' or '}}' should be") if following else self._cut_short()

    def _value(self) -> Any:
        """One value that must be good. Raises `Rejected`, `Incomplete`."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._maybe_cut(error):
                    raise self._reject(f"{error.msg}: this is no JSON") from error
                if not self._more():
                    raise self._cut_short() from error
            except RecursionError:
                raise self._reject("nested too deeply") from None
            else:
                # A number that touches the end of the window may go on behind it.
                if end < len(self._text) or not self._more():
                    self._move(end)
                    return value

    def _maybe_cut(self, error: json.JSONDecodeError) -> bool:
        return error.msg.startswith("Unterminated string") or error.pos >= len(self._text) - _CUT_WITHIN

    def line_value(self) -> Value:
        """One value of JSON Lines; a bad one costs its line."""
        line = self._line
        try:
            return Value(line, self._value())
        except Incomplete:
            if "\n" not in self._text[self._at :].rstrip("\r\n"):
                raise
            trouble = "the line ends inside a value"
        except Rejected as error:
            if not self._skip_line():
                raise
            return Value(line, None, str(error).partition(f"line {line}: ")[2])
        self._skip_line()
        return Value(line, None, trouble)

    def _skip_line(self) -> bool:
        """Step behind the next line end; False when the line is too long to be one."""
        while (end := self._text.find("\n", self._at)) < 0:
            if len(self._text) - self._at > self._limits.value_bytes_max:
                return False
            if not self._more():
                self._move(len(self._text))
                return True
        self._move(end + 1)
        return True
