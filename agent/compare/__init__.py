"""Two saved runs side by side: what differs, what that rules out, what got better and what got worse.

Pure, like judging: two reports in, a comparison out. Both are judged by today's rules for the same device. Their
observations tell whether they are two networks, or one network at two times. Where that cannot be told, only the
differences are listed.
"""

from netpreflight.agent.compare.changed import asked, new_changes
from netpreflight.agent.compare.conclusions import name_of, of_two_networks, reference_remarks
from netpreflight.agent.compare.differences import differences
from netpreflight.agent.compare.limits import is_reversed, limits
from netpreflight.agent.compare.parts import CheckPair, Comparison, Given, Limit, Relation, Side, Story
from netpreflight.agent.compare.sentence import sentence
from netpreflight.agent.compare.story import Told, hotspot, network_words, tell
from netpreflight.agent.profiles import Profile
from netpreflight.agent.report import Tool
from netpreflight.agent.results import Check, Status

__all__ = ["Comparison", "Given", "compare"]

_RANK: dict[Status, int] = {"fail": 0, "warn": 1, "pass": 2}
"""Known statuses by rank; higher is better."""


def compare(a: Given, b: Given, profile: Profile) -> Comparison:
    """Compare two runs that are both judged for this device."""
    told = _story(a, b)
    found = [*limits(a, b, told.story), *_references(a, b, told.story)]
    later = told.story == "before-and-after" and not is_reversed(a, b)
    pairs = _pairs(a, b, found, later=later)
    return Comparison(
        schema="netpreflight-comparison/1",
        tool=Tool(),
        device=a.report.device,
        a=_side(a),
        b=_side(b),
        story=told.story,
        sure=told.sure,
        told_by=told.by,
        sentence=sentence(a, b, told, pairs, profile),
        worse=_worse(pairs) if told.story != "before-and-after" or later else None,
        conclusions=of_two_networks(a, b, profile) if told.story == "two-networks" else [],
        asked=asked(a, b) if later else [],
        new_changes=new_changes(a, b) if later else [],
        limits=found,
        checks=pairs,
        differences=differences(a.report.observations, b.report.observations, profile),
    )


def relation(a: Status, b: Status) -> Relation:
    """How B's status compares with A's; an unknown or skipped one is neither better nor worse than any other."""
    if a not in _RANK or b not in _RANK:
        return "now-known" if b in _RANK else "no-longer-known" if a in _RANK else "not-known"
    return "same" if a == b else "better" if _RANK[b] > _RANK[a] else "worse"


def _story(a: Given, b: Given) -> Told:
    report, other = a.report, b.report
    if (report.started, report.observations, report.selection) == (other.started, other.observations, other.selection):
        return Told("same-run", sure=True, by=["both files hold the same measurement"])
    return tell(report.observations, other.observations)


def _side(given: Given) -> Side:
    made, was = given.report, given.saved.device
    return Side(
        file=given.file,
        started=made.started,
        complete=made.complete,
        judged_for=f"{was.title}, Device OS {was.os_version}" if was.os_version else was.title,
        rules=given.saved.tool.rules,
        network=network_words(made.observations),
        hotspot=hotspot(made.observations),
        verdict=made.verdict,
        headline=made.headline,
        online=made.startup.online,
        stops_at=made.startup.stops_at,
    )


def _references(a: Given, b: Given, story: Story) -> list[Limit]:
    """Why one of two networks is not a clean reference for the other."""
    if story != "two-networks":
        return []
    return [
        Limit(text=f"As a reference, {name_of(side)} is not clean: {'; '.join(remarks)}.")
        for side in (a, b)
        if (remarks := reference_remarks(side))
    ]


def _pairs(a: Given, b: Given, found: list[Limit], *, later: bool) -> list[CheckPair]:
    second = {check.id: check for check in b.report.checks}
    return [_pair(check, second[check.id], found, later=later) for check in a.report.checks if check.id in second]


def _pair(check: Check, other: Check, found: list[Limit], *, later: bool) -> CheckPair:
    how = relation(check.status, other.status)
    return CheckPair(
        id=check.id,
        stage=check.stage,
        level=check.level,
        a=check.status,
        b=other.status,
        relation=how,
        a_problem=check.problem,
        b_problem=other.problem,
        a_summary=check.summary,
        b_summary=other.summary,
        meaning=_meaning(check.status, other.status, how, later=later),
        limits=[limit.text for limit in found if check.id in limit.checks] if how != "same" else [],
    )


def _meaning(a: Status, b: Status, how: Relation, *, later: bool) -> str:
    """The two results of a check together, in a few words."""
    if how == "same":
        return {"pass": "works in both", "warn": "a warning in both"}.get(a, "fails in both")
    if how == "not-known":
        return "left out of both" if a == b == "skip" else "known in neither"
    if how in {"now-known", "no-longer-known"}:
        missing, known, status = ("A", "B", b) if how == "now-known" else ("B", "A", a)
        ends = {"pass": "works", "warn": "works, with a warning,"}.get(status, "fails")
        return f"{ends} in {known}; not known in {missing}"
    if later:
        return {
            ("fail", "pass"): "works now",
            ("fail", "warn"): "works now, with a warning",
            ("warn", "pass"): "the warning is gone",
            ("pass", "fail"): "fails now",
            ("warn", "fail"): "fails now",
        }.get((a, b), "a warning now")
    return {
        ("fail", "pass"): "works in B only",
        ("fail", "warn"): "works in B only, with a warning",
        ("warn", "pass"): "a warning in A only",
        ("pass", "fail"): "works in A only",
        ("warn", "fail"): "works in A only, with a warning",
    }.get((a, b), "a warning in B only")


def _worse(pairs: list[CheckPair]) -> bool | None:
    """Whether something that the device needs worked in A and fails in B; None: not known."""
    mine = [pair for pair in pairs if pair.level == "required"]
    if any(pair.relation == "worse" and pair.b == "fail" for pair in mine):
        return True
    doubtful = any(
        pair.a != "fail" if pair.relation == "no-longer-known" else pair.relation == "now-known" and pair.b == "fail"
        for pair in mine
    )
    compared = any(pair.relation in {"same", "better"} for pair in mine)
    return None if doubtful or not compared else False
