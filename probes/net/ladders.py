"""Packets with rising TTL to one port, and what comes of each: the rungs of a ladder.

A ladder is one flow, so that a balancer by flow leads all its packets one way. With raw sockets the identification of
each packet tells which of them an ICMP error answers. Without, a UDP ladder is one socket, and the number that each
payload carries tells it, where the error quotes it; a DTLS or NTP payload carries its complement, too, which keeps the
checksum the same. Whatever is asked again is asked from a port of its own, which tells it, too; and so is every rung
where an answer or an error left open what it answers. A TCP ladder without raw sockets does so from the beginning: the
system allows one connection at a time from the same port to the same place.

A DTLS payload is a device's first ClientHello to the last byte, since one may get to the server: its number is in the
random, which the server does not return. Its answer belongs to the only packet that is still open, if it is one.
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
from netpreflight.probes.observations import Icmp, Ladder, PathPayload, PathProbe, ProbeOutcome

SYN_WAIT_S = 0.9
"""Less than the 1 s after which the system sends a SYN again (RFC 6298 section 2)."""
KEPT_QUOTE = 32
MOST_NUMBER = 0xFF00
"""Numbers begin below this, and never come to 0, which would leave the identification to the system."""
_SEQUENCE_AT, _TIMESTAMP_AT = slice(4, 8), slice(28, 32)  # in our SYN
_ACCEPTED = "SYN-ACK"
_UDP_HEADER = 8
_TIME_EXCEEDED = (11, 0)
_SHAPES = {"coap": COAP_PING, "dtls": CLIENT_HELLO, "ntp": NTP_REQUEST, "dns": DNS_QUERY, "syn": TCP_SYN}
_NTP_CLIENT = b"\x23"  # version 4, mode 3
_NTP_ORIGIN, _NTP_TRANSMIT, _NTP_SIZE = 24, 40, 48  # RFC 5905 figure 8; a server returns our transmit as its origin
_NTP_SERVER = 4
_DNS_ANSWER = 0x80


class Rungs(NamedTuple):
    """What a ladder asks."""

    protocol: Literal["udp", "tcp"]
    port: int
    payload: PathPayload
    known_by: str | None = None
    """For a control: what answered there."""


class Destination(NamedTuple):
    """Where a ladder leads."""

    host: str
    address: str


@dataclass(slots=True)
class PendingProbe:
    """One packet on its way, or what became of it."""

    ttl: int
    at: float
    payload: bytes = b""
    outcome: ProbeOutcome = "timeout"
    icmp: Icmp | None = None
    source: str | None = None
    heard: float | None = None
    quoted: bytes = b""
    detail: str | None = None
    costs: int = 1
    """Packets that it took."""
    ending: int = 0
    """Packets that go where it is accepted."""
    apart: bool = False
    """Whether it was sent from a port of its own."""

    @property
    def open(self) -> bool:
        """Whether nothing has come of it so far."""
        return self.outcome == "timeout"

    def refused(self, icmp: Icmp, quoted: bytes, at: float) -> None:
        """Note an ICMP error."""
        self.outcome = "time-exceeded" if (icmp.type, icmp.code) == _TIME_EXCEEDED else "unreachable"
        self.icmp, self.source, self.quoted, self.heard = icmp, icmp.source, quoted, at

    def answered(self, source: str, detail: str, at: float) -> None:
        """Note an answer in the destination's name."""
        self.outcome, self.source, self.detail, self.heard = "answered", source, detail, at

    def seen(self, network: Network) -> PathProbe:
        """What became of it, as an observation."""
        return PathProbe(
            ttl=self.ttl,
            at_s=network.elapsed(self.at),
            outcome=self.outcome,
            icmp=self.icmp,
            source=self.source,
            rtt_ms=round((self.heard - self.at) * 1000, 2) if self.heard is not None else None,
            quoted=self.quoted[:KEPT_QUOTE].hex(),
            detail=self.detail,
        )


