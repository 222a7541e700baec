"""Jobs of apt: what it is about to do, as it tells hooks of `DPkg::Pre-Install-Pkgs` by version 3 of their protocol.

    VERSION 3
    Key=Value                     its configuration; hooks need not keep it
                                  an empty line
    tool 1.0-1 amd64 none < 2.0-1 amd64 same /var/cache/apt/archives/tool_2.0-1_amd64.deb
    other 1:3 all none > - - none **REMOVE**

A step has nine words: the package; the version before, its architecture and Multi-Arch; how the versions compare; the version
after, with the same; and what is done: the file that is unpacked, `**CONFIGURE**` or `**REMOVE**`. `-` stands for none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pkgindex.errors import Rejected
from pkgindex.sources.names import shown

_WORDS = 9
_REMOVE, _CONFIGURE = "**REMOVE**", "**CONFIGURE**"


class Step(NamedTuple):
    """*file* is unpacked; empty: the package is removed."""

    package: str
    file: str = ""


def steps(content: str, name: str) -> Iterator[Step]:
    """What changes files in the job *content*, in its order; to configure a package does not. Raises `Rejected`."""
    version, _, rest = content.partition("\n")
    if version != "VERSION 3":
        raise Rejected(f"{name}: begins with {shown(version)}, and not as a job of apt by version 3 of its protocol")
    _, empty, listed = f"\n{rest}".partition("\n\n")
    if not empty:
        raise Rejected(f"{name}: has no empty line after apt's configuration: it was cut short")
    for number, line in enumerate(listed.splitlines(), 1):
        words = line.split(" ", _WORDS - 1)
        if len(words) < _WORDS:
            raise Rejected(f"{name}: step {number} has {len(words)} words, and not {_WORDS}")
        package, what = words[0], words[-1]
        if what == _REMOVE:
            yield Step(package)
        elif what != _CONFIGURE:
            yield Step(package, what)
