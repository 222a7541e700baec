"""Forward files: all that is known of a package. One file holds a group of packages: one, a bucket's, or all.

A record is `[releases, files, texts]`: relations as nested arrays with their empty tails cut off, a file list as the zstd
frame of its sorted paths joined by newlines (a path's own newlines swapped with NUL, which no path holds).
"""

from __future__ import annotations

from typing import Any

import msgpack

from pkgindex.errors import Corrupt
from pkgindex.format import frame
from pkgindex.format.envelope import REMEDY
from pkgindex.model.package import Alternative, Package, Relation, Release, Text

UNPACKED_BYTES_MAX = 1 << 30


def encode_parts(releases: list[Any], files: dict[str, list[Any]], texts: dict[str, list[str]]) -> bytes:
    """A record: what `releases_parts` gives, [number of paths, frame of `paths_packer`] by architecture, and
    [summary, description] by language."""
    data: bytes = msgpack.packb([releases, files, texts], use_bin_type=True, unicode_errors="surrogateescape")
    return data


def releases_parts(package: Package) -> list[Any]:
    """The meta facet as msgpack holds it; its bytes are what the meta digest is made of."""
    return [
        [release.version, release.architecture, dict(sorted(release.fields.items())), _relations_parts(release)]
        for _, release in sorted(package.releases.items())
    ]


def _relations_parts(release: Release) -> dict[str, Any]:
    return {
        kind: [[_trimmed(alternative) for alternative in relation] for relation in relations]
        for kind, relations in release.relations.items()
    }


def _trimmed(alternative: Alternative) -> list[str]:
    parts = list(alternative)
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return parts


def decode(record: bytes, package: str, name: str, files: bool = True) -> Package:
    """The package; without its file lists when they are not wanted, which is ten times as fast."""
    try:
        releases, lists, texts = msgpack.unpackb(record, raw=False, unicode_errors="surrogateescape")
        return Package(
            package,
            {(parts[0], parts[1]): release(*parts) for parts in releases},
            {arch: decompress_paths(packed) for arch, (_, packed) in lists.items()} if files else {},
            {language: Text(*text) for language, text in texts.items()},
        )
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, msgpack.UnpackException) as error:
        raise Corrupt(f"{name}: not a record of {package!r} ({error!r}); {REMEDY}") from error


def decode_relations(record: bytes, kind: str, package: str, name: str) -> list[Relation]:
    """The relations of one kind, of all releases, and nothing else of the package: a fifth of the time of `decode`."""
    # Of 63,437 packages 53,800 provide nothing, and a graph that is followed asks it of each: their records are not unpacked.
    if kind.encode() not in record:
        return []
    try:
        releases, _, _ = msgpack.unpackb(record, raw=False, unicode_errors="surrogateescape")
        return [
            tuple([Alternative(*parts) for parts in relation])
            for parts in releases
            for relation in parts[3].get(kind, ())
        ]
    except (ValueError, TypeError, IndexError, AttributeError, msgpack.UnpackException) as error:
        raise Corrupt(f"{name}: not a record of {package!r} ({error!r}); {REMEDY}") from error


def release(version: str, architecture: str, fields: dict[str, str], relations: dict[str, Any]) -> Release:
    """A release of what a record says of it."""
    return Release(
        version,
        architecture,
        fields,
        {kind: tuple([tuple([Alternative(*parts) for parts in relation]) for relation in found])
         for kind, found in relations.items()},
    )


def paths_packer() -> frame.Packer:
    """For file lists: sorted paths, joined by newlines. The file that holds them has the checksum."""
    return frame.Packer(checked=False)


def decompress_paths(packed: bytes) -> list[bytes]:
    """The paths. Raises `ValueError` when they are damaged."""
    text = frame.unpack(packed, UNPACKED_BYTES_MAX)
    return text.split(b"\n") if text else []
