"""Judging an exchange that an ICMP error ended: who refused it, and who can change that.

Another host on this network can forge an ICMP error in a router's name by trying all ports. So the sender of an error
is believed only if the error quotes something of our packet that nobody can guess, or if tries from three random ports
bring the same error, all of them promptly and one for each packet, and nobody was seen to send unasked packets.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from netpreflight.agent.judging import ladder
from netpreflight.agent.judging.addresses import zone_of
from netpreflight.agent.judging.forged import NEW_PORTS, PROMPT_MS, is_swept
from netpreflight.agent.results import Finding, Flow, Named
from netpreflight.probes.observations import Attempt, Icmp, Observations, Unasked

_NO_ROUTE = {0, 1, 5, 6, 7, 8, 11, 12}
"""Codes of "destination unreachable" that report a missing route or host, not a filter (RFC 792, RFC 1812 5.2.7.1)."""


def no_route(icmp: Icmp) -> bool:
    """Whether an ICMP error reports a missing route or host, and not a filter."""
    return icmp.type == 3 and icmp.code in _NO_ROUTE


def agree(icmp: Icmp, attempts: Sequence[Attempt], new_ports: Sequence[Attempt]) -> bool:
    """Whether requests from at least `NEW_PORTS` random ports brought the same error from the same sender.

    Each of the errors, also those about the first `attempts`, has to be prompt.
    """
    if not are_prompt([*attempts, *new_ports]):
        return False
    same = (icmp.source, icmp.type, icmp.code)
    errors = [attempt.icmp for attempt in new_ports if attempt.icmp]
    return sum((error.source, error.type, error.code) == same for error in errors) >= NEW_PORTS


def are_prompt(attempts: Sequence[Attempt]) -> bool:
    """Whether each ICMP error that may be forged came promptly.

    A router that refuses a packet does so at once; an error that comes seconds later is one of a sweep.
    """
    unproved = [attempt for attempt in attempts if attempt.icmp and not attempt.icmp.proved]
    return all(attempt.rtt_ms is not None and attempt.rtt_ms <= PROMPT_MS for attempt in unproved)


def has_surplus(attempts: Sequence[Attempt]) -> bool:
    """Whether a single request brought several ICMP errors that may be forged: a router sends one, a sweep more."""
    return any(attempt.further_errors and attempt.icmp and not attempt.icmp.proved for attempt in attempts)


def trusted(attempts: Sequence[Attempt], new_ports: Sequence[Attempt], unasked: Unasked | None) -> list[Attempt]:
    """The attempts; an attempt whose ICMP error anybody on this network can have sent is turned into a timeout.

    Args:
        attempts: what was tried.
        new_ports: further tries from random ports.
        unasked: what came unasked meanwhile; None: the run's version did not look at that, and all its errors count.
    """
    if unasked is None:
        return list(attempts)
    was_swept = is_swept(unasked) or has_surplus([*attempts, *new_ports])
    return [
        attempt
        if attempt.icmp is None or attempt.icmp.proved or (not was_swept and agree(attempt.icmp, attempts, new_ports))
        else replace(attempt, outcome="timeout", icmp=None, detail=None)
        for attempt in attempts
    ]


def unproved(
    flow: Flow,
    attempts: Sequence[Attempt],
    new_ports: Sequence[Attempt],
    unasked: Unasked | None,
    evidence: list[str],
) -> Finding | None:
    """The finding where every ICMP error that ended an exchange may be forged; None: no error, or one is trusted."""
    icmp = next((attempt.icmp for attempt in attempts if attempt.icmp), None)
    if icmp is None or any(attempt.icmp for attempt in trusted(attempts, new_ports, unasked)):
        return None
    alike = sum(attempt.icmp is not None for attempt in new_ports)
    if is_swept(unasked):
        why = "Meanwhile somebody sent to ports of this laptop that had asked nothing"
    elif has_surplus([*attempts, *new_ports]):
        why = "More than one came for a single packet, and a router sends one"
    elif not are_prompt(attempts):
        why = "Not each came promptly, as a router's does"
    else:
        why = f"Of {NEW_PORTS} more tries from random ports, {alike} brought an ICMP error"
    return Finding(
        status="unknown",
        summary=f"{flow.words} is answered by an ICMP error, and nothing proves who sent it",
        problem="unproved-refusal",
        reason=f"It says {icmp.meaning}, in the name of {icmp.source}, and quotes nothing of our packet that nobody "
        f"can guess. {why}. Somebody on this network who sends such errors to all ports looks like this.",
        remedy="Find out whether a host on this network sends ICMP errors in that name: a capture on this laptop shows "
        "the MAC address that they come from. Then run netpreflight again, on Linux as root.",
        owner="network administrator",
        evidence=evidence,
    )


def refusal(
    flow: Flow,
    attempts: Sequence[Attempt],
    new_ports: Sequence[Attempt],
    unasked: Unasked | None,
    seen: Observations,
    evidence: list[str],
) -> Finding | None:
    """The finding where an ICMP error ended an exchange, whether or not its sender is proved; None: no error did."""
    found = unproved(flow, attempts, new_ports, unasked, evidence)
    return found or refused(flow, trusted(attempts, new_ports, unasked), seen, evidence)


def named(address: str, seen: Observations) -> Named:
    """The sender of an ICMP error, with its hop if a ladder of this run shows it as a router."""
    targets = seen.path.targets if seen.path else []
    hops = [ttl for target in targets for ttl, router in ladder.all_routers(target) if router == address]
    return Named(address=address, hop=min(hops, default=None))


def refused(flow: Flow, attempts: Sequence[Attempt], seen: Observations, evidence: list[str]) -> Finding | None:
    """The finding where a router or firewall on the way refuses an exchange with an ICMP error; None: no refusal.

    An error from the server itself does not count: the network did not refuse anything then.
    """
    icmp = next((attempt.icmp for attempt in attempts if attempt.icmp and attempt.icmp.source != flow.address), None)
    if icmp is None:
        return None
    what, where = flow.words, f"{flow.address} ({flow.host})"
    if no_route(icmp):
        summary = f"{icmp.source} cannot deliver {what}: {icmp.meaning}"
        remedy = f"Look at the uplink and the routes of {icmp.source}: it says {icmp.meaning}."
    else:
        summary = f"{what} is rejected: {icmp.source} says {icmp.meaning}"
        host = f" ({zone_of(flow.host)})" if flow.host else ""
        remedy = f"Allow outbound {what} to {flow.address}{host}, with replies, on {icmp.source}."
    return Finding(
        status="fail",
        summary=summary,
        problem="no-route" if no_route(icmp) else "rejected",
        named=named(icmp.source, seen),
        reason=f"{what} to {where} was answered by ICMP type {icmp.type} code {icmp.code} from {icmp.source}.",
        remedy=remedy,
        owner="network administrator",
        evidence=evidence,
        to_allow=[] if no_route(icmp) else [flow],
    )


def from_host(address: str, attempts: Sequence[Attempt]) -> Icmp | None:
    """The ICMP error that the server itself sent; None: it sent none."""
    return next((attempt.icmp for attempt in attempts if attempt.icmp and attempt.icmp.source == address), None)
