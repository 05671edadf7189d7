"""A ladder: packets with rising TTL to one port, and the answer to each. Each TTL is a rung.

All packets of a ladder belong to one flow, so that a router that balances load by flow sends them all the same route.
Each answer has to be matched with its packet:

* With raw sockets, an ICMP error quotes the packet's IP identification, which is the packet's number.
* Without raw sockets, a UDP ladder uses one socket, and each payload carries a number, which an ICMP error may quote. A
  DTLS or NTP payload carries the number's complement, too, which keeps the checksum the same.
* A packet that repeats a rung gets a source port of its own, which identifies it. As soon as an answer or an error
  could not be matched, every further packet gets a port of its own.
* If the system reports neither the sender of an ICMP error nor what it quotes (Windows), each packet has a port of its
  own.
* An error that quotes neither the number nor the identification of its packet is kept, but not as proved: anybody on
  this LAN who tries all ports can send such an error in a router's name.
* A TCP ladder without raw sockets uses a port for each packet from the beginning: the system allows only one connection
  at a time from one port to the same destination.

A DTLS payload is byte for byte a device's first ClientHello, since it may reach the server. Its number is in the
ClientHello's random, which the server does not return. So an answer is matched with the only packet that is still
unanswered, if there is exactly one.
"""

import asyncio
import os
import random
import struct
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal, NamedTuple

from msgspec import structs

from netpreflight.probes.net import dtls
from netpreflight.probes.net.coap import reply_to
from netpreflight.probes.net.payload_shapes import CLIENT_HELLO, COAP_PING, DNS_QUERY, NTP_REQUEST, TCP_SYN
from netpreflight.probes.net.raw import Quote, RawFlow, Segment
from netpreflight.probes.net.sockets import Datagram, Network, Refusal, UdpSocket
from netpreflight.probes.observations import TOO_MUCH, Icmp, Ladder, PathPayload, PathProbe, ProbeOutcome, icmp_meaning
from netpreflight.systems import SYSTEM
from netpreflight.systems.interface import UnnamedError

SYN_WAIT_S = 0.9
"""Less than the 1 s after which the system sends a SYN again (RFC 6298 section 2)."""
KEPT_QUOTE = 32
MOST_NUMBER = 0xFF00
"""A ladder's first number is below this, so that no number wraps to 0: for an IP identification of 0 the system would
choose one itself."""
_SEQUENCE_AT, _TIMESTAMP_AT = slice(4, 8), slice(28, 32)  # in our SYN
_ACCEPTED = "SYN-ACK"
_UDP_HEADER = 8
_TIME_EXCEEDED = (11, 0)
_SHAPES = {"coap": COAP_PING, "dtls": CLIENT_HELLO, "ntp": NTP_REQUEST, "dns": DNS_QUERY, "syn": TCP_SYN}
_NUMBER_ENDS = {"coap": 4, "dtls": 35, "ntp": 48, "dns": 2}
"""The offset after the bytes that prove that a payload was seen: the number, or, in DTLS and NTP, eight bytes that hold
the number, its complement and four random bytes."""
_NTP_CLIENT = b"\x23"  # version 4, mode 3
_NTP_ORIGIN, _NTP_TRANSMIT, _NTP_SIZE = 24, 40, 48  # RFC 5905 figure 8; a server returns our transmit as its origin
_NTP_SERVER = 4
_DNS_ANSWER = 0x80


class Rungs(NamedTuple):
    """Where a ladder's packets go, and what they carry."""

    protocol: Literal["udp", "tcp"]
    port: int
    payload: PathPayload
    known_by: str | None = None
    """For a control port (to compare the path with): what answered on it earlier in the run."""


class Destination(NamedTuple):
    """The host at the end of a ladder."""

    host: str
    address: str


