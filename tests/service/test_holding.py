"""Claims while they are packed."""

from __future__ import annotations

import os
import time
from pathlib import Path

from pkgindex.service.holding import claiming, held
from pkgindex.spool.names import HEARTBEAT
from service.spooled import Place

SECONDS_MAX = 30.0


def test_as_long_as_a_writer_holds_claims_its_heart_goes_on(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.drop("curl")
    with claiming(place.spool, "repo", 0.01) as claims, held(claims, place.spool.incoming("repo"), None, lambda: None):
        [folder] = place.claimed.iterdir()
        for _ in range(3):
            os.utime(folder / HEARTBEAT, (1, 1))
            deadline = time.monotonic() + SECONDS_MAX
            while os.stat(folder / HEARTBEAT).st_mtime == 1:
                assert time.monotonic() < deadline, "no beat"
                time.sleep(0.001)
    assert list(place.claimed.iterdir()) == []
