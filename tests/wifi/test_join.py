"""Real joins by the laptop's radio: each cause that can be made here, with the access point's log as second witness.

The laptop's radio is where the guest itself is, because there it goes back to when the namespace of a run ends.
"""

import json
import os
import random
import sys
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging.verdict import judge_some
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Observations
from tests.wifi.access_points import G20, OFTEN, PASSPHRASE, SECURITIES, SHORT, WPA2, Air, Bss, Radio, on
from tests.wifi.joining import BACK_S, Asked, Made
from tests.wifi.laptops import TOOL
from tests.wifi.radios import LAPTOP_RADIO, OnAir, Radios, stations_seen

MAC = "94:94:4a:12:34:56"
LISTED, SENT_AWAY = "94:94:4a:12:34:57", "94:94:4a:12:34:58"
SEEN = "94:94:4a:12:34:59"
"""Stations beside it: one that is on the access points' lists, one that is sent away, and one that asks on 5 GHz."""
WRONG, BY_VLAN = "wrong horse", "staple of many"
SECRET = "/run/lab/secret"
FOUND = "/run/lab/found"
JOIN = ["join.auth", "join.key", "join.link"]
MOMENTS = int(os.environ.get("NETPREFLIGHT_MOMENTS", "3"))
"""How many moments a join is ended at; CONTRIBUTING.md has the command for 100."""
AGAIN = 8
"""So often a join is made again where the station missed frames of the access point, in a scan or at each attempt."""
FILES = {
    "deny": f"{MAC}\n",
    "accept": f"{LISTED}\n{SEEN}\n",
    "psks": f"00:00:00:00:00:00 {PASSPHRASE}\nvlanid=1 00:00:00:00:00:00 {BY_VLAN}\n",
    "vlans": "1 wlan2.1\n",
}
AIR = Air(
    "join",
    SHORT,
    (
        Radio(
            on(G20, 1),
            (
                Bss("home", {"ssid": "Home", **WPA2, "bss_transition": "1"}),
                Bss("open", {"ssid": "Open"}),
            ),
        ),
        Radio(
            on({**G20, **OFTEN}, 3),
            (
                Bss("full", {"ssid": "Full", **WPA2, "max_num_sta": "0"}),
                Bss("deny", {"ssid": "Deny", **WPA2, "macaddr_acl": "0", "deny_mac_file": "/run/lab/deny"}),
            ),
        ),
        Radio(
            on({**G20, "require_ht": "1", **OFTEN}, 6),
            (
                Bss("strict", {"ssid": "Strict", **WPA2, "macaddr_acl": "1", "accept_mac_file": "/run/lab/accept",
                               "no_auth_if_seen_on": "wlan5", "wpa_psk_file": "/run/lab/psks", "dynamic_vlan": "1",
                               "vlan_file": "/run/lab/vlans"}),
            ),
        ),
        Radio(
            on(G20, 9),
            (
                Bss("pmf", {"ssid": "Pmf", **SECURITIES["pmf-required-sha1"]}),
                Bss("sae", {"ssid": "Sae", **SECURITIES["wpa3"]}),
            ),
        ),
        Radio(
            on(G20, 11),
            (
                Bss("eap", {"ssid": "Eap", **SECURITIES["wpa2-eap"]}),
                Bss("ft", {"ssid": "Ft", **SECURITIES["ft-only"]}),
            ),
        ),
        Radio(
            {"hw_mode": "a", "channel": "36", "ieee80211n": "1", "wmm_enabled": "1", "track_sta_max_num": "100",
             "track_sta_max_age": "3600"},
            (Bss("five", {"ssid": "Five", **WPA2}),),
        ),
        Radio(
            on(G20, 8),
            (Bss("hidden", {"ssid": "Hidden", **WPA2, "ignore_broadcast_ssid": "1",
                            "no_probe_resp_if_seen_on": "wlan5"}),),
        ),
    ),
)  # fmt: skip
LOOK_FOR_IT = (
    f"grep -rlaF -f {SECRET} --exclude-dir=lab /run /tmp >{FOUND} 2>/dev/null; "
    f"grep -laF -f {SECRET} /proc/[0-9]*/cmdline /proc/[0-9]*/environ >>{FOUND} 2>/dev/null; "
    f"hostapd_cli -p /run/hostapd -i wlan0 deauthenticate {MAC}"
)
"""The joined station's files and processes are looked through; then the access point sends it away."""
FOR_GOOD = f"hostapd_cli -p /run/hostapd -i wlan0 deny_acl ADD_MAC {SENT_AWAY}"
"""What network access control does that has looked at a station: it is sent away, and refused from then on."""
MOVED = f"hostapd_cli -p /run/hostapd -i wlan0 bss_tm_req {MAC} disassoc_imminent=1 disassoc_timer=5"
PASS = ("pass", None)
BEHIND = ("unknown", "not-joined")
JOINS = (PASS, PASS, PASS)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A join, and what is said of it.

    Attributes:
        after: a shell command, once the station has joined.
    """

    ssid: str
    expected: tuple[tuple[str, str | None], ...]
    passphrase: str = PASSPHRASE
    mac: str = MAC
    device: str = "argon"
    after: str = ""


def refused(status: str, problem: str) -> tuple[tuple[str, str | None], ...]:
    """What is said where the access point does not let the station in."""
    return ((status, problem), BEHIND, BEHIND)


ROWS = {
    "home": Row(ssid="Home", after=LOOK_FOR_IT, expected=(PASS, PASS, ("warn", "sent-away"))),
    "wrong passphrase": Row(ssid="Home", passphrase=WRONG, expected=(PASS, ("fail", "wrong-passphrase"), BEHIND)),
    "sent away for good": Row(ssid="Home", mac=SENT_AWAY, after=FOR_GOOD, expected=(PASS, PASS, ("fail", "sent-away"))),
    "asked to move": Row(ssid="Home", after=MOVED, expected=(PASS, PASS, ("warn", "steered"))),
    "hidden": Row(ssid="Hidden", expected=JOINS),
    "open": Row(ssid="Open", passphrase="", expected=JOINS),
    "full": Row(ssid="Full", expected=refused("fail", "full")),
    "MAC deny list": Row(ssid="Deny", expected=refused("fail", "mac-refused")),
    "MAC accept list": Row(ssid="Strict", expected=refused("fail", "mac-refused")),
    "on the list, 802.11n, 2.4 GHz only": Row(ssid="Strict", mac=LISTED, expected=JOINS),
    "n-only": Row(ssid="Strict", mac=LISTED, device="core", expected=refused("fail", "n-only")),
    "passphrase by VLAN": Row(ssid="Strict", mac=LISTED, passphrase=BY_VLAN, expected=JOINS),
    "steering": Row(ssid="Strict", mac=SEEN, device="photon2", expected=refused("fail", "steered")),
    "steering, before it asks": Row(
        ssid="Hidden", mac=SEEN, device="photon2", expected=refused("unknown", "not-found")
    ),
    "PMF required": Row(ssid="Pmf", expected=refused("unknown", "pmf-predicted")),
    "SAE only": Row(ssid="Sae", expected=refused("unknown", "akm-predicted")),
    "FT only": Row(ssid="Ft", expected=refused("unknown", "akm-predicted")),
    "802.1X": Row(ssid="Eap", expected=refused("unknown", "akm-predicted")),
    "5 GHz only": Row(ssid="Five", expected=refused("unknown", "not-found")),
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
    for name, content in FILES.items():
        radios.guest.write(f"/run/lab/{name}", content)
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
            Asked(interface=interface, ssid=row.ssid, passphrase=row.passphrase, mac=row.mac, device=row.device,
                  after=row.after)
            for row in left.values()
        ]  # fmt: skip
        found |= dict(zip(left, play(radios, *asked), strict=True))
        left = {name: row for name, row in left.items() if was_too_slow(name, found[name])}
        if not left:
            break
    return found


def was_too_slow(name: str, made: Made) -> bool:
    """Whether frames of the access point came too late for the station, so often that one answer is left at most."""
    ended = [attempt.ended for attempt in made.join.attempts] if made.join else []
    told = [end for end in ended if end not in {"no-answer", "not-found", "key-unfinished"}]
    return not is_silent(ROWS[name]) and "joined" not in told and (not told or len(told) == 1 < len(ended))


def is_silent(row: Row) -> bool:
    """Whether the access point's silence is what is expected."""
    return row.expected == refused("unknown", "not-found")


