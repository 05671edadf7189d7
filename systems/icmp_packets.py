"""ICMP errors as raw sockets give them: from the IP header on (RFC 791, RFC 792)."""

import socket
import struct
from dataclasses import dataclass

from netpreflight.probes.observations import Icmp

_ERRORS = (3, 11, 12)  # destination unreachable, time exceeded, parameter problem
_FRAGMENTATION_NEEDED = (3, 4)
_LEAST_IP, _LEAST_QUOTE = 20, 8
_QUOTED_AT = 8  # after the ICMP header
_LARGEST_QUOTE = 512  # an ICMP error has up to 576 bytes in all (RFC 1812 section 4.3.2.3)
_FRAGMENT = 0x1FFF


@dataclass(frozen=True, slots=True)
class IcmpError:
    """An ICMP error, and what it quotes of the UDP or TCP packet that caused it.

    Attributes:
        identification: the Identification field in the packet's IP header.
        protocol: the protocol number in the packet's IP header.
        source_port: the port from which the packet was sent.
        to: the address and port to which the packet was sent. (Its source address is not kept: a NAT may have put it
            there.)
        transport: the bytes quoted from the UDP or TCP header on.
    """

    icmp: Icmp
    identification: int
    protocol: int
    source_port: int
    to: tuple[str, int]
    transport: bytes


def error_in(packet: bytes) -> IcmpError | None:
    """Decode an ICMP error; None for any other packet, and for an error that quotes no ports.

    Some systems change the fields of the outer IP header that tell its length and fragments, so those are not read.
    """
    header, error = _split(packet)
    inner, transport = _split(error[_QUOTED_AT : _QUOTED_AT + _LARGEST_QUOTE])
    if len(transport) < _LEAST_QUOTE or error[0] not in _ERRORS or int.from_bytes(inner[6:8]) & _FRAGMENT:
        return None
    kind, code = error[0], error[1]
    mtu = int.from_bytes(error[6:8]) or None if (kind, code) == _FRAGMENTATION_NEEDED else None
    source_port, port = struct.unpack_from("!HH", transport)
    return IcmpError(
        icmp=Icmp(type=kind, code=code, source=socket.inet_ntoa(header[12:16]), mtu=mtu),
        identification=int.from_bytes(inner[4:6]),
        protocol=inner[9],
        source_port=source_port,
        to=(socket.inet_ntoa(inner[16:20]), port),
        transport=transport,
    )


def _split(packet: bytes) -> tuple[bytes, bytes]:
    """An IPv4 packet's header (without options) and payload; both empty if it is not IPv4."""
    size = (packet[0] & 0xF) * 4 if packet and packet[0] >> 4 == 4 else 0
    if size < _LEAST_IP or len(packet) < size:
        return b"", b""
    return packet[:_LEAST_IP], packet[size:]
