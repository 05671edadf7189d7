"""A device's serial port: found by its USB ids, opened for this program alone, only read, and read on after a reset."""

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import serial
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from netpreflight.probes.net.clock import CLOCK
from netpreflight.probes.serial_port import SILENT_S, NoPortError, OwnPorts, PortError, SerialPort, is_dfu, listen
from netpreflight.systems import SYSTEM
from netpreflight.systems.linux import usb
from netpreflight.systems.macos import usb as macos_usb
from netpreflight.systems.windows import native
from netpreflight.systems.windows import usb as windows_usb
from tests.unit.serial_desk import (
    ADAPTER,
    ONLINE,
    PHOTON,
    PHOTON_2,
    Desk,
    Pair,
    dfu,
    pair_of_ends,
    plug,
    send,
    unplug,
)


def test_it_reads_until_it_is_enough() -> None:
    desk = Desk(ports=[ADAPTER, PHOTON], events=[(3, send(b"a\r\n")), (5, send(ONLINE)), (6, send(b"more"))])

    assert desk.listen() == "decided"
    assert desk.took == b"a\r\n" + ONLINE
    assert (desk.opened, desk.closed) == (["/dev/ttyACM0"], 1)
    assert desk.told == [("reading", "/dev/ttyACM0")]


def test_without_that_it_reads_until_its_time_is_over() -> None:
    desk = Desk(ports=[PHOTON], events=[(3, send(b"a\r\n"))])

    assert desk.listen(seconds=30) == "time"
    assert 1030 <= desk.clock.at < 1031
    assert desk.closed == 1


def test_a_device_that_is_plugged_in_later_is_found() -> None:
    desk = Desk(events=[(4, plug(PHOTON)), (6, send(ONLINE))])

    assert desk.listen() == "decided"
    assert desk.told == [("waiting", ""), ("reading", "/dev/ttyACM0")]


def test_no_device_at_all_is_told() -> None:
    desk = Desk(ports=[ADAPTER])

    assert desk.listen() == "absent"
    assert (desk.told, desk.opened) == ([("waiting", "")], [])


def test_a_reset_is_followed_under_another_name() -> None:
    other_name = PHOTON._replace(name="/dev/ttyACM3")
    desk = Desk(
        ports=[PHOTON],
        events=[(1, send(b"0000000900 [system] INFO: half a li")), (2, unplug(PHOTON)), (3, plug(PHOTON_2)),
                (4, plug(other_name)), (5, send(ONLINE))],
    )  # fmt: skip

    assert desk.listen() == "decided"
    assert desk.opened == ["/dev/ttyACM0", "/dev/ttyACM3"]
    assert desk.breaks == [len(b"0000000900 [system] INFO: half a li")]
    assert desk.told == [("reading", "/dev/ttyACM0"), ("lost", ""), ("reading", "/dev/ttyACM3")]
    assert desk.closed == 2


def test_another_device_is_never_taken_for_it() -> None:
    desk = Desk(ports=[PHOTON], events=[(2, unplug(PHOTON)), (3, plug(PHOTON_2)), (4, send(ONLINE))])

    assert desk.listen() == "time"
    assert desk.opened == ["/dev/ttyACM0"]
    assert desk.took == b""


def test_after_a_reset_a_port_may_be_busy_for_a_moment() -> None:
    """ModemManager looks at each new port, and udev gives it to its group only then."""

    def free(desk: Desk) -> None:
        desk.busy.clear()

    def take_it(desk: Desk) -> None:
        desk.busy[PHOTON.name] = PortError("busy")

    desk = Desk(
        ports=[PHOTON],
        events=[(1, unplug(PHOTON)), (1, take_it), (2, plug(PHOTON)), (5, free), (6, send(ONLINE))],
    )

    assert desk.listen() == "decided"
    assert desk.opened == ["/dev/ttyACM0", "/dev/ttyACM0"]


