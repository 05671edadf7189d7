"""Two saved runs side by side: what differs, what that rules out, what got better and what got worse.

Pure, like judging: two reports in, a comparison out. Both are judged by today's rules for the same device. Their
observations tell whether they are two networks, or one network at two times. Where that cannot be told, only the
differences are listed.
"""

from netpreflight.agent.compare.changed import asked, new_changes
from netpreflight.agent.compare.conclusions import name_of, of_two_networks, reference_remarks
from netpreflight.agent.compare.differences import differences
from netpreflight.agent.compare.limits import is_reversed, limits
from netpreflight.agent.compare.parts import CheckPair, Comparison, Given, Limit, Relation, Side, Story, settled
from netpreflight.agent.compare.sentence import conclusion
from netpreflight.agent.compare.story import StoryFinding, find_story, hotspot, network_words
from netpreflight.agent.judging.registry import may_stop
from netpreflight.agent.profiles import Profile
from netpreflight.agent.report import Tool
from netpreflight.agent.results import Check, Status

__all__ = ["Comparison", "Given", "compare"]

_RANK: dict[Status, int] = {"fail": 0, "warn": 1, "pass": 2}
"""Known statuses by rank; higher is better."""


def compare(a: Given, b: Given, profile: Profile) -> Comparison:
    """Compare two runs, which are both judged for the device of this profile."""
    finding = _story(a, b)
    all_limits = [*limits(a, b, finding.story), *_references(a, b, finding.story)]
    later = finding.story == "before-and-after" and not is_reversed(a, b)
    pairs = _pairs(a, b, all_limits, later=later)
    opening = conclusion(a, b, finding, pairs, profile)
    return Comparison(
        schema="netpreflight-comparison/1",
        tool=Tool(),
        device=a.report.device,
        a=_side(a),
        b=_side(b),
        story=finding.story,
        sure=finding.sure,
        told_by=finding.evidence,
        sentence=opening.sentence,
        headline=opening.headline,
        worse=_worse(pairs) if finding.story != "before-and-after" or later else None,
        conclusions=of_two_networks(a, b, profile) if finding.story == "two-networks" else [],
        asked=asked(a, b) if later else [],
        new_changes=new_changes(a, b) if later else [],
        limits=all_limits,
        checks=pairs,
        differences=differences(a.report.observations, b.report.observations, profile),
    )


def relation(a: Status, b: Status) -> Relation:
    """How B's status compares with A's; an unknown or skipped status is neither better nor worse than any other."""
    if a not in _RANK or b not in _RANK:
        return "now-known" if b in _RANK else "no-longer-known" if a in _RANK else "not-known"
    return "same" if a == b else "better" if _RANK[b] > _RANK[a] else "worse"


def _story(a: Given, b: Given) -> StoryFinding:
    """How the two runs are related: the same run, one network at two times, or two networks."""
    report, other = a.report, b.report
    if (report.started, report.observations, report.selection) == (other.started, other.observations, other.selection):
        return StoryFinding("same-run", sure=True, evidence=["both files hold the same measurement"])
    return find_story(report.observations, other.observations)


def _side(given: Given) -> Side:
    """The summary of one run: its file, its network and its verdict."""
    report, saved_device = given.report, given.saved.device
    return Side(
        file=given.file,
        started=report.started,
        complete=report.complete,
        judged_for=f"{saved_device.title}, Device OS {saved_device.os_version}"
        if saved_device.os_version
        else saved_device.title,
        rules=given.saved.tool.rules,
        network=network_words(report.observations),
        hotspot=hotspot(report.observations),
        verdict=report.verdict,
        headline=report.headline,
        online=report.startup.online,
        stops_at=report.startup.stops_at,
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


def _pairs(a: Given, b: Given, all_limits: list[Limit], *, later: bool) -> list[CheckPair]:
    """Each check that both runs have, side by side."""
    checks_of_b = {check.id: check for check in b.report.checks}
    return [
        _pair(check, checks_of_b[check.id], all_limits, later=later)
        for check in a.report.checks
        if check.id in checks_of_b
    ]


def _pair(check: Check, other: Check, all_limits: list[Limit], *, later: bool) -> CheckPair:
    """One check in both runs, with how its result changed and what limits the comparison.

    `later`: run b was made after run a, on the same network.
    """
    change = relation(settled(check), settled(other))
    return CheckPair(
        id=check.id,
        stage=check.stage,
        level=check.level,
        a=check.status,
        b=other.status,
        relation=change,
        a_problem=check.problem,
        b_problem=other.problem,
        a_summary=check.summary,
        b_summary=other.summary,
        meaning=_meaning(check, other, change, later=later),
        # An unchanged result needs no caveat.
        limits=[limit.text for limit in all_limits if check.id in limit.checks] if change != "same" else [],
    )


def _meaning(check: Check, other: Check, change: Relation, *, later: bool) -> str:
    """The two results of a check together, in a few words."""
    a, b = check.status, other.status
    if change == "same":
        return {"pass": "works in both", "warn": "a warning in both"}.get(a, "fails in both")
    doubtful = [letter for letter, row in (("A", check), ("B", other)) if may_stop(row)]
    if change == "not-known":
        if len(doubtful) == 1:
            return f"doubtful in {doubtful[0]}; not known in {'B' if doubtful == ['A'] else 'A'}"
        return "doubtful in both" if doubtful else "left out of both" if a == b == "skip" else "known in neither"
    if change in {"now-known", "no-longer-known"}:
        missing, known, status = ("A", "B", b) if change == "now-known" else ("B", "A", a)
        outcome = {"pass": "works", "warn": "works, with a warning,"}.get(status, "fails")
        return f"{outcome} in {known}; {'doubtful' if doubtful else 'not known'} in {missing}"
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
    required = [pair for pair in pairs if pair.level == "required"]
    if any(pair.relation == "worse" and pair.b == "fail" for pair in required):
        return True
    is_doubtful = any(
        pair.a != "fail" if pair.relation == "no-longer-known" else pair.relation == "now-known" and pair.b == "fail"
        for pair in required
    )
    is_comparable = any(pair.relation in {"same", "better"} for pair in required)
    return None if is_doubtful or not is_comparable else False
