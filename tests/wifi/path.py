"""The whole path: a laptop joins an access point, behind which the wired lab stands, and asks netpreflight.

Runs inside the virtual machine, as `python -m tests.wifi.path ROUTE...`, and prints one JSON document: what the tool
said on each route, and what the far end saw of it. `ROUTES` is the list; `travel` takes them, from the host.
"""

import argparse
import json
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from tests.lab.lab import NOBODY, CheckRun, Lab
from tests.lab.namespaces import Namespace, command, kill, wait_until
from tests.lab.servers import DHCLIENT_SCRIPT, GATEWAY, LAPTOP_MAC, Server
from tests.wifi.access_points import A80, G20, PASSPHRASE, SHORT, Air, Radio, Truth, on, wpa2
from tests.wifi.radios import INTERFACE, LAPTOP_RADIO, Radios
from tests.wifi.vm import VmError

SSID = "Customer-WiFi"
ACCESS_POINTS = 2
SERVICES = (("udp", 123), ("udp", 5683), ("udp", 5684), ("tcp", 5683), ("tcp", 80))
BOTH = (Radio(on(G20, 6), wpa2("2g", SSID)), Radio(on(A80, 36, vht_oper_centr_freq_seg0_idx="42"), wpa2("5g", SSID)))
JOIN = f'key_mgmt=WPA-PSK\npsk="{PASSPHRASE}"'
UNHEARD = dict.fromkeys(
    ("wifi.channel-width", "wifi.channel", "wifi.security", "wifi.mode", "wifi.signal"), "unknown"
) | dict.fromkeys(("wifi.band", "wifi.shared-ssid"), "fail")
PASSPHRASE_FILE = Path("/tmp/passphrase")
AS_DEVICE = ("--as", "device", "--device", "argon", "--passphrase-file", str(PASSPHRASE_FILE), "--force")
"""Wpa_supplicant alone has this laptop's radio, which takes --force."""
IS_LENT_S = 90.0
"""A run as the device has ended by then."""


def nothing(lab: Lab) -> None:
    """Break nothing."""


def know_laptop(lab: Lab) -> None:
    """A portal and a firewall that know this laptop's MAC address, and let nobody else through."""
    lab.portal(knows_laptop=True)
    lab.gateway.rule(
        f"meta iiftype ether ether saddr != {LAPTOP_MAC} iifname br-lan counter name hits drop", ("forward",)
    )


@dataclass(frozen=True)
class Route:
    """A customer's Wi-Fi and what is behind it.

    Attributes:
        joins: the BSS that the laptop is on.
        breaks: what is broken behind the access point once the laptop has joined.
        checks: for each run of the tool: its arguments, and whether it runs as an ordinary user.
        wifi: the statuses of `wifi.*` checks that the configuration and the generic profile imply, where not `pass`.
        wired: the same for all other checks.
    """

    verdict: str
    radios: tuple[Radio, ...]
    joins: str
    breaks: Callable[[Lab], object] = nothing
    checks: tuple[tuple[tuple[str, ...], bool], ...] = (((), False),)
    wifi: Mapping[str, str] = field(default_factory=dict)
    wired: Mapping[str, str] = field(default_factory=dict)

    @property
    def air(self) -> Air:
        """Its access points."""
        return Air("path", SHORT, self.radios)

    @property
    def joined(self) -> Truth:
        """The BSS that the laptop is on."""
        return {truth.name: truth for truth in self.air.truths()}[self.joins]


ROUTES: dict[str, Route] = {
    "good": Route("compatible", BOTH[:1], "2g", checks=((AS_DEVICE, False), ((), True))),
    "2.4-off": Route("incompatible", BOTH[1:], "5g", wifi=UNHEARD),
    "wrong-band": Route("compatible-with-warnings", BOTH, "5g", wifi={"wifi.shared-ssid": "warn"}),
    "ht40": Route("compatible-with-warnings", (Radio(on(G20, 6, ht_capab="[HT40+]"), wpa2("ht40", SSID)),), "ht40",
                  wifi={"wifi.channel-width": "warn"}),
    "portal": Route("incompatible", BOTH[:1], "2g", breaks=know_laptop, checks=((AS_DEVICE, False),), wired={
        "ntp.reply": "fail", "portal": "fail", "coap.udp-5683": "fail", "cloud.transport": "fail",
        "path.egress": "unknown"}),
}  # fmt: skip


