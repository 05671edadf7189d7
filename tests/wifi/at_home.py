"""A laptop at home: NetworkManager has it on a network of its own, and polkit says who may change that.

The laptop's radio is where the guest itself is, because there it goes back to when the namespace of a run ends. So the
networks behind the access points are in another namespace: each BSS is a port of a bridge that leads there.
"""

import contextlib
from collections.abc import Generator
from dataclasses import dataclass

from tests.wifi.access_points import G20, PASSPHRASE, SECURITIES, WPA2, Air, Bss, Radio, on
from tests.wifi.laptops import UNPRIVILEGED, system_bus
from tests.wifi.radios import LAPTOP_RADIO, OnAir, Radios, stations_seen
from tests.wifi.vm import Done, Guest, Process

OWN_PASSPHRASE = "office secret"
SUBNETS = {"home": "192.168.70", "office": "192.168.71"}
"""Of the network that a run joins, and of the laptop's own."""
AIR = Air(
    "at-home",
    "US",
    (Radio(on(G20, 1), (Bss("home", {"ssid": "Home", "bridge": "br-home", **WPA2}),
                        Bss("office", {"ssid": "Office", "bridge": "br-office", **WPA2,
                                       "wpa_passphrase": OWN_PASSPHRASE}),
                        Bss("steering", {"ssid": "Steering", "bridge": "br-home", **WPA2,
                                         "no_auth_if_seen_on": "wlan1"}))),
     Radio({"hw_mode": "a", "channel": "36", "ieee80211n": "1", "wmm_enabled": "1", "track_sta_max_num": "100",
            "track_sta_max_age": "3600"},
           (Bss("five", {"ssid": "Five", **WPA2}),))),
)  # fmt: skip
BESIDE = Air(
    "beside",
    AIR.country,
    (*AIR.radios,
     Radio(on(G20, 1), (Bss("both-wpa3", {"ssid": "Both", "bridge": "br-home", **SECURITIES["wpa3"]}),
                        Bss("alike-near", {"ssid": "Alike", "bridge": "br-home", **WPA2}))),
     Radio(on(G20, 6), (Bss("both-wpa2", {"ssid": "Both", "bridge": "br-home", **WPA2}),
                        Bss("alike-far", {"ssid": "Alike", "bridge": "br-home", **WPA2})), signal_dbm=-65)),
)  # fmt: skip
"""With two names more, of two access points each. They are on the air for their own test only: each BSS slows the
laptop down, so that NetworkManager scans more often."""
SECRET, FOUND = "/run/lab/secret", "/run/lab/found"
DENIED = "games"
"""The user whom polkit lets change nothing."""
_WIRES = """ip netns add served
for name in home office; do
    ip link add br-$name type bridge
    ip link add to-$name type veth peer name $name netns served
    ip link set to-$name master br-$name up
    ip link set br-$name up
    ip -n served link set $name up
done
"""
_RULES = """polkit.addRule(function(action, subject) {
    if (action.id.indexOf("org.freedesktop.NetworkManager.") == 0)
        return subject.user == "%s" ? polkit.Result.NO : polkit.Result.YES;
});
"""
_MANAGER = """[main]
plugins=
dhcp=internal
dns=none
auth-polkit=true
[keyfile]
unmanaged-devices=except:interface-name:%s
[device]
wifi.scan-rand-mac-address=no
"""
# With /sys read-only it does not wait for udev, which the guest has not.
_START_MANAGER = (
    "mount -o remount,ro /sys; exec NetworkManager --no-daemon --config=/run/lab/NetworkManager.conf "
    "--config-dir=/run/lab/none --system-config-dir=/run/lab/none --intern-config=/run/lab/none.conf "
    "--pid-file=/run/lab/nm.pid --state-file=/run/lab/nm.state"
)
_FILES = (
    r"find /etc /run /var/lib/NetworkManager /var/lib/dhcp \( -path /run/lab -o -path /etc/netns \) -prune "
    r"-o -type f -printf '%p %s %T@ %m\n'"
)
"""The files that a network manager may keep: name, bytes, time and rights. (The host has namespaces in /etc/netns.)"""


