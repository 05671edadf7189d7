"""A run in two parts, on systems where the laptop itself joins the network: first a normal run, and then the join.

The join comes last, because it takes the laptop off the network through which everything else is measured.
"""

import asyncio
import threading
from typing import NamedTuple

import msgspec

from netpreflight.agent.report import Run
from netpreflight.agent.run import OnStop, RunSettings, measure
from netpreflight.probes.join.as_itself import AsItself
from netpreflight.probes.join.frames import contacts_of
from netpreflight.probes.observations import Join, Wifi
from netpreflight.systems import SYSTEM


class JoiningAsItself(NamedTuple):
    """The choice of a run in which the laptop itself joins."""

    way: AsItself


def run(joining: JoiningAsItself, settings: RunSettings) -> Run:
    """Measure, and then join; there is no join if the user stops the measurement."""
    begun = settings.clock.monotonic()
    own = measure(settings)
    join = Join(not_run="the run was cut short", way=SYSTEM.joins_as_itself)
    is_complete = own.complete
    if own.complete:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            join, is_complete = runner.run(_join(joining.way, own.observations.wifi, settings.on_stop))
    return msgspec.structs.replace(
        own,
        duration_s=round(settings.clock.monotonic() - begun, 3),
        complete=is_complete,
        footprint=[*own.footprint, *contacts_of(join)],
        observations=msgspec.structs.replace(own.observations, join=join),
    )


async def _join(way: AsItself, survey: Wifi | None, on_stop: OnStop) -> tuple[Join, bool]:
    """What was seen of the join, and whether it was complete.

    If the user ends the run, the join is stopped, and the laptop first goes back to its network.
    """
    stopped = threading.Event()

    def stop() -> None:
        if not stopped.is_set():
            stopped.set()
            on_stop(["this laptop's network"])

    with SYSTEM.on_stop(stop):
        join = await asyncio.to_thread(way.join, survey, stopped.is_set)
    return join, not stopped.is_set()
