"""Days of watching in seconds: a clock that only the script moves, and layers that break when the script says."""

import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from netpreflight.agent.watch.engine import Engine, Step
from netpreflight.agent.watch.records import Answer, Gap, Moment, Note, Outage, Record, Sample
from netpreflight.agent.watch.schedule import Plan
from netpreflight.agent.watch.watched import Layer, OutageProblem

Put = Callable[[list[Record], Moment], None]
"""Takes what a watch says, in place of keeping it."""
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
BEGAN = 1_796_000_000.0
"""What the simulated laptop's clock shows at its start, in seconds since 1970."""
PLAN = Plan(
    device="argon",
    label="Argon",
    os_version=None,
    transport="dtls",
    port=5684,
    hosts=["device.example"],
    keep_alive_s=25.0,
    hello_at_s=[0.0, 3.0, 9.0, 21.0],
)
BEHIND: Mapping[Layer, tuple[Layer, ...]] = {
    "link": ("link", "ip", "gateway", "dns", "cloud", "portal", "ntp"),
    "ip": ("ip", "gateway", "dns", "cloud", "portal", "ntp"),
    "gateway": ("gateway", "dns", "cloud", "portal", "ntp"),
    "internet": ("dns", "cloud", "portal", "ntp"),
}
"""What does not work while a layer is broken; of other layers, they themselves."""
PROBLEMS: Mapping[Layer, OutageProblem] = {
    "link": "link-lost",
    "ip": "no-address",
    "gateway": "gateway-silent",
    "dns": "resolver-silent",
    "portal": "captive-portal",
    "ntp": "no-time",
    "cloud": "no-answer",
    "dhcp": "renewal-silent",
}
UNASKABLE = "its name does not resolve"
SILENT_S: Mapping[Layer, float] = {"link": 0.0, "ip": 0.0, "gateway": 0.0, "dns": 4.0, "cloud": 3.0}
"""How long a question stays open that nobody answers."""


@dataclass
class World:
    """A laptop and its network: what happens when, in seconds since its start."""

    broken: Mapping[Layer, Iterable[tuple[float, float]]] = field(default_factory=dict)
    unaskable: Iterable[tuple[Layer, float, float]] = ()
    """(layer, from, to)"""
    asleep: Iterable[tuple[float, float]] = ()
    """(when, for how long)"""
    stalled: Iterable[tuple[float, float]] = ()
    stepped: Iterable[tuple[float, float]] = ()
    """(when, by how much)"""
    boot: str = "boot-1"
    at: float = 1000.0
    slept: float = 0.0
    wall: float = BEGAN

    def __post_init__(self) -> None:
        events = [
            *((at, "asleep", by) for at, by in self.asleep),
            *((at, "stalled", by) for at, by in self.stalled),
            *((at, "stepped", by) for at, by in self.stepped),
        ]
        self._events = sorted(events)
        heapq.heapify(self._events)
        self._broken = {layer: sorted(spans) for layer, spans in self.broken.items()}

    @property
    def moment(self) -> Moment:
        """What its clocks show."""
        return Moment(self.boot, self.at, self.at - self.slept, self.wall)

    def wait_until(self, at: float) -> bool:
        """Wait, and be held up; returns whether it was, and the wait ended early or late."""
        if self._events and self._events[0][0] <= at:
            when, what, by = heapq.heappop(self._events)
            self._pass(max(when - self.at, 0.0))
            if what == "stepped":
                self.wall += by
            else:
                self._pass(by)
                self.slept += by if what == "asleep" else 0.0
            return True
        self._pass(max(at - self.at, 0.0))
        return False

    def _pass(self, seconds: float) -> None:
        self.at += seconds
        self.wall += seconds

    def works(self, layer: Layer) -> bool:
        """Whether a layer works now."""
        for cause, spans in self._broken.items():
            while spans and spans[0][1] <= self.at:
                spans.pop(0)
            if spans and spans[0][0] <= self.at and layer in BEHIND.get(cause, (cause,)):
                return False
        return True

    def ask(self, layer: Layer) -> Answer:
        """Ask a layer, which takes its time."""
        if any(layer == which and begin <= self.at < end for which, begin, end in self.unaskable):
            return Answer(None, UNASKABLE)
        if self.works(layer):
            self._pass(0.02)
            return Answer(good=True, said=f"{layer} answered", ms=20.0)
        self._pass(SILENT_S.get(layer, 2.0))
        return Answer(good=False, said=f"{layer} is silent", problem=PROBLEMS[layer])


@dataclass
class Played:
    """What a simulated watch came to."""

    engine: Engine
    records: list[Record] = field(default_factory=list)
    full_runs: list[float] = field(default_factory=list)
    ladders: list[float] = field(default_factory=list)
    asked: dict[Layer, int] = field(default_factory=dict)

    @property
    def outages(self) -> list[Outage]:
        """Each outage once, as it was told last."""
        return list({record.number: record for record in self.records if isinstance(record, Outage)}.values())

    @property
    def gaps(self) -> list[Gap]:
        """The gaps."""
        return [record for record in self.records if isinstance(record, Gap)]

    @property
    def notes(self) -> list[Note]:
        """The notes."""
        return [record for record in self.records if isinstance(record, Note)]

    @property
    def samples(self) -> list[Sample]:
        """The answers that count."""
        return [record for record in self.records if isinstance(record, Sample)]


def play(world: World, seconds: float, plan: Plan = PLAN, put: Put | None = None) -> Played:
    """Watch a world for so long."""
    played = Played(Engine(plan.intervals(), world.moment))
    until = world.at + seconds

    def take(records: list[Record]) -> None:
        if put is not None:
            put(records, world.moment)
        else:
            played.records += records

    while world.at < until:
        step = played.engine.next_step()
        was_held_up = world.wait_until(min(step.at, until))
        found = played.engine.look(world.moment)
        take(found)
        if any(isinstance(record, Gap) for record in found) or was_held_up or step.at > until:
            continue
        take(_done(played, world, step))
    take(played.engine.stop())
    return played


def _done(played: Played, world: World, step: Step) -> list[Record]:
    """Do what is next."""
    engine = played.engine
    if step.kind == "ladder":
        played.ladders.append(world.at)
        return engine.traced(step.outages[0], "nothing was heard at or behind hop 2", 2)
    if step.kind == "full-run":
        played.full_runs.append(world.at)
        engine.full_run_begins()
        return engine.full_run_ended(step.outages, world.at, "incompatible", "it will not get online")
    asked_at = world.at
    played.asked[step.layer] = played.asked.get(step.layer, 0) + 1
    answer = world.ask(step.layer)
    return [*engine.look(world.moment), *engine.take(step.layer, asked_at, answer)]
