"""What two runs on two networks rule out, and no more than they show.

Only exchanges that were witnessed make something `ruled-out`; an unknown result rules out nothing. The device itself
took part in neither run, and a passphrase only in a run that joined: nothing is concluded about them except what the
device's own log or a join shows.
"""

import math
from collections.abc import Collection
from typing import Literal, NamedTuple

from msgspec import UNSET

from netpreflight.agent.compare.limits import seconds_apart
from netpreflight.agent.compare.parts import Conclusion, Given, Standing, settled
from netpreflight.agent.compare.story import hotspot, same_laptop
from netpreflight.agent.judging.addresses import is_carrier_nat, is_translated
from netpreflight.agent.judging.registry import CHECKS
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Check, Stage, Status
from netpreflight.probes.quoting import in_quotes

WIFI_STAGES: tuple[Stage, ...] = ("scan",)
LATER_STAGES: tuple[Stage, ...] = ("ip", "internet", "cloud")
"""Wi-Fi and everything beyond it are compared separately: a hotspot on the wrong band may still reach the cloud."""
WORDS: dict[Stage, str] = {
    "scan": "Wi-Fi",
    "ip": "DHCP",
    "internet": "DNS, NTP and portals",
    "cloud": "the device's cloud port",
}
_OLD_S = 3600
"""If the runs are further apart than this, what failed in one may simply have been fixed before the other."""

Outcome = Literal["works", "fails", "not-known"]


class Contrast(NamedTuple):
    """A run in which something fails, a run in which that works, and the stage of the failure."""

    bad: Given
    good: Given
    stage: Stage


def needed(given: Given, *stages: Stage) -> list[Check]:
    """The checks of these stages that the device needs."""
    return [check for check in given.report.checks if check.stage in stages and check.level == "required"]


def outcome(given: Given, *stages: Stage, without: Collection[str] = ()) -> Outcome:
    """Whether the required checks of these stages work, not counting those in `without`.

    If no check is required, the outcome is `works`; if that is so only because of `without`, it is `not-known`.
    """
    required = [check for check in needed(given, *stages) if check.id not in without]
    if without and not required:
        return "not-known"
    if any(check.status == "fail" for check in required):
        return "fails"
    return "not-known" if any(map(_is_unsettled, required)) else "works"


def first_failing(given: Given, stages: tuple[Stage, ...]) -> Stage | None:
    """The first of these stages in which a required check fails; None: none fails."""
    return next((stage for stage in stages if outcome(given, stage) == "fails"), None)


def failing(given: Given, stage: Stage) -> list[Check]:
    """The required checks that fail in a stage."""
    return [check for check in needed(given, stage) if check.status == "fail"]


def unsettled(given: Given, *stages: Stage) -> list[Check]:
    """The required checks of these stages whose result is not known."""
    return [check for check in needed(given, *stages) if _is_unsettled(check)]


def _is_unsettled(check: Check) -> bool:
    """Whether a check shows neither that it works for the device nor that it does not."""
    return check.in_doubt or settled(check) in {"unknown", "skip"}


def of_two_networks(a: Given, b: Given, profile: Profile) -> list[Conclusion]:
    """What two runs on two networks suspect or rule out.

    Wi-Fi and what comes after it are looked at separately. In each:

    * something fails on one network and works on the other: the failing network is suspect, the laptop and the server
      may be ruled out;
    * both networks fail the same checks: what the two runs share is suspect;
    * otherwise: a network where something fails is suspect, and nothing is ruled out.
    """
    found: list[Conclusion] = []
    for stages in (LATER_STAGES, WIFI_STAGES):
        if contrast := find_contrast(a, b, stages):
            found += _one_works(contrast, profile)
        elif stage := shared_failure(a, b, stages):
            found += _both_fail(a, b, stage)
        else:
            for given in (a, b):
                if (failing_stage := first_failing(given, stages)) is not None:
                    found.append(
                        _suspect_network(given, failing_stage, "the other run does not show that this works there")
                    )
    found += [_lets_device_online(given) for given in (a, b) if outcome(given, *WIFI_STAGES, *LATER_STAGES) == "works"]
    return [*found, *_unknown_stages(a, b), *_device_and_passphrase(a, b)]


