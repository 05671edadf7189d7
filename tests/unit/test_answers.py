"""What support asks, and where the way is broken, from a run's observations; makers by the IEEE's registry."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from msgspec.structs import replace

from netpreflight.agent.judging import CHECKS
from netpreflight.agent.report import Report
from netpreflight.agent.report.hardware_makers import maker, registry
from netpreflight.agent.report.way_to_cloud import Station
from netpreflight.agent.selection import Selection
from netpreflight.probes import scope
from netpreflight.probes.observations import Path as Traced
from netpreflight.probes.observations import Wifi
from netpreflight.reports import FORMATS
from netpreflight.systems.linux import adapters
from tests.unit import air, four, seen
from tests.unit.seen_ladders import ladder


def answer(made: Report, about: str) -> str | None:
    (answered,) = [question for question in made.answers if about in question.question]
    assert answered.answer or answered.how, "an unknown answer says how to find out"
    return answered.answer


@pytest.mark.parametrize(
    ("mac", "who"),
    [
        ("94:94:4a:00:00:01", "Particle Industries"),
        ("24:0a:c4:12:34:56", "Espressif"),
        ("00:1b:c5:00:01:23", "Converging Systems"),  # the first of the 36-bit blocks of 00:1B:C5
        ("00:1b:c5:00:11:23", "OpenRB"),  # and the second
        ("00:55:da:01:00:00", "Shinko"),  # a 28-bit block
    ],
)
def test_a_maker_is_the_registrys(mac: str, who: str) -> None:
    assert who in (maker(mac) or "")


def test_the_registry_is_read_while_scapy_is_imported_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads load these at the same time, and `packets.layers` has an empty registry in its place meanwhile."""
    empty = ModuleType("scapy.libs.manuf")
    empty.__dict__["DATA"] = ""
    monkeypatch.setitem(sys.modules, "scapy.libs.manuf", empty)

    assert len(registry.__wrapped__()) > 1_000_000


def test_a_block_that_nobody_has_has_no_maker() -> None:
    assert maker("00:1b:c5:ff:ff:ff") is None


def test_the_forums_questions_are_answered_from_the_run() -> None:
    made = four.udp_blocked()

    assert answer(made, "router is it") == f"{maker(four.ROUTER_MAC)} ({four.ROUTER_MAC})"
    assert "AVM" in (answer(made, "access point is it") or "")
    assert answer(made, "security") == "wpa2-psk"
    assert answer(made, "2.4 and on 5") == "heard on 2.4 GHz only"
    assert answer(made, "channel") == "channel 6, 20 MHz"
    assert answer(made, "signal") == "-52 dBm where this laptop stood"
    # On channels 2 to 10: printer-setup on 6 and WLAN-483920 on 3; and 11 and 1 are five channels off.
    assert "2 overlap channel 6" in (answer(made, "crowded") or "")
    assert "10.20.0.1" in (answer(made, "double NAT") or "")
    assert answer(made, "internet provider") is None
    assert answer(made, "resolver") == "192.168.77.1 (the gateway itself)"
    assert "192.168.77.120" in (answer(made, "unknown device") or "")
    assert "room for 254" in (answer(made, "unknown device") or "")
    assert "does not answer" in (answer(made, "port open") or "")
    assert answer(made, "measured with") == "Linux, as root, by cable"
    assert answer(made, "hotspot") is None
    assert answer(made, "password") is None


@pytest.mark.parametrize(
    ("heard", "words"),
    [
        (air.wifi(air.HEALTHY, air.HIGH_OTHER), "heard on 2.4 GHz only"),
        (air.wifi(air.HEALTHY, frequencies_mhz=[2437, 5180]), "heard on 2.4 GHz only"),
        (air.wifi(air.HEALTHY, air.OTHER), "heard on 2.4 GHz; 5 GHz was not listened to"),
        (air.scan(air.HEALTHY, frequencies_mhz=[2412, 2437]), "heard on 2.4 GHz; 5 GHz was not listened to"),
        (air.wifi(air.HIGH, air.OTHER), "heard on 5 GHz only"),
        (air.wifi(air.HIGH), "heard on 5 GHz; 2.4 GHz was not listened to"),
        (air.wifi(air.HEALTHY, air.HIGH), "yes: heard on 2.4 and 5 GHz"),
    ],
)
def test_a_band_that_was_not_listened_to_is_not_ruled_out(heard: Wifi, words: str) -> None:
    assert answer(four.made(four.run_of(wifi=heard), "generic"), "2.4 and on 5") == words


