"""Whether a host on this link has a certain MAC address just now.

ARP can only ask for IPv4 addresses. So each address of the laptop's network is asked for, in frames that are sent to
that MAC address only: a switch delivers them to the host that has it, and only that host can answer.
"""

import contextlib
import socket

from netpreflight.probes.net import filters
from netpreflight.probes.net.clock import CLOCK, Clock
from netpreflight.probes.net.packet_bytes import ARP, ARP_SIZE, arp_request, ethernet
from netpreflight.probes.net.packet_reading import arp_in
from netpreflight.probes.net.payload_shapes import ARP_REQUEST
from netpreflight.probes.observations import Contact, Scope, ipv4_networks
from netpreflight.systems import SYSTEM

ANSWER_S = 1.0
MOST_HOSTS = 1022
"""The hosts of a /22. In a larger network nothing is sent: only this laptop's own neighbour table is looked at."""
_LARGEST = 128


def holder(scope: Scope, mac: str, clock: Clock = CLOCK) -> tuple[str | None, list[Contact]]:
    """The IPv4 address of the host that has this MAC address (None: none was found), and what was sent to find it.

    Raises:
        OSError: the system does not allow it.
    """
    interface = scope.interface or ""
    for address, known in (SYSTEM.neighbours(interface) or {}).items():
        if known == mac:
            return address, []
    networks = ipv4_networks(scope.addresses)
    network = next((network for network in networks if network.num_addresses <= MOST_HOSTS + 2), None)
    if network is None or scope.mac is None:
        return None, []
    hosts = [str(host) for host in network.hosts() if str(host) != scope.address]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ARP)) as sock:
        filters.attach(sock, filters.arp())
        sock.bind((interface, ARP))
        for host in hosts:
            sock.send(ethernet(scope.mac, mac, ARP, arp_request(scope.mac, host)))
        sent = Contact(
            protocol="arp",
            host=None,
            address=str(network),
            port=0,
            packets=len(hosts),
            bytes=len(hosts) * ARP_SIZE,
            purpose="MAC address",
            shapes=[ARP_REQUEST.name],
        )
        until = clock.monotonic() + ANSWER_S
        while (left_s := until - clock.monotonic()) > 0:
            sock.settimeout(left_s)
            with contextlib.suppress(TimeoutError):
                packet = arp_in(sock.recv(_LARGEST))
                if packet is not None and packet.sender_mac == mac:
                    return packet.sender, [sent]
    return None, [sent]
