"""Whether the changes that the earlier run asked for work in the later one."""

from netpreflight.agent.compare.parts import AskedChange, ChangeState, Given
from netpreflight.agent.report.changes import Change


def asked(a: Given, b: Given) -> list[AskedChange]:
    """Each change that A asked for, and whether B shows that it works."""
    return [_asked(change, b) for change in a.report.changes]


def new_changes(a: Given, b: Given) -> list[Change]:
    """The changes that B asks for and A did not."""
    before = {check for change in a.report.changes for check in change.checks}
    return [change for change in b.report.changes if not before & set(change.checks)]


def _asked(change: Change, b: Given) -> AskedChange:
    state, because = _state(change, b)
    return AskedChange(
        checks=change.checks,
        line=change.line,
        owner=change.owner,
        needed=change.needed,
        state=state,
        because=because,
    )


def _state(change: Change, b: Given) -> tuple[ChangeState, str]:
    still = [later for later in b.report.changes if set(later.checks) & set(change.checks)]
    if any(later.line == change.line for later in still):
        return "still-asked", "B asks for the same change: it was not made, is not active here, or does not help."
    if still:
        before = {address for rule in change.rules for address in rule.addresses}
        moved = sorted({address for change in still for rule in change.rules for address in rule.addresses} - before)
        why = (
            f" The name now also resolves to {', '.join(moved)}, which A's rule does not list."
            if moved and before
            else ""
        )
        return "asked-otherwise", f"B asks for another change of the same kind: {still[0].line}{why}"
    mine = [check for check in b.report.checks if check.id in change.checks]
    # A failed check of level `warning` has the status `warn` too.
    unsettled = [
        check for check in mine if check.status != "pass" and (check.status != "warn" or check.level == "warning")
    ]
    if not mine or unsettled:
        why = (
            f"{unsettled[0].id} is {unsettled[0].status}: {unsettled[0].summary}" if unsettled else "it was not judged"
        )
        return "not-known", f"B does not show that this works now, and does not ask for the change again ({why})."
    return "works-now", "What A asked for works in B. Two runs cannot show that this change is the reason."
