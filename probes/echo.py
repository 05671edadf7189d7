"""Does a device's cloud server echo datagrams, as the Internet Test of Device OS 5.6 and later expects?

Each packet has a DTLS record header with a content type used for nothing else (252), the device's index of the
interface in the epoch field, and a random payload. The server should send the packet back. There are two forms
(system_connection_manager.cpp):

1 (5.6 to 5.8, 6.0 to 6.1): the next packet is sent when the last one was echoed, or else after 500 ms. The device
  sends for 2.5 s, and then waits up to 2.5 s more for missing echoes. An echo equals the last packet sent, byte for
  byte.
2 (5.9, 6.2): a packet every 250 ms, ten at most, 5 s in all. An echo is recognised by its header; its payload is not
  compared.

A device continues to the end of its test time, and ranks its interfaces by the number of echoes. Here sending stops
after the first echo, which is enough to show that the server can be reached.
"""

import asyncio
import os
import random
import struct
from typing import Literal, NamedTuple

from msgspec.structs import replace

from netpreflight.probes.net.exchange import MOST_IGNORED
from netpreflight.probes.net.payload_shapes import ECHO
from netpreflight.probes.net.sockets import AddressOf, Datagram, Network, Refusal
from netpreflight.probes.net.witnesses import bounded, unread
from netpreflight.probes.observations import KEPT_BYTES, Attempt, Echo, EchoPacket, EchoTest

CONTENT_TYPE = 252
EPOCH_BASE = 0x8000
"""The bit that is always set in the epoch field; the others hold the device's index of the interface."""
LARGEST_PAYLOAD = {1: 255, 2: 511}
"""In bytes, for each form; the firmware's random numbers never reach their upper bound."""
GAP_S = {1: 0.5, 2: 0.25}
"""The time between two packets, for each form."""
MOST_PACKETS = {1: 5, 2: 10}
"""The most packets, for each form. Form 1 is limited by time only: without an echo, five packets fit in."""
GIVE_UP_S = 5.0
_DTLS_1_2 = 0xFEFD
_HEADER = struct.Struct("!BHH6sH")  # type, version, epoch, sequence field, length


class EchoTarget(NamedTuple):
    """A server to test, the form of the test, and the interface index that the packets carry."""

    form: Literal[1, 2]
    host: str
    port: int
    interface: int


async def echo(network: Network, targets: list[EchoTarget], address_of: AddressOf) -> Echo:
    """Test all targets at the same time.

    Raises:
        OSError: the interface cannot be used.
    """
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_try(network, target, address_of)) for target in targets]
    return Echo(tests=[task.result() for task in tasks])


def packet(form: Literal[1, 2], interface: int, sequence: int, clock_ms: int, payload: bytes) -> bytes:
    """Build an echo packet; `clock_ms`, the sender's clock, is used in form 2 only."""
    if form == 1:
        field = struct.pack("!IH", sequence & 0xFFFFFFFF, 0)
    else:
        field = struct.pack("!IH", clock_ms & 0xFFFFFFFF, sequence & 0xFFFF)
    return _HEADER.pack(CONTENT_TYPE, _DTLS_1_2, EPOCH_BASE | interface, field, len(payload)) + payload


def require_same(last: bytes, datagram: bytes) -> None:
    """Check an echo as form 1 does.

    Raises:
        ValueError: the datagram is not the last packet that was sent.
    """
    if len(datagram) != len(last):
        raise ValueError(f"{len(datagram)} bytes instead of {len(last)}")
    if datagram != last:
        raise ValueError("not the bytes of the last packet sent")


def sequence_in(datagram: bytes, interface: int, next_sequence: int, clock_ms: int) -> int:
    """The sequence number of an echo of form 2, checked as the firmware does (receiveTestPacket()).

    Args:
        datagram: the datagram received.
        interface: the interface index that the packets carry.
        next_sequence: the number of the packet that would be sent next.
        clock_ms: the sender's clock now.

    Raises:
        ValueError: a device would not accept the datagram.
    """
    if len(datagram) < _HEADER.size:
        raise ValueError("too short for the header")
    _, _, epoch, field, length = _HEADER.unpack_from(datagram)
    if epoch < EPOCH_BASE or epoch & ~EPOCH_BASE != interface:
        raise ValueError(f"epoch {epoch:04x} instead of {EPOCH_BASE | interface:04x}")
    if length != len(datagram) - _HEADER.size:
        raise ValueError(f"a payload of {len(datagram) - _HEADER.size} bytes instead of {length}")
    stamp, sequence = struct.unpack("!IH", field)
    if sequence > next_sequence:
        raise ValueError(f"sequence number {sequence}, which was not sent")
    # The firmware requires a time before now; in a lab an echo can arrive within the same millisecond.
    if stamp > clock_ms:
        raise ValueError("sent in the future")
    return int(sequence)


