"""Which of the changes the device needs, and whether they are enough to get it online.

The verdict is worked out again, with the checks that the changes fix set to a pass. Some faults (a portal, a resolver
that rewrites answers) falsify every measurement that was made through them. The results of these measurements without
the fault are unknown, and then it is also unknown whether the changes are enough.
"""

from typing import Literal, NamedTuple

import msgspec
from msgspec import Struct

from netpreflight.agent.judging import CHECKS, verdict_of
from netpreflight.agent.judging.addresses import zone_of
from netpreflight.agent.judging.registry import may_stop
from netpreflight.agent.report.changes import Change
from netpreflight.agent.results import ONLY_LAPTOP, Check, Stage
from netpreflight.agent.selection import Selection, in_groups
from netpreflight.agent.sentences import in_a_row
from netpreflight.probes.observations import Plain


class Enough(Struct, frozen=True, kw_only=True):
    """Whether the changes make the device work.

    Attributes:
        answer: `alone`: one change is enough. `together`: all changes are needed, and are enough. `not-known`: the
            changes are needed, but whether they are enough is not known.
        fix: the failing checks to fix, one for each change.
        problems: the problem that each check in `fix` found, in the same order.
        perhaps: failing checks that may pass by themselves once the checks in `fix` do.
        not_seen: checks whose result is not known once the checks in `fix` pass.
    """

    answer: Literal["alone", "together", "not-known"]
    fix: list[str]
    problems: list[Plain | None]
    perhaps: list[str]
    not_seen: list[str]
    sentence: str


def enough(checks: list[Check], changes: list[Change], selection: Selection) -> Enough | None:
    """Whether the needed changes are enough to get the device online; None: the device needs no change."""
    needed = [change for change in changes if change.needed]
    failing = [check.id for check in checks if (check.status, check.level) == ("fail", "required")]
    if not needed or not failing:
        return None
    spoiling = [change for change in needed if _stages_spoilt_by(change)]
    spoilt = {stage for change in spoiling for stage in _stages_spoilt_by(change)}
    to_fix = spoiling + [
        change for change in needed if change not in spoiling and not _is_only_in_stages(change, spoilt)
    ]
    after_fix = _with_fixes(checks, {check_id for change in to_fix for check_id in change.checks}, spoilt)
    not_seen = [
        check.id for check in after_fix if check.level == "required" and check.status in {"fail", "unknown", "skip"}
    ]
    in_doubt = [check.id for check in after_fix if check.level == "required" and (check.in_doubt or may_stop(check))]
    unsettled = suspected_causes([check_id for change in to_fix for check_id in change.checks], checks)
    works = not (not_seen or in_doubt or unsettled) and verdict_of(after_fix, selection).startswith("compatible")
    first, problems = [change.checks[0] for change in to_fix], [change.problems[0] for change in to_fix]
    asked = {check_id for change in changes for check_id in change.checks}
    consequences = [check_id for check_id in failing if check_id in not_seen]
    return Enough(
        answer="not-known" if not works else "alone" if len(to_fix) == 1 else "together",
        fix=first,
        problems=problems,
        perhaps=consequences,
        not_seen=[*not_seen, *(check_id for check_id in unsettled if check_id not in not_seen)],
        sentence=_unsettled(first, unsettled)
        if unsettled
        else _sentence(
            _Fixes(first, problems == [ONLY_LAPTOP]), consequences, _missing(not_seen, selection), in_doubt, works=works
        )
        + afterwards(checks, [check_id for check_id in consequences if check_id not in asked]),
    )


def _stages_spoilt_by(change: Change) -> set[Stage]:
    """The stages in which every failure may be caused by the fault that the change fixes."""
    found = zip(change.checks, change.problems, strict=True)
    return {stage for check_id, problem in found for stage in CHECKS[check_id].spoilt_by(problem)}


def _is_only_in_stages(change: Change, stages: set[Stage]) -> bool:
    """Whether all checks that ask for a change are in these stages."""
    return all(CHECKS[check_id].stage in stages for check_id in change.checks)


