"""The engine: says what is asked next, and makes outages, gaps and notes of what the answers and the clocks show.

Nothing here waits, asks or looks at a clock: moments and answers come in, records go out.

* A layer that does not answer is asked again as the device would; only then the miss counts.
* Then all other layers are asked within the same seconds. The first that is broken is blamed, and nothing is blamed
  that was not asked. An outage is over when everything that was broken works again.
* A gap is no outage. Where the laptop slept or this program was held up, what was open ends with "not observed", and
  nothing from before is joined to anything from after.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from netpreflight.agent.watch.records import (
    Answer,
    Gap,
    Heard,
    Moment,
    Note,
    Outage,
    Ran,
    Record,
    Sample,
    Unasked,
    kept,
)
from netpreflight.agent.watch.schedule import Interval
from netpreflight.agent.watch.watched import LAYERS, Blind, Layer, OutageProblem

SLEPT_S = 2.0
"""A difference between the two clocks of at least this is sleep."""
STEPPED_S = 1.0
"""A change of the laptop's clock of at least this is a step; NTP corrects less by slewing."""
STALLED_S = 30.0
"""Between two looks at the clocks there is never as much, unless this program is held up."""
BETWEEN_S = 0.5
"""So far apart the layers are asked first."""
SETTLE_S = 5.0
"""After a gap, the laptop's own network gets this long to come back."""
HELD_BACK_AFTER_S, HELD_BACK_S = 3600.0, 300.0
"""What has been broken for an hour is asked every 5 min only."""
LATE_S = 60.0
"""A router's entry in the ARP table lives for up to 45 s and a few tries more (Linux's arp(7): base_reachable_time)."""
FULL_RUN_AFTER_S = 30.0
"""An outage that lasts for this long gets a full run."""
FULL_RUN_EVERY_S, MOST_FULL_RUNS, A_DAY_S = 900.0, 24, 86400.0
"""At least this much lies between two full runs, and at most so many are made in a day."""
MOST_RECENT = 32
"""The most outages to which a ladder or a full run that ends later is still added."""
MOST_ASKED = 24
"""The most answers that an outage keeps as evidence."""
_CONTROLS: tuple[Layer, ...] = ("link", "ip", "gateway", "dns", "cloud")
"""The layers that are asked once something is broken."""
_BLOCKS_ALL: frozenset[Layer] = frozenset({"link", "ip", "gateway", "internet"})
"""What lets nothing pass while it is broken. A resolver is not among them: a conversation that exists needs no name."""
_NOT_IN_RUNS: Layer = "dhcp"
"""What a full run leaves out, so that it would show nothing of it."""
_LADDER: frozenset[Layer] = frozenset({"internet", "cloud"})
"""The layers for which the path to the cloud is traced once they are broken."""


class Step(NamedTuple):
    """What is to be done next.

    Attributes:
        at: when.
        kind: ask a layer, trace the path to the cloud, or make a full run.
        layer: which is asked.
        tries: how often it was asked before within this miss.
        outages: for a ladder or a full run: the outages that it is made for.
    """

    at: float
    kind: Literal["ask", "ladder", "full-run"]
    layer: Layer = "cloud"
    tries: int = 0
    outages: tuple[int, ...] = ()


@dataclass
class _Watched:
    """A layer, and what is known of it."""

    interval: Interval
    due: float
    state: Literal["unknown", "good", "doubted", "bad"] = "unknown"
    last_good: float | None = None
    missed_at: float = 0.0
    """When the first question of the present miss was asked."""
    tries: int = 0
    heard: Heard | None = None
    problem: Answer | None = None
    """The last answer that was bad."""
    unasked: str | None = None
    """Why it could not be asked, when it could not the last time."""

    @property
    def is_settled(self) -> bool:
        """Whether it is known how it is."""
        return self.state in {"good", "bad"}


@dataclass
class _Incident:
    """Something is broken, and the other layers are being asked."""

    since: float
    broken: set[Layer]
    awaited: set[Layer] = field(default_factory=set)


def _first_asked(layer: Layer) -> tuple[int, int]:
    """The order in which layers are asked first.

    Those that are asked often come first, so that a short watch has asked them. The gateway follows when there has been
    traffic that makes it answer ARP, and then DHCP: a server may ping an address for 3 s before it offers it.
    """
    return {"portal": 1, "ntp": 1, "gateway": 2, "dhcp": 3}.get(layer, 0), LAYERS.index(layer)


