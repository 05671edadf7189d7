"""A watch on a Wi-Fi: what happens to link and clock is noted once, and is no outage of anything behind the link.

Not part of `tests/run`, which has no time for it. To run it, as root:

    .venv/bin/pytest -n 0 tests/wifi/watch.py
"""

import re
from typing import Any

import pytest

from tests.lab.servers import LAPTOP_MAC
from tests.wifi.radios import Radios
from tests.wifi.watched import ROUTE, STEP_S, watch

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def seen(radios: Radios) -> dict[str, Any]:
    """What a watch has seen through all phases."""
    return watch(radios)


def test_each_event_is_noted_and_nothing_before_it(seen: dict[str, Any]) -> None:
    assert seen["phases"] == {
        "quiet": [],
        "clock": ["clock-stepped"],
        "deauthentication": ["clock-stepped", "deauthenticated"],
    }
    (step_s,) = re.findall(r"the laptop's clock was set by \+(\d+) s", seen["notes"]["clock-stepped"])
    assert STEP_S - 30 < int(step_s) <= STEP_S, "`date` takes some time itself"
    assert f"the access point {ROUTE.joined.bssid} ended it: reason " in seen["notes"]["deauthenticated"]


def test_the_access_point_is_the_witness(seen: dict[str, Any]) -> None:
    log = seen["hostapd"]

    assert log.count(f"AP-STA-DISCONNECTED {LAPTOP_MAC}") == 1
    assert log.count(f"AP-STA-CONNECTED {LAPTOP_MAC}") == 2


def test_none_of_it_is_an_outage_but_that_of_the_link(seen: dict[str, Any]) -> None:
    assert (set(seen["outages"]) <= {"link"}, seen["unobserved"]) == (True, []), seen
    assert seen["exit"] == (1 if seen["outages"] else 0), seen["said"]
