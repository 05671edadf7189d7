"""The results of judging a run: findings, checks, the answer, the Internet Test and the start."""

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field

from netpreflight.agent.led import BlinkCode, LedSignal, LightSignal, Rhythm
from netpreflight.agent.owner import Owner
from netpreflight.agent.profiles.facts import Certainty, Fact, Importance
from netpreflight.probes.observations import Address, DeviceLine, Fault, Hops, LogLine, Plain, Said, Words

Status = Literal["pass", "warn", "fail", "unknown", "skip"]
BEST_FIRST: tuple[Status, ...] = ("pass", "warn", "unknown", "fail")
"""Statuses from best to worst: of several alternatives, the device needs only the best."""
Stage = Literal["scan", "ip", "internet", "cloud"]
Verdict = Literal["compatible", "compatible-with-warnings", "incompatible", "undetermined"]

Where = Literal["firewall", "access point", "DHCP server", "resolver", "captive portal", "network"]
"""What has to be changed."""
StationKind = Literal["laptop", "access point", "gateway", "router", "provider", "cloud"]
"""What stands on the way from this laptop to the device's cloud."""
Result = Literal["passed", "dns", "timeout", "network"]
"""The result of the device's Internet Test."""
StartStage = Literal["scan", "link", "ip", "dns", "cloud"]
"""The stages of a device's start, as its own log names them."""
LightStage = Literal["scan", "link", "ip", "dns", "cloud", "online"]
"""Where in its start a device is that shows a light: at which stage, or online."""
Reached = Literal["reached", "stops", "not-reached", "unknown"]
IS_IT_THE_CLOUD = "Is it the cloud?"
"""How the note on the vendor's services begins."""
ONLY_LAPTOP = "only-laptop"
"""The problem of a check whose server answers this laptop and not the device."""


class Flow(Struct, frozen=True, kw_only=True):
    """An exchange that a device begins: a firewall has to let it out, and its answers in."""

    protocol: Literal["udp", "tcp"]
    port: int
    address: str
    """The address to which it was tried."""
    host: str | None = None
    """The name that resolved to the address; None: the address was not looked up."""

    @property
    def words(self) -> str:
        """Protocol and port, such as `UDP 5684`."""
        return f"{self.protocol.upper()} {self.port}"


class Named(Struct, frozen=True, kw_only=True):
    """A server, or a router on the path, that a finding names."""

    address: Address
    hop: Hops | None = None
    """How many hops it is away from this laptop; None: not known, or it is not a router."""


class Finding(Struct, frozen=True, kw_only=True):
    """The result of judging one check."""

    status: Status
    summary: str
    problem: Plain | None = None
    """The cause, from the closed list of its check; None where the status is `pass` or `skip`."""
    named: Named | None = None
    """The server or router at which the problem is; None: not known, or there is none."""
    reason: str | None = None
    """Why the status is what it is; always given for `fail` and `unknown`."""
    remedy: str | None = None
    """What to change, or the one step that would settle an `unknown`."""
    owner: Owner | None = None
    due_to: str | None = None
    """The check that caused this finding, or may have, and has to be settled first; None: there is none."""
    evidence: list[str] = field(default_factory=list)
    rests_on: list[Fact[Any]] = field(default_factory=list)
    """The facts about the device that the finding rests on."""
    to_allow: list[Flow] = field(default_factory=list)
    """The exchanges that a firewall has to let through, because they brought no answer or were refused."""
    fault: Fault | UnsetType = UNSET
    """The internal error of this tool that kept the check from being judged; absent: there was none."""

    @property
    def standing(self) -> Status:
        """The status in the report: a pass or fail that rests on an unconfirmed fact is downgraded."""
        if self.status in {"pass", "fail"} and any(fact.certainty == "unconfirmed" for fact in self.rests_on):
            return "warn" if self.status == "pass" else "unknown"
        return self.status


class Check(Finding, frozen=True, kw_only=True):
    """A finding with the check that it belongs to."""

    id: str
    stage: Stage | None
    level: Importance
    """What a failure means for the device judged."""

    @property
    def is_needless(self) -> bool:
        """Whether it did not pass, but does not count for this device."""
        return self.level == "reported" and self.status in {"fail", "unknown"}

    @property
    def in_doubt(self) -> bool:
        """Whether it is a warning only because it rests on an unconfirmed fact: the device may fail there."""
        return self.status == "warn" and any(fact.certainty == "unconfirmed" for fact in self.rests_on)


class Answer(Struct, frozen=True, kw_only=True):
    """The result for somebody who reads nothing else.

    Attributes:
        sentence: whether the device will get online.
        plain: what is in the way, without technical terms; None: nothing certainly is.
        obstacle: the first failure, unknown or warning; None: there is none.
        check: the check that found the obstacle.
        change: what to change first, or the step that would settle an unknown.
        owner: who can do that.
    """

    sentence: str
    plain: str | None = None
    obstacle: str | None = None
    check: str | None = None
    change: str | None = None
    owner: Owner | None = None


