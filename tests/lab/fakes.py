"""What fake servers are made of: one event loop in a thread, UDP and TCP servers on it, and what they received.

The fakes are callbacks in the test process; only their sockets belong to a namespace. A socket is bound before its fake
is returned, so no client can be early; an exception inside a fake makes the lab fail at its end. What the fakes say is
in `datagrams` (DNS, NTP, CoAP, DTLS, DHCP) and `streams` (HTTP, portals, Particle's TCP cloud).
"""

import asyncio
import errno
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar, cast

from tests.lab.namespaces import Namespace

T = TypeVar("T")
Address = tuple[str, int]


class Reactor:
    """One event loop in a thread, shared by all fakes of a lab; keeps every exception that a fake raised."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []
        self.closers: list[Callable[[], None]] = []  # called at the end, when no callback can run any more
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(self._failed)
        self._thread = threading.Thread(target=self.loop.run_forever, name="lab fakes", daemon=True)
        self._thread.start()

    def _failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        self.errors.append(error if isinstance(error, BaseException) else RuntimeError(str(context["message"])))

    def call(self, coroutine: Awaitable[T]) -> T:
        """Run a coroutine on the loop and wait for its result."""

        async def run() -> T:
            return await coroutine

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(timeout=10)

    def close(self) -> None:
        """Stop every task and the loop."""
        self.call(self._cancel_all())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout=10)
        self.loop.close()
        for closer in self.closers:
            closer()

    async def _cancel_all(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # lets closed transports finish


@dataclass(frozen=True)
class Received:
    """One datagram, or one connection with what the client sent in it."""

    at: float  # time.monotonic()
    peer: Address
    data: bytes


@dataclass(frozen=True)
class Reply:
    """One datagram to send back."""

    data: bytes
    delay_s: float = 0.0
    elsewhere: bool = False  # from the fake's second address, not the one that was asked
    to: Address | None = None


Responder = Callable[[bytes, int], Iterable[Reply]]


@dataclass
class UdpFake(asyncio.DatagramProtocol):
    """A UDP server: `respond(datagram, how many came before it)` says what to send back."""

    respond: Responder
    must_fire: bool = True  # the lab fails at its end when nobody has spoken to this fake
    received: list[Received] = field(default_factory=list)
    transport: asyncio.DatagramTransport | None = None
    second: socket.socket | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport (asyncio calls this)."""
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Answer one datagram (asyncio calls this)."""
        before = len(self.received)
        self.received.append(Received(time.monotonic(), addr, data))
        for reply in self.respond(data, before):
            asyncio.get_running_loop().call_later(reply.delay_s, self._send, reply, reply.to or addr)

    def _send(self, reply: Reply, to: Address) -> None:
        if reply.elsewhere:
            assert self.second is not None, "this fake has no second address"
            self.second.sendto(reply.data, to)
        elif self.transport and not self.transport.is_closing():
            self.transport.sendto(reply.data, to)

    def close(self) -> None:
        """Close the sockets; call on the loop."""
        if self.transport:
            self.transport.close()
        if self.second:
            self.second.close()


@dataclass
class Relay(UdpFake):
    """A UDP server that answers some datagrams itself, and leads all others to a real server on another port.

    Each client has a socket of its own toward that server, so the server tells clients apart, and by their ports.
    """

    where: Namespace | None = None
    to: Address | None = None  # None: nothing is led on
    own: Callable[[bytes], bool] = bool
    upstream: dict[Address, socket.socket] = field(default_factory=dict)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Answer one datagram, or lead it on (asyncio calls this)."""
        if self.own(data):
            super().datagram_received(data, addr)
            return
        self.received.append(Received(time.monotonic(), addr, data))
        if self.to is None:
            return
        if addr not in self.upstream:
            assert self.where is not None, "a relay needs a namespace"
            sock = udp_socket(self.where, (self.to[0], 0))
            self.upstream[addr] = sock
            asyncio.get_running_loop().add_reader(sock, self._back, sock, addr)
        self.upstream[addr].sendto(data, self.to)

    def _back(self, sock: socket.socket, client: Address) -> None:
        self._send(Reply(sock.recv(65535)), client)

    def close(self) -> None:
        """Close the sockets; call on the loop."""
        super().close()
        for sock in self.upstream.values():
            asyncio.get_running_loop().remove_reader(sock)
            sock.close()


def udp_socket(where: Namespace, address: Address, device: str | None = None) -> socket.socket:
    """Bind a UDP socket in a namespace, optionally to one device and able to broadcast."""
    with where.entered():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(0)
    if device:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    sock.bind(address)
    return sock


def serve_udp(
    reactor: Reactor, where: Namespace, address: Address, respond: Responder, *, second: str | None = None,
    device: str | None = None,
) -> UdpFake:  # fmt: skip
    """Start a UDP fake; `second` is the address that replies marked `elsewhere` come from (same port)."""
    fake = UdpFake(respond)
    if second:
        fake.second = udp_socket(where, (second, address[1]))
    _start_udp(reactor, fake, udp_socket(where, address, device))
    return fake


def relay_udp(
    reactor: Reactor, where: Namespace, address: Address, to: Address | None, own: Callable[[bytes], bool],
    respond: Responder,
) -> Relay:  # fmt: skip
    """Start a relay from `address` to `to`; `respond` answers the datagrams that are its `own`."""
    fake = Relay(respond, where=where, to=to, own=own)
    _start_udp(reactor, fake, udp_socket(where, address))
    return fake


def _start_udp(reactor: Reactor, fake: UdpFake, sock: socket.socket) -> None:
    async def start() -> None:
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: fake, sock=sock)

    reactor.call(start())


Handler = Callable[["TcpFake", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class TcpFake:
    """A TCP server; `received` has one entry per connection."""

    handle: Handler
    reactor: Reactor
    must_fire: bool = True  # the lab fails at its end when nobody has connected
    received: list[Received] = field(default_factory=list)
    log: list[str] = field(default_factory=list)  # HTTP: "host path -> status"
    servers: list[asyncio.Server] = field(default_factory=list)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        self.received.append(Received(time.monotonic(), writer.get_extra_info("peername"), b""))
        try:
            await self.handle(self, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            pass  # the client went away, or the lab ends
        except Exception as error:  # noqa: BLE001 - kept, and raised at the end of the lab
            if not (isinstance(error, OSError) and error.errno == errno.ENOTCONN):  # it went away just before a FIN
                self.reactor.errors.append(error)
        finally:
            writer.close()

    def close(self) -> None:
        """Stop listening; call on the loop."""
        for server in self.servers:
            server.close()


def serve_tcp(
    reactor: Reactor, where: Namespace, addresses: Iterable[Address], handle: Handler, *,
    tls: ssl.SSLContext | None = None,
) -> TcpFake:  # fmt: skip
    """Start a TCP server on several addresses of a namespace."""
    fake = TcpFake(handle, reactor)
    for address in addresses:
        with where.entered():
            sock = socket.create_server(address)
        fake.servers.append(reactor.call(asyncio.start_server(fake.connected, sock=sock, ssl=tls)))
    return fake