def find_contrast(a: Given, b: Given, stages: tuple[Stage, ...]) -> Contrast | None:
    """The failing and the working run, if everything that fails in one works in the other; None: there is no such pair.

    In the working run, no required check of these stages fails.
    """
    for bad, good in ((a, b), (b, a)):
        stage = first_failing(bad, stages)
        if stage is None or first_failing(good, stages) is not None:
            continue
        failing_ids = {check.id for check in failing(bad, stage)}
        same_checks = [check for check in good.report.checks if check.id in failing_ids]
        if all(settled(check) in {"pass", "warn"} for check in same_checks):
            return Contrast(bad, good, stage)
    return None


def shared_failure(a: Given, b: Given, stages: tuple[Stage, ...]) -> Stage | None:
    """The stage in which both networks first fail, if they fail the same checks in it; None: they do not."""
    stage = first_failing(a, stages)
    if stage is None or stage != first_failing(b, stages):
        return None
    return stage if {check.id for check in failing(a, stage)} == {check.id for check in failing(b, stage)} else None


def name_of(given: Given) -> str:
    """What a conclusion calls the network of a run, such as `A ("Office")`."""
    seen = given.report.observations
    if hotspot(seen):
        return f"the likely hotspot ({given.letter})"
    return f"{given.letter} ({in_quotes(seen.scope.ssid)})" if seen.scope.ssid else given.letter


def other_explanation(contrast: Contrast) -> str | None:
    """What, other than the network, may explain the difference between two runs; None: nothing that is known."""
    here, there = contrast.bad.report.scope, contrast.good.report.scope
    same = same_laptop(here, there)
    if same is None:
        return "It is not known whether both runs were made on the same laptop; if they were, the laptop is ruled out"
    if same is False:
        return "Another laptop made the other run"
    if (here.vpn or here.tunnels) and (here.vpn, here.tunnels) != (there.vpn, there.tunnels):
        return f"In run {contrast.bad.letter} a VPN or tunnel was up, and its software may block packets on the laptop"
    if None not in {here.medium, there.medium} and here.medium != there.medium:
        return "The two runs were made by different interfaces of the laptop, one by cable and one by Wi-Fi"
    apart_s = seconds_apart(contrast.bad, contrast.good)
    if apart_s is None:
        return "It is not known how far apart in time the two runs are, so what failed in one may work by now"
    return "The two runs are more than an hour apart: what failed in one may work by now" if apart_s > _OLD_S else None


def warnings(given: Given) -> list[Check]:
    """The warnings that count for the device: they may still keep it offline."""
    return [check for check in given.report.checks if check.status == "warn" and check.level != "reported"]


def _lets_device_online(given: Given) -> Conclusion:
    """The conclusion about a network on which every check that the device needs passed."""
    remaining_warnings = warnings(given)
    statement = "Every exchange that the device needs was seen to work there, from this laptop"
    reservation = (
        f", but there are warnings: {'; '.join(f'{check.id}: {check.summary}' for check in remaining_warnings)}."
        if remaining_warnings
        else "; a network may still treat the device differently because of its MAC address."
    )
    return Conclusion(
        subject=name_of(given),
        standing="not-settled" if remaining_warnings else "ruled-out",
        because=f"{statement}{reservation}",
        rests_on=_results(given, needed(given, *WIFI_STAGES, *LATER_STAGES)),
    )


def _one_works(contrast: Contrast, profile: Profile) -> list[Conclusion]:
    """The conclusions where something fails on one network and works on the other."""
    bad, good, stage = contrast
    if stage in WIFI_STAGES:
        return [_suspect_network(bad, stage, f"the Wi-Fi of {name_of(good)} suits the device in this respect")]
    bad_name, explanation = name_of(bad), other_explanation(contrast)
    laptop = (
        Conclusion(subject="this laptop", standing="not-settled", because=f"{explanation}.")
        if explanation
        else Conclusion(
            subject="this laptop",
            standing="ruled-out",
            because=f"On {name_of(good)} it made the exchanges that fail on {bad_name}. Only a firewall on the laptop "
            "that treats the two networks differently could still be the cause.",
            rests_on=_same_checks(contrast),
        )
    )
    found = [laptop, _suspect_network(bad, stage, f"it works on {name_of(good)}")]
    return (
        [*found, _server(contrast, profile)] if any(CHECKS[check.id].asked for check in failing(bad, stage)) else found
    )


