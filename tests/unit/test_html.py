"""The HTML report: whole, the same bytes for the same report, and text only where text came from outside."""

import base64
import hashlib
import html
import itertools
import os
import re
import subprocess
import sys
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netpreflight.agent import profiles, report
from netpreflight.agent.led import LedSignal
from netpreflight.agent.report import Report
from netpreflight.agent.selection import Selection
from netpreflight.reports import FORMATS
from netpreflight.reports.firewall import DIALECTS
from netpreflight.reports.html import led_drawing as led
from netpreflight.reports.html import render
from netpreflight.reports.html.page import environment, page, templates
from tests.unit import four, seen
from tests.unit.hostile import HOSTILE, TAGS, planted
from tests.unit.partly import partly
from tests.unit.rendered import run

FOLDER = Path(__file__).parents[2] / "reports" / "html" / "templates"
VOID = {"meta", "input", "br", "hr", "img", "link"}


class Parsed(HTMLParser):
    """A document, as somebody else's parser reads it."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: dict[str, str] = {}
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it, and that it is open."""
        self.tags.append((tag, dict(attrs)))
        assert len(attrs) == len(dict(attrs)), "no attribute twice"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """See that it closes what was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep it, by its element."""
        where = self.open[-1] if self.open else ""
        self.texts[where] = self.texts.get(where, "") + data


