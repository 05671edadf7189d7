"""What text files have beyond the terminal, and what several text formats share."""

import io

import msgspec
import pytest
import rich.console

from netpreflight.agent import profiles, report
from netpreflight.agent.report import Report
from netpreflight.probes.observations import Cloud, Ntp, Scope, Wifi
from netpreflight.reports import FORMATS
from netpreflight.reports.console import on_terminal as on_stream
from netpreflight.reports.lines import contacts, evidence, times, way
from netpreflight.reports.words import air, attached, further
from tests.unit import seen
from tests.unit.rendered import Screen, on_terminal, run
from tests.unit.samples import DATA


def blocked() -> Report:
    cloud = Cloud(endpoints=[seen.argon(*seen.attempts(seen.ARGON_ADDRESS, 5684, "timeout", 3))])
    late = Ntp(server=seen.NTP_NAME, not_run="no resolver", started_s=1.25)
    return report.make(run(cloud=cloud, ntp=late), profiles.load("argon"))


def test_a_text_file_has_the_way_the_evidence_and_the_times_and_the_terminal_has_not() -> None:
    made = blocked()
    file, terminal = FORMATS[".txt"](made), on_terminal(made)

    for heading in ("The way to the cloud", "Probe by probe", "Evidence of what did not pass"):
        assert f"\n{heading}\n" in file
        assert heading not in terminal
    assert file.index("Probe by probe") > file.index("What this run speaks for")
    assert "UDP 5684, 2.0 s: timeout" in file


def test_the_screen_has_each_needed_change_even_if_its_cause_is_suspected() -> None:
    """A server that may be a filter's block page: dns.integrity is `unknown`, and a firewall may be the cause, too."""
    loaded, _ = report.load(DATA / "sample-report-1-path.json")
    made = report.make(loaded, profiles.load("argon"))
    needed = [change for change in made.changes if change.needed]
    screen = " ".join(on_terminal(made).split())

    assert [change.checks for change in needed] == [["cloud.transport", "path.egress"]]
    assert f"cloud.transport (network administrator): {needed[0].line}" in screen
    assert "Caused by the above" not in screen


def test_the_way_says_where_it_passes_and_where_not() -> None:
    lines = way(blocked())

    assert lines[0].startswith("This laptop (")
    assert lines[-1] == f"The device's cloud ({seen.ARGON_NAME}, {seen.ARGON_ADDRESS}): UDP 5684 FAIL"
    assert any(line.startswith("Gateway (192.168.77.1): DHCP ok") for line in lines)


@pytest.mark.parametrize(("bssid", "told"), [("02:00:00:00:00:06", " (02:00:00:00:00:06)"), (None, "")])
def test_a_network_whose_access_point_is_not_known_is_named_alone(bssid: str | None, told: str) -> None:
    scope = Scope(interface="wlan0", state="up", medium="wifi", ssid="Home", bssid=bssid)

    assert attached(scope) == f"wlan0 (up, on the Wi-Fi 'Home'{told})"


def test_evidence_is_of_what_did_not_pass_alone() -> None:
    made = blocked()
    found = {check.id: lines for check, lines in evidence(made)}

    assert set(found) == {row.id for row in made.checks if row.status in {"warn", "fail", "unknown"}}
    assert sum(line.endswith(" s: timeout") for line in found["cloud.transport"]) == 3


def test_a_probe_that_did_not_run_says_so() -> None:
    assert "ntp: at 1.2 s, did not run: no resolver" in times(blocked())


def test_the_air_that_no_source_could_look_at_says_why_and_not_that_it_was_left_out() -> None:
    assert air(Wifi(limits=["this laptop has no Wi-Fi radio that Linux knows"])) == (
        "not looked at: this laptop has no Wi-Fi radio that Linux knows"
    )
    assert air(None) == "not looked at: it was left out, or the run was cut short"


def test_what_else_is_to_be_done_repeats_no_change_and_no_consequence() -> None:
    made = blocked()
    changed = {check for change in made.changes for check in change.checks}
    found = further(made)

    assert "cloud.transport" in changed
    assert not changed & {check.id for check in found}
    assert len({check.remedy for check in found}) == len(found)


SHAPES = ["DTLS ClientHello", "DTLS ClientHello with the cookie", "DTLS alert"]


def test_what_was_sent_is_shown_by_name() -> None:
    made = blocked()
    (contact,) = made.footprint
    named = msgspec.structs.replace(made, footprint=[msgspec.structs.replace(contact, shapes=SHAPES)])

    assert contacts(named, 5) == [f"UDP 198.51.100.11:5683 (coap.me), p ({', '.join(SHAPES)}): 2 packets"]
    for name, render in FORMATS.items():
        text = " ".join(render(named).split())
        assert all(shape in text for shape in SHAPES), name
    assert not [name for name, render in FORMATS.items() if SHAPES[1] in " ".join(render(made).split())]


def test_a_long_footprint_is_counted() -> None:
    made = blocked()
    assert contacts(made, 5) == ["UDP 198.51.100.11:5683 (coap.me), p: 2 packets"]
    assert contacts(made, 0) == ["and 1 more (see the JSON)"]


def test_what_is_no_terminal_has_80_columns_on_an_old_windows_console_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(rich.console, "detect_legacy_windows", lambda: True)
    monkeypatch.setattr(rich.console, "_STD_STREAMS", ())  # the size of the terminal that the tests run on
    widths = [on_stream(stream).width for stream in (io.StringIO(), Screen())]
    assert widths == [80, 79]
