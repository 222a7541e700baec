"""A lab of guests: an NFS server and two clients, each with NFSv3 and NFSv4.2."""

from __future__ import annotations

from lab import network, parts
from lab.guest import Guest
from lab.place import SERVER

PLACES = {"n3": "/mnt/n3", "n4": "/mnt/n4"}


class Nfs:
    server = SERVER
    clocks = True

    def __init__(self, kind: str) -> None:
        self._place = PLACES[kind]
        self.hosts = {name: Guest(name) for name in ("c1", "c2")}
        self._all = {SERVER: Guest(SERVER), **self.hosts}

    def up(self) -> None:
        """All hosts, new ones: what the last battery left is no part of this one."""
        parts.fetch_nfs()
        network.make()
        for guest in self._all.values():
            guest.kill()
            guest.boot()

    def down(self) -> None:
        for guest in self._all.values():
            guest.kill()

    def place(self, host: str) -> str:
        return self._place

    def cut(self, name: str) -> None:
        network.cut(name)

    def heal(self, name: str) -> None:
        network.heal(name)

    def kill(self, name: str) -> None:
        self._all[name].kill()

    def boot(self, name: str) -> None:
        self._all[name].boot()

    def lose(self, sender: str, receiver: str) -> None:
        network.lose(sender, receiver)

    def lose_nothing(self) -> None:
        network.lose_nothing()
