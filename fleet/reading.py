"""Finding files, and reading each within limits: a hostile file must not block this process or fill its memory."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from netpreflight.agent.report import LARGEST_FILE
from netpreflight.fleet.taken import Kind, hashed

_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
"""Flags with which opening does not wait for a pipe's writer, and follows no link."""


class Read(NamedTuple):
    """A file, as far as it was read."""

    path: Path
    content: bytes
    hash: str
    """The hash of the content; for a file that was not read, a hash of its path and the reason."""
    kind: Kind | None = None
    """Why the file was not read; None: it was read."""
    reason: str = ""


def find(paths: Iterable[Path], without: Path) -> Iterator[Path]:
    """Every file in `paths`, and every file in the folders in `paths`, each folder sorted by name.

    Inside folders, names that begin with a dot are left out: unfinished copies have such names. Links to folders are
    not followed.

    Args:
        paths: files and folders.
        without: a folder to leave out: the store's own.
    """
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            yield from _in_folder(path, without)
        else:
            yield path


def _in_folder(top: Path, without: Path) -> Iterator[Path]:
    """The files in a folder and those below it, without recursion: a tree may be deeper than Python's stack."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        if folder.absolute() == without:
            continue
        try:
            with os.scandir(folder) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError:
            yield folder  # `read` then reports why it cannot be read
            continue
        shown = [entry for entry in entries if not entry.name.startswith(".")]
        yield from (folder / entry.name for entry in shown if not entry.is_dir(follow_symlinks=False))
        waiting += [folder / entry.name for entry in reversed(shown) if entry.is_dir(follow_symlinks=False)]


def read(path: Path) -> Read:
    """Read a file, up to the largest size of a saved report; if it cannot be read, the result says why."""
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            what = "a link" if stat.S_ISLNK(found.st_mode) else "no file"
            return _not_read(path, "not-a-file", f"{what}, and not a file with a run in it")
        opened = os.open(path, _OPEN)
        with os.fdopen(opened, "rb") as file:
            status = os.fstat(opened)
            if not stat.S_ISREG(status.st_mode):
                return _not_read(path, "not-a-file", "no file")
            if status.st_size > LARGEST_FILE:
                return _not_read(path, "too-large", f"larger than {LARGEST_FILE >> 20} MiB: {status.st_size} bytes")
            content = file.read(LARGEST_FILE + 1)
    except OSError as problem:
        return _not_read(path, "unreadable", problem.strerror or type(problem).__name__)
    except ValueError as problem:  # a NUL in the path
        return _not_read(path, "unreadable", str(problem))
    return Read(path, content, hashed(content))


def named(path: Path) -> str:
    """A path as a text that can be stored: absolute, with undecodable bytes escaped."""
    return os.fsencode(path.absolute()).decode("utf-8", "backslashreplace")


def _not_read(path: Path, kind: Kind, reason: str) -> Read:
    return Read(path, b"", hashed(f"{kind}\n{reason}\n{named(path)}".encode()), kind, reason)
