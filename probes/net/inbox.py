"""The packets that a socket has received: which may be an answer, which are still queued, and whether some were lost.

A flood must neither hide an answer nor block the event loop; if it may have hidden an answer, the caller has to know.
"""

import asyncio
import socket
from collections import deque
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from netpreflight.probes.net import filters
from netpreflight.probes.net.clock import Clock
from netpreflight.systems import SYSTEM

MOST_AT_ONCE = 64
"""The most packets read from one socket before others get their turn."""
MOST_WAITING = 1024
"""The most packets that are queued for the caller: more would be a flood."""
FULL_QUEUE = 128
"""This many packets read in a row may have filled the socket's buffer, so that the system dropped others."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer looks like; see `UdpSocket.expect`."""

    port: int
    address: str | None
    mark: bytes
    mark_at: int

    def fits(self, payload: bytes, address: str, port: int) -> bool:
        """Whether a datagram may be an answer."""
        if port != self.port or self.address not in {None, address}:
            return False
        return payload.startswith(self.mark, self.mark_at)

    @property
    def tests(self) -> list[filters.Test]:
        """The same check as a filter for the kernel."""
        return filters.datagrams(self.address, self.port, self.mark, self.mark_at)


class Arrived(Protocol):
    """Something that arrived at a known time."""

    @property
    def at(self) -> float:
        """When it arrived, on the monotonic clock."""


Arrival = TypeVar("Arrival", bound=Arrived)


class Inbox(Generic[Arrival]):
    """A queue of what a socket has received; knows whether packets may have been lost."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: deque[Arrival] = deque()
        self._has_more = asyncio.Event()
        self._in_a_row = 0
        self._is_lost = False
        self._counted: dict[socket.socket, int] = {}
        """The sockets whose dropped packets the kernel counts, each with the count at the last look."""
        self._strangers_are_dropped = False

    def watch(self, sock: socket.socket) -> None:
        """Use the kernel's count of packets dropped because this socket's buffer was full, if there is such a count."""
        if (drops := SYSTEM.dropped(sock)) is not None:
            self._counted[sock] = drops

    def is_filtered(self, sock: socket.socket, tests: list[filters.Test]) -> None:
        """Have the kernel drop packets that fail the tests. Its drop count then includes these, so it is ignored."""
        self._look_at_count()
        if filters.attach(sock, tests):
            self._strangers_are_dropped = True
            self._counted.clear()

    def put(self, arrival: Arrival) -> None:
        """Add something that arrived, unless too much waits already."""
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(arrival)
            self._has_more.set()
        else:
            self._is_lost = True

    def has_read_one(self, *, fits: bool) -> None:
        """Note that a packet was read without waiting for it. Many in a row may mean that others were lost.

        `fits`: whether the packet may be an answer.
        """
        if self._strangers_are_dropped and not fits:
            return  # it came before the filter was set
        self._in_a_row += 1
        if not self._counted and self._in_a_row >= FULL_QUEUE:
            self._is_lost = True

    def is_read_empty(self) -> None:
        """Note that there is no more to read for now."""
        self._in_a_row = 0

    async def take(self, deadline: float) -> Arrival | None:
        """Wait for the next packet that arrives before `deadline` (monotonic clock); None: none did."""
        while not self._waiting:
            left_s = deadline - self._clock.monotonic()
            self._has_more.clear()
            try:
                async with asyncio.timeout(max(left_s, 0)):
                    await self._has_more.wait()
            except TimeoutError:
                return None
        return self._waiting.popleft() if self._waiting[0].at <= deadline else None

    def clear(self) -> None:
        """Empty the queue."""
        self._waiting.clear()

    def take_lost(self) -> bool:
        """Whether something may have been lost since the last call."""
        self._look_at_count()
        lost, self._is_lost = self._is_lost or self._in_a_row > MOST_AT_ONCE, False
        return lost

    def _look_at_count(self) -> None:
        """Note a loss if the kernel's drop count of any socket has changed since the last look."""
        for sock, before in self._counted.items():
            drops = SYSTEM.dropped(sock)
            self._is_lost = self._is_lost or drops not in {None, before}
            self._counted[sock] = before if drops is None else drops
