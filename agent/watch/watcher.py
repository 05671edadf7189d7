"""Runs a watch: waits until the engine's next step is due, takes it, and stores the records that the engine makes."""

import asyncio
import random
from collections.abc import Callable
from typing import Any, NamedTuple

from netpreflight.agent.profiles import Profile
from netpreflight.agent.watch.asking import Asker
from netpreflight.agent.watch.engine import Engine, Step
from netpreflight.agent.watch.records import Gap, Moment, Note, Outage, Record, Sample, Unasked, kept
from netpreflight.agent.watch.schedule import Plan
from netpreflight.agent.watch.store import Store
from netpreflight.agent.watch.watched import BEHIND_ROUTER, Layer
from netpreflight.probes.held_lease import HeldLeaseGuard
from netpreflight.probes.net.clock import CLOCK, Clock
from netpreflight.probes.net.witnesses import bounded
from netpreflight.systems import SYSTEM
from netpreflight.systems.interface import Uptime

LOOK_S = 5.0
"""How often the clocks are read while nothing else is done."""
AT_ONCE_S = 0.05
"""Clocks that are read within this time count as read at the same time: it is far less than what `engine` treats as a
step of the clock."""
MOST_READINGS = 5
LEFT_OUT = ("wifi", "dhcp")
"""Groups of checks that a full run during a watch leaves out: a scan takes the radio off its channel, and a lease uses
up an address of the pool."""

OnChange = Callable[["State"], None]


class State(NamedTuple):
    """The progress of a watch, for the line on the terminal.

    Attributes:
        now: what the clocks show.
        begun_at: when the watch began, on the clock of `Moment.at`.
        open: the outages that are not over yet.
        outages: how many outages there were since the watch began.
        observed: whether any layer was ever seen to work.
        reached: whether the cloud was ever seen to work; if no cloud is asked, anything behind the router.
        unasked: why a layer could not be asked, the last time that it could not.
    """

    now: Moment
    begun_at: float
    open: list[Outage]
    outages: int
    observed: bool
    reached: bool
    unasked: dict[Layer, str]


class NoClockError(Exception):
    """This system does not say how long the laptop has been up; without that, sleep would look like an outage."""


def moment(clock: Clock = CLOCK, uptime: Callable[[], Uptime | None] = SYSTEM.uptime) -> Moment:
    """What this laptop's clocks show now, all read at nearly the same time.

    If this process is held up between reading two clocks, the clocks seem to differ by that time, which would look like
    sleep, or like a clock that was set. So the uptime is read before and after the wall clock, and the wall clock is
    taken as read halfway between (chrony reads a network card's clock in the same way). If that took too long, all are
    read again, and the quickest reading counts.

    Raises:
        NoClockError: the system does not say how long it has been up.
    """
    readings = [_read(clock, uptime)]
    while readings[-1].took_s > AT_ONCE_S and len(readings) < MOST_READINGS:
        readings.append(_read(clock, uptime))
    return min(readings, key=lambda reading: reading.took_s).moment


class _Reading(NamedTuple):
    """What the clocks showed, and how long reading them took."""

    took_s: float
    moment: Moment


def _read(clock: Clock, uptime: Callable[[], Uptime | None]) -> _Reading:
    """Read the uptime, the wall clock, and the uptime again.

    Raises:
        NoClockError: the system does not say how long it has been up.
    """
    before, wall, after = uptime(), clock.wall(), uptime()
    if before is None or after is None:
        raise NoClockError
    at, awake = (before.at_s + after.at_s) / 2, (before.awake_s + after.awake_s) / 2
    return _Reading(after.at_s - before.at_s, Moment(after.boot, at, awake, wall))


class WatchSettings(NamedTuple):
    """The settings of a watch.

    Attributes:
        interface: the interface that is watched.
        profile: the profile of the device.
        plan: what is asked, and how often.
        store: keeps what is seen.
        seconds: how long to watch; None: until the user ends it.
        on_change: called with the state after each change, and every few seconds.
        now: gives what the clocks show.
        guard: releases the lease that the watch holds, if this process is killed.
    """

    interface: str
    profile: Profile
    plan: Plan
    store: Store
    seconds: float | None
    on_change: OnChange
    now: Callable[[], Moment] = moment
    guard: HeldLeaseGuard | None = None


def watch(settings: WatchSettings) -> State:
    """Watch until the time of the settings has passed, or the user ends the watch; returns its last state."""
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(_Watcher(settings).run())


