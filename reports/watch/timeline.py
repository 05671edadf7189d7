"""The picture of a watch: a lane for each layer, which shows when the layer did not work and when nothing was observed.

Positions are in per mille of the picture's width, so that the number of bars is limited however long the watch is.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from netpreflight.agent.watch.watched import LAYERS, Layer, Watch
from netpreflight.reports.watch.words import LAYERS as TITLES
from netpreflight.reports.watch.words import clock

WIDTH = 1000


class Bar(NamedTuple):
    """A stretch of time as a bar in the picture, in per mille of its width."""

    start: int
    length: int


class Lane(NamedTuple):
    """The lane of a layer, with a bar for each time in which the layer did not work."""

    layer: str
    outages: list[Bar]


class Timeline(NamedTuple):
    """The picture.

    Attributes:
        blind: a bar for each time in which nothing was observed.
        scale: the labels of the beginning, the middle and the end.
    """

    lanes: list[Lane]
    blind: list[Bar]
    scale: list[str]


def timeline(watch: Watch) -> Timeline:
    """Lay out the picture; only layers that were asked get a lane."""
    asked = {hour.layer for hour in watch.hours} | {outage.layer for outage in watch.outages}
    return Timeline(
        lanes=[Lane(TITLES[layer], list(_outages(watch, layer))) for layer in LAYERS if layer in asked],
        blind=list(_bars(watch, ((gap.begin, gap.end) for gap in watch.unobserved))),
        scale=[clock(watch, at) for at in (watch.begin, watch.begin + (watch.end - watch.begin) / 2, watch.end)],
    )


def _outages(watch: Watch, layer: Layer) -> Iterator[Bar]:
    """A bar for each outage of a layer: from the first miss to the first good answer, or else to the last miss."""
    return _bars(
        watch,
        ((outage.first_bad, outage.first_good or outage.last_bad) for outage in watch.outages if outage.layer == layer),
    )


def _bars(watch: Watch, stretches: Iterable[tuple[dt.datetime, dt.datetime]]) -> Iterator[Bar]:
    """Stretches of time as bars of at least 2 per mille; bars that touch or overlap become one."""
    whole = max((watch.end - watch.begin).total_seconds(), 1.0)

    def place(at: dt.datetime) -> int:
        """A time in per mille of the picture's width."""
        return min(max(round((at - watch.begin).total_seconds() * WIDTH / whole), 0), WIDTH)

    begins, ends = Counter[int](), Counter[int]()
    for begin, end in stretches:
        start = min(place(begin), WIDTH - 2)
        begins[start] += 1
        ends[max(place(end), start + 2)] += 1
    going_on = start = 0
    for at in range(WIDTH + 1):
        before = going_on
        going_on += begins[at] - ends[at]
        if going_on and not before:
            start = at
        elif before and not going_on:
            yield Bar(start, at - start)
