"""Counting the frames that leave as the device and that no probe sends itself, so that the footprint has them.

They are the ARP of the system, and the requests of a station that joins.
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
"""What is sent is shown to sockets for every protocol only (packet(7))."""
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
"""What an attempt with this end has sent to the access point, at least, if one was asked; the others have sent nothing.

`not-made` with an access point is a join where the device could not be.
"""


def count_arp(network: Network) -> None:
    """From now on, count the ARP frames that leave the interface of a run, but for those that a probe sends itself.

    Those are ARP probes (RFC 5227), and are counted where they are sent.

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
                frame, address = sock.recvfrom(ETHERNET_SIZE + ARP_SIZE)
                packet = arp_in(frame)
                if address[2] == _PACKET_OUTGOING and packet is not None and not packet.is_probe:
                    network.count(
                        "arp", None, packet.target, 0, packets=1, size=ARP_SIZE, purpose="ARP", shape=ARP_OF_SYSTEM
                    )

    network.at_end.append(count)


def contacts_of(join: Join) -> list[Contact]:
    """The requests of a join's attempts, for the footprint: a contact for each BSS."""
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
