"""Shell patterns over values: names, words, pieces of attributes. Those over paths are in `patterns`.

What is folded is compared folded, so that a pattern fits what a text shard lists exactly when it fits what stands in the
package.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from pkgindex.errors import BadInput
from pkgindex.query.patterns import shell_parts, without_return

_STAR = ".*"
_WILD = re.compile(r"\[[!^]?+.[^]]*\]|[*?]", re.DOTALL)


def glob_test(glob: str, case: bool) -> Callable[[str], bool]:
    """Whether a whole value fits *glob*; with *case* as it is spelled, too. Raises `BadInput`."""
    folded = _compiled(glob, False)
    if not case:
        return lambda value: folded(value.casefold()) is not None
    spelled = _compiled(glob, True)
    return lambda value: folded(value.casefold()) is not None and spelled(value) is not None


@lru_cache(1024)
def _compiled(glob: str, case: bool) -> Callable[[str], object]:
    if case:
        return _matcher(glob, 0)
    try:
        return _matcher(glob.casefold(), re.IGNORECASE)
    except BadInput:
        # A range from `Z` to `a` has an order only before it is folded.
        return _matcher(glob, re.IGNORECASE)


def _matcher(glob: str, flags: int) -> Callable[[str], object]:
    try:
        return re.compile(without_return(shell_parts(glob), _STAR), flags | re.DOTALL).fullmatch
    except re.error as error:
        raise BadInput(f"not a pattern: {error} in {glob!r}") from error


def literal_run(glob: str) -> str:
    """The longest text that everything which fits has in it, folded; what is not looked for need not be taken apart.

    >>> literal_run("lib*SSL?[0-9]"), literal_run("[*]"), literal_run("*")
    ('lib', '', '')
    """
    return max(_WILD.split(glob.casefold()), key=len)
