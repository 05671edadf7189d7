"""Keeps Python's modules readable for the user that a run becomes, if they are in a folder closed to it, such as /root.

In a mount namespace of the run's own, the closed folder is covered by an empty one in which only the needed folders are
mounted. Other processes still see the closed folder as before, and the run can read nothing else in it.
"""

import contextlib
import ctypes
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec

from netpreflight.agent.privilege.caller import Caller

_CLONE_NEWNS = 0x00020000
# <sys/mount.h>
_MS_NOSUID, _MS_NODEV, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 4096, 16384, 1 << 18
_MNT_DETACH = 2


def read_later() -> list[Path]:
    """What a run imports and reads after it has begun: the folders, and one file each of Python, msgspec, this tool."""
    project = Path(os.path.realpath(__file__)).parents[2]  # in a checkout, the packages are links into this folder
    folders = (sys.base_prefix, sys.base_exec_prefix, sys.prefix, *sys.path)
    files = (os.__file__, msgspec.__file__, __file__)  # of Python, of what is installed, and of this project
    found = [*map(Path, filter(None, folders)), project, *map(Path, files)]
    return [path.absolute() for path in dict.fromkeys(found) if path.exists()]


def may_read(path: Path) -> bool:
    """Whether this process may read a file, or list a folder."""
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError:
        return False
    return True


def make_readable(paths: Iterable[Path], user: Caller) -> None:
    """Make these readable for a user who may not enter a folder above them; without effect if the system refuses."""
    _show_unpacked()
    closed: dict[Path, list[Path]] = {}
    for folder in sorted({Path(real) for path in paths for real in (path, os.path.realpath(path)) if path.is_dir()}):
        top = next((above for above in reversed(folder.parents) if not _may_enter(above, user)), None)
        if top is not None and not set(folder.parents).intersection(closed.get(top, ())):
            closed.setdefault(top, []).append(folder)
    if not closed:
        return
    libc = ctypes.CDLL(None)
    if libc.unshare(_CLONE_NEWNS) or libc.mount(b"none", b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None):
        return
    umask = os.umask(0o022)
    try:
        for top, folders in closed.items():
            _cover(libc, top, folders)
    finally:
        os.umask(umask)


def _show_unpacked() -> None:
    """Let every user read what the executable has unpacked for this run; by default only its owner can."""
    unpacked = getattr(sys, "_MEIPASS", None)
    if unpacked is None:
        return
    for folder, _, files in os.walk(unpacked):
        Path(folder).chmod(0o755)
        for name in files:
            (Path(folder) / name).chmod(0o644)


def _may_enter(folder: Path, user: Caller) -> bool:
    """Whether the permissions of a folder let a user reach what is in it."""
    status = folder.stat()
    if status.st_uid == user.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid in {user.gid, *user.groups}:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _cover(libc: ctypes.CDLL, top: Path, folders: list[Path]) -> None:
    """Cover a folder by an empty one that holds only these of its folders; if that fails, nothing is covered."""
    with contextlib.ExitStack() as opened:
        handles = []
        for folder in folders:
            handles.append(os.open(folder, os.O_PATH))
            opened.callback(os.close, handles[-1])
        flags = ctypes.c_ulong(_MS_NOSUID | _MS_NODEV)
        if libc.mount(b"none", os.fsencode(top), b"tmpfs", flags, b"mode=0755"):
            return
        done = False
        try:
            for folder, handle in zip(folders, handles, strict=True):
                folder.mkdir(parents=True, exist_ok=True)
                source, flags = f"/proc/self/fd/{handle}".encode(), ctypes.c_ulong(_MS_BIND | _MS_REC)
                if libc.mount(source, os.fsencode(folder), None, flags, None):
                    return
            done = True
        finally:
            if not done:
                libc.umount2(os.fsencode(top), _MNT_DETACH)
