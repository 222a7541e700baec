"""Debian `Translation-xx`: the long descriptions of an archive in one language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from pkgindex.model.package import Text
from pkgindex.sources import names
from pkgindex.sources.deb822 import Stanza, description, stanzas
from pkgindex.sources.facts import Covers, Fact, Fault, Texts
from pkgindex.sources.limits import DEFAULT, Limits
from pkgindex.sources.names import Unreadable
from pkgindex.sources.packages import first_fields

_NAME = re.compile(r"(?:^|.*[^A-Za-z0-9])Translation-([a-z]{2,3}(?:[_@][A-Za-z@]+)?)$")
_FIELD = re.compile(r"description-([a-z]{2,3})([_@][a-z@]+)?$")
_MD5 = "description-md5"


class Translation:
    name = "translation"
    full = True

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self._limits = limits

    def recognises(self, filename: str, head: bytes) -> bool:
        if _NAME.match(filename):
            return True
        fields = first_fields(head)
        return {b"package", _MD5.encode()} <= fields and b"version" not in fields

    def read(self, stream: BinaryIO, filename: str) -> Iterator[Fact]:
        match = _NAME.match(filename)
        promised = match.group(1) if match else ""
        covered = {promised} - {""}
        for language in covered:
            yield Covers("text", language)
        for stanza in stanzas(stream, self._limits):
            try:
                texts = _read(stanza, promised)
            except Unreadable as error:
                yield Fault(f"line {stanza.line}", str(error))
                continue
            if texts.language not in covered:
                covered.add(texts.language)
                yield Covers("text", texts.language)
            yield texts


def _read(stanza: Stanza, promised: str) -> Texts:
    if stanza.trouble:
        raise Unreadable(stanza.trouble)
    package = names.package_name(stanza.fields.get("package", ""))
    for field, value in stanza.fields.items():
        match = _FIELD.match(field)
        if match is not None and field != _MD5:
            return Texts(package, _language(match, promised), Text(*description(value)))
    raise Unreadable(f"package {names.shown(package)}: no Description-xx field")


def _language(match: re.Match[str], promised: str) -> str:
    """Field names have no case, languages do: `pt_BR`."""
    language, region = match.group(1), match.group(2) or ""
    if language + region == promised.lower():
        return promised
    return language + (region.upper() if len(region) == 3 else region)
