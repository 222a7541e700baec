"""Makes a golden index: small, with everything in it that the format has. Run once a format, never again after its release.

    PYTHONPATH=. .venv/bin/python tests/golden/make_golden.py      writes format-N.tar.xz beside this file, unless it is there

Of formats 1 and 2 three generations: a shard of each kind; a second one, by which some of the first is dead; and a change
that is loose. Of format 3 commits on top: deltas in a file and in the manifest, some of them folded into shards.
"""

from __future__ import annotations

import io
import json
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pkgindex.config import Settings
from pkgindex.format import envelope
from pkgindex.format.shard import FORMATS
from pkgindex.packer import spill
from pkgindex.packer.commit import commit
from pkgindex.packer.fold import fold
from pkgindex.packer.ledger import Ledger
from pkgindex.packer.pack import pack
from pkgindex.packer.submissions import Submission
from pkgindex.packer.target import Target
from pkgindex.store.local import LocalBackend

HERE = Path(__file__).resolve().parent
# The newest of all: when one kind of file gets a new format, a golden index has it.
FORMAT = max(envelope.FORMAT, *FORMATS.values(), *(formats[-1] for formats in envelope.FORMATS.values()))
REPO = "golden"

FIRST: list[dict[str, Any]] = [
    {"name": "curl", "version": "7.88.1-10", "architecture": "amd64", "summary": "transfer data from or to a server",
     "description": "curl speaks HTTP and many other protocols.", "section": "web",
     "depends": ["libcurl4 (= 7.88.1-10)", "libc6 (>= 2.34)"], "recommends": ["ca-certificates"],
     "files": ["/usr/bin/curl", "/usr/share/man/man1/curl.1.gz"]},
    {"name": "libcurl4", "version": "7.88.1-10", "architecture": "amd64", "summary": "client-side URL transfer library",
     "depends": ["libc6 (>= 2.34)", "zlib1g"], "files": ["/usr/lib/x86_64-linux-gnu/libcurl.so.4"]},
    {"name": "libc6", "version": "2.36-9", "architecture": "amd64", "summary": "GNU C library",
     "files": ["/lib/x86_64-linux-gnu/libc.so.6"]},
    {"name": "docbook2X", "version": "0.8.8-17", "architecture": "amd64", "summary": "convert DocBook to man pages",
     "depends": ["python3:any (>= 3.11) | pypy3"], "provides": ["docbook-converter (= 2)"],
     "files": ["/usr/bin/docbook2x-man", "/usr/share/doc/docbook2X/odd\nname"]},
    {"name": "leaving", "version": "1", "architecture": "all", "summary": "will be removed", "depends": ["curl"],
     "files": ["/usr/share/leaving"]},
]
SECOND: list[dict[str, Any]] = [
    {"name": "libc6", "version": "2.36-9", "architecture": "amd64", "summary": "GNU C library: shared libraries",
     "files": ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"]},
    {"name": "zlib1g", "version": "1:1.2.13", "architecture": "amd64", "summary": "compression library - runtime",
     "depends": ["libc6 (>= 2.14)"], "files": ["/lib/x86_64-linux-gnu/libz.so.1"]},
]
THIRD: list[dict[str, Any]] = [
    {"name": "leaving", "removed": True},
    {"name": "wget", "version": "1.21.3-1", "architecture": "amd64", "summary": "retrieves files from the web",
     "depends": ["libc6", "zlib1g"], "files": ["/usr/bin/wget"]},
]

FOLDED = Settings(loose_packages_max=0, loose_paths_max=0, processes=1)
LOOSE = Settings()

# Packages and what they depend on; None: the package goes.
COMMITS: list[dict[str, tuple[str, ...] | None]] = [
    {"app": ("curl", "libapp"), "libapp": ("libc6",)},
    {"app": ("libapp",), "wget": None},
    {"docbook2X": ("libapp",), "curl": ("libc6",)},
    {"libcurl4": None, "zlib1g": ()},
]
FOLDED_AFTER = 1


def build(root: Path) -> None:
    """The index in the empty directory *root*."""
    repository = root / REPO
    repository.mkdir()
    backend = LocalBackend(str(repository))
    for number, (packages, settings) in enumerate([(FIRST, FOLDED), (SECOND, FOLDED), (THIRD, LOOSE)], 1):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(packages, file)
            file.flush()
            filename = f"packages-{number}.json"
            report = pack(Target(backend, REPO, settings), [Submission(file.name, filename, f"golden{number}")])
        assert report.generation == number, report


def build_committed(root: Path) -> None:
    """The same with commits on top."""
    build(root)
    target = Target(LocalBackend(str(root / REPO)), REPO, LOOSE)
    with patch.multiple(spill, TAIL_BYTES_MAX=200, TAIL_PUBLISHES=0):
        for place, changes in enumerate(COMMITS):
            ledger = Ledger(target)
            ledger.refresh()
            commit(ledger, changes)
            if place == FOLDED_AFTER:
                assert fold(target) is not None


def archived(root: Path) -> bytes:
    """*root* as a tar.xz that does not say who made it, or when."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:xz", format=tarfile.PAX_FORMAT, preset=9) as archive:
        for path in sorted(root.rglob("*")):
            if path.is_file():
                member = tarfile.TarInfo(str(path.relative_to(root)))
                member.size = path.stat().st_size
                with path.open("rb") as file:
                    archive.addfile(member, file)
    return data.getvalue()


def main() -> int:
    target = HERE / f"format-{FORMAT}.tar.xz"
    if target.exists():
        print(f"{target} is there: an index that was written is kept as it is", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as directory:
        build_committed(Path(directory))
        target.write_bytes(archived(Path(directory)))
    print(f"{target}: {target.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
