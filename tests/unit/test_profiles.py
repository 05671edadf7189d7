"""The known devices: every fact has a source, holds for each version once, and says what the fact sheet says."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging import CHECKS
from netpreflight.agent.profiles import files
from netpreflight.agent.profiles.facts import is_version, order
from netpreflight.agent.profiles.files import checked, read
from netpreflight.agent.profiles.written import Written

FOLDER = Path(profiles.__file__).parent
FILES = sorted(FOLDER.glob("*.toml"))
NAMES = ["generic", "argon", "core", "msom", "p1", "p2", "photon", "photon2"]
PARTICLE = NAMES[1:]
CONTRACT = [
    "wifi.band",
    "wifi.shared-ssid",
    "wifi.channel-width",
    "wifi.channel",
    "wifi.security",
    "wifi.mode",
    "wifi.ssid",
    "wifi.signal",
    "dhcp.offer",
    "dhcp.lease",
    "dhcp.servers",
    "dns.resolve",
    "dns.integrity",
    "ntp.reply",
    "portal",
    "coap.udp-5683",
    "cloud.transport",
    "path.egress",
]


def stated(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every fact, and every level of a check, as the file itself states it: the table, with its section's source."""
    for section, content in tomllib.loads(file.read_text()).items():
        if not isinstance(content, dict):
            continue
        if section == "device_os" or "value" in content:
            yield section, content
            continue
        for name, fact in content.items():
            tables = fact if isinstance(fact, list) and fact and isinstance(fact[0], dict) else [fact]
            for table in tables if name != "source" else []:
                in_table = isinstance(table, dict) and (section == "checks" or "value" in table)
                own = table if in_table else {"value": table}
                inherited = {"source": content["source"]} if "source" in content and section != "checks" else {}
                yield f"{section}.{name}", {**inherited, **own}


def versions(name: str) -> list[str]:
    """Versions at, just before and just behind each bound of each fact, within those of the device."""
    device_os = profiles.load(name).device_os
    assert device_os is not None
    found = set()
    for bound in (*profiles.spans(name), device_os.newest):
        major, minor, patch = order(bound)
        found |= {(major, minor, patch), (major, minor, patch + 1)}
        if (major, minor, patch) != (0, 0, 0):
            found.add(
                (major, minor, patch - 1) if patch else (major, minor - 1, 999) if minor else (major - 1, 999, 999)
            )
    within = [release for release in found if order(device_os.oldest) <= release <= order(device_os.newest)]
    return [".".join(map(str, release)) for release in sorted(within)]


def holds(table: dict[str, Any], version: str) -> bool:
    """Whether a table is for a version, counted apart from the code under test."""
    number = [int(part) for part in version.split(".")]
    since = [int(part) for part in table.get("since", "0.0.0").split(".")]
    before = [int(part) for part in table.get("before", "9999.0.0").split(".")]
    return since <= number < before


def test_the_checks_of_the_contract_are_there_in_its_order() -> None:
    assert [check_id for check_id in CHECKS if check_id in CONTRACT] == CONTRACT


def test_the_devices_are_the_files() -> None:
    assert profiles.names() == NAMES
    assert sorted(NAMES) == [file.stem for file in FILES]
    assert profiles.DEFAULT == "generic"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_fact_has_a_source(file: Path) -> None:
    found = list(stated(file))

    assert found or file.stem in {"p1", "p2"}, "these two state a title only"
    for name, table in found:
        assert str(table.get("source", "")).strip(), name


def test_the_files_that_stand_alone_state_facts_of_each_section() -> None:
    for file in FILES:
        if "based_on" not in tomllib.loads(file.read_text()):
            sections = {name.partition(".")[0] for name, _ in stated(file)}
            assert {"radio", "dhcp", "dns", "cloud", "internet_test", "led"} <= sections, file.stem


