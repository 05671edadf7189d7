"""Does a device's own cloud endpoint answer in its own protocol?

`tcp-nonce` (Core, Photon, P1): connect and send nothing; the service sends first: 40 random bytes, the nonce
(lightssl_message_channel.cpp:151-198). The device allows 5 s for the connection and 20 s for the nonce, and then
connects again; here further connections are opened while the first one still waits. After a nonce one more connection
is made: a host that replays a recorded nonce sends the same nonce again.
`dtls` (Argon and later): a ClientHello at 0, 3, 9 and 21 s, given up at 45 s, as mbedTLS repeats it (after 3 s, doubled
each time, 24 s at most), each retransmission in a record with the next sequence number. Next, like a device, send the
ClientHello with the cookie that the server gave, and read the server's flight, whose signature a device checks; an
alert to the server ends the handshake. If the ClientHello with the cookie gets no answer, the ClientHello without a
cookie is sent again, both from the same port and from a new port: a firewall that blocks the known conversation drops
the one from the same port only, whereas a server that rejects ClientHellos with a cookie answers both.

Only a signature over our random proves that the sender of an answer has seen our ClientHello. Any other answer can come
from a host on this LAN that tries all ports in the server's name (a sweep). The probe watches for such a sweep; if this
process cannot see one, the server is asked once more from each of three random ports, and has to answer each promptly.
The same check decides whether an ICMP error that does not quote our random is genuine.

The caller chooses how long to wait: HURRIED gives up after 12 s (DTLS) or 15 s (TCP), AS_DEVICE when a device would.
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from netpreflight.probes.net import dtls
from netpreflight.probes.net.exchange import NEW_PORTS, PROMPT_S, Exchange, exchange, proves_nothing
from netpreflight.probes.net.payload_shapes import CLIENT_HELLO, COOKIE_HELLO, DTLS_ALERT
from netpreflight.probes.net.sockets import AddressOf, Datagram, Network, UdpSocket, how_it_failed
from netpreflight.probes.net.witnesses import bounded, unread
from netpreflight.probes.observations import Attempt, Cloud, CloudEndpoint, Connection, ServerFlight

CONNECT_S = 5.0
"""How long to wait for a TCP connection."""
NONCE_BYTES = 40
CONNECT_AT_S = (0.0, 3.0, 6.0)
"""When connections are opened: several, because a few lost segments can delay a single connection for a long time."""
ENOUGH_ENDED = 2
"""Stop after this many connections were refused, reset or closed: a further connection would show nothing new."""
SECOND_AT_S = (0.0, 3.0)
"""When the ClientHello with the cookie is sent, in seconds after the cookie came: mbedTLS repeats it after 3 s, too."""
SECOND_GIVE_UP_S = 5.0
"""How long to wait for an answer to the ClientHello with the cookie."""
AGAIN_S = 3.0
"""How long to wait for answers to the two ClientHellos that follow if the ClientHello with the cookie got none."""
LEAST_AGAIN_S = 1.0
"""These two ClientHellos are not sent if less time than this is left: a missing answer would then mean nothing."""
MOST_REMEMBERED = 64
"""How many datagrams are kept, to recognise those that come a second time."""
_QUIET_S = 0.2
"""After its nonce the device's cloud waits for the device; more bytes within this time mean another service."""


class Patience(NamedTuple):
    """How long to wait for an endpoint."""

    hello_at_s: tuple[float, ...]
    """When a ClientHello is sent, in seconds after the start."""
    hello_give_up_s: float
    """When waiting for an answer to the ClientHellos ends, in seconds after the start."""
    nonce_s: float
    """How long to wait for the nonce on one connection."""
    nonce_give_up_s: float
    """When the last connection is given up, in seconds after the start."""


HURRIED = Patience(hello_at_s=(0.0, 3.0, 9.0), hello_give_up_s=12.0, nonce_s=15.0, nonce_give_up_s=15.0)
"""Fits into the time of a usual run, and leaves time for the Internet Test, which a device makes afterwards."""
AS_DEVICE = Patience(
    hello_at_s=(0.0, 3.0, 9.0, 21.0),
    hello_give_up_s=45.0,
    nonce_s=20.0,
    nonce_give_up_s=CONNECT_AT_S[-1] + CONNECT_S + 20.0,
)
"""As long as a device waits (dtls_message_channel.cpp, lightssl_message_channel.cpp:151-198)."""


