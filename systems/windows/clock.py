"""How long the system has run."""

import ctypes

from netpreflight.systems.windows import native


def since_boot() -> float | None:
    """Seconds since the system was started, including those asleep; None: it does not say."""
    try:
        call = native.function("kernel32", "GetTickCount64", ctypes.c_uint64)
    except OSError:
        return None
    return float(call()) / 1000
