"""The page of a device's own log in a browser: quiet, as narrow as the window, accessible, hostile lines as text."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from netpreflight.reports.device_log import FORMATS
from tests.browser.chromium import check_like_the_report, opened
from tests.browser.log_pages import LOG_PAGES


@pytest.mark.parametrize(("name", "scheme"), [("keys", "light"), ("keys", "dark"), ("hostile", "light")])
def test_a_log_is_a_page_like_the_report(browser: Browser, tmp_path: Path, name: str, scheme: Any) -> None:
    answer = LOG_PAGES[name]()
    file = tmp_path / "log.html"
    file.write_text(FORMATS[".html"](answer), encoding="utf-8")
    with opened(browser, file, color_scheme=scheme) as here:
        assert here.page.locator("h1").inner_text() == answer.sentence
        for line in answer.lines:
            assert here.page.get_by_role("row").filter(has_text=line.text).count() >= 1
    check_like_the_report(browser, file, scheme)
