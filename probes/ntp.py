"""Does the NTP exchange of the device's Internet Test (Device OS 2.0 to 5.5) work?

One address of pool.ntp.org is asked, with five requests and 2 s for each (simple_ntp_client.cpp:301-331). The request
equals the device's: 48 bytes, first byte 0x23 (version 4, client), the clock in the origin field, and a transmit field
of zero. A server copies the transmit field of the request into the origin field of its reply (RFC 5905 section 8), so
the origin field of a genuine reply is zero. As the reply returns nothing random, a host that does not see the request
can forge one by trying all ports (a sweep). If this process cannot see such a sweep, a good reply has to be confirmed:
the server has to answer promptly on each of three random ports. These requests are 2 s apart, like the device's: an NTP
server that is asked more often from one address may answer RATE, and then not at all for a while (ntpd with `restrict
limited kod`: 2 s by default; RFC 5905 section 13, BTIME).
A reply that the device would reject uses up one attempt, and the next request follows at once. If this process cannot
see a sweep, that request is sent from a new random port: if all such replies come promptly, they are the server's. The
first good reply ends the exchange. ntplib decodes the replies.
"""

from collections.abc import Callable
from functools import partial

import ntplib

from netpreflight.probes.net.clock import Clock
from netpreflight.probes.net.exchange import (
    NEW_PORTS,
    PROMPT_S,
    Exchange,
    ask_on_new_ports,
    exchange,
    proves_nothing,
)
from netpreflight.probes.net.payload_shapes import NTP_REQUEST
from netpreflight.probes.net.sockets import Datagram, Network, UdpSocket
from netpreflight.probes.observations import Ntp, NtpAttempt, NtpReply

SERVER = "pool.ntp.org"
ATTEMPTS = 5
WAIT_S = 2.0
_PORT = 123
_HEADER = 48
_ORIGIN_FIELD = 24
_RECEIVE_FIELD = 32
_TRANSMIT_FIELD = 40
_FIRST_BYTE = 0x23
"""Version 4, mode 3 (client)."""
_EPOCH_OFFSET_S = ntplib.NTP.NTP_DELTA
"""Seconds from 1900, where NTP's time begins, to 1970."""


async def ntp(network: Network, address: str, on_seen: Callable[[Ntp], None] = lambda _: None) -> Ntp:
    """Run the exchange with one server address.

    Args:
        network: the interface to send through.
        address: the address of the server.
        on_seen: called with the observation so far if a good reply came, before the reply is confirmed.

    Raises:
        OSError: the interface cannot be used.
    """
    seen = Ntp(server=SERVER, address=address)
    network.watch_unasked(_PORT)
    sock = network.udp("NTP", NTP_REQUEST, SERVER)
    refused = 0
    result: Exchange[NtpReply] | None = None
    for _ in range(ATTEMPTS):
        if result and result.value and network.unasked(address, _PORT).ports is None:
            sock = network.udp_on_random_port("NTP", NTP_REQUEST, SERVER)
            seen.random_ports += 1
        sent_at = network.clock.wall()
        result = await exchange(
            network,
            sock,
            request(sent_at),
            address,
            _PORT,
            at_s=(0.0,),
            give_up_s=WAIT_S,
            read=partial(decode, network.clock, sent_at),
        )
        for attempt in result.attempts:
            fields = {name: getattr(attempt, name) for name in attempt.__struct_fields__}
            seen.attempts.append(NtpAttempt(**fields, decoded=result.value if attempt.outcome == "reply" else None))
            refused += attempt.icmp is not None
        if seen.good or refused >= 2:
            break
    seen.unasked = network.unasked(address, _PORT)
    if seen.good and seen.unasked.ports is None:
        on_seen(seen)
        most_s = NEW_PORTS * (WAIT_S + PROMPT_S)
        with network.waiting("asked-again", network.clock.monotonic() + most_s, port=_PORT):
            await _confirm(network, sock, seen, address)
    elif not seen.good and proves_nothing([*seen.attempts]):
        sent_at = network.clock.wall()
        read = partial(decode, network.clock, sent_at)
        seen.new_ports = await ask_on_new_ports(
            network, "NTP", NTP_REQUEST, SERVER, request(sent_at), address, _PORT, read
        )
    seen.unasked = network.unasked(address, _PORT)
    return seen


