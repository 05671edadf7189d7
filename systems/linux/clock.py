"""What the kernel says of its clocks."""

import ctypes
import time
from functools import cache
from pathlib import Path

from netpreflight.systems.interface import Uptime

_TIMEX_BYTES = 208  # struct timex, adjtimex(2), on 64 bits; it is smaller on 32
_TIME_ERROR = 5


def is_synchronised() -> bool | None:
    """Whether the kernel says that this machine's clock is synchronised; None: it does not say."""
    try:
        state = int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))  # zeros: change nothing
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != _TIME_ERROR


def uptime() -> Uptime:
    """How long this laptop has been up and awake (clock_gettime(2))."""
    return Uptime(
        boot=_boot(), at_s=time.clock_gettime(time.CLOCK_BOOTTIME), awake_s=time.clock_gettime(time.CLOCK_MONOTONIC)
    )


@cache
def _boot() -> str:
    """The id that the kernel draws at each start (random(4))."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
