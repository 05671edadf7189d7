"""A run that is the device: its MAC address, what its options refuse, and what answers the laptop only."""

import asyncio
import errno
import io
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn, Self

import msgspec
import pytest

from netpreflight.agent import profiles, report
from netpreflight.agent.as_device import asked, both, child, mac
from netpreflight.agent.cli import measuring
from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.judging import let_through
from netpreflight.agent.report import Report
from netpreflight.agent.report.requests import requests
from netpreflight.agent.run import AirChoice, RunSettings
from netpreflight.agent.selection import Selection, select
from netpreflight.probes import observations
from netpreflight.probes.join import neighbours
from netpreflight.probes.join.cable import Cable
from netpreflight.probes.join.denied import Denied
from netpreflight.probes.join.interface import Device, Refusal
from netpreflight.probes.join.networkmanager import NetworkManager
from netpreflight.probes.net import filters
from netpreflight.probes.net.sockets import Network
from netpreflight.probes.observations import (
    AsDevice,
    Cloud,
    DhcpMessage,
    Join,
    JoinAttempt,
    LinkNeighbor,
    Observations,
    Portal,
    Scope,
)
from netpreflight.reports.requests import with_subject
from netpreflight.reports.terminal import Terminal
from netpreflight.systems import SYSTEM
from netpreflight.systems.interface import Adapter
from netpreflight.systems.linux import port
from tests.unit import seen, seen_ladders
from tests.unit.again import run_of

HOME, OFFICE = "192.168.1.0/24 192.168.1.1", "10.0.0.0/8 10.0.0.1"
MINE, OTHERS = b"m" * 32, b"o" * 32


# --- the MAC address


def test_a_made_address_is_the_same_each_time_and_no_other_networks_or_laptops() -> None:
    first = mac.choose(None, None, HOME, MINE)

    assert first == mac.choose(None, None, HOME, MINE)
    assert first.source == "made"
    assert len({first.mac, mac.choose(None, None, OFFICE, MINE).mac, mac.choose(None, None, HOME, OTHERS).mac}) == 3
    assert int(first.mac[:2], 16) & 0b11 == 0b10, "locally administered, one host's (IEEE 802-2014, 8.2.2)"


def test_the_makers_prefix_is_kept_and_one_that_is_given_comes_first() -> None:
    assert mac.choose(None, "94:94:4A", HOME, MINE).mac.startswith("94:94:4a:")
    assert mac.choose("00-11-22-33", "94:94:4A", HOME, MINE).mac.startswith("00:11:22:33:")
    assert mac.choose("00:11:22:33:44:55", "94:94:4A", HOME, MINE) == ("00:11:22:33:44:55", "given")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("94:94:4a:12:34:56", "94944a123456"),
        ("94-94-4A-12-34-56", "94944a123456"),
        ("9494.4a12.3456", "94944a123456"),
        ("9494-4a12-3456", "94944a123456"),
        ("9494:4a12:3456", "94944a123456"),
        ("94944A-123456", "94944a123456"),
        ("94944A123456", "94944a123456"),
        ("94-94-4a", "94944a"),
        ("9494.4a", "94944a"),
        ("94944A", "94944a"),
        ("9494.4a12", "94944a12"),
        ("94944a-12", "94944a12"),
        ("9494.4a12.34", "94944a1234"),
        ("94944a1234", "94944a1234"),
    ],
)
def test_an_address_and_its_beginning_are_read_in_each_usual_form(text: str, found: str) -> None:
    assert mac.parse(text).hex() == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "94",
        "94:94",
        "94:94:4A:00:00:00:00",
        "01:00:5e",
        "ff:ff:ff:ff:ff:ff",
        "00:00:00:00:00:00",
        "94944",
        "x",
        "94-94:4a",
        "94:94:4a:12:34:5",
        "9494.4a12.345",
        "9494.4a12.3456.78",
        "0100.5e00.0001",
        "9494..4a12",
        "94.94.4a",
    ],
)
def test_what_no_host_can_have_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"give an address|a group|all zeros"):
        mac.parse(text)