async def _confirm(network: Network, first: UdpSocket, seen: Ntp, address: str) -> None:
    """Ask again from NEW_PORTS random ports, one after the other, until one gets no prompt reply or one too many.

    A server sends one reply to a request, so any further reply comes from a sweep.
    """
    asked = [first]
    unanswered = sum(attempt.outcome == "timeout" for attempt in seen.attempts)
    extra = 0
    for _ in range(NEW_PORTS):
        await network.clock.sleep_until(network.clock.monotonic() + WAIT_S)
        extra += sum([await _waiting_on(network, sock, address) for sock in asked])
        seen.repeated = max(extra - unanswered, 0)  # an unanswered request may still get its reply
        if seen.repeated:
            return
        sock = network.udp_on_random_port("NTP", NTP_REQUEST, SERVER)
        asked.append(sock)
        sent_at = network.clock.wall()
        read = partial(decode, network.clock, sent_at)
        again = await exchange(
            network, sock, request(sent_at), address, _PORT, at_s=(0.0,), give_up_s=PROMPT_S, read=read
        )
        seen.new_ports += again.attempts
        if again.value is None:
            return


async def _waiting_on(network: Network, sock: UdpSocket, address: str) -> int:
    """How many datagrams from the server's address have arrived on a socket and were not read yet."""
    count = 0
    while event := await sock.receive(network.clock.monotonic()):
        count += isinstance(event, Datagram) and (event.address, event.port) == (address, _PORT)
    return count


def request(clock: float) -> bytes:
    """Build the device's NTP request; `clock`: the time that it carries, in seconds since 1970."""
    message = bytearray(_HEADER)
    message[0] = _FIRST_BYTE
    message[_ORIGIN_FIELD : _ORIGIN_FIELD + 8] = _timestamp(clock).to_bytes(8)
    return bytes(message)


def decode(clock: Clock, sent_at: float, payload: bytes) -> NtpReply:
    """Decode a reply that has just arrived; its request was sent at `sent_at`, in seconds since 1970.

    Raises:
        ValueError: a device would accept the reply, but its origin field shows that it answers another request.
    """
    received_at = clock.wall()
    if len(payload) < _HEADER:
        return NtpReply(length=len(payload))
    statistics = ntplib.NTPStats()
    statistics.from_data(payload[:_HEADER])
    reference = statistics.ref_id.to_bytes(4)
    reply = NtpReply(
        length=len(payload),
        mode=statistics.mode,
        stratum=statistics.stratum,
        reference=(
            reference.rstrip(b"\0").decode("ascii", errors="backslashreplace")
            if statistics.stratum <= 1
            else ".".join(map(str, reference))
        ),
        offset_s=_offset(payload, sent_at, received_at),
        without_time=not any(payload[_TRANSMIT_FIELD:_HEADER]),
    )
    if reply.flaw is None and any(payload[_ORIGIN_FIELD : _ORIGIN_FIELD + 8]):
        raise ValueError("returns another transmit time than the request's")
    return reply


def _offset(reply: bytes, sent_at: float, received_at: float) -> float | None:
    """Seconds by which the server's clock is ahead of this laptop's (RFC 5905 section 8); None: it has no time."""
    stamps = [int.from_bytes(reply[field : field + 8]) for field in (_RECEIVE_FIELD, _TRANSMIT_FIELD)]
    found = [_ahead(stamp, clock) for stamp, clock in zip(stamps, (sent_at, received_at), strict=True) if stamp]
    return round(sum(found) / len(found), 6) if stamps[1] else None


def _ahead(stamp: int, clock: float) -> float:
    """Seconds from `clock` to the NTP timestamp `stamp`; timestamps wrap in 2036, so the smaller distance counts."""
    difference = (stamp - _timestamp(clock)) % 2**64
    return (difference - 2**64 if difference >= 2**63 else difference) / 2**32


def _timestamp(clock: float) -> int:
    """A time in seconds since 1970 as NTP's 64 bits."""
    return int((clock + _EPOCH_OFFSET_S) * 2**32) % 2**64
