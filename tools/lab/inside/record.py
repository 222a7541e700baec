"""What happened, one JSON object a line, in a file that is not on the share: what a host has said survives its power cut."""

from __future__ import annotations

import json
import os
import time

AWAY = "its share is away"


class Record:
    """Times are by the clock of the lab: *ahead_seconds* is how far this host's was set forward."""

    def __init__(self, path: str, ahead_seconds: float = 0.0) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._ahead_seconds = ahead_seconds

    def say(self, event: str, /, **facts: object) -> None:
        """Written and flushed when this returns."""
        line = {"event": event, "at": round(time.time() - self._ahead_seconds, 4), **facts}
        os.write(self._handle, json.dumps(line).encode() + b"\n")
        os.fsync(self._handle)

    def fault(self, error: Exception, **facts: object) -> None:
        """What went wrong, unless it is that the share is away, which is what happens to a host that is cut off."""
        self.say("away" if AWAY in str(error) else "fault", why=f"{type(error).__name__}: {error}", **facts)
