"""How DHCP messages reach the servers, and answers come back: in whole Ethernet frames, or over UDP ports 68 and 67.

Frames need raw sockets (Linux). Over UDP any user of Windows and macOS can ask as an unknown device: if the broadcast
flag is set, servers' answers come to every socket on port 68. UDP shows less than frames: no ARP, nothing that is sent
to the device's own address, and nothing that a firewall of this laptop drops. Therefore a server whose address is known
can also be asked the way a relay asks (RFC 1542 section 4): it answers by unicast, to port 67 of this laptop.
"""

import asyncio
import contextlib
import errno
import socket
import struct
from collections.abc import Callable, Collection
from typing import NamedTuple

from netpreflight.probes.net import filters
from netpreflight.probes.net.dhcp_release import (
    BROADCAST_MAC,
    CLIENT_PORT,
    SERVER_PORT,
    device_mac,
    release_frame,
    release_message,
)
from netpreflight.probes.net.inbox import MOST_AT_ONCE, Inbox
from netpreflight.probes.net.packet_bytes import ARP, ETHERNET_SIZE, IPV4, ethernet, udp_packet
from netpreflight.probes.net.packet_reading import udp_in
from netpreflight.probes.net.sockets import Datagram, Network
from netpreflight.probes.observations import UDP_OVERHEAD, LeaseTransport, Scope

_BROADCAST, _NO_ADDRESS = "255.255.255.255", "0.0.0.0"  # noqa: S104 - BOOTP's "none"
_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, _PACKET_STATISTICS, _PACKET_MR_PROMISC = 263, 1, 6, 1
_BOOTREPLY = b"\x02"
_LARGEST = 4096
_SO_RCVBUFFORCE = 33
_BUFFER = 2_000_000
"""Receive buffer in bytes (the kernel doubles it): holds some seconds of a flood of answers if the laptop is busy."""


class Heard(NamedTuple):
    """A datagram from a server's port."""

    payload: bytes
    source: str
    source_mac: str | None
    broadcast: bool


class Sent(NamedTuple):
    """What was sent: the bytes that the trace shows, and the size in bytes from the IP header on."""

    data: bytes
    size: int


OnHeard = Callable[[bytes, Heard | None], None]
"""Called with the bytes that arrived, and the datagram in them (None: there is none)."""
OnArp = Callable[[bytes], None]
"""Called with each ARP packet, from the Ethernet header on."""