@pytest.mark.parametrize("name", PARTICLE)
def test_every_version_has_one_table_of_each_fact(name: str) -> None:
    content = read(name)
    optional = {"security_unconfirmed", "fallback_address", "scan_line", "link_line", "ip_line", "scan_failed_line",
                "ip_failed_line"}  # fmt: skip
    checked = 0
    for section in ("radio", "dhcp", "dns", "cloud", "internet_test", "startup", "led"):
        for fact, tables in content.get(section, {}).items():
            for version in versions(name):
                holding = [
                    table for table in (tables if isinstance(tables, list) else [tables]) if holds(table, version)
                ]
                assert len(holding) == 1 or (fact in optional and not holding), (section, fact, version)
                checked += 1
    assert checked > 100
    for check_id, needs in content["checks"].items():
        for version in versions(name):
            assert sum(holds(entry, version) for entry in (needs if isinstance(needs, list) else [needs])) <= 1, (
                check_id
            )


@pytest.mark.parametrize("name", PARTICLE)
def test_a_profile_loads_at_each_version_at_which_something_changes(name: str) -> None:
    for version in versions(name):
        profile = profiles.load(name, version)
        assert profile.os_version == version
        assert profile.name == name


@pytest.mark.parametrize("name", profiles.names())
def test_a_profile_loads_and_names_only_checks_of_the_contract(name: str) -> None:
    profile = profiles.load(name)

    assert (profile.name, bool(profile.title)) == (name, True)
    assert set(profile.checks) <= set(CHECKS)
    assert all(need.why and need.source for need in profile.checks.values())
    assert profile.cloud.hosts.value
    assert not any("{" in host for host in profile.cloud.hosts.value)
    assert not any("{" in host for host in [profile.dhcp.host_name.value])
    assert 0 < profile.cloud.port.value < 65536


def test_all_load() -> None:
    assert [device.name for device in profiles.load_all()] == profiles.names()


def test_loading_all_again_reads_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = profiles.load_all()
    monkeypatch.setattr(files, "FOLDER", tmp_path)

    assert [profile is before for profile, before in zip(profiles.load_all(), first, strict=True)] == [True] * len(
        first
    )


def test_what_is_loaded_twice_is_one_and_cannot_be_changed() -> None:
    profile = profiles.load("argon", "4.2.0")

    assert profiles.load("argon", "4.2.0") is profile
    with pytest.raises(AttributeError):
        profile.title = "x"  # type: ignore[misc]


def test_every_check_is_required_of_a_network_for_the_generic_device() -> None:
    assert {profiles.load("generic").level(text) for text in CONTRACT} == {"required"}


@pytest.mark.parametrize("name", ["photon", "argon"])
def test_what_a_particle_device_does_not_need(name: str) -> None:
    profile = profiles.load(name, "2.0.0")

    assert profile.level("coap.udp-5683") == "reported"
    assert profile.level("ntp.reply") == "warning"
    assert profile.level("cloud.transport") == "required"


@pytest.mark.parametrize(
    ("name", "version", "level"),
    [
        ("photon", "1.5.4", "reported"),
        ("photon", "3.3.1", "warning"),
        ("core", "1.4.4", "reported"),
        ("argon", "1.5.4", "reported"),
        ("argon", "5.5.9", "warning"),
        ("argon", "5.6.0", "reported"),
        ("photon2", "5.5.0", "warning"),
        ("photon2", "6.2.0", "reported"),
        ("msom", "6.2.0", "reported"),
    ],
)
def test_ntp_matters_only_to_a_version_that_asks_it(name: str, version: str, level: str) -> None:
    assert profiles.load(name, version).level("ntp.reply") == level


