"""Linux: an interface in monitor mode, listened to with scapy.

The interface's channel is not changed here. So only its present channel and the neighbouring ones are heard, or the
channels that another program hops through meanwhile. The code for captures decodes the frames.
"""

import logging
import select
from collections.abc import Callable
from typing import Any, Protocol

from netpreflight.probes.net.clock import CLOCK, Clock
from netpreflight.probes.net.packets import layers
from netpreflight.probes.observations import Wifi
from netpreflight.probes.wifi.capture import RADIOTAP, FrameCollector, Record
from netpreflight.probes.wifi.source import AS_ROOT, SourceUnavailable, Tell, in_thread, tell_nobody, told

LISTEN_S = 4.0
"""Forty beacons at the usual interval of 102 ms."""
SPARE_S = 3.0
"""How much longer than LISTEN_S opening the socket and listening may take in all."""
WITH_SCAPY = "Run netpreflight as a Python package, or take a capture and give its file with --capture."


class Radio(Protocol):
    """A source of frames with a radiotap header."""

    def frame(self, timeout_s: float) -> tuple[bytes, float] | None:
        """The next frame and its time, or None if none arrived in time."""

    def close(self) -> None:
        """Stop listening."""


class ScapyRadio:
    """A packet socket by scapy."""

    def __init__(self, interface: str, clock: Clock) -> None:
        self._clock = clock
        logging.getLogger("scapy.runtime").setLevel(logging.ERROR)  # no warning: link type 803 is not decoded
        self._socket: Any = layers("l2").conf.L2listen(iface=interface, promisc=False)

    def frame(self, timeout_s: float) -> tuple[bytes, float] | None:
        """The next frame and its time, or None if none arrived in time."""
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
    clock: Clock = CLOCK,
    tell: Tell = tell_nobody,
    scan: bool = True,
) -> Wifi:
    """Listen for LISTEN_S.

    Args:
        interface: an interface in monitor mode that is up.
        elapsed: seconds since the run started.
        make: opens the packet socket; tests pass a fake one.
        clock: for the deadline, and for frames that have no time of their own.
        tell: reports each call, for `--debug`.
        scan: False: only open the packet socket, to see whether this process may listen.

    Raises:
        SourceUnavailable: the interface cannot be listened to.
    """
    begun = elapsed()
    try:
        with told(tell, "listen"):
            listen_s = LISTEN_S if scan else 0.0
            seen = await in_thread(
                lambda: listen(make(interface, clock), clock.monotonic, listen_s), LISTEN_S + SPARE_S
            )
    except ModuleNotFoundError as problem:
        raise SourceUnavailable("the one file that runs without Python has no scapy", WITH_SCAPY) from problem
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


def listen(radio: Radio, clock: Callable[[], float], listen_s: float = LISTEN_S) -> Wifi:
    """Collect frames for `listen_s` seconds; blocks."""
    air = FrameCollector()
    end = clock() + listen_s
    try:
        while (left := end - clock()) > 0:
            if (heard := radio.frame(left)) is not None:
                frame, at = heard
                air.frame(Record(frame, 0, len(frame), len(frame), at, RADIOTAP, None))
    finally:
        radio.close()
    return air.wifi("monitor")
