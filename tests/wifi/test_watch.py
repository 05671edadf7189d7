"""A watch on a Wi-Fi: what happens to link, channel and clock is noted once, and is no outage of anything else."""

import itertools
from typing import Any

import pytest

from tests.lab.servers import LAPTOP_MAC
from tests.wifi.path import SSID
from tests.wifi.radios import Radios
from tests.wifi.watched import KEEP_ALIVE_S, NEXT_MHZ, ROUTE, STEP_S, watch

pytestmark = pytest.mark.lab
AP = ROUTE.joined.bssid
NOTED = {
    "quiet": None,
    "clock ahead": "clock-stepped",
    "deauthentication": "deauthenticated",
    "channel": "channel",
    "clock back": "clock-stepped",
}
"""What is noted in each phase."""


@pytest.fixture(scope="module")
def seen(radios: Radios) -> dict[str, Any]:
    """What a watch has seen through all phases."""
    return watch(radios)


def during(seen: dict[str, Any], phase: str, at: float) -> bool:
    """Whether a time belongs to a phase, by one step of the schedule."""
    begin, end = dict(zip(seen["phases"], itertools.pairwise(seen["phases"].values()), strict=False))[phase]
    return bool(begin - KEEP_ALIVE_S < at < end + KEEP_ALIVE_S)


def test_each_event_is_noted_once_in_its_phase(seen: dict[str, Any]) -> None:
    """The clock is wrong during most of it, and moves no time."""
    assert list(seen["phases"]) == [*NOTED, "end"]
    wanted = [(phase, kind) for phase, kind in NOTED.items() if kind]

    assert [kind for kind, *_ in seen["notes"]] == [kind for _, kind in wanted]
    assert all(during(seen, phase, at) for (phase, _), (*_, at) in zip(wanted, seen["notes"], strict=True)), seen


def test_a_note_says_what_happened(seen: dict[str, Any]) -> None:
    ahead, ended, channel, back = [(said, bssid) for _, said, bssid, _ in seen["notes"]]

    assert (ahead, back) == tuple((f"the laptop's clock was set by {s:+} s", None) for s in (STEP_S, -STEP_S))
    assert ended[0].startswith(f"the access point {AP} ended it: reason ")
    assert channel == (f"{AP} went from {ROUTE.joined.frequency_mhz} to {NEXT_MHZ} MHz", AP)
    assert (ended[1], seen["ssid"]) == (AP, SSID)


def test_access_point_and_kernel_are_the_witnesses(seen: dict[str, Any]) -> None:
    log = seen["hostapd"]

    assert log.count(f"AP-STA-DISCONNECTED {LAPTOP_MAC}") == 1
    assert log.count(f"AP-STA-CONNECTED {LAPTOP_MAC}") == 2
    assert log.count(f"AP-CSA-FINISHED freq={NEXT_MHZ}") == 1
    assert f"freq: {NEXT_MHZ}" in seen["link"], "the laptop's radio has followed"


def test_only_the_end_of_the_link_is_an_outage_if_it_lasts(seen: dict[str, Any]) -> None:
    assert all(during(seen, "deauthentication", at) for at in seen["outages"]), seen
    assert seen["exit"] == (1 if seen["outages"] else 0), seen["said"]


def test_a_clock_that_is_set_is_no_gap(seen: dict[str, Any]) -> None:
    """This machine may be so slow that the watch itself says that it was held up."""
    assert set(seen["unobserved"]) <= {"stalled"}
