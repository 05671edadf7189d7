"""The report of a watch: in each format, at each level of sharing, and for hostile texts."""

import datetime as dt
import html
import io
import json
import re

import msgspec
import pytest
from jsonschema import Draft202012Validator

from netpreflight.agent import profiles
from netpreflight.agent.report import SharedLevel
from netpreflight.agent.watch.told import told
from netpreflight.agent.watch.watched import Asked, Cluster, Clusters, FullRun, Hour, Note, Outage, Watch
from netpreflight.reports.sharing.watch import shared_watch
from netpreflight.reports.watch import FORMATS
from netpreflight.reports.watch.terminal import show
from netpreflight.reports.watch.timeline import Bar, timeline
from netpreflight.reports.watch.words import MOST_OUTAGES
from tests.unit.filled import Filler, forms
from tests.unit.hostile import HOSTILE
from tests.unit.partly import partly
from tests.unit.reveals import SECRET, bare_texts, every_struct
from tests.unit.schema import WATCH
from tests.unit.watches import DAY, HOUR, MINUTE, MONDAY, SECOND, asleep, nights, outage, watch

LEVELS: tuple[SharedLevel, ...] = ("ticket", "public")


def outputs(made: Watch) -> dict[str, str]:
    screen = io.StringIO()
    show(made, screen)
    return {**{name: render(made) for name, render in FORMATS.items()}, "terminal": screen.getvalue()}


def test_every_format_says_the_same() -> None:
    for name, text in outputs(nights()).items():
        plain = re.sub(r"\s+", " ", html.unescape(text)).replace("`", "") if name != ".json" else text
        for said in (
            "6 outages in 6 d 17 h",
            "Let UDP 5684 out.",
            "Dropped at or behind hop 2",
            "A Particle Argon would have been offline for 3 min or longer",
        ):
            assert said in plain, (name, said)
        if name != ".json":
            assert "Outages cluster between 02:00 and 03:00: they began then on 5 of the 6 days" in plain, name
            assert "2026-11-02 02:10:00 to 02:13:25" in plain, name
            assert "seen to work again: not seen, because the laptop was asleep" in plain, name
            assert "7 h, because the laptop was asleep" in plain, name
            assert "Another access point: to 02:00:00:00:00:05" in plain, name


def test_a_quiet_watch_has_no_list_of_outages() -> None:
    for name, text in outputs(told(watch(1), profiles.load("argon"))).items():
        assert "No outage in 1 d." in text, name
        assert name == ".json" or "cluster" not in text.replace("clusters", ""), name


def test_the_document_is_what_the_contract_says_and_is_read_again() -> None:
    made = nights()

    text = FORMATS[".json"](made)

    document = json.loads(text)
    assert document["schema"] == "netpreflight-watch/1"
    assert {"from", "to", "observed_s", "unobserved", "outages"} <= set(document)
    assert set(document["unobserved"][0]) == {"from", "to", "why"}
    assert {
        "last_good", "first_bad", "first_good", "layer", "check", "problem", "owner", "remedy", "evidence",
    } <= set(document["outages"][0])  # fmt: skip
    assert document["from"] == "2026-11-02T00:00:00Z"
    assert msgspec.json.decode(text, type=Watch) == made


@pytest.mark.parametrize("choice", range(3))
def test_a_watch_with_every_field_keeps_the_schema_at_every_level(choice: int) -> None:
    validator = Draft202012Validator(json.loads(WATCH.read_text()))
    filled = Filler(ran=True, choice=choice).watch()

    for made in (filled, *(shared_watch(filled, level) for level in LEVELS)):
        assert [error.message for error in validator.iter_errors(json.loads(FORMATS[".json"](made)))] == []


def test_every_text_of_a_watch_says_what_it_may_reveal() -> None:
    for kind in every_struct(Watch, set()):
        assert not [field.name for field in msgspec.structs.fields(kind) if bare_texts(field.type)], kind


@pytest.mark.parametrize("choice", range(3))
def test_no_canary_gets_out(choice: int) -> None:
    filler = Filler(ran=True, choice=choice)
    filled = filler.watch()
    assert len(filler.planted) > 40
    assert all(json.dumps(text)[1:-1] in FORMATS[".json"](filled) for _, _, text in filler.planted)

    for level in LEVELS:
        secret = {form for _, what, text in filler.planted if what in SECRET[level] for form in forms(text)}
        for name, output in outputs(shared_watch(filled, level)).items():
            text = re.sub(r"\s+", " ", html.unescape(output)).lower()
            assert not [form for form in secret if form in text], (level, name)
            if level == "public":
                for part in ("canary", "ca:fe", "ca-fe", "cafe", "10.203.", "45.203.", "cacaca"):
                    assert part not in text, (name, part, text[max(0, text.find(part) - 200) :][:400])
            assert not re.search(r"canaryquery|canaryuser|/home/canary|b'canary", text), (level, name)


def test_what_a_full_run_said_is_shared_with_the_run() -> None:
    run = FullRun(at=MONDAY, is_over=False, verdict="incompatible", said="The network 'Neighbours' is in the way")

    made = watch(1, [outage(MONDAY, runs=[run])])

    assert "Neighbours" in FORMATS[".json"](made)
    for level in LEVELS:
        assert "Neighbours" not in FORMATS[".json"](shared_watch(made, level)), level


