"""What is enough: never more than what was seen allows."""

from typing import Any

import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge
from netpreflight.agent.report.changes import changes
from netpreflight.agent.report.enough import Enough, enough
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Cloud
from tests.unit import seen
from tests.unit.seen import BEYOND, SILENT_ARGON, SILENT_COAP, SILENT_PHOTON

TWO_SERVERS = seen.dhcp(
    seen.message(), seen.message("ACK"), seen.message(server="192.168.77.3", routers=["192.168.77.3"])
)
CAUGHT = seen.portal({"status": 302, "location": "http://192.168.77.1/login"})
NOTHING_RESOLVES = seen.dns(default=None, resolvers=(BEYOND,))
NAMES_GONE = {
    "dns": NOTHING_RESOLVES,
    "dhcp": seen.lease(resolvers=[BEYOND]),
    "ntp": seen.ntp(address=None),
    "cloud": Cloud(endpoints=[seen.photon(address=None)]),
    "portal": seen.portal({"address": None, "status": None}),
}


def said(device: str, selection: Selection | None = None, **changed: Any) -> Enough | None:
    chosen = selection or Selection()
    profile, observed = profiles.load(device), seen.healthy(**changed)
    checks = judge(observed, profile, chosen).checks
    return enough(checks, changes(checks, observed, profile), chosen)


@pytest.mark.parametrize("device", profiles.names())
def test_nothing_is_said_of_a_healthy_network(device: str) -> None:
    assert said(device) is None


def test_nothing_is_said_where_only_a_warning_is_left() -> None:
    assert said("photon", ntp=seen.ntp()) is None


@pytest.mark.parametrize(
    ("device", "changed", "answer", "fix"),
    [
        ("argon", {"cloud": SILENT_ARGON}, "alone", ["cloud.transport"]),
        ("generic", {"coap": SILENT_COAP}, "alone", ["coap.udp-5683"]),
        ("photon", {"ntp": seen.ntp(), "cloud": SILENT_PHOTON}, "alone", ["cloud.transport"]),
        ("photon", {"portal": CAUGHT}, "alone", ["portal"]),
        ("generic", {"coap": SILENT_COAP, "ntp": seen.ntp()}, "together", ["ntp.reply", "coap.udp-5683"]),
        ("photon", {"dhcp": TWO_SERVERS, "cloud": SILENT_PHOTON}, "together", ["dhcp.servers", "cloud.transport"]),
        ("photon", {"wifi": None, "cloud": SILENT_PHOTON}, "not-known", ["cloud.transport"]),
        ("photon", {"portal": CAUGHT, "cloud": SILENT_PHOTON}, "not-known", ["portal"]),
        ("photon", NAMES_GONE, "not-known", ["dns.resolve"]),
    ],
    ids=lambda value: value if isinstance(value, str) else ",".join(value),
)
def test_what_is_needed_and_whether_it_is_enough(
    device: str, changed: dict[str, Any], answer: str, fix: list[str]
) -> None:
    result = said(device, **changed)

    assert result is not None
    assert (result.answer, result.fix) == (answer, fix)
    assert all(text in result.sentence for text in fix)
    assert ("may not be enough" in result.sentence) == (answer == "not-known")
    assert bool(result.not_seen) == (answer == "not-known")


def test_a_portal_may_be_the_cause_of_what_fails_behind_it() -> None:
    result = said("photon", portal=CAUGHT, cloud=SILENT_PHOTON)

    assert result is not None
    assert result.perhaps == ["cloud.transport"]
    assert "cloud.transport may be failing only as a consequence of portal." in result.sentence


def test_a_failure_before_the_portal_is_needed_beside_it() -> None:
    result = said("photon", portal=CAUGHT, dhcp=TWO_SERVERS)

    assert result is not None
    assert (result.answer, result.fix) == ("together", ["portal", "dhcp.servers"])


def test_without_an_offer_nothing_beyond_it_is_promised() -> None:
    gone: dict[str, Any] = dict.fromkeys(("dns", "ntp", "portal", "coap", "cloud"))
    result = said("photon", dhcp=seen.dhcp(), **gone)

    assert result is not None
    assert (result.answer, result.fix) == ("not-known", ["dhcp.offer"])
    assert {"dhcp.lease", "dns.resolve", "portal", "cloud.transport"} <= set(result.not_seen)


def test_what_the_user_left_out_was_not_seen() -> None:
    result = said("photon", Selection(skip=["portal"]), cloud=SILENT_PHOTON)

    assert result is not None
    assert (result.answer, result.not_seen) == ("not-known", ["portal"])


def test_one_group_alone_promises_nothing_of_the_others() -> None:
    result = said("photon", Selection(only=["cloud.transport"]), cloud=SILENT_PHOTON)

    assert result is not None
    assert (result.answer, result.fix) == ("not-known", ["cloud.transport"])
    assert {"wifi.band", "dhcp.lease", "dns.resolve", "portal"} <= set(result.not_seen)


def test_what_rests_on_an_unconfirmed_fact_is_not_said_to_be_seen_to_work() -> None:
    result = said("argon", wifi=seen.wifi(seen.bss(13)), cloud=SILENT_ARGON)

    assert result is not None
    assert (result.answer, result.fix, result.not_seen) == ("not-known", ["cloud.transport"], [])
    assert "wifi.channel rests on a fact about the device that is not confirmed" in result.sentence
