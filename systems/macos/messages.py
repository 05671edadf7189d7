"""The messages of the routing socket (net/route.h, net/if.h), in which sysctl(3) lists interfaces and routes."""

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from netpreflight.systems.macos import native

CTL_NET, PF_ROUTE = 4, 17  # sys/sysctl.h, sys/socket.h
NET_RT_DUMP, NET_RT_FLAGS, NET_RT_IFLIST = 1, 2, 3  # sys/sysctl.h
AF_INET, AF_LINK, AF_INET6 = 2, 18, 30  # sys/socket.h; Python's numbers are those of the system that it runs on
RTM_GET, RTM_NEWADDR, RTM_IFINFO = 0x4, 0xC, 0xE
RTAX_DST, RTAX_GATEWAY, RTAX_NETMASK, RTAX_IFP, RTAX_IFA, RTAX_MAX = 0, 1, 2, 4, 5, 8
_VERSION = 5  # RTM_VERSION
_HEADS = {RTM_GET: 92, RTM_NEWADDR: 20, RTM_IFINFO: 112}
"""By type of message, the length of the structure at its beginning: rt_msghdr, ifa_msghdr, if_msghdr."""
_HIDDEN_MAC = "02:00:00:00:00:00"
"""What the kernel shows to a process that may not know a hardware address."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message.

    Attributes:
        addresses: each one a `sockaddr`, by its RTAX_ number.
    """

    kind: int
    index: int
    flags: int
    head: bytes
    addresses: dict[int, bytes]


def messages(*name: int) -> list[Message] | None:
    """The messages that sysctl lists by a name below net.route; None: it lists nothing."""
    table = native.sysctl(CTL_NET, PF_ROUTE, 0, *name)
    return None if table is None else list(_messages(table))


def _messages(table: bytes) -> Iterator[Message]:
    """The messages of the types that are known here, up to the first one that is cut off."""
    start = 0
    for _ in range(native.LIMIT):
        if start + 4 > len(table):
            return
        size, version, kind = struct.unpack_from("<HBB", table, start)
        if size < 4 or start + size > len(table):
            return
        message = table[start : start + size]
        start += size
        length = _HEADS.get(kind)
        if version != _VERSION or length is None or size < length:
            continue
        if kind == RTM_GET:
            index, flags, present = struct.unpack_from("<4xH2xii", message)
        else:
            present, flags, index = struct.unpack_from("<4xiiH", message)
        yield Message(kind, index, flags, message[:length], _addresses(message[length:], present))


def _addresses(body: bytes, present: int) -> dict[int, bytes]:
    """The addresses that follow a message's head: each begins at a multiple of four bytes, and says how long it is."""
    found = {}
    start = 0
    for number in range(RTAX_MAX):
        if not present & 1 << number:
            continue
        if start >= len(body):
            break
        found[number] = body[start : start + body[start]]
        start += (body[start] + 3) // 4 * 4 or 4
    return found


def address_in(sockaddr: bytes | None) -> str | None:
    """The address in a `sockaddr_in` or `sockaddr_in6` (netinet/in.h, netinet6/in6.h), without its zone."""
    match sockaddr:
        case bytes() if len(sockaddr) >= 8 and sockaddr[1] == AF_INET:
            return socket.inet_ntop(socket.AF_INET, sockaddr[4:8])
        case bytes() if len(sockaddr) >= 24 and sockaddr[1] == AF_INET6:
            packed = sockaddr[8:24]
            if packed[0] == 0xFE and packed[1] & 0xC0 == 0x80:  # link-local: the kernel keeps the zone in it
                packed = packed[:2] + bytes(2) + packed[4:]
            return socket.inet_ntop(socket.AF_INET6, packed)
    return None


def prefix_in(sockaddr: bytes | None) -> int:
    """The prefix length of an IPv4 netmask, whose zero bytes at the end may be missing; None: 32, for a single host."""
    return 32 if sockaddr is None else sum(part.bit_count() for part in sockaddr[4:8])


def link_in(sockaddr: bytes | None) -> tuple[str, str | None, bool]:
    """What a `sockaddr_dl` (net/if_dl.h) says: an interface's name, a MAC, and whether a MAC is hidden."""
    if sockaddr is None or len(sockaddr) < 8 or sockaddr[1] != AF_LINK:
        return "", None, False
    name_length, mac_length = sockaddr[5], sockaddr[6]
    name = sockaddr[8 : 8 + name_length].decode("utf-8", "replace")
    mac = sockaddr[8 + name_length : 8 + name_length + mac_length].hex(":")
    if mac_length != 6 or len(mac) != 17:
        return name, None, False
    return name, None if mac == _HIDDEN_MAC else mac, mac == _HIDDEN_MAC
