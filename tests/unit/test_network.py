"""The count of what leaves: each contact names the shapes of what was sent there, over real sockets of this machine."""

import asyncio
import errno
import os
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from netpreflight.probes import dhcp
from netpreflight.probes.net import ladders
from netpreflight.probes.net import payload_shapes as shapes
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
from netpreflight.probes.net.sockets import Network
from netpreflight.probes.observations import Contact

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
