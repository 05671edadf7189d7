"""A device's serial port on this laptop: found by its USB ids, opened for itself, and only read.

Nothing is ever written: in listening mode each byte is a command (device-os v6.2.0 system/src/system_setup.cpp). The
port is opened at 9600 baud with DTR, as particle-cli does (3.49.2, src/cmd/serial.js): at 14400 baud a device goes to
DFU mode, and at 28800 to listening mode (v6.2.0 system/src/usb_hal; docs.particle.io, "Serial").

USB ids: v6.2.0 build/platform-id.mk: vendor 2B04, products C0xx with a serial port and D0xx in DFU mode, where xx is
the platform; for the Core 1D50:607D and 1D50:607F.
"""

import contextlib
import errno
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from netpreflight.probes.net.clock import Clock
from netpreflight.systems import SYSTEM

if TYPE_CHECKING:
    from serial import Serial

BAUD = 9600
AUTO = "auto"
DEFAULT_S = 90.0
"""How long a log is read where nobody says."""
POLL_S = 0.2
SILENT_S = 10.0
"""After so long without a byte, it is told what to press."""
_PARTICLE, _OPENMOKO = 0x2B04, 0x1D50
_CORE, _CORE_DFU = 0x607D, 0x607F

Notice = Literal["waiting", "dfu", "reading", "silent", "lost"]
"""What is told meanwhile: no device is there; one is, in DFU mode; it is read; nothing comes from it; it went away."""
End = Literal["decided", "stopped", "time", "absent", "dfu"]
"""Why reading ended: enough was read; the user ended it; its time was over; in all that time there was no device; or
only one in DFU mode."""


class SerialPort(NamedTuple):
    """A serial port of this laptop.

    Attributes:
        name: as it is opened: /dev/ttyACM0, COM3.
        vendor: the USB vendor id of what is plugged in; None: it is no USB device, or the system does not say.
        serial_number: of that device; of Particle's, the device id. Empty: not known.
    """

    name: str
    vendor: int | None = None
    product: int | None = None
    serial_number: str = ""

    @property
    def is_particle(self) -> bool:
        """Whether it is a Particle device, by its USB ids."""
        if self.product is None:
            return False
        return (self.vendor == _PARTICLE and self.product >> 8 == 0xC0) or (self.vendor, self.product) == (
            _OPENMOKO,
            _CORE,
        )

    def is_same_device(self, other: "SerialPort") -> bool:
        """Whether both are ports of the same device, though they may have other names."""
        if self.vendor is None:
            return self.name == other.name
        if self.serial_number or other.serial_number:
            return (self.vendor, self.serial_number) == (other.vendor, other.serial_number)
        return (self.vendor, self.product) == (other.vendor, other.product)


class PortError(Exception):
    """A port cannot be opened; the message says why, and what to do."""


class NoPortError(PortError):
    """There is no such port."""


class OpenPort(Protocol):
    """A port that is being read."""

    def read(self, seconds: float) -> bytes:
        """The bytes that have come, after at most so many seconds; empty: none.

        Raises:
            OSError: the port is gone.
        """

    def close(self) -> None:
        """Let the port go."""


class Ports(Protocol):
    """The serial ports of a laptop."""

    def found(self) -> list[SerialPort]:
        """Those that are there."""

    def has_dfu(self) -> bool:
        """Whether a Particle device in DFU mode is plugged in, as far as the system says."""

    def open(self, name: str) -> OpenPort:
        """Open one for this program alone.

        Raises:
            PortError: it cannot be opened.
        """


def is_dfu(vendor: int, product: int) -> bool:
    """Whether these are the USB ids of a Particle device in DFU mode."""
    return (vendor == _PARTICLE and product >> 8 == 0xD0) or (vendor, product) == (_OPENMOKO, _CORE_DFU)


class OwnPorts:
    """This laptop's, by pyserial."""

    def found(self) -> list[SerialPort]:
        """Those that are there."""
        from serial.tools.list_ports import comports  # noqa: PLC0415 - only a live log waits for it

        return [SerialPort(each.device, each.vid, each.pid, each.serial_number or "") for each in comports()]

    def has_dfu(self) -> bool:
        """Whether a Particle device in DFU mode is plugged in, as far as the system says."""
        return any(is_dfu(*ids) for ids in SYSTEM.usb_devices() or ())

    def open(self, name: str) -> "_OwnPort":
        """Open one for this program alone.

        Raises:
            PortError: it cannot be opened.
        """
        from serial import Serial, SerialException  # noqa: PLC0415 - as above

        if users := SYSTEM.holders(name):  # who does not lock it would share its bytes with us
            raise PortError(f"{name} is in use by {', '.join(users)}: close that, and try again")
        try:
            return _OwnPort(Serial(name, BAUD, timeout=POLL_S, exclusive=True))
        except (SerialException, ValueError) as problem:
            raise _why(name, problem) from problem


