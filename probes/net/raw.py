"""Send the packets of one flow, IP header included, through raw sockets, and read the answers (Linux, CAP_NET_RAW).

The IP identification of each packet is its number. Every ICMP error quotes the IP header and eight more bytes (RFC
792), so the error shows which packet it answers even if it quotes no payload. Raw SYNs can also share one source port,
which the system's own connections cannot. A socket reserves that port, so that no other program gets it. If the
destination accepts a SYN, the system resets the connection at once, because it knows of no such connection.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from netpreflight.probes.net import filters
from netpreflight.probes.net.inbox import MOST_AT_ONCE, Inbox
from netpreflight.probes.net.packet_bytes import syn_packet, udp_packet
from netpreflight.probes.net.payload_shapes import Shape
from netpreflight.probes.net.sockets import LARGEST_DATAGRAM, Network
from netpreflight.probes.observations import EventKind, Icmp
from netpreflight.systems import SYSTEM
from netpreflight.systems.icmp_packets import error_in

_SOL_RAW, _ICMP_FILTER = 255, 1  # Linux, icmp(7)
_ERRORS = (3, 11, 12)  # of RFC 792: destination unreachable, time exceeded, parameter problem
_PROTOCOLS = {"udp": socket.IPPROTO_UDP, "tcp": socket.IPPROTO_TCP}
_LEAST_IP, _LEAST_TCP = 20, 20
_FRAGMENT = 0x1FFF
_RST_SIZE = 40
_TIMESTAMPS, _TIMESTAMPS_SIZE = 8, 10  # RFC 7323 section 3.2
_NO_OPERATION, _END = 1, 0
_SYN, _RST, _ACK = 0x02, 0x04, 0x10


@dataclass(frozen=True, slots=True)
class Quote:
    """An ICMP error that quotes one of our packets."""

    icmp: Icmp
    number: int
    header: bytes
    """The bytes quoted of our packet, from the UDP or TCP header on."""
    at: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A TCP segment from the flow's far end."""

    kind: Literal["SYN-ACK", "RST", "other"]
    acknowledged: int
    echoed: int | None
    """Our timestamp, as the segment returns it; None: it returns none."""
    at: float


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ends of a flow, as (address, port); the near end is this laptop's, before any NAT."""

    protocol: Literal["udp", "tcp"]
    near: tuple[str, int]
    far: tuple[str, int]


class RawFlow:
    """One flow of packets.

    Args:
        network: the interface to use; counts the packets.
        purpose: the packets' purpose, for the footprint.
        host: the host's name, for the footprint.
        protocol: what follows the IP header.
        shape: the packets' shape, for the footprint.
        far: address and port of the destination.
        near_port: our port, if a socket already has it.

    Raises:
        OSError: the system does not allow it.
    """

    def __init__(
        self,
        network: Network,
        purpose: str,
        host: str | None,
        protocol: Literal["udp", "tcp"],
        shape: Shape,
        far: tuple[str, int],
        near_port: int | None = None,
    ) -> None:
        self._network, self._purpose, self._shape, self._host = network, purpose, shape, host
        self._inbox: Inbox[Quote | Segment] = Inbox(network.clock)
        self._sockets: list[socket.socket] = []
        self._watched: list[socket.socket] = []
        try:
            self._sender = self._open(socket.SOCK_RAW, socket.IPPROTO_RAW)
            errors = self._open(socket.SOCK_RAW, socket.IPPROTO_ICMP)
            unwanted = 0xFFFFFFFF & ~sum(1 << kind for kind in _ERRORS)
            errors.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", unwanted))
            route = self._open(socket.SOCK_DGRAM)
            route.connect(far)  # sends nothing: the system chooses our address
            address = route.getsockname()[0]
            if near_port is None:
                reserved = self._open(socket.SOCK_STREAM)
                reserved.bind((address, 0))
                near_port = reserved.getsockname()[1]
            self.ends = Ends(protocol, (address, near_port), far)
            filters.attach(errors, filters.quotes(_PROTOCOLS[protocol], far[0]))
            self._watch(errors, self._quote)
            if protocol == "tcp":
                segments = self._open(socket.SOCK_RAW, socket.IPPROTO_TCP)
                segments.connect((far[0], 0))  # receives from this address only
                filters.attach(segments, filters.segments(far[1], near_port))
                self._watch(segments, self._segment)
        except OSError:
            self.close()
            raise

    def _open(self, kind: int, protocol: int = 0) -> socket.socket:
        """Open a socket on the interface, to be closed with this flow."""
        sock = SYSTEM.raw_socket(protocol) if kind == socket.SOCK_RAW else socket.socket(socket.AF_INET, kind)
        self._sockets.append(sock)
        sock.settimeout(0)
        self._network.bind_to_interface(sock)
        return sock

    def _watch(self, sock: socket.socket, parse: Callable[[bytes, float], Quote | Segment | None]) -> None:
        """Call `parse` for every packet that arrives at this socket."""
        self._inbox.watch(sock)  # a raw socket's count leaves out what its filter drops
        asyncio.get_running_loop().add_reader(sock.fileno(), self._on_readable, sock, parse)
        self._watched.append(sock)

    def send_datagram(self, number: int, ttl: int, payload: bytes) -> str | None:
        """Send a datagram; returns the system's error message, or None if it was sent."""
        packet = udp_packet(self.ends.near, self.ends.far, payload, number=number, ttl=ttl, fragment=False)
        return self._send(packet, ttl)

    def send_syn(self, number: int, ttl: int, sequence: int, timestamp: int) -> str | None:
        """Send a SYN like Linux's own; returns the system's error message, or None if it was sent."""
        return self._send(syn_packet(self.ends.near, self.ends.far, sequence, timestamp, number=number, ttl=ttl), ttl)

    def _send(self, packet: bytes, ttl: int) -> str | None:
        """Send a packet; returns the system's error message, or None."""
        try:
            self._sender.sendto(packet, (self.ends.far[0], 0))
        except OSError as problem:
            reason = problem.strerror or str(problem)
            self._note("failed", ttl=ttl, detail=reason)
            return reason
        self._count(len(packet))
        self._note("sent", ttl=ttl, shape=self._shape.name, payload=packet)
        return None

    def _note(self, what: EventKind, **about: Any) -> None:
        """Report a packet that was sent or received, from its IP header on, to the trace."""
        address, port = self.ends.far
        protocol = self.ends.protocol
        self._network.note(what, self._purpose, protocol=protocol, host=self._host, address=address, port=port, **about)

    def _count(self, size: int) -> None:
        """Add one packet of this size (bytes) to the footprint."""
        self._network.count(
            self.ends.protocol,
            self._host,
            *self.ends.far,
            packets=1,
            size=size,
            purpose=self._purpose,
            shape=self._shape,
        )

    async def receive(self, deadline: float) -> Quote | Segment | None:
        """The next ICMP error or TCP segment, or None if none arrives before `deadline` (monotonic clock)."""
        return await self._inbox.take(deadline)

    def take_lost(self) -> bool:
        """Whether, since the last call, more arrived than could be read, so that an answer may have been lost."""
        return self._inbox.take_lost()

    def close(self) -> None:
        """Close the sockets; the port is free again."""
        while self._watched:
            asyncio.get_running_loop().remove_reader(self._watched.pop().fileno())
        for sock in self._sockets:
            sock.close()

    def _on_readable(self, sock: socket.socket, parse: Callable[[bytes, float], Quote | Segment | None]) -> None:
        """Read the packets that have arrived, and queue those that belong to this flow."""
        for _ in range(MOST_AT_ONCE):  # the loop calls again while there is more
            try:
                packet, at = sock.recv(LARGEST_DATAGRAM), self._network.clock.monotonic()
                event = parse(packet, at)
            except BlockingIOError:
                return
            except OSError:
                continue
            if event is not None:
                self._inbox.put(event)
                if isinstance(event, Quote):
                    self._note("icmp", at=at, icmp=event.icmp, payload=packet)
                else:
                    self._note("heard", at=at, payload=packet)

    def _quote(self, packet: bytes, at: float) -> Quote | None:
        """The ICMP error in a packet, if it quotes this flow."""
        return quote_in(packet, self.ends, at)

    def _segment(self, packet: bytes, at: float) -> Segment | None:
        """The TCP segment in a packet, if it belongs to this flow; counts the RST by which the system answers it."""
        segment = segment_in(packet, self.ends, at)
        if segment is not None and segment.kind != "RST":
            self._count(_RST_SIZE)  # the RST that the system sends, because it knows of no connection
        return segment


