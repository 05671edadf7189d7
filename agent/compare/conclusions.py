"""What two networks, measured by one laptop, rule out: never more than was seen.

A thing is `ruled-out` only by exchanges that were witnessed: what is unknown in the run that would rule it out rules
out nothing. The device itself, and the passphrase that it was given, were in neither run: nothing is said for them.
"""

import math
from collections.abc import Collection
from typing import Literal, NamedTuple

from netpreflight.agent.compare.limits import seconds_apart
from netpreflight.agent.compare.parts import Conclusion, Given
from netpreflight.agent.compare.story import hotspot, same_laptop
from netpreflight.agent.judging.addresses import is_carrier_nat, is_translated
from netpreflight.agent.judging.registry import CHECKS
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Check, Stage
from netpreflight.probes.quoting import in_quotes

AIR: tuple[Stage, ...] = ("scan",)
BEYOND: tuple[Stage, ...] = ("ip", "internet", "cloud")
"""The air and what lies beyond it are told apart: a hotspot of the wrong band may still lead to the cloud."""
WORDS: dict[Stage, str] = {
    "scan": "the air",
    "ip": "DHCP",
    "internet": "DNS, NTP and portals",
    "cloud": "the device's cloud port",
}
_OLD_S = 3600
"""What failed in one run, and works so much later, may just have been mended."""

Outcome = Literal["works", "fails", "not-known"]


class Apart(NamedTuple):
    """Something that fails in one network, and works in the other."""

    bad: Given
    good: Given
    stage: Stage


def needed(given: Given, *stages: Stage) -> list[Check]:
    """The checks of some stages that the device needs."""
    return [check for check in given.report.checks if check.stage in stages and check.level == "required"]


def outcome(given: Given, *stages: Stage, without: Collection[str] = ()) -> Outcome:
    """How some stages ended, `without` some checks. Where the device needs nothing, nothing stands in its way."""
    mine = [check for check in needed(given, *stages) if check.id not in without]
    if without and not mine:
        return "not-known"
    if any(check.status == "fail" for check in mine):
        return "fails"
    return "not-known" if any(map(_is_unsettled, mine)) else "works"


def first_failing(given: Given, stages: tuple[Stage, ...]) -> Stage | None:
    """The first of some stages in which something fails that the device needs."""
    return next((stage for stage in stages if outcome(given, stage) == "fails"), None)


def failing(given: Given, stage: Stage) -> list[Check]:
    """What fails in a stage, of what the device needs."""
    return [check for check in needed(given, stage) if check.status == "fail"]


def unsettled(given: Given, *stages: Stage) -> list[Check]:
    """What is not known in some stages, of what the device needs."""
    return [check for check in needed(given, *stages) if _is_unsettled(check)]


def _is_unsettled(check: Check) -> bool:
    """Whether a check says neither that the device's need is met nor that it is not."""
    return check.in_doubt or check.status in {"unknown", "skip"}


def of_two_networks(a: Given, b: Given, profile: Profile) -> list[Conclusion]:
    """What follows from two runs on two networks."""
    found: list[Conclusion] = []
    for stages in (BEYOND, AIR):
        if split := apart(a, b, stages):
            found += _one_works(split, profile)
        elif stage := alike(a, b, stages):
            found += _alike(a, b, stage)
        else:
            for side in (a, b):
                if (fails := first_failing(side, stages)) is not None:
                    found.append(_suspect(side, fails, "nothing in the other run shows what works there instead"))
    found += [_let_through(side) for side in (a, b) if outcome(side, *AIR, *BEYOND) == "works"]
    return [*found, *_unseen(a, b), *_never_tried(a, b)]


def apart(a: Given, b: Given, stages: tuple[Stage, ...]) -> Apart | None:
    """Where one network first fails, if each thing that fails there works in the other, in which nothing fails."""
    for bad, good in ((a, b), (b, a)):
        stage = first_failing(bad, stages)
        if stage is None or first_failing(good, stages) is not None:
            continue
        fails = {check.id for check in failing(bad, stage)}
        if all(check.status in {"pass", "warn"} for check in good.report.checks if check.id in fails):
            return Apart(bad, good, stage)
    return None


def alike(a: Given, b: Given, stages: tuple[Stage, ...]) -> Stage | None:
    """The stage in which both networks first fail, if the same things fail in it."""
    stage = first_failing(a, stages)
    if stage is None or stage != first_failing(b, stages):
        return None
    return stage if {check.id for check in failing(a, stage)} == {check.id for check in failing(b, stage)} else None


