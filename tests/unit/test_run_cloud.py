"""The cloud's probes in the run: which ones a selection needs, whom they ask, and when."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from netpreflight.agent import profiles, run
from netpreflight.agent.profiles import Profile
from netpreflight.agent.report import Run, make
from netpreflight.agent.run import AirChoice, RunSettings, measure
from netpreflight.agent.selection import Selection
from netpreflight.probes.echo import EchoTarget
from netpreflight.probes.echo import echo as real_echo
from netpreflight.probes.net.clock import Clock
from netpreflight.probes.net.sockets import Network
from netpreflight.probes.observations import (
    Cloud,
    CloudEndpoint,
    Coap,
    Connection,
    Dhcp,
    Echo,
    EchoTest,
    Observation,
    Scope,
    TcpConnect,
    VendorStatus,
)
from netpreflight.systems import SYSTEM
from tests.unit import seen
from tests.unit.seen import ARGON_ADDRESS, ARGON_NAME, HELLO_VERIFY

CLOUD = ("tcp", "echo", "mapping", "vendor_status")


def not_run(only: str, *, deep: bool) -> dict[str, str | None]:
    """Why each of the cloud's probes did not run on a laptop without an interface; nothing for those not wanted."""
    made = measure(RunSettings(Scope(), AirChoice(), profiles.load("argon"), Selection(only=[only]), deep=deep))
    seen: dict[str, Observation | None] = {name: getattr(made.observations, name) for name in CLOUD}
    return {name: observation.not_run for name, observation in seen.items() if observation}


@pytest.mark.parametrize(
    ("only", "deep", "wanted"),
    [
        ("cloud.transport", False, ["tcp", "echo", "vendor_status"]),
        ("cloud.transport", True, ["tcp", "echo", "mapping", "vendor_status"]),
        ("ntp.reply", True, []),
    ],
)
def test_they_run_with_the_check_of_the_cloud(*, only: str, deep: bool, wanted: list[str]) -> None:
    assert not_run(only, deep=deep) == dict.fromkeys(wanted, "this laptop has no network interface")


@pytest.mark.parametrize("now_s", [4e11, 1e18, 1e30, -1e18], ids=["value", "system", "overflow", "before"])
def test_a_clock_beyond_every_calendar_ends_no_run(now_s: float) -> None:
    class Beyond(Clock):
        def wall(self) -> float:
            return now_s

    selection = Selection(only=["ntp.reply"])
    made = measure(RunSettings(Scope(), AirChoice(), profiles.load("argon"), selection, clock=Beyond()))

    assert made.started == "not known: the clock is beyond every calendar"
    assert make(made, profiles.load("argon")).verdict == "undetermined"


def silent(*hosts: str, port: int = 5684) -> Cloud:
    """Endpoints that were asked, and did not answer."""
    lost = seen.attempts(ARGON_ADDRESS, port, "timeout", 3)
    return Cloud(endpoints=[msgspec.structs.replace(seen.argon(*lost, host=host), port=port) for host in hosts])


def test_a_server_that_two_devices_share_is_asked_once() -> None:
    argon = profiles.load("argon")
    twin = msgspec.structs.replace(argon, name="twin")
    host = argon.cloud.hosts.value[0]

    assert run.echo_targets([argon, twin], silent(host)) == [(2, host, 5684, 4)]
    assert run.echo_targets([profiles.load("msom"), argon], silent(host)) == [(2, host, 5684, 5)]
    assert run.echo_targets([profiles.load("argon", "6.1.0")], silent(host)) == [(1, host, 5684, 4)]
    assert run.echo_targets([profiles.load("argon", "5.5.0")], silent(host)) == []
    assert run.echo_targets([profiles.load("photon"), profiles.load("generic")], silent(host)) == []


