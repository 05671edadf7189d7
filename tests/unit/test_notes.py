"""The notes: how the laptop's own attachment relates to the network that is judged."""

import html
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from netpreflight.agent import profiles, report
from netpreflight.agent.judging import CHECKS, judge
from netpreflight.agent.judging.device_view import device_view
from netpreflight.agent.judging.registry import survey_checks
from netpreflight.agent.report import Report, load, make
from netpreflight.agent.report.notes import notes, on_age
from netpreflight.agent.selection import Selection, in_groups
from netpreflight.probes.observations import Observations
from netpreflight.reports import FORMATS
from tests.unit import four, rendered
from tests.unit import seen as seen_by_hand
from tests.unit.partly import first, partly
from tests.unit.seen import SILENT_ARGON, SILENT_COAP, bss, healthy, wifi

DEVICES = [device.name for device in profiles.load_all()]


def seen(*, on: str | None = None, medium: str | None = None, **fields: Any) -> Observations:
    made = healthy(wifi=wifi(bss(), bss(36, frequency_mhz=5180), **fields))
    made.scope.ssid, made.scope.medium = on, medium  # type: ignore[assignment]  # one of the words that it may be
    return made


def said(made: Observations, selection: Selection | None = None, device: str = "generic") -> str:
    return "\n".join(notes(device_view(made, profiles.load(device)), selection or Selection(), complete=True))


def test_a_laptop_on_the_network_and_band_of_the_device_needs_no_note() -> None:
    made = seen(on="Home", medium="wifi", associated_ssid="Home", associated_frequency_mhz=2437)

    assert said(made) == ""


@pytest.mark.parametrize(("frequency", "band"), [(5180, "5 GHz"), (5975, "6 GHz")])
def test_a_laptop_on_another_band_than_the_device(frequency: int, band: str) -> None:
    made = seen(on="Home", medium="wifi", associated_ssid="Home", associated_frequency_mhz=frequency)

    assert f"'Home' on {band}" in said(made)
    assert "2.4 GHz" in said(made)


def test_a_laptop_that_is_wired() -> None:
    assert "by cable (eth0)" in said(seen(medium="wired"))
    assert said(seen(medium="wired"), Selection(only=["wifi.band"])).count("cable") == 0


def test_a_capture_says_nothing_of_where_the_laptop_is() -> None:
    assert "capture" in said(seen(medium="wifi", source="capture"))


def test_no_network_chosen_is_told_before_the_table_of_networks() -> None:
    assert "--ssid" in said(seen(target=None, target_from=None))


@pytest.mark.parametrize("device", DEVICES)
def test_what_was_measured_on_another_network_does_not_count(device: str) -> None:
    made = seen(on="Neighbour", medium="wifi", associated_ssid="Neighbour", associated_frequency_mhz=2437)
    judged = judge(made, profiles.load(device), Selection())
    beyond = [check for check in judged.checks if check.stage != "scan"]

    assert judged.verdict == "undetermined"
    assert {climbed.status for climbed in beyond} == {"unknown"}
    assert all("Join 'Home'" in (climbed.remedy or "") and climbed.evidence for climbed in beyond)
    assert beyond[0].evidence[0].startswith("on 'Neighbour': pass")
    assert judged.internet_test.result is None
    assert "'Neighbour'" in said(made)


def test_the_same_on_the_network_itself_counts() -> None:
    made = seen(on="Home", medium="wifi", associated_ssid="Home", associated_frequency_mhz=2437)

    assert {
        check.status for check in judge(made, profiles.load("generic"), Selection()).checks if check.stage != "scan"
    } == {"pass"}


def test_what_was_not_measured_stays_what_it_is_on_another_network() -> None:
    made = seen(on="Neighbour", medium="wifi")
    made.ntp = None
    judged = judge(made, profiles.load("generic"), Selection(skip=["portal"]))
    checks = {check.id: check for check in judged.checks}

    assert checks["portal"].status == "skip"
    assert "Neighbour" not in checks["ntp.reply"].summary


