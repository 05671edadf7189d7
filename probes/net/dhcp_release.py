"""The DHCPRELEASE by which the made-up client gives its lease back (RFC 2131 section 4.4.6): the message and its frame.

This module is apart from the DHCP probe because the root helper sends the RELEASE, too, if a run is killed while it
holds a lease.
"""

import hashlib
import random

from netpreflight.probes.net.packet_bytes import IPV4, address_bytes, dhcp_request, ethernet, udp_packet

BROADCAST_MAC = "ff:ff:ff:ff:ff:ff"
MESSAGE_SIZE = 308
"""Bytes to which lwIP pads its DHCP messages."""
SERVER_PORT, CLIENT_PORT = 67, 68
_RELEASE = 7


def device_mac(laptop_mac: str) -> str:
    """A locally administered hardware address for the made-up device that asks for a lease.

    Every run on the same laptop uses the same address, so that repeated runs use up only one lease of the pool.
    """
    digest = hashlib.sha256(f"netpreflight {laptop_mac}".encode()).digest()
    return ":".join(f"{byte:02x}" for byte in (0x02, *digest[:5]))


def release_message(client_mac: str, address: str, server: str) -> bytes:
    """The DHCP message that gives an address back.

    Args:
        client_mac: the client's hardware address.
        address: the address that was leased.
        server: the server identifier (option 54).
    """
    xid, options = random.getrandbits(32), [(54, address_bytes(server))]
    message = dhcp_request(_RELEASE, client_mac, xid, options, client_address=address)
    return message.ljust(MESSAGE_SIZE, b"\0")


def release_frame(laptop_mac: str, address: str, server: str, server_mac: str, client_mac: str | None = None) -> bytes:
    """The Ethernet frame that gives an address back, sent by unicast from that address.

    Args:
        laptop_mac: the frame's source.
        address: the address that was leased.
        server: the server identifier (option 54).
        server_mac: the frame's destination.
        client_mac: hardware address of the client that leased the address; None: the made-up device (`device_mac`).
    """
    message = release_message(client_mac or device_mac(laptop_mac), address, server)
    packet = udp_packet((address, CLIENT_PORT), (server, SERVER_PORT), message)
    return ethernet(laptop_mac, server_mac, IPV4, packet)
