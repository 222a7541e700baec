"""What a terminal may be sent: nothing that steers it, colours where they are wanted, as much as it shows at once."""

from __future__ import annotations

import os
from collections.abc import Mapping

STYLES = {"name": "1", "match": "36", "good": "32", "bad": "31", "faint": "2", "hit": "1;33"}

_TURNING = frozenset((0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)))


def escaped(text: str) -> str:
    """Without control characters, lone surrogates, and what turns the direction of a line around."""
    if text.isprintable():
        return text
    return "".join([sign if sign.isprintable() or _is_harmless(sign) else _escape(sign) for sign in text])


def styled(text: str, style: str) -> str:
    """*text* in a style of `STYLES`."""
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if text else text


def wants_color(environment: Mapping[str, str], terminal: bool) -> bool:
    """As no-color.org and bixense.com/clicolors have it."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR", "0") != "0" or environment.get("CLICOLOR_FORCE", "0") != "0":
        return True
    return terminal and environment.get("TERM") != "dumb" and environment.get("CLICOLOR") != "0"


def dimensions(descriptor: int) -> tuple[int, int]:
    """Columns and rows of the terminal behind *descriptor*; 0 where nobody says."""
    try:
        found = os.get_terminal_size(descriptor)
    except OSError:
        return 0, 0
    return found.columns, found.lines


def _is_harmless(sign: str) -> bool:
    # Spaces of all widths are not printable to Python, nor what is newer than its tables; neither steers a terminal.
    code = ord(sign)
    return code > 0x9F and not 0xD800 <= code <= 0xDFFF and code not in _TURNING


def _escape(sign: str) -> str:
    code = ord(sign)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return sign.encode("unicode_escape").decode("ascii")
