"""A serial port on a real kernel: a USB device that is made up (dummy_hcd, g_serial), in DFU mode, and reset."""

import sys

import pytest

from tests.wifi.vm import Guest

pytestmark = pytest.mark.lab
SERIAL_NUMBER = "e00fce680000000000000000"
ONLINE = "0000002000 [system] INFO: Cloud connected"
READER = f"""
import sys
from netpreflight.probes.net.clock import CLOCK
from netpreflight.probes.serial_port import AUTO, OwnPorts, listen

took = b""

def take(data):
    global took
    took += data
    print("took", took, flush=True)
    return {ONLINE!r}.encode() in took

end = listen(
    OwnPorts(), AUTO, 300, CLOCK, take=take, interrupted=lambda: print("interrupted", flush=True),
    tell=lambda notice, port: print("told", notice, port, flush=True), is_stopped=lambda: False,
)
print("ended", end, flush=True)
"""


def plug(guest: Guest, product: str) -> None:
    """Plug in a Particle device; of the Argon's ids, as in device-os v6.2.0 build/platform-id.mk."""
    guest.shell(f"modprobe g_serial use_acm=1 idVendor=0x2b04 idProduct={product} iSerialNumber={SERIAL_NUMBER}")


def prints(guest: Guest, line: str) -> None:
    """Let the device print something."""
    guest.command("sh", "-c", "stty -F /dev/ttyGS0 raw -echo && exec cat >/dev/ttyGS0", stdin=line.encode())


def test_a_device_is_found_read_and_followed_through_resets(guest: Guest) -> None:
    guest.shell("modprobe dummy_hcd; modprobe cdc_acm")
    plug(guest, "0xd00c")  # in DFU mode
    reader = guest.start(sys.executable, "-c", READER)
    reader.wait_for("told dfu")
    guest.shell("modprobe -r g_serial")
    plug(guest, "0xc00c")
    reader.wait_for("told reading /dev/ttyACM0")

    guest.shell("stty -F /dev/ttyGS0 raw -echo")
    device = guest.start("cat", "/dev/ttyGS0")
    prints(guest, "0000000500 [system] INFO: Cloud: connecting\r\n0000000600 [sys")
    reader.wait_for("0000000600 [sys")
    assert device.says() == "", "something was written to the device"

    guest.shell("stty -F /dev/ttyACM0 raw -echo; printf x >/dev/ttyACM0")
    device.wait_for("x")  # what is written does arrive
    device.stop()
    guest.shell("modprobe -r g_serial")
    reader.wait_for("told lost")
    plug(guest, "0xc00c")
    guest.wait_until(lambda: reader.says().count("told reading /dev/ttyACM0") == 2, reader.says)
    prints(guest, f"{ONLINE}\r\n")
    reader.wait_for("ended decided")
    assert "interrupted" in reader.says()
    guest.shell("modprobe -r g_serial; modprobe -r dummy_hcd")
