"""Whole runs that join, by root's own station and by NetworkManager, and the laptop afterwards, whatever ended them.

The access point's log is the second witness; nmcli, iproute2 and find say what the laptop is.
"""

import contextlib
import json
import logging
import os
import random
import re
from collections.abc import Generator
from functools import partial
from typing import Any, NamedTuple

import pytest

from tests.wifi.access_points import PASSPHRASE
from tests.wifi.at_home import AIR, BESIDE, DENIED, FOUND, SECRET, SUBNETS, AtHome, at_home
from tests.wifi.capture import EVERYTHING
from tests.wifi.laptops import AGAIN, TOOL
from tests.wifi.radios import OnAir, Radios
from tests.wifi.vm import Process

pytestmark = pytest.mark.lab
LOG = logging.getLogger(__name__)
MAC_BEGINS = "94:94:4a"
OTHER_MACS_BEGIN = ("94:94:4b", "94:94:4c", "94:94:4d", "94:94:4e")
USERS = {"radio": "root", "networkmanager": "nobody"}
WAYS = [*USERS]
MOMENTS = {"radio": 1, "networkmanager": 2}
"""How many moments a run of each way is ended at; beside them are three joins by the radio (`test_join.py`), and the
moment at which NetworkManager has just joined. CONTRIBUTING.md has the command for 100."""
ENDS = [(way, number) for way in WAYS for number in range(int(os.environ.get("NETPREFLIGHT_MOMENTS", MOMENTS[way])))]
FRAME = re.compile(r"(\d{4}) MHz .*SA:(\S+) .*(Probe Request|DeAuthentication)")
"""A frame as tcpdump tells it: frequency, sender and kind."""
BACK_S = 60.0
"""The emulator is up to ten times slower than a laptop, which is at home within 30 s."""
SOONEST_S = 1.0
"""No run has ended by itself so soon: a signal that comes too late even then is not sent at all."""
SIGNALS = {
    "end_supplicant": "pkill -KILL -f [a]bstract:netpreflight",
    "interrupt": "kill -INT -$1",
    "end_child": "for child in $(cat /proc/$1/task/$1/children); do "
    "[ $(readlink /proc/$child/ns/net) = $(readlink /proc/$1/ns/net) ] || break; done; "
    "[ $(readlink /proc/$child/ns/net) != $(readlink /proc/$1/ns/net) ] && kill -KILL $child",
    "end_run": "kill -KILL $1",
    "terminate": "kill -TERM $1",
    "end_only_child": "kill -KILL $(cat /proc/$1/task/$1/children)",
}
"""What is sent to whom, in sh; $1 is the run, and -$1 its process group (dash's kill knows no `--`)."""
RUNS = "grep -qs '^State:.[^Z]' /proc/$1/status"
"""Whether the run has not ended, in sh: one that has is there until the guest's agent is asked about it."""
IN_TURN = {
    "radio": ("end_supplicant", "end_child", "terminate", "end_run", "interrupt"),
    "networkmanager": ("end_run", "terminate", "end_only_child", "interrupt"),
}
KEPT = re.compile(
    r"/var/lib/NetworkManager/(timestamps|seen-bssids|internal-[^/]*\.lease)|/run/NetworkManager/devices/\d+"
)
"""The files that NetworkManager writes anew when it joins a network, and those that the report names."""


class Whole(NamedTuple):
    """A run that nobody ended, and what it changed."""

    report: dict[str, Any]
    says: str
    took_s: float
    changed: list[str]
    """The names of files that are new, gone, or written anew."""
    same: bool
    """Whether the laptop is as before."""
    frames: list[str]
    """Probe requests and deauthentications of all radios on all channels, as tcpdump tells them."""

    def probes_5ghz(self, mac: str, *, when_gone: bool = False) -> int:
        """How often a station asked on 5 GHz before it left for good, or also after that."""
        found = [frame for line in self.frames if (frame := FRAME.search(line)) and frame[2] == mac]
        left = [number for number, frame in enumerate(found) if frame[3] != "Probe Request" and not when_gone]
        return sum(5000 < int(frame[1]) < 5925 for frame in found[: left[-1] if left else None])


