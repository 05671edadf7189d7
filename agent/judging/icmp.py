"""Judging an exchange that an ICMP error ended: who refused it, and who can change that."""

from collections.abc import Sequence

from netpreflight.agent.judging import ladder
from netpreflight.agent.judging.addresses import zone_of
from netpreflight.agent.results import Finding, Flow, Named
from netpreflight.probes.observations import Attempt, Icmp, Observations

_NO_ROUTE = {0, 1, 5, 6, 7, 8, 11, 12}
"""Codes of "destination unreachable" that report a missing route or host, not a filter (RFC 792, RFC 1812 5.2.7.1)."""


def no_route(icmp: Icmp) -> bool:
    """Whether an ICMP error reports a missing route or host, and not a filter."""
    return icmp.type == 3 and icmp.code in _NO_ROUTE


def named(address: str, seen: Observations) -> Named:
    """The sender of an ICMP error, with its hop if a ladder of this run shows it as a router."""
    targets = seen.path.targets if seen.path else []
    hops = [ttl for target in targets for ttl, router in ladder.all_routers(target) if router == address]
    return Named(address=address, hop=min(hops, default=None))


def refused(flow: Flow, attempts: Sequence[Attempt], seen: Observations, evidence: list[str]) -> Finding | None:
    """The finding where a router or firewall on the way refuses an exchange with an ICMP error; None: none does.

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
