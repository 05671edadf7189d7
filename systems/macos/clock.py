"""How long the system has run."""

import ctypes

from netpreflight.systems.macos import native

_MONOTONIC_RAW = 4  # CLOCK_MONOTONIC_RAW, time.h: it counts from the start of the system, asleep or not


def since_boot() -> float | None:
    """Seconds since the system was started, including those asleep; None: it does not say."""
    try:
        call = native.function(native.LIBRARY, "clock_gettime_nsec_np", ctypes.c_uint64, ctypes.c_int)
    except OSError:
        return None
    return float(call(_MONOTONIC_RAW)) / 1e9 or None  # 0 is a failure
