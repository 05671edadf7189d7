"""Windows' run and Linux' run of the same network say the same; what differs is listed.

Linux' runs are root's: on Windows any user may have UDP port 68, by which all is seen that root sees of DHCP on Linux.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.lab.lab import PUBLIC_RESOLVER, SECOND_RESOLVER, CheckRun, Lab
from tests.lab.servers import GATEWAY, Dhcp
from tests.windows.wine import wine_on

pytestmark = pytest.mark.lab

CLOUD_PORTS = {"argon": ("udp", 5684), "photon": ("tcp", 5683)}


@dataclass(frozen=True)
class Fault:
    """A network with a fault, or with something that must not be taken for one.

    Attributes:
        shows: what a check says of it, for every device; empty: nothing but what a healthy network has.
        lab: how the lab is built.
        breaks: what is broken once it stands, for a device.
        differs: what Windows says otherwise than Linux, and why.
        differs_for: the same for one device.
    """

    shows: Mapping[str, str]
    lab: Mapping[str, Any] = field(default_factory=dict)
    breaks: Callable[[Lab, str], object] = lambda lab, device: None
    differs: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    differs_for: Mapping[str, Mapping[str, tuple[str, str]]] = field(default_factory=dict)


NOT_TRACED = {"path.egress": ("unknown not-looked", "Windows tells nobody yet which router dropped a packet")}
NOT_REFUSED = {
    "cloud.transport": (
        "fail no-answer",
        "Windows has WSAECONNRESET for a UDP socket that was refused, but Wine has not",
    )
}
_FIREWALL = "over UDP port 68, a firewall of the laptop, whose address is set by hand, may have dropped the offers"
NOT_HEARD = {
    "verdict": ("undetermined", _FIREWALL),
    "dhcp.offer": ("unknown offer-unheard", _FIREWALL),
    "dhcp.lease": ("unknown no-offer", _FIREWALL),
}
OFFERS_TO_ALL = "udp sport 67 ip daddr 255.255.255.255 counter name hits drop"
"""What a firewall of the laptop may drop, and other devices hear."""
FAULTS = {
    "cloud-port-dropped": Fault(
        {"cloud.transport": "fail"},
        breaks=lambda lab, device: lab.gateway.drop(*CLOUD_PORTS[device]),
        differs=NOT_TRACED,
    ),
    "cloud-port-refused": Fault(
        {"cloud.transport": "fail"},
        breaks=lambda lab, device: lab.gateway.reject(*CLOUD_PORTS[device], answer="icmp port-unreachable"),
        differs=NOT_TRACED,
        differs_for={"argon": NOT_REFUSED},
    ),
    "dns-dead": Fault(
        {"dns.resolve": "fail"}, breaks=lambda lab, device: lab.gateway.drop("udp", 53, hooks=("input",))
    ),
    "portal": Fault({"portal": "fail"}, breaks=lambda lab, device: lab.portal()),
    "no-dhcp": Fault({"dhcp.offer": "unknown"}, lab={"dhcp": None}, differs=NOT_HEARD),
    "two-dhcp-servers": Fault(
        {"dhcp.servers": "fail"},
        lab={
            "second_dns": "real",
            "dhcp": Dhcp(resolvers=(GATEWAY,)),
            "second_dhcp": (GATEWAY, SECOND_RESOLVER),
        },
    ),
    "vpn": Fault(
        {"cloud.transport": "pass"},
        breaks=lambda lab, device: lab.vpn("metric"),
    ),
    "own-resolver": Fault(
        {"dns.resolve": "fail"},
        lab={"dns": "silent", "public_resolver": True},
        breaks=lambda lab, device: lab.laptop.use_resolvers(PUBLIC_RESOLVER),
    ),
}


def statuses(run: CheckRun) -> dict[str, str]:
    return {check["id"]: check["status"] for check in run.report["checks"]}


def said(run: CheckRun) -> dict[str, str]:
    """The verdict, and each check's status and problem."""
    checks = {check["id"]: f"{check['status']} {check['problem'] or ''}".strip() for check in run.report["checks"]}
    return {"verdict": run.report["verdict"], **checks}


def assert_same(windows: CheckRun, linux: CheckRun, differs: Mapping[str, tuple[str, str]]) -> None:
    """Windows says what Linux says, except `differs`."""
    assert "Traceback" not in windows.stderr
    assert windows.report["scope"]["os"] == "win32"
    assert linux.report["scope"]["os"] == "linux"
    found, expected = said(windows), said(linux)
    assert {what: text for what, text in found.items() if text != expected[what]} == {
        what: text for what, (text, _) in differs.items()
    }, windows.stderr


@pytest.mark.parametrize("device", CLOUD_PORTS)
def test_a_healthy_network(device: str) -> None:
    with Lab() as lab, wine_on(lab) as wine:
        windows = wine.check("--device", device)
        linux = lab.check("--device", device)
        (kept,) = wine.kept()
        saved = kept.read_bytes()

    assert_same(windows, linux, {})
    assert "fail" not in statuses(windows).values()
    assert json.loads(saved)["started"] == windows.report["started"]
    assert b"\r" not in saved


@pytest.mark.parametrize("device", CLOUD_PORTS)
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault(name: str, device: str) -> None:
    fault = FAULTS[name]
    with Lab(**fault.lab) as lab, wine_on(lab) as wine:
        fault.breaks(lab, device)
        windows = wine.check("--device", device)
        assert [injected.rule for wall in lab.walls for injected in wall.unfired()] == []
        linux = lab.check("--device", device)

    assert_same(windows, linux, {**fault.differs, **fault.differs_for.get(device, {})})
    assert statuses(windows).items() >= fault.shows.items()


def test_offers_that_a_firewall_drops_are_no_failure_and_the_server_is_asked_as_a_relay_asks() -> None:
    with Lab() as lab, wine_on(lab) as wine:
        lab.gateway.rule(OFFERS_TO_ALL, ("output",))
        windows = wine.check("--device", "argon")
        assert lab.leases() == []

    found = said(windows)
    assert (found["verdict"], found["dhcp.offer"]) == ("undetermined", "unknown only-by-relay")
    assert (found["dhcp.lease"], found["dhcp.servers"]) == ("pass", "unknown offer-unheard")
    assert "Windows firewall" in windows.report["observations"]["dhcp"]["unlocked_by"]
    assert {"DISCOVER from a relay", "REQUEST from a relay", "RELEASE"} <= set(windows.seen.used)
    assert "fail" not in statuses(windows).values()
