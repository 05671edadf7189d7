"""Real joins by the laptop's radio: each cause that can be made here, with the access point's log as second witness.

The laptop's radio is where the guest itself is, because there it goes back to when the namespace of a run ends.
"""

import json
import random
import sys
from collections.abc import Generator
from typing import Any

import msgspec
import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging.verdict import judge_some
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Observations
from tests.wifi.access_points import G20, PASSPHRASE, SECURITIES, WPA2, Air, Bss, Radio, on
from tests.wifi.joining import BACK_S, Asked, Made
from tests.wifi.laptops import TOOL
from tests.wifi.radios import LAPTOP_RADIO, OnAir, Radios

MAC = "94:94:4a:12:34:56"
WRONG = "wrong horse"
SECRET = "/run/lab/secret"
FOUND = "/run/lab/found"
JOIN = ["join.auth", "join.key", "join.link"]
MOMENTS = 3
AGAIN = 5
"""So often a join is made again where the emulator was too slow for it: no frame of the access point came in time."""
AIR = Air(
    "join",
    "US",
    (
        Radio(
            on(G20, 1),
            (
                Bss("home", {"ssid": "Home", **WPA2}),
                Bss("deny", {"ssid": "Deny", **WPA2, "macaddr_acl": "0", "deny_mac_file": "/run/lab/deny"}),
                Bss("pmf", {"ssid": "Pmf", **SECURITIES["pmf-required-sha1"]}),
                Bss("sae", {"ssid": "Sae", **SECURITIES["wpa3"]}),
                Bss("hidden", {"ssid": "Hidden", **WPA2, "ignore_broadcast_ssid": "1"}),
                Bss("open", {"ssid": "Open"}),
            ),
        ),
        Radio(on(G20, 6), (Bss("full", {"ssid": "Full", **WPA2, "max_num_sta": "0"}),)),
        Radio(
            {"hw_mode": "a", "channel": "36", "ieee80211n": "1", "wmm_enabled": "1"},
            (Bss("five", {"ssid": "Five", **WPA2}),),
        ),
    ),
)
LOOK_FOR_IT = (
    f"grep -rlaF -f {SECRET} --exclude-dir=lab /run /tmp >{FOUND} 2>/dev/null; "
    f"grep -laF -f {SECRET} /proc/[0-9]*/cmdline /proc/[0-9]*/environ >>{FOUND} 2>/dev/null; "
    f"hostapd_cli -p /run/hostapd -i wlan0 deauthenticate {MAC}"
)
"""The joined station's files and processes are looked through; then the access point sends it away."""
ROWS: dict[str, tuple[str, str, str]] = {
    "home": ("Home", PASSPHRASE, LOOK_FOR_IT),
    "wrong passphrase": ("Home", WRONG, ""),
    "MAC deny list": ("Deny", PASSPHRASE, ""),
    "PMF required": ("Pmf", PASSPHRASE, ""),
    "SAE only": ("Sae", PASSPHRASE, ""),
    "hidden": ("Hidden", PASSPHRASE, ""),
    "open": ("Open", "", ""),
    "full": ("Full", PASSPHRASE, ""),
    "5 GHz only": ("Five", PASSPHRASE, ""),
}
PASS = ("pass", None)
BEHIND = ("unknown", "not-joined")
EXPECTED: dict[str, list[tuple[str, str | None]]] = {
    "home": [PASS, PASS, ("warn", "sent-away")],
    "wrong passphrase": [PASS, ("fail", "wrong-passphrase"), BEHIND],
    "MAC deny list": [("fail", "mac-refused"), BEHIND, BEHIND],
    "PMF required": [("unknown", "pmf-predicted"), BEHIND, BEHIND],
    "SAE only": [("unknown", "akm-predicted"), BEHIND, BEHIND],
    "hidden": [PASS, PASS, PASS],
    "open": [PASS, PASS, PASS],
    "full": [("fail", "full"), BEHIND, BEHIND],
    "5 GHz only": [("unknown", "not-found"), BEHIND, BEHIND],
}


@pytest.fixture(scope="module")
def interface(radios: Radios) -> Generator[str]:
    """The laptop's interface, in the guest's own namespace."""
    radios.laptop.remove_radio()
    try:
        yield radios.interface(LAPTOP_RADIO)
    finally:
        radios.laptop.insert_radio()


@pytest.fixture(scope="module")
def on_air(radios: Radios) -> Generator[OnAir]:
    radios.guest.write("/run/lab/deny", f"{MAC}\n")
    radios.guest.write(SECRET, PASSPHRASE)
    with OnAir(radios, AIR) as there:
        yield there


