"""What judging a run gives: findings and checks, and what they come to; which checks there are says the registry."""

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field

from netpreflight.agent.led import BlinkCode, LedSignal
from netpreflight.agent.owner import Owner
from netpreflight.agent.profiles.facts import Fact, Importance
from netpreflight.probes.observations import Address, Fault, Hops, LogLine, Plain

Status = Literal["pass", "warn", "fail", "unknown", "skip"]
BEST_FIRST: tuple[Status, ...] = ("pass", "warn", "unknown", "fail")
"""Of several ways, any one of which will do, the first of these counts."""
Stage = Literal["scan", "ip", "internet", "cloud"]
Verdict = Literal["compatible", "compatible-with-warnings", "incompatible", "undetermined"]

Where = Literal["firewall", "access point", "DHCP server", "resolver", "captive portal", "network"]
"""What has to be changed."""
StationKind = Literal["laptop", "access point", "gateway", "router", "provider", "cloud"]
"""What stands on the way from this laptop to the device's cloud."""
Result = Literal["passed", "dns", "timeout", "network"]
"""Of the device's Internet Test."""
StartStage = Literal["scan", "link", "ip", "dns", "cloud"]
"""The stages of a device's start, as its own log tells them."""
Reached = Literal["reached", "stops", "not-reached", "unknown"]


class Flow(Struct, frozen=True, kw_only=True):
    """An exchange that a device begins: what a firewall has to let out, and its answers in."""

    protocol: Literal["udp", "tcp"]
    port: int
    address: str
    """Where it was tried."""
    host: str | None = None
    """The name that led there; None: it was no name."""

    @property
    def words(self) -> str:
        """Protocol and port, such as `UDP 5684`."""
        return f"{self.protocol.upper()} {self.port}"


class Named(Struct, frozen=True, kw_only=True):
    """Somebody whom a finding names: a server, or a router on the path."""

    address: Address
    hop: Hops | None = None
    """How many hops away from this laptop it is; None: not known, or it is no router."""


class Finding(Struct, frozen=True, kw_only=True):
    """What judging makes of one check."""

    status: Status
    summary: str
    problem: Plain | None = None
    """The cause, from the closed list of its check; None where the status is `pass` or `skip`."""
    named: Named | None = None
    """Who is named as the place of the problem; None: nobody."""
    reason: str | None = None
    """Why: always given for `fail` and `unknown`."""
    remedy: str | None = None
    """What to do, or the one step that would settle an `unknown`."""
    owner: Owner | None = None
    due_to: str | None = None
    """The check of which this is a consequence: settling that one comes first."""
    evidence: list[str] = field(default_factory=list)
    rests_on: list[Fact[Any]] = field(default_factory=list)
    """The facts of the device that it rests on."""
    to_allow: list[Flow] = field(default_factory=list)
    """The exchanges that have to be let through, where nothing came back from them or somebody refused them."""
    fault: Fault | UnsetType = UNSET
    """The error of this tool's own because of which the check could not be judged; not there: there was none."""

    @property
    def standing(self) -> Status:
        """The status that it has in the report: what rests on an unconfirmed fact neither passes nor fails."""
        if self.status in {"pass", "fail"} and any(fact.certainty == "unconfirmed" for fact in self.rests_on):
            return "warn" if self.status == "pass" else "unknown"
        return self.status


class Check(Finding, frozen=True, kw_only=True):
    """A finding with its place in the report."""

    id: str
    stage: Stage | None
    level: Importance
    """What a failure means for the device judged."""

    @property
    def in_doubt(self) -> bool:
        """Whether it is a warning for want of a confirmed fact of the device: then the device may get no further."""
        return self.status == "warn" and any(fact.certainty == "unconfirmed" for fact in self.rests_on)


class Answer(Struct, frozen=True, kw_only=True):
    """What somebody needs to know who reads nothing else.

    Attributes:
        sentence: whether it will work.
        plain: what is in the way, without the field's terms; None where nothing certainly is.
        obstacle: the first thing that is in the way, not known, or to be warned of; None where there is none.
        check: the check that found it.
        change: what is to be changed first, or the step that would settle what is not known.
        owner: who can do that.
    """

    sentence: str
    plain: str | None = None
    obstacle: str | None = None
    check: str | None = None
    change: str | None = None
    owner: Owner | None = None


class InternetTest(Struct, frozen=True, kw_only=True):
    """The Internet Test's result, and how the device would tell it.

    Attributes:
        result: None where the device would not get as far as the test, or where that is not known; `reason` says so.
        method: `none`, `tcp` (8.8.8.8 port 53), `ntp`, `echo-1` or `echo-2` (the two forms of the cloud echo).
        runs: whether the device would run it on this network; None: not known.
        when: under what condition the device runs it.
        line: the one line that tells the result.
        log: the lines that it would log, in order.
        led: the blinks that it would show; None where there is no result.
        older_names: what Particle's older pages call the same thing.
        rests_on: the facts of the device that this rests on.
    """

    result: Result | None
    method: str
    reason: str | None = None
    runs: bool | None = None
    when: str = "only after its cloud connection has failed"
    line: str | None = None
    log: list[str] = field(default_factory=list)
    led: BlinkCode | None = None
    older_names: list[str] = field(default_factory=list)
    rests_on: list[Fact[Any]] = field(default_factory=list)


class StartupStage(Struct, frozen=True, kw_only=True):
    """One stage of a device's start on this network.

    Attributes:
        line: what its log has once the stage is reached, where that is known.
        instead: what its log has where it stops, where that is known.
        led: the status LED while it is at this stage.
        lights: the same, to be drawn; several: one after the other, again and again.
        expected: how long it takes here, or how long the device tries, in words.
        network_sees: what a DHCP server's or a firewall's log has of the device at this stage.
        why: what stops it, or why that is not known; the check that has more is in `check`.
    """

    stage: StartStage
    title: str
    state: Reached
    line: LogLine | None = None
    instead: LogLine | None = None
    led: str = ""
    lights: list[LedSignal] = field(default_factory=list)
    expected: str = ""
    network_sees: str | None = None
    why: str | None = None
    check: str | None = None


class Startup(Struct, frozen=True, kw_only=True):
    """The five stages, and what they come to.

    Attributes:
        online: whether the device gets online here; None: not known.
        stops_at: the stage where it stays; None where it does not, or that is not known.
        led: the status LED at the end.
        lights: the same, to be drawn.
        log: the lines to look for, in order, up to where it stops.
        rests_on: the facts of the device that this rests on.
    """

    online: bool | None
    stops_at: StartStage | None
    led: str | None
    log: list[LogLine]
    stages: list[StartupStage]
    lights: list[LedSignal] = field(default_factory=list)
    rests_on: list[Fact[Any]] = field(default_factory=list)


class Judgement(Struct, frozen=True, kw_only=True):
    """What a run means for one device."""

    checks: list[Check]
    verdict: Verdict
    answer: Answer
    headline: str
    internet_test: InternetTest
    startup: Startup
