"""What came of what was dropped: every package that is shipped, and how often each submission was packed.

    python -m lab.inside.count INDEX

prints one JSON object.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter

from lab.place import REPO
from pkgindex.snapshot.reader import Reader
from pkgindex.store.local import LocalBackend


def main() -> None:
    reader = Reader(LocalBackend(os.path.join(sys.argv[1], REPO)), REPO)
    snapshot = reader.snapshot()
    packed = Counter(submission.filename for manifest in reader.history() for submission in manifest.submissions)
    shipped = sorted(name for name, entry in snapshot.entries() if entry.shipped)
    print(json.dumps({"generation": snapshot.generation, "shipped": shipped, "packed": packed}))


if __name__ == "__main__":
    main()
