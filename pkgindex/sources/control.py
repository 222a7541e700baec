"""A Debian control stanza as a release: what Packages, status, a .deb and the host's database have in common."""

from __future__ import annotations

from typing import NamedTuple

from pkgindex.model.package import Relation, Release, Text
from pkgindex.sources import names, relations
from pkgindex.sources.deb822 import Stanza, description, folded
from pkgindex.sources.names import Unreadable

# Said elsewhere in a release, or (MD5) of no use to anyone any more.
_LEFT_OUT = frozenset(("package", "version", "architecture", "description", "md5sum"))


class Control(NamedTuple):
    """`text` is None where the stanza has no long description."""

    package: str
    release: Release
    text: Text | None


def read_control(stanza: Stanza) -> Control:
    """The release that *stanza* describes. Raises `Unreadable`, which names the package when it has a name."""
    if stanza.trouble:
        raise Unreadable(_of(stanza.fields.get("package", "")) + stanza.trouble)
    if "package" not in stanza.fields:
        raise Unreadable("a stanza without a Package field")
    package = names.package_name(stanza.fields["package"])
    try:
        return Control(package, *_release(stanza.fields))
    except Unreadable as error:
        raise Unreadable(_of(package) + str(error)) from None


def _of(package: str) -> str:
    return f"package {names.shown(package)}: " if package else ""


def _release(stanza: dict[str, str]) -> tuple[Release, Text | None]:
    version = stanza.get("version", "")
    if not version:
        raise Unreadable("no Version field")
    names.version(version)
    architecture = names.architecture(stanza.get("architecture", ""))
    summary, long = description(stanza.get("description", ""))
    fields: dict[str, str] = {"summary": summary} if summary else {}
    related: dict[str, tuple[Relation, ...]] = {}
    for name, value in stanza.items():
        kind = relations.FIELDS.get(name)
        if kind is not None:
            parsed = _parse(name, value)
            if parsed:
                related[kind] = related.get(kind, ()) + parsed
        elif name not in _LEFT_OUT and (name != "summary" or not summary):
            fields[name] = folded(value) if "\n" in value else value
    return Release(version, architecture, fields, related), Text(summary, long) if long else None


def _parse(name: str, value: str) -> tuple[Relation, ...]:
    try:
        return relations.parse(value)
    except Unreadable as error:
        raise Unreadable(f"{name}: {error}") from None
