"""`netpreflight compare` from outside, and its renderings: the same facts, as text only, whatever is in the runs."""

import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netpreflight.agent import profiles, report
from netpreflight.agent.compare import Comparison, compare
from netpreflight.agent.compare.parts import Given
from netpreflight.agent.selection import Selection
from netpreflight.reports import FORMATS as REPORTS
from netpreflight.reports.comparison import FORMATS
from netpreflight.reports.comparison.terminal import show
from tests.unit.command import run
from tests.unit.hostile import planted
from tests.unit.markdown_readers import HOSTILE_NAMES, PARSER, every, pages
from tests.unit.partly import partly
from tests.unit.rendered import raw
from tests.unit.seen import bss, wifi
from tests.unit.two_runs import PHONE_MAC, ROUTER_MAC, blocked, compared, given_as, later, phone, site


def text_of(given: Given) -> str:
    """A run as a file has it, judged for the device in it."""
    judged = profiles.load(given.saved.device.name, given.saved.device.os_version)
    return REPORTS[".json"](report.make(given.saved.run, judged))


def saved(folder: Path, name: str, given: Given) -> str:
    """Such a file."""
    file = folder / name
    file.write_text(text_of(given))
    return str(file)


@cache
def written() -> dict[str, str]:
    """The runs as text."""
    made = {
        "blocked": given_as("A", site(cloud=blocked())),
        "open": given_as("B", site(), later(10)),
        "phone": given_as("B", phone(), later(10)),
        "cut": given_as("B", site(cloud=None), later(10), complete=False),
        "photon": given_as("B", site(), later(10), judged_for="photon"),
    }
    return {name: text_of(side) for name, side in made.items()}


@pytest.fixture
def runs(tmp_path: Path) -> dict[str, str]:
    files = {name: tmp_path / f"{name}.json" for name in written()}
    for name, text in written().items():
        files[name].write_text(text)
    return {name: str(file) for name, file in files.items()}


@pytest.mark.parametrize(
    ("a", "b", "code"),
    [("blocked", "open", 0), ("blocked", "phone", 0), ("open", "blocked", 3), ("open", "cut", 3), ("blocked", "cut", 0),
     ("phone", "blocked", 1), ("open", "open", 0), ("blocked", "photon", 0)],
)  # fmt: skip
def test_the_exit_code_says_whether_something_needed_is_worse(runs: dict[str, str], a: str, b: str, code: int) -> None:
    ran = run("compare", "--json", runs[a], runs[b])

    assert (ran.returncode, ran.stderr) == (code, "")
    made = msgspec.json.decode(ran.stdout, type=Comparison)
    assert made.worse == {0: False, 1: True, 3: None}[code]
    assert made.schema == "netpreflight-comparison/1"


def test_a_change_that_broke_something_is_exit_code_1(tmp_path: Path, runs: dict[str, str]) -> None:
    broken = saved(tmp_path, "broken.json", given_as("B", site(cloud=blocked()), later(60)))

    assert run("compare", runs["open"], broken).returncode == 1


def test_both_are_judged_for_the_device_of_a_or_the_one_named(runs: dict[str, str]) -> None:
    usual = json.loads(run("compare", "--json", runs["blocked"], runs["photon"]).stdout)
    named = json.loads(run("compare", "--json", "--device", "photon", runs["blocked"], runs["photon"]).stdout)

    assert (usual["device"]["name"], usual["b"]["judged_for"]) == ("argon", "Particle Photon, Device OS 3.3.1")
    assert any("B was judged for Particle Photon" in limit["text"] for limit in usual["limits"])
    assert (named["device"]["name"], named["a"]["verdict"]) == ("photon", "compatible")
    assert any("A was judged for Particle Argon" in limit["text"] for limit in named["limits"])


def test_each_format_is_written_and_the_terminal_says_the_same(tmp_path: Path, runs: dict[str, str]) -> None:
    files = {ending: tmp_path / f"c{ending}" for ending in FORMATS}
    outputs = [part for path in files.values() for part in ("-o", str(path))]
    ran = run("compare", runs["blocked"], runs["phone"], *outputs)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "This laptop is ruled out" in " ".join(ran.stdout.split())
    for file in files.values():
        assert "This laptop is ruled out" in " ".join(file.read_text().split())
    assert msgspec.json.decode(files[".json"].read_bytes(), type=Comparison).story == "two-networks"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("{blocked}",), "B"),
        (("{blocked}", "/nowhere.json"), "/nowhere.json"),
        (("/nowhere.json", "{blocked}"), "/nowhere.json"),
        (("{blocked}", "{open}", "-o", "x.pdf"), ".md"),
        (("{blocked}", "{open}", "--device", "fridge"), "fridge"),
    ],
)
def test_wrong_usage_is_one_line(runs: dict[str, str], arguments: tuple[str, ...], says: str) -> None:
    ran = run("compare", *(argument.format(**runs) for argument in arguments))

    assert (ran.returncode, ran.stdout, len(ran.stderr.splitlines())) == (2, "", 1)
    assert says in ran.stderr