LOST = seen.attempts(ARGON_ADDRESS, 5684, "timeout", 3)
ENDPOINTS: dict[str, tuple[CloudEndpoint, bool]] = {
    "silent": (seen.argon(*LOST), True),
    "refused": (seen.argon(*seen.attempts(ARGON_ADDRESS, 5684, "icmp", 2)), True),
    "garbage": (seen.argon(*LOST, *seen.attempts(ARGON_ADDRESS, 5684, "ignored", detail="no DTLS record")), True),
    "answered": (seen.argon(*seen.attempts(ARGON_ADDRESS, 5684, "reply", rtt_ms=9.0), record=HELLO_VERIFY), False),
    "answered-at-last": (
        seen.argon(*LOST, *seen.attempts(ARGON_ADDRESS, 5684, "reply", rtt_ms=9.0), record=HELLO_VERIFY),
        False,
    ),
    "refuses-the-handshake": (seen.argon(*LOST, record="Alert 40"), False),
    "not-tried": (seen.argon(), False),
    "no-address": (seen.argon(address=None), False),
    "another-port": (msgspec.structs.replace(seen.argon(*LOST), port=5685), False),
    "another-host": (seen.argon(*LOST, host="another.example"), False),
}


@pytest.mark.parametrize(("endpoint", "asked"), ENDPOINTS.values(), ids=ENDPOINTS)
def test_only_a_server_that_was_asked_and_stayed_silent_is_sent_echoes(endpoint: CloudEndpoint, *, asked: bool) -> None:
    targets = run.echo_targets([profiles.load("argon")], Cloud(endpoints=[seen.photon(seen.NONCE), endpoint]))

    assert targets == ([EchoTarget(2, ARGON_NAME, 5684, 4)] if asked else [])


@pytest.mark.parametrize("cloud", [None, Cloud(), Cloud(not_run="this laptop has no default route")], ids=str)
def test_where_no_cloud_was_asked_no_echo_is_sent(cloud: Cloud | None) -> None:
    assert run.echo_targets([profiles.load("argon")], cloud) == []


def test_a_device_one_of_whose_servers_answers_sends_no_echo() -> None:
    ours = profiles.load("argon", "6.1.0")
    hosts = msgspec.structs.replace(ours.cloud.hosts, value=["a.example", "b.example"])
    ours = msgspec.structs.replace(ours, cloud=msgspec.structs.replace(ours.cloud, hosts=hosts))
    answers = seen.argon(*LOST, host="a.example", record=HELLO_VERIFY)

    assert run.echo_targets([ours], Cloud(endpoints=[answers, *silent("b.example").endpoints])) == []
    assert run.echo_targets([ours], silent("a.example", "b.example")) == [
        (1, "a.example", 5684, 4),
        (1, "b.example", 5684, 4),
    ]


# --- when

UP = Scope(interface="lo", state="up", addresses=["127.0.0.1/8"], gateway="127.0.0.1")


def made_with(
    monkeypatch: pytest.MonkeyPatch,
    found: Cloud | Exception,
    *,
    profile: Profile | None = None,
    selection: Selection | None = None,
    **probes: Any,
) -> tuple[Run, list[Any]]:
    """A run whose cloud probe takes a while and gives `found`, and what was done in it, in order."""
    done: list[Any] = []

    async def cloud(*_: Any) -> Cloud:
        done.append("cloud begins")
        await asyncio.sleep(0.05)
        done.append("cloud ends")
        if isinstance(found, Exception):
            raise found
        return found

    async def echo(network: Network, targets: list[EchoTarget], address_of: Any) -> Echo:
        done.append(("echo", targets))
        if not targets:
            return await real_echo(network, targets, address_of)
        made = [
            EchoTest(form=target.form, host=target.host, port=target.port, interface=target.interface)
            for target in targets
        ]
        return Echo(tests=made)

    async def nothing(kind: type[Observation]) -> Any:
        return kind()

    async def dhcp(*_: Any, **callbacks: Any) -> Dhcp:
        callbacks["on_resolvers"]([], settled=True)
        return Dhcp()

    for name, probe in {
        "cloud": cloud,
        "echo": echo,
        "dhcp": dhcp,
        "coap": lambda *_: nothing(Coap),
        "tcp": lambda *_: nothing(TcpConnect),
        **probes,
    }.items():
        monkeypatch.setattr(run, name, probe)
    only = selection or Selection(only=["cloud.transport"])
    return measure(RunSettings(UP, AirChoice(), profile or profiles.load("argon"), only)), done


