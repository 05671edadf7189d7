"""Real access points: captures of hostapd 2.10 on simulated radios, against hostapd's own configurations.

`data/captures/hostapd/<air>.pcap` has every frame that was sent (no signal strength); `<air>.json` is what the
configurations say of each BSS, written by the lab that made them and by nothing of this project's decoder.
"""

from typing import Any

import pytest
from msgspec.structs import replace

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge_network
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Observations
from tests.unit.hostapd import AIRS, DEVICES, air, configured

CONFIGURED = [
    "ssid",
    "ssid_hex",
    "frequency_mhz",
    "channel",
    "width_mhz",
    "security",
    "pmf",
    "beacon_interval_tu",
    "basic_rates_mbps",
    "membership",
    "country",
    "bss_transition",
    "radio_measurement",
    "fast_transition",
    "wps",
]
SECURITY = {
    "open": "warn warn warn",
    "wep": "fail warn warn",
    "wpa1-tkip": "fail warn warn",
    "wpa1-ccmp": "fail warn warn",
    "wpa2-ccmp": "pass pass pass",
    "wpa2-mixed": "pass pass pass",
    "wpa2-tkip": "pass pass pass",
    "wpa2-wpa3": "warn warn warn",
    "wpa3": "fail fail fail",
    "wpa3-h2e": "fail fail fail",
    "pmf-capable": "pass pass pass",
    "pmf-required": "fail fail fail",
    "pmf-required-sha1": "fail warn fail",
    "ft-only": "fail fail fail",
    "wpa-eap": "fail fail fail",
    "wpa2-eap": "fail warn fail",
    "wpa2-wpa3-eap": "fail warn fail",
    "wpa3-eap": "fail fail fail",
    "owe": "fail fail fail",
    "owe-transition-open": "warn warn warn",
}
"""What wifi.security has to say for each device: device-facts.md section 3."""
OTHERS = {
    ("modes", "ht40-plus"): ("wifi.channel-width", "warn warn warn"),
    ("modes", "ht40-capable"): ("wifi.channel-width", "pass pass pass"),
    ("europe", "ht40-minus"): ("wifi.channel-width", "warn warn warn"),
    ("europe", "channel-12"): ("wifi.channel", "fail pass warn"),
    ("europe", "channel-13"): ("wifi.channel", "fail pass warn"),
    ("japan", "channel-14"): ("wifi.channel", "fail warn warn"),
    ("modes", "only-5"): ("wifi.band", "fail fail fail"),
    ("modes", "vht80"): ("wifi.band", "fail fail fail"),
    ("modes", "both-2g"): ("wifi.shared-ssid", "warn warn warn"),
    ("modes", "ht20"): ("wifi.shared-ssid", "pass pass pass"),
    ("modes", "n-only"): ("wifi.mode", "warn warn warn"),
    ("modes", "b-only"): ("wifi.mode", "pass pass pass"),
    ("modes", "g-without-b"): ("wifi.mode", "pass pass pass"),
    ("names", "name-comma"): ("wifi.ssid", "warn warn fail"),
    ("names", "name-emoji"): ("wifi.ssid", "warn warn warn"),
    ("names", "name-leading-space"): ("wifi.ssid", "warn warn warn"),
    ("names", "name-invalid-utf8"): ("wifi.ssid", "warn warn warn"),
    ("names", "name-32-bytes"): ("wifi.ssid", "pass pass pass"),
    ("names", "name-look-alike"): ("wifi.ssid", "warn warn warn"),
    ("crowd", "mesh-near"): ("wifi.band", "pass pass pass"),
}


def statuses(name: str, ssid: str, check_id: str) -> str:
    seen = Observations(wifi=replace(air(name)))
    judged = [judge_network(ssid, seen, profiles.load(device), Selection())[1] for device in DEVICES]
    return " ".join(next(check.status for check in checks if check.id == check_id) for checks in judged)


def truth(name: str, what: str) -> dict[str, Any]:
    return next(entry for entry in configured(name) if entry["name"] == what)


@pytest.mark.parametrize("name", AIRS)
def test_every_bss_is_as_it_was_configured(name: str) -> None:
    heard = {bss.bssid: bss for bss in air(name).bss}

    assert heard.keys() == {entry["bssid"] for entry in configured(name)}
    for entry in configured(name):
        expected = {key: entry[key] for key in CONFIGURED if entry[key] is not None}
        assert {key: getattr(heard[entry["bssid"]], key) for key in expected} == expected, entry["name"]


@pytest.mark.parametrize("what", SECURITY)
def test_security_is_judged_for_each_device(what: str) -> None:
    assert statuses("security", truth("security", what)["ssid"], "wifi.security") == SECURITY[what]


@pytest.mark.parametrize(("name", "what"), OTHERS)
def test_the_rest_is_judged_for_each_device(name: str, what: str) -> None:
    check_id, expected = OTHERS[name, what]

    assert statuses(name, truth(name, what)["ssid"], check_id) == expected


def test_least_used_channel_is_advised() -> None:
    seen = Observations(wifi=replace(air("crowd")))
    _, checks = judge_network(truth("crowd", "crowd-1")["ssid"], seen, profiles.load("generic"), Selection())
    channel = next(check for check in checks if check.id == "wifi.channel")

    assert "The least used of 1, 6 and 11 here is 1." in channel.evidence
    assert "overlapping channel 6: 13 BSSs" in channel.evidence
