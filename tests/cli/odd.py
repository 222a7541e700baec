"""A path with a newline, an escape sequence and a byte that is no UTF-8."""

from __future__ import annotations

ODD_PATH = "/opt/odd\n\x1b[31mred\udce9"
