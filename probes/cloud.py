"""Does a device's own cloud endpoint answer in its own protocol?

`tcp-nonce` (Core, Photon, P1): connect, send nothing; the service speaks first, with 40 random bytes
(lightssl_message_channel.cpp:151-198). The device allows 5 s for the connection and 20 s for the nonce, and then
connects again; here a further connection is opened while the first is still waited for, and all end after 15 s.
`dtls` (Argon and later): a ClientHello at 0, 3 and 9 s, as mbedTLS repeats it (3 s, doubled); the device gives up at
45 s, here at 15 s.
"""

import asyncio
import time

from probes import dtls
from probes.exchange import exchange
from probes.network import AddressOf, Network
from probes.observations import Cloud, CloudEndpoint, Connection

CONNECT_S = 5.0
GIVE_UP_S = 15.0
HELLO_AT_S = (0.0, 3.0, 9.0)
NONCE_BYTES = 40
CONNECT_AT_S = (0.0, 3.0, 6.0)
"""One connection can be delayed for long by lost segments; nobody is to be blamed for that."""
ENOUGH_ENDED = 2
"""After so many connections that were refused, reset or closed, another would show nothing new."""
_QUIET_S = 0.2
"""After a nonce the service waits for the device; more bytes within this time mean another service."""


async def cloud(network: Network, endpoints: list[CloudEndpoint], address_of: AddressOf) -> Cloud:
    """Try the endpoints, of which transport, host and port are given, all at once.

    Raises:
        OSError: the interface cannot be used.
    """
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_try(network, one, address_of)) for one in endpoints]
    return Cloud(endpoints=[task.result() for task in tasks])


async def _try(network: Network, endpoint: CloudEndpoint, address_of: AddressOf) -> CloudEndpoint:
    address = await address_of(endpoint.host)
    if address is None:
        return endpoint
    if endpoint.transport == "dtls":
        return await _dtls(network, endpoint.host, address, endpoint.port)
    return await _nonce(network, endpoint.host, address, endpoint.port)


async def _dtls(network: Network, host: str, address: str, port: int) -> CloudEndpoint:
    result = await exchange(
        network,
        network.udp("device cloud", host),
        dtls.client_hello(),
        address,
        port,
        at_s=HELLO_AT_S,
        give_up_s=GIVE_UP_S,
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
    )


async def _nonce(network: Network, host: str, address: str, port: int) -> CloudEndpoint:
    begun = time.monotonic()

    async def connect(after_s: float) -> Connection:
        await asyncio.sleep(after_s)
        return await _listen(network, host, address, port, network.limit(begun, GIVE_UP_S))

    tasks = [asyncio.create_task(connect(after_s)) for after_s in CONNECT_AT_S]
    connections: list[Connection] = []
    try:
        for finished in asyncio.as_completed(tasks):
            connections.append(await finished)
            ended = [one for one in connections if one.error not in {None, "timeout"}]
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
        waited_s=round(time.monotonic() - begun, 3),
    )


async def _listen(network: Network, host: str, address: str, port: int, deadline: float) -> Connection:
    """Connect, and take what comes until `deadline` on the monotonic clock, or until a nonce is complete."""
    begun = time.monotonic()
    connect_ms: float | None = None
    received = b""
    error: str | None = None
    try:
        async with network.tcp("device cloud", host, address, port, timeout_s=CONNECT_S) as (reader, _):
            connect_ms = round((time.monotonic() - begun) * 1000, 2)
            while len(received) <= NONCE_BYTES:
                wait_s = deadline - time.monotonic() if len(received) < NONCE_BYTES else _QUIET_S
                async with asyncio.timeout(max(wait_s, 0)):
                    part = await reader.read(256)
                if not part:
                    error = "closed" if len(received) != NONCE_BYTES else None
                    break
                received += part
    except TimeoutError:
        error = "timeout" if len(received) != NONCE_BYTES else None
    except ConnectionRefusedError:
        error = "refused"
    except ConnectionResetError:
        error = "reset"
    except OSError as problem:
        error = problem.strerror or str(problem)
    return Connection(
        at_s=network.elapsed(begun),
        connect_ms=connect_ms,
        received=received[:256].hex(),
        error=error,
        waited_s=round(time.monotonic() - begun, 3),
    )
