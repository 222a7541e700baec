"""What an `OSError` of the storage means, and what to do about it.

Read and write differ: an unreadable blob says "begin again from the listing", an unwritable one says why not.
"""

from __future__ import annotations

import errno

from pkgindex.errors import Exists, Gone, NoIndex, NoSpace, StoreError

# What another host's `gc`, a server's restart or a failing disk look like to a reader.
_GONE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ESTALE, errno.EIO}
FULL_DISK = frozenset((errno.ENOSPC, errno.EDQUOT))
_REFUSED = {errno.EACCES, errno.EPERM}
# What a mount in user space answers while its servers are out of reach; one in the kernel waits.
_AWAY = {errno.ENOTCONN, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT, errno.ECONNABORTED}
# What link(2) answers where a file can have one name only (FAT, exFAT, some FUSE and SMB servers).
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


def unread(error: OSError, path: str) -> StoreError:
    """Why *path* could not be read."""
    if error.errno in _GONE:
        return Gone(f"{path} is no longer there ({error.strerror}): begin again from the newest generation")
    if error.errno in _REFUSED:
        return StoreError(f"{path} may not be read ({error.strerror}): give this user read permission on the index")
    if error.errno in _AWAY:
        # Of several servers another may answer in a moment.
        return Gone(_away(error, path))
    if error.errno == errno.ELOOP:
        return StoreError(f"{path} is a symbolic link, which an index never holds: remove it")
    return StoreError(f"{path} cannot be read ({error.strerror}): {_remedy(error)}")


def unwritten(error: OSError, path: str) -> StoreError:
    """Why *path* could not be written, flushed or removed."""
    if error.errno == errno.EEXIST:
        return Exists(f"{path} exists already, and a name is used once")
    if error.errno in FULL_DISK:
        return NoSpace(
            f"no space left to write {path} ({error.strerror}): free some or raise the quota; "
            "'pkgindex gc' removes what no generation needs"
        )
    if error.errno in _REFUSED:
        return StoreError(f"{path} may not be written ({error.strerror}): run as the user who owns the index")
    if error.errno in _AWAY:
        return StoreError(_away(error, path))
    if error.errno == errno.EROFS:
        return StoreError(f"{path} is on a file system that is mounted read-only: pack on a host that may write")
    return StoreError(f"{path} cannot be written ({error.strerror}): {_remedy(error)}")


def _remedy(error: OSError) -> str:
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "raise the limit of open files (ulimit -n)"
    return "see whether the disk is mounted and well, and run it again"


def unlinked(error: OSError, path: str) -> StoreError:
    """Why *path* could not become the second name of a file."""
    if error.errno in _NO_LINKS:
        return StoreError(
            f"{path} cannot be linked ({error.strerror}): this file system gives a file one name only, so nothing "
            "could decide between two writers; keep the index on one with hard links (ext4, xfs, NFS, GlusterFS)"
        )
    if error.errno == errno.EXDEV:
        return StoreError(f"{path} is not on the file system of the file that was made for it: an index must be on one")
    return unwritten(error, path)


def _away(error: OSError, path: str) -> str:
    return f"{path} is out of reach ({error.strerror}): its share is away; try again when it is back"


def rootless(root: str) -> NoIndex:
    """*root* is not a directory; it is not made here, for it may lie on a share that is not mounted just now."""
    return NoIndex(f"{root} is no directory: is the share mounted? 'pkgindex init REPO' makes a new repository")