class InternetTest(Struct, frozen=True, kw_only=True):
    """The result of the device's Internet Test, and how the device would show it.

    Attributes:
        result: the result; None: the device would not get that far, or the result is not known; `reason` says which.
        method: `none`, `tcp` (8.8.8.8 port 53), `ntp`, `echo-1` or `echo-2` (the two forms of the cloud echo).
        runs: whether the device would run the test on this network; None: not known.
        when: the condition under which the device runs the test.
        line: the log line that gives the result.
        log: the lines that the device would log, in order.
        led: the blinks that the device would show; None: there is no result.
        older_names: what Particle's older pages call this result.
        rests_on: the facts about the device that this rests on.
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


LogStageState = Literal["witnessed", "implied", "stops", "not-shown"]
"""What a log shows of a stage: a line says that it is reached; what follows it was seen; a line says that it fails, or
the device's own patience is past; nothing."""
LogResult = Literal["online", "stops", "lost", "not-known", "foreign"]


class LogLineMeans(Struct, frozen=True, kw_only=True):
    """A line of a device's log, and what it says.

    `line` is its number and reveals nothing, `text` whatever the log holds, secrets excepted; `means` is in words of
    this tool.
    """

    line: int
    text: DeviceLine
    means: Plain


class LogStageSeen(Struct, frozen=True, kw_only=True):
    """What a device's own log shows of a stage, beside what the run predicts; `line` is the line that says so."""

    state: LogStageState
    line: LogLineMeans | None = None


class StartupStage(Struct, frozen=True, kw_only=True):
    """One stage of a device's start on this network.

    Attributes:
        line: what the device logs once the stage is reached; None: not known.
        instead: what the device logs if it stops at this stage; None: not known, or it does not stop here.
        hidden_line: the line in place of `line` (or of `instead`, if it stops here) that a default log does not have:
            it takes level TRACE or a debug build.
        led: the signal of the status LED at this stage, in words.
        lights: the same signal, for drawing; several are shown one after the other, again and again.
        expected: how long the stage takes here, or how long the device tries, in words.
        network_sees: what the log of a DHCP server or firewall shows of the device at this stage.
        why: what stops the device, or why that is not known; `check` names the check.
        device_log: what the device's own log shows of the stage; absent: the run has no log of it.
    """

    stage: StartStage
    title: str
    state: Reached
    line: LogLine | None = None
    instead: LogLine | None = None
    hidden_line: LogLine | None = None
    led: str = ""
    lights: list[LedSignal] = field(default_factory=list)
    expected: str = ""
    network_sees: str | None = None
    why: str | None = None
    check: str | None = None
    device_log: LogStageSeen | UnsetType = UNSET


class Startup(Struct, frozen=True, kw_only=True):
    """The five stages of a device's start, and how far it gets.

    Attributes:
        online: whether the device gets online here; None: not known.
        stops_at: the stage where the device stops; None: it does not stop, or that is not known.
        led: the signal of the status LED at the end, in words.
        lights: the same signal, for drawing.
        log: the log lines to look for, in order, up to where the device stops.
        rests_on: the facts about the device that this rests on.
    """

    online: bool | None
    stops_at: StartStage | None
    led: str | None
    log: list[LogLine]
    stages: list[StartupStage]
    lights: list[LedSignal] = field(default_factory=list)
    rests_on: list[Fact[Any]] = field(default_factory=list)


class Judgement(Struct, frozen=True, kw_only=True):
    """All results of judging a run for one device."""

    checks: list[Check]
    verdict: Verdict
    answer: Answer
    headline: str
    internet_test: InternetTest
    startup: Startup


AbilityState = Literal["yes", "limited", "no"]


class Ability(Struct, frozen=True, kw_only=True):
    """What a run takes of this laptop, and whether it is there.

    `id`, `checks` (those that rest on it) and `state` reveal what this laptop may do, and nothing of the network. `why`
    (what was found) may reveal names of interfaces, VPNs and proxies, addresses of resolvers, versions, a country, a
    folder; `unlock` (the one step that would change that; null where `state` is `yes`) names of interfaces and VPNs.
    """

    id: Plain
    state: AbilityState
    checks: list[Plain]
    why: Words
    unlock: Words | None


class Doctor(Struct, frozen=True, kw_only=True):
    """What this laptop can and cannot measure. `abilities` may reveal what each of them may; `schema` nothing."""

    schema: Literal["netpreflight-doctor/1"]
    abilities: list[Ability]

    @property
    def can_all(self) -> bool:
        """Whether nothing is missing, though something may be limited."""
        return all(ability.state != "no" for ability in self.abilities)