@dataclass(frozen=True)
class AtHome:
    """The laptop.

    Attributes:
        interface: its radio's.
        access_points: hostapd, the second witness.
        manager: NetworkManager.
    """

    guest: Guest
    interface: str
    access_points: Process
    manager: Process

    def is_back(self) -> bool:
        """Whether it has its route again; asking NetworkManager so often would slow the machine down."""
        return f"default via {SUBNETS['office']}.1 " in self.guest.command("ip", "route")

    def state(self) -> list[str]:
        """Its MAC address, addresses, routes and rules, and the connection that it is on."""
        told = [
            self.guest.command("cat", f"/sys/class/net/{self.interface}/address"),
            self.guest.command("ip", "-4", "address", "show", "dev", self.interface),
            self.guest.command("ip", "-4", "route", "show", "table", "all"),
            self.guest.command("ip", "-4", "rule"),
            self.guest.command("nmcli", "-t", "-f", "NAME,DEVICE", "connection", "show", "--active", timeout_s=90),
        ]
        return [line.strip() for text in told for line in text.splitlines() if "valid_lft" not in line]

    def files(self) -> set[str]:
        """The files that a network manager may keep."""
        return set(self.guest.shell(_FILES, timeout_s=90).splitlines())

    def ask_on_5ghz(self, mac: str) -> None:
        """Let a station with this address, of the laptop's radio, be seen by the access point of 5 GHz."""
        self.guest.command(
            "iw", "phy", f"phy{LAPTOP_RADIO}", "interface", "add", "asks", "type", "managed", "addr", mac
        )
        try:
            self.guest.command("ip", "link", "set", "asks", "up")
            self.guest.wait_until(lambda: self._asks() and self.is_seen_on_5ghz(mac), f"{mac} seen", 60)
        finally:
            self.guest.command("iw", "dev", "asks", "del")

    def _asks(self) -> bool:
        """Scan on 5 GHz; it may be refused while the radio scans for another interface."""
        self.guest.run("iw", "dev", "asks", "scan", "freq", "5180")
        return True

    def is_seen_on_5ghz(self, mac: str) -> bool:
        """Whether the access point of 5 GHz has had a frame of a station with this address."""
        return mac in stations_seen(self.guest, "wlan1")

    def run(self, *words: str, user: str = "root", stdin: bytes = b"", timeout_s: float = 400.0) -> Done:
        """Run a command as a user."""
        return self.guest.run(*by(user), *words, stdin=stdin, timeout_s=timeout_s, env={"HOME": f"/tmp/{user}"})

    def start(self, *words: str, user: str) -> Process:
        """Start a command as a user."""
        return self.guest.start(*by(user), *words, env={"HOME": f"/tmp/{user}"})


def by(user: str) -> tuple[str, ...]:
    """What stands before a command of a user; all but root have no right at all."""
    _, _, group, *nothing = UNPRIVILEGED
    return () if user == "root" else ("setpriv", f"--reuid={user}", group, *nothing)


@contextlib.contextmanager
def at_home(radios: Radios) -> Generator[AtHome]:
    """The laptop on its own network, and another one that it can join."""
    guest = radios.guest
    radios.laptop.remove_radio()
    interface = radios.interface(LAPTOP_RADIO)
    guest.shell(f"mkdir -m 1777 {' '.join(f'/tmp/{user}' for user in ('root', 'nobody', DENIED))}")
    guest.write(SECRET, PASSPHRASE)
    guest.write("/etc/polkit-1/rules.d/10-lab.rules", _RULES % DENIED)
    guest.write("/run/lab/NetworkManager.conf", _MANAGER % interface)
    guest.shell(_WIRES)
    try:
        with OnAir(radios, AIR) as on_air, system_bus(radios), contextlib.ExitStack() as running:
            log = _serve(guest, running)
            laptop = AtHome(guest, interface, on_air.processes[0], log)
            words = ("nmcli", "connection", "add", "type", "wifi", "ifname", interface, "con-name", "office",
                     "ssid", "Office", "ipv6.method", "disabled", "wifi-sec.key-mgmt", "wpa-psk",
                     "wifi-sec.psk", OWN_PASSPHRASE)  # fmt: skip
            guest.wait_until(lambda: laptop.run(*words).exit_code == 0, log.says, 180)
            guest.wait_until(laptop.is_back, log.says, 180)
            yield laptop
    finally:
        guest.shell("for name in home office; do ip link del br-$name; done; ip netns del served")
        radios.laptop.insert_radio()


def _serve(guest: Guest, running: contextlib.ExitStack) -> Process:
    """Start DHCP servers, polkit and NetworkManager; returns the last."""
    for name, subnet in SUBNETS.items():
        guest.command("ip", "-n", "served", "address", "add", f"{subnet}.1/24", "dev", name)
    started = [
        guest.start("/usr/lib/polkit-1/polkitd", "--no-debug"),
        guest.start(
            "ip", "netns", "exec", "served", "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0",
            "--bind-dynamic", "--dhcp-leasefile=/run/lab/leases", "--log-facility=-",
            *(f"--interface={name}" for name in SUBNETS),
            *(f"--dhcp-range={subnet}.10,{subnet}.99,1h" for subnet in SUBNETS.values()),
        ),
        guest.start("wpa_supplicant", "-u", "-s", "-O", "/run/lab/nm-wpa"),
        guest.start("unshare", "--mount", "sh", "-c", _START_MANAGER),
    ]  # fmt: skip
    for process in started:
        running.callback(process.stop)
    return started[-1]
