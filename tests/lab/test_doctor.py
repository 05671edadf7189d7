"""`netpreflight doctor` on a network: it contacts nobody, and what it says is what a run then does."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netpreflight.agent.judging.unseen import CONNECT
from tests.lab import tunnel
from tests.lab.lab import NOBODY, READABLE, Lab

pytestmark = pytest.mark.lab

TOOL = str(Path(sys.executable).with_name("netpreflight"))
AFTER_DHCP = ("ntp", "portal", "coap", "cloud")
Abilities = dict[str, dict[str, Any]]


def doctor(lab: Lab, user: int | None = None, **environment: str) -> Abilities:
    """What it says, by ability; the witness saw nothing leave the laptop."""
    lab.watch()
    done = lab.laptop.run(TOOL, "doctor", "--json", user=user, env=environment, readable=READABLE)
    lab.end_watch()
    said = json.loads(done.stdout)
    found = {ability["id"]: ability for ability in said["abilities"]}

    assert done.stderr == ""
    assert said["schema"] == "netpreflight-doctor/1"
    assert done.returncode == (3 if "no" in {ability["state"] for ability in said["abilities"]} else 0)
    assert lab.seen is not None
    assert lab.seen.sent == []
    return found


def seen_by_a_run(lab: Lab, user: int | None = None) -> dict[str, Any]:
    """The report of a run right after, with this laptop's own air."""
    report: dict[str, Any] = json.loads(lab.check("--skip", "vendor-status", user=user).stdout)
    return report


def in_sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def agrees_on_the_network(said: Abilities, report: dict[str, Any]) -> None:
    """Where the doctor says that the network is missing, no probe of it ran, for this reason; else all ran."""
    for probe in AFTER_DHCP:
        observed = report["observations"][probe]
        if said["network"]["state"] == "yes":
            assert observed["not_run"] is None
        else:
            assert in_sentence(observed["not_run"]) == said["network"]["why"]
            assert (observed["unlocked_by"] or CONNECT) == said["network"]["unlock"]


def agrees_on_dhcp(said: Abilities, report: dict[str, Any]) -> None:
    """Where the doctor says that there is no exchange, there was none, for this reason and with this step."""
    observed = report["observations"]["dhcp"]
    reason = observed["not_run"] or observed["exchange_denied"]
    if said["dhcp-exchange"]["state"] == "yes":
        assert reason is None
        assert {check["status"] for check in report["checks"] if check["id"] in said["dhcp-exchange"]["checks"]} == {
            "pass"
        }
        return
    assert said["dhcp-exchange"]["why"].startswith(in_sentence(reason))
    assert said["dhcp-exchange"]["unlock"] == (observed["unlocked_by"] or CONNECT)
    for check in report["checks"]:
        if check["id"] in said["dhcp-exchange"]["checks"]:
            assert check["status"] in {"unknown", "warn"}, check


@pytest.mark.parametrize("user", [None, NOBODY], ids=["root", "nobody"])
def test_what_it_says_is_what_a_run_then_does(user: int | None) -> None:
    with Lab() as lab:
        said = doctor(lab, user)
        report = seen_by_a_run(lab, user)
        assert lab.seen is not None
        assert lab.seen.sent, "the same witness sees what a run sends"

    assert said["raw-sockets"]["state"] == said["dhcp-exchange"]["state"] == ("yes" if user is None else "no")
    assert said["network"]["state"] == "yes"
    assert report["scope"]["privileges"]["raw_sockets"] is (user is None)
    assert said["own-resolver"]["state"] == ("yes" if user is None else "limited")
    assert said["own-firewall"]["state"] == ("yes" if user is None else "limited")
    agrees_on_the_network(said, report)
    agrees_on_dhcp(said, report)


@pytest.mark.parametrize("user", [None, NOBODY], ids=["root", "nobody"])
def test_what_it_says_of_the_air_is_what_a_run_says(user: int | None) -> None:
    with Lab() as lab:
        said = doctor(lab, user)["wifi-scan"]
        air = json.loads(lab.check("--only", "wifi", user=user).stdout)["observations"]["wifi"]

    assert air["source"] is None, "a namespace has no radio"
    assert (said["state"], said["why"], said["unlock"]) == ("no", ". ".join(air["limits"]), air["unlocked_by"])


def down(lab: Lab) -> None:
    lab.laptop.ip("link set eth0 down")


def without_address(lab: Lab) -> None:
    lab.laptop.ip("address flush dev eth0")


def without_route(lab: Lab) -> None:
    lab.laptop.ip("route del default")


def by_vpn(lab: Lab) -> None:
    tunnel.join(lab.reactor, lab.laptop, lab.gateway.where, "tun0")
    lab.laptop.ip("link set tun0 up")
    lab.laptop.ip("address add 10.77.0.2/24 dev tun0")
    lab.laptop.ip("route del default")
    lab.laptop.ip("route add default dev tun0")


@pytest.mark.parametrize("take", [down, without_address, without_route, by_vpn], ids=lambda take: take.__name__)
def test_a_network_that_is_taken_away_is_missing_for_both(take: Callable[[Lab], None]) -> None:
    with Lab(dns="real") as lab:
        assert doctor(lab)["network"]["state"] == "yes"
        take(lab)
        said = doctor(lab)
        report = seen_by_a_run(lab)

    assert said["network"]["state"] == "no"
    assert said["vpn"]["state"] == ("no" if take is by_vpn else "yes")
    agrees_on_the_network(said, report)
    if take is down:
        agrees_on_dhcp(said, report)


def test_a_firewall_of_the_laptop_is_seen() -> None:
    with Lab() as lab:
        lab.laptop.nft("table inet own { chain arriving { type filter hook input priority 0; policy drop; }; }")
        said = doctor(lab)["own-firewall"]
        lab.laptop.nft("delete table inet own")
        lab.laptop.nft("table inet own { chain leaving { type filter hook output priority 0; policy accept; }; }")
        without = doctor(lab)["own-firewall"]

    assert said["state"] == "limited"
    assert "inet own, chain arriving" in said["why"]
    assert "an OFFER by broadcast is read before" in said["why"]
    assert without["state"] == "yes"


def test_what_the_laptop_has_and_a_device_has_not_is_named() -> None:
    with Lab() as lab:
        said = doctor(lab, http_proxy="http://user:secret@proxy.example:3128")
        lab.laptop.use_resolvers("192.168.77.1")
        as_user = doctor(lab, NOBODY)
        lab.vpn("halves")
        with_vpn = doctor(lab)
        report = seen_by_a_run(lab)

    assert said["proxy"]["state"] == "limited"
    assert "proxy.example:3128" in said["proxy"]["why"]
    assert "secret" not in json.dumps(said)
    assert "192.168.77.1" in as_user["own-resolver"]["why"]
    assert as_user["proxy"]["state"] == as_user["vpn"]["state"] == "yes"
    assert (with_vpn["vpn"]["state"], with_vpn["network"]["state"]) == ("limited", "yes")
    assert any(note.rstrip(".") == with_vpn["vpn"]["why"] for note in report["notes"]), "the same words in a run"
    agrees_on_the_network(with_vpn, report)
