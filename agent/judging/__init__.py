"""Judging: observations and a device profile in, checks and a verdict out. Pure: no clock, no network, no files."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import Struct

from agent.checks import STAGES, Check, Finding, Owner, Selection
from agent.judging import cloud, coap, dhcp, dns, ntp, path, portal, wifi
from agent.judging.internet_test import InternetTest, internet_test
from agent.judging.startup import Startup, startup
from agent.judging.unseen import of_another_network
from agent.profiles import Fact, Profile
from probes.observations import Observations

Verdict = Literal["compatible", "compatible-with-warnings", "incompatible", "undetermined"]


class Judge(NamedTuple):
    """How one check is judged."""

    finding: Callable[[Observations, Profile], Finding]
    probes: tuple[str, ...]
    """The probes that have to run for it."""
    also: tuple[str, ...] = ()
    """Probes whose observations it uses too, where they run."""


_PLAIN = {
    "wifi": "The Wi-Fi does not suit the device.",
    "dhcp": "The network gives the device no address that it can use.",
    "dns": "The network does not look up the names that the device needs.",
    "ntp": "The network does not tell the device the time.",
    "portal": "A login page stands in the way, and the device cannot click through one.",
    "coap": "The device's cloud service does not answer it through this network.",
    "cloud": "The device's cloud service does not answer it through this network.",
    "path": "Something on the way stops what the device sends.",
}
"""What a failing check means, by its group, for somebody who does not know the field's terms."""
_EXCHANGES = ("ntp", "portal", "coap", "cloud")

JUDGES: dict[str, Judge] = {
    "wifi.band": Judge(wifi.band, ("wifi",)),
    "wifi.shared-ssid": Judge(wifi.shared_ssid, ("wifi",)),
    "wifi.channel-width": Judge(wifi.channel_width, ("wifi",)),
    "wifi.channel": Judge(wifi.channel, ("wifi",)),
    "wifi.security": Judge(wifi.security, ("wifi",)),
    "wifi.mode": Judge(wifi.mode, ("wifi",)),
    "wifi.ssid": Judge(wifi.ssid, ("wifi",)),
    "wifi.signal": Judge(wifi.signal, ("wifi",)),
    "dhcp.offer": Judge(dhcp.offer, ("dhcp",)),
    "dhcp.lease": Judge(dhcp.lease, ("dhcp",)),
    "dhcp.servers": Judge(dhcp.servers, ("dhcp",)),
    "dns.resolve": Judge(dns.resolve, ("dhcp", "dns")),
    "dns.integrity": Judge(dns.integrity, ("dhcp", "dns"), also=_EXCHANGES),
    "ntp.reply": Judge(ntp.reply, ("dhcp", "dns", "ntp")),
    "portal": Judge(portal.portal, ("dhcp", "dns", "portal")),
    "coap.udp-5683": Judge(coap.udp_5683, ("dhcp", "dns", "coap"), also=(*_EXCHANGES, "path")),
    "cloud.transport": Judge(cloud.transport, ("dhcp", "dns", "coap", "cloud"), also=(*_EXCHANGES, "mapping", "path")),
    "path.egress": Judge(path.egress, ("dhcp", "dns", "coap", "cloud", "path"), also=_EXCHANGES),
}
"""The checks that this version measures, in the report's order."""


def probes_for(selection: Selection) -> set[str]:
    """The probes that the checks of a selection need."""
    probes = {probe for check_id, judge in JUDGES.items() if selection.includes(check_id) for probe in judge.probes}
    # The device tests the internet where its cloud fails: what that test needs is measured beside the cloud.
    return probes | {"tcp", "echo"} if selection.includes("cloud.transport") else probes


class Answer(Struct, frozen=True, kw_only=True):
    """What somebody needs to know who reads nothing else.

    Attributes:
        sentence: whether it will work.
        plain: what is in the way, without the field's terms; None where nothing certainly is.
        obstacle: the first thing that is in the way, not known, or to be warned of; None where there is none.
        check: the check that found it.
        change: what is to be changed first, or the step that would settle what is not known.
        owner: who can do that.
    """

    sentence: str
    plain: str | None = None
    obstacle: str | None = None
    check: str | None = None
    change: str | None = None
    owner: Owner | None = None


