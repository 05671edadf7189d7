"""Windows on the screen: whose this console is, whether the screen is remote, and a console with more rights."""

import contextlib
import ctypes
import os
import sys
from collections.abc import Sequence

from netpreflight.systems.programs import as_line
from netpreflight.systems.windows import native

_STANDARD_INPUT = -10  # STD_INPUT_HANDLE
_SHOW_NORMAL = 1  # SW_SHOWNORMAL
_REMOTE_SESSION = 0x1000  # SM_REMOTESESSION
_STARTED_ABOVE = 32
"""ShellExecute returns an error up to this number."""


def is_own() -> bool:
    """Whether only this program uses its console; a shell from which it was started would use it, too."""
    own = {os.getpid()}
    if getattr(sys, "frozen", False):
        own.add(os.getppid())  # the executable itself, which has unpacked this program and waits for it
    room = len(own) + 1
    numbers = (ctypes.c_uint32 * room)()
    try:
        call = native.function(
            "kernel32", "GetConsoleProcessList", ctypes.c_uint32, ctypes.POINTER(ctypes.c_uint32), ctypes.c_uint32
        )
    except OSError:
        return False
    count = call(numbers, room)  # 0: there is no console; more than there is room for: nothing was filled in
    return 0 < count < room and set(numbers[:count]) <= own


def is_remote() -> bool:
    """Whether the user sees this session by Remote Desktop (GetSystemMetrics)."""
    try:
        call = native.function("user32", "GetSystemMetrics", ctypes.c_int32, ctypes.c_int32)
    except OSError:
        return False
    return bool(call(_REMOTE_SESSION))


def start_elevated(words: Sequence[str]) -> bool:
    """Start a command as an administrator: Windows asks the user."""
    # Otherwise the new process would use the files that this one has unpacked, and removes at its end.
    os.environ["PYINSTALLER_RESET_ENVIRONMENT"] = "1"
    text = ctypes.c_wchar_p
    try:
        call = native.function(
            "shell32", "ShellExecuteW", ctypes.c_void_p, ctypes.c_void_p, text, text, text, text, ctypes.c_int32
        )
    except OSError:
        return False
    result: int | None = call(None, "runas", words[0], as_line(words[1:]), None, _SHOW_NORMAL)
    return (result or 0) > _STARTED_ABOVE


def forget_typed() -> None:
    """Discard what was typed in the console so far; without a console, the call fails and nothing happens."""
    with contextlib.suppress(OSError):
        handle = native.function("kernel32", "GetStdHandle", ctypes.c_void_p, ctypes.c_int32)(_STANDARD_INPUT)
        native.function("kernel32", "FlushConsoleInputBuffer", ctypes.c_int32, ctypes.c_void_p)(handle)