# --- the options


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((None, "94:94:4A", None, False, False), "--mac is for --as device"),
        ((None, None, Path("psk"), False, False), "--passphrase-file is for --as device"),
        ((None, None, None, True, False), "--saved-passphrase is for --as device"),
        ((None, None, None, False, True), "--force is for --as device"),
        (("laptop", None, None, False, False), "--as laptop: give --as device, or leave --as out"),
        (("device", None, Path("psk"), True, False), "give only one of them"),
    ],
)
def test_options_that_make_no_sense_are_refused(words: tuple[Any, ...], told: str) -> None:
    whom, address, file, saved, forced = words
    with pytest.raises(asked.CannotError, match=told):
        asked.read(whom, address, file, uses_saved=saved, is_forced=forced)


def laptop(monkeypatch: pytest.MonkeyPatch) -> Scope:
    """A laptop by cable, with a Wi-Fi interface beside it, which knows the MAC address of its router."""
    own = {"eth0": "02:00:00:00:00:01", "wlan0": "02:00:00:00:00:02"}
    adapters = [
        Adapter(name=name, id=name, index=index, state="up", mac=address)
        for index, (name, address) in enumerate(own.items(), 1)
    ]
    monkeypatch.setattr(asked, "secret", lambda: MINE)
    monkeypatch.setattr(type(SYSTEM), "adapters", lambda _: adapters)
    monkeypatch.setattr(type(SYSTEM), "neighbours", lambda *_: {"192.168.77.1": "02:00:00:00:00:ff"})
    return Scope(interface="eth0", state="up", medium="wired", mac=own["eth0"], gateway="192.168.77.1", os="linux")


def prepared(scope: Scope, selection: Selection | None = None, **options: Any) -> Any:
    return asked.prepare(asked.Asked(**options), scope, profiles.load("generic"), selection or Selection(), None)


@pytest.mark.parametrize(
    ("options", "skip", "told"),
    [
        ({}, "dhcp", "needs a lease"),
        ({"mac": "zz"}, None, "--mac zz: give an address"),
        ({"mac": "0200.0000.0001"}, None, "this is the MAC address of this laptop .eth0., not of a device"),
        ({"mac": "02-00-00-00-00-02"}, None, "this is the MAC address of this laptop .wlan0., not of a device"),
        ({"mac": "02:00:00:00:00:ff"}, None, "this is the MAC address of the router .192.168.77.1., which cannot be"),
        ({"mac": "94:94:4a:00:00:01"}, None, "only root can check whether another host has this address"),
        ({"uses_saved": True}, None, "a passphrase is for Wi-Fi"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], skip: str | None, told: str
) -> None:
    with pytest.raises(asked.CannotError, match=told):
        prepared(laptop(monkeypatch), select(None, skip), **options)


def test_only_the_join_by_cable_is_refused_as_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(asked.CannotError, match=r"by cable \(eth0\) there is no Wi-Fi to join"):
        prepared(laptop(monkeypatch), select("join", None))


@pytest.mark.parametrize(
    ("address", "told"), [("192.168.77.1", "of the router"), ("192.168.77.31", "If that is the device, switch it off")]
)
def test_who_answers_for_the_mac_address_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, address: str, told: str
) -> None:
    assert told in asked.words_of_holder(address, laptop(monkeypatch))


def test_where_nobody_can_be_asked_for_the_mac_address_the_run_does_not_take_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def holder(*_: object) -> NoReturn:
        raise OSError(errno.ENETDOWN, "Network is down")

    scope = laptop(monkeypatch)
    monkeypatch.setattr("netpreflight.probes.join.holder.holder", holder)
    ours, its = socket.socketpair()
    its.close()
    process = child.Child(0, ours)
    monkeypatch.setattr(process, "_ended", True)
    given = mac.ChosenMac("94:94:4a:00:00:01", "given")
    way = Cable(Device(scope=scope, mac=given.mac), None)
    settings = RunSettings(scope, AirChoice(), profiles.load("generic"), Selection())
    with pytest.raises(UsageError, match=r"--mac 94:94:4a:00:00:01: it was not possible to ask .* \(Network is down\)"):
        measuring.measure(both.Played(way, given, process, []), settings, Terminal(io.StringIO(), lambda: 0.0))

    assert ours.fileno() == -1, "the process of the device has ended"


