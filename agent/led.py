"""The signals of a device's status LED: colours, times, and the blinks that show an error."""

from msgspec import Struct


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
