"""`--debug`: what was sent, heard and asked, as lines of one form, with no more than the level lets the report show."""

import asyncio
import contextlib
import errno
import re
import socket
import sys
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import pytest

from netpreflight.agent import cli, profiles
from netpreflight.agent import run as run_module
from netpreflight.agent.results import Check
from netpreflight.agent.run import AirChoice, RunSettings
from netpreflight.agent.selection import Selection
from netpreflight.probes.net.payload_shapes import COAP_PING
from netpreflight.probes.net.sockets import MOST_EVENTS, Network
from netpreflight.probes.observations import Bss, Event, EventKind, Icmp, Reveals, Scope, Wifi
from netpreflight.probes.wifi import networkmanager, nl80211, wpa_supplicant
from netpreflight.probes.wifi.networkmanager import Refused
from netpreflight.reports.debug import line, shared_lines
from netpreflight.reports.sharing import shared
from tests.unit import seen
from tests.unit.fakes import Clock
from tests.unit.filled import Filler, forms
from tests.unit.partly import first
from tests.unit.places import of
from tests.unit.reveals import SECRET, bare_texts
from tests.unit.wifi_fakes import INDEX, FakeBus, FakeControl, FakeKernel

LINE = re.compile(r'debug \d+\.\d{4} [a-z-]+( [a-z]+=([A-Za-z0-9._:/+-]+|"([^"\\]|\\["\\])*"))*\n')
PASSPHRASE = "canary-passphrase"


def traced(clock: Clock | None = None) -> tuple[Network, list[Event]]:
    """A network that can use the loopback interface, and what it tells."""
    events: list[Event] = []
    clock = clock or Clock()
    return Network("lo", 1000.0, clock=clock, trace=events.append), events


# --- lines


def test_every_event_is_one_line_of_one_form() -> None:
    hostile = 'a "b\\ \n\x1b[31m\u202e é'
    event = Event(
        at_s=1.5, what="icmp", purpose="CoAP ping", protocol="udp", shape="CoAP ping", host=hostile,
        address="192.0.2.1", port=5683, ttl=3, size=4, sent=5, heard=6, method="m", outcome="o", detail=hostile,
        icmp=Icmp(type=3, code=4, source="192.0.2.2", mtu=1200), payload="40001234",
    )  # fmt: skip

    assert line(event) == (
        'debug 1.5000 icmp for="CoAP ping" protocol=udp '
        'host="a \\"b\\\\ \\\\x0a\\\\x1b[31m\\\\u202e é" address=192.0.2.1 port=5683 ttl=3 shape="CoAP ping" '
        "icmp=3/4 from=192.0.2.2 mtu=1200 method=m outcome=o sent=5 heard=6 "
        'detail="a \\"b\\\\ \\\\x0a\\\\x1b[31m\\\\u202e é" size=4 bytes=40001234\n'
    )
    for what in get_args(EventKind):
        assert LINE.fullmatch(line(Event(at_s=0.0, what=what, purpose="")))
        assert LINE.fullmatch(line(Event(at_s=0.0, what=what, purpose=hostile, detail=hostile, host="")))


def test_every_text_of_an_event_says_what_it_may_reveal() -> None:
    assert not [name for name, kind in Event.__annotations__.items() if bare_texts(kind)]


@pytest.mark.parametrize("choice", first(1, range(4)))
@pytest.mark.parametrize("level", ["ticket", "public"])
def test_no_canary_gets_out(level: Literal["ticket", "public"], choice: int) -> None:
    filler = Filler(ran=True, choice=choice)
    observations, footprint = filler.observations(), filler.footprint()
    filler.planted.clear()
    events = [filler._struct(Event) for _ in range(3)]  # noqa: SLF001 - events, too
    report = of(observations, footprint)
    kinds: set[Reveals] = SECRET[level]
    text = "".join(shared_lines(report, events, level)).lower()

    assert text.count("\n") == len(events)
    assert len({what for _, what, _ in filler.planted} & kinds) > 0
    for where, what, secret in filler.planted:
        for form in forms(secret) if what in kinds else ():
            assert form not in text, (where, form)
    if level == "public":
        assert not re.search(r"canary|ca:fe|cafe|10\.203|45\.203|cacaca", text)