STORIES = {
    "two-networks": lambda: compared(site(cloud=blocked()), phone(), second=later(10)),
    "before-and-after": lambda: compared(site(cloud=blocked()), site({"os": "win32"}, dhcp=None), second=later(10)),
}


@pytest.mark.parametrize("which", ["blocked", "open"])
def test_a_comparison_does_not_take_the_place_of_a_run(runs: dict[str, str], which: str) -> None:
    before = Path(runs[which]).read_bytes()

    ran = run("compare", runs["blocked"], runs["open"], "-o", runs[which])

    assert (ran.returncode, ran.stdout) == (2, "")
    assert "would replace one of the two runs" in ran.stderr
    assert Path(runs[which]).read_bytes() == before


@pytest.mark.more
@pytest.mark.parametrize("hostile", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
@pytest.mark.parametrize("story", STORIES)
def test_hostile_text_in_a_comparison_is_text_only(story: str, hostile: str) -> None:
    made: Any = planted(STORIES[story](), hostile, own=True)
    stream = io.StringIO()
    show(made, stream)

    for text in (stream.getvalue(), *(render(made) for render in FORMATS.values())):
        assert raw(text) == []
    assert msgspec.json.decode(FORMATS[".json"](made), type=Comparison) == made
    document = FORMATS[".md"](made)
    assert {token.type for token in every(PARSER.parse(document))}.isdisjoint(
        {"link_open", "image", "html_inline", "html_block", "s_open", "em_open"}
    )
    for page in pages(document):
        assert set(page.tags) <= {"p", "code", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "h3", "strong"}


@pytest.mark.parametrize("hostile", partly({"CSI", "markup", "pipes", "html"}, HOSTILE_NAMES))
def test_a_comparison_of_hostile_runs_is_text_only(hostile: str) -> None:
    a = planted(given_as("A", site(cloud=blocked())).saved.run.observations, hostile, own=True)
    made = compare(given_as("A", a), given_as("B", phone()), profiles.load("argon"))

    for render in FORMATS.values():
        assert raw(render(made)) == []


@pytest.mark.parametrize("ending", sorted({*FORMATS} - {".json"}))
def test_what_both_runs_left_out_shares_one_row(ending: str) -> None:
    made = compared(site(), site(cloud=blocked()), second=later(1), selection=Selection(only=["cloud.transport"]))
    text = FORMATS[ending](made)

    assert text.count("left out of both") == 1
    assert all(f"{group}" in text for group in ("wifi", "dhcp", "dns", "ntp.reply"))


def test_every_format_has_every_part() -> None:
    made = STORIES["before-and-after"]()
    assert made.asked
    assert made.limits

    for ending in (".md", ".txt"):
        text = " ".join(FORMATS[ending](made).replace("`", "").split())
        parts = [made.sentence, made.asked[0].because, made.a.headline, *(limit.text for limit in made.limits)]
        for part in [*parts, *(difference.what for difference in made.differences)]:
            assert " ".join(part.split()) in text, (ending, part)
        assert all(pair.id in text for pair in made.checks)


def test_a_redacted_comparison_names_nothing_of_either_place(tmp_path: Path) -> None:
    here = site({"ssid": "Zq7cafe"}, wifi=wifi(bss(ssid="Zq7cafe"), target="Zq7cafe"), cloud=blocked())
    there = phone({"ssid": "Zq7phone"}, wifi=wifi(bss(ssid="Zq7phone"), target="Zq7phone"))
    planted = ("Zq7", "172.20.10", PHONE_MAC, ROUTER_MAC)
    a, b = (
        saved(tmp_path, f"Zq7 {side.letter}.json", side)
        for side in (given_as("A", here), given_as("B", there, later(10)))
    )
    files = {level: [tmp_path / f"{level}{ending}" for ending in FORMATS] for level in ("complete", "public")}

    for level, names in files.items():
        wanted = [part for path in names for part in ("-o", str(path))]
        ran = run("compare", a, b, "--share", level, *wanted)
        texts = [ran.stdout, *(path.read_text() for path in names)]
        found = [any(secret in text for secret in planted) for text in texts]
        assert (ran.returncode, ran.stderr) == (0, "")
        assert all(found) if level == "complete" else not any(found)
    assert run("compare", a, b, "--redact").stdout == run("compare", a, b, "--share", "public").stdout
