"""What netpreflight makes of the laptops on which it is run; other people's tools show that each is what it claims."""

import json
import signal
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import pytest

from tests.wifi import iw
from tests.wifi.access_points import G20, SHORT, Air, Radio, on, wpa2
from tests.wifi.expectations import CHECKS
from tests.wifi.laptops import (
    AGAIN,
    CONTROL,
    TOOL,
    User,
    plain,
    with_blocked_radio,
    with_network_manager,
    with_stale_results,
    with_wpa_supplicant,
    without_radio,
)
from tests.wifi.radios import INTERFACE, LAPTOP, OnAir, Radios
from tests.wifi.surveys import Report, found, said

pytestmark = pytest.mark.lab
SSID = "Customer-WiFi"
INTERRUPTED = 130
AIR = Air("laptops", SHORT, (Radio(on(G20, 6), wpa2("near", SSID)),))
TRIGGER = ("iw", "dev", INTERFACE, "scan", "trigger", "freq", "2437")
DUMP = ("iw", "dev", INTERFACE, "scan", "dump")


@pytest.fixture(scope="module")
def on_air(radios: Radios) -> Generator[OnAir]:
    """One access point."""
    with OnAir(radios, AIR) as running:
        yield running


def names(user: User) -> list[str]:
    return [entry["ssid"] for entry in iw.parse(user.run(*DUMP).stdout)]


def look(user: User) -> Report:
    """What netpreflight says of the access point."""
    return said(user.check("--only", "wifi", "--ssid", SSID))


def survey(report: Report) -> dict[str, Any]:
    seen: dict[str, Any] = report["observations"]["wifi"]
    return seen


def assert_seen(report: Report, source: str) -> None:
    """Everything was looked at, by a scan of this run."""
    seen = survey(report)
    assert (seen["source"], seen["triggered"], seen["interface"]) == (source, True, INTERFACE), seen["limits"]
    heard = [(bss["ssid"], bss["channel"], bss["width_mhz"], bss["security"]) for bss in seen["bss"]]
    assert heard == [(SSID, 6, 20, ["wpa2-psk"])], [(bss["bssid"], bss["age_s"]) for bss in seen["bss"]]
    assert found(report["checks"]) == dict.fromkeys(CHECKS, ("pass", None))
    assert report["verdict"] == "compatible"


def assert_unseen(report: Report, problem: str, *words: str) -> None:
    """Nothing could be looked at: that is said with its reason, and no network is called absent."""
    assert survey(report)["bss"] == []
    assert found(report["checks"]) == dict.fromkeys(CHECKS, ("unknown", problem))
    assert report["verdict"] == "undetermined"
    for check in report["checks"]:
        if check["id"].startswith("wifi."):
            assert check["remedy"]
    assert_reason(report, *words)


def assert_stale(report: Report, *words: str) -> None:
    """Only what was heard at some time is known, and why no more."""
    assert survey(report)["triggered"] is False
    assert found(report["checks"])["wifi.band"] == ("unknown", "stale-result")
    assert_reason(report, *words)


def assert_reason(report: Report, *words: str) -> None:
    """The reason and the step that settles it say so."""
    (spoken,) = (f"{row['reason']} {row['remedy']}".lower() for row in report["checks"] if row["id"] == "wifi.band")
    assert [word for word in words if word.lower() not in spoken] == [], spoken


def test_renamed_access_point_has_its_new_name_only(radios: Radios) -> None:
    before = Air("before", SHORT, (Radio(on(G20, 6), wpa2("near", "Old-WiFi")),))
    with OnAir(radios, before):
        radios.laptop.scan([2437])
    with OnAir(radios, AIR):
        radios.laptop.scan([2437], flush=False)
        assert set(names(User(radios))) == {"Old-WiFi", SSID}  # the kernel remembers
        assert_seen(look(User(radios)), "nl80211")


def test_root_scans(radios: Radios, on_air: OnAir) -> None:
    with plain(radios, root=True) as user:
        report = look(user)

    assert_seen(report, "nl80211")
    assert (report["scope"]["privileges"]["given_up"], report["scope"]["privileges"]["kept"]) == (True, [])