def _same_checks(contrast: Contrast) -> list[str]:
    """The results on the working network of the checks that fail on the other one."""
    failing_ids = {check.id for check in failing(contrast.bad, contrast.stage)}
    return _results(contrast.good, [check for check in contrast.good.report.checks if check.id in failing_ids])


def _suspect_network(given: Given, stage: Stage, other_run: str) -> Conclusion:
    """The conclusion that a network is suspect; `other_run` says what the other run shows."""
    failed = failing(given, stage)
    located = (check for check in given.report.checks if CHECKS[check.id].locates)
    path = next((check for check in located if check.status == "fail"), None)
    failures = "; ".join(f"{check.id}: {check.summary}" for check in failed)
    place = "" if stage in WIFI_STAGES else " Something between its access point and its internet provider stops that."
    if path and stage == "cloud":
        place = "" if path in failed else f" {path.summary}."
    return Conclusion(
        subject=name_of(given),
        standing="suspect",
        because=f"{failures}; {other_run}.{place}",
        rests_on=_results(given, failed),
    )


def server_explanation(contrast: Contrast, profile: Profile) -> str | None:
    """Why the server may be the cause: the other run got its answer from another address; None: from the same one."""
    for check in failing(contrast.bad, contrast.stage):
        if (asked := CHECKS[check.id].asked) is not None:
            tried = {address for address, _ in asked(contrast.bad.report.observations, profile) if address}
            answering = {address for address, answered in asked(contrast.good.report.observations, profile) if answered}
            if not tried & answering:
                return (
                    f"{check.id} was tried at {', '.join(sorted(tried)) or 'no address'}, and works at another address"
                )
    return None


def _server(contrast: Contrast, profile: Profile) -> Conclusion:
    """The conclusion about the server that was asked: ruled out, or not settled."""
    subject = "the device's cloud" if contrast.stage == "cloud" else "the server asked"
    if explanation := other_explanation(contrast) or server_explanation(contrast, profile):
        return Conclusion(subject=subject, standing="not-settled", because=f"{explanation}.")
    minutes = max(1, math.ceil((seconds_apart(contrast.bad, contrast.good) or 0) / 60))
    return Conclusion(
        subject=subject,
        standing="ruled-out",
        because=f"It answered on {name_of(contrast.good)} at the same address, in a run at most {minutes} min apart.",
        rests_on=_same_checks(contrast),
    )


def _both_fail(a: Given, b: Given, stage: Stage) -> list[Conclusion]:
    """The conclusions where both networks fail the same checks: suspect what they share, and clear neither network."""
    all_results = [*_results(a, failing(a, stage)), *_results(b, failing(b, stage))]
    failing_ids = ", ".join(check.id for check in failing(a, stage))
    if stage in WIFI_STAGES:
        return [
            Conclusion(
                subject="both access points",
                standing="suspect",
                because=f"{failing_ids} fails on both: neither network's radio suits this device.",
                rests_on=all_results,
            ),
            Conclusion(
                subject="the device's profile",
                standing="not-settled",
                because="If the same checks fail on two networks, the profile may be wrong: netpreflight devices NAME "
                "shows its facts.",
            ),
        ]
    is_same_laptop = same_laptop(a.report.scope, b.report.scope)
    found = [
        Conclusion(
            subject="this laptop",
            standing="suspect" if is_same_laptop else "not-settled",
            because=f"{failing_ids} fails on both, and both runs were made on this laptop: look at its firewall, "
            "VPN and security software."
            if is_same_laptop
            else f"{failing_ids} fails on both; "
            + (
                "the runs were made on two different laptops."
                if is_same_laptop is False
                else "it is not known whether both runs were made on the same laptop."
            ),
            rests_on=all_results,
        )
    ]
    if stage == "cloud":
        found.append(
            Conclusion(
                subject="the device's cloud, and the device's profile",
                standing="suspect",
                because=f"{failing_ids} fails on both: the service may be down, or the profile may have the wrong "
                "name or port.",
                rests_on=all_results,
            )
        )
    found.append(
        Conclusion(
            subject=f"{name_of(a)} and {name_of(b)}",
            standing="not-settled",
            because="Each of the two networks may block this by itself.",
            rests_on=all_results,
        )
    )
    return found


