"""The manifest: the list of what makes a generation, and the one file whose appearance publishes it.

Its size follows the number of pages, not of packages: pages share the stamps of the publish that wrote them, so they are
stored as a list of distinct stamps and one index into it for each page.
"""

from __future__ import annotations

from array import array
from sys import byteorder
from typing import Any, NamedTuple

from pkgindex.errors import Corrupt
from pkgindex.format.envelope import FORMAT, FORMATS, REMEDY, checksum, seal, unseal
from pkgindex.format.names import generation_of

PARTITIONS = ("package", "bucket", "whole")
SUBMISSIONS_REMEMBERED = 256
NAMES_SHOWN_MAX = 50

# Which of a loose package's facets are not in the shards: bits of `Manifest.loose`.
LOOSE_TEXT = 1
LOOSE_PATHS = 2
DELTA_FIELDS = ("deltas", "tail", "folded")


class Shard(NamedTuple):
    """One immutable SQLite file of a generation.

    `first` and `last` bound the pairs of a paths shard, so that an exact question opens one shard of several;
    `dead_stamp` names the blob that lists the `dead` packages in it (empty: there are none).
    """

    kind: str
    number: int
    stamp: str
    size: int
    checksum: str
    packages: int
    rows: int
    first: bytes = b""
    last: bytes = b""
    dead_stamp: str = ""
    dead: int = 0


class Packed(NamedTuple):
    """A submission that this generation holds."""

    id: str
    filename: str
    source: str
    mode: str


class Spilled(NamedTuple):
    """A file of a delta: what the generations `first` to `last` changed, in `packages` packages; `size` in bytes."""

    stamp: str
    first: int
    last: int
    packages: int
    size: int


class Change(NamedTuple):
    """What a publish did, in packages; `names` shows some of them."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    names: tuple[str, ...] = ()
    action: str = "pack"


class Manifest(NamedTuple):
    """One generation of one repository.

    `page_stamps` has an entry for each page (empty: no such page yet); their number is a power of two. `loose` maps the
    packages whose facets stand in no shard (the removed among them too) to the bits that say which, `loose_paths` is how many
    paths they have. `packages` are shipped,
    `filed` of them have files, `names` are in the directory. `fulls` maps `facet/scope` to the digests of the full
    submissions that were packed for it last, as long as nothing was laid over them since. `recent` holds the identities of
    the last submissions of any generation, so that packing one again after a crash changes nothing. `ordering` names the rules
    by which versions are compared (`model.versions.orderings`), where a release does not say so itself.

    Over what the pages say lie `deltas`, oldest first, and then `tail`: the deltas of the last generations by their stamps.
    What they say is loose unless it was published up to generation `folded`. `packages`, `filed` and `paths` count what
    holds with them, `names` and `facts_bytes` what stands in pages.
    """

    repo: str
    generation: int
    partition: str = "package"
    ordering: str = "debian"
    parent: int = 0
    parent_checksum: str = ""
    created: float = 0.0
    writer: str = ""
    page_stamps: tuple[str, ...] = ("",)
    shards: tuple[Shard, ...] = ()
    loose: dict[str, int] = {}
    loose_paths: int = 0
    packages: int = 0
    filed: int = 0
    names: int = 0
    paths: int = 0
    facts_bytes: int = 0
    submissions: tuple[Packed, ...] = ()
    recent: tuple[str, ...] = ()
    fulls: dict[str, tuple[str, ...]] = {}
    change: Change = Change()
    deltas: tuple[Spilled, ...] = ()
    tail: tuple[tuple[str, bytes], ...] = ()
    folded: int = 0

    @property
    def unsettled(self) -> bool:
        """Whether deltas lie over the pages."""
        return bool(self.tail or self.deltas)

    @property
    def first_delta(self) -> int:
        """The first generation of which a delta lies over the pages; 0 when none does."""
        return self.deltas[0].first if self.deltas else generation_of(self.tail[0][0]) if self.tail else 0

    def shards_of(self, kind: str) -> tuple[Shard, ...]:
        return tuple(shard for shard in self.shards if shard.kind == kind)


def encode(manifest: Manifest, token: str) -> bytes:
    content: dict[str, Any] = manifest._asdict()
    stamps = sorted(set(manifest.page_stamps))
    position = {stamp: index for index, stamp in enumerate(stamps)}
    places = array("I", [position[stamp] for stamp in manifest.page_stamps])
    if byteorder == "big":
        places.byteswap()
    content["page_stamps"] = {"stamps": stamps, "pages": places.tobytes()}
    if manifest.unsettled:
        number = FORMATS["manifest"][-1]
    else:
        # Who knows nothing of deltas may read it, and must not be told of none.
        number = FORMAT
        for field in DELTA_FIELDS:
            del content[field]
    return seal("manifest", f"{manifest.generation}-{token}", content, number)


def decode(data: bytes, repo: str, generation: int, name: str) -> Manifest:
    """The manifest of *generation* of *repo*; fields of a later minor version are passed over."""
    content = unseal(data, "manifest", "", name)
    try:
        stamps = content["page_stamps"]["stamps"]
        places = array("I")
        places.frombytes(content["page_stamps"]["pages"])
        if byteorder == "big":
            places.byteswap()
        # The first manifests had none.
        content["ordering"] = str(content.get("ordering", Manifest._field_defaults["ordering"]))
        content["page_stamps"] = tuple([stamps[place] for place in places])
        content["shards"] = tuple(Shard(*shard) for shard in content["shards"])
        content["submissions"] = tuple(Packed(*packed) for packed in content["submissions"])
        content["recent"] = tuple(content["recent"])
        content["fulls"] = {scope: tuple(digests) for scope, digests in content["fulls"].items()}
        content["deltas"] = tuple([Spilled(*found) for found in content.get("deltas", ())])
        content["tail"] = tuple([(stamp, delta) for stamp, delta in content.get("tail", ()) if generation_of(stamp)])
        content.setdefault("folded", 0)
        change = Change(*content["change"])
        content["change"] = change._replace(names=tuple(change.names))
        manifest = Manifest(**{field: content[field] for field in Manifest._fields})
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise Corrupt(f"{name}: not a manifest ({error!r}); {REMEDY}") from error
    if manifest.repo != repo or manifest.generation != generation:
        raise Corrupt(f"{name}: is generation {manifest.generation} of {manifest.repo!r}; {REMEDY}")
    return manifest


def check_stamp(data: bytes, manifest: Manifest, name: str) -> None:
    """The first line of a manifest that was decoded, which no checksum covers: its stamp is that of the files which the
    generation brought. For those who verify: no reader makes use of it.
    """
    stamp = data.split(b" ", 4)[3].decode("ascii", "replace")
    stamps = {
        *manifest.page_stamps, *(found for shard in manifest.shards for found in (shard.stamp, shard.dead_stamp)),
        *(found.stamp for found in manifest.deltas), *(found for found, _ in manifest.tail),
    }
    brought = {found for found in stamps if found.startswith(f"{manifest.generation}-")}
    if not stamp.startswith(f"{manifest.generation}-") or (brought and brought != {stamp}):
        raise Corrupt(f"{name}: its first line says {stamp!r}, and its files {', '.join(sorted(brought))}; {REMEDY}")


def checksum_of(data: bytes) -> str:
    """What the next manifest says of this one."""
    return checksum(data)