class RawTransport:
    """Sends and receives DHCP and ARP in whole Ethernet frames.

    Args:
        network: the interface under test.
        scope: gives the interface's hardware address, the source of each frame: switches and access points drop others.
        client: the hardware address of the client whose leases are given back; None: that of the made-up device.
    """

    def __init__(self, network: Network, scope: Scope, client: str | None = None) -> None:
        self._network, self._laptop_mac, self._client = network, mac_of(scope), client
        self.may_inform = True
        """Whether an INFORM may be sent: only if the kernel will not answer the server's ACK with an ICMP error."""

    def open(self, on_heard: OnHeard, on_arp: OnArp) -> None:
        """Open the sockets.

        Raises:
            OSError: the system does not allow it.
        """
        self._on_heard, self._on_arp = on_heard, on_arp
        # Nothing is received until `bind()` names a protocol (packet(7)): before the filter is there, a flood on any
        # interface could fill the buffers, and count as lost answers.
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self._sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._arp = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        try:
            self._arp.settimeout(0)
            filters.attach(self._arp, filters.arp())
            self._socket.settimeout(0)
            filters.attach(self._socket, None)  # nothing passes until `expect()`
            with contextlib.suppress(OSError):  # without CAP_NET_ADMIN the default buffer has to do
                self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
            self._arp.bind((self._network.interface, ARP))
            self._socket.bind((self._network.interface, 0x0800))
            # Some servers answer the device's address although the broadcast flag is set.
            membership = struct.pack(
                "IHH8s", socket.if_nametoindex(self._network.interface), _PACKET_MR_PROMISC, 0, b""
            )
            self._socket.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, membership)
            try:
                # Without a listener the kernel would answer replies to INFORM with an ICMP error.
                self._network.bind_to_interface(self._sink)
                self._sink.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                self._sink.bind(("", CLIENT_PORT))
            except OSError as problem:
                # If the port is in use, the laptop's own DHCP client listens on it, which is just as good.
                self.may_inform = problem.errno == errno.EADDRINUSE
        except OSError:
            self._close()
            raise
        loop = asyncio.get_running_loop()
        loop.add_reader(self._socket.fileno(), self.read)
        loop.add_reader(self._arp.fileno(), self._on_arp_readable)

    def expect(self, xids: Collection[int]) -> None:
        """Let only answers to these transactions in from now on."""
        filters.attach(self._socket, filters.dhcp_replies(xids))

    def broadcast(self, message: bytes, source: str | None) -> Sent:
        """Broadcast a client's message."""
        ends = (source or _NO_ADDRESS, CLIENT_PORT), (_BROADCAST, SERVER_PORT)
        return self._send(ethernet(self._laptop_mac, BROADCAST_MAC, IPV4, udp_packet(*ends, message)))

    def release(self, address: str, server: str, server_mac: str | None) -> Sent:
        """Give an address back: unicast from that address (RFC 2131 section 4.4.6)."""
        return self._send(release_frame(self._laptop_mac, address, server, server_mac or BROADCAST_MAC, self._client))

    def unicast(self, message: bytes, source: str, server: str, server_mac: str) -> Sent:
        """Send a client's message to a server, from the address that it holds."""
        ends = (source, CLIENT_PORT), (server, SERVER_PORT)
        return self._send(ethernet(self._laptop_mac, server_mac, IPV4, udp_packet(*ends, message)))

    def send_arp(self, packet: bytes, target: str = BROADCAST_MAC) -> Sent:
        """Send an ARP packet to a hardware address."""
        frame = ethernet(self._laptop_mac, target, ARP, packet)
        self._arp.send(frame)
        return Sent(frame, len(packet))

    def is_lossy(self) -> bool:
        """Whether, since the last call, the kernel dropped packets."""
        dropped = [
            struct.unpack("=II", sock.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))[1]
            for sock in (self._socket, self._arp)
        ]
        return any(dropped)

    def close(self) -> None:
        """Close the sockets."""
        for sock in (self._socket, self._arp):
            asyncio.get_running_loop().remove_reader(sock.fileno())
        self._close()

    def _close(self) -> None:
        self._socket.close()
        self._arp.close()
        self._sink.close()

    def _send(self, frame: bytes) -> Sent:
        self._socket.send(frame)
        return Sent(frame, len(frame) - ETHERNET_SIZE)

    def read(self) -> None:
        """Hand over frames that have arrived, up to MOST_AT_ONCE."""
        for _ in range(MOST_AT_ONCE):  # the loop calls again while there is more
            try:
                frame = self._socket.recv(_LARGEST)
            except OSError:
                return
            heard: Heard | None = None
            with contextlib.suppress(ValueError):
                found = udp_in(frame)
                heard = Heard(found.payload, found.source, found.source_mac, found.target_mac == BROADCAST_MAC)
            self._on_heard(frame, heard)

    def _on_arp_readable(self) -> None:
        """Hand over the ARP packets that have arrived."""
        for _ in range(MOST_AT_ONCE):  # as above
            try:
                frame = self._arp.recv(_LARGEST)
            except OSError:
                return
            self._on_arp(frame)


