"""What the system, SQLite and helper processes say in the midst of some work, told apart: each as an error of ours."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
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
    except sqlite3.Error as error:
        raise StoreError(f"{path}: a shard could not be built: {error}; is the disk full? nothing was published") from error
    except BrokenExecutor as error:
        raise StoreError(
            f"{path}: a process that helped was killed, perhaps for want of memory; nothing was published, "
            "and with processes = 1 less memory is used"
        ) from error
