"""One browser for all tests of a process, and the reports as files."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from netpreflight.agent.report import Report
from netpreflight.reports.html import render
from tests.browser.chromium import chromium
from tests.unit import four

REPORTS: dict[str, Callable[[], Report]] = {
    **four.FOUR,
    "hostile": four.hostile,
    "crowded": lambda: four.crowded(10_000),
}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every report, written."""
    folder = tmp_path_factory.mktemp("reports")
    written = {name: folder / f"{name}.html" for name in REPORTS}
    for name, file in written.items():
        file.write_text(render(REPORTS[name]()), encoding="utf-8")
    return written
