"""No text of a page stands on another, outside its box or beyond the page: on phones, tablets, laptops and paper."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from netpreflight.reports.comparison.html import render
from tests.browser.chromium import opened
from tests.browser.geometry import PAPER, SIZES, faults, open_all
from tests.browser.pages import COMPARISONS, REPORTS


def every_fault(page: Page) -> dict[str, list[str]]:
    """The faults in each window and on paper, folded and unfolded; empty: there are none."""
    found = {}
    for unfolded in (False, True):
        if unfolded:
            open_all(page)
        page.emulate_media(media="screen")
        for width, height in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            found[f"{width} px, unfolded: {unfolded}"] = faults(page)
        page.emulate_media(media="print")
        page.set_viewport_size({"width": PAPER, "height": 1000})
        found[f"paper, unfolded: {unfolded}"] = faults(page)
    return {where: there for where, there in found.items() if there}


@pytest.mark.parametrize("name", REPORTS)
def test_every_text_of_a_report_has_its_place(browser: Browser, files: dict[str, Path], name: str) -> None:
    with opened(browser, files[name], reduced_motion="reduce") as here:
        assert every_fault(here.page) == {}


@pytest.mark.parametrize("name", COMPARISONS)
def test_every_text_of_a_comparison_has_its_place(browser: Browser, tmp_path: Path, name: str) -> None:
    file = tmp_path / "comparison.html"
    file.write_text(render(COMPARISONS[name]()), encoding="utf-8")
    with opened(browser, file) as here:
        assert every_fault(here.page) == {}


MOVED = """
    const [step, title] = ['.steps span', '.title'].map(part => document.querySelector(`.place:last-child ${part}`));
    const [from, to] = [step.getBoundingClientRect(), title.getBoundingClientRect()];
    Object.assign(step.style, {position: 'relative', left: `${to.left - from.left}px`});
    step.style.top = `${to.top - from.bottom + 5}px`;
"""
"""What was wrong once: a step of the way, a few pixels into the title of the next station."""
DRAWN_OVER = """
    const [number, other] = [...document.querySelectorAll('.band .number')].filter(text => text.checkVisibility());
    number.setAttribute('x', Number(other.getAttribute('x')) + 4);
    number.setAttribute('y', other.getAttribute('y'));
"""
MARK_MOVED = "Object.assign(document.querySelector('.answer .icon').style, {position: 'relative', left: '4rem'})"
TOO_HIGH = """
    const box = document.querySelector('.change');
    box.style.height = '2rem';
    box.append(' W'.repeat(400));
"""
DRAWN_BEYOND = """
    [...document.querySelectorAll('.band .detail')].find(text => text.checkVisibility()).setAttribute('x', -20)
"""
TOO_WIDE = "Object.assign(document.querySelector('.change').style, {width: '2000px', maxWidth: 'none'})"


def too_long(selector: str) -> str:
    """A script that puts a long word without a break into an element."""
    return f"""
        const within = document.querySelector('{selector}');
        within.style.whiteSpace = 'nowrap';
        within.append('W'.repeat(400));
    """


PLANTED = {
    "a text on another": ("overlap", MOVED),
    "a text of a drawing on another": ("overlap", DRAWN_OVER),
    "a mark on a text": ("overlap", MARK_MOVED),
    "a text too long for its box": ("out of its box", too_long(".change")),
    "a text too long for a cell": ("out of its box", too_long("#checks td p")),
    "an address too long for a list": ("out of its box", too_long(".facts dd code")),
    "a text too high for its box": ("out of its box", TOO_HIGH),
    "a text beyond the end of a drawing": ("out of its box", DRAWN_BEYOND),
    "a box wider than the page": ("wider than the page", TOO_WIDE),
}


@pytest.mark.parametrize("width", [390, 1280, PAPER])
@pytest.mark.parametrize("planted", PLANTED)
def test_a_fault_is_found(browser: Browser, files: dict[str, Path], planted: str, width: int) -> None:
    kind, script = PLANTED[planted]
    window = {"width": width, "height": SIZES.get(width, 1000)}
    with opened(browser, files["udp-blocked"], reduced_motion="reduce", viewport=window) as here:
        here.page.emulate_media(media="print" if width == PAPER else "screen")
        open_all(here.page)
        assert faults(here.page) == []
        here.page.evaluate(f"() => {{ {script} }}")
        assert [fault for fault in faults(here.page) if fault.startswith(kind)] != []
