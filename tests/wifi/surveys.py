"""What was heard of each air: put on the air when first asked for, surveyed and captured in one go, and remembered."""

import json
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.unit.again import assert_judged_alike
from tests.wifi import iw
from tests.wifi.access_points import AIRS, Air, Truth
from tests.wifi.capture import EVERYTHING, Capture
from tests.wifi.laptops import TOOL, User
from tests.wifi.radios import OnAir, Radios
from tests.wifi.vm import Done

SCANS = 3
Report = dict[str, Any]


def said(done: Done) -> Report:
    """The report that a run of netpreflight printed; it printed nothing else, and has nothing to be ashamed of."""
    assert done.exit_code is not None, done
    assert "Traceback" not in done.stderr, done.stderr
    report: Report = json.loads(done.stdout)
    assert report["schema"] == "netpreflight-report/1"
    assert done.exit_code == {"incompatible": 1, "undetermined": 3}.get(report["verdict"], 0), done.stderr
    assert [row for row in report["checks"] if "Internal error" in (row["reason"] or "")] == []
    if "sharing" not in report:
        assert_judged_alike(done.stdout)
    return report


def here(*arguments: str) -> Report:
    """What netpreflight prints on the host, where it has no air to look at: about files only."""
    done = subprocess.run([TOOL, *arguments, "--json"], capture_output=True, timeout=60, check=False)
    return said(Done((TOOL, *arguments), done.returncode, done.stdout, done.stderr))


def statuses(checks: list[dict[str, Any]], group: str = "wifi.") -> dict[str, str]:
    """The status of each check of a group."""
    return {check["id"]: check["status"] for check in checks if check["id"].startswith(group)}


def found(checks: list[dict[str, Any]]) -> dict[str, tuple[str, str | None]]:
    """Status and problem of each check of the air."""
    return {check["id"]: (check["status"], check["problem"]) for check in checks if check["id"].startswith("wifi.")}


@dataclass(frozen=True)
class Heard:
    """One air as it was heard.

    Attributes:
        bss: what iw made of a scan, by BSSID.
        report: what netpreflight made of its own survey, with no network chosen.
        chosen: the same for each network that hides its name, chosen by that.
        widths: (frequency, width) of each radio, as the kernel ran it.
        pcap: every frame that was sent meanwhile.
    """

    bss: dict[str, dict[str, Any]]
    report: Report
    chosen: dict[str, Report]
    widths: list[tuple[int, int]]
    truths: list[Truth]
    pcap: Path

    @property
    def survey(self) -> dict[str, Any]:
        """Netpreflight's observation."""
        survey: dict[str, Any] = self.report["observations"]["wifi"]
        return survey

    @cached_property
    def captured(self) -> Report:
        """What netpreflight says of the capture."""
        return here("check", "--only", "wifi", "--capture", str(self.pcap))


class Surveys:
    """The airs heard by now."""

    def __init__(self, radios: Radios, folder: Path) -> None:
        self._radios, self._folder = radios, folder
        self._heard: dict[str, Heard] = {}
        self._judged: dict[tuple[str, str | None, str], Report] = {}

    def of(self, name: str) -> Heard:
        """What was heard of an air."""
        if name not in self._heard:
            self._heard[name] = self._hear(name)
        return self._heard[name]

    def judged(self, name: str, network: str | None, device: str) -> Report:
        """What netpreflight says of the same survey for another device; it needs no network for that."""
        heard = self.of(name)
        report = heard.report if network is None else heard.chosen[network]
        if report["device"]["name"] == device:
            return report
        if (name, network, device) not in self._judged:
            self._judged[name, network, device] = here("report", self.file(name, network), "--device", *device.split())
        return self._judged[name, network, device]

    def file(self, name: str, network: str | None) -> str:
        """The saved report of an air, with no network chosen or with this one, to be judged again."""
        chosen = [None, *self.of(name).chosen]
        return str(self._folder / f"{name}-{chosen.index(network)}.json")

    def _hear(self, name: str) -> Heard:
        air, pcap = AIRS[name], self._folder / f"{name}.pcap"
        truths = air.truths()
        root = User(self._radios)
        with OnAir(self._radios, air) as on_air, Capture(self._radios.guest, EVERYTHING, pcap):
            listed = self._by_iw(air)
            report = said(root.check("--only", "wifi"))
            chosen = {
                truth.network: said(root.check("--only", "wifi", "--ssid", truth.network))
                for truth in truths
                if truth.hidden
            }
            for number, entry in enumerate([report, *chosen.values()]):
                (self._folder / f"{name}-{number}.json").write_text(json.dumps(entry))
            widths = [on_air.width(number) for number in range(len(air.radios))]
        return Heard(listed, report, chosen, widths, truths, pcap)

    def _by_iw(self, air: Air) -> dict[str, dict[str, Any]]:
        """What iw lists after a scan that heard everybody: on a busy machine the emulated radio misses beacons."""
        wanted = {truth.bssid for truth in air.truths()}
        for _ in range(SCANS):
            listed = self._scanned(air)
            if wanted <= listed.keys():
                break
        return listed  # whoever is missing is missed by the tests

    def _scanned(self, air: Air) -> dict[str, dict[str, Any]]:
        begun = self._radios.guest.uptime_s()
        self._radios.laptop.scan(air.frequencies(), passive=True)
        listed = iw.parse(self._radios.laptop.dump())
        # The kernel keeps a beacon without a name beside the answer that named it, even where it is told to forget.
        passed_s = self._radios.guest.uptime_s() - begun
        return {entry["bssid"]: entry for entry in listed if entry["age_s"] <= passed_s}
