"""The cloud endpoints: a DTLS server waited for in a hurry and as a device does, and that nothing follows an answer."""

import asyncio
from collections.abc import Iterator

import msgspec
import pytest

from netpreflight.agent.judging.signature import is_signed
from netpreflight.probes import cloud
from netpreflight.probes.cloud import AS_DEVICE, HURRIED, Patience
from netpreflight.probes.net import dtls
from netpreflight.probes.net.payload_shapes import CLIENT_HELLO, COOKIE_HELLO, DTLS_ALERT
from netpreflight.probes.net.sockets import Datagram, Network, Refusal
from netpreflight.probes.observations import CloudEndpoint, Icmp, ServerFlight
from tests.unit.dtls_records import ALERT, COOKIE, HELLO_VERIFY, RANDOM, VENDOR, VENDOR_KEY, hello
from tests.unit.fakes import Answer, Clock, FakeNetwork, FakeSocket, Script
from tests.unit.seen import PROHIBITED

HOSTS, SERVER = ["one.example", "two.example"], "198.51.100.21"
NARROW = Icmp(type=3, code=4, source="203.0.113.2", mtu=1200)


class Noting(FakeNetwork):
    """Gives a run all the time it wants."""

    def __init__(self, clock: Clock, script: Script) -> None:
        super().__init__(clock, script)
        self._most_run_s = 100.0

    @property
    def whole(self) -> list[bool]:
        """Of each socket, whether what it sends may not be fragmented."""
        return [made.is_whole for made in self.sockets]


def run(
    monkeypatch: pytest.MonkeyPatch, script: Script, patience: Patience = HURRIED, hosts: int = 1
) -> tuple[list[CloudEndpoint], list[FakeSocket], Noting]:
    async def address_of(_: str) -> str | None:
        return SERVER

    network = Noting(Clock(), script)
    endpoints = [CloudEndpoint(transport="dtls", host=host, port=5684) for host in HOSTS[:hosts]]
    seen = asyncio.run(cloud.cloud(network, endpoints, address_of, patience))
    return seen.endpoints, network.sockets, network


@pytest.mark.parametrize(
    ("patience", "at", "end"), [(HURRIED, [0, 3, 9], 12), (AS_DEVICE, [0, 3, 9, 21], 45)], ids=["hurried", "deep"]
)
def test_silence_is_waited_for_as_long_as_wanted(
    monkeypatch: pytest.MonkeyPatch, patience: Patience, at: list[float], end: float
) -> None:
    (seen,), (sock,), _ = run(monkeypatch, lambda *_: [], patience)

    assert [when for when, _ in sock.sent] == at
    assert seen.given_s == pytest.approx(end)
    assert seen.waited_s == pytest.approx(end)
    assert (seen.record, seen.large) == (None, None)


def test_each_retransmission_is_the_same_hello_in_the_next_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.urandom", lambda size: RANDOM[:size])
    (seen,), (sock,), _ = run(monkeypatch, lambda *_: [], AS_DEVICE)

    assert [wire for _, wire in sock.sent] == [hello(0), hello(1), hello(2), hello(3)]
    assert [attempt.sent for attempt in seen.attempts] == [hello(number).hex() for number in range(4)]
    assert sock.shapes == [CLIENT_HELLO] * 4


def test_no_two_endpoints_have_the_same_random(monkeypatch: pytest.MonkeyPatch) -> None:
    _, sockets, _ = run(monkeypatch, lambda *_: [], hosts=2)

    randoms = [{wire[27:59] for _, wire in sock.sent} for sock in sockets]
    assert [len(lookup) for lookup in randoms] == [1, 1], "of one endpoint, all are one ClientHello"
    assert randoms[0] != randoms[1]


def test_the_time_given_is_what_the_run_has_left() -> None:
    network = Network("fake0", 1000.0)

    assert network.limit(1000.0, 45.0) == 1019.0
    assert Network("fake0", 1000.0, 70.0).limit(1000.0, 45.0) == 1045.0
    assert network.limit(1030.0, 45.0) == 1040.0, "what begins late is not cut off at once"


