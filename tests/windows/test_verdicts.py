"""Windows' run and Linux' run of the same network say the same; what differs is listed.

Linux' runs are root's: on Windows any user may have UDP port 68, by which all is seen that root sees of DHCP on Linux.
"""

import json
import stat

import pytest

from tests.lab.lab import Lab
from tests.windows.faults import CLOUD_PORTS, FAULTS, assert_same, check_on, said, statuses
from tests.windows.wine import wine_on

pytestmark = pytest.mark.lab

OFFERS_TO_ALL = "udp sport 67 ip daddr 255.255.255.255 counter name hits drop"
"""What a firewall of the laptop may drop, and other devices hear."""


@pytest.mark.parametrize("device", CLOUD_PORTS)
def test_a_healthy_network(device: str) -> None:
    with Lab() as lab, wine_on(lab) as wine:
        windows = check_on(wine, device)
        linux = lab.check("--device", device)
        kept = wine.kept()[-1]
        saved, mode = kept.read_bytes(), kept.stat().st_mode

    assert_same(windows, linux, {})
    assert "fail" not in statuses(windows).values()
    assert json.loads(saved)["started"] == windows.report["started"]
    assert b"\r" not in saved
    assert not mode & stat.S_IRWXO, "Wine makes a mode of the access control list: administrators are the group"


@pytest.mark.parametrize("device", CLOUD_PORTS)
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault(name: str, device: str) -> None:
    fault = FAULTS[name]
    with Lab(**fault.lab) as lab, wine_on(lab) as wine:
        fault.breaks(lab, device)
        windows = check_on(wine, device)
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