def words(
    laptop: AtHome, passphrase_file: str, only: str = "join,dhcp", *, ssid: str = "Home", device: str = "argon"
) -> tuple[str, ...]:
    asked = ("--as", "device", "--device", device, "--mac", MAC_BEGINS, "--only", only)
    where = ("--interface", laptop.interface, "--ssid", ssid, "--passphrase-file", passphrase_file)
    return (TOOL, "check", *asked, *where, "--json", "--no-keep")


def joined(laptop: AtHome, mac_begins: str = f" {MAC_BEGINS}") -> int:
    """How often a device has joined so far, or any station."""
    return laptop.access_points.says().count(f": AP-STA-CONNECTED{mac_begins}")


@pytest.fixture(scope="module")
def laptop(radios: Radios) -> Generator[AtHome]:
    with at_home(radios) as there:
        yield there


class Wholes(dict[str, Whole]):
    """A run of each way, made once it is wanted."""

    def __init__(self, laptop: AtHome) -> None:
        super().__init__()
        self._laptop = laptop

    def __missing__(self, way: str) -> Whole:
        for _ in range(AGAIN):
            self[way] = run_whole(self._laptop, USERS[way])
            if any(attempt["ended"] == "joined" for attempt in self[way].report["observations"]["join"]["attempts"]):
                break
        return self[way]


@pytest.fixture(scope="module")
def home(laptop: AtHome) -> list[str]:
    """What the laptop is before any run."""
    return laptop.state()


@pytest.fixture(scope="module")
def whole(laptop: AtHome) -> Wholes:
    return Wholes(laptop)


def run_whole(laptop: AtHome, user: str) -> Whole:
    before, files = laptop.state(), laptop.files()
    laptop.guest.command("ip", "link", "set", EVERYTHING, "up")
    air = laptop.guest.start(
        "tcpdump", "-i", EVERYTHING, "-e", "-n", "-l", "type mgt and (subtype probe-req or subtype deauth)"
    )
    air.wait_for("listening on")
    begun = laptop.guest.uptime_s()
    done = laptop.run(*words(laptop, "-"), user=user, stdin=f"{PASSPHRASE}\n".encode())
    took_s = laptop.guest.uptime_s() - begun
    assert done.output, done
    laptop.guest.wait_until(laptop.is_back, done.stderr, BACK_S)
    air.stop()
    changed = sorted({line.split()[0] for line in files ^ laptop.files()})
    frames = air.says().splitlines()
    return Whole(json.loads(done.stdout), done.stdout + done.stderr, took_s, changed, laptop.state() == before, frames)


@pytest.mark.parametrize("way", WAYS)
def test_a_whole_run_joins_and_the_laptop_is_at_home_again(laptop: AtHome, whole: Wholes, way: str) -> None:
    report = whole[way].report
    checks = {check["id"]: (check["status"], check["problem"]) for check in report["checks"]}
    about, join = report["observations"]["as_device"], report["observations"]["join"]

    assert [checks[name] for name in ("join.auth", "join.key", "join.link")] == [("pass", None)] * 3, join
    assert (about["way"], about["mac"][:8], join["attempts"][-1]["mac"]) == (way, MAC_BEGINS, about["mac"])
    assert f"wlan0: EAPOL-4WAY-HS-COMPLETED {about['mac']}" in laptop.access_points.says()
    assert report["scope"]["addresses"][0].startswith(SUBNETS["home"])
    assert report["scope"]["gateway"] == f"{SUBNETS['home']}.1"
    assert (report["scope"]["ssid"], about["laptop_ssid"]) == ("Home", "Office")
    assert {message["server"] for message in report["observations"]["dhcp"]["received"]} <= {f"{SUBNETS['home']}.1"}
    assert "other-network" not in {problem for _, problem in checks.values()}
    assert whole[way].same
    assert (about["restored_s"] is None) is bool(about["left"]), "on a slow machine it may take longer than a run waits"
    assert PASSPHRASE not in whole[way].says


