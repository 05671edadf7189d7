"""Does a UDP conversation survive a silence that lasts as long as the pause between two keep-alives of a device?

A device sends a keep-alive every 25 s (Device OS 2.1 and later; 30 s before). A NAT that drops the conversation's
mapping sooner cuts the device off from its server.

On a first socket: a ClientHello, which the server answers with a cookie that is valid only for the address and port
that the server sees; a ClientHello with that cookie, which the server has to accept; then silence; then the ClientHello
with the cookie again. On a second socket the same without the silence. If the cookie of the second socket is still
accepted and that of the first is not, the silence is the cause. Every handshake that the server begins is ended by an
alert; otherwise the server's retransmissions would refresh the NAT's mapping.

Linux, which most routers run, counts a conversation as established only after more than two seconds, and drops the
mapping of a shorter one much sooner (nf_conntrack_proto_udp.c: after 30 s instead of 120 s). A device's conversation
lasts for days, so the cookie is used a few times before the silence begins.

If no server gives a cookie, or none speaks DTLS, a request without a cookie is sent before and after the silence
instead. This shows less, and the observation tells the two methods apart.

This is a separate probe, with its own servers, because it takes longer than all others: only the check of the cloud
port waits for its result.
"""

import asyncio
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, NamedTuple

from msgspec.structs import replace

from netpreflight.probes.net import dtls
from netpreflight.probes.net.coap import reply_to
from netpreflight.probes.net.exchange import Exchange, exchange
from netpreflight.probes.net.payload_shapes import CLIENT_HELLO, COAP_PING, COOKIE_HELLO, DTLS_ALERT
from netpreflight.probes.net.sockets import AddressOf, Network, Refusal, UdpSocket
from netpreflight.probes.observations import Arrival, Attempt, Mapping, MappingAnswer

ASK_AT_S = (0.0, 1.0, 3.0)
GIVE_UP_S = 5.0
SETTLE_GAP_S = 1.25
"""The time between the requests before the silence."""
SETTLED_S = 2 * SETTLE_GAP_S
"""How long the conversation lasts before the silence."""
KEPT_PARTS = 6
"""About how many requests the second conversation sends during the silence of the first."""
KEPT_REPLY = 64
"""How many bytes of a reply are kept: the rest of a server's flight, such as its certificate, is not needed here."""
MOST_ARRIVALS = 32
"""No server retransmits this many datagrams: if they arrive, it is a flood, and there is no silence to measure."""

_GOOD: set[MappingAnswer | None] = {"accepted", "answered"}
"""The answers after which the measurement can go on."""


class Server(NamedTuple):
    """A server with which the conversation may be held."""

    transport: Literal["dtls", "coap"]
    host: str
    port: int


async def mapping(network: Network, servers: list[Server], address_of: AddressOf, hold_s: float) -> Mapping:
    """Hold a conversation, with a silence of `hold_s` seconds, with the first of `servers` that answers.

    Raises:
        OSError: the interface cannot be used.
    """
    tried: set[tuple[str, str, int]] = set()
    for server in servers:
        address = await address_of(server.host)
        if address is None or (server.transport, address, server.port) in tried:
            continue
        tried.add((server.transport, address, server.port))
        conversation = _Conversation(network, server, address)
        if await conversation.open():
            return await conversation.hold(hold_s)
    return Mapping(hold_s=hold_s)