async def cloud(
    network: Network,
    endpoints: list[CloudEndpoint],
    address_of: AddressOf,
    patience: Patience = HURRIED,
    is_proved: Callable[[CloudEndpoint], bool] = lambda _: True,
    on_seen: Callable[[CloudEndpoint], None] = lambda _: None,
) -> Cloud:
    """Try all endpoints at the same time.

    Args:
        network: the interface to send through.
        endpoints: the endpoints to try, with transport, host and port.
        address_of: gives the address of a host.
        patience: how long to wait for each endpoint.
        is_proved: whether the DTLS server that answered has signed our random with a known key.
        on_seen: called with each endpoint as soon as something answers, and again with its final result.

    Raises:
        OSError: the interface cannot be used.
    """

    async def attempt(endpoint: CloudEndpoint) -> CloudEndpoint:
        """Try one endpoint, and report the result."""
        address = await address_of(endpoint.host)
        if address is not None:
            reached = msgspec.structs.replace(endpoint, address=address)
            if endpoint.transport == "tcp-nonce":
                exchanged = _nonce(network, reached, patience, on_seen)
            else:
                exchanged = _dtls(network, reached, patience, is_proved, on_seen)

            def failed(why: str) -> CloudEndpoint:
                """The result if netpreflight itself fails on this endpoint."""
                return msgspec.structs.replace(reached, attempts=[unread(network, address, reached.port, why)])

            endpoint = await bounded(exchanged, failed)
        on_seen(endpoint)
        return endpoint

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(attempt(server)) for server in endpoints]
    return Cloud(endpoints=[task.result() for task in tasks])


async def _dtls(
    network: Network,
    endpoint: CloudEndpoint,
    patience: Patience,
    is_proved: Callable[[CloudEndpoint], bool],
    on_seen: Callable[[CloudEndpoint], None],
) -> CloudEndpoint:
    """Make the handshake with one endpoint: ClientHellos on schedule, then the one with the server's cookie.

    Afterwards, ask again from new ports if the answer may be forged.
    """
    network.watch_unasked(endpoint.port)
    begun = network.clock.monotonic()
    end = network.limit(begun, patience.hello_give_up_s)
    handshake = _Handshake(network, endpoint.host, endpoint.address or "", endpoint.port)
    first = await handshake.first(patience)
    flight = None
    if handshake.record:
        on_seen(msgspec.structs.replace(endpoint, attempts=first.attempts, record=handshake.record))
        flight = await handshake.second(first.value, end)
    seen = msgspec.structs.replace(
        endpoint,
        attempts=first.attempts,
        record=handshake.record,
        flight=flight,
        waited_s=round(network.clock.monotonic() - begun, 3),
        given_s=round(end - begun, 3),
    )
    unasked = network.unasked(handshake.address, endpoint.port)
    may_be_forged = seen.record and unasked.ports is None and not is_proved(seen)
    if may_be_forged or proves_nothing([*seen.attempts, *(flight.attempts if flight else [])]):
        new_ports, repeated = await _on_new_ports(handshake)
        unasked = network.unasked(handshake.address, endpoint.port)
        seen = msgspec.structs.replace(seen, new_ports=new_ports, repeated=repeated)
    return msgspec.structs.replace(seen, unasked=unasked)


async def _on_new_ports(first: "_Handshake") -> tuple[list[Attempt], int]:
    """Ask the server from NEW_PORTS random ports; returns the attempts, and how many datagrams came twice to a port.

    A server retransmits only after this time, so a datagram that comes twice within it comes from a sweep.
    """
    network = first.network
    until = network.clock.monotonic() + PROMPT_S
    others = [_Handshake(network, first.host, first.address, first.port, random_port=True) for _ in range(NEW_PORTS)]
    prompt = Patience(hello_at_s=(0.0,), hello_give_up_s=PROMPT_S, nonce_s=0.0, nonce_give_up_s=0.0)

    async def ask(other: _Handshake) -> tuple[list[Attempt], int]:
        """Send one ClientHello; returns the attempts, and how many datagrams came twice."""
        return (await other.first(prompt)).attempts, await other.repeated(until)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask(other)) for other in others]
        on_first = group.create_task(first.repeated(until))
    asked = [task.result() for task in tasks]
    attempts = [attempt for attempts, _ in asked for attempt in attempts]
    return attempts, on_first.result() + sum(repeated for _, repeated in asked)