class _OwnPort:
    def __init__(self, serial: "Serial") -> None:
        self._serial = serial

    def read(self, seconds: float) -> bytes:
        self._serial.timeout = seconds
        first: bytes = self._serial.read(1)
        return first + self._serial.read(self._serial.in_waiting) if first else b""

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._serial.close()


def _why(name: str, problem: Exception) -> PortError:
    """Why a port cannot be opened. On Windows pyserial tells the reason only in its text."""
    number, text = getattr(problem, "errno", None), str(problem)
    if number in {errno.ENOENT, errno.ENODEV, errno.ENXIO} or "FileNotFoundError" in text:
        return NoPortError(f"there is no port {name}")
    if number in {errno.EBUSY, errno.EAGAIN} or "PermissionError" in text:
        return PortError(f"{name} is in use by another program, such as a serial monitor: close that, and try again")
    if number == errno.EACCES:
        how = "join the group that owns it (dialout), or run netpreflight log as root"
        return PortError(f"{name} may not be opened by this user: {how}")
    return PortError(f"{name} cannot be opened as a serial port: {text}")


def listen(
    ports: Ports,
    name: str,
    seconds: float,
    clock: Clock,
    *,
    take: Callable[[bytes], bool],
    interrupted: Callable[[], None],
    tell: Callable[[Notice, str], None],
    is_stopped: Callable[[], bool],
) -> End:
    """Read a device's port, also after resets and under another name, until it is enough or the time is over.

    Args:
        ports: the laptop's.
        name: of the port, or `AUTO`: that of the only Particle device.
        seconds: for how long.
        clock: what the time is taken from.
        take: called with what comes; whether that is enough.
        interrupted: called where the port went away: what comes next does not go on from there.
        tell: called with what is waited for, and the name of the port (empty: there is none).
        is_stopped: whether the user wants to end it.

    Raises:
        PortError: the port cannot be opened, there is no such port, or several devices could be meant.
    """
    end, device, port = clock.monotonic() + seconds, None, None
    heard_at, last_told = clock.monotonic(), ""
    if name != AUTO and not _present(ports, name):
        raise NoPortError(f"there is no port {name}{_others(ports)}")
    try:
        while clock.monotonic() < end:
            if is_stopped():
                return "stopped"
            if port is None:
                found = _find(ports, name, device)
                port = _open(ports, found, is_first=device is None) if found else None
                told: Notice = "reading" if port else "dfu" if ports.has_dfu() else "lost" if device else "waiting"
                if told != last_told:
                    tell(told, found.name if found else "")
                    last_told = told
                if port is None:
                    clock.hold_up(POLL_S)
                    continue
                device, heard_at = found, clock.monotonic()
            try:
                data = port.read(POLL_S)
            except OSError:
                port.close()
                port = None
                interrupted()
                continue
            if data:
                heard_at, last_told = clock.monotonic(), "reading"
                if take(data):
                    return "decided"
            elif last_told == "reading" and clock.monotonic() - heard_at >= SILENT_S:
                last_told = "silent"
                tell("silent", device.name if device else "")
    finally:
        if port is not None:
            port.close()
    return "time" if device else "dfu" if last_told == "dfu" else "absent"


def _present(ports: Ports, name: str) -> bool:
    return os.path.exists(name) or any(_is_named(port, name) for port in ports.found())  # noqa: PTH110 - also COM3


def _is_named(port: SerialPort, name: str) -> bool:
    """Whether this is a port's name, or a link to it (/dev/serial/by-id/…)."""
    return port.name.casefold() == name.casefold() or port.name == os.path.realpath(name)


def _others(ports: Ports) -> str:
    names = [port.name for port in ports.found() if port.is_particle]
    return f"; a Particle device is on {', '.join(names)}" if names else "; no Particle device is plugged in by USB"


def _find(ports: Ports, name: str, device: SerialPort | None) -> SerialPort | None:
    """The port of the device that was read before; else the one that is meant; None: it is not there."""
    found = ports.found()
    if device is not None and device.vendor is not None:
        return next((port for port in found if port.is_same_device(device)), None)
    if name != AUTO:
        named = next((port for port in found if _is_named(port, name)), None)
        return named or (SerialPort(name) if os.path.exists(name) else None)  # noqa: PTH110 - as above
    particle = [port for port in found if port.is_particle]
    if len(particle) > 1:
        names = ", ".join(port.name for port in particle)
        raise PortError(
            f"{len(particle)} Particle devices are plugged in ({names}): name one, such as {particle[0].name}"
        )
    return particle[0] if particle else None


def _open(ports: Ports, found: SerialPort, *, is_first: bool) -> OpenPort | None:
    """Open a port; after a reset it may take a moment until it can be opened: None."""
    try:
        return ports.open(found.name)
    except PortError:
        if is_first:
            raise
        return None
