"""What a reader's browser makes of the report: quiet, readable at every width, by keyboard, by ear, and on paper."""

import re
import select
import socket
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.chromium import WIDTHS, check_with_axe, opened, printed
from tests.browser.geometry import open_all
from tests.browser.pages import REPORTS
from tests.unit.four import FOUR

EVERY = [*FOUR, "hostile", "crowded"]
SCHEMES: tuple[Any, ...] = ("light", "dark")
Files = dict[str, Path]


def in_view(page: Page, selector: str) -> bool:
    """Whether an element is wholly within the window."""
    found: bool = page.evaluate(
        "one => { const box = document.querySelector(one).getBoundingClientRect();"
        " return box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth }",
        selector,
    )
    return found


def is_printed(line: str, text: str) -> bool:
    """Whether a line is on the paper: whole, or in two parts, because a page may end within a line that is wrapped."""
    return any(line[:end] in text and line[end:] in text for end in range(len(line), -1, -1))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", EVERY)
def test_it_is_quiet_and_never_wider_than_the_window(browser: Browser, files: Files, name: str, scheme: Any) -> None:
    with opened(browser, files[name], color_scheme=scheme) as here:
        for width in WIDTHS:
            here.page.set_viewport_size({"width": width, "height": 800})
            for folded in (True, False):
                here.page.evaluate("closed => document.querySelectorAll('details').forEach(one => one.open = !closed)",
                                   folded)  # fmt: skip
                assert here.page.evaluate("document.documentElement.scrollWidth") == width
                # The headings of stacked tables are hidden, and as wide as they are.
                wider = (
                    "[...document.querySelectorAll('main *:not(thead *)')]"
                    ".filter(one => one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML)"
                )
                assert here.page.evaluate(wider) == []
        assert here.page.title() != "executed"
        assert (here.said, here.asked) == ([], [])


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
@pytest.mark.parametrize("name", FOUR)
def test_the_first_screen_says_what_who_and_which_light(
    browser: Browser, files: Files, name: str, width: int, height: int
) -> None:
    with opened(browser, files[name], viewport={"width": width, "height": height}) as here:
        assert in_view(here.page, "h1")
        assert in_view(here.page, ".plain")
        assert in_view(here.page, ".lamp")
        if name != "healthy":
            assert in_view(here.page, ".change")
            assert "." in here.page.locator(".change + p").inner_text(), "who can do it"
            assert in_view(here.page, ".change + p")
            if width < 500:  # on a laptop, the request itself begins on the first screen
                here.page.get_by_role("link", name="The request", exact=True).click()
                assert in_view(here.page, ".request .text")


def test_a_link_opens_what_the_answers_problem_means(browser: Browser, files: Files) -> None:
    with opened(browser, files["udp-blocked"]) as here:
        about = here.page.locator("#about-path\\.egress")
        assert not about.is_visible()
        here.page.get_by_role("link", name="What that means").click()
        about.wait_for(state="visible")
        assert "On common routers" in about.inner_text()


@pytest.mark.parametrize("name", FOUR)
def test_everything_folded_is_reached_and_opened_by_keyboard(browser: Browser, files: Files, name: str) -> None:
    with opened(browser, files[name]) as here:
        page = here.page
        count = page.evaluate("[...document.querySelectorAll('summary')].map((one, n) => one.dataset.n = n).length")
        reached: set[str] = set()
        for _ in range(count * 3 + 100):
            page.keyboard.press("Tab")
            number = page.evaluate("document.activeElement.matches('summary') ? document.activeElement.dataset.n : ''")
            if number and number not in reached:
                reached.add(number)
                page.keyboard.press("Enter")
                assert page.evaluate("document.activeElement.parentElement.open")
                assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            if len(reached) == count:
                break

        assert len(reached) == count
        assert count > 10


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [*((name, "dark", 390) for name in FOUR), *((name, "light", 1280) for name in EVERY)],
)
def test_axe_finds_no_violation(browser: Browser, files: Files, name: str, scheme: Any, width: int) -> None:
    # The policy forbids any script, so also this one.
    window: Any = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme, "reduced_motion": "reduce"}
    with opened(browser, files[name], bypass_csp=True, **window) as here:
        here.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        check_with_axe(here.page, least=26)


def test_the_policy_stops_a_script_a_style_and_a_request(browser: Browser, files: Files) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, opened(browser, files["healthy"]) as here:
        here.page.evaluate(
            """port => {
                const there = `http://127.0.0.1:${port}/`;
                window.stopped = [];
                document.addEventListener('securitypolicyviolation', one => stopped.push(one.effectiveDirective));
                const add = (name, set) => document.body.append(Object.assign(document.createElement(name), set));
                add('script', {textContent: "document.title = 'executed'"});
                add('style', {textContent: "body { display: none }"});
                add('img', {src: there});
                add('iframe', {src: there});
                add('link', {rel: 'stylesheet', href: there});
                document.body.setAttribute('onclick', "document.title = 'executed'");
                document.body.click();
                document.body.setAttribute('style', 'display: none');
            }""",
            server.getsockname()[1],
        )
        here.page.wait_for_function("stopped.length >= 7")

        assert set(here.page.evaluate("stopped")) == {
            "script-src-elem", "script-src-attr", "style-src-elem", "style-src-attr", "img-src", "frame-src"
        }  # fmt: skip
        assert here.page.title() != "executed"
        assert here.page.evaluate("getComputedStyle(document.body).display") == "block"
        assert select.select([server], [], [], 0.2)[0] == [], "nobody has connected"


