"""The HTML report, from the network to the browser: what stands there is what the run saw."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.chromium import chromium, opened
from tests.lab.lab import ARGON_CLOUD, LOGIN_PAGE, Lab
from tests.lab.servers import GATEWAY

pytestmark = pytest.mark.lab
TOOL = str(Path(sys.executable).with_name("netpreflight"))


def nothing(lab: Lab) -> None:
    """Break nothing."""


@pytest.mark.parametrize(
    ("breaks", "heading", "plain", "words"),
    [
        pytest.param(nothing, "Yes: a Particle Photon 2 would get online here.", "Nothing has to be changed", (),
                     id="healthy"),
        pytest.param(lambda lab: lab.portal(block=True), "No: a Particle Photon 2", "A login page stands in the way",
                     (LOGIN_PAGE, "94:94:4A"), id="captive-portal"),
        pytest.param(lambda lab: lab.gateway.drop("udp", 5684), "No: a Particle Photon 2", "Something on the way stops",
                     (f"dropped at or after {GATEWAY} (hop 1, the gateway of this network)",
                      f"*.v6.udp.particle.io (now {ARGON_CLOUD}"), id="udp-blocked"),
    ],
)  # fmt: skip
def test_the_page_of_a_run(
    breaks: Callable[[Lab], object], heading: str, plain: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    page, saved, again = tmp_path / "run.html", tmp_path / "run.json", tmp_path / "again.html"
    with Lab() as lab:
        breaks(lab)
        run = lab.check("--device", "photon2", "-o", str(page), "-o", str(saved))
        lab.laptop.run(TOOL, "report", str(saved), "-o", str(again))
        rules = lab.laptop.run(TOOL, "rules", str(saved), "--for", "nftables").stdout
    report = run.report

    assert page.read_bytes() == again.read_bytes()
    with chromium() as browser, opened(browser, page) as here:
        assert here.page.locator("h1").inner_text().replace("\n", " ").startswith(heading)
        first_screen = here.page.locator(".first").inner_text()
        assert plain in first_screen
        assert report["startup"]["led"] in first_screen.lower()
        here.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        text = " ".join(here.page.locator("main").inner_text().split())
        for word in words:
            assert word in text
        for check in report["checks"]:
            assert " ".join(check["summary"].split()) in text
        for contact in report["footprint"]:
            assert f"{contact['address']}:{contact['port']}".removesuffix(":0") in text
        firewall = [change for change in report["changes"] if change["rules"]]
        assert (" ".join(rules.split()) in text) == bool(firewall)
        here.page.set_viewport_size({"width": 360, "height": 800})
        assert here.page.evaluate("document.documentElement.scrollWidth") == 360
        assert (here.said, here.asked) == ([], [])
    assert json.loads(saved.read_text())["verdict"] == report["verdict"]
