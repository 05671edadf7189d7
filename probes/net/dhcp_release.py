"""The RELEASE of the lease that the made-up client took (RFC 2131 section 4.4.6), as a whole Ethernet frame.

It stands apart from the DHCP probe, because the root helper sends it too, if the run was killed with a lease in hand.
"""

import hashlib
import ipaddress
import random
import struct

BROADCAST_MAC = "ff:ff:ff:ff:ff:ff"
MESSAGE_SIZE = 308
"""Bytes to which lwIP pads its messages."""
SERVER_PORT, CLIENT_PORT = 67, 68
_COOKIE = bytes.fromhex("63825363")
_RELEASE = 7
_IP_HEADER, _UDP_HEADER = 20, 8
_UDP = 17
_TTL = 64


def device_mac(laptop_mac: str) -> str:
    """A locally administered address for the unknown device.

    It is the same on every run of one laptop, so that repeated runs use up one lease of a pool and not many.
    """
    digest = hashlib.sha256(f"netpreflight {laptop_mac}".encode()).digest()
    return ":".join(f"{byte:02x}" for byte in (0x02, *digest[:5]))


def release_frame(laptop_mac: str, address: str, server: str, server_mac: str) -> bytes:
    """The frame that gives an address back: unicast, from the address that is given up.

    Args:
        laptop_mac: the frame's source, from which the client's own address is made.
        address: the address that was leased.
        server: the server identifier (option 54).
        server_mac: the frame's destination.
    """
    client, source, target = _mac(device_mac(laptop_mac)), _address(address), _address(server)
    bootp = struct.pack("!4BIHH4s12x16s192x", 1, 1, 6, 0, random.getrandbits(32), 0, 0, source, client)
    options = bytes((53, 1, _RELEASE, 54, 4)) + target + b"\xff"
    payload = (bootp + _COOKIE + options).ljust(MESSAGE_SIZE, b"\0")
    size = _UDP_HEADER + len(payload)
    pseudo = source + target + struct.pack("!HH", _UDP, size)
    udp = struct.pack("!HHHH", CLIENT_PORT, SERVER_PORT, size, 0)
    udp = udp[:6] + struct.pack("!H", _checksum(pseudo + udp + payload) or 0xFFFF)
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, _IP_HEADER + size, 1, 0, _TTL, _UDP, 0, source, target)
    header = header[:10] + struct.pack("!H", _checksum(header)) + header[12:]
    return _mac(server_mac) + _mac(laptop_mac) + b"\x08\x00" + header + udp + payload


def _checksum(octets: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def _address(text: str) -> bytes:
    return ipaddress.IPv4Address(text).packed
