"""The engine: decides what is asked next, and turns answers and clock readings into outages, gaps and notes.

Nothing here waits, asks or reads a clock: moments and answers come in, records go out.

* A layer that does not answer is asked again as often as the device would ask. Only if every try fails, it is a miss
  that counts.
* Then the other layers are asked within the same seconds. The first broken layer is blamed; a layer that was not asked
  is never blamed. An outage is over when every layer that was broken works again.
* A gap is not an outage. If the laptop slept or this program was held up, open outages end with "not observed", and
  nothing from before the gap is connected to anything after it.
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
"""The laptop slept if the uptime with sleep advances by at least this much more than the uptime without sleep."""
STEPPED_S = 1.0
"""The laptop's clock was stepped if it changed by at least this much; smaller differences NTP corrects by slewing."""
STALLED_S = 30.0
"""This program was held up if at least this much time passes between two looks at the clocks."""
BETWEEN_S = 0.5
"""The time from the first question about one layer to that about the next, when a watch begins or after a gap."""
SETTLE_S = 5.0
"""After a gap, the laptop's own network gets this long to come back."""
HELD_BACK_AFTER_S, HELD_BACK_S = 3600.0, 300.0
"""A layer that has been broken for an hour is asked only every 5 min."""
LATE_S = 60.0
"""A router that is gone stays in the ARP table for up to 45 s and a few tries more (Linux's arp(7):
base_reachable_time). So the gateway may be found broken this long after the outage that it caused."""
FULL_RUN_AFTER_S = 30.0
"""An outage that lasts for this long gets a full run."""
FULL_RUN_EVERY_S, MOST_FULL_RUNS, A_DAY_S = 900.0, 24, 86400.0
"""The least time between two full runs, the most full runs in a day, and the seconds of a day."""
MOST_RECENT = 32
"""How many of the last outages are remembered, so that a ladder or a full run that ends later is still added."""
MOST_ASKED = 24
"""The most answers that an outage keeps as evidence."""
_CONTROLS: tuple[Layer, ...] = ("link", "ip", "gateway", "dns", "cloud")
"""The layers that are asked at once when some layer is found broken."""
_BLOCKS_ALL: frozenset[Layer] = frozenset({"link", "ip", "gateway", "internet"})
"""The layers behind which nothing works while they are broken. DNS is not among them: a conversation that has begun
needs no lookup."""
_NOT_IN_RUNS: Layer = "dhcp"
"""The layer that a full run leaves out, so an outage of it gets no full run."""
_LADDER: frozenset[Layer] = frozenset({"internet", "cloud"})
"""The layers for which the path to the cloud is traced once they are broken."""


class Step(NamedTuple):
    """What is to be done next.

    Attributes:
        at: when to do it.
        kind: ask a layer, trace the path to the cloud (a ladder), or make a full run.
        layer: the layer to ask.
        tries: how often the layer was already asked since it began not to answer.
        outages: for a ladder or a full run: the outages that it is made for.
    """

    at: float
    kind: Literal["ask", "ladder", "full-run"]
    layer: Layer = "cloud"
    tries: int = 0
    outages: tuple[int, ...] = ()


@dataclass
class _Watched:
    """A layer, what is known of it, and when it is asked next."""

    interval: Interval
    due: float
    state: Literal["unknown", "good", "doubted", "bad"] = "unknown"
    last_good: float | None = None
    missed_at: float = 0.0
    """When the first of the questions was asked that stay unanswered now."""
    tries: int = 0
    heard: Heard | None = None
    problem: Answer | None = None
    """The last bad answer."""
    unasked: str | None = None
    """Why the layer could not be asked, the last time that this happened."""

    @property
    def is_settled(self) -> bool:
        """Whether it is known whether the layer works."""
        return self.state in {"good", "bad"}


@dataclass
class _Incident:
    """Layers that are broken, before it is known which layer to blame: the answers of other layers are awaited."""

    since: float
    broken: set[Layer]
    awaited: set[Layer] = field(default_factory=set)