def name_of(given: Given) -> str:
    """A run's network, in a few words."""
    seen = given.report.observations
    if hotspot(seen):
        return f"the likely hotspot ({given.letter})"
    return f"{given.letter} ({in_quotes(seen.scope.ssid)})" if seen.scope.ssid else given.letter


def doubt(split: Apart) -> str | None:
    """Why what fails in the one run need not be the network's doing, whatever the other shows; None: no reason."""
    here, there = split.bad.report.scope, split.good.report.scope
    same = same_laptop(here, there)
    if same is None:
        return "Whether one laptop made both runs cannot be told; if so, the laptop is ruled out"
    if same is False:
        return "Another laptop made the other run"
    if (here.vpn or here.tunnels) and (here.vpn, here.tunnels) != (there.vpn, there.tunnels):
        return f"In {split.bad.letter} a VPN or tunnel was up, whose program may keep packets off the network"
    if None not in {here.medium, there.medium} and here.medium != there.medium:
        return "The two runs were made by different interfaces of the laptop, one by cable and one by Wi-Fi"
    apart_s = seconds_apart(split.bad, split.good)
    if apart_s is None:
        return "How far apart the two runs are is not known, so what failed then may work by now"
    return "The two runs are more than an hour apart: what failed in one may work by now" if apart_s > _OLD_S else None


def warnings(given: Given) -> list[Check]:
    """What may still keep the device offline, or trouble it."""
    return [check for check in given.report.checks if check.status == "warn" and check.level != "reported"]


def _let_through(given: Given) -> Conclusion:
    mine = warnings(given)
    told = "Every exchange that the device needs was seen to work there, from this laptop"
    doubt = (
        f", but there are warnings: {'; '.join(f'{check.id}: {check.summary}' for check in mine)}."
        if mine
        else "; a network may still treat the device otherwise, by its MAC address."
    )
    return Conclusion(
        subject=name_of(given),
        standing="not-settled" if mine else "ruled-out",
        because=f"{told}{doubt}",
        rests_on=_results(given, needed(given, *AIR, *BEYOND)),
    )


def _one_works(split: Apart, profile: Profile) -> list[Conclusion]:
    bad, good, stage = split
    if stage in AIR:
        return [_suspect(bad, stage, f"the air of {name_of(good)} suits the device in that")]
    where, why = name_of(bad), doubt(split)
    laptop = (
        Conclusion(subject="this laptop", standing="not-settled", because=f"{why}.")
        if why
        else Conclusion(
            subject="this laptop",
            standing="ruled-out",
            because=f"It made on {name_of(good)} the exchanges that fail on {where}, so it can; only a firewall of its "
            "own that treats the two networks differently could still be the cause.",
            rests_on=_same_checks(split),
        )
    )
    found = [laptop, _suspect(bad, stage, f"it works on {name_of(good)}")]
    return [*found, _server(split, profile)] if any(CHECKS[check.id].asked for check in failing(bad, stage)) else found


def _same_checks(split: Apart) -> list[str]:
    """What works in the one network, of what fails in the other."""
    fails = {check.id for check in failing(split.bad, split.stage)}
    return _results(split.good, [check for check in split.good.report.checks if check.id in fails])


def _suspect(given: Given, stage: Stage, beside: str) -> Conclusion:
    """The network in which something fails: everything from its access point to its provider."""
    fails = failing(given, stage)
    located = (check for check in given.report.checks if CHECKS[check.id].locates)
    path = next((check for check in located if check.status == "fail"), None)
    what = "; ".join(f"{check.id}: {check.summary}" for check in fails)
    where = "" if stage in AIR else " Somewhere from its access point to its internet provider that is stopped."
    if path and stage == "cloud":
        where = "" if path in fails else f" {path.summary}."
    return Conclusion(
        subject=name_of(given),
        standing="suspect",
        because=f"{what}; {beside}.{where}",
        rests_on=_results(given, fails),
    )


def server_doubt(split: Apart, profile: Profile) -> str | None:
    """Why the server that was asked may be what failed: it did not answer in the other run at the same address."""
    for check in failing(split.bad, split.stage):
        if (asked := CHECKS[check.id].asked) is not None:
            tried = {address for address, _ in asked(split.bad.report.observations, profile) if address}
            answering = {address for address, answered in asked(split.good.report.observations, profile) if answered}
            if not tried & answering:
                return (
                    f"{check.id} was tried at {', '.join(sorted(tried)) or 'no address'}, and works at another address"
                )
    return None


