"""The only code that reads a clock, so that a test can pass in a clock of its own.

The exception is `asyncio.timeout`, which goes by the event loop's clock.
"""

import asyncio
import ctypes
import sys
import time


class Clock:
    """This machine's clocks."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment: for durations and deadlines."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since 1970, as this machine believes."""
        return time.time()

    def since_boot(self) -> float:
        """Seconds since this machine was started, including those asleep (Linux)."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    async def sleep_until(self, at: float) -> None:
        """Sleep until `at` (monotonic clock); other tasks continue."""
        await asyncio.sleep(max(at - self.monotonic(), 0))

    def hold_up(self, seconds: float) -> None:
        """Block the calling thread, which must not be the event loop's."""
        time.sleep(seconds)


SYSTEM = Clock()

_TIMEX_BYTES = 208  # struct timex, adjtimex(2), on 64 bits; it is smaller on 32
_TIME_ERROR = 5


def is_synchronised() -> bool | None:
    """Whether the kernel says that this machine's clock is synchronised; None: it does not say (not Linux)."""
    if sys.platform != "linux":
        return None
    try:
        state = int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))  # zeros: change nothing
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != _TIME_ERROR