class WifiLab(Lab):
    """The wired lab, its laptop's cable replaced by a radio: the gateway has the access points."""

    def __init__(self, **lab: Any) -> None:
        super().__init__(**lab)
        self._away: dict[int, Namespace] = {}

    def _wire(self) -> None:
        super()._wire()
        gateway = self.gateway.where
        self.laptop.ip("link del eth0")
        self.laptop.devices.remove("eth0")
        # Without an access point the bridge has no carrier.
        gateway.devices = [device for device in gateway.devices if device not in {"lan0", "br-lan"}]
        self._interfaces = [self._take(number, gateway) for number in range(ACCESS_POINTS)]
        self._take(LAPTOP_RADIO, self.laptop, INTERFACE)
        self.laptop.ip(f"link set {INTERFACE} address {LAPTOP_MAC}", f"link set {INTERFACE} up")

    def _take(self, radio: int, where: Namespace, name: str | None = None) -> str:
        """Move a radio into a namespace; return its interface's name there."""
        command(["iw", "phy", f"phy{radio}", "set", "netns", "name", where.name])
        self._away[radio] = where
        argv = ["ip", "netns", "exec", where.name, "ls", f"/sys/class/ieee80211/phy{radio}/device/net"]
        (found,) = command(argv).split()
        if name and found != name:
            where.ip(f"link set {found} name {name}")
        return name or found

    def _address_laptop(self) -> None:
        """Leave that to `visit`; the air is a real one here."""
        self.air = ()

    def _tear_down(self) -> None:
        for radio, where in self._away.items():
            command(["ip", "netns", "exec", where.name, "iw", "phy", f"phy{radio}", "set", "netns", "1"])
        super()._tear_down()

    # ---- one route

    def _run(self, where: Namespace, argv: list[str], name: str, words: str, times: int = 1) -> None:
        log = self.folder / f"{name}.log"
        log.write_text("")
        server = Server(where.spawn(argv, log), log, lambda: log.read_text(errors="replace").count(words) >= times)
        self.servers[name] = server
        server.wait()

    def _broadcast(self, air: Air) -> None:
        """Put the access points on the air, as ports of the LAN's bridge."""
        command(["iw", "reg", "set", air.country])
        wait_until(lambda: f"country {air.country}:" in command(["iw", "reg", "get"]), "regulatory domain")
        files = []
        for number, interface in enumerate(self._interfaces[: len(air.radios)]):
            file = self.folder / f"radio{number}.conf"
            # The bridge is a line of each BSS.
            file.write_text(air.configuration(number, interface).replace("\nbssid=", "\nbridge=br-lan\nbssid="))
            files.append(str(file))
        self._run(self.gateway.where, ["hostapd", *files], "hostapd", "AP-ENABLED", len(files))

    def _join(self, truth: Truth) -> None:
        """Let the laptop join a BSS and get its address by DHCP."""
        config = self.folder / "wpa_supplicant.conf"
        config.write_text(
            f"ctrl_interface=DIR=/run/wpa_supplicant GROUP={NOBODY}\ncountry={SHORT}\nnetwork={{\n"
            f"ssid={truth.real_ssid_hex}\nbssid={truth.bssid}\nscan_freq={truth.frequency_mhz}\n{JOIN}\n}}\n"
        )
        argv = ["wpa_supplicant", "-D", "nl80211", "-i", INTERFACE, "-c", str(config)]
        self._run(self.laptop, argv, "wpa_supplicant", "CTRL-EVENT-CONNECTED")
        script = self.folder / "dhclient-script"
        script.write_text(DHCLIENT_SCRIPT)
        script.chmod(0o755)
        argv = ["dhclient", "-d", "-1", "-4", "-sf", str(script), "-lf", "/var/lib/dhcp/dhclient.leases",
                "-pf", str(self.folder / "dhclient.pid"), INTERFACE]  # fmt: skip
        self._run(self.laptop, self.laptop.argv(argv), "dhclient", "bound to ")

    def _check_as_device(self, arguments: tuple[str, ...]) -> CheckRun:
        """Run the tool as the device, which takes the radio for that, and do what a radio's manager does afterwards."""
        PASSPHRASE_FILE.write_text(PASSPHRASE)
        try:
            with ThreadPoolExecutor(1) as pool:
                back = pool.submit(self._take_back)
                run = self.check(*arguments, timeout_s=240)
                back.result()
        finally:
            PASSPHRASE_FILE.unlink()  # other tests look for it in this machine
        return run

    def _take_back(self) -> None:
        """Give the laptop its radio again, which the kernel leaves in the first namespace, and its address."""
        address = self.laptop.command("ip", "-o", "-4", "address", "show", INTERFACE).split()[3]
        home = Path(f"/sys/class/ieee80211/phy{LAPTOP_RADIO}")
        wait_until(home.exists, "the radio is back", IS_LENT_S)
        self._take(LAPTOP_RADIO, self.laptop, INTERFACE)
        self.laptop.ip(f"link set {INTERFACE} up", f"address add {address} dev {INTERFACE}",
                       f"route add default via {GATEWAY} dev {INTERFACE}")  # fmt: skip

    def visit(self, route: Route) -> dict[str, Any]:
        """Take a route: what the tool said there, and what the far end saw."""
        timer = Timer()
        try:
            self._broadcast(route.air)
            timer.lap("hostapd")
            self._join(route.joined)
            timer.lap("join")
            before = {service: self.arrived(*service) for service in SERVICES}
            route.breaks(self)
            result: dict[str, Any] = {"link": self.laptop.command("iw", "dev", INTERFACE, "link")}
            # Everything is ten times slower here; what the tool itself waits for is not.
            result["runs"] = [
                told(self._check_as_device(arguments))
                if arguments == AS_DEVICE
                else told(self.check(*arguments, user=NOBODY if ordinary else None, timeout_s=180))
                for arguments, ordinary in route.checks
            ]
            timer.lap("runs")
            result["arrived"] = {
                f"{proto} {port}": self.arrived(proto, port) - count for (proto, port), count in before.items()
            }
            result["leases"] = self.leases()
            result["unfired"] = [fault.rule for fault in self.gateway.unfired()]
        finally:
            for name in ("dhclient", "wpa_supplicant", "hostapd"):
                if name in self.servers:
                    kill(self.servers.pop(name).process)
            for fault in self.gateway.faults:
                fault.remove()
            self.gateway.faults.clear()
            self.laptop.ip(f"addr flush dev {INTERFACE}")
        return result | {"seconds": timer.laps}


