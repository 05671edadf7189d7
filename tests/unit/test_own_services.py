"""Whom the HTTP probes ask: the network names these servers, and may not have this laptop ask itself."""

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from netpreflight.probes.coap import _http_control
from netpreflight.probes.net.host_addresses import HostAddresses
from netpreflight.probes.observations import UNRESTRICTED, Portal
from netpreflight.probes.portal import VENDOR_HOSTS, portal
from netpreflight.probes.scope import own_addresses
from netpreflight.probes.vendor_status import vendor_status
from tests.unit.fakes import Clock, FakeNetwork

OWN, VPN = "192.168.77.10", "10.8.0.2"
GATEWAY, INTERNET = "192.168.77.1", "198.51.100.31"


@pytest.fixture(autouse=True)
def without_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    """No handshake gets as far as a certificate, and reading the system's authorities takes longer than a test."""
    monkeypatch.setattr(ssl, "create_default_context", lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


class Counting(FakeNetwork):
    """A laptop with two addresses, on a network where every host refuses a connection; counts those that were tried."""

    def __init__(self) -> None:
        super().__init__(Clock(), lambda *_: [])
        self._own_addresses = lambda: {OWN, VPN}
        self.tried: list[tuple[str, int]] = []

    @contextlib.asynccontextmanager
    async def tcp(self, purpose: str, host: str | None, address: str, port: int, **_: Any) -> AsyncIterator[Any]:
        """Note who would be asked."""
        assert purpose
        assert host
        self.tried.append((address, port))
        if self.tried:
            raise ConnectionRefusedError("refused")
        yield


def asked(url: str | None, names: dict[str, str] | None = None, vendors: str = INTERNET) -> tuple[Portal, Counting]:
    """What the probe makes of option 114, where a resolver says `names`; and whom it tried to ask."""
    network = Counting()

    async def run() -> Portal:
        hosts = HostAddresses(VENDOR_HOSTS)
        for host in VENDOR_HOSTS:
            hosts.settle(host, vendors)

        async def look_up(name: str) -> str | None:
            looked_up.append(name)
            return (names or {}).get(name)

        async def announced() -> str | None:
            return url

        hosts.resolve_with(look_up)
        return await portal(network, hosts.address, announced())

    looked_up: list[str] = []
    seen = asyncio.run(run())
    assert set(looked_up) <= {*(names or {})}, "a name that is none was looked up"
    return seen, network


def to_api(network: Counting) -> list[tuple[str, int]]:
    return [to for to in network.tried if to[0] != INTERNET]


@pytest.mark.parametrize(
    ("url", "address", "port"),
    [
        (f"https://{GATEWAY}/api", GATEWAY, 443),
        (f"https://{GATEWAY}:8443/api?x=1", GATEWAY, 8443),
        ("https://portal.example/api", GATEWAY, 443),
        ("HTTPS://PORTAL.example:8443", GATEWAY, 8443),
        ("https://203.0.113.7/api", "203.0.113.7", 443),
    ],
)
def test_a_portal_is_asked(url: str, address: str, port: int) -> None:
    seen, network = asked(url, {"portal.example": GATEWAY})

    assert to_api(network) == [(address, port)]
    assert seen.api is not None
    assert seen.api.error == "refused"


@pytest.mark.parametrize(
    "host",
    [
        OWN, VPN, "127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "169.254.169.254", "224.0.0.1", "255.255.255.255",
        "240.0.0.1", "localhost", "LOCALHOST.", "admin.localhost", "own.example", "vpn.example", "loop.example",
        "link.example", "any.example",
        "[::1]", "[::]", f"[::ffff:{OWN}]", "[::ffff:c0a8:4d0a]", "[fe80::1]", "[fe80::1%25eth0]", f"[64:ff9b::{OWN}]",
        "2130706433", "0x7f000001", "0x7f.1", "127.1", "0177.0.0.1", "127.0.0.1.", "1.0x7f",
        f"user:{GATEWAY}@127.0.0.1",
    ],
)  # fmt: skip
def test_nobody_is_asked_at_an_address_that_is_no_other_hosts(host: str) -> None:
    names = {"own.example": OWN, "vpn.example": VPN, "loop.example": "127.0.0.1", "link.example": "169.254.169.254",
             "any.example": "0.0.0.0"}  # fmt: skip
    seen, network = asked(f"https://{host}:8443/admin?reboot=1", names)

    assert to_api(network) == []
    assert seen.api is not None
    assert (seen.api.captive, bool(seen.api.error)) == (None, True)
    assert len(network.tried) > 2, "the vendors are asked all the same"


@pytest.mark.parametrize("url", [f"http://{GATEWAY}/", f"HTTP://{GATEWAY}:8080/x", "http://portal.example/api"])
def test_an_api_that_is_not_https_is_told_and_not_asked(url: str) -> None:
    seen, network = asked(url, {"portal.example": GATEWAY})

    assert to_api(network) == []
    assert seen.api is not None
    assert "RFC 8908" in (seen.api.error or "")


@pytest.mark.parametrize("url", [None, UNRESTRICTED, "ftp://192.168.77.1/", "//192.168.77.1/", "https://", "x" * 999])
def test_what_names_no_api_asks_nobody(url: str | None) -> None:
    assert to_api(asked(url)[1]) == []


@pytest.mark.parametrize("address", [OWN, VPN, "169.254.169.254"])
def test_a_resolver_cannot_have_the_vendors_checks_sent_to_this_laptop(address: str) -> None:
    seen, network = asked(None, vendors=address)

    assert network.tried == []
    assert [witness.address for witness in seen.http] == [address] * 3, "as evidence of a portal by DNS"
    assert all(address in (witness.error or "") for witness in seen.http)
    assert [address in (witness.error or "") for witness in seen.tls] == [True]


def test_the_vendors_checks_go_to_any_other_address() -> None:
    _, network = asked(None, vendors=GATEWAY)

    assert sorted(network.tried) == [(GATEWAY, 80)] * 3 + [(GATEWAY, 443)]


async def asks_for_coap(network: Counting, address: str) -> str:
    return (await _http_control(network, "coap.me", address)).detail


async def asks_the_vendor(network: Counting, address: str) -> str:
    async def address_of(_: str) -> str:
        return address

    return (await vendor_status(network, "https://status.particle.io/x", address_of)).error or ""


@pytest.mark.parametrize("ask", [asks_for_coap, asks_the_vendor])
def test_no_other_request_goes_to_this_laptop(ask: Callable[[Counting, str], Coroutine[None, None, str]]) -> None:
    network = Counting()
    own = asyncio.run(ask(network, VPN))
    assert (network.tried, f"{VPN} is this laptop's own address" in own) == ([], True)

    asyncio.run(ask(network, INTERNET))
    assert [address for address, _ in network.tried] == [INTERNET]


def test_this_laptops_addresses_are_those_of_all_its_interfaces() -> None:
    found = own_addresses()

    assert "127.0.0.1" in found
    assert all(str(ipaddress.IPv4Address(address)) == address for address in found)
