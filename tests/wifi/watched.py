"""A watch on a laptop's Wi-Fi: the clock is set, the access point ends the link, and goes to another channel.

Runs inside the virtual machine, as `python -m tests.wifi.watched`, and prints one JSON document: when each phase began,
what the watch had seen in the end, and what hostapd and the kernel say. `watch` runs it, from the host.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from netpreflight.agent.watch.reading import read
from netpreflight.agent.watch.watched import Watch
from tests.lab.command import popen
from tests.lab.namespaces import LabError, command, wait_until
from tests.lab.servers import LAPTOP_MAC
from tests.wifi.path import BOTH, Route, WifiLab, inside
from tests.wifi.radios import INTERFACE, Radios

ROUTE = Route("compatible", BOTH[:1], "2g")
STEP_S = 1200
"""The laptop's DHCP client goes by the clock that is set: it must not be time to renew its lease, which has an hour."""
NEXT_MHZ = 2462
BEACONS = 5
"""So many announce that the access point goes to another channel."""
PATIENCE_S = 120.0
"""Everything is ten times slower here."""
LOOKS_EVERY_S = 0.3
"""Each look takes this machine some time, too."""
KEEP_ALIVE_S = 4
QUICK = f'based_on = "argon"\ntitle = "Lab argon"\n\n[cloud]\nkeep_alive_s = {KEEP_ALIVE_S}\n'


class WatchedLab(WifiLab):
    """The wired lab behind an access point, and a watch on its laptop."""

    def watched(self) -> dict[str, Any]:
        """Run a watch through all phases."""
        self._broadcast(ROUTE.air)
        self._join(ROUTE.joined)
        store, says = self.folder / "watch.sqlite", self.folder / "watch.log"
        phases: dict[str, float] = {}
        """When each began, in seconds since the machine was started."""

        def begin(phase: str) -> None:
            phases[phase] = time.clock_gettime(time.CLOCK_BOOTTIME)

        with says.open("wb") as output:
            process = popen(self, self.laptop.argv(self._words(store)), subprocess.DEVNULL, output.fileno())
        try:
            self._wait_for_questions(1)
            begin("quiet")
            self._wait_for_questions(1)
            begin("clock ahead")
            with stepped_clock():
                self._wait_for_questions(1)
                begin("deauthentication")
                self._control("deauthenticate", LAPTOP_MAC)
                self._wait_for_words(f"AP-STA-CONNECTED {LAPTOP_MAC}", 2)
                self._wait_for_questions(1)
                begin("channel")
                self._control("chan_switch", str(BEACONS), str(NEXT_MHZ), "ht")
                self._wait_for_words("AP-CSA-FINISHED", 1)
                self._wait_for_questions(2)  # the laptop follows after the first beacon there
                begin("clock back")
            self._wait_for_questions(1)
            begin("end")
            link = self.laptop.command("iw", "dev", INTERFACE, "link")
            process.send_signal(signal.SIGTERM)
            code = process.wait(PATIENCE_S)
        except LabError as problem:
            problem.add_note(f"the watch says: {says.read_text()}\nhostapd says: {self._log('hostapd')}")
            raise
        finally:
            process.kill()
        started = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        return {
            "exit": code,
            "said": says.read_text(),
            "hostapd": self._log("hostapd"),
            "link": link,
            "phases": {name: started + at for name, at in phases.items()},
        } | told(read(store))

    def _words(self, store: Path) -> list[str]:
        """The command line of the watch."""
        profile = self.folder / "quick.toml"
        profile.write_text(QUICK)
        tool = str(Path(sys.executable).with_name("netpreflight"))
        return [tool, "watch", "--device", str(profile), "--store", str(store)]

    def _wait_for_questions(self, more: int) -> None:
        """Wait until the watch has asked the cloud so many times more; it looks at clock and link as often."""
        enough = self.arrived("udp", 5684) + more
        wait_until(lambda: self.arrived("udp", 5684) >= enough, f"{more} more questions", PATIENCE_S, LOOKS_EVERY_S)

    def _wait_for_words(self, words: str, times: int) -> None:
        """Wait until hostapd has said something so many times."""
        wait_until(
            lambda: self._log("hostapd").count(words) == times, f"hostapd says {words}", PATIENCE_S, LOOKS_EVERY_S
        )

    def _control(self, *words: str) -> None:
        assert command(["hostapd_cli", "-p", "/run/hostapd", *words]).rstrip().endswith("OK")

    def _log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")


@contextmanager
def stepped_clock() -> Iterator[None]:
    """The laptop's clock is set ahead, as `date -s` does it, and back."""
    time.clock_settime(time.CLOCK_REALTIME, time.time() + STEP_S)
    try:
        yield
    finally:
        time.clock_settime(time.CLOCK_REALTIME, time.time() - STEP_S)


@contextmanager
def beacons_may_be_late() -> Iterator[None]:
    """A radio of this slow machine does not end its link for beacons that are some seconds late."""
    command(["mount", "-o", "remount,rw", "/sys"])  # the tests with NetworkManager leave it read-only
    lost_after = Path("/sys/module/mac80211/parameters/beacon_loss_count")
    before = lost_after.read_text()
    lost_after.write_text("100")
    yield
    lost_after.write_text(before)


def told(seen: Watch) -> dict[str, Any]:
    """What the store has in the end; a datagram may get lost anywhere."""
    notes = [note for note in seen.notes if note.kind != "lost-datagram"]
    return {
        "notes": [[note.kind, note.said, note.bssid, note.at.timestamp()] for note in notes],
        "outages": [outage.first_bad.timestamp() for outage in seen.outages],
        "unobserved": [gap.why for gap in seen.unobserved],
        "ssid": seen.ssid,
    }


def watch(radios: Radios) -> dict[str, Any]:
    """Run the watch in the guest, from the host."""
    seen: dict[str, Any] = inside(radios, "tests.wifi.watched")
    return seen


def main() -> None:
    """Run it here."""
    command(["modprobe", "br_netfilter"])  # the lab switches off what this module does, so it has to be there
    with beacons_may_be_late(), WatchedLab() as lab:
        json.dump(lab.watched(), sys.stdout)


if __name__ == "__main__":
    assert Path("/.wifi-lab-start").exists(), "this belongs inside the virtual machine"
    main()