class HeardLight(Struct, frozen=True, kw_only=True):
    """One signal of a device's light, as it was understood; it reveals nothing of the network.

    Attributes:
        colours: the colours that may be meant; empty: none was told.
        rhythm: what it does; null: that was not told. `blinking`: at any speed.
        times: how often it blinks; null: that was not told.
    """

    colours: list[Plain]
    rhythm: Rhythm | None
    times: int | None


class LightVersions(Struct, frozen=True, kw_only=True):
    """The versions of one device that show a light; they reveal nothing of the network.

    Attributes:
        device: the device's name, as --device takes it.
        since: the first version of Device OS; null: of any.
        before: the first version that has it no longer; null: up to the newest.
    """

    device: Plain
    since: Plain | None
    before: Plain | None


class LightRow(Struct, frozen=True, kw_only=True):
    """What a light may be; all of it is from this tool's own table, and reveals nothing of the network.

    Attributes:
        light: the light in words.
        signals: the same, signal by signal, one after the other, again and again.
        stages: where in its start the device is; empty: it is not starting.
        means: what it says.
        look: what to do next; empty: nothing.
        checks: the checks that may be about it. None of them is the cause for certain.
        versions: who shows it.
        certainty: how sure that is, for the version for which it is surest.
        sources: where that was read.
    """

    light: Plain
    signals: list[LightSignal]
    stages: list[LightStage]
    means: Plain
    look: Plain
    checks: list[Plain]
    versions: list[LightVersions]
    certainty: Certainty
    sources: list[Plain]


class Led(Struct, frozen=True, kw_only=True):
    """What a light may be (`netpreflight led`); it reveals nothing of the network.

    Attributes:
        heard: the signals that were understood, in order.
        rows: what it may be; empty: no light of these devices is like that.
        question: the question that leaves fewest of them; null: one is left.
    """

    schema: Literal["netpreflight-led/1"]
    heard: list[HeardLight]
    rows: list[LightRow]
    question: Plain | None


class LogStage(Struct, frozen=True, kw_only=True):
    """What one attempt shows of a stage. It reveals nothing."""

    stage: StartStage
    state: LogStageState


class LogAttempt(Struct, frozen=True, kw_only=True):
    """One attempt of the device to get online, as its log tells it. It reveals nothing.

    Attributes:
        first_line: the number of its first line that is known; `last_line`: of its last.
        result: how it ends; `unfinished`: the log does not say.
        stage: where it stops, or was lost, or the last stage that it shows.
        check: the check that the failing line speaks of; null: it speaks of none, or may speak of several.
        why: what the failing line leaves open, or rules out.
    """

    first_line: int
    last_line: int
    result: Literal["online", "stops", "lost", "unfinished"]
    stages: list[LogStage]
    stage: StartStage | None = None
    check: Plain | None = None
    problem: Plain | None = None
    owner: Owner | None = None
    remedy: Plain | None = None
    why: Plain | None = None


class LogAnswer(Struct, frozen=True, kw_only=True):
    """What a device's own log says: `netpreflight log --json`.

    Attributes:
        source: the name of the file, as it was given. May reveal names of people and places.
        device: the profile that the log names, or that was asked for; null: neither.
        platform: the device, as the log says it; null: it does not.
        os_version: the version of Device OS, as the log says it; null: it does not.
        result: `online`; `stops` at a stage; `lost` after it was online; `not-known`; `foreign`: no log of Device OS.
        stage: where it stops or was lost, or the last stage that is shown.
        check: the check that says more of it; null where the log leaves open which.
        owner: who can change it; null: not known.
        sentence: the same in a sentence.
        lines: the lines that decide, `harmless` those that people worry about without need.
        notes: what else is to be known of the log.
    """

    schema: Literal["netpreflight-log/1"]
    source: Said
    device: Plain | None
    platform: Plain | None
    os_version: Plain | None
    result: LogResult
    stage: StartStage | None
    check: Plain | None
    problem: Plain | None
    owner: Owner | None
    remedy: Plain | None
    sentence: Plain
    attempts: list[LogAttempt]
    lines: list[LogLineMeans]
    harmless: list[LogLineMeans]
    notes: list[Plain]


class LogBeside(Struct, frozen=True, kw_only=True):
    """A device's own log beside a run.

    Attributes:
        answer: what the log says.
        same_network: whether it is of the network that the run is about; null: that cannot be told.
        told: what both say together, as sentences without their full stops; where it cannot be told whether it is the
            same network, nothing is concluded. May reveal names of networks, in quotes.
    """

    answer: LogAnswer
    same_network: bool | None
    told: list[Words]
