"""What an ICMP error says about a blocked exchange, and who can change that."""

from typing import NamedTuple

from probes.observations import Attempt, Icmp

_NO_ROUTE = {0, 1, 5, 6, 7, 8, 11, 12}
"""Codes of "destination unreachable" that speak of routes and hosts, not of filters (RFC 792, RFC 1812 5.2.7.1)."""


class Refusal(NamedTuple):
    """How a refusal is told."""

    summary: str
    reason: str
    remedy: str


def refusal(address: str, attempts: list[Attempt]) -> Icmp | None:
    """The ICMP error by which somebody on the way refused; one that the host asked sent itself is not the network's."""
    return next((one.icmp for one in attempts if one.icmp and one.icmp.source != address), None)


def from_host(address: str, attempts: list[Attempt]) -> Icmp | None:
    """The ICMP error that the host asked sent itself."""
    return next((one.icmp for one in attempts if one.icmp and one.icmp.source == address), None)


def tell(icmp: Icmp, what: str, where: str) -> Refusal:
    """Words for a refusal of `what`, such as `UDP 5683`, on the way to `where`."""
    reason = f"{what} to {where} was answered by ICMP type {icmp.type} code {icmp.code} from {icmp.source}."
    if icmp.type == 3 and icmp.code in _NO_ROUTE:
        return Refusal(
            summary=f"{icmp.source} cannot deliver {what}: {icmp.meaning}",
            reason=reason,
            remedy=f"Look at the uplink and the routes of {icmp.source}: it says {icmp.meaning} for {where}.",
        )
    return Refusal(
        summary=f"{what} is rejected: {icmp.source} says {icmp.meaning}",
        reason=reason,
        remedy=f"Allow outbound {what} to {where}, with replies, on {icmp.source}.",
    )
