"""The page of many sites in a browser: no wider than the window, no text on another, accessible, names are text."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from netpreflight.fleet.answers import DeviceCount, FleetSummary
from netpreflight.fleet.overview import ChangeCount, MakerShare, Month, Overview, OwnerCauses
from netpreflight.fleet.page import render
from tests.browser.chromium import check_like_the_report, opened
from tests.browser.geometry import PAPER, SIZES, faults

HOSTILE = "W" * 60 + "<script>document.title = 'executed'</script>"


def made(name: str, months: int) -> Overview:
    """A store with this name wherever one comes from outside."""
    counts = {"compatible": 3012, "compatible_with_warnings": 0, "undetermined": 7, "incompatible": 290}
    return Overview(
        summary=FleetSummary(
            runs=20_000, sites=3309, duplicates=12, quarantined=3, logs=0, watches=0, without_site=4,
            not_judged_again=2, cut_short=1, rules={"6": 20_000},
            verdicts=[DeviceCount(device=device, os_version="6.2.0", **counts) for device in ("argon", name)],
        ),
        changes=[ChangeCount(f"UDP 5684 to {name}", "firewall", "network administrator", 290, 288)],
        owners=[
            OwnerCauses("network administrator", [("cloud.transport", 290), ("portal", 120), (name, 100), ("dns", 3)]),
            OwnerCauses(name, [("dhcp.lease", 7)]),
        ],
        months=[Month(dt.datetime(2024 + at // 12, at % 12 + 1, 1, tzinfo=dt.UTC), at, 3, 1) for at in range(months)],
        makers=[MakerShare(name, 120, 31)],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "months", "scheme"), [("Acme", 12, "light"), ("Acme", 24, "dark"), (HOSTILE, 1, "light")]
)
def test_many_sites_are_a_page_like_the_report(
    browser: Browser, tmp_path: Path, name: str, months: int, scheme: Any
) -> None:
    file = tmp_path / "fleet.html"
    file.write_text(render(made(name, months)), encoding="utf-8")
    with opened(browser, file, color_scheme=scheme) as here:
        for width in (*SIZES, PAPER):
            here.page.set_viewport_size({"width": width, "height": 1000})
            assert faults(here.page) == [], width
        assert here.page.locator(".months rect").count() == 2 * months
    check_like_the_report(browser, file, scheme)
