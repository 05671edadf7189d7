"""Keeping runs: each run's complete report is kept in a folder of the user who started it, for `report` and `rules`.

The file is written with that user's rights: a run that `sudo` started has become that user by then. If root itself
started the run, the run has become a user who cannot reach root's folder; then the root helper writes the file, as it
writes the files of -o. On macOS, a run stays root, and becomes the user only while it writes.
"""

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from netpreflight.agent.output_files import FileOwner, make_folder, write
from netpreflight.agent.privilege.caller import caller
from netpreflight.agent.run_folder import file_name, newest, remove_old
from netpreflight.probes.net.clock import CLOCK, Clock
from netpreflight.systems import SYSTEM

if TYPE_CHECKING:
    from netpreflight.agent.privilege.helper import Helper


class Place(NamedTuple):
    """The folder of the kept runs."""

    folder: Path
    home: Path
    """That user's home folder; if it is not known, the same as `folder`."""
    owner: FileOwner | None = None
    """The user who called sudo; None: nobody did."""

    def newest(self, clock: Clock = CLOCK) -> Path | None:
        """The kept run that was started last; None: no run is kept.

        Runs from the future count only if there are no others.

        Raises:
            OSError: the folder cannot be read, or it belongs to somebody else.
        """
        with as_owner(self.owner):
            return newest(self.folder, clock.wall())

    def shown(self, file: Path) -> Path:
        """A path as the user may type it, with ~ for the home folder, so that the user's name is not shown."""
        if SYSTEM.home is not None and file.is_relative_to(self.home) and self.home != Path("/"):
            return Path(SYSTEM.home) / file.relative_to(self.home)
        return file


class KeptRun:
    """The file for a run that starts now. If it cannot be kept, only `write` raises the error."""

    def __init__(self, clock: Clock = CLOCK) -> None:
        self._name = ""
        self._by_helper = False
        self._problem: OSError | None = None
        self._place: Place | None = None
        try:
            self._place = place()
            self._name = file_name(clock.wall())
        except OSError as problem:
            self._problem = problem

    @property
    def folder(self) -> Path | None:
        """The folder of the kept runs, as the user may type it; None: not known."""
        return self._place and self._place.shown(self._place.folder)

    def for_helper(self) -> Path | None:
        """Make the folder, and return the file if the root helper has to write it; None: it does not."""
        if self._place is None or self._place.owner is not None or self._problem is not None:
            return None
        try:
            make_folder(self._place.folder)
        except OSError as problem:
            self._problem = problem
            return None
        self._by_helper = True
        return self._place.folder / self._name

    def write(self, text: str | Iterable[str], helper: "Helper | None") -> Path:
        """Write the report completely or not at all, and remove the oldest runs; returns its path, as one may type it.

        Raises:
            OSError: it cannot be written.
        """
        if self._problem is not None:
            raise self._problem
        assert self._place is not None
        file = self._place.folder / self._name
        if self._by_helper and helper is not None:
            helper.write(file, text, private=True)
        else:
            with as_owner(self._place.owner):
                make_folder(self._place.folder)
                write(file, text, private=True, create=SYSTEM.create_private)
                with contextlib.suppress(OSError):
                    remove_old(file)
        return self._place.shown(file)


def place() -> Place:
    """Where runs are kept: in the data folder of the user who started this program or called sudo.

    For root, HOME and XDG_DATA_HOME count only if they lead to a folder of that user.

    Raises:
        OSError: no home folder is known.
    """
    import platformdirs  # noqa: PLC0415 - not loaded by runs that keep nothing

    variables = {name: os.environ.get(name) for name in ("HOME", "XDG_DATA_HOME")}
    owner = None
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        user = caller(os.environ)
        owner = FileOwner(user.uid, user.gid) if user.has_called else None
        if owner is not None or not _is_of(variables["HOME"], 0):
            variables["HOME"] = user.home if owner is not None else None  # None: as in the system's user database
        if not _is_of(variables["XDG_DATA_HOME"], owner.uid if owner else 0):
            variables["XDG_DATA_HOME"] = None
    with _environment(variables):
        try:
            folder = platformdirs.user_data_path("netpreflight", appauthor=False) / "runs"
            home = Path("~").expanduser() if variables["HOME"] or owner is None else folder
        except RuntimeError as problem:
            raise FileNotFoundError(errno.ENOENT, "no home folder is known") from problem
    return Place(folder, home, owner)


def _is_of(path: str | None, uid: int) -> bool:
    """Whether a folder, or its nearest parent that exists, belongs to this user."""
    if not path or not Path(path).is_absolute():
        return False
    for folder in (Path(path), *Path(path).parents):
        with contextlib.suppress(OSError):
            return folder.stat().st_uid == uid
    return False


@contextlib.contextmanager
def _environment(variables: Mapping[str, str | None]) -> Iterator[None]:
    """Set these environment variables for a while, because platformdirs cannot be told a home folder or a user."""
    before = {name: os.environ.get(name) for name in variables}
    try:
        _set(variables)
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    """Set each of these environment variables, or remove it if its value is None."""
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@contextlib.contextmanager
def as_owner(owner: FileOwner | None) -> Iterator[None]:
    """Act as this user for a while, if this process is still root, so that root follows no link that the user made.

    Raises:
        OSError: the system does not allow it.
    """
    if owner is None or os.geteuid() != 0:
        yield
        return
    group, groups = os.getegid(), os.getgroups()
    try:
        os.setgroups([])
        os.setegid(owner.gid)
        os.seteuid(owner.uid)
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)