def _with_fixes(checks: list[Check], fixed: set[str], spoilt: set[Stage]) -> list[Check]:
    """The checks with those in `fixed` set to a pass, and failures that may be consequences of them set to unknown."""
    fixed = {*fixed, *(settled for check_id in fixed for settled in CHECKS[check_id].settles)}
    unseen = {
        check.id
        for check in checks
        if check.status == "fail" and (check.stage in spoilt or _is_consequence(check, checks, fixed))
    }
    return [
        msgspec.structs.replace(check, status="pass")
        if check.id in fixed
        else msgspec.structs.replace(check, status="unknown")
        if check.id in unseen
        else check
        for check in checks
    ]


def _is_consequence(check: Check, checks: list[Check], fixed: set[str]) -> bool:
    """Whether a finding is a direct or indirect consequence of one that is fixed."""
    by_id, cause = {row.id: row for row in checks}, check.due_to
    for _ in checks:  # a chain of causes cannot be longer, and a circle of causes ends here
        if cause is None or cause in fixed:
            break
        cause = by_id[cause].due_to if cause in by_id else None
    return cause in fixed


def suspected_causes(ids: list[str], checks: list[Check]) -> list[str]:
    """The checks that may be the cause of what these checks found, and whose own result is unknown."""
    unknown = {check.id for check in checks if check.status == "unknown"}
    causes = (check.due_to for check in checks if check.id in ids)
    return list(dict.fromkeys(cause for cause in causes if cause in unknown))


def afterwards(checks: list[Check], failing: list[str]) -> str:
    """What to do if these checks still fail once their cause is fixed, as a sentence after a space; empty: none."""
    if not failing:
        return ""
    flows = [flow for check in checks if check.id in failing for flow in check.to_allow]
    where = [f"{flow.words} to {zone_of(flow.host or flow.address)}" for flow in flows]
    what = (
        f"let out {in_a_row(list(dict.fromkeys(where)))}"
        if where
        else f"follow the remedy given under {in_groups(failing)}"
    )
    return f" Only if it still fails then: {what}."


def _unsettled(to_fix: list[str], causes: list[str]) -> str:
    """The sentence for checks whose cause is only suspected, so that it is not known what has to be changed."""
    verb = "is" if len(causes) == 1 else "are"
    return (
        f"It is not known yet what has to be changed for {in_a_row(to_fix)}: {in_a_row(causes)} may be the cause, and "
        f"{verb} to be settled first. Then run netpreflight again."
    )


class _Fixes(NamedTuple):
    """The checks to fix, and whether the fix is only to let the device through, like this laptop."""

    ids: list[str]
    is_letting_through: bool


class _Missing(NamedTuple):
    """Checks without a result: those that the user left out, and those that could not be measured."""

    left_out: list[str]
    unmeasured: list[str]


def _missing(not_seen: list[str], selection: Selection) -> _Missing:
    """The checks whose result is not known, by the reason."""
    return _Missing(
        [check_id for check_id in not_seen if not selection.includes(check_id)],
        [check_id for check_id in not_seen if selection.includes(check_id)],
    )


def _sentence(fixes: _Fixes, consequences: list[str], missing: _Missing, in_doubt: list[str], *, works: bool) -> str:
    """Whether fixing these checks is enough, as a sentence."""
    names, is_single = in_a_row(fixes.ids), len(fixes.ids) == 1
    fixing = "Letting the device through" if fixes.is_letting_through else f"Fixing {names}"
    if works and is_single:
        return f"{fixing} alone is enough: everything else that the device needs was seen to work here."
    both = "both" if len(fixes.ids) == 2 else "all"
    if works:
        return f"{names} {both} have to be fixed, and that is enough: everything else was seen to work here."
    cause, fix = (names, "fix") if is_single else ("these faults", "fixes")
    consequences_words = (
        f" {in_groups(consequences)} may be failing only as a consequence of {cause}." if consequences else ""
    )
    start = f"{fixing} may not be enough"
    if missing.left_out or missing.unmeasured:
        left_out, unmeasured = in_groups(missing.left_out), in_groups(missing.unmeasured)
        why = in_a_row(
            [
                *([f"{unmeasured} could not be measured yet"] if unmeasured else []),
                *([f"{left_out} {'were' if ',' in left_out else 'was'} left out"] if left_out else []),
            ]
        )
        again = f" After the {fix}, run netpreflight again{f', this time with {left_out}' if left_out else ''}."
        return f"{start}: {why}.{consequences_words}{again}"
    if in_doubt:
        return f"{start}: {in_groups(in_doubt)} rests on a fact about the device that is not confirmed."
    return f"{start}."