def _first_asked(layer: Layer) -> tuple[int, int]:
    """The sort key for the order of the first questions.

    Layers that are asked often come first, so that even a short watch has asked them. The gateway comes after those
    whose packets make it answer ARP. DHCP comes last, because it takes long: a server may ping an address for 3 s
    before offering it.
    """
    return {"portal": 1, "ntp": 1, "gateway": 2, "dhcp": 3}.get(layer, 0), LAYERS.index(layer)


class Engine:
    """One start of a watch.

    Args:
        intervals: the layers that are asked, and when.
        now: what the clocks show.
        jitter_s: by how much the first question is delayed, so that laptops that start together do not ask together.
        number: the number of the first outage.
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
        """The last outages, open or not: a ladder or a full run may end after the outage that it is made for."""
        self._incident: _Incident | None = None
        self._ladders: list[int] = []
        self._full_runs_at: list[float] = []
        self._is_running = False

    @property
    def open(self) -> list[Outage]:
        """The outages that are not over yet."""
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
        """The full run for open outages that had none yet; None: there are none, or a full run is going on."""
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
        """Take what the clocks show now; returns records of sleep, of a stall, and of steps of the clock.

        If it is called less often than every STALLED_S, that looks like a stall.
        """
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
        """End open outages, forget what is known of the layers, and record that nothing was observed."""
        found: list[Record] = [*self._end_all(why), Gap(begin, end, why)]
        for index, watched in enumerate(self._layers.values()):
            watched.state, watched.last_good, watched.tries, watched.heard = "unknown", None, 0, None
            watched.due = end + SETTLE_S + BETWEEN_S * index
        return found

    def stop(self) -> list[Record]:
        """End the watch."""
        return self._end_all("stopped")

    def _end_all(self, why: Blind) -> list[Record]:
        """End all open outages, because what becomes of them is not observed."""
        ended = list(self._open.values())
        for outage in ended:
            outage.ended_by = why
        self._open.clear()
        self._ladders.clear()
        self._incident = None
        return [*ended]

    # --- answers

    def take(self, layer: Layer, asked_at: float, answer: Answer) -> list[Record]:
        """Take the answer of a layer that was asked at `asked_at`; call `look` between the answer and this."""
        watched = self._layers[layer]
        watched.heard = Heard(layer=layer, good=answer.good, said=kept(answer.said), at=asked_at)
        if answer.good is None:
            found = self._take_unasked(layer, watched, answer)
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

    def _take_unasked(self, layer: Layer, watched: _Watched, answer: Answer) -> list[Record]:
        """The layer could not be asked: keep why, and forget the tries of a miss that does not count yet."""
        if watched.state == "doubted":
            watched.state = "unknown"
        watched.tries = 0
        self._schedule_after(watched, answer)
        before, watched.unasked = watched.unasked, kept(answer.said)
        return [] if before == watched.unasked else [Unasked(layer, watched.unasked)]

    def _take_good(self, layer: Layer, watched: _Watched, answer: Answer) -> list[Record]:
        """The layer works: count the answer, end the outages that it was the last broken layer of, and ask as usual.

        If it answers a repeated question, a note says that a datagram was lost. A layer that asks this laptop only
        (`is_local`) gets no such note, because nothing was sent.
        """
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
        """A layer that was broken works again: end its outages, or ask their other broken layers at once."""
        found: list[Record] = []
        for outage in list(self._open.values()):
            if layer not in outage.symptoms:
                continue
            self._add_evidence(outage, [layer])
            still_bad = [other for other in outage.symptoms if self._layers[other].state == "bad"]
            if still_bad:
                for other in still_bad:
                    self._layers[other].due = self._now.at
            else:
                outage.first_good = self._now.at
                del self._open[outage.number]
                if outage.number in self._ladders:
                    self._ladders.remove(outage.number)
            found.append(outage)
        return found

    def _take_bad(self, layer: Layer, watched: _Watched, asked_at: float) -> list[Record]:
        """The layer does not work: ask it again, and after the last try let the miss count."""
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
        """A broken layer still does not work: prolong its outages, and ask less often after an hour."""
        found: list[Record] = [Sample(self._now.at, layer, good=False, ms=None)]
        is_old = self._now.at - watched.missed_at >= HELD_BACK_AFTER_S and not watched.interval.is_local
        self._schedule(watched, max(HELD_BACK_S, watched.interval.broken_s) if is_old else watched.interval.broken_s)
        for outage in self._open.values():
            if layer in outage.symptoms:
                outage.last_bad = max(outage.last_bad, asked_at)
                found.append(outage)
        return found

    def _schedule_after(self, watched: _Watched, answer: Answer) -> None:
        """Ask again when the answer says, or else after the usual interval."""
        if answer.again_in_s is None:
            self._schedule(watched, watched.interval.every_s)
        else:
            watched.due = self._now.at + answer.again_in_s

    def _schedule(self, watched: _Watched, after_s: float) -> None:
        """Ask the layer again after some seconds; missed turns are not made up for."""
        watched.due = max(watched.due + after_s, self._now.at + min(after_s, 0.5))

    # --- from a miss to an outage

    def _confirmed(self, layer: Layer, asked_at: float) -> list[Record]:
        """A layer is broken: add it to an open outage that explains it, or ask the other layers which one to blame."""
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
        caused = next((outage for outage in self._open.values() if self._causes(layer, outage)), None)
        if caused is not None:
            caused.layer, caused.problem = layer, self._problem_of(layer)
            caused.symptoms = sorted([*caused.symptoms, layer], key=LAYERS.index)
            self._add_evidence(caused, [layer])
            return [*found, caused]
        self._incident = _Incident(self._now.at, {layer})
        for other in _CONTROLS:
            watched = self._layers.get(other)
            if watched is not None and other != layer and watched.state != "bad":
                self._incident.awaited.add(other)
                if watched.state != "doubted":
                    watched.due = self._now.at
        return found

    def _explains(self, outage: Outage, layer: Layer) -> bool:
        """Whether an open outage explains why this layer is broken: nothing behind the blamed layer works."""
        return outage.layer in _BLOCKS_ALL and LAYERS.index(outage.layer) < LAYERS.index(layer)

    def _causes(self, layer: Layer, outage: Outage) -> bool:
        """Whether a layer that is only now found broken has caused an outage that began shortly before.

        For up to LATE_S, the ARP table still has a router that no longer answers.
        """
        is_before = layer in _BLOCKS_ALL and LAYERS.index(layer) < LAYERS.index(outage.layer)
        return is_before and self._layers[layer].missed_at - outage.first_bad <= LATE_S

    def _problem_of(self, layer: Layer) -> OutageProblem:
        """The problem of a broken layer, by its last bad answer."""
        answer = self._layers[layer].problem
        assert answer is not None
        assert answer.problem is not None
        return answer.problem

    def _blame(self, incident: _Incident) -> list[Record]:
        """All layers have been asked: begin an outage, and blame the first broken layer.

        If DNS and the cloud are broken and nothing before them, the internet is blamed.
        """
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
        """When a layer last worked, if that was not after this moment; else None."""
        good = self._layers[layer].last_good
        return good if good is not None and good <= moment else None

    def _bad_heard(self, layer: Layer) -> Heard | None:
        """The last answer of a layer if it was bad; else None."""
        heard = self._layers[layer].heard
        return heard if heard is not None and heard.good is False else None

    def _add_evidence(self, outage: Outage, layers: Iterable[Layer], since: float = 0.0) -> None:
        """Add the last answers of these layers to an outage, except those from before `since`."""
        heard = [self._layers[layer].heard for layer in layers]
        new = [entry for entry in heard if entry is not None and entry.at >= since]
        outage.asked = (outage.asked + sorted(new, key=lambda entry: entry.at))[:MOST_ASKED]

    # --- what takes longer

    def traced(self, number: int, words: str, lost_behind: int | None) -> list[Record]:
        """Add how far packets to the cloud port got to an outage, which may have ended by now."""
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
        """Add the result of a full run to its outages, and whether an outage was over by then (`is_over`)."""
        self._is_running = False
        found: list[Record] = []
        for number in numbers:
            outage = self._recent.get(number)
            if outage is not None:
                outage.runs.append(Ran(at=begun, is_over=not outage.is_open, verdict=verdict, said=kept(said)))
                found.append(outage)
        return found
