"""`netpreflight led`: from somebody's words to what a light may be, and back from every light that is predicted."""

import json
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from rich.console import Console

from netpreflight.agent import judging, lights, profiles
from netpreflight.agent.judging import CHECKS
from netpreflight.agent.judging.device_start import _Handshake, _light
from netpreflight.agent.judging.light.meaning import NOTHING_HEARD
from netpreflight.agent.judging.light.words import LONGEST, MOST, heard
from netpreflight.agent.led import BlinkCode
from netpreflight.agent.lights import looked_up
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import InternetTest, Led, Result, StartStage
from netpreflight.agent.selection import Selection
from netpreflight.reports.documents import render_json
from netpreflight.reports.terminal.led import print_led, render
from tests.unit.command import run
from tests.unit.keyboard import typed
from tests.unit.partly import partly
from tests.unit.places import PLACES, broken
from tests.unit.schema import LED

STAGES: tuple[StartStage, ...] = get_args(StartStage)
OF_A_LOG = {"device.credentials", "device.keys", "device.firmware", "device.power"}
"""Checks that only a device's own log can settle."""


def understood(words: str) -> list[tuple[list[str], str | None, int | None]]:
    return [(light.colours, light.rhythm, light.times) for light in heard(words).lights]


def found(words: str, device: str | None = None, os_version: str | None = None) -> list[str]:
    """The lights that words may be, in words."""
    return [row.light for row in looked_up(words, device, os_version).rows]


CYAN, RED = ["cyan"], ["orange", "red"]


@pytest.mark.parametrize("colour", ["cyan", "light blue", "Light-Blue", "turquoise", "teal", "blue-green", "aqua"])
@pytest.mark.parametrize("rhythm", ["breathing", "pulsing", "fading", "breathes", "fades in and out"])
def test_cyan_and_breathing_have_many_names(colour: str, rhythm: str) -> None:
    assert understood(f"{rhythm} {colour}") == understood(f"{colour}, {rhythm}") == [(CYAN, "breathing", None)]


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("orange", ["orange"]),
        ("amber", ["orange", "yellow"]),
        ("yellow", ["orange", "yellow"]),
        ("red", RED),
        ("purple", ["magenta"]),
        ("pink", ["magenta"]),
        ("dark blue", ["blue"]),
        ("navy", ["blue"]),
        ("blue", ["blue", "cyan"]),
        ("red or orange", RED),
        ("yellow/red", ["orange", "red", "yellow"]),
    ],
)
def test_a_colour_may_be_told_as_another(told: str, meant: list[str]) -> None:
    assert understood(told) == [(meant, None, None)]


@pytest.mark.parametrize(
    "words",
    [
        "cyan, then orange twice",
        "cyan then 2 orange blinks",
        "cyan -> two orange flashes",
        "cyan → orange x2",
        "cyan followed by orange, 2 times",
        "Flashing cyan, then 2 (two) orange flashes",
        "Cyan and sometimes orange 2x",
        "cyan, orange, orange",
        "first cyan, second orange, twice",
        "orange twice, then cyan, then orange twice, then cyan",
        "my Photon 2 with 6.2.0 goes cyan for 5 seconds, then orange two times, again and again",
    ],
)
def test_counts_and_order_have_many_forms(words: str) -> None:
    told = [(colours, times) for colours, _, times in understood(words)]

    assert sorted(told) == [(["cyan"], None), (["orange"], 2)]
    assert found(words, "photon", "1.5.2") == ["blinking cyan, then orange, 2 blinks"]


@pytest.mark.parametrize(
    ("words", "rhythm"),
    [
        ("flashing green", "blinking"),
        ("green, goes on and off", "blinking"),
        ("green, blinking on and off quickly", "fast blinking"),
        ("green, rapidly blinking", "fast blinking"),
        ("quick green flashes", "fast blinking"),
        ("slowly blinking green", "slow blinking"),
        ("steady green", "solid"),
        ("it does not blink, it is green", "solid"),
        ("green, it is not blinking", "solid"),
        ("constantly blinking green", "blinking"),
    ],
)
def test_rhythms_have_many_names(words: str, rhythm: str) -> None:
    assert understood(words) == [(["green"], rhythm, None)]


