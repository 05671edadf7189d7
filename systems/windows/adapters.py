"""The network interfaces, by GetAdaptersAddresses."""

import ctypes
import ipaddress
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from netpreflight.systems.interface import Adapter
from netpreflight.systems.windows import native

_BUFFER_OVERFLOW = 111
_TRIES = 5
"""Interfaces may be added between two calls, so that the size that the first call told is too small."""
_FIRST_SIZE, _MOST_SIZE = 16384, 1 << 24
_FLAGS = 0x86  # GAA_FLAG_INCLUDE_GATEWAYS, _SKIP_ANYCAST, _SKIP_MULTICAST
_ETHERNET, _PPP, _LOOPBACK, _VIRTUAL, _WIFI, _TUNNEL = 6, 23, 24, 53, 71, 131  # ipifcons.h
_UP, _DOWN, _LOWER_LAYER_DOWN = 1, 2, 7  # IF_OPER_STATUS
_TUNNEL_WORDS = ("vpn", "tap-windows", "wintun", "wireguard", "anyconnect", "pangp", "fortinet virtual", "tunnel")
"""Words in the descriptions of VPN clients' adapters, which Windows lists as Ethernet."""
_NO_MEDIUM_WORDS = ("bluetooth",)
_NOBODY = ipaddress.IPv4Address(0)


class SocketAddress(ctypes.Structure):
    """SOCKET_ADDRESS."""

    _fields_ = [("lpSockaddr", ctypes.c_void_p), ("iSockaddrLength", ctypes.c_int32)]


class UnicastAddress(ctypes.Structure):
    """IP_ADAPTER_UNICAST_ADDRESS_LH."""

    _fields_ = [
        ("Length", ctypes.c_uint32),
        ("Flags", ctypes.c_uint32),
        ("Next", ctypes.c_void_p),
        ("Address", SocketAddress),
        ("PrefixOrigin", ctypes.c_int32),
        ("SuffixOrigin", ctypes.c_int32),
        ("DadState", ctypes.c_int32),
        ("ValidLifetime", ctypes.c_uint32),
        ("PreferredLifetime", ctypes.c_uint32),
        ("LeaseLifetime", ctypes.c_uint32),
        ("OnLinkPrefixLength", ctypes.c_uint8),
    ]


class OtherAddress(ctypes.Structure):
    """IP_ADAPTER_DNS_SERVER_ADDRESS_XP; IP_ADAPTER_GATEWAY_ADDRESS_LH has the same layout."""

    _fields_ = [
        ("Length", ctypes.c_uint32),
        ("Reserved", ctypes.c_uint32),
        ("Next", ctypes.c_void_p),
        ("Address", SocketAddress),
    ]


class AdapterAddresses(ctypes.Structure):
    """IP_ADAPTER_ADDRESSES_LH, up to the last field that is read."""

    _fields_ = [
        ("Length", ctypes.c_uint32),
        ("IfIndex", ctypes.c_uint32),
        ("Next", ctypes.c_void_p),
        ("AdapterName", ctypes.c_char_p),
        ("FirstUnicastAddress", ctypes.c_void_p),
        ("FirstAnycastAddress", ctypes.c_void_p),
        ("FirstMulticastAddress", ctypes.c_void_p),
        ("FirstDnsServerAddress", ctypes.c_void_p),
        ("DnsSuffix", ctypes.c_wchar_p),
        ("Description", ctypes.c_wchar_p),
        ("FriendlyName", ctypes.c_wchar_p),
        ("PhysicalAddress", ctypes.c_uint8 * 8),
        ("PhysicalAddressLength", ctypes.c_uint32),
        ("Flags", ctypes.c_uint32),
        ("Mtu", ctypes.c_uint32),
        ("IfType", ctypes.c_uint32),
        ("OperStatus", ctypes.c_int32),
        ("Ipv6IfIndex", ctypes.c_uint32),
        ("ZoneIndices", ctypes.c_uint32 * 16),
        ("FirstPrefix", ctypes.c_void_p),
        ("TransmitLinkSpeed", ctypes.c_uint64),
        ("ReceiveLinkSpeed", ctypes.c_uint64),
        ("FirstWinsServerAddress", ctypes.c_void_p),
        ("FirstGatewayAddress", ctypes.c_void_p),
        ("Ipv4Metric", ctypes.c_uint32),
        ("Ipv6Metric", ctypes.c_uint32),
        ("Luid", ctypes.c_uint64),
        ("Dhcpv4Server", SocketAddress),
        ("CompartmentId", ctypes.c_uint32),
        ("NetworkGuid", ctypes.c_uint8 * 16),
        ("ConnectionType", ctypes.c_int32),
        ("TunnelType", ctypes.c_int32),
    ]


@dataclass(frozen=True, slots=True)
class Listed:
    """An interface, and the DNS resolvers that are set for it."""

    adapter: Adapter
    resolvers: tuple[str, ...]


