"""The page of many sites, its numbers, and the metrics: from rows whose counts are known."""

import html
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from netpreflight.fleet import engine
from netpreflight.fleet.answers import change_in_words
from netpreflight.fleet.metrics import render as metrics_of
from netpreflight.fleet.overview import Overview, overview, wilson
from netpreflight.fleet.page import render as page_of
from netpreflight.fleet.store import Store
from tests.unit.hostile import HOSTILE
from tests.unit.partly import first


@pytest.mark.parametrize(
    ("found", "of", "low", "high"),
    [(10, 100, 0.05522914, 0.17436566), (0, 20, 0.0, 0.1611252), (20, 20, 0.8388748, 1.0)],
)
def test_the_interval_is_that_of_r(found: int, of: int, low: float, high: float) -> None:
    """As `prop.test(found, of, correct = FALSE)` of R gives it."""
    assert wilson(found, of) == pytest.approx((low, high), abs=1e-6)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (
            "wifi.band: nontransmitted",
            "wifi.band nontransmitted: the network administrator switches off Multiple BSSID (MBSSID)",
        ),
        ("portal: only-laptop, cloud.transport: only-laptop", "portal only-laptop, cloud.transport only-laptop: the"),
        ("wifi.signal: weak", "wifi.signal weak: you. Move the device or the access point nearer"),
    ],
)
def test_a_change_says_what_has_to_be_done(key: str, words: str) -> None:
    assert change_in_words(key).startswith(words)


@pytest.mark.parametrize("key", ["UDP 5684 to *.v6.udp.particle.io", "wifi.band", "wifi.band: unheard-of", "x: y", ""])
def test_a_change_whose_words_are_not_known_is_shown_as_it_is(key: str) -> None:
    assert change_in_words(key) == key


def shop(number: int, maker: str, verdict: str, month: int = 1, device: str = "argon") -> dict[str, Any]:
    return {
        "run": f"{number} {month} {verdict}", "site": f"Shop {number}", "site_from": "label", "complete": True,
        "started": f"2026-{month:02}-02T03:04:05", "sharing": "complete", "judgeable": True, "rules": "6",
        "device": device, "os": "6.2.0", "verdict": verdict, "maker": maker,
    }  # fmt: skip


def shown(folder: Path, runs: list[dict[str, Any]], owner: str = "network administrator") -> Overview:
    store = Store(folder)
    with store.writing() as writer, engine.for_writing(store) as connection:
        writer.add("runs", runs)
        writer.add("verdicts", [{name: run[name] for name in ("run", "device", "os", "verdict")} for run in runs])
        failing = [run for run in runs if run["verdict"] == "incompatible"]
        check = {"status": "fail", "level": "required", "owner": owner}
        writer.add("checks", [{"run": run["run"], "id": "portal", **check} for run in failing])
        writer.add(
            "checks",
            [{"run": run["run"], "id": "cloud.transport", **check, "due_to": "portal"} for run in failing],
        )
        change = {"key": "UDP 5684 to cloud.example", "place": "firewall", "owner": owner, "needed": True}
        writer.add("changes", [{"run": run["run"], **change, "alone_enough": True} for run in failing])
        writer.commit(connection)
    with engine.for_reading(store) as connection:
        return overview(connection)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Overview:
    """20 sites of one maker, of which 5 broke in February; 19 of another, of which all fail."""
    runs = [shop(number, "Acme", "compatible") for number in range(20)]
    runs += [shop(number, "Acme", "incompatible", month=2) for number in range(5)]
    runs += [shop(number, "Few", "incompatible") for number in range(20, 39)]
    return shown(tmp_path_factory.mktemp("page") / "store", runs)


def test_makers_are_told_from_20_sites_on_with_their_bounds(made: Overview) -> None:
    (maker,) = made.makers

    assert (maker.maker, maker.sites, maker.failing) == ("Acme", 20, 5)
    assert (maker.at_least, maker.at_most) == pytest.approx((0.1118617, 0.4687001), abs=1e-6)  # R, as above


def test_causes_stand_with_their_owner_without_what_follows_from_them(made: Overview) -> None:
    assert [(owner.owner, owner.causes) for owner in made.owners] == [("network administrator", [("portal", 24)])]
    assert [(change.change, change.sites, change.alone_enough) for change in made.changes] == [
        ("UDP 5684 to cloud.example", 24, 24)
    ]


def test_what_broke_is_told_by_month(made: Overview) -> None:
    assert [(f"{month.month:%Y-%m}", month.broke, month.works_again) for month in made.months] == [
        ("2026-01", 0, 0),
        ("2026-02", 5, 0),
    ]


class Elements(HTMLParser):
    """What elements and attributes a page has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the names."""
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}


def test_the_page_has_the_numbers_and_no_script(made: Overview) -> None:
    page = page_of(made)
    elements = Elements(page)

    assert not {"script", "img", "link", "iframe"} & set(elements.tags)
    assert not {name for name in elements.attributes if name.startswith("on") or name == "style"}
    assert "default-src 'none'" in html.unescape(page)
    for text in ("39 sites, 44 runs", "Acme", "11% to 47%", "UDP 5684 to cloud.example", "2026-02", "portal"):
        assert text in page, text
    assert "Few" not in page
    assert "Shop" not in page, "it names no site"
    assert elements.tags.count("rect") == 1 + 1 + 4, "a mark's symbol, one cause, two bars for each month"


def test_an_empty_store_has_a_page_and_metrics(tmp_path: Path) -> None:
    with engine.for_reading(Store(tmp_path / "store")) as connection:
        empty = overview(connection)

    assert "0 sites, 0 runs" in page_of(empty)
    assert "netpreflight_fleet_runs 0\n" in metrics_of(empty.summary)


@pytest.mark.parametrize("text", first(3, HOSTILE.values()), ids=HOSTILE)
def test_hostile_names_are_texts(tmp_path: Path, text: str) -> None:
    name = text[:200] + '<script>"x"</script>'
    runs = [shop(number, name, "incompatible", device=name) for number in range(20)]
    made = shown(tmp_path / "store", runs, owner=name)
    page = page_of(made)

    assert "script" not in Elements(page).tags
    assert not re.search("[\x00-\x08\x1b\u202e\u2066]", page)
    assert all(LINE.fullmatch(line) for line in metrics_of(made.summary).rstrip("\n").split("\n"))


LINE = re.compile(
    r"# (?:HELP|TYPE) [a-z_]+ .+"
    r'|[a-z_]+(?:\{[a-z]+="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-z]+="(?:[^"\\\n]|\\[\\"n])*")*\})? [0-9]+'
)
"""A line of Prometheus' text format (its page on exposition formats)."""


def test_no_series_is_there_twice_where_a_version_is_empty_and_another_not_known(tmp_path: Path) -> None:
    runs = [{**shop(number, "Acme", "compatible"), "os": version} for number, version in enumerate(("", None))]
    lines = metrics_of(shown(tmp_path / "store", runs).summary).splitlines()

    assert len({line.rpartition(" ")[0] for line in lines if not line.startswith("#")}) == len(
        [line for line in lines if not line.startswith("#")]
    )
    assert 'netpreflight_fleet_site_verdicts{device="argon",os="",verdict="compatible"} 2' in lines


def test_the_metrics_are_in_the_text_format(made: Overview) -> None:
    lines = metrics_of(made.summary).splitlines()

    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert 'netpreflight_fleet_site_verdicts{device="argon",os="6.2.0",verdict="incompatible"} 24' in lines
    assert "netpreflight_fleet_sites 39" in lines
    names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
