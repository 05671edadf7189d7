"""What a run's results apply to: the interface under test, and what this laptop has but a device lacks (VPN, proxy).

Sends nothing and needs no privilege: only the operating system is asked (`netpreflight.systems`).
"""

import math

from netpreflight.probes.observations import Privileges, Scope
from netpreflight.systems import SYSTEM
from netpreflight.systems.interface import Adapter

_ANYWHERE = "8.8.8.8"  # any public address: only the route to it is looked up


def scope(interface: str | None = None) -> Scope:
    """Describe the interface under test and this laptop.

    `interface` names the interface under test; None: choose the interface of the best IPv4 default route (the lowest
    metric) that is not a tunnel. Without such a route, choose the interface that is closest to a connection: it is up,
    has an IPv4 address, has an IPv6 address.
    """
    adapters = SYSTEM.adapters()
    tunnels = [
        adapter.name for adapter in adapters if adapter.is_tunnel and not adapter.is_internal and adapter.state == "up"
    ]
    chosen = _find(interface, adapters) if interface else _choose(adapters)
    name = chosen.name if chosen else interface
    used = SYSTEM.adapter_towards(_ANYWHERE)
    seen = Scope(
        interface=name,
        tunnels=tunnels,
        vpn=used if used in tunnels and used != name else None,
        resolvers=SYSTEM.resolvers(tunnels),
        proxy=SYSTEM.proxies(),
        privileges=Privileges(
            user=SYSTEM.privileged_user if SYSTEM.is_privileged() else "ordinary user",
            raw_sockets=SYSTEM.may_open_raw_sockets(),
        ),
        os=SYSTEM.name,
        interfaces=[adapter.name for adapter in adapters],
    )
    if chosen is None:
        return seen
    seen.state = chosen.state
    seen.is_tunnel = chosen.is_tunnel
    seen.medium = chosen.medium
    seen.mac = chosen.mac
    seen.addresses = list(chosen.addresses)
    seen.ipv6_addresses = list(chosen.ipv6_addresses)
    seen.gateway = chosen.gateway
    seen.mtu = chosen.mtu
    return seen


def mac_of(address: str, interface: str) -> str | None:
    """The hardware address, lower-case, that the system's ARP table has for a neighbour; sends no ARP request."""
    return (SYSTEM.neighbours(interface) or {}).get(address)


def own_addresses() -> set[str]:
    """The IPv4 addresses of all interfaces of this laptop, as they are now."""
    return {address.partition("/")[0] for adapter in SYSTEM.adapters() for address in adapter.addresses}


def answers_arp(address: str, interface: str) -> bool | None:
    """Whether the system's ARP table has a neighbour to which something was sent; None: there is no such table."""
    table = SYSTEM.neighbours(interface)
    return None if table is None else address in table


def _find(interface: str, adapters: list[Adapter]) -> Adapter | None:
    """The interface with this name, id or alias; None: there is none."""
    return next((adapter for adapter in adapters if interface in {adapter.name, adapter.id, *adapter.aliases}), None)


def _choose(adapters: list[Adapter]) -> Adapter | None:
    """Choose the interface under test, see `scope`."""
    candidates = [adapter for adapter in adapters if not adapter.is_tunnel and not adapter.is_internal]
    routed = [adapter for adapter in candidates if adapter.gateway is not None]
    if routed:
        return min(routed, key=lambda adapter: math.inf if adapter.metric is None else adapter.metric)

    def nearness(adapter: Adapter) -> tuple[bool, bool, bool]:
        """How close an interface is to a connection, for sorting."""
        return adapter.state == "up", bool(adapter.addresses), bool(adapter.ipv6_addresses)

    return max((adapter for adapter in candidates if not adapter.is_loopback), key=nearness, default=None)
