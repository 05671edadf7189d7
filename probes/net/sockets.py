"""Sockets bound to the interface under test, which count everything that is sent.

Every probe sends through here, so that no probe can use another interface, and `footprint` cannot miss a packet.
"""

import asyncio
import contextlib
import errno
import ipaddress
import itertools
import os
import random
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from types import TracebackType
from typing import Any, Literal, Self

from netpreflight.probes.net import filters
from netpreflight.probes.net.clock import CLOCK, Clock
from netpreflight.probes.net.inbox import MOST_AT_ONCE, Expected, Inbox
from netpreflight.probes.net.payload_shapes import TCP_CONNECT, TCP_SYN, Shape
from netpreflight.probes.net.unasked import UnaskedWatch
from netpreflight.probes.observations import (
    UDP_OVERHEAD,
    Contact,
    Event,
    EventKind,
    Icmp,
    Protocol,
    Unasked,
    WaitedFor,
    Waiting,
)
from netpreflight.systems import SYSTEM
from netpreflight.systems.interface import IcmpReport, UnnamedError

TCP_OVERHEAD = 52
"""Bytes of IPv4 and TCP header with timestamps, the usual size of a segment without data."""
SYN_SIZE = 60
"""Bytes of Linux's SYN, from the IP header on."""
UNREAD_S = 0.3
"""How long a connection that was accepted is kept before it is reset."""
CLOSING_SEGMENTS = 2
"""FIN and the last ACK, which the kernel sends after its count of segments was read for the last time."""
MOST_RUN_S = 19.0
LEAST_PATIENCE_S = 10.0
LARGEST_DATAGRAM = 4096
MOST_STRANGERS = 64
"""How many datagrams that cannot be an answer are kept; after these, the kernel is told to drop them."""

MOST_EVENTS = 20_000
"""The most events of one run that are given to the trace: more would be a flood."""

_PORT_UNREACHABLE = (3, 3)  # RFC 792
LEAST_PORT = 1024
"""Lower ports need a privilege."""
PORT_TRIES = 8

AddressOf = Callable[[str], Awaitable[str | None]]
"""Gives the IPv4 address that a device would use for a host, as soon as it is known; None: the host has none."""
Trace = Callable[[Event], None]
"""Called with everything that is sent, heard and asked, as it happens (for `--debug`)."""
OnWaiting = Callable[[tuple[Waiting, ...]], None]
"""Called with everything that the probes wait for, whenever that changes."""


@dataclass(frozen=True, slots=True)
class Datagram:
    """A UDP datagram that arrived."""

    payload: bytes
    address: str
    port: int
    at: float

    @property
    def source(self) -> str:
        """`address:port` of the sender."""
        return f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An ICMP error that quoted a datagram of ours to `address`:`port`."""

    icmp: Icmp
    address: str
    port: int
    at: float
    quoted: bytes = b""
    """The bytes of the datagram's payload that the error quoted: often none (RFC 792 asks for the UDP header only)."""


@dataclass(frozen=True, slots=True)
class SynResult:
    """The outcome of one SYN."""

    outcome: Literal["accepted", "refused", "icmp", "timeout", "error"]
    at: float
    icmp: Icmp | None = None
    quoted: bytes = b""
    """The bytes of the segment that an ICMP error quoted, from the TCP header on."""
    detail: str | None = None


async def _connect(sock: socket.socket, to: tuple[str, int]) -> None:
    """Connect a socket, keeping the system's error message.

    Raises:
        OSError: with the system's message (asyncio would replace it by "Connect call failed").
    """
    try:
        await asyncio.get_running_loop().sock_connect(sock, to)
    except OSError as problem:
        # On Windows asyncio keeps the system's message; its error numbers are not those of C.
        if problem.errno is None or hasattr(problem, "winerror"):
            raise
        raise OSError(problem.errno, os.strerror(problem.errno)) from problem