@dataclass(slots=True)
class PendingProbe:
    """One packet that was sent, and its outcome so far."""

    ttl: int
    at: float
    payload: bytes = b""
    outcome: ProbeOutcome = "timeout"
    icmp: Icmp | None = None
    source: str | None = None
    answered_at: float | None = None
    quoted: bytes = b""
    detail: str | None = None
    packets_sent: int = 1
    """How many packets were sent for this rung: the probe itself, and those that closed its TCP connection."""
    packets_to_close: int = 0
    """How many more packets are sent if the destination accepts this SYN: a RST, and before it perhaps an ACK."""
    has_own_port: bool = False
    """Whether it was sent from a source port of its own."""

    @property
    def open(self) -> bool:
        """Whether it has not been answered so far."""
        return self.outcome == "timeout"

    def refused(self, icmp: Icmp, quoted: bytes, at: float) -> None:
        """Record an ICMP error that answers this packet; a proved error replaces one that is not proved."""
        if not self.open and not (icmp.proved and self.icmp is not None and not self.icmp.proved):
            return
        self.outcome = "time-exceeded" if (icmp.type, icmp.code) == _TIME_EXCEEDED else "unreachable"
        self.icmp, self.source, self.quoted, self.answered_at = icmp, icmp.source, quoted, at

    def refused_by_somebody(self, error: UnnamedError, at: float) -> None:
        """Record an ICMP error whose sender the system does not report."""
        if self.open:
            kind = error.type, error.code
            self.outcome = "time-exceeded" if kind == _TIME_EXCEEDED else "unreachable"
            self.detail, self.answered_at = icmp_meaning(*kind), at

    def answered(self, source: str, detail: str, at: float) -> None:
        """Record an answer from the destination's address."""
        self.outcome, self.source, self.detail, self.answered_at = "answered", source, detail, at

    def seen(self, network: Network) -> PathProbe:
        """The packet and its outcome, as an observation."""
        return PathProbe(
            ttl=self.ttl,
            at_s=network.elapsed(self.at),
            outcome=self.outcome,
            icmp=self.icmp,
            source=self.source,
            rtt_ms=round((self.answered_at - self.at) * 1000, 2) if self.answered_at is not None else None,
            quoted=self.quoted[:KEPT_QUOTE].hex(),
            detail=self.detail,
        )


