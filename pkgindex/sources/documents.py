"""Plain documents, `{"id", "updated_at", "text", "title"?, "alive"?}`: a package each, to be found by its text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from pkgindex.model.package import Release, Text
from pkgindex.sources import names
from pkgindex.sources.facts import Covers, Fact, Fault, Releases, Removed, Texts
from pkgindex.sources.jsonpackages import attributes, first_keys, scalar, strings
from pkgindex.sources.jsonstream import Value, values
from pkgindex.sources.limits import DEFAULT, Limits
from pkgindex.sources.names import Unreadable, shown

_OWN = frozenset(("id", "text", "title", "alive"))


class Documents:
    name = "documents"
    full = False

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self._limits = limits

    def recognises(self, filename: str, head: bytes) -> bool:
        keys = first_keys(head)
        if "name" in keys:
            return False
        return "documents" in keys or ("id" in keys and bool(keys & {"text", "updated_at", "alive"}))

    def read(self, stream: BinaryIO, filename: str) -> Iterator[Fact]:
        yield Covers("meta")
        yield Covers("text", "")
        for value in values(stream, filename, self._limits):
            try:
                facts = _facts(value)
            except Unreadable as error:
                yield Fault(f"line {value.line}", str(error))
                continue
            yield from facts


def _facts(value: Value) -> list[Fact]:
    if value.trouble or not isinstance(value.value, dict):
        raise Unreadable(value.trouble or "not an object that is a document")
    document = attributes(value.value)
    if not document.get("id"):
        raise Unreadable("a document without an id")
    name = names.package_name(scalar(document["id"], "id"))
    if document.get("alive") is False:
        return [Removed(name)]
    try:
        title = names.text(scalar(document.get("title"), "title"))
        text = names.text(scalar(document.get("text"), "text"))
        fields = {
            names.text(key): names.text(", ".join(strings(item, shown(key))))
            for key, item in document.items()
            if key not in _OWN
        }
    except Unreadable as error:
        raise Unreadable(f"document {shown(name)}: {error}") from None
    if title:
        fields["summary"] = title
    return [Releases(name, Release(fields=fields)), Texts(name, "", Text(title, text))]
