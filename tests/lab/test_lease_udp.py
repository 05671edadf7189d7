"""The DHCP exchange without raw sockets, over UDP port 68 and as a relay, as it is made on Windows and macOS."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from netpreflight.probes.net.dhcp_release import device_mac
from tests.lab.command import check_with, start_with
from tests.lab.faults import DROPS_ACKS
from tests.lab.lab import SECOND_DHCP, SECOND_RESOLVER, Lab
from tests.lab.namespaces import wait_until
from tests.lab.servers import LAPTOP_MAC, Dhcp

pytestmark = pytest.mark.lab

OVER_UDP = """
from netpreflight.systems.linux import Linux
Linux.lease_transport = lambda *_, raw_sockets: "udp"
"""
OFFERS_TO_ALL = "udp sport 67 ip daddr 255.255.255.255 counter name hits drop"
"""What a firewall of the laptop drops that lets only answers to what was asked in."""
ALL_ANSWERS = "udp sport 67 counter name hits drop"
DHCP_CHECKS = ("dhcp.offer", "dhcp.lease", "dhcp.servers")


def judged(report: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    """Status and problem of each check of DHCP."""
    return {
        check["id"]: (check["status"], check["problem"]) for check in report["checks"] if check["id"] in DHCP_CHECKS
    }


def sent(report: dict[str, Any], *, relayed: bool) -> list[str]:
    """The messages that were sent in the unknown device's name."""
    return [
        message["type"]
        for message in report["observations"]["dhcp"]["sent"]
        if message["identity"] == "device" and message["relayed"] == relayed
    ]


def leases(lab: Lab) -> list[tuple[str, str]]:
    """Those of the gateway's server, if there is one."""
    return lab.leases() if "dhcp" in lab.servers else []


def releases(lab: Lab) -> int:
    return "\n".join(lab.log("dhcp")).count("DHCPRELEASE")