@pytest.mark.parametrize("way", WAYS)
def test_the_device_asks_on_5_ghz_only_where_the_report_says_so(laptop: AtHome, whole: Wholes, way: str) -> None:
    observed = whole[way].report["observations"]
    probes = whole[way].probes_5ghz(observed["as_device"]["mac"])
    told_s = [observed["join"].get(when) for when in ("scanned_5ghz_s", "unheard_s")]
    LOG.info("%s: %d probe requests on 5 GHz as the device, told: %s", way, probes, told_s)

    assert probes == 0 or told_s != [None, None], "NetworkManager scans again where the emulator is slow"
    own = laptop.guest.command("cat", f"/sys/class/net/{laptop.interface}/address").strip()
    assert whole[way].probes_5ghz(own, when_gone=True), "the laptop itself is seen there"


@pytest.mark.parametrize("way", WAYS)
def test_the_files_that_change_are_those_that_the_report_names(whole: Wholes, way: str) -> None:
    changed = whole[way].changed

    assert any(name.endswith(".lease") for name in changed), "what would change is seen"
    assert [name for name in changed if not KEPT.fullmatch(name)] == []
    assert "lease" in " ".join(whole[way].report["observations"]["as_device"]["kept"])


def test_a_user_whom_polkit_denies_it_is_told_who_may(laptop: AtHome) -> None:
    before, so_far = laptop.state(), joined(laptop, "")
    done = laptop.run(*words(laptop, SECRET), user=DENIED)
    report: dict[str, Any] = json.loads(done.stdout)
    checks = {check["id"]: check for check in report["checks"] if check["status"] != "skip"}
    joins = [checks.pop(name) for name in ("join.auth", "join.key", "join.link")]

    assert (done.exit_code, report["verdict"]) == (3, "undetermined")
    for check in joins:
        assert (check["status"], check["remedy"]) == ("unknown", "Run netpreflight again as root (sudo).")
        assert "does not let this user change the network (polkit: org.freedesktop.NetworkManager." in check["reason"]
    assert {(check["status"], check["due_to"]) for check in checks.values()} == {("unknown", "join.auth")}
    assert joined(laptop, "") == so_far, "neither the device nor this laptop"
    assert laptop.state() == before


def test_a_wrong_passphrase_is_told_by_the_radio(laptop: AtHome) -> None:
    done = laptop.run(*words(laptop, "-", "join"), user="nobody", stdin=b"wrong horse\n")
    report: dict[str, Any] = json.loads(done.stdout)
    checks = {check["id"]: (check["status"], check["problem"]) for check in report["checks"]}
    join = report["observations"]["join"]

    assert [(attempt["ended"], attempt["reason"]) for attempt in join["attempts"]] == [("key-refused", 15)] * 2
    assert (checks["join.auth"], checks["join.key"]) == (("pass", None), ("fail", "wrong-passphrase"))
    assert f"wlan0: AP-STA-POSSIBLE-PSK-MISMATCH {join['attempts'][0]['mac']}" in laptop.access_points.says()


