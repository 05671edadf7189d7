"""What is read of a message that arrives with its Ethernet header: the UDP datagram, and BOOTP's fixed fields."""

import ipaddress
from typing import NamedTuple

from netpreflight.probes.net.packet_bytes import ETHERNET_SIZE, IP_SIZE, IPV4, UDP, UDP_SIZE

_BOOTP_SIZE = 236
_FRAGMENT = 0x1FFF


class Bootp(NamedTuple):
    """The fixed fields of a BOOTP message that are looked at."""

    op: int
    xid: int
    yiaddr: str
    chaddr: str
    """The first six bytes, as a hardware address."""


class UdpFrame(NamedTuple):
    """A UDP datagram in an Ethernet frame."""

    source_mac: str
    target_mac: str
    source: str
    payload: bytes


def bootp_in(message: bytes) -> Bootp:
    """The fixed fields of a BOOTP message.

    Raises:
        ValueError: it is too short.
    """
    if len(message) < _BOOTP_SIZE:
        raise ValueError("shorter than BOOTP's fixed fields")
    address, mac = ipaddress.IPv4Address(message[16:20]), message[28:34].hex(":")
    return Bootp(message[0], int.from_bytes(message[4:8]), str(address), mac)


def udp_in(frame: bytes) -> UdpFrame:
    """The UDP datagram in an Ethernet frame.

    Raises:
        ValueError: there is none, or it is cut off, or it is not the first fragment.
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