def test_silence_is_told_once_with_what_to_press() -> None:
    desk = Desk(ports=[PHOTON], events=[(SILENT_S + 5, send(b"x")), (50, send(ONLINE))])

    assert desk.listen() == "decided"
    assert [notice for notice, _ in desk.told] == ["reading", "silent", "silent"]


def test_dfu_is_told_from_absence() -> None:
    desk = Desk(is_dfu=True)
    assert desk.listen() == "dfu"
    assert desk.told == [("dfu", "")]

    pressed = Desk(is_dfu=True, events=[(5, plug(PHOTON)), (5, dfu(on=False)), (7, send(ONLINE))])
    assert pressed.listen() == "decided"
    assert [notice for notice, _ in pressed.told] == ["dfu", "reading"]

    fell = Desk(ports=[PHOTON], events=[(5, unplug(PHOTON)), (5, dfu(on=True))])
    assert fell.listen() == "time"
    assert [notice for notice, _ in fell.told] == ["reading", "dfu"]


def test_a_busy_port_is_refused_at_once() -> None:
    desk = Desk(ports=[PHOTON], busy={PHOTON.name: PortError("in use by screen (process 7)")})

    with pytest.raises(PortError, match="screen"):
        desk.listen()
    assert desk.clock.at == 1000


def test_a_name_that_is_no_port_is_refused_at_once() -> None:
    for ports, hint in (([], "no Particle device"), ([PHOTON], "is on /dev/ttyACM0")):
        with pytest.raises(NoPortError, match=hint):
            Desk(ports=ports).listen("/dev/ttyNONE9")


def test_two_devices_are_told_apart_by_name() -> None:
    with pytest.raises(PortError, match="2 Particle devices are plugged in"):
        Desk(ports=[PHOTON, PHOTON_2]).listen()
    desk = Desk(ports=[PHOTON, PHOTON_2], events=[(1, send(ONLINE))])
    assert desk.listen("/dev/ttyACM1") == "decided"
    assert desk.opened == ["/dev/ttyACM1"]


def test_a_port_that_no_usb_device_has_is_named() -> None:
    plain = SerialPort("COM3")
    desk = Desk(ports=[plain], events=[(1, unplug(plain)), (3, plug(plain)), (4, send(ONLINE))])

    assert desk.listen("com3") == "decided"
    assert desk.opened == ["COM3", "COM3"]


def test_the_user_may_end_it() -> None:
    desk = Desk(ports=[PHOTON], events=[(5, lambda desk: setattr(desk, "is_stopped", True))])

    assert desk.listen() == "stopped"
    assert desk.closed == 1
    assert desk.clock.at < 1006


@pytest.mark.parametrize(
    ("vendor", "product", "is_port", "in_dfu"),
    [
        (0x2B04, 0xC006, True, False),  # Photon
        (0x2B04, 0xC00C, True, False),  # Argon
        (0x2B04, 0xC020, True, False),  # P2, Photon 2
        (0x2B04, 0xD006, False, True),
        (0x2B04, 0xD020, False, True),
        (0x1D50, 0x607D, True, False),  # Core
        (0x1D50, 0x607F, False, True),
        (0x0403, 0x6001, False, False),
        (0x2B05, 0xC006, False, False),
    ],
)
def test_particle_is_known_by_its_usb_ids(vendor: int, product: int, *, is_port: bool, in_dfu: bool) -> None:
    assert SerialPort("x", vendor, product).is_particle == is_port
    assert is_dfu(vendor, product) == in_dfu


