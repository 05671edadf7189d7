"""The network interfaces, routes and ARP table: from netifaces, /sys and /proc."""

import contextlib
import ipaddress
import re
import socket
from pathlib import Path
from typing import Literal, NamedTuple

import netifaces

from netpreflight.systems.interface import Adapter, prefix_length
from netpreflight.systems.posix import source_towards

_TUNNEL_NAME = re.compile(r"(utun|tun|tap|wg|ppp|ipsec|xfrm|gre|sit|tailscale|nordlynx|gpd|cscotun|vpn)\d*", re.ASCII)
_TUNNEL_HARDWARE = {512, 768, 769, 776, 778, 823, 65534}
"""ARPHRD numbers (linux/if_arp.h): PPP, IPIP, IP6IP6, SIT, GRE, IP6GRE, and NONE, which tun and WireGuard have."""
_ETHERNET = 1  # ARPHRD_ETHER, which Wi-Fi has as well
_SYS = Path("/sys/class/net")
_ROUTES = Path("/proc/net/route")
_ROUTE_HAS_GATEWAY = 0x3  # RTF_UP | RTF_GATEWAY, route(8)
_ARP = Path("/proc/net/arp")
_ARP_COMPLETE = 0x2  # ATF_COM, arp(7)


class _DefaultRoute(NamedTuple):
    metric: int
    interface: str
    gateway: str


def adapters() -> list[Adapter]:
    """All network interfaces."""
    routes = sorted(_default_routes(text_of(_ROUTES)), key=lambda route: route.metric)
    found = []
    for index, name in socket.if_nameindex():
        with contextlib.suppress(ValueError):  # netifaces: the interface has just gone
            found.append(_adapter(index, name, next((route for route in routes if route.interface == name), None)))
    return found


def adapter_towards(address: str) -> str | None:
    """The interface of the route to an IPv4 address; None: there is no such route.

    It is the interface with the source address that the kernel chooses, so policy routing, split default routes and
    metrics all count.
    """
    source = source_towards(address)
    for name in netifaces.interfaces() if source else []:
        if any(entry["addr"] == source for entry in netifaces.ifaddresses(name).get(netifaces.AF_INET, [])):
            return str(name)
    return None


def neighbours(adapter: str) -> dict[str, str] | None:
    """The complete entries of an interface in the ARP table; None: there is no such table."""
    found: dict[str, str] = {}
    lines = text_of(_ARP).splitlines()
    for line in lines[1:]:
        match line.split():
            case [host, _, flags, mac, _, device] if device == adapter and int(flags, 16) & _ARP_COMPLETE:
                found.setdefault(host, mac.lower())
    return found if lines else None


def _adapter(index: int, name: str, route: _DefaultRoute | None) -> Adapter:
    """What is known of an interface."""
    families = netifaces.ifaddresses(name)
    is_tunnel = _is_tunnel(name)
    addresses = tuple(_with_prefix(entry) for entry in families.get(netifaces.AF_INET, []))
    return Adapter(
        name=name,
        id=name,
        index=index,
        state=_state(name, has_address=bool(addresses)),
        medium=_medium(name, is_tunnel=is_tunnel),
        is_tunnel=is_tunnel,
        is_loopback=name.startswith("lo") or any(address.startswith("127.") for address in addresses),
        mac=next((entry["addr"] for entry in families.get(netifaces.AF_LINK, [])), None),
        mtu=_number(_SYS / name / "mtu"),
        addresses=addresses,
        ipv6_addresses=tuple(str(entry["addr"]).split("%")[0] for entry in families.get(netifaces.AF_INET6, [])),
        gateway=route.gateway if route else None,
        metric=route.metric if route else None,
    )


def _default_routes(table: str) -> list[_DefaultRoute]:
    """The IPv4 default routes in the text of /proc/net/route, whose addresses are in this machine's byte order."""
    found = []
    for line in table.splitlines()[1:]:
        match line.split():
            case [interface, "00000000", gateway, flags, _, _, metric, "00000000", *_] if (
                int(flags, 16) & _ROUTE_HAS_GATEWAY == _ROUTE_HAS_GATEWAY
            ):
                address = ipaddress.IPv4Address(socket.ntohl(int(gateway, 16)))
                found.append(_DefaultRoute(int(metric), interface, str(address)))
    return found


def _is_tunnel(name: str) -> bool:
    """Whether an interface is a tunnel, such as a VPN's."""
    if _number(_SYS / name / "type") in _TUNNEL_HARDWARE or (_SYS / name / "tun_flags").exists():
        return True
    return bool(_TUNNEL_NAME.fullmatch(name))


def _state(name: str, *, has_address: bool) -> Literal["up", "no-carrier", "down"]:
    """Whether an interface is up, has no carrier (no cable or Wi-Fi association), or is down."""
    if not (_SYS / name).exists():  # /sys shows the interfaces of another namespace
        return "up" if has_address else "down"
    flags = text_of(_SYS / name / "flags").strip()
    if not int(flags or "0", 16) & 1:  # IFF_UP
        return "down"
    return "no-carrier" if text_of(_SYS / name / "carrier").strip() == "0" else "up"


def _medium(name: str, *, is_tunnel: bool) -> Literal["wired", "wifi"] | None:
    """Whether an interface is wired or Wi-Fi; None: neither, or not known."""
    if (_SYS / name / "phy80211").exists() or (_SYS / name / "wireless").exists():
        return "wifi"
    return "wired" if _number(_SYS / name / "type") == _ETHERNET and not is_tunnel else None


def _with_prefix(entry: dict[str, str]) -> str:
    """An interface's address with its prefix length, such as `192.168.1.7/24`."""
    length = prefix_length(entry.get("mask") or entry.get("netmask") or "")
    return f"{entry['addr']}/{32 if length is None else length}"


def text_of(path: Path) -> str:
    """A small system file's text, empty where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(65536).decode(errors="replace")
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    """The number in a small system file; None: there is no number."""
    text = text_of(path).strip()
    return int(text) if text.isdigit() else None