class Climb(ABC):
    """A ladder while it is asked."""

    def __init__(self, network: Network, place: Destination, rungs: Rungs, purpose: str) -> None:
        self.network, self.place, self.rungs, self.purpose = network, place, rungs, purpose
        self.shape = _SHAPES[rungs.payload]
        self.tries: list[PendingProbe] = []
        self.apart = False
        """Whether every try is sent from a port of its own, and not only those that ask a rung again."""
        self.unsettled = False
        """Whether something came of which it could not be told what it answers."""
        self.is_patient = False
        """Whether each rung is waited for longer than the destination's answer takes: it answers the latest packet."""
        self.reached = False
        """Whether an answer of the destination's was among it: then no further rung has to be asked."""
        self.one_flow = True
        self._first = random.randrange(1, MOST_NUMBER)
        self._raw: RawFlow | None = None
        self._no_raw: str | None = None

    @property
    def end(self) -> int | None:
        """The lowest TTL at which a packet got to the destination, or to somebody who refuses it."""
        return min((probe.ttl for probe in self.tries if probe.outcome in {"answered", "unreachable"}), default=None)

    @property
    def last(self) -> int:
        """The highest TTL that anybody answered; 0: none."""
        return max((probe.ttl for probe in self.tries if probe.outcome not in {"timeout", "error"}), default=0)

    @property
    def top(self) -> int:
        """The highest TTL that was sent; 0: none."""
        return max((probe.ttl for probe in self.tries), default=0)

    def asked(self, ttl: int) -> int:
        """How often a rung was asked."""
        return sum(probe.ttl == ttl for probe in self.tries)

    def has_answer(self, ttl: int) -> bool:
        """Whether anything came for a rung."""
        return any(probe.ttl == ttl and not probe.open for probe in self.tries)

    def passed(self, ttl: int) -> bool:
        """Whether a router said that a packet got to it, and no further."""
        return any(probe.ttl == ttl and probe.outcome == "time-exceeded" for probe in self.tries)

    @property
    def most_packets(self) -> int:
        """What one try can take."""
        return 1

    @property
    def packets(self) -> int:
        """What was sent, or may still have to be."""
        return self.sent

    @property
    def sent(self) -> int:
        """What was sent."""
        return sum(probe.costs for probe in self.tries)

    @abstractmethod
    def send(self, ttl: int) -> PendingProbe:
        """Ask a rung."""

    @abstractmethod
    async def listen(self, deadline: float) -> None:
        """Take what comes until `deadline` on the monotonic clock, or until nothing more is expected."""

    async def close(self) -> None:
        """Leave nothing on its way."""
        if self._raw is not None:
            self._raw.close()

    def seen(self) -> Ladder:
        """What came."""
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
        """The socket of the ladder's own flow, and the TTL of the last router on its way; None: that is not known."""
        return None, 0

    def _sends_apart(self, ttl: int) -> bool:
        """Whether a rung is asked from a port of its own."""
        again = self.asked(ttl) > 0
        if self.apart and not again:
            self.one_flow = False
        return self.apart or again

    def _next(self) -> int:
        """The number of the next packet."""
        return self._first + len(self.tries)

    def _numbered(self, number: int) -> PendingProbe | None:
        place = number - self._first
        return self.tries[place] if 0 <= place < len(self.tries) else None

    def _only_open(self, *, beyond: int = 0) -> PendingProbe | None:
        """The only packet of the ladder's flow that is still open: what came without a number answers that.

        None: there is none, or there are several; then from now on every packet has a port of its own.

        Args:
            beyond: the highest TTL with which a packet cannot have got to who answered.
        """
        possible = [probe for probe in self.tries if probe.open and not probe.apart and probe.ttl > beyond]
        if len(possible) > 1 and beyond and self.is_patient:
            return max(possible, key=lambda probe: probe.at)
        if len(possible) > 1:
            self.apart = self.unsettled = True
        return possible[0] if len(possible) == 1 else None

    def _go_raw(self, near_port: int | None = None) -> None:
        """Use raw sockets where this process may."""
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
        self._own: list[tuple[UdpSocket, PendingProbe]] = []
        self._fixed = os.urandom(32)
        self._strays = 0
        self._go_raw(self._sock.port)

    def send(self, ttl: int) -> PendingProbe:
        """Ask a rung."""
        number, apart = self._next(), self._sends_apart(ttl)
        payload = payload_of(self.rungs.payload, number, self.place.host, self._fixed)
        made = PendingProbe(ttl, self.network.clock.monotonic(), payload, apart=apart)
        self.tries.append(made)
        if self._raw is not None and not apart:
            problem = self._raw.send_datagram(number, ttl, made.payload)
        else:
            sock = self._sock
            if apart:
                sock = self.network.udp(self.purpose, self.shape, self.place.host)
                self._own.append((sock, made))
            problem = sock.send(made.payload, self.place.address, self.rungs.port, ttl=ttl)
        if problem is not None:
            made.outcome, made.detail = "error", problem
        return made

    def last_before_the_end(self) -> tuple[UdpSocket | None, int]:
        """The socket of the ladder's own flow, and the TTL of the last router on its way; None: that is not known.

        Known is a way whose end answered the flow itself, and on which each hop is one router.
        """
        flow = [probe for probe in self.tries if not probe.apart]
        ends = [probe.ttl for probe in flow if probe.outcome in {"answered", "unreachable"}]
        routers = {(probe.ttl, probe.source) for probe in self.tries if probe.outcome == "time-exceeded"}
        before = [ttl for ttl, _ in routers if ends and ttl < min(ends)]
        if not before or len(before) > len(set(before)) or self.end != min(ends):
            return None, 0
        in_flow = {probe.ttl for probe in flow if probe.outcome == "time-exceeded"}
        return (self._sock, max(before)) if max(before) in in_flow else (None, 0)

    async def listen(self, deadline: float) -> None:
        """Take what comes until `deadline` on the monotonic clock, or until nothing more is expected."""
        waits = [self._listen_to(self._sock, None, deadline)]
        waits += [self._listen_to(sock, made, deadline) for sock, made in self._own]
        if self._raw is not None:
            waits.append(self._listen_raw(self._raw, deadline))
        await asyncio.gather(*waits)

    def _expects(self) -> bool:
        return any(probe.open for probe in self.tries)

    async def _listen_to(self, sock: UdpSocket, own: PendingProbe | None, deadline: float) -> None:
        while self._expects() and (event := await sock.receive(deadline)):
            self.hear(event, own)

    async def _listen_raw(self, raw: RawFlow, deadline: float) -> None:
        while self._expects() and (event := await raw.receive(deadline)):
            if isinstance(event, Quote):
                self.hear_quote(event)

    def hear(self, event: Datagram | Refusal, own: PendingProbe | None = None) -> None:
        """Take one answer or ICMP error; `own` is the try whose socket it came to, if that has sent no other."""
        if (event.address, event.port) != (self.place.address, self.rungs.port):
            return
        if isinstance(event, Datagram):
            try:
                number, words = number_in(self.rungs.payload, event.payload)
            except ValueError:
                self._strays += 1
                return
            if number is None:
                self._answered(own, words, event)
                return
            made = self._numbered(number)
            if made is None:
                self._strays += 1
            elif made.open:
                made.answered(event.address, words, event.at)
        elif own is not None or self._raw is None:  # else it is a quote as well
            self._refused(own or self._quoted(event.quoted), event.icmp, event.quoted, event.at)

    def _answered(self, own: PendingProbe | None, words: str, event: Datagram) -> None:
        """Take an answer that does not say what it answers."""
        made = own or self._only_open(beyond=self.last)
        self.reached = self.reached or made is None
        if made is not None and made.open:
            made.answered(event.address, words, event.at)

    def hear_quote(self, quote: Quote) -> None:
        """Take one ICMP error as it arrived."""
        payload = quote.header[_UDP_HEADER:]
        made = self._numbered(quote.number)
        if made is None or made.payload[: len(payload)] != payload[: len(made.payload)]:
            made = self._quoted(payload)  # the identification is not as it was sent
        self._refused(made, quote.icmp, quote.header, quote.at)

    def _refused(self, made: PendingProbe | None, icmp: Icmp, quoted: bytes, at: float) -> None:
        made = made or self._only_open()
        if made is not None and made.open:
            made.refused(icmp, quoted, at)

    def _quoted(self, quoted: bytes) -> PendingProbe | None:
        """The one try of which this is the head; bytes beyond what was sent are a router's padding."""
        fits = [
            probe for probe in self.tries if quoted and probe.payload[: len(quoted)] == quoted[: len(probe.payload)]
        ]
        return fits[0] if len(fits) == 1 else None

    def seen(self) -> Ladder:
        """What came."""
        return structs.replace(super().seen(), strays=self._strays)


