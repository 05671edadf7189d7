"""The report: what a run measured, and the results of judging it."""

from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from netpreflight.agent import __version__, judging
from netpreflight.agent.judging.answer import headline_of, with_devices, with_networks
from netpreflight.agent.judging.device_view import DeviceView, device_view
from netpreflight.agent.judging.log_beside import log_beside
from netpreflight.agent.judging.registry import survey_checks
from netpreflight.agent.judging.wifi.survey import surveyed
from netpreflight.agent.profiles import DEFAULT, Profile
from netpreflight.agent.report.changes import Change, changes
from netpreflight.agent.report.enough import Enough, enough
from netpreflight.agent.report.notes import notes, on_age, on_another_cloud, on_log, on_set_up, on_the_answer
from netpreflight.agent.report.other_devices import (
    DeviceVerdict,
    VersionVerdict,
    at_the_cloud_asked,
    by_device,
    by_version,
)
from netpreflight.agent.report.questions import Question, questions
from netpreflight.agent.report.way_to_cloud import Station, way_to_cloud
from netpreflight.agent.results import Answer, Check, InternetTest, Judgement, LogBeside, Startup, Verdict
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Bss, Contact, Label, Observations, Scope, Ssid, strength

SharedLevel = Literal["ticket", "public"]
"""How much a report leaves out, so that it can be shown to others (`reports/sharing/`)."""
SetUp = Literal["PyPI", "mirror"]
SharingLevel = Literal["complete", SharedLevel]
LEVELS: tuple[SharingLevel, ...] = ("complete", "ticket", "public")
RULES = "8"
"""Version of the judging rules: it changes whenever the same observations can lead to another verdict."""
RULES_OF = "2026-11-30"
"""The day on which these rules were last changed, or reviewed and found right."""
MOST_NETWORKS = 200
"""At most this many networks in range are judged, the strongest: more is a flood of made-up names."""


class Tool(Struct, frozen=True, kw_only=True):
    """The program that made the report."""

    name: str = "netpreflight"
    version: str = field(default_factory=lambda: __version__)  # a plain default would stand in the published schema
    rules: str = RULES


class Device(Struct, frozen=True, kw_only=True):
    """The device judged."""

    name: str
    title: str
    os_version: str | None
    asked_os: str | UnsetType = UNSET
    """The Device OS version that the user asked for, if it is newer than the newest known; the newest known is judged
    in its place (`os_version`). Absent: the user asked for no version, or for a known one."""
    mac_prefix: str | UnsetType = UNSET
    """What the device's MAC address begins with, or the full address, as its profile states it: a company's own profile
    may state that of a single device. Absent: the profile states none."""


class NetworkVerdict(Struct, frozen=True, kw_only=True):
    """The verdict for one of the networks in range, by its `wifi.*` checks alone."""

    ssid: Ssid
    verdict: Verdict
    signal_dbm: float | None
    channels: list[int]
    checks: list[Check]


class Run(Struct, frozen=True, kw_only=True):
    """One run's measurements: everything that judging needs."""

    started: str
    """UTC, ISO 8601."""
    duration_s: float
    complete: bool
    """False: the run was cut short."""
    selection: Selection
    observations: Observations
    footprint: list[Contact]
    set_up: SetUp | None = None
    """From where `./netpreflight` downloaded packages directly before this run, which the footprint does not list.
    None: it downloaded none."""
    sharing: SharedLevel | UnsetType = UNSET
    """As `Report.sharing`."""
    judgeable: bool | UnsetType = UNSET
    """As `Report.judgeable`."""
    site: Label | UnsetType = UNSET
    """Which of many sites the run is of, as the user calls it; absent: the user did not say."""
    place: Label | UnsetType = UNSET
    """Where at the site the laptop was, as the user calls it; absent: the user did not say."""


class Report(Struct, frozen=True, kw_only=True, weakref=True):
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
    set_up: SetUp | None = None
    """As `Run.set_up`."""
    networks: list[NetworkVerdict] = field(default_factory=list)
    route: list[Station] = field(default_factory=list)
    answers: list[Question] = field(default_factory=list)
    sharing: SharedLevel | UnsetType = UNSET
    """The level of sharing for which parts were left out; absent: none were, and the report can be judged again."""
    judgeable: bool | UnsetType = UNSET
    """In a report for a ticket: whether it can be judged again, with the same result as the complete run. Absent in
    such a report: an earlier version made it, and it cannot be judged again. In each such report, zeros stand for
    bytes of which judging needs only the number."""
    log: LogBeside | UnsetType = UNSET
    """What the device's own log says, beside this run; absent: none was given."""
    site: Label | UnsetType = UNSET
    """As `Run.site`; empty: hidden."""
    place: Label | UnsetType = UNSET
    """As `Run.place`; empty: hidden."""


