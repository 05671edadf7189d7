"""What the report's pictures show, and the positions of what the templates draw as SVG.

Text in an SVG shrinks with it and does not wrap. So the route to the cloud is drawn with the page's own text, and the
channel map comes in two sizes, one for wide screens and one for phones.
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from netpreflight.agent.report import Report
from netpreflight.agent.report.way_to_cloud import Station, Step
from netpreflight.agent.results import StationKind, Status
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
"""The most BSSs of other networks in the channel map; of the judged network, up to `MOST_JUDGED` BSSs are drawn."""
MOST_JUDGED = 40
MOST_ATTEMPTS = 120
"""The most attempts of one probe that are drawn."""
_NUMBER, _JUDGED_NUMBER, _ROW = 22.0, 40.0, 15.0
"""The room in the channel map: the width of an access point's number, of a number with a star, and the height of a row
of numbers."""
_MOST_DETAILS = 4
_LONGEST_DETAIL = 48
_LOWEST_DBM, _HIGHEST_DBM = -100.0, -20.0
_CHANNELS = range(1, 15)


# --- the route to the cloud


class DrawnStation(NamedTuple):
    """A station on the route to the cloud, and the stretch that leads to it."""

    kind: StationKind
    title: str
    detail: list[str]
    steps: list[Step]
    stretch: Status | None
    """How the stretch is drawn: as the worst status of its steps; after a failure, one without steps as "skip"."""


def way(stations: list[Station]) -> Iterator[DrawnStation]:
    """The stations of the route as they are drawn, in order."""
    lost = False
    for station in stations:
        status = station.status
        yield DrawnStation(
            kind=station.kind,
            title=station.title,
            detail=[_cut(line) for line in station.detail[:_MOST_DETAILS]],
            steps=station.steps,
            stretch="skip" if lost and status is None else status,
        )
        lost = lost or status == "fail"


def _cut(text: str) -> str:
    """The text, safe to show; the middle of a long text is left out: the table beside the drawing has all of it."""
    text = shown(text)
    if len(text) <= _LONGEST_DETAIL:
        return text
    return f"{text[: (_LONGEST_DETAIL - 1) // 2]}…{text[-(_LONGEST_DETAIL // 2) :]}"


# --- the 2.4 GHz band


class Box(NamedTuple):
    """A BSS as a box over the channels that it covers."""

    number: int
    judged: bool
    left: float
    right: float
    top: float
    x: float
    """`x` and `y`: the middle of the number's text, and its base line."""
    y: float


class Band(NamedTuple):
    """The layout of the channel map."""

    width: int
    height: int
    floor: int
    channels: list[tuple[int, float]]
    levels: list[tuple[int, float]]
    boxes: list[Box]


def on_the_band(wifi: Wifi | None) -> tuple[list[Bss], int]:
    """The 2.4 GHz BSSs to show (those of the judged network first, then by signal), and how many more were heard."""
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

    boxes: list[Box] = []
    numbers: list[_Number] = []
    for number, bss in enumerate(bsss, 1):
        judged, (low, high) = is_judged(bss, wifi), map(across, _covers(bss))
        top = up(bss.signal_dbm if bss.signal_dbm is not None else _LOWEST_DBM + 4)
        wanted = _Number((low + high) / 2, top - 4, _JUDGED_NUMBER if judged else _NUMBER)
        numbers.append(_free_place(wanted, (left, width), numbers))
        boxes.append(Box(number, judged, low, high, top, numbers[-1].x, numbers[-1].y))
    return Band(
        width,
        height,
        floor,
        [(channel, across(_centre(channel))) for channel in _CHANNELS],
        [(dbm, up(dbm)) for dbm in (-30, -50, -70, -90)],
        boxes[::-1],  # the network judged is drawn last, over the others
    )


class _Number(NamedTuple):
    """The number of an access point in the channel map: the middle of its base line, and its width."""

    x: float
    y: float
    width: float

    def is_on(self, other: "_Number") -> bool:
        """Whether the two overlap."""
        return abs(self.y - other.y) < _ROW and abs(self.x - other.x) < (self.width + other.width) / 2


def _free_place(wanted: _Number, ends: tuple[float, float], taken: list[_Number]) -> _Number:
    """The number, as near to its wanted place as possible without overlapping another one.

    Places beside the wanted one are tried first, then the rows above, then the rows below.
    """
    leftmost, rightmost = ends[0] + wanted.width / 2, ends[1] - wanted.width / 2
    wanted = wanted._replace(x=min(max(wanted.x, leftmost), rightmost))
    above = [wanted.y - _ROW * rows for rows in range(MOST_BSSS) if wanted.y - _ROW * rows > _ROW]
    for y in (*above, *(wanted.y + _ROW * rows for rows in range(1, MOST_BSSS))):
        row = [other for other in taken if abs(other.y - y) < _ROW]
        beside = [other.x + side * (other.width + wanted.width) / 2 for other in row for side in (-1, 1)]
        for x in sorted([wanted.x, *beside], key=lambda x: abs(x - wanted.x)):
            place = wanted._replace(x=round(x, 1), y=round(y, 1))
            if leftmost <= x <= rightmost and not any(place.is_on(other) for other in row):
                return place
    return wanted


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
    """One probe in the picture of the run: when it ran, and its attempts."""

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
    """The same as `attempts`, with the time in per mille of the picture's width."""


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
    """Everything in an observation that has a time: the time in s, and whether it was answered or received."""
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