@pytest.mark.parametrize(
    ("words", "spelt"),
    [
        ("grene blinking", "green blinking"),
        ("cyna, then organge 2 times", "cyan, then orange 2 times"),
        ("flahsing turqoise", "flashing turquoise"),
        ("breething magneta", "breathing magenta"),
    ],
)
def test_a_misspelt_word_is_understood(words: str, spelt: str) -> None:
    assert heard(words) == heard(spelt)


@pytest.mark.parametrize("words", ["it tells nothing while I write", "the update is blocking"])
def test_other_words_are_no_colours(words: str) -> None:
    assert not any(light.colours for light in heard(words).lights)


def test_a_crash_is_told_by_its_number() -> None:
    for words in ("SOS, then 8 blinks", "red: 3 short, 3 long, 3 short, then 8", "s.o.s in red and then eight"):
        (row,) = looked_up(words, None, None).rows
        assert "out of memory" in row.means, words
        assert row.checks == ["device.firmware"]
    assert len(found("SOS")) == 15


def test_one_short_blink_is_counted_although_nobody_counts_it() -> None:
    assert understood("cyan, then a short red flash")[1] == (RED, "blinking", 1)
    assert understood("cyan, then one short magenta")[1] == (["magenta"], None, 1)
    assert found("cyan, then one short magenta") == ["fast blinking cyan, then one magenta blink"]


def test_what_was_said_rules_out_what_contradicts_it_and_leaves_the_rest() -> None:
    assert found("fast blinking green") == ["fast blinking green"]
    assert found("blinking green") == ["blinking green", "fast blinking green"]
    assert found("breathing green", "argon") == ["breathing green"]
    assert "breathing green" not in found("blinking green")
    assert {"breathing green", "solid green"} <= set(found("green"))
    assert found("breathing yellow") == []


def test_what_only_flashes_in_between_is_found_alone() -> None:
    assert found("blinking orange", "photon", "1.5.2") == found("cyan, then orange", "photon", "1.5.2") != []
    assert found("blinking yellow") == ["blinking yellow"]
    assert found("no LED at all") == found("no light") == found("it is not lit") == ["no light"]


def test_what_came_before_may_be_told_too() -> None:
    alone = found("cyan, then red twice", "core", "0.4.5")

    assert alone == ["blinking cyan, then red, 2 blinks"]
    assert found("blinking green, then cyan, then red twice", "core", "0.4.5") == alone
    assert found("breathing cyan, then fast blinking green") == ["fast blinking green"]


def test_the_same_light_means_something_else_with_another_version() -> None:
    tested = {
        version: looked_up("blinking cyan, then orange 3 times", "argon", version).rows[0].means
        for version in ("1.5.2", "4.2.0", "6.2.0")
    }

    assert "tests nothing" in tested["1.5.2"]
    assert "NTP" in tested["4.2.0"]
    assert "only that the cloud's name resolved" in tested["6.2.0"]
    assert "8.8.8.8" in looked_up("cyan, then orange twice", "photon", "1.5.2").rows[0].means
    every = looked_up("cyan, then orange twice", None, None)
    assert every.question is not None
    assert "version of Device OS" in every.question


def test_no_cause_is_told_from_a_colour() -> None:
    """Blinking green is every check of the air, and the passphrase."""
    joining = looked_up("slow blinking green", None, None).rows[0]

    assert len(joining.checks) >= 5
    assert "device.credentials" in joining.checks
    assert looked_up("green", None, None).question is not None
    network_or_keys = looked_up("cyan, then one short red", "photon", "1.5.2").rows
    assert all("device.keys" in row.checks for row in network_or_keys)
    assert any("cloud.transport" in row.checks for row in network_or_keys)


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        ("cyan, then orange", "Count the orange blinks: one, two or three?"),
        ("breathing blue", "Which colour is it: dark blue or cyan (light blue)?"),
        ("blue", "dark blue or cyan"),
        ("blinking green", "blink fast"),
        ("solid green", "MODE"),
        ("SOS", "Count the red blinks"),
        ("the weather is nice", NOTHING_HEARD),
        ("breathing yellow", "program"),
    ],
)
def test_one_question_leaves_fewer(words: str, asks: str) -> None:
    question = looked_up(words, None, None).question

    assert question is not None
    assert asks in question
    assert question.endswith("?")


