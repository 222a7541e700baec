"""Which kind of file system a path lies on, because a share differs from a local disk in what may be relied on.

On a share other hosts' changes raise no watch events, files removed elsewhere kill a memory map, `syncfs` says nothing
about the server, and every small file costs a round trip.
"""

from __future__ import annotations

import os
from typing import NamedTuple

MOUNTS = "/proc/self/mountinfo"

# Besides everything of `fuse.`: sshfs, glusterfs, s3fs and their like. (`fuseblk` is a local disk.)
# fmt: off
REMOTE = frozenset((
    "9p", "afs", "beegfs", "ceph", "cifs", "fuse", "gfs2", "glusterfs", "gpfs", "lustre", "nfs", "nfs4", "ocfs2",
    "orangefs", "smb3", "smbfs", "vboxsf", "virtiofs",
))
# fmt: on


def is_remote(path: str) -> bool:
    """Whether *path* lies on storage that other hosts may change."""
    return on_a_share(file_system(path))


def on_a_share(kind: str) -> bool:
    """Whether a file system of that *kind* is one that other hosts may change."""
    return kind in REMOTE or kind.startswith("fuse.")


def file_system(path: str) -> str:
    """The type of the file system that *path* lies on, or would lie on: `ext4`, `nfs4`, `fuse.sshfs` ...

    Empty where the system does not tell.
    """
    return mount_of(path).kind


class Mount(NamedTuple):
    """A file system as it is mounted; *options* are those of the mount and those of the file system: `rw`, `vers=4.2` ..."""

    kind: str = ""
    options: tuple[str, ...] = ()


def mount_of(path: str) -> Mount:
    """The mount that *path* lies on, or would lie on; an empty one where the system does not tell."""
    # A look into the directory first: it makes an automounter mount what the list of mounts is then asked for.
    os.path.exists(os.path.join(path, "."))
    try:
        with open(MOUNTS, "rb") as mounts:
            return mounted(mounts.read(), os.fsencode(os.path.realpath(path)))
    except FileNotFoundError:
        return Mount()


def mounted(mountinfo: bytes, path: bytes) -> Mount:
    """The mount in *mountinfo* (proc(5)) that the absolute *path* is under.

    >>> lines = b"27 1 254:0 / / rw - ext4 /dev/vda rw\\n31 27 0:9 / /srv/my\\\\040disk rw shared:2 - nfs4 h:/e rw,vers=4.2\\n"
    >>> mounted(lines, b"/srv/my disk/spool")
    Mount(kind='nfs4', options=('rw', 'vers=4.2'))
    >>> mounted(lines, b"/srv/my disk2").kind
    'ext4'
    """
    found, longest = Mount(), -1
    for line in mountinfo.splitlines():
        place, _, source = line.partition(b" - ")
        fields, facts = place.split(b" "), source.split(b" ")
        if len(fields) < 6:
            continue
        point = _unescaped(fields[4])
        # Of two mounts on one point the later one hides the earlier, hence `>=`.
        if len(point) >= longest and (path + b"/").startswith(point.rstrip(b"/") + b"/"):
            options = dict.fromkeys([*fields[5].split(b","), *facts[-1].split(b",")])
            found, longest = Mount(os.fsdecode(facts[0]), tuple(map(os.fsdecode, options))), len(point)
    return found


def _unescaped(field: bytes) -> bytes:
    """Blanks, tabs, newlines and backslashes of a mount point stand there as three octal digits."""
    first, *rest = field.split(b"\\")
    return first + b"".join(bytes([int(part[:3], 8)]) + part[3:] for part in rest)
