"""Counts frames that are sent as the device, but not by a probe itself, so that the footprint includes them.

These frames are the system's own ARP, and the authentication and association requests of a station that joins.
"""

import contextlib
import socket

from netpreflight.probes.net import filters
from netpreflight.probes.net.packet_bytes import ARP_SIZE, ETHERNET_SIZE
from netpreflight.probes.net.packet_reading import arp_in
from netpreflight.probes.net.payload_shapes import ARP_OF_SYSTEM, ASSOCIATION_REQUEST, AUTHENTICATION_REQUEST, Shape
from netpreflight.probes.net.sockets import Network
from netpreflight.probes.observations import Contact, Join, JoinEnd

_ETH_P_ALL, _PACKET_OUTGOING = 3, 4
"""Only sockets for every protocol (ETH_P_ALL) are shown the frames that this laptop sends (packet(7))."""
_MOST = 4096
_REQUESTS: dict[JoinEnd, tuple[Shape, ...]] = {
    "auth-refused": (AUTHENTICATION_REQUEST,),
    "no-answer": (AUTHENTICATION_REQUEST,),
    "not-told": (AUTHENTICATION_REQUEST,),
    **dict.fromkeys(
        ("assoc-refused", "key-refused", "key-unfinished", "joined", "not-made"),
        (AUTHENTICATION_REQUEST, ASSOCIATION_REQUEST),
    ),
}
"""The requests that an attempt has sent to its access point, at least, by how it ended; other ends have sent none.

`not-made` with an access point is a join on a channel that the device does not have.
"""


def count_arp(network: Network) -> None:
    """From now on, count the ARP frames that the system sends on the run's interface.

    ARP probes (RFC 5227) are left out: probes send them, and count them themselves.

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
        """Read the frames that the socket has collected during the run, and count the system's own ARP."""
        with contextlib.suppress(OSError), sock:  # until there is no more to read
            for _ in range(_MOST):
                frame, address = sock.recvfrom(ETHERNET_SIZE + ARP_SIZE)
                packet = arp_in(frame)
                if address[2] == _PACKET_OUTGOING and packet is not None and not packet.is_probe:
                    network.count(
                        "arp", None, packet.target, 0, packets=1, size=ARP_SIZE, purpose="ARP", shape=ARP_OF_SYSTEM
                    )

    network.at_end.append(count)


def contacts_of(join: Join) -> list[Contact]:
    """The authentication and association requests of a join, for the footprint: one contact for each BSS."""
    sent: dict[str, list[Shape]] = {}
    for attempt in join.attempts:
        if attempt.bssid is not None and attempt.ended in _REQUESTS:
            sent.setdefault(attempt.bssid, []).extend(_REQUESTS[attempt.ended])
    return [
        Contact(
            protocol="802.11",
            host=None,
            address=bssid,
            port=0,
            packets=len(shapes),
            bytes=0,
            purpose="join",
            shapes=list(dict.fromkeys(shape.name for shape in shapes)),
        )
        for bssid, shapes in sent.items()
    ]
