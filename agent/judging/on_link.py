"""Hosts of this subnet for which nobody answers ARP (RFC 826): no router and no firewall is on the way to such a host.

The evidence is that the ARP requests of this laptop's own system stayed unanswered: its ARP table says so, or the ICMP
error that the system then makes itself. An address that the system has not resolved yet is no evidence. Nor is an
unanswered request, if something of the same host was reached in the same run: then the host comes and goes, or the
table is out of date.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import UNSET

from netpreflight.agent.judging.doubt import Doubt
from netpreflight.agent.judging.forged import is_swept
from netpreflight.agent.judging.icmp import trusted
from netpreflight.agent.judging.unseen import on_same_network
from netpreflight.agent.results import Finding, Named
from netpreflight.probes.observations import Attempt, CloudEndpoint, CoapServer, Icmp, LinkNeighbor, Observations

LEAST_ERRORS = 3
"""If no ICMP error proves who sent it, at least this many of the system's own have to come."""
_HOST_UNREACHABLE = (3, 1)
"""Type and code of the ICMP error for a directly connected host that does not answer ARP (RFC 1812 section 5.2.7.1)."""
_ENDED_BY_HOST = {"refused", "reset"}
"""Errors of a TCP connection that show that the host is there."""


def nobody_there(address: str | None, seen: Observations) -> bool:
    """Whether an address is in this subnet, nobody answers ARP for it, and nothing of its host was reached."""
    if address is None or not seen.scope.is_on_link(address) or address in {*_heard(seen), *_known_there(seen)}:
        return False
    return any(told.address == address for told in _told_by_arp(seen)) or _told_by_icmp(address, seen)


def of_nobody(
    servers: Sequence[CoapServer | CloudEndpoint],
    seen: Observations,
    doubted: Mapping[str, Doubt],
    evidence: list[str],
) -> Finding | None:
    """The finding where nobody answers ARP for any of a device's servers.

    Args:
        servers: the servers that the device may use, with their addresses.
        seen: the run.
        doubted: the addresses that a resolver gave for a name, and that are most likely wrong.
        evidence: lines about the exchanges with the servers.

    Returns:
        None: a server may be there, or its address is certainly wrong, so that the resolver is to blame.
    """
    wrong = {address for address, doubt in doubted.items() if doubt.is_certain}
    if not servers or not all(nobody_there(server.address, seen) and server.address not in wrong for server in servers):
        return None
    host, address = servers[0].host, servers[0].address or ""
    where = address if host == address else f"{host} ({address})"
    return Finding(
        status="fail",
        problem="no-route",
        named=Named(address=address),
        summary=f"{where} is not reached: its address is of this subnet, and nobody answers ARP for it",
        reason="No router and no firewall is on the way. The host is switched off or elsewhere, or the network keeps "
        "its clients apart.",
        remedy=f"{what_to_look_at(address)}.",
        owner="network administrator",
        due_to="dns.integrity" if address in doubted else None,
        evidence=[*evidence, f"{address}: no answer to ARP"],
    )


def what_to_look_at(host: str) -> str:
    """What to look at where nobody answers ARP for a host of this subnet; without a full stop."""
    return (
        f"Look at whether {host} is switched on and has this address in this VLAN, and whether client isolation or a "
        "private VLAN keeps the device from it"
    )


def says_nobody_there(icmp: Icmp, seen: Observations) -> bool:
    """Whether this is the ICMP error that this laptop's own system makes if nobody answers ARP."""
    own = {address.partition("/")[0] for address in seen.scope.addresses}
    return (icmp.type, icmp.code) == _HOST_UNREACHABLE and icmp.source in own


def _told_by_arp(seen: Observations) -> Iterator[LinkNeighbor]:
    """What the system learned by ARP while the CoAP servers and clouds were asked."""
    for observation in (seen.coap, seen.cloud):
        yield from observation.neighbors if observation else []


def _told_by_icmp(address: str, seen: Observations) -> bool:
    """Whether this laptop's own system reported by ICMP that a host is not there, and nobody can have forged that."""
    for server in _asked(seen):
        tried = trusted(server.attempts, server.new_ports, server.unasked) if server.address == address else []
        if any(attempt.icmp and says_nobody_there(attempt.icmp, seen) for attempt in tried):
            return True
    for target in seen.path.targets if seen.path else []:
        probes = [probe for trace in (target.device, *target.controls) for probe in trace.probes]
        errors = [probe.icmp for probe in probes if probe.icmp and says_nobody_there(probe.icmp, seen)]
        is_proved = target.unasked is None or any(icmp.proved for icmp in errors)
        is_alike = len(errors) >= LEAST_ERRORS and not is_swept(target.unasked)
        if target.address == address and errors and (is_proved or is_alike):
            return True
    return False


def _asked(seen: Observations) -> list[CoapServer | CloudEndpoint]:
    """The CoAP servers and the endpoints of clouds that were asked."""
    return [*(seen.coap.servers if seen.coap else []), *(seen.cloud.endpoints if seen.cloud else [])]


def _heard(seen: Observations) -> Iterator[str]:
    """The addresses from which any packet came in this run, even if it was no good answer."""
    servers = _asked(seen)
    attempts: list[Attempt] = [attempt for server in servers for attempt in (*server.attempts, *server.new_ports)]
    attempts += seen.ntp.attempts if seen.ntp else []
    attempts += [attempt for lookup in (seen.dns.lookups if seen.dns else []) for attempt in lookup.attempts]
    attempts += [attempt for test in (seen.echo.tests if seen.echo else []) for attempt in test.ignored]
    for attempt in attempts:
        if attempt.outcome in {"reply", "ignored"}:
            yield attempt.source.partition(":")[0] if attempt.source else attempt.address
        if attempt.icmp:
            yield attempt.icmp.source
    for target in seen.path.targets if seen.path else []:
        for trace in (target.device, *target.controls):
            yield from (probe.source for probe in trace.probes if probe.source)


def _known_there(seen: Observations) -> Iterator[str]:
    """The addresses of hosts that answered in another way: TCP, CoAP, DTLS, HTTP, an echo, DHCP or ARP."""
    for server in _asked(seen):
        connections = server.connections if isinstance(server, CloudEndpoint) else []
        controls = server.controls if isinstance(server, CoapServer) else []
        is_there = any(tried.connect_ms is not None or tried.error in _ENDED_BY_HOST for tried in connections)
        if server.address and (server.has_answered or is_there or any(control.answered for control in controls)):
            yield server.address
    for witness in seen.portal.http if seen.portal else []:
        if witness.address and witness.status is not None:
            yield witness.address
    for test in seen.echo.tests if seen.echo else []:
        if test.address and any(packet.reply for packet in test.packets):
            yield test.address
    yield from (message.server for message in (seen.dhcp.received if seen.dhcp else []))
    if seen.scope.gateway and seen.scope.gateway_mac:
        yield seen.scope.gateway
    neighbors = [*_told_by_arp(seen), *(seen.dns.neighbors if seen.dns else [])]
    if seen.as_device is not UNSET:
        neighbors += [*seen.as_device.neighbours, *([seen.as_device.router] if seen.as_device.router else [])]
        if on_same_network(seen):
            yield from (
                exchange.address for exchange in seen.as_device.laptop if exchange.answered and exchange.address
            )
    yield from (host.address for host in neighbors if host.answers_arp)
