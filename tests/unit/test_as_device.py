"""A run that is the device: its MAC address, what its options refuse, and what answers the laptop only."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netpreflight.agent import profiles, report
from netpreflight.agent.as_device import asked, both, child, mac
from netpreflight.agent.judging import let_through
from netpreflight.agent.report import Report
from netpreflight.agent.report.requests import requests
from netpreflight.agent.run import AirChoice, RunSettings
from netpreflight.agent.selection import Selection, select
from netpreflight.probes import observations
from netpreflight.probes.join.denied import Denied
from netpreflight.probes.join.interface import Refusal
from netpreflight.probes.observations import (
    AsDevice,
    Cloud,
    Coap,
    Connection,
    DhcpMessage,
    LinkNeighbor,
    Observations,
    Portal,
    Scope,
)
from netpreflight.reports.requests import with_subject
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
    with pytest.raises(ValueError, match=r"give an address|a group|nobody's"):
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
        ({"mac": "94:94:4a:00:00:01"}, None, "only as root can be asked whether somebody has this address"),
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

    class Process(child.Child):
        """The process of the device, without a fork."""

        def begin(self, begin: child.Begin) -> None:
            """There is nobody to begin."""

        def told(self) -> Iterator[child.Told]:
            """What it would tell."""
            with way.enter(None, process.stop) as entered:
                assert entered.interface is None
                yield child.Told(join=entered.join)

    ours, its = socket.socketpair()
    its.close()
    process = Process(0, ours)
    monkeypatch.setattr(process, "_ended", True)
    settings = RunSettings(scope, AirChoice("Home"), profiles.load("argon"), selection)
    found = report.make(both.run(both.Played(way, chosen, process, []), settings), profiles.load("argon"))
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


def made(found: Observations, device: str = "generic") -> Report:
    return report.make(run_of(found), profiles.load(device))


def silent_coap() -> Coap:
    coap = seen.healthy().coap
    assert coap is not None
    servers = [
        msgspec.structs.replace(
            server,
            reply="",
            attempts=[msgspec.structs.replace(attempt, outcome="timeout", reply="") for attempt in server.attempts],
        )
        for server in coap.servers
    ]
    return Coap(servers=servers)


def silent_cloud() -> Cloud:
    cloud = seen.healthy().cloud
    assert cloud is not None
    endpoints = [
        msgspec.structs.replace(
            endpoint,
            record=None,
            connections=[Connection(at_s=0.1, error="timeout") for _ in endpoint.connections],
            attempts=[msgspec.structs.replace(attempt, outcome="timeout", reply="") for attempt in endpoint.attempts],
        )
        for endpoint in cloud.endpoints
    ]
    return Cloud(endpoints=endpoints)


def test_where_all_answers_both_nothing_is_said_and_the_address_is_named() -> None:
    found = made(as_device())

    assert found.verdict == "compatible"
    assert any("94:94:4a:00:00:01" in note for note in found.notes)
    assert not any("this laptop, and not the device" in note for note in found.notes)
    assert not any("from this laptop's own address" in note for note in found.notes), "it was measured as the device"


def test_one_server_that_is_silent_once_is_no_failure_of_the_network() -> None:
    found = made(as_device(coap=silent_coap()))
    coap = next(check for check in found.checks if check.id == "coap.udp-5683")

    assert not let_through.is_let_through(as_device(coap=silent_coap()))
    assert (coap.status, coap.problem) == ("unknown", "no-answer")
    assert any(note.startswith("Answers this laptop, and not the device: CoAP on UDP 5683.") for note in found.notes)


def test_silence_of_several_kinds_that_answer_the_laptop_is_the_networks() -> None:
    found = made(as_device(coap=silent_coap(), cloud=silent_cloud()))
    coap = next(check for check in found.checks if check.id == "coap.udp-5683")

    assert (coap.status, coap.problem, coap.owner) == ("fail", "only-laptop", "network administrator")
    assert found.verdict == "incompatible"
    assert any("lets this laptop through, and not the device" in note for note in found.notes)


def silent_web() -> Portal:
    web = seen.healthy().portal
    assert web is not None
    return Portal(http=[msgspec.structs.replace(asked, status=None, error="timeout") for asked in web.http])


def test_a_web_that_answers_the_laptop_only_is_no_login_page_and_no_laptop_verifies_it_as_itself() -> None:
    found = made(as_device(portal=silent_web(), cloud=silent_cloud()), "argon")
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


@pytest.mark.parametrize(("web", "is_portal"), [(silent_web(), False), (CAUGHT, True)])
def test_what_is_enough_behind_an_allow_list_names_no_portal(web: Portal, *, is_portal: bool) -> None:
    found = made(as_device(portal=web, cloud=silent_cloud(), path=path_behind_the_router()), "argon")
    (egress,) = (check for check in found.checks if check.id == "path.egress")

    assert (egress.status, egress.due_to) == ("unknown", "portal")
    assert found.enough is not None
    assert found.enough.sentence.startswith("portal has to be fixed" if is_portal else "Letting the device through")


def test_what_was_measured_as_the_device_is_verified_as_the_device() -> None:
    found = made(as_device(dhcp=seen.dhcp()), "argon")
    (request,) = requests(found)

    assert request.command.split()[-4:] == ["--as", "device", "--only", "dhcp.offer"]


@pytest.mark.parametrize(
    ("received", "problem"), [([], "no-answer"), ([seen.message("ACK", identity="laptop", asked="INFORM")], "no-offer")]
)
def test_a_silent_dhcp_server_may_be_a_switch_port_that_takes_one_mac_address(
    received: list[DhcpMessage], problem: str
) -> None:
    for found, is_device in (
        (as_device(dhcp=seen.dhcp(*received)), True),
        (seen.healthy(dhcp=seen.dhcp(*received)), False),
    ):
        offer = next(check for check in made(found).checks if check.id == "dhcp.offer")

        assert (offer.status, offer.problem) == ("fail", problem)
        assert ("port security" in (offer.remedy or "")) is is_device
        assert (
            "this laptop's own" in (offer.reason or "") or "from this laptop" in (offer.reason or "")
        ) is not is_device


def test_the_same_silence_in_a_run_that_is_the_laptop_is_judged_as_before() -> None:
    found = made(seen.healthy(coap=silent_coap(), cloud=silent_cloud()))
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
