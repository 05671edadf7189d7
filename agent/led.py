"""What a status LED does, so that it can be drawn."""

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
