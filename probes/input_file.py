"""Opens a file that the user names."""

import errno
from pathlib import Path
from typing import BinaryIO


def open_file(path: Path, buffering: int = -1) -> BinaryIO:
    """Open a regular file for reading; a pipe is refused, because reading it could block.

    Raises:
        OSError: the file cannot be opened, or is not a regular file.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "not a file")
    return path.open("rb", buffering)


def read_at_most(path: Path, most: int) -> bytes:
    """Up to `most` bytes from the beginning of a regular file.

    Raises:
        OSError: as in `open_file`, or the file cannot be read.
    """
    with open_file(path) as file:
        return file.read(most)
