"""The files that -o names: written completely or not at all, and never through a link that somebody else made.

In a folder that others may write to (/tmp), somebody can put a link where a report will be written, or where one of the
folders on the way to it stands. A link is followed only if root or the user made it. A file is not written into, but
replaced, so a hard link does no harm. A complete report is for its owner only, whatever file it replaces.

On Windows, where making links takes an administrator, paths are used as they are; a complete report has an access
control list of its own, and other files have the folder's rights.
"""

import contextlib
import errno
import os
import re
import secrets
import select
import socket
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

MOST_LINKS = 40
"""As many as Linux follows (path_resolution(7))."""
READER_ASKED_S = 0.1
"""The time between two attempts to open a named pipe that has no reader yet."""
UNFINISHED = re.compile(r"\.netpreflight-[0-9a-f]{16}", re.ASCII)
"""The name of a file while it is written."""
_HAS_FOLDER_DESCRIPTORS = os.open in os.supports_dir_fd  # not on Windows
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_WRITE = os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class FileOwner(NamedTuple):
    """Whom the files belong to."""

    uid: int
    gid: int


class _Place(NamedTuple):
    """Where a path leads after its links: an open folder and a name in it (Windows: no folder, and the whole path)."""

    folder: int | None
    name: str
    is_open_file: bool = False
    """Whether the name is that of a file that this process has open, such as /proc/self/fd/1 (/dev/stdout)."""

    def status(self) -> os.stat_result | None:
        """The status of what is there now; None: nothing is."""
        try:
            return os.stat(self.name, dir_fd=self.folder, follow_symlinks=self.is_open_file)
        except FileNotFoundError:
            return None

    def close(self) -> None:
        """Close the folder."""
        if self.folder is not None:
            os.close(self.folder)


class OutputFile:
    """One file to write: what is written to `handle` is in its place only after `finish()`.

    A path that is not a regular file, such as a pipe, is written to directly.

    Args:
        path: where the file will be.
        owner: whom it will belong to; None: this process's user.
        private: whether nobody but its owner may read it.
        gives_up: a socket; once its other end is closed, a named pipe without a reader is no longer waited for.
        create: creates a private file on a system where mode 0600 does not do so (`System.create_private`).

    Raises:
        OSError: the file cannot be written, or somebody else made a link that the path leads through.
    """

    def __init__(
        self,
        path: Path,
        owner: FileOwner | None,
        *,
        private: bool,
        gives_up: socket.socket | None = None,
        create: Callable[[str], int] | None = None,
    ) -> None:
        self._owner, self._private = owner, private
        self._temporary: str | None = None
        self._place = _find(path, owner)
        try:
            self._before = self._place.status()
            if self._before is None or (stat.S_ISREG(self._before.st_mode) and not self._place.is_open_file):
                name = f".netpreflight-{secrets.token_hex(8)}"
                self._temporary = name if self._place.folder is not None else str(Path(self._place.name).parent / name)
                if private and create is not None and self._place.folder is None:
                    self.handle = create(self._temporary)
                else:
                    self.handle = os.open(
                        self._temporary, _WRITE | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=self._place.folder
                    )
            else:
                self.handle = _open_special(self._place, self._before, owner, gives_up)
        except BaseException:
            self._place.close()
            raise

    def finish(self) -> None:
        """Put the file in its place."""
        try:
            if self._temporary is not None:
                if hasattr(os, "geteuid"):
                    self._set_rights()
                folder = self._place.folder
                os.close(self.handle)
                self.handle = -1
                os.replace(self._temporary, self._place.name, src_dir_fd=folder, dst_dir_fd=folder)
                self._temporary = None
        finally:
            self.discard()

    def discard(self) -> None:
        """Leave what was there before; without effect after `finish()`."""
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1
        if self._temporary is not None:
            os.unlink(self._temporary, dir_fd=self._place.folder)
            self._temporary = None
        if self._place.folder is not None:
            self._place.close()
            self._place = self._place._replace(folder=None)

    def _set_rights(self) -> None:
        """Give the file its owner and permissions.

        They are those of the file that it replaces, unless somebody else made that file; a private file is readable by
        its owner only, whatever it replaces.
        """
        before = self._before
        keeps = before is not None and before.st_uid in _trusted(self._owner) and not self._private
        if os.geteuid() == 0:
            uid, gid = self._owner or (os.geteuid(), os.getegid())
            if keeps and before is not None:
                uid, gid = before.st_uid, before.st_gid
            os.fchown(self.handle, uid, gid)
        if self._private:
            os.fchmod(self.handle, 0o600)
        elif keeps and before is not None:
            os.fchmod(self.handle, before.st_mode & 0o777)
        else:
            umask = os.umask(0)
            os.umask(umask)
            os.fchmod(self.handle, 0o666 & ~umask)


def write(
    path: Path,
    text: str | Iterable[str],
    *,
    private: bool = False,
    owner: FileOwner | None = None,
    create: Callable[[str], int] | None = None,
) -> None:
    """Write a file completely or not at all, see `OutputFile`.

    Raises:
        OSError: the file cannot be written; an existing file stays as it was.
    """
    output = OutputFile(path, owner, private=private, create=create)
    try:
        write_to(output.handle, text)
        output.finish()
    finally:
        output.discard()


