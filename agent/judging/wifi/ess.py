"""The network that is judged: its BSSs, which of them is best for the device, or why no network can be judged.

A device joins one access point, so all checks judge the same BSS: passes from different access points prove nothing.
Of several BSSs the best one is judged (`ranking`): first by its worst status in any check, last by its signal.
"""

from dataclasses import dataclass
from functools import cached_property

import msgspec
from msgspec import UNSET, UnsetType

from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.judging.wifi.bss import (
    PASSIVE,
    by_strength,
    channel_words,
    describe_all,
    judged_name,
    sentences,
    unlocking_step,
)
from netpreflight.agent.judging.wifi.channels import judge_channel
from netpreflight.agent.judging.wifi.ranking import JudgeBss, Ranking, ranking_of
from netpreflight.agent.judging.wifi.survey import Survey, survey_of
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Finding
from netpreflight.agent.sentences import counted
from netpreflight.probes.observations import Bss, Join, Wifi

_ELSEWHERE = "Run netpreflight on a laptop with Wi-Fi, or give it a capture (--capture FILE), or leave Wi-Fi out: "
"""The remedy on a laptop that cannot look at the air; `_SKIP` completes the sentence."""
_SKIP = "--skip wifi."
_NAMELESS = "(this laptop's network, name withheld)"


@dataclass(frozen=True)
class Ess:
    """One network, as heard."""

    wifi: Survey
    profile: Profile
    ranking: Ranking
    """Which BSSs of the network the device can use, and which of these is the best."""
    answered: frozenset[str] = frozenset()
    """The BSSIDs of the access points that answered this run's own attempts to join."""

    @property
    def name(self) -> str:
        """The network's name, in quotes."""
        return judged_name(self.wifi)

    @property
    def has_a_name(self) -> bool:
        """Whether the network's name is known; without it, only the BSS that this laptop is on can be judged."""
        return self.wifi.target != _NAMELESS

    @property
    def ours(self) -> list[Bss]:
        """All BSSs with the network's name, strongest first."""
        return self.wifi.ours

    @property
    def best(self) -> Bss | None:
        """The BSS that the device does best with; None: no BSS is usable."""
        return self.ranking.best

    @property
    def usable(self) -> list[Bss]:
        """The BSSs in the device's bands that send beacons, so that the device hears them."""
        return self.ranking.usable

    @property
    def unheard(self) -> list[Bss]:
        """The network's nontransmitted BSSIDs in the device's bands; 802.11a/b/g/n stations do not find them."""
        return self.ranking.unheard

    @cached_property
    def evidence(self) -> list[str]:
        """A line for each BSS in the device's bands."""
        return describe_all(self.usable, self.best)


def network_of(view: DeviceView) -> Ess | Finding:
    """The network that the run is about, or the finding that says why none can be judged; cached in the survey."""
    profile = view.profile
    if view.seen.wifi is None:
        return nothing_to_judge(None)
    survey = survey_of(view.seen.wifi)
    if survey.judged is None or survey.judged[0] is not profile:
        survey.judged = profile, _network(survey, profile, _answering_bssids(view.seen.join, survey.target))
    return survey.judged[1]


def _answering_bssids(join: Join | UnsetType, name: str | None) -> frozenset[str]:
    """The BSSIDs that answered this run's attempts to join the network of this name."""
    attempts = [] if join is UNSET or join.ssid != name else join.attempts
    return frozenset(attempt.bssid for attempt in attempts if attempt.bssid and attempt.was_answered)


def _network(wifi: Survey, profile: Profile, answered: frozenset[str]) -> Ess | Finding:
    """The network that the survey is about, with its BSSs ranked for the device, or why none can be judged."""
    target = wifi.target
    if wifi.not_run or wifi.source is None or not wifi.bss:
        return nothing_to_judge(wifi)
    if target is None and wifi.names_withheld and (own := [bss for bss in wifi.bss if bss.associated]):
        wifi = wifi.aimed_at(_NAMELESS)
        wifi.ours = own
    elif not target:
        return nothing_to_judge(wifi)
    if not wifi.ours and (wifi.names_withheld or all(bss.ssid is None for bss in wifi.bss)):
        return nothing_to_judge(wifi)
    return Ess(wifi, profile, ranking_of(wifi, profile), answered)