@dataclass
class _Handshake:
    """A device's handshake with a server on one socket, up to the server's signature."""

    network: Network
    host: str
    address: str
    port: int
    record: str | None = None
    """The name of the server's first record."""
    random_port: bool = False
    """Whether the source port is chosen at random from all ports, not only from the system's ephemeral range."""
    _heard: set[bytes] = field(default_factory=set)
    _cookie: bytes = b""
    _flight: dtls.Flight = field(default_factory=dtls.Flight)
    _records: int = 0

    def __post_init__(self) -> None:
        make = self.network.udp_on_random_port if self.random_port else self.network.udp
        self._sock: UdpSocket = make("device cloud", CLIENT_HELLO, self.host)
        self._random = os.urandom(dtls.RANDOM_SIZE)

    async def first(self, patience: Patience) -> Exchange[str]:
        """Send the ClientHello without a cookie until an answer comes: a cookie, an alert, or the server's flight."""
        at_s, give_up_s = patience.hello_at_s, patience.hello_give_up_s
        try:
            return await self._exchange(self._read_first, at_s=at_s, give_up_s=give_up_s)
        finally:
            if self._flight.begun:
                self._send_alert()

    async def second(self, answer: str | None, end: float) -> ServerFlight:
        """Send the ClientHello with the cookie, if the server gave one, and read the server's flight.

        Args:
            answer: what the first ClientHello led to; None: only a part of a flight came.
            end: when to stop, on the monotonic clock.
        """
        if not self._cookie:
            return self._seen(answer)
        result: Exchange[str] | None = None
        left_s = end - self.network.clock.monotonic()
        try:
            give_up_s = min(SECOND_GIVE_UP_S, left_s)
            result = await self._exchange(self._read_second, at_s=SECOND_AT_S, give_up_s=give_up_s, cookie=self._cookie)
        finally:
            if result is None:  # cut short: without an alert the server would repeat its flight to a closed port
                self._send_alert()
        answer = result.value or ("HelloVerifyRequest" if self._flight.cookie_again else None)
        seen = self._seen(answer, attempts=result.attempts)
        again_s = min(AGAIN_S, end - self.network.clock.monotonic())
        unsent = any(attempt.outcome == "error" for attempt in result.attempts)
        if answer is not None or unsent or again_s < LEAST_AGAIN_S:
            if self._flight.begun:
                self._send_alert()
            return seen
        async with asyncio.TaskGroup() as group:
            same = group.create_task(self._exchange(dtls.record_name, at_s=(0.0,), give_up_s=again_s))
            new = group.create_task(self._from_new_port(again_s))
        return msgspec.structs.replace(seen, same_port=same.result().attempts, new_port=new.result())

    def _remember(self, datagram: bytes) -> None:
        """Remember a datagram, so that `repeated` recognises a second copy."""
        if len(self._heard) < MOST_REMEMBERED:
            self._heard.add(datagram)

    async def repeated(self, until: float) -> int:
        """Count the datagrams from the server that arrive a second time before `until` (monotonic clock)."""
        count = 0
        while event := await self._sock.receive(until):
            if isinstance(event, Datagram) and (event.address, event.port) == (self.address, self.port):
                count += event.payload in self._heard
                self._remember(event.payload)
        return count

    async def _from_new_port(self, give_up_s: float) -> list[Attempt]:
        """Send one ClientHello from a new source port; returns the attempts."""
        other = _Handshake(self.network, self.host, self.address, self.port)
        return (await other._exchange(dtls.record_name, at_s=(0.0,), give_up_s=give_up_s)).attempts

    async def _exchange(
        self, read: Callable[[bytes], str | None], *, at_s: tuple[float, ...], give_up_s: float, cookie: bytes = b""
    ) -> Exchange[str]:
        """Send a ClientHello, with the cookie if there is one, until `read` accepts an answer."""
        return await exchange(
            self.network,
            self._sock,
            lambda _: dtls.client_hello(self._random, cookie, record=self._number()),
            self.address,
            self.port,
            at_s=at_s,
            give_up_s=give_up_s,
            read=read,
            shape=COOKIE_HELLO if cookie else None,
        )

    def _read_first(self, datagram: bytes) -> str | None:
        """Read an answer to the first ClientHello: a cookie, an alert, or a part of a flight; None: more is needed."""
        self._remember(datagram)
        if self.record is None:
            self.record = dtls.record_name(datagram)
        if self.record != "ServerHello":
            self._cookie = dtls.cookie_of(datagram) or b""
            return self.record
        return self._read_flight(datagram)

    def _read_second(self, datagram: bytes) -> str | None:
        """Read an answer to the ClientHello with the cookie; None: more is needed.

        Raises:
            ValueError: it is the same cookie again, a late answer to an earlier ClientHello.
        """
        self._remember(datagram)
        if dtls.cookie_of(datagram) == self._cookie:
            raise ValueError("the same cookie again, in answer to an earlier ClientHello")
        return self._read_flight(datagram)

    def _read_flight(self, datagram: bytes) -> str | None:
        """Add a datagram to the server's flight; returns its outcome as in `ServerFlight.answer`."""
        self._flight.add(datagram)
        enough = "ServerHello" if self._flight.is_whole else None
        return self._flight.alert or enough or ("flood" if self._flight.is_flood else None)

    def _send_alert(self) -> None:
        """End the handshake by an alert to the server, as a device does, unless the server has sent an alert itself."""
        if self._flight.alert is None:
            self._sock.send(dtls.alert(self._number()), self.address, self.port, shape=DTLS_ALERT)

    def _number(self) -> int:
        """The sequence number of the conversation's next record."""
        self._records += 1
        return self._records - 1

    def _seen(self, answer: str | None, attempts: list[Attempt] | None = None) -> ServerFlight:
        """What the server has sent in this handshake, as an observation."""
        return ServerFlight(
            attempts=attempts or [],
            answer=answer,
            messages=self._flight.messages,
            client_random=self._random.hex(),
            server_random=self._flight.server_random.hex(),
            key_exchange=self._flight.key_exchange.hex(),
        )