def write_to(handle: int, text: str | Iterable[str]) -> None:
    """Write a text, or its parts, to an open file, and have it on the disk before this returns."""
    with os.fdopen(os.dup(handle), "w", encoding="utf-8", newline="") as file:  # line ends as rendered, on every system
        file.writelines([text] if isinstance(text, str) else text)
        file.flush()
        if stat.S_ISREG(os.fstat(handle).st_mode):
            os.fsync(handle)


def refuse_planted(path: Path, owner: FileOwner | None) -> None:
    """Refuse a path that leads through somebody else's link, without opening the file.

    Raises:
        OSError: somebody else made a link that it leads through, or the folder cannot be opened.
    """
    _find(path, owner).close()


def make_folder(path: Path) -> None:
    """Make a folder for this process's user alone, and its missing parents; an existing folder is closed to others.

    Raises:
        OSError: it cannot be made, it belongs to somebody else, or somebody else made a link that it leads through.
    """
    if not _HAS_FOLDER_DESCRIPTORS:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)  # Windows applies this mode from Python 3.12.4 on
        return
    for folder in (*reversed(path.parents), path):
        place = _find(folder, None)
        try:
            if place.status() is None:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(place.name, 0o700, dir_fd=place.folder)
        finally:
            place.close()
    with own_folder(path) as opened:
        if isinstance(opened, int):
            os.fchmod(opened, 0o700)


@contextlib.contextmanager
def own_folder(path: Path) -> Iterator[int | Path]:
    """Open a folder of this process's user: a descriptor, or the path itself (Windows).

    Raises:
        OSError: it cannot be opened, it belongs to somebody else, or somebody else made a link that it leads through.
    """
    if not _HAS_FOLDER_DESCRIPTORS:
        yield path
        return
    place = _find(path / "any file", None)
    try:
        opened = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=place.folder)
    finally:
        place.close()
    try:
        uid = os.fstat(opened).st_uid
        if uid != os.geteuid():
            raise PermissionError(errno.EPERM, f"the folder belongs to another user (uid {uid})")
        yield opened
    finally:
        os.close(opened)


def _trusted(owner: FileOwner | None) -> set[int]:
    """The users whose links are followed."""
    return {0, os.geteuid(), *([owner.uid] if owner else [])}


def _find(path: Path, owner: FileOwner | None) -> _Place:
    """Follow a path to the folder of the file, link by link.

    Raises:
        OSError: a folder on the way cannot be opened, or somebody else made a link.
    """
    if not _HAS_FOLDER_DESCRIPTORS:
        return _Place(None, os.path.realpath(path))
    folder = os.open(".", _FOLDER)
    parts_left, links = list(path.parts), 0
    try:
        while True:
            name = parts_left.pop(0) if parts_left else "."
            target = _link(name, folder, owner)
            if target is not None:
                links += 1
                if links > MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))  # noqa: TRY301 - the folder is closed below
                if not parts_left and os.fstat(folder).st_dev == _device("/proc"):
                    return _Place(folder, name, is_open_file=True)
                parts_left = [*Path(target).parts, *parts_left]
            elif parts_left:
                inner = os.open(name, _FOLDER, dir_fd=folder)  # "/" is the root, wherever it is opened from
                os.close(folder)
                folder = inner
            else:
                return _Place(folder, name)
    except BaseException:
        os.close(folder)
        raise


def _link(name: str, folder: int, owner: FileOwner | None) -> str | None:
    """Where the link of this name leads; None: it is no link.

    Raises:
        PermissionError: somebody else made the link, or it is being replaced.
    """
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISLNK(found.st_mode):
        return None
    if found.st_uid not in _trusted(owner):
        raise PermissionError(errno.EPERM, f"{name} is a link that another user made (uid {found.st_uid})")
    target = os.readlink(name, dir_fd=folder)
    found_after = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if (found_after.st_dev, found_after.st_ino) != (found.st_dev, found.st_ino):
        raise PermissionError(errno.EPERM, f"{name} is being replaced")
    return target


def _device(path: str) -> int | None:
    """The file system of a path, by its device number; None: there is no such path."""
    try:
        return Path(path).stat().st_dev
    except OSError:
        return None


def _open_special(place: _Place, found: os.stat_result, owner: FileOwner | None, gives_up: socket.socket | None) -> int:
    """Open something that is not a regular file, such as a device; wait until a named pipe has a reader."""
    if place.is_open_file:
        return os.open(place.name, _WRITE & ~os.O_NOFOLLOW, dir_fd=place.folder)
    flags = _WRITE | getattr(os, "O_NONBLOCK", 0)
    while True:
        try:
            handle = os.open(place.name, flags, dir_fd=place.folder)
        except OSError as problem:
            if problem.errno != errno.ENXIO or not stat.S_ISFIFO(found.st_mode):
                raise
            # No reader yet. The socket's other end sends nothing, so it is readable only once that end is closed.
            if select.select([gives_up] if gives_up else [], [], [], READER_ASKED_S)[0]:
                raise
        else:
            break
    maker = os.fstat(handle).st_uid
    if hasattr(os, "geteuid") and maker not in _trusted(owner):
        os.close(handle)
        raise PermissionError(errno.EPERM, f"another user made it (uid {maker})")
    if hasattr(os, "O_NONBLOCK"):
        os.set_blocking(handle, True)
    return handle
