"""Who runs a regular expression: `re` for those who ask on their own machine, google-re2 for strangers.

`re` takes time that grows without bound for `(a+)+$`; re2 takes time in proportion to the text, whatever the pattern, and
refuses what it cannot run so (back references, looking around).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pkgindex.errors import BadInput

# What it gives is true when the pattern is found, and has the place as its `span()`; of `re` the bound method itself, which is
# called once a path.
Search = Callable[[str], Any]
# Pattern, whether case is ignored, whether `^` and `$` are the ends of every line.
Engine = Callable[[str, bool, bool], Search]


@contextmanager
def unwarned() -> Iterator[None]:
    """While an expression is read: what a later Python may take otherwise is no news to who asks today."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def trusted(pattern: str, ignore_case: bool, lines: bool = False) -> Search:
    """Raises `re.error`."""
    with unwarned():
        return re.compile(pattern, (re.IGNORECASE if ignore_case else 0) | (re.MULTILINE if lines else 0)).search


def untrusted(pattern: str, ignore_case: bool, lines: bool = False) -> Search:
    """Raises `BadInput` for what re2 cannot run, and where there is no re2."""
    try:
        import re2
    except ImportError:
        raise BadInput("regular expressions of strangers are refused here: they need google-re2, which is not installed; "
                       "install pkgindex[re2], or ask with words and globs") from None
    options = re2.Options()
    options.log_errors = False
    flags = ("i" if ignore_case else "") + ("m" if lines else "")
    try:
        search = re2.compile(f"(?{flags})(?:{_storable(pattern)})" if flags else _storable(pattern), options).search
    except re2.error as error:
        raise BadInput(f"not a regular expression that re2 runs: {error}") from None
    return lambda text: search(_storable(text))


def _storable(text: str) -> str:
    """re2 reads UTF-8: a byte that is none is seen as the replacement character."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