def test_the_public_is_not_told_where_a_portal_leads() -> None:
    led = Asked(layer="portal", good=False, said="http://a.example/: 302, to wifi.acme.example/room7", at=MONDAY)
    made = watch(1, [outage(MONDAY, asked=[led])])

    assert "acme" in FORMATS[".json"](shared_watch(made, "ticket"))
    assert "acme" not in FORMATS[".json"](shared_watch(made, "public"))


def test_a_ticket_keeps_this_networks_own_name_and_addresses() -> None:
    text = FORMATS[".json"](shared_watch(nights(), "ticket"))

    for own in ("Ours", "02:00:00:00:00:05", "198.51.100.7", "192.168.77.1", "2026-11-02T02:10:00Z"):
        assert own in text


def test_in_public_times_are_moved_and_lengths_stay() -> None:
    begin = MONDAY + 13 * MINUTE + 7 * SECOND
    made = told(
        watch(
            6.9,
            [outage(begin + night * DAY + 2 * HOUR) for night in range(6)],
            begin=begin,
            utc_offset_s=7200,
            hours=[Hour(layer="dns", at=begin - 5 * MINUTE + hour * HOUR, good=60, bad=0) for hour in range(3)],
        ),
        profiles.load("argon"),
    )

    public = shared_watch(made, "public")

    assert public.begin == MONDAY
    assert [hour.at for hour in public.hours] == [MONDAY, MONDAY + HOUR, MONDAY + 2 * HOUR]
    assert [after.first_bad for after in public.outages] == [
        before.first_bad - dt.timedelta(minutes=13, seconds=7) for before in made.outages
    ]
    assert [after.most_s for after in public.outages] == [before.most_s for before in made.outages]
    assert made.clusters is not None
    assert public.clusters is not None
    assert [cluster.which for cluster in made.clusters.found] == [4]  # 02:13 in UTC is 04:13 two hours ahead
    assert [cluster.which for cluster in public.clusters.found] == [2]
    assert (public.utc_offset_s, public.clusters.utc_offset_s) == (None, None)


@pytest.mark.parametrize("text", partly(list(HOSTILE)[:3], list(HOSTILE)))
def test_hostile_texts_stay_text(text: str) -> None:
    held = outage(
        MONDAY, summary=text, remedy=text, ladder=text, asked=[Asked(layer="dns", good=None, said=text, at=MONDAY)]
    )
    made = told(
        watch(1, [held], ssid=text[:32], limits=[text], device_label=text, device=text,
              notes=[Note(at=MONDAY, kind="channel", said=text)]),
        None,
    )  # fmt: skip

    for name, output in outputs(made).items():
        assert not [c for c in output if ord(c) < 32 and c != "\n"], name
        assert "\x1b" not in output, name
        if name == ".html":
            assert "<script" not in output.lower().replace("&lt;script", ""), name


def test_a_forged_watch_has_no_more_clusters_than_there_are_hours_and_days() -> None:
    forged = Cluster(kind="hour-of-day", which=3, struck=5, watched=7, expected=0.2, needed=3, chance=0.001)
    many = Clusters(utc_offset_s=0, enough=True, found=[forged] * 20_000)

    assert FORMATS[".txt"](watch(1, [outage(MONDAY)], clusters=many)).count("Outages cluster between") == 24 + 7


def test_many_outages_are_cut_where_people_read_and_nowhere_else() -> None:
    made = told(watch(30, [outage(MONDAY + n * 3 * MINUTE, MINUTE) for n in range(MOST_OUTAGES + 5)]), None)

    every = outputs(made)

    for name in (".txt", ".md", ".html", "terminal"):
        assert "5 more are not listed here" in re.sub(r"\s+", " ", every[name]), name
    assert len(json.loads(every[".json"])["outages"]) == MOST_OUTAGES + 5


def test_the_timeline_has_a_lane_for_each_layer_and_a_bounded_number_of_bars() -> None:
    day = watch(
        1,
        [outage(MONDAY + 12 * HOUR, HOUR), outage(MONDAY + 18 * HOUR, layer="dns"), outage(MONDAY, 0 * HOUR)],
        [asleep(MONDAY + 6 * HOUR, MONDAY + 9 * HOUR)],
    )

    picture = timeline(day)

    assert [(lane.layer, lane.outages) for lane in picture.lanes] == [
        ("DNS", [Bar(750, 2)]),
        ("cloud", [Bar(0, 2), Bar(500, 42)]),
    ]
    assert picture.blind == [Bar(250, 125)]
    assert picture.scale[1] == "2026-11-02 12:00:00"
    flapping = timeline(watch(30, [outage(MONDAY + n * 3 * MINUTE, MINUTE) for n in range(14_000)]))
    assert len(flapping.lanes[0].outages) <= 500


def test_a_forged_watch_is_shown() -> None:
    """Times in any order and of any year: as anybody may have written them."""
    first, last = dt.datetime(1, 1, 1, tzinfo=dt.UTC), dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
    forged: list[Outage] = [outage(MONDAY, last_good=last, first_bad=last, last_bad=first, first_good=first)]
    made = told(watch(1, forged, [asleep(last, first)], begin=last, end=first, utc_offset_s=86_400), None)

    for shown in (made, *(shared_watch(made, level) for level in LEVELS)):
        assert all(outputs(shown).values())
