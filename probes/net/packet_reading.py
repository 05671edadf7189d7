"""Reads frames that arrive with their Ethernet header: ARP packets, UDP datagrams, and BOOTP's fixed fields."""

import ipaddress
from typing import NamedTuple

from netpreflight.probes.net.packet_bytes import (
    ARP_OF_IPV4,
    ARP_OP_REPLY,
    ARP_OP_REQUEST,
    ARP_SIZE,
    ETHERNET_SIZE,
    IP_SIZE,
    IPV4,
    UDP,
    UDP_SIZE,
)

_BOOTP_SIZE = 236
_FRAGMENT = 0x1FFF


class ArpPacket(NamedTuple):
    """An ARP packet (RFC 826): hardware addresses in lower case with colons, and IPv4 addresses."""

    is_request: bool
    is_reply: bool
    sender_mac: str
    sender: str
    target_mac: str
    target: str

    @property
    def is_probe(self) -> bool:
        """Whether it is an ARP probe: a request with 0.0.0.0 as the sender's address (RFC 5227 section 2.1.1)."""
        return self.is_request and ipaddress.IPv4Address(self.sender).is_unspecified


class Bootp(NamedTuple):
    """The fixed fields of a BOOTP message that netpreflight uses."""

    op: int
    xid: int
    yiaddr: str
    chaddr: str
    """The first six bytes of the field, as a hardware address."""


class UdpFrame(NamedTuple):
    """A UDP datagram in an Ethernet frame."""

    source_mac: str
    target_mac: str
    source: str
    payload: bytes


def arp_in(frame: bytes) -> ArpPacket | None:
    """The ARP packet in an Ethernet frame; None: the frame holds no ARP for IPv4 over Ethernet, or it is cut off."""
    packet = frame[ETHERNET_SIZE:]
    if len(packet) < ARP_SIZE or packet[: len(ARP_OF_IPV4)] != ARP_OF_IPV4:
        return None
    operation = int.from_bytes(packet[6:8])
    return ArpPacket(
        is_request=operation == ARP_OP_REQUEST,
        is_reply=operation == ARP_OP_REPLY,
        sender_mac=packet[8:14].hex(":"),
        sender=str(ipaddress.IPv4Address(packet[14:18])),
        target_mac=packet[18:24].hex(":"),
        target=str(ipaddress.IPv4Address(packet[24:28])),
    )


def bootp_in(message: bytes) -> Bootp:
    """The fixed fields of a BOOTP message.

    Raises:
        ValueError: the message is too short.
    """
    if len(message) < _BOOTP_SIZE:
        raise ValueError("shorter than BOOTP's fixed fields")
    address, mac = ipaddress.IPv4Address(message[16:20]), message[28:34].hex(":")
    return Bootp(message[0], int.from_bytes(message[4:8]), str(address), mac)


def udp_in(frame: bytes) -> UdpFrame:
    """The UDP datagram in an Ethernet frame.

    Raises:
        ValueError: the frame holds no UDP datagram, or it is cut off, or it is not the first fragment.
    """
    packet = frame[ETHERNET_SIZE:]
    if len(packet) < IP_SIZE or int.from_bytes(frame[12:14]) != IPV4 or packet[0] >> 4 != 4 or packet[9] != UDP:
        raise ValueError("no UDP over IPv4")
    at, end = (packet[0] & 0xF) * 4, int.from_bytes(packet[2:4])
    datagram = packet[at:end]  # Ethernet pads short frames
    if at < IP_SIZE or len(datagram) < UDP_SIZE or int.from_bytes(packet[6:8]) & _FRAGMENT:
        raise ValueError("no whole UDP header")
    source = str(ipaddress.IPv4Address(packet[12:16]))
    payload = datagram[UDP_SIZE : int.from_bytes(datagram[4:6])]
    return UdpFrame(frame[6:12].hex(":"), frame[:6].hex(":"), source, payload)