NONE, TCP, NTP, ECHO_1, ECHO_2 = "none", "tcp", "ntp", "echo-1", "echo-2"
SINCE_5 = {
    "5.5.0": NTP,
    "5.5.1": NTP,
    "5.6.0": ECHO_1,
    "5.8.2": ECHO_1,
    "5.9.0": ECHO_2,
    "6.0.0": ECHO_1,
    "6.1.2": ECHO_1,
    "6.2.0": ECHO_2,
}
METHODS = {
    "photon": {"0.4.4": TCP, "1.5.4": TCP, "2.0.0": NTP, "3.3.1": NTP},
    "p1": {"0.4.4": TCP, "1.5.4": TCP, "2.0.0": NTP, "3.3.1": NTP},
    "core": {"0.4.4": TCP, "1.4.4": TCP},
    "argon": {"1.5.4": NONE, "2.0.0": NTP, "4.2.0": NTP, **SINCE_5},
    "photon2": {"5.0.0": NTP, **SINCE_5},
    "p2": {"5.0.0": NTP, **SINCE_5},
    "msom": SINCE_5,
}


@pytest.mark.parametrize(
    ("name", "version", "method"),
    [(name, version, method) for name, methods in METHODS.items() for version, method in methods.items()],
)
def test_internet_test_as_device_facts_1_2_gives_it(name: str, version: str, method: str) -> None:
    fact = profiles.load(name, version).internet_test.method

    assert (fact.value, fact.certainty) == (method, "confirmed")


def test_endpoints_as_device_facts_2_1_gives_them() -> None:
    photon, argon = profiles.load("photon").cloud, profiles.load("argon", "5.5.0").cloud

    assert (photon.transport.value, photon.port.value, photon.hosts.value) == ("tcp-nonce", 5683, ["device.spark.io"])
    assert (argon.transport.value, argon.port.value) == ("dtls", 5684)
    assert argon.hosts.value == ["e00fce680000000000000000.v5.udp.particle.io"]


ID = "e00fce680000000000000000"


@pytest.mark.parametrize(
    ("name", "version", "transport", "port", "host"),
    [
        ("core", "0.4.4", "tcp-nonce", 5683, "device.spark.io"),
        ("core", "1.4.4", "tcp-nonce", 5683, "device.spark.io"),
        ("photon", "0.4.4", "tcp-nonce", 5683, "device.spark.io"),
        ("p1", "3.3.1", "tcp-nonce", 5683, "device.spark.io"),
        ("argon", "1.5.4", "dtls", 5684, f"{ID}.udp-mesh.particle.io"),
        ("argon", "2.0.0", "dtls", 5684, f"{ID}.v2.udp.particle.io"),
        ("argon", "6.2.0", "dtls", 5684, f"{ID}.v6.udp.particle.io"),
        ("photon2", "5.0.0", "dtls", 5684, f"{ID}.v5.udp.particle.io"),
        ("p2", "6.1.2", "dtls", 5684, f"{ID}.v6.udp.particle.io"),
        ("msom", "5.9.0", "dtls", 5684, f"{ID}.v5.udp.particle.io"),
    ],
)
def test_endpoint_by_version(name: str, version: str, transport: str, port: int, host: str) -> None:
    cloud = profiles.load(name, version).cloud

    assert (cloud.transport.value, cloud.port.value, cloud.hosts.value) == (transport, port, [host])
    assert cloud.hosts.certainty == "confirmed"


