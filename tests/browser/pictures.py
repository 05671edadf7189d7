"""The pictures of the README and of docs/page.md, log.md, watch-report.md and fleet.md, made anew.

`.venv/bin/python -m tests.browser.pictures` needs tests/browser/packages.txt.

Each is the first screen of a report, two of them with dark colours; the light stands still.
"""

import tempfile
from pathlib import Path
from typing import Any

from netpreflight.fleet.page import render as render_fleet
from netpreflight.reports.device_log.html import render as render_log
from netpreflight.reports.html import render
from netpreflight.reports.watch.html import render as render_watch
from tests.browser.chromium import chromium, opened
from tests.browser.fleet_pages import shops
from tests.browser.log_pages import LOG_PAGES
from tests.unit.four import FOUR
from tests.unit.watches import nights

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
DARK = ("captive-portal", "wifi-wrong")
HEIGHT = 700
TALL = {"fleet": 1000}
"""Pages whose first screen needs more of it, to show a table."""


def main() -> None:
    """Write every picture."""
    FOLDER.mkdir(exist_ok=True)
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        pages = {
            **{name: render(made()) for name, made in FOUR.items()},
            "watch": render_watch(nights()),
            "fleet": render_fleet(shops()),
            "device-log": render_log(LOG_PAGES["keys"]()),
        }
        for name, page in pages.items():
            file = Path(folder) / f"{name}.html"
            file.write_text(page, encoding="utf-8")
            scheme: Any = "dark" if name in DARK else "light"
            window: Any = {"width": 1280, "height": TALL.get(name, HEIGHT)}
            with opened(browser, file, color_scheme=scheme, reduced_motion="reduce", viewport=window) as here:
                here.page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