def test_hostile_text_is_text(browser: Browser, files: Files) -> None:
    with opened(browser, files["hostile"]) as here:
        page = here.page
        assert page.locator("script, img, iframe, object, embed, form, base, link").count() == 0
        assert page.evaluate(
            "[...document.querySelectorAll('*')].flatMap(one => [...one.attributes]).filter(one =>"
            " one.name.startsWith('on') || (['href', 'src', 'xlink:href'].includes(one.name)"
            " && !one.value.startsWith('#'))).map(one => one.name)"
        ) == []  # fmt: skip
        assert page.locator("body > *").count() == 5, "symbols, link, header, main, footer: no element was closed early"
        assert "</script></style></title>" in page.locator("main").inner_text()


@pytest.mark.parametrize("size", ["A4", "Letter"])
@pytest.mark.parametrize("name", REPORTS)
def test_the_answer_prints_on_two_pages_at_most(
    browser: Browser, files: Files, tmp_path: Path, name: str, size: str
) -> None:
    with opened(browser, files[name]) as here:
        pages, text = printed(here.page, tmp_path, size)
        first = here.page.locator("h1, .first h2, .first p:not(.note), .request h2").all_inner_texts()
        parts = here.page.locator(".group h2, h3").all_inner_texts()
        run = here.page.evaluate("document.querySelector('template')?.content.textContent.trim()")
        asked = "\n".join(here.page.locator(".request pre").all_inner_texts()).splitlines()

    assert pages <= (2 if name != "hostile" else 3)  # its texts have hundreds of characters, wherever there can be one
    assert name == "crowded" or len(run) > 1000, "the run that the page holds"
    assert not run or run[:40] not in text
    assert len(first) >= 4
    assert [told for told in first if "".join(told.split()) not in text and told[0] != "W"] == []
    assert name in {"healthy", "crowded", "long-names"} or len(asked) > 15
    lines = ["".join(line.split()) for line in asked]
    assert [line for line in lines if not is_printed(line, text)] == []
    assert len(parts) > 12
    assert [title for title in parts if "".join(title.split()) in text] == []
    assert "Whatwasclosedonthepageisnotprinted" in text


def test_what_was_opened_is_printed_and_nothing_else(browser: Browser, files: Files, tmp_path: Path) -> None:
    with opened(browser, files["udp-blocked"]) as here:
        page = here.page
        page.get_by_role("heading", name="Every check").click()
        page.get_by_text("Evidence for path.egress").click()
        _, text = printed(page, tmp_path)
        evidence = page.locator("details", has_text="Evidence for path.egress").locator("li").all_inner_texts()

    assert "Everycheck" in text
    assert "Forthenetworkadministrator" in text
    assert len(evidence) > 1
    assert [line for line in evidence if "".join(line.split()) not in text] == []
    assert [other for other in ("Forsupport", "Wheretrafficpasses", "Evidencefordhcp.offer") if other in text] == []


@pytest.mark.parametrize("size", ["A4", "Letter"])
@pytest.mark.parametrize("name", FOUR)
def test_the_switch_prints_every_section_and_all_that_is_folded(
    browser: Browser, files: Files, tmp_path: Path, name: str, size: str
) -> None:
    with opened(browser, files[name]) as here:
        assert "Only what is open is printed." in here.page.locator(".switch").inner_text()
        here.page.get_by_label("Open everything").check()
        _, text = printed(here.page, tmp_path, size)
        headings = here.page.locator("h1, main h2:not(nav h2), h3, h4").all_inner_texts()
        folded = here.page.evaluate(
            "[...document.querySelectorAll('details')].flatMap(one => [...one.querySelectorAll('li, pre, p')])"
            ".map(one => one.textContent)"
        )

    assert len(headings) > 15
    assert len(folded) > 30
    assert [heading for heading in headings if "".join(heading.split()) not in text] == []
    lines = ["".join(line.split()) for element in folded for line in element.splitlines()]
    assert [line for line in lines if not is_printed(line, text)] == []
    assert "Whatwasclosed" not in text


@pytest.mark.parametrize(("width", "height"), [(360, 780), (390, 844)])
@pytest.mark.parametrize("name", REPORTS)
def test_a_phone_has_the_answer_and_the_rest_is_folded(
    browser: Browser, files: Files, name: str, width: int, height: int
) -> None:
    with opened(browser, files[name], viewport={"width": width, "height": height}) as here:
        page = here.page
        screens = page.evaluate("document.documentElement.scrollHeight / innerHeight")
        assert screens < (4 if name in FOUR else 5 if name != "hostile" else 7)
        assert page.locator(".part[open]").count() == 0
        titles = page.locator(".part > summary")
        assert titles.count() > 10
        # WCAG 2.2, 2.5.8, asks for 24 px; Apple's and Google's rules for touch screens for 44 and 48.
        assert min(box["height"] for box in (title.bounding_box() for title in titles.all()) if box) >= 44