def words(document: str) -> str:
    """The text of a document in its order, in one line."""
    body = re.sub(r"<style>.*?</style>", "", document, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


REPORTS: list[Any] = [pytest.param(made, id=name) for name, made in four.FOUR.items()]


@pytest.mark.parametrize("made", REPORTS)
def test_it_is_one_sound_document_that_leads_nowhere(made: Any) -> None:
    document = render(made())
    parsed = Parsed(document)

    assert parsed.open == []
    ids = [entry["id"] for _, entry in parsed.tags if "id" in entry]
    assert len(ids) == len(set(ids))
    links = [entry["href"] or "" for _, entry in parsed.tags if "href" in entry]
    assert {link.removeprefix("#") for link in links} <= set(ids)
    assert all(link.startswith("#") for link in links)
    assert not {"script", "img", "iframe", "link", "form", "a:link"} & {tag for tag, _ in parsed.tags}
    assert not {name for _, entry in parsed.tags for name in entry} & {"src", "style", "action", "srcdoc"}
    assert len(document.encode()) < 300_000


@pytest.mark.parametrize("made", REPORTS)
def test_its_policy_is_the_strictest_that_its_own_style_allows(made: Any) -> None:
    parsed = Parsed(render(made()))
    (policy,) = [
        entry["content"] or "" for _, entry in parsed.tags if entry.get("http-equiv") == "Content-Security-Policy"
    ]

    rules = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    digest = base64.b64encode(hashlib.sha256(parsed.texts["style"].encode()).digest()).decode()
    assert rules == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert not re.search(r"url\(|@import|expression|https?:", parsed.texts["style"])
    assert ("meta", {"name": "referrer", "content": "no-referrer"}) in parsed.tags


@pytest.mark.parametrize("made", REPORTS)
def test_every_fact_of_the_report_is_there(made: Any) -> None:
    rich: Report = made()
    told = words(render(rich))

    def there(text: str | None) -> bool:
        return not text or " ".join(text.split()) in told

    assert there(rich.answer.sentence)
    assert all(there(text) for text in (rich.answer.plain, rich.answer.obstacle, rich.answer.change))
    assert all(there(text) for text in rich.notes)
    assert all(there(change.line) for change in rich.changes)
    assert rich.enough is None or there(rich.enough.sentence)
    for check in rich.checks:
        for text in (check.id, check.summary, check.reason, *check.evidence):
            assert there(text), check.id
    assert all(there(step.summary) for station in rich.route for step in station.steps)
    assert all(there(device.title) for device in rich.devices)
    assert all(there(text) for asked in rich.answers for text in (asked.question, asked.answer or asked.how))
    assert all(there(stage.title) and there(stage.led) for stage in rich.startup.stages)
    assert all(there(line) for line in rich.startup.log)
    assert all(there(f"{contact.address}:{contact.port}") for contact in rich.footprint)
    assert rich.observations.wifi is not None
    assert all(there(bss.bssid) for bss in rich.observations.wifi.bss)


@pytest.mark.more
def test_the_same_report_gives_the_same_bytes_in_every_process() -> None:
    script = (
        "import hashlib; from tests.unit import four; from netpreflight.reports.html import render;"
        "print(*(hashlib.sha256(render(one()).encode()).hexdigest() for one in four.FOUR.values()))"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            check=True,
            cwd=Path(__file__).parents[2],
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Pacific/Auckland"))
    }

    assert len(made) == 1
    assert next(iter(made)).decode().split()[0] == hashlib.sha256(render(four.healthy()).encode()).hexdigest()


@pytest.mark.parametrize("made", REPORTS)
def test_a_saved_run_gives_the_same_page_byte_for_byte(tmp_path: Path, made: Any) -> None:
    first: Report = made()
    report.write(tmp_path / "run.json", FORMATS[".json"](first))

    loaded, device = report.load(tmp_path / "run.json")
    again = report.make(loaded, profiles.load(device.name, device.os_version))

    assert render(again) == FORMATS[".html"](first)


def test_a_whole_number_that_a_source_gave_makes_no_other_page(tmp_path: Path) -> None:
    measured = four.run_of(wifi=four.air())
    assert measured.observations.wifi is not None
    bss = measured.observations.wifi.bss
    bss[0] = msgspec.structs.replace(bss[0], signal_dbm=-50)

    measured = msgspec.structs.replace(measured, observations=report.as_saved(measured.observations))
    report.write(tmp_path / "run.json", FORMATS[".json"](four.made(measured, "photon2")))
    loaded, _ = report.load(tmp_path / "run.json")

    assert render(four.made(loaded, "photon2")) == render(four.made(measured, "photon2"))


HOSTILE_TEXTS = {
    **HOSTILE,
    "tags": TAGS,
    "html": four.HOSTILE,
    "quotes": "\"'`=<>&amp;&#x3c;",
    "brackets": "{{7919*7907}}{% if %}",
}


@pytest.mark.parametrize("text", partly({"markup", "quotes"}, HOSTILE_TEXTS))
@pytest.mark.parametrize("own", [False, True], ids=["observed", "in-the-report"])
def test_nothing_from_outside_becomes_markup(text: str, own: bool) -> None:  # noqa: FBT001 - a parameter of the test
    plain = planted(run(), "plain", own=False)
    hostile = planted(run(), text, own=False)
    made, usual = (report.make(run, profiles.load("photon2")) for run in (hostile, plain))
    if own:
        made, usual = planted(made, text, own=True), planted(usual, "plain", own=True)

    document, other = render(made), render(usual)
    parsed, expected = Parsed(document), Parsed(other)

    assert {tag for tag, _ in parsed.tags} <= {tag for tag, _ in expected.tags} | {"pattern", "defs", "rect"}
    allowed = {name for _, marks in expected.tags for name in marks}
    allowed |= {"patternunits", "patterntransform", "fill", "height", "width"}
    assert {name for _, marks in parsed.tags for name in marks} <= allowed
    assert [
        char for char in document if char != "\n" and unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp", "Cs"}
    ] == []
    assert "<script" not in document
    assert "62615533" not in document, "no template of somebody else's"
    assert len(document) < 2_000_000


def test_the_worst_report_is_sound() -> None:
    parsed = Parsed(render(four.hostile()))

    assert parsed.open == []
    assert not {"script", "img"} & {tag for tag, _ in parsed.tags}


@pytest.mark.more
def test_a_crowd_is_cut_and_says_so() -> None:
    document = render(four.crowded(2000))

    assert len(document) < 1_000_000
    told = words(document)
    assert "And 1980 weaker ones" in told
    assert re.search(r"wifi: \d+ BSSs left out", told)
    assert "And 160 more (see the JSON)" in told, "networks"


@pytest.mark.parametrize("name", templates())
def test_no_template_goes_round_the_escaping(name: str) -> None:
    text = (FOLDER / name).read_text()

    assert not re.search(
        r"\|\s*(safe|forceescape)|autoescape|Markup|<script|\sstyle=|\son\w+=|javascript:|https?:", text
    )
    assert not re.search(r"=\{\{|=\s*[^\"'\s>=]*\{\{", re.sub(r"\{%.*?%\}", "", text)), "attributes are quoted"


def test_a_template_cannot_forget_to_escape() -> None:
    made = (
        environment()
        .from_string('<p title="{{ x }}">{{ x }}</p>{{ x | whole }}')
        .render(x='"<b>\u202e\x1b' + "a" * 500)
    )

    assert made.count("<") == 2
    assert made.count('"') == 2
    assert "\u202e" not in made
    assert made.count("a" * 500) == 1, "only what is asked to be whole is"


def test_a_missing_value_is_an_error_and_not_a_gap() -> None:
    import jinja2  # noqa: PLC0415 - the page's own library

    with pytest.raises(jinja2.UndefinedError):
        page("report.html")


# --- firewalls


def titles(document: str) -> dict[str, bool]:
    """The folded parts that are named after a product, and whether they are opened."""
    found = re.findall(r"<details( open)?>\s*<summary>(.*?)</summary>", document)
    names = {dialect.title for dialect in DIALECTS.values()}
    return {html.unescape(title): bool(opened) for opened, title in found if html.unescape(title) in names}


def test_every_product_is_folded_away_or_those_asked_for_are_open() -> None:
    made = four.udp_blocked()

    assert titles(render(made)) == {dialect.title: False for dialect in DIALECTS.values()}
    assert titles(render(made, ["fortios", "pf"])) == {DIALECTS["fortios"].title: True, DIALECTS["pf"].title: True}
    assert titles(render(four.healthy(), ["fortios"])) == {}
    assert "set subnet 192.168.77.0 255.255.255.0" in words(render(made, ["fortios"]))


# --- the LED


BREATHING = LedSignal(colour="cyan", on_ms=2000, off_ms=2000, breathes=True)
CONNECTING = LedSignal(colour="cyan", on_ms=100, off_ms=100)
ERROR = LedSignal(colour="orange", on_ms=250, off_ms=250, times=3)


def test_the_light_is_drawn_in_its_own_time() -> None:
    assert "4000ms linear" in led.css("led", [BREATHING])
    assert "200ms step-end" in led.css("led", [CONNECTING])
    assert led.css("led", []) == ""

    orange = [piece for piece in led.strip([CONNECTING, ERROR]) if piece.colour == led.COLOURS["orange"]]
    assert [round(piece.length) for piece in orange] == [62] * 3  # 250 ms of 4 s, in per mille
    assert [round(after.start - piece.start) for piece, after in itertools.pairwise(orange)] == [125] * 2


def test_a_strip_shows_each_blink_of_three_lights_after_one_another() -> None:
    red = LedSignal(colour="red", on_ms=250, off_ms=0, times=1)
    lit = [piece for piece in led.strip([CONNECTING, red, ERROR]) if piece.colour != led.COLOURS["cyan"]]

    assert [piece.colour for piece in lit] == [led.COLOURS["red"], *[led.COLOURS["orange"]] * 3]
    assert len({round(piece.length) for piece in lit}) == 1, "each is on for 250 ms"
    assert lit[-1].start + lit[-1].length <= 1000


def test_an_absurd_light_stays_a_light() -> None:
    made = led.css("led", [LedSignal(colour="}</style>", on_ms=-5, off_ms=10**12, times=10**9), ERROR])

    assert "</" not in made
    assert len(made) < 10_000


@pytest.mark.parametrize(
    ("made", "colours"),
    [(four.healthy, ["cyan"]), (four.udp_blocked, ["cyan", "red", "orange"]), (four.wifi_wrong, ["green"])],
)
def test_the_light_is_that_of_the_report(made: Any, colours: list[str]) -> None:
    rich: Report = made()

    assert [light.colour for light in rich.startup.lights] == colours
    assert all(colour in (rich.startup.led or "") for colour in colours)


def test_numbers_of_any_size_are_drawn() -> None:
    made = four.udp_blocked()
    assert made.observations.cloud is not None
    made.observations.cloud.started_s, made.observations.cloud.duration_s = 1e300, -1e300

    document = render(msgspec.structs.replace(made, duration_s=0.0))

    assert "nan" not in document
    assert "inf" not in re.findall(r'="(inf|-inf)', document)


# --- no more than was seen


def test_what_was_left_out_is_not_said_to_work() -> None:
    run = four.run_of()
    some = msgspec.structs.replace(run, selection=Selection(skip=["cloud.transport"]))

    assert "Every exchange that the device needs was seen to work" in render(four.made(run, "photon2"))
    made = four.made(some, "photon2")
    assert (made.verdict, made.answer.obstacle) == ("compatible", None)
    assert "was seen to work here" not in render(made)
    assert "It is not known whether what was left out works" in render(made)


def test_a_request_says_of_an_optional_change_only_that_it_is_not_needed() -> None:
    made = four.made(four.run_of(cloud=None, ntp=seen.ntp()), "photon")

    assert made.startup.online is None
    assert [change.needed for change in made.changes] == [False]
    for rendered in (render(made), FORMATS[".md"](made)):
        assert "the device does not need it" in rendered
        assert "gets online without" not in rendered


@pytest.mark.parametrize(
    ("medium", "says"),
    [
        ("wifi", "is to be used on the Wi-Fi 'Workshop'. It would"),
        ("wired", "on the Wi-Fi 'Workshop' (looked at over the air; the rest was measured by cable). It would"),
    ],
)
def test_a_request_says_how_the_network_was_looked_at(medium: str, says: str) -> None:
    made = four.udp_blocked()
    scope = msgspec.structs.replace(made.scope, medium=medium)

    assert says in " ".join(Parsed(render(msgspec.structs.replace(made, scope=scope))).texts.values())


@pytest.mark.parametrize("made", REPORTS)
def test_each_finding_leads_to_what_its_page_says_of_it(made: Any) -> None:
    """The words of docs/checks, whole: the section of its problem, without the marks of Markdown."""
    judged: Report = made()
    document = render(judged)
    findings = [check for check in judged.checks if check.problem]
    shown_at = {ident for _, attributes in Parsed(document).tags if (ident := attributes.get("id"))}

    for check in findings:
        told = document.partition(f'<div id="about-{check.id}">')[2].partition("</div>")[0]
        page = (FOLDER.parents[2] / f"docs/checks/{check.id}.md").read_text(encoding="utf-8")
        common = (FOLDER.parents[2] / "docs/checks/common.md").read_text(encoding="utf-8")
        section = next(text for text in f"{page}\n{common}".split("\n## ") if text.startswith(f"{check.problem}\n"))
        words = re.findall(r"[a-z]{4,}", section.partition("Problems that any check")[0])
        assert f"about-{check.id}" in shown_at
        assert f'href="#about-{check.id}"' in document
        assert len(words) > 10
        assert set(words) <= set(re.findall(r"[a-z]{4,}", html.unescape(told)))
    assert document.count('<div id="about-') == len(findings)
    assert bool(findings) == (made is not four.healthy)
