"""Chromium, and a report opened in it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
"""Debian's; Playwright's own would have to be downloaded."""
WIDTHS = (360, 768, 1280, 1920)


class Opened(NamedTuple):
    """A page, and what it did."""

    page: Page
    address: str
    said: list[str]
    """Console messages, errors and dialogs."""
    asked: list[str]
    """Requests, the page itself aside."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without its sandbox: tests run as root, and it opens no file but ours."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND"],
        )
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, file: Path, **context: Any) -> Iterator[Opened]:
    """A file in a window of its own, 1280 by 800 unless `context` says otherwise."""
    made = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **context})
    page = made.new_page()
    here = Opened(page, file.as_uri(), [], [])
    page.on("console", lambda message: here.said.append(message.text))
    page.on("pageerror", lambda error: here.said.append(str(error)))
    page.on("request", lambda request: here.asked.append(request.url) if request.url != here.address else None)

    def refuse(dialog: Any) -> None:
        here.said.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refuse)
    page.goto(here.address)
    yield here
    made.close()


def printed(page: Page, folder: Path, size: str = "A4") -> tuple[int, str]:
    """How many pages a print has, and its text without spaces."""
    page.pdf(path=folder / "report.pdf", format=size)
    told = subprocess.run(["pdfinfo", folder / "report.pdf"], capture_output=True, check=True, text=True).stdout
    text = subprocess.run(
        ["pdftotext", "-raw", folder / "report.pdf", "-"], capture_output=True, check=True, text=True
    ).stdout
    return int(dict(line.split(":", 1) for line in told.splitlines())["Pages"]), "".join(text.split())
