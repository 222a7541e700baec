"""One who submits: packages of their own, each by one file, and the record of what was dropped.

    python -m lab.inside.drop INDEX NAME RECORD SECONDS SPOOL [--pause S]
"""

from __future__ import annotations

import argparse
import json
import time

from lab.inside.record import Record
from lab.place import REPO
from pkgindex.errors import StoreError
from pkgindex.spool.spool import Spool


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("index", "name", "record"):
        parser.add_argument(name)
    parser.add_argument("seconds", type=float)
    parser.add_argument("spool")
    parser.add_argument("--pause", type=float, default=0.5)
    wanted = parser.parse_args()
    record, spool, number = Record(wanted.record), Spool(wanted.spool), 0
    end = time.monotonic() + wanted.seconds
    while time.monotonic() < end:
        number += 1
        package = f"{wanted.name}-{number}"
        data = json.dumps([{"name": package, "version": "1", "files": [f"/{package}"]}]).encode()
        record.say("try", package=package)
        try:
            spool.submit_bytes(REPO, f"{package}.json", data)
            record.say("dropped", package=package)
        except StoreError as error:
            record.say("doubt", why=str(error), package=package)
        time.sleep(wanted.pause)
    record.say("end")


if __name__ == "__main__":
    main()
