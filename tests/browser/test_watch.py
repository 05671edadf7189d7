"""The pages of a watch, and of two, in a browser: quiet, as narrow as the window, accessible, hostile names as text."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from netpreflight.agent.watch.comparing import compare
from netpreflight.reports.watch.comparison import render_html
from netpreflight.reports.watch.html import render
from tests.browser.chromium import check_like_the_report, opened
from tests.unit.watches import hostile_week, nights

PAGES = {
    "nights": lambda: render(nights()),
    "hostile": lambda: render(hostile_week()),
    "two": lambda: render_html(compare(nights(), hostile_week(), ("before.sqlite", "W" * 200 + "<script>"))),
}


@pytest.mark.parametrize(
    ("name", "scheme"), [("nights", "light"), ("nights", "dark"), ("hostile", "light"), ("two", "light")]
)
def test_a_watch_is_a_page_like_the_report(browser: Browser, tmp_path: Path, name: str, scheme: Any) -> None:
    file = tmp_path / "watch.html"
    file.write_text(PAGES[name](), encoding="utf-8")
    with opened(browser, file, color_scheme=scheme) as here:
        assert (here.page.locator(".lanes .broke").count() > 0) == (name != "two")
    check_like_the_report(browser, file, scheme)