@pytest.mark.parametrize("name", ["/dev/ttyACM0", "COM3", "/dev/cu.usbmodem14201"], ids=["Linux", "Windows", "macOS"])
def test_each_systems_list_of_ports_is_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pyserial tells the same of a port on each system, and None of what is no USB device."""
    device, plain = ListPortInfo(name, skip_link_detection=True), ListPortInfo("x", skip_link_detection=True)
    device.vid, device.pid, device.serial_number = 0x2B04, 0xC00C, "E00F"
    monkeypatch.setattr(list_ports, "comports", lambda: [plain, device])

    assert OwnPorts().found() == [SerialPort("x"), SerialPort(name, 0x2B04, 0xC00C, "E00F")]
    assert [port.is_particle for port in OwnPorts().found()] == [False, True]


@pytest.mark.parametrize(
    ("problem", "kind", "told"),
    [
        (serial.SerialException(errno.ENOENT, "could not open port"), NoPortError, "there is no port COM3"),
        (serial.SerialException("could not open port 'C': FileNotFoundError(2, 'x', None, 2)"), NoPortError, "no port"),
        (serial.SerialException("could not open port 'C': PermissionError(13, 'x', None, 5)"), PortError, "in use"),
        (serial.SerialException(errno.EBUSY, "busy"), PortError, "in use"),
        (serial.SerialException(errno.EACCES, "denied"), PortError, "dialout"),
        (serial.SerialException("Could not configure port"), PortError, "cannot be opened as a serial port"),
    ],
)  # fmt: skip
def test_why_a_port_cannot_be_opened_is_told(
    problem: Exception, kind: type[Exception], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise problem

    monkeypatch.setattr(serial, "Serial", refuse)
    with pytest.raises(kind, match=told):
        OwnPorts().open("COM3")


# --- real ports: a pseudo-terminal pair


@pytest.fixture
def pair() -> Iterator[Pair]:
    with pair_of_ends() as made:
        yield made


def read_from(pair: Pair, parts: list[bytes], *, hangs_up: bool = False) -> tuple[str, bytes, list[str]]:
    """Read a port on which these parts come, one after the other is read."""
    took, notices, waiting = b"", list[str](), list(parts)

    def next_part() -> None:
        if waiting:
            os.write(pair.near, waiting.pop(0))
        elif hangs_up:
            os.close(pair.near)

    def take(data: bytes) -> bool:
        nonlocal took
        took += data
        if len(took) == sum(map(len, parts)) - sum(map(len, waiting)):
            next_part()
        return ONLINE in took

    def tell(notice: str, _: str) -> None:
        notices.append(notice)
        if notice == "reading":
            next_part()

    end = listen(
        OwnPorts(), pair.name, 20, CLOCK, take=take, interrupted=lambda: None, tell=tell,
        is_stopped=lambda: "lost" in notices,
    )  # fmt: skip
    return end, took, notices


def test_a_real_port_is_read_and_nothing_is_written(pair: Pair) -> None:
    """A terminal that echoed would give the device's own lines back to it as commands."""
    end, took, _ = read_from(pair, [b"0000000500 [sys", b"tem] INFO: Cloud: connecting\r\n", ONLINE])

    assert end == "decided"
    assert took.endswith(ONLINE)
    assert pair.written() == b""
    with Path(pair.name).open("wb", buffering=0) as port:
        port.write(b"i")
    assert pair.written() == b"i"


def test_a_real_port_that_goes_away_is_noticed(pair: Pair) -> None:
    end, took, notices = read_from(pair, [b"0000000500 [system] INFO: Clo"], hangs_up=True)

    assert (end, took) == ("stopped", b"0000000500 [system] INFO: Clo")
    assert notices == ["reading", "lost"]


HOLDER = """
import os, sys, time
held = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
print("held", flush=True)
sys.stdin.read()
"""