def test_a_run_that_saw_little_says_so() -> None:
    made = four.made(four.run_of(wifi=None, dhcp=None, path=None, scope=seen.healthy().scope), "generic")

    known = [question.question for question in made.answers if question.answer]
    assert all(word not in " ".join(known) for word in ("router", "security", "channel", "crowded", "resolver"))
    assert all(question.how for question in made.answers if question.answer is None)


@pytest.mark.parametrize("mac", ["3a:10:d5:12:34:58", "02:00:00:00:00:01"])
def test_a_locally_administered_address_has_no_maker_only_a_guess(mac: str) -> None:
    made = four.made(four.run_of(wifi=four.air(seen.bss(6, ssid=four.SSID, bssid=mac))), "photon2")

    assert "(a guess)" in (answer(made, "access point is it") or "")


@pytest.mark.parametrize(
    "mac", ["", "38:10:d5", "38-10-d5-12-34-56", "zz:zz:zz:zz:zz:zz", "aabb::::cc", "38:10:d5:12:34:56:78"]
)
def test_what_is_no_hardware_address_has_no_maker(mac: str) -> None:
    run = four.run_of()
    run.observations.scope.gateway_mac = mac

    assert answer(four.made(run, "photon2"), "router is it") is None


def test_a_router_with_a_locally_administered_address_names_no_maker() -> None:
    run = four.run_of()
    run.observations.scope.gateway_mac = "02:00:00:77:00:01"
    made = four.made(run, "photon2")

    assert answer(made, "router is it") is None
    assert "locally administered" in next(
        question.source for question in made.answers if "router is it" in question.question
    )


def traced(*way: str | None) -> Traced:
    made = four.blocked()
    made.targets[0].controls.clear()
    made.targets[0].controls.append(ladder("udp 53", *way))
    return made


def test_a_providers_nat_is_told_by_its_addresses() -> None:
    path = traced(seen.GATEWAY, "100.64.3.1", "203.0.113.1")
    cloud = four.udp_blocked().observations.cloud
    made = four.made(four.run_of(path=path, cloud=cloud), "photon2")

    assert "RFC 6598" in (answer(made, "internet provider") or "")


DOUBLE, PROVIDER = "double NAT", "internet provider"


def on_a_path(*way: str | None, dev: tuple[str | None, ...] | None = None, **changed: Any) -> Report:
    """A Photon 2 whose port falls silent, beside a port that gets so far; `dev`: how far its own gets."""
    path = traced(*way)
    path.targets[0] = replace(path.targets[0], device=ladder("udp 5684", *(dev or (*way[:1], None, None))))
    return four.made(four.run_of(path=path, cloud=four.udp_blocked().observations.cloud, **changed), "photon2")


EDGE = "203.0.113.1"


@pytest.mark.parametrize(
    ("way", "private", "drawn", "internet"),
    [
        ((seen.GATEWAY, "100.64.3.1", EDGE), [], [], ["100.64.3.1", EDGE]),
        ((seen.GATEWAY, "10.1.1.1", "100.64.3.1", "10.9.9.9"), ["10.1.1.1"], ["10.1.1.1"], ["100.64.3.1", "10.9.9.9"]),
        ((seen.GATEWAY, EDGE, "10.9.9.9"), [], [EDGE, "10.9.9.9"], []),
        ((seen.GATEWAY, EDGE, "203.0.113.5", "10.9.9.9"), [], [EDGE], ["203.0.113.5", "10.9.9.9"]),
        (("192.168.77.2", EDGE), [], [EDGE], []),  # the gateway, by its own address and not VRRP's
        (("10.1.1.1", EDGE), ["10.1.1.1"], ["10.1.1.1", EDGE], []),  # behind a gateway that takes nothing from TTL
    ],
)
def test_a_providers_routers_are_not_this_sites(
    way: tuple[str, ...], private: list[str], drawn: list[str], internet: list[str]
) -> None:
    made = on_a_path(*way)

    assert [station.detail[0] for station in made.route if station.kind == "router"] == drawn
    assert [station.detail for station in made.route if station.kind == "provider"] == [internet]
    told = answer(made, DOUBLE) or ""
    assert ("a second NAT" in told) == bool(private)
    first_beyond = next(text for text in way[1:] if text not in private)
    assert all((text in told) == (text in private) for text in way[1:] if text != first_beyond)