def test_whole_groups_are_named_as_groups() -> None:
    air = survey_checks()

    assert in_groups(air) == "wifi"
    assert in_groups([*air, "dhcp.offer", "portal"]) == "wifi, dhcp.offer, portal"
    assert (
        in_groups(list(CHECKS))
        == "wifi, join, dhcp, dns, ntp.reply, portal, coap.udp-5683, cloud.transport, path.egress, device"
    )


def first_screen(made: Report, ending: str) -> str:
    """What is read before the checks, in words of one line."""
    text = FORMATS[ending](made)
    if ending == ".json":
        text = " ".join(msgspec.json.decode(text)["notes"])
    end = {".txt": "\nStage ", ".md": "\n## ", ".html": 'aria-label="Contents"', ".json": "\0"}[ending]
    return " ".join(html.unescape(text.partition(end)[0]).replace("\\", "").replace("`", "").split())


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("device", partly({"argon", "photon2"}, DEVICES))
def test_each_yes_says_that_it_is_this_laptops_and_where_the_device_has_to_be_registered(
    device: str, ending: str
) -> None:
    made = four.made(four.run_of(), device)
    prefix = "94:94:4A" if device in {"photon2", "p2", "msom"} else None
    text = first_screen(made, ending)

    assert made.verdict.startswith("compatible")
    assert "If a page ever asked to sign in on this network, the device will stop at it" in text
    assert prefix is None or f"begins with {prefix}" in text
    assert ("its label" if device == "generic" else "particle serial mac") in text


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("make", first(1, [four.captive_portal, four.udp_blocked, four.wifi_wrong]))
def test_a_no_needs_no_such_caveat(make: Callable[[], Report], ending: str) -> None:
    assert "ever asked to sign in" not in first_screen(make(), ending)


def test_a_yes_with_a_warning_and_one_with_something_left_out_say_it_too() -> None:
    warned = four.made(four.run_of(ntp=seen_by_hand.ntp()), "photon")
    run = four.run_of()
    left_out = four.made(replace(run, selection=Selection(skip=["portal"])), "photon2")

    for made in (warned, left_out):
        assert made.verdict in {"compatible", "compatible-with-warnings"}
        assert "ever asked to sign in" in first_screen(made, ".html")


@pytest.mark.parametrize("ending", FORMATS)
def test_a_yes_for_no_particular_device_says_for_which_it_holds(ending: str) -> None:
    """UDP 5684 is dropped: it stops the devices that use DTLS, and not the one that was not named."""
    made = four.made(four.run_of(cloud=SILENT_ARGON), "generic")
    dtls = {"argon", "msom", "p2", "photon2"}
    text = first_screen(made, ending)

    assert made.verdict == "compatible"
    assert {device.name for device in made.devices if device.verdict == "incompatible"} == dtls
    assert (
        "This is the answer for a 2.4 GHz CoAP device (--device names another). It holds for Particle Core, "
        "Particle P1 and Particle Photon."
    ) in text
    assert "no for Particle Argon, Particle M-SoM, Particle P2 and Particle Photon 2." in made.answer.sentence
    assert "It does not hold" not in text, "the answer names them"


def test_it_holds_for_all_where_everything_works_and_is_not_said_of_a_named_device() -> None:
    (found,) = [note for note in four.made(four.run_of(), "generic").notes if "(--device names another)" in note]

    assert "does not hold" not in found
    assert all(device.title in found for device in profiles.load_all() if device.name != "generic")
    assert not [note for note in four.healthy().notes if "(--device names another)" in note]


def test_a_no_for_no_particular_device_does_not_hold_where_another_port_is_used() -> None:
    made = four.made(four.run_of(coap=SILENT_COAP), "generic")

    assert made.verdict == "incompatible"
    assert "It holds for none of the known devices." in made.notes[0]
    assert "(the answer is yes)" in made.notes[0]


