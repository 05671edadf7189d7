"""The laptop as the tool may find it: who asks, what manages the radio, and whether there is one to be used.

Each is a context manager that leaves the laptop as it was: a radio that is up, and that nothing manages.
"""

import contextlib
import signal
import sys
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.lab import NOBODY
from tests.wifi.radios import INTERFACE, LAPTOP, LAPTOP_RADIO, Radios
from tests.wifi.vm import Done, Process

AGAIN = 3
"""So often a run is made where one missed frames of the access point, or what was heard was forgotten meanwhile."""
TOOL = str(Path(sys.executable).with_name("netpreflight"))
CONTROL = "/run/wpa_supplicant"
BUS = "/run/dbus/system_bus_socket"
UNPRIVILEGED = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs",
                "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--")  # fmt: skip
NETWORK_MANAGER = """[main]
plugins=
dhcp=internal
dns=none
auth-polkit={polkit}
[device]
wifi.scan-rand-mac-address=no
[logging]
level=INFO
"""


@dataclass(frozen=True)
class User:
    """Somebody at the laptop.

    Attributes:
        root: or an ordinary user: id 65534, no group, no capability, no way to gain any.
    """

    radios: Radios
    root: bool = True

    def run(self, *argv: str, timeout_s: float = 60.0) -> Done:
        """Run a command on the laptop; its exit code is the caller's to judge."""
        drop: Sequence[str] = () if self.root else UNPRIVILEGED
        env = {"HOME": "/root" if self.root else "/tmp"}
        return self.radios.guest.run("ip", "netns", "exec", LAPTOP, *drop, *argv, timeout_s=timeout_s, env=env)

    def check(self, *arguments: str, timeout_s: float = 180.0) -> Done:
        """Run `netpreflight check --json` with these arguments."""
        return self.run(TOOL, "check", "--json", *arguments, timeout_s=timeout_s)


@contextlib.contextmanager
def plain(radios: Radios, *, root: bool) -> Generator[User]:
    """Nothing manages the radio; an ordinary user cannot scan, and sees the kernel's last results only."""
    yield User(radios, root)


@contextlib.contextmanager
def system_bus(radios: Radios) -> Generator[None]:
    guest = radios.guest
    guest.shell("mkdir -p /run/dbus; dbus-uuidgen --ensure=/etc/machine-id")
    bus = guest.start("dbus-daemon", "--system", "--nofork", "--nopidfile")
    try:
        guest.wait_until(lambda: guest.run("test", "-S", BUS).exit_code == 0, lambda: f"D-Bus: {bus.says()}")
        yield
    finally:
        bus.stop()
        guest.command("rm", "-rf", "/run/dbus")


@contextlib.contextmanager
def with_network_manager(radios: Radios, *, root: bool = False, scan_allowed: bool = True) -> Generator[User]:
    """NetworkManager (and its wpa_supplicant) has the radio; ordinary users may ask it for a scan, or are refused."""
    guest = radios.guest
    guest.write("/run/lab/NetworkManager.conf", NETWORK_MANAGER.format(polkit="false" if scan_allowed else "root-only"))
    # With /sys read-only it does not wait for udev, which the guest has not.
    script = (
        "mount -o remount,ro /sys; exec NetworkManager --no-daemon --config=/run/lab/NetworkManager.conf "
        "--config-dir=/run/lab/none --system-config-dir=/run/lab/none --intern-config=/run/lab/none.conf "
        "--pid-file=/run/lab/nm.pid --state-file=/run/lab/nm.state"
    )
    user = User(radios, root)
    running: list[Process] = []
    with system_bus(radios):
        try:
            inside = ("ip", "netns", "exec", LAPTOP)
            running.append(guest.start(*inside, "wpa_supplicant", "-u", "-s", "-O", "/run/lab/nm-wpa"))
            running.append(guest.start(*inside, "sh", "-c", script))
            state = ("nmcli", "-t", "-f", "DEVICE,STATE", "device")
            guest.wait_until(
                lambda: f"{INTERFACE}:disconnected" in User(radios).run(*state).stdout,
                lambda: f"NetworkManager has {INTERFACE}: {User(radios).run(*state)} {running[-1].says()[-3000:]}",
                60,
            )
            yield user
        finally:
            for process in reversed(running):
                process.stop()
            radios.laptop.command("ip", "link", "set", INTERFACE, "up")


@contextlib.contextmanager
def with_wpa_supplicant(radios: Radios, *, root: bool = False, reachable: bool = True) -> Generator[User]:
    """wpa_supplicant alone has the radio; its control socket is open to the ordinary user, or to root only."""
    group = f" GROUP={NOBODY}" if reachable else ""
    radios.guest.write("/run/lab/wpa_supplicant.conf", f"ctrl_interface=DIR={CONTROL}{group}\nap_scan=1\n")
    supplicant = radios.guest.start(
        "ip", "netns", "exec", LAPTOP, "wpa_supplicant", "-D", "nl80211", "-i", INTERFACE,
        "-c", "/run/lab/wpa_supplicant.conf",
    )  # fmt: skip
    try:
        radios.guest.wait_until(
            lambda: "PONG" in User(radios).run("wpa_cli", "-p", CONTROL, "-i", INTERFACE, "ping").stdout,
            lambda: f"wpa_supplicant answers: {supplicant.says()}",
        )
        yield User(radios, root)
    finally:
        supplicant.stop(signal.SIGTERM)
        radios.laptop.command("ip", "link", "set", INTERFACE, "up")


@contextlib.contextmanager
def with_stale_results(radios: Radios, frequencies: Sequence[int], *, age_s: float = 6.0) -> Generator[User]:
    """An ordinary user, and results of somebody else's scan, at least so old; the kernel forgets them after 30 s.

    What was on the air then may be gone since: `OnAir.stop`.
    """
    radios.laptop.scan(frequencies, passive=True)
    oldest = f"""test "$(iw dev {INTERFACE} scan dump | sed -n 's/.*last seen: \\([0-9]*\\) ms ago/\\1/p' | sort -n |
        head -1)" -ge {int(age_s * 1000)}"""
    radios.guest.wait_until(
        lambda: User(radios).run("sh", "-c", oldest).exit_code == 0, f"results {age_s} s old", age_s + 20
    )
    yield User(radios, root=False)


@contextlib.contextmanager
def with_blocked_radio(radios: Radios, *, root: bool = True) -> Generator[User]:
    """The laptop's radio is blocked by rfkill (the other radios are not)."""
    laptop = radios.laptop
    # Only in the radio's own namespace can its name be read.
    link = laptop.command("sh", "-c", f"echo /sys/class/ieee80211/phy{LAPTOP_RADIO}/rfkill*").strip()
    found = link.rpartition("rfkill")[2]
    assert found.isdigit(), f"no rfkill for the laptop's radio: {found!r}"
    laptop.command("rfkill", "block", found)
    try:
        yield User(radios, root)
    finally:
        laptop.command("rfkill", "unblock", found)
        laptop.command("ip", "link", "set", INTERFACE, "up")


@contextlib.contextmanager
def without_radio(radios: Radios, *, root: bool = True) -> Generator[User]:
    """The laptop has no radio at all."""
    radios.laptop.remove_radio()
    try:
        yield User(radios, root)
    finally:
        radios.laptop.insert_radio()
