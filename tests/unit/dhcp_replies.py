"""What a DHCP server sends, byte by byte, and what is decoded of it."""

import ipaddress
import struct

from netpreflight.probes import dhcp
from netpreflight.probes.observations import DhcpMessage, DhcpRequestType

MAC = "02:00:00:00:00:01"
XID = 0x11223344
OFFER, ACK, NAK = 2, 5, 6
HEADER = struct.Struct("!BBBBIHH4s4s4s4s16s64s128s")
COOKIE = bytes.fromhex("63825363")


def option(number: int, value: bytes) -> bytes:
    return bytes([number, len(value)]) + value


def ip(*addresses: str) -> bytes:
    return b"".join(ipaddress.IPv4Address(address).packed for address in addresses)


def reply(
    kind: int | None = OFFER,
    *options: bytes,
    op: int = 2,
    xid: int = XID,
    mac: str = MAC,
    yours: str = "10.0.0.5",
    sname: bytes = b"",
    file: bytes = b"",
) -> bytes:
    """A server's message: RFC 2131 section 2's fixed part, the magic cookie, options, end."""
    chaddr = bytes.fromhex(mac.replace(":", ""))
    fixed = HEADER.pack(op, 1, 6, 0, xid, 0, 0, bytes(4), ip(yours), bytes(4), bytes(4), chaddr, sname, file)
    return fixed + COOKIE + (b"" if kind is None else option(53, bytes([kind]))) + b"".join(options) + b"\xff"


def decode(payload: bytes, asked: DhcpRequestType = "DISCOVER") -> DhcpMessage | None:
    return dhcp.decode(
        payload,
        "10.0.0.1",
        sender_mac="aa:bb:cc:dd:ee:ff",
        broadcast=True,
        expected={XID: dhcp.Transaction("device", MAC, asked)},
        at_s=1.5,
    )


def decoded(payload: bytes, asked: DhcpRequestType = "DISCOVER") -> DhcpMessage:
    message = decode(payload, asked)
    assert message is not None
    return message