def test_a_passphrase_is_read_without_its_line_end_never_shown_and_can_be_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "psk"
    file.write_bytes(b"correct horse\r\n")

    found = asked.read_passphrase(asked.Asked(passphrase_file=file), "net")

    assert found is not None
    assert bytes(found.content) == b"correct horse"
    assert "correct" not in repr(found)
    found.forget()
    assert found.content == b""


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n"])
def test_an_empty_file_is_the_passphrase_of_an_open_network(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "psk"
    file.write_bytes(content)

    assert asked.read_passphrase(asked.Asked(passphrase_file=file), "net") is None


def test_a_passphrase_that_is_too_long_or_missing_is_refused_without_being_shown(tmp_path: Path) -> None:
    file = tmp_path / "psk"
    file.write_text("x" * 65)
    with pytest.raises(asked.CannotError, match="at most 64") as long:
        asked.read_passphrase(asked.Asked(passphrase_file=file), "net")
    assert "xx" not in str(long.value)
    with pytest.raises(asked.CannotError, match="cannot be read"):
        asked.read_passphrase(asked.Asked(passphrase_file=tmp_path / "none"), "net")


class Process(child.Child):
    """The process of the device, without a fork.

    Args:
        tells: what it tells.
    """

    def __init__(self, tells: Callable[[], Iterator[child.Told]]) -> None:
        ours, its = socket.socketpair()
        its.close()
        super().__init__(0, ours)
        self._ended, self._tells = True, tells

    def begin(self, begin: child.Begin) -> None:
        """There is nobody to begin."""

    def told(self) -> Iterator[child.Told]:
        """What it tells."""
        return self._tells()


# --- Ctrl-C


class Lent(Denied):
    """A way that has the laptop's radio, and does not have it back at once."""

    looks = 0

    def left(self) -> list[str]:
        """The route is there again when it is looked for the third time."""
        self.looks += 1
        return ["gone: route default"] if self.looks < 3 else []


def test_a_run_that_is_stopped_while_it_joins_waits_until_the_laptop_is_as_before() -> None:
    scope = Scope(interface="wlan0", state="up", medium="wifi", mac="02:00:00:00:00:01", os="linux")
    chosen = mac.ChosenMac("94:94:4a:00:00:01", "given")
    way = Lent("radio", Device(scope=scope, mac=chosen.mac), Refusal(""))
    stops: list[list[str]] = []

    def is_stopped() -> Iterator[child.Told]:
        signal.raise_signal(signal.SIGINT)
        yield from ()

    selection = select(None, "wifi")
    settings = RunSettings(scope, AirChoice("Home"), profiles.load("argon"), selection, on_stop=stops.append)
    ran = both.run(both.Played(way, chosen, Process(is_stopped), []), settings)
    about = ran.observations.as_device

    assert stops, "the fault"
    assert not ran.complete
    assert about is not msgspec.UNSET
    assert (way.looks, about.left) == (3, [])
    assert about.restored_s is not None


# --- a user who may not have the laptop join


def test_a_join_that_is_denied_is_a_result_and_asks_for_no_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    scope = Scope(interface="wlan0", state="up", medium="wifi", mac="02:00:00:00:00:01", os="linux")
    refusal = Refusal("polkit says no", "Run netpreflight again as root (sudo).", is_denied=True)
    monkeypatch.setattr(asked, "secret", lambda: MINE)
    monkeypatch.setattr(asked, "way_for", lambda device: Denied("networkmanager", device, refusal))
    monkeypatch.setattr(Denied, "refusal", lambda _: refusal)
    monkeypatch.setattr(SYSTEM, "ask_hidden", lambda _: pytest.fail("a passphrase was asked for"))
    selection = select(None, "wifi")
    way, chosen = asked.prepare(asked.Asked(), scope, profiles.load("argon"), selection, "Home")

    def join_is_denied() -> Iterator[child.Told]:
        with way.enter(None, process.stop) as entered:
            assert entered.interface is None
            yield child.Told(join=entered.join)

    process = Process(join_is_denied)
    settings = RunSettings(scope, AirChoice("Home"), profiles.load("argon"), selection)
    played = both.Played(way, chosen, process, [], laptop_ssid="Office")
    found = report.make(both.run(played, settings), profiles.load("argon"))
    checks = {check.id: check for check in found.checks if check.status != "skip"}
    joins = [checks.pop(check_id) for check_id in ("join.auth", "join.key", "join.link")]

    assert way.says() == ["Nothing is joined: polkit says no.", "Run netpreflight again as root (sudo)."]
    assert [(check.status, check.reason, check.remedy) for check in joins] == [
        ("unknown", "Polkit says no.", "Run netpreflight again as root (sudo).")
    ] * 3
    assert {(check.status, check.due_to) for check in checks.values()} == {("unknown", "join.auth")}
    assert found.verdict == "undetermined"
    assert found.footprint == [], "nothing was sent, from neither address"
    about = found.observations.as_device
    assert about is not msgspec.UNSET
    assert (about.not_run, about.unlocked_by, about.left, about.kept) == (refusal.reason, refusal.step, [], [])
    assert (about.laptop_ssid, found.observations.scope.ssid) == ("Office", "Office"), "nothing else was joined"


def test_a_device_that_loses_its_link_before_it_measures_knows_nothing_beyond_the_air(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scope = Scope(interface="wlan0", state="up", medium="wifi", mac="02:00:00:00:00:01", os="linux")
    chosen = mac.ChosenMac("94:94:4a:00:00:01", "given")
    attempt = JoinAttempt(at_s=1.0, mac=chosen.mac, ended="joined", bssid="02:00:00:00:00:0a", frequency_mhz=2412)
    join = Join(way="networkmanager", ssid="Home", attempts=[attempt], link="gone", started_s=0.5)
    monkeypatch.setattr(NetworkManager, "left", lambda _: [])
    way = NetworkManager(Device(scope=scope, mac=chosen.mac))
    process = Process(lambda: iter([child.Told(join=join)]))
    settings = RunSettings(scope, AirChoice("Home"), profiles.load("argon"), select(None, None))
    found = report.make(both.run(both.Played(way, chosen, process, []), settings), settings.profile)
    about, checks = found.observations.as_device, {check.id: check for check in found.checks}

    assert about is not msgspec.UNSET
    assert about.not_run == "the station that stands for the device lost its link"
    assert {checks[name].due_to for name in ("dhcp.lease", "dns.resolve", "cloud.transport")} == {"join.link"}
    assert not [check.id for check in found.checks if check.status == "pass"]


@pytest.mark.parametrize("measures", [True, False])
def test_only_a_measurement_is_ended_early(*, measures: bool) -> None:
    ours, its = socket.socketpair()
    ended: list[str] = []
    with ours, its, SYSTEM.on_stop(lambda: ended.append("stop")):
        up = child.Up(ours)
        up.measures = measures
        up.stop()

    assert ended == ["stop"] * measures


# --- 802.1X on the port


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["/sbin/wpa_supplicant", "-B", "-D", "wired", "-i", "eth0", "-c", "x"], True),
        (["wpa_supplicant", "-Dnl80211,wired", "-ieth0"], True),
        (["/usr/libexec/ead"], True),
        (["wpa_supplicant", "-Dwired", "-ieth1"], False),
        (["wpa_supplicant", "-Dnl80211", "-ieth0"], False),
        (["vi", "-Dwired", "-ieth0"], False),
        ([""], False),
    ],
)
def test_what_logs_a_port_in_is_known_by_its_command_line(words: list[str], *, found: bool) -> None:
    assert port.logs_in(words, "eth0") is found


