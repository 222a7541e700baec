"""JSON files of package managers: an object each, of texts that can be stored."""

from __future__ import annotations

import json
from typing import Any

from pkgindex.errors import Rejected
from pkgindex.sources import names


def json_object(raw: bytes, path: str, remedy: str) -> dict[str, Any]:
    """The object in *raw*. Raises `Rejected`, which names *path*, and says *remedy*."""
    try:
        found = json.loads(raw.decode("utf-8-sig"))
        if b"\\ud" in raw.lower():
            # Halves of characters, which JSON can spell and nobody can store.
            found = json.loads(names.text(json.dumps(found, ensure_ascii=False)))
    except (ValueError, RecursionError) as error:
        raise Rejected(f"{path}: {error}: {remedy}") from error
    if not isinstance(found, dict):
        raise Rejected(f"{path}: is no JSON object: {remedy}")
    return found
