"""The only code that reads a clock, so that a test can pass in a clock of its own.

The exception is `asyncio.timeout`, which goes by the event loop's clock.
"""

import asyncio
import datetime as dt
import time


class Clock:
    """This machine's clocks."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment: for durations and deadlines."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since 1970 by this machine's own clock, which may be wrong."""
        return time.time()

    def since_boot(self) -> float:
        """Seconds since this machine started, time asleep included (Linux only; NetworkManager counts like this)."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    async def sleep_until(self, at: float) -> None:
        """Sleep until `at` (monotonic clock); other tasks continue."""
        await asyncio.sleep(max(at - self.monotonic(), 0))

    def hold_up(self, seconds: float) -> None:
        """Block the calling thread, which must not be the event loop's."""
        time.sleep(seconds)


CLOCK = Clock()


def utc(at_s: float) -> str:
    """A time (seconds since 1970) in ISO 8601, or a text that says that no calendar date can show it."""
    try:
        return dt.datetime.fromtimestamp(at_s, dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return "not known: the clock is beyond every calendar"