def _server(split: Apart, profile: Profile) -> Conclusion:
    """Whether the server itself can be what fails."""
    subject = "the device's cloud" if split.stage == "cloud" else "the server asked"
    if why := doubt(split) or server_doubt(split, profile):
        return Conclusion(subject=subject, standing="not-settled", because=f"{why}.")
    minutes = max(1, math.ceil((seconds_apart(split.bad, split.good) or 0) / 60))
    return Conclusion(
        subject=subject,
        standing="ruled-out",
        because=f"It answered on {name_of(split.good)} at the same address, in a run at most {minutes} min apart.",
        rests_on=_same_checks(split),
    )


def _alike(a: Given, b: Given, stage: Stage) -> list[Conclusion]:
    """Both fail alike: what they have in common comes first, and neither network is cleared."""
    both = [*_results(a, failing(a, stage)), *_results(b, failing(b, stage))]
    what = ", ".join(check.id for check in failing(a, stage))
    if stage in AIR:
        return [
            Conclusion(
                subject="both access points",
                standing="suspect",
                because=f"{what} fails on both: neither network's radio suits this device.",
                rests_on=both,
            ),
            Conclusion(
                subject="what the device is taken to need",
                standing="not-settled",
                because="Two networks that fail alike may both be right: see netpreflight devices for the facts.",
            ),
        ]
    same = same_laptop(a.report.scope, b.report.scope)
    found = [
        Conclusion(
            subject="this laptop",
            standing="suspect" if same else "not-settled",
            because=f"{what} fails on both, and the laptop is what they have in common: look at its firewall, VPN and "
            "security software."
            if same
            else f"{what} fails on both; "
            + ("two laptops made the runs." if same is False else "whether one laptop made both runs is not known."),
            rests_on=both,
        )
    ]
    if stage == "cloud":
        found.append(
            Conclusion(
                subject="the device's cloud, and what the device is taken to need",
                standing="suspect",
                because=f"{what} fails on both: the service may be down, or its name or port in the device's profile "
                "wrong.",
                rests_on=both,
            )
        )
    found.append(
        Conclusion(
            subject=f"{name_of(a)} and {name_of(b)}",
            standing="not-settled",
            because="Two networks may well stop the same thing, each by itself.",
            rests_on=both,
        )
    )
    return found


def _unseen(a: Given, b: Given) -> list[Conclusion]:
    """What was not seen in one of the runs: it is never ruled out."""
    return [
        Conclusion(
            subject=f"{WORDS[stage]} on {name_of(given)}",
            standing="not-settled",
            because=f"Not known: {', '.join(check.id for check in unknown)} ({unknown[0].summary}).",
        )
        for given in (a, b)
        for stage in (*AIR, *BEYOND)
        if (unknown := unsettled(given, stage)) and outcome(given, stage) == "not-known"
    ]


def _never_tried(a: Given, b: Given) -> list[Conclusion]:
    """What no run of a laptop can clear."""
    good = next((side for side in (b, a) if outcome(side, *AIR, *BEYOND) == "works"), None)
    step = (
        f" Let one device join {name_of(good)}: if it gets online there, the device and its firmware are cleared."
        if good
        else ""
    )
    return [
        Conclusion(
            subject="the device and its firmware",
            standing="not-tried",
            because=f"The laptop stood in for it, in both runs.{step}",
        ),
        Conclusion(
            subject="the passphrase",
            standing="not-tried",
            because="netpreflight asks for none and sees none: that this laptop was on a network says nothing about "
            "the passphrase that the device was given.",
        ),
    ]


def reference_remarks(given: Given) -> list[str]:
    """Why a network is no clean reference for others."""
    seen = given.report.observations
    scope = seen.scope
    found = []
    address = scope.address or ""
    if is_translated(address):
        found.append(f"{address} reaches IPv4 over an IPv6-only network (464XLAT), by a translator of its own")
    elif is_carrier_nat(address):
        found.append(f"{address} is behind a carrier-grade NAT (100.64.0.0/10)")
    if scope.interface and not scope.addresses and scope.ipv6_addresses:
        found.append("it has IPv6 only, and the device needs IPv4")
    failing = (check for check in given.report.checks if check.status == "fail")
    return [*found, *(f"{words} ({check.summary})" for check in failing if (words := CHECKS[check.id].as_reference))]


def _results(given: Given, checks: list[Check]) -> list[str]:
    return [f"{given.letter} {check.id}" for check in checks]
