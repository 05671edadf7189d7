"""Real access points, judged: for every BSS of the hostapd lab and every device what its configuration implies.

Expected values are written here by hand, from the fields of hostapd's configurations (`<air>.json`) and from what is
known of the devices (docs of each, as the profiles cite them); in the order generic, Photon, Argon.
"""

from typing import Any

import pytest
from msgspec.structs import replace

from agent import profiles
from agent.checks import Check, Selection
from agent.judging import judge_network
from probes.observations import Observations
from tests.unit.test_hostapd_air import AIRS, DEVICES, air, configured

PASS, WARN, FAIL, UNKNOWN = "pass pass pass", "warn warn warn", "fail fail fail", "unknown unknown unknown"
SECURITY = {
    ("open", "none"): WARN,
    ("wep", "none"): "fail warn warn",
    ("wpa-psk", "none"): "fail warn warn",
    ("wpa-psk wpa2-psk", "none"): PASS,
    ("wpa2-psk", "none"): PASS,
    ("wpa2-psk", "capable"): PASS,
    ("wpa2-psk", "required"): "fail warn fail",
    ("wpa2-psk wpa3-sae", "capable"): WARN,
    ("wpa3-sae", "required"): FAIL,
    ("wpa-eap", "none"): FAIL,
    ("wpa2-eap", "none"): "fail warn fail",
    ("wpa2-eap wpa3-eap", "capable"): "fail warn fail",
    ("wpa3-eap", "required"): FAIL,
    ("owe", "required"): FAIL,
}
"""By the families and the PMF that are configured."""
OTHER_AKM = {"ft-only": FAIL, "pmf-required": FAIL}
"""wpa2-psk by name, but the only AKM is FT-PSK, or (with ieee80211w=2) WPA-PSK-SHA256."""
CHANNEL = {12: "fail pass warn", 13: "fail pass warn", 14: "fail warn warn"}
"""The others of 2.4 GHz are in every plan."""
WIDTH = {20: PASS, 40: WARN}
NAMES = {
    "name-32-bytes-utf8": WARN,
    "name-emoji": WARN,
    "name-comma": "warn warn fail",
    "name-quotes": WARN,
    "name-terminal-escapes": WARN,
    "name-newline": WARN,
    "name-leading-space": WARN,
    "name-trailing-space": WARN,
    "name-invalid-utf8": WARN,
    "name-backslash": WARN,
    "name-nul": WARN,
    "name-right-to-left": WARN,
    "name-customer": WARN,
    "name-look-alike": WARN,
}
"""All other names are plain letters, digits and signs, and nothing in range looks like them."""
HIDDEN = {"hidden", "hidden-zeros", "owe-transition-owe"}
ALL = [(name, one) for name in AIRS for one in configured(name)]


def checks(name: str, truth: dict[str, Any]) -> dict[str, list[Check]]:
    """Each check for each device, where of the network just this access point is on the air."""
    ssid = truth["ssid"] or bytes.fromhex(truth["real_ssid_hex"]).decode()
    heard = [one for one in air(name).bss if one.bssid == truth["bssid"] or one.ssid != ssid]
    seen = Observations(wifi=replace(air(name), bss=heard))
    made: dict[str, list[Check]] = {}
    for device in DEVICES:
        for check in judge_network(ssid, seen, profiles.load(device), Selection())[1]:
            made.setdefault(check.id, []).append(check)
    return made


def expected(truth: dict[str, Any]) -> dict[str, str]:
    """What the configuration implies; the captures have no signal strength."""
    if truth["name"] in HIDDEN:
        return dict.fromkeys(
            ["wifi.band", "wifi.shared-ssid", "wifi.channel", "wifi.channel-width", "wifi.security", "wifi.mode",
             "wifi.ssid", "wifi.signal"], UNKNOWN,
        )  # fmt: skip
    name = NAMES.get(truth["name"], PASS)
    if truth["frequency_mhz"] > 3000:
        nothing = ["wifi.channel", "wifi.channel-width", "wifi.security", "wifi.mode", "wifi.signal"]
        return {"wifi.band": FAIL, "wifi.shared-ssid": FAIL, "wifi.ssid": name, **dict.fromkeys(nothing, UNKNOWN)}
    return {
        "wifi.band": PASS,
        "wifi.shared-ssid": PASS,
        "wifi.channel": CHANNEL.get(truth["channel"], PASS),
        "wifi.channel-width": WIDTH[truth["width_mhz"]],
        "wifi.security": OTHER_AKM.get(truth["name"], SECURITY[" ".join(truth["security"]), truth["pmf"]]),
        "wifi.mode": WARN if truth["membership"] == ["ht"] else PASS,
        "wifi.ssid": name,
        "wifi.signal": UNKNOWN,
    }


@pytest.mark.parametrize(("name", "truth"), ALL, ids=[f"{name}-{one['name']}" for name, one in ALL])
def test_every_access_point_is_judged_as_it_is_configured(name: str, truth: dict[str, Any]) -> None:
    made = checks(name, truth)

    assert {check_id: " ".join(one.status for one in each) for check_id, each in made.items()} == expected(truth)
    for check in (one for each in made.values() for one in each):
        assert not check.summary.endswith(".")
        assert check.status == "pass" or (check.reason and check.remedy), check
        assert all(words is None or words.endswith(".") for words in (check.reason, check.remedy)), check


@pytest.mark.parametrize("name", AIRS)
def test_a_name_on_two_bands_is_a_warning(name: str) -> None:
    seen = Observations(wifi=air(name))
    for ssid in {one["ssid"] for one in configured(name) if one["ssid"]}:
        low = {one["frequency_mhz"] < 3000 for one in configured(name) if one["ssid"] == ssid}
        wanted = "warn" if low == {True, False} else "pass" if low == {True} else "fail"
        for device in DEVICES:
            made = next(
                one
                for one in judge_network(ssid, seen, profiles.load(device), Selection())[1]
                if one.id == "wifi.shared-ssid"
            )
            assert made.status == wanted, made
