"""The network interfaces, by sysctl(3), ioctl(2), and what configd says of them."""

import re
import struct
from dataclasses import replace
from typing import Any, Literal

from netpreflight.systems.interface import Adapter
from netpreflight.systems.macos import messages, native, routes

_UP, _LOOPBACK = 0x1, 0x8  # IFF_, net/if.h
_MTU_AT = 24  # ifm_data.ifi_mtu in an if_msghdr, net/if.h and net/if_var.h
_GET_MEDIA, _MEDIA_BYTES, _STATUS_AT = 0xC02C6938, 44, 24  # SIOCGIFMEDIA, ifmediareq and its ifm_status
_VALID, _ACTIVE = 0x1, 0x2  # IFM_AVALID, IFM_ACTIVE, net/if_media.h
_GET_FUNCTION, _REQUEST_BYTES, _FUNCTION_AT = 0xC02069AD, 32, 16  # SIOCGIFFUNCTIONALTYPE, ifreq, net/if.h
_WIRED, _WIFI = 2, 3  # IFRTYPE_FUNCTIONAL_WIRED, _WIFI_INFRA
_OWN_FUNCTIONS = {4, 6, 7, 8}  # _WIFI_AWDL, _INTCOPROC (the T2's), _COMPANIONLINK, _MANAGEMENT
_TUNNEL = re.compile(r"(utun|ipsec|ppp|gif|stf|tun|tap|wg|gpd|cscotun|feth)\d+", re.ASCII)
"""feth is ZeroTier's, gpd GlobalProtect's, cscotun AnyConnect's."""
_OWN = re.compile(r"(bridge|awdl|llw|ap|anpi|vmenet|p2p|pktap)\d+", re.ASCII)
"""Interfaces that macOS makes for itself."""


def adapters() -> list[Adapter]:
    """All interfaces; empty where the system does not list them."""
    told = messages.messages(0, messages.NET_RT_IFLIST, 0) or []
    names = _names()
    gateways = routes.default_routes()
    found: dict[int, Adapter] = {}
    for message in told:
        if message.kind == messages.RTM_IFINFO:
            adapter = _adapter(message, names)
            if adapter.name:
                gateway, metric = gateways.get(message.index, (None, None))
                found[message.index] = replace(adapter, gateway=gateway, metric=metric)
        elif message.index in found:
            found[message.index] = _with_address(found[message.index], message)
    return [replace(adapter, is_internal=adapter.is_internal or _is_idle_tunnel(adapter)) for adapter in found.values()]


def _adapter(message: messages.Message, names: dict[str, tuple[str, ...]]) -> Adapter:
    """An interface, still without addresses and routes."""
    name, mac, _ = messages.link_in(message.addresses.get(messages.RTAX_IFP))
    (mtu,) = struct.unpack_from("<I", message.head, _MTU_AT)
    function = _function(name)
    is_tunnel = bool(_TUNNEL.fullmatch(name))
    is_internal = bool(_OWN.fullmatch(name)) or function in _OWN_FUNCTIONS
    medium: Literal["wired", "wifi"] | None = None
    if not is_tunnel and not is_internal:
        medium = "wifi" if function == _WIFI else "wired" if function == _WIRED else None
    return Adapter(
        name=name,
        id=name,
        aliases=names.get(name, ()),
        index=message.index,
        state=_state(name, message.flags),
        medium=medium,
        is_tunnel=is_tunnel,
        is_loopback=bool(message.flags & _LOOPBACK),
        is_internal=is_internal,
        mac=mac,
        mtu=mtu or None,
    )


def _with_address(adapter: Adapter, message: messages.Message) -> Adapter:
    """An interface with the address that an RTM_NEWADDR message adds."""
    address = messages.address_in(message.addresses.get(messages.RTAX_IFA))
    if address is None:
        return adapter
    if ":" in address:
        return replace(adapter, ipv6_addresses=(*adapter.ipv6_addresses, address))
    prefix = messages.prefix_in(message.addresses.get(messages.RTAX_NETMASK))
    return replace(adapter, addresses=(*adapter.addresses, f"{address}/{prefix}"))


def _is_idle_tunnel(adapter: Adapter) -> bool:
    """Whether an interface is one of the tunnels (utun0 …) that macOS keeps for services of its own."""
    is_local = all(address.startswith("fe80:") for address in adapter.ipv6_addresses)
    return adapter.is_tunnel and not adapter.addresses and is_local


def _state(name: str, flags: int) -> Literal["up", "no-carrier", "down"]:
    """An interface's state; one that does not say whether it has a carrier (a tunnel) counts as having one."""
    if not flags & _UP:
        return "down"
    media = native.of_interface(_GET_MEDIA, name, _MEDIA_BYTES)
    if media is None or len(media) < _MEDIA_BYTES:
        return "up"
    (status,) = struct.unpack_from("<i", media, _STATUS_AT)
    return "no-carrier" if status & (_VALID | _ACTIVE) == _VALID else "up"


def _function(name: str) -> int | None:
    """The functional type (IFRTYPE_) of an interface, which `ifconfig -v` shows as `type`; None: it does not say."""
    told = native.of_interface(_GET_FUNCTION, name, _REQUEST_BYTES)
    if told is None or len(told) < _REQUEST_BYTES:
        return None
    number: int
    (number,) = struct.unpack_from("<I", told, _FUNCTION_AT)
    return number


def _names() -> dict[str, tuple[str, ...]]:
    """The names of interfaces in System Settings, such as "Wi-Fi", by the system's own name, such as en0."""
    found: dict[str, tuple[str, ...]] = {}
    for value in native.store("Setup:/Network/Service/[^/]+/Interface").values():
        device: Any = value.get("DeviceName")
        name: Any = value.get("UserDefinedName")
        if isinstance(device, str) and isinstance(name, str) and name not in found.get(device, ()):
            found[device] = (*found.get(device, ()), name)
    return found