def test_echoes_follow_when_the_cloud_has_stayed_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    made, done = made_with(monkeypatch, silent(ARGON_NAME))

    assert done[:2] == ["cloud begins", "cloud ends"]
    ((word, targets),) = done[2:]
    assert word == "echo"
    assert (2, ARGON_NAME, 5684, 4) in targets
    assert {target.host for target in targets} == {ARGON_NAME}
    cloud, echo = made.observations.cloud, made.observations.echo
    assert cloud is not None
    assert echo is not None
    assert echo.started_s >= cloud.started_s + cloud.duration_s >= 0.05
    assert len(echo.tests) == len(targets)


def test_echoes_do_not_wait_for_the_tcp_clouds(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = asyncio.Event()

    async def cloud(_: Network, endpoints: list[CloudEndpoint], *rest: Any) -> Cloud:
        on_seen = rest[-1]
        made = [
            msgspec.structs.replace(endpoint, attempts=LOST) for endpoint in endpoints if endpoint.transport == "dtls"
        ]
        for endpoint in made:
            on_seen(endpoint)
        async with asyncio.timeout(60):
            await begun.wait()
        return Cloud(endpoints=made)

    async def echo(_: Network, targets: list[EchoTarget], __: Any) -> Echo:
        begun.set()
        assert {target.host for target in targets} == {ARGON_NAME}
        return Echo()

    made, _ = made_with(monkeypatch, Cloud(), cloud=cloud, echo=echo)

    assert begun.is_set()
    assert made.observations.cloud is not None
    assert made.observations.cloud.not_run is None


def test_a_run_whose_cloud_answers_sends_no_echo(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = Cloud(endpoints=[seen.argon(*LOST, record=HELLO_VERIFY)])
    made, done = made_with(monkeypatch, answered)

    assert done == ["cloud begins", "cloud ends", ("echo", [])]
    echo = made.observations.echo
    assert echo is not None
    assert (echo.tests, echo.not_run) == ([], None)
    assert [contact.purpose for contact in made.footprint if "echo" in contact.purpose] == []


def test_a_cloud_probe_that_fails_leaves_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    made, done = made_with(monkeypatch, OSError("gone"))

    assert done == ["cloud begins", "cloud ends", ("echo", [])]
    assert made.observations.cloud is not None
    assert "gone" in (made.observations.cloud.not_run or "")
    assert made.observations.echo is not None
    assert (made.observations.echo.tests, made.observations.echo.not_run) == ([], None)


def test_only_the_generic_devices_servers_are_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """A company's own CoAP server is sent what its device sends it, and nothing else."""
    asked: list[Any] = []

    async def coap(_: Network, servers: list[Any], __: Any, public: Any, ___: Any) -> Coap:
        asked.append((servers, public))
        return Coap()

    generic = profiles.load("generic")
    hosts = msgspec.structs.replace(generic.cloud.hosts, value=["cloud.example"])
    ours = msgspec.structs.replace(generic, name="ours", cloud=msgspec.structs.replace(generic.cloud, hosts=hosts))
    made_with(monkeypatch, Cloud(), profile=ours, coap=coap)

    ((servers, public),) = asked
    assert servers[0] == ("cloud.example", 5683)
    assert public == set(generic.cloud.hosts.value)


def test_who_needs_what() -> None:
    p2, argon, photon, generic = (profiles.load(name) for name in ("p2", "argon", "photon", "generic"))

    assert run.aaaa_names([p2, photon, generic]) == set(p2.cloud.hosts.value)
    assert run.aaaa_names([argon, photon, generic]) == set()
    assert run.hold_s([argon, photon]) == 30
    assert run.hold_s([profiles.load("argon", "2.0.0"), photon]) == 35


def test_a_deep_run_gives_a_device_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[float] = []

    class Noting(Network):
        def __init__(self, interface: str, started: float, most_run_s: float, **rest: Any) -> None:
            super().__init__(interface, started, most_run_s, **rest)
            limits.append(most_run_s)

    monkeypatch.setattr(run, "Network", Noting)
    for deep in (False, True):
        not_run("cloud.transport", deep=deep)

    assert limits[0] == 19
    assert limits[1] >= 45 + 20, "a handshake given up after 45 s, behind a slow DHCP server and resolvers"


# --- is it the cloud?

SILENT = silent(ARGON_NAME)
ANSWERED = Cloud(endpoints=[seen.argon(record=HELLO_VERIFY), *silent(ARGON_NAME.replace("v6", "v5")).endpoints])
PHOTON_SILENT = Cloud(endpoints=[seen.photon(Connection(at_s=0.0, error="timeout"))])


def asked_of(
    monkeypatch: pytest.MonkeyPatch, found: Cloud | Exception, device: str = "argon", skip: tuple[str, ...] = ()
) -> list[str]:
    """The status pages that a run asks whose cloud probe gives `found`."""
    asked: list[str] = []

    async def page(_: Network, url: str, __: Any) -> VendorStatus:
        asked.append(url)
        return VendorStatus(host="status.particle.io", indicator="none", description="fine")

    selection = Selection(only=["cloud.transport"], skip=list(skip))
    profile = profiles.load(device)
    made, done = made_with(monkeypatch, found, profile=profile, selection=selection, vendor_status=page)
    assert "cloud ends" in done
    status = made.observations.vendor_status
    assert (status is not None and status.host is not None) == bool(asked)
    return asked


@pytest.mark.parametrize(("found", "device"), [(SILENT, "argon"), (PHOTON_SILENT, "photon")], ids=["udp", "tcp"])
def test_the_vendor_is_asked_once_where_the_devices_cloud_stays_silent(
    monkeypatch: pytest.MonkeyPatch, found: Cloud, device: str
) -> None:
    assert asked_of(monkeypatch, found, device) == ["https://status.particle.io/api/v2/summary.json"]


@pytest.mark.parametrize(
    ("found", "device", "skip"),
    [
        (ANSWERED, "argon", ()),
        (Cloud(endpoints=[seen.photon(seen.NONCE), *SILENT.endpoints]), "photon", ()),
        (Cloud(endpoints=[seen.argon()]), "argon", ()),
        (Cloud(not_run="this laptop has no default route"), "argon", ()),
        (RuntimeError("broken"), "argon", ()),
        (SILENT, "generic", ()),
        (SILENT, "photon", ()),
        (SILENT, "argon", ("vendor-status",)),
    ],
    ids=["answered", "nonce", "no-address", "not-run", "fault", "no-page", "another-devices-cloud", "skipped"],
)
def test_nobody_asks_the_vendor_otherwise(
    monkeypatch: pytest.MonkeyPatch, found: Cloud | Exception, device: str, skip: tuple[str, ...]
) -> None:
    assert asked_of(monkeypatch, found, device, skip) == []


# --- whether a silent cloud of this subnet is there

NEAR, FAR = "127.0.0.40", "198.51.100.40"


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({NEAR: False}, [(NEAR, False)]),
        ({NEAR: True}, [(NEAR, True)]),
        ({FAR: False, "127.0.0.41": False}, []),
        ({}, []),
        (None, []),
    ],
    ids=["nobody", "somebody", "of-others", "not-found-out", "lost"],
)
@pytest.mark.parametrize("answers", [False, True])
def test_what_the_system_finds_out_by_arp_is_kept_of_silent_clouds_of_this_subnet(
    monkeypatch: pytest.MonkeyPatch,
    told: dict[str, bool] | None,
    kept: list[tuple[str, bool]],
    *,
    answers: bool,
) -> None:
    record = HELLO_VERIFY if answers else None
    endpoints = [seen.argon(*LOST, host=host, address=host, record=record) for host in (NEAR, FAR, ARGON_NAME)]
    is_watched: list[str] = []

    @contextlib.contextmanager
    def arp_answers(adapter: str) -> Iterator[Callable[[], dict[str, bool] | None]]:
        is_watched.append(adapter)
        yield lambda: told
        is_watched.remove(adapter)

    monkeypatch.setattr(SYSTEM, "arp_answers", arp_answers)
    made, _ = made_with(monkeypatch, Cloud(endpoints=endpoints))
    assert made.observations.cloud is not None
    found = [(neighbor.address, neighbor.answers_arp) for neighbor in made.observations.cloud.neighbors]

    assert found == ([] if answers else kept)
    assert is_watched == []
