"""Packets with rising TTL to one port, and what comes of each: the rungs of a ladder.

A UDP ladder is one socket, and so one flow: a balancer by flow leads all its packets one way. Which of them an ICMP
error answers is told by the number that each payload carries and the error quotes; a DTLS or NTP payload carries its
complement, too, which keeps the checksum the same. Where an error quotes no payload (RFC 792 asks for eight bytes, the
UDP header), only a packet that is alone on its way can be told. A TCP ladder has one connection for each SYN, and so
another source port for each: the system allows one connection at a time from the same port to the same place.
"""

import asyncio
import os
import random
import struct
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal, NamedTuple

from probes import dtls
from probes.coap import reply_to
from probes.network import Datagram, Network, Refusal
from probes.observations import Icmp, Ladder, PathPayload, PathProbe, ProbeOutcome

SYN_WAIT_S = 0.9
"""Less than the 1 s after which the system sends a SYN again (RFC 6298 section 2)."""
_SOON_S = 0.4
KEPT_QUOTE = 32
MOST_UNPLACED = 32
_ACCEPTED = "SYN-ACK"
_TIME_EXCEEDED = (11, 0)
_DTLS_RANDOM = 25  # offset of the random in a ClientHello's record
_DTLS_NUMBER = (
    8  # within the 48 bits of the record's sequence number, which a HelloVerifyRequest repeats (RFC 6347 4.2.1)
)
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


class Place(NamedTuple):
    """Where a ladder leads."""

    host: str
    address: str


@dataclass(slots=True)
class Try:
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
    alone: bool = False
    """The error that came quotes too little, and this was the only packet on its way."""
    connecting: bool = False
    """A connection is being made."""

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


class Climb(ABC):
    """A ladder while it is asked."""

    def __init__(self, network: Network, place: Place, rungs: Rungs, purpose: str) -> None:
        self.network, self.place, self.rungs, self.purpose = network, place, rungs, purpose
        self.tries: list[Try] = []

    @property
    def end(self) -> int | None:
        """The lowest TTL at which a packet got to the destination, or to somebody who refuses it."""
        return min((one.ttl for one in self.tries if one.outcome in {"answered", "unreachable"}), default=None)

    @property
    def last(self) -> int:
        """The highest TTL that anybody answered; 0: none."""
        return max((one.ttl for one in self.tries if one.outcome not in {"timeout", "error"}), default=0)

    @property
    def top(self) -> int:
        """The highest TTL that was sent; 0: none."""
        return max((one.ttl for one in self.tries), default=0)

    @property
    def unplaced(self) -> list[Icmp]:
        """Errors that quoted too little to tell which packet they answer."""
        return []

    def asked(self, ttl: int) -> int:
        """How often a rung was asked."""
        return sum(one.ttl == ttl for one in self.tries)

    def has_answer(self, ttl: int) -> bool:
        """Whether anything came for a rung."""
        return any(one.ttl == ttl and not one.open for one in self.tries)

    most_packets = 1
    """What one try can take."""

    @property
    def packets(self) -> int:
        """What was sent, or may still have to be."""
        return len(self.tries)

    @abstractmethod
    def send(self, ttl: int) -> Try:
        """Ask a rung."""

    @abstractmethod
    async def listen(self, deadline: float) -> None:
        """Take what comes until `deadline` on the monotonic clock, or until nothing more is expected."""

    @abstractmethod
    async def close(self) -> None:
        """Leave nothing on its way."""

    @abstractmethod
    def seen(self) -> Ladder:
        """What came."""

    def _probes(self) -> list[PathProbe]:
        return [
            PathProbe(
                ttl=one.ttl,
                at_s=self.network.elapsed(one.at),
                outcome=one.outcome,
                icmp=one.icmp,
                source=one.source,
                rtt_ms=round((one.heard - one.at) * 1000, 2) if one.heard is not None else None,
                quoted=one.quoted[:KEPT_QUOTE].hex(),
                detail=one.detail,
                alone=one.alone,
            )
            for one in sorted(self.tries, key=lambda one: (one.ttl, one.at))
        ]