def test_where_no_router_answers_after_the_gateway_a_second_one_is_not_denied() -> None:
    assert answer(on_a_path(seen.GATEWAY, None, None), DOUBLE) is None


def test_the_path_of_another_device_answers_nothing_for_this_one() -> None:
    way = on_a_path(seen.GATEWAY, "10.20.0.1", "203.0.113.1")
    made = four.made(four.run_of(path=way.observations.path), "photon")

    assert answer(made, DOUBLE) is None


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("192.0.0.2/29", "464XLAT"),
        ("100.70.1.2/24", "carrier-grade NAT"),
        ("198.51.100.7/24", "a public address"),
        ("192.168.77.10/24", None),
    ],
)
def test_the_laptops_own_address_tells_of_the_providers(address: str, says: str | None) -> None:
    told = answer(four.made(four.run_of(scope=replace(four.laptop(), addresses=[address])), "photon2"), PROVIDER)

    assert (told is None) == (says is None)
    assert (says or "") in (told or "")
    assert ("a public address" in (told or "")) == (says == "a public address")


def test_an_address_that_routers_share_names_no_maker() -> None:
    scope = replace(four.laptop(), gateway_mac="00:00:5E:00:01:0A")
    made = four.made(four.run_of(scope=scope), "photon2")

    assert answer(made, "Which router") is None
    assert any("VRRP" in question.source for question in made.answers)


def test_what_was_measured_on_another_network_says_so() -> None:
    made = four.made(four.run_of(scope=replace(four.laptop(), medium="wifi", ssid="Office")), "photon2")

    for about in ("Which router", "resolver", "unknown device"):
        assert "'Office', where this laptop is" in (answer(made, about) or "")
    assert "'Office'" not in (answer(made, "Which security") or "")
    gateway = next(station for station in made.route if station.kind == "gateway")
    assert "on 'Office'" in gateway.detail


def test_a_loss_before_the_first_router_is_not_the_access_points() -> None:
    made = on_a_path(seen.GATEWAY, "203.0.113.1", f"!{seen.ARGON_ADDRESS} RST", dev=(None, None, None))

    assert made.answer.check == "path.egress"
    assert ("UDP 5684 lost", "fail") in steps(made)["Gateway"]
    assert steps(made)["Access point"] == [("Wi-Fi", "pass")]


def test_the_answers_stand_in_every_format() -> None:
    made = four.udp_blocked()

    text = " ".join(FORMATS[".txt"](made).split())
    assert "Which router is it? AVM" in text
    assert "not known. Join this laptop to the hotspot" in text
    assert '"question": "Which router is it?"' in FORMATS[".json"](made)


# --- the answer for who reads nothing else


@pytest.mark.parametrize(
    ("made", "begins", "plain", "check", "asks"),
    [
        (four.healthy, "Yes:", None, None, ""),
        (four.captive_portal, "No:", "login page", "portal", "MAC bypass"),
        (four.udp_blocked, "No:", "Something on the way stops", "path.egress", "UDP 5684"),
        (four.wifi_wrong, "No:", "Wi-Fi does not suit", "wifi.band", "2.4 GHz"),
    ],
)
def test_the_answer_is_one_sentence_and_one_change(
    made: Any, begins: str, plain: str | None, check: str | None, asks: str
) -> None:
    report: Report = made()
    said = report.answer

    assert said.sentence.startswith(begins)
    assert report.headline.startswith(said.sentence)
    assert (plain or "") in (said.plain or "")
    assert (said.plain is None) == (plain is None)
    assert said.check == check
    assert asks in (said.change or "")
    assert said.owner == (None if check is None else "network administrator")


def test_what_is_not_known_is_not_called_an_obstacle() -> None:
    made = four.made(four.run_of(wifi=None), "photon2")

    assert made.verdict == "undetermined"
    assert made.answer.sentence.startswith("Not settled")
    assert made.answer.plain is None
    assert made.answer.change