def adapters() -> list[Listed]:
    """All interfaces; empty where the system does not list them."""
    try:
        call = native.function(
            "iphlpapi",
            "GetAdaptersAddresses",
            ctypes.c_uint32,
            ctypes.c_uint32,
            ctypes.c_uint32,
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.POINTER(ctypes.c_uint32),
        )
    except OSError:
        return []
    size = ctypes.c_uint32(_FIRST_SIZE)
    for _ in range(_TRIES):
        memory = ctypes.create_string_buffer(min(size.value, _MOST_SIZE))
        code = call(0, _FLAGS, None, ctypes.cast(memory, ctypes.c_void_p), ctypes.pointer(size))
        if code != _BUFFER_OVERFLOW:
            # ERROR_NO_DATA: no interface has an address. After any other error, nothing is known either.
            return [] if code else [_listed(entry) for entry in _chain(ctypes.addressof(memory), AdapterAddresses)]
    return []


def _chain(address: int | None, kind: type[ctypes.Structure]) -> Iterator[Any]:
    """The entries of a linked list."""
    for _ in range(native.LIMIT):
        if not address:
            return
        entry: Any = kind.from_address(address)
        yield entry
        address = entry.Next


def _listed(entry: Any) -> Listed:
    """An interface and its resolvers, from the IP_ADAPTER_ADDRESSES_LH of the interface."""
    description = (entry.Description or "").lower()
    is_tunnel = (
        entry.IfType in {_PPP, _VIRTUAL, _TUNNEL}
        or entry.TunnelType != 0
        or any(word in description for word in _TUNNEL_WORDS)
    )
    medium: Literal["wired", "wifi"] | None = {_ETHERNET: "wired", _WIFI: "wifi"}.get(entry.IfType)  # type: ignore[assignment]  # mypy widens the values to str
    if is_tunnel or any(word in description for word in _NO_MEDIUM_WORDS):
        medium = None
    addresses, ipv6_addresses = [], []
    for unicast in _chain(entry.FirstUnicastAddress, UnicastAddress):
        address = _address(unicast.Address)
        if address is not None and ":" in address:
            ipv6_addresses.append(address)
        elif address is not None:
            addresses.append(f"{address}/{min(unicast.OnLinkPrefixLength, 32)}")
    gateway = next((gateway for gateway in _ipv4(entry.FirstGatewayAddress) if gateway != str(_NOBODY)), None)
    mac = bytes(entry.PhysicalAddress)[: min(entry.PhysicalAddressLength, 8)].hex(":")
    adapter = Adapter(
        name=entry.FriendlyName or "",
        id=(entry.AdapterName or b"").decode("ascii", "replace"),
        index=entry.IfIndex,
        state=_state(entry.OperStatus, has_medium=medium is not None),
        medium=medium,
        is_tunnel=is_tunnel,
        is_loopback=entry.IfType == _LOOPBACK,
        mac=mac or None,
        mtu=entry.Mtu if 0 < entry.Mtu < 0xFFFFFFFF else None,
        addresses=tuple(addresses),
        ipv6_addresses=tuple(ipv6_addresses),
        gateway=gateway,
        metric=entry.Ipv4Metric if gateway else None,
    )
    return Listed(adapter, tuple(_resolvers(entry.FirstDnsServerAddress)))


def _state(status: int, *, has_medium: bool) -> Literal["up", "no-carrier", "down"]:
    """An interface's state. Windows lists none that is switched off: a port or radio that is down is not connected."""
    if status == _UP:
        return "up"
    return "no-carrier" if has_medium and status in {_DOWN, _LOWER_LAYER_DOWN} else "down"


def _resolvers(first: int | None) -> Iterator[str]:
    """The resolvers of an interface, without those that Windows lists where none is set (fec0:0:0:ffff::1 to ::3)."""
    for entry in _chain(first, OtherAddress):
        address = _address(entry.Address)
        if address is not None and not address.startswith("fec0:0:0:ffff::"):
            yield address


def _ipv4(first: int | None) -> Iterator[str]:
    for entry in _chain(first, OtherAddress):
        address = _address(entry.Address)
        if address is not None and ":" not in address:
            yield address


def _address(place: Any) -> str | None:
    """The address in a SOCKET_ADDRESS."""
    if not place.lpSockaddr or place.iSockaddrLength < 16:
        return None
    return address_in(ctypes.string_at(place.lpSockaddr, min(place.iSockaddrLength, 28)))


def address_in(sockaddr: bytes) -> str | None:
    """The address in a `sockaddr_in` or `sockaddr_in6`, without its zone."""
    family = int.from_bytes(sockaddr[:2], "little")
    if family == native.AF_INET and len(sockaddr) >= 8:
        return socket.inet_ntop(socket.AF_INET, sockaddr[4:8])
    if family == native.AF_INET6 and len(sockaddr) >= 24:
        return socket.inet_ntop(socket.AF_INET6, sockaddr[8:24])
    return None
