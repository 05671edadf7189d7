"""The report: what a run measured and what that means, in the contract's shape; saved, and loaded again."""

import contextlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from agent import __version__, judging
from agent.changes import Change, changes
from agent.checks import Check, Selection, Status
from agent.enough import Enough, enough
from agent.judging import Answer, Verdict
from agent.judging.internet_test import InternetTest
from agent.judging.startup import Startup
from agent.notes import notes
from agent.profiles import Profile
from agent.questions import Question, questions
from agent.route import Station, route
from agent.verdicts import DeviceVerdict, VersionVerdict, by_device, by_version
from probes.observations import Bss, Contact, Observations, Scope, Ssid, strength

SharedLevel = Literal["ticket", "public"]
"""What a report leaves out, so that it can be shown to others (`reports/sharing.py`)."""
Level = Literal["complete", SharedLevel]
LEVELS: tuple[Level, ...] = ("complete", "ticket", "public")
RULES = "4"
"""Version of the judging rules: it changes whenever the same observations can lead to another verdict."""
LARGEST_FILE = 8 << 20
"""Bytes; a run in a crowded place takes a few hundred kilobytes."""
MOST_NETWORKS = 200
"""Networks in range that are judged, the strongest: more is a flood of made-up names."""


class SavedReportError(ValueError):
    """A file is no saved report that this version can judge; the message is one line."""


class Tool(Struct, frozen=True, kw_only=True):
    """What made the report."""

    name: str = "netpreflight"
    version: str = __version__
    rules: str = RULES


class Device(Struct, frozen=True, kw_only=True):
    """The device judged."""

    name: str
    title: str
    os_version: str | None


class NetworkVerdict(Struct, frozen=True, kw_only=True):
    """What one of the networks in range means for the device judged, as far as its radio goes."""

    ssid: Ssid
    verdict: Verdict
    signal_dbm: float | None
    channels: list[int]
    checks: list[Check]


class Run(Struct, frozen=True, kw_only=True):
    """A measurement as it was made: all that judging needs."""

    started: str
    """UTC, ISO 8601."""
    duration_s: float
    complete: bool
    """False where the run was cut short."""
    selection: Selection
    observations: Observations
    footprint: list[Contact]


class SavedCheck(Struct, frozen=True, kw_only=True):
    """What a saved report made of one check, by the rules of its time."""

    id: str
    status: Status


class Saved(Run, frozen=True, kw_only=True):
    """What a saved report is judged from again, and what it says of how it was judged; the rest follows from that."""

    schema: Literal["netpreflight-report/1"]
    tool: Tool
    device: Device
    sharing: SharedLevel | UnsetType = UNSET
    checks: list[SavedCheck]

    @property
    def run(self) -> Run:
        """The measurement alone."""
        return Run(**{name: getattr(self, name) for name in Run.__struct_fields__})


class Report(Struct, frozen=True, kw_only=True):
    """The whole report; the contract says what each key holds."""

    schema: Literal["netpreflight-report/1"]
    tool: Tool
    started: str
    duration_s: float
    complete: bool
    selection: Selection
    scope: Scope
    device: Device
    verdict: Verdict
    answer: Answer
    headline: str
    notes: list[str]
    internet_test: InternetTest
    startup: Startup
    versions: list[VersionVerdict]
    checks: list[Check]
    changes: list[Change]
    enough: Enough | None
    devices: list[DeviceVerdict]
    observations: Observations
    footprint: list[Contact]
    networks: list[NetworkVerdict] = field(default_factory=list)
    route: list[Station] = field(default_factory=list)
    answers: list[Question] = field(default_factory=list)
    sharing: SharedLevel | UnsetType = UNSET
    """What was left out; not there: nothing was, and this can be judged again."""


