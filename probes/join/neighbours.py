"""Whether hosts of the network answer ARP requests from the device's MAC address.

Some networks isolate their clients from each other, and some switch ports drop the frames of a second MAC address. The
requests are ARP probes: their sender address is 0.0.0.0 (RFC 5227, section 2.1.1).
"""

import asyncio
import socket

from netpreflight.probes.net import filters
from netpreflight.probes.net.packet_bytes import ARP, arp_request, ethernet
from netpreflight.probes.net.packet_reading import arp_in
from netpreflight.probes.net.payload_shapes import ARP_REQUEST
from netpreflight.probes.net.sockets import Network
from netpreflight.probes.observations import LinkNeighbor, Scope

ANSWER_S = 1.0
ROUTER_TRIES = 3
"""As many probes as RFC 5227 sends (PROBE_NUM), since a single one may get lost."""
ROUTER_ANSWER_S = 0.5
_BROADCAST = "ff:ff:ff:ff:ff:ff"
_LARGEST = 128


async def neighbours(network: Network, scope: Scope, hosts: list[str]) -> list[LinkNeighbor]:
    """Send one ARP request for each of these hosts that is in the device's own subnet.

    Args:
        network: the device's interface.
        scope: the device's own addresses.
        hosts: IPv4 addresses.

    Raises:
        OSError: the system does not allow it.
    """
    asked = [host for host in hosts if scope.is_on_link(host) and host not in {scope.address, scope.gateway}]
    if not asked or scope.mac is None:
        return []
    answered = await _ask(network, scope.mac, asked, [ANSWER_S])
    return [LinkNeighbor(address=host, answers_arp=host in answered) for host in asked]


async def ask_router(network: Network, mac: str, address: str) -> LinkNeighbor:
    """Send ARP requests for the router of this network, until it answers or three requests are unanswered.

    Args:
        network: the device's interface, which needs no address.
        mac: the device's MAC address.
        address: the router's IPv4 address.

    Raises:
        OSError: the system does not allow it.
    """
    answered = await _ask(network, mac, [address], [ROUTER_ANSWER_S] * ROUTER_TRIES)
    return LinkNeighbor(address=address, answers_arp=address in answered)


async def _ask(network: Network, mac: str, hosts: list[str], waits_s: list[float]) -> set[str]:
    """Send ARP requests in rounds, one for each wait, to the hosts that have not answered; returns those that did."""
    answered: set[str] = set()
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ARP)) as sock:
        sock.settimeout(0)
        filters.attach(sock, filters.arp())
        sock.bind((network.interface, ARP))
        for wait_s in waits_s:
            for host in hosts:
                if host not in answered:
                    packet = arp_request(mac, host)
                    sock.send(ethernet(mac, _BROADCAST, ARP, packet))
                    network.count(
                        "arp", None, host, 0, packets=1, size=len(packet), purpose="neighbours", shape=ARP_REQUEST
                    )
            try:
                async with asyncio.timeout(wait_s):
                    while answered != set(hosts):
                        await asyncio.sleep(0)  # `sock_recv` does not yield while frames are waiting
                        answerer = answerer_of(await loop.sock_recv(sock, _LARGEST), mac)
                        if answerer in hosts:
                            answered.add(answerer)
            except TimeoutError:
                pass
    return answered


def answerer_of(frame: bytes, mac: str) -> str | None:
    """The host that answers an ARP request of this MAC address with this frame; None: the frame is no such answer.

    Only replies to this MAC address count: broadcast ARP of other hosts arrives even if the switch port drops every
    frame from this MAC address.
    """
    packet = arp_in(frame)
    return packet.sender if packet is not None and packet.is_reply and packet.target_mac == mac else None
