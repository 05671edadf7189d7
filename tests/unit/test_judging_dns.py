"""Judging DNS: block pages, device ids, resolvers that are not reached, and what is to be done then."""

from typing import Any

import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge
from netpreflight.agent.judging.addresses import is_local
from netpreflight.agent.judging.doubt import BLOCK_PAGES, doubts
from netpreflight.agent.path_targets import path_targets
from netpreflight.agent.report.changes import changes
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Cloud, Icmp, LinkNeighbor
from tests.unit import seen
from tests.unit.cases import Case, without
from tests.unit.cases_ip import (
    CLOUDS,
    ELSEWHERE,
    SECOND,
    beside_a_web_server,
    beyond,
    filtered,
    google,
    on_link,
    refusing,
    second,
    without_internet,
)
from tests.unit.partly import partly
from tests.unit.seen import GATEWAY, NTP_NAME, RESOLVER, dns, healthy, lookup


def test_a_run_that_asked_for_one_id_is_judged_by_that_and_says_so() -> None:
    old = dns()
    old.lookups = [query for query in old.lookups if query.kind != "another-id"]
    check = Case("x", "dns.resolve", {"dns": old}, "pass", device="argon").judge()

    assert (check.status, check.problem) == ("pass", None)
    assert [line for line in check.evidence if "not measured then" in line]


def test_a_run_that_asked_for_two_ids_says_nothing_of_the_kind() -> None:
    assert not [
        line for line in Case("x", "dns.resolve", {}, "pass", device="argon").judge().evidence if "then" in line
    ]


@pytest.mark.parametrize(("rcode", "status"), [("SERVFAIL", "unknown"), ("NXDOMAIN", "fail"), ("REFUSED", "fail")])
def test_one_servfail_for_the_second_id_decides_nothing(rcode: str, status: str) -> None:
    check = Case("x", "dns.resolve", without(seen.OTHER_ARGON_NAME, rcode=rcode), status, device="argon").judge()

    assert check.status == status


@pytest.mark.parametrize("device", ["argon", "photon2", "p2", "msom"])
@pytest.mark.parametrize(
    "changed",
    [
        without(seen.ARGON_NAME, rcode="REFUSED"),
        without(seen.OTHER_ARGON_NAME),
        {"cloud": Cloud(endpoints=[seen.argon(*seen.attempts(seen.ARGON_ADDRESS, 5684, count=3))])},
        {"cloud": Cloud(endpoints=[seen.argon(*seen.attempts(seen.ARGON_ADDRESS, 5684, "icmp", 3))])},
    ],
    ids=["withheld", "other-withheld", "silent", "rejected"],
)
def test_whoever_does_what_the_report_says_lets_every_device_through(changed: dict[str, Any], device: str) -> None:
    """The id that a run asks with is an example: what is to be allowed is the zone."""
    profile = profiles.load(device)
    observed = healthy(**changed)
    found = judge(observed, profile, Selection())
    todo = [check.remedy or "" for check in found.checks if check.status not in {"pass", "skip"}]
    todo += [change.line for change in changes(found.checks, observed, profile)]

    assert any("*.v6.udp.particle.io" in line for line in todo)
    assert not [line for line in todo if "e00fce68" in line]


FILTERS = {
    "Umbrella": filtered("146.112.61.106", *CLOUDS, *seen.COAP_NAMES, NTP_NAME),
    "Umbrella, for Argons": filtered("146.112.61.104"),
    "FortiGuard": filtered("208.91.112.55", *CLOUDS, *seen.COAP_NAMES, NTP_NAME),
    "unknown": filtered(ELSEWHERE, *CLOUDS, *seen.COAP_NAMES, NTP_NAME),
    "unknown, for clouds": filtered(ELSEWHERE, *CLOUDS),
    "unknown, and no web server": filtered(ELSEWHERE, *CLOUDS, web=False),
    "a web server": beside_a_web_server("SYN-ACK"),
    "local": {**filtered("10.9.9.9", *CLOUDS)},
}


