"""pkgindex: which package ships this file, what needs this package and why, from one consistent index on a shared disk.

    with pkgindex.open("/srv/index") as index:
        for hit in index.owner("/usr/bin/python3"):
            print(hit.package)
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # not of `typing`, which a shell that asks for a command would wait for
    from pkgindex.query.index import Index

__version__ = "0.2.0"
__all__ = ["open"]


def open(path: str) -> Index:
    """The index at *path* (a directory, or another address), for reading. Raises `NoIndex`.

    Of a directory or a database it takes no lock and writes nothing there.
    """
    from pkgindex.query.index import Index

    return Index(path)
