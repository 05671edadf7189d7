"""What a run does while a DHCP server takes its time, what it waits for, and that its lease is given back."""

from itertools import pairwise
from typing import Any

import pytest

from netpreflight.probes.dhcp import COLLECT_S
from tests.lab.command import check_with
from tests.lab.lab import SECOND_DHCP, SECOND_RESOLVER, Lab
from tests.lab.servers import GATEWAY, LAPTOP_MAC, Dhcp

pytestmark = pytest.mark.lab

OTHER_RESOLVER = (f"dhcp-host={LAPTOP_MAC},set:laptop", f"dhcp-option=tag:laptop,6,{SECOND_RESOLVER}")
"""The laptop, and so its INFORM, gets another resolver than the device."""


def times(report: dict[str, Any], kind: str) -> list[float]:
    """When the messages of a kind were sent to the DHCP server, or came from it."""
    seen = report["observations"]["dhcp"]
    return [float(message["at_s"]) for message in (*seen["sent"], *seen["received"]) if message["type"] == kind]


def status(report: dict[str, Any], check_id: str) -> tuple[str, str | None]:
    """A check's status and problem."""
    return next((check["status"], check["problem"]) for check in report["checks"] if check["id"] == check_id)


@pytest.mark.timing
def test_the_informs_resolvers_are_asked_while_the_offer_is_waited_for_and_the_lease_confirms_them() -> None:
    with Lab(dhcp=Dhcp(ping=True)) as lab:
        report = lab.check().report
        asked = [name for kind, name in lab.queries() if kind == "A" and name == "pool.ntp.org"]
        assert lab.leases() == []
    seen = report["observations"]
    (offered,) = times(report, "OFFER")

    assert report["verdict"] == "compatible"
    assert offered - times(report, "DISCOVER")[0] > 2.5, "it pings first"
    for probe in ("dns", "ntp", "coap", "cloud"):
        assert seen[probe]["started_s"] + seen[probe]["duration_s"] < offered, probe
    assert asked == ["pool.ntp.org"], "once"
    first = report["scope"]["resolvers"][0]
    assert (first["address"], first["source"]) == (GATEWAY, "dhcp")


def test_a_lease_with_another_resolver_corrects_what_the_inform_said() -> None:
    """The laptop's resolver knows everything; the device's does not."""
    with Lab(
        dhcp=Dhcp(ping=True, resolvers=(GATEWAY,), extra=OTHER_RESOLVER), dns="nxdomain", second_dns="real"
    ) as lab:
        report = lab.check().report
        assert ("A", "pool.ntp.org") in lab.queries("second_dns"), "the fault: the laptop is told of another resolver"
    seen = report["observations"]

    assert [message["resolvers"] for message in seen["dhcp"]["received"]] == [[SECOND_RESOLVER], [GATEWAY], [GATEWAY]]
    assert {lookup["resolver"] for lookup in seen["dns"]["lookups"]} == {GATEWAY}
    assert status(report, "dns.resolve")[0] == "fail"
    assert all(endpoint["address"] is None for endpoint in seen["cloud"]["endpoints"])


def test_where_a_lease_comes_at_once_no_other_resolver_is_asked() -> None:
    with Lab(dhcp=Dhcp(resolvers=(GATEWAY,), extra=OTHER_RESOLVER), second_dns="real") as lab:
        report = lab.check().report
        assert lab.queries("second_dns") == []

    assert report["observations"]["dhcp"]["received"][0]["resolvers"] == [SECOND_RESOLVER]


@pytest.mark.parametrize("late", [True, False])
def test_a_second_server_that_answers_no_inform_and_pings_first_is_waited_for(late: bool) -> None:  # noqa: FBT001 - a twin
    """ISC dhcpd as it comes: only its ARP request for the address that it pings announces its OFFER."""
    second = (SECOND_DHCP, SECOND_DHCP) if late else None
    with Lab(second_dhcp=second, second_dhcp_late=late) as lab:
        report = lab.check().report
        assert lab.leases() == []
        assert not late or lab.second_leases() == []
    (sent, *_), offers = times(report, "DISCOVER"), times(report, "OFFER")
    informed = [
        message["server"] for message in report["observations"]["dhcp"]["received"] if message["asked"] == "INFORM"
    ]

    assert informed == [GATEWAY]
    assert len(offers) == 1 + late
    assert status(report, "dhcp.servers") == (("fail", "servers-disagree") if late else ("pass", None))
    assert offers[-1] > sent + COLLECT_S or not late, "the fault: it is late"


def test_the_second_release_does_not_follow_the_first_at_once() -> None:
    """A burst that loses the one should not lose the other."""
    for server in (Dhcp(), Dhcp(ping=True)):
        with Lab(dhcp=server) as lab:
            report = lab.check("--only", "dhcp").report
            assert "\n".join(lab.log("dhcp")).count("DHCPRELEASE") == 2
            assert lab.leases() == []
        released = times(report, "RELEASE")
        assert len(released) == 2
        assert all(later - earlier >= 0.1 for earlier, later in pairwise(released))


FIRST_RELEASE = "udp dport 67 @th,1984,24 0x350107 limit rate 1/hour burst 1 packets counter name hits drop"
"""The first packet to a DHCP server whose options begin with the message type of a RELEASE (RFC 2132 section 9.6)."""


def test_the_lease_is_given_back_although_the_first_release_is_lost() -> None:
    with Lab() as lab:
        fault = lab.gateway.rule(FIRST_RELEASE, ("input",))
        report = lab.check("--only", "dhcp").report

        assert fault.counter() == 1
        assert "\n".join(lab.log("dhcp")).count("DHCPRELEASE") == 1
        assert (status(report, "dhcp.lease"), lab.leases()) == (("pass", None), [])


SLOW_RECORD = """
import asyncio
from netpreflight.probes import dhcp
asked, inform = asyncio.Event(), dhcp._Client._inform
def tell(client, *given):
    asked.set()
    inform(client, *given)
async def lease(*_):
    async with asyncio.timeout(5):
        await asked.wait()
    return dhcp.Lease(source="NetworkManager", address="192.168.77.10")
dhcp._Client._inform, dhcp.laptop_lease = tell, lease
"""
"""What the laptop's DHCP client has recorded is read slowly: until a server has been asked."""


def test_no_server_waits_to_be_asked_until_the_laptops_own_lease_is_read() -> None:
    with Lab() as lab:
        report = check_with(lab, SLOW_RECORD, "--only", "dhcp")

    assert report["observations"]["dhcp"]["laptop_lease"]["source"] == "NetworkManager"
    assert status(report, "dhcp.lease") == ("pass", None)
