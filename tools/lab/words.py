"""python3 tools/dev.py lab WORD

    setup                 fetch what a lab is made of (once); says why, where there can be none
    up [CLIENTS]          an NFS server `srv` with an ext4 disk, and clients `c1`, `c2` ... (2), with NFSv3 on /mnt/n3 and
                          NFSv4.2 on /mnt/n4
    run NAME COMMAND      have a shell of that guest do COMMAND; this host's files are its root, read-only
    cut NAME, heal NAME   take it off the network, put it back
    kill NAME, boot NAME  a power cut, and what comes after it
    down                  end all guests, and forget their disk
    battery [ARG]         readers and writers on all hosts while these things happen: battery --help

Needs root, and /dev/net/tun (NFS) or /dev/fuse (GlusterFS). What it keeps is in /var/tmp/pkgindex-lab, or $PKGINDEX_LAB.

    python3 tools/dev.py lab up
    python3 tools/dev.py lab run c1 'touch /mnt/n4/here; mount | grep nfs'
"""

from __future__ import annotations

import inspect
import shutil
import sys
from collections.abc import Callable

from lab import guest, network, parts
from lab.guest import Guest, Lost
from lab.place import SERVER, folder


def setup() -> int:
    parts.fetch_nfs()
    return 0


def up(clients: str = "2") -> int:
    parts.fetch_nfs()
    network.make()
    for name in (SERVER, *(f"c{number + 1}" for number in range(int(clients)))):
        if not Guest(name).alive():
            Guest(name).boot()
    return 0


def run(name: str, command: str) -> int:
    task = Guest(name).start(command)
    code = task.wait(float("inf"))
    sys.stdout.write(task.output())
    return code


def cut(name: str) -> int:
    network.cut(name)
    return 0


def heal(name: str) -> int:
    network.heal(name)
    return 0


def kill(name: str) -> int:
    Guest(name).kill()
    return 0


def boot(name: str) -> int:
    Guest(name).boot()
    return 0


def down() -> int:
    for known in guest.all_known():
        known.kill()
    network.remove()
    for part in ("mail", "pids", "disks", "umid"):
        shutil.rmtree(folder(part), ignore_errors=True)
    return 0


def battery(*arguments: str) -> int:
    from lab.battery import table

    return table.main(list(arguments))


WORDS: dict[str, Callable[..., int]] = {
    "setup": setup, "up": up, "run": run, "cut": cut, "heal": heal, "kill": kill, "boot": boot, "down": down,
    "battery": battery,
}


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help") or arguments[0] not in WORDS:
        print((__doc__ or "").strip())
        return 0 if arguments and arguments[0] in ("-h", "--help") else 2
    if arguments[0] != "battery" and (reason := parts.reason_against(parts.TUN)):
        print(f"no lab here: {reason}", file=sys.stderr)
        return 3
    word, *rest = arguments
    try:
        inspect.signature(WORDS[word]).bind(*rest)
    except TypeError as error:
        print(f"lab {word}: {error}; see lab --help", file=sys.stderr)
        return 2
    try:
        return WORDS[word](*rest)
    except Lost as lost:
        print(lost, file=sys.stderr)
        return 1
