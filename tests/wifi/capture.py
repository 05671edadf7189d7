"""Captures of the guest's air, copied to the host, and tshark's reading of them."""

import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.wifi.radios import MONITOR_RADIO, Radios
from tests.wifi.vm import Guest, Process, VmError

EVERYTHING = "hwsim0"
MONITOR = "mon0"


class Capture:
    """Record while the block lasts: `with Capture(guest, EVERYTHING, tmp_path / "air.pcap"): ...`.

    `hwsim0` has every frame of every radio on every channel, with the channel in radiotap but no signal; a monitor
    interface (see `monitor`) has the signal, and one channel only, like a real one.
    """

    def __init__(self, guest: Guest, interface: str, pcap: Path) -> None:
        self.guest, self.interface, self.pcap = guest, interface, pcap
        self._tcpdump: Process | None = None

    def __enter__(self) -> Self:
        self.guest.command("ip", "link", "set", self.interface, "up")
        self._file = f"/tmp/{self.interface}.pcap"
        self._tcpdump = self.guest.start(
            "tcpdump", "-i", self.interface, "-n", "-U", "--immediate-mode", "-B", "16384", "-Z", "root",
            "-w", self._file,
        )  # fmt: skip
        self._tcpdump.wait_for("listening on")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        assert self._tcpdump
        self._tcpdump.stop()
        self.pcap.write_bytes(self.guest.read(self._file))


def monitor(radios: Radios, frequency_mhz: int, *width: str) -> str:
    """Make the spare radio listen to a frequency (`width`: as iw takes it, "HT40+"), and return its interface."""
    own = radios.interface(MONITOR_RADIO)
    guest = radios.guest
    guest.command("ip", "link", "set", own, "down")
    guest.command("iw", "dev", own, "set", "type", "monitor")
    guest.command("ip", "link", "set", own, "up")
    guest.command("iw", "dev", own, "set", "freq", str(frequency_mhz), *width)
    return own


def tshark(pcap: Path, *fields: str, display_filter: str = "") -> list[tuple[str, ...]]:
    """Return tshark's values of these fields, one row per frame (all occurrences, by commas; empty where absent)."""
    argv = ["tshark", "-n", "-r", str(pcap), "-T", "fields", "-E", "separator=/t", "-E", "occurrence=a"]
    if display_filter:
        argv += ["-Y", display_filter]
    for field in fields:
        argv += ["-e", field]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise VmError(f"tshark: {done.stderr}")
    return [tuple(line.split("\t")) for line in done.stdout.splitlines()]
