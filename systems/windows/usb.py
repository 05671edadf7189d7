r"""What is plugged in by USB: the ids of the devices that are present, such as USB\VID_2B04&PID_D006\1, by Windows."""

import ctypes
import re

from netpreflight.systems.windows import native

_LIBRARY = "cfgmgr32"
_OF_USB_NOW = 0x1 | 0x100  # CM_GETIDLIST_FILTER_ENUMERATOR, CM_GETIDLIST_FILTER_PRESENT; cfgmgr32.h
_LONGEST = 1 << 20
"""The longest list of ids that is read, in characters."""
_ID = re.compile(r"USB\\VID_([0-9A-F]{4})&PID_([0-9A-F]{4})\\", re.IGNORECASE)
"""The id of a device. (The id of a device's interface has `&MI_00` before its last part, and does not match.)"""


def devices() -> list[tuple[int, int]] | None:
    """The vendor and product ids of what is plugged in; None: Windows does not say."""
    enumerator, size = ctypes.c_wchar_p("USB"), ctypes.c_ulong(0)
    try:
        measure = native.function(
            _LIBRARY, "CM_Get_Device_ID_List_SizeW", ctypes.c_ulong, ctypes.c_void_p, ctypes.c_wchar_p, ctypes.c_ulong
        )
        listed = native.function(
            _LIBRARY, "CM_Get_Device_ID_ListW", ctypes.c_ulong,
            ctypes.c_wchar_p, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong,
        )  # fmt: skip
    except OSError:
        return None
    if measure(ctypes.pointer(size), enumerator, _OF_USB_NOW) or not 0 < size.value <= _LONGEST:
        return None
    ids = ctypes.create_unicode_buffer(size.value)
    if listed(enumerator, ids, size.value, _OF_USB_NOW):  # a device was just plugged in: listed next time
        return None
    return [(int(found[1], 16), int(found[2], 16)) for text in "".join(ids).split("\0") if (found := _ID.match(text))]
