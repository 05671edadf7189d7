"""One bad word costs one witness: the others still say what they saw, and judging goes by them."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from netpreflight.agent import profiles, run
from netpreflight.agent.judging import judge_one
from netpreflight.agent.selection import Selection
from netpreflight.probes import cloud as cloud_probe
from netpreflight.probes import coap as coap_probe
from netpreflight.probes import dns as dns_probe
from netpreflight.probes import portal as portal_probe
from netpreflight.probes import wifi as wifi_probe
from netpreflight.probes.net import dtls
from netpreflight.probes.net.exchange import exchange
from netpreflight.probes.net.host_addresses import HostAddresses
from netpreflight.probes.net.witnesses import FAULTS, bounded
from netpreflight.probes.observations import (
    TOO_MUCH,
    CloudEndpoint,
    Dhcp,
    Dns,
    Fault,
    Observations,
    Portal,
    Scope,
    Wifi,
)
from netpreflight.probes.urls import joined, parts
from netpreflight.probes.wifi.capture import BARE, FrameCollector, Record
from netpreflight.reports.sharing import shared
from tests.unit import seen
from tests.unit.beacons import frame, usual
from tests.unit.cases import ADMIN, OWNER, Case, verify
from tests.unit.cases_internet import CLOUD_CASES, PAGE, cloud, coap, everyone
from tests.unit.fakes import Clock, FakeNetwork
from tests.unit.partly import first
from tests.unit.places import of
from tests.unit.seen_ladders import observed, up_to
from tests.unit.streams import Says, StreamNetwork

BAD_URLS = (
    "http://[x", "http://[::1", "//[", "http://a:b", "http://a:99999/", "http://[v1.x]/", "http://\u2100/", "x://]",
    "http://[1.2.3.4]/", "\x00", "", " ", "?", "http://", "http:///x", "http://\udc80/",
)  # fmt: skip
API = "https://portal.example/api"
RIGHT = {
    "connectivitycheck.gstatic.com": b"HTTP/1.1 204 No Content\r\n\r\n",
    "captive.apple.com": b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nSuccess",
    "www.msftconnecttest.com": b"HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\nMicrosoft Connect Test",
}
TO_PAGE = f"HTTP/1.1 302 Found\r\nLocation: {PAGE}\r\nContent-Length: 0\r\n\r\n".encode()
NO_URL = b"HTTP/1.1 302 Found\r\nLocation: http://[x\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("text", BAD_URLS)
def test_no_text_is_too_bad_a_url(text: str) -> None:
    made = parts(text)

    assert made.host == made.host.lower()
    assert made.valid or not made.path
    assert isinstance(joined("http://vendor.example/x", text), str)


def test_what_stands_for_a_host_in_a_text_that_is_no_url() -> None:
    assert parts("http://[x/login?a=1") == parts("http://[X/other")._replace(authority="[x")
    assert (parts("http://[x/login").host, parts("http://[x/login").valid) == ("[x", False)
    assert joined("http://vendor.example/x", "http://[x") == "http://[x"
    assert parts("https://User@Host.Example:8443/a;b?c#d")[1:] == (
        "https", "host.example", 8443, "User@Host.Example:8443", "/a;b", "c", "d",
    )  # fmt: skip
    assert parts("https://a/b?c").target == "/b?c"
    assert parts("https://a").target == "/"


# --- the portal


def look(says: Says, api: str | None = None) -> Portal:
    """What the portal probe makes of these servers."""

    async def measure() -> Portal:
        url: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        url.set_result(api)

        async def address_of(_: str) -> str:
            return "198.51.100.31"

        return await portal_probe.portal(StreamNetwork(says), address_of, url)

    return asyncio.run(measure())


def judged(found: Portal) -> tuple[str, str | None]:
    check = judge_one("portal", seen.healthy(portal=found), profiles.load("photon2"), Selection())
    return check.status, check.problem


def no_tls(host: str, port: int) -> bytes | OSError:
    return ConnectionRefusedError() if port == 443 else RIGHT[host]


@pytest.mark.parametrize("location", [b"http://[x", b"http://a:b/", b"//[", b"http://\xff[\xfe/"])
def test_a_portal_whose_redirect_is_no_url_is_a_portal(location: bytes) -> None:
    page = b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
    found = look(lambda host, port: page if port == 80 else ConnectionRefusedError())

    assert [witness.status for witness in found.http] == [302, 302, 302], "it is a redirect, and was read"
    assert judged(found) == ("fail", "redirected")
    report = of(seen.healthy(portal=found))
    assert shared(report, "public").observations.portal
    assert judged(look(no_tls)) == ("pass", None)


BAD_ANSWERS = (
    b'{"captive": true, "user-portal-url": "\xff"}', b'{"captive": "\xc3\x28"}', b"[" * 100_000, b"\xff", b"{}",
    b'{"captive": true, "\xed\xa0\x80": 1}',
)  # fmt: skip


@pytest.mark.parametrize("body", first(2, BAD_ANSWERS), ids=range(len(BAD_ANSWERS)))
def test_a_portal_api_that_is_no_text_loses_no_redirect(body: bytes) -> None:
    def says(host: str, port: int) -> bytes | OSError:
        if host == "portal.example":
            return b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body
        return TO_PAGE if port == 80 else ConnectionRefusedError()

    found = look(says, API)

    assert [witness.location for witness in found.http] == [PAGE] * 3
    assert found.api is not None
    assert found.api.captive is None
    assert judged(found) == ("fail", "redirected")
    assert judged(
        look(lambda host, port: says(host, port) if host == "portal.example" else no_tls(host, port), API)
    ) == (
        "unknown",
        "api-unreachable",
    )


@pytest.mark.parametrize(
    "url", ["http://[x", "http://a:b/", "https://..", "https://.", f"https://{'a' * 300}.example/x"]
)
def test_an_api_url_that_is_none_loses_no_redirect(url: str) -> None:
    found = look(lambda host, port: TO_PAGE if port == 80 else ConnectionRefusedError(), url)

    assert judged(found) == ("fail", "redirected")


@pytest.mark.parametrize("broken", RIGHT)
def test_an_internal_error_costs_one_witness(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def says(host: str, port: int) -> bytes | OSError:
        if host == broken:
            raise IndexError("a fault of ours")
        return no_tls(host, port)

    faults: list[Exception] = []
    FAULTS.set(faults)
    found = look(says)

    assert [(type(fault), str(fault)) for fault in faults][:1] == [(IndexError, "a fault of ours")]
    assert [witness.right for witness in found.http] == [host != broken for host in RIGHT]
    assert "IndexError: a fault of ours" in (next(witness.error for witness in found.http if not witness.right) or "")
    assert judged(found) == ("pass", None), "two vendors are witnesses enough"


# --- CoAP and the cloud


def test_a_web_server_with_a_bad_redirect_costs_no_coap_server() -> None:
    faults: list[Exception] = []
    FAULTS.set(faults)

    async def address_of(_: str) -> str:
        return "198.51.100.11"

    network = StreamNetwork(lambda _host, _port: NO_URL)
    found = asyncio.run(coap_probe.coap(network, [("a.example", 5683), ("b.example", 5683)], address_of, {"a.example"}))

    assert all(server.attempts and server.reply is None for server in found.servers)
    http = next(control for control in found.servers[0].controls if control.protocol == "http")
    assert (http.answered, http.foreign) == (True, True)
    assert not faults


def endpoints(found: list[CloudEndpoint], device: str) -> tuple[str, str | None]:
    check = judge_one("cloud.transport", seen.healthy(**cloud(*found)), profiles.load(device), Selection())
    return check.status, check.problem


def test_a_fault_in_one_handshake_costs_that_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    name = dtls.record_name

    def fragile(datagram: bytes) -> str:
        if datagram == b"kill":
            raise IndexError("a fault of ours")
        return name(datagram)

    monkeypatch.setattr(dtls, "record_name", fragile)

    async def address_of(host: str) -> str:
        return {seen.ARGON_NAME: seen.ARGON_ADDRESS}.get(host, "198.51.100.99")

    async def measure() -> list[CloudEndpoint]:
        network = FakeNetwork(Clock(), lambda *_: [(0.1, b"kill")])
        hosts = (seen.ARGON_NAME, "other.example")
        wanted = [CloudEndpoint(transport="dtls", host=host, port=5684) for host in hosts]
        original = network.udp

        def udp(*given: Any, **more: Any) -> Any:
            made: Any = original(*given, **more)
            if "other.example" in given:
                made.script = lambda *_: [(0.1, bytes.fromhex("15fefd000000000000000000020228"))]
            return made

        monkeypatch.setattr(network, "udp", udp)
        return (await cloud_probe.cloud(network, wanted, address_of)).endpoints

    broken, other = asyncio.run(measure())

    assert {attempt.outcome for attempt in broken.attempts} == {"unread", "ignored"}
    assert other.record == "Alert 40"
    assert endpoints([broken], "argon") == ("unknown", "not-read")


def test_a_fault_in_one_lookup_costs_that_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = exchange

    async def fragile(network: Any, sock: Any, request: bytes, *more: Any, **options: Any) -> Any:
        if b"\x01a\x07example" in request:
            raise IndexError("a fault of ours")
        return await asked(network, sock, request, *more, **options)

    monkeypatch.setattr(dns_probe, "exchange", fragile)

    async def measure() -> Dns:
        names: dict[str, Any] = {"a.example": "device", "b.example": "device"}
        network = FakeNetwork(Clock(), lambda *_: [])
        return await dns_probe.resolve(network, ["192.0.2.53"], names, HostAddresses(list(names)))

    found = asyncio.run(measure())

    assert {lookup.name: lookup.attempts[0].outcome for lookup in found.lookups if lookup.kind == "device"} == {
        "a.example": "unread",
        "b.example": "timeout",
    }


# --- the run, and judging

UP = Scope(interface="lo", state="up", addresses=["127.0.0.1/8"], gateway="127.0.0.1")
NOT_READ: dict[str, Any] = {"detail": "more arrived than this laptop could read"}
_UNREAD = seen.attempts(seen.RESOLVER, 53, "unread", 3, **NOT_READ)
CASES = [
    Case("flooded", "ntp.reply", {"ntp": seen.ntp(outcome="unread", **NOT_READ)}, "unknown", "not-read", ADMIN,
         evidence=("unread", "more arrived")),
    Case("flooded", "coap.udp-5683", coap(seen.attempts(seen.COAP_ADDRESSES[0], 5683, "unread", 4, **NOT_READ)),
         "unknown", "not-read", ADMIN, evidence=("more arrived",)),
    Case("flooded", "cloud.transport",
         cloud(seen.argon(*seen.attempts(seen.ARGON_ADDRESS, 5684, "unread", 3, **NOT_READ))), "unknown", "not-read",
         ADMIN, device="argon", evidence=("more arrived",)),
    Case("failed here", "cloud.transport",
         cloud(seen.photon(attempts=seen.attempts(seen.PHOTON_ADDRESS, 5683, "unread", 1, detail="x"))), "unknown",
         "not-read", OWNER, device="photon"),
    Case("flooded", "dns.resolve",
         {"dns": seen.dns(seen.lookup(seen.ARGON_NAME, rcode=None, attempts=_UNREAD))}, "unknown", "not-read", ADMIN,
         device="argon"),
    Case("flooded at the first resolver", "dns.resolve",
         {"dns": seen.dns(seen.lookup(seen.ARGON_NAME, rcode=None, attempts=_UNREAD),
                          resolvers=(seen.RESOLVER, "192.0.2.54"))}, "unknown", "not-read", ADMIN, device="argon"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.check} {case.name}")
def test_silence_that_was_not_read_is_unknown(case: Case) -> None:
    verify(case)


@pytest.mark.parametrize("check_id", ["dhcp.offer", "dhcp.lease", "dhcp.servers"])
def test_dhcp_whose_replies_were_not_all_read_is_unknown(check_id: str) -> None:
    def found(dhcp: Dhcp) -> tuple[str, str | None]:
        check = judge_one(check_id, seen.healthy(dhcp=dhcp), profiles.load("argon"), Selection())
        return check.status, check.problem

    problem = {"dhcp.offer": "not-read", "dhcp.lease": "no-offer", "dhcp.servers": "no-answer"}[check_id]
    assert found(Dhcp(unread=True)) == ("unknown", problem)
    if check_id != "dhcp.servers":
        assert found(Dhcp())[0] == "fail"
    lease = seen.lease()
    lease.unread = True
    alone = ("unknown", "not-read") if check_id == "dhcp.servers" else ("pass", None)
    assert found(lease) == alone, "what was read is enough, but not to say that nobody else is there"
    assert found(seen.lease()) == ("pass", None)


@pytest.mark.parametrize("device", ["argon", "photon"])
def test_a_path_whose_answers_were_not_all_read_names_nobody(device: str) -> None:
    run = observed(device, *up_to(2))
    assert run.path is not None
    (target,) = run.path.targets
    lost = [
        replace(rung, outcome="error", detail=TOO_MUCH) if rung.outcome == "timeout" else rung
        for rung in target.device.probes
    ]
    run.path.targets = [replace(target, device=replace(target.device, probes=lost))]
    check = judge_one("path.egress", run, profiles.load(device), Selection())

    assert (check.status, check.problem, check.named) == ("unknown", "not-read", None)
    twin = judge_one("path.egress", observed(device, *up_to(2)), profiles.load(device), Selection())
    assert (twin.status, twin.problem) == ("fail", "dropped")


def test_the_same_silence_that_was_read_fails() -> None:
    verify(next(case for case in CLOUD_CASES if case.name == "silence" and case.device == "argon"))
    silent = seen.dns(seen.lookup(seen.ARGON_NAME, rcode=None))
    check = judge_one("dns.resolve", seen.healthy(dns=silent), profiles.load("argon"), Selection())
    assert check.status == "fail"


def test_a_fault_that_is_bounded_is_in_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    async def portal(*_: Any) -> Portal:
        async def fails() -> str:
            raise KeyError("ours")

        said = await bounded(fails(), lambda why: why)
        made: Portal = everyone({"status": None, "body": "", "error": said})["portal"]
        return made

    monkeypatch.setattr(run, "portal", portal)
    measured = run.measure(run.RunSettings(UP, run.AirChoice(), profiles.load("generic"), Selection(only=["portal"])))
    found: Observations = measured.observations

    assert found.portal is not None
    assert found.portal.not_run is None
    assert isinstance(found.portal.fault, Fault)
    assert found.portal.fault.type == "KeyError"


# --- the air


def test_a_fault_in_one_frame_costs_that_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    read = FrameCollector._announcement  # noqa: SLF001 - where a fault of ours could be

    def fragile(air: FrameCollector, buffer: bytes, *more: Any) -> None:
        if b"kill" in buffer:
            raise IndexError("a fault of ours")
        read(air, buffer, *more)

    monkeypatch.setattr(FrameCollector, "_announcement", fragile)
    faults: list[Exception] = []
    FAULTS.set(faults)
    air = FrameCollector()
    for name in (b"one", b"kill", b"two"):
        made = frame(usual(name=name))
        air.frame(Record(made, 0, len(made), len(made), 0.0, BARE, None))

    assert {bss.ssid for bss in air.wifi("capture").bss} >= {"two"}
    assert [type(fault) for fault in faults] == [IndexError]


def test_a_fault_in_one_source_of_the_air_costs_that_source(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_: Any) -> Wifi:
        raise IndexError("a fault of ours")

    async def works(_: Any) -> Wifi:
        return Wifi(source="wpa_supplicant", triggered=True)

    monkeypatch.setattr(wifi_probe, "_sources", lambda _: [("nl80211", broken), ("wpa_supplicant", works)])
    found = asyncio.run(wifi_probe.wifi(FakeNetwork(Clock(), lambda *_: []), None, None))

    assert found.source == "wpa_supplicant"
    assert any("IndexError: a fault of ours" in limit for limit in found.limits)
