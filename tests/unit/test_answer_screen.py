"""The answer on one screen: it fits 80 by 24, has all that did not pass, and loses nothing at 40 columns."""

import io
import re
from pathlib import Path

import msgspec
import pytest
from rich.cells import cell_len
from rich.console import Console

from netpreflight.agent import profiles, report
from netpreflight.agent.next_step import Invocation, options_of
from netpreflight.agent.report import Report
from netpreflight.agent.sentences import counted
from netpreflight.reports.safe_text import shown
from netpreflight.reports.sharing import shared
from netpreflight.reports.terminal.answer import print_answer
from tests.unit import places, seen
from tests.unit.four import FOUR
from tests.unit.made_reports import EACH_SOURCE, FIT, HIGH, reports_of
from tests.unit.partly import partly
from tests.unit.rendered import raw, run

KEPT = Path("/home/ann/.local/share/netpreflight/runs/2026-11-28T235959Z-photon2.json")


def screen(
    made: Report, columns: int = 80, kept: Path | None = KEPT, *, full: bool = False, page: Path | None = None
) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=columns, highlight=False, markup=False, emoji=False, color_system=None)
    by = Invocation(program="./netpreflight", options=options_of(made))
    print_answer(console, made, by, kept=kept, full=full, page=page)
    return stream.getvalue()


EACH = pytest.mark.parametrize("source", EACH_SOURCE)


@EACH
def test_it_fits_a_terminal_of_24_lines_with_the_prompt(source: str) -> None:
    for made in reports_of(source):
        for kept in (KEPT, None):
            shown_lines = screen(made, kept=kept).splitlines()

            assert sum(max(1, -(-cell_len(line) // 80)) for line in shown_lines) <= 23, "\n".join(shown_lines)
            assert all(cell_len(line) <= 80 for line in shown_lines if not line.startswith(COPIED)), shown_lines
            assert not raw("\n".join(shown_lines))


COPIED = (
    "To ask for it by mail: ",
    "Run: ",
    "Then run: ",
    "What that means: ",
    "Everything: ",
    "Kept: ",
    "To be sure, be the device: ",
)
"""Lines that are copied, and so are never broken."""


@EACH
def test_it_has_the_whole_headline_and_names_or_counts_each_check_that_did_not_pass(source: str) -> None:
    if source == "planted_everywhere":
        return
    for made in reports_of(source):
        text = screen(made)
        words = " ".join(text.split())

        assert "".join(shown(made.headline).split()) in "".join(words.split()), "whatever was broken into lines"
        bad = [check for check in made.checks if check.status in {"fail", "unknown", "warn"} and not check.is_needless]
        assert listed(text) == len(bad), f"{text}\n{[check.id for check in bad]}"
        passed = sum(check.status == "pass" for check in made.checks)
        assert re.search(rf"^{passed} checks? passed", text, re.MULTILINE)
        skipped = sum(check.status == "skip" for check in made.checks)
        assert bool(skipped) == (f"; {skipped} left out" in text)
        if not_needed := [check for check in made.checks if check.is_needless]:
            assert f"{counted(len(not_needed), 'other')} do" in words
            assert "not count: this device does not need" in words


def listed(text: str) -> int:
    """How many checks the rows of a screen stand for."""
    found = 0
    for line in text.splitlines():
        if row := re.match(r"(?:FAIL|unknown|warning)\s+(.{20})", line):
            label = row[1]
            if count := re.search(r"\((\d+) checks\)", label):
                found += int(count[1])
            elif more := re.search(r"\+(\d+)", label):
                found += 1 + int(more[1])
            else:
                found += sum(8 if word == "wifi" else MEMBERS.get(word, 1) for word in label.strip().split(", "))
        elif more := re.match(r"\s+and (\d+) more checks? that", line):
            found += int(more[1])
    return found


MEMBERS = {"dhcp": 3, "dns": 2}


@EACH
def test_at_40_columns_nothing_is_lost(source: str) -> None:
    for made in reports_of(source):
        wide, narrow = screen(made), screen(made, 40)

        assert "".join(narrow.split()) == "".join(wide.split())
        broken = [line for line in narrow.splitlines() if not line.startswith(COPIED)]
        assert all(cell_len(line) <= 40 for line in broken), broken


def test_the_kept_file_stands_last_and_else_the_ways_to_everything() -> None:
    made = FOUR["udp-blocked"]()

    assert screen(made).splitlines()[-2:] == ["Everything: ./netpreflight report --full", f"Kept: {KEPT}"]
    assert screen(made, kept=None).splitlines()[-1].startswith("Everything: with --full on the screen, ")
    assert "Everything" not in screen(made, full=True)
    written = screen(made, kept=None, page=Path("office.html"))
    assert written.splitlines()[-1] == "Everything: office.html"


def test_the_page_of_the_problem_is_named_with_its_command() -> None:
    made = FOUR["udp-blocked"]()
    check = next(check for check in made.checks if check.id == made.answer.check)

    assert f"\nWhat that means: ./netpreflight explain {check.id} {check.problem}\n" in screen(made)


def test_whether_it_is_the_cloud_is_said_whole_in_any_room() -> None:
    made = FOUR["udp-blocked"]()
    note = next(note for note in made.notes if note.startswith("Is it the cloud?"))
    many = msgspec.structs.replace(made, notes=["Something else that is said in many words. " * 9, note])

    assert note in " ".join(screen(many).split())


def test_what_is_due_to_another_check_is_said_to_be() -> None:
    made = places.of(places.broken(dns=seen.dns(default=None)), device="argon")
    due = [check for check in made.checks if check.due_to == "dns.resolve" and check.status != "pass"]

    assert due
    assert re.search(r"^unknown  .* due to dns\.resolve: ", screen(made), re.MULTILINE)


def test_what_is_due_to_letting_only_the_laptop_through_names_no_portal() -> None:
    caught = FOUR["captive-portal"]()
    as_device = msgspec.structs.replace(
        caught,
        checks=[
            msgspec.structs.replace(check, problem="only-laptop") if check.id == "portal" else check
            for check in caught.checks
        ],
    )

    assert "due to portal: " in screen(caught)
    assert "due to portal" not in screen(as_device)
    assert " only the laptop passes: " in screen(as_device)


@pytest.mark.parametrize("source", partly({"of_four"}, ["of_four", "of_places"]))
def test_the_worst_comes_first(source: str) -> None:
    for made in reports_of(source):
        words = re.findall(r"^(FAIL|unknown|warning) ", screen(made), re.MULTILINE)

        assert words == sorted(words, key=["FAIL", "unknown", "warning"].index)


def test_networks_in_range_are_listed_best_first_and_counted() -> None:
    text = screen(report.make(run(wifi=seen.wifi(*FIT, *HIGH, target=None)), profiles.load("argon")))

    assert "5 would do and 4 would not" in " ".join(text.split())
    assert "Nothing" not in text
    rows = re.findall(r"^(yes|yes, but|NO|unknown) +(fit|high)-", text, re.MULTILINE)
    assert rows
    assert rows[0] == ("yes", "fit")
    assert f"and {9 - len(rows)} more networks" in text


@pytest.mark.parametrize("level", ["ticket", "public"])
def test_a_shared_report_is_shown_as_the_level_allows(level: report.SharingLevel) -> None:
    made = shared(places.of(places.broken(wifi=seen.wifi(seen.bss(ssid="Zimmer"), target="Zimmer"))), level)
    options = options_of(made)

    assert ("Zimmer" in screen(made)) == (level == "ticket")
    assert options.without_names().ssid in {None, "NAME"}
