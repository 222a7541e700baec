"""What the system, SQLite and helper processes say in the midst of some work, told apart: each as an error of ours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from pkgindex.errors import StoreError
from pkgindex.store.faults import unwritten


@contextmanager
def told_apart(path: str) -> Iterator[None]:
    """What the system, SQLite and helper processes say, as errors of ours."""
    try:
        yield
    except OSError as error:
        # What removes a whole directory names its files by themselves.
        raise unwritten(error, os.path.join(path, str(error.filename or ""))) from error
    except Exception as error:
        # Looked up when something went wrong, and not by every command that nothing happens to.
        import sqlite3
        from concurrent.futures import BrokenExecutor

        if isinstance(error, sqlite3.Error):
            raise StoreError(
                f"{path}: a shard could not be built: {error}; is the disk full? nothing was published") from error
        if isinstance(error, BrokenExecutor):
            raise StoreError(
                f"{path}: a process that helped was killed, perhaps for want of memory; nothing was published, "
                "and with processes = 1 less memory is used"
            ) from error
        raise
