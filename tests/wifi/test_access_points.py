"""netpreflight hears and judges every access point of the lab as its configuration says; iw and tshark bear witness."""

import re
from collections import Counter
from typing import Any

import pytest

from tests.unit.tshark import compare
from tests.wifi.access_points import AIRS, CONTRACT, Truth, frequency, width
from tests.wifi.capture import tshark
from tests.wifi.expectations import DEVICES, expected, verdict
from tests.wifi.surveys import Report, Surveys, found, here, statuses

pytestmark = pytest.mark.lab
EVERY = [pytest.param(air.name, truth, id=truth.name) for air in AIRS.values() for truth in air.truths()]
NETWORKS = [
    pytest.param(air.name, network, id=ascii(network)[1:-1])
    for air in AIRS.values()
    for network in dict.fromkeys(truth.network for truth in air.truths())
]
LIKE_BEACONS = ("beacon_interval_tu", "dtim_period", "country", "bss_transition", "radio_measurement",
                "fast_transition", "wps")  # fmt: skip


@pytest.mark.parametrize(("air", "truth"), EVERY)
def test_iw_hears_what_is_configured(surveys: Surveys, air: str, truth: Truth) -> None:
    heard = surveys.of(air).bss[truth.bssid]

    wanted = truth.contract()
    if truth.frequency_mhz > 5950:
        wanted["width_mhz"] = None  # iw 5.19 does not show HE Operation, where 6 GHz has it
    assert {key: heard[key] for key in CONTRACT} == wanted


@pytest.mark.parametrize("air", AIRS)
def test_nothing_else_is_on_the_air(surveys: Surveys, air: str) -> None:
    heard = surveys.of(air)

    assert heard.bss.keys() == {truth.bssid for truth in heard.truths}


@pytest.mark.parametrize("air", AIRS)
def test_kernel_runs_each_radio_as_configured(surveys: Surveys, air: str) -> None:
    radios = AIRS[air].radios

    wanted = [(frequency(radio.lines), radio.width_mhz or width(radio.lines)) for radio in radios]
    assert surveys.of(air).widths == wanted


@pytest.mark.parametrize("air", AIRS)
def test_capture_has_every_beacon(surveys: Surveys, air: str) -> None:
    heard = surveys.of(air)
    rows = tshark(
        heard.pcap, "wlan.bssid", "wlan.ssid", "radiotap.channel.freq", "wlan.fixed.beacon",
        display_filter="wlan.fc.type_subtype == 8",
    )  # fmt: skip

    wanted = {
        (truth.bssid, truth.ssid_hex, str(truth.frequency_mhz), str(truth.beacon_interval_tu)) for truth in heard.truths
    }
    plain = {(bssid, re.sub(r"^<MISSING>$", "", ssid), *rest) for bssid, ssid, *rest in rows}
    assert plain == wanted


# --- netpreflight's survey


@pytest.mark.parametrize(("air", "truth"), EVERY)
def test_netpreflight_hears_what_is_configured(surveys: Surveys, air: str, truth: Truth) -> None:
    (heard,) = (bss for bss in surveys.of(air).survey["bss"] if bss["bssid"] == truth.bssid)

    assert {key: heard[key] for key in CONTRACT} == truth.contract()
    assert {key: heard[key] for key in LIKE_BEACONS} == {key: getattr(truth, key) for key in LIKE_BEACONS}
    assert set(heard["membership"]) == set(truth.membership)
    assert (heard["load"] is not None) is truth.load
    assert heard["contradictions"] == []
    if truth.basic_rates_mbps is not None:
        assert heard["basic_rates_mbps"] == truth.basic_rates_mbps


@pytest.mark.parametrize("air", AIRS)
def test_netpreflight_looks_at_both_bands_itself_and_invents_nothing(surveys: Surveys, air: str) -> None:
    heard = surveys.of(air)
    survey = heard.survey

    assert {bss["bssid"] for bss in survey["bss"]} == {truth.bssid for truth in heard.truths}
    assert len(survey["bss"]) == len(heard.truths)
    assert (survey["source"], survey["triggered"], survey["interface"]) == ("nl80211", True, "wlan0")
    assert set(survey["frequencies_mhz"]) >= set(AIRS[air].frequencies())
    assert survey["regulatory_country"] == AIRS[air].country
    assert survey["associated_bssid"] is survey["associated_ssid"] is None
    assert heard.report["footprint"] == []


# --- what netpreflight says of it


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("air", "network"), NETWORKS)
def test_every_network_is_judged_as_configured(surveys: Surveys, air: str, network: str, device: str) -> None:
    truths = surveys.of(air).truths
    hidden = network in surveys.of(air).chosen
    report = surveys.judged(air, network if hidden else None, device)

    judged = report if hidden else networks(report)[network]
    wanted = expected(device, network, truths, surveys.of(air).survey["frequencies_mhz"])
    assert found(judged["checks"]) == wanted
    assert judged["verdict"] == verdict(wanted)
    assert report["device"]["name"] == device.partition(" ")[0]


def networks(report: Report) -> dict[str, dict[str, Any]]:
    """The networks in range, by name."""
    listed = {network["ssid"]: network for network in report["networks"]}
    assert len(listed) == len(report["networks"])
    return listed


@pytest.mark.parametrize("air", AIRS)
def test_every_network_in_range_is_listed(surveys: Surveys, air: str) -> None:
    heard = surveys.of(air)

    assert networks(heard.report).keys() == {truth.ssid for truth in heard.truths if not truth.hidden}
    assert set(found(heard.report["checks"]).values()) == {("unknown", "none-chosen")}
    assert heard.report["verdict"] == "undetermined"


@pytest.mark.parametrize(("version", "status"), [("4.2.0", "fail"), ("5.5.0", "warn")])
def test_argon_joins_a_hidden_network_from_its_version_on(surveys: Surveys, version: str, status: str) -> None:
    saved = surveys.file("names", "hidden")

    assert statuses(here("report", saved, "--device", "argon", "--os", version)["checks"])["wifi.ssid"] == status


# --- the capture


@pytest.mark.parametrize("air", AIRS)
def test_decoder_agrees_with_tshark_on_every_frame(surveys: Surveys, air: str) -> None:
    heard = surveys.of(air)
    compared, differences = compare(heard.pcap)

    assert differences == []
    # As many as there are, and of each network as many as its beacon interval makes, however long the capture lasted.
    rows = tshark(
        heard.pcap, "frame.time_relative", "wlan.bssid",
        display_filter="wlan.fc.type_subtype == 5 || wlan.fc.type_subtype == 8",
    )  # fmt: skip
    frames = Counter(bssid for _, bssid in rows)
    lasted_ms = (float(rows[-1][0]) - float(rows[0][0])) * 1000
    assert compared == frames.total()
    assert lasted_ms > 3000  # netpreflight alone visits every channel three times
    for truth in heard.truths:
        assert frames[truth.bssid] > 0.9 * lasted_ms / (truth.beacon_interval_tu * 1.024), truth.name


@pytest.mark.parametrize("air", AIRS)
def test_capture_is_judged_like_the_survey(surveys: Surveys, air: str) -> None:
    heard = surveys.of(air)

    captured = networks(heard.captured)
    # Only in the capture is the network whose beacons hide its name named: by the answers to the laptop that knows it.
    assert captured.keys() - heard.chosen.keys() == networks(heard.report).keys()
    for network, live in networks(heard.report).items():
        # hwsim0 has no signal strengths.
        wanted = statuses(live["checks"]) | {"wifi.signal": "unknown"}
        assert statuses(captured[network]["checks"]) == wanted, network
