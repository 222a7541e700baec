"""Lists of packages and what they depend on, as text: read and written.

    curl: libc6 libcurl4                                a package, and the names it depends on
    {"name": "curl", "depends": ["libc6", "libcurl4"]}  the same in JSON
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from pkgindex.errors import BadInput


def written(package: str, needs: Sequence[str]) -> str:
    """The line of a package.

    >>> written("curl", ("libc6", "libcurl4")), written("libc6", ())
    ('curl: libc6 libcurl4', 'libc6:')
    """
    return " ".join([f"{package}:", *needs])


def read(lines: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """What each package depends on. Empty lines are passed over. Raises `BadInput` with the number of a line that is none."""
    found: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        package, needs = _from_json(line, number) if line.lstrip().startswith("{") else _from_words(line, number)
        if package in found:
            raise BadInput(f"line {number}: {package!a} stands in a line before; name all it depends on in one")
        found[package] = needs
    return found


def _from_words(line: str, number: int) -> tuple[str, tuple[str, ...]]:
    package, colon, needs = line.partition(":")
    if not colon or len(package.split()) != 1:
        raise BadInput(f"line {number}: {line.strip()[:80]!a} is no package, colon and dependencies, as 'curl: libc6'")
    return package.strip(), tuple(needs.split())


def _from_json(line: str, number: int) -> tuple[str, tuple[str, ...]]:
    try:
        fields = json.loads(line)
        package, needs = fields["name"], fields.get("depends", [])
    except (ValueError, KeyError, RecursionError) as error:
        raise BadInput(f'line {number}: {error}; write it as {{"name": "curl", "depends": ["libc6"]}}') from None
    if not isinstance(package, str) or not isinstance(needs, list) or not all(isinstance(name, str) for name in needs):
        raise BadInput(f'line {number}: "name" is a text and "depends" a list of texts, as {{"name": "curl", "depends": []}}')
    return package, tuple(needs)
