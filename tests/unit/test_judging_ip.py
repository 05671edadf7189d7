"""Judging DHCP and DNS: each thing that can be seen, the problem that it is, and who is named."""

from typing import Any

import msgspec
import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge_one
from netpreflight.agent.profiles import Fact
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import DhcpMessage, Dns, Ntp, Scope
from tests.unit import seen
from tests.unit.cases import ADMIN, Case, verify
from tests.unit.cases_ip import (
    ASSUMED,
    DHCP_CASES,
    DNS_CASES,
    HELD_BY_LAPTOP,
    HOLDER,
    NAMELESS,
    OWN_LEASE,
    held,
    informed,
)
from tests.unit.seen import RESOLVER, VENDORS, dhcp, dns, healthy, lookup, message


@pytest.mark.parametrize("case", DHCP_CASES, ids=lambda case: f"{case.check} {case.device} {case.name}")
def test_dhcp(case: Case) -> None:
    verify(case)


def test_what_is_most_likely_is_said_first() -> None:
    """A server that acknowledges INFORM and offers nothing has no address left; one that tells MACs apart, a list."""
    full = [[informed("laptop")], [informed("laptop"), informed("device")], [informed("device"), HELD_BY_LAPTOP]]
    for received in full:
        check = judge_one("dhcp.offer", healthy(dhcp=dhcp(*received)), profiles.load("generic"), Selection())
        for text in (check.reason or "", check.remedy or ""):
            first = min(text.index(word) for word in ("no address is free", "pool") if word in text)
            assert first < min(text.index(word) for word in ("registered devices", "allow-list") if word in text)
    listed = dhcp(informed("laptop"), HELD_BY_LAPTOP, laptop_lease=OWN_LEASE)
    reason = judge_one("dhcp.offer", healthy(dhcp=listed), profiles.load("generic"), Selection()).reason or ""
    assert reason.index("registered devices") < reason.index("pool")


def test_a_server_that_gave_this_laptop_its_lease_is_not_told_to_be_switched_on() -> None:
    silent = healthy(dhcp=dhcp(laptop_lease=OWN_LEASE))
    check = judge_one("dhcp.offer", silent, profiles.load("generic"), Selection())

    assert "witch on" not in (check.remedy or "")


def test_a_run_that_is_cut_short_after_the_ack_shows_the_lease_but_not_that_no_other_server_answers() -> None:
    whole = dhcp(message(), message("ACK"))
    cut_short = msgspec.structs.replace(whole, cut_short=True)
    for check, (status, problem) in {
        "dhcp.offer": ("pass", None),
        "dhcp.lease": ("pass", None),
        "dhcp.servers": ("unknown", "not-looked"),
    }.items():
        found = judge_one(check, healthy(dhcp=cut_short), profiles.load("generic"), Selection())
        assert (found.status, found.problem) == (status, problem)
        assert judge_one(check, healthy(dhcp=whole), profiles.load("generic"), Selection()).status == "pass"


def only_ipv6(*received: DhcpMessage, **fields: Any) -> dict[str, Any]:
    """What a run sees whose laptop has no IPv4 address."""
    nothing = "this laptop has no IPv4 address on eth0"
    scope = Scope(interface="eth0", state="up", ipv6_addresses=["2001:db8::2/64"])
    return {"scope": scope, "dhcp": dhcp(*received, **fields), "dns": Dns(not_run=nothing), "ntp": Ntp(not_run=nothing)}


@pytest.mark.parametrize("check", ["dns.resolve", "dns.integrity", "ntp.reply"])
def test_a_laptop_that_gave_ipv4_up_is_told_so_and_how_to_undo_it(check: str) -> None:
    told = message(identity="laptop", ipv6_only_s=1800)
    mostly, none_there, plain = (
        judge_one(check, healthy(**seen_), profiles.load("argon"), Selection())
        for seen_ in (only_ipv6(message(), told, message("ACK")), only_ipv6(), only_ipv6(message(), message("ACK")))
    )

    assert {(found.status, found.problem) for found in (mostly, none_there, plain)} == {("unknown", "not-looked")}
    for word in ("option 108", "192.168.77.120"):
        assert word in (mostly.reason or "")
    for word in ("ipv4.dhcp-ipv6-only-preferred no", "IPv6OnlyMode=no"):
        assert word in (mostly.remedy or "")
    assert "108" not in f"{plain.reason} {none_there.reason}"
    assert "192.168.77.120" in (plain.reason or "")
    assert "network in question" in (none_there.remedy or "")


@pytest.mark.parametrize("check", ["dhcp.offer", "dhcp.lease", "dhcp.servers"])
def test_an_ipv6_mostly_network_serves_the_device(check: str) -> None:
    told = message(identity="laptop", ipv6_only_s=1800)
    found = judge_one(check, healthy(**only_ipv6(message(), told, message("ACK"))), profiles.load("argon"), Selection())

    assert found.status == "pass"


STATED: dict[str, Any] = {
    "drops_malformed": "no", "reads_overload": "no", "checks_address": "yes", "shortest_lease_s": 1.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("check", "changed", "unstated", "otherwise"),
    [
        ("dhcp.offer", NAMELESS, ("unknown", "offer-dropped"), ("unknown", "offer-dropped")),
        ("dhcp.lease", NAMELESS, ("unknown", "no-offer"), ("unknown", "no-offer")),
        (
            "dhcp.lease",
            {"dhcp": seen.lease(overloaded=[6])},
            ("warn", "unconfirmed"),
            ("fail", "lease-without-resolver"),
        ),
        (
            "dhcp.lease",
            {"dhcp": seen.lease(overloaded=[1, 3])},
            ("warn", "unconfirmed"),
            ("fail", "lease-without-router"),
        ),
        ("dhcp.lease", {"dhcp": seen.lease(overloaded=[51])}, ("warn", "unconfirmed"), ("fail", "short-lease")),
        ("dhcp.lease", {"dhcp": seen.lease(lease_s=30)}, ("unknown", "short-lease"), ("pass", None)),
        ("dhcp.lease", {"dhcp": seen.lease(lease_s=None)}, ("unknown", "short-lease"), ("fail", "short-lease")),
        ("dhcp.lease", {"dhcp": held(HOLDER)}, ("unknown", "address-in-use"), ("warn", "address-in-use")),
        ("dhcp.lease", {}, ("pass", None), ("pass", None)),
    ],
)
def test_a_product_that_says_nothing_or_otherwise(
    check: str, changed: dict[str, Any], unstated: tuple[str, str | None], otherwise: tuple[str, str | None]
) -> None:
    profile = profiles.load("generic")
    facts = {name: Fact(value=value, source="our data sheet") for name, value in STATED.items()}
    for known, expected in ((dict.fromkeys(STATED), unstated), (facts, otherwise)):
        product = msgspec.structs.replace(profile, dhcp=msgspec.structs.replace(profile.dhcp, **known))
        found = judge_one(check, healthy(**changed), product, Selection())
        assert (found.status, found.problem) == expected


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
