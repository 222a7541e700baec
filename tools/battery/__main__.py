"""The words of `dev.py battery`.

    python3 tools/dev.py battery kill      each writing command killed before every call that it makes to its files
    python3 tools/dev.py battery errors    each refused by the disk at every such call
    python3 tools/dev.py battery full      each on a disk that is really full, and a page or a file larger each time
    python3 tools/dev.py battery damage    every file of an index damaged in every way, and each kind of question asked
    python3 tools/dev.py battery hostile   bombs, names that try to leave, files that are none
    python3 tools/dev.py battery reads     each reading command refused so
    python3 tools/dev.py battery powercut  the power cut at every change, on a file system that drops what was not flushed
    python3 tools/dev.py battery readers   readers beside a writer, and beside all else that writes
    python3 tools/dev.py battery soak      everything at once, for long

Each word has --help.
"""

from __future__ import annotations

import importlib
import os
import sys

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

WORDS = {word: f"battery.{word}" for word in (
    "kill", "errors", "full", "reads", "damage", "hostile", "readers", "powercut", "soak",
)}


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in WORDS:
        print((__doc__ or "").strip())
        return 0 if arguments and arguments[0] in ("-h", "--help") else 2
    word, *rest = arguments
    code: int = importlib.import_module(WORDS[word]).main(rest)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
