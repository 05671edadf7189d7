"""The NAT mapping: what is asked before, in and after the silence, and what an answer means."""

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest

from netpreflight.probes import nat_mapping as mapping
from netpreflight.probes.nat_mapping import Server
from netpreflight.probes.net import dtls
from netpreflight.probes.net.payload_shapes import CLIENT_HELLO, COAP_PING, COOKIE_HELLO, DTLS_ALERT, Shape
from netpreflight.probes.net.sockets import UdpSocket
from netpreflight.probes.observations import Mapping
from tests.unit.dtls_records import ALERT, COOKIE, HELLO_VERIFY, RANDOM, SERVER_HELLO, hello
from tests.unit.fakes import Answer, Clock, FakeNetwork, FakeSocket, Script

SERVER, CLOUD = "198.51.100.21", Server("dtls", "cloud.example", 5684)
COAP = Server("coap", "coap.example", 5683)
OTHER = HELLO_VERIFY[:-1] + b"\0"
HOLD_S = 30.0
Answers = Callable[[float, bytes], list[tuple[float, Answer]]]


class Scripted(FakeNetwork):
    """Answers by the time and the datagram; the second socket can have a script of its own."""

    def __init__(self, clock: Clock, first: Answers, second: Answers | None) -> None:
        super().__init__(clock, lambda *_: [])
        self.answers = [first, second or first]

    def udp(self, purpose: str, shape: Shape, host: str | None = None, *, local_port: int = 0) -> UdpSocket:
        """A socket that nothing leaves."""
        answers = self.answers[min(len(self.sockets), 1)]
        script: Script = lambda _, wire: answers(self.clock.now - 1000, wire)  # noqa: E731 - one line of table
        self.sockets.append(FakeSocket(self.clock, script, shape))
        return self.sockets[-1]


def run(
    monkeypatch: pytest.MonkeyPatch, first: Answers, second: Answers | None = None, servers: list[Server] | None = None
) -> tuple[Mapping, list[FakeSocket]]:
    """Both conversations share one clock: whichever waits moves it for the other, too."""

    async def address_of(_: str) -> str | None:
        return SERVER

    network = Scripted(Clock(), first, second)
    seen = asyncio.run(mapping.mapping(network, servers or [CLOUD], address_of, HOLD_S))
    return seen, network.sockets


def has_cookie(wire: bytes) -> bool:
    return COOKIE in wire


def is_alert(wire: bytes) -> bool:
    """Whether it is the fatal alert that ends a handshake, in whichever record."""
    return wire == dtls.alert(number_of(wire))


def number_of(wire: bytes) -> int:
    """The sequence number of its record."""
    return int.from_bytes(wire[5:11])


def honest(_: float, wire: bytes) -> list[tuple[float, Answer]]:
    """A server with cookies, behind a NAT that keeps everything."""
    if is_alert(wire):
        return []
    return [(0.01, SERVER_HELLO if has_cookie(wire) else HELLO_VERIFY)]


def forgotten(now: float, wire: bytes) -> list[tuple[float, Answer]]:
    """The same, behind a NAT that has given another port after the silence."""
    return [(0.01, OTHER)] if now > 20 and not is_alert(wire) else honest(now, wire)


def refusing(_: float, wire: bytes) -> list[tuple[float, Answer]]:
    """A server that takes no cookie, and gives another instead."""
    return [(0.01, OTHER if has_cookie(wire) else HELLO_VERIFY)]


