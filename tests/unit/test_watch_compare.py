"""Two watches side by side: worse, better, or too few to tell; from outside, too."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from netpreflight.agent import profiles
from netpreflight.agent.watch.comparing import compare
from netpreflight.agent.watch.told import told
from netpreflight.agent.watch.watched import Watch, WatchComparison
from netpreflight.reports.watch.comparison import FORMATS
from tests.unit.command import refused, run
from tests.unit.reveals import bare_texts, every_struct
from tests.unit.schema import WATCHES
from tests.unit.watches import DAY, HOUR, MONDAY, SECOND, asleep, outage, watch

QUIET = watch(7)


def nightly(days: int = 7, **changed: Any) -> Watch:
    return told(watch(days, [outage(MONDAY + day * DAY + 2 * HOUR, **changed) for day in range(days)]), None)


def flapping() -> Watch:
    """A hundred outages in one hour."""
    return watch(7, [outage(MONDAY + number * 36 * SECOND, 5 * SECOND) for number in range(100)])


@pytest.mark.parametrize(
    ("a", "b", "worse"),
    [
        (QUIET, QUIET, False),
        # 7 of the 336 hours, all of them in the second half: less than 1 in 100.
        (QUIET, nightly(), True),
        (nightly(), QUIET, False),
        (nightly(), nightly(), None),
        # 4 of 192 hours, all of them in the second half: 1 in 17, which chance alone does often enough.
        (watch(4), nightly(4), None),
        (QUIET, flapping(), None),
        # A device that is connected asks no NTP server.
        (QUIET, nightly(layer="ntp", problem="no-time"), False),
        (QUIET, watch(7, (), [asleep(MONDAY, QUIET.end)]), None),
        (QUIET, watch(7, hours=[]), None),
        (watch(365_000), nightly(), None),
    ],
    ids=[
        "quiet",
        "worse",
        "better",
        "alike",
        "too short",
        "one bad hour",
        "needless",
        "nothing seen",
        "no answer",
        "forged",
    ],
)
def test_what_two_watches_show(a: Watch, b: Watch, *, worse: bool | None) -> None:
    assert compare(a, b).worse is worse


def test_the_sentence_says_the_numbers() -> None:
    made = compare(QUIET, nightly())

    assert made.sentence == (
        "B is worse: it has outages, and A has none. In A an outage began in 0 of 168 hours, in B in 7 of 168 hours."
    )
    (pair,) = made.problems
    assert (pair.problem, pair.a, pair.b) == ("no-answer", "never in 7 d", "7 in 7 d, 21 min to 26 min 50 s in all")


def test_every_text_says_what_it_may_reveal() -> None:
    for kind in every_struct(WatchComparison, set()):
        assert not [field.name for field in msgspec.structs.fields(kind) if bare_texts(field.type)], kind


def saved(folder: Path, name: str, made: Watch) -> str:
    file = folder / name
    file.write_bytes(msgspec.json.encode(told(made, profiles.load("argon"))))
    return str(file)


def test_the_command_compares_watches(tmp_path: Path) -> None:
    a, b = saved(tmp_path, "acme-a.json", QUIET), saved(tmp_path, "acme-b.json", nightly(summary="at 10.1.2.3"))
    files = {ending: tmp_path / f"out{ending}" for ending in FORMATS}
    options = [word for file in files.values() for word in ("-o", str(file))]

    worse, better, shown = run("compare", a, b, "--json", *options), run("compare", b, a), run("compare", a, a)

    assert [ran.returncode for ran in (worse, better, shown)] == [1, 0, 0]
    document = json.loads(worse.stdout)
    assert list(Draft202012Validator(json.loads(WATCHES.read_text())).iter_errors(document)) == []
    assert document["b"]["file"] == "acme-b.json"
    assert all("B is worse" in file.read_text() for file in files.values())
    assert "B is better" in better.stdout


def test_a_public_comparison_names_no_file(tmp_path: Path) -> None:
    a, b = saved(tmp_path, "acme-a.json", QUIET), saved(tmp_path, "acme-b.json", nightly())

    ran = run("compare", a, b, "--redact", "--json")

    assert "acme" not in ran.stdout
    assert json.loads(ran.stdout)["worse"] is True


def test_a_watch_and_a_run_cannot_be_compared(tmp_path: Path) -> None:
    run_file = Path(__file__).parent / "data" / "sample-report-1.json"

    refused(
        "compare", saved(tmp_path, "watch.json", QUIET), str(run_file), says=("watch.json is a watch", "two watches")
    )
