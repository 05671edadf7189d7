"""A run judged as it is and as its ticket has it: what differs, for every known device and version."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
from msgspec.structs import replace

from netpreflight.agent import judging, profiles, report
from netpreflight.agent.judging.wifi.survey import surveyed
from netpreflight.agent.profiles import Profile
from netpreflight.agent.report import Report, Run
from netpreflight.agent.results import Check
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Observations
from netpreflight.reports import FORMATS
from netpreflight.reports.sharing import shared


@cache
def every_version() -> list[Profile]:
    """Every known device in each version of Device OS that its facts tell apart."""
    return [version for name in profiles.names() for version in profiles.versions_of(profiles.load(name))]


NEWEST = [profiles.load(name) for name in profiles.names()]


def run_of(seen: Observations, selection: Selection | None = None) -> Run:
    """A run with these observations."""
    return Run(
        started="2026-01-02T03:04:05Z",
        duration_s=1.5,
        complete=True,
        selection=selection or Selection(),
        observations=seen,
        footprint=[],
    )


def with_key(profile: Profile, key: str) -> Profile:
    """The profile, with this key of its cloud's server, if it has one."""
    if profile.cloud.server_key is None:
        return profile
    fact = replace(profile.cloud.server_key, value=key)
    return replace(profile, cloud=replace(profile.cloud, server_key=fact))


def ticket_of(run: Run, profile: Profile) -> Report:
    """The run as its ticket has it."""
    return shared(report.make(run, profile), "ticket", profile)


def saved_again(ticket: Report) -> Run:
    """The measurements in a ticket's file."""
    return msgspec.json.decode(FORMATS[".json"](ticket), type=report.Saved).run


def assert_judged_alike(document: str) -> None:
    """Assert that the ticket of a complete report (JSON) is judged as the report, for every known device."""
    saved = msgspec.json.decode(document, type=report.Saved)
    profile = profiles.load(profiles.DEFAULT)
    ticket = ticket_of(saved.run, profile)
    assert ticket.judgeable is True
    assert differences(saved.run, saved_again(ticket), NEWEST) == []


def differences(complete: Run, ticket: Run, devices: list[Profile]) -> list[str]:
    """What is judged otherwise from the ticket."""
    before, after = surveyed(complete.observations), surveyed(ticket.observations)
    found = []
    for profile in devices:
        pairs = zip(_told(before, complete, profile), _told(after, ticket, profile), strict=True)
        found += [f"{profile.name} {profile.os_version}: {was} is {now}" for was, now in pairs if was != now]
    return found


def _told(seen: Observations, run: Run, profile: Profile) -> Iterator[Any]:
    judged = judging.judge(seen, profile, run.selection)
    yield judged.verdict
    yield judged.startup.online, judged.startup.stops_at, judged.startup.led
    yield judged.internet_test.result, judged.internet_test.runs
    yield from map(_outcome, judged.checks)
    if seen.wifi is not None and seen.wifi.target is None:
        names = dict.fromkeys(bss.ssid for bss in seen.wifi.bss if bss.ssid)
        for name in names:
            verdict, checks = judging.judge_network(name, seen, profile, run.selection)
            yield verdict, list(map(_outcome, checks))


def _outcome(check: Check) -> tuple[Any, ...]:
    return check.id, check.status, str(check.problem), str(check.owner), check.level, str(check.due_to)