def test_somebody_who_is_colour_blind_is_asked_for_rhythm_and_count() -> None:
    seen = looked_up("I am colour-blind. It blinks green, and something flashes in between", None, None)

    assert seen.question is not None
    assert "rhythm" in seen.question
    assert "how often" in seen.question
    assert "colour" not in seen.question
    assert understood("colour-blind: a reddish light")[0][0] == ["green", "orange", "red", "yellow"]


@pytest.mark.parametrize(
    ("words", "answer", "left"),
    [
        ("breathing blue", "dark", ["breathing blue"]),
        ("breathing blue", "light blue", ["breathing cyan"]),
        ("blinking green", "fast", ["fast blinking green"]),
        ("fast blinking cyan", "nothing", ["fast blinking cyan"]),
        ("fast blinking cyan", "one magenta", ["fast blinking cyan, then one magenta blink"]),
        ("SOS", "8", ["SOS in red, then red, 8 blinks"]),
        ("cyan, then orange three times", "Photon 2, 6.2.0", [
            "fast blinking cyan, then one red blink, then orange, 3 blinks"
        ]),
        ("cyan, then orange twice", "a Core", ["blinking cyan, then orange, 2 blinks"]),
    ],
)  # fmt: skip
def test_an_answer_leaves_fewer(words: str, answer: str, left: list[str]) -> None:
    assert [row.light for row in looked_up(words, None, None, answer).rows] == left


def predicted(profile: Profile) -> set[tuple[StartStage, str]]:
    """Every light that may be predicted for a device and version, with the stage that it is of."""
    facts = profile.internet_test
    method, after_handshake = facts.method.value, facts.runs_after.value == "handshake"
    results: tuple[tuple[Result, int], ...] = (("passed", 3), ("dns", 2))
    tests = [
        InternetTest(result=result, method=method, runs=True, led=BlinkCode(colour=facts.colour.value, blinks=blinks))
        for result, blinks in results
        if (method, result) != ("none", "dns")
    ]
    untested = [InternetTest(result=None, method=method, runs=runs) for runs in (None, False)]
    found = {
        (stage, _light(stage, "stops", profile, test, None)[0]) for stage in STAGES for test in (*tests, *untested)
    }
    if profile.led.handshake is not None:
        runs = [InternetTest(result=None, method=method), *(tests if after_handshake else [])]
        found |= {("cloud", _light("cloud", "stops", profile, test, _Handshake(is_silent=True))[0]) for test in runs}
    return found


@pytest.mark.parametrize("device", partly({"argon", "photon"}, profiles.names()))
def test_each_light_that_is_predicted_is_read_back(device: str) -> None:
    newest = profiles.load(device)
    for profile in profiles.versions_of(newest) or [newest]:
        every = predicted(profile)

        assert any("orange" in led or "red, " in led for _, led in every)
        assert any("one red blink" in led for _, led in every) == (device != "generic")
        for stage, led in every:
            rows = looked_up(led, device, profile.os_version).rows
            assert stage in {told for row in rows for told in row.stages}, (profile.os_version, stage, led)
    made = {
        (stage.stage, stage.state, stage.led)
        for changed in PLACES.values()
        for stage in judging.judge(broken(**changed), newest, Selection()).startup.stages
        if stage.state != "not-reached"
    }
    for stage, state, led in made:
        meant = "online" if (stage, state) == ("cloud", "reached") else stage
        assert meant in {told for row in looked_up(led, device, None).rows for told in row.stages}, (stage, state, led)


def test_each_stage_that_a_prediction_has_has_a_light() -> None:
    stages = {stage for row in lights.rows() for stage in row.stages}

    assert stages == {"scan", "link", "ip", "dns", "cloud", "online"}
    assert set(STAGES) | {"online"} == stages