def test_who_has_a_real_port_is_named(pair: Pair) -> None:
    """Although that program has not locked it: both would get half of the bytes each."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, pair.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(PortError, match=rf"in use by .*python.* \(process {holder.pid}\)"):
            OwnPorts().open(pair.name)
        holder.communicate("")
    OwnPorts().open(pair.name).close()


def test_a_real_port_is_opened_for_this_program_alone(pair: Pair) -> None:
    ours = OwnPorts().open(pair.name)
    other = os.open(pair.name, os.O_RDWR | os.O_NOCTTY)
    try:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(PortError, match="in use by another program"):
            OwnPorts().open(pair.name)
    finally:
        os.close(other)
        ours.close()


def test_what_is_no_port_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    with pytest.raises(PortError, match="cannot be opened as a serial port"):
        OwnPorts().open(str(file))
    with pytest.raises(NoPortError):
        OwnPorts().open(str(tmp_path / "none"))


# --- what Linux tells


def test_the_usb_devices_are_read_from_sysfs(tmp_path: Path) -> None:
    for name, ids in {"1-1": ("2b04\n", "d006\n"), "1-1:1.0": None, "usb1": ("1d6b\n", "0002\n")}.items():
        (tmp_path / name).mkdir()
        if ids:
            (tmp_path / name / "idVendor").write_text(ids[0])
            (tmp_path / name / "idProduct").write_text(ids[1])

    assert usb.devices(tmp_path) == [(0x2B04, 0xD006), (0x1D6B, 0x0002)]
    assert usb.devices(tmp_path / "none") is None


PRESENT = r"USB\ROOT_HUB30\4&1|USB\VID_2B04&PID_D006\e00f|USB\VID_046D&PID_C52B&MI_00\7&2||".replace("|", "\0")
"""As cfgmgr32 lists what is present: ids with a 0 after each, and one more."""


@pytest.mark.parametrize(
    ("failing", "expected"),
    [("", [(0x2B04, 0xD006)]), ("CM_Get_Device_ID_List_SizeW", None), ("CM_Get_Device_ID_ListW", None)],
)
def test_windows_lists_the_usb_devices_that_are_present(
    monkeypatch: pytest.MonkeyPatch, failing: str, expected: list[tuple[int, int]] | None
) -> None:
    def measure(size: Any, enumerator: Any, which: int) -> int:
        assert (enumerator.value, which) == ("USB", 0x101)
        size.contents.value = len(PRESENT)
        return 0

    def listed(enumerator: Any, place: Any, size: int, which: int) -> int:
        assert (enumerator.value, size, which) == ("USB", len(PRESENT), 0x101)
        place[: len(PRESENT)] = PRESENT
        return 0

    calls: dict[str, Callable[..., int]] = {"CM_Get_Device_ID_List_SizeW": measure, "CM_Get_Device_ID_ListW": listed}
    monkeypatch.setattr(native, "function", lambda _, call, *types: _failing(calls[call], call == failing))

    assert windows_usb.devices() == expected


def _failing(call: Callable[..., int], is_failing: bool) -> Callable[..., int]:  # noqa: FBT001 - one word
    return (lambda *given: 13) if is_failing else call  # CR_FAILURE and others are above 0


def test_another_system_has_neither_list() -> None:
    assert windows_usb.devices() is None
    assert macos_usb.devices() is None


def test_macos_lists_the_usb_devices_of_its_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    devices = [{"idVendor": 0x2B04, "idProduct": 0xD006}, {"idVendor": 0x05AC}]
    iokit = SimpleNamespace(
        kCFNumberSInt16Type=2,
        GetIOServicesByType=lambda kind: devices if kind == "IOUSBHostDevice" else [],
        get_int_property=lambda device, name, kind: device.get(name) if kind == 2 else None,
    )
    monkeypatch.setattr(macos_usb, "_iokit", lambda: iokit)

    assert macos_usb.devices() == [(0x2B04, 0xD006)]


def test_dfu_is_seen_by_its_usb_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    for devices, expected in (([(0x2B04, 0xD00C)], True), ([(0x2B04, 0xC00C)], False), ([], False), (None, False)):
        monkeypatch.setattr(type(SYSTEM), "usb_devices", lambda _, found=devices: found)
        assert OwnPorts().has_dfu() == expected
