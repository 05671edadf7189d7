"""The rows of the checks: each is whole, holds its judge to its list of problems, and is all that a new check needs."""

import re
from itertools import product
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from netpreflight.agent import profiles, report
from netpreflight.agent.compare import compare
from netpreflight.agent.judging import CHECKS, judge, judge_one
from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.judging.registry import COMMON_PROBLEMS, Row
from netpreflight.agent.owner import Owner
from netpreflight.agent.profiles.facts import CloudFacts
from netpreflight.agent.report import LEVELS, Report, Run
from netpreflight.agent.results import Check, Finding, Stage, StartStage, StationKind, Status, Where
from netpreflight.agent.selection import Selection, in_groups, select
from netpreflight.probes.observations import Observations
from netpreflight.reports import FORMATS
from netpreflight.reports.comparison import FORMATS as COMPARISONS
from netpreflight.reports.firewall import DIALECTS
from netpreflight.reports.firewall import render as render_rules
from netpreflight.reports.sharing import hidden, shared
from tests.unit.seen import healthy
from tests.unit.two_runs import given_as, phone, site

ROOT = Path(__file__).parents[2]
PROBES = set(Observations.__struct_fields__) - {"scope"}
WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MADE_UP = "power.source"


# --- the rows


@pytest.mark.parametrize("check_id", CHECKS)
def test_a_row_is_whole(check_id: str) -> None:
    row = CHECKS[check_id]

    assert row.id == check_id
    assert re.fullmatch(rf"{WORD.pattern}(?:\.{WORD.pattern})?", check_id)
    assert row.stage in {*get_args(Stage), None}
    assert row.judge.__doc__
    assert row.probes or row.stage is None, "what is not of the network may be read from a file"
    assert {*row.probes, *row.also, *row.beside} <= PROBES
    assert re.fullmatch(r"[A-Z].*\.", row.plain)
    assert not any(check in row.plain for check in CHECKS if "." in check), "plain words have no ids"
    assert row.owner in get_args(Owner)
    assert row.where in get_args(Where)
    assert row.station in {*get_args(StationKind), None}
    assert bool(row.drawn) == (row.station is not None)
    assert row.starts in {*get_args(StartStage), None}
    assert row.starts or not row.stops
    assert set(row.spoils) <= set(get_args(Stage))
    assert set(row.settles) <= set(CHECKS) - {check_id}
    assert len(set(row.problems)) == len(row.problems)
    assert all(WORD.fullmatch(problem) for problem in row.problems)
    assert not set(row.problems) & set(COMMON_PROBLEMS)


@pytest.mark.parametrize("check_id", CHECKS)
def test_a_row_has_its_page(check_id: str) -> None:
    row = CHECKS[check_id]

    assert row.problems
    assert (ROOT / row.page).read_text(encoding="utf-8").startswith(f"# {check_id}\n")


def test_the_rows_answer_what_is_asked_of_them_all() -> None:
    rows = CHECKS.values()

    transports = get_args(get_args(CloudFacts.__annotations__["transport"])[0])
    assert sorted(text for row in rows for text in row.says_open) == sorted(transports), "one row for each transport"
    assert sum(row.locates for row in rows) == 1
    assert {row.starts for row in rows} >= {"scan", "ip", "dns", "cloud"}
    assert [row.id for row in rows] == sorted(CHECKS, key=lambda text: _place(CHECKS[text].stage)), (
        "the stages in order"
    )


def _place(stage: Stage | None) -> int:
    order: list[Stage | None] = [*get_args(Stage), None]
    return order.index(stage)


