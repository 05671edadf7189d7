"""The folder of kept runs: the names in it, the newest, and that the oldest go. Only files that have such a name count.

A name has the time at which a run was started, and nothing of the network.
"""

import contextlib
import datetime as dt
import os
import re
import secrets
import stat
from pathlib import Path

from netpreflight.agent.output_files import UNFINISHED, own_folder

MOST_RUNS = 20
UNFINISHED_S = 3600.0
"""A file that was not finished in this time is of a run that was killed."""
_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z-[0-9a-f]{8}\.json", re.ASCII)


def file_name(started_s: float) -> str:
    """The name of a run that was started then (seconds since 1970); no two runs have the same."""
    moment = dt.datetime.fromtimestamp(started_s, dt.UTC)
    return f"{moment:%Y-%m-%dT%H%M%S}.{moment.microsecond // 1000:03}Z-{secrets.token_hex(4)}.json"


def newest(folder: Path) -> Path | None:
    """The run that was started last; None: there is none.

    Raises:
        OSError: the folder cannot be read, or it belongs to somebody else.
    """
    try:
        with own_folder(folder) as opened:
            found = [name for name in _names(opened) if _NAME.fullmatch(name) and _is_file(name, opened)]
    except FileNotFoundError:
        return None
    return folder / max(found) if found else None


def remove_old(written: Path) -> None:
    """Leave the newest runs in the folder of one that was just written; that one stays, whatever the clock said.

    Raises:
        OSError: the folder cannot be read, or it belongs to somebody else.
    """
    with own_folder(written.parent) as opened:
        names = _names(opened)
        others = sorted(name for name in names if _NAME.fullmatch(name) and name != written.name)
        now_s = _status(written.name, opened).st_mtime
        for name in names:
            with contextlib.suppress(OSError):
                is_left = UNFINISHED.fullmatch(name) and _status(name, opened).st_mtime < now_s - UNFINISHED_S
                if is_left or name in others[: 1 - MOST_RUNS]:
                    _remove(name, opened)


def _names(opened: int | Path) -> list[str]:
    return os.listdir(opened)  # noqa: PTH208 - of a descriptor


def _is_file(name: str, opened: int | Path) -> bool:
    """Whether it is a file of this process's user, and no link or pipe; False, too, if another run just removed it."""
    try:
        found = _status(name, opened)
    except FileNotFoundError:
        return False
    return stat.S_ISREG(found.st_mode) and (not hasattr(os, "geteuid") or found.st_uid == os.geteuid())


def _status(name: str, opened: int | Path) -> os.stat_result:
    if isinstance(opened, Path):
        return os.lstat(opened / name)
    return os.stat(name, dir_fd=opened, follow_symlinks=False)


def _remove(name: str, opened: int | Path) -> None:
    if isinstance(opened, Path):
        (opened / name).unlink()
    else:
        os.unlink(name, dir_fd=opened)
