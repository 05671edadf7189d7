"""Opening a file that a user names."""

import errno
from pathlib import Path
from typing import BinaryIO


def open_file(path: Path, buffering: int = -1) -> BinaryIO:
    """Open a regular file for reading; a pipe would be waited for.

    Raises:
        OSError: it cannot be opened, or is no regular file.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "not a file")
    return path.open("rb", buffering)


def read_at_most(path: Path, most: int) -> bytes:
    """At most so many bytes from the beginning of a regular file.

    Raises:
        OSError: as `open_file`, or it cannot be read.
    """
    with open_file(path) as file:
        return file.read(most)
