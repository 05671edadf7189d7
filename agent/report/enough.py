"""What is enough: which of the changes the device needs, and whether it then works, as far as that was seen.

The same judged checks are taken once more with the findings in question turned to a pass. What was measured behind a
fault that spoils everything after it (a portal, a resolver that lies) says nothing of what will be there once that is
mended: it is then unknown, and so is whether the changes are enough.
"""

from typing import Literal

import msgspec
from msgspec import Struct

from netpreflight.agent.judging import CHECKS, verdict_of
from netpreflight.agent.report.changes import Change
from netpreflight.agent.results import Check, Stage
from netpreflight.agent.selection import Selection, in_groups
from netpreflight.probes.observations import Plain


class Enough(Struct, frozen=True, kw_only=True):
    """Whether the changes make the device work.

    Attributes:
        answer: `alone`: the one change does. `together`: all of them are needed, and do. `not-known`: they are needed,
            and whether that is enough was not seen.
        fix: the checks that have to be mended, one for each change.
        problems: what each of these found, in the same order.
        perhaps: failing checks that may pass by themselves once the others are mended.
        not_seen: checks of which nothing is known once `fix` is mended.
    """

    answer: Literal["alone", "together", "not-known"]
    fix: list[str]
    problems: list[Plain | None]
    perhaps: list[str]
    not_seen: list[str]
    sentence: str


def enough(checks: list[Check], changes: list[Change], selection: Selection) -> Enough | None:
    """What the needed changes amount to; None where the device needs none."""
    needed = [change for change in changes if change.needed]
    failing = [check.id for check in checks if (check.status, check.level) == ("fail", "required")]
    if not needed or not failing:
        return None
    spoiling = [change for change in needed if _spoilt_by(change)]
    spoilt = {stage for change in spoiling for stage in _spoilt_by(change)}
    fix = spoiling + [change for change in needed if change not in spoiling and not _only_in(change, spoilt)]
    turned = _mended(checks, {check_id for change in fix for check_id in change.checks}, spoilt)
    not_seen = [
        check.id for check in turned if check.level == "required" and check.status in {"fail", "unknown", "skip"}
    ]
    in_doubt = [check.id for check in turned if check.level == "required" and check.in_doubt]
    works = not not_seen and not in_doubt and verdict_of(turned, selection).startswith("compatible")
    first = [change.checks[0] for change in fix]
    perhaps = [check_id for check_id in failing if check_id in not_seen]
    return Enough(
        answer="not-known" if not works else "alone" if len(fix) == 1 else "together",
        fix=first,
        problems=[change.problems[0] for change in fix],
        perhaps=perhaps,
        not_seen=not_seen,
        sentence=_sentence(first, perhaps, not_seen, in_doubt, works=works),
    )


def _spoilt_by(change: Change) -> set[Stage]:
    """The stages whose failures may all come from what the change mends."""
    return {stage for check_id in change.checks for stage in CHECKS[check_id].spoils}


def _only_in(change: Change, stages: set[Stage]) -> bool:
    return all(CHECKS[check_id].stage in stages for check_id in change.checks)


def _mended(checks: list[Check], fixed: set[str], spoilt: set[Stage]) -> list[Check]:
    """The checks as they would be judged with some of them mended: what followed from those was not seen."""
    fixed = {*fixed, *(settled for check_id in fixed for settled in CHECKS[check_id].settles)}
    unseen = {
        check.id
        for check in checks
        if check.status == "fail" and (check.stage in spoilt or _follows(check, checks, fixed))
    }
    return [
        msgspec.structs.replace(check, status="pass")
        if check.id in fixed
        else msgspec.structs.replace(check, status="unknown")
        if check.id in unseen
        else check
        for check in checks
    ]


def _follows(check: Check, checks: list[Check], fixed: set[str]) -> bool:
    """Whether a finding is a consequence of one that is mended, over however many steps."""
    by_id, cause = {row.id: row for row in checks}, check.due_to
    for _ in checks:  # a chain of causes is no longer than that, and a circle ends
        if cause is None or cause in fixed:
            break
        cause = by_id[cause].due_to if cause in by_id else None
    return cause in fixed


def _sentence(fix: list[str], perhaps: list[str], not_seen: list[str], in_doubt: list[str], *, works: bool) -> str:
    names = f"{', '.join(fix[:-1])} and {fix[-1]}" if len(fix) > 1 else fix[0]
    if works and len(fix) == 1:
        return f"Mending {names} alone is enough: everything else that the device needs was seen to work here."
    both = "both" if len(fix) == 2 else "all"
    if works:
        return f"{names} {both} have to be mended, and that is enough: all else that the device needs was seen to work."
    has = "has" if len(fix) == 1 else f"{both} have"
    behind = f" {in_groups(perhaps)} may fail only because of that." if perhaps else ""
    open_ = f"{names} {has} to be mended; whether that is enough is not known"
    if not_seen:
        return f"{open_}, because nothing was seen of {in_groups(not_seen)}.{behind} Run netpreflight again then."
    if in_doubt:
        return f"{open_}: {in_groups(in_doubt)} rests on what is not confirmed of the device."
    return f"{open_}."