@pytest.mark.parametrize("patience", [HURRIED, AS_DEVICE], ids=["hurried", "deep"])
@pytest.mark.parametrize("answered", [1, 2, 3])
def test_nothing_is_sent_after_an_alert(monkeypatch: pytest.MonkeyPatch, patience: Patience, answered: int) -> None:
    """However often the server says it again."""
    often: list[tuple[float, Answer]] = [(0.02, ALERT), (0.03, ALERT), (1.0, ALERT), (4.0, ALERT)]
    (seen,), (sock,), network = run(monkeypatch, lambda sent, _: often if sent == answered else [], patience)

    assert (seen.record, seen.flight) == ("Alert 40", ServerFlight(answer="Alert 40", client_random=random_of(sock)))
    assert network.whole == [False], "one socket, and nothing that may not be fragmented"
    times, wires = zip(*sock.sent, strict=True)
    assert times == patience.hello_at_s[:answered]
    assert [int.from_bytes(wire[5:11]) for wire in wires] == list(range(answered))
    assert {len(wire) for wire in wires} == {len(hello(0))}
    assert seen.given_s == pytest.approx(patience.hello_give_up_s)


# --- the second flight


def random_of(sock: FakeSocket) -> str:
    """The random of what a socket sent, in hexadecimal."""
    return sock.sent[0][1][27:59].hex()


def is_plain(wire: bytes) -> bool:
    """Whether it is a ClientHello without a cookie."""
    return len(wire) == len(hello(0))


def with_cookie(*flight: bytes, plain: bool = True) -> Script:
    """A server that gives a cookie (from the second plain ClientHello on only if `plain`), and then this flight."""
    cookies = [0]

    def script(_: int, wire: bytes) -> list[tuple[float, Answer]]:
        if wire[:1] == b"\x15":
            return []
        if is_plain(wire):
            cookies[0] += 1
            return [(0.01, HELLO_VERIFY)] if plain or cookies[0] == 1 else []
        return [(0.01 + 0.001 * number, datagram) for number, datagram in enumerate(flight)]

    return script


@pytest.mark.parametrize("patience", [HURRIED, AS_DEVICE], ids=["hurried", "deep"])
def test_a_healthy_handshake_is_two_hellos_and_an_alert(monkeypatch: pytest.MonkeyPatch, patience: Patience) -> None:
    monkeypatch.setattr("os.urandom", lambda size: RANDOM[:size])
    (seen,), (sock,), _ = run(monkeypatch, with_cookie(*VENDOR), patience)

    assert [wire for _, wire in sock.sent] == [hello(0), dtls.client_hello(RANDOM, COOKIE, record=1), dtls.alert(2)]
    assert sock.shapes == [CLIENT_HELLO, COOKIE_HELLO, DTLS_ALERT]
    assert seen.waited_s < 0.1
    assert seen.record == "HelloVerifyRequest"
    flight = seen.flight
    assert flight is not None
    assert (flight.answer, [attempt.outcome for attempt in flight.attempts]) == ("ServerHello", ["reply"])
    assert is_signed(VENDOR_KEY, flight.client_random, flight.server_random, flight.key_exchange)
    assert (flight.same_port, flight.new_port) == ([], [])


def test_a_flight_without_a_cookie_is_ended_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.urandom", lambda size: RANDOM[:size])
    (seen,), (sock,), _ = run(monkeypatch, lambda sent, _: [(0.01, data) for data in VENDOR] if sent == 1 else [])

    assert [wire for _, wire in sock.sent] == [hello(0), dtls.alert(1)]
    assert seen.record == "ServerHello"
    assert seen.flight is not None
    assert (seen.flight.answer, seen.flight.attempts) == ("ServerHello", [])
    assert seen.flight.key_exchange


