"""Does a device's own cloud endpoint answer in its own protocol?

`tcp-nonce` (Core, Photon, P1): connect, send nothing; the service speaks first, with 40 random bytes
(lightssl_message_channel.cpp:151-198). The device allows 5 s for the connection and 20 s for the nonce, and then
connects again; here a further connection is opened while the first is still waited for. After a nonce one more
connection is made: whoever plays a nonce back says the same again.
`dtls` (Argon and later): a ClientHello at 0, 3, 9 and 21 s, given up at 45 s, as mbedTLS repeats it (3 s, doubled, 24 s
at most), each retransmission in a record of the next number. Then the ClientHello with the cookie that the server gave,
as a device sends it, and the server's flight, whose signature a device checks; an alert ends that. Where that stays
silent, the plain ClientHello is sent again, in the same conversation and from a new port: a firewall that knows the
conversation drops the first and not the second, and a server that refuses a ClientHello with a cookie answers both.

Only a signature over our random proves that whoever answers has seen our ClientHello. Any other answer can come from
somebody on this LAN who tries all ports in the server's name. Such a sweep is watched for; where this process cannot
see it, the server is asked once more from each of three random ports, and has to answer each promptly. The same
settles whether an ICMP error that quotes nothing of the random is genuine.

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
NONCE_BYTES = 40
CONNECT_AT_S = (0.0, 3.0, 6.0)
"""Several connections, because lost segments alone, without any block, can delay one for a long time."""
ENOUGH_ENDED = 2
"""Stop after this many connections were refused, reset or closed: another would show nothing new."""
SECOND_AT_S = (0.0, 3.0)
"""When the ClientHello with the cookie is sent, from when there is one: mbedTLS waits 3 s here, too."""
SECOND_GIVE_UP_S = 5.0
AGAIN_S = 3.0
"""How long the plain ClientHellos after a silent second flight are waited for."""
LEAST_AGAIN_S = 1.0
"""With less time than that left they are not sent: their silence would say nothing."""
MOST_REMEMBERED = 64
_QUIET_S = 0.2
"""After a nonce the service waits for the device; more bytes within this time mean another service."""


class Patience(NamedTuple):
    """How long to wait for an endpoint."""

    hello_at_s: tuple[float, ...]
    """When a ClientHello is sent."""
    hello_give_up_s: float
    nonce_s: float
    """How long to wait for the nonce on one connection."""
    nonce_give_up_s: float
    """When the last connection is given up."""


HURRIED = Patience(hello_at_s=(0.0, 3.0, 9.0), hello_give_up_s=12.0, nonce_s=15.0, nonce_give_up_s=15.0)
"""Within the time of a usual run, with room for the Internet Test, which a device makes after that."""
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
    """Try all endpoints at the same time; each has its transport, host and port filled in.

    Args:
        network: to send through.
        endpoints: the endpoints to try.
        address_of: gives the address of a host.
        patience: how long to wait for each endpoint.
        is_proved: whether what answered by DTLS has signed our random with a key that is known.
        on_seen: called with each endpoint as soon as something answers, and again with its result.

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

            def instead(why: str) -> CloudEndpoint:
                return msgspec.structs.replace(reached, attempts=[unread(network, address, reached.port, why)])

            endpoint = await bounded(exchanged, instead)
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
    """Send ClientHellos on schedule until the server answers with a DTLS record, and then the one with its cookie."""
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

    A server sends the same again only later, so whatever comes twice within this time comes from somebody who sweeps.
    """
    network = first.network
    until = network.clock.monotonic() + PROMPT_S
    others = [_Handshake(network, first.host, first.address, first.port, random_port=True) for _ in range(NEW_PORTS)]
    prompt = Patience(hello_at_s=(0.0,), hello_give_up_s=PROMPT_S, nonce_s=0.0, nonce_give_up_s=0.0)

    async def ask(other: _Handshake) -> tuple[list[Attempt], int]:
        return (await other.first(prompt)).attempts, await other.repeated(until)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask(other)) for other in others]
        before = group.create_task(first.repeated(until))
    asked = [task.result() for task in tasks]
    attempts = [attempt for attempts, _ in asked for attempt in attempts]
    return attempts, before.result() + sum(repeated for _, repeated in asked)


@dataclass
class _Handshake:
    """A device's handshake with a server, up to where the server has signed; on one socket."""

    network: Network
    host: str
    address: str
    port: int
    record: str | None = None
    """The name of the server's first record."""
    random_port: bool = False
    """Whether its port is random in the whole range, and not only in the system's own."""
    _heard: set[bytes] = field(default_factory=set)
    _cookie: bytes = b""
    _flight: dtls.Flight = field(default_factory=dtls.Flight)
    _records: int = 0

    def __post_init__(self) -> None:
        make = self.network.udp_on_random_port if self.random_port else self.network.udp
        self._sock: UdpSocket = make("device cloud", CLIENT_HELLO, self.host)
        self._random = os.urandom(dtls.RANDOM_SIZE)

    async def first(self, patience: Patience) -> Exchange[str]:
        """The ClientHello without a cookie; a server that asks for none answers it with its flight."""
        at_s, give_up_s = patience.hello_at_s, patience.hello_give_up_s
        try:
            return await self._exchange(self._read_first, at_s=at_s, give_up_s=give_up_s)
        finally:
            if self._flight.begun:
                self._end()

    async def second(self, answer: str | None, end: float) -> ServerFlight:
        """What comes after the first record, until `end` on the monotonic clock.

        Args:
            answer: what the first ClientHello came to; None: to a part of a flight.
            end: on the monotonic clock.
        """
        if not self._cookie:
            return self._seen(answer)
        result: Exchange[str] | None = None
        left_s = end - self.network.clock.monotonic()
        try:
            give_up_s = min(SECOND_GIVE_UP_S, left_s)
            result = await self._exchange(self._read_second, at_s=SECOND_AT_S, give_up_s=give_up_s, cookie=self._cookie)
        finally:
            if result is None:  # cut short: a server would repeat its flight to a closed port
                self._end()
        answer = result.value or ("HelloVerifyRequest" if self._flight.cookie_again else None)
        seen = self._seen(answer, attempts=result.attempts)
        again_s = min(AGAIN_S, end - self.network.clock.monotonic())
        unsent = any(attempt.outcome == "error" for attempt in result.attempts)
        if answer is not None or unsent or again_s < LEAST_AGAIN_S:
            if self._flight.begun:
                self._end()
            return seen
        async with asyncio.TaskGroup() as group:
            same = group.create_task(self._exchange(dtls.record_name, at_s=(0.0,), give_up_s=again_s))
            new = group.create_task(self._from_new_port(again_s))
        return msgspec.structs.replace(seen, same_port=same.result().attempts, new_port=new.result())

    def _hear(self, datagram: bytes) -> None:
        """Remember a datagram, so that `repeated` knows it again."""
        if len(self._heard) < MOST_REMEMBERED:
            self._heard.add(datagram)

    async def repeated(self, until: float) -> int:
        """How many datagrams come until `until` (monotonic clock) that have come before."""
        count = 0
        while event := await self._sock.receive(until):
            if isinstance(event, Datagram) and (event.address, event.port) == (self.address, self.port):
                count += event.payload in self._heard
                self._hear(event.payload)
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
        """Take what answers the first ClientHello: a cookie, an alert, or a flight."""
        self._hear(datagram)
        if self.record is None:
            self.record = dtls.record_name(datagram)
        if self.record != "ServerHello":
            self._cookie = dtls.cookie_of(datagram) or b""
            return self.record
        return self._read_flight(datagram)

    def _read_second(self, datagram: bytes) -> str | None:
        """Take what answers the ClientHello with the cookie; a cookie that comes late answers nothing."""
        self._hear(datagram)
        if dtls.cookie_of(datagram) == self._cookie:
            raise ValueError("the same cookie again, in answer to an earlier ClientHello")
        return self._read_flight(datagram)

    def _read_flight(self, datagram: bytes) -> str | None:
        self._flight.add(datagram)
        whole = "ServerHello" if self._flight.is_whole else None
        return self._flight.alert or whole or ("flood" if self._flight.is_flood else None)

    def _end(self) -> None:
        """Say that the handshake has failed, as a device does; nobody has to where the server has said so."""
        if self._flight.alert is None:
            self._sock.send(dtls.alert(self._number()), self.address, self.port, shape=DTLS_ALERT)

    def _number(self) -> int:
        """The sequence number of the conversation's next record."""
        self._records += 1
        return self._records - 1

    def _seen(self, answer: str | None, attempts: list[Attempt] | None = None) -> ServerFlight:
        """What the server sent for this handshake, as an observation."""
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
    """Open connections at CONNECT_AT_S and wait for a nonce; after one, or ENOUGH_ENDED failures, open no more of them.

    After a nonce, one more connection shows whether its nonce is another one.
    """
    host, address, port = endpoint.host, endpoint.address or "", endpoint.port
    begun = network.clock.monotonic()
    end = network.limit(begun, patience.nonce_give_up_s)

    async def connect(after_s: float) -> Connection:
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
        soon = min(end, network.clock.monotonic() + CONNECT_S)
        connections.append(await _listen(network, host, address, port, soon, CONNECT_S, quiet_s=0.0))
    return msgspec.structs.replace(
        endpoint,
        connections=connections,
        waited_s=round(network.clock.monotonic() - begun, 3),
        given_s=round(end - begun, 3),
    )


async def _listen(
    network: Network, host: str, address: str, port: int, end: float, patience_s: float, *, quiet_s: float = _QUIET_S
) -> Connection:
    """Connect, and read until a nonce is there, for `patience_s` at most and not beyond `end` (monotonic clock).

    After a nonce, further bytes are waited for during `quiet_s`.
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
        whole = isinstance(problem, TimeoutError) and len(received) == NONCE_BYTES
        error = None if whole else how_it_failed(problem)
    return Connection(
        at_s=network.elapsed(begun),
        connect_ms=connect_ms,
        received=received[:256].hex(),
        error=error,
        waited_s=round(network.clock.monotonic() - begun, 3),
    )
