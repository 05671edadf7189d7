"""The report: what a run measured and what that means, in the contract's shape; saved, and loaded again."""

import os
import tempfile
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct, field

from agent import __version__, judging, profiles
from agent.checks import Check, Selection
from agent.judging import Judgement, Verdict
from agent.judging.internet_test import InternetTest
from agent.profiles import Profile
from probes.observations import Contact, Observations, Scope

RULES = "1"
"""Version of the judging rules: it changes whenever the same observations can lead to another verdict."""
LARGEST_FILE = 8 << 20
"""Bytes; a run in a crowded place takes a few hundred kilobytes."""


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


class DeviceVerdict(Struct, frozen=True, kw_only=True):
    """What the same observations mean for one known device."""

    name: str
    title: str
    os_version: str | None
    verdict: Verdict
    headline: str
    internet_test: str | None


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
    headline: str
    notes: list[str]
    internet_test: InternetTest
    checks: list[Check]
    devices: list[DeviceVerdict]
    observations: Observations
    footprint: list[Contact]
    networks: list[dict[str, object]] = field(default_factory=list)


def make(run: Run, profile: Profile) -> Report:
    """Judge a run for a device, and for every other known one."""
    seen, selection = run.observations, run.selection
    judgement = judging.judge(seen, profile, selection)
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
        headline=judgement.headline,
        notes=_notes(run),
        internet_test=judgement.internet_test,
        checks=judgement.checks,
        devices=[
            _device_verdict(profile, judgement)
            if one.name == profile.name
            else _device_verdict(one, judging.judge(seen, one, selection))
            for one in profiles.load_all()
        ],
        observations=seen,
        footprint=run.footprint,
    )


def load(path: Path) -> tuple[Run, Device]:
    """The run in a saved report, and the device that it was judged for.

    Raises:
        SavedReportError: the file cannot be read, is too large, or is no report of this schema.
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
        saved = msgspec.json.decode(content, type=Report)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise SavedReportError(f"{path}: no saved report of schema netpreflight-report/1: {reason}") from problem
    run = Run(
        started=saved.started,
        duration_s=saved.duration_s,
        complete=saved.complete,
        selection=saved.selection,
        observations=saved.observations,
        footprint=saved.footprint,
    )
    return run, saved.device


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all.

    Raises:
        OSError: it cannot be written; an older file is then left as it was.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _device_verdict(profile: Profile, judgement: Judgement) -> DeviceVerdict:
    return DeviceVerdict(
        name=profile.name,
        title=profile.title,
        os_version=profile.os_version,
        verdict=judgement.verdict,
        headline=judgement.headline,
        internet_test=judgement.internet_test.result,
    )


def _notes(run: Run) -> list[str]:
    """What a reader has to know first: what was left out, and what this laptop has that a device does not."""
    scope, selection = run.observations.scope, run.selection
    notes = []
    if not run.complete:
        notes.append("This run was cut short: what it had not come to is unknown.")
    if selection.only is not None:
        notes.append(f"Only {', '.join(selection.only)} counted; everything else was left out, as asked.")
    if left_out := [check_id for check_id in judging.JUDGES if check_id in selection.skip]:
        notes.append(f"Left out, as asked: {', '.join(left_out)}. The verdict says nothing about that.")
    if scope.vpn and scope.gateway is None:
        notes.append(
            f"A VPN ({scope.vpn}) has taken the default route from {scope.interface}: beyond the LAN nothing could be "
            "measured. Disconnect the VPN, and run netpreflight again."
        )
    elif scope.vpn:
        notes.append(f"A VPN ({scope.vpn}) carries this laptop's traffic; {scope.interface} was measured, without it.")
    elif scope.tunnels and scope.interface not in scope.tunnels:
        notes.append(f"A tunnel is up ({', '.join(scope.tunnels)}); {scope.interface} was measured, without it.")
    if scope.is_tunnel:
        notes.append(f"{scope.interface} is a tunnel: this is not what a device on the LAN sees.")
    if scope.proxy:
        proxies = ", ".join(f"{one.variable}={one.value}" for one in scope.proxy)
        notes.append(
            f"This laptop uses a proxy ({proxies}); nothing was sent through it, and a device could not use it."
        )
    if scope.interface and not scope.addresses and scope.ipv6_addresses:
        notes.append(f"{scope.interface} has IPv6 only; the device has no IPv6 on Wi-Fi and needs IPv4.")
    return notes
