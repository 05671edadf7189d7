"""Why nothing resolves: the resolver is not reached, or there is no internet behind it, or it is broken.

A resolver on this link is up if it answers ARP. A silent resolver beyond the router proves nothing by itself. If TCP to
8.8.8.8 port 53, which needs no name lookup, is silent too, there is most likely no internet at all.
"""

from collections.abc import Sequence
from typing import NamedTuple

from netpreflight.agent.judging.addresses import is_local
from netpreflight.agent.judging.forged import NEW_PORTS, is_swept
from netpreflight.agent.judging.icmp import are_prompt, has_surplus, named, no_route
from netpreflight.agent.judging.on_link import says_nobody_there, what_to_look_at
from netpreflight.agent.judging.witnessed import answered
from netpreflight.agent.results import Flow, Named
from netpreflight.probes.observations import Dns, Icmp, Lookup, Observations

_DNS_PORT = 53
_SOMEBODY_ANSWERED = {"refused", "reset"}
_WITHOUT_UPSTREAM = {"SERVFAIL", "REFUSED"}
"""What a forwarder answers if it has no upstream server; dnsmasq answers REFUSED if it knows of none."""


class Reach(NamedTuple):
    """Why the queries to a resolver brought no address for any name.

    Attributes:
        problem: the problem of `dns.resolve`.
        named: the host that the finding names.
        statement: what was seen, as a sentence.
        step: what to do, without a full stop.
        or_another: whether handing out another resolver would help as well.
        to_allow: the exchange with the resolver, if a filter on the way may stop it.
    """

    problem: str
    named: Named
    statement: str
    step: str
    or_another: bool = True
    to_allow: tuple[Flow, ...] = ()

    @property
    def remedy(self) -> str:
        """What to do, as a sentence, with the other resolver as an alternative where that would help."""
        return f"{self.step}{'; or hand out another resolver that works, in DHCP option 6' if self.or_another else ''}."


def reach_of(resolver: str, dns: Dns, seen: Observations) -> Reach:
    """How far the queries to one resolver got, and why they brought no address."""
    lookups = [lookup for lookup in dns.lookups if lookup.resolver == resolver]
    attempts = [attempt for lookup in lookups for attempt in lookup.attempts]
    rcodes = {lookup.rcode for lookup in lookups if lookup.rcode}
    refusal = _trusted_refusal(lookups)
    outcomes = {attempt.outcome for attempt in attempts} - (set() if refusal else {"icmp"})
    if rcodes:
        if rcodes <= _WITHOUT_UPSTREAM and _internet_is_silent(seen):
            codes = ", ".join(sorted(rcodes))
            return _no_internet(f"{resolver} answers with {codes} only", Named(address=resolver), seen)
        return _broken(resolver)
    is_told = refusal is not None and says_nobody_there(refusal, seen) and seen.scope.is_on_link(resolver)
    if is_told or _answers_arp(resolver, dns) is False:
        return _not_on_link(resolver)
    if refusal is not None:
        return _refused(resolver, refusal, seen)
    if outcomes - {"timeout"}:
        return _no_answer(resolver, dns)  # something came, or this laptop could not send
    if _internet_is_silent(seen):
        reach = _no_internet(f"{resolver} does not answer", Named(address=resolver), seen)
        return reach if seen.scope.is_on_link(resolver) else reach._replace(to_allow=(_flow(resolver),))
    return _no_answer(resolver, dns) if seen.scope.is_on_link(resolver) else _beyond(resolver, seen)


def _trusted_refusal(lookups: Sequence[Lookup]) -> Icmp | None:
    """The ICMP error that refuses the queries to a resolver; None: there is none, or it may be forged.

    An error is trusted if it proves who sent it, or if the run's version did not look at that. Other errors are trusted
    only together: the first query of every lookup, each from its own random port, has to bring the same error, in at
    least `NEW_PORTS` lookups, each error has to be prompt and the only one for its query, and nobody may have been seen
    to send unasked packets.
    """
    errors = [
        (lookup, attempt.icmp, number)
        for lookup in lookups
        for number, attempt in enumerate(lookup.attempts)
        if attempt.icmp
    ]
    if proved := next((icmp for lookup, icmp, _ in errors if icmp.proved or lookup.unasked is None), None):
        return proved
    first_errors = [icmp for _, icmp, number in errors if number == 0]
    attempts = [attempt for lookup in lookups for attempt in lookup.attempts if attempt.icmp]
    are_alike = len({(icmp.source, icmp.type, icmp.code) for icmp in first_errors}) == 1
    was_swept = has_surplus(attempts) or any(is_swept(lookup.unasked) for lookup, _, _ in errors)
    if not are_alike or not are_prompt(attempts) or was_swept:
        return None
    return first_errors[0] if NEW_PORTS <= len(first_errors) == len(lookups) else None


