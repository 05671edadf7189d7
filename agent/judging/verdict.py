"""Judging a run: each check by its own judge, then the verdict, the answer, the Internet Test and the start."""

from collections.abc import Iterable
from typing import Any

import msgspec

from netpreflight.agent.internal_faults import fault_of
from netpreflight.agent.judging import let_through
from netpreflight.agent.judging.answer import answer_of, headline_of, is_same_port, loss_of, with_log
from netpreflight.agent.judging.device_start import startup
from netpreflight.agent.judging.device_view import DeviceView, device_view
from netpreflight.agent.judging.doubt import without_doubted
from netpreflight.agent.judging.internet_diagnosis import internet_test
from netpreflight.agent.judging.join import as_device
from netpreflight.agent.judging.registry import CHECKS, COMMON_PROBLEMS, Row, survey_checks
from netpreflight.agent.judging.unseen import of_another_network, without_ipv4
from netpreflight.agent.judging.wifi.survey import survey_of, surveyed
from netpreflight.agent.profiles import Fact, Profile
from netpreflight.agent.results import Check, Finding, Judgement, Verdict
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Observations


def judge(seen: Observations, profile: Profile, selection: Selection) -> Judgement:
    """Judge every selected check for a device, then the verdict, the answer, the Internet Test and the start."""
    return judge_as(device_view(surveyed(seen), profile), selection)


def judge_as(view: DeviceView, selection: Selection) -> Judgement:
    """The same as `judge`, for a device view that has already been made."""
    profile = view.profile
    all_checks = [_judged(row, view, selection) for row in CHECKS.values() if row.exists(view.seen)]
    all_checks = _after_their_cause(_with_owner_of_loss(all_checks))
    checks = [check for check in all_checks if check.stage is not None]
    verdict = verdict_of(checks, selection)
    diagnosis = internet_test(view, {check.id: check for check in checks})
    start = startup(view, checks, diagnosis)
    itself = [check for check in all_checks if CHECKS[check.id].of_device]
    answer = with_log(answer_of(verdict, checks, profile, start), verdict, itself)
    return Judgement(
        checks=all_checks,
        verdict=verdict,
        answer=answer,
        headline=headline_of(verdict, answer),
        internet_test=diagnosis,
        startup=start,
    )


def _with_owner_of_loss(checks: list[Check]) -> list[Check]:
    """Give a failing port check the owner of the router where path.egress lost it."""
    path_check = loss_of(checks)
    if path_check is None:
        return checks
    return [
        msgspec.structs.replace(check, owner=path_check.owner)
        if check.status == "fail" and is_same_port(check, path_check)
        else check
        for check in checks
    ]


def _after_their_cause(checks: list[Check]) -> list[Check]:
    """Make a check wait for a portal, or a resolver that invents answers, if that alone may cause its result."""
    causes = [check for check in checks if check.status in {"fail", "warn"} and CHECKS[check.id].spoils]
    causes.sort(key=lambda check: not CHECKS[check.id].first)
    return [
        _after(cause, check)
        if (cause := next((cause for cause in causes if _may_cause(cause, check)), None)) is not None
        else check
        for check in checks
    ]


def _may_cause(cause: Check, check: Check) -> bool:
    """Whether the result of `check` may be due to `cause`, and not to what `check` itself asks to change."""
    if CHECKS[check.id].spoils or check.problem in COMMON_PROBLEMS:
        return False
    if check.stage not in CHECKS[cause.id].spoilt_by(cause.problem):
        return False
    if check.due_to is not None:
        return check.due_to == cause.id and check.status == "fail"
    # A portal may stop anything. A resolver harms only checks that used a doubted address, and these have a `due_to`.
    stops = CHECKS[cause.id].first and cause.status == "fail"
    return stops and (bool(check.to_allow) or check.status in {"fail", "unknown"})


def _after(cause: Check, check: Check) -> Check:
    """A check that has to wait for the check that causes its failure; its remedy begins with that check's."""
    if check.status == "unknown":
        return msgspec.structs.replace(check, due_to=cause.id)
    return msgspec.structs.replace(
        check,
        due_to=cause.id,
        remedy=f"First do what {cause.id} asks for: {cause.remedy} "
        "Look at this check again only if it still fails then.",
    )


def judge_network(ssid: str, seen: Observations, profile: Profile, selection: Selection) -> tuple[Verdict, list[Check]]:
    """Judge one of several networks in range, by its `wifi.*` checks only."""
    if seen.wifi is None:
        raise ValueError("there are no networks without a survey")
    view = device_view(msgspec.structs.replace(seen, wifi=survey_of(seen.wifi).aimed_at(ssid)), profile)
    rows = [CHECKS[check_id] for check_id in survey_checks()]
    checks = [_judged(row, view, selection) for row in rows if row.exists(view.seen)]
    return verdict_of(checks, selection), checks