def test_the_switch_shows_all_that_is_folded(browser: Browser, files: Files) -> None:
    shown = "[...document.querySelectorAll('main :not(:has(*))')].filter(leaf => leaf.checkVisibility()).length"
    with opened(browser, files["udp-blocked"]) as here:
        before = here.page.evaluate(shown)
        here.page.focus("#everything")
        here.page.keyboard.press("Space")
        switched = here.page.evaluate(shown)
        here.page.keyboard.press("Space")
        assert here.page.evaluate(shown) == before
        open_all(here.page)
        assert here.page.evaluate(shown) == switched > 3 * before


_REACHED = """
    id => {
        const around = [];
        let details = document.getElementById(id).closest('details');
        const title = details?.querySelector('summary').getBoundingClientRect().top;
        for (; details; details = details.parentElement.closest('details')) around.push(details);
        return [title, around.length, around.filter(it => !it.open).length];
    }
"""
"""Where the title of the innermost fold around an element is, how many folds there are, and how many are closed."""


@pytest.mark.parametrize("name", FOUR)
def test_each_link_of_the_contents_opens_its_part(browser: Browser, files: Files, name: str) -> None:
    with opened(browser, files[name]) as here:
        links = here.page.locator(".contents a")
        assert links.count() > 10
        for link in links.all():
            link.click()
            title, depth, closed = here.page.evaluate(_REACHED, (link.get_attribute("href") or "").removeprefix("#"))
            assert 0 <= title < 800, "the title of what it opened is in view"
            assert depth >= 1
            assert closed == 0
            here.page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = false })")


def animations(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(
        "document.getAnimations().map(one => ({ms: one.effect.getComputedTiming().duration,"
        " frames: one.effect.getKeyframes().map(key => [key.computedOffset, key.opacity])}))"
    )
    return found


def test_the_light_blinks_in_the_devices_own_time(browser: Browser, files: Files) -> None:
    with opened(browser, files["healthy"]) as here:
        (breathing,) = animations(here.page)
    with opened(browser, files["udp-blocked"]) as here:
        (error,) = animations(here.page)

    # device-os v6.2.0 system/src/system_led_signal.cpp: PatternPeriod::FADE_NORMAL, BLINK_FAST; and
    # system_task.cpp:176-186 and 404-422: one red blink of 250 ms; 250 ms on, 250 ms off.
    assert breathing["ms"] == 4000
    lit = [
        round((after[0] - frame[0]) * error["ms"])
        for frame, after in zip(error["frames"], error["frames"][1:], strict=False)
        if frame[1] == "1"
    ]
    assert set(lit[:-4]) == {50}
    assert lit[-4:] == [250, 250, 250, 250]


def test_the_light_can_be_held_still(browser: Browser, files: Files) -> None:
    with opened(browser, files["udp-blocked"], reduced_motion="reduce") as here:
        assert animations(here.page) == []
    with opened(browser, files["udp-blocked"]) as here:
        here.page.focus("#still")
        here.page.keyboard.press("Space")
        assert animations(here.page) == []
        assert re.search("orange", here.page.locator(".words").inner_text())


def test_every_picture_is_told_in_words(browser: Browser, files: Files) -> None:
    with opened(browser, files["udp-blocked"]) as here:
        unnamed = "[...document.querySelectorAll('svg, [role=img]')].filter(one => !one.closest('[aria-hidden=true]')"
        assert here.page.evaluate(f"{unnamed} && !one.ariaLabel && !one.closest('[role=img]')).length") == 0
        for section in ("way", "band", "time"):
            assert here.page.locator(f"#{section} [role=img]").count() >= 1
            assert here.page.locator(f"#{section} table caption").count() == 1
        assert here.page.locator("table").count() == here.page.locator("table caption").count()


@pytest.mark.parametrize("name", ["udp-blocked", "captive-portal", "wifi-wrong"])
def test_a_click_selects_the_whole_request_and_nothing_else(browser: Browser, files: Files, name: str) -> None:
    with opened(browser, files[name]) as here:
        request = here.page.locator(".request .text")
        box = request.bounding_box()
        assert request.count() == 1
        assert box is not None
        assert box["y"] < 800, "it begins on the first screen"
        request.click()

        selected = here.page.evaluate("String(getSelection())")
        assert selected.strip() == request.inner_text().strip()
        assert selected.startswith("Subject: ")
        assert "Asked by:" in selected
        assert "A click or tap selects all of it" in here.page.locator(".request").inner_text()


def test_where_nothing_is_to_be_asked_there_is_no_request(browser: Browser, files: Files) -> None:
    with opened(browser, files["healthy"]) as here:
        assert here.page.locator(".request").count() == 0