class _Watcher:
    """A watch, from its start to its end."""

    def __init__(self, settings: WatchSettings) -> None:
        self._settings = settings
        self._store, self._now = settings.store, settings.now
        begun = self._now()
        jitter_s = random.uniform(0, settings.plan.most_jitter_s(settings.seconds))
        self._engine = Engine(settings.plan.intervals(), begun, jitter_s=jitter_s, number=settings.store.next_number)
        self._until = begun.at + settings.seconds if settings.seconds is not None else float("inf")
        self._asker = Asker(settings.interface, settings.plan, settings.profile, guard=settings.guard)
        self._state = State(begun, begun.at, [], 0, observed=False, reached=False, unasked={})
        self._seen: set[int] = set()
        self._background: set[asyncio.Task[None]] = set()

    async def run(self) -> State:
        """Watch until the end, then release what is held and write what is left; returns the last state."""
        self._stopped = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        with SYSTEM.on_stop(self._stop):
            while not self._stopped.is_set() and self._look().at < self._until:
                step = self._engine.next_step()
                if step.at > self._state.now.at:
                    await self._wait(min(step.at, self._until) - self._state.now.at)
                else:
                    await self._do(step)
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._asker.close()
        self._look()
        last = self._engine.stop()
        self._note(last)
        self._store.stop(last, self._state.now)
        return self._state

    def _stop(self) -> None:
        """End the watch; may be called from any thread, and from a signal handler."""
        self._loop.call_soon_threadsafe(self._stopped.set)

    def _look(self) -> Moment:
        """Read the clocks, and store the records that follow from them and from other changes."""
        now = self._now()
        self._state = self._state._replace(now=now)
        self._keep([*self._engine.look(now), *self._changes()])
        return now

    def _changes(self) -> list[Record]:
        """Notes of changes that are not answers of a layer, such as another access point."""
        now = self._state.now.at
        return [Note(now, change.kind, kept(change.said), change.bssid) for change in self._asker.take_changes()]

    async def _wait(self, seconds: float) -> None:
        """Wait, for LOOK_S at most; the end of the watch ends the wait, too."""
        try:
            async with asyncio.timeout(min(max(seconds, 0.0), LOOK_S)):
                await self._stopped.wait()
        except TimeoutError:
            return

    async def _do(self, step: Step) -> None:
        """Take a step; a ladder or a full run, which take long, go on in the background."""
        match step.kind:
            case "ask":
                await self._ask(step.layer, step.tries)
            case "ladder":
                self._beside(self._trace(step.outages[0]))
            case "full-run":
                self._engine.full_run_begins()
                self._beside(self._run_fully(step.outages))

    def _beside(self, work: Any) -> None:
        """Run this work in the background, until the watch ends."""
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _ask(self, layer: Layer, tries: int) -> None:
        """Ask a layer, and store what follows; an answer is dropped if the watch is ended or a gap was noticed."""
        asked_at = self._state.now.at
        asking = asyncio.ensure_future(self._asker.ask(layer, tries))
        stopped = asyncio.ensure_future(self._stopped.wait())
        both: set[asyncio.Future[Any]] = {asking, stopped}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)
        found = self._engine.look(now := self._now())
        self._state = self._state._replace(now=now)
        is_gap = any(isinstance(record, Gap) for record in found)
        if not self._stopped.is_set() and not is_gap and not asking.cancelled():
            found += self._engine.take(layer, asked_at, asking.result())
        found += self._changes()
        for peer, counts in self._asker.take_traffic().items():
            self._store.add_traffic(peer, counts)
        if self._asker.ssid is not None:
            self._store.tell("ssid", kept(self._asker.ssid))
        self._keep(found)

    async def _trace(self, number: int) -> None:
        """Trace the path to the cloud, and add the result to an outage."""
        traced = await bounded(self._asker.trace(), lambda _: None)
        if traced is not None:
            self._look()
            self._keep(self._engine.traced(number, traced.words, traced.lost_behind))

    async def _run_fully(self, numbers: tuple[int, ...]) -> None:
        """Make a full run for these outages, and store its verdict; None: it was cut short, or failed."""
        begun = self._state.now.at
        verdict, said = await bounded(self._full_run(), lambda why: (None, why))
        self._look()
        self._keep(self._engine.full_run_ended(numbers, begun, verdict, said))

    async def _full_run(self) -> tuple[str | None, str]:
        """Make a run like `netpreflight check` does; returns its verdict (None: it was cut short) and its headline."""
        from netpreflight.agent.report import make  # noqa: PLC0415 - loaded only where there is an outage
        from netpreflight.agent.run import AirChoice, RunSettings, measuring  # noqa: PLC0415
        from netpreflight.agent.selection import select  # noqa: PLC0415
        from netpreflight.probes.scope import scope  # noqa: PLC0415

        left_out = [*LEFT_OUT, *(["coap"] if self._settings.plan.transport != "coap" else []), "vendor-status"]
        run = await measuring(
            RunSettings(
                scope(self._settings.interface),
                AirChoice(),
                self._settings.profile,
                select(None, ",".join(left_out)),
                on_stop=lambda _: self._stop(),
            )
        )
        self._asker.add_contacts(run.footprint)
        report = make(run, self._settings.profile)
        return report.verdict if run.complete else None, report.headline

    def _keep(self, records: list[Record]) -> None:
        """Store records, and report the new state."""
        self._note(records)
        self._store.put(records, self._state.now)
        self._settings.on_change(self._state)

    def _note(self, records: list[Record]) -> None:
        """Update the state for the line on the terminal."""
        self._seen |= {record.number for record in records if isinstance(record, Outage)}
        worked = {record.layer for record in records if isinstance(record, Sample) and record.good}
        needed: frozenset[Layer] = frozenset({"cloud"}) if self._settings.plan.transport else BEHIND_ROUTER
        unasked = {record.layer: record.said for record in records if isinstance(record, Unasked)}
        self._state = self._state._replace(
            open=self._engine.open,
            outages=len(self._seen),
            observed=self._state.observed or bool(worked),
            reached=self._state.reached or not worked.isdisjoint(needed),
            unasked=self._state.unasked | unasked,
        )
