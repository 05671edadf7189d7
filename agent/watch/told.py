"""The conclusions from a watch: its result and answer, what the device would have done, and the clusters.

They are worked out each time that a watch is read. Pure: the same watch and profile always give the same conclusions.
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
    "no-usable-address": "the resolvers gave an address that no other host can have",
    "nothing-beyond-gateway": "nothing behind the router answered",
    "mapping-lost": "a NAT or firewall forgot the conversation",
    "no-answer": "nothing came back from the cloud",
    "not-the-cloud": "something else answered in the cloud's place",
    "handshake-fails": "a device could not have reconnected",
    "rejected": "packets to the cloud were rejected",
    "captive-portal": "a captive portal stood in the way",
    "no-time": "no NTP server answered",
    "renewal-silent": "a lease was not renewed",
    "no-lease": "no DHCP server granted a lease",
    "address-in-use": "the DHCP server offered an address that another host has",
}
"""What broke, as a clause in a sentence such as "1 outage in 2 h: the router did not answer (once, 40 s)."."""
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
"""What a layer is called within a sentence such as "the device's cloud could never be asked"."""
WHY_BLIND: dict[Blind, str] = {
    "asleep": "the laptop was asleep",
    "stalled": "the program was held up",
    "stopped": "the watch was stopped",
    "restarted": "the laptop was restarted",
    "clock-stepped": "the clock was set",
}
"""Why nothing was observed, after "because"."""
_OFTEN = 20
"""If a router or resolver has answered so often within an hour, the cloud must have had its turn in between, even if it
was asked less often because it had been broken for long."""
EXIT_CODES: dict[Result, int] = {"no-outage": 0, "outages": 1, "not-observed": 3}


class Change(NamedTuple):
    """What somebody has to change or to look at, and how many outages this would help against."""

    owner: Owner | None
    remedy: str
    outages: int


def told(watch: Watch, profile: Profile | None) -> Watch:
    """The watch with its conclusions filled in: `Outage.device`, `result`, `clusters` and `answer`.

    Args:
        watch: the watch.
        profile: the profile of the device; None: it is not at hand, and `Outage.device` stays as it is.
    """
    outages = [
        msgspec.structs.replace(outage, device=would_do(outage, profile)) if profile else outage
        for outage in watch.outages
    ]
    seen = msgspec.structs.replace(watch, outages=outages, result=result(watch), clusters=clusters(watch))
    return msgspec.structs.replace(seen, answer=answer(seen))


def result(watch: Watch) -> Result:
    """The result of a watch.

    It is `no-outage` only if something behind the router answered, and the cloud, if it was to be asked, could be.
    """
    worked = {hour.layer for hour in watch.hours if hour.good}
    if watch.outages and (worked or any(outage.last_good or outage.first_good for outage in watch.outages)):
        return "outages"
    is_known = watch.observed_s > 0 and worked & BEHIND_ROUTER and unasked_cloud(watch) is None
    return "no-outage" if is_known else "not-observed"


def unasked_cloud(watch: Watch) -> Unasked | None:
    """The entry of the device's cloud among the layers that could never be asked; None: it was asked, or not to be."""
    return next((unasked for unasked in watch.unasked if unasked.layer == "cloud"), None)


def never_asked(unasked: Unasked) -> str:
    """A clause that says that a layer could never be asked, and why."""
    why = unasked.said or "the watch ended before its turn"
    if unasked.layer == "dhcp":  # the servers were asked, but no lease was granted that could be renewed
        return f"the renewal of a lease could never be watched ({why})"
    return f"{NAMES[unasked.layer]} could never be asked ({why})"


def answer(watch: Watch) -> str:
    """The answer in a few sentences: how many outages, what broke and for how long, and what was not observed."""
    match result(watch):
        case "not-observed":
            said = "Nothing could be observed."
            if watch.observed_s > 0:
                said += f" In {in_words(watch.observed_s)} {_why_not_known(watch)}."
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
    """A sentence that says that the watch was granted no lease, so a new device might get none; empty: it had one."""
    more = "netpreflight check shows more."
    if never := next((unasked for unasked in watch.unasked if unasked.layer == "dhcp" and unasked.said), None):
        return f" Meanwhile {never_asked(never)}: {more}"
    if any(note.kind == "no-lease" for note in watch.notes):
        return f" For a part of that, no DHCP server granted the watch a lease: {more}"
    return ""


def _why_not_known(watch: Watch) -> str:
    """Why it is not known whether something broke, as a clause after "In 2 h"."""
    cloud = unasked_cloud(watch)
    if cloud is None or not any(hour.good for hour in watch.hours if hour.layer in BEHIND_ROUTER):
        return "nothing behind the router ever answered"
    return f"{never_asked(cloud)}: netpreflight check shows more"


def hours_without_cloud(watch: Watch) -> int:
    """In how many hours of the watch the cloud could not be asked, although the router or a resolver answered."""
    by_hour: dict[dt.datetime, dict[Layer, Hour]] = defaultdict(dict)
    for hour in watch.hours:
        by_hour[hour.at][hour.layer] = hour
    if not any("cloud" in layers for layers in by_hour.values()):
        return 0  # no cloud was to be asked, or it could never be asked, which the answer says anyway
    return sum("cloud" not in layers and _answered_for_long(layers) for layers in by_hour.values())


def _answered_for_long(layers: dict[Layer, Hour]) -> bool:
    """Whether the router or a resolver answered so often in an hour that the cloud must have had its turn, too."""
    return any(layers[layer].good >= _OFTEN for layer in ("gateway", "dns") if layer in layers)


def changes(outages: list[Outage]) -> list[Change]:
    """What has to be changed, and by whom; the change against most outages comes first."""
    asked: dict[tuple[Owner | None, str], int] = defaultdict(int)
    for outage in outages:
        if outage.remedy:
            asked[outage.owner, outage.remedy] += 1
    return sorted((Change(*who, count) for who, count in asked.items()), key=lambda change: -change.outages)


def lasted(*outages: Outage) -> str:
    """How long outages lasted in all, in words.

    These are bounds: an outage begins and ends somewhere between two questions.
    """
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
