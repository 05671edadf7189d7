"""Keeping runs: each run's complete report, in a folder of the user who started it, for `report` and `rules`.

That user writes it, and nobody else: a run that `sudo` started has become that user by then. Root's own folder, where
root itself started the run, is out of reach of the user that the run becomes: there the root helper writes the file,
as it writes those of -o. On macOS, where a run stays root, it becomes the user for as long as it writes.
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
    owner: FileOwner | None = None
    """Who called sudo, if somebody did."""

    def newest(self, clock: Clock = CLOCK) -> Path | None:
        """The run that was started last; None: none is kept. One from the future counts only if there is no other.

        Raises:
            OSError: the folder cannot be read, or it belongs to somebody else.
        """
        with as_owner(self.owner):
            return newest(self.folder, clock.wall())

    def shown(self, file: Path) -> Path:
        """A file as the user may type it: from the home folder on, so that the user's name is not shown."""
        if SYSTEM.home is not None and file.is_relative_to(self.home) and self.home != Path("/"):
            return Path(SYSTEM.home) / file.relative_to(self.home)
        return file


class KeptRun:
    """The file of a run that starts now."""

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
        """Where runs are kept, as one may type it; None: not known."""
        return self._place and self._place.shown(self._place.folder)

    def for_helper(self) -> Path | None:
        """The file, if the root helper has to write it; its folder is made. None: the user writes it."""
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
        """Write the report completely or not at all, and remove the oldest ones; returns where, as one may type it.

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
    """Where runs are kept: the folder for data of the user who started this, or called sudo.

    Of root's environment, only what leads to a folder of that user counts.

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
            variables["HOME"] = user.home if owner is not None else None  # without it, as the system knows it
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
    """Whether a folder, or what there is of it, belongs to this user."""
    if not path or not Path(path).is_absolute():
        return False
    for folder in (Path(path), *Path(path).parents):
        with contextlib.suppress(OSError):
            return folder.stat().st_uid == uid
    return False


@contextlib.contextmanager
def _environment(variables: Mapping[str, str | None]) -> Iterator[None]:
    """Have these environment variables for a while: platformdirs takes no home and no user."""
    before = {name: os.environ.get(name) for name in variables}
    try:
        _set(variables)
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@contextlib.contextmanager
def as_owner(owner: FileOwner | None) -> Iterator[None]:
    """Be this user for a while, if this process is still root: so that no link of theirs leads root anywhere.

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
