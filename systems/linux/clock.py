"""What the kernel says of its clock."""

import ctypes

_TIMEX_BYTES = 208  # struct timex, adjtimex(2), on 64 bits; it is smaller on 32
_TIME_ERROR = 5


def is_synchronised() -> bool | None:
    """Whether the kernel says that this machine's clock is synchronised; None: it does not say."""
    try:
        state = int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))  # zeros: change nothing
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != _TIME_ERROR
