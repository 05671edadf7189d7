"""Chromium, and a report opened in it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
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


def check_like_the_report(browser: Browser, file: Path, scheme: Any) -> None:
    """Hold a page to what holds for all: quiet, never wider than the window, accessible, and hostile names are text."""
    with opened(browser, file, color_scheme=scheme) as here:
        for width in WIDTHS:
            here.page.set_viewport_size({"width": width, "height": 800})
            assert here.page.evaluate("document.documentElement.scrollWidth") == width
        assert here.page.locator("script, img, iframe, object, embed, form, base, link").count() == 0
        assert here.page.title() != "executed"
        assert (here.said, here.asked) == ([], [])
    with opened(browser, file, bypass_csp=True, color_scheme=scheme) as here:  # the policy forbids any script
        check_with_axe(here.page, least=16)


def check_with_axe(page: Page, *, least: int) -> None:
    """Hold a page, opened without its policy, to axe's rules, of which so many have something to look at."""
    page.add_script_tag(content=(resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate(
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
    )
    assert [
        (violation["id"], [node["html"][:200] for node in violation["nodes"]][:3]) for violation in found["violations"]
    ] == []
    assert len(found["passes"]) >= least


def printed(page: Page, folder: Path, size: str = "A4") -> tuple[int, str]:
    """How many pages a print has, and its text without spaces."""
    page.pdf(path=folder / "report.pdf", format=size)
    told = subprocess.run(["pdfinfo", folder / "report.pdf"], capture_output=True, check=True, text=True).stdout
    text = subprocess.run(
        ["pdftotext", "-raw", folder / "report.pdf", "-"], capture_output=True, check=True, text=True
    ).stdout
    return int(dict(line.split(":", 1) for line in told.splitlines())["Pages"]), "".join(text.split())