def play(radios: Radios, *asked: Asked) -> list[Made]:
    done = radios.guest.run(
        sys.executable, "-m", "tests.wifi.joining", stdin=msgspec.json.encode([*asked]), timeout_s=60 + 30 * len(asked)
    )
    assert done.exit_code == 0, done.stderr
    return [msgspec.json.decode(line, type=Made) for line in done.output.splitlines()]


@pytest.fixture(scope="module")
def made(radios: Radios, on_air: OnAir, interface: str) -> dict[str, Made]:
    """Each row; one whose frames came too late is made again."""
    left, found = dict(ROWS), dict[str, Made]()
    for _ in range(AGAIN):
        asked = [
            Asked(interface=interface, ssid=ssid, passphrase=given, mac=MAC, after=after)
            for ssid, given, after in left.values()
        ]
        found |= dict(zip(left, play(radios, *asked), strict=True))
        left = {name: row for name, row in left.items() if was_too_slow(name, found[name])}
        if not left:
            break
    return found


def was_too_slow(name: str, made: Made) -> bool:
    """Whether frames that the access point sent came too late for the station."""
    ended = {attempt.ended for attempt in made.join.attempts} if made.join else set()
    return name != "5 GHz only" and ended <= {"no-answer", "not-found", "key-unfinished"}


@pytest.mark.parametrize("name", ROWS)
def test_each_cause_is_told_apart(made: dict[str, Made], name: str) -> None:
    join = made[name].join
    assert join is not None
    checks = judge_some(JOIN, Observations(join=join), profiles.load("argon"), Selection())

    assert [(check.status, check.problem) for check in checks] == EXPECTED[name], join
    assert (made[name].entered is not None) is (EXPECTED[name][1] == PASS)
    assert {attempt.frequency_mhz for attempt in join.attempts} <= {None, 2412, 2437}


def test_the_access_point_says_the_same(made: dict[str, Made], on_air: OnAir) -> None:
    log = "".join(process.says() for process in on_air.processes)

    assert f"wlan0: EAPOL-4WAY-HS-COMPLETED {MAC}" in log
    assert f"wlan0: AP-STA-POSSIBLE-PSK-MISMATCH {MAC}" in log
    assert f"wlan0_4: EAPOL-4WAY-HS-COMPLETED {MAC}" in log
    assert f"wlan0_5: AP-STA-CONNECTED {MAC}" in log
    for refused in ("wlan0_1", "wlan0_2", "wlan0_3", "wlan1"):
        assert f"{refused}: STA {MAC} IEEE 802.11: associated" not in log


def test_the_passphrase_is_nowhere(made: dict[str, Made], radios: Radios) -> None:
    assert made["home"].join is not None
    assert radios.guest.read(FOUND) == b""
    assert PASSPHRASE not in msgspec.json.encode(made["home"]).decode()
    assert radios.guest.run("grep", "-rlaF", "-f", SECRET, "/run/lab").exit_code == 0, "it would be found"


def test_the_laptop_is_as_before_after_each_join(made: dict[str, Made]) -> None:
    for after in made.values():
        assert (after.left, after.supplicants) == ([], [])
        assert after.back_s < BACK_S


def test_the_laptop_is_as_before_after_a_kill_at_any_moment(radios: Radios, on_air: OnAir, interface: str) -> None:
    moments = [random.Random(19 + number).uniform(0.1, 6) for number in range(MOMENTS)]
    asked = [
        Asked(interface=interface, ssid="Home", passphrase=PASSPHRASE, mac=MAC, killed_after_s=moment)
        for moment in moments
    ]

    for after in play(radios, *asked):
        assert after.join is None, "it was killed"
        assert (after.left, after.supplicants) == ([], [])
        assert after.back_s < BACK_S


def test_a_whole_run_joins_and_reports_it(radios: Radios, on_air: OnAir, interface: str) -> None:
    words = ("--as", "device", "--mac", MAC, "--device", "argon", "--interface", interface, "--ssid", "Home")
    more = ("--only", "join", "--passphrase-file", "-", "--json", "--no-keep")
    done = radios.guest.run(TOOL, "check", *words, *more, stdin=f"{WRONG}\n".encode(), timeout_s=120)
    report: dict[str, Any] = json.loads(done.stdout)
    checks = {check["id"]: check for check in report["checks"]}

    assert report["observations"]["join"]["attempts"]
    assert {report["observations"]["join"]["attempts"][0]["mac"], report["observations"]["as_device"]["mac"]} == {MAC}
    assert set(JOIN) <= set(checks)
    assert checks["join.link"]["problem"] == "not-joined"
    assert report["observations"]["as_device"]["left"] == []
    assert WRONG not in done.stdout + done.stderr
