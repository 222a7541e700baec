"""Every name of a blob is built and parsed here, and nowhere else.

    generations/0000000000000042          the manifest of generation 42
    pages/1f.42-k3q9ab                    page 0x1f of the name directory
    forward/1f/curl.42-k3q9ab             directory by checksum of the name, encoded name, stamp
    reverse/1f/zlib1g.42-k3q9ab
    dead/paths-1.42-k3q9ab                the packages that are dead in a shard
    deltas/42-k3q9ab                      what the last publishes changed; one publish makes one at most
    shards/paths-1.42-k3q9ab.sqlite
    changes/1763719200123-k3q9ab          what a look at a host found changed: when (milliseconds since 1970), by whom

A stamp is generation, `-`, the writer's token. No byte of a package name reaches the disk as it is, but for a small safe
alphabet: upper case would collide on a case-insensitive disk, so it is escaped as everything else is, and a name whose
encoding is long is hashed (the exact name stands inside the file, and is compared).
"""

from __future__ import annotations

from zlib import crc32

NAME_BYTES_MAX = 160
BLOB_DIRECTORIES = ("pages", "forward", "reverse", "dead", "deltas", "shards")
_SAFE = b"abcdefghijklmnopqrstuvwxyz0123456789_+-."
_STAMP = r"[1-9][0-9]{0,15}-[0-9a-z]{6}"
_BLOB = (
    r"(?:pages/[0-9a-f]{1,6}|(?:forward|reverse)/[0-9a-f]{2}/[a-z0-9_+%=.-]{1,200}|dead/(?:text|paths)-[0-9]{1,6})"
    rf"\.({_STAMP})\Z|deltas/({_STAMP})\Z|shards/(?:text|paths)-[0-9]{{1,6}}\.({_STAMP})\.sqlite\Z"
)
_ALPHABET = "0123456789abcdefghijkmnpqrstuvwxyz"


def stamp(generation: int, token: str) -> str:
    return f"{generation}-{token}"


def generation_of(stamp: str) -> int:
    """The generation for which something was written.

    >>> generation_of("42-k3q9ab")
    42
    """
    return int(stamp.partition("-")[0])


def token_of(entropy: bytes) -> str:
    """Six characters of a writer's token, from at least four random bytes.

    >>> token_of(b"\\x00\\x01\\x02\\x03")
    '001p4p'
    """
    number = int.from_bytes(entropy[:4], "big") % 34**6
    digits = []
    for _ in range(6):
        number, digit = divmod(number, 34)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def parse_blob(name: str) -> tuple[str, int] | None:
    """(stamp, generation) of the name of a blob, or None when it is not one of ours.

    >>> parse_blob("forward/1f/curl.42-k3q9ab")
    ('42-k3q9ab', 42)
    >>> parse_blob("forward/1f/.nfs0000000000000001")
    """
    import re  # compiled on the first call: the commands that read parse no names

    match = re.match(_BLOB, name)
    if not match:
        return None
    found = match[1] or match[2] or match[3]
    return found, int(found.split("-")[0])


def encode(package: str) -> str:
    """The part of a file name that stands for *package*: distinct for distinct names, also where case is not.

    >>> encode("libstdc++6"), encode("docbook2X"), encode("../x"), encode(".hidden")
    ('libstdc++6', 'docbook2%58', '%2e.%2fx', '%2ehidden')
    """
    data = package.encode("utf-8", "surrogateescape")
    # Nearly every name is safe as it is, and a question about a whole graph asks for 80,000.
    if not data.translate(None, _SAFE) and not data.startswith(b".") and len(data) <= NAME_BYTES_MAX:
        return package
    parts = [chr(byte) if byte in _SAFE else f"%{byte:02x}" for byte in data]
    if parts and parts[0] == ".":
        parts[0] = "%2e"
    text = "".join(parts)
    if len(text) > NAME_BYTES_MAX:
        from hashlib import sha256

        return f"{text[:40].rstrip('%.')}={sha256(data).hexdigest()[:40]}"
    return text


def spread(package: str) -> int:
    """A number that puts names on pages and in directories evenly; part of the format."""
    return crc32(package.encode("utf-8", "surrogateescape"))


def page_name(page: int, stamp: str) -> str:
    return f"pages/{page:x}.{stamp}"


def facts_name(kind: str, group: str, stamp: str) -> str:
    """The blob of *kind* `forward` or `reverse` for a *group* (a package's name, unless the partition is coarser)."""
    return f"{kind}/{spread(group) & 0xFF:02x}/{encode(group)}.{stamp}"


def shard_name(kind: str, number: int, stamp: str) -> str:
    return f"shards/{kind}-{number}.{stamp}.sqlite"


def dead_name(kind: str, number: int, stamp: str) -> str:
    return f"dead/{kind}-{number}.{stamp}"


def delta_name(stamp: str) -> str:
    return f"deltas/{stamp}"


def changes_name(stamp: str) -> str:
    return f"changes/{stamp}"


def changes_stamp(seen: float, token: str) -> str:
    """What ends the name of the changes that were *seen* (seconds since 1970) by a writer; in order of time.

    >>> changes_stamp(1763719200.1234, "k3q9ab")
    '1763719200123-k3q9ab'
    """
    return f"{int(seen * 1000):013d}-{token}"


def seen_at(stamp: str) -> float | None:
    """When the changes of that stamp were seen, in seconds since 1970; None when it is not one of ours.

    >>> seen_at("1763719200123-k3q9ab"), seen_at(".nfs0000000000000001")
    (1763719200.123, None)
    """
    digits, _, token = stamp.partition("-")
    if len(digits) == 13 and digits.isascii() and digits.isdigit() and len(token) == 6 and token.isalnum():
        return int(digits) / 1000
    return None