SURE, CONCLUDED, OPEN = "confirmed", "inferred", "unconfirmed"
SHEET = [
    # device-facts 2.5
    ("photon", "2.3.1", "cloud.keep_alive_s", 15, SURE),
    ("core", "1.4.4", "cloud.keep_alive_s", 15, CONCLUDED),
    ("argon", "1.4.0", "cloud.keep_alive_s", 30, SURE),
    ("argon", "2.0.1", "cloud.keep_alive_s", 30, SURE),
    ("argon", "2.1.0", "cloud.keep_alive_s", 25, SURE),
    ("photon2", "6.2.0", "cloud.keep_alive_s", 25, SURE),
    ("msom", "6.2.0", "cloud.keep_alive_s", 25, SURE),
    ("photon", "2.3.1", "cloud.keep_alive_answer_s", 10, SURE),
    ("core", "1.4.4", "cloud.keep_alive_answer_s", 10, CONCLUDED),
    ("argon", "6.2.0", "cloud.keep_alive_answer_s", 30, SURE),
    ("photon2", "6.2.0", "cloud.keep_alive_answer_s", 30, SURE),
    # 2.4
    ("argon", "1.4.4", "cloud.hello_at_s", [0, 3], SURE),
    ("argon", "1.4.4", "cloud.answer_s", 9, SURE),
    ("argon", "1.5.0", "cloud.hello_at_s", [0, 3, 9, 21], SURE),
    ("argon", "1.5.0", "cloud.answer_s", 45, SURE),
    ("msom", "6.2.0", "cloud.hello_at_s", [0, 3, 9, 21], SURE),
    # 2.2, 2.3
    ("photon", "2.3.1", "cloud.connect_s", 5, SURE),
    ("photon", "2.3.1", "cloud.answer_s", 20, SURE),
    ("core", "1.4.4", "cloud.connect_s", 8, CONCLUDED),
    ("argon", "3.0.0", "cloud.connection_id", False, SURE),
    ("argon", "3.1.0", "cloud.connection_id", True, SURE),
    ("argon", "6.2.0", "cloud.path_mtu", 1280, CONCLUDED),
    ("argon", "6.2.0", "cloud.known_names", ["device.spark.io"], OPEN),
    # 1.7
    ("core", "0.5.5", "cloud.fallback_address", "54.208.229.4", SURE),
    ("photon", "0.5.5", "cloud.fallback_address", "54.208.229.4", CONCLUDED),
    ("photon", "0.6.0", "cloud.fallback_address", None, None),
    ("photon", "2.3.1", "dns.tries", 3, SURE),
    ("photon", "2.3.1", "dns.patience_s", 5, SURE),
    ("photon", "2.3.1", "dns.resolvers", 2, OPEN),
    ("core", "1.4.4", "dns.tries", 5, SURE),
    ("argon", "6.2.0", "dns.patience_s", 4, SURE),
    ("argon", "6.2.0", "dns.resolvers", 2, SURE),
    ("photon", "2.3.1", "dns.aaaa_first", False, SURE),
    ("argon", "4.2.0", "dns.aaaa_first", True, SURE),
    ("argon", "5.5.0", "dns.aaaa_first", True, OPEN),
    ("argon", "5.9.0", "dns.aaaa_first", False, SURE),
    ("argon", "6.2.0", "dns.aaaa_first", False, SURE),
    ("photon2", "5.0.0", "dns.aaaa_first", True, SURE),
    ("p2", "6.2.0", "dns.aaaa_first", True, SURE),
    # 1.1, 1.4, 1.5
    ("photon", "1.5.4", "internet_test.runs_after", "connect", SURE),
    ("photon", "2.0.0", "internet_test.runs_after", "handshake", SURE),
    ("argon", "6.2.0", "internet_test.interface", 4, SURE),
    ("photon2", "6.2.0", "internet_test.interface", 4, SURE),
    ("msom", "6.2.0", "internet_test.interface", 5, SURE),
    ("photon", "0.4.5", "internet_test.colour", "red", SURE),
    ("photon", "0.4.6", "internet_test.colour", "orange", SURE),
    ("core", "0.4.5", "internet_test.colour", "red", SURE),
    ("core", "1.4.4", "internet_test.colour", "orange", SURE),
    ("argon", "1.0.0", "internet_test.colour", "orange", SURE),
    ("photon", "1.5.4", "internet_test.failed_line", "Internet Test Failed!", SURE),
    ("photon", "2.0.0", "internet_test.failed_line", "Internet test failed: {word}", SURE),
    ("argon", "5.5.0", "internet_test.failed_line", "Internet test failed: {word}", SURE),
    ("argon", "5.6.0", "internet_test.failed_line", "Internet test failed: {code} {word}", SURE),
    ("photon", "1.5.2", "internet_test.passed_line", "Internet available, Cloud not reachable!", SURE),
    ("photon2", "6.2.0", "internet_test.passed_line", "Internet available, cloud not reachable", SURE),
    ("photon", "0.4.9", "internet_test.blink_ms", 500, CONCLUDED),
    ("photon", "1.5.2", "internet_test.blink_ms", 250, SURE),
    # 3
    ("core", "1.4.4", "radio.channels", "1-11", SURE),
    ("core", "1.4.4", "radio.width_mhz", 20, CONCLUDED),
    ("core", "1.4.4", "radio.phy", ["b", "g"], SURE),
    ("core", "1.4.4", "radio.n_only", "no", SURE),
    ("core", "1.4.4", "radio.pmf_required", "no", CONCLUDED),
    ("photon", "2.3.1", "radio.channels", "1-13", SURE),
    ("photon", "0.5.1", "radio.channels", "1-11", SURE),
    ("photon", "2.3.1", "radio.channels_unconfirmed", "14", OPEN),
    ("photon", "0.6.4", "radio.n_only", "yes", OPEN),
    ("photon", "0.7.0", "radio.n_only", "no", SURE),
    ("photon", "1.0.1", "radio.n_only", "no", SURE),
    ("photon", "1.1.0", "radio.n_only", "yes", OPEN),
    ("photon", "2.3.1", "radio.hidden", "with-cipher", SURE),
    ("photon", "2.3.1", "radio.pmf_required", "no", OPEN),
    ("photon", "0.6.4", "radio.security", ["open", "wep", "wpa-psk", "wpa2-psk"], SURE),
    ("photon", "0.7.0", "radio.security", ["open", "wep", "wpa-psk", "wpa2-psk", "wpa2-eap"], SURE),
    ("argon", "6.2.0", "radio.bands", ["2.4"], SURE),
    ("argon", "6.2.0", "radio.channels", "1-11", SURE),
    ("argon", "6.2.0", "radio.channels_unconfirmed", "12-14", OPEN),
    ("argon", "6.2.0", "radio.security", ["open", "wpa-psk", "wpa2-psk"], SURE),
    ("argon", "6.2.0", "radio.security_unconfirmed", ["wep"], OPEN),
    ("argon", "6.2.0", "radio.pmf_required", "no", CONCLUDED),
    ("argon", "5.4.1", "radio.hidden", "no", SURE),
    ("argon", "5.5.0", "radio.hidden", "yes", SURE),
    ("argon", "6.2.0", "radio.refused_in_ssid", ",", SURE),
    ("photon2", "6.2.0", "radio.bands", ["2.4", "5"], SURE),
    ("photon2", "6.2.0", "radio.phy", ["a", "b", "g", "n"], SURE),
    ("photon2", "6.2.0", "radio.channels", "1-11", SURE),
    ("photon2", "6.2.0", "radio.channels_5", "36-64,100-144,149-165", SURE),
    ("photon2", "5.4.1", "radio.security_unconfirmed", None, None),
    ("photon2", "5.5.0", "radio.security_unconfirmed", ["wpa3-sae"], OPEN),
    ("photon2", "6.2.0", "radio.security", ["open", "wep", "wpa-psk", "wpa2-psk"], SURE),
    ("photon2", "6.2.0", "radio.pmf_required", "no", OPEN),
    ("photon2", "5.4.1", "radio.hidden", "no", SURE),
    ("photon2", "5.5.0", "radio.hidden", "yes", OPEN),
    ("photon2", "5.7.0", "radio.hidden", "yes", SURE),
    ("photon2", "6.2.0", "mac_prefix", "94:94:4A", SURE),
    ("photon", "2.3.1", "mac_prefix", None, None),
    ("argon", "6.2.0", "mac_prefix", None, None),
    # 5
    ("photon", "0.6.4", "dhcp.host_name", "", CONCLUDED),
    ("photon", "0.7.0", "dhcp.host_name", ID, SURE),
    ("photon", "2.3.1", "dhcp.asks_for", [1, 3, 28, 6], OPEN),
    ("photon", "2.3.1", "dhcp.give_up_s", 15, SURE),
    ("photon", "2.3.1", "dhcp.missing_resolver", "waits", OPEN),
    ("core", "1.4.4", "dhcp.host_name", "", SURE),
    ("argon", "6.2.0", "dhcp.asks_for", [1, 3, 28, 6], SURE),
    ("argon", "6.2.0", "dhcp.asks_at_s", [0, 2, 6, 14, 30, 62, 122], SURE),
    ("argon", "6.2.0", "dhcp.missing_router", "first-host", SURE),
    ("argon", "6.2.0", "dhcp.drops_malformed", "yes", SURE),
    ("argon", "6.2.0", "dhcp.reads_overload", "yes", SURE),
    ("photon2", "6.2.0", "dhcp.shortest_lease_s", 90, SURE),
    ("photon", "2.3.1", "dhcp.drops_malformed", "yes", OPEN),
    ("photon", "2.3.1", "dhcp.reads_overload", "yes", OPEN),
    ("photon", "2.3.1", "dhcp.shortest_lease_s", 90, OPEN),
    ("argon", "6.2.0", "dhcp.checks_address", "no", SURE),
    ("photon2", "6.2.0", "dhcp.checks_address", "no", SURE),
    ("photon", "2.3.1", "dhcp.checks_address", "no", CONCLUDED),
    ("core", "1.4.4", "dhcp.checks_address", "no", OPEN),
    ("core", "1.4.4", "dhcp.drops_malformed", "yes", OPEN),
    ("core", "1.4.4", "dhcp.reads_overload", "yes", OPEN),
    ("core", "1.4.4", "dhcp.shortest_lease_s", 90, OPEN),
    ("argon", "6.2.0", "dhcp.missing_resolver", "waits", SURE),
    ("photon2", "6.2.0", "dhcp.host_name", ID, SURE),
]


