"""The NAT mapping: what is asked before, in and after the silence, and what an answer means."""

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest

from netpreflight.probes import mapping
from netpreflight.probes.mapping import Server
from netpreflight.probes.net import dtls
from netpreflight.probes.net.sockets import UdpSocket
from netpreflight.probes.observations import Mapping
from tests.unit.fakes import Answer, Clock, FakeNetwork, FakeSocket, Script
from tests.unit.test_dtls import COOKIE, HELLO_VERIFY, SERVER_HELLO

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

    def udp(self, purpose: str, host: str | None = None, *, local_port: int = 0, whole: bool = False) -> UdpSocket:
        """A socket that nothing leaves."""
        answers = self.answers[min(len(self.sockets), 1)]
        script: Script = lambda _, wire: answers(self.clock.now - 1000, wire)  # noqa: E731 - one line of table
        self.sockets.append(FakeSocket(self.clock, script))
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


def honest(_: float, wire: bytes) -> list[tuple[float, Answer]]:
    """A server with cookies, behind a NAT that keeps everything."""
    if wire == dtls.alert():
        return []
    return [(0.01, SERVER_HELLO if has_cookie(wire) else HELLO_VERIFY)]


def forgotten(now: float, wire: bytes) -> list[tuple[float, Answer]]:
    """The same, behind a NAT that has given another port after the silence."""
    return [(0.01, OTHER)] if now > 20 and wire != dtls.alert() else honest(now, wire)


def refusing(_: float, wire: bytes) -> list[tuple[float, Answer]]:
    """A server that takes no cookie, and gives another instead."""
    return [(0.01, OTHER if has_cookie(wire) else HELLO_VERIFY)]


def test_a_kept_mapping_takes_the_cookie_again(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, (sock, _) = run(monkeypatch, honest)

    assert (seen.transport, seen.host, seen.port, seen.address) == ("dtls", "cloud.example", 5684, SERVER)
    assert seen.cookie
    assert (seen.before_answer, seen.after_answer, seen.control_answer) == ("accepted", "accepted", "accepted")
    assert seen.silent_s >= HOLD_S
    hellos = [wire for _, wire in sock.sent if wire != dtls.alert()]
    assert [has_cookie(wire) for wire in hellos] == [False, True, True, True, True]
    assert len({wire[27:59] for wire in hellos}) == 1, "the same random: it is one ClientHello"


def test_every_handshake_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    _, (sock, _) = run(monkeypatch, honest)

    wires = [wire for _, wire in sock.sent]
    assert all(after == dtls.alert() for wire, after in pairwise(wires) if has_cookie(wire))
    assert wires[-1] == dtls.alert()


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
        if len(taken) < 3 or wire == dtls.alert():
            return honest(now, wire)
        return [(0.01, SERVER_HELLO if OTHER[-len(COOKIE) :] in wire else OTHER)]

    seen, _ = run(monkeypatch, held, beside)

    assert (seen.before_answer, seen.after_answer, seen.control_answer) == ("accepted", "new-cookie", "new-cookie")


def test_a_dead_mapping_is_asked_three_times(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, _ = run(monkeypatch, lambda now, wire: [] if now > 20 else honest(now, wire), honest)

    assert seen.after_answer == "silence"
    assert [one.outcome for one in seen.after] == ["timeout"] * 3


def test_a_cookie_that_is_refused_at_once_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, sockets = run(monkeypatch, refusing)

    assert (seen.before_answer, seen.after_answer, seen.control_answer) == ("new-cookie", None, None)
    assert seen.silent_s == 0
    assert len(sockets) == 1


def test_a_slow_path_brings_the_first_cookie_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second ClientHello is sent before the answer to the first is here; both are answered."""
    seen, _ = run(monkeypatch, lambda _, wire: [(1.5, one) for _, one in honest(0, wire)])

    assert (seen.before_answer, seen.after_answer) == ("accepted", "accepted")
    assert any("same cookie" in (one.detail or "") for one in seen.before)


def test_what_comes_unasked_is_kept_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not heed the alert sends its flight again: each time, the mapping let it in."""
    late: list[tuple[float, Answer]] = [
        (7.0, SERVER_HELLO),
        (15.0, b"junk"),
        (16.0, (SERVER_HELLO, "203.0.113.9", 5684)),
    ]
    seen, _ = run(monkeypatch, lambda now, w: [*honest(now, w), *(late if has_cookie(w) and 2 < now < 3 else [])])

    assert [(one.size, one.what) for one in seen.arrived] == [(len(SERVER_HELLO), "ServerHello"), (4, None)]
    assert seen.idle_s == pytest.approx(HOLD_S - 15, abs=0.1)
    assert seen.silent_s >= HOLD_S


def test_a_flood_ends_the_silence_without_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    flood: list[tuple[float, Answer]] = [(3.0, b"x")] * 100
    seen, _ = run(monkeypatch, lambda now, w: [*honest(now, w), *(flood if has_cookie(w) and 2 < now < 3 else [])])

    assert 0 < len(seen.arrived) <= 32
    assert (seen.after_answer, seen.after) == (None, [])


def test_without_a_cookie_a_reply_is_all_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, sockets = run(monkeypatch, lambda _, wire: [] if wire == dtls.alert() else [(0.01, SERVER_HELLO)])

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


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, _ = run(monkeypatch, lambda *_: [], None, [CLOUD, COAP])

    assert (seen.transport, seen.before_answer, seen.hold_s) == (None, None, HOLD_S)


def test_evidence_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    long = SERVER_HELLO + bytes(1200)
    seen, _ = run(monkeypatch, lambda now, w: [(0.01, long if has_cookie(w) else HELLO_VERIFY)])

    assert all(len(one.reply) <= 128 for one in [*seen.before, *seen.after, *seen.control])
