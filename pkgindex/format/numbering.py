"""What a generation is called on the disk: `generations/0000000000000042` is the manifest of generation 42."""

from __future__ import annotations

DIRECTORY = "generations"
DIGITS = 16


def file_name(generation: int) -> str:
    """In its directory; so that the order of the names is that of the numbers.

    >>> file_name(42)
    '0000000000000042'
    """
    return f"{generation:0{DIGITS}d}"


def manifest_name(generation: int) -> str:
    """The manifest of *generation*.

    >>> manifest_name(42)
    'generations/0000000000000042'
    """
    return f"{DIRECTORY}/{file_name(generation)}"


def number_of(name: str) -> int | None:
    """The generation that a file name stands for, or None when it is not one of ours.

    >>> number_of("0000000000000042"), number_of("42"), number_of(".nfs000000000001"), number_of("0000000000000000")
    (42, None, None, None)
    """
    if len(name) == DIGITS and name.isascii() and name.isdigit():
        return int(name) or None
    return None