def judge_best(network: Ess | Finding, judge: JudgeBss) -> Finding:
    """Judge the best BSS of a network for one check; warn if the device may join a worse BSS of the network instead."""
    if isinstance(network, Finding):
        return network
    wifi, profile, best = network.wifi, network.profile, network.best
    if best is None:
        return see_band(network)
    finding = judge(best, wifi, profile)
    if finding.standing == "pass" and judge is not judge_channel:
        finding = _warning_of_other_bss(network, best, judge) or finding
    evidence = network.evidence
    more = [text for text in finding.evidence if text not in evidence]
    return msgspec.structs.replace(finding, evidence=[*evidence, *more])


def _warning_of_other_bss(network: Ess, best: Bss, judge: JudgeBss) -> Finding | None:
    """The warning about a worse BSS that the device may join instead of the best one; None: there is no such BSS."""
    other = network.ranking.in_the_way(judge)
    if other is None:
        return None
    finding = judge(other, network.wifi, network.profile)
    if finding.standing == "warn":
        return msgspec.structs.replace(finding, summary=f"Access point on {channel_words(other)}: {finding.summary}")
    return Finding(
        status="warn",
        summary=f"A stronger access point of {network.name} cannot be joined: {finding.summary}",
        problem="stronger-access-point",
        reason=f"{finding.reason} Devices take the strongest access point of a name, so they may try this one "
        f"before the one on channel {best.channel}, which this device can join.",
        remedy=finding.remedy,
        owner=finding.owner,
        rests_on=finding.rests_on,
    )


def see_band(network: Ess) -> Finding:
    """The finding where no BSS of the network was heard in the device's bands."""
    return Finding(
        status="unknown",
        summary=f"{network.name} has no beacon of its own in a band of this device"
        if network.unheard
        else f"{network.name} was not heard in a band of this device",
        problem="not-heard",
        reason="There is no BSS to judge; see wifi.band.",
        remedy="Do what wifi.band says, then run netpreflight again.",
        owner="network administrator",
        due_to="wifi.band",
    )


def nothing_to_judge(wifi: Wifi | None) -> Finding:
    """The finding where there is no network to judge: no survey, source, result or name, or no network was chosen."""
    step = unlocking_step(wifi)
    evidence: list[str] = []
    if wifi is None or wifi.not_run:
        problem, summary = "not-looked", "The air was not looked at"
        reason = sentences([(wifi.not_run if wifi else None) or "the run was cut short"])
        remedy = step or _ELSEWHERE + _SKIP
    elif wifi.source is None:
        problem, summary = "no-source", "This laptop could not look at the air"
        reason = sentences(wifi.limits) or "No source of scan results was found."
        remedy = step or _ELSEWHERE + _SKIP
    elif not wifi.bss:
        problem, summary = "nothing-heard", "No network at all was heard"
        reason = sentences(
            ["An empty result means that the radio heard nothing, not that no network is there", *wifi.limits]
        )
        remedy = step or (
            "Capture on the channels of the access point, beside it."
            if wifi.source in PASSIVE
            else "Switch the laptop's Wi-Fi on and run netpreflight again beside the access point."
        )
    elif wifi.names_withheld or all(bss.ssid is None for bss in wifi.bss):
        evidence = describe_all(by_strength(wifi.bss))
        location_hint = next((limit for limit in wifi.limits if "Location" in limit), None)
        problem = "names-withheld"
        summary = f"{counted(len(wifi.bss), 'BSS')} heard, and this laptop withholds their names"
        reason = sentences(["Without names it is not known which of them are the network's", *wifi.limits])
        remedy = step or (sentences([location_hint]) if location_hint else _ELSEWHERE + _SKIP)
    else:
        name_count = len({bss.ssid for bss in wifi.bss if bss.ssid})
        problem, summary = (
            "none-chosen",
            f"{name_count} {'network is' if name_count == 1 else 'networks are'} in range, and none was chosen",
        )
        reason = (
            "No name was given, so there is no single network to judge."
            if wifi.target is None
            else "An empty name identifies no network: every beacon that hides its name has an empty one."
        )
        given = "--capture FILE " if wifi.source == "capture" else ""
        remedy = f"Name the network: netpreflight check {given}--ssid NAME."
    return Finding(
        status="unknown",
        summary=summary,
        problem=problem,
        reason=reason,
        remedy=remedy,
        owner="device owner",
        evidence=evidence,
    )