def test_people_find_every_check_and_its_page_in_one_table() -> None:
    table = re.findall(
        r"^\| \[`([a-z0-9.-]+)`\]\(checks/\1\.md\) \|",
        (ROOT / "docs/checks.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )

    assert [check_id for check_id in table if check_id in CHECKS] == list(CHECKS)


# --- the closed list of problems


def made_up(finding: Finding, **columns: Any) -> Row:
    """A check of a group that there is not."""

    def judged(_view: DeviceView) -> Finding:
        """Whether the laptop runs on mains power."""
        return finding

    usual: dict[str, Any] = {
        "id": MADE_UP,
        "stage": "cloud",
        "judge": judged,
        "problems": ("flat", "sagging"),
        "probes": ("wifi",),
        "plain": "The power goes out.",
        "owner": "nobody",
    }
    return Row(**usual | columns)


def found(status: Status, problem: str | None = None, **fields: Any) -> Finding:
    return Finding(status=status, summary="A made-up thing", problem=problem, **fields)


def judged(row: Row, monkeypatch: pytest.MonkeyPatch) -> Check:
    monkeypatch.setitem(CHECKS, MADE_UP, row)
    return judge_one(MADE_UP, healthy(), profiles.load("generic"), Selection())


@pytest.mark.parametrize("problem", ["flat", "sagging", *COMMON_PROBLEMS])
@pytest.mark.parametrize("status", ["warn", "fail", "unknown"])
def test_a_finding_names_a_problem_of_its_list(status: Status, problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check = judged(made_up(found(status, problem)), monkeypatch)

    assert (check.status, check.problem) == (status, problem)


@pytest.mark.parametrize(
    "finding",
    [
        found("warn"),
        found("fail"),
        found("unknown"),
        found("fail", "round"),
        found("pass", "flat"),
        found("skip", "flat"),
    ],
    ids=lambda finding: f"{finding.status} {finding.problem}",
)
def test_a_finding_that_breaks_the_list_is_an_internal_error(finding: Finding, monkeypatch: pytest.MonkeyPatch) -> None:
    check = judged(made_up(finding), monkeypatch)

    assert (check.status, check.problem, check.owner) == ("unknown", "internal-error", "nobody")
    assert check.reason
    assert repr(finding.problem) in check.reason


def test_who_can_change_it_is_whom_the_finding_names_else_whom_the_row_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(made_up(found("fail", "flat")), monkeypatch).owner == "nobody"
    assert judged(made_up(found("fail", "flat", owner="internet provider")), monkeypatch).owner == "internet provider"
    assert judged(made_up(found("pass")), monkeypatch).owner is None


# --- a made-up check of a made-up group


CASES = {
    "fails": found("fail", "flat", reason="It is flat.", remedy="Charge it.", evidence=["3.1 V"]),
    "warns": found("warn", "sagging", reason="It sags.", remedy="Charge it."),
    "unknown": found("unknown", "not-looked", reason="No probe.", remedy="Look at it."),
    "spoils": found("fail", "flat", reason="It is flat.", remedy="Charge it.", due_to="portal"),
}
ROWS: dict[str, dict[str, Any]] = {
    "bare": {},
    "drawn": {"station": "gateway", "drawn": "power", "starts": "ip", "stops": True, "where": "firewall"},
    "spoiling": {"first": True, "spoils": ("internet", "cloud"), "settles": ("portal",), "as_reference": "it is dark"},
    "of the air": {"stage": "scan", "starts": "scan", "stops": True},
    "not of the network": {"stage": None},
}


def of(observed: Observations, device: str, selection: Selection | None = None) -> Report:
    run = Run(started="2026-07-01T12:00:00Z", duration_s=5.0, complete=True, selection=selection or Selection(),
              observations=observed, footprint=[])  # fmt: skip
    return report.make(run, profiles.load(device))


@pytest.mark.more
@pytest.mark.parametrize("columns", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("finding", CASES.values(), ids=CASES)
def test_a_check_of_a_new_group_is_shown_in_every_format(
    finding: Finding, columns: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CHECKS, MADE_UP, made_up(finding, **columns))
    made = of(healthy(), "argon")
    (check,) = (row for row in made.checks if row.id == MADE_UP)
    assert (check.status, check.problem) == (finding.status, finding.problem)
    for (ending, render), level in product(FORMATS.items(), LEVELS):
        assert MADE_UP in render(shared(made, level), ["nftables"]), (ending, level)
    assert all(render_rules(made.changes, dialect) for dialect in DIALECTS)

    a, b = given_as("A", site()), given_as("B", phone())
    compared = compare(a, b, profiles.load("argon"))
    assert [(pair.a_problem, pair.b_problem) for pair in compared.checks if pair.id == MADE_UP] == [
        (finding.problem,) * 2
    ]
    for (ending, show), level in product(COMPARISONS.items(), LEVELS):
        text = show(compared if level == "complete" else hidden(compared, [a.report, b.report], level))
        assert MADE_UP in text, (ending, level)


@pytest.mark.parametrize("finding", CASES.values(), ids=CASES)
def test_what_is_not_about_the_network_never_counts(finding: Finding, monkeypatch: pytest.MonkeyPatch) -> None:
    before = of(healthy(), "generic")
    monkeypatch.setitem(CHECKS, MADE_UP, made_up(finding, stage=None))
    after = of(healthy(), "generic")

    for field in ("verdict", "answer", "headline", "startup", "internet_test", "changes", "enough", "route"):
        assert getattr(after, field) == getattr(before, field), field
    assert msgspec.to_builtins(after.checks[-1])["stage"] is None


def test_a_check_that_a_run_cannot_have_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHECKS, MADE_UP, made_up(CASES["fails"], exists=lambda seen: seen.ntp is None))

    with_ntp = judge(healthy(), profiles.load("generic"), Selection())
    without = judge(healthy(ntp=None), profiles.load("generic"), Selection())
    assert MADE_UP not in [check.id for check in with_ntp.checks]
    assert MADE_UP in [check.id for check in without.checks]


def test_a_new_group_can_be_chosen_and_has_its_levels(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(CHECKS, MADE_UP, made_up(CASES["fails"]))
    own = tmp_path / "ours.toml"
    own.write_text(
        f'based_on = "argon"\ntitle = "Ours"\n[checks."{MADE_UP}"]\nlevel = "warning"\nwhy = "It has a battery."\n'
    )

    assert select("power", None) == select(MADE_UP, None) == Selection(only=[MADE_UP])
    assert in_groups(list(CHECKS)).endswith(MADE_UP)
    assert profiles.load("argon").level(MADE_UP) == "required"
    ours = profiles.load(str(own))
    assert ours.level(MADE_UP) == "warning"
    assert [check.status for check in judge(healthy(), ours, Selection()).checks if check.id == MADE_UP] == ["warn"]


# --- whoever uses a problem


def test_changes_and_what_is_enough_name_the_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHECKS, MADE_UP, made_up(CASES["fails"]))
    made = of(healthy(), "generic")

    (change,) = made.changes
    assert (change.checks, change.problems) == ([MADE_UP], ["flat"])
    assert made.enough is not None
    assert (made.enough.fix, made.enough.problems) == ([MADE_UP], ["flat"])