class Judgement(Struct, frozen=True, kw_only=True):
    """What a run means for one device."""

    checks: list[Check]
    verdict: Verdict
    answer: Answer
    headline: str
    internet_test: InternetTest
    startup: Startup


def judge(seen: Observations, profile: Profile, selection: Selection) -> Judgement:
    """Judge every check of the selection for a device, and what follows from all of them."""
    checks = _with_place([judge_one(check_id, seen, profile, selection) for check_id in JUDGES])
    verdict = verdict_of(checks, selection)
    test = internet_test(seen, profile, {one.id: one for one in checks})
    start = startup(seen, profile, checks, test)
    answer = _answer(verdict, checks, profile, start)
    return Judgement(
        checks=checks,
        verdict=verdict,
        answer=answer,
        headline=_headline(verdict, answer),
        internet_test=test,
        startup=start,
    )


def _with_place(checks: list[Check]) -> list[Check]:
    """The checks, where a port that is lost on the path is for whoever has that part of the path."""
    lost = _lost(checks)
    if lost is None:
        return checks
    return [
        msgspec.structs.replace(one, owner=lost.owner) if one.status == "fail" and _same_port(one, lost) else one
        for one in checks
    ]


def _lost(checks: list[Check]) -> Check | None:
    """The finding that says where on the path the device's port is lost."""
    return next((one for one in checks if one.id == "path.egress" and one.status == "fail" and one.to_allow), None)


def _same_port(check: Check, lost: Check) -> bool:
    return bool({one.words for one in check.to_allow} & {one.words for one in lost.to_allow})


def judge_network(ssid: str, seen: Observations, profile: Profile, selection: Selection) -> tuple[Verdict, list[Check]]:
    """Judge one of several networks in range by its `wifi.*` checks alone."""
    if seen.wifi is None:
        raise ValueError("there are no networks without a survey")
    one = msgspec.structs.replace(seen, wifi=msgspec.structs.replace(seen.wifi, target=ssid, target_from=None))
    checks = [judge_one(check_id, one, profile, selection) for check_id in JUDGES if STAGES[check_id] == "scan"]
    return verdict_of(checks, selection), checks


def judge_one(check_id: str, seen: Observations, profile: Profile, selection: Selection) -> Check:
    """Judge one check; a fault of the judging itself is that check's `unknown`."""
    level = profile.level(check_id)
    if not selection.includes(check_id):
        finding = Finding(status="skip", summary="Left out of this run, as asked")
    else:
        try:
            finding = JUDGES[check_id].finding(seen, profile)
            if STAGES[check_id] != "scan" and finding.status in {"pass", "warn", "fail"}:
                finding = of_another_network(seen, finding) or finding
        except Exception as fault:  # noqa: BLE001 - a fault in one check must not take the report with it
            finding = Finding(
                status="unknown",
                summary="netpreflight failed to judge this check",
                reason=f"Internal error: {type(fault).__name__}: {fault}",
                remedy="Attach the JSON report to a ticket for netpreflight's developers.",
                owner="nobody",
            )
    finding = _as_sure_as_its_facts(finding)
    status = "warn" if finding.status == "fail" and level == "warning" else finding.status
    fields = {name: getattr(finding, name) for name in finding.__struct_fields__}
    return Check(**{**fields, "status": status}, id=check_id, stage=STAGES[check_id], level=level)