class Climb(ABC):
    """A ladder that is being measured."""

    def __init__(self, network: Network, place: Destination, rungs: Rungs, purpose: str) -> None:
        self.network, self.place, self.rungs, self.purpose = network, place, rungs, purpose
        self.shape = _SHAPES[rungs.payload]
        self.tries: list[PendingProbe] = []
        self.uses_own_ports = False
        """Whether every packet gets a source port of its own, and not only those that repeat a rung."""
        self.unsettled = False
        """Whether an answer or error arrived that could not be matched with a packet."""
        self.is_patient = False
        """Whether each rung waits longer than the destination takes to answer: an answer that carries no number then
        belongs to the latest packet."""
        self.reached = False
        """Whether an answer that could not be matched came from the destination: then no higher TTL is needed."""
        self.one_flow = True
        self._first = random.randrange(1, MOST_NUMBER)
        self._raw: RawFlow | None = None
        self._no_raw: str | None = None

    @property
    def end(self) -> int | None:
        """The lowest TTL at which a packet got to the destination or was refused on the way; None: no packet was."""
        return min((probe.ttl for probe in self.tries if probe.outcome in {"answered", "unreachable"}), default=None)

    @property
    def last(self) -> int:
        """The highest TTL that was answered by any router or the destination; 0: none."""
        return max((probe.ttl for probe in self.tries if probe.outcome not in {"timeout", "error"}), default=0)

    @property
    def top(self) -> int:
        """The highest TTL that was sent; 0: none."""
        return max((probe.ttl for probe in self.tries), default=0)

    def asked(self, ttl: int) -> int:
        """How many times this TTL was sent."""
        return sum(probe.ttl == ttl for probe in self.tries)

    def has_answer(self, ttl: int) -> bool:
        """Whether a packet with this TTL was answered, or could not be sent."""
        return any(probe.ttl == ttl and not probe.open for probe in self.tries)

    def passed(self, ttl: int) -> bool:
        """Whether a router reported this TTL as exceeded: the packet got to that router, and no further."""
        return any(probe.ttl == ttl and probe.outcome == "time-exceeded" for probe in self.tries)

    @property
    def most_packets(self) -> int:
        """How many packets one `send()` can take at most."""
        return 1

    @property
    def packets(self) -> int:
        """How many packets were sent, plus those that may still be needed to close connections."""
        return self.sent

    @property
    def sent(self) -> int:
        """How many packets were sent."""
        return sum(probe.packets_sent for probe in self.tries)

    @abstractmethod
    def send(self, ttl: int) -> PendingProbe:
        """Send a packet with this TTL."""

    @abstractmethod
    async def listen(self, deadline: float) -> None:
        """Read answers until `deadline` (monotonic clock), or until none is outstanding."""

    async def close(self) -> None:
        """Stop whatever is still going on, and close the raw sockets.

        If answers may have been lost, packets without an answer are recorded as errors, not as timeouts.
        """
        if self._has_lost():
            for probe in self.tries:
                if probe.open:
                    probe.outcome, probe.detail = "error", TOO_MUCH
        if self._raw is not None:
            self._raw.close()

    def _has_lost(self) -> bool:
        """Whether more arrived than could be read."""
        return self._raw is not None and self._raw.take_lost()

    def seen(self) -> Ladder:
        """The ladder as an observation."""
        return Ladder(
            protocol=self.rungs.protocol,
            port=self.rungs.port,
            payload=self.rungs.payload,
            known_by=self.rungs.known_by,
            one_flow=self.one_flow,
            no_raw=self._no_raw,
            probes=[probe.seen(self.network) for probe in sorted(self.tries, key=lambda probe: (probe.ttl, probe.at))],
        )

    def last_before_the_end(self) -> tuple[UdpSocket | None, int]:
        """The socket of the ladder's flow, and the TTL of the last router before its end; (None, 0) if not known."""
        return None, 0

    def _gets_own_port(self, ttl: int) -> bool:
        """Whether the next packet with this TTL gets a source port of its own, so that its answer can be told apart."""
        is_repeat = self.asked(ttl) > 0
        if self.uses_own_ports and not is_repeat:
            self.one_flow = False
        return self.uses_own_ports or is_repeat

    def _next(self) -> int:
        """The number that the next packet carries."""
        return self._first + len(self.tries)

    def _numbered(self, number: int) -> PendingProbe | None:
        """The packet with this number, or None if no packet has it."""
        index = number - self._first
        return self.tries[index] if 0 <= index < len(self.tries) else None

    def _only_open(self, *, beyond: int = 0) -> PendingProbe | None:
        """The only packet of the flow that is still unanswered: an answer without a number must belong to it.

        None if no packet is unanswered, or several are. In the latter case every further packet gets a port of its own;
        but if `is_patient` is set and `beyond` is not 0, the latest packet is returned.

        Args:
            beyond: a packet with this TTL or a lower one cannot have reached the host that answered.
        """
        possible = [probe for probe in self.tries if probe.open and not probe.has_own_port and probe.ttl > beyond]
        if len(possible) > 1 and beyond and self.is_patient:
            return max(possible, key=lambda probe: probe.at)
        if len(possible) > 1:
            self.uses_own_ports = self.unsettled = True
        return possible[0] if len(possible) == 1 else None

    def _go_raw(self, near_port: int | None = None) -> None:
        """Open raw sockets if this process may; otherwise record why not."""
        to = self.place.address, self.rungs.port
        try:
            self._raw = RawFlow(
                self.network, self.purpose, self.place.host, self.rungs.protocol, self.shape, to, near_port
            )
        except OSError as problem:
            self._no_raw = problem.strerror or str(problem)


