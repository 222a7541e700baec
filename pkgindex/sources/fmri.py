"""FMRIs: the names that pkg(5) gives to packages, `pkg://publisher/developer/gcc@7.3,5.11-2018.0:20180514T120000Z`."""

from __future__ import annotations

from typing import NamedTuple

from pkgindex.sources import names
from pkgindex.sources.names import Unreadable, shown

_SCHEME = "pkg:"


class Fmri(NamedTuple):
    """What of an FMRI is compared: neither who published the package nor when."""

    name: str
    version: str


def parse(text: str) -> Fmri:
    """The name and version in *text*; the version is empty where none is given. Raises `Unreadable`.

    >>> parse("pkg://publisher/developer/gcc@7.3,5.11-2018.0:20180514T120000Z"), parse("gcc")
    (Fmri(name='developer/gcc', version='7.3,5.11-2018.0'), Fmri(name='gcc', version=''))
    """
    stem, _, version = text.removeprefix(_SCHEME).partition("@")
    if stem.startswith("//"):
        _, slash, stem = stem[2:].partition("/")
        if not slash:
            raise Unreadable(f"FMRI {shown(text)} names a publisher and no package")
    return Fmri(names.package_name(stem.removeprefix("/")), names.version(version.partition(":")[0]))