@pytest.mark.parametrize("changed", [{}, {"cloud": SILENT_ARGON}], ids=["answers", "silent"])
def test_for_another_version_report_says_what_its_table_of_versions_says(changed: dict[str, Any]) -> None:
    """A run made for the newest, judged for a version whose cloud has another name, which nobody asked for."""
    run = four.run_of(**changed)
    newest, older = (report.make(run, profiles.load("photon2", version)) for version in (None, "5.3.0"))
    order = [tuple(map(int, version.since.split("."))) for version in newest.versions]
    row = [row for row, since in zip(newest.versions, order, strict=True) if since <= (5, 3, 0)][-1]

    assert row.asked_instead is not None
    assert (older.verdict, older.startup.online) == (row.verdict, row.online)
    assert [version.verdict for version in older.versions] == [version.verdict for version in newest.versions]
    assert any(f"assumes that it is reached like {row.asked_instead}" in note for note in older.notes)
    assert not any("assumes" in note for note in newest.notes)


@pytest.mark.parametrize(
    ("source", "words"), [("PyPI", "from PyPI and its file server."), ("mirror", "from the mirror of PyPI")]
)
def test_what_set_up_contacted_is_told_in_each_format_and_from_a_saved_run(
    source: Any, words: str, tmp_path: Path
) -> None:
    argon = profiles.load("argon")
    run = rendered.run()
    made = make(replace(run, set_up=source), argon)
    file = tmp_path / "run.json"
    file.write_text(FORMATS[".json"](made))

    assert [words in note and ".venv" in note for note in made.notes].count(True) == 1
    for suffix in (".txt", ".md", ".html"):
        assert words in " ".join(html.unescape(FORMATS[suffix](made)).split()), suffix
    assert make(load(file)[0], argon).notes == made.notes
    assert not [note for note in make(run, argon).notes if ".venv" in note]


@pytest.mark.parametrize(
    ("started", "rules_of", "checked", "says"),
    [
        ("2026-11-28T10:00:00Z", "2026-11-28", "2026-11-28", ()),
        ("2027-11-28T23:59:59Z", "2026-11-28", "2026-11-28", ()),
        ("2027-11-29T00:00:00Z", "2026-11-28", "2027-01-01", ("the rules of this netpreflight (2026-11-28)",)),
        ("2027-11-29T00:00:00Z", "2027-01-01", "2026-11-28", ("what it knows of a Particle Argon (2026-11-28)",)),
        ("2029-01-01T00:00:00Z", "2026-11-28", "2026-11-28", ("the rules of", "(2026-11-28) and what it knows of a ")),
        ("2028-03-01T00:00:00Z", "2027-02-28", "2028-02-29", ("the rules of",)),
        ("2029-02-28T00:00:00Z", "2029-01-01", "2028-02-29", ()),
        ("2029-03-01T00:00:00Z", "2029-01-01", "2028-02-29", ("a Particle Argon (2028-02-29)",)),
        ("2031-01-01T00:00:00Z", "2030-12-31", None, ()),
        ("1970-01-01T00:00:00Z", "2026-11-28", "2026-11-28", ()),
        ("soon", "2026-11-28", "2026-11-28", ()),
    ],
)
def test_rules_and_facts_older_than_12_months_are_told(
    started: str, rules_of: str, checked: str | None, says: tuple[str, ...]
) -> None:
    found = on_age(started, rules_of, replace(profiles.load("argon"), checked=checked))

    assert len(found) == bool(says)
    for words in says:
        assert words in found[0]


def test_an_old_netpreflight_says_so_in_every_format() -> None:
    run = replace(four.run_of(), started="2028-05-05T10:00:00Z")
    told = "Last checked more than 12 months before this run"

    assert all(device.checked for device in profiles.load_all())
    for name, render in FORMATS.items():
        assert told in " ".join(html.unescape(render(make(run, profiles.load("argon")))).split()), name
        assert told not in render(make(four.run_of(), profiles.load("argon")))
