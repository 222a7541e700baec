#!/usr/bin/env python3
"""Remakes the sample spool: what Debian publishes about some two hundred packages.

    python3 tools/make_sample.py            writes spool/ of this project

Needs a Debian or Ubuntu host with a network; no root, nothing installed. apt fetches its lists (some 80 MB) into a
directory of its own, so the host's lists and settings stay as they are. The files are the real ones, cut down:

* `Packages.gz`: whole stanzas;
* `Translation-en.gz`: their long descriptions;
* `Contents-all.gz`, `Contents-amd64.gz`: the lines of these packages, of several owners only those in the sample.

Invariant: the same lists give the same bytes (no time, no name in the gzip header), so a diff shows what Debian changed.
"""

from __future__ import annotations

import argparse
import gzip
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
NAMES = PROJECT / "tools" / "sample_packages.txt"
REPOSITORY = "debian"
CODENAME = "bookworm"
COMPONENT = "main"
ARCHITECTURES = ("all", "amd64")

SENTINEL = b"This is a pkgindex spool. Drop submissions into REPO/incoming/; without this file nothing is packed.\n"

# What an ordinary host has and a slim image switches off (long descriptions), and what apt-file would add (Contents).
APT_SETTINGS = """
#clear Acquire::Languages;
Acquire::Languages {{ "en"; }};
Acquire::IndexTargets::deb::Contents-deb {{
    MetaKey "$(COMPONENT)/Contents-$(ARCHITECTURE)";
    ShortDescription "Contents-$(ARCHITECTURE)";
    Description "$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Contents (deb)";
    KeepCompressed "true";
    DefaultEnabled "true";
}};
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Architecture "amd64";
APT::Architectures {{ "amd64"; }};
APT::Sandbox::User "";
Dir::State::lists "{directory}/lists";
Dir::Cache "{directory}/cache";
"""


class Lists:
    """apt's lists, in a directory of their own."""

    def __init__(self, directory: Path) -> None:
        for name in ("lists/partial", "cache/archives/partial"):
            (directory / name).mkdir(parents=True, exist_ok=True)
        self._settings = directory / "apt.conf"
        self._settings.write_text(APT_SETTINGS.format(directory=directory))

    def update(self) -> None:
        subprocess.run(["apt-get", f"--config-file={self._settings}", "-qq", "update"], check=True)

    def lines(self, created_by: str, name_end: str) -> Iterator[bytes]:
        """The lines of the one list that apt calls *created_by* and whose file name has *name_end* before its suffix."""
        found = [name for name in self._files(created_by) if re.search(re.escape(name_end) + r"(\.[a-z0-9]+)?$", name)]
        if len(found) != 1:
            sys.exit(
                f"{len(found)} lists of {CODENAME} {COMPONENT} end in {name_end}: does this host have that suite among its "
                "apt sources, once?"
            )
        with subprocess.Popen(["/usr/lib/apt/apt-helper", "cat-file", found[0]], stdout=subprocess.PIPE) as reader:
            assert reader.stdout is not None
            yield from reader.stdout
        if reader.returncode:
            sys.exit(f"apt-helper could not read {found[0]} (exit {reader.returncode})")

    def _files(self, created_by: str) -> list[str]:
        command = ["apt-get", f"--config-file={self._settings}", "indextargets", "--format", "$(FILENAME)"]
        filters = [f"Created-By: {created_by}", f"Codename: {CODENAME}", f"Component: {COMPONENT}"]
        return subprocess.run(command + filters, check=True, capture_output=True, text=True).stdout.split("\n")


def stanzas(lines: Iterable[bytes], names: frozenset[str]) -> Iterator[bytes]:
    """The deb822 paragraphs that are about *names*, each with its empty line."""
    stanza: list[bytes] = []
    for line in [*lines, b"\n"]:
        if line.strip():
            stanza.append(line)
            continue
        if any(field.startswith(b"Package: ") and field[9:].strip().decode() in names for field in stanza):
            yield b"".join([*stanza, b"\n"])
        stanza = []


def listing(lines: Iterable[bytes], names: frozenset[str]) -> Iterator[bytes]:
    """The lines of a Contents file that name one of *names*, without their other owners."""
    for line in lines:
        # The path may hold spaces, the owners do not.
        path_and_gap, space, owners = line.rstrip(b"\n").rpartition(b" ")
        kept = [owner for owner in owners.split(b",") if owner.rpartition(b"/")[2].decode() in names]
        if kept:
            yield path_and_gap + space + b",".join(kept) + b"\n"


def compressed(parts: Iterable[bytes]) -> bytes:
    return gzip.compress(b"".join(parts), compresslevel=9, mtime=0)


def sample_names() -> frozenset[str]:
    lines = NAMES.read_text().split("\n")
    return frozenset(name for line in lines if not line.startswith("#") for name in line.split())


def write(spool: Path, lists: Lists) -> None:
    names = sample_names()
    incoming = spool / REPOSITORY / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    (spool / ".pkgindex-spool").write_bytes(SENTINEL)
    files = {
        "Packages.gz": stanzas(lists.lines("Packages", "_binary-amd64_Packages"), names),
        "Translation-en.gz": stanzas(lists.lines("Translations", "_Translation-en"), names),
    }
    for architecture in ARCHITECTURES:
        name = f"Contents-{architecture}"
        files[f"{name}.gz"] = listing(lists.lines("Contents-deb", f"_{name}"), names)
    for name, parts in files.items():
        data = compressed(parts)
        (incoming / name).write_bytes(data)
        print(f"{incoming / name}  {len(data):,} bytes")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Remake the sample spool from what Debian publishes.")
    parser.add_argument("--spool", type=Path, default=PROJECT / "spool", help="where to write (default: %(default)s)")
    parser.add_argument("--lists", type=Path, help="keep apt's lists here, and fetch only what changed the next time")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="sample-") as scratch:
        lists = Lists(options.lists.resolve() if options.lists else Path(scratch))
        lists.update()
        write(options.spool, lists)


if __name__ == "__main__":
    main()
