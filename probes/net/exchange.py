"""Send one request, repeated on a schedule until it is answered: every UDP probe does this.

An ICMP error is proved if it quotes bytes of the datagram that nobody can guess. Many routers quote only the UDP
header, and anybody on this LAN who tries all ports can send such an error in a router's name. So if no error is proved,
the request is sent once more from each of three random ports: a host that really refuses it refuses all three promptly.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from msgspec import UNSET
from msgspec.structs import replace

from netpreflight.probes.net.payload_shapes import Shape
from netpreflight.probes.net.sockets import Datagram, Network, Refusal, UdpSocket
from netpreflight.probes.net.witnesses import lost
from netpreflight.probes.observations import KEPT_BYTES, TOO_MUCH, Attempt, AttemptOutcome, Icmp

T = TypeVar("T")

ENOUGH_REFUSALS = 2
"""Stop after this many attempts ended in an ICMP error: more would show nothing new."""
REFUSED = "refused by somebody: Windows does not say by whom"
"""`Attempt.detail` of a `timeout`, where an ICMP error came whose sender is not known."""
MOST_IGNORED = 8
NEW_PORTS = 3
PROMPT_S = 0.75
"""How soon an answer or error has to come to each of the new ports: more than a round trip, and less than the second
after which a server repeats what it sent (RFC 6347 section 4.2.4.1). An attacker who sweeps all ports with 2600
datagrams a second hits a port chosen at random within this time in 1 of 30 cases."""


@dataclass(frozen=True, slots=True)
class Exchange(Generic[T]):
    """How an exchange went; `value` is None where no reply was accepted."""

    attempts: list[Attempt]
    value: T | None
    elapsed_ms: float


async def exchange(
    network: Network,
    sock: UdpSocket,
    request: bytes | Callable[[int], bytes],
    address: str,
    port: int,
    *,
    at_s: tuple[float, ...],
    give_up_s: float,
    read: Callable[[bytes], T | None],
    shape: Shape | None = None,
    mark: bytes = b"",
    mark_at: int = 0,
) -> Exchange[T]:
    """Send `request` at each time in `at_s`, until `read` accepts a reply from `address` and `port`.

    Args:
        network: gives the time, and limits how long to wait.
        sock: the socket to use; datagrams that are no answer are recorded as ignored.
        request: the datagram; or, if retransmissions differ, a function that builds it from the number of datagrams
            already sent.
        address: IPv4 address to send to.
        port: UDP port to send to.
        at_s: seconds after the start at which the request is sent.
        give_up_s: seconds after the start at which waiting ends.
        read: decodes a reply. Returns None for a part of an answer, after which the rest is waited for. Raises
            ValueError with the reason if the reply is no answer.
        shape: the request's shape, if it is not the socket's own.
        mark: bytes that every answer has, such as the request's id, so that the kernel can drop a flood of others.
        mark_at: offset of `mark` in the answer.
    """
    sock.expect(port, address, mark, mark_at)
    attempts: list[Attempt] = []
    ignored: list[Attempt] = []
    begun = network.clock.monotonic()
    refusals = 0
    datagram = b""
    failed: str | None = None
    """The internal error of netpreflight that a datagram caused; None: there was none."""

    def attempt(outcome: AttemptOutcome, at: float, detail: str | None = None) -> Attempt:
        """An attempt with this outcome, for the datagram that was sent last."""
        return Attempt(
            at_s=network.elapsed(at), address=address, port=port, outcome=outcome, sent=datagram.hex(), detail=detail
        )

    end = network.limit(begun, give_up_s)
    with network.waiting("udp", end, since=begun, port=port):
        for number, sent_s in enumerate(at_s):
            if begun + sent_s >= end:
                break
            slot_end = min(begun + at_s[number + 1] if number + 1 < len(at_s) else end, end)
            sent_at = max(network.clock.monotonic(), begun + sent_s)
            datagram = request if isinstance(request, bytes) else request(number)
            problem = sock.send(datagram, address, port, shape=shape)
            outcome_so_far = attempt("error", sent_at, problem) if problem else attempt("timeout", sent_at)
            while event := await sock.receive(slot_end):
                if isinstance(event, Refusal):
                    if (event.address, event.port) == (address, port):
                        proved = event.icmp.proved or (shape or sock.shape).is_quoted(datagram, event.quoted)
                        refusals += outcome_so_far.outcome != "icmp"
                        refused = replace(attempt("icmp", sent_at), rtt_ms=_rtt_ms(sent_at, event.at))
                        outcome_so_far = _after_error(outcome_so_far, refused, replace(event.icmp, proved=proved))
                        if refusals == ENOUGH_REFUSALS:
                            break
                    continue
                value, reason, fault = _decoded(event, address, port, read)
                failed = failed or fault
                if reason is not None:
                    if len(ignored) < MOST_IGNORED:
                        entry = attempt("ignored", event.at, reason)
                        ignored.append(
                            replace(entry, sent="", reply=event.payload[:KEPT_BYTES].hex(), source=event.source)
                        )
                    continue
                reply = event.payload[:KEPT_BYTES].hex()
                outcome_so_far = replace(attempt("reply", sent_at), reply=reply, rtt_ms=_rtt_ms(sent_at, event.at))
                if value is not None:
                    return Exchange([*attempts, outcome_so_far, *ignored], value, _ms(event.at - begun))
            unread = TOO_MUCH if sock.take_lost() else failed
            if unread and outcome_so_far.outcome == "timeout":
                outcome_so_far = attempt("unread", sent_at, unread)
            was_refused = sock.take_refused()
            if was_refused and outcome_so_far.outcome == "timeout":
                outcome_so_far = replace(outcome_so_far, detail=REFUSED)
            attempts.append(outcome_so_far)
            if refusals == ENOUGH_REFUSALS:
                break
    return Exchange([*attempts, *ignored], None, _ms(network.clock.monotonic() - begun))


def _after_error(so_far: Attempt, refused: Attempt, icmp: Icmp) -> Attempt:
    """An attempt after an ICMP error: `refused` with the first error; later ones are only counted, unless proved."""
    if so_far.outcome != "icmp":
        return replace(refused, icmp=icmp, detail=icmp.meaning)
    return replace(so_far, further_errors=(so_far.further_errors or 0) + (not icmp.proved) or UNSET)


def _decoded(
    event: Datagram, address: str, port: int, read: Callable[[bytes], T | None]
) -> tuple[T | None, str | None, str | None]:
    """Decode a datagram.

    Returns:
        Its value (None if it is no answer, or only a part of one); why it is no answer; and netpreflight's internal
        error in words, if decoding failed with one.
    """
    if (event.address, event.port) != (address, port):
        return None, f"came from {event.source} instead of {address}:{port}", None
    try:
        return read(event.payload), None, None
    except ValueError as reason:
        return None, str(reason), None
    except Exception as fault:  # noqa: BLE001 - one datagram costs neither others nor the answer behind it
        why = lost(fault)
        return None, why, why


async def ask_on_new_ports(
    network: Network,
    purpose: str,
    shape: Shape,
    host: str | None,
    request: bytes,
    address: str,
    port: int,
    read: Callable[[bytes], object],
) -> list[Attempt]:
    """Send a request once from each of NEW_PORTS random ports; returns the attempts."""

    async def ask() -> list[Attempt]:
        sock = network.udp_on_random_port(purpose, shape, host)
        answered = await exchange(network, sock, request, address, port, at_s=(0.0,), give_up_s=PROMPT_S, read=read)
        return answered.attempts

    attempts_by_port = await asyncio.gather(*(ask() for _ in range(NEW_PORTS)))
    return [attempt for attempts in attempts_by_port for attempt in attempts]


def proves_nothing(attempts: list[Attempt]) -> bool:
    """Whether ICMP errors came, but none of them is proved."""
    errors = [attempt.icmp for attempt in attempts if attempt.icmp]
    return bool(errors) and not any(icmp.proved for icmp in errors)


def _rtt_ms(sent_at: float, came_at: float) -> float | None:
    """How long an answer took; None: it came before this attempt was sent, so it answers an earlier attempt."""
    return _ms(came_at - sent_at) if came_at >= sent_at else None


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
