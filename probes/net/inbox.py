"""What a socket has received: which of it may be an answer, what waits, and whether some of it may have been lost.

A flood must neither hide an answer nor hold the event loop, and where it may have hidden one, that has to be known.
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
"""The most packets that wait to be looked at: more would be a flood."""
FULL_QUEUE = 128
"""As many packets in a row may have filled a socket's buffer, so that the system dropped others."""


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
        """The same for the kernel."""
        return filters.datagrams(self.address, self.port, self.mark, self.mark_at)


class Arrived(Protocol):
    """Something that arrived, and when, on the monotonic clock."""

    @property
    def at(self) -> float:
        """When."""


Arrival = TypeVar("Arrival", bound=Arrived)


class Inbox(Generic[Arrival]):
    """What a socket has received and nobody has taken yet, and whether some of it may have been lost."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: deque[Arrival] = deque()
        self._has_more = asyncio.Event()
        self._in_a_row = 0
        self._is_lost = False
        self._counted: dict[socket.socket, int] = {}
        """The sockets whose dropped packets the kernel counts, and how many those were."""
        self._strangers_are_dropped = False

    def watch(self, sock: socket.socket) -> None:
        """Go by the kernel's count of what it drops for a socket because its buffer is full, where it counts that."""
        if (drops := SYSTEM.dropped(sock)) is not None:
            self._counted[sock] = drops

    def is_filtered(self, sock: socket.socket, tests: list[filters.Test]) -> None:
        """Have the kernel drop what does not pass; its count then includes what it drops for that reason."""
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
        """Note that one more was read, whether or not it may be an answer; it was there already."""
        if self._strangers_are_dropped and not fits:
            return  # it came before the filter
        self._in_a_row += 1
        if not self._counted and self._in_a_row >= FULL_QUEUE:
            self._is_lost = True

    def is_read_empty(self) -> None:
        """Note that there is no more to read for now."""
        self._in_a_row = 0

    async def take(self, deadline: float) -> Arrival | None:
        """The next one that arrived before `deadline` (monotonic clock); None: none did."""
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
        """Forget what nobody has taken."""
        self._waiting.clear()

    def take_lost(self) -> bool:
        """Whether something may have been lost since the last call."""
        self._look_at_count()
        lost, self._is_lost = self._is_lost or self._in_a_row > MOST_AT_ONCE, False
        return lost

    def _look_at_count(self) -> None:
        for sock, before in self._counted.items():
            drops = SYSTEM.dropped(sock)
            self._is_lost = self._is_lost or drops not in {None, before}
            self._counted[sock] = before if drops is None else drops