@pytest.mark.parametrize("device", ["generic", "argon"])
def test_what_may_work_now_and_then_is_no_certain_no(device: str) -> None:
    rogue = seen.message(server="192.168.77.3", routers=["192.168.77.3"])
    made = four.made(four.run_of(dhcp=seen.dhcp(seen.message(), seen.message("ACK"), rogue)), device)

    assert (made.verdict, made.startup.online) == ("incompatible", None)
    assert made.answer.check == "dhcp.servers"
    assert "cannot be relied on to get online" in made.answer.sentence


def test_what_rests_on_an_unconfirmed_fact_is_no_certain_yes() -> None:
    channel_13 = four.air(seen.bss(13, ssid=four.SSID, bssid="38:10:d5:12:34:58"))
    made = four.made(four.run_of(wifi=channel_13), "argon")

    assert (made.verdict, made.startup.online) == ("compatible-with-warnings", None)
    assert "Yes" not in made.answer.sentence
    assert "not everything that it needs is confirmed" in made.answer.sentence


@pytest.mark.parametrize("left_out", [[], ["portal"]])
def test_checks_that_were_left_out_are_not_counted_as_looked_at(left_out: list[str]) -> None:
    beyond = [row.id for row in CHECKS.values() if row.beyond_the_air]
    run = replace(four.run_of(cloud=None), selection=Selection(only=beyond, skip=left_out))

    assert f"of {len(beyond) - len(left_out)} checks" in four.made(run, "argon").answer.sentence


# --- the way


def way(made: Report) -> list[Station]:
    return made.route


def steps(made: Report) -> dict[str, list[tuple[str, str]]]:
    return {station.title: [(step.what, step.status) for step in station.steps] for station in way(made)}


def test_a_healthy_way_passes_everywhere() -> None:
    assert steps(four.healthy()) == {
        "This laptop": [],
        "Access point": [("Wi-Fi", "pass")],
        "Gateway": [("DHCP", "pass")],
        "Internet": [("DNS", "pass"), ("no portal", "pass")],
        "The device's cloud": [("UDP 5684", "pass")],
    }


def test_the_loss_stands_after_the_last_router_that_answered() -> None:
    made = four.udp_blocked()

    assert [(station.title, station.detail) for station in way(made)][3:6] == [
        ("Another router", ["10.20.0.1"]),
        ("Edge of this site", ["203.0.113.1", "or a router of the provider"]),
        ("Internet", ["203.0.113.5"]),
    ]
    assert steps(made)["Another router"] == [("UDP 5684", "pass")]
    assert steps(made)["Edge of this site"] == [("UDP 5684 lost", "fail")]
    assert steps(made)["The device's cloud"] == [("UDP 5684", "fail")]


@pytest.mark.parametrize(
    ("made", "station", "step"),
    [
        (four.captive_portal, "Internet", ("no portal", "fail")),
        (four.wifi_wrong, "Access point", ("Wi-Fi", "fail")),
    ],
)
def test_each_fault_stands_where_it_is(made: Any, station: str, step: tuple[str, str]) -> None:
    assert step in steps(made())[station]


# --- the gateway's hardware address

ARP = """IP address       HW type     Flags       HW address            Mask     Device
192.168.77.1     0x1         0x2         38:10:D5:12:34:56     *        eth0
192.168.77.1     0x1         0x2         aa:aa:aa:aa:aa:aa     *        wlan0
192.168.77.9     0x1         0x0         00:00:00:00:00:00     *        eth0
"""


def test_the_gateways_address_is_read_from_the_arp_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "arp").write_text(ARP)
    monkeypatch.setattr(adapters, "_ARP", tmp_path / "arp")

    assert scope.mac_of("192.168.77.1", "eth0") == "38:10:d5:12:34:56"
    assert scope.mac_of("192.168.77.9", "eth0") is None, "asked for, and not answered"
    assert scope.mac_of("192.168.77.2", "eth0") is None
    monkeypatch.setattr(adapters, "_ARP", tmp_path / "none")
    assert scope.mac_of("192.168.77.1", "eth0") is None
