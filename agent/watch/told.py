"""What a watch comes to, worked out each time that it is read: the answer, what the device would do, the clusters.

Pure: a store's content and a device's profile give the same every time.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from netpreflight.agent.owner import Owner
from netpreflight.agent.profiles import Profile
from netpreflight.agent.sentences import counted
from netpreflight.agent.watch.clusters import clusters
from netpreflight.agent.watch.durations import between, in_words
from netpreflight.agent.watch.watched import (
    BEHIND_ROUTER,
    Blind,
    Hour,
    Layer,
    Outage,
    OutageProblem,
    Result,
    Unasked,
    Watch,
)
from netpreflight.agent.watch.would_do import would_do

BROKE: dict[OutageProblem, str] = {
    "link-lost": "the laptop lost its link",
    "no-address": "the laptop had no address",
    "gateway-silent": "the router did not answer",
    "resolver-silent": "no resolver answered",
    "resolver-fails": "the resolvers answered with an error",
    "no-such-name": "the resolvers said that the cloud's name does not exist",
    "no-usable-address": "the resolvers gave an address that is no other host's",
    "nothing-beyond-gateway": "nothing behind the router answered",
    "mapping-lost": "a NAT or firewall forgot the conversation",
    "no-answer": "nothing came back from the cloud",
    "not-the-cloud": "something else answered in the cloud's place",
    "handshake-fails": "a device could not have connected anew",
    "rejected": "packets to the cloud were rejected",
    "captive-portal": "a captive portal stood in the way",
    "no-time": "no NTP server answered",
    "renewal-silent": "a lease was not renewed",
    "no-lease": "no DHCP server granted a lease",
    "address-in-use": "the DHCP server offered an address that another host has",
}
"""What broke, within a sentence."""
NAMES: dict[Layer, str] = {
    "link": "the laptop's link",
    "ip": "its address",
    "gateway": "the router",
    "internet": "the internet",
    "dns": "the resolver",
    "portal": "the vendor's portal check",
    "cloud": "the device's cloud",
    "ntp": "the NTP server",
    "dhcp": "the DHCP server",
}
"""What a layer is, within a sentence."""
WHY_BLIND: dict[Blind, str] = {
    "asleep": "the laptop was asleep",
    "stalled": "the program was held up",
    "stopped": "the watch was stopped",
    "restarted": "the laptop was started anew",
    "clock-stepped": "the clock was set",
}
"""Why nothing was observed, within a sentence."""
_OFTEN = 20
"""Questions to a router or resolver: more than between two questions to a cloud, even where those are held back."""
EXIT_CODES: dict[Result, int] = {"no-outage": 0, "outages": 1, "not-observed": 3}


class Change(NamedTuple):
    """What somebody has to change or to look at, and how many outages ask for it."""

    owner: Owner | None
    remedy: str
    outages: int


def told(watch: Watch, profile: Profile | None) -> Watch:
    """The watch with everything filled in that follows from what it saw.

    Args:
        watch: what was seen.
        profile: the device's; None: it is not at hand, and what it would have done stays as it is.
    """
    outages = [
        msgspec.structs.replace(outage, device=would_do(outage, profile)) if profile else outage
        for outage in watch.outages
    ]
    seen = msgspec.structs.replace(watch, outages=outages, result=result(watch), clusters=clusters(watch))
    return msgspec.structs.replace(seen, answer=answer(seen))


def result(watch: Watch) -> Result:
    """What a watch comes to. That nothing broke is only known of what answered, and nothing of a cloud that was not."""
    worked = {hour.layer for hour in watch.hours if hour.good}
    if watch.outages and (worked or any(outage.last_good or outage.first_good for outage in watch.outages)):
        return "outages"
    is_known = watch.observed_s > 0 and worked & BEHIND_ROUTER and unasked_cloud(watch) is None
    return "no-outage" if is_known else "not-observed"


def unasked_cloud(watch: Watch) -> Unasked | None:
    """The device's cloud, where it was to be asked and never could be."""
    return next((unasked for unasked in watch.unasked if unasked.layer == "cloud"), None)


def never_asked(unasked: Unasked) -> str:
    """That a layer could never be asked, and why, within a sentence."""
    why = unasked.said or "the watch ended before its turn"
    if unasked.layer == "dhcp":  # it was asked, and there was no lease
        return f"the renewal of a lease could never be watched ({why})"
    return f"{NAMES[unasked.layer]} could never be asked ({why})"


