"""After every step of a real package manager the index says what the manager says: names, versions, paths."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from managers.following import Follower
from managers.roots import DpkgRoot, NpmRoot, PacmanRoot, PythonRoot, RpmRoot
from pkgindex.service.sync import Synced

ROOTS: dict[str, tuple[str, Callable[[Path], Any], list[str], list[str]]] = {
    "dpkg": ("dpkg", DpkgRoot, ["/usr/bin/tool", "/usr/share/doc/a tool"], ["/usr/bin/tool2"]),
    "rpm": ("rpm", RpmRoot, ["/usr/bin/tool", "/usr/share/doc/a tool"], ["/usr/bin/tool2"]),
    "pacman": ("pacman", PacmanRoot, ["/usr/bin/tool", "/usr/share/doc/a tool"], ["/usr/bin/tool2"]),
    "pip": ("pip", PythonRoot, ["tool/__init__.py", "tool/a file, with a comma"], ["tool/other.py"]),
    "uv": ("pip", lambda root: PythonRoot(root, "uv"), ["tool/__init__.py", "tool/a file, with a comma"], ["tool/other.py"]),
    "npm": ("npm", NpmRoot, ["index.js", "lib/a file"], ["lib/other.js"]),
}


# Each of their steps takes seconds.
SLOW = ("npm", "pip")


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in ROOTS])
def follower(request: pytest.FixtureRequest, tmp_path: Path) -> Follower:
    manager, root, _, _ = ROOTS[request.param]
    return Follower(manager, root(tmp_path), tmp_path)


def test_after_every_step_the_index_says_what_the_manager_says(follower: Follower, request: pytest.FixtureRequest) -> None:
    _, _, files, more = ROOTS[request.node.callspec.params["follower"]]
    root = follower.root
    one, two = ("1.0-1", "2.0-1") if follower.manager in ("dpkg", "rpm", "pacman") else ("1.0.0", "2.0.0")
    steps: list[tuple[str, Callable[[], None], Callable[[Synced], bool]]] = [
        ("install", lambda: root.install("tool", one, files), lambda synced: "tool" in synced.added),
        ("install another", lambda: root.install("other", one, [f"{files[0]}.b"]), lambda synced: synced.added == ("other",)),
        ("upgrade", lambda: root.install("tool", two, [*files, *more]), lambda synced: synced.changed == ("tool",)),
        ("downgrade", lambda: root.install("tool", one, files), lambda synced: synced.changed == ("tool",)),
        ("reinstall", lambda: root.install("tool", one, files), lambda synced: not synced.added and not synced.removed),
        ("remove", lambda: root.remove("tool"), lambda synced: synced.removed == ("tool",)),
    ]
    for step, act, expected in steps:
        act()
        synced = follower.sync()
        assert follower.listed() == root.listed(), step
        assert expected(synced), (step, synced)
    if follower.manager in ("dpkg", "pacman"):
        (change,) = follower.changes("removed")
        # Both tell whole seconds, which the time of a look hardly ever is.
        assert change.at == int(change.at) <= change.seen != int(change.seen), "the manager's own diary says when"
