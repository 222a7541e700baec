"""What may be counted on, by the kind of file system and how it is mounted. docs/operations.md is compared with this."""

from __future__ import annotations

from pkgindex.store.filesystem import Mount
from pkgindex.store.probe.finding import GOOD, NOTE, Finding

LOCAL = "one host writes and reads here; a publish survives a power cut, and readers know of it at their next question"
SHARED = (
    "any number of hosts may write and read; a generation is seen at the next look, which lists a directory",
    "after a power cut of the server everybody waits until it is back, and goes on",
)

# The kinds of which something is known, as mountinfo calls them.
EXPECTED: dict[str, tuple[str, ...]] = {
    "ext4": (LOCAL,),
    "xfs": (LOCAL,),
    "btrfs": (LOCAL,),
    "zfs": (LOCAL,),
    "overlay": (
        "as the upper layer; it is gone with the container, so mount a volume for an index that is to stay",
    ),
    "tmpfs": ("as a local disk until the host is restarted, when all of it is gone; flushing means nothing",),
    "nfs4": (
        *SHARED,
        "when a writer's host dies its lock is free after the server's lease; other clients may stall as long",
    ),
    "nfs": (
        *SHARED,
        "when a writer's host dies its lock may stay: remove writer.lock while no packer runs",
    ),
    "fuse.glusterfs": (
        *SHARED,
        "each small file costs some 10 ms: think of 'init --partition bucket'",
    ),
}
UNKNOWN_LOCAL = ("as a local disk, if it honours fsync; nobody has measured it",)
UNKNOWN_SHARE = (
    "as on NFS, if its links are exclusive between hosts and its listings fresh: this was tried from one host only",
)


def expectations(mount: Mount, remote: bool) -> tuple[str, ...]:
    return EXPECTED.get(mount.kind, UNKNOWN_SHARE if remote else UNKNOWN_LOCAL)


# By option: what it means, what to do.
OPTIONS = {
    "soft": ("a slow server becomes an error in the midst of a pack", "mount writers hard"),
    "softerr": ("a slow server becomes an error in the midst of a pack", "mount writers hard"),
    "nolock": ("locks hold on this host only", "nothing is unsafe by that; two packers may do the same work twice"),
    "local_lock=all": ("locks hold on this host only", "nothing is unsafe by that; two packers may do the same work twice"),
    "noac": ("attributes are not cached", "not needed here, and every reader pays for it"),
    "lookupcache=none": ("names are not cached", "not needed here, and every reader pays for it"),
    "actimeo=0": ("attributes are not cached", "not needed here, and every reader pays for it"),
    "ro": ("it is mounted read-only", "a host that only asks needs no more"),
}
CACHED = {"nfs", "nfs4"}


def options(mount: Mount) -> Finding:
    """What the way in which it is mounted does to an index."""
    told = [(option, *OPTIONS[option]) for option in mount.options if option in OPTIONS]
    if told:
        return Finding("mount options", NOTE, "; ".join(f"{option}: {says}" for option, says, _ in told),
                       "; ".join(dict.fromkeys(advice for *_, advice in told)))
    if mount.kind in CACHED:
        return Finding("mount options", GOOD, "names and attributes are cached, for up to a minute; an index does not mind")
    return Finding("mount options", GOOD, "nothing that would matter")
