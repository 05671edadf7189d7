"""The reachability echo: its packets byte by byte, the device's pace, and what a device takes for an echo."""

import asyncio
import struct
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netpreflight.probes import echo
from netpreflight.probes.echo import EchoTarget, packet, require_same, sequence_in
from netpreflight.probes.observations import EchoTest, Icmp
from tests.unit.fakes import Answer, Clock, FakeNetwork, FakeSocket, Script

HOST, SERVER = "cloud.example", "198.51.100.21"
CLOSED = Icmp(type=3, code=3, source=SERVER)
HEADER = 13


def run(
    monkeypatch: pytest.MonkeyPatch, form: Literal[1, 2], script: Script, interface: int = 4
) -> tuple[EchoTest, FakeSocket]:
    async def address_of(host: str) -> str | None:
        assert host == HOST
        return SERVER

    network = FakeNetwork(Clock(), script)
    seen = asyncio.run(echo.echo(network, [EchoTarget(form, HOST, 5684, interface)], address_of))
    (test,), (sock,) = seen.tests, network.sockets
    return test, sock


def at(sock: FakeSocket) -> list[float]:
    return [round(when, 6) for when, _ in sock.sent]


def echoes(number: int, delay: float = 0.02) -> Script:
    """Echo the nth packet, and no other."""
    return lambda sent, wire: [(delay, wire)] if sent == number else []


# --- packets


def test_form_1_counts_in_the_first_four_bytes_of_the_sequence_field() -> None:
    wire = packet(1, 4, 7, 123_456, b"payload")

    assert wire == bytes.fromhex("fc fefd 8004 00000007 0000 0007") + b"payload"


def test_form_2_has_the_clock_and_then_the_number() -> None:
    wire = packet(2, 5, 9, 0x01020304, b"pay")

    assert wire == bytes.fromhex("fc fefd 8005 01020304 0009 0003") + b"pay"


@pytest.mark.parametrize(("form", "largest"), [(1, 255), (2, 511)])
def test_payloads_are_random_and_as_long_as_the_devices(
    monkeypatch: pytest.MonkeyPatch, form: Literal[1, 2], largest: int
) -> None:
    wires = [wire for _ in range(20) for _, wire in run(monkeypatch, form, lambda *_: [])[1].sent]

    assert all(1 <= len(wire) - HEADER <= largest for wire in wires)
    assert all(int.from_bytes(wire[11:13]) == len(wire) - HEADER for wire in wires)
    assert len({len(wire) for wire in wires}) > 10
    assert len({wire[HEADER:] for wire in wires if len(wire) > HEADER + 8}) > 10


# --- pace


def test_form_1_sends_every_half_second_for_2_5_s_and_drains(monkeypatch: pytest.MonkeyPatch) -> None:
    test, sock = run(monkeypatch, 1, lambda *_: [])

    assert at(sock) == [0, 0.5, 1, 1.5, 2]
    assert [wire[:11] for _, wire in sock.sent] == [
        bytes.fromhex("fcfefd8004") + struct.pack("!IH", number, 0) for number in range(5)
    ]
    assert test.waited_s == pytest.approx(5)
    assert (test.answered, test.stopped_early) == (False, False)


def test_form_2_sends_ten_every_quarter_second_within_5_s(monkeypatch: pytest.MonkeyPatch) -> None:
    test, sock = run(monkeypatch, 2, lambda *_: [])

    assert at(sock) == [0.25 * number for number in range(10)]
    stamps = [struct.unpack("!IH", wire[5:11]) for _, wire in sock.sent]
    assert [number for _, number in stamps] == list(range(10))
    assert [stamp - stamps[0][0] for stamp, _ in stamps] == [250 * number for number in range(10)]
    assert test.waited_s == pytest.approx(5)
    assert [sent.sequence for sent in test.packets] == list(range(10))


@pytest.mark.parametrize("form", [1, 2])
@pytest.mark.parametrize("number", [1, 2, 4])
def test_nothing_is_sent_after_an_echo(monkeypatch: pytest.MonkeyPatch, form: Literal[1, 2], number: int) -> None:
    test, sock = run(monkeypatch, form, echoes(number))

    assert len(sock.sent) == len(test.packets) == number
    assert test.stopped_early
    assert test.answered
    assert test.packets[-1].echo_ms == pytest.approx(20)
    assert test.packets[-1].reply == test.packets[-1].sent == sock.sent[-1][1].hex()
    assert all(sent.echo_ms is None for sent in test.packets[:-1])


def test_icmp_errors_are_kept_and_end_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    test, sock = run(monkeypatch, 2, lambda number, wire: [(0.01, wire if number == 4 else CLOSED)])

    assert len(sock.sent) == 4
    assert [sent.icmp for sent in test.packets] == [CLOSED, CLOSED, CLOSED, None]
    assert test.answered


def test_what_this_laptop_could_not_send_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    test, _ = run(monkeypatch, 1, lambda *_: "Operation not permitted")

    assert [sent.error for sent in test.packets] == ["Operation not permitted"] * 5
    assert not test.answered


# --- what is an echo