class Engine:
    """One start of a watch.

    Args:
        intervals: the layers that are asked, and when.
        now: what the clocks show.
        jitter_s: by how much the first question is put off, so that laptops that start together do not ask together.
        number: of the first outage.
    """

    def __init__(
        self, intervals: dict[Layer, Interval], now: Moment, *, jitter_s: float = 0.0, number: int = 1
    ) -> None:
        self._now = now
        self._layers = {
            layer: _Watched(interval, now.at + jitter_s + BETWEEN_S * index)
            for index, (layer, interval) in enumerate(sorted(intervals.items(), key=lambda row: _first_asked(row[0])))
        }
        self._number = number
        self._open: dict[int, Outage] = {}
        self._recent: dict[int, Outage] = {}
        """The last ones, open or not: a ladder or a full run may end after its outage."""
        self._incident: _Incident | None = None
        self._ladders: list[int] = []
        self._full_runs_at: list[float] = []
        self._is_running = False

    @property
    def open(self) -> list[Outage]:
        """The outages that go on."""
        return list(self._open.values())

    # --- what is next

    def next_step(self) -> Step:
        """What is to be done next, and when."""
        if self._ladders:
            return Step(self._now.at, "ladder", outages=(self._ladders.pop(0),))
        layer, watched = min(self._layers.items(), key=lambda row: row[1].due)
        asking = Step(watched.due, "ask", layer, watched.tries)
        full_run = self._next_full_run()
        return full_run if full_run is not None and full_run.at <= asking.at else asking

    def _next_full_run(self) -> Step | None:
        """The full run for the outages that had none; None: there are none, or one is being made."""
        waiting = [outage for outage in self._open.values() if not outage.runs and outage.layer != _NOT_IN_RUNS]
        if not waiting or self._is_running:
            return None
        due = min(outage.first_bad for outage in waiting) + FULL_RUN_AFTER_S
        if self._full_runs_at:
            due = max(due, self._full_runs_at[-1] + FULL_RUN_EVERY_S)
        if len(self._full_runs_at) >= MOST_FULL_RUNS:
            due = max(due, self._full_runs_at[-MOST_FULL_RUNS] + A_DAY_S)
        return Step(max(due, self._now.at), "full-run", outages=tuple(outage.number for outage in waiting))

    # --- time

    def look(self, now: Moment) -> list[Record]:
        """Take what the clocks show now, at least every STALLED_S: sleep, a stall, and steps of the clock."""
        before, self._now = self._now, now
        passed = now.at - before.at
        found: list[Record] = []
        stepped = (now.wall - before.wall) - passed
        if abs(stepped) >= STEPPED_S:
            found.append(Note(now.at, "clock-stepped", f"the laptop's clock was set by {stepped:+.0f} s"))
        if passed - (now.awake - before.awake) >= SLEPT_S:
            found += self._gap(before.at, now.at, "asleep")
        elif passed >= STALLED_S:
            found += self._gap(before.at, now.at, "stalled")
        return found

    def _gap(self, begin: float, end: float, why: Blind) -> list[Record]:
        """End what is open, and forget what was known."""
        found: list[Record] = [*self._end_all(why), Gap(begin, end, why)]
        for index, watched in enumerate(self._layers.values()):
            watched.state, watched.last_good, watched.tries, watched.heard = "unknown", None, 0, None
            watched.due = end + SETTLE_S + BETWEEN_S * index
        return found

    def stop(self) -> list[Record]:
        """End the watch."""
        return self._end_all("stopped")

    def _end_all(self, why: Blind) -> list[Record]:
        ended = list(self._open.values())
        for outage in ended:
            outage.ended_by = why
        self._open.clear()
        self._ladders.clear()
        self._incident = None
        return [*ended]

    # --- answers

    def take(self, layer: Layer, asked_at: float, answer: Answer) -> list[Record]:
        """Take what a layer said that was asked at a time; `look` was called after that."""
        watched = self._layers[layer]
        watched.heard = Heard(layer=layer, good=answer.good, said=kept(answer.said), at=asked_at)
        if answer.good is None:
            found = self._take_nothing(layer, watched, answer)
        elif answer.good:
            found = self._take_good(layer, watched, answer)
        else:
            watched.problem = answer
            found = self._take_bad(layer, watched, asked_at)
        if self._incident is not None and (watched.is_settled or answer.good is None):
            self._incident.awaited.discard(layer)
            if not self._incident.awaited:
                found += self._blame(self._incident)
        return found

    def _take_nothing(self, layer: Layer, watched: _Watched, answer: Answer) -> list[Record]:
        if watched.state == "doubted":
            watched.state = "unknown"
        watched.tries = 0
        self._schedule_after(watched, answer)
        said, watched.unasked = watched.unasked, kept(answer.said)
        return [] if said == watched.unasked else [Unasked(layer, watched.unasked)]

    def _take_good(self, layer: Layer, watched: _Watched, answer: Answer) -> list[Record]:
        now = self._now.at
        found: list[Record] = [Sample(now, layer, good=True, ms=answer.ms)]
        if watched.state == "doubted" and not watched.interval.is_local:
            found.append(Note(now, "lost-datagram", f"{layer}: one exchange; the next try was answered"))
        was_bad, watched.state = watched.state == "bad", "good"
        watched.last_good, watched.tries = now, 0
        self._schedule_after(watched, answer)
        if was_bad:
            found += self._recovered(layer)
        return found

    def _recovered(self, layer: Layer) -> list[Record]:
        """A layer that was broken works again: ask what else was broken at once, and end what is over."""
        found: list[Record] = []
        for outage in list(self._open.values()):
            if layer not in outage.symptoms:
                continue
            self._add_evidence(outage, [layer])
            still = [other for other in outage.symptoms if self._layers[other].state == "bad"]
            if still:
                for other in still:
                    self._layers[other].due = self._now.at
            else:
                outage.first_good = self._now.at
                del self._open[outage.number]
                if outage.number in self._ladders:
                    self._ladders.remove(outage.number)
            found.append(outage)
        return found

    def _take_bad(self, layer: Layer, watched: _Watched, asked_at: float) -> list[Record]:
        if watched.state == "bad":
            return self._still_bad(layer, watched, asked_at)
        if watched.state != "doubted":
            watched.state, watched.missed_at, watched.tries = "doubted", asked_at, 0
        if watched.tries < len(watched.interval.again_at_s):
            watched.due = max(watched.missed_at + watched.interval.again_at_s[watched.tries], self._now.at)
            watched.tries += 1
            return []
        watched.state, watched.tries = "bad", 0
        self._schedule(watched, watched.interval.broken_s)
        return self._confirmed(layer, asked_at)

    def _still_bad(self, layer: Layer, watched: _Watched, asked_at: float) -> list[Record]:
        found: list[Record] = [Sample(self._now.at, layer, good=False, ms=None)]
        is_old = self._now.at - watched.missed_at >= HELD_BACK_AFTER_S and not watched.interval.is_local
        self._schedule(watched, max(HELD_BACK_S, watched.interval.broken_s) if is_old else watched.interval.broken_s)
        for outage in self._open.values():
            if layer in outage.symptoms:
                outage.last_bad = max(outage.last_bad, asked_at)
                found.append(outage)
        return found

    def _schedule_after(self, watched: _Watched, answer: Answer) -> None:
        """Ask again when the answer says so, or as always."""
        if answer.again_in_s is None:
            self._schedule(watched, watched.interval.every_s)
        else:
            watched.due = self._now.at + answer.again_in_s

    def _schedule(self, watched: _Watched, after_s: float) -> None:
        """Ask again after some seconds; turns that were missed are not made up for."""
        watched.due = max(watched.due + after_s, self._now.at + min(after_s, 0.5))

    # --- from a miss to an outage

    def _confirmed(self, layer: Layer, asked_at: float) -> list[Record]:
        """A miss counts: find out what else is broken."""
        found: list[Record] = [Sample(self._now.at, layer, good=False, ms=None)]
        explained = next((outage for outage in self._open.values() if self._explains(outage, layer)), None)
        if explained is not None:
            explained.symptoms.append(layer)
            explained.last_bad = max(explained.last_bad, asked_at)
            self._add_evidence(explained, [layer])
            return [*found, explained]
        if self._incident is not None:
            self._incident.broken.add(layer)
            return found
        late = next((outage for outage in self._open.values() if self._causes(layer, outage)), None)
        if late is not None:
            late.layer, late.problem = layer, self._problem_of(layer)
            late.symptoms = sorted([*late.symptoms, layer], key=LAYERS.index)
            self._add_evidence(late, [layer])
            return [*found, late]
        self._incident = _Incident(self._now.at, {layer})
        for other in _CONTROLS:
            watched = self._layers.get(other)
            if watched is not None and other != layer and watched.state != "bad":
                self._incident.awaited.add(other)
                if watched.state != "doubted":
                    watched.due = self._now.at
        return found

    def _explains(self, outage: Outage, layer: Layer) -> bool:
        """Whether an open outage lets nothing pass to this layer."""
        return outage.layer in _BLOCKS_ALL and LAYERS.index(outage.layer) < LAYERS.index(layer)

    def _causes(self, layer: Layer, outage: Outage) -> bool:
        """Whether a layer that is only now seen to be broken has caused an outage that began shortly before.

        The system believes for up to LATE_S that a router is there which answers nothing any more.
        """
        is_before = layer in _BLOCKS_ALL and LAYERS.index(layer) < LAYERS.index(outage.layer)
        return is_before and self._layers[layer].missed_at - outage.first_bad <= LATE_S

    def _problem_of(self, layer: Layer) -> OutageProblem:
        """What broke in a layer that was found broken."""
        answer = self._layers[layer].problem
        assert answer is not None
        assert answer.problem is not None
        return answer.problem

    def _blame(self, incident: _Incident) -> list[Record]:
        """All were asked: blame the first that is broken."""
        self._incident = None
        broken = sorted(incident.broken, key=LAYERS.index)
        first = broken[0]
        problem = self._problem_of(first)
        if first == "dns" and "cloud" in broken:
            first, problem = "internet", "nothing-beyond-gateway"
        first_bad = min(self._layers[layer].missed_at for layer in broken)
        goods = [good for layer in broken if (good := self._good_before(layer, first_bad)) is not None]
        outage = Outage(
            number=self._number,
            layer=first,
            problem=problem,
            symptoms=broken,
            last_good=max(goods, default=None),
            first_bad=first_bad,
            last_bad=max((heard.at for layer in broken if (heard := self._bad_heard(layer))), default=first_bad),
        )
        self._number += 1
        self._recent = dict([*self._recent.items(), (outage.number, outage)][-MOST_RECENT:])
        self._add_evidence(outage, (layer for layer in LAYERS if layer in self._layers), since=first_bad)
        if all(self._layers[layer].state == "good" for layer in broken):  # it was over while the others were asked
            outage.first_good = max(goods_after for layer in broken if (goods_after := self._layers[layer].last_good))
            return [outage]
        self._open[outage.number] = outage
        if first in _LADDER:
            self._ladders.append(outage.number)
        return [outage]

    def _good_before(self, layer: Layer, moment: float) -> float | None:
        good = self._layers[layer].last_good
        return good if good is not None and good <= moment else None

    def _bad_heard(self, layer: Layer) -> Heard | None:
        heard = self._layers[layer].heard
        return heard if heard is not None and heard.good is False else None

    def _add_evidence(self, outage: Outage, layers: Iterable[Layer], since: float = 0.0) -> None:
        """Keep what layers said last, if that was not before a time."""
        heard = [self._layers[layer].heard for layer in layers]
        new = [entry for entry in heard if entry is not None and entry.at >= since]
        outage.asked = (outage.asked + sorted(new, key=lambda entry: entry.at))[:MOST_ASKED]

    # --- what takes longer

    def traced(self, number: int, words: str, lost_behind: int | None) -> list[Record]:
        """Take how far packets to the cloud's port got, for an outage that is open or has ended meanwhile."""
        outage = self._recent.get(number)
        if outage is None:
            return []
        outage.ladder, outage.lost_behind = kept(words), lost_behind
        return [outage]

    def full_run_begins(self) -> None:
        """Note that a full run begins."""
        self._is_running = True
        self._full_runs_at = [*self._full_runs_at, self._now.at][-MOST_FULL_RUNS:]

    def full_run_ended(self, numbers: tuple[int, ...], begun: float, verdict: str | None, said: str) -> list[Record]:
        """Take what a full run came to; where an outage has ended meanwhile, it says nothing of its cause."""
        self._is_running = False
        found: list[Record] = []
        for number in numbers:
            outage = self._recent.get(number)
            if outage is not None:
                outage.runs.append(Ran(at=begun, is_over=not outage.is_open, verdict=verdict, said=kept(said)))
                found.append(outage)
        return found
