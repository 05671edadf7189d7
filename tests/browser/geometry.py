"""Where the texts of a page stand: over one another, outside their boxes, or beyond the page."""

from pathlib import Path

from playwright.sync_api import Page

SIZES = {360: 780, 390: 844, 768: 1024, 1280: 800}
"""Widths and heights of windows: two phones, a tablet, a laptop (CSS pixels)."""
PAPER = 688
"""The width that is left for text on A4: 210 mm without twice 14 mm (style.css), in CSS pixels."""

_FAULTS = (Path(__file__).parent / "geometry.js").read_text(encoding="utf-8")


def faults(page: Page) -> list[str]:
    """What stands wrong in this window: `overlap`, `out of its box`, or `wider than the page`, each with its text."""
    found: list[str] = page.evaluate(_FAULTS)
    return found


def open_all(page: Page) -> None:
    """Open whatever can be folded."""
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")
