"""Saved reports: written completely or not at all, and loaded to be judged again."""

import contextlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from netpreflight.agent.report.report import Device, Run, SharedLevel, Tool
from netpreflight.agent.results import Status
from netpreflight.probes.observations import Observations

LARGEST_FILE = 8 << 20
"""In bytes; a run in a crowded place takes a few hundred kilobytes."""


class SavedReportError(ValueError):
    """A file is not a saved report that this version can judge; the message is one line."""


class SavedCheck(Struct, frozen=True, kw_only=True):
    """The result of one check in a saved report, by the rules of its time."""

    id: str
    status: Status


class Saved(Run, frozen=True, kw_only=True):
    """The parts of a saved report that are loaded: the measurements, and how they were judged then."""

    schema: Literal["netpreflight-report/1"]
    tool: Tool
    device: Device
    sharing: SharedLevel | UnsetType = UNSET
    checks: list[SavedCheck]

    @property
    def run(self) -> Run:
        """The measurements alone."""
        return Run(**{name: getattr(self, name) for name in Run.__struct_fields__})


def load(path: Path) -> tuple[Run, Device]:
    """Load a saved report: its run, and the device that it was judged for.

    Raises:
        SavedReportError: as `load_saved`.
    """
    saved = load_saved(path)
    return saved.run, saved.device


def load_saved(path: Path) -> Saved:
    """Load a saved report.

    Raises:
        SavedReportError: the file cannot be read, is too large, is not a report of this schema, or was made for
            sharing.
    """
    try:
        if not path.is_file() and path.exists():
            raise SavedReportError(f"{path}: not a file")
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as problem:
        raise SavedReportError(f"{path}: {problem.strerror or problem}") from problem
    if len(content) > LARGEST_FILE:
        raise SavedReportError(f"{path}: larger than {LARGEST_FILE >> 20} MiB, the limit for a saved report")
    try:
        saved = msgspec.json.decode(content, type=Saved)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise SavedReportError(f"{path}: not a saved report of schema netpreflight-report/1: {reason}") from problem
    if saved.sharing is not UNSET:
        raise SavedReportError(
            f"{path}: made for sharing (--share {saved.sharing}), without names and addresses, so it cannot be judged "
            "again; give the complete JSON of the run (-o run.json, without --redact and --share)"
        )
    return saved


def as_saved(seen: Observations) -> Observations:
    """The observations as they are after saving and loading (-50 becomes -50.0), so that both make the same report."""
    with contextlib.suppress(msgspec.ValidationError):  # too large for a saved run, which will not load
        return msgspec.convert(msgspec.to_builtins(seen), Observations)
    return seen


def write(path: Path, text: str) -> None:
    """Write a file completely or not at all; a path that is not a regular file, such as a pipe, is just written to.

    A symbolic link stays, and its target is replaced. An existing file keeps its permissions, and its owner where that
    is allowed.

    Raises:
        OSError: the file cannot be written; an existing file stays as it was.
    """
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8") as stream:
            stream.write(text)
        return
    target = Path(os.path.realpath(path))
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".netpreflight-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        _as_before(temporary, target)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _as_before(temporary: Path, target: Path) -> None:
    """Give a file the permissions and the owner of the file that it replaces, or else those of any new file."""
    try:
        before = target.stat()
    except FileNotFoundError:
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        return
    if hasattr(os, "chown"):
        with contextlib.suppress(OSError):
            os.chown(temporary, before.st_uid, before.st_gid)
    temporary.chmod(stat.S_IMODE(before.st_mode))