def test_an_access_point_that_steers_is_told_by_networkmanager(laptop: AtHome) -> None:
    """It refuses a station once that has asked on 5 GHz (hostapd's `no_auth_if_seen_on`)."""
    where = ("--device", "photon2", "--interface", laptop.interface, "--ssid", "Steering")
    rest = ("--passphrase-file", SECRET, "--only", "join", "--json", "--no-keep")

    def run(mac_begins: str) -> tuple[dict[str, tuple[str, str | None]], list[dict[str, Any]]]:
        laptop.guest.wait_until(laptop.is_back, "at home", BACK_S)
        done = laptop.run(TOOL, "check", "--as", "device", "--mac", mac_begins, *where, *rest, user="nobody")
        assert done.stdout, done
        report: dict[str, Any] = json.loads(done.stdout)
        checks = {check["id"]: (check["status"], check["problem"]) for check in report["checks"]}
        return checks, report["observations"]["join"]["attempts"]

    for mac_begins in OTHER_MACS_BEGIN:
        healthy, let_in = run(mac_begins)
        mac = let_in[-1]["mac"]
        if healthy["join.auth"] == ("pass", None):
            break
        assert laptop.is_seen_on_5ghz(mac), "NetworkManager has scanned with it, as on a slow laptop"
    assert healthy["join.auth"] == healthy["join.key"] == ("pass", None), let_in
    keys = f"wlan0_2: EAPOL-4WAY-HS-COMPLETED {mac}"
    joins = laptop.access_points.says().count(keys)
    assert joins

    laptop.ask_on_5ghz(mac)
    steered, refused = run(mac_begins)

    assert laptop.access_points.says().count(keys) == joins
    assert {(attempt["mac"], attempt["ended"], attempt["status"]) for attempt in refused} == {(mac, "auth-refused", 82)}
    assert steered["join.auth"] == ("fail", "steered")


@pytest.mark.parametrize(("ssid", "joins"), [("Both", "both-wpa2"), ("Alike", "alike-near")])
def test_networkmanager_is_asked_for_the_strongest_access_point_whose_security_fits(
    radios: Radios, laptop: AtHome, ssid: str, joins: str
) -> None:
    """Of two with the name: the near one has WPA3 only, or both have WPA2."""
    truths = {truth.name: truth for truth in BESIDE.truths() if truth.ssid == ssid}
    near, far = sorted(truths.values(), key=lambda truth: truth.signal_dbm, reverse=True)
    asked = words(laptop, "-", "wifi,join", ssid=ssid, device="photon")
    with OnAir(radios, BESIDE, since=len(AIR.radios)) as beside:
        for _ in range(AGAIN):
            done = laptop.run(*asked, user=USERS["networkmanager"], stdin=f"{PASSPHRASE}\n".encode())
            laptop.guest.wait_until(laptop.is_back, done.stderr, BACK_S)
            observed = json.loads(done.stdout)["observations"]
            if any(attempt["ended"] == "joined" for attempt in observed["join"]["attempts"]):
                break
        log = beside.processes[0].says()
    checks = {check["id"]: check["status"] for check in json.loads(done.stdout)["checks"]}
    heard = {bss["bssid"]: bss["signal_dbm"] for bss in observed["wifi"]["bss"] if bss["ssid"] == ssid}
    asked_for = {attempt["bssid"] for attempt in observed["join"]["attempts"]}

    assert heard[near.bssid] > heard[far.bssid], "the survey heard both"
    assert asked_for == {truths[joins].bssid}, observed["join"]
    assert [checks[name] for name in ("join.auth", "join.key", "join.link")] == ["pass"] * 3, observed["join"]
    assert f"AP-STA-CONNECTED {observed['as_device']['mac']}" in log


def test_what_the_laptops_own_network_answers_counts_for_no_device_that_was_sent_away(laptop: AtHome) -> None:
    """NetworkManager takes the laptop back to its own network meanwhile. A run that nobody sends away is above."""
    so_far, report_file = joined(laptop), "/tmp/nobody/sent-away.json"
    process = laptop.start("sh", "-c", f'exec "$@" >{report_file}', "sh", *words(laptop, SECRET), user="nobody")
    laptop.guest.wait_until(lambda: joined(laptop) > so_far, process.says, 300)
    mac = re.findall(rf"AP-STA-CONNECTED ({MAC_BEGINS}\S+)", laptop.access_points.says())[-1]
    control = ("hostapd_cli", "-p", "/run/hostapd", "-i", "wlan0", "deny_acl")
    laptop.guest.command(*control, "ADD_MAC", mac)
    try:
        laptop.guest.wait_until(lambda: not process.alive() and laptop.is_back(), process.says, 180)
    finally:
        laptop.guest.command(*control, "DEL_MAC", mac)
    report: dict[str, Any] = json.loads(laptop.guest.read(report_file))
    checks = {check["id"]: (check["status"], check["problem"]) for check in report["checks"]}
    join = report["observations"]["join"]

    assert f"wlan0: AP-STA-DISCONNECTED {mac}" in laptop.access_points.says(), "the fault"
    assert join["attempts"][-1]["ended"] == "joined"
    assert (join["link"], join["end_bssid"]) == ("gone", None)
    assert checks["join.link"][0] in {"fail", "unknown"}, join
    assert {status for name, (status, _) in checks.items() if name.startswith("dhcp")} <= {"unknown", "skip"}
    assert report["verdict"] != "compatible"


