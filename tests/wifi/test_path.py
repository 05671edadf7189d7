"""From the air to the cloud: what one call of netpreflight says of a customer's whole network."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import chromium, opened
from tests.wifi.access_points import SHORT
from tests.wifi.expectations import CHECKS
from tests.wifi.path import AS_DEVICE, ROUTES, SSID, travel
from tests.wifi.radios import INTERFACE, Radios
from tests.wifi.surveys import Report, said, statuses
from tests.wifi.vm import Done

pytestmark = pytest.mark.lab
WIRED = ("dhcp.offer", "dhcp.lease", "dhcp.servers", "dns.resolve", "dns.integrity", "ntp.reply", "portal",
         "coap.udp-5683", "cloud.transport", "path.egress")  # fmt: skip
JOIN = ("join.auth", "join.key", "join.link")
AS_USER = {"dhcp.offer": "warn", "dhcp.lease": "warn", "dhcp.servers": "unknown"}
Journeys = dict[str, dict[str, Any]]
EVERY = [
    pytest.param(name, number, id=f"{name}-{'user' if ordinary else 'root'}")
    for name, route in ROUTES.items()
    for number, (_, ordinary) in enumerate(route.checks)
]


@pytest.fixture(scope="module")
def journeys(request: pytest.FixtureRequest, radios: Radios, tmp_path_factory: pytest.TempPathFactory) -> Journeys:
    """Every route that a selected test wants, taken in one go: the wired lab is built only once."""
    wanted: dict[str, None] = {}
    for item in request.session.items:
        if isinstance(item, pytest.Function) and item.path == request.path:
            wanted[str(item.callspec.params["route"])] = None
    taken = travel(radios, list(wanted))
    (tmp_path_factory.mktemp("journeys") / "journeys.json").write_text(json.dumps(taken))
    return taken


def report_of(journeys: Journeys, route: str, number: int) -> Report:
    """What the tool said in a run on a route, on which the fault was there."""
    journey = journeys[route]
    assert "error" not in journey, f"{journey['error']}\n{json.dumps(journey['logs'], indent=1)}"
    assert journey["unfired"] == []
    run = journey["runs"][number]
    return said(Done(("netpreflight",), run["exit_code"], run["stdout"].encode(), run["stderr"].encode()))


@pytest.mark.parametrize(("route", "number"), EVERY)
def test_whole_path_is_judged_in_one_run(journeys: Journeys, route: str, number: int) -> None:
    report = report_of(journeys, route, number)

    arguments, ordinary = ROUTES[route].checks[number]
    checks = [*CHECKS, *WIRED, *(JOIN if arguments == AS_DEVICE else ())]
    wanted = dict.fromkeys(checks, "pass") | dict(ROUTES[route].wifi) | dict(ROUTES[route].wired)
    assert statuses(report["checks"], "") == wanted | (AS_USER if ordinary else {})
    assert report["verdict"] == ("undetermined" if ordinary else ROUTES[route].verdict)


@pytest.mark.parametrize(("route", "number"), EVERY)
def test_run_says_where_the_laptop_is(journeys: Journeys, route: str, number: int) -> None:
    report = report_of(journeys, route, number)

    joined = ROUTES[route].joined
    assert f"Connected to {joined.bssid}" in journeys[route]["link"]
    scope, survey = report["scope"], report["observations"]["wifi"]
    assert (scope["interface"], scope["medium"], scope["ssid"], scope["bssid"]) == (
        INTERFACE, "wifi", SSID, joined.bssid,
    )  # fmt: skip
    assert (survey["target"], survey["target_from"], survey["triggered"]) == (SSID, "association", True)
    assert (survey["associated_ssid"], survey["associated_bssid"]) == (SSID, joined.bssid)
    assert survey["associated_frequency_mhz"] == joined.frequency_mhz
    assert survey["regulatory_country"] in {SHORT, None}
    assert {bss["bssid"] for bss in survey["bss"]} == {truth.bssid for truth in ROUTES[route].air.truths()}
    assert report["networks"] == []


@pytest.mark.parametrize(("route", "number"), EVERY)
def test_survey_ends_with_the_run(journeys: Journeys, route: str, number: int) -> None:
    report = report_of(journeys, route, number)

    assert report["complete"]
    assert [name for name, seen in report["observations"].items() if seen and seen.get("not_run")] == []


@pytest.mark.parametrize(("route", "lets_device"), [("good", True), ("portal", False)])
def test_a_device_is_told_apart_from_the_laptop(journeys: Journeys, route: str, *, lets_device: bool) -> None:
    """A portal and a firewall know this laptop, which has joined, and not the device, which joins by its own MAC."""
    report = report_of(journeys, route, 0)
    about, portal = report["observations"]["as_device"], report["answer"]["check"]

    assert all(exchange["answered"] for exchange in about["laptop"]), "the laptop is let through"
    assert report["observations"]["join"]["attempts"][-1]["ended"] == "joined"
    assert portal == (None if lets_device else "portal")
    assert any("lets this laptop through, and not the device" in note for note in report["notes"]) is not lets_device
    assert about["left"] == []


@pytest.mark.parametrize("route", ["2.4-off"])
def test_the_page_of_a_network_that_the_device_cannot_hear(journeys: Journeys, route: str, tmp_path: Path) -> None:
    """The customer's 2.4 GHz is off: the page says so first."""
    said = report_of(journeys, route, 0)
    saved, page = tmp_path / "run.json", tmp_path / "run.html"
    saved.write_text(json.dumps(said))
    tool = str(Path(sys.executable).with_name("netpreflight"))
    subprocess.run([tool, "report", str(saved), "-o", str(page)], capture_output=True, check=False)

    with chromium() as browser, opened(browser, page) as here:
        first_screen = here.page.locator("main").inner_text()
        assert here.page.locator("h1").inner_text().startswith("No: ")
        assert f"'{SSID}'" in first_screen
        assert "5 GHz" in here.page.locator(".first").inner_text()
        assert here.page.locator("#questions").count() == 1
        assert (here.said, here.asked) == ([], [])
