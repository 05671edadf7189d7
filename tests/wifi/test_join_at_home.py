"""Whole runs that join, by root's own station and by NetworkManager, and the laptop afterwards.

The access point's log is the second witness; nmcli, iproute2 and find say what the laptop is.
"""

import json
import re
import time
from collections.abc import Generator
from typing import Any, NamedTuple

import pytest

from tests.wifi.access_points import PASSPHRASE
from tests.wifi.at_home import DENIED, SECRET, SUBNETS, AtHome, at_home
from tests.wifi.laptops import TOOL
from tests.wifi.radios import Radios
from tests.wifi.vm import wait_until

pytestmark = pytest.mark.lab
MAC_BEGINS = "94:94:4a"
AGAIN = 3
"""So often a run is made where the emulator was too slow for its join, or for the way back within 30 s."""
USERS = {"radio": "root", "networkmanager": "nobody"}
WAYS = [*USERS]
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


def words(laptop: AtHome, passphrase_file: str) -> tuple[str, ...]:
    asked = ("--as", "device", "--device", "argon", "--mac", MAC_BEGINS, "--only", "join,dhcp")
    where = ("--interface", laptop.interface, "--ssid", "Home", "--passphrase-file", passphrase_file)
    return (TOOL, "check", *asked, *where, "--json", "--no-keep")


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
            wait_until(self._laptop.is_back, "at home", 90)
            self[way] = run_whole(self._laptop, USERS[way])
            seen = self[way].report["observations"]
            ended = [attempt["ended"] for attempt in seen["join"]["attempts"]]
            if "joined" in ended and not seen["as_device"]["left"]:
                break
        return self[way]


@pytest.fixture(scope="module")
def whole(laptop: AtHome) -> Wholes:
    return Wholes(laptop)


def run_whole(laptop: AtHome, user: str) -> Whole:
    before, files = laptop.state(), laptop.files()
    begun = time.monotonic()
    done = laptop.run(*words(laptop, "-"), user=user, stdin=f"{PASSPHRASE}\n".encode())
    took_s = time.monotonic() - begun
    assert done.output, done
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
    assert (about["left"], whole[way].same) == ([], True)
    assert about["restored_s"] is not None
    assert PASSPHRASE not in whole[way].says


@pytest.mark.parametrize("way", WAYS)
def test_the_files_that_change_are_those_that_the_report_names(whole: Wholes, way: str) -> None:
    changed = whole[way].changed

    assert any(name.endswith(".lease") for name in changed), "what would change is seen"
    assert [name for name in changed if not KEPT.fullmatch(name)] == []
    assert "lease" in " ".join(whole[way].report["observations"]["as_device"]["kept"])


def test_a_user_whom_polkit_denies_it_is_told_who_may(laptop: AtHome) -> None:
    before, begun = laptop.state(), laptop.access_points.says()
    done = laptop.run(*words(laptop, SECRET), user=DENIED)
    report: dict[str, Any] = json.loads(done.stdout)
    checks = {check["id"]: check for check in report["checks"] if check["status"] != "skip"}
    joins = [checks.pop(name) for name in ("join.auth", "join.key", "join.link")]

    assert (done.exit_code, report["verdict"]) == (3, "undetermined")
    for check in joins:
        assert (check["status"], check["remedy"]) == ("unknown", "Run netpreflight again as root (sudo).")
        assert "does not let this user change the network (polkit: org.freedesktop.NetworkManager." in check["reason"]
    assert {(check["status"], check["due_to"]) for check in checks.values()} == {("unknown", "join.auth")}
    assert laptop.access_points.says() == begun, "nobody joined, and nobody left"
    assert laptop.state() == before