def _unknown_stages(a: Given, b: Given) -> list[Conclusion]:
    """The conclusions about stages whose result is not known in a run: nothing is ruled out there."""
    return [
        Conclusion(
            subject=f"{WORDS[stage]} on {name_of(given)}",
            standing="not-settled",
            because=f"Not known: {', '.join(check.id for check in unknown)} ({unknown[0].summary}).",
        )
        for given in (a, b)
        for stage in (*WIFI_STAGES, *LATER_STAGES)
        if (unknown := unsettled(given, stage)) and outcome(given, stage) == "not-known"
    ]


def _device_and_passphrase(a: Given, b: Given) -> list[Conclusion]:
    """The conclusions about the device and its passphrase: from its log or a join, else that they were not tried."""
    good = next((side for side in (b, a) if outcome(side, *WIFI_STAGES, *LATER_STAGES) == "works"), None)
    step = (
        f" Let one device join {name_of(good)}: if it gets online there, the device and its firmware are cleared."
        if good
        else ""
    )
    return [
        _by_log("the device and its firmware", "device", a, b)
        or Conclusion(
            subject="the device and its firmware",
            standing="not-tried",
            because=f"In both runs the laptop took the device's place.{step}",
        ),
        _by_log("the passphrase", "passphrase", a, b)
        or _by_join(a, b)
        or Conclusion(
            subject="the passphrase",
            standing="not-tried",
            because="In neither run was the passphrase tried: that this laptop was on a network says nothing about the "
            "passphrase that the device was given. A run with --as device tries it.",
        ),
    ]


def _by_join(a: Given, b: Given) -> Conclusion | None:
    """What a run that joined the network shows about the passphrase; None: neither run tried one."""
    for given in (b, a):
        join = given.report.observations.join
        tried = next((check for check in given.report.checks if CHECKS[check.id].tries_passphrase), None)
        if join is UNSET or tried is None or join.key_form == "none":
            continue
        standing: Standing = "suspect" if tried.status == "fail" else "not-settled"
        because = (
            f"{name_of(given)} accepted the passphrase that the run was given; whether the device was given the same "
            "one is not known."
        )
        if tried.status == "fail":
            because = f"With the passphrase that run {given.letter} was given: {tried.summary}."
        if tried.status == "fail" or join.joined is not None:
            return Conclusion(
                subject="the passphrase", standing=standing, because=because, rests_on=_results(given, [tried])
            )
    return None


def _by_log(subject: str, of_device: Literal["passphrase", "device"], a: Given, b: Given) -> Conclusion | None:
    """What the device's own log, given with one of the runs, shows about the passphrase or the device; None: nothing.

    A log from another network says nothing about this network's passphrase. It does count for the device, because keys
    and firmware go with the device.
    """
    found: list[tuple[Given, Check]] = []
    for given in (b, a):
        log = given.report.log
        if log is UNSET or (log.same_network is not True and of_device == "passphrase"):
            continue
        found += [(given, check) for check in given.report.checks if CHECKS[check.id].of_device == of_device]
    for status, standing in _OF_LOG:
        for given, check in found:
            if check.status == status:
                because = f"The device's own log, given with {given.letter}: {check.summary}."
                return Conclusion(
                    subject=subject, standing=standing, because=because, rests_on=_results(given, [check])
                )
    return None


_OF_LOG: tuple[tuple[Status, Standing], ...] = (("fail", "suspect"), ("pass", "ruled-out"))
"""What follows from the status of a check that the log answers; a failure in either run comes first."""


def reference_remarks(given: Given) -> list[str]:
    """What may set this network apart from an ordinary one, so that it is no clean reference for the other network."""
    seen = given.report.observations
    scope = seen.scope
    found = []
    address = scope.address or ""
    if is_translated(address):
        found.append(f"{address} reaches IPv4 through a translator over IPv6 (464XLAT)")
    elif is_carrier_nat(address):
        found.append(f"{address} is behind a carrier-grade NAT (100.64.0.0/10)")
    if scope.interface and not scope.addresses and scope.ipv6_addresses:
        found.append("it has IPv6 only, and the device needs IPv4")
    failing = (check for check in given.report.checks if check.status == "fail")
    return [*found, *(f"{words} ({check.summary})" for check in failing if (words := CHECKS[check.id].as_reference))]


def _results(given: Given, checks: list[Check]) -> list[str]:
    """The results of these checks as a conclusion names them, such as `B cloud.transport`."""
    return [f"{given.letter} {check.id}" for check in checks]