def test_a_connection_of_networkmanager_has_8021x_where_it_has_methods() -> None:
    assert port.parse_connection("GENERAL.CON-UUID:3a7c\n") == "3a7c"
    assert port.parse_connection("GENERAL.CON-UUID:--\n") is None
    assert port.parse_connection("") is None
    assert port.parse_methods("802-1x.eap:peap\n") == "peap"
    assert port.parse_methods("802-1x.eap:\n") is None


# --- what answers the laptop only

ANSWERS = LinkNeighbor(address=seen.GATEWAY, answers_arp=True)


def as_device(**changed: Any) -> Observations:
    """A run on a healthy network that was the device; `changed` is what the device saw."""
    found = seen.healthy(**changed)
    found.as_device = AsDevice(
        way="cable",
        mac="94:94:4a:00:00:01",
        laptop_addresses=[seen.LAPTOP],
        laptop_gateway=seen.GATEWAY,
        laptop=let_through.exchanges(seen.healthy()),
        restored_s=0.1,
    )
    return found


def silent_dhcp(router: LinkNeighbor | None, *received: DhcpMessage) -> Observations:
    """A run that was the device, to which DHCP gave nothing; `router` is what that answered by ARP."""
    found = as_device(dhcp=seen.dhcp(*received))
    assert found.as_device is not msgspec.UNSET
    found.as_device.router = router
    return found