def test_a_kept_mapping_takes_the_cookie_again(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, (sock, _) = run(monkeypatch, honest)

    assert (seen.transport, seen.host, seen.port, seen.address) == ("dtls", "cloud.example", 5684, SERVER)
    assert seen.cookie
    assert (seen.before_answer, seen.after_answer, seen.control_answer) == ("accepted", "accepted", "accepted")
    assert seen.silent_s >= HOLD_S
    hellos = [wire for _, wire in sock.sent if not is_alert(wire)]
    assert [has_cookie(wire) for wire in hellos] == [False, True, True, True, True]
    assert len({wire[27:59] for wire in hellos}) == 1, "the same random: it is one ClientHello"


def test_every_handshake_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    _, (sock, _) = run(monkeypatch, honest)

    wires = [wire for _, wire in sock.sent]
    assert all(is_alert(after) for wire, after in pairwise(wires) if has_cookie(wire))
    assert is_alert(wires[-1])


def test_a_conversation_numbers_its_records_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a device's does: what comes next is in the next record, whatever it is and however long after."""
    monkeypatch.setattr("os.urandom", lambda size: RANDOM[:size])
    _, (sock, beside) = run(monkeypatch, honest)

    kept = [wire for _, wire in sock.sent]
    assert kept[0] == hello(0)
    assert kept[1] == second_hello(1)
    assert kept[2] == bytes.fromhex("15 fefd 0000 000000000002 0002 02 28")
    for wires in (kept, [wire for _, wire in beside.sent]):
        asked = [0, *range(1, len(wires), 2)]
        expected = [second_hello(at) if at in asked else dtls.alert(at) for at in range(1, len(wires))]
        assert wires == [hello(0), *expected]
    assert len(kept) == 1 + 2 * 4
    assert sock.shapes == [CLIENT_HELLO, *[COOKIE_HELLO, DTLS_ALERT] * 4]


def second_hello(record: int) -> bytes:
    """The ClientHello with COOKIE, written by hand: longer by the cookie, and the next message."""
    first = hello(record)
    return (
        first[:11]
        + bytes.fromhex("0075 01 000069 0001 000000 000069")
        + first[25:60]
        + bytes.fromhex("14")
        + COOKIE
        + first[61:]
    )


def test_what_is_asked_again_is_in_the_next_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ClientHello that was lost twice, and then one with the cookie that was lost once."""
    monkeypatch.setattr("os.urandom", lambda size: RANDOM[:size])
    _, (sock, *_) = run(monkeypatch, lambda now, wire: [] if number_of(wire) in {0, 1, 3} else honest(now, wire))

    wires = [wire for _, wire in sock.sent]
    assert wires[:6] == [hello(0), hello(1), hello(2), second_hello(3), second_hello(4), dtls.alert(5)]
    assert [number_of(wire) for wire in wires] == list(range(len(wires)))


def test_nothing_of_a_conversation_is_longer_than_a_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    _, sockets = run(monkeypatch, honest)

    assert not any(sock.is_whole for sock in sockets)
    assert {len(wire) for sock in sockets for _, wire in sock.sent} == {110, 110 + len(COOKIE), 15}


def test_the_conversation_has_lasted_before_the_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux forgets a conversation of less than two seconds sooner than a longer one."""
    _, (sock, _) = run(monkeypatch, honest)

    times = [at for at, wire in sock.sent if has_cookie(wire)]
    assert times[:3] == pytest.approx([0.01, 1.25, 2.5], abs=0.02)
    assert times[3] - times[2] >= HOLD_S


def test_a_forgotten_mapping_gets_a_new_cookie(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, _ = run(monkeypatch, forgotten, honest)

    assert (seen.before_answer, seen.after_answer) == ("accepted", "new-cookie")
    assert seen.control_answer == "accepted", "it was the silence: beside it, the server's secret is the same"


def test_a_server_that_changes_its_secret_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, _ = run(monkeypatch, forgotten, refusing)

    assert (seen.after_answer, seen.control_answer) == ("new-cookie", "new-cookie")


def test_a_secret_that_changes_as_the_silence_begins_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[bytes] = []

    def held(now: float, wire: bytes) -> list[tuple[float, Answer]]:
        if has_cookie(wire):
            taken.append(wire)
        return honest(now, wire) if len(taken) <= 3 else [(0.01, OTHER)]

    def beside(now: float, wire: bytes) -> list[tuple[float, Answer]]:
        if len(taken) < 3 or is_alert(wire):
            return honest(now, wire)
        return [(0.01, SERVER_HELLO if OTHER[-len(COOKIE) :] in wire else OTHER)]

    seen, _ = run(monkeypatch, held, beside)

    assert (seen.before_answer, seen.after_answer, seen.control_answer) == ("accepted", "new-cookie", "new-cookie")


def test_a_dead_mapping_is_asked_three_times(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, _ = run(monkeypatch, lambda now, wire: [] if now > 20 else honest(now, wire), honest)

    assert seen.after_answer == "silence"
    assert [attempt.outcome for attempt in seen.after] == ["timeout"] * 3


def test_a_cookie_that_is_refused_at_once_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, sockets = run(monkeypatch, refusing)

    assert (seen.before_answer, seen.after_answer, seen.control_answer) == ("new-cookie", None, None)
    assert seen.silent_s == 0
    assert len(sockets) == 1


def test_a_slow_path_brings_the_first_cookie_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second ClientHello is sent before the answer to the first is here; both are answered."""
    seen, _ = run(monkeypatch, lambda _, wire: [(1.5, data) for _, data in honest(0, wire)])

    assert (seen.before_answer, seen.after_answer) == ("accepted", "accepted")
    assert any("same cookie" in (attempt.detail or "") for attempt in seen.before)


def test_what_comes_unasked_is_kept_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not heed the alert sends its flight again: each time, the mapping let it in."""
    late: list[tuple[float, Answer]] = [
        (7.0, SERVER_HELLO),
        (15.0, b"junk"),
        (16.0, (SERVER_HELLO, "203.0.113.9", 5684)),
    ]
    seen, _ = run(monkeypatch, lambda now, w: [*honest(now, w), *(late if has_cookie(w) and 2 < now < 3 else [])])

    assert [(arrival.size, arrival.what) for arrival in seen.arrived] == [(len(SERVER_HELLO), "ServerHello"), (4, None)]
    assert seen.idle_s == pytest.approx(HOLD_S - 15, abs=0.1)
    assert seen.silent_s >= HOLD_S


def test_a_flood_ends_the_silence_without_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    flood: list[tuple[float, Answer]] = [(3.0, b"x")] * 100
    seen, _ = run(monkeypatch, lambda now, w: [*honest(now, w), *(flood if has_cookie(w) and 2 < now < 3 else [])])

    assert 0 < len(seen.arrived) <= 32
    assert (seen.after_answer, seen.after) == (None, [])


def test_without_a_cookie_a_reply_is_all_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, sockets = run(monkeypatch, lambda _, wire: [] if is_alert(wire) else [(0.01, SERVER_HELLO)])

    assert not seen.cookie
    assert (seen.before_answer, seen.after_answer) == ("answered", "answered")
    assert len(sockets) == 1, "there is nothing to compare"
    assert seen.control_answer is None


def reset(_: float, wire: bytes) -> list[tuple[float, Answer]]:
    return [(0.01, b"\x70\x00" + wire[2:4])] if wire[:2] == b"\x40\x00" else []


def test_where_no_dtls_server_answers_a_coap_server_is_pinged(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, sockets = run(monkeypatch, lambda *_: [], reset, [CLOUD, CLOUD, COAP])

    assert len(sockets) == 2, "one address and port is tried once"
    assert (seen.transport, seen.host, seen.cookie) == ("coap", "coap.example", False)
    assert (seen.before_answer, seen.after_answer) == ("answered", "answered")
    assert len({wire[2:4] for _, wire in sockets[1].sent}) == len(sockets[1].sent) == 5
    assert sockets[0].shapes == [CLIENT_HELLO] * 3
    assert sockets[1].shapes == [COAP_PING] * 5
    assert seen.largest == 0


def test_a_ping_that_was_lost_is_sent_again_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 7252 section 4.2: a retransmission has the same message id."""
    seen, (sock,) = run(monkeypatch, lambda now, wire: [] if now < 2 else reset(now, wire), None, [COAP])

    ids = [wire[2:4] for _, wire in sock.sent]
    assert ids[0] == ids[1] == ids[2]
    assert len(set(ids)) == len(ids) - 2
    assert seen.after_answer == "answered"


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, _ = run(monkeypatch, lambda *_: [], None, [CLOUD, COAP])

    assert (seen.transport, seen.before_answer, seen.hold_s) == (None, None, HOLD_S)


FLIGHT = SERVER_HELLO + bytes(1200)
"""A server's second flight in one datagram."""


@pytest.mark.parametrize(
    ("answers", "largest"),
    [
        (honest, len(SERVER_HELLO)),
        (lambda now, w: [(0.01, FLIGHT)] if has_cookie(w) and now < 1 else honest(now, w), len(FLIGHT)),
        (lambda now, w: [(0.01, FLIGHT)] if has_cookie(w) and now > 20 else honest(now, w), len(FLIGHT)),
        (lambda now, w: [*honest(now, w), *([(9.0, FLIGHT)] if has_cookie(w) and 2 < now < 3 else [])], len(FLIGHT)),
        (lambda _, w: [] if is_alert(w) else [(0.01, ALERT if has_cookie(w) else HELLO_VERIFY)], len(HELLO_VERIFY)),
        (lambda now, w: [*honest(now, w), (9.0, bytes(1400))], len(SERVER_HELLO)),
        (lambda now, w: [(0.001, bytes(1400)), *honest(now, w)], len(SERVER_HELLO)),
        (lambda now, w: [(0.001, (FLIGHT, "203.0.113.9", 5684)), *honest(now, w)], len(SERVER_HELLO)),
    ],
    ids=["usual", "before", "after", "unasked", "refused", "junk-unasked", "junk", "another-address"],
)
def test_the_largest_datagram_that_came_is_the_servers(
    monkeypatch: pytest.MonkeyPatch, answers: Answers, largest: int
) -> None:
    assert run(monkeypatch, answers)[0].largest == largest


def test_the_largest_can_have_come_in_the_second_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    beside: Answers = lambda now, w: [(0.01, FLIGHT)] if has_cookie(w) and now > 20 else honest(now, w)  # noqa: E731

    assert run(monkeypatch, honest, beside)[0].largest == len(FLIGHT)


def test_evidence_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, _ = run(monkeypatch, lambda _, w: [(0.01, FLIGHT if has_cookie(w) else HELLO_VERIFY)])

    assert all(len(attempt.reply) <= 128 for attempt in [*seen.before, *seen.after, *seen.control])
