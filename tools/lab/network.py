"""The wire between the guests: a bridge in a network namespace of its own, with one port for each guest.

A guest that is cut off keeps its port; the port leaves the bridge. What is told apart by direction (replies that get
lost) is for the packet filter of the bridge.
"""

from __future__ import annotations

import subprocess

from lab.place import NAMESPACE, NETWORK, address


def make() -> None:
    """The bridge; nothing where it is there."""
    if _there("netns", "pids", NAMESPACE):
        return
    _ip("netns", "add", NAMESPACE)
    for words in ("link add br0 type bridge", f"address add {NETWORK}.254/24 dev br0", "link set br0 up"):
        _ip("-n", NAMESPACE, *words.split())


def plug(name: str) -> str:
    """The port of guest *name*, made where it is missing and on the bridge; what the kernel calls it."""
    port = f"t{name}"
    if not _there("-n", NAMESPACE, "link", "show", port):
        _ip("-n", NAMESPACE, "tuntap", "add", "dev", port, "mode", "tap")
        _ip("-n", NAMESPACE, "link", "set", port, "up")
    heal(name)
    return port


def cut(name: str) -> None:
    _ip("-n", NAMESPACE, "link", "set", f"t{name}", "nomaster")


def heal(name: str) -> None:
    _ip("-n", NAMESPACE, "link", "set", f"t{name}", "master", "br0")


def lose(sender: str, receiver: str) -> None:
    """From now on nothing that *sender* says reaches *receiver*; the other way everything does."""
    rule = f"ip saddr {address(sender)} ip daddr {address(receiver)} drop"
    for words in ("add table bridge lost", "add chain bridge lost passing { type filter hook forward priority 0 ; }",
                  f"add rule bridge lost passing {rule}"):
        _inside("nft", *words.split())


def lose_nothing() -> None:
    """As it was before any `lose`."""
    subprocess.run([*_entered(), "nft", "delete", "table", "bridge", "lost"], capture_output=True)


def remove() -> None:
    subprocess.run(["ip", "netns", "delete", NAMESPACE], capture_output=True)


def _entered() -> list[str]:
    return ["nsenter", f"--net=/run/netns/{NAMESPACE}"]


def _inside(*command: str) -> None:
    _required([*_entered(), *command])


def _ip(*words: str) -> None:
    _required(["ip", *words])


def _required(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")


def _there(*words: str) -> bool:
    return subprocess.run(["ip", *words], capture_output=True).returncode == 0