def made(found: Observations, device: str = "generic") -> Report:
    return report.make(run_of(found), profiles.load(device))


def test_where_all_answers_both_nothing_is_said_and_the_address_is_named() -> None:
    found = made(as_device())

    assert found.verdict == "compatible"
    assert any("94:94:4a:00:00:01" in note for note in found.notes)
    assert not any("this laptop, and not the device" in note for note in found.notes)
    assert not any("from this laptop's own address" in note for note in found.notes), "it was measured as the device"


def test_one_server_that_is_silent_once_is_no_failure_of_the_network() -> None:
    found = made(as_device(coap=seen.silent_coap()))
    coap = next(check for check in found.checks if check.id == "coap.udp-5683")

    assert not let_through.is_let_through(as_device(coap=seen.silent_coap()))
    assert (coap.status, coap.problem) == ("unknown", "no-answer")
    assert any(note.startswith("Answers this laptop, and not the device: CoAP on UDP 5683.") for note in found.notes)


def test_silence_of_several_kinds_that_answer_the_laptop_is_the_networks() -> None:
    found = made(as_device(coap=seen.silent_coap(), cloud=seen.silent_cloud()))
    coap = next(check for check in found.checks if check.id == "coap.udp-5683")

    assert (coap.status, coap.problem, coap.owner) == ("fail", "only-laptop", "network administrator")
    assert found.verdict == "incompatible"
    assert any("lets this laptop through, and not the device" in note for note in found.notes)


def test_a_web_that_answers_the_laptop_only_is_no_login_page_and_no_laptop_verifies_it_as_itself() -> None:
    found = made(as_device(portal=seen.silent_web(), cloud=seen.silent_cloud()), "argon")
    portal = next(check for check in found.checks if check.id == "portal")
    (request,) = requests(found)
    text = " ".join(with_subject(request, ""))

    assert (portal.status, portal.problem, found.answer.check) == ("fail", "only-laptop", "portal")
    assert found.answer.plain == "The network lets this laptop through, and not the device."
    assert found.headline.startswith("No: a Particle Argon would not get online here. The web on TCP 80 answers")
    assert [change.rules for change in found.changes] == [[]], "the ports are open: nothing is to be let through"
    assert "portal's list" not in text
    assert request.command == "", "as the laptop it passes before the change, too"
    assert "--as device --mac ADDRESS" in text
    assert "as a device with the MAC address 94:94:4a:00:00:01" in text


CAUGHT = seen.portal({"status": 302, "location": "http://192.168.77.1/login"})


def path_behind_the_router() -> observations.Path | None:
    """Ladders on which nothing answers after the router, to the device's port and to the others."""
    rungs = [seen.GATEWAY, None, None, None]
    controls = [seen_ladders.ladder("udp 53", *rungs), seen_ladders.ladder("tcp 443", *rungs, one_flow=False)]
    return seen_ladders.observed("argon", *rungs, controls=controls).path


@pytest.mark.parametrize(("web", "is_portal"), [(seen.silent_web(), False), (CAUGHT, True)])
def test_what_is_enough_behind_an_allow_list_names_no_portal(web: Portal, *, is_portal: bool) -> None:
    found = made(as_device(portal=web, cloud=seen.silent_cloud(), path=path_behind_the_router()), "argon")
    (egress,) = (check for check in found.checks if check.id == "path.egress")

    assert (egress.status, egress.due_to) == ("unknown", "portal")
    assert found.enough is not None
    assert found.enough.sentence.startswith("Fixing portal" if is_portal else "Letting the device through")


def test_what_was_measured_as_the_device_is_verified_as_the_device() -> None:
    found = made(silent_dhcp(ANSWERS), "argon")
    (request,) = requests(found)

    assert request.command.split()[-4:] == ["--as", "device", "--only", "dhcp.offer"]


SILENT_DHCP = pytest.mark.parametrize(
    ("received", "problem"), [([], "no-answer"), ([seen.message("ACK", identity="laptop", asked="INFORM")], "no-offer")]
)


