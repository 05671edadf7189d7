"""The parts of a comparison, and so the structure of its JSON (`netpreflight-comparison/1`)."""

from typing import Literal

from msgspec import Struct, field

from netpreflight.agent.judging.registry import may_stop
from netpreflight.agent.owner import Owner
from netpreflight.agent.profiles.facts import Importance
from netpreflight.agent.report import Device, Report, Saved, Tool
from netpreflight.agent.report.changes import Change
from netpreflight.agent.results import Check, Stage, StartStage, Status, Verdict
from netpreflight.probes.observations import Plain, Said

Story = Literal["two-networks", "before-and-after", "same-run", "not-told"]
"""How the two runs are related, by their observations."""
Relation = Literal["same", "better", "worse", "now-known", "no-longer-known", "not-known"]
"""How B compares with A; `same`, `better` and `worse` need results that are known in both runs."""
Standing = Literal["ruled-out", "suspect", "not-settled", "not-tried"]
ChangeState = Literal["works-now", "still-asked", "asked-otherwise", "not-known"]


class Given(Struct, frozen=True, kw_only=True):
    """One of the two runs, judged again, with what its file holds."""

    letter: Literal["A", "B"]
    file: str
    report: Report
    """The report, judged by today's rules for the device of the comparison."""
    saved: Saved
    """The contents of its file."""


def settled(check: Check) -> Status:
    """The status of a check; `unknown` for a warning about something that may stop the device: it settles nothing."""
    return "unknown" if may_stop(check) else check.status


class Side(Struct, frozen=True, kw_only=True):
    """A summary of one of the two runs.

    Attributes:
        file: the file's name; it often says whose network it is, so sharing hides it like a server's own words.
        judged_for: the device in the file, which may differ from the device of the comparison.
        rules: the version of the rules by which the file was judged.
        network: the network that this laptop was on, in words.
        hotspot: why the network looks like a phone's or a laptop's hotspot; None: it does not.
    """

    file: Said
    started: str
    complete: bool
    judged_for: str
    rules: str
    network: str
    hotspot: str | None
    verdict: Verdict
    headline: str
    online: bool | None
    stops_at: StartStage | None


class CheckPair(Struct, frozen=True, kw_only=True):
    """One check in both runs; `limits` say why its two results can only be compared with care."""

    id: str
    stage: Stage | None
    level: Importance
    a: Status
    b: Status
    relation: Relation
    a_problem: Plain | None
    """The problem that A found; None: none, or the check was left out."""
    b_problem: Plain | None
    a_summary: str
    b_summary: str
    meaning: str
    limits: list[str] = field(default_factory=list)


class Limit(Struct, frozen=True, kw_only=True):
    """Why two runs, or some of their checks, can only be compared with care; no `checks`: this concerns all of them."""

    text: str
    checks: list[str] = field(default_factory=list)


class Conclusion(Struct, frozen=True, kw_only=True):
    """What the comparison says about one thing that may be at fault.

    Attributes:
        rests_on: the results from which the conclusion follows, such as `B cloud.transport`.
    """

    subject: str
    standing: Standing
    because: str
    rests_on: list[str] = field(default_factory=list)


class AskedChange(Struct, frozen=True, kw_only=True):
    """A change that run A asked for, and whether run B shows that it works."""

    checks: list[str]
    line: str
    owner: Owner | None
    needed: bool
    state: ChangeState
    because: str


class Difference(Struct, frozen=True, kw_only=True):
    """One difference between the networks or laptops of the two runs."""

    what: str
    a: str
    b: str


class Comparison(Struct, frozen=True, kw_only=True):
    """Two runs side by side.

    Attributes:
        sure: whether `story` is proved, and not only likely.
        told_by: the evidence for `story`.
        sentence: the conclusion to read first; it begins with the headline.
        headline: the conclusion in short, without the checks and the reasons.
        worse: whether something that the device needs worked in A and fails in B; None: not known.
        asked: the changes that A asked for, if B is a later run on the same network.
        new_changes: the changes that B asks for and A did not, if B is a later run on the same network.
    """

    schema: Literal["netpreflight-comparison/1"]
    tool: Tool
    device: Device
    a: Side
    b: Side
    story: Story
    sure: bool
    told_by: list[str]
    sentence: str
    headline: str
    worse: bool | None
    conclusions: list[Conclusion]
    asked: list[AskedChange]
    new_changes: list[Change]
    limits: list[Limit]
    checks: list[CheckPair]
    differences: list[Difference]
