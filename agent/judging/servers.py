"""The internet servers that a check relies on: the address of each, and whether it answered."""

from netpreflight.agent.profiles import Profile
from netpreflight.probes.observations import Observations

Servers = list[tuple[str | None, bool]]
"""Pairs of an address (None: the name did not resolve) and whether that server answered."""


def of_ntp(seen: Observations, profile: Profile) -> Servers:
    """The NTP server."""
    return [(seen.ntp.address, seen.ntp.good is not None)] if seen.ntp else []


def of_coap(seen: Observations, profile: Profile) -> Servers:
    """The CoAP servers."""
    return [(server.address, server.has_answered) for server in (seen.coap.servers if seen.coap else [])]


def of_cloud(seen: Observations, profile: Profile) -> Servers:
    """The device's own cloud."""
    if profile.cloud.transport.value == "coap":
        return of_coap(seen, profile)
    endpoints = seen.cloud.endpoints if seen.cloud else []
    hosts = profile.cloud.hosts.value
    return [
        (endpoint.address, bool(endpoint.record or endpoint.nonce)) for endpoint in endpoints if endpoint.host in hosts
    ]
