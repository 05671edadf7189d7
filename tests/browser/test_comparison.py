"""A comparison's page in a browser: quiet, never wider than the window, accessible, and hostile names are text."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from netpreflight.reports.comparison.html import render
from tests.browser.chromium import check_like_the_report, opened, printed
from tests.browser.pages import COMPARISONS


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", COMPARISONS)
def test_a_comparison_is_a_page_like_the_report(browser: Browser, tmp_path: Path, name: str, scheme: Any) -> None:
    file = tmp_path / "comparison.html"
    file.write_text(render(COMPARISONS[name]()), encoding="utf-8")
    with opened(browser, file, color_scheme=scheme) as here:
        assert here.page.locator("table").count() == here.page.locator("table caption").count() > 1
    check_like_the_report(browser, file, scheme)


@pytest.mark.parametrize(("width", "most"), [(360, 6), (390, 6), (768, 3), (1280, 3)])
@pytest.mark.parametrize("name", ["hotspot", "before-and-after"])
def test_the_headline_is_short(browser: Browser, tmp_path: Path, name: str, width: int, most: int) -> None:
    file = tmp_path / "comparison.html"
    comparison = COMPARISONS[name]()
    file.write_text(render(comparison), encoding="utf-8")
    with opened(browser, file, viewport={"width": width, "height": 800}) as here:
        lines = here.page.evaluate(
            "(() => { const range = document.createRange(); range.selectNodeContents(document.querySelector('h1'));"
            " return new Set([...range.getClientRects()].map(box => Math.round(box.top))).size })()"
        )
        heading = here.page.locator("h1").inner_text()
        said = here.page.locator("h1, h1 ~ *, .answer + p").all_inner_texts()

    assert lines <= most
    assert [check.id for check in comparison.checks if check.id in heading.split()] == []
    assert " ".join(" ".join(said).split()) == comparison.sentence


@pytest.mark.parametrize("name", COMPARISONS)
def test_a_comparison_prints_what_is_open(browser: Browser, tmp_path: Path, name: str) -> None:
    file = tmp_path / "comparison.html"
    file.write_text(render(COMPARISONS[name]()), encoding="utf-8")
    with opened(browser, file) as here:
        pages, text = printed(here.page, tmp_path)
        here.page.get_by_label("Open everything").check()
        all_pages, everything = printed(here.page, tmp_path)

    assert pages <= (2 if name in {"hotspot", "before-and-after"} else 3)
    assert all_pages > pages or len(everything) > len(text)
    assert ("Everycheck" in text, "Everycheck" in everything) == (False, True)
