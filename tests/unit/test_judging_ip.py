"""Judging DHCP and DNS: each thing that can be seen, the problem that it is, and who is named."""

import pytest

from tests.unit.cases import ADMIN, Case, verify
from tests.unit.cases_ip import ASSUMED, DHCP_CASES, DNS_CASES
from tests.unit.seen import RESOLVER, VENDORS, dns, lookup


@pytest.mark.parametrize("case", DHCP_CASES, ids=lambda case: case.name)
def test_dhcp(case: Case) -> None:
    verify(case)


ASSUMED["dns"].assumed = True


@pytest.mark.parametrize("case", DNS_CASES, ids=lambda case: f"{case.check} {case.name}")
def test_dns(case: Case) -> None:
    verify(case)


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "172.31.0.1", "192.168.0.1", "100.64.0.1", "100.127.255.255", "0.0.0.0", "127.0.0.1",
                "169.254.1.1", "224.0.1.187", "239.255.255.255"],
)  # fmt: skip
def test_a_local_address_is_no_answer_for_a_public_name(address: str) -> None:
    for name in VENDORS:
        answer = {"dns": dns(lookup(name, address))}
        verify(
            Case(address, "dns.integrity", answer, "fail", "local-address", ADMIN, RESOLVER, evidence=(name, address))
        )


@pytest.mark.parametrize(
    "address", ["9.255.255.255", "100.128.0.1", "172.32.0.1", "192.169.0.1", "223.255.255.255", "203.0.113.9"]
)
def test_a_public_address_is_an_answer(address: str) -> None:
    verify(Case(address, "dns.integrity", {"dns": dns(lookup("coap.me", address))}, "pass"))
