"""A watch on a laptop's Wi-Fi: the clock is set, and the access point ends the link.

Runs inside the virtual machine, as `python -m tests.wifi.watched`, and prints one JSON document: what the watch had
noted after each phase, and what the log of hostapd says. `watch` runs it, from the host.
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
from netpreflight.agent.watch.watched import NoteKind, Watch
from tests.lab.command import popen
from tests.lab.namespaces import LabError, command, wait_until
from tests.lab.servers import LAPTOP_MAC
from tests.wifi.path import BOTH, Route, WifiLab, inside
from tests.wifi.radios import Radios

ROUTE = Route("compatible", BOTH[:1], "2g")
STEP_S = 3600
PATIENCE_S = 180.0
"""Everything is ten times slower here."""
QUICK = 'based_on = "argon"\ntitle = "Lab argon"\n\n[cloud]\nkeep_alive_s = 4\n'


class WatchedLab(WifiLab):
    """The wired lab behind an access point, and a watch on its laptop."""

    def watched(self) -> dict[str, Any]:
        """Run a watch through all phases."""
        self._broadcast(ROUTE.air)
        self._join(ROUTE.joined)
        store, profile = self.folder / "watch.sqlite", self.folder / "quick.toml"
        profile.write_text(QUICK)
        tool = str(Path(sys.executable).with_name("netpreflight"))
        words = [tool, "watch", "--device", str(profile), "--store", str(store)]
        says = self.folder / "watch.log"
        phases: dict[str, list[NoteKind]] = {}

        def noted() -> list[NoteKind]:
            return [note.kind for note in read(store).notes if note.kind != "lost-datagram"]

        def pass_phase(name: str, kind: NoteKind | None = None) -> None:
            if kind is not None:
                wait_until(lambda: kind in noted(), f"a note of the kind {kind}", PATIENCE_S)
            self._wait_for_questions(2)
            phases[name] = noted()

        with says.open("wb") as output:
            process = popen(self, self.laptop.argv(words), subprocess.DEVNULL, output.fileno())
        try:
            self._wait_for_questions(1)
            pass_phase("quiet")
            with stepped_clock():
                pass_phase("clock", "clock-stepped")
                self._control("deauthenticate", LAPTOP_MAC)
                wait_until(lambda: self._log("hostapd").count("AP-STA-CONNECTED") == 2, "it is back", PATIENCE_S)
                pass_phase("deauthentication", "deauthenticated")
                process.send_signal(signal.SIGTERM)
                code = process.wait(PATIENCE_S)
        except LabError as problem:
            problem.add_note(f"the watch says: {says.read_text()}\nhostapd says: {self._log('hostapd')}")
            raise
        finally:
            process.kill()
        return {"exit": code, "said": says.read_text(), "phases": phases, "hostapd": self._log("hostapd")} | told(store)

    def _wait_for_questions(self, more: int) -> None:
        """Wait until the watch has asked the cloud so many times more."""
        enough = self.arrived("udp", 5684) + more
        wait_until(lambda: self.arrived("udp", 5684) >= enough, f"{more} more questions", PATIENCE_S)

    def _control(self, *words: str) -> None:
        assert command(["hostapd_cli", "-p", "/run/hostapd", *words]).rstrip().endswith("OK")

    def _log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")


@contextmanager
def stepped_clock() -> Iterator[None]:
    """The laptop's clock is set an hour ahead, as by `date -s`, and back."""
    command(["date", "-s", f"@{time.time() + STEP_S:.3f}"])
    yield
    command(["date", "-s", f"@{time.time() - STEP_S:.3f}"])


def told(store: Path) -> dict[str, Any]:
    """What the store has in the end."""
    seen: Watch = read(store)
    return {
        "notes": {note.kind: note.said for note in seen.notes},
        "outages": [outage.layer for outage in seen.outages],
        "unobserved": [gap.why for gap in seen.unobserved],
    }


def watch(radios: Radios) -> dict[str, Any]:
    """Run the watch in the guest, from the host."""
    seen: dict[str, Any] = inside(radios, "tests.wifi.watched")
    return seen


def main() -> None:
    """Run it here."""
    command(["modprobe", "br_netfilter"])  # the lab switches off what this module does, so it has to be there
    with WatchedLab() as lab:
        json.dump(lab.watched(), sys.stdout)


if __name__ == "__main__":
    assert Path("/.wifi-lab-start").exists(), "this belongs inside the virtual machine"
    main()
