"""The signals of a device's status LED: colours, times, and the blinks that show an error."""

from typing import Literal

from msgspec import Struct

from netpreflight.probes.observations import Plain

Light = Literal["blinking green", "fast blinking green", "blinking cyan", "fast blinking cyan", "breathing cyan"]
"""What the LED shows until the device's state changes, in words: a rhythm and then a colour."""
_PERIODS_MS = {"blinking": 200, "fast blinking": 100, "breathing": 4000}
"""The period of each rhythm, half of it on, half off.

device-os v6.2.0 system/src/system_led_signal.cpp, PatternPeriod; the same in v0.6.4.
"""


Rhythm = Literal["breathing", "blinking", "fast blinking", "slow blinking", "solid", "sos", "off", "rainbow"]
"""What the LED does until the device's state changes: `blinking` is 5 times a second, fast 10, slow 2 (same source)."""
_COLOURED: tuple[Rhythm, ...] = ("breathing", "fast blinking", "slow blinking", "blinking", "solid", "sos")
"""The rhythms that have a colour."""


class LedSignal(Struct, frozen=True, kw_only=True):
    """One signal of the status LED.

    Attributes:
        times: how many times it blinks before the next signal; None: it goes on until the device's state changes.
        breathes: whether it fades between on and off; False: it blinks.
    """

    colour: str
    on_ms: int
    off_ms: int
    times: int | None = None
    breathes: bool = False


def signal(light: Light) -> LedSignal:
    """Colour and on/off times of a light that is given in words, such as "breathing cyan"."""
    rhythm, _, colour = light.rpartition(" ")
    half = _PERIODS_MS[rhythm] // 2
    return LedSignal(colour=colour, on_ms=half, off_ms=half, breathes=rhythm == "breathing")


class LightSignal(Struct, frozen=True, kw_only=True):
    """One signal of the status LED as people describe it; it reveals nothing.

    Attributes:
        colour: its colour; empty: the LED is off, or has all colours.
        rhythm: what it does until the device's state changes; null: it blinks `times` times.
        times: how many times it blinks before the next signal; null: it goes on until the device's state changes.
    """

    colour: Plain
    rhythm: Rhythm | None = None
    times: int | None = None

    @property
    def words(self) -> str:
        """The signal in the words of a report: `fast blinking cyan`, `one red blink`, `orange, 3 blinks`."""
        if self.times is not None:
            return f"one {self.colour} blink" if self.times == 1 else f"{self.colour}, {self.times} blinks"
        special = {"sos": f"SOS in {self.colour}", "off": "no light", "rainbow": "all colours in turn"}
        return special.get(self.rhythm or "", f"{self.rhythm} {self.colour}")


def told(words: str) -> LightSignal:
    """The signal that tables write as `breathing cyan`, `orange 2`, `sos red` or `off`.

    Raises:
        ValueError: the words are no signal.
    """
    colour, _, times = words.rpartition(" ")
    if times.isdecimal():
        return LightSignal(colour=colour, times=int(times))
    if words in {"off", "rainbow"}:
        return LightSignal(colour="", rhythm="off" if words == "off" else "rainbow")
    for rhythm in _COLOURED:
        if words.startswith(f"{rhythm} "):
            return LightSignal(colour=words.removeprefix(f"{rhythm} "), rhythm=rhythm)
    raise ValueError(f"no signal of a light: {words!r}")


class BlinkCode(Struct, frozen=True, kw_only=True):
    """A blink pattern of the status LED."""

    colour: str
    blinks: int
    on_ms: int = 250
    off_ms: int = 250

    @property
    def words(self) -> str:
        """The pattern in words, such as `orange, 3 blinks`."""
        return f"{self.colour}, {self.blinks} blinks"
