"""What an ICMP error says about a blocked exchange, and who can change that."""

from collections.abc import Sequence

from agent.checks import Finding
from probes.observations import Attempt, Icmp

NO_ROUTE = {0, 1, 5, 6, 7, 8, 11, 12}
"""Codes of "destination unreachable" that speak of routes and hosts, not of filters (RFC 792, RFC 1812 5.2.7.1)."""


def refused(what: str, host: str, address: str, attempts: Sequence[Attempt], evidence: list[str]) -> Finding | None:
    """The finding where somebody on the way refuses `what`, such as `UDP 5683`, and says so; None where nobody does.

    An error that the host asked sent itself is not the network's.
    """
    icmp = next((one.icmp for one in attempts if one.icmp and one.icmp.source != address), None)
    if icmp is None:
        return None
    where = f"{address} ({host})"
    if icmp.type == 3 and icmp.code in NO_ROUTE:
        summary = f"{icmp.source} cannot deliver {what}: {icmp.meaning}"
        remedy = f"Look at the uplink and the routes of {icmp.source}: it says {icmp.meaning} for {where}."
    else:
        summary = f"{what} is rejected: {icmp.source} says {icmp.meaning}"
        remedy = f"Allow outbound {what} to {where}, with replies, on {icmp.source}."
    return Finding(
        status="fail",
        summary=summary,
        reason=f"{what} to {where} was answered by ICMP type {icmp.type} code {icmp.code} from {icmp.source}.",
        remedy=remedy,
        owner="network administrator",
        evidence=evidence,
    )


def from_host(address: str, attempts: Sequence[Attempt]) -> Icmp | None:
    """The ICMP error that the host asked sent itself."""
    return next((one.icmp for one in attempts if one.icmp and one.icmp.source == address), None)
