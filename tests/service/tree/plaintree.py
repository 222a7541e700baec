"""The tree as a plain dictionary, by the words of the protocol and nothing else: what every answer is compared with."""

from __future__ import annotations

from pkgindex.service.tree.protocol import Malformed, Request


class PlainTree:
    def __init__(self) -> None:
        self.lists: dict[str, set[str]] = {}

    def answer(self, request: Request | Malformed) -> bytes:
        if isinstance(request, Malformed):
            return b"ERROR\n"
        return b"OK\n" if getattr(self, request.command.lower())(request.package, set(request.dependencies)) else b"FAIL\n"

    def index(self, package: str, dependencies: set[str]) -> bool:
        if not dependencies <= self.lists.keys():
            return False
        self.lists[package] = dependencies
        return True

    def remove(self, package: str, ignored: set[str]) -> bool:
        if any(package in dependencies for name, dependencies in self.lists.items() if name != package):
            return package not in self.lists
        self.lists.pop(package, None)
        return True

    def query(self, package: str, ignored: set[str]) -> bool:
        return package in self.lists