def how_it_failed(problem: OSError) -> str:
    """Why a connection failed: `timeout`, `refused`, `reset`, or the system's error message."""
    kinds = ((TimeoutError, "timeout"), (ConnectionRefusedError, "refused"), (ConnectionResetError, "reset"))
    return next((word for kind, word in kinds if isinstance(problem, kind)), problem.strerror or str(problem))


class UdpSocket:
    """An unconnected UDP socket: it also receives answers from a wrong address, and ICMP errors with their sender."""

    def __init__(
        self,
        network: "Network",
        purpose: str,
        shape: Shape,
        host: str | None,
        local_port: int = 0,
    ) -> None:
        self._network = network
        self._purpose = purpose
        self.shape = shape
        self._host = host
        self._inbox: Inbox[Datagram | Refusal] = Inbox(network.clock)
        self._expected: Expected | None = None
        self._strangers = 0
        self._refusals = 0
        self._was_refused = False
        self._on_unnamed: Callable[[UnnamedError, float], None] = lambda *_: None
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._told_by: socket.socket | None = None
        """The socket through which the system reports ICMP errors; None: through the UDP socket itself."""
        try:
            self.socket.settimeout(0)
            network.bind_to_interface(self.socket)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            self._told_by = SYSTEM.report_icmp_errors(self.socket)
            self.socket.bind(("", local_port))
        except OSError:
            self._close_both()
            raise
        self._inbox.watch(self.socket)
        if self._told_by is not None:
            asyncio.get_running_loop().add_reader(self._told_by.fileno(), self._read_errors)
        asyncio.get_running_loop().add_reader(self.socket.fileno(), self._on_readable)

    def expect(self, port: int, address: str | None = None, mark: bytes = b"", mark_at: int = 0) -> None:
        """Set what an answer looks like, so that a flood of anything else does not hide it.

        Args:
            port: the port that an answer comes from.
            address: the address that an answer comes from; None: any.
            mark: bytes that every answer has, such as the id of the question.
            mark_at: offset of `mark` in the payload.
        """
        self._expected = Expected(port, address, mark, mark_at)
        if self._strangers > MOST_STRANGERS:
            filters.attach(self.socket, filters.datagrams(address, port, mark, mark_at))

    def tell_unnamed(self, on_unnamed: Callable[[UnnamedError, float], None]) -> None:
        """If the system reports ICMP errors without their sender, call `on_unnamed` with each error and its time."""
        self._on_unnamed = on_unnamed
        SYSTEM.report_unnamed_errors(self.socket)

    def take_lost(self) -> bool:
        """Whether, since the last call, more arrived than could be read, so that an answer may have been lost."""
        return self._inbox.take_lost()

    def take_refused(self) -> bool:
        """Whether, since the last call, Windows has reported that a datagram was refused; it does not say by whom."""
        was_refused, self._was_refused = self._was_refused, False
        return was_refused

    def send(
        self, payload: bytes, address: str, port: int, *, ttl: int | None = None, shape: Shape | None = None
    ) -> str | None:
        """Send a datagram; returns the system's error message, or None if it was sent.

        Args:
            payload: what to send.
            address: IPv4 address to send to.
            port: UDP port to send to.
            ttl: time to live; None: leave the socket's.
            shape: the payload's shape, if it is not the socket's own.
        """
        if ttl is not None:
            self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
        for _ in range(MOST_AT_ONCE):
            refusals_before = self._refusals
            try:
                self.socket.sendto(payload, (address, port))
                break
            except ConnectionResetError:  # an earlier datagram was refused: Windows reports it once, and sends nothing
                self._was_refused = True
            except OSError as problem:
                # The system may report an earlier ICMP error here, and has then sent nothing. The same error is on
                # the error queue: read it from there, and send again.
                self._on_readable()
                if self._refusals == refusals_before:
                    return self._unsent(problem.strerror or str(problem), address, port)
        else:
            return self._unsent("the system refused each attempt to send", address, port)
        shape = shape or self.shape
        self._network.count(
            "udp",
            self._host,
            address,
            port,
            packets=1,
            size=len(payload) + UDP_OVERHEAD,
            purpose=self._purpose,
            shape=shape,
        )
        self._note("sent", address, port, ttl=ttl, shape=shape.name, payload=payload)
        return None

    async def receive(self, deadline: float) -> Datagram | Refusal | None:
        """The next datagram or ICMP error, or None if none arrives before `deadline` (monotonic clock)."""
        return await self._inbox.take(deadline)

    def forget(self) -> None:
        """Drop what has arrived so far: it cannot answer anything that is sent from now on."""
        self._on_readable()
        self._inbox.clear()

    @property
    def port(self) -> int:
        """Our own port."""
        port: int = self.socket.getsockname()[1]
        return port

    def close(self) -> None:
        """Close the socket."""
        if self.socket.fileno() >= 0:
            for sock in filter(None, (self.socket, self._told_by)):
                asyncio.get_running_loop().remove_reader(sock.fileno())
            self._close_both()

    def _close_both(self) -> None:
        self.socket.close()
        if self._told_by is not None:
            self._told_by.close()

    def _unsent(self, problem: str, address: str, port: int) -> str:
        """Report to the trace why a datagram was not sent; returns the reason."""
        self._note("failed", address, port, detail=problem)
        return problem

    def _note(self, what: EventKind, address: str, port: int, **about: Any) -> None:
        """Report a datagram to the trace."""
        self._network.note(what, self._purpose, protocol="udp", host=self._host, address=address, port=port, **about)

    def forbid_fragments(self) -> None:
        """Set the DF bit on datagrams that are sent from now on."""
        SYSTEM.forbid_fragments(self.socket)

    def _on_readable(self) -> None:
        """Queue the ICMP errors and datagrams that have arrived, MOST_AT_ONCE of each."""
        self._read_errors()
        for _ in range(MOST_AT_ONCE):  # the loop calls again while there is more
            try:
                received = SYSTEM.receive(self.socket, LARGEST_DATAGRAM)
            except BlockingIOError:
                self._inbox.is_read_empty()
                return
            except ConnectionResetError:  # WSAECONNRESET; only Windows reports it for UDP
                self._was_refused = True
                continue
            except OSError:
                self._read_errors()
                continue
            if isinstance(received, UnnamedError):
                self._was_refused = self._was_refused or (received.type, received.code) == _PORT_UNREACHABLE
                self._on_unnamed(received, self._network.clock.monotonic())
                continue
            payload, (address, port) = received
            fits = self._expected is None or self._expected.fits(payload, address, port)
            self._inbox.has_read_one(fits=fits)
            if self._expected is not None and not fits:
                self._strangers += 1
                if self._strangers == MOST_STRANGERS + 1:
                    self._inbox.is_filtered(self.socket, self._expected.tests)
                if self._strangers > MOST_STRANGERS:
                    continue
            at = self._network.clock.monotonic()
            self._inbox.put(Datagram(payload, address, port, at))
            self._note("heard", address, port, at=at, payload=payload)

    def _read_errors(self) -> None:
        """Queue the ICMP errors that the system has for this socket, MOST_AT_ONCE of them."""
        for report in itertools.islice(SYSTEM.icmp_errors(self.socket, self._told_by), MOST_AT_ONCE):
            if report.to is None:
                continue
            self._refusals += 1
            at = self._network.clock.monotonic()
            self._inbox.put(Refusal(report.icmp, *report.to, at, report.quoted))
            self._note("icmp", *report.to, at=at, icmp=report.icmp, payload=report.quoted)


