"""The NTP exchange: the request's bytes as Device OS sends them, replies by RFC 5905, the device's schedule."""

import asyncio
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netpreflight.probes import ntp
from netpreflight.probes.observations import Icmp, Ntp
from tests.unit.fakes import Answer, Clock, FakeNetwork, FakeSocket, Script

SERVER = "198.51.100.123"
TO_1900 = 2_208_988_800
"""Seconds from 1900 to 1970 (RFC 868, RFC 5905 figure 4)."""


def reply(mode: int = 4, stratum: int = 2, reference: bytes = b"\x0a\x00\x00\x01", received: float = 0.0) -> bytes:
    """RFC 5905 figure 8; the server's receive and transmit timestamps are both `received`, in seconds since 1970."""
    stamp = int((received + TO_1900) * 2**32)
    return struct.pack("!BBbbII4sQQQQ", 4 << 3 | mode, stratum, 6, -20, 0, 0, reference, 0, 0, stamp, stamp)


GOOD, KISS = reply(), reply(stratum=0, reference=b"RATE")


def run(monkeypatch: pytest.MonkeyPatch, script: Script) -> tuple[Ntp, FakeSocket]:
    network = FakeNetwork(Clock(), script)
    seen = asyncio.run(ntp.ntp(network, SERVER))
    return seen, network.sockets[0]


def test_the_request_is_the_devices() -> None:
    message = ntp.request(1_700_000_000.5)

    assert len(message) == 48
    assert message[0] == 0x23, "no leap warning, version 4, client"
    assert struct.unpack("!II", message[24:32]) == (1_700_000_000 + TO_1900, 2**31), "its clock is in the origin field"
    assert message[40:48] == bytes(8), "the transmit field is empty"
    assert message[1:24] + message[32:] == bytes(39)


def test_the_request_still_has_48_bytes_after_the_era_ends_in_2036() -> None:
    message = ntp.request(2**32 - TO_1900 + 7.0)

    assert len(message) == 48
    assert struct.unpack("!II", message[24:32]) == (7, 0)


def test_a_good_reply_is_read_with_the_offset_of_rfc_5905() -> None:
    clock = Clock()
    clock.now = 1000.2

    seen = ntp.decode(clock, 1000.0, reply(received=1005.1))

    assert (seen.length, seen.mode, seen.stratum, seen.reference, seen.flaw) == (48, 4, 2, "10.0.0.1", None)
    assert seen.offset_s == pytest.approx(5.0, abs=1e-4), "((T2 - T1) + (T3 - T4)) / 2"


ERA_S = 2**32
"""After so many seconds NTP's timestamps start again (RFC 5905 section 6): in 2036 for the first time."""
DAY_S = 86400


@pytest.mark.parametrize(
    ("here", "there", "offset"),
    [
        (1_790_000_000, 0, -1_790_000_000),  # a server that counts from 1970
        (1_790_000_000, 1_790_000_000 + 400 * DAY_S, 400 * DAY_S),
        (ERA_S - TO_1900 - 5, ERA_S - TO_1900 + 5, 10),  # the server is already in the next era
        (ERA_S - TO_1900 + 5, ERA_S - TO_1900 - 5, -10),
        (ERA_S - TO_1900 + DAY_S, ERA_S - TO_1900 + DAY_S, 0),
        (1_790_000_000, -TO_1900 + 60, ERA_S - TO_1900 + 60 - 1_790_000_000),  # from 1900, which looks like 2036
    ],
    ids=["1970", "next-year", "server-after-2036", "laptop-after-2036", "both-after-2036", "1900"],
)
def test_the_offset_holds_beyond_2036(here: int, there: int, offset: int) -> None:
    clock = Clock()
    clock.now = float(here)
    stamp = (there + TO_1900) % ERA_S
    seen = ntp.decode(clock, float(here), GOOD[:32] + struct.pack("!IIII", stamp, 0, stamp, 0))

    assert (seen.offset_s, seen.without_time) == (offset, False)


@pytest.mark.parametrize(
    ("received", "sent", "offset", "without_time"),
    [(1010, 1010, 10, False), (0, 1010, 10, False), (1010, 0, None, True), (0, 0, None, True)],
)
def test_a_timestamp_of_zero_is_none(received: int, sent: int, offset: int | None, *, without_time: bool) -> None:
    stamps = [time + TO_1900 if time else 0 for time in (received, sent)]
    seen = ntp.decode(Clock(), 1000.0, GOOD[:32] + struct.pack("!IIII", stamps[0], 0, stamps[1], 0))

    assert (seen.offset_s, seen.without_time, seen.flaw) == (offset, without_time, None)


@pytest.mark.parametrize(
    ("payload", "flaw"),
    [
        (b"", "short reply of 0 bytes"),
        (GOOD[:47], "short reply of 47 bytes"),
        (reply(mode=3), "mode 3"),
        (reply(mode=5), "mode 5"),
        (ntp.request(0.0), "mode 3"),
        (KISS, "kiss-of-death RATE"),
        (reply(stratum=0, reference=bytes(4)), "kiss-of-death"),
    ],
    ids=["empty", "47-bytes", "client", "broadcast", "echo", "kiss", "kiss-without-code"],
)
def test_a_reply_that_the_device_refuses_has_its_flaw_named(payload: bytes, flaw: str) -> None:
    assert flaw in (ntp.decode(Clock(), 0.0, payload).flaw or "")


@pytest.mark.parametrize("stratum", [1, 15, 16, 255])
def test_the_device_looks_at_no_other_stratum_than_0(stratum: int) -> None:
    assert ntp.decode(Clock(), 0.0, reply(stratum=stratum)).flaw is None


