"""Does a CoAP exchange over UDP 5683 complete?

A CoAP ping (RFC 7252 section 4.3: an empty confirmable message, answered by a Reset) with section 4.2's
retransmission: ACK_TIMEOUT 2 s, doubled each time. Four transmissions; section 4.8.2's last wait of 32 s is cut short.
If a public test server does not answer, other ports of the same host are tried as controls, to distinguish a blocked
port from a dead host. A company's own server gets nothing but the ping.
"""

import asyncio
import os
import random
import re
from collections.abc import Callable, Collection
from functools import partial
from typing import Literal

from netpreflight.probes.net import dtls
from netpreflight.probes.net.coap import MESSAGE_ID_AT, reply_to
from netpreflight.probes.net.exchange import ask_on_new_ports, exchange, proves_nothing
from netpreflight.probes.net.payload_shapes import CLIENT_HELLO, COAP_PING, HTTP_HEAD
from netpreflight.probes.net.sockets import AddressOf, Network
from netpreflight.probes.net.witnesses import bounded, unread
from netpreflight.probes.observations import Attempt, Coap, CoapServer, Control
from netpreflight.probes.urls import parts

SEND_AT_S = (0.0, 2.0, 6.0, 14.0)
GIVE_UP_S = 15.0
OTHERS_S = 1.0
"""How long to wait for the other public servers once one has answered."""
CONTROL_AFTER_S = 2.0
"""How long a server may take to answer the ping before its controls are tried."""
CONTROL_WAIT_S = 5.0
_LARGEST_HEAD = 2048
_HTTP_PORT = 80
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])\b")
_LOCATION = re.compile(rb"^location:[ \t]*([^\r\n]+)", re.IGNORECASE | re.MULTILINE)


