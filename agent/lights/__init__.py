"""The table of a device's lights, and what each light means: the rows that `netpreflight led` looks up.

What a device shows while it starts is stated once, in its profile ([led] and [internet_test]). Both the prediction of a
device's start and this table take the colours from there; the table adds what they mean.
"""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from netpreflight.agent import profiles
from netpreflight.agent.judging.light.meaning import Row, Shown, look_up
from netpreflight.agent.judging.light.words import answered, heard
from netpreflight.agent.led import LightSignal, told
from netpreflight.agent.profiles import Fact, Profile
from netpreflight.agent.profiles.facts import order
from netpreflight.agent.results import Led

_FILE = Path(__file__).parent / "table.toml"
_VERSION = re.compile(r"(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{1,3}){2}(?![0-9.])")
_TESTS = {"test.failed": 2, "test.passed": 3}
"""Signals in the table that stand for the result of the Internet Test, and how often the light then blinks (device-os
v6.2.0 system_task.cpp, handle_cfod())."""


@cache
def rows() -> tuple[Row, ...]:
    """Every row of the table; a row with numbers (the codes of an SOS) becomes one row for each number."""
    content = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    found = []
    for written in content["light"]:
        row = msgspec.convert({"source": "", **written}, Row)
        row = msgspec.structs.replace(row, source="; ".join(filter(None, [row.source, content["source"]])))
        found += _each_number(row) if row.numbers else [row]
    return tuple(found)


def _each_number(row: Row) -> list[Row]:
    """One row for each number of a row, with the number in its signals and the number's reason in its meaning."""
    return [
        msgspec.structs.replace(
            row,
            name=f"{row.name}-{number}",
            signals=[signal.replace("{number}", number) for signal in row.signals],
            means=row.means.replace("{reason}", reason),
            numbers={},
        )
        for number, reason in row.numbers.items()
    ]


def looked_up(said: str, device: str | None, os_version: str | None, answer: str | None = None) -> Led:
    """Which lights of the table match a light that the user describes.

    Args:
        said: the user's description.
        device: the name or file of a profile, as `profiles.load` accepts it; None: any Particle device.
        os_version: the device's Device OS version; None: any.
        answer: the user's answer to the question that an earlier lookup left open; it may also name the device and its
            version. None: none was given.

    Raises:
        UnknownDeviceError: there is no such device, or it has no such version.
    """
    understood = heard(said)
    if answer is not None:
        version = _VERSION.search(answer)
        os_version = os_version or (version[0] if version else None)
        device = device or next((name for name in profiles.names() if _names(answer, name)), None)
        rest = answer.replace(version[0], " ") if version else answer
        understood = answered(understood, rest)
    return look_up(understood, _devices(device, os_version))


@cache
def _devices(device: str | None, os_version: str | None) -> list[tuple[Profile, list[Shown]]]:
    """Each device and version to look a light up for, with the lights that it shows."""
    return [(profile, shown_by(profile)) for profile in every(device, os_version)]


def _names(answer: str, device: str) -> bool:
    """Whether an answer names a device: `Photon 2` names `photon2`, and not `photon`."""
    return (
        re.search(
            rf"(?<![a-z0-9]){device}(?![a-z0-9])", re.sub(r"\b(photon|m)[ -](2|som)\b", r"\1\2", answer.casefold())
        )
        is not None
    )


def shown_by(profile: Profile) -> list[Shown]:
    """The lights that a device with the Device OS version of its profile shows."""
    return [shown for row in rows() if _has(profile, row) and (shown := _shown(profile, row)) is not None]


def every(device: str | None, os_version: str | None) -> list[Profile]:
    """The devices and versions to look a light up for: for each device, its versions in rising order.

    Args:
        device: the name or file of a profile, as `profiles.load` accepts it; None: every Particle device.
        os_version: the Device OS version; None: any.

    Raises:
        UnknownDeviceError: there is no such device, or none has this version.
    """
    if device is not None:
        profile = profiles.load(device, os_version)
        return [profile] if os_version is not None else profiles.versions_of(profile) or [profile]
    found, problem = list[Profile](), None
    for name in profiles.names():
        if name == profiles.DEFAULT:
            continue
        try:
            found += every(name, os_version)
        except profiles.UnknownDeviceError as refused:
            problem = refused
    if not found and problem is not None:
        raise problem
    return found


def _has(profile: Profile, row: Row) -> bool:
    """Whether this device, with its Internet Test and its Device OS version, shows the light of this row."""
    test, version = profile.internet_test, profile.os_version
    if row.devices and profile.name not in row.devices:
        return False
    if row.method and not test.method.value.startswith(row.method):
        return False
    if row.runs_after and test.runs_after.value != row.runs_after:
        return False
    if version is None:
        return True
    return (row.since is None or order(row.since) <= order(version)) and (
        row.before is None or order(version) < order(row.before)
    )


def _shown(profile: Profile, row: Row) -> Shown | None:
    """The row with the colours of this device's profile; None: the profile lacks one of the row's signals."""
    signals, facts = list[LightSignal](), list[Fact[Any]]()
    for signal in row.signals:
        if signal in _TESTS:
            facts.append(profile.internet_test.colour)
            signals.append(LightSignal(colour=profile.internet_test.colour.value, times=_TESTS[signal]))
        elif signal.startswith("led."):
            fact = getattr(profile.led, signal.removeprefix("led."))
            if fact is None:
                return None
            facts.append(fact)
            once = signal == "led.handshake_failed"
            signals.append(LightSignal(colour=fact.value, times=1) if once else told(fact.value))
        else:
            signals.append(told(signal))
    unconfirmed = any(fact.certainty == "unconfirmed" for fact in facts)
    return Shown(
        row=row,
        signals=tuple(signals),
        sign=row.signals.index(row.sign) if row.sign else None,
        certainty="unconfirmed" if unconfirmed else row.certainty,
        sources=tuple(dict.fromkeys([row.source, *(fact.source for fact in facts)])),
    )
