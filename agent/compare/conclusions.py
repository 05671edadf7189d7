"""What two runs on two networks rule out, and no more than they show.

Only exchanges that were witnessed make something `ruled-out`; an unknown result rules out nothing. The device itself
and its passphrase took part in neither run, so nothing is concluded about them.
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


class Apart(NamedTuple):
    """The two runs where something fails on one network and works on the other, and the stage of the failure."""

    bad: Given
    good: Given
    stage: Stage


def needed(given: Given, *stages: Stage) -> list[Check]:
    """The checks of these stages that the device needs."""
    return [check for check in given.report.checks if check.stage in stages and check.level == "required"]


def outcome(given: Given, *stages: Stage, without: Collection[str] = ()) -> Outcome:
    """Whether the required checks of these stages work, not counting those in `without`; with none required: works."""
    mine = [check for check in needed(given, *stages) if check.id not in without]
    if without and not mine:
        return "not-known"
    if any(check.status == "fail" for check in mine):
        return "fails"
    return "not-known" if any(map(_is_unsettled, mine)) else "works"


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
    return check.in_doubt or check.status in {"unknown", "skip"}


def of_two_networks(a: Given, b: Given, profile: Profile) -> list[Conclusion]:
    """The conclusions from two runs on two networks."""
    found: list[Conclusion] = []
    for stages in (BEYOND, AIR):
        if split := apart(a, b, stages):
            found += _one_works(split, profile)
        elif stage := alike(a, b, stages):
            found += _alike(a, b, stage)
        else:
            for side in (a, b):
                if (fails := first_failing(side, stages)) is not None:
                    found.append(_suspect(side, fails, "the other run does not show that this works there"))
    found += [_let_through(side) for side in (a, b) if outcome(side, *AIR, *BEYOND) == "works"]
    return [*found, *_unseen(a, b), *_never_tried(a, b)]


def apart(a: Given, b: Given, stages: tuple[Stage, ...]) -> Apart | None:
    """The failing and the working run, if all that fails on one network works on the other, where nothing fails."""
    for bad, good in ((a, b), (b, a)):
        stage = first_failing(bad, stages)
        if stage is None or first_failing(good, stages) is not None:
            continue
        fails = {check.id for check in failing(bad, stage)}
        if all(check.status in {"pass", "warn"} for check in good.report.checks if check.id in fails):
            return Apart(bad, good, stage)
    return None


def alike(a: Given, b: Given, stages: tuple[Stage, ...]) -> Stage | None:
    """The stage in which both networks first fail, if the same checks fail in it; else None."""
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
    """Why something other than the network may explain the difference between the runs; None: no reason is known."""
    here, there = split.bad.report.scope, split.good.report.scope
    same = same_laptop(here, there)
    if same is None:
        return "Whether the same laptop made both runs cannot be told; if it did, it is ruled out"
    if same is False:
        return "Another laptop made the other run"
    if (here.vpn or here.tunnels) and (here.vpn, here.tunnels) != (there.vpn, there.tunnels):
        return f"In {split.bad.letter} a VPN or tunnel was up, and its software may block packets on the laptop"
    if None not in {here.medium, there.medium} and here.medium != there.medium:
        return "The two runs were made by different interfaces of the laptop, one by cable and one by Wi-Fi"
    apart_s = seconds_apart(split.bad, split.good)
    if apart_s is None:
        return "How far apart in time the two runs are is not known, so what failed then may work by now"
    return "The two runs are more than an hour apart: what failed in one may work by now" if apart_s > _OLD_S else None


def warnings(given: Given) -> list[Check]:
    """The warnings that count for the device: they may still keep it offline."""
    return [check for check in given.report.checks if check.status == "warn" and check.level != "reported"]


def _let_through(given: Given) -> Conclusion:
    mine = warnings(given)
    told = "Every exchange that the device needs was seen to work there, from this laptop"
    doubt = (
        f", but there are warnings: {'; '.join(f'{check.id}: {check.summary}' for check in mine)}."
        if mine
        else "; a network may still treat the device differently because of its MAC address."
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
        return [_suspect(bad, stage, f"the Wi-Fi of {name_of(good)} suits the device in this")]
    where, why = name_of(bad), doubt(split)
    laptop = (
        Conclusion(subject="this laptop", standing="not-settled", because=f"{why}.")
        if why
        else Conclusion(
            subject="this laptop",
            standing="ruled-out",
            because=f"On {name_of(good)} it made the exchanges that fail on {where}. Only a firewall on the laptop "
            "that treats the two networks differently could still be the cause.",
            rests_on=_same_checks(split),
        )
    )
    found = [laptop, _suspect(bad, stage, f"it works on {name_of(good)}")]
    return [*found, _server(split, profile)] if any(CHECKS[check.id].asked for check in failing(bad, stage)) else found


def _same_checks(split: Apart) -> list[str]:
    """The results on the working network of the checks that fail on the other one."""
    fails = {check.id for check in failing(split.bad, split.stage)}
    return _results(split.good, [check for check in split.good.report.checks if check.id in fails])


def _suspect(given: Given, stage: Stage, beside: str) -> Conclusion:
    """The conclusion that a network is suspect; `beside` says what the other run shows."""
    fails = failing(given, stage)
    located = (check for check in given.report.checks if CHECKS[check.id].locates)
    path = next((check for check in located if check.status == "fail"), None)
    what = "; ".join(f"{check.id}: {check.summary}" for check in fails)
    where = "" if stage in AIR else " Something between its access point and its internet provider stops that."
    if path and stage == "cloud":
        where = "" if path in fails else f" {path.summary}."
    return Conclusion(
        subject=name_of(given),
        standing="suspect",
        because=f"{what}; {beside}.{where}",
        rests_on=_results(given, fails),
    )


def server_doubt(split: Apart, profile: Profile) -> str | None:
    """Why the server itself may have failed: the other run got no answer from the same address; None: it did."""
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
    """The conclusion about whether the server itself failed."""
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
    """The conclusions where both networks fail the same checks: suspect what they share, and clear neither network."""
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
                subject="the device's profile",
                standing="not-settled",
                because="If two networks fail alike, the profile may be wrong: netpreflight devices NAME shows its "
                "facts.",
            ),
        ]
    same = same_laptop(a.report.scope, b.report.scope)
    found = [
        Conclusion(
            subject="this laptop",
            standing="suspect" if same else "not-settled",
            because=f"{what} fails on both, and both runs used this laptop: look at its firewall, VPN and security "
            "software."
            if same
            else f"{what} fails on both; "
            + ("two laptops made the runs." if same is False else "whether one laptop made both runs is not known."),
            rests_on=both,
        )
    ]
    if stage == "cloud":
        found.append(
            Conclusion(
                subject="the device's cloud, and the device's profile",
                standing="suspect",
                because=f"{what} fails on both: the service may be down, or the profile may have the wrong name or "
                "port.",
                rests_on=both,
            )
        )
    found.append(
        Conclusion(
            subject=f"{name_of(a)} and {name_of(b)}",
            standing="not-settled",
            because="Each of the two networks may block this by itself.",
            rests_on=both,
        )
    )
    return found


def _unseen(a: Given, b: Given) -> list[Conclusion]:
    """The conclusions about what is unknown in a run: that is never ruled out."""
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
    """The conclusions about what no run of a laptop can clear: the device and its passphrase."""
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
            because=f"In both runs the laptop took the device's place.{step}",
        ),
        Conclusion(
            subject="the passphrase",
            standing="not-tried",
            because="netpreflight neither asks for nor sees a passphrase: that this laptop was on a network says "
            "nothing about the passphrase that the device was given.",
        ),
    ]


def reference_remarks(given: Given) -> list[str]:
    """Why a network is not a clean reference for others."""
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
    return [f"{given.letter} {check.id}" for check in checks]
