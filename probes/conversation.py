"""Does a device's cloud still answer? A watch asks it again and again in one conversation, as lightly as a keep-alive.

`dtls`: a ClientHello without a cookie, always with the same random and from the same port, each in a record with the
next sequence number, as mbedTLS repeats it (RFC 6347 section 4.2.4). The server answers with a cookie and keeps no
state. `coap`: a ping (RFC 7252 section 4.3). `tcp-nonce`: a connection on which the service sends first; without a
device's key, nothing lighter can be asked there.

A new conversation uses a new port: if that is answered and the old one is not, a firewall or NAT on the way has dropped
the state of the old conversation.
"""

import asyncio
import os
import random
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Literal, NamedTuple, Self

from netpreflight.probes.cloud import CONNECT_S, NONCE_BYTES
from netpreflight.probes.net import dtls
from netpreflight.probes.net.coap import MESSAGE_ID_AT, reply_to
from netpreflight.probes.net.exchange import exchange
from netpreflight.probes.net.payload_shapes import CLIENT_HELLO, COAP_PING
from netpreflight.probes.net.sockets import Network, how_it_failed
from netpreflight.probes.observations import UDP_OVERHEAD, Attempt

Transport = Literal["dtls", "coap", "tcp-nonce"]
NONCE_S = 10.0
"""How long to wait for a nonce; a device waits 20 s."""


class Sign(NamedTuple):
    """The outcome of one question to the cloud.

    Attributes:
        outcome: as in `Attempt.outcome`; over TCP, `icmp` means that the connection was refused, reset or closed.
        said: the outcome in words.
        ms: how long the answer took.
        packets_in, bytes_in: how many packets came back, and their bytes from the IP header on.
    """

    outcome: Literal["reply", "timeout", "icmp", "error"]
    said: str
    ms: float | None = None
    packets_in: int = 0
    bytes_in: int = 0


class Conversation:
    """One conversation with a cloud, from one port of this laptop (over TCP: a new connection for each question)."""

    def __init__(self, network: Network, transport: Transport, host: str, address: str, port: int) -> None:
        self.network, self.transport, self.host, self.address, self.port = network, transport, host, address, port
        self._records = 0
        self._random = os.urandom(dtls.RANDOM_SIZE)
        shape = COAP_PING if transport == "coap" else CLIENT_HELLO
        self._sock = None if transport == "tcp-nonce" else network.udp("device cloud", shape, host)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.network.__aexit__(kind, problem, trace)

    async def ask(self, patience_s: float) -> Sign:
        """Ask once, and wait `patience_s` seconds for an answer; over TCP, wait up to NONCE_S for the nonce instead."""
        if self._sock is None:
            return await self._connect()
        read: Callable[[bytes], str]
        if self.transport == "coap":
            message_id = random.getrandbits(16)
            request, read = b"\x40\x00" + message_id.to_bytes(2), partial(reply_to, message_id)
            mark, mark_at = message_id.to_bytes(2), MESSAGE_ID_AT
        else:
            request, read = dtls.client_hello(self._random, record=self._records), dtls.record_name
            self._records += 1
            mark, mark_at = b"", 0
        self._sock.forget()  # late answers to the previous question do not answer this one
        asked = await exchange(
            self.network,
            self._sock,
            request,
            self.address,
            self.port,
            at_s=(0.0,),
            give_up_s=patience_s,
            read=read,
            mark=mark,
            mark_at=mark_at,
        )
        return _sign(asked.attempts, asked.value)

    async def _connect(self) -> Sign:
        """Connect, and wait for the nonce."""
        clock = self.network.clock
        begun = clock.monotonic()
        received = b""
        try:
            async with self.network.tcp("device cloud", self.host, self.address, self.port, timeout_s=CONNECT_S) as (
                reader,
                _,
            ):
                async with asyncio.timeout(NONCE_S):
                    while len(received) < NONCE_BYTES and (part := await reader.read(NONCE_BYTES)):
                        received += part
        except OSError as problem:
            how = how_it_failed(problem)
            return Sign("timeout" if how == "timeout" else "icmp", f"the connection: {how}")
        ms = round((clock.monotonic() - begun) * 1000, 2)
        if len(received) < NONCE_BYTES:
            return Sign("icmp", "the connection was closed before the service spoke")
        return Sign("reply", f"{NONCE_BYTES} bytes received", ms, 4, 4 * 52 + len(received))


def _sign(attempts: list[Attempt], value: str | None) -> Sign:
    """The outcome of an exchange of one datagram."""
    replies = [attempt for attempt in attempts if attempt.reply]
    came = len(replies), sum(UDP_OVERHEAD + len(attempt.reply) // 2 for attempt in replies)
    first = next((attempt for attempt in attempts if attempt.outcome != "ignored"), None)
    if value is not None and first is not None:
        return Sign("reply", value, first.rtt_ms, *came)
    if first is not None and first.icmp is not None:
        return Sign("icmp", f"{first.icmp.meaning} from {first.icmp.source}", None, *came)
    if first is not None and first.outcome == "error":
        return Sign("error", f"it could not be sent: {first.detail}")
    return Sign("timeout", "no answer", None, *came)
