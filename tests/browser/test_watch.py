"""The pages of a watch, and of two, in a browser: quiet, as narrow as the window, accessible, hostile names as text."""

import importlib.resources
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from netpreflight.agent.watch.comparing import compare
from netpreflight.reports.watch.comparison import render_html
from netpreflight.reports.watch.html import render
from tests.browser.chromium import WIDTHS, opened
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
        for width in WIDTHS:
            here.page.set_viewport_size({"width": width, "height": 800})
            assert here.page.evaluate("document.documentElement.scrollWidth") == width
        assert here.page.locator("script, img, iframe, object, embed, form, base, link").count() == 0
        assert (here.page.locator(".lanes .broke").count() > 0) == (name != "two")
        assert here.page.title() != "executed"
        assert (here.said, here.asked) == ([], [])
    axe = (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    with opened(browser, file, bypass_csp=True, color_scheme=scheme) as here:
        here.page.add_script_tag(content=axe)
        found = here.page.evaluate("axe.run()")
        assert [
            (violation["id"], [node["html"][:200] for node in violation["nodes"]][:3])
            for violation in found["violations"]
        ] == []
        assert len(found["passes"]) > 15
