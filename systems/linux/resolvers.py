"""The laptop's own DNS resolvers: those in resolv.conf, those behind systemd-resolved's stub, and a VPN's."""

import ipaddress
import re
from pathlib import Path

from netpreflight.probes.observations import Resolver, ResolverSource
from netpreflight.systems.linux.adapters import adapter_towards, text_of

_FILES: dict[Path, ResolverSource] = {
    Path("/etc/resolv.conf"): "resolv.conf",
    Path("/run/systemd/resolve/resolv.conf"): "systemd-resolved",
}
_NAMESERVER = re.compile(r"^\s*nameserver\s+(\S+)", re.MULTILINE)
_MOST = 8


def resolvers(tunnels: list[str]) -> list[Resolver]:
    """The resolvers. A resolver that is reached through one of these tunnels counts as a VPN's."""
    found = []
    for path, source in _FILES.items():
        for address in _NAMESERVER.findall(text_of(path))[:_MOST]:
            if not _is_address(address):  # a name here would make the system look it up
                continue
            towards = adapter_towards(address) if ":" not in address else None
            found.append(Resolver(address=address, source="vpn" if towards in tunnels else source, interface=towards))
    return found


def _is_address(text: str) -> bool:
    """Whether a text is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True
