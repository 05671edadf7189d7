"""A laptop with devices on its serial ports, which are reset and unplugged while it reads; and a pseudo-terminal."""

import contextlib
import errno
import fcntl
import os
import pty
import select
import struct
import termios
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from netpreflight.probes.net.clock import Clock
from netpreflight.probes.serial_port import AUTO, PortError, SerialPort, listen

PHOTON = SerialPort("/dev/ttyACM0", 0x2B04, 0xC006, "e00fce680000000000000000")
PHOTON_2 = SerialPort("/dev/ttyACM1", 0x2B04, 0xC020, "0a10aced0000000000000000")
ADAPTER = SerialPort("/dev/ttyUSB0", 0x0403, 0x6001, "FT1")
ONLINE = b"0000001000 [system] INFO: Cloud connected\r\n"


class TestClock(Clock):
    """A clock that moves only where somebody waits."""

    __test__ = False

    def __init__(self) -> None:
        self.at = 1000.0

    def monotonic(self) -> float:
        """The time here."""
        return self.at

    def hold_up(self, seconds: float) -> None:
        """Let time pass."""
        self.at += seconds


Event = tuple[float, Callable[["Desk"], None]]


@dataclass
class Desk:
    """A laptop with devices that are plugged in, reset and unplugged while it reads: each event at its second."""

    events: list[Event] = field(default_factory=list)
    ports: list[SerialPort] = field(default_factory=list)
    is_dfu: bool = False
    busy: dict[str, PortError] = field(default_factory=dict)
    clock: TestClock = field(default_factory=TestClock)
    sent: bytes = b""
    opened: list[str] = field(default_factory=list)
    closed: int = 0
    told: list[tuple[str, str]] = field(default_factory=list)
    took: bytes = b""
    breaks: list[int] = field(default_factory=list)
    is_stopped: bool = False

    def happen(self) -> None:
        """Let happen what is due."""
        while self.events and self.events[0][0] <= self.clock.at - 1000:
            self.events.pop(0)[1](self)

    def found(self) -> list[SerialPort]:
        """The ports that are there."""
        self.happen()
        return list(self.ports)

    def has_dfu(self) -> bool:
        """Whether a device in DFU mode is there."""
        return self.is_dfu

    def open(self, name: str) -> "Opened":
        """Open a port."""
        if name in self.busy:
            raise self.busy[name]
        self.opened.append(name)
        return Opened(self, name)

    def take(self, data: bytes) -> bool:
        """Take what comes, until the device is online."""
        self.took += data
        return ONLINE in self.took

    def listen(self, name: str = AUTO, seconds: float = 90) -> str:
        """Read as a run does."""
        return listen(
            self, name, seconds, self.clock, take=self.take, interrupted=lambda: self.breaks.append(len(self.took)),
            tell=lambda notice, port: self.told.append((notice, port)), is_stopped=lambda: self.is_stopped,
        )  # fmt: skip


@dataclass
class Opened:
    """A port of the desk."""

    desk: Desk
    name: str

    def read(self, seconds: float) -> bytes:
        """What has come; else time passes."""
        self.desk.happen()
        if self.name not in {port.name for port in self.desk.ports}:
            raise OSError(errno.EIO, "read failed")
        data, self.desk.sent = self.desk.sent, b""
        if not data:
            self.desk.clock.at += seconds
        return data

    def close(self) -> None:
        """Count it."""
        self.desk.closed += 1


def plug(port: SerialPort) -> Callable[[Desk], None]:
    return lambda desk: desk.ports.append(port)


def unplug(port: SerialPort) -> Callable[[Desk], None]:
    return lambda desk: desk.ports.remove(port)


def send(data: bytes) -> Callable[[Desk], None]:
    def sent(desk: Desk) -> None:
        desk.sent += data

    return sent


def dfu(*, on: bool) -> Callable[[Desk], None]:
    return lambda desk: setattr(desk, "is_dfu", on)


@dataclass
class Pair:
    """The two ends of a pseudo-terminal: a device plays on the near one, which is in packet mode (ioctl_tty(2))."""

    near: int
    name: str
    is_read: bool = False
    """Whether somebody has opened it to read it: who does makes it raw, and then drops what came before (pyserial)."""
    heard: bytes = b""
    """What was written to the device."""

    def play(self, data: bytes) -> None:
        """Print this, once somebody reads: before, it would be echoed, or dropped."""
        end = time.monotonic() + 30
        while not self.is_read and time.monotonic() < end:
            self._listen()
            time.sleep(0.01)
        while data:
            data = data[os.write(self.near, data[:1000]) :]

    def wait_until_read(self) -> None:
        """Wait until all that was printed has been taken."""
        far, end = os.open(self.name, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK), time.monotonic() + 30
        try:
            while select.select([far], [], [], 0)[0] and time.monotonic() < end:
                time.sleep(0.01)
        finally:
            os.close(far)

    def written(self) -> bytes:
        """What was written to the device."""
        self._listen()
        heard, self.heard = self.heard, b""
        return heard

    def _listen(self) -> None:
        """Take what was written to the device, and what has become of the other end."""
        with contextlib.suppress(OSError):  # nobody has the far end open, and nothing was written
            while select.select([self.near], [], [], 0)[0]:
                what, *text = os.read(self.near, 4096)
                self.is_read = self.is_read or bool(what & termios.TIOCPKT_FLUSHREAD)
                self.heard += bytes(text)


@contextlib.contextmanager
def pair_of_ends() -> Iterator[Pair]:
    """A pseudo-terminal."""
    near, far = pty.openpty()
    name = os.ttyname(far)
    os.close(far)  # else this process would be one that uses it
    fcntl.ioctl(near, termios.TIOCPKT, struct.pack("i", 1))
    try:
        yield Pair(near, name)
    finally:
        with contextlib.suppress(OSError):
            os.close(near)
