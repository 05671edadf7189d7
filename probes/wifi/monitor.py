"""Linux: an interface in monitor mode, listened to with scapy.

Whoever put it into that mode also chose its channel: nothing is changed here, so it hears that channel and its
neighbours only, or those that another program hops through meanwhile. Frames go to the reader of captures.
"""

import logging
import select
from collections.abc import Callable
from typing import Any, Protocol

from netpreflight.probes.net.clock import SYSTEM, Clock
from netpreflight.probes.net.packets import layers
from netpreflight.probes.observations import Wifi
from netpreflight.probes.wifi.capture import RADIOTAP, FrameCollector
from netpreflight.probes.wifi.source import AS_ROOT, SourceUnavailable, Tell, in_thread, tell_nobody, told

LISTEN_S = 4.0
"""Forty beacons at the usual interval of 102 ms."""
SPARE_S = 3.0


class Radio(Protocol):
    """Where frames with a radiotap header come from."""

    def frame(self, timeout_s: float) -> tuple[bytes, float] | None:
        """The next frame and its time, or None where none came in time."""

    def close(self) -> None:
        """Stop listening."""


class ScapyRadio:
    """A packet socket by scapy."""

    def __init__(self, interface: str, clock: Clock) -> None:
        self._clock = clock
        logging.getLogger("scapy.runtime").setLevel(logging.ERROR)  # it knows no link type 803, and needs none here
        self._socket: Any = layers("l2").conf.L2listen(iface=interface, promisc=False)

    def frame(self, timeout_s: float) -> tuple[bytes, float] | None:
        """The next frame and its time, or None where none came in time."""
        ready, _, _ = select.select([self._socket], [], [], max(timeout_s, 0.0))
        if not ready:
            return None
        _, frame, at = self._socket.recv_raw()
        return None if frame is None else (bytes(frame), float(at or self._clock.wall()))

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


async def survey(
    interface: str,
    *,
    elapsed: Callable[[], float],
    make: Callable[[str, Clock], Radio] = ScapyRadio,
    clock: Clock = SYSTEM,
    tell: Tell = tell_nobody,
) -> Wifi:
    """Listen for LISTEN_S.

    Args:
        interface: it is in monitor mode, and up.
        elapsed: the run's clock.
        make: stands in for the packet socket in tests.
        clock: for the deadline, and for frames that have no time of their own.
        tell: is told of what is asked.

    Raises:
        SourceUnavailable: it cannot be listened to.
    """
    begun = elapsed()
    try:
        with told(tell, "listen"):
            seen = await in_thread(lambda: listen(make(interface, clock), clock.monotonic), LISTEN_S + SPARE_S)
    except PermissionError as problem:
        raise SourceUnavailable(
            f"listening on {interface}, which is in monitor mode, needs root or CAP_NET_RAW", AS_ROOT
        ) from problem
    except TimeoutError as problem:
        raise SourceUnavailable(f"listening on {interface} did not end") from problem
    except OSError as problem:
        raise SourceUnavailable(f"{interface} cannot be listened to: {problem.strerror or problem}") from problem
    seen.interface = interface
    seen.triggered = True
    seen.scan_s = round(elapsed() - begun, 3)
    return seen


def listen(radio: Radio, clock: Callable[[], float]) -> Wifi:
    """Take frames until the time is up; blocks."""
    air = FrameCollector()
    end = clock() + LISTEN_S
    try:
        while (left := end - clock()) > 0:
            if (heard := radio.frame(left)) is not None:
                frame, at = heard
                air.frame((frame, 0, len(frame), len(frame), at, RADIOTAP, None))
    finally:
        radio.close()
    return air.wifi("monitor")