async def _try(network: Network, target: EchoTarget, address_of: AddressOf) -> EchoTest:
    """Test one target."""
    address = await address_of(target.host)
    test = EchoTest(form=target.form, host=target.host, port=target.port, interface=target.interface, address=address)
    if address is None:
        return test

    async def converse() -> EchoTest:
        return await _Conversation(network, test, address).run()

    return await bounded(converse(), lambda why: replace(test, ignored=[unread(network, address, target.port, why)]))


class _Conversation:
    """One test: what was sent, and what came back."""

    def __init__(self, network: Network, test: EchoTest, address: str) -> None:
        self._network = network
        self._test = test
        self._peer = (address, test.port)
        self._sock = network.udp("reachability echo", ECHO, test.host)
        self._sock.expect(test.port, address)
        self._sent: list[tuple[float, bytes]] = []
        """The time (monotonic clock) and bytes of each packet sent."""
        self._packets: list[EchoPacket] = []
        self._ignored: list[Attempt] = []
        self._begun = network.clock.monotonic()

    async def run(self) -> EchoTest:
        """Send until an echo arrives or the time is over."""
        form = self._test.form
        end = self._network.limit(self._begun, GIVE_UP_S)
        answered = False
        with self._network.waiting("udp", end, since=self._begun, port=self._test.port):
            for number in range(MOST_PACKETS[form]):
                due = self._begun + number * GAP_S[form]
                if due >= end:
                    break
                self._send(number)
                last = number + 1 == MOST_PACKETS[form]
                answered = await self._listen(end if last else min(due + GAP_S[form], end))
                if answered:
                    break
        return replace(
            self._test,
            packets=self._packets,
            ignored=self._ignored,
            stopped_early=answered,
            waited_s=round(self._network.clock.monotonic() - self._begun, 3),
        )

    def _clock_ms(self) -> int:
        """The sender's clock: milliseconds since the run began, as a device's counts from its start."""
        return int(self._network.elapsed() * 1000)

    def _send(self, number: int) -> None:
        """Send the packet with this number, and record it."""
        form = self._test.form
        payload = os.urandom(random.randint(1, LARGEST_PAYLOAD[form]))
        wire = packet(form, self._test.interface, number, self._clock_ms(), payload)
        at = self._network.clock.monotonic()
        error = self._sock.send(wire, *self._peer)
        self._sent.append((at, wire))
        self._packets.append(
            EchoPacket(
                at_s=self._network.elapsed(at),
                sequence=number,
                size=len(wire),
                sent=wire[:KEPT_BYTES].hex(),
                error=error,
            )
        )

    async def _listen(self, until: float) -> bool:
        """Read until `until` (monotonic clock); True as soon as an echo arrives that a device accepts."""
        while event := await self._sock.receive(until):
            if isinstance(event, Refusal):
                # A device carries on: its UDP stack does not report ICMP errors.
                if (event.address, event.port) == self._peer and self._packets[-1].icmp is None:
                    self._packets[-1] = replace(self._packets[-1], icmp=event.icmp)
            elif (event.address, event.port) != self._peer:
                self._ignore(event)
            elif self._accepts(event):
                return True
        return False

    def _accepts(self, event: Datagram) -> bool:
        """Record a reply with the packet that it answers; True: the reply is a valid echo.

        A reply that does not show which packet it answers is recorded with the last packet sent.
        """
        flaw: str | None = None
        number = len(self._sent) - 1
        try:
            if self._test.form == 1:
                require_same(self._sent[-1][1], event.payload)
            else:
                found = sequence_in(event.payload, self._test.interface, len(self._sent), self._clock_ms())
                number = min(found, number)
        except ValueError as problem:
            flaw = str(problem)
        before = self._packets[number]
        if flaw is not None and before.flaw is not None:
            return False  # one bad reply to a packet is evidence enough
        self._packets[number] = replace(
            before,
            echo_ms=None if flaw else round((event.at - self._sent[number][0]) * 1000, 2),
            reply=event.payload[:KEPT_BYTES].hex(),
            flaw=flaw,
        )
        return flaw is None

    def _ignore(self, event: Datagram) -> None:
        """Record a datagram that does not come from the server."""
        if len(self._ignored) < MOST_IGNORED:
            address, port = self._peer
            self._ignored.append(
                Attempt(
                    at_s=self._network.elapsed(event.at),
                    address=address,
                    port=port,
                    outcome="ignored",
                    reply=event.payload[:KEPT_BYTES].hex(),
                    source=event.source,
                    detail=f"came from {event.source} instead of {address}:{port}",
                )
            )