class UdpClimb(Climb):
    """A ladder of datagrams from one socket."""

    def __init__(self, network: Network, place: Place, rungs: Rungs, purpose: str) -> None:
        super().__init__(network, place, rungs, purpose)
        self.alone: Try | None = None
        self._sock = network.udp(purpose, place.host)
        self._first = random.getrandbits(16)
        self._fixed = os.urandom(32)
        self._unplaced: list[Icmp] = []
        self._strays = 0

    @property
    def unplaced(self) -> list[Icmp]:
        """Errors that quoted too little to tell which packet they answer."""
        return self._unplaced

    def send(self, ttl: int) -> Try:
        """Ask a rung."""
        number = (self._first + len(self.tries)) & 0xFFFF
        made = Try(ttl, time.monotonic(), payload_of(self.rungs.payload, number, self.place.host, self._fixed))
        self.tries.append(made)
        problem = self._sock.send(made.payload, self.place.address, self.rungs.port, ttl=ttl)
        if problem is not None:
            made.outcome, made.detail = "error", problem
        return made

    async def listen(self, deadline: float) -> None:
        """Take what comes until `deadline` on the monotonic clock, or until nothing more is expected."""
        while any(one.open for one in self.tries) and (event := await self._sock.receive(deadline)):
            self.hear(event)
            if self.alone is not None and not self.alone.open:
                return

    def hear(self, event: Datagram | Refusal) -> None:
        """Take one answer or ICMP error."""
        if (event.address, event.port) != (self.place.address, self.rungs.port):
            return
        if isinstance(event, Datagram):
            try:
                number, words = number_in(self.rungs.payload, event.payload)
            except ValueError:
                self._strays += 1
                return
            made = self._numbered(number)
            if made is None:
                self._strays += 1
            elif made.open:
                made.answered(event.address, words, event.at)
            return
        made = self._quoted(event.quoted)
        if made is None and self.alone is not None and self.alone.payload.startswith(event.quoted):
            made = self.alone
            made.alone = True
        if made is not None and made.open:
            made.refused(event.icmp, event.quoted, event.at)
        elif made is None and len(self._unplaced) < MOST_UNPLACED:
            self._unplaced.append(event.icmp)

    def _numbered(self, number: int) -> Try | None:
        place = (number - self._first) & 0xFFFF
        return self.tries[place] if place < len(self.tries) else None

    def _quoted(self, quoted: bytes) -> Try | None:
        """The one try of which this is the head; bytes beyond what was sent are a router's padding."""
        fits = [one for one in self.tries if quoted and one.payload[: len(quoted)] == quoted[: len(one.payload)]]
        return fits[0] if len(fits) == 1 else None

    async def close(self) -> None:
        """Leave nothing on its way; the socket is the network's to close."""

    def seen(self) -> Ladder:
        """What came."""
        return Ladder(
            protocol="udp",
            port=self.rungs.port,
            payload=self.rungs.payload,
            known_by=self.rungs.known_by,
            probes=self._probes(),
            strays=self._strays,
            unplaced=[one.source for one in self._unplaced],
        )


class TcpClimb(Climb):
    """A ladder of SYNs, each from a port of its own."""

    def __init__(self, network: Network, place: Place, rungs: Rungs, purpose: str) -> None:
        super().__init__(network, place, rungs, purpose)
        self._tasks: set[asyncio.Task[None]] = set()

    most_packets = 3
    """A SYN, and where it is accepted an ACK and a RST."""

    @property
    def packets(self) -> int:
        """What was sent, or may still have to be: a rung that was silent for a while is not expected to accept."""
        recent = time.monotonic() - _SOON_S
        accepted = sum(
            one.detail == _ACCEPTED or (one.connecting and one.at > recent and self.asked(one.ttl) == 1)
            for one in self.tries
        )
        return len(self.tries) + accepted * (self.most_packets - 1)

    def send(self, ttl: int) -> Try:
        """Ask a rung."""
        made = Try(ttl, time.monotonic(), connecting=True)
        self.tries.append(made)
        self._tasks.add(asyncio.create_task(self._open(made)))
        return made

    async def _open(self, made: Try) -> None:
        host, address = self.place
        opening = await self.network.syn(
            self.purpose, host, address, self.rungs.port, ttl=made.ttl, timeout_s=SYN_WAIT_S
        )
        made.connecting = False
        if opening.icmp is not None:
            made.refused(opening.icmp, opening.quoted, opening.at)
        elif opening.outcome == "error":
            made.outcome, made.detail = "error", opening.detail
        elif opening.outcome != "timeout":
            made.answered(address, _ACCEPTED if opening.outcome == "accepted" else "RST", opening.at)

    async def listen(self, deadline: float) -> None:
        """Take what comes until `deadline` on the monotonic clock, or until nothing more is expected."""
        if self._tasks:
            done, self._tasks = await asyncio.wait(self._tasks, timeout=max(deadline - time.monotonic(), 0))
            for one in done:
                one.result()

    async def close(self) -> None:
        """Leave nothing on its way."""
        for one in self._tasks:
            one.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = set()

    def seen(self) -> Ladder:
        """What came."""
        return Ladder(
            protocol="tcp",
            port=self.rungs.port,
            payload=self.rungs.payload,
            known_by=self.rungs.known_by,
            one_flow=False,
            probes=self._probes(),
        )


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
        hello = dtls.client_hello(fixed[:3] + balance + fixed[5:])  # offset 28: even, as the mark's is
        return hello[:_DTLS_NUMBER] + mark + hello[_DTLS_NUMBER + 2 :]
    if kind == "ntp":
        return _NTP_CLIENT + bytes(_NTP_TRANSMIT - 1) + mark + balance + fixed[: _NTP_SIZE - _NTP_TRANSMIT - 4]
    if kind == "dns":
        labels = b"".join(bytes([len(label)]) + label for label in host.encode("ascii", "replace").split(b".") if label)
        return mark + struct.pack("!HHHHH", 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", 1, 1)
    raise ValueError(f"no datagram has the payload {kind}")


def number_in(kind: PathPayload, datagram: bytes) -> tuple[int, str]:
    """The number that an answer returns, and what the answer is in words.

    Raises:
        ValueError: it is no answer.
    """
    if kind == "coap":
        number = int.from_bytes(datagram[2:4])
        return number, reply_to(number, datagram)
    if kind == "dtls":
        words = dtls.record_name(datagram)
        return int.from_bytes(datagram[_DTLS_NUMBER : _DTLS_NUMBER + 2]), words
    if kind == "ntp":
        if len(datagram) < _NTP_SIZE or datagram[0] & 7 != _NTP_SERVER:
            raise ValueError("not an NTP answer")
        return int.from_bytes(datagram[_NTP_ORIGIN : _NTP_ORIGIN + 2]), "NTP reply"
    if len(datagram) < 12 or not datagram[2] & _DNS_ANSWER:
        raise ValueError("not a DNS answer")
    return int.from_bytes(datagram[:2]), "DNS answer"
