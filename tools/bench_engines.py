"""Search engines that are given the same data: codesearch, which indexes trigrams, and apt-xapian-index, which ranks.

codesearch knows files and lines. The best case for it is one file a package with a path a line: it then opens only files that
have a match somewhere, and the name of the file says whose the path is.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter

from bench_data import Place
from bench_timing import Ran, run


class Codesearch:
    """Its index, and the text that it looks into once its index has narrowed."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.text, self.index = place.path("codesearch", "text"), place.path("codesearch", "index")
        self.env = {"CSEARCHINDEX": self.index}

    def deal_out(self, pairs: str) -> None:
        """`path TAB package` as one file of paths for each package."""
        folder = self._place.emptied("codesearch")
        # Not in this process: what it once needed counts in the peak of all that it starts afterwards.
        sort = ["sort", "-t", "\t", "-k", "2,2", "-k", "1,1", "-S", "400M", "-T", folder, pairs]
        with subprocess.Popen(sort, stdout=subprocess.PIPE, env={**os.environ, "LC_ALL": "C"}) as sorting:
            assert sorting.stdout is not None
            lines = (line[:-1].rpartition(b"\t") for line in sorting.stdout)
            for name, owned in groupby(lines, key=itemgetter(2)):
                self._write(os.fsdecode(name), (path for path, _, _ in owned))

    def build(self) -> Ran:
        """By its own program. What it leaves out without a word, it says when asked to: then its answers would be short."""
        log = self._place.path("codesearch", "log")
        ran = run(["sh", "-c", 'exec cindex -verbose -reset "$1" 2> "$2"', "sh", self.text, log], self.env)
        with open(log, "rb") as file:
            left_out = [line for line in file if b"ignoring" in line]
        if ran.exit or left_out:
            raise SystemExit(f"cindex exited with {ran.exit}, and left out {len(left_out)} packages: {left_out[:1]}")
        return ran

    def bytes_of_text(self) -> int:
        """What it needs beside its index."""
        folders = [entry.path for entry in os.scandir(self.text)]
        return sum(entry.stat().st_size for folder in folders for entry in os.scandir(folder))

    def _write(self, name: str, paths: Iterable[bytes]) -> None:
        folder = os.path.join(self.text, name[:2])
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name), "wb") as file:
            file.writelines(path + b"\n" for path in paths)


class Xapian:
    """apt-xapian-index, in a directory of ours and with apt's configuration of the benchmark."""

    def __init__(self, place: Place, apt: dict[str, str]) -> None:
        self._place = place
        self.env = {
            **apt, "AXI_DB_PATH": place.path("axi", "db"), "AXI_CACHE_PATH": place.path("axi", "cache"),
            # Here axi-cache keeps the last question, for its command `more`.
            "XDG_CACHE_HOME": place.path("axi", "home"),
        }

    def build(self) -> Ran:
        self._place.emptied("axi")
        ran = run(["update-apt-xapian-index", "--force", "--quiet"], self.env)
        if ran.exit:
            raise SystemExit(f"update-apt-xapian-index exited with {ran.exit}; its environment: {self.env}")
        return ran
