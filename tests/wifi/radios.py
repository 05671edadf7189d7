"""Simulated radios in the guest: access points that hostapd runs, and the laptop in a network namespace of its own."""

import re
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from tests.wifi.access_points import EAP_USERS, RADIOS, Air
from tests.wifi.vm import Guest, Process, VmError

TX_POWER_DBM = 20
LAPTOP = "laptop"
INTERFACE = "wlan0"
LAPTOP_RADIO = RADIOS
MONITOR_RADIO = RADIOS + 1
SCAN_DEADLINE_S = 40.0
_STATIONS_SEEN = """
import socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as control:
    control.bind("")
    control.connect("/run/hostapd/" + sys.argv[1])
    control.send(b"TRACK_STA_LIST")
    print(control.recv(65536).decode())
"""
"""Hostapd's own command-line tool has no word for this (hostapd_cli 2.10)."""


class Radios:
    """The guest's radios: RADIOS for access points, then the laptop's, then one to listen with."""

    def __init__(self, guest: Guest) -> None:
        self.guest = guest
        guest.shell(f"modprobe mac80211_hwsim radios={RADIOS + 2}")
        guest.write(EAP_USERS, '* PEAP\n"t" MSCHAPV2 "password" [2]\n')
        self.laptop = Laptop(guest)

    def interface(self, radio: int, namespace: str | None = None) -> str:
        """The interface of a radio now; its name may change when it comes home from a namespace."""
        inside = ("ip", "netns", "exec", namespace) if namespace else ()
        names = self.guest.command(*inside, "ls", f"/sys/class/ieee80211/phy{radio}/device/net").split()
        assert names, f"radio {radio} is not there"
        return min(names, key=len)

    def set_country(self, country: str) -> None:
        """Set the regulatory domain, and wait until the kernel has it."""
        self.guest.command("iw", "reg", "set", country)
        self.guest.wait_until(
            lambda: f"country {country}:" in self.guest.command("iw", "reg", "get"), f"domain {country}"
        )

    def set_signal(self, radio: int, signal_dbm: int) -> None:
        """Let everybody hear a radio at this strength.

        hwsim adds the sender's power to its `rx_rssi`, which goes down to -100 only: a faint radio sends with 0 dBm.
        """
        power = TX_POWER_DBM if signal_dbm >= TX_POWER_DBM - 100 else 0
        phy = f"phy{radio}"
        self.guest.command("iw", "phy", phy, "set", "txpower", "fixed", str(power * 100))
        path = f"/sys/kernel/debug/ieee80211/{phy}/hwsim/rx_rssi"
        self.guest.write(path, str((signal_dbm - power) % 2**64))  # the file takes unsigned numbers only


def stations_seen(guest: Guest, interface: str) -> list[str]:
    """The stations that an access point with `track_sta_max_num` has had frames of, joined or not."""
    return guest.command(sys.executable, "-c", _STATIONS_SEEN, interface).split()


