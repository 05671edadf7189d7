"""How long macOS has been up (clock_gettime_nsec_np(3)), and an id of its present start."""

import ctypes

from netpreflight.systems.interface import Uptime
from netpreflight.systems.macos import native

_CONTINUOUS, _UPTIME = 4, 8  # CLOCK_MONOTONIC_RAW goes on during sleep, CLOCK_UPTIME_RAW does not: time.h
_LONGEST = 64


def uptime() -> Uptime | None:
    """How long this laptop has been up and awake; None: libSystem does not say."""
    try:
        tell = native.function(native.LIBRARY, "clock_gettime_nsec_np", ctypes.c_uint64, ctypes.c_int)
    except OSError:
        return None
    return Uptime(boot=_boot(), at_s=tell(_CONTINUOUS) / 1e9, awake_s=tell(_UPTIME) / 1e9)


def _boot() -> str:
    """The id that the kernel draws at each start."""
    size = ctypes.c_size_t(_LONGEST)
    text = ctypes.create_string_buffer(_LONGEST)
    pointer = ctypes.c_void_p
    try:
        tell = native.function(
            native.LIBRARY, "sysctlbyname", ctypes.c_int, ctypes.c_char_p, pointer, pointer, pointer, ctypes.c_size_t
        )
    except OSError:
        return ""
    told = tell(b"kern.bootsessionuuid", ctypes.addressof(text), ctypes.addressof(size), None, 0)
    return "" if told else text.value.decode("ascii", errors="replace")