@pytest.mark.parametrize("name", ROWS)
def test_each_cause_is_told_apart(made: dict[str, Made], name: str) -> None:
    join = made[name].join
    assert join is not None
    row = ROWS[name]
    checks = judge_some(JOIN, Observations(join=join), profiles.load(row.device), Selection())

    assert tuple((check.status, check.problem) for check in checks) == row.expected, join
    assert (made[name].entered is not None) is (row.expected[1] == PASS)
    assert {attempt.frequency_mhz for attempt in join.attempts} <= {None, *range(2412, 2463, 5)}


def test_the_access_point_says_the_same(made: dict[str, Made], on_air: OnAir) -> None:
    log = "".join(process.says() for process in on_air.processes)

    assert f"wlan0: EAPOL-4WAY-HS-COMPLETED {MAC}" in log
    assert f"wlan0: AP-STA-POSSIBLE-PSK-MISMATCH {MAC}" in log
    assert f"wlan0: AP-STA-DISCONNECTED {SENT_AWAY}" in log
    assert f"wlan0: BSS-TM-RESP {MAC}" not in log, "a device does not know such a request"
    assert f"wlan6: EAPOL-4WAY-HS-COMPLETED {MAC}" in log
    assert f"wlan0_1: AP-STA-CONNECTED {MAC}" in log
    assert f"wlan2: EAPOL-4WAY-HS-COMPLETED {LISTED}" in log
    for interface in ("wlan1", "wlan1_1", "wlan2", "wlan3", "wlan3_1", "wlan4", "wlan4_1"):
        assert f"{interface}: STA {MAC} IEEE 802.11: associated" not in log
    assert f"wlan2: STA {SEEN} IEEE 802.11: associated" not in log


def test_a_station_without_5_ghz_asks_nobody_there(made: dict[str, Made], radios: Radios) -> None:
    """The access point that steers keeps a list of who has asked on 5 GHz."""
    asked = stations_seen(radios.guest, "wlan5")

    assert SEEN in asked, "a Photon 2 asks there"
    assert not {MAC, LISTED, SENT_AWAY} & set(asked)


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