def test_a_part_of_a_flight_is_waited_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What lost its end is sent again, as a server does when it is asked again."""
    asked = [0]

    def script(_: int, wire: bytes) -> list[tuple[float, Answer]]:
        if is_plain(wire):
            return [(0.01, HELLO_VERIFY)]
        asked[0] += 1
        return [(0.01, data) for data in (VENDOR[:1] if asked[0] == 1 else VENDOR)]

    (seen,), (sock,), _ = run(monkeypatch, script)

    assert [round(at, 2) for at, _ in sock.sent] == [0, 0.01, 3.01, 3.02]
    assert seen.flight is not None
    assert seen.flight.answer == "ServerHello"


@pytest.mark.parametrize("patience", [HURRIED, AS_DEVICE], ids=["hurried", "deep"])
@pytest.mark.parametrize("flight", [[], VENDOR[:1]], ids=["silence", "a-part"])
def test_silence_is_compared_with_a_new_port(
    monkeypatch: pytest.MonkeyPatch, patience: Patience, flight: list[bytes]
) -> None:
    (seen,), sockets, _ = run(monkeypatch, with_cookie(*flight), patience)

    first, second = sockets
    assert [int.from_bytes(wire[5:11]) for _, wire in first.sent] == [0, 1, 2, 3]
    assert [is_plain(wire) for _, wire in first.sent] == [True, False, False, True]
    assert [(is_plain(wire), wire[5:11]) for _, wire in second.sent] == [(True, bytes(6))]
    assert random_of(first) != random_of(second)
    assert len(first.sent) + len(second.sent) - 1 <= 4, "no more packets than these"
    assert seen.waited_s < 12
    assert seen.flight is not None
    assert seen.flight.answer is None
    assert [attempt.outcome for attempt in seen.flight.same_port] == ["reply"]
    assert [attempt.outcome for attempt in seen.flight.new_port] == ["reply"]


def test_an_answer_that_comes_late_leaves_no_time_to_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    def script(sent: int, wire: bytes) -> list[tuple[float, Answer]]:
        return [(0.5, HELLO_VERIFY)] if sent == 3 and is_plain(wire) else []

    (seen,), (sock,), _ = run(monkeypatch, script)

    assert seen.waited_s <= 12
    assert [is_plain(wire) for _, wire in sock.sent] == [True, True, True, False]
    assert seen.flight is not None
    assert (seen.flight.answer, seen.flight.same_port, seen.flight.new_port) == (None, [], [])


def test_a_cookie_that_comes_twice_answers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def script(_: int, wire: bytes) -> list[tuple[float, Answer]]:
        return [(0.01, HELLO_VERIFY), (0.02, HELLO_VERIFY)] if is_plain(wire) else [(0.05, data) for data in VENDOR]

    (seen,), _, _ = run(monkeypatch, script)

    assert seen.flight is not None
    assert (seen.flight.answer, seen.flight.attempts[-1].outcome) == ("ServerHello", "ignored")


def test_a_server_that_takes_no_cookie_is_asked_no_third_time(monkeypatch: pytest.MonkeyPatch) -> None:
    other = HELLO_VERIFY[:-1] + bytes([HELLO_VERIFY[-1] ^ 1])
    (seen,), (sock,), _ = run(monkeypatch, with_cookie(other))

    assert seen.flight is not None
    assert seen.flight.answer == "HelloVerifyRequest"
    assert [wire[:1] for _, wire in sock.sent] == [b"\x16"] * 3


def test_a_run_that_is_cut_short_ends_the_handshake(monkeypatch: pytest.MonkeyPatch) -> None:
    sockets: list[FakeSocket] = []

    async def receive(sock: FakeSocket, deadline: float) -> Datagram | Refusal | None:
        if len(sock.sent) == 2:
            sockets.append(sock)
            raise asyncio.CancelledError
        return await FROM_SCRIPT(sock, deadline)

    monkeypatch.setattr(FakeSocket, "receive", receive)
    with pytest.raises(asyncio.CancelledError):
        run(monkeypatch, with_cookie())

    assert sockets[0].sent[2:] == [(sockets[0].sent[1][0], dtls.alert(2))]


FROM_SCRIPT = FakeSocket.receive
NO_RECORDS: dict[str, list[tuple[float, Answer]]] = {
    "silence": [],
    "narrow": [(0.01, NARROW)],
    "junk": [(0.01, b"HTTP/1.1 400 Bad Request")],
    "elsewhere": [(0.01, (HELLO_VERIFY, "203.0.113.9", 5684))],
}


@pytest.mark.parametrize("answers", NO_RECORDS.values(), ids=NO_RECORDS)
def test_no_hello_is_padded(monkeypatch: pytest.MonkeyPatch, answers: list[tuple[float, Answer]]) -> None:
    (seen,), (sock,), network = run(monkeypatch, lambda *_: answers, AS_DEVICE)

    assert (seen.record, seen.large, network.whole) == (None, None, [False])
    assert {len(wire) for _, wire in sock.sent} == {len(hello(0))}
    assert len(sock.sent) <= len(AS_DEVICE.hello_at_s)


def test_icmp_names_the_narrow_place(monkeypatch: pytest.MonkeyPatch) -> None:
    (seen,), _, _ = run(monkeypatch, lambda *_: [(0.01, NARROW)])

    assert seen.attempts[0].icmp == msgspec.structs.replace(NARROW, proved=True), "it quotes the ClientHello"
    assert seen.attempts[0].words == "0.0 s: icmp, fragmentation needed, next hop's MTU 1200 from 203.0.113.2"


def test_a_link_that_sends_nothing_is_an_error_of_this_laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    (seen,), _, _ = run(monkeypatch, lambda *_: "Operation not permitted")

    assert {(attempt.outcome, attempt.detail) for attempt in seen.attempts} == {("error", "Operation not permitted")}


def test_two_names_of_one_address_are_sent_a_hello_each(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, sockets, network = run(monkeypatch, lambda *_: [(0.01, HELLO_VERIFY)], hosts=2)

    assert [endpoint.record for endpoint in seen] == ["HelloVerifyRequest"] * 2
    assert [is_plain(sock.sent[0][1]) for sock in sockets] == [True] * 4, "each, and once more from a new port"
    assert network.whole == [False] * 4


# --- an answer that no signature proves


def unproved(script: Script) -> CloudEndpoint:
    """An endpoint whose answer nothing proves, seen by somebody who cannot see a sweep."""

    async def address_of(_: str) -> str | None:
        return SERVER

    network = Noting(Clock(), script)
    endpoints = [CloudEndpoint(transport="dtls", host=HOSTS[0], port=5684)]
    seen = asyncio.run(cloud.cloud(network, endpoints, address_of, HURRIED, lambda _: False))
    return seen.endpoints[0]


def test_an_answer_that_nothing_proves_has_to_come_on_three_more_ports() -> None:
    """Sent by a server that answers each port at once, and by one that answers the first port only."""
    real = unproved(lambda *_: [(0.02, ALERT)])
    waits: Iterator[list[tuple[float, Answer]]] = iter([[(0.02, ALERT)], [], [(0.1, ALERT)], []])
    forged = unproved(lambda *_: next(waits))

    assert [attempt.outcome for attempt in real.new_ports] == ["reply"] * 3
    assert sorted(attempt.outcome for attempt in forged.new_ports) == ["reply", "timeout", "timeout"]
    assert (real.repeated, real.unasked is not None) == (0, True)


def test_what_comes_twice_to_a_port_is_counted() -> None:
    assert unproved(lambda *_: [(0.02, ALERT), (0.3, ALERT)]).repeated >= 1


# --- an ICMP error that quotes nothing


def test_an_error_that_quotes_nothing_has_to_come_on_three_more_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """From a router that quotes eight bytes, and from somebody who happens to hit the first port twice."""
    monkeypatch.setattr(FakeSocket, "is_quoted", False, raising=False)
    (refused,), sockets, _ = run(monkeypatch, lambda *_: [(0.01, PROHIBITED)])
    twice: list[list[tuple[float, Answer]]] = [[(0.01, PROHIBITED)]] * 2
    answers = iter([*twice, [], [], []])
    (forged,), _, _ = run(monkeypatch, lambda *_: next(answers))

    assert len(sockets) == 4
    assert [attempt.icmp for attempt in refused.attempts + refused.new_ports] == [PROHIBITED] * 5
    assert [attempt.outcome for attempt in forged.new_ports] == ["timeout"] * 3


def test_an_error_that_quotes_our_random_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    (seen,), sockets, _ = run(monkeypatch, lambda *_: [(0.01, PROHIBITED)])

    assert len(sockets) == 1
    assert (seen.new_ports, {attempt.icmp.proved for attempt in seen.attempts if attempt.icmp}) == ([], {True})