async def _nonce(
    network: Network, endpoint: CloudEndpoint, patience: Patience, on_seen: Callable[[CloudEndpoint], None]
) -> CloudEndpoint:
    """Open connections at CONNECT_AT_S and wait for a nonce; stop after the first nonce or ENOUGH_ENDED failures.

    After a nonce, one more connection shows whether the service sends a different nonce each time.
    """
    host, address, port = endpoint.host, endpoint.address or "", endpoint.port
    begun = network.clock.monotonic()
    end = network.limit(begun, patience.nonce_give_up_s)

    async def connect(after_s: float) -> Connection:
        """Open a connection `after_s` seconds after the start, and wait for its nonce."""
        await network.clock.sleep_until(begun + after_s)
        return await _listen(network, host, address, port, end, patience.nonce_s)

    tasks = [asyncio.create_task(connect(after_s)) for after_s in CONNECT_AT_S]
    connections: list[Connection] = []
    try:
        with network.waiting("tcp", end, since=begun, port=port):
            for finished in asyncio.as_completed(tasks):
                connections.append(await finished)
                ended = [connection for connection in connections if connection.error not in {None, "timeout"}]
                if connections[-1].is_nonce or len(ended) == ENOUGH_ENDED:
                    break
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if connections and connections[-1].is_nonce:
        on_seen(msgspec.structs.replace(endpoint, connections=list(connections)))
        second_end = min(end, network.clock.monotonic() + CONNECT_S)
        connections.append(await _listen(network, host, address, port, second_end, CONNECT_S, quiet_s=0.0))
    return msgspec.structs.replace(
        endpoint,
        connections=connections,
        waited_s=round(network.clock.monotonic() - begun, 3),
        given_s=round(end - begun, 3),
    )


async def _listen(
    network: Network, host: str, address: str, port: int, end: float, patience_s: float, *, quiet_s: float = _QUIET_S
) -> Connection:
    """Connect, and read until a nonce has arrived, for `patience_s` at most and not beyond `end` (monotonic clock).

    After a nonce, wait `quiet_s` for further bytes.
    """
    begun = network.clock.monotonic()
    connect_ms: float | None = None
    received = b""
    error: str | None = None
    try:
        async with network.tcp("device cloud", host, address, port, timeout_s=CONNECT_S) as (reader, _):
            connect_ms = round((network.clock.monotonic() - begun) * 1000, 2)
            deadline = min(end, network.clock.monotonic() + patience_s)
            while len(received) < NONCE_BYTES or (len(received) == NONCE_BYTES and quiet_s):
                wait_s = deadline - network.clock.monotonic() if len(received) < NONCE_BYTES else quiet_s
                async with asyncio.timeout(max(wait_s, 0)):
                    part = await reader.read(256)
                if not part:
                    error = "closed" if len(received) != NONCE_BYTES else None
                    break
                received += part
    except OSError as problem:
        is_quiet_after_nonce = isinstance(problem, TimeoutError) and len(received) == NONCE_BYTES
        error = None if is_quiet_after_nonce else how_it_failed(problem)
    return Connection(
        at_s=network.elapsed(begun),
        connect_ms=connect_ms,
        received=received[:256].hex(),
        error=error,
        waited_s=round(network.clock.monotonic() - begun, 3),
    )
