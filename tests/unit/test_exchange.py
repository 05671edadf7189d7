"""One request on a schedule: what is sent when, which reply counts, and what is kept of the rest."""

import asyncio
from collections.abc import Callable

import pytest
from msgspec import UNSET

from netpreflight.probes.net.exchange import Exchange, exchange
from netpreflight.probes.net.payload_shapes import CLIENT_HELLO, COOKIE_HELLO, Shape
from netpreflight.probes.observations import KEPT_BYTES, Icmp
from tests.unit.fakes import Answer, Clock, FakeNetwork, FakeSocket, Script

ASKED = "192.0.2.1"
AT_S = (0.0, 1.0, 2.0)
PROHIBITED = Icmp(type=3, code=13, source="192.0.2.254")


def run(clock: Clock, script: Script) -> tuple[Exchange[bytes], FakeSocket]:
    """Ask 192.0.2.1:7 at 0, 1 and 2 s and give up at 4 s; only a reply that starts with `yes` counts."""

    def read(payload: bytes) -> bytes:
        if not payload.startswith(b"yes"):
            raise ValueError("does not say yes")
        return payload

    sock = FakeSocket(clock, script)
    network = FakeNetwork(clock, script)
    return asyncio.run(exchange(network, sock, b"?", ASKED, 7, at_s=AT_S, give_up_s=4.0, read=read)), sock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock()


def only(number: int, *answers: tuple[float, Answer]) -> Script:
    return lambda sent, _: list(answers) if sent == number else []


def test_silence_is_asked_on_schedule_and_given_up_in_time(clock: Clock) -> None:
    result, sock = run(clock, lambda *_: [])

    assert [at for at, _ in sock.sent] == [0.0, 1.0, 2.0]
    assert result.value is None
    assert [(attempt.outcome, attempt.at_s, attempt.sent) for attempt in result.attempts] == [
        ("timeout", 0.0, "3f"),
        ("timeout", 1.0, "3f"),
        ("timeout", 2.0, "3f"),
    ]
    assert result.elapsed_ms == pytest.approx(4000)


def test_an_answer_that_had_come_before_the_next_try_was_sent_has_no_time(clock: Clock) -> None:
    result, _ = run(clock, only(2, (-0.2, b"yes")))

    assert result.value == b"yes"
    assert [attempt.rtt_ms for attempt in result.attempts] == [None, None]


def test_each_retransmission_can_be_another_datagram(clock: Clock) -> None:
    sock = FakeSocket(clock, lambda *_: [], CLIENT_HELLO)
    network = FakeNetwork(clock, sock.script)

    def ask(request: Callable[[int], bytes], shape: Shape | None) -> list[str]:
        made = exchange(network, sock, request, ASKED, 7, at_s=AT_S, give_up_s=4.0, read=bytes, shape=shape)
        return [attempt.sent for attempt in asyncio.run(made).attempts]

    assert ask(lambda before: bytes([before]), None) == ["00", "01", "02"], "by how many were sent before"
    assert ask(lambda _: b"?", COOKIE_HELLO) == ["3f"] * 3
    assert [wire for _, wire in sock.sent] == [b"\0", b"\1", b"\2", b"?", b"?", b"?"]
    assert sock.shapes == [CLIENT_HELLO] * 3 + [COOKIE_HELLO] * 3


def test_an_answer_is_kept_beside_the_datagram_before_it(clock: Clock) -> None:
    sock = FakeSocket(clock, only(2, (0.2, b"yes")))
    network = FakeNetwork(clock, sock.script)

    made = exchange(network, sock, lambda before: bytes([before]), ASKED, 7, at_s=AT_S, give_up_s=4.0, read=bytes)

    assert [(attempt.outcome, attempt.sent) for attempt in asyncio.run(made).attempts] == [
        ("timeout", "00"),
        ("reply", "01"),
    ]


def test_the_first_good_reply_ends_it(clock: Clock) -> None:
    result, sock = run(clock, only(1, (0.25, b"yes")))

    assert len(sock.sent) == 1
    assert result.value == b"yes"
    (attempt,) = result.attempts
    assert (attempt.outcome, attempt.reply) == ("reply", b"yes".hex())
    assert attempt.rtt_ms == pytest.approx(250)


def test_one_lost_datagram_fails_nothing(clock: Clock) -> None:
    result, sock = run(clock, only(2, (0.1, b"yes")))

    assert [attempt.outcome for attempt in result.attempts] == ["timeout", "reply"]
    assert [at for at, _ in sock.sent] == [0.0, 1.0]


