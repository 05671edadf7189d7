"""The RELEASE of the lease that the made-up client took (RFC 2131 section 4.4.6), also as a whole Ethernet frame.

It stands apart from the DHCP probe, because the root helper sends it too, if the run was killed with a lease in hand.
"""

import hashlib
import random

from netpreflight.probes.net.packet_bytes import IPV4, address_bytes, dhcp_request, ethernet, udp_packet

BROADCAST_MAC = "ff:ff:ff:ff:ff:ff"
MESSAGE_SIZE = 308
"""Bytes to which lwIP pads its messages."""
SERVER_PORT, CLIENT_PORT = 67, 68
_RELEASE = 7


def device_mac(laptop_mac: str) -> str:
    """A locally administered address for the unknown device.

    It is the same on every run of one laptop, so that repeated runs use up one lease of a pool and not many.
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
    """The frame that gives an address back: unicast, from the address that is given up.

    Args:
        laptop_mac: the frame's source.
        address: the address that was leased.
        server: the server identifier (option 54).
        server_mac: the frame's destination.
        client_mac: of whoever leased it; None: the device that is made up from this laptop's address.
    """
    message = release_message(client_mac or device_mac(laptop_mac), address, server)
    packet = udp_packet((address, CLIENT_PORT), (server, SERVER_PORT), message)
    return ethernet(laptop_mac, server_mac, IPV4, packet)
