"""Renderings: nothing from the network acts on a terminal, JSON keeps the contract, and a saved run is judged alike."""

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netpreflight.agent import profiles, report
from netpreflight.agent.report import Report, SavedReportError, SharingLevel
from netpreflight.probes.observations import Echo, EchoPacket, EchoTest, Observations
from netpreflight.reports import FORMATS, in_parts
from netpreflight.reports.safe_text import shown
from netpreflight.reports.sharing import shared
from tests.unit import seen
from tests.unit.hostile import HOSTILE, TAGS, planted
from tests.unit.partly import first, partly
from tests.unit.rendered import on_terminal, raw, run

SAMPLE = Path(__file__).parent / "data" / "sample-report-1.json"
KEYS = [
    "schema",
    "tool",
    "started",
    "duration_s",
    "scope",
    "device",
    "verdict",
    "internet_test",
    "checks",
    "devices",
    "observations",
    "networks",
    "footprint",
]


HOSTILE_TEXTS = {**HOSTILE, "tags": TAGS}
WHERE: dict[str, dict[str, Any]] = {
    "healthy": {},
    "broken": {
        "dhcp": seen.dhcp(seen.message(resolvers=[])),
        "ntp": seen.ntp(),
        "coap": seen.coap(seen.attempts(seen.COAP_ADDRESSES[0], 5683, "icmp", 2)),
    },
}


@pytest.mark.more
@pytest.mark.parametrize("text", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS)
@pytest.mark.parametrize("changed", WHERE.values(), ids=WHERE)
def test_hostile_observations_reach_terminal_and_file_as_text_only(text: str, changed: dict[str, Any]) -> None:
    hostile = planted(run(**changed), text, own=False)
    assert hostile.observations.scope.ssid == text

    for device in profiles.load_all():
        made = report.make(hostile, device)
        for output in (on_terminal(made), FORMATS[".txt"](made)):
            assert raw(output) == []
            assert len(output) < 60_000


@pytest.mark.parametrize("text", partly({"OSC", "markup"}, HOSTILE_TEXTS))
@pytest.mark.parametrize("changed", WHERE.values(), ids=WHERE)
def test_a_report_with_hostile_text_in_every_field_is_shown_as_text_only(text: str, changed: dict[str, Any]) -> None:
    made = planted(report.make(run(**changed), profiles.load("generic")), text, own=True)
    assert {made.headline, made.checks[0].summary, made.footprint[0].host, made.scope.ssid} == {text}

    for output in (on_terminal(made), FORMATS[".txt"](made)):
        assert raw(output) == []


def test_markup_is_printed_and_not_obeyed() -> None:
    made = planted(report.make(run(), profiles.load("generic")), "[red]x[/red] :boom:", own=True)

    assert "[red]x[/red] :boom:" in FORMATS[".txt"](made)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_json_is_harmless_too_and_still_holds_the_same(text: str) -> None:
    made = report.make(planted(run(), text, own=False), profiles.load("generic"))

    document = FORMATS[".json"](made)

    assert raw(document) == []
    assert msgspec.json.decode(document, type=Report) == made
    assert json.loads(document)["observations"]["scope"]["ssid"] == text


@pytest.mark.parametrize("networks", [0, 1, 25, 40])
@pytest.mark.parametrize("level", ["complete", "public"])
def test_json_in_parts_is_the_same_as_in_one(networks: int, level: SharingLevel) -> None:
    bsss = [seen.bss(6, ssid=f"Hall {number}\n\U0001f600") for number in range(networks)]
    made = shared(report.make(run(wifi=seen.wifi(*bsss, target=None)), profiles.load("generic")), level)
    parts = list(in_parts(".json", made))

    assert "".join(parts) == msgspec.json.format(msgspec.json.encode(made), indent=1).decode() + "\n"
    assert len(parts) > 50


def test_json_has_the_contracts_keys() -> None:
    document = json.loads(FORMATS[".json"](report.make(run(), profiles.load("photon"))))

    assert set(KEYS) <= set(document)
    assert document["schema"] == "netpreflight-report/1"
    assert {"name", "version", "rules"} <= set(document["tool"])
    assert set(document["observations"]) >= {"scope", "dhcp", "dns", "ntp", "portal", "coap", "cloud"}
    for check in document["checks"]:
        assert {"id", "stage", "status", "summary", "reason", "remedy", "owner", "evidence"} <= set(check)
    assert {"result", "method", "log", "led"} <= set(document["internet_test"])
    assert {device["name"] for device in document["devices"]} == set(profiles.names())


def judgement(made: Report) -> tuple[Any, ...]:
    return made.verdict, made.headline, made.checks, made.internet_test, made.devices, made.notes


