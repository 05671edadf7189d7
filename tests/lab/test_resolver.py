"""A resolver that is not reached, beside one that is there and closed: what the ARP table and ICMP tell."""

from typing import Any

import pytest

from tests.lab.lab import Lab
from tests.lab.servers import Dhcp

pytestmark = pytest.mark.lab
NOBODY_THERE = "192.168.77.66"


def found(report: dict[str, Any]) -> tuple[str, str, str]:
    """Status, problem and address of `dns.resolve`."""
    (check,) = (row for row in report["checks"] if row["id"] == "dns.resolve")
    return check["status"], check["problem"], check["named"]["address"]


def test_a_resolver_of_this_link_that_answers_no_arp_and_its_twin_that_does() -> None:
    with Lab(dhcp=Dhcp(resolvers=(NOBODY_THERE,))) as lab:
        nobody = lab.check("--only", "dns").report
        lab.add_host("resolver", f"{NOBODY_THERE}/24")
        closed = lab.check("--only", "dns").report

    assert found(nobody) == ("fail", "not-reached", NOBODY_THERE)
    assert nobody["observations"]["dns"]["neighbors"] == [{"address": NOBODY_THERE, "answers_arp": False}]
    assert found(closed) == ("fail", "port-closed", NOBODY_THERE)
    assert closed["observations"]["dns"]["neighbors"] == [{"address": NOBODY_THERE, "answers_arp": True}]
