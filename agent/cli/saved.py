"""The saved runs that a command is given, and the device that each is judged for."""

from pathlib import Path
from typing import TYPE_CHECKING

from netpreflight.agent.cli.checked import load_profile
from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.cli.screen import tell

if TYPE_CHECKING:
    from netpreflight.agent.profiles import Profile
    from netpreflight.agent.report import Device as JudgedDevice
    from netpreflight.agent.report import Run

_WATCH = (b"SQLite format 3\0", b'"netpreflight-watch/1"')
"""A watch has one of these marks: its store at the beginning, its JSON document near the beginning."""
_RUN = (b'"netpreflight-report/1"',)
"""A run's JSON document has this mark near the beginning."""


def newest_kept(command: str) -> Path:
    """The newest of the runs that are kept, for a command that was given no file."""
    from netpreflight.agent.kept_runs import place  # noqa: PLC0415 - loaded only where it is needed

    try:
        runs = place()
        file = runs.newest()
    except OSError as problem:
        raise UsageError(f"no kept run can be read: {problem.strerror or problem}") from problem
    if file is None:
        raise UsageError(
            f"no run is kept in {runs.shown(runs.folder)}: check a network first, or name a file: "
            f"netpreflight {command} FILE"
        )
    tell(f"the newest run is {runs.shown(file)}")
    return file


def load_saved_run(file: Path, device: str | None, os_version: str | None) -> "tuple[Run, Profile]":
    """Load a saved report: its run, and the profile to judge it for."""
    from netpreflight.agent.report import SavedReportError, load  # noqa: PLC0415 - as above

    try:
        run, judged = load(file)
    except SavedReportError as problem:
        if looks_like_a_watch(file):
            raise UsageError(f"{file} is a watch, and no run: netpreflight watch report FILE shows it") from problem
        raise UsageError(str(problem)) from problem
    return run, profile_for(file, judged, device, os_version)


def profile_for(file: Path, judged: "JudgedDevice", device: str | None, os_version: str | None) -> "Profile":
    """The profile of the device named, or else of the device that a saved report was made for.

    Raises:
        UsageError: the device is not known.
    """
    from netpreflight.agent import profiles  # noqa: PLC0415 - as above

    if device is not None:
        return load_profile(device, os_version)
    if judged.name not in profiles.names():
        raise UsageError(
            f"{file}: judged for {judged.name!r}, which is no known device; give its file: --device FILE.toml"
        )
    return load_profile(judged.name, os_version or judged.asked_os or judged.os_version)


def looks_like_a_watch(file: Path) -> bool:
    """Whether a file is a watch: its store, or its JSON document."""
    return _begins_with(file, _WATCH)


def looks_like_a_run(file: Path) -> bool:
    """Whether a file is the JSON document of a run."""
    return _begins_with(file, _RUN)


def _begins_with(file: Path, marks: tuple[bytes, ...]) -> bool:
    """Whether one of these marks is near the beginning of a file; False, too, if the file cannot be read."""
    from netpreflight.probes.input_file import read_at_most  # noqa: PLC0415 - as above

    try:
        head = read_at_most(file, 100)
    except OSError:
        return False
    return any(mark in head for mark in marks)


def is_same_file(file: Path, other: Path) -> bool:
    """Whether both paths lead to the same file."""
    return file.exists() and other.exists() and other.samefile(file)
