"""Replies to a CoAP ping, by RFC 7252; scapy's encoder makes the messages that are valid."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.contrib.coap import CoAP

from netpreflight.probes.coap import coap
from netpreflight.probes.net.coap import reply_to
from tests.unit.fakes import Clock, FakeNetwork

MID = 0x1234
ACK, RESET = 2, 3
CONTENT, NOT_FOUND = 0x45, 0x84


def message(kind: int = RESET, code: int = 0, mid: int = MID, **fields: Any) -> bytes:
    return bytes(CoAP(ver=1, type=kind, code=code, msg_id=mid, **fields))


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (message(), "Reset"),
        (message(ACK), "Acknowledgement"),
        (message(ACK, CONTENT), "Acknowledgement 2.05"),
        (message(ACK, NOT_FOUND), "Acknowledgement 4.04"),
        (message(ACK, CONTENT, options=[("Content-Format", b"\x00")], paymark=b"\xff") + b"hi", "Acknowledgement 2.05"),
        (message(ACK, CONTENT, options=[("Uri-Path", b"x" * 13)]), "Acknowledgement 2.05"),
        (message(ACK, CONTENT, options=[("Uri-Path", b"x" * 269)]), "Acknowledgement 2.05"),
    ],
    ids=["reset", "empty-ack", "content", "not-found", "payload", "long-option", "longer-option"],
)
def test_a_valid_reply_is_named(payload: bytes, words: str) -> None:
    assert reply_to(MID, payload) == words


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        message()[:3],
        message(mid=MID + 1),
        b"\x40\x00" + MID.to_bytes(2),
        message(1, CONTENT),
        message(0, CONTENT),
        message() + b"\0",
        message(RESET, CONTENT),
        bytes([0x00 | RESET << 4, 0]) + MID.to_bytes(2),
        bytes([0x80 | RESET << 4, 0]) + MID.to_bytes(2),
        bytes([0x71, 0]) + MID.to_bytes(2),
        bytes([0x69, CONTENT]) + MID.to_bytes(2) + bytes(9),
        bytes([0x64, CONTENT]) + MID.to_bytes(2) + bytes(3),
        message(ACK, CONTENT) + b"\xff",
        message(ACK, CONTENT) + b"\xf0",
        message(ACK, CONTENT) + b"\x1f",
        message(ACK, CONTENT) + b"\x15abc",
        message(ACK, CONTENT) + b"\x1d",
        message(ACK, CONTENT) + b"\x1e\x00",
        message(ACK, CONTENT) + b"\xe0",
        message(ACK, CONTENT) + b"\xd0",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
    ids=["empty", "short", "another-id", "our-own-ping", "non-confirmable", "confirmable", "reset-with-data",
         "reset-with-code", "version-0", "version-2", "reset-with-token", "token-of-9", "token-cut",
         "marker-without-payload", "delta-15", "length-15", "option-cut", "length-1-cut", "length-2-cut",
         "delta-2-cut", "delta-1-cut", "http"],
)  # fmt: skip
def test_what_rfc_7252_does_not_allow_as_an_answer_is_none(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r"CoAP"):
        reply_to(MID, payload)


def is_well_formed(payload: bytes) -> bool:
    """RFC 7252 section 3, written by the figure: header, token, then options up to a payload marker."""
    if len(payload) < 4 or payload[0] & 0xC0 != 0x40 or payload[2:4] != MID.to_bytes(2) or payload[0] & 0x20 == 0:
        return False
    if payload[1] == 0:
        return payload[0] & 15 == 0 and len(payload) == 4
    if payload[0] & 0x30 == 0x30 or payload[0] & 15 > 8:
        return False
    rest = list(payload[4:])
    if len(rest) < payload[0] & 15:
        return False
    rest = rest[payload[0] & 15 :]
    while rest:
        head, rest = rest[0], rest[1:]
        if head == 0xFF:
            return bool(rest)
        sizes = []
        for nibble in (head >> 4, head & 15):
            extra = {13: 1, 14: 2, 15: 10**9}.get(nibble, 0)
            if len(rest) < extra:
                return False
            value, rest = int.from_bytes(bytes(rest[:extra])), rest[extra:]
            sizes.append(value + {13: 13, 14: 269}.get(nibble, nibble))
        if len(rest) < sizes[1]:
            return False
        rest = rest[sizes[1] :]
    return True


SAMPLES = [
    message(),
    message(ACK, CONTENT, token=b"ab", tkl=2, options=[("Uri-Path", b"x" * 20)], paymark=b"\xff") + b"p",
]


@given(
    st.one_of(
        st.binary(max_size=40),
        st.builds(
            lambda code, rest: bytes([0x60, code]) + MID.to_bytes(2) + rest, st.integers(0, 255), st.binary(max_size=30)
        ),
        st.builds(
            lambda sample, at, value, cut: (sample[:at] + bytes([value]) + sample[at + 1 :])[:cut],
            st.sampled_from(SAMPLES), st.integers(0, 30), st.integers(0, 255), st.integers(0, 60),
        ),
    )
)  # fmt: skip
def test_nothing_malformed_is_ever_taken_for_an_answer(payload: bytes) -> None:
    try:
        words = reply_to(MID, payload)
    except ValueError:
        return
    assert is_well_formed(payload), words


def test_a_ping_is_an_empty_confirmable_message(monkeypatch: pytest.MonkeyPatch) -> None:
    network = FakeNetwork(Clock(), lambda _, ping: [(0.1, b"\x70\x00" + ping[2:4])])

    async def address_of(host: str) -> str | None:
        return {"one.example": "192.0.2.1"}.get(host)

    seen = asyncio.run(coap(network, [("one.example", 5683), ("none.example", 5683)], address_of))

    ((sock,), (one, none)) = (network.sockets, seen.servers)
    ping = CoAP(sock.sent[0][1])
    assert (ping.ver, ping.type, ping.code, ping.tkl, bytes(ping.payload)) == (1, 0, 0, 0, b"")
    assert (one.address, one.reply, one.controls) == ("192.0.2.1", "Reset", [])
    assert (none.address, none.reply, none.attempts) == (None, None, [])