@SILENT_DHCP
@pytest.mark.parametrize("router", [None, LinkNeighbor(address=seen.GATEWAY, answers_arp=False)])
def test_a_silent_dhcp_server_may_be_a_switch_port_that_takes_one_mac_address(
    received: list[DhcpMessage], problem: str, router: LinkNeighbor | None
) -> None:
    found = made(silent_dhcp(router, *received), "argon")
    checks = {check.id: check for check in found.checks}
    offer = checks["dhcp.offer"]

    assert (offer.status, offer.problem, offer.owner) == ("unknown", "second-mac-unheard", "device owner"), problem
    assert "port security" in (offer.reason or "")
    assert "without --as device" in (offer.remedy or "")
    assert (checks["dhcp.lease"].status, checks["dhcp.lease"].due_to) == ("unknown", "dhcp.offer")
    assert found.verdict == "undetermined"
    assert found.internet_test.result is None
    assert "Not known" in (found.internet_test.reason or "")


@SILENT_DHCP
def test_a_silent_dhcp_server_is_at_fault_where_the_port_lets_the_device_through(
    received: list[DhcpMessage], problem: str
) -> None:
    found = made(silent_dhcp(ANSWERS, *received))
    offer = next(check for check in found.checks if check.id == "dhcp.offer")

    assert (offer.status, offer.problem, offer.owner) == ("fail", problem, "network administrator")
    assert f"the router {seen.GATEWAY} answers its ARP requests" in (offer.reason or "")
    assert "port security" not in (offer.reason or "") + (offer.remedy or "")
    assert "from this laptop" not in (offer.reason or ""), "which sent no DISCOVER"
    assert found.verdict == "incompatible"


@SILENT_DHCP
def test_a_silent_dhcp_server_in_a_run_that_is_the_laptop_is_no_matter_of_the_port(
    received: list[DhcpMessage], problem: str
) -> None:
    offer = next(check for check in made(seen.healthy(dhcp=seen.dhcp(*received))).checks if check.id == "dhcp.offer")

    assert (offer.status, offer.problem) == ("fail", problem)
    assert "this laptop's own" in (offer.reason or "") or "from this laptop" in (offer.reason or "")


DEVICE, ROUTER = "94944a000001", "0200000000ff"


def arp_frame(operation: str, sender: str, target: str, *, to: str = DEVICE) -> bytes:
    """An ARP frame of the router's (RFC 826): Ethernet's header, kinds and sizes, the operation, the addresses."""
    return bytes.fromhex(f"{to}{ROUTER}0806" + f"000108000604{operation}" + f"{ROUTER}{sender}{target}")


@pytest.mark.parametrize(
    ("frame", "host"),
    [
        (arp_frame("0002", "c0a84d01", f"{DEVICE}00000000"), "192.168.77.1"),
        (arp_frame("0002", "c0a84d01", f"{DEVICE}00000000", to="ffffffffffff"), "192.168.77.1"),  # RFC 3927, 2.5
        (arp_frame("0001", "c0a84d01", "000000000000c0a84d07", to="ffffffffffff"), None),
        (arp_frame("0002", "c0a84d01", "ffffffffffffc0a84d01", to="ffffffffffff"), None),
        (arp_frame("0002", "c0a84d01", "020000000007c0a84d07"), None),
        (arp_frame("0002", "c0a84d01", f"{DEVICE}00000000")[:-1], None),
        (b"", None),
    ],
)
def test_only_an_answer_to_the_device_shows_that_its_frames_get_through(frame: bytes, host: str | None) -> None:
    assert neighbours.answerer_of(frame, "94:94:4a:00:00:01") == host


class _FloodedLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock moves by the frames that are read: a millisecond for each."""

    frames = 0

    def time(self) -> float:
        return self.frames / 1000


class _FloodedSocket:
    """A packet socket on which there is always a frame: others' questions, and perhaps an answer."""

    answer_at: int | None = None
    """Which frame is the router's answer."""
    most = 10_000
    """As many frames take far longer than an answer is waited for."""

    def __init__(self, *_: int) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, _FloodedLoop)
        self._loop = loop

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def settimeout(self, _: int) -> None:
        pass

    def bind(self, _: tuple[str, int]) -> None:
        pass

    def send(self, packet: bytes) -> int:
        return len(packet)

    def recv(self, _: int) -> bytes:
        self._loop.frames += 1
        assert self._loop.frames < self.most, "it goes on for as long as frames come"
        if self._loop.frames == self.answer_at:
            return arp_frame("0002", "c0a84d01", f"{DEVICE}00000000")
        return arp_frame("0001", "c0a84d01", "000000000000c0a84d07", to="ffffffffffff")


