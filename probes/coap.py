"""Does a CoAP exchange over UDP 5683 complete?

A CoAP ping (RFC 7252 section 4.3: an empty confirmable message, answered by a Reset) with section 4.2's
retransmission: ACK_TIMEOUT 2 s, doubled each time. Four transmissions; section 4.8.2's last wait of 32 s is cut short.
Where a public test server stays silent, other ports of the same host are tried, to tell a blocked port from a dead
host. A company's own server is sent nothing but the ping.
"""

import asyncio
import os
import random
import re
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from probes import dtls
from probes.exchange import exchange
from probes.network import AddressOf, Network
from probes.observations import Coap, CoapServer, Control
from probes.shapes import CLIENT_HELLO, COAP_PING, HTTP_HEAD

SEND_AT_S = (0.0, 2.0, 6.0, 14.0)
GIVE_UP_S = 15.0
OTHERS_S = 1.0
"""How long the other public servers are waited for once one has answered."""
CONTROL_AFTER_S = 2.0
CONTROL_WAIT_S = 5.0
_TYPES = ("Confirmable", "Non-confirmable", "Acknowledgement", "Reset")
_PAYLOAD_MARKER = 0xFF
_LARGEST_HEAD = 2048
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])\b")
_LOCATION = re.compile(rb"^location:[ \t]*([^\r\n]+)", re.IGNORECASE | re.MULTILINE)
_EXTENSION = {13: 1, 14: 2}
"""Bytes that extend an option's delta or length, by its nibble."""


async def coap(
    network: Network,
    servers: list[tuple[str, int]],
    address_of: AddressOf,
    public: Collection[str] = (),
    on_seen: Callable[[CoapServer], None] = lambda _: None,
) -> Coap:
    """Ping the servers, given as (host, port), all at once; of the public ones, one answer will do.

    Args:
        network: to send through.
        servers: whom to ping.
        address_of: gives their addresses.
        public: the hosts among them that anybody may test with, on other ports, too.
        on_seen: called with a server whose end, or whose controls, are known.

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
            own = any(tasks[one][0] not in public for one in pending)
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


def reply_to(message_id: int, payload: bytes) -> str:
    """What a reply to our empty message is, in words.

    Raises:
        ValueError: it is not CoAP, or not an answer to this message (RFC 7252 sections 3 and 4.2).
    """
    if len(payload) < 4 or payload[0] >> 6 != 1:
        raise ValueError("not a CoAP message")
    kind, token_length, code = _TYPES[payload[0] >> 4 & 3], payload[0] & 15, payload[1]
    if int.from_bytes(payload[2:4]) != message_id:
        raise ValueError("a CoAP message with another message id")
    if kind not in {"Acknowledgement", "Reset"}:
        raise ValueError(f"a CoAP message of type {kind}, which answers nothing")
    if code == 0 and len(payload) != 4:
        raise ValueError("an empty CoAP message that is not empty")
    if kind == "Reset" and code != 0:
        raise ValueError("a CoAP Reset that is not empty")
    if code >> 5 not in {0, 2, 4, 5} or (code >> 5 == 0 and code):
        raise ValueError(f"a CoAP message with the code {code >> 5}.{code & 31:02}, which is no response")
    if token_length:
        raise ValueError("a CoAP message with a token that was not sent")
    _skip_options(payload[4 + token_length :])
    return kind if code == 0 else f"{kind} {code >> 5}.{code & 31:02}"


def _skip_options(rest: bytes) -> None:
    """Walk the options (RFC 7252 section 3.1); raises ValueError where they do not fit."""
    position = 0
    while position < len(rest):
        if rest[position] == _PAYLOAD_MARKER:
            if position + 1 == len(rest):
                raise ValueError("a CoAP message with an empty payload")
            return
        delta, length = rest[position] >> 4, rest[position] & 15
        if 15 in {delta, length}:
            raise ValueError("a CoAP message with a reserved option")
        position += 1 + _EXTENSION.get(delta, 0)
        if length in _EXTENSION:
            size = _EXTENSION[length]
            length = (13 if size == 1 else 269) + int.from_bytes(rest[position : position + size])
            position += size
        position += length
    if position > len(rest):
        raise ValueError("a CoAP message with a broken option")


async def _ping(
    network: Network,
    host: str,
    port: int,
    address_of: AddressOf,
    on_seen: Callable[[CoapServer], None],
    *,
    has_controls: bool,
) -> CoapServer:
    address = await address_of(host)
    if address is None:
        return CoapServer(host=host, port=port)
    message_id = random.getrandbits(16)
    controls = asyncio.create_task(_controls(network, host, address) if has_controls else _no_controls())

    def tell(done: asyncio.Task[list[Control]]) -> None:
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
        )
        settled = result.value is not None or any(attempt.icmp for attempt in result.attempts)
        seen = CoapServer(
            host=host,
            port=port,
            address=address,
            attempts=result.attempts,
            reply=result.value,
            controls=[] if settled else await controls,
        )
        on_seen(seen)
        return seen
    finally:
        controls.cancel()


async def _no_controls() -> list[Control]:
    return []


async def _controls(network: Network, host: str, address: str) -> list[Control]:
    """Exchanges with other ports of a host that has not answered for a while."""
    await asyncio.sleep(CONTROL_AFTER_S)
    return list(await asyncio.gather(_dtls_control(network, host, address), _http_control(network, host, address)))


async def _dtls_control(network: Network, host: str, address: str) -> Control:
    own = os.urandom(dtls.RANDOM_SIZE)
    result = await exchange(
        network,
        network.udp("control for CoAP", CLIENT_HELLO, host),
        lambda number: dtls.client_hello(own, record=number),
        address,
        dtls.PORT,
        at_s=(0.0, CONTROL_WAIT_S / 2),
        give_up_s=CONTROL_WAIT_S,
        read=dtls.record_name,
    )
    detail = result.value or next((a.detail for a in result.attempts if a.detail), None) or "no answer"
    return Control(port=dtls.PORT, protocol="dtls", answered=result.value is not None, detail=detail)


async def _http_control(network: Network, host: str, address: str) -> Control:
    port = 80
    try:
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
    elsewhere = location is not None and urlsplit(location[1].decode("latin-1")).hostname not in {host, None}
    return Control(
        port=port,
        protocol="http",
        answered=True,
        detail=head.partition(b"\r\n")[0].decode("ascii", errors="backslashreplace"),
        foreign=elsewhere or status[1][:1] == b"5",
    )