def test_form_1_takes_the_last_packet_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A path slower than 500 ms fails the first form: the echo belongs to the packet before."""
    test, sock = run(monkeypatch, 1, lambda _, wire: [(0.6, wire)])

    assert len(sock.sent) == 5
    assert test.packets[0].flaw is None
    assert all(sent.flaw for sent in test.packets[1:4])
    assert test.packets[4].echo_ms == pytest.approx(600), "nothing was sent after it"


def test_form_2_takes_an_earlier_packet_too(monkeypatch: pytest.MonkeyPatch) -> None:
    test, sock = run(monkeypatch, 2, lambda _, wire: [(0.6, wire)])

    assert len(sock.sent) == 3
    assert test.packets[0].echo_ms == pytest.approx(600)
    assert [sent.echo_ms for sent in test.packets[1:]] == [None, None]


def test_form_2_does_not_compare_the_payload(monkeypatch: pytest.MonkeyPatch) -> None:
    test, _ = run(monkeypatch, 2, lambda _, wire: [(0.01, wire[:HEADER] + bytes(len(wire) - HEADER))])

    assert test.answered
    assert test.packets[0].reply != test.packets[0].sent


@pytest.mark.parametrize("form", [1, 2])
def test_an_altered_echo_is_none_and_is_kept(monkeypatch: pytest.MonkeyPatch, form: Literal[1, 2]) -> None:
    test, sock = run(monkeypatch, form, lambda _, wire: [(0.01, wire[:3] + b"\x80\x7f" + wire[5:])] * 3)

    assert not test.answered
    assert len(sock.sent) == len(test.packets) >= 5
    assert all(sent.flaw and sent.reply for sent in test.packets)


@pytest.mark.parametrize("form", [1, 2])
def test_an_echo_after_an_altered_one_counts(monkeypatch: pytest.MonkeyPatch, form: Literal[1, 2]) -> None:
    test, _ = run(monkeypatch, form, lambda _, wire: [(0.01, b"\x16" + bytes(20)), (0.02, wire)])

    assert test.answered
    assert test.packets[0].flaw is None
    assert test.packets[0].echo_ms == pytest.approx(20)


def test_what_comes_from_elsewhere_is_ignored_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere: list[tuple[float, Answer]] = [(0.01, (b"x", "203.0.113.9", 5684)), (0.01, (b"x", SERVER, 5683))]
    test, sock = run(monkeypatch, 2, lambda _, wire: [*elsewhere * 30, (0.02, (wire, "203.0.113.9", 5684))])

    assert not test.answered
    assert len(sock.sent) == 10
    assert 0 < len(test.ignored) <= 8
    assert {attempt.source for attempt in test.ignored} == {"203.0.113.9:5684", f"{SERVER}:5683"}


ECHO = packet(2, 4, 3, 500, b"12345")


@pytest.mark.parametrize(
    ("datagram", "flaw"),
    [
        (ECHO[:12], "too short"),
        (b"", "too short"),
        (ECHO[:3] + b"\x00\x04" + ECHO[5:], "epoch 0004"),
        (ECHO[:3] + b"\x80\x05" + ECHO[5:], "epoch 8005"),
        (ECHO[:3] + b"\xc0\x04" + ECHO[5:], "epoch c004"),
        (ECHO + b"6", "a payload of 6 bytes instead of 5"),
        (ECHO[:-1], "a payload of 4 bytes instead of 5"),
        (packet(2, 4, 5, 500, b"12345"), "sequence number 5"),
        (packet(2, 4, 3, 1001, b"12345"), "future"),
    ],
    ids=["cut", "empty", "no-base", "interface", "two-bits", "longer", "shorter", "not-sent", "future"],
)
def test_what_the_firmware_refuses(datagram: bytes, flaw: str) -> None:
    with pytest.raises(ValueError, match=flaw):
        sequence_in(datagram, 4, 4, 1000)


def test_what_the_firmware_takes() -> None:
    assert sequence_in(ECHO, 4, 4, 1000) == 3
    assert sequence_in(packet(2, 4, 4, 500, b"1"), 4, 4, 1000) == 4, "the number of the packet that would come next"
    assert sequence_in(b"\x16\x03\x03" + ECHO[3:], 4, 4, 1000) == 3, "neither type nor version is looked at"


@given(st.one_of(st.binary(max_size=40), st.tuples(st.integers(0, 17), st.integers(0, 255), st.integers(0, 30))))
def test_hostile_datagrams_are_refused_or_within_the_rules(hostile: bytes | tuple[int, int, int]) -> None:
    if isinstance(hostile, bytes):
        datagram = hostile
    else:
        place, value, cut = hostile
        datagram = (ECHO[:place] + bytes([value]) + ECHO[place + 1 :])[:cut]
    try:
        number = sequence_in(datagram, 4, 4, 1000)
    except ValueError:
        pass
    else:
        assert number <= 4
        assert datagram[3:5] == b"\x80\x04"
        assert int.from_bytes(datagram[5:9]) <= 1000
        assert int.from_bytes(datagram[11:13]) == len(datagram) - HEADER
    try:
        require_same(ECHO, datagram)
    except ValueError:
        assert datagram != ECHO
    else:
        assert datagram == ECHO


def test_a_host_without_an_address_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async def address_of(_: str) -> str | None:
        return None

    network = FakeNetwork(Clock(), lambda *_: [])
    seen = asyncio.run(echo.echo(network, [EchoTarget(1, HOST, 5684, 4)], address_of))

    assert seen.tests == [EchoTest(form=1, host=HOST, port=5684, interface=4)]
    assert network.sockets == []
