"""What a comparison consists of; the shape of its JSON (`netpreflight-comparison/1`)."""

from typing import Literal

from msgspec import Struct, field

from netpreflight.agent.owner import Owner
from netpreflight.agent.profiles.facts import Importance
from netpreflight.agent.report import Device, Report, Saved, Tool
from netpreflight.agent.report.changes import Change
from netpreflight.agent.results import Stage, StartStage, Status, Verdict
from netpreflight.probes.observations import Plain, Said

Story = Literal["two-networks", "before-and-after", "same-run", "not-told"]
"""What the two runs are to each other, as their observations tell."""
Relation = Literal["same", "better", "worse", "now-known", "no-longer-known", "not-known"]
"""How B stands to A. Only what is known in both is `same`, `better` or `worse`."""
Standing = Literal["ruled-out", "suspect", "not-settled", "not-tried"]
ChangeState = Literal["works-now", "still-asked", "asked-otherwise", "not-known"]


class Given(Struct, frozen=True, kw_only=True):
    """One of the two runs, judged again, and what its file said."""

    letter: Literal["A", "B"]
    file: str
    report: Report
    """Judged by today's rules, for the device of the comparison."""
    saved: Saved
    """What its file holds."""


class Side(Struct, frozen=True, kw_only=True):
    """One of the two runs.

    Attributes:
        file: its name, in which people write whose network it is: hidden like a server's own words.
        judged_for: the device in the file, which need not be the one that is compared for.
        rules: the version of the rules that the file was judged by.
        network: what this laptop was on, in words.
        hotspot: what looks like a phone's or a laptop's hotspot; None: nothing does.
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
    """One check in both runs; `limits` say why its two results are no fair comparison."""

    id: str
    stage: Stage | None
    level: Importance
    a: Status
    b: Status
    relation: Relation
    a_problem: Plain | None
    """What A found; None: nothing, or it was left out."""
    b_problem: Plain | None
    a_summary: str
    b_summary: str
    meaning: str
    limits: list[str] = field(default_factory=list)


class Limit(Struct, frozen=True, kw_only=True):
    """Why two runs, or some of their checks, are not simply comparable; no `checks`: it concerns the whole."""

    text: str
    checks: list[str] = field(default_factory=list)


class Conclusion(Struct, frozen=True, kw_only=True):
    """What the comparison says of one thing that may be at fault.

    Attributes:
        rests_on: the results that it follows from, such as `B cloud.transport`.
    """

    subject: str
    standing: Standing
    because: str
    rests_on: list[str] = field(default_factory=list)


class AskedChange(Struct, frozen=True, kw_only=True):
    """A change that run A asked for, and what run B has seen of it."""

    checks: list[str]
    line: str
    owner: Owner | None
    needed: bool
    state: ChangeState
    because: str


class Difference(Struct, frozen=True, kw_only=True):
    """Something about the two runs' surroundings that is not the same."""

    what: str
    a: str
    b: str


class Comparison(Struct, frozen=True, kw_only=True):
    """Two runs side by side.

    Attributes:
        sure: whether `story` is proved, and not only likely.
        told_by: what `story` was told by.
        sentence: what a reader should know first.
        worse: whether something that the device needs worked in A and fails in B; None: not known.
        asked: what A asked for, where B is a later run on the same network.
        new_changes: what B asks for, and A did not, likewise.
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
    worse: bool | None
    conclusions: list[Conclusion]
    asked: list[AskedChange]
    new_changes: list[Change]
    limits: list[Limit]
    checks: list[CheckPair]
    differences: list[Difference]
