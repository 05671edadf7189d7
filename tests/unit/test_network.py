"""The count of what leaves: each contact names the shapes of what was sent there, over real sockets of this machine."""

import asyncio
import errno
import os
import select
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from netpreflight.probes import dhcp
from netpreflight.probes.net import ladders
from netpreflight.probes.net import payload_shapes as shapes
from netpreflight.probes.net.exchange import REFUSED, Exchange, exchange
from netpreflight.probes.net.payload_shapes import (
    CLIENT_HELLO,
    COOKIE_HELLO,
    DTLS_ALERT,
    HTTP_GET,
    TCP_CONNECT,
    TCP_SYN,
    WHOLE,
    Shape,
)
from netpreflight.probes.net.sockets import Datagram, Network, UdpSocket
from netpreflight.probes.observations import Contact
from netpreflight.systems import SYSTEM
from netpreflight.systems.interface import UnnamedError

HERE = "127.0.0.1"
ALL = {name: value for name, value in vars(shapes).items() if isinstance(value, Shape)}


def footprint(use: Callable[[Network, int], Awaitable[Any]]) -> list[Contact]:
    """What is counted of sending to a port of this machine, on which something listens."""

    async def run() -> list[Contact]:
        server = await asyncio.start_server(lambda _, writer: writer.close(), HERE, 0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
            port = server.sockets[0].getsockname()[1]
            sink.bind((HERE, port))
            async with server, Network("lo", time.monotonic()) as network:
                await use(network, port)
                return network.footprint()

    return asyncio.run(run())


def test_a_connection_that_is_there_in_time_is_noticed_by_a_busy_laptop() -> None:
    """The event loop does something else until both the connection is there and the time is over."""

    async def use(network: Network, _port: int) -> None:
        with socket.create_server((HERE, 0)) as server:
            to = (HERE, server.getsockname()[1])
            asking = asyncio.create_task(network.syn("control", None, *to, ttl=1, timeout_s=0.01))
            asyncio.get_running_loop().call_soon(time.sleep, 0.05)
            assert (await asking).outcome == "accepted"

    assert [contact.packets for contact in footprint(use)] == [3], "SYN, ACK, RST"


def test_a_connection_that_is_reset_unnoticed_is_counted() -> None:
    async def use(network: Network, _port: int) -> None:
        with socket.create_server((HERE, 0)) as server:
            to = (HERE, server.getsockname()[1])
            asking = asyncio.create_task(network.syn("control", None, *to, ttl=1, timeout_s=0.9))
            asyncio.get_running_loop().call_soon(asking.cancel)
            with pytest.raises(asyncio.CancelledError):
                await asking

    assert [contact.packets for contact in footprint(use)] == [3], "SYN, ACK, RST"


def test_a_socket_names_what_it_sends() -> None:
    async def use(network: Network, port: int) -> None:
        sock = network.udp("NAT mapping", CLIENT_HELLO, "cloud.example")
        assert sock.send(b"x" * 110, HERE, port) is None
        assert sock.send(b"x" * 130, HERE, port, shape=COOKIE_HELLO) is None
        assert sock.send(b"x" * 15, HERE, port, shape=DTLS_ALERT) is None
        assert sock.send(b"x" * 110, HERE, port) is None, "what was named is not named again"

    (contact,) = footprint(use)

    assert contact.shapes == [CLIENT_HELLO.name, COOKIE_HELLO.name, DTLS_ALERT.name]
    assert (contact.host, contact.purpose, contact.packets) == ("cloud.example", "NAT mapping", 4)
    assert contact.bytes == 4 * 28 + 110 + 130 + 15 + 110


def test_what_the_system_refused_is_not_among_it() -> None:
    async def use(network: Network, port: int) -> None:
        sock = network.udp("path MTU", WHOLE)
        assert sock.send(bytes(70000), HERE, port) is not None

    assert footprint(use) == []


def test_one_purpose_is_one_contact_and_another_is_another() -> None:
    async def use(network: Network, port: int) -> None:
        for purpose, shape in (("device cloud", CLIENT_HELLO), ("path MTU", WHOLE), ("device cloud", CLIENT_HELLO)):
            network.udp(purpose, shape).send(b"?", HERE, port)

    assert [(contact.purpose, contact.packets, contact.shapes) for contact in footprint(use)] == [
        ("device cloud", 2, [CLIENT_HELLO.name]),
        ("path MTU", 1, [WHOLE.name]),
    ]


@pytest.mark.parametrize(("given", "named"), [({}, TCP_CONNECT), ({"shape": HTTP_GET}, HTTP_GET)], ids=["plain", "get"])
def test_a_connection_is_named_by_what_it_carries(given: dict[str, Any], named: Shape) -> None:
    async def use(network: Network, port: int) -> None:
        async with network.tcp("device cloud", None, HERE, port, timeout_s=2, **given):
            pass

    (contact,) = footprint(use)

    assert contact.shapes == [named.name]
    assert contact.protocol == "tcp"


def test_a_connection_that_begins_and_ends_is_a_syn() -> None:
    async def use(network: Network, port: int) -> None:
        opening = await network.syn("control for the path", None, HERE, port, ttl=1, timeout_s=0.9)
        assert opening.outcome == "accepted"

    (contact,) = footprint(use)

    assert contact.shapes == [TCP_SYN.name]


def test_a_refused_connection_is_told_in_the_systems_words() -> None:
    async def use(network: Network, _port: int) -> None:
        with socket.socket() as unheard:
            unheard.bind((HERE, 0))
            with pytest.raises(ConnectionRefusedError, match="refused") as refused:
                async with network.tcp("portal", None, HERE, unheard.getsockname()[1], timeout_s=2):
                    pass
        assert refused.value.strerror == os.strerror(errno.ECONNREFUSED)

    footprint(use)


class Windows:
    """A UDP socket that, like one of Windows', raises WSAECONNRESET where an ICMP error about a datagram has come."""

    def __init__(self, real: socket.socket, errors_from: int) -> None:
        self._real = real
        self._errors_from = errors_from
        self.told_to_sender = False

    def recvfrom(self, size: int) -> tuple[bytes, tuple[str, int]]:
        """Receive, or tell of a refusal."""
        payload, sender = self._real.recvfrom(size)
        if sender[1] == self._errors_from:
            raise ConnectionResetError(errno.ECONNRESET, "reset")
        return payload, sender

    def sendto(self, payload: bytes, to: tuple[str, int]) -> int:
        """Send, or tell once of a refusal."""
        if self.told_to_sender:
            self.told_to_sender = False
            raise ConnectionResetError(errno.ECONNRESET, "reset")
        return self._real.sendto(payload, to)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


async def asked_once(prepare: Callable[[UdpSocket, int], None]) -> Exchange[bytes]:
    """One exchange with a server that answers, over a socket that was prepared with the server's port."""
    async with Network("lo", time.monotonic()) as network:
        loop = asyncio.get_running_loop()
        answering, _ = await loop.create_datagram_endpoint(Answering, local_addr=(HERE, 0))
        server: int = answering.get_extra_info("sockname")[1]
        sock = network.udp("NTP", WHOLE)
        prepare(sock, server)
        try:
            return await exchange(network, sock, b"?", HERE, server, at_s=(0.0,), give_up_s=0.5, read=bytes)
        finally:
            answering.close()
            await asyncio.sleep(0)  # its socket is closed by the loop, one step later


@pytest.mark.parametrize("is_refused", [True, False])
def test_a_refusal_whose_sender_windows_does_not_name_is_a_refusal_by_nobody_in_particular(
    monkeypatch: pytest.MonkeyPatch, *, is_refused: bool
) -> None:
    """Beside its twin, whose answer arrives."""
    monkeypatch.setattr(SYSTEM, "report_icmp_errors", lambda _: None)
    monkeypatch.setattr(SYSTEM, "icmp_errors", lambda *_: iter(()))

    def refusing(sock: UdpSocket, server: int) -> None:
        monkeypatch.setattr(sock, "socket", Windows(sock.socket, server if is_refused else 0))

    (attempt,) = asyncio.run(asked_once(refusing)).attempts

    assert attempt.icmp is None
    assert (attempt.outcome, attempt.detail) == (("timeout", REFUSED) if is_refused else ("reply", None))


@pytest.mark.parametrize(("kind", "code", "is_refused"), [(3, 3, True), (11, 0, False)])
def test_an_icmp_error_whose_sender_is_not_told_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, *, kind: int, code: int, is_refused: bool
) -> None:
    receive = SYSTEM.receive
    told: list[UnnamedError] = []

    def receive_untold(sock: socket.socket, most: int) -> tuple[bytes, tuple[str, int]] | UnnamedError:
        """As on Windows: in the place of what has come."""
        receive(sock, most)
        return UnnamedError(kind, code)

    monkeypatch.setattr(SYSTEM, "receive", receive_untold)

    def telling(sock: UdpSocket, _server: int) -> None:
        sock.tell_unnamed(lambda error, _at: told.append(error))

    (attempt,) = asyncio.run(asked_once(telling)).attempts

    assert (attempt.outcome, attempt.detail) == ("timeout", REFUSED if is_refused else None)
    assert told == [UnnamedError(kind, code)]


