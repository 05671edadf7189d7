"""What the status LED of a device does: its colours and times, and the blinks that tell an error."""

from msgspec import Struct


class LedSignal(Struct, frozen=True, kw_only=True):
    """What the status LED does for a while.

    Attributes:
        times: how often it blinks before what comes next; None: until something changes.
        breathes: fades from on to off and back, rather than blink.
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
        """The pattern for people."""
        return f"{self.colour}, {self.blinks} blinks"