@pytest.mark.parametrize(("name", "version", "fact", "value", "certainty"), SHEET)
def test_facts_as_the_fact_sheet_has_them(
    name: str, version: str, fact: str, value: Any, certainty: str | None
) -> None:
    found: Any = profiles.load(name, version)
    for key in fact.split("."):
        found = getattr(found, key)

    assert (found and found.value, found and found.certainty) == (value, certainty)


PLANS = {
    "US": ("1-11", "36-64,100-144,149-165"),
    "CA": ("1-13", "36-64,100-116,132-144,149-165"),
    "MX": ("1-13", "36-64,100-116,132-140,149-165"),
    "EU": ("1-13", "36-64,100-140"),
    "GB": ("1-13", "36-64,100-140"),
    "JP": ("1-13", "36-64,100-140,149-165"),
    "KR": ("1-13", "36-64,100-144,149-165"),
    "AU": ("1-13", "36-64,100-140,149-165"),
}


@pytest.mark.parametrize("name", ["photon2", "p2", "msom"])
def test_channel_plans_as_device_facts_3_gives_them(name: str) -> None:
    radio = profiles.load(name).radio

    assert radio.channels_by_country is not None
    assert radio.channels_5_by_country is not None
    assert radio.channels_by_country.value == {country: plan[0] for country, plan in PLANS.items()}
    assert radio.channels_5_by_country.value == {country: plan[1] for country, plan in PLANS.items()}


