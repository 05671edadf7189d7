"""Builds the packets to send as bytes, from the Ethernet or IP header on (RFC 791, 768, 9293, 2131).

They are built here and not by scapy: a file that holds OpenSSL cannot hold scapy (docs/decisions/0006).
"""

import ipaddress
import struct
from collections.abc import Iterable

ETHERNET_SIZE = 14
IPV4, ARP = 0x0800, 0x0806
IP_SIZE, UDP_SIZE = 20, 8
TCP, UDP = 6, 17
_DONT_FRAGMENT = 0x4000
_TTL = 64
_SYN = 0x02
_WINDOW = 64240
ARP_SIZE = 28
"""Bytes of an ARP packet for IPv4 over Ethernet, without padding."""
ARP_OF_IPV4 = struct.pack("!HHBB", 1, IPV4, 6, 4)
ARP_OP_REQUEST, ARP_OP_REPLY = 1, 2
"""RFC 826's `ares_op$REQUEST` and `ares_op$REPLY`."""
_COOKIE = bytes.fromhex("63825363")
_BOOTREQUEST, _BROADCAST_FLAG = 1, 0x8000
_END = 255
_NOBODY = bytes(6)


def mac_bytes(mac: str) -> bytes:
    """A hardware address, as bytes."""
    return bytes.fromhex(mac.replace(":", ""))


def address_bytes(address: str) -> bytes:
    """An IPv4 address, as bytes."""
    return ipaddress.IPv4Address(address).packed


def checksum(octets: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    octets += b"\0" * (len(octets) % 2)
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ethernet(source: str, target: str, kind: int, payload: bytes) -> bytes:
    """An Ethernet frame, without padding."""
    return mac_bytes(target) + mac_bytes(source) + struct.pack("!H", kind) + payload


def arp_request(source: str, address: str) -> bytes:
    """An ARP packet that asks who has an address, with 0.0.0.0 as the sender's address (an ARP probe)."""
    hosts = mac_bytes(source) + bytes(4) + _NOBODY + address_bytes(address)
    return ARP_OF_IPV4 + struct.pack("!H", ARP_OP_REQUEST) + hosts


def arp_reply(sender: tuple[str, str], target: tuple[str, str]) -> bytes:
    """An ARP packet that tells a host which hardware address has an IPv4 address.

    Args:
        sender: the hardware address and its IPv4 address.
        target: hardware address and IPv4 address of the host that asked.
    """
    hosts = b"".join(mac_bytes(mac) + address_bytes(address) for mac, address in (sender, target))
    return ARP_OF_IPV4 + struct.pack("!H", ARP_OP_REPLY) + hosts


def udp_packet(
    source: tuple[str, int],
    target: tuple[str, int],
    payload: bytes,
    *,
    number: int = 1,
    ttl: int = _TTL,
    fragment: bool = True,
) -> bytes:
    """A UDP datagram, from the IP header on.

    Args:
        source: address and port.
        target: address and port.
        payload: of the datagram.
        number: the IP identification.
        ttl: of the IP header.
        fragment: False: set the DF bit.
    """
    size = UDP_SIZE + len(payload)
    pseudo = address_bytes(source[0]) + address_bytes(target[0]) + struct.pack("!HH", UDP, size)
    header = struct.pack("!HHHH", source[1], target[1], size, 0)
    total = checksum(pseudo + header + payload) or 0xFFFF
    datagram = header[:6] + struct.pack("!H", total) + payload
    return _ip(source[0], target[0], UDP, number, ttl, 0 if fragment else _DONT_FRAGMENT, size) + datagram


def syn_packet(
    source: tuple[str, int], target: tuple[str, int], sequence: int, timestamp: int, *, number: int, ttl: int
) -> bytes:
    """A SYN like Linux's own, from the IP header on: DF, an MSS of 1460, SACK, timestamps and a window scale of 7."""
    options = struct.pack("!BBHBBBBIIBBBB", 2, 4, 1460, 4, 2, 8, 10, timestamp, 0, 1, 3, 3, 7)
    fixed = struct.pack("!HHIIBBHHH", *(source[1], target[1], sequence, 0), 10 << 4, _SYN, _WINDOW, 0, 0)
    pseudo = address_bytes(source[0]) + address_bytes(target[0]) + struct.pack("!HH", TCP, len(fixed) + len(options))
    total = checksum(pseudo + fixed + options)
    segment = fixed[:16] + struct.pack("!H", total) + fixed[18:] + options
    return _ip(source[0], target[0], TCP, number, ttl, _DONT_FRAGMENT, len(segment)) + segment


def dhcp_request(
    kind: int,
    mac: str,
    xid: int,
    options: Iterable[tuple[int, bytes]],
    *,
    client_address: str | None = None,
    broadcast: bool = False,
    relay_address: str | None = None,
) -> bytes:
    """A client's DHCP message, without padding.

    Args:
        kind: option 53.
        mac: the client's hardware address.
        xid: the transaction id.
        options: number and value of each option after option 53.
        client_address: ciaddr.
        broadcast: set the broadcast flag.
        relay_address: giaddr; the message then also has a hop count of 1, as the first relay forwards it (RFC 1542
            section 4.1.1).
    """
    flags = _BROADCAST_FLAG if broadcast else 0
    address, relay = (address_bytes(given) if given else bytes(4) for given in (client_address, relay_address))
    hops = 1 if relay_address else 0
    ends = address, relay, mac_bytes(mac)
    fixed = struct.pack("!4BIHH4s8x4s16s192x", _BOOTREQUEST, 1, 6, hops, xid, 0, flags, *ends)
    encoded_options = b"".join(
        bytes((number, len(value))) + value for number, value in ((53, bytes((kind,))), *options)
    )
    return fixed + _COOKIE + encoded_options + bytes((_END,))


def _ip(source: str, target: str, protocol: int, number: int, ttl: int, flags: int, size: int) -> bytes:
    """The IP header of a packet with this many bytes after it."""
    ends = address_bytes(source), address_bytes(target)
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, IP_SIZE + size, number, flags, ttl, protocol, 0, *ends)
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:]
