"""A file system of this process's own, mounted by the kernel's FUSE protocol: requests are read from /dev/fuse, and answered.

Nothing but the kernel is needed, no libfuse. There are two kinds of mount:

    share     `fuse`, which the project takes for a share of several hosts: each file is flushed
    disk      `fuseblk` on a loop device, which it takes for a local disk: many files are flushed by one syncfs, which the
              kernel passes on since 6.18 (before, nobody here hears of it, so that it cannot be judged)

What the requests mean is for `volatile`. Reference: fuse(4), and include/uapi/linux/fuse.h of the kernel, protocol 7.31.
"""

from __future__ import annotations

import ctypes
import errno
import os
import pickle
import platform
import re
import shutil
import stat
import struct
import subprocess
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from battery.volatile import Disk, Inode, Refused

DEVICE = "/dev/fuse"
SHARE, DISK = "share", "disk"
_SYNCFS_PASSED_SINCE = (6, 18)
_LOOP_BYTES = 1 << 20
_libc = ctypes.CDLL(None, use_errno=True)

_REQUEST_BYTES = (1 << 20) + 4096
_WRITE_BYTES_MAX = 1 << 20
_PAGES_MAX = 256
_BIG_WRITES, _PAGES = 1 << 5, 1 << 22
# How long the kernel may remember a name: only it changes any. What a file is like it asks each time.
_NAME_SECONDS = 1000
_SET_MODE, _SET_SIZE, _SET_MTIME, _SET_MTIME_NOW = 1, 8, 32, 256
_NO_REPLACE = 1
_DETACH = 2

_head = struct.Struct("<IIQQIIII")
_reply = struct.Struct("<IiQ")
_attributes = struct.Struct("<QQQQQQIIIIIIIIII")
_entry = struct.Struct("<QQQQII")
_setattr = struct.Struct("<IIQQQQQQIIIIIIII")


def reason_against(kind: str) -> str:
    """Why nothing of that *kind* can be mounted here, or nothing."""
    if platform.system() != "Linux" or os.geteuid() != 0:
        return "a mount of its own needs Linux, and root"
    if not os.path.exists(DEVICE):
        return f"a mount of its own needs {DEVICE}, which this machine does not offer"
    if kind == SHARE:
        return ""
    found = re.match(r"(\d+)\.(\d+)", os.uname().release)
    if found is None or (int(found[1]), int(found[2])) < _SYNCFS_PASSED_SINCE:
        return f"Linux {os.uname().release} keeps a syncfs to itself; a local disk is played since 6.18"
    if shutil.which("losetup") is None or not os.path.exists("/dev/loop-control"):
        return "a local disk needs losetup and /dev/loop-control"
    return ""


@contextmanager
def mounted(place: str, kind: str, record: str) -> Iterator[None]:
    """What the directory *place* holds, on a disk of *kind* mounted there; all that was changed is in the file *record* then.

    Another process answers, so that this one may use the mount.
    """
    mount = _Mount(Disk(place), place, kind)
    server = os.fork()
    if server == 0:
        mount.serve(record)
    mount.leave()
    try:
        yield
    finally:
        _unmount(place)
        _, status = os.waitpid(server, 0)
    assert status == 0, f"who answered for {place} ended with {os.waitstatus_to_exitcode(status)}"


def mark(place: str, text: str) -> None:
    """Have it on record, at this point, that *text* was acknowledged."""
    os.setxattr(place, MARK, text.encode())