def answer(watch: Watch) -> str:
    """How many outages there were, of what, and for how long; and for how long nothing was observed."""
    match result(watch):
        case "not-observed":
            said = "Nothing could be observed."
            if watch.observed_s > 0:
                said += f" In {in_words(watch.observed_s)} {_what_was_not_seen(watch)}."
        case "no-outage":
            said = f"No outage in {in_words(watch.observed_s)}."
        case "outages":
            kinds = ", ".join(f"{BROKE[problem]} ({of_these})" for problem, of_these in _by_problem(watch.outages))
            said = f"{counted(len(watch.outages), 'outage')} in {in_words(watch.observed_s)}: {kinds}."
    if blind_hours := hours_without_cloud(watch):
        said += f" In {counted(blind_hours, 'hour')} of that the device's cloud could not be asked."
    if any(note.kind == "unproved" for note in watch.notes):
        said += (
            " At least for a part of that, it was not shown that what answered is the device's cloud: netpreflight "
            "check shows more."
        )
    if watch.observed_s > 0:
        said += _without_lease(watch)
    blind_s = sum((gap.end - gap.begin).total_seconds() for gap in watch.unobserved)
    if blind_s <= 0:
        return said
    why = " or ".join(dict.fromkeys(WHY_BLIND[gap.why] for gap in watch.unobserved))
    return f"{said} Not observed for {in_words(blind_s)}, because {why}."


def _without_lease(watch: Watch) -> str:
    """That the watch asked for a lease and got none, as a device that is new here may get none; empty: it got one."""
    more = "netpreflight check shows more."
    if never := next((unasked for unasked in watch.unasked if unasked.layer == "dhcp" and unasked.said), None):
        return f" Meanwhile {never_asked(never)}: {more}"
    if any(note.kind == "no-lease" for note in watch.notes):
        return f" For a part of that, no DHCP server granted the watch a lease: {more}"
    return ""


def _what_was_not_seen(watch: Watch) -> str:
    """Why it is not known whether something broke."""
    cloud = unasked_cloud(watch)
    if cloud is None or not any(hour.good for hour in watch.hours if hour.layer in BEHIND_ROUTER):
        return "nothing behind the router ever answered"
    return f"{never_asked(cloud)}: netpreflight check shows more"


def hours_without_cloud(watch: Watch) -> int:
    """In how many hours of the watch its cloud could not be asked, while what is before the cloud answered."""
    by_hour: dict[dt.datetime, dict[Layer, Hour]] = defaultdict(dict)
    for hour in watch.hours:
        by_hour[hour.at][hour.layer] = hour
    if not any("cloud" in layers for layers in by_hour.values()):
        return 0  # none was to be asked, or it never could be, which is told by itself
    return sum("cloud" not in layers and _answered_for_long(layers) for layers in by_hour.values())


def _answered_for_long(layers: dict[Layer, Hour]) -> bool:
    """Whether the router or a resolver answered so often in an hour that a cloud would have had its turn."""
    return any(layers[layer].good >= _OFTEN for layer in ("gateway", "dns") if layer in layers)


def changes(outages: list[Outage]) -> list[Change]:
    """What has to be changed, by whom; what most outages ask for first."""
    asked: dict[tuple[Owner | None, str], int] = defaultdict(int)
    for outage in outages:
        if outage.remedy:
            asked[outage.owner, outage.remedy] += 1
    return sorted((Change(*who, count) for who, count in asked.items()), key=lambda change: -change.outages)


def lasted(*outages: Outage) -> str:
    """How long outages lasted in all, in words: bounds, because they are seen from question to question."""
    most = [outage.most_s for outage in outages]
    return between(
        sum(outage.least_s for outage in outages),
        None if None in most else sum(longest for longest in most if longest is not None),
    )


def _by_problem(outages: list[Outage]) -> Iterator[tuple[OutageProblem, str]]:
    """Each problem with how often it was seen, and for how long in all; the most frequent first."""
    by_problem: dict[OutageProblem, list[Outage]] = defaultdict(list)
    for outage in outages:
        by_problem[outage.problem].append(outage)
    for problem, held in sorted(by_problem.items(), key=lambda found: -len(found[1])):
        yield problem, f"{_times(len(held))}, {lasted(*held)}{' in all' if len(held) > 1 else ''}"


def _times(number: int) -> str:
    return "once" if number == 1 else "twice" if number == 2 else f"{number} times"
