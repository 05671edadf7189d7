"""Counting the ARP frames that the system itself sends as the device, so that the footprint has every frame."""

import contextlib
import socket

from netpreflight.probes.net import filters
from netpreflight.probes.net.packet_bytes import ETHERNET_SIZE
from netpreflight.probes.net.payload_shapes import ARP_OF_SYSTEM
from netpreflight.probes.net.sockets import Network

_ETH_P_ALL, _PACKET_OUTGOING = 3, 4
"""What is sent is shown to sockets for every protocol only (packet(7))."""
_ARP_BYTES, _SENDER_AT, _TARGET_AT = 28, 14, 24
_MOST = 4096
_NOBODY = bytes(4)


def count_arp(network: Network) -> None:
    """From now on, count the ARP frames that leave the interface of a run, but for those that a probe sends itself.

    A probe's have no address of their own as the sender's, and are counted where they are sent.

    Raises:
        OSError: the system does not allow it.
    """
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    try:
        sock.settimeout(0)
        filters.attach(sock, filters.arp())
        sock.bind((network.interface, _ETH_P_ALL))
    except OSError:
        sock.close()
        raise

    async def count() -> None:
        with contextlib.suppress(OSError), sock:  # until there is no more to read
            for _ in range(_MOST):
                frame, address = sock.recvfrom(ETHERNET_SIZE + _ARP_BYTES)
                packet = frame[ETHERNET_SIZE:]
                is_ours = packet[_SENDER_AT : _SENDER_AT + 4] == _NOBODY
                if address[2] == _PACKET_OUTGOING and len(packet) == _ARP_BYTES and not is_ours:
                    target = socket.inet_ntoa(packet[_TARGET_AT : _TARGET_AT + 4])
                    network.count(
                        "arp", None, target, 0, packets=1, size=_ARP_BYTES, purpose="ARP", shape=ARP_OF_SYSTEM
                    )

    network.at_end.append(count)
