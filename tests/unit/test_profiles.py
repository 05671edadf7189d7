"""The device profiles: all load, every fact names its source, and what does not exist is refused with what does."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from agent import profiles
from agent.checks import STAGES

FOLDER = Path(profiles.__file__).parent / "profiles"
FILES = sorted(FOLDER.glob("*.toml"))
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


def sections(table: dict[str, Any], where: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Every table that states facts, the top level (a title and a name) aside."""
    found: list[tuple[str, dict[str, Any]]] = []
    for key, value in table.items():
        if isinstance(value, dict):
            inner = sections(value, f"{where}{key}.")
            found += (
                inner
                if inner and all(isinstance(one, dict) for one in value.values())
                else [(f"{where}{key}", value), *inner]
            )
    return found


def test_the_checks_are_the_contracts() -> None:
    assert list(STAGES) == CONTRACT


def test_the_devices_are_the_files() -> None:
    assert sorted(profiles.names()) == [file.stem for file in FILES]
    assert profiles.names()[0] == profiles.DEFAULT == "generic"
    assert {"generic", "photon", "argon"} <= set(profiles.names())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_fact_has_a_source(file: Path) -> None:
    stated = sections(tomllib.loads(file.read_text()))

    assert "cloud" in {name for name, _ in stated}
    for name, facts in stated:
        assert str(facts.get("source", "")).strip(), name


@pytest.mark.parametrize("name", profiles.names())
def test_a_profile_loads_and_names_only_checks_of_the_contract(name: str) -> None:
    profile = profiles.load(name)

    assert (profile.name, bool(profile.title)) == (name, True)
    assert set(profile.checks) <= set(CONTRACT)
    assert all(need.why for need in profile.checks.values())
    assert profile.cloud.hosts
    assert not any("{" in host for host in profile.cloud.hosts)
    assert 0 < profile.cloud.port < 65536


def test_all_load() -> None:
    assert [one.name for one in profiles.load_all()] == profiles.names()


def test_every_check_is_required_of_a_network_for_the_generic_device() -> None:
    assert {profiles.load("generic").level(one) for one in CONTRACT} == {"required"}


@pytest.mark.parametrize("name", ["photon", "argon"])
def test_what_a_particle_device_does_not_need(name: str) -> None:
    profile = profiles.load(name)

    assert profile.level("coap.udp-5683") == "reported"
    assert profile.level("ntp.reply") == "warning"
    assert profile.level("cloud.transport") == "required"


def test_endpoints_as_device_facts_2_1_gives_them() -> None:
    photon, argon = profiles.load("photon").cloud, profiles.load("argon", "5.5.0").cloud

    assert (photon.transport, photon.port, photon.hosts) == ("tcp-nonce", 5683, ["device.spark.io"])
    assert (argon.transport, argon.port) == ("dtls", 5684)
    assert re.fullmatch(r"[0-9a-f]{24}\.v5\.udp\.particle\.io", argon.hosts[0])


@pytest.mark.parametrize("name", ["", "Photon", "electron", "../profiles/photon", "photon.toml", "\x1b[31m"])
def test_an_unknown_device_is_refused_with_those_that_are_known(name: str) -> None:
    with pytest.raises(profiles.UnknownDeviceError) as refused:
        profiles.load(name)

    assert repr(name) in str(refused.value)
    assert all(one in str(refused.value) for one in profiles.names())


@pytest.mark.parametrize(
    "version", ["1.5.2", "5.6.0", "6.2.0", "4", "4.2", "4.2.0.1", "v4.2.0", "4.2.0-rc.1", "٤.2.0", "x", " "]
)
def test_a_version_that_a_profile_does_not_speak_for_is_refused(version: str) -> None:
    with pytest.raises(profiles.UnknownDeviceError) as refused:
        profiles.load("argon", version)

    assert repr(version) in str(refused.value)
    assert "2.0.0 to 5.5.0" in str(refused.value)


@pytest.mark.parametrize("version", ["2.0.0", "2.10.3", "4.2.0", "5.5.0"])
def test_versions_are_compared_as_numbers(version: str) -> None:
    profile = profiles.load("argon", version)

    assert profile.os_version == version
    assert f".v{version[0]}." in profile.cloud.hosts[0]


def test_the_generic_device_has_no_version() -> None:
    with pytest.raises(profiles.UnknownDeviceError, match="--os"):
        profiles.load("generic", "4.2.0")