def _split(packet: bytes) -> tuple[bytes, bytes]:
    """An IPv4 packet's header (without options) and payload; both empty if it is not IPv4 or not a first fragment."""
    size = (packet[0] & 0xF) * 4 if packet and packet[0] >> 4 == 4 else 0
    if size < _LEAST_IP or len(packet) < size or int.from_bytes(packet[6:8]) & _FRAGMENT:
        return b"", b""
    return packet[:_LEAST_IP], packet[size:]


def quote_in(packet: bytes, ends: Ends, at: float) -> Quote | None:
    """Decode an ICMP error that quotes a packet of this flow; None for any other packet.

    The quoted source address is not compared, because a NAT on the way may have failed to translate it back. The
    quoted source port is compared.
    """
    error = error_in(packet)
    if error is None or (error.protocol, error.to, error.source_port) != (
        _PROTOCOLS[ends.protocol],
        ends.far,
        ends.near[1],
    ):
        return None
    return Quote(error.icmp, error.identification, error.transport, at)


def segment_in(packet: bytes, ends: Ends, at: float) -> Segment | None:
    """Decode a TCP segment from the far end of this flow; None for any other packet."""
    header, segment = _split(packet)
    if len(segment) < _LEAST_TCP or socket.inet_ntoa(header[12:16]) != ends.far[0]:
        return None
    if struct.unpack_from("!HH", segment) != (ends.far[1], ends.near[1]):
        return None
    flags = segment[13]
    kind: Literal["SYN-ACK", "RST", "other"] = "RST" if flags & _RST else "other"
    if flags & (_SYN | _ACK | _RST) == _SYN | _ACK:
        kind = "SYN-ACK"
    options = segment[_LEAST_TCP : (segment[12] >> 4) * 4]
    return Segment(kind, int.from_bytes(segment[8:12]), _echoed(options), at)


def _echoed(options: bytes) -> int | None:
    """The timestamp that a segment's options return to us; None if they return none."""
    at = 0
    while at < len(options) and options[at] != _END:
        if options[at] == _NO_OPERATION:
            at += 1
            continue
        size = options[at + 1] if at + 1 < len(options) else 0
        if size < 2 or at + size > len(options):
            return None
        if options[at] == _TIMESTAMPS and size == _TIMESTAMPS_SIZE:
            return int.from_bytes(options[at + 6 : at + 10])
        at += size
    return None