def test_a_late_reply_to_an_earlier_request_counts(clock: Clock) -> None:
    result, _ = run(clock, only(1, (1.5, b"yes")))

    assert result.value == b"yes"
    assert [attempt.outcome for attempt in result.attempts] == ["timeout", "reply"]
    assert result.elapsed_ms == pytest.approx(1500)


def test_a_reply_after_the_end_does_not_count(clock: Clock) -> None:
    assert run(clock, only(1, (4.1, b"yes")))[0].value is None


@pytest.mark.parametrize("source", [("192.0.2.9", 7), (ASKED, 8)], ids=["address", "port"])
def test_a_reply_from_elsewhere_is_evidence_and_no_answer(clock: Clock, source: tuple[str, int]) -> None:
    result, sock = run(clock, only(1, (0.1, (b"yes", *source))))

    assert result.value is None
    assert len(sock.sent) == 3
    ignored = result.attempts[-1]
    assert (ignored.outcome, ignored.source) == ("ignored", f"{source[0]}:{source[1]}")
    assert f"came from {source[0]}:{source[1]}" in (ignored.detail or "")


def test_a_refused_reply_does_not_hide_the_good_one_behind_it(clock: Clock) -> None:
    result, _ = run(clock, only(1, (0.1, b"no"), (0.2, b"yes")))

    assert result.value == b"yes"
    assert [(attempt.outcome, attempt.detail) for attempt in result.attempts] == [
        ("reply", None),
        ("ignored", "does not say yes"),
    ]


def test_two_icmp_errors_end_it(clock: Clock) -> None:
    result, sock = run(clock, lambda *_: [(0.01, PROHIBITED)])

    assert [at for at, _ in sock.sent] == [0.0, 1.0]
    assert [(attempt.outcome, attempt.icmp) for attempt in result.attempts] == [("icmp", PROHIBITED)] * 2


def test_further_icmp_errors_for_a_request_are_counted(clock: Clock) -> None:
    result, _ = run(clock, only(1, (0.01, PROHIBITED), (0.3, PROHIBITED), (0.9, PROHIBITED)))

    assert [attempt.further_errors for attempt in result.attempts] == [2, UNSET, UNSET]
    assert result.attempts[0].rtt_ms == 10.0


def test_one_icmp_error_does_not_end_it(clock: Clock) -> None:
    script: Script = lambda number, _: [(0.01, PROHIBITED)] if number == 1 else [(0.1, b"yes")]  # noqa: E731 - a table

    result, _ = run(clock, script)

    assert result.value == b"yes"
    assert [attempt.outcome for attempt in result.attempts] == ["icmp", "reply"]


def test_icmp_about_another_conversation_is_nothing(clock: Clock) -> None:
    class Other(FakeSocket):
        def send(
            self, payload: bytes, address: str, port: int, *, ttl: int | None = None, shape: Shape | None = None
        ) -> str | None:
            return super().send(payload, "192.0.2.77", port)

    sock = Other(clock, lambda *_: [(0.01, PROHIBITED)])
    network = FakeNetwork(clock, sock.script)
    result = asyncio.run(exchange(network, sock, b"?", ASKED, 7, at_s=AT_S, give_up_s=4.0, read=bytes))

    assert [attempt.outcome for attempt in result.attempts] == ["timeout"] * 3


def test_what_this_laptop_could_not_send_is_an_error_and_not_silence(clock: Clock) -> None:
    result, _ = run(clock, lambda *_: "Operation not permitted")

    assert [(attempt.outcome, attempt.detail) for attempt in result.attempts] == [
        ("error", "Operation not permitted")
    ] * 3


def test_a_flood_leaves_bounded_evidence(clock: Clock) -> None:
    result, _ = run(clock, only(1, *[(0.1, b"n" * 4096)] * 60))

    ignored = [attempt for attempt in result.attempts if attempt.outcome == "ignored"]
    assert 0 < len(ignored) <= 8
    assert all(len(attempt.reply) <= 2 * KEPT_BYTES for attempt in result.attempts)


def test_an_oversized_good_reply_is_cut_in_the_evidence_only(clock: Clock) -> None:
    result, _ = run(clock, only(1, (0.1, b"yes" + b"y" * 4000)))

    assert result.value is not None
    assert len(result.value) == 4003
    assert len(result.attempts[0].reply) == 2 * KEPT_BYTES