class TcpClimb(Climb):
    """A ladder of SYNs."""

    def __init__(self, network: Network, place: Destination, rungs: Rungs, purpose: str) -> None:
        super().__init__(network, place, rungs, purpose)
        self._tasks: set[asyncio.Task[None]] = set()
        self._sequence = random.getrandbits(32)
        self._resets = 0
        self._go_raw()
        self.apart = self._raw is None

    @property
    def most_packets(self) -> int:
        """A SYN, and where it is accepted an ACK and a RST; of raw ones a RST alone."""
        return 3

    @property
    def sent(self) -> int:
        """What was sent; of raw packets, the system resets whatever is accepted."""
        return super().sent + self._resets

    @property
    def packets(self) -> int:
        """What was sent, or may still have to be.

        A SYN is not expected to be accepted where it is silent for long, nor where a later router had one.
        """
        recent = self.network.clock.monotonic() - SYN_WAIT_S
        routers = max((probe.ttl for probe in self.tries if probe.outcome == "time-exceeded"), default=0)
        pending = [probe for probe in self.tries if probe.open and probe.at > recent and probe.ttl > routers]
        return self.sent + sum(probe.ending for probe in pending)

    def send(self, ttl: int) -> PendingProbe:
        """Ask a rung."""
        number, apart = self._next(), self._sends_apart(ttl)
        made = PendingProbe(ttl, self.network.clock.monotonic(), ending=2 if apart else 1, apart=apart)
        self.tries.append(made)
        if self._raw is not None and not apart:
            # All have one sequence number, as if the first was sent again: firewalls drop a second one of another.
            problem = self._raw.send_syn(number, ttl, self._sequence, number)
            if problem is not None:
                made.outcome, made.detail = "error", problem
        else:
            self._tasks.add(asyncio.create_task(self._open(made)))
        return made

    async def _open(self, made: PendingProbe) -> None:
        host, address = self.place
        opening = await self.network.syn(
            self.purpose, host, address, self.rungs.port, ttl=made.ttl, timeout_s=SYN_WAIT_S
        )
        if opening.icmp is not None:
            made.refused(opening.icmp, opening.quoted, opening.at)
        elif opening.outcome == "error":
            made.outcome, made.detail = "error", opening.detail
        elif opening.outcome == "accepted":
            made.costs += made.ending
            made.answered(address, _ACCEPTED, opening.at)
        elif opening.outcome == "refused":
            made.answered(address, "RST", opening.at)

    async def listen(self, deadline: float) -> None:
        """Take what comes until `deadline` on the monotonic clock, or until nothing more is expected."""
        await asyncio.gather(self._listen_raw(deadline), self._await_tasks(deadline))

    async def _await_tasks(self, deadline: float) -> None:
        if self._tasks:
            done, self._tasks = await asyncio.wait(
                self._tasks, timeout=max(deadline - self.network.clock.monotonic(), 0)
            )
            for task in done:
                task.result()

    async def _listen_raw(self, deadline: float) -> None:
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
        """Take one ICMP error as it arrived."""
        if int.from_bytes(quote.header[_SEQUENCE_AT]) != self._sequence:
            return
        made = self._numbered(quote.number) or self._numbered(int.from_bytes(quote.header[_TIMESTAMP_AT]))
        made = made or self._only_open()
        if made is not None and made.open:
            made.refused(quote.icmp, quote.header, quote.at)

    def hear_segment(self, segment: Segment) -> None:
        """Take what came in the destination's name.

        A first answer that returns no timestamp of ours belongs to the only packet that is still open, if it is one;
        a later one may be the first again.
        """
        self._resets += segment.kind != "RST"
        if segment.kind == "other" or segment.acknowledged != (self._sequence + 1) & 0xFFFFFFFF:
            return
        made = self._numbered(segment.echoed) if segment.echoed is not None else None
        if made is None and self.end is None:
            made = self._only_open(beyond=self.last)
            self.reached = self.reached or made is None
        if made is not None and made.open:
            made.answered(self.place.address, segment.kind, segment.at)

    async def close(self) -> None:
        """Leave nothing on its way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = set()
        await super().close()


def payload_of(kind: PathPayload, number: int, host: str, fixed: bytes) -> bytes:
    """A datagram of this kind with a number of 16 bits in it; all numbers give the same size.

    Args:
        kind: the protocol.
        number: what an answer or an ICMP error returns.
        host: the name that a DNS query asks for.
        fixed: 32 random bytes, for all datagrams of a ladder the same.
    """
    mark, balance = number.to_bytes(2), (number ^ 0xFFFF).to_bytes(2)  # together they add nothing to a checksum
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
    """The number that an answer returns (None: its protocol returns none), and what the answer is in words.

    Raises:
        ValueError: it is no answer.
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
