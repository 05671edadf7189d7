"""One browser for all tests of a process, and the reports as files."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from netpreflight.reports.html import render
from tests.browser.chromium import chromium
from tests.browser.pages import REPORTS


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
