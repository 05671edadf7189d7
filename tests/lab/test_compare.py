"""Two runs compared, as made in the lab: two networks by one laptop, and one network before and after a rule."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.lab.lab import ARGON_CLOUD, COAP, Lab

pytestmark = pytest.mark.lab

HOTSPOT_ADDRESS = "172.20.10.3"


def compared(*arguments: str, lab: Lab | None = None) -> tuple[int, dict[str, Any]]:
    """What `netpreflight compare --json` says, and its exit code; on a lab's laptop devices carry that cloud's key."""
    argv = [str(Path(sys.executable).with_name("netpreflight")), "compare", "--json", *arguments]
    if lab:
        argv = lab.laptop.argv(argv)
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def measured(lab: Lab, file: Path, device: str, *more: str) -> str:
    lab.check("--device", device, "-o", str(file), *more)
    return str(file)


def standing(made: dict[str, Any]) -> dict[str, str]:
    return {conclusion["subject"]: conclusion["standing"] for conclusion in made["conclusions"]}


def meaning(made: dict[str, Any], check: str) -> str:
    return next(str(row["meaning"]) for row in made["checks"] if row["id"] == check)


NO_DHCP = ("--skip", "dhcp")
"""The twin's DHCP server still hands out the other subnet."""


def renumber(lab: Lab) -> None:
    """Give the lab's LAN the addresses of an iPhone's hotspot."""
    lab.gateway.where.ip("addr add 172.20.10.1/28 dev br-lan")
    lab.laptop.ip("addr flush dev eth0", f"addr add {HOTSPOT_ADDRESS}/28 dev eth0", "route add default via 172.20.10.1")


@pytest.mark.parametrize(
    ("device", "proto", "port", "check"),
    [("argon", "udp", 5684, "cloud.transport"), ("generic", "udp", 5683, "coap.udp-5683"),
     ("photon", "tcp", 5683, "cloud.transport")],
)  # fmt: skip
def test_a_port_that_one_of_two_networks_blocks(tmp_path: Path, device: str, proto: str, port: int, check: str) -> None:
    with Lab() as lab:
        lab.gateway.drop(proto, port)
        site = measured(lab, tmp_path / "site.json", device, *NO_DHCP)
    with Lab() as twin:
        renumber(twin)
        phone = measured(twin, tmp_path / "phone.json", device, *NO_DHCP)
        code, made = compared(site, phone, lab=twin)
        swapped_code, swapped = compared(phone, site, lab=twin)

    assert (made["story"], code) == ("two-networks", 0), made["told_by"]
    assert standing(made)["this laptop"] == "ruled-out", made
    assert standing(made)["A"] == "suspect"
    assert standing(made)["the device and its firmware"] == standing(made)["the passphrase"] == "not-tried"
    assert "This laptop is ruled out; the cause is in the network that stops the device." in made["sentence"]
    assert meaning(made, check) == "works in B only"
    assert made["b"]["hotspot"]
    assert (swapped_code, standing(swapped)["this laptop"]) == (1, "ruled-out")


def test_two_networks_that_block_the_same(tmp_path: Path) -> None:
    with Lab() as lab:
        lab.gateway.drop("udp", 5684)
        site = measured(lab, tmp_path / "site.json", "argon", *NO_DHCP)
    with Lab() as twin:
        renumber(twin)
        twin.gateway.drop("udp", 5684)
        phone = measured(twin, tmp_path / "phone.json", "argon", *NO_DHCP)

    _, made = compared(site, phone)

    assert "ruled-out" not in standing(made).values(), made["conclusions"]
    assert standing(made)["this laptop"] in {"suspect", "not-settled"}
    assert "Both networks stop a Particle Argon" in made["sentence"]


@pytest.mark.parametrize("mended", [True, False])
def test_before_and_after_a_firewall_rule(tmp_path: Path, mended: bool) -> None:  # noqa: FBT001
    with Lab() as lab:
        fault = lab.gateway.drop("udp", 5684, address=ARGON_CLOUD)
        before = measured(lab, tmp_path / "before.json", "argon")
        assert fault.counter()
        if mended:
            fault.remove()
        after = measured(lab, tmp_path / "after.json", "argon")
        code, made = compared(before, after, lab=lab)
        back_code, back = compared(after, before, lab=lab)

    assert (made["story"], made["sure"], code) == ("before-and-after", True, 0), made["told_by"]
    assert [change["state"] for change in made["asked"]] == (["works-now"] if mended else ["still-asked"])
    assert made["sentence"].startswith("Better:") == mended
    assert ("Works now: cloud.transport" in made["sentence"]) == mended
    assert (back_code, back["worse"]) == (3, None)
    assert back["sentence"].startswith("B was measured before A")


def test_a_rule_that_breaks_something_else(tmp_path: Path) -> None:
    with Lab() as lab:
        before = measured(lab, tmp_path / "before.json", "generic")
        for address in COAP:
            lab.gateway.reject("udp", 5683, address=address)
        after = measured(lab, tmp_path / "after.json", "generic")

    code, made = compared(before, after)

    assert (made["story"], made["worse"], code) == ("before-and-after", True, 1)
    assert "Fails now: coap.udp-5683" in made["sentence"]
    assert [change["checks"][0] for change in made["new_changes"]] == ["coap.udp-5683"]