def test_the_table_states_each_light_once_and_names_what_there_is() -> None:
    rows = lights.rows()

    assert len({row.name for row in rows}) == len(rows)
    assert all(row.source for row in rows)
    for row in rows:
        for check in row.checks:
            assert check.endswith(".*") or check in CHECKS or check in OF_A_LOG, row.name
    shown = {
        light.row.name
        for name in profiles.names()
        for profile in lights.every(name, None)
        for light in lights.shown_by(profile)
    }
    assert shown == {row.name for row in rows}


@pytest.mark.parametrize("words", ["cyan, then orange twice", "breathing cyan", "nonsense", "blue", "\x1b[2J\u202e"])
def test_the_document_keeps_its_schema(words: str) -> None:
    made = run("led", words, "--json")
    document = json.loads(made.stdout)

    assert list(Draft202012Validator(json.loads(LED.read_text())).iter_errors(document)) == []
    assert list(document) == ["schema", "heard", "rows", "question"]
    assert document["schema"] == "netpreflight-led/1"
    assert made.returncode == (0 if len(document["rows"]) == 1 else 3)
    assert (document["question"] is None) == (len(document["rows"]) == 1)
    assert made.stderr == ""


def test_a_device_that_is_not_known_is_wrong_usage() -> None:
    for arguments in (("--device", "fotton"), ("--device", "argon", "--os", "0.1.0"), ("--os", "x")):
        refused = run("led", "cyan", *arguments)
        assert (refused.returncode, refused.stdout) == (2, "")
    assert run("led").returncode == 2


def test_words_need_no_quotes() -> None:
    assert run("led", "breathing", "cyan").stdout == run("led", "breathing cyan").stdout


def test_the_answer_is_plain_and_leads_on() -> None:
    told = run("led", "slow blinking green").stdout

    assert "joins it" in told
    assert "wifi.*, device.credentials" in told
    assert "explain wifi" in told
    assert "online" in run("led", "breathing cyan").stdout
    assert "No light of Device OS" in run("led", "breathing yellow").stdout


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("words", ["cyan, then orange twice", "blue", "slow blinking green"])
def test_a_narrow_terminal_shows_all_of_it(words: str, columns: int) -> None:
    def lines(width: int) -> list[str]:
        console = Console(width=width, highlight=False, markup=False, emoji=False, color_system=None)
        with console.capture() as captured:
            print_led(console, made, "netpreflight", None)
        return captured.get().splitlines()

    made: Led = looked_up(words, None, None)
    assert max(map(len, lines(columns))) <= columns
    assert " ".join(" ".join(lines(columns)).split()) == " ".join(" ".join(lines(500)).split())


PIECES = "cyan|blue|red|orange|then|and|,|->|twice|3|blinks|blinking|fast|SOS|not|no|off|x2|or|once|dark|light|first"
TOLD = st.one_of(st.text(), st.lists(st.sampled_from(PIECES.split("|"))).map(" ".join))


@pytest.mark.fuzz
@given(TOLD, TOLD)
def test_any_words_are_read(words: str, answer: str) -> None:
    for made in (looked_up(words, None, None), looked_up(words, "argon", None, answer)):
        assert len(made.heard) <= MOST
        assert (made.question is None) == (len(made.rows) == 1)
        assert json.loads(render_json(made))["schema"] == "netpreflight-led/1"
        assert render(made)


def test_long_words_are_cut() -> None:
    assert understood("x" * LONGEST + " cyan") == []
    assert len(heard("cyan then red then " * 1000).lights) <= MOST


def test_a_terminal_takes_one_answer(tmp_path: Path) -> None:
    sitting = typed(["led", "blinking green"], ("Answer", b"fast\r"), folder=tmp_path)
    shown = "\n".join(sitting.screens[-1])

    assert sitting.code == 0
    assert "Understood: fast blinking green" in shown
    assert shown.count("To know more") == 1
    assert typed(["led", "blinking green"], ("Answer", b"\r"), folder=tmp_path).code == 3
