"""The notes: how the laptop's own attachment relates to the network that is judged."""

from typing import Any

import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging import CHECKS, judge
from netpreflight.agent.judging.device_view import device_view
from netpreflight.agent.judging.registry import with_stage
from netpreflight.agent.report.notes import notes
from netpreflight.agent.selection import Selection, in_groups
from netpreflight.probes.observations import Observations
from tests.unit.seen import bss, healthy, wifi

DEVICES = [device.name for device in profiles.load_all()]


def seen(*, on: str | None = None, medium: str | None = None, **fields: Any) -> Observations:
    made = healthy(wifi=wifi(bss(), bss(36, frequency_mhz=5180), **fields))
    made.scope.ssid, made.scope.medium = on, medium  # type: ignore[assignment]  # one of the words that it may be
    return made


def said(made: Observations, selection: Selection | None = None, device: str = "generic") -> str:
    return "\n".join(notes(device_view(made, profiles.load(device)), selection or Selection(), complete=True))


def test_a_laptop_on_the_network_and_band_of_the_device_needs_no_note() -> None:
    made = seen(on="Home", medium="wifi", associated_ssid="Home", associated_frequency_mhz=2437)

    assert said(made) == ""


@pytest.mark.parametrize(("frequency", "band"), [(5180, "5 GHz"), (5975, "6 GHz")])
def test_a_laptop_on_another_band_than_the_device(frequency: int, band: str) -> None:
    made = seen(on="Home", medium="wifi", associated_ssid="Home", associated_frequency_mhz=frequency)

    assert f"'Home' on {band}" in said(made)
    assert "2.4 GHz" in said(made)


def test_a_laptop_that_is_wired() -> None:
    assert "by cable (eth0)" in said(seen(medium="wired"))
    assert said(seen(medium="wired"), Selection(only=["wifi.band"])).count("cable") == 0


def test_a_capture_says_nothing_of_where_the_laptop_is() -> None:
    assert "capture" in said(seen(medium="wifi", source="capture"))


def test_no_network_chosen_is_told_before_the_table_of_networks() -> None:
    assert "--ssid" in said(seen(target=None, target_from=None))


@pytest.mark.parametrize("device", DEVICES)
def test_what_was_measured_on_another_network_does_not_count(device: str) -> None:
    made = seen(on="Neighbour", medium="wifi", associated_ssid="Neighbour", associated_frequency_mhz=2437)
    judged = judge(made, profiles.load(device), Selection())
    beyond = [check for check in judged.checks if check.stage != "scan"]

    assert judged.verdict == "undetermined"
    assert {climbed.status for climbed in beyond} == {"unknown"}
    assert all("Join 'Home'" in (climbed.remedy or "") and climbed.evidence for climbed in beyond)
    assert beyond[0].evidence[0].startswith("on 'Neighbour': pass")
    assert judged.internet_test.result is None
    assert "'Neighbour'" in said(made)


def test_the_same_on_the_network_itself_counts() -> None:
    made = seen(on="Home", medium="wifi", associated_ssid="Home", associated_frequency_mhz=2437)

    assert {
        check.status for check in judge(made, profiles.load("generic"), Selection()).checks if check.stage != "scan"
    } == {"pass"}


def test_what_was_not_measured_stays_what_it_is_on_another_network() -> None:
    made = seen(on="Neighbour", medium="wifi")
    made.ntp = None
    judged = judge(made, profiles.load("generic"), Selection(skip=["portal"]))
    checks = {check.id: check for check in judged.checks}

    assert checks["portal"].status == "skip"
    assert "Neighbour" not in checks["ntp.reply"].summary


def test_whole_groups_are_named_as_groups() -> None:
    air = with_stage("scan")

    assert in_groups(air) == "wifi"
    assert in_groups([*air, "dhcp.offer", "portal"]) == "wifi, dhcp.offer, portal"
    assert in_groups(list(CHECKS)) == "wifi, dhcp, dns, ntp.reply, portal, coap.udp-5683, cloud.transport, path.egress"