def test_root_scans_beside_network_manager(radios: Radios, on_air: OnAir) -> None:
    """Root's rights are given up before: one that does not let ordinary users scan makes no difference."""
    with with_network_manager(radios, root=True, scan_allowed=False) as user:
        report = look(user)

    assert_seen(report, "nl80211")
    assert report["scope"]["privileges"]["given_up"] is True


def test_root_scans_beside_a_wpa_supplicant_that_only_root_may_ask(radios: Radios, on_air: OnAir) -> None:
    with with_wpa_supplicant(radios, root=True, reachable=False) as user:
        report = look(user)

    assert_seen(report, "nl80211")
    assert report["scope"]["privileges"]["given_up"] is True


def test_survey_that_is_cut_short_leaves_the_radio_as_it_was(radios: Radios, on_air: OnAir) -> None:
    before = radios.laptop.command("ip", "-d", "link", "show", INTERFACE)
    scans = radios.laptop.events("scan started")
    running = radios.guest.start(
        "ip", "netns", "exec", LAPTOP, TOOL, "check", "--only", "wifi", "--ssid", SSID, "--debug"
    )
    running.wait_for("begin for=wifi", 60)
    radios.guest.wait_until(lambda: radios.laptop.events("scan started") > scans, running.says)
    exit_code = running.stop(signal.SIGINT)

    assert exit_code == INTERRUPTED, running.says()
    assert "cut short" in running.says()
    assert "Traceback" not in running.says()
    assert radios.laptop.command("ip", "-d", "link", "show", INTERFACE) == before
    assert_seen(look(User(radios)), "nl80211")


def test_ordinary_user_has_the_last_results_only(radios: Radios, on_air: OnAir) -> None:
    with with_stale_results(radios, [2437], age_s=5) as user:
        refused = user.run(*TRIGGER)
        assert refused.exit_code != 0
        assert "Operation not permitted" in refused.stderr
        report = look(user)

    seen = survey(report)
    assert (seen["source"], seen["triggered"]) == ("nl80211", False)
    assert [bss["ssid"] for bss in seen["bss"]] == [SSID]
    assert seen["bss"][0]["age_s"] >= 5
    assert report["verdict"] == "undetermined"
    assert_stale(report)


def test_ordinary_user_without_results_has_seen_nothing(radios: Radios, on_air: OnAir) -> None:
    radios.laptop.scan([5825])  # and forget all else
    assert names(User(radios)) == []
    with plain(radios, root=False) as user:
        assert_unseen(look(user), "nothing-heard", "ordinary user", "NetworkManager")


def test_ordinary_user_asks_network_manager(radios: Radios, on_air: OnAir) -> None:
    with with_network_manager(radios) as user:
        asked = user.run("nmcli", "device", "wifi", "rescan")
        assert asked.exit_code == 0, asked
        assert user.run(*TRIGGER).exit_code != 0
        assert_seen(look(user), "nl80211")


def test_network_manager_may_refuse(radios: Radios, on_air: OnAir) -> None:
    with with_network_manager(radios, scan_allowed=False) as user:
        asked = user.run("nmcli", "device", "wifi", "rescan")
        assert asked.exit_code != 0
        assert "not authorized" in asked.stderr.lower()
        report = look(user)

    assert_stale(report, "NetworkManager")


def test_ordinary_user_asks_wpa_supplicant(radios: Radios, on_air: OnAir) -> None:
    with with_wpa_supplicant(radios) as user:
        assert "PONG" in user.run("wpa_cli", "-p", CONTROL, "-i", INTERFACE, "ping").stdout
        assert user.run(*TRIGGER).exit_code != 0
        assert_seen(look(user), "wpa_supplicant")


def test_wpa_supplicant_may_be_out_of_reach(radios: Radios, on_air: OnAir) -> None:
    for _ in range(AGAIN):
        with with_wpa_supplicant(radios, reachable=False) as user:
            radios.laptop.scan([2437])
            assert "PONG" not in user.run("wpa_cli", "-p", CONTROL, "-i", INTERFACE, "ping").stdout
            report = look(user)
        if survey(report)["bss"]:
            break  # else the emulator was slower than the 30 s after which the kernel forgets its results

    assert_stale(report, "wpa_supplicant")


