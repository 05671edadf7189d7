"""A device's serial port on this laptop: found by its USB ids, opened for this program alone, and only read.

Nothing is ever written: in listening mode the device takes each byte as a command (device-os v6.2.0
system/src/system_setup.cpp). The
port is opened at 9600 baud with DTR, as particle-cli does (3.49.2, src/cmd/serial.js): at 14400 baud a device goes to
DFU mode, and at 28800 to listening mode (v6.2.0 system/src/usb_hal; docs.particle.io, "Serial").

USB ids (v6.2.0 build/platform-id.mk): vendor 2B04, with product C0xx for a serial port and D0xx in DFU mode, where xx
is the platform; the Core has 1D50:607D and 1D50:607F.
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
"""How many seconds a log is read unless the user says otherwise."""
POLL_S = 0.2
SILENT_S = 10.0
"""After this long without a byte, the user is told which button to press."""
_PARTICLE, _OPENMOKO = 0x2B04, 0x1D50
_CORE, _CORE_DFU = 0x607D, 0x607F

Notice = Literal["waiting", "dfu", "reading", "silent", "lost"]
"""What the user is told during reading. `waiting`: no device is there. `dfu`: a device is there, but in DFU mode.
`reading`: the device is being read. `silent`: nothing comes from the device. `lost`: the device went away."""
End = Literal["decided", "stopped", "time", "absent", "dfu"]
"""Why reading ended. `decided`: enough was read. `stopped`: the user ended it. `time`: the time was over. `absent`: no
device was there in all that time. `dfu`: the only device was in DFU mode."""


class SerialPort(NamedTuple):
    """A serial port of this laptop.

    Attributes:
        name: the name by which it is opened, such as /dev/ttyACM0 or COM3.
        vendor: the USB vendor id of the device on the port; None: it is not a USB device, or the system does not say.
        serial_number: the device's serial number; for a Particle device, its device id. Empty: not known.
    """

    name: str
    vendor: int | None = None
    product: int | None = None
    serial_number: str = ""

    @property
    def is_particle(self) -> bool:
        """Whether the port belongs to a Particle device, by its USB ids."""
        if self.product is None:
            return False
        return (self.vendor == _PARTICLE and self.product >> 8 == 0xC0) or (self.vendor, self.product) == (
            _OPENMOKO,
            _CORE,
        )

    def is_same_device(self, other: "SerialPort") -> bool:
        """Whether both are ports of the same device, even if their names differ."""
        if self.vendor is None:
            return self.name == other.name
        if self.serial_number or other.serial_number:
            return (self.vendor, self.serial_number) == (other.vendor, other.serial_number)
        return (self.vendor, self.product) == (other.vendor, other.product)


class PortError(Exception):
    """A port cannot be opened; the message says why, and often what to do."""


class NoPortError(PortError):
    """There is no such port."""


class OpenPort(Protocol):
    """A port that is being read."""

    def read(self, seconds: float) -> bytes:
        """The bytes that have arrived, after waiting `seconds` at most; empty: no byte arrived.

        Raises:
            OSError: the port is gone, for example because the device was unplugged or reset.
        """

    def close(self) -> None:
        """Close the port, so that other programs can open it."""


class Ports(Protocol):
    """The serial ports of a laptop."""

    def found(self) -> list[SerialPort]:
        """The serial ports that are there now."""

    def has_dfu(self) -> bool:
        """Whether a Particle device in DFU mode is plugged in, as far as the system says."""

    def open(self, name: str) -> OpenPort:
        """Open a port for this program alone.

        Raises:
            PortError: the port cannot be opened.
        """


def is_dfu(vendor: int, product: int) -> bool:
    """Whether these are the USB ids of a Particle device in DFU mode."""
    return (vendor == _PARTICLE and product >> 8 == 0xD0) or (vendor, product) == (_OPENMOKO, _CORE_DFU)


class OwnPorts:
    """The serial ports of this laptop, through pyserial."""

    def found(self) -> list[SerialPort]:
        """The serial ports that are there now."""
        from serial.tools.list_ports import comports  # noqa: PLC0415 - only a live log needs this slow import

        return [SerialPort(each.device, each.vid, each.pid, each.serial_number or "") for each in comports()]

    def has_dfu(self) -> bool:
        """Whether a Particle device in DFU mode is plugged in, as far as the system says."""
        return any(is_dfu(*ids) for ids in SYSTEM.usb_devices() or ())

    def open(self, name: str) -> "_OwnPort":
        """Open a port for this program alone.

        Raises:
            PortError: the port cannot be opened.
        """
        from serial import Serial, SerialException  # noqa: PLC0415 - as above

        if users := SYSTEM.holders(name):  # a program that does not lock the port would take some of its bytes
            raise PortError(f"{name} is in use by {', '.join(users)}: close that, and try again")
        try:
            return _OwnPort(Serial(name, BAUD, timeout=POLL_S, exclusive=True))
        except (SerialException, ValueError) as problem:
            raise _why(name, problem) from problem


class _OwnPort:
    """An open serial port of this laptop."""

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
    """Why a port cannot be opened. On Windows pyserial gives the reason only in the text of its error."""
    number, text = getattr(problem, "errno", None), str(problem)
    if number in {errno.ENOENT, errno.ENODEV, errno.ENXIO} or "FileNotFoundError" in text:
        return NoPortError(f"there is no port {name}")
    if number in {errno.EBUSY, errno.EAGAIN} or "PermissionError" in text:
        return PortError(f"{name} is in use by another program, such as a serial monitor: close that, and try again")
    if number == errno.EACCES:
        remedy = "join the group that owns it (dialout), or run netpreflight log as root"
        return PortError(f"{name} may not be opened by this user: {remedy}")
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
    """Read a device's port until enough was read or the time is over.

    After a reset of the device the port is opened again, even if it has another name.

    Args:
        ports: the serial ports of the laptop.
        name: the name of the port, or `AUTO`: the port of the only Particle device.
        seconds: how long to read.
        clock: the clock that measures the time.
        take: called with the bytes that have arrived; returns whether enough was read.
        interrupted: called when the port went away: the bytes that come next do not continue those before.
        tell: called with each `Notice` for the user, and the name of the port (empty: there is none).
        is_stopped: returns whether the user wants to end the reading.

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
    """Whether there is a port with this name."""
    return os.path.exists(name) or any(_is_named(port, name) for port in ports.found())  # noqa: PTH110 - also COM3


def _is_named(port: SerialPort, name: str) -> bool:
    """Whether `name` is the name of the port, or a link to it (/dev/serial/by-id/…)."""
    return port.name.casefold() == name.casefold() or port.name == os.path.realpath(name)


def _others(ports: Ports) -> str:
    """The end of the message that there is no such port: where Particle devices are instead."""
    names = [port.name for port in ports.found() if port.is_particle]
    return f"; a Particle device is on {', '.join(names)}" if names else "; no Particle device is plugged in by USB"


def _find(ports: Ports, name: str, device: SerialPort | None) -> SerialPort | None:
    """The port of `device`, which was read before, or else the port that the user means; None: it is not there."""
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
    """Open a port; None: it cannot be opened yet, as happens for a moment after a reset."""
    try:
        return ports.open(found.name)
    except PortError:
        if is_first:
            raise
        return None
