"""Whole runs that join, by root's own station and by NetworkManager, and the laptop afterwards, whatever ended them.

The access point's log is the second witness; nmcli, iproute2 and find say what the laptop is.
"""

import json
import logging
import os
import random
import re
import time
from collections.abc import Generator
from functools import partial
from typing import Any, NamedTuple

import pytest

from tests.wifi.access_points import PASSPHRASE
from tests.wifi.at_home import DENIED, FOUND, SECRET, SUBNETS, AtHome, at_home
from tests.wifi.laptops import TOOL
from tests.wifi.radios import Radios
from tests.wifi.vm import Process, wait_until

pytestmark = pytest.mark.lab
LOG = logging.getLogger(__name__)
MAC_BEGINS = "94:94:4a"
USERS = {"radio": "root", "networkmanager": "nobody"}
WAYS = [*USERS]
MOMENTS = {"radio": 1, "networkmanager": 2}
"""How many moments a run of each way is ended at; beside them are three joins by the radio (`test_join.py`), and the
moment at which NetworkManager has just joined. CONTRIBUTING.md has the command for 100."""
ENDS = [(way, number) for way in WAYS for number in range(int(os.environ.get("NETPREFLIGHT_MOMENTS", MOMENTS[way])))]
AGAIN = 3
"""So often a run is made where the emulator was too slow for its join: no frame of the access point came in time."""
BACK_S = 60.0
"""The emulator is up to ten times slower than a laptop, which is at home within 30 s."""
SIGNALS = {
    "end_supplicant": "pkill -KILL -f [a]bstract:netpreflight",
    "interrupt": "kill -INT -- -$1",
    "end_child": "for child in $(cat /proc/$1/task/$1/children); do "
    "[ $(readlink /proc/$child/ns/net) = $(readlink /proc/$1/ns/net) ] || break; done; "
    "[ $(readlink /proc/$child/ns/net) != $(readlink /proc/$1/ns/net) ] && kill -KILL $child",
    "end_run": "kill -KILL $1",
    "terminate": "kill -TERM $1",
    "end_only_child": "kill -KILL $(cat /proc/$1/task/$1/children)",
}
"""What is sent to whom, in sh; $1 is the run."""
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


def words(laptop: AtHome, passphrase_file: str, only: str = "join,dhcp") -> tuple[str, ...]:
    asked = ("--as", "device", "--device", "argon", "--mac", MAC_BEGINS, "--only", only)
    where = ("--interface", laptop.interface, "--ssid", "Home", "--passphrase-file", passphrase_file)
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
    begun = time.monotonic()
    done = laptop.run(*words(laptop, "-"), user=user, stdin=f"{PASSPHRASE}\n".encode())
    took_s = time.monotonic() - begun
    assert done.output, done
    wait_until(laptop.is_back, done.stderr, BACK_S)
    changed = sorted({line.split()[0] for line in files ^ laptop.files()})
    return Whole(json.loads(done.stdout), done.stdout + done.stderr, took_s, changed, laptop.state() == before)


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
    assert whole[way].same
    assert (about["restored_s"] is None) is bool(about["left"]), "on a slow machine it may take longer than a run waits"
    assert PASSPHRASE not in whole[way].says


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


def is_over(until: float, process: Process) -> bool:
    return time.monotonic() > until or not process.alive()


def end(laptop: AtHome, process: Process, how: str, home: list[str]) -> tuple[bool, float]:
    """End a run, and see the laptop as before: whether it had not ended by itself, and the seconds until it is home.

    A process that is not there yet is waited for.
    """
    script = f"until {{ {SIGNALS[how]}; }} 2>/dev/null; do kill -0 $1 || exit 1; sleep 0.1; done"
    has_fired = laptop.run("sh", "-c", script, "sh", str(process.pid)).exit_code == 0
    begun = time.monotonic()
    wait_until(lambda: not process.alive() and laptop.is_back(), lambda: f"{how}: {process.says()[-2000:]}", BACK_S)
    back_s = time.monotonic() - begun
    wait_until(lambda: laptop.state() == home, lambda: f"{how}: {laptop.state()} is not {home}", BACK_S)
    assert "Traceback" not in process.says(), process.says()
    assert PASSPHRASE not in process.says()
    return has_fired, back_s


def test_the_passphrase_of_a_joined_run_is_nowhere(laptop: AtHome, home: list[str]) -> None:
    wait_until(laptop.is_back, "at home", BACK_S)
    joins = joined(laptop)
    process = laptop.start(*words(laptop, SECRET), user=USERS["networkmanager"])
    wait_until(lambda: joined(laptop) > joins, process.says, 300)
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
    wait_until(laptop.is_back, "at home", BACK_S)
    files = laptop.files()
    how = IN_TURN[way][number % len(IN_TURN[way])]
    at_s = random.Random(f"{way} {number} 19").uniform(0.05, 1) * took_s
    has_fired = False
    while not has_fired:
        process = laptop.start(*words(laptop, SECRET), user=USERS[way])
        until = time.monotonic() + at_s
        wait_until(partial(is_over, until, process), "the moment", at_s + BACK_S)
        has_fired, back_s = end(laptop, process, how, home)
        LOG.info("%s, %s at %.1f s (%s): home after %.1f s", way, how, at_s, "ended" if has_fired else "over", back_s)
        at_s /= 2  # it had ended before
    changed = {line.split()[0] for line in files ^ laptop.files()}

    assert [name for name in changed if not KEPT.fullmatch(name)] == []