def test_both_have_one_token_for_one_value() -> None:
    report = of(seen.healthy())
    event = Event(at_s=0.0, what="sent", purpose="DNS", address=seen.GATEWAY, detail=f"to {seen.GATEWAY}", payload="ff")
    (told,) = shared_lines(report, [event], "public")
    assert report.scope.gateway == seen.GATEWAY
    token = shared(report, "public").scope.gateway

    assert told == f'debug 0.0000 sent for=DNS address={token} detail="to {token}"\n'
    assert shared_lines(report, [event], "complete") == [line(event)]


def test_names_of_neighbours_are_hidden_for_a_ticket() -> None:
    observations = seen.healthy()
    assert observations.wifi is not None
    stranger = Bss(bssid="02:00:00:00:00:99", ssid="Hq7Vx", ssid_hex=b"Hq7Vx".hex(), frequency_mhz=2412, channel=1)
    observations.wifi.bss.append(stranger)
    event = Event(at_s=0.0, what="end", purpose="wifi", detail="heard 'Hq7Vx' at 02:00:00:00:00:99")
    (told,) = shared_lines(of(observations), [event], "ticket")

    assert "Hq7Vx" not in told
    assert "00:99" not in told


# --- what the sockets tell


def test_datagrams_are_told_with_what_they_are_for() -> None:
    async def run() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 0))
            port = server.getsockname()[1]
            async with network:
                sock = network.udp("CoAP ping", COAP_PING, "h.example")
                sock.send(b"\x40\x00\x12\x34", "127.0.0.1", port, ttl=7)
                server.settimeout(5)
                _, peer = server.recvfrom(100)
                server.sendto(b"\x70\x00\x12\x34", peer)
                network.clock = Clock()  # a deadline that has not come
                assert await sock.receive(1005.0)
        ports.append(port)

    network, events = traced()
    ports: list[int] = []
    asyncio.run(run())
    place = f"protocol=udp host=h.example address=127.0.0.1 port={ports[0]}"

    assert [line(event) for event in events] == [
        f'debug 0.0000 sent for="CoAP ping" {place} ttl=7 shape="CoAP ping" size=4 bytes=40001234\n',
        f'debug 0.0000 heard for="CoAP ping" {place} size=4 bytes=70001234\n',
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell who refused")
def test_icmp_errors_are_told() -> None:
    async def run() -> None:
        async with network:
            sock = network.udp("CoAP ping", COAP_PING)
            sock.send(b"\x40\x00\x12\x34", "127.0.0.1", 1)
            assert await sock.receive(1005.0)

    network, events = traced()
    asyncio.run(run())

    assert [event.what for event in events] == ["sent", "icmp"]
    assert events[1].icmp == Icmp(type=3, code=3, source="127.0.0.1")
    assert events[1].payload == "40001234"


def test_what_could_not_be_sent_is_told() -> None:
    async def run() -> None:
        async with network:
            assert network.udp("CoAP ping", COAP_PING).send(b"x" * 70_000, "127.0.0.1", 9) is not None

    network, events = traced()
    asyncio.run(run())

    assert [(event.what, event.detail, event.payload) for event in events] == [("failed", "Message too long", "")]


def test_connections_are_told_with_how_much_went_each_way() -> None:
    async def run() -> None:
        async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            assert await reader.read(100) == b"hello"
            writer.write(b"good day")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, network, network.tcp("portal", None, "127.0.0.1", port, timeout_s=5) as (reader, writer):
            writer.write(b"hello")
            assert await reader.read() == b"good day"
        with contextlib.suppress(OSError):
            async with network.tcp("portal", None, "127.0.0.1", port, timeout_s=5):
                pass

    network, events = traced()
    asyncio.run(run())

    assert [(event.what, event.sent, event.heard, event.detail) for event in events] == [
        ("open", None, None, None),
        ("opened", None, None, None),
        ("closed", 5, 8, None),
        ("open", None, None, None),
        ("failed", None, None, "refused"),
    ]
    assert not [event for event in events if event.payload]


@pytest.mark.skipif(sys.platform != "linux", reason="no other system has SYNs of this kind")
def test_syns_are_told() -> None:
    async def run() -> None:
        async with network:
            await network.syn("control", None, "127.0.0.1", 1, ttl=3, timeout_s=0.5)

    network, events = traced()
    asyncio.run(run())

    assert [(event.what, event.ttl, event.detail) for event in events] == [("open", 3, None), ("failed", 3, "refused")]


def test_a_flood_is_told_up_to_a_limit() -> None:
    network, events = traced()
    for _ in range(MOST_EVENTS + 10):
        network.note("heard", "flood")

    assert len(events) == MOST_EVENTS + 1
    assert events[-1].what == "no-more"


# --- what this system is asked


def test_nothing_of_networkmanager_but_methods_and_endings() -> None:
    class Secretive(FakeBus):
        async def properties(self, path: str, interface: str) -> dict[str, Any]:
            return {**await super().properties(path, interface), "psk": PASSPHRASE}

    @contextlib.asynccontextmanager
    async def connect() -> AsyncIterator[FakeBus]:
        yield bus

    network, events = traced()
    bus = Secretive()
    bus.refusals["RequestScan"] = Refused("org.freedesktop.NetworkManager.Failed", f"the key {PASSPHRASE} is wrong")
    ask = partial(networkmanager.survey, "wlan9", PASSPHRASE.encode(), elapsed=network.elapsed, connect=connect)
    asyncio.run(ask(now_s=lambda: 100.0, tell=partial(network.asked, "NetworkManager")))
    told = [line(event) for event in events]

    assert PASSPHRASE not in "".join(told)
    assert PASSPHRASE.encode().hex() not in "".join(told)
    assert "debug 0.0000 asked for=NetworkManager method=RequestScan outcome=Refused\n" in told
    assert "debug 0.0000 asked for=NetworkManager method=GetDevices outcome=ok\n" in told
    assert 'debug 0.0000 asked for=NetworkManager method="GetAll AccessPoint" outcome=ok\n' in told


def test_nothing_of_wpa_supplicant_but_commands_and_endings() -> None:
    class Secretive(FakeControl):
        def ask(self, command: str) -> str:
            return f"{super().ask(command)}psk={PASSPHRASE}\n" if command == "STATUS" else super().ask(command)

    network, events = traced()
    control = Secretive()
    control.scans = ["FAIL-BUSY\n", "OK\n", "OK\n", "OK\n", "OK\n", "OK\n"]
    control.events = [b"<3>CTRL-EVENT-SCAN-RESULTS "] * 6 + [f"<3>{PASSPHRASE}".encode()]
    ask = partial(wpa_supplicant.survey, "wlan9", PASSPHRASE.encode(), elapsed=network.elapsed, make=lambda: control)
    asyncio.run(ask(clock=lambda: 0.0, tell=partial(network.asked, "wpa_supplicant")))
    told = [line(event) for event in events]

    assert any(PASSPHRASE.encode().hex() in text for text in control.asked), "as a name that is asked for"
    assert PASSPHRASE not in "".join(told)
    assert PASSPHRASE.encode().hex() not in "".join(told)
    assert [(event.method, event.outcome) for event in events[:5]] == [
        ("ATTACH", "ok"), ("STATUS", "ok"), ("GET_CAPABILITY", "ok"), ("SCAN", "FAIL-BUSY"),
        ("CTRL-EVENT-SCAN", "RESULTS"),
    ]  # fmt: skip
    assert {"BSS", "SCAN"} <= {event.method for event in events}


def test_the_kernel_is_told_by_its_commands(tmp_path: Path) -> None:
    async def refuse(*_: Any) -> None:
        raise AssertionError("not asked")

    network, events = traced()
    kernel = FakeKernel()
    kernel.triggers = [-errno.EBUSY]
    survey = nl80211.survey(
        "wlan9", None, elapsed=network.elapsed, request_scan=refuse, kernel=kernel, sysfs=tmp_path,
        tell=partial(network.asked, "nl80211"),
    )  # fmt: skip
    kernel.events.put_nowait((34, {3: INDEX.to_bytes(4, sys.byteorder)}))
    asyncio.run(survey)

    told = [(event.method, event.outcome) for event in events]
    assert told[0] == ("GET_INTERFACE", "ok")
    assert ("TRIGGER_SCAN", "EBUSY") in told
    assert ("TRIGGER_SCAN", "ok") in told
    assert ("event", "NEW_SCAN_RESULTS") in told


# --- the command line


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """`netpreflight check` of the air alone, by a survey that hears one network and asks somebody."""

    async def looks(network: Network, *_: Any, **__: Any) -> Wifi:
        network.asked("NetworkManager", "RequestScan", "ok")
        network.note("heard", "wifi", address="10.9.8.7", payload=b"canary", detail="'Hq7Vx' is there")
        stranger = Bss(bssid="02:00:00:00:00:99", ssid="Hq7Vx", ssid_hex=b"Hq7Vx".hex(), frequency_mhz=2412, channel=1)
        return Wifi(source="nl80211", triggered=True, bss=[stranger])

    monkeypatch.setattr(run_module, "wifi", looks)
    monkeypatch.setattr("netpreflight.probes.scope.scope", lambda _: Scope(interface="wlan0", state="up"))

    def run(*arguments: str) -> int:
        with pytest.raises(SystemExit) as left:
            cli.main(["check", "--only", "wifi", *arguments])
        return int(left.value.code or 0)

    return run


DEBUG = ["begin for=wifi", "asked for=NetworkManager", "heard for=wifi", "end for=wifi"]


def debug_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("debug ")]