class OnAir:
    """Access points, from `with OnAir(radios, air):` to the end of the block; they all beacon when it begins.

    Args:
        radios: the guest's.
        air: what they send.
        since: the first of the air's radios that is switched on; those before it are on the air already.
    """

    def __init__(self, radios: Radios, air: Air, since: int = 0) -> None:
        self.radios, self.guest, self.air, self._since = radios, radios.guest, air, since
        self.processes: list[Process] = []

    def __enter__(self) -> Self:
        self.radios.set_country(self.air.country)
        try:
            numbers = range(self._since, len(self.air.radios))
            for early in (True, False):
                if chosen := [number for number in numbers if self.air.radios[number].first is early]:
                    self._start(chosen)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        if error is not None:
            for process in self.processes:
                error.add_note(f"hostapd says:\n{process.says()[-3000:]}")
        self.stop()

    def _start(self, numbers: Sequence[int]) -> None:
        files, interfaces = [], []
        for number in numbers:
            interface = self.radios.interface(number)
            file = f"/run/lab/radio{number}.conf"
            self.guest.write(file, self.air.configuration(number, interface))
            self.radios.set_signal(number, self.air.radios[number].signal_dbm)
            files.append(file)
            interfaces.append(interface)
        hostapd = self.guest.start("hostapd", *files)
        self.processes.append(hostapd)
        for interface in interfaces:
            hostapd.wait_for(f"{interface}: AP-ENABLED")

    def stop(self) -> None:
        """Switch them off; repeating this is harmless."""
        for process in self.processes:
            process.stop()
        self.processes.clear()

    def width(self, number: int) -> tuple[int, int]:
        """(frequency, width) in MHz at which the kernel really runs a radio: the lab's witness for its own truth."""
        info = self.guest.command("iw", "dev", self.radios.interface(number), "info")
        match = re.search(r"channel \d+ \((\d+) MHz\), width: (\d+) MHz", info)
        if not match:
            raise VmError(f"radio {number} has no channel: {info}")
        return int(match[1]), int(match[2])


class Laptop:
    """The laptop: a network namespace with a radio, `wlan0`. Nothing manages the radio unless a test starts it."""

    def __init__(self, guest: Guest) -> None:
        self.guest = guest
        self.has_radio = False
        self._events: Process | None = None
        guest.command("ip", "netns", "add", LAPTOP)
        self.command("ip", "link", "set", "lo", "up")
        self.insert_radio()

    def command(self, *argv: str, timeout_s: float = 30.0) -> str:
        """Run a command that must succeed on the laptop, as root, and return its stdout."""
        return self.guest.command("ip", "netns", "exec", LAPTOP, *argv, timeout_s=timeout_s)

    def insert_radio(self) -> None:
        """Give the laptop its radio (again), and bring it up."""
        phy = f"phy{LAPTOP_RADIO}"
        self.guest.command("iw", "phy", phy, "set", "netns", "name", LAPTOP)
        (name,) = self.command("ls", f"/sys/class/ieee80211/{phy}/device/net").split()
        if name != INTERFACE:
            self.command("ip", "link", "set", name, "name", INTERFACE)
        self.command("ip", "link", "set", INTERFACE, "up")
        self.has_radio = True
        self._listen()

    def remove_radio(self) -> None:
        """Take the radio out, as if it were a USB stick."""
        self.command("iw", "phy", f"phy{LAPTOP_RADIO}", "set", "netns", "1")
        self.has_radio = False

    def _listen(self) -> None:
        """Follow the kernel's nl80211 events; a process that listens already goes on listening."""
        if self._events:
            return
        events = self.guest.start("ip", "netns", "exec", LAPTOP, "iw", "event")
        self.guest.wait_until(lambda: self._subscribed(events.pid), "iw event listening")
        self._events = events

    def _subscribed(self, pid: int) -> bool:
        rows = self.guest.command("cat", f"/proc/{pid}/net/netlink").splitlines()[1:]
        return any(row.split()[1] == "16" and int(row.split()[3], 16) for row in rows)

    def events(self, words: str) -> int:
        """How often an nl80211 event with these words has come."""
        assert self._events
        return self._events.says().count(words)

    def scan(self, frequencies: Sequence[int] = (), *, passive: bool = False, flush: bool = True) -> None:
        """Let the kernel scan these frequencies, or all; it has finished when this returns."""
        before = self.events("scan finished")
        argv = ["iw", "dev", INTERFACE, "scan", "trigger"]
        if frequencies:
            argv += ["freq", *map(str, frequencies)]
        argv += ["flush"] if flush else []
        argv += ["passive"] if passive else []
        self.command(*argv)
        self.guest.wait_until(lambda: self.events("scan finished") > before, "scan finished", SCAN_DEADLINE_S)

    def dump(self) -> str:
        """What the kernel heard, as `iw` prints it."""
        return self.command("iw", "dev", INTERFACE, "scan", "dump", "-u")
