"""Lines as `--format` wants them: `{package}`, `{score:>8}`, with `\\n` and `\\t`; `{{` is a brace.

A field is looked up by its whole name and nothing is reached through it: a template may come from anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from pkgindex.cli.wording import describe
from pkgindex.errors import BadInput

WIDTH_MAX = 999

_SIGNS = {"n": "\n", "t": "\t", "0": "\0", "\\": "\\"}
_ALIGNED: dict[str, Callable[[str, int], str]] = {"<": str.ljust, ">": str.rjust, "^": str.center}


class Field(NamedTuple):
    """What stands for a field of the hit, *width* characters at least."""

    name: str
    align: str = "<"
    width: int = 0


class Template(NamedTuple):
    parts: tuple[str | Field, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part.name for part in self.parts if isinstance(part, Field)))

    def filled(self, record: Mapping[str, Any], safe: Callable[[str], str]) -> str:
        """The line for *record*. Raises `BadInput` for a field that it has not."""
        return "".join([part if isinstance(part, str) else _filled(part, record, safe) for part in self.parts])


def parse(text: str) -> Template:
    """Raises `BadInput` with the place of what is wrong.

    >>> parse(r"{package:<4} {{x}}\\t").filled({"package": "vi"}, str)
    'vi   {x}\\t'
    """
    parts: list[str | Field] = []
    for part in _parts(text):
        if isinstance(part, str) and parts and isinstance(parts[-1], str):
            parts[-1] += part
        else:
            parts.append(part)
    return Template(tuple(parts))


def value(record: Mapping[str, Any], field: str) -> str:
    """A field as text. Raises `BadInput` naming the fields that there are."""
    if field not in record:
        raise unknown(field, record)
    return shown(record[field])


def unknown(field: str, there: Mapping[str, Any]) -> BadInput:
    return BadInput(f"there is no field {field!r} in this answer; there are {describe(there, most=40)}")


def shown(found: Any) -> str:
    """
    >>> shown(["a", "b"]), shown(None), shown(True), shown(2), shown({"a": [1]})
    ('a, b', '', 'true', '2', '{"a": [1]}')
    """
    if isinstance(found, str):
        return found
    if isinstance(found, (list, tuple)):
        return ", ".join(map(shown, found))
    if found is None:
        return ""
    if isinstance(found, (bool, dict)):
        import json

        return json.dumps(found)
    return str(found)


def _filled(field: Field, record: Mapping[str, Any], safe: Callable[[str], str]) -> str:
    return _ALIGNED[field.align](safe(value(record, field.name)), field.width)


def _parts(text: str) -> Iterator[str | Field]:
    place = 0
    while place < len(text):
        sign, pair = text[place], text[place:place + 2]
        if sign == "\\" and pair[1:] in _SIGNS and len(pair) == 2:
            yield _SIGNS[pair[1]]
            place += 2
        elif pair in ("{{", "}}"):
            yield sign
            place += 2
        elif sign == "{":
            end = text.find("}", place)
            if end < 0:
                raise _mistake(text, place, "a field that begins here has no end; a brace is written {{")
            yield _field(text, place, text[place + 1:end])
            place = end + 1
        elif sign == "}":
            raise _mistake(text, place, "no field begins before this end; a brace is written }}")
        else:
            yield sign
            place += 1


def _field(text: str, place: int, inner: str) -> Field:
    name, _, wanted = inner.partition(":")
    align, digits = (wanted[0], wanted[1:]) if wanted[:1] in _ALIGNED else ("<", wanted)
    if not name.strip():
        raise _mistake(text, place, "the name of a field belongs between the braces")
    if digits and not _is_width(digits):
        raise _mistake(text, place, f"after the colon belongs a width up to {WIDTH_MAX}, with <, > or ^ before it")
    return Field(name.strip(), align, int(digits.lstrip("0") or "0"))


def _is_width(digits: str) -> bool:
    """Judged by so many digits as the most has, for a number of thousands of digits is none that Python reads."""
    said = digits.lstrip("0")
    return digits.isascii() and digits.isdigit() and len(said) <= len(str(WIDTH_MAX)) and int(said or "0") <= WIDTH_MAX


def _mistake(text: str, place: int, problem: str) -> BadInput:
    return BadInput(f"--format {text!r}, character {place + 1}: {problem}")