@pytest.mark.parametrize(
    ("level", "shows"),
    [
        ((), ["10.9.8.7", "Hq7Vx", b"canary".hex()]),
        (("--share", "complete"), ["10.9.8.7", "Hq7Vx", b"canary".hex()]),
        (("--share", "ticket"), ["10.9.8.7"]),
        (("--share", "public"), []),
        (("--redact",), []),
    ],
    ids=str,
)
def test_as_much_as_the_level_lets_be_printed(
    check: Callable[..., int], capfdbinary: pytest.CaptureFixture[bytes], level: tuple[str, ...], shows: list[str]
) -> None:
    check("--debug", "--json", *level)
    written = capfdbinary.readouterr()
    told = debug_lines(written.err.decode())

    assert [text.split(" ", 2)[2].partition(" method")[0].partition(" address")[0] for text in told] == DEBUG
    for secret in ("10.9.8.7", "Hq7Vx", b"canary".hex()):
        assert any(secret in text for text in told) == (secret in shows)
    assert written.out.startswith(b"{")
    assert written.out.endswith(b"}\n")
    assert b"debug" not in written.out


def test_without_it_nothing_is_told(check: Callable[..., int], capfd: pytest.CaptureFixture[str]) -> None:
    check("--json")

    assert debug_lines(capfd.readouterr().err) == []


def test_what_is_complete_is_told_at_once(
    check: Callable[..., int], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_checks: list[int] = []

    def known(_: Any, _check: Check) -> None:
        at_checks.append(len(debug_lines(capfd.readouterr().err)))

    monkeypatch.setattr("netpreflight.reports.terminal.Terminal.known", known)
    check("--debug")

    assert at_checks[0] == len(DEBUG)


def test_a_run_is_measured_alike_with_nobody_listening() -> None:
    made = run_module.measure(
        RunSettings(
            Scope(), AirChoice(), profiles.load("generic"), Selection(only=["ntp.reply"]), clock=(clock := Clock())
        )
    )

    assert made.started == "1970-01-01T00:16:40Z", "by the clock that is handed in"
    assert (made.duration_s, clock.now) == (0, 1000)


def test_a_run_whose_work_fails_is_not_complete() -> None:
    answers = [OSError("Too many open files")]

    def is_device() -> bool:
        if answers:
            raise answers.pop()
        return True

    settings = RunSettings(Scope(), AirChoice(), profiles.load("generic"), Selection(only=["ntp.reply"]), clock=Clock())

    assert not run_module.measure(settings._replace(is_device=is_device)).complete
    assert not answers, "the fault"
    assert run_module.measure(settings).complete
