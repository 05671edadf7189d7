"""Real joins by NetworkManager, as an ordinary user asks for them.

The laptop is on the same network before and after, by a passphrase of its own: that decides the VLAN. The access
point's log is the second witness; nmcli and iproute2 say what the laptop is.
"""

import contextlib
import json
import os
import random
import signal
import time
from collections.abc import Generator
from functools import partial
from typing import Any

import pytest

from tests.wifi.access_points import G20, PASSPHRASE, SHORT, WPA2, Air, Bss, Radio, on
from tests.wifi.laptops import TOOL, UNPRIVILEGED, User, with_network_manager
from tests.wifi.radios import INTERFACE, LAPTOP, OnAir, Radios
from tests.wifi.vm import Done, Process, wait_until

pytestmark = pytest.mark.lab
OWN_PASSPHRASE = "office secret"
MAC_BEGINS = "94:94:4a"
SECRET, FOUND = "/run/lab/secret", "/run/lab/found"
BACK_S = 30.0
LONGEST_S = 45.0
"""A whole run takes about so long here."""
MOMENTS = int(os.environ.get("NETPREFLIGHT_MOMENTS", "1"))
"""How many moments a run is ended at; docs/being-the-device.md has the command for 100."""
AIR = Air(
    "networkmanager",
    SHORT,
    (Radio(on(G20, 1), (Bss("home", {"ssid": "Home", **WPA2, "wpa_psk_file": "/run/lab/psks", "dynamic_vlan": "1",
                                     "vlan_file": "/run/lab/vlans"}),)),),
)  # fmt: skip
PASSPHRASES = f"00:00:00:00:00:00 {OWN_PASSPHRASE}\nvlanid=1 00:00:00:00:00:00 {PASSPHRASE}\n"
OF_LAPTOP, OF_DEVICE = "192.168.71", "192.168.70"
ADDRESSES = {"wlan0": OF_LAPTOP, "brvlan1": OF_DEVICE}
"""Hostapd makes the bridge for VLAN 1."""
AS_DEVICE = ("check", "--as", "device", "--device", "argon", "--interface", INTERFACE, "--ssid", "Home",
             "--mac", MAC_BEGINS, "--json", "--no-keep")  # fmt: skip


@pytest.fixture(scope="module")
def on_air(radios: Radios) -> Generator[OnAir]:
    """The two VLANs, with a DHCP server in each."""
    radios.guest.write("/run/lab/psks", PASSPHRASES)
    radios.guest.write("/run/lab/vlans", "1 wlan0.1\n")
    with OnAir(radios, AIR) as there:
        guest = radios.guest
        for interface, subnet in ADDRESSES.items():
            guest.command("ip", "address", "replace", f"{subnet}.1/24", "dev", interface)
        server = guest.start(
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--bind-dynamic",
            "--dhcp-leasefile=/run/lab/leases", "--log-facility=-",
            *(f"--interface={interface}" for interface in ADDRESSES),
            *(f"--dhcp-range={subnet}.10,{subnet}.99,1h" for subnet in ADDRESSES.values()),
        )  # fmt: skip
        try:
            yield there
        finally:
            server.stop()


def state(radios: Radios) -> list[str]:
    """The laptop's MAC address, addresses, routes and rules, and the connection that it is on."""
    root = User(radios)
    told = [
        root.run("cat", f"/sys/class/net/{INTERFACE}/address").stdout,
        *(
            root.run("ip", "-4", *words).stdout
            for words in (("address",), ("route", "show", "table", "all"), ("rule",))
        ),
        root.run("nmcli", "-t", "-f", "NAME,DEVICE", "connection", "show", "--active").stdout,
    ]
    return [line.strip() for text in told for line in text.splitlines() if "valid_lft" not in line]


def is_at_home(radios: Radios) -> bool:
    """Whether the laptop has its route again; asking NetworkManager so often would slow the machine down."""
    return f"default via {OF_LAPTOP}.1 " in User(radios).run("ip", "route").stdout


@contextlib.contextmanager
def at_home(radios: Radios) -> Generator[User]:
    """NetworkManager has the laptop on its own network, and lets an ordinary user change that."""
    with with_network_manager(radios) as user:
        added = User(radios).run(
            "nmcli", "connection", "add", "type", "wifi", "ifname", INTERFACE, "con-name", "own", "ssid", "Home",
            "ipv6.method", "disabled", "wifi-sec.key-mgmt", "wpa-psk", "wifi-sec.psk", OWN_PASSPHRASE,
        )  # fmt: skip
        assert added.exit_code == 0, added
        wait_until(lambda: is_at_home(radios), lambda: str(state(radios)), 90)
        yield user


@pytest.fixture(scope="module")
def user(radios: Radios, on_air: OnAir) -> Generator[User]:
    radios.guest.write(SECRET, PASSPHRASE)
    with at_home(radios) as there:
        yield there