def judge_one(check_id: str, seen: Observations, profile: Profile, selection: Selection) -> Check:
    """Judge one check."""
    return judge_some([check_id], seen, profile, selection)[0]


def judge_some(check_ids: Iterable[str], seen: Observations, profile: Profile, selection: Selection) -> list[Check]:
    """Judge some checks."""
    view = device_view(seen, profile)
    return [_judged(CHECKS[check_id], view, selection) for check_id in check_ids]


def _judged(row: Row, view: DeviceView, selection: Selection) -> Check:
    """Judge one check; an exception in its judge makes it `unknown`."""
    level = view.profile.level(row.id)
    if not selection.includes(row.id):
        finding = Finding(status="skip", summary="Left out of this run, as asked")
    else:
        try:
            finding = _as_listed(without_doubted(row.judge(view), view.doubted, row.problems), row)
            finding = without_ipv4(view.seen, finding) or finding
            if row.beyond_the_air and finding.status in {"pass", "warn", "fail"}:
                finding = of_another_network(view.seen, finding) or finding
            if row.beyond_the_air:
                finding = let_through.judged(view, row.id, as_device(view.seen.join, finding))
        except Exception as fault:  # noqa: BLE001 - an error in one check must not cost the whole report
            finding = Finding(
                status="unknown",
                summary="netpreflight failed to judge this check",
                problem="internal-error",
                reason=f"Internal error: {type(fault).__name__}: {fault}",
                remedy="Attach the JSON report to a ticket for netpreflight's developers.",
                owner="nobody",
                fault=fault_of(fault),
            )
    finding = _as_sure_as_its_facts(finding)
    status = "warn" if finding.status == "fail" and level == "warning" else finding.status
    fields = {name: getattr(finding, name) for name in finding.__struct_fields__}
    return Check(**{**fields, "status": status}, id=row.id, stage=row.stage, level=level)


def _as_listed(finding: Finding, row: Row) -> Finding:
    """Give a finding that names no owner the usual owner of its check.

    Raises:
        ValueError: the problem is not one that the check lists, or a pass or skip has a problem.
    """
    is_fine = finding.status in {"pass", "skip"}
    allowed = {None} if is_fine else {*row.problems, *COMMON_PROBLEMS}
    if finding.problem not in allowed:
        raise ValueError(f"{row.id}: problem {finding.problem!r} is not allowed with status {finding.status}")
    return finding if is_fine or finding.owner else msgspec.structs.replace(finding, owner=row.owner)


def _as_sure_as_its_facts(finding: Finding) -> Finding:
    """Add the sources of the device facts as evidence; downgrade a pass or fail that rests on an unconfirmed fact."""
    if not finding.rests_on:
        return finding
    sources = [_source(fact) for fact in finding.rests_on]
    finding = msgspec.structs.replace(finding, evidence=[*finding.evidence, *dict.fromkeys(sources)])
    if finding.standing == finding.status:
        return finding
    doubtful = next(fact for fact in finding.rests_on if fact.certainty == "unconfirmed")
    doubt = f"This rests on a fact about the device that is not confirmed ({doubtful.note or doubtful.source})."
    return msgspec.structs.replace(
        finding,
        status=finding.standing,
        problem="unconfirmed" if finding.status == "pass" else finding.problem,
        reason=f"{finding.reason} {doubt}" if finding.reason else doubt,
        remedy=finding.remedy or "Try one device here before many.",
        owner=finding.owner or "device owner",
    )


def _source(fact: Fact[Any]) -> str:
    """The source of a device fact, as a line of evidence; says if the fact is inferred or unconfirmed."""
    doubt = "" if fact.certainty == "confirmed" else f" ({fact.certainty})"
    return f"device fact {fact.name}: {fact.source}{doubt}"


def verdict_of(checks: list[Check], selection: Selection) -> Verdict:
    """The verdict: a required check that fails decides it, then one that is unknown or skipped, then any warning."""
    judged = [check for check in checks if selection.includes(check.id)]
    required = {check.status for check in judged if check.level == "required"}
    if "fail" in required:
        return "incompatible"
    if not required or required & {"unknown", "skip"}:
        return "undetermined"
    return "compatible-with-warnings" if any(check.status == "warn" for check in judged) else "compatible"
