"""The status LED as a picture: a CSS animation with its colours and times, and a still strip that shows the same.

The strip is for paper, and for readers who want less motion. The small lamp may blink faster than three times a second:
WCAG 2.3.1 limits only flashes that are larger than 21,824 CSS pixels.
"""

from collections.abc import Iterator
from typing import NamedTuple

from netpreflight.agent.led import LedSignal

COLOURS = {
    "red": "#f03a2e",
    "orange": "#ff8a00",
    "green": "#1fc755",
    "cyan": "#00c8d6",
    "blue": "#3f7bff",
    "magenta": "#dc3ce0",
    "white": "#f4f4f4",
}
_OTHER = "#9aa3ad"
_ENDLESS_MS = 2400
"""How long a light that never ends is shown, if another light follows."""
_PAUSE_MS = 600
_STRIP_MS = 4000
_LONGEST_MS = 10_000


class Piece(NamedTuple):
    """A part of the strip on which the LED is lit; start and length in per mille of the strip."""

    start: float
    length: float
    colour: str
    fades: bool


def css(name: str, lights: list[LedSignal]) -> str:
    """CSS rules that make the element of class `name` blink like these lights; they contain no text of the network."""
    if not lights:
        return ""
    if len(lights) == 1 and lights[0].breathes:
        colour, period = _colour(lights[0]), _clamped(lights[0].on_ms) + _clamped(lights[0].off_ms)
        return (
            f"@keyframes {name}{{0%,100%{{fill:{colour};opacity:1}}50%{{fill:{colour};opacity:.06}}}}"
            f".{name}{{fill:{colour};animation:{name} {period}ms linear infinite}}"
        )
    spans = list(_spans(lights, [_ENDLESS_MS if len(lights) > 1 else 0] * len(lights)))
    total = spans[-1][1]
    frames = "".join(
        f"{start * 100 / total:.3f}%{{{f'fill:{colour};opacity:1' if colour else 'opacity:.06'}}}"
        for start, _, colour in spans
    )
    return (
        f"@keyframes {name}{{{frames}}}"
        f".{name}{{fill:{_colour(lights[-1])};animation:{name} {total}ms step-end infinite}}"
    )


def strip(lights: list[LedSignal]) -> list[Piece]:
    """The parts of the strip in which the LED is lit.

    The strip shows the first four seconds; if several lights follow each other, at least each of them once.
    """
    if not lights:
        return []
    if len(lights) == 1 and lights[0].breathes:
        return [Piece(0, 1000, _colour(lights[0]), fades=True)]
    spans = list(_spans(lights, [1600 if light.times is None and len(lights) > 1 else _STRIP_MS for light in lights]))
    whole = max(_STRIP_MS, *(end for _, end, colour in spans if colour)) if len(lights) > 1 else _STRIP_MS
    return [
        Piece(start * 1000 / whole, (min(end, whole) - start) * 1000 / whole, colour, fades=False)
        for start, end, colour in spans
        if colour and start < whole
    ]


def _spans(lights: list[LedSignal], endless_ms: list[int]) -> Iterator[tuple[int, int, str | None]]:
    """Start (ms), end (ms) and colour (None: off) of each span; a light without end is shown for `endless_ms`."""
    at = 0
    for light, whole in zip(lights, endless_ms, strict=True):
        on, off = _clamped(light.on_ms), _clamped(light.off_ms)
        times = min(light.times, 20) if light.times is not None else max(1, whole // (on + off))
        for _ in range(times):
            yield at, at + on, _colour(light)
            yield at + on, at + on + off, None
            at += on + off
        if len(lights) > 1:
            yield at, at + _PAUSE_MS, None
            at += _PAUSE_MS


def _clamped(milliseconds: int) -> int:
    return max(10, min(milliseconds, _LONGEST_MS))


def _colour(light: LedSignal) -> str:
    return COLOURS.get(light.colour, _OTHER)