@pytest.mark.parametrize(("same", "as_"), [("p1", "photon"), ("p2", "photon2")])
def test_devices_that_differ_by_their_name_only(same: str, as_: str) -> None:
    profile, other = profiles.load(same), profiles.load(as_)

    assert msgspec.structs.replace(profile, name=other.name, origin=other.origin, title=other.title) == other
    assert profile.title != other.title


def test_no_source_about_another_chip_is_taken_over() -> None:
    for name in ("photon2", "p2", "msom"):
        facts = str(profiles.sheet(name).facts)
        assert "rtl" in facts
        assert "esp32" not in facts
        assert "nRF" not in facts


@pytest.mark.parametrize("name", ["", "Photon", "electron", "..", "photon toml", "\x1b[31m"])
def test_an_unknown_device_is_refused_with_those_that_are_known(name: str) -> None:
    with pytest.raises(profiles.UnknownDeviceError) as refused:
        profiles.load(name)

    assert repr(name) in str(refused.value)
    assert all(name in str(refused.value) for name in profiles.names())


@pytest.mark.parametrize("name", ["../profiles/photon", "photon.toml", "./photon", "x/\x1b[31m", "/\x00.toml"])
def test_a_file_that_does_not_exist_is_refused_with_the_devices_that_are_known(name: str) -> None:
    with pytest.raises(profiles.UnknownDeviceError) as refused:
        profiles.load(name)

    assert repr(name) in str(refused.value)
    assert all(name in str(refused.value) for name in profiles.names())