@pytest.mark.parametrize("device", partly({"argon", "photon"}, profiles.names()))
@pytest.mark.parametrize("name", FILTERS)
def test_nothing_that_is_to_be_done_names_an_address_in_doubt(name: str, device: str) -> None:
    profile, observed = profiles.load(device), healthy(**FILTERS[name])
    found = judge(observed, profile, Selection())
    wanted = changes(found.checks, observed, profile)
    doubted = doubts(observed)
    todo = [found.answer.change or "", *(change.line for change in wanted)]
    todo += [check.remedy or "" for check in found.checks if check.status not in {"pass", "skip"}]

    assert doubted
    assert not {address for change in wanted for rule in change.rules for address in rule.addresses} & {*doubted}
    assert not [line for line in todo for address in doubted if address in line]
    if device in {"argon", "photon2", "p2", "msom"}:
        assert found.verdict == "incompatible"
        assert wanted


def test_where_no_address_is_in_doubt_a_blocked_port_has_its_rule() -> None:
    """The twin: the resolver is honest, and a firewall drops the device's port."""
    profile, observed = profiles.load("argon"), healthy(**beside_a_web_server("RST"))
    found = judge(observed, profile, Selection())
    rules = [rule for change in changes(found.checks, observed, profile) for rule in change.rules]

    assert doubts(observed) == {}
    assert {address for rule in rules for address in rule.addresses} == {seen.ARGON_ADDRESS}


def test_a_second_resolvers_answer_in_doubt_is_in_no_rule() -> None:
    profile = profiles.load("argon")
    blocked = lookup(seen.ARGON_NAME, "146.112.61.106", resolver=SECOND)
    changed = {**beside_a_web_server("RST"), "dns": dns(blocked, resolvers=(RESOLVER, SECOND))}
    observed = healthy(**changed)
    rules = [
        rule
        for change in changes(judge(observed, profile, Selection()).checks, observed, profile)
        for rule in change.rules
    ]

    assert {address for rule in rules for address in rule.addresses} == {seen.ARGON_ADDRESS}


def test_each_known_block_page_has_its_source() -> None:
    assert all(page.product and page.source and page.addresses for page in BLOCK_PAGES)
    assert {address for page in BLOCK_PAGES for address in page.addresses} >= {"146.112.61.104", "208.91.112.55"}
    assert not [address for page in BLOCK_PAGES for address in page.addresses if is_local(address)]


@pytest.mark.parametrize("address", ["146.112.61.106", "208.91.112.55"])
def test_no_path_to_a_block_page_is_looked_at(address: str) -> None:
    assert path_targets(healthy(**filtered(address)), profiles.load("argon")) == []


@pytest.mark.parametrize(
    "changed",
    [
        without_internet(None), without_internet("REFUSED"), on_link(answers_arp=False), beyond("198.51.100.53"),
        refusing(seen.PROHIBITED), refusing(Icmp(type=3, code=0, source=seen.FILTER)),
    ],
    ids=["no internet", "forwarder", "no ARP", "beyond", "rejected", "no route"],
)  # fmt: skip
def test_a_resolver_that_is_not_reached_is_not_to_be_repaired(changed: dict[str, Any]) -> None:
    check = Case("x", "dns.resolve", changed, "fail").judge()

    assert "repair" not in (check.remedy or "").lower()


def test_a_filter_is_asked_to_let_out_what_does_not_get_to_a_resolver_beyond_it() -> None:
    observed = healthy(**beyond("198.51.100.53"))
    profile = profiles.load("argon")
    wanted = changes(judge(observed, profile, Selection()).checks, observed, profile)

    assert [(rule.protocol, rule.port, rule.addresses) for change in wanted for rule in change.rules] == [
        ("udp", 53, ["198.51.100.53"])
    ]


def test_where_there_is_no_internet_the_next_step_is_at_the_router_and_no_firewall_is_to_be_changed() -> None:
    observed = healthy(**without_internet(None))
    profile = profiles.load("argon")
    found = judge(observed, profile, Selection())
    (change,) = changes(found.checks, observed, profile)

    assert change.rules == []
    assert f"router ({GATEWAY})" in change.line
    assert "internet provider" in change.line
    assert "no internet" in (found.answer.obstacle or "")


def test_a_first_resolver_that_is_not_reached_is_not_to_be_repaired() -> None:
    first_dead = second(None)
    first_dead["dns"].neighbors = [LinkNeighbor(address=RESOLVER, answers_arp=False)]
    check = Case("x", "dns.resolve", {**first_dead, "tcp": google("timeout")}, "warn").judge()

    assert (check.status, check.problem) == ("warn", "first-resolver-fails")
    assert "VLAN" in (check.remedy or "")
    assert f"take {RESOLVER} out of DHCP option 6" in (check.remedy or "")