@dataclass
class _Conversation:
    """A conversation with one server over one socket."""

    network: Network
    server: Server
    address: str
    cookie: bytes = b""
    attempts: list[Attempt] = field(default_factory=list)

    def __post_init__(self) -> None:
        first = CLIENT_HELLO if self.server.transport == "dtls" else COAP_PING
        self._sock: UdpSocket = self.network.udp("NAT mapping", first, self.server.host)
        self._random = os.urandom(dtls.RANDOM_SIZE)
        self._records = 0
        self.largest = 0
        self._message_id = random.getrandbits(16)
        self._begun = self.network.clock.monotonic()
        self._last_passed = self._begun

    async def open(self) -> bool:
        """Send the first request; True if the server answered."""
        answer = await self._ask(self._note_cookie)
        return answer != "silence"

    async def hold(self, hold_s: float) -> Mapping:
        """Make the measurement: a few requests, the silence (during which `control` goes on), and a last request."""
        seen = Mapping(
            transport=self.server.transport,
            host=self.server.host,
            port=self.server.port,
            address=self.address,
            cookie=bool(self.cookie),
            hold_s=hold_s,
        )
        control: _Conversation | None = None
        for at_s in (0.0, SETTLE_GAP_S, SETTLED_S):
            await self._quiet_until(self._begun + at_s)
            if at_s == SETTLED_S and self.cookie:
                # Opened before the first conversation's last request: if the server changes its secret after that
                # request, neither cookie is accepted any more.
                control = _Conversation(self.network, self.server, self.address)
                await control.open()
            seen.before_answer = await self._ask(self._read)
            if seen.before_answer not in _GOOD:
                break
        seen.before, self.attempts = self.attempts, []
        if seen.before_answer not in _GOOD:
            return seen
        silent_from = self._last_passed
        silent_until = silent_from + hold_s
        if control is not None:
            async with asyncio.TaskGroup() as group:
                control_task = group.create_task(control.keep(silent_until, hold_s / KEPT_PARTS))
                await self._stay_silent(seen, silent_from, silent_until)
            seen.control_answer = control_task.result()
            seen.control = control.attempts
            self.largest = max(self.largest, control.largest)
        else:
            await self._stay_silent(seen, silent_from, silent_until)
        seen.largest = self.largest
        return seen

    async def keep(self, until: float, gap_s: float) -> MappingAnswer:
        """Repeat the request with the cookie until `until` (monotonic clock); returns the last answer."""
        while True:
            now = self.network.clock.monotonic()
            gap_now_s = gap_s if now > self._begun + SETTLED_S else min(gap_s, SETTLE_GAP_S)
            await self._quiet_until(min(now + gap_now_s, until))
            answer = await self._ask(self._read)
            if answer != "accepted" or self.network.clock.monotonic() >= until:
                return answer

    async def _stay_silent(self, seen: Mapping, silent_from: float, until: float) -> None:
        """Stay silent until `until` (monotonic clock), then send the request again."""
        with self.network.waiting("silence", until, since=silent_from, port=self.server.port):
            seen.arrived = await self._quiet_until(until)
        asked_at = self.network.clock.monotonic()
        seen.silent_s = round(asked_at - silent_from, 3)
        passed = [
            self.network.elapsed(silent_from),
            *(arrival.at_s for arrival in seen.arrived),
            self.network.elapsed(asked_at),
        ]
        seen.idle_s = round(max(later - earlier for earlier, later in pairwise(passed)), 3)
        if len(seen.arrived) < MOST_ARRIVALS:
            seen.after_answer = await self._ask(self._read)
            seen.after = self.attempts

    async def _ask(self, read: Callable[[bytes], MappingAnswer]) -> MappingAnswer:
        """Send the request of this stage of the conversation, on schedule, until it is answered."""
        answer: MappingAnswer | None = None
        try:
            result: Exchange[MappingAnswer] = await exchange(
                self.network,
                self._sock,
                self._request,
                self.address,
                self.server.port,
                at_s=ASK_AT_S,
                give_up_s=GIVE_UP_S,
                read=read,
                shape=COOKIE_HELLO if self.cookie else None,
            )
            self.attempts += [replace(attempt, reply=attempt.reply[: 2 * KEPT_REPLY]) for attempt in result.attempts]
            self._last_passed = self.network.clock.monotonic()
            answer = result.value or "silence"
            return answer
        finally:
            # Also if the run is cut short: otherwise the server would retransmit its handshake to a closed port.
            cut_short = answer is None and bool(self.cookie)
            if self.server.transport == "dtls" and (cut_short or answer in {"accepted", "answered"}):
                self._sock.send(dtls.alert(self._record()), self.address, self.server.port, shape=DTLS_ALERT)

    def _request(self, before: int) -> bytes:
        """The next request of this stage; `before`: how many requests were sent already in this stage."""
        if self.server.transport == "dtls":
            return dtls.client_hello(self._random, self.cookie, record=self._record())
        if not before:
            self._message_id = (self._message_id + 1) & 0xFFFF
        return b"\x40\x00" + self._message_id.to_bytes(2)

    def _record(self) -> int:
        """The sequence number of the conversation's next record."""
        self._records += 1
        return self._records - 1

    def _note_cookie(self, datagram: bytes) -> MappingAnswer:
        """What the first answer means, as `_read` says; keeps the cookie in it."""
        answer = self._read(datagram)
        self.cookie = dtls.cookie_of(datagram) or b""
        return answer

    def _read(self, datagram: bytes) -> MappingAnswer:
        """What an answer to the last request means.

        Raises:
            ValueError: the datagram is no answer to the last request.
        """
        if self.server.transport == "coap":
            reply_to(self._message_id, datagram)
            return "answered"
        name = dtls.record_name(datagram)
        self.largest = max(self.largest, len(datagram))
        if name == "HelloVerifyRequest":
            if self.cookie and dtls.cookie_of(datagram) == self.cookie:
                raise ValueError("the same cookie again, in answer to an earlier ClientHello")
            return "new-cookie"
        return "accepted" if self.cookie else "answered"

    async def _quiet_until(self, until: float) -> list[Arrival]:
        """Send nothing until `until` (monotonic clock); returns the datagrams that the server sends meanwhile."""
        arrived: list[Arrival] = []
        while event := await self._sock.receive(until):
            if isinstance(event, Refusal) or (event.address, event.port) != (self.address, self.server.port):
                continue
            try:
                what = dtls.record_name(event.payload) if self.server.transport == "dtls" else None
            except ValueError:
                what = None
            if what is not None:
                self.largest = max(self.largest, len(event.payload))
            arrived.append(Arrival(at_s=self.network.elapsed(event.at), size=len(event.payload), what=what))
            if len(arrived) == MOST_ARRIVALS:
                break
        return arrived