def make(run: Run, profile: Profile) -> Report:
    """Judge a run for a device, and for every other known one."""
    seen, selection = run.observations, run.selection
    judgement = judging.judge(seen, profile, selection)
    wanted = changes(judgement.checks, seen, profile)
    way = route(seen, profile, judgement.checks)
    return Report(
        schema="netpreflight-report/1",
        tool=Tool(),
        started=run.started,
        duration_s=run.duration_s,
        complete=run.complete,
        selection=selection,
        scope=seen.scope,
        device=Device(name=profile.name, title=profile.title, os_version=profile.os_version),
        verdict=judgement.verdict,
        answer=judgement.answer,
        headline=judgement.headline,
        notes=notes(run.observations, selection, profile, complete=run.complete),
        internet_test=judgement.internet_test,
        checks=judgement.checks,
        changes=wanted,
        enough=enough(judgement.checks, wanted, selection),
        startup=judgement.startup,
        versions=by_version(seen, profile, selection),
        devices=by_device(seen, profile, judgement, selection),
        observations=seen,
        footprint=run.footprint,
        networks=_networks(run, profile),
        route=way,
        answers=questions(seen, profile, judgement.checks, way),
    )


def load(path: Path) -> tuple[Run, Device]:
    """The run in a saved report, and the device that it was judged for.

    Raises:
        SavedReportError: as `load_saved`.
    """
    saved = load_saved(path)
    return saved.run, saved.device


def load_saved(path: Path) -> Saved:
    """What a saved report holds.

    Raises:
        SavedReportError: the file cannot be read, is too large, is no report of this schema, or was made for sharing.
    """
    try:
        if not path.is_file() and path.exists():
            raise SavedReportError(f"{path}: not a file")
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as problem:
        raise SavedReportError(f"{path}: {problem.strerror or problem}") from problem
    if len(content) > LARGEST_FILE:
        raise SavedReportError(f"{path}: larger than {LARGEST_FILE >> 20} MiB, the most that a saved report may be")
    try:
        saved = msgspec.json.decode(content, type=Saved)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise SavedReportError(f"{path}: no saved report of schema netpreflight-report/1: {reason}") from problem
    if saved.sharing is not UNSET:
        raise SavedReportError(
            f"{path}: made for sharing (--share {saved.sharing}), with names and addresses left out, so it cannot be "
            "judged again; give the complete JSON of the run (-o run.json, without --redact and --share)"
        )
    return saved


def as_saved(seen: Observations) -> Observations:
    """The observations as a saved run will give them back, so that both make the same report: -50 is then -50.0."""
    with contextlib.suppress(msgspec.ValidationError):  # beyond the limits of a saved run, which will not load
        return msgspec.convert(msgspec.to_builtins(seen), Observations)
    return seen


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all; what is no file, such as a pipe, is simply written to.

    A symbolic link stays, and the file that it leads to is written. A file that was there keeps its permissions, and
    its owner where that is allowed.

    Raises:
        OSError: it cannot be written; an older file is then left as it was.
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
    """Give a file the permissions and the owner of the one that it replaces, or else those of any new file."""
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


_RANK: list[Verdict] = ["compatible", "compatible-with-warnings", "undetermined", "incompatible"]


def _networks(run: Run, profile: Profile) -> list[NetworkVerdict]:
    """Every network in range, best first, where no single one was chosen."""
    wifi = run.observations.wifi
    if wifi is None or wifi.target is not None:
        return []
    names: dict[str, list[Bss]] = {}
    # A device hears nothing of the other bands, however strong.
    for one in sorted(wifi.bss, key=lambda one: (one.band not in profile.radio.bands.value, -strength(one.signal_dbm))):
        if one.ssid:
            names.setdefault(one.ssid, []).append(one)
    found = []
    for ssid, bsss in list(names.items())[:MOST_NETWORKS]:
        verdict, checks = judging.judge_network(ssid, run.observations, profile, run.selection)
        found.append(
            NetworkVerdict(
                ssid=ssid,
                verdict=verdict,
                signal_dbm=bsss[0].signal_dbm,
                channels=sorted({one.channel for one in bsss if one.channel is not None}),
                checks=checks,
            )
        )
    return sorted(found, key=lambda one: (_RANK.index(one.verdict), -strength(one.signal_dbm), one.ssid))