def told(run: CheckRun) -> dict[str, Any]:
    """A run, as JSON holds it: what was seen of its packets was judged where they were sent."""
    return {column.name: getattr(run, column.name) for column in fields(run) if column.name != "seen"}


class Timer:
    """How long each step took."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        """A step ends."""
        now = time.monotonic()
        self.laps[name] = round(now - self._last, 2)
        self._last = now


def walk(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Take these routes, one after another; one that fails has `error` instead of results."""
    results: dict[str, dict[str, Any]] = {}
    command(["modprobe", "br_netfilter"])  # the lab switches off what this module does, so it has to be there
    with WifiLab() as lab:
        for name in names:
            try:
                results[name] = lab.visit(ROUTES[name])
            except Exception:  # noqa: BLE001 - the other routes have to be taken all the same
                logs = {path.name: path.read_text(errors="replace")[-2000:] for path in lab.folder.glob("*.log")}
                results[name] = {"error": traceback.format_exc(), "logs": logs}
    return results


def travel(radios: Radios, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Take routes in the guest, from the host."""
    results: dict[str, dict[str, Any]] = inside(radios, "tests.wifi.path", *names)
    return results


def inside(radios: Radios, module: str, *words: str) -> Any:
    """What a program prints that builds its lab in the guest; the radios are back in their places when it has ended."""
    radios.laptop.remove_radio()
    try:
        done = radios.guest.run(sys.executable, "-m", module, *words, timeout_s=600)
    finally:
        radios.laptop.insert_radio()
    if done.exit_code != 0:
        raise VmError(f"{module} {words}: exit {done.exit_code}: {done.stderr}\n{done.stdout}")
    return json.loads(done.stdout)


def main() -> None:
    """Take the routes that the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("routes", nargs="+", choices=ROUTES)
    json.dump(walk(parser.parse_args().routes), sys.stdout)


if __name__ == "__main__":
    assert Path("/.wifi-lab-start").exists(), "this belongs inside the virtual machine"
    main()