class _Mount:
    def __init__(self, disk: Disk, place: str, kind: str) -> None:
        self._disk, self._place = disk, place
        self._loop = _loop_device(f"{place}.loop") if kind == DISK else ""
        self._handle = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
        options = f"fd={self._handle},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions"
        source, how = (self._loop, "fuseblk") if self._loop else ("powercut", "fuse")
        if _libc.mount(source.encode(), place.encode(), how.encode(), 0, options.encode()):
            code = ctypes.get_errno()
            self._detach()
            raise OSError(code, os.strerror(code), place)

    def leave(self) -> None:
        """To the process that serves."""
        os.close(self._handle)

    def serve(self, record: str) -> NoReturn:
        """Until somebody unmounts it; ends the process."""
        code = 1
        try:
            self._answer_all()
            with open(record, "wb") as file:
                pickle.dump(self._disk.record, file)
            self._detach()
            code = 0
        except BaseException:  # noqa: BLE001 - nothing of this process may run in its twin
            traceback.print_exc()
        finally:
            os._exit(code)

    def _answer_all(self) -> None:
        while True:
            try:
                request = os.read(self._handle, _REQUEST_BYTES)
            except OSError as error:
                if error.errno == errno.ENODEV:
                    return
                # It was given up before it could be read.
                if error.errno != errno.ENOENT:
                    raise
            else:
                self._answer(request)

    def _answer(self, request: bytes) -> None:
        _, opcode, unique, node, *_ = _head.unpack_from(request)
        if opcode in _UNANSWERED:
            return
        code, body = 0, b""
        try:
            act = _ACTS.get(opcode)
            if act is None:
                raise Refused(errno.ENOSYS)
            body = act(self._disk, node, request[_head.size:])
        except Refused as refused:
            code = refused.code
        try:
            os.write(self._handle, _reply.pack(_reply.size + len(body), -code, unique) + body)
        except OSError as error:
            # Who asked was killed meanwhile.
            if error.errno != errno.ENOENT:
                raise

    def _detach(self) -> None:
        if self._loop:
            subprocess.run(["losetup", "-d", self._loop], check=False, capture_output=True)
            os.unlink(f"{self._place}.loop")


def _unmount(place: str) -> None:
    """Also while somebody still has a file open there, who failed to end."""
    if _libc.umount2(place.encode(), 0) and _libc.umount2(place.encode(), _DETACH):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), place)


def _loop_device(file: str) -> str:
    with open(file, "wb") as made:
        made.truncate(_LOOP_BYTES)
    return subprocess.run(["losetup", "-f", "--show", file], check=True, capture_output=True, text=True).stdout.strip()


# What is answered

def _described(inode: Inode) -> bytes:
    seconds, rest = divmod(inode.mtime_ns, 10**9)
    size = len(inode.data)
    return _attributes.pack(inode.number, size, (size + 511) // 512, seconds, seconds, seconds, rest, rest, rest,
                            inode.mode, inode.links, 0, 0, 0, 4096, 0)


def _named(inode: Inode) -> bytes:
    return _entry.pack(inode.number, 0, _NAME_SECONDS, 0, 0, 0) + _described(inode)


def _told(inode: Inode) -> bytes:
    return struct.pack("<QII", 0, 0, 0) + _described(inode)


def _opened(inode: Inode) -> bytes:
    return struct.pack("<QII", inode.number, 0, 0)


def _names(body: bytes) -> list[str]:
    return [os.fsdecode(name) for name in body.split(b"\0")[:-1]]


def _init(disk: Disk, node: int, body: bytes) -> bytes:
    _, minor, ahead, flags = struct.unpack_from("<IIII", body)
    return struct.pack("<IIIIHHIIHHI28x", 7, min(minor, 31), ahead, flags & (_BIG_WRITES | _PAGES), 16, 12,
                       _WRITE_BYTES_MAX, 1, _PAGES_MAX, 0, 0)


def _setattr_of(disk: Disk, node: int, body: bytes) -> bytes:
    wanted, _, _, size, _, _, seconds, _, _, rest, _, mode, *_ = _setattr.unpack_from(body)
    inode = disk.inode(node)
    if wanted & _SET_MODE:
        disk.do("chmod", node, mode)
    if wanted & _SET_SIZE:
        disk.do("truncate", node, size)
    if wanted & (_SET_MTIME | _SET_MTIME_NOW):
        disk.do("utime", node, None if wanted & _SET_MTIME_NOW else seconds * 10**9 + rest)
    return _told(inode)


def _mkdir(disk: Disk, node: int, body: bytes) -> bytes:
    mode, umask = struct.unpack_from("<II", body)
    return _named(disk.make(node, _names(body[8:])[0], stat.S_IFDIR | mode & ~umask))


def _mknod(disk: Disk, node: int, body: bytes) -> bytes:
    mode, _, umask, _ = struct.unpack_from("<IIII", body)
    return _named(disk.make(node, _names(body[16:])[0], mode & ~umask))