class UdpClimb(Climb):
    """A ladder of datagrams."""

    def __init__(self, network: Network, place: Destination, rungs: Rungs, purpose: str) -> None:
        super().__init__(network, place, rungs, purpose)
        self._sock = network.udp(purpose, self.shape, place.host)
        self._sock.expect(rungs.port, place.address)
        self._own: list[tuple[UdpSocket, PendingProbe]] = []
        self._fixed = os.urandom(32)
        self._strays = 0
        self._go_raw(self._sock.port)
        self.uses_own_ports = self._raw is None and "udp" not in SYSTEM.names_senders_of

    def send(self, ttl: int) -> PendingProbe:
        """Send a datagram with this TTL."""
        number, own_port = self._next(), self._gets_own_port(ttl)
        payload = payload_of(self.rungs.payload, number, self.place.host, self._fixed)
        probe = PendingProbe(ttl, self.network.clock.monotonic(), payload, has_own_port=own_port)
        self.tries.append(probe)
        if self._raw is not None and not own_port:
            problem = self._raw.send_datagram(number, ttl, probe.payload)
        else:
            sock = self._sock
            if own_port:
                sock = self.network.udp(self.purpose, self.shape, self.place.host)
                sock.expect(self.rungs.port, self.place.address)
                sock.tell_unnamed(probe.refused_by_somebody)
                self._own.append((sock, probe))
            problem = sock.send(probe.payload, self.place.address, self.rungs.port, ttl=ttl)
        if problem is not None:
            probe.outcome, probe.detail = "error", problem
        return probe

    def last_before_the_end(self) -> tuple[UdpSocket | None, int]:
        """The socket of the ladder's flow, and the TTL of the last router before its end; (None, 0) if not known.

        It is known if the end answered the flow itself, and if each hop before it is a single router.
        """
        flow = [probe for probe in self.tries if not probe.has_own_port]
        end_ttls = [probe.ttl for probe in flow if probe.outcome in {"answered", "unreachable"}]
        routers = {(probe.ttl, probe.source) for probe in self.tries if probe.outcome == "time-exceeded"}
        ttls_before = [ttl for ttl, _ in routers if end_ttls and ttl < min(end_ttls)]
        if not ttls_before or len(ttls_before) > len(set(ttls_before)) or self.end != min(end_ttls):
            return None, 0
        in_flow = {probe.ttl for probe in flow if probe.outcome == "time-exceeded"}
        return (self._sock, max(ttls_before)) if max(ttls_before) in in_flow else (None, 0)

    async def listen(self, deadline: float) -> None:
        """Read answers until `deadline` (monotonic clock), or until none is outstanding."""
        waits = [self._listen_to(self._sock, None, deadline)]
        waits += [self._listen_to(sock, probe, deadline) for sock, probe in self._own]
        if self._raw is not None:
            waits.append(self._listen_raw(self._raw, deadline))
        await asyncio.gather(*waits)

    def _has_lost(self) -> bool:
        """Whether more arrived than could be read."""
        return super()._has_lost() or any(sock.take_lost() for sock in (self._sock, *(own for own, _ in self._own)))

    def _expects(self) -> bool:
        """Whether a packet is still unanswered."""
        return any(probe.open for probe in self.tries)

    async def _listen_to(self, sock: UdpSocket, own_probe: PendingProbe | None, deadline: float) -> None:
        """Handle what a socket receives until `deadline`, or until every packet is answered."""
        while self._expects() and (event := await sock.receive(deadline)):
            self.hear(event, own_probe)

    async def _listen_raw(self, raw: RawFlow, deadline: float) -> None:
        while self._expects() and (event := await raw.receive(deadline)):
            if isinstance(event, Quote):
                self.hear_quote(event)

    def hear(self, event: Datagram | Refusal, own_probe: PendingProbe | None = None) -> None:
        """Handle an answer or ICMP error.

        `own_probe`: the only packet that this socket sent; None if several probes share the socket.
        """
        if (event.address, event.port) != (self.place.address, self.rungs.port):
            return
        if isinstance(event, Datagram):
            try:
                number, answer_name = number_in(self.rungs.payload, event.payload)
            except ValueError:
                self._strays += 1
                return
            if number is None:
                self._answered(own_probe, answer_name, event)
                return
            probe = self._numbered(number)
            if probe is None:
                self._strays += 1
            elif probe.open:
                probe.answered(event.address, answer_name, event.at)
        elif own_probe is not None or self._raw is None:
            # Otherwise `hear_quote` gets the same error from the raw socket.
            proved = own_probe is not None and self._is_quoted(own_probe, event.quoted)
            self._refused(own_probe, event.quoted, event.icmp, event.quoted, event.at, proved=proved)

    def _answered(self, own_probe: PendingProbe | None, answer_name: str, event: Datagram) -> None:
        """Handle an answer that carries no number."""
        probe = own_probe or self._only_open(beyond=self.last)
        self.reached = self.reached or probe is None
        if probe is not None and probe.open:
            probe.answered(event.address, answer_name, event.at)

    def hear_quote(self, quote: Quote) -> None:
        """Handle an ICMP error read from a raw socket."""
        payload = quote.header[_UDP_HEADER:]
        probe = self._numbered(quote.number)
        if probe is not None and probe.payload[: len(payload)] != payload[: len(probe.payload)]:
            probe = None  # the identification was changed on the way
        self._refused(probe, payload, quote.icmp, quote.header, quote.at, proved=probe is not None)

    def _refused(
        self, probe: PendingProbe | None, payload: bytes, icmp: Icmp, quoted: bytes, at: float, *, proved: bool
    ) -> None:
        """Record an ICMP error for its packet.

        If `probe` is None, the packet is found by the quoted payload, or else is the only one still unanswered.
        """
        if probe is None and (probe := self._quoted(payload)) is not None:
            proved = self._is_quoted(probe, payload)
        probe = probe or self._only_open()
        if probe is not None:
            probe.refused(structs.replace(icmp, proved=proved), quoted, at)

    def _is_quoted(self, probe: PendingProbe, quoted: bytes) -> bool:
        """Whether enough of a payload is quoted that nobody can have guessed it: at least up to `_NUMBER_ENDS`."""
        end = _NUMBER_ENDS.get(self.rungs.payload, 0)
        return len(quoted) >= end > 0 and probe.payload[: len(quoted)] == quoted[: len(probe.payload)]

    def _quoted(self, quoted: bytes) -> PendingProbe | None:
        """The only packet whose payload begins with the quoted bytes; any that follow are a router's padding."""
        fits = [
            probe for probe in self.tries if quoted and probe.payload[: len(quoted)] == quoted[: len(probe.payload)]
        ]
        return fits[0] if len(fits) == 1 else None

    def seen(self) -> Ladder:
        """The ladder as an observation."""
        return structs.replace(super().seen(), strays=self._strays)