@contextlib.contextmanager
def set_to(laptop: AtHome, **settings: str) -> Generator[None]:
    """The laptop's own connection with other settings, and at the end with NetworkManager's defaults, and at home."""
    names = {f"connection.{key.replace('_', '-')}": value for key, value in settings.items()}
    change = ("nmcli", "connection", "modify", "office")
    laptop.guest.command(*change, *(word for pair in names.items() for word in pair), timeout_s=90)
    try:
        yield
    finally:
        laptop.guest.command(*change, *(word for name in names for word in (name, "")), timeout_s=90)
        take_home(laptop)


def take_home(laptop: AtHome) -> None:
    """Let the laptop join its own network where NetworkManager does not do that by itself."""
    if not laptop.is_back():
        laptop.run("nmcli", "connection", "up", "office")
    laptop.guest.wait_until(laptop.is_back, laptop.manager.says, BACK_S)


@pytest.mark.parametrize("way", WAYS)
def test_a_laptop_that_networkmanager_would_not_take_back_is_left_alone(
    laptop: AtHome, home: list[str], way: str
) -> None:
    so_far = joined(laptop, "")
    with set_to(laptop, autoconnect="no"):
        done = laptop.run(*words(laptop, SECRET), user=USERS[way])

        assert (done.exit_code, done.stdout) == (2, "")
        assert "NetworkManager does not join 'office' again by itself: its automatic connection is off." in done.stderr
        assert "--force" in done.stderr
        assert laptop.state() == home
    assert joined(laptop, "") == so_far, "neither the device nor this laptop"


def test_it_stays_away_where_that_risk_is_taken(laptop: AtHome, home: list[str]) -> None:
    with set_to(laptop, autoconnect="no"):
        for _ in range(AGAIN):
            take_home(laptop)
            done = laptop.run(*words(laptop, SECRET), "--force", user=USERS["networkmanager"])
            observed = json.loads(done.stdout)["observations"]
            if observed["join"]["attempts"]:  # else the survey missed the network, and nothing was left for it
                break
        about = observed["as_device"]

        assert not laptop.is_back(), "what was refused is true"
        assert about["restored_s"] is None
        assert any("has lost its address" in line for line in about["left"]), about
    assert laptop.state() == home


@pytest.mark.parametrize(("priority", "takes_back"), [("1", False), ("0", True)])
def test_the_laptop_goes_back_to_its_own_network_of_two_that_are_saved(
    laptop: AtHome, home: list[str], priority: str, *, takes_back: bool
) -> None:
    other = ("type", "wifi", "ifname", laptop.interface, "con-name", "other", "ssid", "Home", "ipv6.method", "disabled")
    secret = ("wifi-sec.key-mgmt", "wpa-psk", "wifi-sec.psk", PASSPHRASE)
    first = ("connection.autoconnect-priority", priority)
    laptop.guest.command("nmcli", "connection", "add", *other, *secret, *first, timeout_s=90)
    try:
        done = laptop.run(*words(laptop, SECRET), user=USERS["networkmanager"])
        laptop.guest.wait_until(laptop.is_back, done.stderr, BACK_S)

        assert (done.exit_code == 2) is not takes_back
        assert ("NetworkManager prefers 'other' to 'office'" in done.stderr) is not takes_back
        assert laptop.state() == home
    finally:
        laptop.guest.command("nmcli", "connection", "delete", "other", timeout_s=90)