def _create(disk: Disk, node: int, body: bytes) -> bytes:
    _, mode, umask, _ = struct.unpack_from("<IIII", body)
    inode = disk.make(node, _names(body[16:])[0], mode & ~umask)
    return _named(inode) + _opened(inode)


def _unlink(disk: Disk, node: int, body: bytes) -> bytes:
    disk.do("unlink", node, _names(body)[0])
    return b""


def _rename(disk: Disk, node: int, body: bytes, head: int = 8) -> bytes:
    target = struct.unpack_from("<Q", body)[0]
    old, new = _names(body[head:])
    disk.do("rename", node, old, target, new)
    return b""


def _rename2(disk: Disk, node: int, body: bytes) -> bytes:
    target, flags, _ = struct.unpack_from("<QII", body)
    if flags & ~_NO_REPLACE:
        raise Refused(errno.EINVAL)
    if flags and _names(body[16:])[1] in disk.inode(target).children:
        raise Refused(errno.EEXIST)
    return _rename(disk, node, body, 16)


def _link(disk: Disk, node: int, body: bytes) -> bytes:
    old = struct.unpack_from("<Q", body)[0]
    disk.do("link", old, node, _names(body[8:])[0])
    return _named(disk.inode(old))


def _read(disk: Disk, node: int, body: bytes) -> bytes:
    _, offset, size = struct.unpack_from("<QQI", body)
    return bytes(disk.inode(node).data[offset:offset + size])


def _write(disk: Disk, node: int, body: bytes) -> bytes:
    _, offset, size = struct.unpack_from("<QQI", body)
    disk.do("write", node, offset, body[40:40 + size])
    return struct.pack("<II", size, 0)


def _readdir(disk: Disk, node: int, body: bytes) -> bytes:
    _, offset, size = struct.unpack_from("<QQI", body)
    answer = bytearray()
    for place, (name, number) in enumerate(list(disk.inode(node).children.items())[offset:], offset + 1):
        data = os.fsencode(name)
        entry = struct.pack("<QQII", number, place, len(data), disk.inode(number).mode >> 12) + data
        entry += b"\0" * (-len(entry) % 8)
        if len(answer) + len(entry) > size:
            break
        answer += entry
    return bytes(answer)


def _fsync(disk: Disk, node: int, body: bytes) -> bytes:
    disk.do("fsync", node)
    return b""


def _syncfs(disk: Disk, node: int, body: bytes) -> bytes:
    disk.do("syncfs")
    return b""


def _mark(disk: Disk, node: int, body: bytes) -> bytes:
    """An attribute that is set is no attribute: it says at which point of the record something was acknowledged."""
    name, rest = body[8:].split(b"\0", 1)
    if name != MARK.encode():
        raise Refused(errno.ENOTSUP)
    disk.do("mark", rest.decode())
    return b""


MARK = "user.powercut"
_UNANSWERED = frozenset((2, 36, 42))
_Act = Callable[[Disk, int, bytes], bytes]
_ACTS: dict[int, _Act] = {
    1: lambda disk, node, body: _named(disk.look_up(node, _names(body)[0])),
    3: lambda disk, node, body: _told(disk.inode(node)),
    4: _setattr_of,
    8: _mknod,
    9: _mkdir,
    10: _unlink,
    11: lambda disk, node, body: _unlink(disk, node, body),
    12: _rename,
    13: _link,
    14: lambda disk, node, body: _opened(disk.inode(node)),
    15: _read,
    16: _write,
    17: lambda disk, node, body: struct.pack("<QQQQQIIII24x", 1 << 24, 1 << 23, 1 << 23, 1 << 20, 1 << 19, 4096, 255, 4096, 0),
    18: lambda disk, node, body: b"",
    20: _fsync,
    21: _mark,
    26: _init,
    27: lambda disk, node, body: _opened(disk.inode(node)),
    28: _readdir,
    29: lambda disk, node, body: b"",
    30: _fsync,
    35: _create,
    38: lambda disk, node, body: b"",
    45: _rename2,
    50: _syncfs,
}