def run_of(held: Run | Report) -> Run:
    """The measurements alone, of a report or of a saved run."""
    return Run(**{name: getattr(held, name) for name in Run.__struct_fields__})


def judged(run: Run, asked: Profile) -> tuple[DeviceView, Judgement]:
    """Judge a run for one device only, in the same way as `make`; the view has the Wi-Fi survey as a `Survey`."""
    profile = at_the_cloud_asked(asked, run.observations)
    view = device_view(surveyed(run.observations), profile)
    return view, judging.judge_as(view, run.selection)


def make(run: Run, asked: Profile) -> Report:
    """Judge a run for a device and for every other known device, and make the report."""
    seen, selection = run.observations, run.selection
    view, judgement = judged(run, asked)
    counted, profile = view.seen, view.profile  # the Wi-Fi survey is counted once for all devices and networks
    beside = log_beside(view, judgement.checks)
    needed_changes = changes(judgement.checks, seen, profile)
    route = way_to_cloud(view, judgement.checks)
    devices = by_device(counted, profile, judgement, selection)
    networks = _networks(run, counted, profile)
    if profile.name == DEFAULT:
        would_not = [device.title for device in devices if device.verdict == "incompatible"]
        judgement = _answered(judgement, with_devices(judgement.answer, judgement.verdict, would_not))
    if networks and judgement.verdict == "undetermined" and judgement.answer.check in survey_checks():
        verdicts = [network.verdict for network in networks]
        judgement = _answered(judgement, with_networks(judgement.answer, verdicts, profile))
    return Report(
        schema="netpreflight-report/1",
        tool=Tool(),
        started=run.started,
        duration_s=run.duration_s,
        complete=run.complete,
        selection=selection,
        scope=seen.scope,
        device=Device(
            name=profile.name,
            title=profile.title,
            os_version=profile.os_version,
            asked_os=UNSET if profile.asked_os is None else profile.asked_os,
            mac_prefix=UNSET if profile.mac_prefix is None else profile.mac_prefix.value,
        ),
        verdict=judgement.verdict,
        answer=judgement.answer,
        headline=judgement.headline,
        notes=[
            *on_the_answer(judgement, profile, devices, seen),
            *on_another_cloud(profile, asked),
            *on_log(beside),
            *notes(view, selection, complete=run.complete),
            *on_age(run.started, RULES_OF, profile),
            *on_set_up(run.set_up),
        ],
        internet_test=judgement.internet_test,
        checks=judgement.checks,
        changes=needed_changes,
        enough=enough(judgement.checks, needed_changes, selection),
        startup=judgement.startup,
        versions=by_version(counted, profile, selection),
        devices=devices,
        observations=seen,
        footprint=run.footprint,
        set_up=run.set_up,
        networks=networks,
        route=route,
        answers=questions(view, judgement.checks, route),
        sharing=run.sharing,
        judgeable=run.judgeable,
        log=UNSET if beside is None else beside,
        site=run.site,
        place=run.place,
    )


def _answered(judgement: Judgement, answer: Answer) -> Judgement:
    """The same judgement with another answer, and the headline for it."""
    return msgspec.structs.replace(judgement, answer=answer, headline=headline_of(judgement.verdict, answer))


def aimed_at(run: Run, ssid: str) -> Run:
    """The run about one of the networks that were in range: the user picked it after the measurement."""
    seen = run.observations
    if seen.wifi is None:
        raise ValueError("there are no networks without a survey")
    wifi = msgspec.structs.replace(seen.wifi, target=ssid, target_from="picked")
    return msgspec.structs.replace(run, observations=msgspec.structs.replace(seen, wifi=wifi))


_RANK: list[Verdict] = ["compatible", "compatible-with-warnings", "undetermined", "incompatible"]
"""The order in which the networks in range are listed."""


def _networks(run: Run, seen: Observations, profile: Profile) -> list[NetworkVerdict]:
    """The verdict for each network in range, the best first; empty: a single network was chosen."""
    wifi = seen.wifi
    if wifi is None or wifi.target is not None:
        return []
    names: dict[str, list[Bss]] = {}
    # The device's bands first: it cannot hear the others, however strong.
    for bss in sorted(wifi.bss, key=lambda bss: (bss.band not in profile.radio.bands.value, -strength(bss.signal_dbm))):
        if bss.ssid:
            names.setdefault(bss.ssid, []).append(bss)
    found = []
    for ssid, bsss in list(names.items())[:MOST_NETWORKS]:
        verdict, checks = judging.judge_network(ssid, seen, profile, run.selection)
        found.append(
            NetworkVerdict(
                ssid=ssid,
                verdict=verdict,
                signal_dbm=bsss[0].signal_dbm,
                channels=sorted({bss.channel for bss in bsss if bss.channel is not None}),
                checks=checks,
            )
        )
    return sorted(
        found, key=lambda network: (_RANK.index(network.verdict), -strength(network.signal_dbm), network.ssid)
    )
