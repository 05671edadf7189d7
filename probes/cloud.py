"""Does a device's own cloud endpoint answer in its own protocol?

`tcp-nonce` (Core, Photon, P1): connect, send nothing; the service speaks first, with 40 random bytes
(lightssl_message_channel.cpp:151-198). The device allows 5 s for the connection and 20 s for the nonce, and then
connects again; here a further connection is opened while the first is still waited for.
`dtls` (Argon and later): a ClientHello at 0, 3, 9 and 21 s, given up at 45 s, as mbedTLS repeats it (3 s, doubled, 24 s
at most), each retransmission in a record of the next number. Nothing is sent once the server has answered.

The caller chooses how long to wait: HURRIED gives up after 12 s (DTLS) or 15 s (TCP), AS_DEVICE when a device would.
"""

import asyncio
import os
from collections.abc import Callable
from typing import NamedTuple

from netpreflight.probes.net import dtls
from netpreflight.probes.net.exchange import exchange
from netpreflight.probes.net.payload_shapes import CLIENT_HELLO
from netpreflight.probes.net.sockets import AddressOf, Network, how_it_failed
from netpreflight.probes.observations import Cloud, CloudEndpoint, Connection

CONNECT_S = 5.0
NONCE_BYTES = 40
CONNECT_AT_S = (0.0, 3.0, 6.0)
"""Several connections, because lost segments alone, without any block, can delay one for a long time."""
ENOUGH_ENDED = 2
"""Stop after this many connections were refused, reset or closed: another would show nothing new."""
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
    on_seen: Callable[[CloudEndpoint], None] = lambda _: None,
) -> Cloud:
    """Try all endpoints at the same time; each has its transport, host and port filled in.

    Args:
        network: to send through.
        endpoints: the endpoints to try.
        address_of: gives the address of a host.
        patience: how long to wait for each endpoint.
        on_seen: called with each endpoint as soon as its result is known.

    Raises:
        OSError: the interface cannot be used.
    """

    async def attempt(endpoint: CloudEndpoint) -> CloudEndpoint:
        address = await address_of(endpoint.host)
        if address is not None:
            by = _nonce if endpoint.transport == "tcp-nonce" else _dtls
            endpoint = await by(network, endpoint.host, address, endpoint.port, patience)
        on_seen(endpoint)
        return endpoint

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(attempt(server)) for server in endpoints]
    return Cloud(endpoints=[task.result() for task in tasks])


async def _dtls(network: Network, host: str, address: str, port: int, patience: Patience) -> CloudEndpoint:
    """Send ClientHellos on schedule, until the server answers with a DTLS record."""
    begun = network.clock.monotonic()
    random = os.urandom(dtls.RANDOM_SIZE)
    result = await exchange(
        network,
        network.udp("device cloud", CLIENT_HELLO, host),
        lambda number: dtls.client_hello(random, record=number),
        address,
        port,
        at_s=patience.hello_at_s,
        give_up_s=patience.hello_give_up_s,
        read=dtls.record_name,
    )
    return CloudEndpoint(
        transport="dtls",
        host=host,
        port=port,
        address=address,
        attempts=result.attempts,
        record=result.value,
        waited_s=round(result.elapsed_ms / 1000, 3),
        given_s=round(network.limit(begun, patience.hello_give_up_s) - begun, 3),
    )


async def _nonce(network: Network, host: str, address: str, port: int, patience: Patience) -> CloudEndpoint:
    """Open connections at CONNECT_AT_S and wait for a nonce; stop at the first one, or after ENOUGH_ENDED failures."""
    begun = network.clock.monotonic()
    end = network.limit(begun, patience.nonce_give_up_s)

    async def connect(after_s: float) -> Connection:
        await network.clock.sleep_until(begun + after_s)
        return await _listen(network, host, address, port, end, patience.nonce_s)

    tasks = [asyncio.create_task(connect(after_s)) for after_s in CONNECT_AT_S]
    connections: list[Connection] = []
    try:
        for finished in asyncio.as_completed(tasks):
            connections.append(await finished)
            ended = [connection for connection in connections if connection.error not in {None, "timeout"}]
            if connections[-1].is_nonce or len(ended) == ENOUGH_ENDED:
                break
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return CloudEndpoint(
        transport="tcp-nonce",
        host=host,
        port=port,
        address=address,
        connections=connections,
        waited_s=round(network.clock.monotonic() - begun, 3),
        given_s=round(end - begun, 3),
    )


async def _listen(network: Network, host: str, address: str, port: int, end: float, patience_s: float) -> Connection:
    """Connect, and read until a nonce is there, for `patience_s` at most and not beyond `end` (monotonic clock)."""
    begun = network.clock.monotonic()
    connect_ms: float | None = None
    received = b""
    error: str | None = None
    try:
        async with network.tcp("device cloud", host, address, port, timeout_s=CONNECT_S) as (reader, _):
            connect_ms = round((network.clock.monotonic() - begun) * 1000, 2)
            deadline = min(end, network.clock.monotonic() + patience_s)
            while len(received) <= NONCE_BYTES:
                wait_s = deadline - network.clock.monotonic() if len(received) < NONCE_BYTES else _QUIET_S
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
