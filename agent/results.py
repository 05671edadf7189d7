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
"""Where in its start a device is while it shows a light: at a stage, or online."""
Reached = Literal["reached", "stops", "not-reached", "unknown"]
"""Whether the device gets through a stage of its start, stops there, or has stopped before; or that is not known."""
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
        plain: what is in the way, without technical terms; None: nothing is certain to be in the way.
        obstacle: the first failure, unknown or warning; None: there is none.
        check: the check that found the obstacle.
        change: what to change first, or the step that would settle an unknown.
        owner: who can make that change.
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
"""What a log shows of a stage.

`witnessed`: a line says that the stage is reached; `implied`: something was seen that only follows the stage; `stops`:
a line says that the stage fails, or the device's own time limit has passed; `not-shown`: nothing.
"""
LogResult = Literal["online", "stops", "lost", "not-known", "foreign"]


class LogLineMeans(Struct, frozen=True, kw_only=True):
    """A line of a device's log, and what it says.

    `line` is the line's number and reveals nothing. `text` may reveal whatever the log holds, except secrets. `means`
    is in this tool's own words.
    """

    line: int
    text: DeviceLine
    means: Plain


class LogStageSeen(Struct, frozen=True, kw_only=True):
    """What a device's own log shows of a stage, beside what the run predicts; `line` is the log line that shows it."""

    state: LogStageState
    line: LogLineMeans | None = None


class StartupStage(Struct, frozen=True, kw_only=True):
    """One stage of a device's start on this network.

    Attributes:
        line: what the device logs once the stage is reached; None: not known.
        instead: what the device logs if it stops at this stage; None: not known, or it does not stop here.
        hidden_line: the line that the device logs here, if a default log does not have it, because it takes log level
            TRACE or a debug build; `line` (or `instead`, if the device stops here) is None then.
        led: the signal of the status LED at this stage, in words.
        lights: the same signal, for drawing; if there are several, they are shown in turn, again and again.
        expected: how long the stage takes here, or how long the device tries, in words.
        network_sees: what the log of a DHCP server or firewall shows of the device at this stage.
        why: what stops the device, or why that is not known; `check` names the check.
        device_log: what the device's own log shows of the stage; absent: the run has no log of the device.
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
    """Something that a run needs of this laptop, and whether it is available.

    `id`, `checks` (those that need it) and `state` reveal what this laptop may do, and nothing of the network. `why`
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
    """One signal of a device's light, as the user's words were understood; it reveals nothing of the network.

    Attributes:
        colours: the colours that may be meant; empty: no colour was given.
        rhythm: what the light does; null: not given. `blinking` means at any speed.
        times: how many times the light blinks; null: not given.
    """

    colours: list[Plain]
    rhythm: Rhythm | None
    times: int | None


class LightVersions(Struct, frozen=True, kw_only=True):
    """The Device OS versions with which one device shows a light; they reveal nothing of the network.

    Attributes:
        device: the device's name, as --device accepts it.
        since: the first version that shows the light; null: already the oldest.
        before: the first version that no longer shows it; null: the newest still does.
    """

    device: Plain
    since: Plain | None
    before: Plain | None


class LightRow(Struct, frozen=True, kw_only=True):
    """One thing that a light may mean; all of it is from this tool's own table, and reveals nothing of the network.

    Attributes:
        light: the light in words.
        signals: the light as signals, which are shown in turn, again and again.
        stages: where in its start the device is; empty: it is not starting.
        means: what the light says about the device.
        look: what to do next; empty: nothing.
        checks: the checks that may be about it. None of them is the cause for certain.
        versions: the devices and versions that show the light.
        certainty: how certain this meaning is, for the version for which it is most certain.
        sources: where this meaning was read.
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
    """What a light may mean (`netpreflight led`); it reveals nothing of the network.

    Attributes:
        heard: the signals that were understood, in order.
        rows: what the light may mean; empty: no light of these devices matches.
        question: the question whose answer leaves the fewest rows; null: no question is left to ask.
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
        first_line: the number of the first line of the attempt that is understood; `last_line`: of the last.
        result: how the attempt ends; `unfinished`: the log does not say.
        stage: where the device stops or was lost, or else the last stage that the attempt shows.
        check: the check that the failing line speaks of; null: it speaks of none, or may speak of several.
        why: what the failing line leaves open or rules out.
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
        source: the name of the file or serial port, as it was given. May reveal names of people and places.
        device: the profile of the device that the log names, or that was asked for; null: neither.
        platform: the device, as the log names it; null: the log does not.
        os_version: the version of Device OS that the log names; null: it names none.
        result: `online`; `stops` at a stage; `lost` after it was online; `not-known`; `foreign`: no log of Device OS.
        stage: where the device stops or was lost, or else the last stage that the log shows.
        check: the check that tells more about the cause; null: the log leaves open which check that is.
        owner: who can change what is wrong; null: not known.
        sentence: the result as a sentence.
        lines: the lines that decide the result; `harmless`: lines that look bad and are not.
        notes: what else to know about the log.
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
        same_network: whether the log is from the network that the run is about; null: not known.
        told: what log and run say together, as sentences without their full stops; if it is not known whether both are
            of the same network, nothing is concluded. May reveal names of networks, in quotes.
    """

    answer: LogAnswer
    same_network: bool | None
    told: list[Words]