class TcpClimb(Climb):
    """A ladder of SYNs."""

    def __init__(self, network: Network, place: Destination, rungs: Rungs, purpose: str) -> None:
        super().__init__(network, place, rungs, purpose)
        self._tasks: set[asyncio.Task[None]] = set()
        self._sequence = random.getrandbits(32)
        self._resets = 0
        self._go_raw()
        self.uses_own_ports = self._raw is None

    @property
    def most_packets(self) -> int:
        """How many packets one `send()` can take at most: a SYN, and if it is accepted an ACK and a RST."""
        return 3

    @property
    def sent(self) -> int:
        """How many packets were sent, including the RSTs by which the system answers the replies to raw SYNs."""
        return super().sent + self._resets

    @property
    def packets(self) -> int:
        """How many packets were sent, plus those that may still be needed to close connections.

        The destination may still accept a SYN that was sent within the last SYN_WAIT_S and has a higher TTL than the
        last router that answered.
        """
        recent = self.network.clock.monotonic() - SYN_WAIT_S
        last_router = max((probe.ttl for probe in self.tries if probe.outcome == "time-exceeded"), default=0)
        pending = [probe for probe in self.tries if probe.open and probe.at > recent and probe.ttl > last_router]
        return self.sent + sum(probe.packets_to_close for probe in pending)

    def send(self, ttl: int) -> PendingProbe:
        """Send a SYN with this TTL."""
        number, own_port = self._next(), self._gets_own_port(ttl)
        probe = PendingProbe(
            ttl, self.network.clock.monotonic(), packets_to_close=2 if own_port else 1, has_own_port=own_port
        )
        self.tries.append(probe)
        if self._raw is not None and not own_port:
            # All SYNs have the same sequence number, like retransmissions: firewalls drop one with another number.
            problem = self._raw.send_syn(number, ttl, self._sequence, number)
            if problem is not None:
                probe.outcome, probe.detail = "error", problem
        else:
            self._tasks.add(asyncio.create_task(self._open(probe)))
        return probe

    async def _open(self, probe: PendingProbe) -> None:
        """Send a SYN by the system's own TCP, and record its outcome."""
        host, address = self.place
        opening = await self.network.syn(
            self.purpose, host, address, self.rungs.port, ttl=probe.ttl, timeout_s=SYN_WAIT_S
        )
        if opening.icmp is not None:
            probe.refused(opening.icmp, opening.quoted, opening.at)
        elif opening.outcome == "error":
            probe.outcome, probe.detail = "error", opening.detail
        elif opening.outcome == "accepted":
            probe.packets_sent += probe.packets_to_close
            probe.answered(address, _ACCEPTED, opening.at)
        elif opening.outcome == "refused":
            probe.answered(address, "RST", opening.at)

    async def listen(self, deadline: float) -> None:
        """Read answers until `deadline` (monotonic clock), or until none is outstanding."""
        await asyncio.gather(self._listen_raw(deadline), self._await_tasks(deadline))

    async def _await_tasks(self, deadline: float) -> None:
        """Wait until connections that are being opened have an outcome, at most until `deadline`."""
        if self._tasks:
            done, self._tasks = await asyncio.wait(
                self._tasks, timeout=max(deadline - self.network.clock.monotonic(), 0)
            )
            for task in done:
                task.result()

    async def _listen_raw(self, deadline: float) -> None:
        """Handle what the raw sockets receive until `deadline`, or until every packet is answered."""
        while (
            self._raw is not None
            and any(probe.open for probe in self.tries)
            and (event := await self._raw.receive(deadline))
        ):
            if isinstance(event, Quote):
                self.hear_quote(event)
            else:
                self.hear_segment(event)

    def hear_quote(self, quote: Quote) -> None:
        """Handle an ICMP error read from a raw socket."""
        if int.from_bytes(quote.header[_SEQUENCE_AT]) != self._sequence:
            return
        probe = self._numbered(quote.number) or self._numbered(int.from_bytes(quote.header[_TIMESTAMP_AT]))
        probe = probe or self._only_open()
        if probe is not None:  # proved, because the quoted sequence number is random
            probe.refused(structs.replace(quote.icmp, proved=True), quote.header, quote.at)

    def hear_segment(self, segment: Segment) -> None:
        """Handle a TCP segment from the destination's address.

        A first answer that does not return our timestamp belongs to the only packet that is still open, if there is
        exactly one. A later answer is not matched this way, because it may repeat the first.
        """
        self._resets += segment.kind != "RST"
        if segment.kind == "other" or segment.acknowledged != (self._sequence + 1) & 0xFFFFFFFF:
            return
        probe = self._numbered(segment.echoed) if segment.echoed is not None else None
        if probe is None and self.end is None:
            probe = self._only_open(beyond=self.last)
            self.reached = self.reached or probe is None
        if probe is not None and probe.open:
            probe.answered(self.place.address, segment.kind, segment.at)

    async def close(self) -> None:
        """Cancel connections that are still being opened, and close the raw sockets."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = set()
        await super().close()


def payload_of(kind: PathPayload, number: int, host: str, fixed: bytes) -> bytes:
    """Build a datagram that carries a 16-bit number; its size does not depend on the number.

    Args:
        kind: the protocol.
        number: the number, by which an answer or an ICMP error is matched with the datagram.
        host: the name that a DNS query asks for.
        fixed: 32 random bytes, the same for all datagrams of a ladder.
    """
    mark, balance = number.to_bytes(2), (number ^ 0xFFFF).to_bytes(2)  # their sum, and so the checksum, is constant
    if kind == "coap":
        return b"\x40\x00" + mark
    if kind == "dtls":
        return dtls.client_hello(fixed[:1] + mark + balance + fixed[5:])  # both at even offsets of the datagram
    if kind == "ntp":
        return _NTP_CLIENT + bytes(_NTP_TRANSMIT - 1) + mark + balance + fixed[: _NTP_SIZE - _NTP_TRANSMIT - 4]
    if kind == "dns":
        labels = b"".join(bytes([len(label)]) + label for label in host.encode("ascii", "replace").split(b".") if label)
        return mark + struct.pack("!HHHHH", 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", 1, 1)
    raise ValueError(f"no datagram has the payload {kind}")


def number_in(kind: PathPayload, datagram: bytes) -> tuple[int | None, str]:
    """The number that an answer carries (None: its protocol carries none), and the answer's name, such as `NTP reply`.

    Raises:
        ValueError: the datagram is no answer.
    """
    if kind == "coap":
        number = int.from_bytes(datagram[2:4])
        return number, reply_to(number, datagram)
    if kind == "dtls":
        return None, dtls.record_name(datagram)
    if kind == "ntp":
        if len(datagram) < _NTP_SIZE or datagram[0] & 7 != _NTP_SERVER:
            raise ValueError("not an NTP answer")
        return int.from_bytes(datagram[_NTP_ORIGIN : _NTP_ORIGIN + 2]), "NTP reply"
    if len(datagram) < 12 or not datagram[2] & _DNS_ANSWER:
        raise ValueError("not a DNS answer")
    return int.from_bytes(datagram[:2]), "DNS answer"
