"""One way in which a check can end, and how it is held against what judging says."""

from dataclasses import dataclass
from typing import Any

from netpreflight.agent import profiles
from netpreflight.agent.judging import CHECKS, judge_one
from netpreflight.agent.judging.registry import COMMON_PROBLEMS
from netpreflight.agent.results import Check
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Dns
from tests.unit.seen import dns, healthy, lookup

ADMIN, OWNER = "network administrator", "device owner"


@dataclass(frozen=True)
class Case:
    """Observations, and what one check has to make of them for one device."""

    name: str
    check: str
    changed: dict[str, Any]
    status: str
    problem: str | None = None
    owner: str | None = None
    named: str | None = None
    """The address of whoever is named as the place of the problem."""
    device: str = "generic"
    """Its name, and a version where that is not the newest."""
    evidence: tuple[str, ...] = ()
    """What the evidence has to show."""

    def judge(self) -> Check:
        """The check, as judged."""
        return judge_one(self.check, healthy(**self.changed), profiles.load(*self.device.split()), Selection())


def verify(case: Case) -> None:
    check = case.judge()
    evidence = "\n".join(check.evidence)

    assert (check.status, check.problem, check.owner) == (case.status, case.problem, case.owner), check
    assert (check.named.address if check.named else None) == case.named
    for shown in case.evidence:
        assert shown in evidence
    if check.status in {"fail", "unknown", "warn"}:
        assert check.reason
        assert check.remedy
        assert check.owner


def without(*names: str, rcode: str | None = "NXDOMAIN") -> dict[str, Dns]:
    """All names resolve but these."""
    return {"dns": dns(*(lookup(name, rcode=rcode) for name in names))}


def assert_listed(check: Check) -> None:
    """A finding that is no pass has a problem of its check's list, and no other has one, or somebody named."""
    listed = CHECKS[check.id].problems
    if check.status in {"pass", "skip"}:
        assert (check.problem, check.named) == (None, None), check
    else:
        assert check.problem in {*listed, *COMMON_PROBLEMS}, check
