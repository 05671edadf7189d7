"""Whether the changes that the earlier run asked for work in the later one."""

from netpreflight.agent.compare.parts import AskedChange, ChangeState, Given, settled
from netpreflight.agent.report.changes import Change


def asked(a: Given, b: Given) -> list[AskedChange]:
    """Each change that A asked for, and whether B shows that it works."""
    return [_asked(change, b) for change in a.report.changes]


def new_changes(a: Given, b: Given) -> list[Change]:
    """The changes that B asks for and A did not."""
    before = {check for change in a.report.changes for check in change.checks}
    return [change for change in b.report.changes if not before & set(change.checks)]


def _asked(change: Change, b: Given) -> AskedChange:
    """A change that A asked for, and whether B shows that it works."""
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
    """Whether B shows that a change which A asked for works, and the sentence that says why."""
    same_kind = [later for later in b.report.changes if set(later.checks) & set(change.checks)]
    if any(later.line == change.line for later in same_kind):
        return "still-asked", "B asks for the same change: it was not made, is not active here, or does not help."
    if same_kind:
        old_addresses = {address for rule in change.rules for address in rule.addresses}
        new_addresses = sorted(
            {address for change in same_kind for rule in change.rules for address in rule.addresses} - old_addresses
        )
        remark = (
            f" The name now also resolves to {', '.join(new_addresses)}, which the rule of report A does not list."
            if new_addresses and old_addresses
            else ""
        )
        return "asked-otherwise", f"B asks for another change of the same kind: {same_kind[0].line}{remark}"
    judged = [check for check in b.report.checks if check.id in change.checks]
    # A failed check of level `warning` has the status `warn` too.
    unsettled = [
        check
        for check in judged
        if settled(check) not in {"pass", "warn"} or (check.status == "warn" and check.level == "warning")
    ]
    if not judged or unsettled:
        remark = (
            f"{unsettled[0].id} is {unsettled[0].status}: {unsettled[0].summary}" if unsettled else "it was not judged"
        )
        return "not-known", f"B does not show that this works now, and does not ask for the change again ({remark})."
    return "works-now", "What A asked for works in B. Two runs cannot show that this change is the reason."
