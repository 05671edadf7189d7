"""What this run speaks for: the interface under test, and what on this laptop a device would not have.

Sends nothing and needs no privilege. Interfaces, addresses and gateways come from netifaces; which interface the
laptop itself would use comes from the source address that the kernel picks for a UDP socket (connecting one sends
nothing), so that policy routing, split default routes and metrics are all seen as they act.
"""

import ipaddress
import os
import re
import socket
import sys
from pathlib import Path
from typing import Literal

import netifaces

from netpreflight.probes.observations import Privileges, Proxy, Resolver, ResolverSource, Scope

_ANYWHERE = "8.8.8.8"  # any public address: only the route to it is looked up
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")
_TUNNEL_NAME = re.compile(r"(utun|tun|tap|wg|ppp|ipsec|xfrm|gre|sit|tailscale|nordlynx|gpd|cscotun|vpn)\d*", re.ASCII)
_TUNNEL_HARDWARE = {512, 768, 769, 776, 778, 823, 65534}
"""ARPHRD numbers (linux/if_arp.h): PPP, IPIP, IP6IP6, SIT, GRE, IP6GRE, and NONE, which tun and WireGuard have."""
_ETHERNET = 1  # ARPHRD_ETHER, which Wi-Fi has as well
_SYS = Path("/sys/class/net")
_RESOLVER_FILES: dict[Path, ResolverSource] = {
    Path("/etc/resolv.conf"): "resolv.conf",
    Path("/run/systemd/resolve/resolv.conf"): "systemd-resolved",
}
_ARP = Path("/proc/net/arp")
_ARP_COMPLETE = 0x2  # ATF_COM, arp(7)
_NAMESERVER = re.compile(r"^\s*nameserver\s+(\S+)", re.MULTILINE)


def scope(interface: str | None = None) -> Scope:
    """Describe the interface under test and this laptop; `interface` overrides which one is chosen.

    Chosen is the interface of the first IPv4 default route that is not a tunnel; without one, the interface that is
    closest to a connection: up, with an IPv4 address, with an IPv6 address.
    """
    names = [name for _, name in socket.if_nameindex()]
    tunnels = [name for name in names if is_tunnel(name) and _state(name) == "up"]
    chosen = interface or _choose(names)
    used = _interface_towards(_ANYWHERE)
    seen = Scope(
        interface=chosen,
        tunnels=tunnels,
        vpn=used if used in tunnels and used != chosen else None,
        resolvers=_resolvers(tunnels),
        proxy=_proxies(),
        privileges=Privileges(
            user="root" if hasattr(os, "geteuid") and os.geteuid() == 0 else "ordinary user",
            raw_sockets=_may_open_raw_sockets(),
        ),
        os=sys.platform,
        interfaces=names,
    )
    if chosen is None or chosen not in names:
        return seen
    families = netifaces.ifaddresses(chosen)
    seen.state = _state(chosen)
    seen.is_tunnel = is_tunnel(chosen)
    seen.medium = _medium(chosen)
    seen.mac = next((entry["addr"] for entry in families.get(netifaces.AF_LINK, [])), None)
    seen.addresses = [_with_prefix(entry) for entry in families.get(netifaces.AF_INET, [])]
    seen.ipv6_addresses = [str(entry["addr"]).split("%")[0] for entry in families.get(netifaces.AF_INET6, [])]
    seen.gateway = next((gateway for gateway, name in _default_routes() if name == chosen), None)
    seen.mtu = _number(_SYS / chosen / "mtu")
    return seen


def mac_of(address: str, interface: str) -> str | None:
    """The hardware address that the kernel's ARP table has for a neighbour, lower-case; asks nobody."""
    for line in _text(_ARP).splitlines()[1:]:
        match line.split():
            case [host, _, flags, mac, _, device] if (host, device) == (address, interface):
                return mac.lower() if int(flags, 16) & _ARP_COMPLETE else None
    return None


def own_addresses() -> set[str]:
    """The IPv4 addresses of all interfaces of this laptop, as they are now."""
    families = (netifaces.ifaddresses(name).get(netifaces.AF_INET, []) for name in netifaces.interfaces())
    return {str(entry["addr"]) for entries in families for entry in entries if "addr" in entry}


def answers_arp(address: str, interface: str) -> bool | None:
    """Whether a neighbour that was sent something answers ARP, by the kernel's table; None: there is no such table."""
    return mac_of(address, interface) is not None if _text(_ARP) else None


