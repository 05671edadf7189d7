"""The layout of the report's pictures: positions and short texts, which the templates turn into SVG.

Each picture comes in two sizes, one for wide screens and one for phones, because text in an SVG shrinks with it.
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from netpreflight.agent.report import Report
from netpreflight.agent.report.way_to_cloud import Station
from netpreflight.agent.results import Status
from netpreflight.probes.observations import (
    Arrival,
    Attempt,
    Bss,
    Connection,
    DhcpMessage,
    EchoPacket,
    Observation,
    Observations,
    PathProbe,
    Wifi,
    strength,
)
from netpreflight.reports.safe_text import shown
from netpreflight.reports.words import is_judged

MOST_BSSS = 20
"""The most BSSs of other networks in the channel map; of the judged network up to `MOST_JUDGED` are drawn."""
MOST_JUDGED = 40
MOST_ATTEMPTS = 120
"""The most attempts of one probe that are drawn."""
_LOWEST_DBM, _HIGHEST_DBM = -100.0, -20.0
_CHANNELS = range(1, 15)


# --- the way to the cloud


class DrawnStation(NamedTuple):
    """A station, and the stretch of the way before it."""

    kind: str
    title: str
    detail: list[str]
    steps: list[tuple[str, Status, int]]
    """Words, status, and x position if the stations are drawn side by side."""
    status: Status | None
    at: int
    """Its centre along the way."""
    middle: int
    """The middle of the stretch before it."""


class DrawnWay(NamedTuple):
    """The picture of the way to the cloud, laid out along one axis."""

    length: int
    places: list[DrawnStation]


def way(stations: list[Station], *, upright: bool) -> DrawnWay:
    """Lay out the stations side by side, or (`upright`) one below the other."""
    lost = False
    places: list[DrawnStation] = []
    pitch = 112 if upright else 1000 // max(len(stations), 1)
    at = 36 if upright else pitch // 2
    width = 34 if upright else max(12, pitch // 7)
    for station in stations:
        status = station.status
        shown_as = "skip" if lost and status is None else status
        lost = lost or status == "fail"
        places.append(
            DrawnStation(
                kind=station.kind,
                title=station.title,
                detail=[_cut(line, width) for line in station.detail[:2]],
                steps=[
                    _step(step.what, step.status, at - pitch // 2, width if upright else pitch // 8)
                    for step in station.steps[:3]
                ],
                status=shown_as,
                at=at,
                middle=at - pitch // 2,
            )
        )
        at += pitch
    return DrawnWay(at - pitch + 64 if upright else 1000, places)


def _step(what: str, status: Status, middle: int, width: int) -> tuple[str, Status, int]:
    """The words of a step, its status, and the x position at which the words begin."""
    words = _cut(what, width)
    return words, status, middle - round((19 + 6.6 * len(words)) / 2)  # 6.6: average width of a character at 13 px


def _cut(text: str, width: int) -> str:
    """The text, safe to show; its middle is left out if it is longer than `width` characters."""
    text = shown(text)
    if len(text) <= width:
        return text
    return f"{text[: (width - 1) // 2]}…{text[-(width // 2) :]}"


# --- the 2.4 GHz band


class Box(NamedTuple):
    """A BSS as a box over the channels that it covers."""

    number: int
    judged: bool
    left: float
    right: float
    top: float
    label: float
    """X position of its number."""


class Band(NamedTuple):
    """The layout of the channel map."""

    width: int
    height: int
    floor: int
    channels: list[tuple[int, float]]
    levels: list[tuple[int, float]]
    boxes: list[Box]


def on_the_band(wifi: Wifi | None) -> tuple[list[Bss], int]:
    """The 2.4 GHz BSSs to show (the judged network's first, then by signal), and how many more there are."""
    on_24_ghz = [
        bss for bss in (wifi.bss if wifi is not None else []) if bss.band == "2.4" and bss.channel in _CHANNELS
    ]
    on_24_ghz.sort(key=lambda bss: -strength(bss.signal_dbm))
    judged = [bss for bss in on_24_ghz if is_judged(bss, wifi)]
    others = [bss for bss in on_24_ghz if not is_judged(bss, wifi)]
    kept = [*judged[:MOST_JUDGED], *others[:MOST_BSSS]]
    return kept, len(on_24_ghz) - len(kept)


def band(bsss: list[Bss], wifi: Wifi | None, *, narrow: bool) -> Band:
    """Lay out the channel map: frequency to the right, signal upwards."""
    width, height, left, floor = (360, 300, 30, 270) if narrow else (1000, 340, 44, 300)

    def across(mhz: float) -> float:
        """The x position of a frequency."""
        return round(left + (mhz - 2398) * (width - left - 6) / (2498 - 2398), 1)

    def up(dbm: float) -> float:
        """The y position of a signal strength."""
        level = min(max(dbm, _LOWEST_DBM), _HIGHEST_DBM)
        return round(floor - (level - _LOWEST_DBM) * (floor - 12) / (_HIGHEST_DBM - _LOWEST_DBM), 1)

    boxes, taken = [], set()
    for number, bss in enumerate(bsss, 1):
        low, high = _covers(bss)
        top = up(bss.signal_dbm if bss.signal_dbm is not None else _LOWEST_DBM + 4)
        label, step = round((across(low) + across(high)) / 2), 0
        while (label // 16, int(top) // 16) in taken and step < 12:  # numbers that would stand on one another
            step += 1
            label += 16 * step * (1 if step % 2 else -1)
        taken.add((label // 16, int(top) // 16))
        boxes.append(Box(number, is_judged(bss, wifi), across(low), across(high), top, float(label)))
    return Band(
        width,
        height,
        floor,
        [(channel, across(_centre(channel))) for channel in _CHANNELS],
        [(dbm, up(dbm)) for dbm in (-30, -50, -70, -90)],
        boxes[::-1],  # the network judged is drawn last, over the others
    )


def _centre(channel: int) -> int:
    """The centre frequency of a 2.4 GHz channel in MHz (IEEE 802.11-2020, 15.4.4.2)."""
    return 2484 if channel == 14 else 2407 + 5 * channel


def _covers(bss: Bss) -> tuple[int, int]:
    """The lowest and highest frequency that a BSS uses, in MHz."""
    low, high = _centre(bss.channel or 1) - 10, _centre(bss.channel or 1) + 10
    if (bss.width_mhz or 20) >= 40 and bss.ht is not None:
        low, high = (low, high + 20) if bss.ht.secondary_offset == 1 else (low - 20, high)
    return low, high


# --- the run in time


class Lane(NamedTuple):
    """One probe's time."""

    name: str
    started_s: float
    took_s: float
    attempts: list[tuple[float, bool]]
    """When each attempt was made or each message received (s), and whether there was an answer."""
    left_out: int
    not_run: str | None
    start: float = 0.0
    length: float = 0.0
    ticks: list[tuple[float, bool]] = []  # noqa: RUF012 - never changed
    """The attempts again, with the time in per mille of the picture's width."""


def lanes(report: Report) -> tuple[float, list[Lane]]:
    """The length of the picture in seconds, and a lane for each probe, in the order in which they began."""
    all_lanes = [_lane(name, observation) for name, observation in _probes(report.observations)]
    ends = [report.duration_s, *(lane.started_s + lane.took_s for lane in all_lanes)]
    picture_s = max(0.1, *(min(end, 1e5) for end in ends))

    def part(seconds: float) -> float:
        """A time as per mille of the picture's width."""
        return round(min(max(seconds, 0.0), picture_s) * 1000 / picture_s, 1)

    drawn = [
        lane._replace(
            start=part(lane.started_s),
            length=max(2.0, part(lane.took_s)),
            ticks=[(part(at), was_answered) for at, was_answered in lane.attempts],
        )
        for lane in sorted(all_lanes, key=lambda lane: (lane.started_s, lane.name))
    ]
    return picture_s, drawn


def _probes(seen: Observations) -> Iterator[tuple[str, Observation]]:
    """The name and the observation of each probe."""
    for name in seen.__struct_fields__:
        observation = getattr(seen, name)
        if isinstance(observation, Observation) and name != "scope":
            yield name, observation


def _lane(name: str, observation: Observation) -> Lane:
    """The lane of one probe: when it began, how long it took, and its attempts."""
    attempts = [] if isinstance(observation, Wifi) else sorted(_attempts(observation))
    return Lane(
        name,
        observation.started_s,
        observation.duration_s,
        attempts[:MOST_ATTEMPTS],
        len(attempts[MOST_ATTEMPTS:]),
        observation.not_run,
    )


def _attempts(value: object) -> Iterator[tuple[float, bool]]:
    """(Time in s, whether it was answered or received) of everything in an observation that has a time."""
    if isinstance(value, list):
        for element in value:
            yield from _attempts(element)
    elif isinstance(value, msgspec.Struct):
        at = getattr(value, "at_s", None)
        if isinstance(at, float | int):
            yield float(at), _came_back(value)
        for name in value.__struct_fields__:
            inner = getattr(value, name)
            if isinstance(inner, list | msgspec.Struct):
                yield from _attempts(inner)


def _came_back(packet: msgspec.Struct) -> bool:
    """Whether an attempt was answered, or a message was received."""
    match packet:
        case Attempt(outcome=outcome) | PathProbe(outcome=outcome):
            return outcome not in {"timeout", "error", "unread", "ignored"}
        case EchoPacket(echo_ms=echo_ms):
            return echo_ms is not None
        case Connection(received=received):
            return bool(received)
        case _:
            return isinstance(packet, DhcpMessage | Arrival)
