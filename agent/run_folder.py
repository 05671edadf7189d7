"""The folder of kept runs: naming a run's file, finding the newest run, and removing the oldest runs.

A file's name has the time at which the run was started, and nothing of the network. Other files do not count.
"""

import contextlib
import datetime as dt
import errno
import os
import re
import secrets
import stat
from pathlib import Path

from netpreflight.agent.output_files import UNFINISHED, own_folder

MOST_RUNS = 20
UNFINISHED_S = 3600.0
"""A file that is still unfinished after this time was left by a run that was killed."""
AHEAD_S = 86_400.0
"""A name whose time is further ahead of the clock than this was given while the clock was wrong."""
_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z-[0-9a-f]{8}\.json", re.ASCII)


def file_name(started_s: float) -> str:
    """The file name for a run that was started at this time (seconds since 1970); no two runs have the same name.

    Raises:
        OSError: the time is beyond what a calendar can show.
    """
    return f"{_stamp(started_s)}-{secrets.token_hex(4)}.json"


def newest(folder: Path, now_s: float | None = None) -> Path | None:
    """The file of the run that was started last; None: there is none.

    Runs from the future count only if there are no others.

    Args:
        folder: where the runs are.
        now_s: what the clock shows (seconds since 1970); None: no run counts as from the future.

    Raises:
        OSError: the folder cannot be read, or it belongs to somebody else.
    """
    try:
        with own_folder(folder) as opened:
            found = [name for name in _names(opened) if _NAME.fullmatch(name) and _is_file(name, opened)]
    except FileNotFoundError:
        return None
    past = found
    if now_s is not None:
        with contextlib.suppress(OSError):  # beyond the year 9999: nothing is ahead of that
            latest = _stamp(now_s + AHEAD_S)
            past = [name for name in found if name <= latest]
    return folder / max(past or found) if found else None


def remove_old(written: Path) -> None:
    """Remove the oldest runs, so that `MOST_RUNS` are left in the folder of the run that was just written.

    That run itself always stays. Runs from the future are removed first: they were named while the clock was wrong, and
    would outlive all others. Unfinished files of runs that were killed are removed, too.

    Args:
        written: the file of the run that was just written.

    Raises:
        OSError: the folder cannot be read, or it belongs to somebody else.
    """
    with own_folder(written.parent) as opened:
        names = _names(opened)
        others = [name for name in names if _NAME.fullmatch(name) and name != written.name]
        latest = _latest_credible(written)
        others.sort(key=lambda name: (name <= latest, name))
        now_s = _status(written.name, opened).st_mtime
        for name in names:
            with contextlib.suppress(OSError):
                is_leftover = UNFINISHED.fullmatch(name) and _status(name, opened).st_mtime < now_s - UNFINISHED_S
                if is_leftover or name in others[: 1 - MOST_RUNS]:
                    _remove(name, opened)


def _latest_credible(written: Path) -> str:
    """The beginning of the latest name that is not from the future, by the time in the name of the run just written."""
    # Not strptime: its first use imports a module, which the user that root writes as may not be able to read.
    started = dt.datetime.fromisoformat(written.name[:17]).replace(tzinfo=dt.UTC)
    try:
        return _stamp(started.timestamp() + AHEAD_S)
    except OSError:  # beyond the year 9999: nothing is ahead of that
        return written.name


def _stamp(at_s: float) -> str:
    """A time (seconds since 1970) in the form in which a name begins with it.

    Raises:
        OSError: the time is beyond what a calendar can show.
    """
    try:
        moment = dt.datetime.fromtimestamp(at_s, dt.UTC)
    except (ValueError, OverflowError, OSError) as problem:
        raise OSError(errno.ERANGE, "the clock is beyond what a calendar can show") from problem
    return f"{moment:%Y-%m-%dT%H%M%S}.{moment.microsecond // 1000:03}Z"


def _names(opened: int | Path) -> list[str]:
    """The names of all files in an open folder."""
    return os.listdir(opened)  # noqa: PTH208 - pathlib lists no descriptor


def _is_file(name: str, opened: int | Path) -> bool:
    """Whether a name is that of a regular file of this process's user; False, too, if another run just removed it."""
    try:
        found = _status(name, opened)
    except FileNotFoundError:
        return False
    return stat.S_ISREG(found.st_mode) and (not hasattr(os, "geteuid") or found.st_uid == os.geteuid())


def _status(name: str, opened: int | Path) -> os.stat_result:
    """The status of a name in an open folder; of a link, not of its target."""
    if isinstance(opened, Path):
        return os.lstat(opened / name)
    return os.stat(name, dir_fd=opened, follow_symlinks=False)


def _remove(name: str, opened: int | Path) -> None:
    """Remove a file from an open folder."""
    if isinstance(opened, Path):
        (opened / name).unlink()
    else:
        os.unlink(name, dir_fd=opened)