def test_a_longer_reply_is_told_by_its_length() -> None:
    seen = ntp.decode(Clock(), 0.0, GOOD + bytes(20))

    assert (seen.length, seen.flaw) == (68, None)


def test_silence_is_asked_five_times_two_seconds_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, sock = run(monkeypatch, lambda *_: [])

    assert [at for at, _ in sock.sent] == [0, 2, 4, 6, 8]
    assert all(len(payload) == 48 and payload[0] == 0x23 for _, payload in sock.sent)
    assert [attempt.outcome for attempt in seen.attempts] == ["timeout"] * 5
    assert seen.good is None


def test_it_stops_at_the_first_good_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, sock = run(monkeypatch, lambda number, _: [(0.1, GOOD)] if number == 2 else [])

    assert len(sock.sent) == 2
    assert seen.good is not None
    assert seen.good.stratum == 2


# --- a good reply that this process has to have confirmed, because it cannot see a sweep


def confirmed(script: Script) -> tuple[Ntp, list[list[float]]]:
    """What was seen, and when each socket sent."""
    network = FakeNetwork(Clock(), script)
    seen = asyncio.run(ntp.ntp(network, SERVER))
    return seen, [[at for at, _ in sock.sent] for sock in network.sockets]


def test_a_good_reply_is_confirmed_from_three_more_ports_as_far_apart_as_a_device_asks() -> None:
    seen, sent = confirmed(lambda *_: [(0.1, GOOD)])

    assert [at for (at,) in sent] == pytest.approx([0, 2.1, 4.2, 6.3]), "ntpd may say RATE to whoever asks within 2 s"
    assert [attempt.outcome for attempt in seen.new_ports] == ["reply"] * 3
    assert seen.unasked is not None
    assert (seen.unasked.ports, seen.repeated) == (None, 0)


def test_a_port_without_a_prompt_reply_ends_the_asking() -> None:
    answers: Iterator[list[tuple[float, Answer]]] = iter([[(0.1, GOOD)], [(0.1, GOOD)], [(0.8, GOOD)]])
    seen, sent = confirmed(lambda *_: next(answers))

    assert [attempt.outcome for attempt in seen.new_ports] == ["reply", "timeout"]
    assert len(sent) == 3
    assert seen.good is not None


def test_a_server_that_says_rate_is_there_all_the_same() -> None:
    answers: Iterator[list[tuple[float, Answer]]] = iter([[(0.1, GOOD)], [(0.1, GOOD)], [(0.1, KISS)], [(0.1, KISS)]])
    seen, _ = confirmed(lambda *_: next(answers))

    assert [attempt.outcome for attempt in seen.new_ports] == ["reply"] * 3


def test_more_than_one_reply_to_a_request_is_counted_and_ends_the_asking() -> None:
    seen, sent = confirmed(lambda *_: [(0.1, GOOD), (1.9, GOOD)])

    assert (seen.repeated, seen.new_ports, len(sent)) == (1, [], 1)


def test_a_late_reply_to_an_earlier_request_is_nobody_elses() -> None:
    answers: Iterator[list[tuple[float, Answer]]] = iter(
        [[(2.5, GOOD)], [(0.4, GOOD)], [(0.1, GOOD)], [(0.1, GOOD)], [(0.1, GOOD)]]
    )
    seen, _ = confirmed(lambda *_: next(answers))

    assert [attempt.outcome for attempt in seen.attempts] == ["timeout", "reply"]
    assert (seen.repeated, len(seen.new_ports)) == (0, 3)


def test_a_refused_reply_uses_up_an_attempt_and_is_followed_at_once_from_a_random_port() -> None:
    seen, sent = confirmed(lambda *_: [(0.25, KISS)])

    assert [at for (at,) in sent] == pytest.approx([0, 0.25, 0.5, 0.75, 1.0])
    assert [attempt.outcome for attempt in seen.attempts] == ["reply"] * 5
    assert (seen.good, seen.new_ports, seen.random_ports) == (None, [], 4)


def test_silence_after_a_refused_reply_is_asked_again_from_the_same_port() -> None:
    answers: Iterator[list[tuple[float, Answer]]] = iter([[(0.25, KISS)], [], [], [(0.1, KISS)], [(0.1, KISS)]])
    seen, sent = confirmed(lambda *_: next(answers))

    assert [len(times) for times in sent] == [1, 3, 1]
    assert seen.random_ports == 2


def test_a_reply_from_another_address_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, sock = run(monkeypatch, lambda *_: [(0.1, (GOOD, "198.51.100.99", 123))])

    assert len(sock.sent) == 5
    assert seen.good is None


def test_two_icmp_errors_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    _, sock = run(monkeypatch, lambda *_: [(0.1, Icmp(type=3, code=13, source="10.0.0.1"))])

    assert len(sock.sent) == 2


@given(st.binary(max_size=100))
def test_only_what_the_device_takes_is_without_a_flaw(payload: bytes) -> None:
    payload = payload[:24] + bytes(len(payload[24:32])) + payload[32:]
    seen = ntp.decode(Clock(), 0.0, payload)

    taken = len(payload) >= 48 and payload[0] & 7 == 4 and payload[1] != 0
    assert (seen.flaw is None) == taken


def test_a_good_reply_returns_the_empty_transmit_field_of_the_request() -> None:
    """Who forges one for another client's request returns that one's time (RFC 5905 section 8)."""
    forged = bytes.fromhex("240206ec" + "00" * 8 + "7f7f0101") + bytes(8) + b"\xee" * 24

    with pytest.raises(ValueError, match="another"):
        ntp.decode(Clock(), 1000.0, forged)