def is_tunnel(name: str) -> bool:
    """Whether an interface is a tunnel, such as a VPN's."""
    if _number(_SYS / name / "type") in _TUNNEL_HARDWARE or (_SYS / name / "tun_flags").exists():
        return True
    return bool(_TUNNEL_NAME.fullmatch(name))


def _choose(names: list[str]) -> str | None:
    """Choose the interface under test, see `scope`."""
    for _, name in _default_routes():
        if not is_tunnel(name):
            return name
    candidates = [name for name in names if not is_tunnel(name) and not _is_loopback(name)]

    def nearness(name: str) -> tuple[bool, bool, bool]:
        families = netifaces.ifaddresses(name)
        return _state(name) == "up", netifaces.AF_INET in families, netifaces.AF_INET6 in families

    return max(candidates, key=nearness, default=None)


def _is_loopback(name: str) -> bool:
    addresses = netifaces.ifaddresses(name).get(netifaces.AF_INET, [])
    return name.startswith("lo") or any(str(address["addr"]).startswith("127.") for address in addresses)


def _default_routes() -> list[tuple[str, str]]:
    """IPv4 default routes as (gateway, interface), in the routing table's order (lowest metric first)."""
    routes: list[tuple[str, str, bool]] = netifaces.gateways().get(netifaces.AF_INET, [])  # type: ignore[assignment]  # its stub mixes this list with the `default` entry
    return [(route[0], route[1]) for route in routes]


def _interface_towards(address: str) -> str | None:
    """The interface of this laptop's route to an address; None if there is no route."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect((address, 53))
            source = sock.getsockname()[0]
    except OSError:
        return None
    for name in netifaces.interfaces():
        if any(entry["addr"] == source for entry in netifaces.ifaddresses(name).get(netifaces.AF_INET, [])):
            return str(name)
    return None


def _state(name: str) -> Literal["up", "no-carrier", "down"]:
    """Whether an interface is up, has no carrier (no cable or Wi-Fi association), or is down."""
    if not (_SYS / name).exists():
        return "up" if netifaces.ifaddresses(name).get(netifaces.AF_INET) else "down"
    flags = _text(_SYS / name / "flags").strip()
    if not int(flags or "0", 16) & 1:  # IFF_UP
        return "down"
    return "no-carrier" if _text(_SYS / name / "carrier").strip() == "0" else "up"


def _medium(name: str) -> Literal["wired", "wifi"] | None:
    """Whether an interface is wired or Wi-Fi; None: neither, or not known."""
    if (_SYS / name / "phy80211").exists() or (_SYS / name / "wireless").exists():
        return "wifi"
    return "wired" if _number(_SYS / name / "type") == _ETHERNET and not is_tunnel(name) else None


def _with_prefix(entry: dict[str, str]) -> str:
    """An interface's address with its prefix length, such as `192.168.1.7/24`."""
    mask = entry.get("mask") or entry.get("netmask") or "255.255.255.255"
    return f"{entry['addr']}/{ipaddress.ip_network(f'0.0.0.0/{mask}').prefixlen}"


def _resolvers(tunnels: list[str]) -> list[Resolver]:
    """The laptop's own resolvers: resolv.conf's, those behind systemd-resolved's stub, and a VPN's."""
    found = []
    for path, source in _RESOLVER_FILES.items():
        for address in _NAMESERVER.findall(_text(path))[:8]:
            if not _is_address(address):  # a name here would make the system look it up
                continue
            towards = _interface_towards(address) if ":" not in address else None
            found.append(Resolver(address=address, source="vpn" if towards in tunnels else source, interface=towards))
    return found


def _proxies() -> list[Proxy]:
    """Proxies in the environment, without the user name and password that they may hold."""
    found = []
    for variable in sorted(os.environ):
        if variable.lower() in _PROXY_VARIABLES and os.environ[variable]:
            scheme, separator, rest = os.environ[variable].partition("://")
            if not separator:
                scheme, rest = "", scheme
            # A password may hold any character, so what counts is the last @.
            host = rest.rpartition("@")[2].partition("/")[0]
            found.append(Proxy(variable=variable, value=f"{scheme}{separator}{host}"))
    return found


def _may_open_raw_sockets() -> bool:
    """Whether this process may open raw sockets, which a DHCP exchange as a device needs."""
    if not hasattr(socket, "AF_PACKET"):
        return False
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()
    except OSError:
        return False
    return True


def _is_address(text: str) -> bool:
    """Whether a text is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def _text(path: Path) -> str:
    """A small system file's text, empty where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(65536).decode(errors="replace")
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdigit() else None
