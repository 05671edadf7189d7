"""Replies to a CoAP ping, by RFC 7252; scapy's encoder makes the messages that are valid."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.contrib.coap import CoAP

from netpreflight.probes import coap as probe
from netpreflight.probes.coap import coap
from netpreflight.probes.net.coap import reply_to
from netpreflight.probes.net.payload_shapes import CLIENT_HELLO, COAP_PING, HTTP_HEAD, Shape
from netpreflight.probes.net.sockets import UdpSocket
from netpreflight.probes.observations import Coap, CoapServer
from tests.unit.coap_messages import ACK, MID, RESET, message
from tests.unit.dtls_records import HELLO_VERIFY, RANDOM, hello
from tests.unit.fakes import Clock, FakeNetwork, Script

CONTENT, NOT_FOUND = 0x45, 0x84


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

    ((sock,), (server, none)) = (network.sockets, seen.servers)
    ping = CoAP(sock.sent[0][1])
    assert (ping.ver, ping.type, ping.code, ping.tkl, bytes(ping.payload)) == (1, 0, 0, 0, b"")
    assert (server.address, server.reply, server.controls) == ("192.0.2.1", "Reset", [])
    assert (none.address, none.reply, none.attempts) == (None, None, [])
    assert sock.shapes == [COAP_PING]


# --- who is sent anything else

PUBLIC, OWN = "test.example", "cloud.example"
ADDRESSES = {PUBLIC: "192.0.2.1", OWN: "192.0.2.2"}


class Noting(FakeNetwork):
    """Remembers to whom each socket is, and refuses TCP."""

    def __init__(self, clock: Clock, script: Script) -> None:
        super().__init__(clock, script)
        self.hosts: list[str | None] = []
        self.connections: list[tuple[str | None, int, Shape]] = []

    def udp(self, purpose: str, shape: Shape, host: str | None = None, *, local_port: int = 0) -> UdpSocket:
        """A socket that nothing leaves."""
        self.hosts.append(host)
        return super().udp(purpose, shape, host, local_port=local_port)

    @contextlib.asynccontextmanager
    async def tcp(
        self, purpose: str, host: str | None, address: str, port: int, *, shape: Shape = HTTP_HEAD, **_: Any
    ) -> AsyncIterator[Any]:
        """No connection."""
        self.connections.append((host, port, shape))
        if port:
            raise ConnectionRefusedError(111, "Connection refused")
        yield


def pinged(
    monkeypatch: pytest.MonkeyPatch, script: Script, public: Collection[str]
) -> tuple[Coap, Noting, list[CoapServer]]:
    async def address_of(host: str) -> str | None:
        return ADDRESSES[host]

    monkeypatch.setattr(probe, "CONTROL_AFTER_S", 0)
    network, told = Noting(Clock(), script), list[CoapServer]()
    servers = [(host, 5683) for host in ADDRESSES]
    return asyncio.run(coap(network, servers, address_of, public, told.append)), network, told


def only_dtls(_: int, wire: bytes) -> list[tuple[float, Any]]:
    return [(0.01, HELLO_VERIFY)] if len(wire) > 100 else []


@pytest.mark.parametrize("public", [{PUBLIC}, [PUBLIC], (), {PUBLIC, OWN}], ids=["a-set", "a-list", "none", "both"])
def test_only_a_public_server_is_tried_on_other_ports(monkeypatch: pytest.MonkeyPatch, public: Collection[str]) -> None:
    seen, network, told = pinged(monkeypatch, only_dtls, public)

    expected = [host for host in ADDRESSES if host in public]
    sent = {host: sock for host, sock in zip(network.hosts, network.sockets, strict=True) if COAP_PING in sock.shapes}
    assert set(sent) == set(ADDRESSES)
    assert all(set(sock.shapes) == {COAP_PING} for sock in sent.values())
    assert len({wire for sock in sent.values() for _, wire in sock.sent}) == 2, "each is sent again as it was"
    others = [
        (host, sock) for host, sock in zip(network.hosts, network.sockets, strict=True) if sock not in sent.values()
    ]
    assert sorted(str(host) for host, _ in others) == sorted(expected * 4), "once, and from three ports that confirm it"
    assert {shape for _, sock in others for shape in sock.shapes} <= {CLIENT_HELLO}
    assert sorted(network.connections) == sorted((host, 80, HTTP_HEAD) for host in expected)
    for server in seen.servers:
        kinds = [(each.protocol, each.answered) for each in server.controls]
        assert kinds == ([("dtls", True), ("http", False)] if server.host in public else [])
        assert server.reply is None
        assert told[-1 - [each.host for each in reversed(told)].index(server.host)] == server


def test_a_control_is_sent_again_as_a_device_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same ClientHello, in a record of the next number."""
    monkeypatch.setattr("os.urandom", lambda size: RANDOM[:size])
    _, network, _ = pinged(monkeypatch, lambda *_: [], {PUBLIC})

    (control,) = (sock for sock in network.sockets if CLIENT_HELLO in sock.shapes)
    assert [wire for _, wire in control.sent] == [hello(0), hello(1)]


def test_without_being_told_nobody_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    async def address_of(host: str) -> str | None:
        return ADDRESSES[host]

    monkeypatch.setattr(probe, "CONTROL_AFTER_S", 0)
    network = Noting(Clock(), lambda *_: [])
    asyncio.run(coap(network, [(OWN, 5683)], address_of))

    assert [sock.shapes for sock in network.sockets] == [[COAP_PING] * 4]
    assert network.connections == []
