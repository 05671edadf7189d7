"""What one device would use on this network: its cloud's host and address, its resolvers, its router."""

from dataclasses import dataclass

import msgspec

from netpreflight.agent.judging.addresses import classful_mask, first_host, is_address
from netpreflight.agent.judging.doubt import Doubt, doubts
from netpreflight.agent.judging.unseen import network_of_laptop
from netpreflight.agent.profiles import Profile
from netpreflight.probes.observations import CloudEndpoint, Dns, Observations


@dataclass(frozen=True, slots=True)
class DeviceView:
    """The observations of a run with what one device would use of them; made once, and shared by all judges.

    Attributes:
        host: the first host of the device's cloud that resolves here; if none does, the first host.
        address: the address of `host`; None: it does not resolve.
        kept_lookups: the lookups at the resolvers that the device keeps from its lease; None: DNS was not looked at.
        endpoints: the exchanges with the device's own cloud endpoints.
        guessed_router: the router that the device assumes where its lease names none; None: it does not assume one.
        other_router: the router that the device would use, where this laptop measured through another; else None.
        doubted: addresses that are most likely not those of the names for which a resolver gave them, with the reason.
        laptop_network: the network that this laptop is on, where that is not the network judged; else None.
    """

    seen: Observations
    profile: Profile
    host: str
    address: str | None
    kept_lookups: Dns | None
    endpoints: list[CloudEndpoint]
    guessed_router: str | None
    other_router: str | None
    doubted: dict[str, Doubt]
    laptop_network: str | None


def device_view(seen: Observations, profile: Profile) -> DeviceView:
    """Work out what a device would use on the network of this run: resolvers, cloud address and router."""
    kept_lookups = _lookups_as_device(seen.dns, profile) if seen.dns else None
    host, address = _cloud_host(kept_lookups, profile)
    guessed = _guessed_router(seen, profile)
    return DeviceView(
        seen=seen,
        profile=profile,
        host=host,
        address=address,
        kept_lookups=kept_lookups,
        endpoints=own_endpoints(seen, profile),
        guessed_router=guessed,
        other_router=_other_router(seen, guessed),
        doubted=doubts(seen, profile),
        laptop_network=network_of_laptop(seen),
    )


def _lookups_as_device(dns: Dns, profile: Profile) -> Dns:
    """The lookups at the first resolvers of the lease, as many as the device keeps."""
    kept_resolvers = dns.resolvers[: profile.dns.resolvers.value]
    return msgspec.structs.replace(
        dns, resolvers=kept_resolvers, lookups=[lookup for lookup in dns.lookups if lookup.resolver in kept_resolvers]
    )


def _cloud_host(kept_lookups: Dns | None, profile: Profile) -> tuple[str, str | None]:
    """The first host of the device's cloud that resolves, and its address; if none does, the first host and None."""
    hosts = profile.cloud.hosts.value
    for host in hosts:
        if is_address(host):
            return host, host
        if kept_lookups is not None and (lookup := kept_lookups.as_device(host)):
            return host, lookup.addresses[0]
    return hosts[0], None


def own_endpoints(seen: Observations, profile: Profile) -> list[CloudEndpoint]:
    """The exchanges with the device's own cloud: same transport, port and host."""
    cloud = profile.cloud
    return [
        endpoint
        for endpoint in (seen.cloud.endpoints if seen.cloud else [])
        if (endpoint.transport, endpoint.port) == (cloud.transport.value, cloud.port.value)
        and endpoint.host in cloud.hosts.value
    ]


def _guessed_router(seen: Observations, profile: Profile) -> str | None:
    """The router that the device assumes where its lease names none; None: it assumes none, or needs none."""
    granted = seen.dhcp.granted if seen.dhcp else None
    if granted is None or granted.routers or profile.dhcp.missing_router.value != "first-host":
        return None
    return first_host(granted.address or "", granted.mask or classful_mask(granted.address or ""))


def _other_router(seen: Observations, guessed: str | None) -> str | None:
    """The router that the device would use, if this laptop measured through another one; else None."""
    granted, gateway = seen.dhcp.granted if seen.dhcp else None, seen.scope.gateway
    if granted is None or gateway is None:
        return None
    router = granted.routers[0] if granted.routers else guessed
    return router if router != gateway else None