def test_what_windows_says_of_an_earlier_datagram_does_not_keep_the_next_one_from_being_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def use(network: Network, port: int) -> None:
        sock = network.udp("NTP", WHOLE)
        windows = Windows(sock.socket, 0)
        windows.told_to_sender = True
        monkeypatch.setattr(sock, "socket", windows)
        assert sock.send(b"?", HERE, port) is None
        assert sock.take_refused()
        assert not sock.take_refused(), "it is asked for what happened since"

    (contact,) = footprint(use)
    assert contact.packets == 1


def test_what_had_come_is_forgotten_and_what_comes_later_is_heard() -> None:
    async def run() -> bytes:
        async with Network("lo", time.monotonic()) as network:
            sock = network.udp("NTP", WHOLE)
            sock.send(b"late", HERE, sock.port)
            select.select([sock.socket], [], [], 10)
            sock.forget()
            sock.send(b"answer", HERE, sock.port)
            heard = await sock.receive(time.monotonic() + 10)
            assert isinstance(heard, Datagram)
            return heard.payload

    assert asyncio.run(run()) == b"answer"


class Answering(asyncio.DatagramProtocol):
    """Answers every datagram."""

    def connection_made(self, transport: Any) -> None:
        """Keep what sends."""
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Answer."""
        self.transport.sendto(data, addr)


def test_every_shape_has_a_name_of_its_own_and_says_where_it_comes_from() -> None:
    assert len({shape.name for shape in ALL.values()}) == len(ALL)
    for shape in ALL.values():
        assert shape.name.strip()
        assert shape.name.isprintable()
        assert len(shape.source) > 10


def test_whatever_a_ladder_or_dhcp_sends_has_a_shape() -> None:
    kinds: dict[str, Shape] = {**ladders._SHAPES, **dhcp._SHAPES}  # noqa: SLF001 - what no other test can list

    assert set(kinds) == {"coap", "dtls", "ntp", "dns", "syn", "DISCOVER", "REQUEST", "RELEASE", "INFORM"}
    assert len(set(kinds.values())) == len(kinds)
    assert {kind: kinds[kind].name for kind in dhcp._SHAPES} == {kind: f"DHCP{kind}" for kind in dhcp._SHAPES}  # noqa: SLF001
