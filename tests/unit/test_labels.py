"""The site and the place of a run: said by the user, kept, shown, and hidden from the public."""

import json
from pathlib import Path

import msgspec
import pytest
from msgspec import UNSET
from msgspec.structs import replace

from netpreflight.agent import profiles, report
from netpreflight.agent.cli.checked import check_labels
from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.report import Report, SharedLevel, load
from netpreflight.agent.report.saved import Saved
from netpreflight.reports import FORMATS
from netpreflight.reports.sharing import shared
from tests.unit import seen
from tests.unit.again import run_of
from tests.unit.beacons import pcap
from tests.unit.captures import HT20, LISTENED, WPA2, heard
from tests.unit.command import refused, run
from tests.unit.hostile import HOSTILE
from tests.unit.partly import partly
from tests.unit.rendered import on_terminal
from tests.unit.samples import DATA

SITE, PLACE = "Berlin 12", "Room 3, behind the boiler"


def labelled(site: str = SITE, place: str = PLACE) -> Report:
    labelled_run = replace(run_of(seen.healthy()), site=site, place=place)
    return report.make(labelled_run, profiles.load("argon"))


def outputs(made: Report) -> dict[str, str]:
    return {"terminal": on_terminal(made), **{name: render(made, []) for name, render in FORMATS.items()}}


@pytest.mark.parametrize("said", [" Berlin\t12\n", "Berlin 12"])
def test_a_label_stands_on_a_line(said: str) -> None:
    assert check_labels(site=said) == {"site": "Berlin 12"}


@pytest.mark.parametrize("said", ["", " \n", "x" * 201])
def test_an_empty_or_endless_label_is_refused(said: str) -> None:
    with pytest.raises(UsageError, match=r"^--site: 1 to 200 characters; this has (0|201)$"):
        check_labels(site=said)


def test_what_is_not_said_is_absent() -> None:
    made = report.make(run_of(seen.healthy()), profiles.load("argon"))

    assert check_labels(site=None, place=None) == {}
    assert '"site"' not in FORMATS[".json"](made)
    assert "site:" not in on_terminal(made)


def test_a_run_has_what_its_options_say(tmp_path: Path) -> None:
    (tmp_path / "air.pcap").write_bytes(pcap(heard(b"net", 6, WPA2, HT20), *LISTENED, step_s=0.1))
    words = ("check", "--only", "wifi", "--capture", "air.pcap", "--ssid", "net", "--no-keep", "--json")
    made = run(*words, "--site", SITE, "--place", PLACE, folder=tmp_path)

    document = json.loads(made.stdout)
    assert (document["site"], document["place"]) == (SITE, PLACE)


def test_a_label_that_cannot_be_is_wrong_usage() -> None:
    refused("check", "--site", " ", says=("--site: 1 to 200 characters",))


def test_every_output_shows_site_and_place() -> None:
    for name, text in outputs(labelled()).items():
        assert SITE in text, name
        assert PLACE in text, name


def test_a_saved_run_keeps_them() -> None:
    saved = msgspec.json.decode(FORMATS[".json"](labelled()), type=Saved)
    again = report.make(saved.run, profiles.load("photon"))

    assert (again.site, again.place) == (SITE, PLACE)


def test_a_run_of_an_earlier_version_has_none() -> None:
    older, _ = load(DATA / "sample-report-1.json")

    assert (older.site, older.place) == (UNSET, UNSET)


def test_a_ticket_keeps_them_without_addresses_and_the_public_sees_neither() -> None:
    made = labelled(place="beside 10.1.2.3, 0a:ca:fe:00:00:01")
    ticket, public = shared(made, "ticket", profiles.load("argon")), shared(made, "public")

    assert ticket.site == SITE
    assert "0a:ca:fe" not in str(ticket.place)
    assert str(ticket.place).startswith("beside ")
    assert (public.site, public.place) == ("", "")
    for name, text in outputs(public).items():
        assert SITE not in text, name
        assert "site:" not in text.lower(), name


@pytest.mark.parametrize("level", ["ticket", "public"])
def test_a_run_with_labels_is_judged_as_without(level: SharedLevel) -> None:
    made = labelled()
    without = report.make(run_of(seen.healthy()), profiles.load("argon"))

    assert made.checks == without.checks
    assert (
        shared(made, level, profiles.load("argon")).judgeable
        == shared(without, level, profiles.load("argon")).judgeable
    )


@pytest.mark.parametrize("text", partly({"C1", "OSC", "markup"}, HOSTILE))
def test_what_acts_on_a_terminal_or_page_does_not_in_a_label(text: str) -> None:
    label = text[:100] + "<script>"
    shown = outputs(labelled(label, label))

    assert "\x1b]" not in shown["terminal"]
    assert "\u202e" not in shown["terminal"]
    assert "<script>" not in shown[".html"]