@pytest.mark.parametrize(
    "version",
    [
        "0.9.9",
        "4",
        "4.2",
        "4.2.0.1",
        "v4.2.0",
        "4.2.0-rc.1",
        "٤.2.0",
        "4.2.0\n",
        "x",
        " ",
        "",
    ],
)
def test_a_version_that_a_profile_does_not_speak_for_is_refused(version: str) -> None:
    with pytest.raises(profiles.UnknownDeviceError) as refused:
        profiles.load("argon", version)

    assert repr(version) in str(refused.value)
    assert "1.0.0 to 6.2.0" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("core", "0.4.4 to 1.4.4"),
        ("photon", "0.4.4 to 3.3.1"),
        ("p1", "0.4.4 to 3.3.1"),
        ("argon", "1.0.0 to 6.2.0"),
        ("photon2", "5.0.0 to 6.2.0"),
        ("p2", "5.0.0 to 6.2.0"),
        ("msom", "5.5.0 to 6.2.0"),
    ],
)
def test_the_newest_known_version_stands_for_a_newer_one(name: str, known: str) -> None:
    newest = profiles.load(name)
    oldest, _, last = known.partition(" to ")
    major, minor, patch = order(last)

    assert newest.os_version == last, "the newest is the default"
    assert newest.asked_os is None
    for asked in (f"{major}.{minor}.{patch + 1}", f"{major}.{minor + 1}.0", f"{major + 1}.0.0", "999.0.0"):
        assert profiles.load(name, asked) == msgspec.structs.replace(newest, asked_os=asked)
    assert profiles.load(name, oldest).asked_os is None


@pytest.mark.parametrize("version", ["2.0.0", "2.10.3", "4.2.0", "5.5.0"])
def test_versions_are_compared_as_numbers(version: str) -> None:
    profile = profiles.load("argon", version)

    assert profile.os_version == version
    assert f".v{version[0]}." in profile.cloud.hosts.value[0]
    assert profile.internet_test.method.value == "ntp"


def test_the_generic_device_has_no_version() -> None:
    with pytest.raises(profiles.UnknownDeviceError, match="--os"):
        profiles.load("generic", "4.2.0")
    assert profiles.spans("generic") == []


@pytest.mark.parametrize("name", PARTICLE)
def test_within_a_span_no_fact_changes(name: str) -> None:
    spans = profiles.spans(name)
    device_os = profiles.load(name).device_os

    assert device_os is not None
    assert spans[0] == device_os.oldest
    assert all(map(is_version, spans))
    for first in spans:
        major, minor, patch = order(first)
        following = f"{major}.{minor}.{patch + 1}"
        if following not in spans and order(following) <= order(device_os.newest):
            profile, other = profiles.load(name, first), profiles.load(name, following)
            assert msgspec.structs.replace(profile, os_version=following) == other


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_known_devices_file_has_to_be_as_right_as_a_companys(file: Path) -> None:
    assert checked(Written(file.name, file.read_text()), None) == read(file.stem)
