"""What a lab is made of: which programs, from which Debian packages, and whether this machine can have it at all.

A kernel that runs as a process comes from Debian's user-mode-linux. Its package is unpacked in the lab's folder and not
installed; the programs of an NFS server are installed, and none of their daemons is started on this host.
"""

from __future__ import annotations

import glob
import os
import platform
import subprocess

import debian_packages
from lab.place import folder
from steps import Failed, step

# program: package
NFS = {
    "mount.nfs": "nfs-common", "rpc.nfsd": "nfs-kernel-server", "rpcbind": "rpcbind", "modprobe": "kmod", "ip": "iproute2",
    "mkfs.ext4": "e2fsprogs", "nft": "nftables",
}
GLUSTER = {"glusterd": "glusterfs-server", "glusterfs": "glusterfs-client", "ip": "iproute2", "mount": "mount"}
KERNEL_PACKAGE = "user-mode-linux"
# What a guest has its network from, and what GlusterFS is mounted by.
TUN, FUSE = "/dev/net/tun", "/dev/fuse"


def reason_against(device: str) -> str:
    """Why no lab can be here that needs *device*, or nothing."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return "a lab needs Linux on x86_64"
    if os.geteuid() != 0:
        return "a lab needs root: it makes networks, and mounts"
    return "" if os.path.exists(device) else f"a lab needs {device}, which this machine does not offer"


def kernel() -> str:
    return folder("kernel", "usr", "bin", "linux.uml")


def modules() -> str:
    """What modprobe takes for the root: below it lie `lib/modules`."""
    return folder("modules")


def fetch_nfs() -> None:
    """Have all that guests need. Raises `SystemExit` with what is missing and why."""
    _require(NFS)
    if not os.path.exists(kernel()):
        _fetch_kernel()
    os.makedirs(os.path.join(modules(), "lib"), exist_ok=True)
    link = os.path.join(modules(), "lib", "modules")
    if not os.path.lexists(link):
        os.symlink(folder("kernel", "usr", "lib", "uml", "modules"), link)


def fetch_gluster() -> None:
    _require(GLUSTER)


def _require(programs: dict[str, str]) -> None:
    packages = debian_packages.missing(programs)
    if packages and not debian_packages.install(packages):
        raise Failed(f"the lab needs {debian_packages.line(packages)}")


def _fetch_kernel() -> None:
    place = folder("kernel", "")
    if not step(f"apt-get download {KERNEL_PACKAGE}", ["apt-get", "-q", "download", KERNEL_PACKAGE], cwd=place):
        raise Failed(f"the lab needs a kernel that runs as a process: Debian's package {KERNEL_PACKAGE}")
    for package in glob.glob(os.path.join(place, f"{KERNEL_PACKAGE}_*.deb")):
        subprocess.run(["dpkg-deb", "-x", package, place], check=True)
        os.unlink(package)
