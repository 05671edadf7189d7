"""Real access points, judged: for every BSS of the hostapd lab and every device what its configuration implies.

Expected values are written here by hand, from the fields of hostapd's configurations (`<air>.json`) and from what is
known of the devices (docs of each, as the profiles cite them); in the order generic, Photon, Argon.
"""

from dataclasses import asdict
from functools import cache
from typing import Any

import pytest
from msgspec.structs import replace

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge_network
from netpreflight.agent.judging.wifi.survey import survey_of
from netpreflight.agent.results import Check
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Observations, Wifi
from tests.unit.air import sound
from tests.unit.hostapd import AIRS, DEVICES, air, configured
from tests.unit.partly import partly
from tests.wifi.access_points import AIRS as LAB_AIRS
from tests.wifi.access_points import Truth
from tests.wifi.expectations import DEVICES as LAB_DEVICES
from tests.wifi.expectations import expected as lab_expects
from tests.wifi.expectations import verdict as lab_verdict

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
ALL = [(name, entry) for name in AIRS for entry in configured(name)]


def checks(name: str, truth: dict[str, Any]) -> dict[str, list[Check]]:
    """Each check for each device, where of the network just this access point is on the air."""
    ssid = truth["ssid"] or bytes.fromhex(truth["real_ssid_hex"]).decode()
    heard = [bss for bss in air(name).bss if bss.bssid == truth["bssid"] or bss.ssid != ssid]
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


@pytest.mark.parametrize(("name", "truth"), ALL, ids=[f"{name}-{entry['name']}" for name, entry in ALL])
def test_every_access_point_is_judged_as_it_is_configured(name: str, truth: dict[str, Any]) -> None:
    made = checks(name, truth)

    assert {check_id: " ".join(check.status for check in each) for check_id, each in made.items()} == expected(truth)
    for each in made.values():
        for check in each:
            sound(check)


@pytest.mark.parametrize("name", AIRS)
def test_a_name_on_two_bands_is_a_warning(name: str) -> None:
    seen = Observations(wifi=air(name))
    for ssid in {entry["ssid"] for entry in configured(name) if entry["ssid"]}:
        low = {entry["frequency_mhz"] < 3000 for entry in configured(name) if entry["ssid"] == ssid}
        wanted = "warn" if low == {True, False} else "pass" if low == {True} else "fail"
        for device in DEVICES:
            made = next(
                check
                for check in judge_network(ssid, seen, profiles.load(device), Selection())[1]
                if check.id == "wifi.shared-ssid"
            )
            assert made.status == wanted, made


# --- what the lab in the virtual machine expects, of the same access points for every device

LISTENED = [*range(2412, 2473, 5), 2484, *range(5180, 5321, 20), *range(5500, 5701, 20), *range(5745, 5826, 20)]
"""Where a simulated radio listens: it has no channel 144 (5720 MHz)."""
LAB = [
    pytest.param(name, network, id=f"{name}-{ascii(network)[1:-1]}")
    for name in AIRS
    for network in dict.fromkeys(truth.network for truth in LAB_AIRS[name].truths())
]


@cache
def truths_of(name: str) -> list[Truth]:
    return LAB_AIRS[name].truths()


@cache
def surveyed(name: str, network: str, listened: tuple[int, ...]) -> Wifi:
    """A recorded air as a laptop surveys it: with signals, and the hidden name that it asks for answered."""
    configured = {truth.bssid: truth for truth in truths_of(name)}
    heard = []
    for bss in air(name).bss:
        truth = configured[str(bss.bssid)]
        made = replace(bss, signal_dbm=float(truth.signal_dbm))
        if truth.hidden and truth.network == network:
            made = replace(made, ssid=truth.network, ssid_hex=truth.real_ssid_hex, hidden=True)
        heard.append(made)
    survey = Wifi(
        source="nl80211", triggered=True, bss=heard, frequencies_mhz=[*listened, 5975],
        regulatory_country=LAB_AIRS[name].country,
    )  # fmt: skip
    return survey_of(survey)


@pytest.mark.parametrize("name", AIRS)
def test_the_lab_puts_on_the_air_what_was_recorded(name: str) -> None:
    """All but the country: since the recording some airs moved to one with fewer channels, for shorter scans."""
    made, recorded = [asdict(truth) for truth in LAB_AIRS[name].truths()], configured(name)
    keys = recorded[0].keys() - {"country"}

    assert [{key: entry[key] for key in keys} for entry in made] == [
        {key: entry[key] for key in keys} for entry in recorded
    ]


@pytest.mark.parametrize("device", partly({"argon"}, LAB_DEVICES.keys()))
@pytest.mark.parametrize(("name", "network"), LAB)
def test_the_lab_expects_what_is_judged(name: str, network: str, device: str) -> None:
    """The expectations of `tests/wifi` are written from device-facts apart from judging: they have to agree."""
    truths, profile = truths_of(name), profiles.load(*device.split(" --os "))
    for listened in (LISTENED, [*LISTENED, 5720], [mhz for mhz in LISTENED if not 5250 < mhz < 5730]):
        seen = Observations(wifi=surveyed(name, network, tuple(listened)))
        verdict, made = judge_network(network, seen, profile, Selection())
        wanted = lab_expects(device, network, truths, listened)

        assert {check.id: (check.status, check.problem) for check in made} == wanted
        assert verdict == lab_verdict(wanted)
