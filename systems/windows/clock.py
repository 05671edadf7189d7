"""How long Windows has been up (realtimeapiset.h), and an id of its present start."""

import ctypes

from netpreflight.systems.interface import Uptime
from netpreflight.systems.windows import native

_TICKS_A_S = 10_000_000
_BOOT_ID = r"SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters"


def uptime() -> Uptime | None:
    """Interrupt time, which goes on in sleep, and unbiased one, which does not; None: this Windows lacks them."""
    number = ctypes.POINTER(ctypes.c_ulonglong)
    try:
        with_sleep = native.function("api-ms-win-core-realtime-l1-1-1.dll", "QueryInterruptTime", None, number)
        awake = native.function("kernel32", "QueryUnbiasedInterruptTime", ctypes.c_int, number)
    except OSError:
        return None
    ticks = [ctypes.c_ulonglong(), ctypes.c_ulonglong()]
    with_sleep(ctypes.pointer(ticks[0]))
    awake(ctypes.pointer(ticks[1]))
    at_s, awake_s = (tick.value / _TICKS_A_S for tick in ticks)
    return Uptime(boot=str(native.values("HKEY_LOCAL_MACHINE", _BOOT_ID).get("BootId", "")), at_s=at_s, awake_s=awake_s)