def is_over(until: float, process: Process) -> bool:
    return process.guest.uptime_s() > until or not process.alive()


def end(laptop: AtHome, process: Process, how: str, home: list[str]) -> tuple[bool, float]:
    """End a run, and see the laptop as before: whether it had not ended by itself, and the seconds until it is home.

    A process that is not there yet is waited for.
    """
    script = f"until {{ {RUNS} && {SIGNALS[how]}; }} 2>/dev/null; do {RUNS} || exit 1; sleep 0.1; done"
    has_fired = laptop.run("sh", "-c", script, "sh", str(process.pid)).exit_code == 0
    begun = laptop.guest.uptime_s()
    laptop.guest.wait_until(
        lambda: not process.alive() and laptop.is_back(),
        lambda: f"{how}: {process.says()[-2000:]}\n{laptop.manager.says()[-4000:]}",
        BACK_S,
    )
    back_s = laptop.guest.uptime_s() - begun
    laptop.guest.wait_until(lambda: laptop.state() == home, lambda: f"{how}: {laptop.state()} is not {home}", BACK_S)
    assert "Traceback" not in process.says(), process.says()
    assert PASSPHRASE not in process.says()
    return has_fired, back_s


def test_the_passphrase_of_a_joined_run_is_nowhere(laptop: AtHome, home: list[str]) -> None:
    laptop.guest.wait_until(laptop.is_back, "at home", BACK_S)
    joins = joined(laptop)
    process = laptop.start(*words(laptop, SECRET), user=USERS["networkmanager"])
    laptop.guest.wait_until(lambda: joined(laptop) > joins, process.says, 300)
    looked = laptop.run(
        "sh", "-c", f"grep -rlaF -f {SECRET} --exclude-dir=lab /run /tmp >{FOUND} 2>/dev/null; "
        f"grep -laF -f {SECRET} /proc/[0-9]*/cmdline /proc/[0-9]*/environ >>{FOUND} 2>/dev/null; "
        f"kill -0 {process.pid}",
    )  # fmt: skip
    has_fired, _ = end(laptop, process, "end_run", home)

    assert has_fired
    assert looked.exit_code == 0, "the run was there meanwhile"
    assert laptop.guest.read(FOUND) == b""
    assert laptop.run("grep", "-rlaF", "-f", SECRET, "/run/lab").exit_code == 0, "it would be found"


@pytest.mark.parametrize(("way", "number"), ENDS)
def test_the_laptop_is_at_home_again_whenever_a_run_ends(
    laptop: AtHome, home: list[str], whole: Wholes, way: str, number: int
) -> None:
    took_s = whole[way].took_s
    laptop.guest.wait_until(laptop.is_back, "at home", BACK_S)
    files = laptop.files()
    how = IN_TURN[way][number % len(IN_TURN[way])]
    at_s = random.Random(f"{way} {number} 19").uniform(0.05, 1) * took_s
    has_fired = False
    while not has_fired:
        process = laptop.start(*words(laptop, SECRET), user=USERS[way])
        until = laptop.guest.uptime_s() + at_s
        laptop.guest.wait_until(partial(is_over, until, process), "the moment", at_s + BACK_S)
        has_fired, back_s = end(laptop, process, how, home)
        LOG.info("%s, %s at %.1f s (%s): home after %.1f s", way, how, at_s, "ended" if has_fired else "over", back_s)
        at_s /= 2  # it had ended before
        assert has_fired or at_s > SOONEST_S, process.says()
    changed = {line.split()[0] for line in files ^ laptop.files()}

    assert [name for name in changed if not KEPT.fullmatch(name)] == []