async def _streams(sock: socket.socket, tls: ssl.SSLContext | None, name: str) -> tuple["_Reader", "_Writer"]:
    """Like `asyncio.open_connection` for a connected socket, with streams that count bytes."""
    loop = asyncio.get_running_loop()
    reader = _Reader(limit=LARGEST_DATAGRAM, loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport, _ = await loop.create_connection(
        lambda: protocol, sock=sock, ssl=tls, server_hostname=name if tls else None
    )
    return reader, _Writer(transport, protocol, reader, loop)


def _sent(sock: socket.socket) -> tuple[int, int]:
    """The segments and bytes that a TCP connection has sent so far; a lower bound where the OS does not report it."""
    return SYSTEM.segments_sent(sock) or (1, 0)


def _is_connected(sock: socket.socket) -> bool:
    """Whether the socket is connected, so that its connection still has to be closed."""
    try:
        sock.getpeername()
    except OSError:
        return False
    return True


def _in_words(problem: int) -> str:
    """The system's message for a socket's error number; on Windows these numbers are not those of C."""
    messages: dict[int, str] = getattr(socket, "errorTab", {})
    return messages.get(problem) or os.strerror(problem)


class _Reader(asyncio.StreamReader):
    """A stream reader that counts the bytes it has received."""

    heard = 0

    def feed_data(self, data: Any) -> None:
        """Count what was received, and pass it on."""
        self.heard += len(data)
        super().feed_data(data)


class _Writer(asyncio.StreamWriter):
    """A stream writer that counts the bytes it has sent."""

    sent = 0

    def write(self, data: Any) -> None:
        """Count what is sent, and send it."""
        self.sent += len(data)
        super().write(data)


class Network:
    """The interface under test: makes sockets that use it and nothing else, and counts what they send.

    Args:
        interface: its name.
        started: when the run began, on the monotonic clock.
        most_run_s: how many seconds the whole run may take.
        clock: gives the time for every measurement.
        trace: called with everything that is sent, heard and asked; None: no trace is kept.
        on_waiting: called with what the probes wait for.
        own_addresses: gives the IPv4 addresses of this laptop, on all its interfaces.
    """

    def __init__(
        self,
        interface: str,
        started: float,
        most_run_s: float = MOST_RUN_S,
        *,
        clock: Clock = CLOCK,
        trace: Trace | None = None,
        on_waiting: OnWaiting = lambda _: None,
        own_addresses: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self.interface = interface
        self.clock = clock
        self.restorations: list[Callable[[], str | None]] = []
        """What probes have to restore before the run ends: each function names it (None: nothing to restore now)."""
        self.at_end: list[Callable[[], Awaitable[None]]] = []
        """Functions to call once all probes have ended, before the sockets are closed."""
        self._trace = trace
        self._events_reported = 0
        self._on_waiting = on_waiting
        self._waiting: tuple[Waiting, ...] = ()
        self._started = started
        self._most_run_s = most_run_s
        self._own_addresses = own_addresses
        self._contacts: dict[tuple[Protocol, str | None, str, int, str], Contact] = {}
        self._sockets: list[UdpSocket] = []
        self._unasked: UnaskedWatch | None = None
        self._unread: dict[socket.socket, Callable[[], None]] = {}
        """Accepted connections that are no longer read, each with the function that resets it."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Sockets stay open until here: a late reply to a closed port would make the kernel send an ICMP error.
        for sock in self._sockets:
            sock.close()
        self._reset_all()
        if self._unasked is not None:
            self._unasked.close()

    def limit(self, begun: float, patience_s: float) -> float:
        """When an exchange that began at `begun` has to end: after `patience_s`, or with the run (monotonic clock).

        An exchange that begins late still gets LEAST_PATIENCE_S, even if the run then takes longer.
        """
        return min(begun + patience_s, max(self._started + self._most_run_s, begun + LEAST_PATIENCE_S))

    def elapsed(self, at: float | None = None) -> float:
        """Seconds since the run started, for a value of the monotonic clock (now, if none is given)."""
        return round((self.clock.monotonic() if at is None else at) - self._started, 4)

    def note(
        self, what: EventKind, purpose: str, *, at: float | None = None, payload: bytes = b"", **about: Any
    ) -> None:
        """Report an event to the trace.

        Args:
            what: see `Event.what`.
            purpose: see `Event.purpose`.
            at: when it happened, on the monotonic clock; None: now.
            payload: what was sent or heard.
            about: more fields of an `Event`.
        """
        if self._trace is None or self._events_reported > MOST_EVENTS:
            return
        self._events_reported += 1
        if self._events_reported > MOST_EVENTS:
            self._trace(Event(at_s=self.elapsed(), what="no-more", purpose="debug"))
            return
        if payload:
            about = {"size": len(payload), **about, "payload": payload.hex()}
        self._trace(Event(at_s=self.elapsed(at), what=what, purpose=purpose, **about))

    def asked(self, part: str, method: str, outcome: str) -> None:
        """Report to the trace a call to a part of this system and its outcome, without its arguments and result."""
        self.note("asked", part, method=method, outcome=outcome)

    @contextlib.contextmanager
    def waiting(
        self, what: WaitedFor, until: float, *, since: float | None = None, port: int | None = None
    ) -> Iterator[None]:
        """Report through `on_waiting` that something is waited for, until the `with` block ends.

        Args:
            what: see `Waiting.what`.
            until: when the waiting ends at the latest, on the monotonic clock.
            since: when the waiting began, on the same clock; None: now.
            port: see `Waiting.port`.
        """
        began = self.clock.monotonic() if since is None else since
        entry = Waiting(what=what, since=began, until=until, port=port)
        self._waiting = (*self._waiting, entry)
        self._on_waiting(self._waiting)
        try:
            yield
        finally:
            self._waiting = tuple(other for other in self._waiting if other is not entry)
            self._on_waiting(self._waiting)

    def bind_to_interface(self, sock: socket.socket) -> None:
        """Tie a socket to the interface, whatever the routing table prefers.

        Raises:
            OSError: the system does not allow it.
        """
        self._bind(sock)

    @cached_property
    def _bind(self) -> Callable[[socket.socket], None]:
        """The function that ties a socket to the interface; kept, since some systems look it up in a long list."""
        return SYSTEM.binder(self.interface)

    def refuse_own(self, address: str) -> None:
        """Raise if an address cannot be that of another single host. Call it before asking something no device asks.

        The network names the servers of such questions (DHCP option 114, its resolver). It must not be able to make
        this laptop ask itself, or a link-local service that only this laptop reaches.

        Raises:
            OSError: the address is this laptop's own, loopback, link-local, or not one host's.
        """
        parsed = ipaddress.IPv4Address(address)
        if parsed.is_loopback or address in self._own_addresses():
            raise OSError(f"{address} is this laptop's own address, so nothing was asked there")
        if parsed.is_link_local:
            raise OSError(f"{address} is a link-local address, so nothing was asked there")
        if parsed.is_multicast or parsed.is_reserved or parsed.packed[0] == 0:
            raise OSError(f"{address} is not the address of one host")

    def udp(self, purpose: str, shape: Shape, host: str | None = None, *, local_port: int = 0) -> UdpSocket:
        """A UDP socket on the interface, closed when the run ends."""
        sock = UdpSocket(self, purpose, shape, host, local_port)
        self._sockets.append(sock)
        return sock

    def udp_on_random_port(self, purpose: str, shape: Shape, host: str | None = None) -> UdpSocket:
        """Like `udp()`, on a random port of the whole range; the system would choose from a smaller range."""
        for _ in range(PORT_TRIES):
            with contextlib.suppress(OSError):  # in use
                return self.udp(purpose, shape, host, local_port=random.randrange(LEAST_PORT, 2**16))
        return self.udp(purpose, shape, host)

    def watch_unasked(self, port: int, *, errors_only: bool = False) -> None:
        """From now on, count datagrams and ICMP errors that come to ports of this laptop from which nothing was asked.

        Args:
            port: the port of the servers in whose name they come.
            errors_only: count only ICMP errors about datagrams to that port, and no datagrams from it: other programs
                of this laptop may talk with such servers.
        """
        if self._unasked is None:
            self._unasked = UnaskedWatch(self.interface, lambda: {sock.port for sock in self._sockets})
        self._unasked.watch(port, errors_only=errors_only)

    def unasked(self, address: str, port: int) -> Unasked:
        """What has come unasked in a server's name since `watch_unasked()` was called for its port."""
        return self._unasked.seen(address, port) if self._unasked is not None else Unasked()

    @contextlib.asynccontextmanager
    async def tcp(
        self,
        purpose: str,
        host: str | None,
        address: str,
        port: int,
        *,
        timeout_s: float,
        tls: ssl.SSLContext | None = None,
        shape: Shape = TCP_CONNECT,
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A TCP connection over the interface, with TLS if a context is given; closed and counted on leaving.

        Raises:
            TimeoutError: not connected within `timeout_s`.
            OSError: refused, reset, or unreachable.
            ssl.SSLError: the TLS handshake failed.
        """
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        writer: _Writer | None = None
        note = partial(self.note, purpose=purpose, protocol="tcp", host=host, address=address, port=port)
        try:
            sock.settimeout(0)
            self.bind_to_interface(sock)
            note("open", shape=shape.name)
            try:
                with self.waiting("tcp", self.clock.monotonic() + timeout_s, port=port):
                    async with asyncio.timeout(timeout_s):
                        await _connect(sock, (address, port))
                        reader, writer = await _streams(sock, tls, host or address)
            except (OSError, asyncio.CancelledError) as problem:
                note("failed", detail=how_it_failed(problem) if isinstance(problem, OSError) else "given up")
                raise
            note("opened")
            yield reader, writer
        finally:
            self._count_tcp(sock, purpose, host, (address, port), shape)
            if writer is None:
                sock.close()
            else:
                note("closed", sent=writer.sent, heard=reader.heard)
                writer.close()
                with contextlib.suppress(OSError, TimeoutError):
                    async with asyncio.timeout(0.2):
                        await writer.wait_closed()

    async def syn(
        self, purpose: str, host: str | None, address: str, port: int, *, ttl: int, timeout_s: float
    ) -> SynResult:
        """Send one SYN with this TTL, and abort the connection as soon as anything arrives.

        Args:
            purpose: of the SYN, for the footprint.
            host: the host's name, for the footprint.
            address: IPv4 address.
            port: TCP port.
            ttl: the SYN's time to live.
            timeout_s: how long to wait; less than 1 s, after which the system would send another SYN.
        """
        note = partial(self.note, purpose=purpose, protocol="tcp", host=host, address=address, port=port, ttl=ttl)
        note("open", shape=TCP_SYN.name)
        result = await self._syn(purpose, host, (address, port), ttl, timeout_s)
        if result.outcome == "accepted":
            note("opened", at=result.at)
        elif result.outcome == "icmp":
            note("icmp", at=result.at, icmp=result.icmp, payload=result.quoted)
        else:
            note("failed", at=result.at, detail=result.detail or result.outcome)
        return result

    async def _syn(self, purpose: str, host: str | None, to: tuple[str, int], ttl: int, timeout_s: float) -> SynResult:
        """Send the SYN, and wait for its outcome."""
        loop = asyncio.get_running_loop()
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        is_kept, told_by = False, None
        reports: list[IcmpReport] = []
        try:
            sock.settimeout(0)
            self.bind_to_interface(sock)
            told_by = SYSTEM.report_icmp_errors(sock)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            settled = asyncio.Event()
            problem = sock.connect_ex(to)
            if problem not in {0, errno.EINPROGRESS, errno.EWOULDBLOCK}:  # the last is Windows' word for it
                return SynResult("error", self.clock.monotonic(), detail=_in_words(problem))
            self.count("tcp", host, *to, packets=1, size=SYN_SIZE, purpose=purpose, shape=TCP_SYN)
            loop.add_writer(sock, settled.set)

            def hear() -> None:
                """Collect the ICMP errors about this SYN that have arrived."""
                reports.extend(SYSTEM.icmp_errors(sock, told_by))
                if reports:
                    settled.set()

            if told_by is not None:
                loop.add_reader(told_by, hear)
            try:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(settled.wait(), timeout_s)
            finally:
                loop.remove_writer(sock)
                if told_by is not None:
                    loop.remove_reader(told_by)
            if not settled.is_set():  # a busy laptop may notice the outcome and the end of the time at once
                return SynResult("timeout", self.clock.monotonic())
            problem = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # before `hear()`, which clears it
            hear()
            result = self._opened(problem, reports)
            is_kept = result.outcome == "accepted"
            if is_kept:
                filters.attach(sock, None)  # what still arrives is not answered
        except OSError as problem:
            return SynResult("error", self.clock.monotonic(), detail=problem.strerror or str(problem))
        else:
            return result
        finally:
            if is_kept:
                # A server that speaks first may have sent data by now. Closing at once would send it a second RST.
                self._unread[sock] = partial(self._reset, sock, purpose, host, to)
                loop.call_later(UNREAD_S, self._unread[sock])
            else:
                self._count_after_syn(sock, purpose, host, to)
                sock.close()
            if told_by is not None:
                told_by.close()

    def _reset(self, sock: socket.socket, purpose: str, host: str | None, to: tuple[str, int]) -> None:
        """Reset a connection, and count what it has sent besides its SYN, which is counted already."""
        if self._unread.pop(sock, None) is not None:
            sent, _ = _sent(sock)  # includes the SYN, which stands for the RST that `close()` will send
            self.count("tcp", host, *to, packets=sent, size=sent * TCP_OVERHEAD, purpose=purpose, shape=TCP_SYN)
            sock.close()

    def _count_after_syn(self, sock: socket.socket, purpose: str, host: str | None, to: tuple[str, int]) -> None:
        """Count the packets other than the SYN itself that the system sends for a SYN without a connection.

        On a busy laptop a wait of less than 1 s may take longer, so that the system sends the SYN again; or the
        connection is established just after the wait, and is reset.
        """
        if (more := _sent(sock)[0] - 1 + _is_connected(sock)) > 0:
            self.count("tcp", host, *to, packets=more, size=more * SYN_SIZE, purpose=purpose, shape=TCP_SYN)

    def _opened(self, problem: int, reports: list[IcmpReport]) -> SynResult:
        """The outcome of a SYN, from its socket's error number (0: accepted) and the ICMP errors reported for it."""
        at = self.clock.monotonic()
        if reports:
            return SynResult("icmp", at, reports[0].icmp, reports[0].quoted)
        if problem == 0:
            return SynResult("accepted", at)
        if problem == errno.ECONNREFUSED:
            return SynResult("refused", at)
        return SynResult("error", at, detail=_in_words(problem))

    def _count_tcp(
        self, sock: socket.socket, purpose: str, host: str | None, to: tuple[str, int], shape: Shape
    ) -> None:
        """Count what a connection has sent (tcp(7), TCP_INFO); a lower bound where the OS does not report it."""
        segments, data = _sent(sock)
        segments += CLOSING_SEGMENTS if _is_connected(sock) else 0
        size = segments * TCP_OVERHEAD + data
        self.count("tcp", host, *to, packets=segments, size=size, purpose=purpose, shape=shape)

    def count(
        self,
        protocol: Protocol,
        host: str | None,
        address: str,
        port: int,
        *,
        packets: int,
        size: int,
        purpose: str,
        shape: Shape,
    ) -> None:
        """Add packets to the footprint; `size` is their total in bytes, from the IP header on."""
        key = (protocol, host, address, port, purpose)
        counted = self._contacts.get(key)
        self._contacts[key] = Contact(
            protocol=protocol,
            host=host,
            address=address,
            port=port,
            packets=packets + (counted.packets if counted else 0),
            bytes=size + (counted.bytes if counted else 0),
            purpose=purpose,
            shapes=list(dict.fromkeys([*(counted.shapes if counted else []), shape.name])),
        )

    def footprint(self) -> list[Contact]:
        """Everything that was sent so far, in the order of first contact."""
        self._reset_all()
        return list(self._contacts.values())

    def _reset_all(self) -> None:
        """Reset the accepted connections that are still open."""
        for reset in [*self._unread.values()]:
            reset()