@pytest.mark.parametrize("device", ["generic", "photon", "argon"])
@pytest.mark.parametrize("changed", [{}, {"ntp": seen.ntp()}, {"dhcp": None}], ids=["healthy", "no-ntp", "cut"])
def test_a_saved_run_is_judged_again_to_the_same(tmp_path: Path, device: str, changed: dict[str, Any]) -> None:
    first = report.make(msgspec.structs.replace(run(), observations=seen.healthy(**changed)), profiles.load(device))
    file = tmp_path / "saved.json"
    report.write(file, FORMATS[".json"](first))

    loaded, judged_for = report.load(file)
    again = report.make(loaded, profiles.load(judged_for.name, judged_for.os_version))

    assert judged_for.name == device
    assert judgement(again) == judgement(first)
    assert again == first


def test_the_committed_sample_of_schema_1_keeps_loading() -> None:
    saved = json.loads(SAMPLE.read_text())
    loaded, device = report.load(SAMPLE)
    again = report.make(loaded, profiles.load(device.name, device.os_version))

    # That version did not look at the air, so today's rules cannot say yes.
    assert (saved["verdict"], again.verdict) == ("compatible", "undetermined")
    statuses = {check.id: check.status for check in again.checks}
    air = [status for status in statuses if status.startswith("wifi.")]
    assert {statuses.pop(bss) for bss in air} == {"unknown"}
    # Nor did it look at the path, but the port answered.
    assert statuses["path.egress"] == "pass"
    assert statuses.items() >= {check["id"]: check["status"] for check in saved["checks"]}.items()
    assert again.internet_test.result == saved["internet_test"]["result"] == "passed"
    assert loaded.observations.dhcp is not None
    assert loaded.observations.dhcp.released


def test_the_notes_say_first_what_was_left_out() -> None:
    lines = FORMATS[".txt"](report.make(run(), profiles.load("generic"))).splitlines()

    head = "\n".join(lines[:12])
    assert "cut short" in head
    assert "ntp.reply" in head
    assert "proxy.example:3128" in head
    assert "tun0" in head


def test_writing_is_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "report.txt"
    report.write(file, "old")

    with pytest.raises(UnicodeEncodeError):
        report.write(file, "new" * 100_000 + "\ud800")

    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["report.txt"]


def test_a_failure_to_load_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "a\nb.json"
    file.write_text(json.dumps({"schema": "netpreflight-report/9"}))

    with pytest.raises(SavedReportError, match="netpreflight-report/1"):
        report.load(file)


PACKET: dict[str, Any] = {"at_s": 0, "sequence": 0, "size": 100, "echo_ms": 9.0}
LOOKUP: dict[str, Any] = {"name": "x", "kind": "vendor", "resolver": "1", "attempts": [], "addresses": ["192.0.2.1"]}


@pytest.mark.parametrize(
    "planted_there",
    first(
        2,
        [
            {"echo": [{**PACKET, "echo_ms": 1e308}] * 2},
            {"echo": [{**PACKET, "echo_ms": -1.0}]},
            {"echo": [PACKET, *[{"at_s": 0, "sequence": 1, "size": 100}] * 20000]},
            {"dns": [{**LOOKUP, "addresses": ["192.0.2.1"] * 400000}]},
            {"dns": [LOOKUP] * 80000},
        ],
    ),
    ids=["endless", "before-it-was-sent", "a-flood-of-packets", "a-flood-of-addresses", "a-flood-of-names"],
)
def test_an_absurd_saved_run_is_refused(tmp_path: Path, planted_there: dict[str, list[Any]]) -> None:
    saved = json.loads(FORMATS[".json"](report.make(run(), profiles.load("argon"))))
    for probe, values in planted_there.items():
        test = {"form": 2, "host": seen.ARGON_NAME, "port": 5684, "interface": 4, "packets": values}
        saved["observations"][probe] = {"tests": [test]} if probe == "echo" else {"lookups": values}
    file = tmp_path / "run.json"
    file.write_text(json.dumps(saved))

    with pytest.raises(SavedReportError, match="not a saved report"):
        report.load(file)


def test_the_most_packets_that_a_saved_run_may_hold_are_judged() -> None:
    packets = [EchoPacket(at_s=0, sequence=2**48, size=100, echo_ms=1e9)]
    packets += [EchoPacket(at_s=0, sequence=1, size=100)] * 63
    test = EchoTest(form=2, host=seen.ARGON_NAME, port=5684, interface=4, address="192.0.2.1", packets=packets)

    assert FORMATS[".txt"](report.make(run(echo=Echo(tests=[test])), profiles.load("argon")))


@given(st.text(max_size=600))
def test_shown_text_is_bounded_and_harmless(text: str) -> None:
    made = shown(text)

    assert not [text for text in made if unicodedata.category(text) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}]
    assert len(made) <= 401 * 10
    harmless = re.fullmatch(r"[ -~]{0,400}", text)
    assert not harmless or made == text


def test_observations_survive_json_unchanged() -> None:
    observed = planted(seen.healthy(), HOSTILE["OSC"], own=False)

    assert msgspec.json.decode(msgspec.json.encode(observed), type=Observations) == observed