async def coap(
    network: Network,
    servers: list[tuple[str, int]],
    address_of: AddressOf,
    public: Collection[str] = (),
    on_seen: Callable[[CoapServer], None] = lambda _: None,
) -> Coap:
    """Ping all servers, given as (host, port), at the same time; one answer from a public server is enough.

    Args:
        network: the interface to send through.
        servers: the servers to ping.
        address_of: gives the address of a host.
        public: the hosts of `servers` that are public test servers, whose other ports may be tried as controls.
        on_seen: called with a server as soon as the results of its controls are known, and with its final result.

    Raises:
        OSError: the interface cannot be used.
    """
    tasks = {
        asyncio.create_task(_ping(network, host, port, address_of, on_seen, has_controls=host in public)): (host, port)
        for host, port in servers
    }
    try:
        pending = set(tasks)
        patience_s: float | None = None
        while pending:
            own = any(tasks[task][0] not in public for task in pending)
            done, pending = await asyncio.wait(
                pending, timeout=None if own else patience_s, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                break
            if any(task.result().reply for task in done):
                patience_s = OTHERS_S
        return Coap(
            servers=[
                task.result() if task.done() else CoapServer(host=host, port=port, cut_short=True)
                for task, (host, port) in tasks.items()
            ]
        )
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _ping(
    network: Network,
    host: str,
    port: int,
    address_of: AddressOf,
    on_seen: Callable[[CoapServer], None],
    *,
    has_controls: bool,
) -> CoapServer:
    """Ping one server on schedule; if it does not answer at first, try its controls at the same time."""
    address = await address_of(host)
    if address is None:
        return CoapServer(host=host, port=port)

    def failed(why: str) -> CoapServer:
        """The result if netpreflight itself fails on this server."""
        return CoapServer(host=host, port=port, address=address, attempts=[unread(network, address, port, why)])

    return await bounded(_ping_at(network, host, port, address, on_seen, has_controls=has_controls), failed)


async def _ping_at(
    network: Network, host: str, port: int, address: str, on_seen: Callable[[CoapServer], None], *, has_controls: bool
) -> CoapServer:
    """Ping a server at its address; see `_ping`."""
    message_id = random.getrandbits(16)
    network.watch_unasked(port)
    controls = asyncio.create_task(_controls(network, host, address) if has_controls else _no_controls())

    def tell(done: asyncio.Task[list[Control]]) -> None:
        """Report the results of the controls, without waiting for the ping to end."""
        if not done.cancelled() and not done.exception():
            on_seen(CoapServer(host=host, port=port, address=address, controls=done.result()))

    controls.add_done_callback(tell)
    try:
        result = await exchange(
            network,
            network.udp("CoAP ping", COAP_PING, host),
            b"\x40\x00" + message_id.to_bytes(2),
            address,
            port,
            at_s=SEND_AT_S,
            give_up_s=GIVE_UP_S,
            read=lambda payload: reply_to(message_id, payload),
            mark=message_id.to_bytes(2),
            mark_at=MESSAGE_ID_AT,
        )
        may_be_forged = proves_nothing(result.attempts) and result.value is None
        new_ports = await _on_new_ports(network, host, address, port) if may_be_forged else []
        settled = result.value is not None or any(attempt.icmp for attempt in result.attempts)
        seen = CoapServer(
            host=host,
            port=port,
            address=address,
            attempts=result.attempts,
            reply=result.value,
            unasked=network.unasked(address, port),
            new_ports=new_ports,
            controls=[] if settled else await controls,
        )
        on_seen(seen)
        return seen
    finally:
        controls.cancel()


async def _on_new_ports(network: Network, host: str, address: str, port: int) -> list[Attempt]:
    """Send one ping from each of three random ports; returns the attempts."""
    message_id = random.getrandbits(16)
    ping = b"\x40\x00" + message_id.to_bytes(2)
    read = partial(reply_to, message_id)
    return await ask_on_new_ports(network, "CoAP ping", COAP_PING, host, ping, address, port, read)


async def _no_controls() -> list[Control]:
    """The controls of a server that gets nothing but the ping."""
    return []


async def _controls(network: Network, host: str, address: str) -> list[Control]:
    """Wait for CONTROL_AFTER_S, then try other ports of the host; the caller cancels this if the host answers first."""
    await network.clock.sleep_until(network.clock.monotonic() + CONTROL_AFTER_S)

    def failed(port: int, protocol: Literal["dtls", "http"], why: str) -> Control:
        """The result if netpreflight itself fails on this control."""
        return Control(port=port, protocol=protocol, answered=False, detail=why)

    dtls_control = bounded(_dtls_control(network, host, address), partial(failed, dtls.PORT, "dtls"))
    http_control = bounded(_http_control(network, host, address), partial(failed, _HTTP_PORT, "http"))
    return list(await asyncio.gather(dtls_control, http_control))


async def _dtls_control(network: Network, host: str, address: str) -> Control:
    """Send a DTLS ClientHello to UDP 5684 of the host, as a control for a missing answer on UDP 5683."""
    network.watch_unasked(dtls.PORT)
    client_random = os.urandom(dtls.RANDOM_SIZE)
    result = await exchange(
        network,
        network.udp("control for CoAP", CLIENT_HELLO, host),
        lambda number: dtls.client_hello(client_random, record=number),
        address,
        dtls.PORT,
        at_s=(0.0, CONTROL_WAIT_S / 2),
        give_up_s=CONTROL_WAIT_S,
        read=dtls.record_name,
    )
    detail = result.value or next((a.detail for a in result.attempts if a.detail), None) or "no answer"
    unasked = network.unasked(address, dtls.PORT)
    answered = result.value is not None
    new_ports: list[Attempt] = []
    if answered and unasked.ports is None:
        hello = dtls.client_hello(client_random)
        new_ports = await ask_on_new_ports(
            network, "control for CoAP", CLIENT_HELLO, host, hello, address, dtls.PORT, dtls.record_name
        )
        unasked = network.unasked(address, dtls.PORT)
    return Control(
        port=dtls.PORT, protocol="dtls", answered=answered, detail=detail, unasked=unasked, new_ports=new_ports
    )


async def _http_control(network: Network, host: str, address: str) -> Control:
    """Send an HTTP HEAD request to TCP 80 of the host, as a control for a missing answer on UDP 5683."""
    port = _HTTP_PORT
    try:
        network.refuse_own(address)
        async with (
            asyncio.timeout(CONTROL_WAIT_S),
            network.tcp("control for CoAP", host, address, port, timeout_s=CONTROL_WAIT_S, shape=HTTP_HEAD) as (
                reader,
                writer,
            ),
        ):
            writer.write(f"HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            head = (await reader.read(_LARGEST_HEAD)).partition(b"\r\n\r\n")[0]
    except TimeoutError:
        return Control(port=port, protocol="http", answered=False, detail="no answer")
    except OSError as problem:
        return Control(port=port, protocol="http", answered=False, detail=problem.strerror or str(problem))
    status = _STATUS.match(head)
    if status is None:
        return Control(port=port, protocol="http", answered=False, detail="not HTTP")
    location = _LOCATION.search(head)
    elsewhere = location is not None and parts(location[1].decode("latin-1")).host not in {host, ""}
    return Control(
        port=port,
        protocol="http",
        answered=True,
        detail=head.partition(b"\r\n")[0].decode("ascii", errors="backslashreplace"),
        foreign=elsewhere or status[1][:1] == b"5",
    )
