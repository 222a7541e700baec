"""The environment that the tools run in: `.venv` in the project, made once and then known by its stamp.

Invariants:

* The stamp names all that the environment was made from, and is written last: what was interrupted is done again.
* An environment without a stamp is a person's own: it is added to, never cleared.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys

import debian_packages
from steps import Failed, step

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
STAMP = "pkgindex-stamp"


class Environment:
    def __init__(self, project: str = PROJECT) -> None:
        self.project = project
        self.folder = os.path.join(project, ".venv")
        self.python = self.program("python")

    def program(self, name: str) -> str:
        return os.path.join(self.folder, "bin", name)

    def run(self, *arguments: str, env: dict[str, str] | None = None) -> int:
        """Run the environment's Python in the project, with its output where ours goes; its exit code."""
        sys.stdout.flush()
        return subprocess.run([self.python, *arguments], cwd=self.project, env=env).returncode

    def origin(self) -> str:
        """All that it is made from. The path is part of it, because the scripts of a venv hold it."""
        with open(os.path.join(self.project, "pyproject.toml"), "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        return f"{sys.version_info[0]}.{sys.version_info[1]} {digest} {self.project}"

    def stamp(self) -> list[str]:
        """What it was made from and the extras that it has; empty when there is no stamp."""
        try:
            with open(os.path.join(self.folder, STAMP), encoding="utf-8") as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def ensure(self, extra: str = "") -> None:
        """Have pkgindex installed from this folder, with the *extra* of pyproject.toml; instant when it is."""
        origin, *extras = self.stamp() or [""]
        alive = os.path.exists(self.python)
        if alive and origin == self.origin() and extra in ("", *extras):
            return
        if not alive or moved(origin, self.origin()):
            self._create()
            extras = []
        # An earlier extra stays wanted: `demo` after a change of pyproject.toml must not leave `test` half set up.
        wanted = sorted({*extras, extra} - {""})
        self._install(wanted)
        with open(os.path.join(self.folder, STAMP), "w", encoding="utf-8") as file:
            file.write("\n".join([self.origin(), *wanted]) + "\n")

    def _create(self) -> None:
        require_venv()
        if not step("environment: .venv", [sys.executable, "-m", "venv", "--clear", self.folder]):
            raise Failed(f"{sys.executable} cannot make a virtual environment in {self.folder}; see above")

    def _install(self, extras: list[str]) -> None:
        if os.path.exists(stamp := os.path.join(self.folder, STAMP)):
            os.unlink(stamp)
        what = f".[{','.join(extras)}]" if extras else "."
        command = [self.python, "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
        command += ["--root-user-action=ignore", "--editable", what]
        title = "environment: pkgindex, what it needs, and the checks" if extras else "environment: pkgindex and what it needs"
        if not step(title, command, cwd=self.project):
            raise Failed("pip could not install what is needed (see above); when the network was the reason, run this again")
        # Where Python is told to write no bytecode, every command would compile the project anew: 20 ms of each.
        step("environment: bytecode", [self.python, "-m", "compileall", "-q", "pkgindex"], cwd=self.project)


def moved(origin: str, now: str) -> bool:
    """Whether a venv made from *origin* cannot be used: another Python made it, or its scripts point elsewhere."""
    if not origin:
        return False
    (version, _, path), (version_now, _, path_now) = origin.split(" ", 2), now.split(" ", 2)
    return version != version_now or path != path_now


def require_venv() -> None:
    """Plain Debian has the `venv` module without the `ensurepip` that it needs; get it, or say how."""
    if venv_works():
        return
    # Debian's package helps Debian's Python only.
    debians = os.path.realpath(sys.executable).startswith("/usr/bin/")
    if debians and debian_packages.install(["python3-venv"]) and venv_works():
        return
    if debians:
        advice = f"this gives it what it lacks:\n\n    {debian_packages.line(['python3-venv'])}\n"
    else:
        advice = "it lacks the modules venv or ensurepip: use another Python, or install it anew with them."
    print(f"{sys.executable} cannot make virtual environments; {advice}", file=sys.stderr)
    raise SystemExit(2)


def venv_works() -> bool:
    importlib.invalidate_caches()
    return all(importlib.util.find_spec(module) is not None for module in ("venv", "ensurepip"))


def ready(extra: str = "") -> Environment:
    environment = Environment()
    environment.ensure(extra)
    return environment
