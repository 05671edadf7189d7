"""The end of a run by its user: Ctrl-C, Ctrl-Break, the window closed, the user logged off."""

import asyncio
import contextlib
import ctypes
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

from netpreflight.systems.windows import native

_CLOSING = {2, 5, 6}  # CTRL_CLOSE_EVENT, _LOGOFF_EVENT, _SHUTDOWN_EVENT
_MOST_S = 4.5
"""Windows ends the process 5 s after its window was closed."""


@contextlib.contextmanager
def on_stop(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` in the running loop if the user ends the run before the end of the block."""
    loop = asyncio.get_running_loop()
    # Ctrl-C does not interrupt select() on Windows; a byte that the signal's handler writes does.
    woken, wake = socket.socketpair()
    ended = threading.Event()
    try:
        woken.settimeout(0)
        wake.settimeout(0)
        loop.add_reader(woken.fileno(), woken.recv, 4096)
        numbers = [signal.SIGINT, *([number] if (number := getattr(signal, "SIGBREAK", None)) else [])]
        before = {number: signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop)) for number in numbers}
        fd_before = signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        try:
            with _closing_waits(lambda: loop.call_soon_threadsafe(stop), ended):
                yield
        finally:
            signal.set_wakeup_fd(fd_before)
            for number, handler in before.items():
                signal.signal(number, handler)
            loop.remove_reader(woken.fileno())
    finally:
        ended.set()
        woken.close()
        wake.close()


@contextlib.contextmanager
def _closing_waits(stop: Callable[[], object], ended: threading.Event) -> Iterator[None]:
    """Stop the run if its window is closed; wait for its end in the handler, after which Windows ends the process."""

    def handle(event: int) -> int:
        """The console handler: returns 1 if it has dealt with the event."""
        if event not in _CLOSING:
            return 0  # Python's own handler takes Ctrl-C and Ctrl-Break
        stop()
        ended.wait(_MOST_S)
        return 1

    handler: Any = None
    with contextlib.suppress(OSError):
        set_handler = native.function(
            "kernel32", "SetConsoleCtrlHandler", ctypes.c_int32, ctypes.c_void_p, ctypes.c_int32
        )
        handler = native.callback(handle, ctypes.c_int32, ctypes.c_uint32)
        set_handler(ctypes.cast(handler, ctypes.c_void_p), 1)
    try:
        yield
    finally:
        if handler is not None:
            ended.set()
            set_handler(ctypes.cast(handler, ctypes.c_void_p), 0)
