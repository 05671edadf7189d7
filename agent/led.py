"""The signals of a device's status LED: colours, times, and the blinks that show an error."""

from typing import Literal

from msgspec import Struct

Light = Literal["blinking green", "fast blinking green", "blinking cyan", "fast blinking cyan", "breathing cyan"]
"""What the LED shows for as long as something goes on, in words: a rhythm, and a colour last."""
_PERIODS_MS = {"blinking": 200, "fast blinking": 100, "breathing": 4000}
"""device-os v6.2.0 system/src/system_led_signal.cpp, PatternPeriod, the same in v0.6.4; half of it on, half off."""


class LedSignal(Struct, frozen=True, kw_only=True):
    """One signal of the status LED.

    Attributes:
        times: how often it blinks before the next signal; None: until something changes.
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
