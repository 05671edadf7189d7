"""The time: nothing else here looks at a clock, so that a test can hand in one that it moves itself.

What is waited for by `asyncio.timeout` ends by the event loop's own clock.
"""

import asyncio
import time


class Clock:
    """This machine's clocks."""

    def monotonic(self) -> float:
        """Seconds since some moment: for durations and deadlines."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since 1970, as this machine believes."""
        return time.time()

    def since_boot(self) -> float:
        """Seconds since this machine was started, those asleep counted too (Linux)."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    async def sleep_until(self, at: float) -> None:
        """Let others go on until `at` on the monotonic clock."""
        await asyncio.sleep(max(at - self.monotonic(), 0))

    def hold_up(self, seconds: float) -> None:
        """Hold up the calling thread, which is not the event loop's."""
        time.sleep(seconds)


SYSTEM = Clock()