@pytest.mark.parametrize("answer_at", [None, 1, 700])
@pytest.mark.parametrize("is_router_alone", [True, False])
def test_a_flood_of_arp_ends_no_later_than_silence_and_hides_no_answer(
    monkeypatch: pytest.MonkeyPatch, answer_at: int | None, *, is_router_alone: bool
) -> None:
    address, mac = "192.168.77.1", "94:94:4a:00:00:01"
    monkeypatch.setattr(_FloodedSocket, "answer_at", answer_at)
    monkeypatch.setattr(neighbours, "socket", SimpleNamespace(**{**vars(socket), "socket": _FloodedSocket}))
    monkeypatch.setattr(filters, "attach", lambda *_: True)
    network = Network("eth9", 0.0)
    scope = Scope(interface="eth9", mac=mac, addresses=["192.168.77.7/24"])

    async def asked() -> LinkNeighbor:
        if is_router_alone:
            return await neighbours.ask_router(network, mac, address)
        return (await neighbours.neighbours(network, scope, [address]))[0]

    with asyncio.Runner(loop_factory=_FloodedLoop) as runner:
        assert runner.run(asked()) == LinkNeighbor(address=address, answers_arp=answer_at is not None)


@pytest.mark.parametrize("kept_apart", [True, False])
def test_clients_kept_apart_from_a_cloud_among_them_is_judged(tmp_path: Path, *, kept_apart: bool) -> None:
    """As a lab with isolated ports has it: nobody answers ARP, and this laptop's own system says so of each packet."""
    cloud, device = "192.168.77.40", "192.168.77.121"
    file = tmp_path / "sensor.toml"
    file.write_text(f'based_on = "photon2"\ntitle = "Sensor"\n[cloud]\nhosts = ["{cloud}"]\n')
    asked = seen.argon(
        *seen.attempts(cloud, 5684, "timeout" if kept_apart else "reply", 3 if kept_apart else 1),
        host=cloud,
        address=cloud,
        record=None if kept_apart else seen.HELLO_VERIFY,
    )
    nobody = observations.Icmp(type=3, code=1, source=device)
    looked = observations.PathTarget(
        host=cloud,
        address=cloud,
        device=seen_ladders.ladder("udp 5684", nobody),
        controls=[seen_ladders.ladder("udp 123", nobody), seen_ladders.ladder("tcp 443", nobody)],
    )
    found = as_device(cloud=Cloud(endpoints=[asked]))
    found.scope.addresses = [f"{device}/24"]
    found.path = observations.Path(targets=[looked] if kept_apart else [])
    judged = made(found, str(file))
    told = {check.id: (check.status, check.problem) for check in judged.checks}
    remedies = " ".join(check.remedy or "" for check in judged.checks)

    assert told["cloud.transport"] == (("fail", "no-route") if kept_apart else ("pass", None))
    assert told["path.egress"] == (("fail", "no-route") if kept_apart else ("pass", None))
    assert judged.verdict == ("incompatible" if kept_apart else "compatible")
    assert (f"whether {cloud} is switched on" in remedies) is kept_apart
    assert ("client isolation" in remedies) is kept_apart


def test_the_same_silence_in_a_run_that_is_the_laptop_is_judged_as_before() -> None:
    found = made(seen.healthy(coap=seen.silent_coap(), cloud=seen.silent_cloud()))
    coap = next(check for check in found.checks if check.id == "coap.udp-5683")

    assert (coap.status, coap.problem) == ("unknown", "no-answer")


def test_another_network_client_isolation_and_what_is_left_are_told() -> None:
    found = as_device()
    assert found.as_device is not msgspec.UNSET
    found.as_device.laptop_addresses = ["10.1.1.7/24"]
    found.as_device.neighbours = [LinkNeighbor(address="192.168.77.31", answers_arp=False)]
    found.as_device.restored_s, found.as_device.left = None, ["gone: route default"]
    notes = " ".join(made(found).notes)

    assert "another network (192.168.77.0/24) than this laptop (10.1.1.0/24)" in notes
    assert "keeps devices apart" in notes
    assert "gone: route default" in notes
