"""Shards: the SQLite files of a generation. What they hold, as SQL, and how a reader knows one for what it is.

A shard is finished before anyone sees its name: no journal, no WAL, and never written again. `application_id` and
`user_version` say what it is to `file` and to us; the table `facts` says it again in full, and the manifest holds size and
checksum of the whole. Blocks and long posting lists are zstd frames with a checksum of their own, so that a reader who
reads twenty of 57,000 blocks knows that these are right.

A kind of shard has a format of its own: a repository is full of paths shards, and is not to write them all again because
words are listed otherwise.
"""

from __future__ import annotations

APPLICATION_ID = 0x706B6978  # "pkix"
FORMATS = {"text": 2, "paths": 1}
PAGE_BYTES = 4096

_FACTS = "CREATE TABLE facts (key TEXT PRIMARY KEY, value) WITHOUT ROWID;"

SCHEMA = {
    # One row a package, in the order of names; a term's postings and the lists of attributes refer to `packages.id`.
    # `attributes.first` is the first token of a block of lists, all of one field; blocks are in the order of (field, token).
    "text": _FACTS
    + """
CREATE TABLE packages (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, summary TEXT NOT NULL);
CREATE TABLE terms (id INTEGER PRIMARY KEY, term TEXT NOT NULL UNIQUE, postings BLOB NOT NULL);
CREATE TABLE attributes (field TEXT, first TEXT, block INTEGER NOT NULL, PRIMARY KEY (field, first)) WITHOUT ROWID;
CREATE TABLE lists (id INTEGER PRIMARY KEY, frame BLOB NOT NULL);
""",
    # `keys.first` is the shortest text that is above all pairs of the block before and not above this block's.
    "paths": _FACTS
    + """
CREATE TABLE blocks (id INTEGER PRIMARY KEY, frame BLOB NOT NULL);
CREATE TABLE keys (first BLOB PRIMARY KEY, block INTEGER NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE trigrams USING fts5(text, content='', detail=none, columnsize=0, tokenize='trigram');
""",
}

# How a shard is written: it is thrown away and built again when anything goes wrong, so nothing is kept for recovery.
WRITE_PRAGMAS = f"""
PRAGMA page_size = {PAGE_BYTES};
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -16000;
PRAGMA application_id = {APPLICATION_ID};
"""

# How one is read: a file that may be hostile, on a disk that may be a network away.
READ_PRAGMAS = """
PRAGMA query_only = ON;
PRAGMA trusted_schema = OFF;
PRAGMA cell_size_check = ON;
PRAGMA mmap_size = 0;
PRAGMA cache_size = -8000;
"""


def separator(before: bytes, first: bytes) -> bytes:
    """The shortest beginning of *first* that is above *before* (*before* < *first*).

    >>> separator(b"/usr/bin/abc", b"/usr/bin/xyz")
    b'/usr/bin/x'
    """
    for length in range(1, len(first)):
        if first[:length] > before:
            return first[:length]
    return first


def storable(text: str) -> str:
    """What SQLite can hold of a text, which is UTF-8: a byte that was none is shown as the replacement character."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
