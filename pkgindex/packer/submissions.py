"""What a pack is given: submissions, each a file with a name, an identity and a mode."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import NamedTuple


class Submission(NamedTuple):
    """One file to pack. `mode` is `full`, `incremental`, or empty where the source decides."""

    path: str
    filename: str
    id: str = ""
    mode: str = ""

    @property
    def size(self) -> int:
        return os.stat(self.path).st_size

    def digest(self) -> str:
        """Of its bytes as they came, so that the same listing dropped again is known without being read apart."""
        state = sha256()
        with open(self.path, "rb") as file:
            while chunk := file.read(1 << 20):
                state.update(chunk)
        return state.hexdigest()[:32]
