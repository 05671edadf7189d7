"""Whether hosts of the network answer ARP requests from the device's MAC address.

Some networks keep their clients apart, and some switch ports drop the frames of a second MAC address. The requests are
ARP probes: they have no address of their own as the sender's (RFC 5227, section 2.1.1).
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
"""As many as RFC 5227 has of probes (PROBE_NUM): a lost one shows nothing."""
ROUTER_ANSWER_S = 0.5
_BROADCAST = "ff:ff:ff:ff:ff:ff"
_LARGEST = 128


async def neighbours(network: Network, scope: Scope, hosts: list[str]) -> list[LinkNeighbor]:
    """Ask for each of these hosts that is in the device's own subnet, once.

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
    """Ask for the router of this network, until it answers or three requests are left unanswered.

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
    """Ask for the hosts that have not answered yet, as often as there are times to wait; return those that answer."""
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
                        await asyncio.sleep(0)  # sock_recv waits only where no frame is there
                        answerer = answerer_of(await loop.sock_recv(sock, _LARGEST), mac)
                        if answerer in hosts:
                            answered.add(answerer)
            except TimeoutError:
                pass
    return answered


def answerer_of(frame: bytes, mac: str) -> str | None:
    """The host that answers an ARP request of this MAC address with this frame; None: it is no answer to it.

    What a host broadcasts for others arrives at a port that drops everything from this MAC address, too.
    """
    packet = arp_in(frame)
    return packet.sender if packet is not None and packet.is_reply and packet.target_mac == mac else None
