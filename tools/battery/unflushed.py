"""Each flush is taken out of a copy of the project, and the power is cut: what is lost then shows what the flush was for.

What no story does cannot be missed in any: the row says so, and the tests of the gate of mutants are for that.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time

import marked
from battery.powercut import TOLD
from mutant_table import MUTANTS, Mutant
from mutants import changed, copy_to

MARK = "battery powercut, flushes"
HEADS = ("taken out", "in", "is missed in", "on", "kept", "for")
NOTHING = "**nothing**"
# Where each is looked for first, by the file that it stands in; then in all stories.
COMMANDS, SHARDS, SERVERS = "init, and submit and pack three times", "pack into shards", "two tree servers, a client each"
AFTER_ACKNOWLEDGEMENTS, ALL = 0, 1
FIRST = {
    "pkgindex/store/journal": ["a tree server in memory, two clients"],
    "pkgindex/spool/": [COMMANDS, "pack and reject", "pack a set that is marked as full"],
    "pkgindex/service/tree/": [SERVERS],
    "pkgindex/service/changelog": ["sync what has changed"],
    "": [COMMANDS, SHARDS, SERVERS],
}
# Where each is looked for at last, and at every cut.
CLOSELY = {
    "pkgindex/store/journal": ["a tree server in memory, two clients"],
    "pkgindex/spool/spool": ["init", "submit", "pack a set that is marked as full"],
    "pkgindex/spool/": ["pack and reject", "pack what a dead writer claimed"],
    "pkgindex/packer/pack.py": ["pack after a pack that was killed"],
    "": [],
}
WHY_CHARACTERS_MAX = 90
_flush = re.compile(r"the (one |system's own )?flush|all that is flushed")


def flushes() -> list[Mutant]:
    """Those of the gate of mutants that take a flush away."""
    return [mutant for mutant in MUTANTS if _flush.match(mutant.name)]


def tried(words: list[str], write: bool) -> int:
    """Take out those that have one of the *words* in their names, or each."""
    living = 0
    for mutant in flushes():
        if words and not any(word in mutant.name for word in words):
            continue
        began = time.monotonic()
        cells = [mutant.name, f"`{mutant.file}`", *missed(mutant)]
        living += cells[2] == NOTHING
        print(f"{time.monotonic() - began:5.0f} s  {': '.join(cells)}", flush=True)
        if write:
            _write(cells)
    return 1 if living else 0


def missed(mutant: Mutant) -> list[str]:
    """Where *mutant* is missed, as the cells of a row say it."""
    with tempfile.TemporaryDirectory(prefix="pkgindex-mutant-") as copy:
        copy_to(copy)
        with open(os.path.join(copy, mutant.file), "w", encoding="utf-8") as file:
            file.write(changed(mutant))
        first, closely = _of(mutant, FIRST), _of(mutant, CLOSELY)
        others = [story for story in TOLD if story not in first]
        for stories, cuts in ((first, AFTER_ACKNOWLEDGEMENTS), (others, AFTER_ACKNOWLEDGEMENTS), (closely, ALL)):
            if stories and (found := _failure(copy, stories, cuts)):
                story, kind, _, kept, what = found
                return [story, kind, kept, _shown(what)]
    return [NOTHING, "-", "-", "-"]


def _of(mutant: Mutant, stories: dict[str, list[str]]) -> list[str]:
    return next(found for file, found in stories.items() if mutant.file.startswith(file))


def _failure(copy: str, stories: list[str], cuts: int) -> list[str]:
    """The first one. Whatever was to be durable when something was acknowledged is missed at those cuts already."""
    words = [word for story in stories for word in ("--story", story)]
    command = [sys.executable, "-B", f"{copy}/tools/battery", "powercut", "--stop", "--every", str(cuts), *words]
    # Before the project's own place, which the environment would find.
    run = subprocess.run(command, env={**os.environ, "PYTHONPATH": copy}, capture_output=True, text=True)
    if run.returncode == 0:
        return []
    try:
        found: list[str] = json.loads(run.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        raise AssertionError(f"the battery broke: {run.stdout[-500:]}{run.stderr[-2000:]}") from None
    return found


def _shown(what: str) -> str:
    """The beginning of what was said, without what a table cannot hold, and what differs each time."""
    said = re.sub(r"/\S+/ground/here/", "", what.partition(": ")[2])
    return re.sub(r"\s+", " ", said).replace("|", "\\|")[:WHY_CHARACTERS_MAX].strip()


def _write(cells: list[str]) -> None:
    """The row of a mutant into the table; of the others what is known of them stays."""
    known = {row[0]: row for row in marked.read(MARK)}
    known[cells[0]] = cells
    marked.write(MARK, [HEADS, *(known[mutant.name] for mutant in flushes() if mutant.name in known)])