def test_blocked_radio_cannot_look(radios: Radios, on_air: OnAir) -> None:
    with with_blocked_radio(radios) as user:
        refused = user.run(*TRIGGER)
        assert refused.exit_code != 0
        assert "Network is down" in refused.stderr
        assert "Soft blocked: yes" in user.run("rfkill", "list").stdout
        assert_unseen(look(user), "no-source", "rfkill unblock wifi")
        assert_unseen(look(User(radios, root=False)), "no-source", "rfkill unblock wifi")
    with plain(radios, root=True) as user:
        radios.laptop.scan([2437])
        assert names(user) == [SSID]


def test_laptop_without_radio_cannot_look(radios: Radios, on_air: OnAir) -> None:
    with without_radio(radios) as user:
        assert user.run("iw", "dev").stdout == ""
        assert user.run("ls", "/sys/class/ieee80211").stdout == ""
        assert_unseen(look(user), "no-source", "no Wi-Fi radio")
    assert radios.laptop.has_radio


def test_access_point_that_has_gone_is_not_on_the_air(radios: Radios, on_air: OnAir) -> None:
    on_air.stop()  # for good: the tests below need none
    for _ in range(AGAIN):
        with OnAir(radios, AIR) as goes, with_stale_results(radios, [2437], age_s=2) as user:
            goes.stop()
            (left,) = iw.parse(user.run(*DUMP).stdout)
            assert left["ssid"] == SSID
            assert left["age_s"] >= 2
            of_user = look(user)
            if is_remembered := names(user) == [SSID]:
                break
    assert is_remembered, "in the emulator a run may take longer than the kernel's 30 s"
    of_root = look(User(radios))

    assert found(of_user["checks"])["wifi.band"] == ("unknown", "stale-result")
    # Root's scan does not hear it, whatever the kernel still remembers; a scan that hears nothing at all is no proof.
    assert survey(of_root)["bss"] == []
    assert found(of_root["checks"]) == dict.fromkeys(CHECKS, ("unknown", "nothing-heard"))


REFUSING = partial(with_network_manager, scan_allowed=False)
SCANS_BY_ITSELF = (with_network_manager, REFUSING)
"""NetworkManager scans when it begins, unasked; a unit test sees that it is not asked to."""
LAPTOPS: dict[str, tuple[Callable[[Radios], AbstractContextManager[User]], str]] = {
    "root": (partial(plain, root=True), "yes"),
    "user": (partial(plain, root=False), "limited"),
    "user-with-network-manager": (with_network_manager, "limited"),
    "user-whom-network-manager-refuses": (REFUSING, "limited"),
    "user-with-wpa-supplicant": (with_wpa_supplicant, "yes"),
    "user-without-wpa-supplicant": (partial(with_wpa_supplicant, reachable=False), "limited"),
    "blocked": (with_blocked_radio, "no"),
    "blocked-user": (partial(with_blocked_radio, root=False), "no"),
    "no-radio": (without_radio, "no"),
}


@pytest.mark.parametrize(("laptop", "state"), LAPTOPS.values(), ids=LAPTOPS)
def test_the_doctor_says_what_a_run_then_does_and_scans_nothing(
    radios: Radios, on_air: OnAir, laptop: Callable[[Radios], AbstractContextManager[User]], state: str
) -> None:
    with laptop(radios) as user:
        scans = radios.laptop.events("scan started")
        done = user.run(TOOL, "doctor", "--json")
        if laptop not in SCANS_BY_ITSELF:
            assert radios.laptop.events("scan started") == scans
        said = {ability["id"]: ability for ability in json.loads(done.stdout)["abilities"]}
        seen = survey(look(user))

    assert said["wifi-scan"]["state"] == state, said["wifi-scan"]
    assert (state == "no") is (seen["source"] is None)
    assert said["wifi-scan"]["unlock"] == (None if state == "yes" else seen["unlocked_by"])
    if not seen["triggered"]:
        told = said["wifi-scan"]["why"]
        assert [limit for limit in seen["limits"] if limit not in told and "last results" not in limit] == []
    assert said["monitor-mode"]["state"] == ("no" if state == "no" else "limited")
    assert done.exit_code == 3, "of the cable nothing is there"