def _as_sure_as_its_facts(finding: Finding) -> Finding:
    """The finding with the sources of its facts; one that rests on an unconfirmed fact neither passes nor fails."""
    if not finding.rests_on:
        return finding
    sources = [_source(fact) for fact in finding.rests_on]
    finding = msgspec.structs.replace(finding, evidence=[*finding.evidence, *dict.fromkeys(sources)])
    if finding.standing == finding.status:
        return finding
    doubtful = next(fact for fact in finding.rests_on if fact.certainty == "unconfirmed")
    doubt = f"What is known of the device here is not confirmed ({doubtful.note or doubtful.source})."
    return msgspec.structs.replace(
        finding,
        status=finding.standing,
        reason=f"{finding.reason} {doubt}" if finding.reason else doubt,
        remedy=finding.remedy or "Try one device here before many.",
        owner=finding.owner or "device owner",
    )


def _source(fact: Fact[Any]) -> str:
    doubt = "" if fact.certainty == "confirmed" else f" ({fact.certainty})"
    return f"of the device, {fact.name}: {fact.source}{doubt}"


def verdict_of(checks: list[Check], selection: Selection) -> Verdict:
    """What the judged checks amount to."""
    judged = [check for check in checks if selection.includes(check.id)]
    required = {check.status for check in judged if check.level == "required"}
    if "fail" in required:
        return "incompatible"
    if not required or required & {"unknown", "skip"}:
        return "undetermined"
    return "compatible-with-warnings" if any(check.status == "warn" for check in judged) else "compatible"


def _answer(verdict: Verdict, checks: list[Check], profile: Profile, start: Startup) -> Answer:
    """Will it work, what is in the way, and who can change that.

    The sentence claims no more than the start does. What is required can fail and the device get online all the same,
    now and then (two DHCP servers that disagree); and what passes can rest on what is not confirmed of the device.
    """
    device = f"{'an' if profile.title[0] in 'AEIOU' else 'a'} {profile.title}"
    required = [check for check in checks if check.level == "required"]
    if verdict == "incompatible":
        failing = [check for check in required if check.status == "fail"]
        # A captive portal breaks what comes after it, so it is the one thing to change.
        first = next((check for check in failing if check.id == "portal" and failing[0].stage != "ip"), failing[0])
        if (lost := _lost(required)) is not None and _same_port(first, lost):
            first = lost  # where it is lost says more than that nothing answers
        ends = "would not get" if start.online is False else "cannot be relied on to get"
        return _answered(f"No: {device} {ends} online here.", first)
    if verdict == "undetermined":
        unseen = [check for check in required if check.status == "unknown"]
        if not unseen:
            return Answer(sentence=f"Not settled: nothing was looked at that {device} needs.")
        looked_at = sum(check.status != "skip" for check in checks)
        return _answered(
            "Not settled: nothing that was seen stands in the way, "
            f"but {len(unseen)} of {looked_at} checks {'has' if len(unseen) == 1 else 'have'} no answer.",
            unseen[0],
        )
    left_out = sum(check.status == "skip" for check in checks)
    yes = (
        f"In what was looked at, nothing keeps {device} from getting online here "
        f"({left_out} {'check was' if left_out == 1 else 'checks were'} left out)."
        if left_out
        else f"Yes: {device} would get online here."
        if start.online
        else f"Nothing that was seen keeps {device} from getting online here, but not all that it needs is confirmed."
    )
    if verdict == "compatible":
        return Answer(sentence=yes)
    return _answered(yes, next(check for check in checks if check.status == "warn"))


def _answered(sentence: str, first: Check) -> Answer:
    return Answer(
        sentence=sentence,
        plain=_PLAIN[first.id.partition(".")[0]] if first.status == "fail" else None,
        obstacle=f"{first.summary}.",
        check=first.id,
        change=first.remedy,
        owner=first.owner,
    )


def _headline(verdict: Verdict, answer: Answer) -> str:
    """The answer in one line."""
    if answer.obstacle is None:
        return answer.sentence
    if verdict == "incompatible":
        who = "nobody" if answer.owner == "nobody" else f"the {answer.owner}"
        return f"{answer.sentence} {answer.obstacle} Who can change that: {who}."
    warning = "A warning: " if verdict == "compatible-with-warnings" else ""
    return f"{answer.sentence} {warning}{answer.obstacle}"
