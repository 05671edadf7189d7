"""Whether other hosts of the network answer the device's ARP requests: some networks keep their clients apart."""

import asyncio
import ipaddress
import socket

from netpreflight.probes.net import filters
from netpreflight.probes.net.packet_bytes import ARP, ETHERNET_SIZE, arp_request, ethernet
from netpreflight.probes.net.payload_shapes import ARP_REQUEST
from netpreflight.probes.net.sockets import Network
from netpreflight.probes.observations import LinkNeighbor, Scope

ANSWER_S = 1.0
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
    answered: set[str] = set()
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ARP)) as sock:
        sock.settimeout(0)
        filters.attach(sock, filters.arp())
        sock.bind((network.interface, ARP))
        for host in asked:
            packet = arp_request(scope.mac, host)
            sock.send(ethernet(scope.mac, _BROADCAST, ARP, packet))
            network.count("arp", None, host, 0, packets=1, size=len(packet), purpose="neighbours", shape=ARP_REQUEST)
        try:
            async with asyncio.timeout(ANSWER_S):
                while answered != set(asked):
                    packet = (await loop.sock_recv(sock, _LARGEST))[ETHERNET_SIZE:]
                    sender = str(ipaddress.IPv4Address(packet[14:18])) if len(packet) >= 28 else ""
                    answered |= {sender} & set(asked)
        except TimeoutError:
            pass
    return [LinkNeighbor(address=host, answers_arp=host in answered) for host in asked]
