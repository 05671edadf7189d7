"""What this process may do."""

import ctypes

from netpreflight.systems.windows import native


def is_elevated() -> bool:
    """Whether this process has an administrator's rights: elevated, not only in the group."""
    try:
        call = native.function("shell32", "IsUserAnAdmin", ctypes.c_int32)
    except OSError:
        return False
    return bool(call())