@pytest.mark.parametrize(
    ("lab_of", "expected"),
    [
        ({}, ("pass", "pass", "pass")),
        ({"laptop": "dhclient"}, ("pass", "pass", "pass")),
        ({"laptop": "none"}, ("pass", "pass", "pass")),
        ({"dhcp": Dhcp(ping=True)}, ("pass", "pass", "pass")),
        ({"dhcp": Dhcp(router=None)}, ("pass", "fail", "pass")),
        ({"dhcp": Dhcp(known_only=True)}, ("fail", "fail", "pass")),
        ({"dhcp": None, "laptop": "none"}, ("fail", "fail", "unknown")),
    ],
    ids=["healthy", "beside-a-client", "no-address", "pings", "no-router", "known-only", "no-server"],
)
def test_what_is_judged_over_udp_is_what_raw_sockets_show(
    lab_of: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    with Lab(**lab_of) as lab:
        own = leases(lab)
        over_udp = check_with(lab, OVER_UDP, "--only", "dhcp")
        assert leases(lab) == own
        raw = lab.check("--only", "dhcp").report

    assert (over_udp["observations"]["dhcp"]["transport"], raw["observations"]["dhcp"]["transport"]) == ("udp", "raw")
    assert judged(over_udp) == judged(raw)
    assert tuple(status for status, _ in judged(raw).values()) == expected
    assert {message["server_mac"] for message in over_udp["observations"]["dhcp"]["received"]} <= {None}


def test_silence_is_unknown_where_a_firewall_of_the_laptop_may_be_the_cause() -> None:
    with Lab(dhcp=None) as lab:  # the laptop has an address of its own, and no lease
        over_udp = check_with(lab, OVER_UDP, "--only", "dhcp")
        raw = lab.check("--only", "dhcp").report

    assert judged(over_udp)["dhcp.offer"] == ("unknown", "offer-unheard")
    assert judged(raw)["dhcp.offer"] == ("fail", "no-answer")


@pytest.mark.parametrize("late", [True, False])
def test_a_second_server_that_only_its_arp_request_announces_is_waited_for(*, late: bool) -> None:
    second = (SECOND_DHCP, SECOND_RESOLVER) if late else None
    with Lab(second_dhcp=second, second_dhcp_late=late) as lab:
        report = check_with(lab, OVER_UDP, "--only", "dhcp")
        assert leases(lab) == []
        assert not late or lab.second_leases() == []

    assert judged(report)["dhcp.servers"] == (("fail", "servers-disagree") if late else ("pass", None))


@pytest.mark.parametrize(
    ("laptop", "offer"), [("dhcp", ("warn", "only-by-relay")), ("static", ("unknown", "only-by-relay"))]
)
def test_where_broadcasts_are_dropped_the_known_server_is_asked_as_a_relay_asks(
    laptop: Any, offer: tuple[str, str]
) -> None:
    with Lab(laptop=laptop) as lab:
        own = lab.leases()
        fault = lab.gateway.rule(OFFERS_TO_ALL, ("output",))
        report = check_with(lab, OVER_UDP, "--only", "dhcp")
        assert fault.counter() > 0
        assert lab.leases() == own
        assert releases(lab) == 2
        assert lab.seen
        assert {"DISCOVER from a relay", "REQUEST from a relay", "RELEASE"} <= set(lab.seen.used)

    assert judged(report) == {
        "dhcp.offer": offer,
        "dhcp.lease": ("pass", None),
        "dhcp.servers": ("unknown", "offer-unheard"),
    }
    assert sent(report, relayed=True) == ["DISCOVER", "REQUEST"]
    assert "REQUEST" not in sent(report, relayed=False)


def test_where_an_offer_comes_nobody_is_asked_as_a_relay_asks() -> None:
    """The twin; the server pings first, and offers later than most."""
    with Lab(laptop="dhcp", dhcp=Dhcp(ping=True)) as lab:
        report = check_with(lab, OVER_UDP, "--only", "dhcp")

    assert judged(report)["dhcp.offer"] == ("pass", None)
    assert sent(report, relayed=True) == []


@pytest.mark.parametrize(
    ("patch", "offer"), [(OVER_UDP, ("unknown", "offer-unheard")), ("pass", ("fail", "lease-server-silent"))]
)
def test_silence_of_a_lease_s_server_is_no_failure_where_a_firewall_may_be_the_reason(
    patch: str, offer: tuple[str, str]
) -> None:
    with Lab(laptop="dhcp") as lab:
        fault = lab.gateway.rule(ALL_ANSWERS, ("output",))
        report = check_with(lab, patch, "--only", "dhcp")
        assert fault.counter() > 0

    assert judged(report)["dhcp.offer"] == offer
    assert judged(report)["dhcp.lease"] == (offer[0], "no-offer")
    assert len(sent(report, relayed=True)) == (2 if patch == OVER_UDP else 0)


@pytest.mark.parametrize("fault", [[DROPS_ACKS], [DROPS_ACKS, OFFERS_TO_ALL]], ids=["broadcast", "relayed"])
def test_after_ctrl_c_the_lease_is_given_back(fault: list[str]) -> None:
    """The server has granted the lease, and its ACK does not arrive."""
    with Lab(laptop="dhcp") as lab:
        own = lab.leases()
        faults = [lab.gateway.rule(rule, ("output",)) for rule in fault]
        process = start_with(lab, OVER_UDP)
        wait_until(lambda: device_mac(LAPTOP_MAC) in dict(lab.leases()), "the lease in the server's file", 15)
        assert all(rule.counter() > 0 for rule in faults)
        assert releases(lab) == 0
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)

        assert "Traceback" not in errors
        wait_until(lambda: lab.leases() == own, "no lease of the device's on the server")


@contextmanager
def port_68(lab: Lab, *, shared: bool) -> Iterator[None]:
    """Another program on the laptop that has the port."""
    with lab.laptop.entered():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, shared)
        sock.bind(("", 68))
        yield


@pytest.mark.parametrize("shared", [False, True])
def test_a_port_68_that_another_program_has_for_itself_is_unknown_with_the_step(*, shared: bool) -> None:
    with Lab() as lab:
        with port_68(lab, shared=shared):
            report = check_with(lab, OVER_UDP, "--only", "dhcp,dns")
        assert lab.leases() == []
    seen = report["observations"]["dhcp"]

    if shared:
        assert judged(report)["dhcp.offer"] == ("pass", None)
        return
    assert judged(report)["dhcp.offer"] == ("unknown", "no-exchange")
    assert "UDP port 68" in seen["exchange_denied"]
    assert "end the other DHCP client" in seen["unlocked_by"]
    assert report["observations"]["dns"]["lookups"] != [], "the resolver of the INFORM's answer"


def test_a_system_that_refuses_port_68_is_unknown_with_the_step() -> None:
    """An ordinary user; the twin is any other test here."""
    with Lab() as lab:
        report = check_with(lab, OVER_UDP, "--only", "dhcp", user=65534)
        assert lab.leases() == []

    assert judged(report)["dhcp.offer"][0] == "unknown"
    assert "does not let netpreflight use UDP port 68" in report["observations"]["dhcp"]["exchange_denied"]
    assert "as root (sudo)" in report["observations"]["dhcp"]["unlocked_by"]