def _internet_is_silent(seen: Observations) -> bool:
    """Whether TCP to 8.8.8.8, which needs no name lookup, is silent, no name resolves, and no public server answers."""
    made = seen.tcp.connection if seen.tcp and not seen.tcp.not_run else None
    if made is None or made.connect_ms is not None or made.error in _SOMEBODY_ANSWERED:
        return False
    resolves = any(lookup.addresses for lookup in (seen.dns.lookups if seen.dns else []))
    return not resolves and all(is_local(answer.address) for answer in answered(seen))


def _answers_arp(resolver: str, dns: Dns) -> bool | None:
    """Whether the resolver answers ARP; None: not known."""
    return next((neighbor.answers_arp for neighbor in dns.neighbors if neighbor.address == resolver), None)


def _flow(resolver: str) -> Flow:
    return Flow(protocol="udp", port=_DNS_PORT, address=resolver)


def _broken(resolver: str) -> Reach:
    """The resolver answers, but gives no address for any name."""
    return Reach(
        "resolver-fails",
        Named(address=resolver),
        f"{resolver} answers, and gives no address for any name.",
        f"Repair the resolver {resolver}",
    )


def _no_internet(what: str, who: Named, seen: Observations) -> Reach:
    """Most likely there is no internet here: the resolver resolves nothing, and 8.8.8.8 is silent."""
    router = f" ({seen.scope.gateway})" if seen.scope.gateway else ""
    return Reach(
        "no-internet",
        who,
        f"{what}, and 8.8.8.8, which needs no name, does not answer on TCP 53 either: most likely there is no internet "
        "here. A broken resolver looks the same, if the site blocks all DNS but its own, or everything.",
        f"Look at the router{router}: its internet light, its cable to the modem, its status page. Without a "
        "connection there, restart it; if that does not help, call the internet provider. If "
        "computers get online here, look at the resolver instead. Then run netpreflight again",
        or_another=False,
    )


def _not_on_link(resolver: str) -> Reach:
    """Nobody answers ARP for the resolver, although its address is in this subnet."""
    return Reach(
        "not-reached",
        Named(address=resolver),
        f"{resolver} is not reached: its address is of this subnet, and nobody answers ARP for it.",
        what_to_look_at(resolver),
    )


def _beyond(resolver: str, seen: Observations) -> Reach:
    """The resolver is beyond the router, and is silent on UDP 53."""
    tcp, gateway = seen.tcp, seen.scope.gateway
    if tcp and tcp.address == resolver and tcp.connection and tcp.connection.connect_ms is not None:
        statement = (
            f"{resolver} accepts a connection on TCP 53, and no answer comes on UDP 53: it is dropped on the way."
        )
    else:
        statement = (
            f"{resolver} is beyond the router, and no answer comes from it on UDP 53: it is dropped on the way, or the "
            "resolver is down."
        )
    return Reach(
        "not-reached",
        Named(address=resolver),
        statement,
        f"Allow outbound UDP 53 to {resolver}, with replies: look for guest isolation or a firewall rule"
        f"{f' on {gateway}' if gateway else ''} first",
        to_allow=(_flow(resolver),),
    )


def _refused(resolver: str, icmp: Icmp, seen: Observations) -> Reach:
    """An ICMP error answers the queries: from the resolver itself, from a filter, or from a router without a route."""
    statement = f"{icmp.source} says {icmp.meaning} to questions for {resolver}."
    who = named(icmp.source, seen)
    if icmp.source == resolver:
        return Reach("port-closed", Named(address=resolver), statement, f"Start the DNS server at {resolver}")
    if not no_route(icmp):
        step = f"Allow outbound UDP 53 to {resolver}, with replies, on {icmp.source}"
        return Reach("rejected", who, statement, step, to_allow=(_flow(resolver),))
    if _internet_is_silent(seen):
        return _no_internet(statement.removesuffix("."), who, seen)
    return Reach("no-route", who, statement, f"Look at the routes and the uplink of {icmp.source}")


def _no_answer(resolver: str, dns: Dns) -> Reach:
    """The resolver gives no valid answer on UDP 53."""
    there = f"{resolver} answers ARP, so it is there" if _answers_arp(resolver, dns) else f"{resolver} was asked"
    return Reach(
        "no-answer",
        Named(address=resolver),
        f"{there}, and no valid answer comes on UDP 53.",
        f"Look at whether the DNS server at {resolver} runs, and whether devices are let through to it on UDP 53",
        to_allow=(_flow(resolver),),
    )
