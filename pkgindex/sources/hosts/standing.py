"""Under which names the packages of a host may know a file that stands there: their lists alone do not say.

* Directories that are links (`/bin` to `/usr/bin`): a package may list a file under any name that leads to it.
* Diversions (dpkg-divert(1)): a file of one package gives way to another's, and lies under another name.
* Alternatives (update-alternatives(1)): links that no package lists.
* What Python compiles (PEP 3147): it belongs to who ships the source.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping

from pkgindex.sources.hosts import files
from pkgindex.sources.hosts.tree import Tree

DIVERSIONS = "/var/lib/dpkg/diversions"
# dpkg's, and those of the rpm distributions.
ALTERNATIVES = ("/var/lib/dpkg/alternatives", "/var/lib/alternatives")
ALTERNATIVE_LINKS = "/etc/alternatives"
# Where directories may stand that are links for all that is in them.
_LINKED_IN = ("/", "/usr", "/var")

Owners = Mapping[str, Collection[str]]


class Standing:
    """The files of *tree*, by their real paths, and who may own them."""

    def __init__(self, tree: Tree) -> None:
        self._root = tree.root
        self._aliases = [pair for directory in _LINKED_IN for pair in tree.linked_directories(directory)]
        self._alternatives = frozenset(map(self.real, self._alternative_links()))
        diverted = [(self.real(origin), self.real(place), package) for origin, place, package in self.diversions()]
        self._diverters = {origin: package for origin, _, package in diverted}
        self._origins = {place: (origin, package) for origin, place, package in diverted}

    def names(self, path: str) -> list[str]:
        """All names whose owners tell whether the file at *path* is a package's; itself first."""
        paths = (path, self._origins.get(path, ("", ""))[0], source_of(path))
        return [name for each in paths if each for name in self.spelled(each)]

    def is_owned(self, path: str, owners: Owners) -> bool:
        """Whether the file at *path* is a package's, when *owners* lists, by `names`, the packages that say so."""
        if path in self._alternatives:
            return True
        diverter = self._diverters.get(path)
        if any(diverter in (None, package) for package in self._owners(path, owners)):
            return True
        origin, diverter = self._origins.get(path, ("", ""))
        if any(package != diverter for package in self._owners(origin, owners)):
            return True
        return any(True for _ in self._owners(source_of(path), owners))

    def spelled(self, path: str) -> list[str]:
        """*path*, and the names for it that go through directories that are links."""
        found = [path]
        for link, target in self._aliases:
            if path.startswith(f"{target}/"):
                found.append(f"{link}{path[len(target):]}")
        return found

    def real(self, path: str) -> str:
        """A name of a file, with the directory that it really lies in."""
        for link, target in self._aliases:
            if path.startswith(f"{link}/"):
                return f"{target}{path[len(link):]}"
        return path

    def diversions(self) -> Iterator[tuple[str, str, str]]:
        """(path, where it lies instead, for whose sake) of each; `:` stands for the administrator."""
        lines = _lines(f"{self._root}{DIVERSIONS}")
        yield from zip(lines[::3], lines[1::3], lines[2::3], strict=False)

    def _owners(self, path: str, owners: Owners) -> Iterator[str]:
        if path:
            yield from owners.get(path, ())  # mostly there, and then nobody asks on
            for name in self.spelled(path)[1:]:
                yield from owners.get(name, ())

    def _alternative_links(self) -> Iterator[str]:
        """The links that update-alternatives sets: for each name the general one, and those that go with it."""
        for directory in ALTERNATIVES:
            place = f"{self._root}{directory}"
            for name in sorted(os.listdir(place)) if os.path.isdir(place) else ():
                yield f"{ALTERNATIVE_LINKS}/{name}"
                # The mode and the general link; then a name and a link each, up to an empty line.
                lines = _lines(f"{place}/{name}")
                slaves = lines[2 : lines.index("")] if "" in lines else []
                yield from lines[1:2]
                yield from slaves[1::2]
                yield from (f"{ALTERNATIVE_LINKS}/{slave}" for slave in slaves[::2])


def source_of(path: str) -> str:
    """The source that *path* was compiled from; empty when it is not of Python's making.

    >>> source_of("/usr/lib/python3/__pycache__/six.cpython-311.opt-1.pyc"), source_of("/usr/lib/x.pyc"), source_of("/bin/ls")
    ('/usr/lib/python3/six.py', '/usr/lib/x.py', '')
    """
    directory, _, name = path.rpartition("/")
    if not name.endswith(".pyc"):
        return ""
    if directory.endswith("/__pycache__"):
        return f"{directory.removesuffix('/__pycache__')}/{name.split('.')[0]}.py"
    return path[:-1]


def _lines(path: str) -> list[str]:
    return files.read_if_there(path).decode("utf-8", "surrogateescape").split("\n")[:-1]