class UdpTransport:
    """Sends and receives DHCP over UDP: from port 68 as a client, and from port 67 as a relay.

    Args:
        network: the interface under test.
        scope: this laptop's addresses, and the hardware address from which the device's own is made.
    """

    may_inform = True

    def __init__(self, network: Network, scope: Scope) -> None:
        self._network, self._scope = network, scope
        self._laptop_mac = mac_of(scope)
        self._xids: Collection[int] = ()
        self._relay: socket.socket | None = None
        self._inbox: Inbox[Datagram] = Inbox(network.clock)
        """Only tells whether datagrams may have been lost: what arrives is handed over at once, not queued."""

    def open(self, on_heard: OnHeard, _: OnArp) -> None:
        """Open the socket on port 68.

        Raises:
            OSError: the system does not allow it, or another program has the port for itself.
        """
        self._on_heard = on_heard
        self._client = self._listen(CLIENT_PORT)

    def expect(self, xids: Collection[int]) -> None:
        """Let only answers to these transactions in from now on."""
        self._xids = [*xids]

    def broadcast(self, message: bytes, _: str | None) -> Sent:
        """Broadcast a client's message, from this laptop's address.

        Raises:
            OSError: the system does not send it.
        """
        return self._send(self._client, message, _BROADCAST)

    def relay(self, message: bytes, server: str) -> Sent:
        """Send a message to a server the way a relay does: from port 67, to which the server then answers.

        Raises:
            OSError: another program has port 67, or the system does not send it.
        """
        self._network.refuse_own(server)
        if self._relay is None:
            self._relay = self._listen(SERVER_PORT)
        return self._send(self._relay, message, server)

    def release(self, address: str, server: str, _: str | None) -> Sent:
        """Give an address back: by unicast, or by broadcast if this laptop cannot reach the server.

        Raises:
            OSError: the system does not send it.
        """
        message = release_message(device_mac(self._laptop_mac), address, server)
        if self._scope.is_on_link(server) or (self._scope.address and self._scope.gateway):
            with contextlib.suppress(OSError):
                self._network.refuse_own(server)  # the network chose this address
                return self._send(self._client, message, server)
        return self._send(self._client, message, _BROADCAST)

    def is_lossy(self) -> bool:
        """Whether, since the last call, more arrived than was read."""
        return self._inbox.take_lost()

    def close(self) -> None:
        """Close the sockets: a DHCP client of the system may want port 68 for itself (macOS)."""
        for sock in filter(None, (self._client, self._relay)):
            asyncio.get_running_loop().remove_reader(sock.fileno())
            sock.close()

    def _listen(self, port: int) -> socket.socket:
        """Open a socket on a port, even if another program has the port, too."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.settimeout(0)
            self._network.bind_to_interface(sock)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            sock.bind(("", port))
        except OSError:
            sock.close()
            raise
        self._inbox.watch(sock)
        asyncio.get_running_loop().add_reader(sock.fileno(), self._on_readable, sock)
        return sock

    def _send(self, sock: socket.socket, message: bytes, target: str) -> Sent:
        sock.sendto(message, (target, SERVER_PORT))
        return Sent(message, len(message) + UDP_OVERHEAD)

    def read(self) -> None:
        """Hand over datagrams that have arrived, up to MOST_AT_ONCE from each socket."""
        for sock in filter(None, (self._client, self._relay)):
            self._on_readable(sock)

    def _on_readable(self, sock: socket.socket) -> None:
        """Hand over the datagrams that have arrived, except answers to other clients."""
        for _ in range(MOST_AT_ONCE):  # the loop calls again while there is more
            try:
                payload, (source, port) = sock.recvfrom(_LARGEST)
            except BlockingIOError:
                self._inbox.is_read_empty()
                return
            except OSError:  # Windows: an earlier datagram was refused
                continue
            fits = port == SERVER_PORT and payload[:1] == _BOOTREPLY and int.from_bytes(payload[4:8]) in self._xids
            self._inbox.has_read_one(fits=fits)
            if fits:
                # The system does not tell the destination address. On port 68 it was broadcast, as the flag asks for.
                self._on_heard(payload, Heard(payload, source, None, sock is self._client))


def transport(
    kind: LeaseTransport, network: Network, scope: Scope, client: str | None = None
) -> RawTransport | UdpTransport:
    """The transport of this kind; `client`: see `RawTransport`."""
    return RawTransport(network, scope, client) if kind == "raw" else UdpTransport(network, scope)


def mac_of(scope: Scope) -> str:
    """This laptop's hardware address; all zeros if it is not known."""
    return scope.mac or "00:00:00:00:00:00"
