"""What configd's dynamic store says of network services: resolvers, proxies and leases (SCSchemaDefinitions.h).

`Setup:` has what was set by hand; `State:` has what is in use, for example what DHCP or a VPN gave.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from netpreflight.probes.observations import Lease, Proxy, Resolver, ResolverSource
from netpreflight.systems import environment
from netpreflight.systems.macos import native

_SERVICES = "(State|Setup):/Network/Service/[^/]+/(IPv4|IPv6|DNS|DHCP)"
_PRIMARY = "State:/Network/Global/IPv4"
_PROXIES = "State:/Network/Global/Proxies"
_KEY = re.compile(r"(State|Setup):/Network/Service/([^/]+)/(\w+)", re.ASCII)
_KINDS = ("HTTP", "HTTPS", "SOCKS")
_MASK, _ROUTERS, _RESOLVERS, _SERVER, _CAPTIVE_PORTAL = 1, 3, 6, 54, 114
"""DHCP options, RFC 2132 and RFC 8910. IPConfiguration stores the raw bytes of each one that it asked for."""
_MOST = 16
_LONGEST = 2048


@dataclass(slots=True)
class _Service:
    """A service: an interface with its settings."""

    state: dict[str, dict[str, Any]] = field(default_factory=dict)
    setup: dict[str, dict[str, Any]] = field(default_factory=dict)
    is_primary: bool = False

    @property
    def interface(self) -> str | None:
        """The interface on which the service is in use; None: it is not in use."""
        for kind in ("IPv4", "IPv6", "DNS"):
            name = self.state.get(kind, {}).get("InterfaceName")
            if isinstance(name, str):
                return name
        return None


def resolvers(tunnels: list[str]) -> list[Resolver]:
    """The resolvers of each service that is in use, the primary one's first."""
    found = []
    for service in _services():
        name = service.interface
        if name is None:
            continue
        by_hand = _addresses(service.setup.get("DNS", {}).get("ServerAddresses"))
        from_lease = _of_option(service.state.get("DHCP", {}), _RESOLVERS)
        for address in by_hand or _addresses(service.state.get("DNS", {}).get("ServerAddresses")):
            # The store does not say where IPv6 resolvers come from: a router advertisement counts like DHCPv6.
            is_from_network = not by_hand and (address in from_lease or ":" in address)
            source: ResolverSource = "vpn" if name in tunnels else "dhcp" if is_from_network else "settings"
            found.append(Resolver(address=address, source=source, interface=name))
    return found


def proxies() -> list[Proxy]:
    """The proxies in the environment, and those that are set for the primary service."""
    told = native.store(_PROXIES).get(_PROXIES, {})
    found = environment.proxies()
    for kind in _KINDS:
        host, port = told.get(f"{kind}Proxy"), told.get(f"{kind}Port")
        if told.get(f"{kind}Enable") == 1 and isinstance(host, str) and host:
            value = environment.without_credentials(host[:_LONGEST])
            found.append(Proxy(variable=f"{kind}Proxy", value=f"{value}:{port}" if isinstance(port, int) else value))
    script = told.get("ProxyAutoConfigURLString")
    if told.get("ProxyAutoConfigEnable") == 1 and isinstance(script, str) and script:
        value = environment.without_credentials(script[:_LONGEST])
        found.append(Proxy(variable="ProxyAutoConfigURLString", value=value))
    return found


def leases(adapter: str) -> list[Lease]:
    """The leases of an interface; empty: it has no lease."""
    found = []
    for service in _services():
        options = service.state.get("DHCP")
        address = next(iter(_addresses(service.state.get("IPv4", {}).get("Addresses"))), None)
        if service.interface != adapter or options is None or address is None:
            continue
        portal = options.get(f"Option_{_CAPTIVE_PORTAL}")
        found.append(
            Lease(
                source="macOS",
                server=next(iter(_of_option(options, _SERVER)), None),
                address=address,
                mask=next(iter(_of_option(options, _MASK)), None),
                routers=_of_option(options, _ROUTERS),
                resolvers=_of_option(options, _RESOLVERS),
                captive_portal=portal[:_LONGEST].decode(errors="replace") if isinstance(portal, bytes) else None,
            )
        )
    return found


def _services() -> list[_Service]:
    """All services, the primary one first."""
    told = native.store(_SERVICES, _PRIMARY)
    primary = told.get(_PRIMARY, {}).get("PrimaryService")
    found: dict[str, _Service] = {}
    for key, value in sorted(told.items()):
        if match := _KEY.fullmatch(key):
            domain, number, kind = match.groups()
            service = found.setdefault(number, _Service(is_primary=number == primary))
            (service.state if domain == "State" else service.setup)[kind] = value
    return sorted(found.values(), key=lambda service: not service.is_primary)


def _addresses(values: object) -> list[str]:
    """The IP addresses in an array of texts, without their zones."""
    texts: Iterable[object] = values if isinstance(values, list) else []
    found = []
    for text in texts:
        address = text.partition("%")[0] if isinstance(text, str) else ""
        try:
            ipaddress.ip_address(address)
        except ValueError:
            continue
        found.append(address)
    return found[:_MOST]


def _of_option(options: dict[str, Any], code: int) -> list[str]:
    """The IPv4 addresses in a DHCP option, four bytes each."""
    content = options.get(f"Option_{code}")
    if not isinstance(content, bytes):
        return []
    starts = range(0, min(len(content) // 4, _MOST) * 4, 4)
    return [str(ipaddress.IPv4Address(content[start : start + 4])) for start in starts]
