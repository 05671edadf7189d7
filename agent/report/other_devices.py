"""A run judged for every known device, and for every Device OS version of the device judged."""

from typing import Any

import msgspec
from msgspec import Struct

from netpreflight.agent import judging, profiles
from netpreflight.agent.judging import CHECKS
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Judgement, Result, Verdict
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import LogLine, Observations


class _Outcome(Struct, frozen=True, kw_only=True):
    """How far one device gets with one Device OS version."""

    verdict: Verdict
    online: bool | None
    """Whether the device gets online; None: not known."""
    internet_test: Result | None
    method: str
    """The method of its Internet Test."""
    led: str | None
    """The signal of the status LED at the end."""
    log: LogLine | None
    """The last line of its log that shows how far it gets: the Internet Test's line if the test runs."""


class DeviceVerdict(_Outcome, frozen=True, kw_only=True):
    """The verdict of a run for one known device."""

    name: str
    title: str
    os_version: str | None
    headline: str
    stops_at: str | None
    """The stage at which its start stops: scan, link, ip, dns or cloud; None: it does not stop, or that is unknown."""


class VersionVerdict(_Outcome, frozen=True, kw_only=True):
    """The verdict of a run for a range of Device OS versions of the device judged."""

    since: str
    before: str | None
    """The first version to which the verdict no longer applies; None: it applies up to the newest."""
    warnings: list[str]
    """The checks that do not pass, except the ones that the user left out."""
    asked_instead: str | None = None
    """The cloud host name of another version, whose answers are used because the run did not ask for this version's
    own."""


def by_device(seen: Observations, judged: Profile, judgement: Judgement, selection: Selection) -> list[DeviceVerdict]:
    """The verdict for each known device with its newest Device OS version, and for the judged device with its own."""
    others = [device for device in profiles.load_all() if device.name != judged.name]
    all_profiles = sorted([judged, *others], key=lambda profile: _position(profile.name))
    return [
        _device_verdict(profile, judgement if profile is judged else judging.judge(seen, profile, selection))
        for profile in all_profiles
    ]


def by_version(seen: Observations, judged: Profile, selection: Selection) -> list[VersionVerdict]:
    """The verdict for each range of Device OS versions; empty where all versions have the same verdict.

    A run asks for the cloud names of the judged version and of the other known devices. A name that it did not ask for
    is assumed to be answered like the judged version's; `asked_instead` says so.
    """
    found: list[VersionVerdict] = []
    asks_names = any(selection.includes(row.id) for row in CHECKS.values() if row.beyond_the_air)
    for version in profiles.versions_of(judged):
        profile = _at_the_same_cloud(version, judged, seen)
        verdict = _version_verdict(profile, judging.judge(seen, profile, selection), selection)
        if profile is not version and asks_names:
            verdict = msgspec.structs.replace(verdict, asked_instead=judged.cloud.hosts.value[0])
        if found and _without_versions(found[-1]) == _without_versions(verdict):
            both = found[-1].asked_instead or verdict.asked_instead
            found[-1] = msgspec.structs.replace(found[-1], asked_instead=both)
            continue
        if found:
            found[-1] = msgspec.structs.replace(found[-1], before=verdict.since)
        found.append(verdict)
    return found if len(found) > 1 else []


def at_the_cloud_asked(profile: Profile, seen: Observations) -> Profile:
    """The profile, with another version's cloud hosts if the run asked only for those, as `by_version` assumes."""
    if seen.cloud is None or seen.cloud.not_run or _is_asked(profile, seen):
        return profile
    for version in reversed(profiles.versions_of(profile)):
        if _is_asked(version, seen):
            return _at_the_same_cloud(profile, version, seen)
    return profile


def _is_asked(profile: Profile, seen: Observations) -> bool:
    """Whether the run asked a cloud host of a profile."""
    return seen.cloud is not None and any(
        endpoint.host in profile.cloud.hosts.value for endpoint in seen.cloud.endpoints
    )


def _at_the_same_cloud(other: Profile, judged: Profile, seen: Observations) -> Profile:
    """Another version's profile, with the judged version's cloud hosts if its own were not asked for in this run.

    The hosts are replaced only where transport and port are the same.
    """
    own, asked = other.cloud.hosts.value, judged.cloud.hosts.value
    if own == asked or _is_asked(other, seen):
        return other
    if (other.cloud.transport.value, other.cloud.port.value) != (judged.cloud.transport.value, judged.cloud.port.value):
        return other
    return msgspec.structs.replace(other, cloud=msgspec.structs.replace(other.cloud, hosts=judged.cloud.hosts))


def _position(name: str) -> int:
    """The position of a device in the list of known devices; -1 for a company's own, which comes first."""
    known = profiles.names()
    return known.index(name) if name in known else -1


def _device_verdict(profile: Profile, judgement: Judgement) -> DeviceVerdict:
    """The verdict for a device, from its judgement."""
    return DeviceVerdict(
        **_outcome_fields(judgement),
        name=profile.name,
        title=profile.title,
        os_version=profile.os_version,
        headline=judgement.headline,
        stops_at=judgement.startup.stops_at,
    )


def _version_verdict(profile: Profile, judgement: Judgement, selection: Selection) -> VersionVerdict:
    """The verdict for a Device OS version, from its judgement."""
    return VersionVerdict(
        **_outcome_fields(judgement),
        since=profile.os_version or "",
        before=None,
        warnings=[
            f"{check.id} {check.status}"
            for check in judgement.checks
            if check.status != "pass" and check.level != "reported" and selection.includes(check.id)
        ],
    )


def _outcome_fields(judgement: Judgement) -> dict[str, Any]:
    """The fields of `_Outcome`, from a judgement."""
    start, test = judgement.startup, judgement.internet_test
    tested = start.online is False and test.runs and test.led is not None
    return {
        "verdict": judgement.verdict,
        "online": start.online,
        "internet_test": test.result,
        "method": test.method,
        "led": test.led.words if tested and test.led else start.led,
        "log": test.line if tested else start.log[-1] if start.log else None,
    }


def _without_versions(verdict: VersionVerdict) -> VersionVerdict:
    """A verdict without its versions, to compare it with that of another version."""
    return msgspec.structs.replace(verdict, since="", before=None, asked_instead=None)
