"""A run as one device meets it: its cloud's host, the resolvers that it keeps, its servers, its router."""

from dataclasses import dataclass

import msgspec

from netpreflight.agent.judging.addresses import classful_mask, first_host, is_address
from netpreflight.agent.judging.unseen import network_of_laptop
from netpreflight.agent.profiles import Profile
from netpreflight.probes.observations import CloudEndpoint, Dns, Observations


@dataclass(frozen=True, slots=True)
class DeviceView:
    """What a run's observations are to one device; made once, for all that follows from them.

    Attributes:
        host: the first of its cloud's hosts for which it has an address; else the first.
        address: that host's address; None: it has none.
        kept: what was seen of the resolvers that it keeps of its lease; None: DNS was not looked at.
        endpoints: what was seen of its own cloud endpoints.
        guessed_router: the router that it guesses, where its lease names none and it is one that guesses.
        other_router: the router that it uses, where this laptop measured through another.
        elsewhere: the network that this laptop measured from, where that is another one than the network judged.
    """

    seen: Observations
    profile: Profile
    host: str
    address: str | None
    kept: Dns | None
    endpoints: list[CloudEndpoint]
    guessed_router: str | None
    other_router: str | None
    elsewhere: str | None


def device_view(seen: Observations, profile: Profile) -> DeviceView:
    """What a run's observations are to a device."""
    kept = _kept(seen.dns, profile) if seen.dns else None
    host, address = _cloud_host(kept, profile)
    guessed = _guessed_router(seen, profile)
    return DeviceView(
        seen=seen,
        profile=profile,
        host=host,
        address=address,
        kept=kept,
        endpoints=_endpoints(seen, profile),
        guessed_router=guessed,
        other_router=_other_router(seen, guessed),
        elsewhere=network_of_laptop(seen),
    )


def _kept(dns: Dns, profile: Profile) -> Dns:
    asked = dns.resolvers[: profile.dns.resolvers.value]
    return msgspec.structs.replace(
        dns, resolvers=asked, lookups=[lookup for lookup in dns.lookups if lookup.resolver in asked]
    )


def _cloud_host(kept: Dns | None, profile: Profile) -> tuple[str, str | None]:
    hosts = profile.cloud.hosts.value
    for host in hosts:
        if is_address(host):
            return host, host
        if kept is not None and (used := kept.as_device(host)):
            return host, used.addresses[0]
    return hosts[0], None


def _endpoints(seen: Observations, profile: Profile) -> list[CloudEndpoint]:
    needs = profile.cloud
    return [
        endpoint
        for endpoint in (seen.cloud.endpoints if seen.cloud else [])
        if (endpoint.transport, endpoint.port) == (needs.transport.value, needs.port.value)
        and endpoint.host in needs.hosts.value
    ]


def _guessed_router(seen: Observations, profile: Profile) -> str | None:
    granted = seen.dhcp.granted if seen.dhcp else None
    if granted is None or granted.routers or profile.dhcp.missing_router.value != "first-host":
        return None
    return first_host(granted.address or "", granted.mask or classful_mask(granted.address or ""))


def _other_router(seen: Observations, guessed: str | None) -> str | None:
    granted, gateway = seen.dhcp.granted if seen.dhcp else None, seen.scope.gateway
    if granted is None or gateway is None:
        return None
    router = granted.routers[0] if granted.routers else guessed
    return router if router != gateway else None