def as_device(radios: Radios, *more: str, passphrase: str = PASSPHRASE) -> Done:
    """A run of an ordinary user, who gives the passphrase on standard input."""
    words = ("ip", "netns", "exec", LAPTOP, *UNPRIVILEGED, TOOL, *AS_DEVICE, "--passphrase-file", "-", *more)
    return radios.guest.run(*words, stdin=f"{passphrase}\n".encode(), timeout_s=180, env={"HOME": "/tmp"})


def test_an_ordinary_user_joins_and_the_laptop_is_at_home_again(radios: Radios, on_air: OnAir, user: User) -> None:
    before = state(radios)
    done = as_device(radios, "--only", "join,dhcp")
    report: dict[str, Any] = json.loads(done.stdout)
    checks = {check["id"]: (check["status"], check["problem"]) for check in report["checks"]}
    about, join = report["observations"]["as_device"], report["observations"]["join"]

    assert [checks[name] for name in ("join.auth", "join.key", "join.link")] == [("pass", None)] * 3, join
    assert (about["way"], about["mac"][:8], join["attempts"][-1]["mac"]) == ("networkmanager", MAC_BEGINS, about["mac"])
    assert f"wlan0: EAPOL-4WAY-HS-COMPLETED {about['mac']}" in on_air.processes[0].says()
    assert report["scope"]["addresses"][0].startswith(OF_DEVICE)
    assert report["scope"]["gateway"] == f"{OF_DEVICE}.1"
    assert any(f"another network ({OF_DEVICE}.0/24) than this laptop ({OF_LAPTOP}.0/24)" in note
               for note in report["notes"])  # fmt: skip
    assert (about["left"], state(radios)) == ([], before)
    assert 0 <= about["restored_s"] < BACK_S
    assert about["kept"]
    assert PASSPHRASE not in done.stdout + done.stderr


def test_a_wrong_passphrase_is_told_by_the_radio(radios: Radios, on_air: OnAir, user: User) -> None:
    report: dict[str, Any] = json.loads(as_device(radios, "--only", "join", passphrase="wrong horse").stdout)
    checks = {check["id"]: (check["status"], check["problem"]) for check in report["checks"]}
    join = report["observations"]["join"]

    assert [(attempt["ended"], attempt["reason"]) for attempt in join["attempts"]] == [("key-refused", 15)] * 2
    assert (checks["join.auth"], checks["join.key"]) == (("pass", None), ("fail", "wrong-passphrase"))
    assert f"wlan0: AP-STA-POSSIBLE-PSK-MISMATCH {join['attempts'][0]['mac']}" in on_air.processes[0].says()
    assert report["observations"]["as_device"]["left"] == []


def _is_over(end: float) -> bool:
    return time.monotonic() > end


def start(radios: Radios) -> Process:
    radios.guest.write("/run/lab/passphrase", PASSPHRASE)
    words = ("ip", "netns", "exec", LAPTOP, *UNPRIVILEGED, TOOL, *AS_DEVICE, "--passphrase-file", "/run/lab/passphrase")
    return radios.guest.start(*words, env={"HOME": "/tmp"})


def joined(on_air: OnAir) -> int:
    """How often a device has joined so far."""
    return on_air.processes[0].says().count(f"wlan0: AP-STA-CONNECTED {MAC_BEGINS}")


def kill(radios: Radios, process: Process, before: list[str]) -> None:
    """End a run, and see the laptop at home again."""
    process.stop(signal.SIGKILL)
    wait_until(lambda: is_at_home(radios), process.says, BACK_S)
    assert state(radios) == before


def test_a_run_killed_once_it_has_joined_leaves_the_passphrase_nowhere(
    radios: Radios, on_air: OnAir, user: User
) -> None:
    before, joins = state(radios), joined(on_air)
    process = start(radios)
    wait_until(lambda: joined(on_air) > joins, process.says, 120)
    radios.guest.run(
        "sh", "-c", f"grep -rlaF -f {SECRET} --exclude-dir=lab /run /tmp >{FOUND} 2>/dev/null; "
        f"grep -laF -f {SECRET} /proc/[0-9]*/cmdline /proc/[0-9]*/environ >>{FOUND} 2>/dev/null",
    )  # fmt: skip
    kill(radios, process, before)

    assert radios.guest.read(FOUND) == b""
    assert radios.guest.run("grep", "-rlaF", "-f", SECRET, "/run/lab").exit_code == 0, "it would be found"


@pytest.mark.parametrize("number", range(MOMENTS))
def test_the_laptop_is_at_home_again_after_a_kill_at_any_moment(
    radios: Radios, on_air: OnAir, user: User, number: int
) -> None:
    before = state(radios)
    process = start(radios)
    end = time.monotonic() + random.Random(19 + number).uniform(0.1, LONGEST_S)
    wait_until(partial(_is_over, end), "the moment", LONGEST_S + 1)
    kill(radios, process, before)
