"""IPS manifests, in which pkg(5) says what a package is made of, one action a line; several packages may follow each other.

Each package begins with its `pkg.fmri`. What an attribute of the package says is a field of its lower-case name, its
values a line each; what pkg(5) has and others have not (drivers, users, which path is a link, the type of a dependency)
is in fields that `pkgindex/model/thing.py` knows. A package that is for several architectures has a release for each, and
an action with `variant.arch` is in those of its architecture. Other variants, and facets, are left out.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import BinaryIO

from pkgindex.model.package import Alternative, Relation, Release, Text
from pkgindex.model.thing import ACTIONS, DEPEND
from pkgindex.sources import actions, fmri, names
from pkgindex.sources.actions import KNOWN, Action, attribute
from pkgindex.sources.facts import Fact, Fault, Paths, Releases, Texts, announced
from pkgindex.sources.limits import DEFAULT, Limits
from pkgindex.sources.names import Unreadable, shown

# Relations by the type of a depend action; of the others (incorporate, origin, parent) nobody needs or is needed.
_KINDS = {
    "require": "depends", "require-any": "depends", "group": "recommends", "group-any": "recommends",
    "conditional": "enhances", "optional": "suggests", "exclude": "conflicts",
}  # fmt: skip
# `fmri` is what the first manifests had.
_FMRI = frozenset(("pkg.fmri", "fmri"))
_DESCRIPTIONS = ("pkg.description", "description")
_ARCHITECTURE = "variant.arch"
_LEFT_OUT = ("variant.", "facet.")

# Each is a release of its own: a manifest of one long line more for each of a thousand would be a thousand times as much.
ARCHITECTURES_MAX = 32
_LINES_LOOKED_AT = 20
_FILENAME = re.compile(r"(?:.*\.p5m|manifest)$", re.DOTALL)


class IpsManifest:
    name = "ips-manifest"
    full = False

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self._limits = limits

    def recognises(self, filename: str, head: bytes) -> bool:
        return bool(_FILENAME.match(filename)) or _begins_with_actions(head)

    def read(self, stream: BinaryIO, filename: str) -> Iterator[Fact]:
        return announced(self._facts(stream, filename))

    def _facts(self, stream: BinaryIO, filename: str) -> Iterator[Fact]:
        draft = _Draft(self._limits)
        for line in actions.lines(stream, filename, self._limits.line_bytes_max):
            try:
                action = _action(line)
                if draft.begun and _is_fmri(action):
                    yield from draft.facts()
                    draft = _Draft(self._limits)
                draft.add(action, line)
            except Unreadable as error:
                yield Fault(f"line {line.number}", f"package {shown(draft.name)}: {error}" if draft.name else str(error))
        yield from draft.facts()


def _begins_with_actions(head: bytes) -> bool:
    """Whether the first lines, with those they go on in, begin with an action, and the first has an attribute."""
    lines = head.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\\\n", b" ").split(b"\n")
    if len(lines) > 1:
        lines.pop()  # empty, or cut short where the head ends
    told = [line for line in map(bytes.strip, lines) if line and not line.startswith(b"#")][:_LINES_LOOKED_AT]
    words = [line.split(maxsplit=1)[0].decode("ascii", "replace") for line in told]
    return bool(told) and b"=" in told[0] and b"\0" not in head and all(word in KNOWN for word in words)


def _action(line: actions.Line) -> Action:
    if line.trouble:
        raise Unreadable(line.trouble)
    return actions.parse(line.text)


def _is_fmri(action: Action) -> bool:
    return action.name == "set" and not _FMRI.isdisjoint(action.attributes.get("name", action.attributes))


def _named(action: Action) -> tuple[str, list[str]]:
    """What a set action says of what: `name=x value=1 value=2`, or `x=1` alone. Raises `Unreadable`."""
    if "name" in action.attributes:
        attribute(action, "value")
        return attribute(action, "name").lower(), action.attributes["value"]
    own = [(key, values) for key, values in action.attributes.items() if not key.startswith(_LEFT_OUT)]
    if len(own) != 1:
        raise Unreadable("set: neither name=... value=... nor one attribute alone")
    return own[0][0].lower(), own[0][1]


def _architectures(action: Action) -> tuple[str, ...]:
    """Those that the action is for, each once; none: all. Raises `Unreadable`."""
    found = tuple(dict.fromkeys(action.attributes.get(_ARCHITECTURE, ())))
    if len(found) > ARCHITECTURES_MAX:
        raise Unreadable(f"{action.name}: for more than {ARCHITECTURES_MAX} architectures")
    return found


def _alternative(written: str) -> Alternative:
    """A package named in a dependency: that version or a later one will do."""
    name, version = fmri.parse(written)
    return Alternative(name, "", ">=" if version else "", version)


def _written(action: Action) -> str:
    """The attributes as a shell would read them."""
    own = [(key, values) for key, values in action.attributes.items() if not key.startswith(_LEFT_OUT)]
    return " ".join(f"{shlex.quote(key)}={shlex.quote(value)}" for key, values in own for value in values)


class _Draft:
    """One package, as far as its lines are read. `begun`: its FMRI was met, good or bad; `name` is empty until a good one.

    What holds of the releases of some architectures only is kept with them; with none it holds of all.
    """

    def __init__(self, limits: Limits) -> None:
        self.begun = False
        self.name = self._version = ""
        self._limits = limits
        self._left_bytes = limits.value_bytes_max
        self._line = 0
        self._action_for: tuple[str, ...] = ()
        self._architectures: dict[str, None] = {}
        self._fields: list[tuple[tuple[str, ...], str, str]] = []
        self._relations: list[tuple[tuple[str, ...], str, Relation]] = []
        self._paths: list[tuple[tuple[str, ...], bytes]] = []
        self._summary: list[str] = []
        self._description: list[str] = []

    def add(self, action: Action, line: actions.Line) -> None:
        """Raises `Unreadable`, which costs the action, or all of a package that says too much."""
        self._line = self._line or line.number
        self.begun = self.begun or _is_fmri(action)
        if self._left_bytes < 0 or (self.begun and not self.name and not _is_fmri(action)):
            return
        self._left_bytes -= len(line.text)
        if self._left_bytes < 0:
            raise Unreadable(f"more than {self._limits.value_bytes_max} bytes about one package: nothing of it is read")
        # Once an action: a value may be one of thousands in its line, and the architectures too.
        self._action_for = _architectures(action)
        if action.name == "set":
            self._set(action)
        elif action.name == "depend":
            self._depend(action)
        elif action.name == "license":
            self._say("license", attribute(action, "license"))
        elif action.name in ACTIONS:
            self._say(action.name, _written(action))
        elif action.name != "signature":
            self._path(action)

    def facts(self) -> Iterator[Fact]:
        if not self.begun and self._line:
            yield Fault(f"line {self._line}", "of no package: 'set name=pkg.fmri value=pkg:/NAME@VERSION' is missing")
        if not self.name or self._left_bytes < 0:
            return
        for architecture in self._architectures or ("",):
            yield Releases(self.name, self._release(architecture))
        if self._description:
            yield Texts(self.name, "", Text(" ".join(self._summary), "\n".join(self._description)))
        for architecture in self._architectures or ("",):
            if pairs := self._pairs(architecture):
                yield Paths(architecture, pairs)

    # One action

    def _set(self, action: Action) -> None:
        name, values = _named(action)
        if name == "pkg.summary":
            self._summary += map(names.text, values)
            return
        if name in _DESCRIPTIONS:
            self._description += map(names.text, values)
            return
        if name in _FMRI:
            self.name, self._version = fmri.parse(values[-1])
            name = "pkg.fmri"
        elif name == _ARCHITECTURE:
            self._bind(values)
        for value in values:
            self._say(name, value)

    def _bind(self, architectures: list[str]) -> None:
        self._architectures.update(dict.fromkeys(map(names.architecture, architectures)))
        if len(self._architectures) > ARCHITECTURES_MAX:
            self._left_bytes = -1
            raise Unreadable(f"more than {ARCHITECTURES_MAX} architectures: nothing of it is read")

    def _depend(self, action: Action) -> None:
        kind = attribute(action, "type").lower()
        attribute(action, "fmri")
        written = action.attributes["fmri"]
        relation = tuple(map(_alternative, written))
        for text in written:
            self._say(DEPEND + kind, text)
        if kind in _KINDS:
            self._relations.append((self._action_for, _KINDS[kind], relation))

    def _path(self, action: Action) -> None:
        written = attribute(action, "path").encode("utf-8", "surrogateescape")
        path = names.path(written, self._limits.path_bytes_max)
        self._paths.append((self._action_for, path))
        if action.name != "file":
            self._say(f"path.{action.name}", path.decode("utf-8", "surrogateescape"))

    def _say(self, field: str, value: str) -> None:
        if value:
            self._fields.append((self._action_for, names.text(field), names.text(value)))

    # What it comes to

    def _holds(self, architectures: tuple[str, ...], architecture: str) -> bool:
        return not architecture or not architectures or architecture in architectures

    def _release(self, architecture: str) -> Release:
        fields = {"version-scheme": ["ips"]}
        if self._summary:
            fields["summary"] = [" ".join(self._summary)]
        for architectures, field, value in self._fields:
            if self._holds(architectures, architecture):
                fields.setdefault(field, []).append(value)
        relations: dict[str, list[Relation]] = {}
        for architectures, kind, relation in self._relations:
            if self._holds(architectures, architecture):
                relations.setdefault(kind, []).append(relation)
        return Release(
            self._version, architecture, {field: "\n".join(values) for field, values in fields.items()},
            {kind: tuple(found) for kind, found in relations.items()},
        )

    def _pairs(self, architecture: str) -> list[bytes]:
        suffix = b"\t" + self.name.encode()
        return [path + suffix for architectures, path in self._paths if self._holds(architectures, architecture)]
