"""Problems: each finding that is no pass names one of its check's list, and each one of a list is found somewhere."""

from functools import cache
from typing import Any

import msgspec
import pytest

from netpreflight.agent import profiles, report
from netpreflight.agent.judging import CHECKS, judge
from netpreflight.agent.judging.registry import COMMON_PROBLEMS
from netpreflight.agent.results import Named
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import (
    Attempt,
    Icmp,
    LargeHello,
    Mapping,
    Observations,
    Scope,
    ServerFlight,
    Unasked,
)
from tests.unit import four, seen
from tests.unit.cases import ADMIN, OWNER, Case, assert_listed, verify, without
from tests.unit.cases_internet import CLOUD_CASES, COAP_CASES, NO_NAME, NO_ROUTE, NTP_CASES, PORTAL_CASES, cloud
from tests.unit.cases_ip import DHCP_CASES, DNS_CASES, refusing
from tests.unit.filled import Filler
from tests.unit.networks import NETWORKS, network
from tests.unit.partly import partly
from tests.unit.samples import SAMPLES
from tests.unit.seen import (
    ARGON_ADDRESS,
    ARGON_NAME,
    FILTER,
    GATEWAY,
    HELLO_VERIFY,
    NTP_ADDRESS,
    PROHIBITED,
    RESOLVER,
    attempts,
)


def dtls(*made: Attempt, **fields: Any) -> dict[str, Any]:
    """The cloud of UDP devices, as it answered to `made`."""
    return cloud(seen.argon(*(made or attempts(ARGON_ADDRESS, 5684, "reply", rtt_ms=9.0)), **fields))


def forgeable(
    *, ports: int | None = None, closed: int | None = None, answered: int = 0, repeated: int = 0
) -> dict[str, Any]:
    """An Argon's cloud that answers with an alert, and what came besides."""
    lost = attempts(ARGON_ADDRESS, 5684, "timeout", 3 - answered)
    return dtls(
        record="Alert 40",
        flight=ServerFlight(answer="Alert 40"),
        unasked=Unasked(ports=ports, closed=closed),
        new_ports=[] if ports is not None else [*attempts(ARGON_ADDRESS, 5684, "reply", answered, rtt_ms=9.0), *lost],
        repeated=repeated,
    )


def refused(*, alike: int = 0, proved: bool = False, closed: int = 0, **first: Any) -> dict[str, Any]:
    """An Argon's cloud, and an ICMP error in a firewall's name that came to two ClientHellos and so many others."""
    icmp = msgspec.structs.replace(PROHIBITED, proved=proved)
    return dtls(
        *attempts(ARGON_ADDRESS, 5684, "icmp", 2, icmp=icmp, **first),
        unasked=Unasked(closed=closed),
        new_ports=[
            *attempts(ARGON_ADDRESS, 5684, "icmp", alike, icmp=icmp),
            *attempts(ARGON_ADDRESS, 5684, "timeout", 3 - alike),
        ],
    )


def confirmed(answered: int, *, repeated: int = 0, **fields: Any) -> dict[str, Any]:
    """A time server that replies, and as many of three new ports that it answered; nobody could see a sweep."""
    asked = seen.ntp(msgspec.structs.replace(seen.GOOD_NTP, **fields))
    asked.unasked, asked.repeated = Unasked(closed=0), repeated
    asked.new_ports = [
        *attempts(NTP_ADDRESS, 123, "reply", answered, rtt_ms=9.0),
        *attempts(NTP_ADDRESS, 123, "timeout", 3 - answered),
    ]
    return {"ntp": asked}


def refused_replies(*, random_ports: int = 4, closed: int = 0, rtt_ms: float = 9.0) -> dict[str, Any]:
    """A time server whose replies a device refuses, to five requests; `rtt_ms` is that of the last two."""
    asked = seen.ntp(*[msgspec.structs.replace(seen.GOOD_NTP, mode=3)] * 5)
    asked.attempts = [
        msgspec.structs.replace(attempt, rtt_ms=9.0 if number < 3 else rtt_ms)
        for number, attempt in enumerate(asked.attempts)
    ]
    asked.unasked, asked.random_ports = Unasked(closed=closed), random_ports
    return {"ntp": asked}


def refused_dns(*, once: bool = False, **of_each: Any) -> dict[str, Any]:
    """A resolver that answers nothing, and an ICMP error that proves nothing, to one lookup or to each."""
    seen_dns = refusing(PROHIBITED)["dns"]
    errors = [
        msgspec.structs.replace(
            lookup,
            attempts=[msgspec.structs.replace(attempt, **of_each) for attempt in lookup.attempts],
            unasked=Unasked(closed=0),
        )
        for lookup in seen_dns.lookups
    ]
    silent = [msgspec.structs.replace(lookup, attempts=attempts(RESOLVER, 53, "timeout", 3)) for lookup in errors]
    seen_dns.lookups = [errors[0], *silent[1:]] if once else errors
    return {"dns": seen_dns}


UNPROVED_COAP = seen.coap(attempts(seen.COAP_ADDRESSES[0], 5683, "icmp", 2))
UNPROVED_COAP.servers = [msgspec.structs.replace(server, unasked=Unasked(ports=0)) for server in UNPROVED_COAP.servers]
FORGETFUL = {
    "mapping": Mapping(
        transport="dtls", host=ARGON_NAME, port=5684, address=ARGON_ADDRESS, cookie=True, hold_s=20.0, silent_s=20.0,
        idle_s=20.0, before_answer="accepted", after_answer="new-cookie", control_answer="accepted",
    )
}  # fmt: skip
"""A NAT forgets a conversation of the device's in 20 s, and its cloud still answers."""
TOO_BIG = Icmp(type=3, code=4, source=FILTER, mtu=1200)
LATE = Attempt(at_s=60.0, address=ARGON_ADDRESS, port=5684, outcome="reply", rtt_ms=1.0)
ELSEWHERE = {"scope": Scope(interface="wlan0", state="up", ssid="Other", gateway=GATEWAY)}
MORE_CASES = [
    Case("an answer after a minute", "cloud.transport",
         dtls(*attempts(ARGON_ADDRESS, 5684, "timeout", 3), LATE, record=HELLO_VERIFY), "fail", "too-late", ADMIN,
         device="argon"),
    Case("a router that passes no large packets", "cloud.transport",
         dtls(record=HELLO_VERIFY,
              large=LargeHello(size=1280, attempts=attempts(ARGON_ADDRESS, 5684, "icmp", 1, icmp=TOO_BIG))), "warn",
         "small-mtu", ADMIN, FILTER, device="argon", evidence=("1280 bytes", "MTU 1200")),
    Case("a forgetful NAT", "cloud.transport", FORGETFUL, "warn", "mapping-forgotten", ADMIN, device="photon2",
         evidence=("after 20 s of silence",)),
    Case("another key", "cloud.transport", dtls(record=HELLO_VERIFY, flight=ServerFlight(answer="ServerHello")),
         "warn", "other-key", ADMIN, device="argon"),
    Case("a second flight that is dropped", "cloud.transport",
         dtls(record=HELLO_VERIFY, flight=ServerFlight(
             attempts=attempts(ARGON_ADDRESS, 5684, "timeout", 2), same_port=attempts(ARGON_ADDRESS, 5684),
             new_port=attempts(ARGON_ADDRESS, 5684, "reply", rtt_ms=9.0))),
         "fail", "second-flight", ADMIN, device="argon"),
    Case("an alert, and others in the cloud's name", "cloud.transport", forgeable(ports=3, closed=0), "unknown",
         "swept", ADMIN, device="argon", evidence=("3 ports that asked nothing",)),
    Case("an alert, while much comes to closed ports", "cloud.transport", forgeable(closed=20), "unknown", "swept",
         OWNER, device="argon", evidence=("20 packets came to closed ports",)),
    Case("an alert, and another of the same to a port that has its answer", "cloud.transport",
         forgeable(closed=0, answered=3, repeated=1), "unknown", "swept", ADMIN, device="argon"),
    Case("an alert that two of three new ports bring, too", "cloud.transport", forgeable(closed=0, answered=2),
         "unknown", "unproved", OWNER, device="argon"),
    Case("an alert that three new ports bring, too", "cloud.transport", forgeable(closed=19, answered=3), "warn",
         "other-key", ADMIN, device="argon"),
    Case("an alert, and nobody else sends to closed ports", "cloud.transport", forgeable(ports=2, closed=99), "warn",
         "other-key", ADMIN, device="argon"),
    Case("an alert that may be forged", "path.egress", forgeable(ports=3), "unknown", "forged-answer", ADMIN,
         device="argon"),
    Case("a time server, and others in its name", "ntp.reply",
         {"ntp": msgspec.structs.replace(seen.ntp(seen.GOOD_NTP), unasked=Unasked(ports=3))}, "unknown", "swept",
          ADMIN),
    Case("a time server, and more than one reply to a request", "ntp.reply", confirmed(3, repeated=1), "unknown",
         "swept", ADMIN, evidence=("1 datagram more",)),
    Case("a time server that one of three new ports does not reach", "ntp.reply", confirmed(2), "unknown", "unproved",
         OWNER, evidence=("another random port, 0.0 s: timeout",)),
    Case("a time server that three new ports reach", "ntp.reply", confirmed(3), "pass"),
    Case("the wrong time, and no other port gets any", "ntp.reply", confirmed(0, offset_s=4e8), "unknown", "unproved",
         OWNER),
    Case("what a device refuses, from four random ports", "ntp.reply", refused_replies(), "fail", "wrong-mode", ADMIN,
         NTP_ADDRESS),
    Case("the same, one of them late", "ntp.reply", refused_replies(rtt_ms=800.0), "unknown", "unproved", OWNER),
    Case("the same, from one port", "ntp.reply", refused_replies(random_ports=0), "unknown", "unproved", OWNER),
    Case("the same, while others come to closed ports", "ntp.reply", refused_replies(closed=20), "unknown", "swept",
         OWNER),
    Case("an ICMP error that quotes nothing", "cloud.transport", refused(), "unknown", "unproved-refusal", ADMIN,
         device="argon"),
    Case("an ICMP error that two of three new ports bring, too", "cloud.transport", refused(alike=2), "unknown",
         "unproved-refusal", ADMIN, device="argon"),
    Case("an ICMP error that three new ports bring, too", "cloud.transport", refused(alike=3), "fail", "rejected",
         ADMIN, FILTER, device="argon"),
    Case("the same, while others come to closed ports", "cloud.transport", refused(alike=3, closed=20), "unknown",
         "unproved-refusal", ADMIN, device="argon"),
    Case("the same, seconds after the ClientHello", "cloud.transport", refused(alike=3, rtt_ms=2901.5), "unknown",
         "unproved-refusal", ADMIN, device="argon"),
    Case("the same, several for a ClientHello", "cloud.transport", refused(alike=3, further_errors=2), "unknown",
         "unproved-refusal", ADMIN, device="argon"),
    Case("one of many that quotes our random", "cloud.transport",
         refused(proved=True, rtt_ms=2901.5, further_errors=2), "fail", "rejected", ADMIN, FILTER, device="argon"),
    Case("an ICMP error that quotes our random, in a swept network", "cloud.transport", refused(proved=True, closed=99),
         "fail", "rejected", ADMIN, FILTER, device="argon"),
    Case("an error in a router's name that one of many questions brings", "dns.resolve", refused_dns(once=True), "fail",
         "no-answer", ADMIN, RESOLVER),
    Case("an error in a router's name that each question brings", "dns.resolve", refused_dns(), "fail", "rejected",
         ADMIN, FILTER),
    Case("the same, and late", "dns.resolve", refused_dns(rtt_ms=900.0), "fail", "no-answer", ADMIN, RESOLVER),
    Case("the same, and several for a question", "dns.resolve", refused_dns(further_errors=1), "fail", "no-answer",
         ADMIN, RESOLVER),
    Case("a CoAP server, and an ICMP error that quotes nothing", "coap.udp-5683", {"coap": UNPROVED_COAP}, "unknown",
         "unproved-refusal", ADMIN),
    Case("a time server, and an ICMP error that quotes nothing", "ntp.reply",
         {"ntp": msgspec.structs.replace(seen.ntp(outcome="icmp"), unasked=Unasked(ports=0))}, "unknown",
         "unproved-refusal", ADMIN),
    Case("no route", "cloud.transport", dtls(*attempts(ARGON_ADDRESS, 5684, "icmp", 3, icmp=NO_ROUTE)), "fail",
         "no-route", ADMIN, GATEWAY, device="argon"),
]  # fmt: skip
GROUPS = {"dhcp", "dns", "ntp", "portal", "coap", "cloud"}
"""Those of the cases; the air's and the path's have tests of their own."""
CASES = [*DHCP_CASES, *DNS_CASES, *NTP_CASES, *COAP_CASES, *CLOUD_CASES, *PORTAL_CASES, *MORE_CASES]


@pytest.mark.parametrize("case", MORE_CASES, ids=lambda case: f"{case.check} {case.name}")
def test_more(case: Case) -> None:
    verify(case)


def test_every_problem_is_found_in_some_case() -> None:
    found = {(case.check, case.problem) for case in CASES}

    for row in CHECKS.values():
        if row.group in GROUPS:
            assert [problem for problem in row.problems if (row.id, problem) not in found] == []
        assert not {*COMMON_PROBLEMS} & {*row.problems}
        assert len({*row.problems}) == len(row.problems)


@cache
def observations() -> list[Observations]:
    """What saved runs, all cases, networks and pages of these tests, and the filler have seen."""
    return [
        *(report.load(sample)[0].observations for sample in SAMPLES),
        *(seen.healthy(**case.changed) for case in CASES),
        *(network(**broken) for broken, _ in NETWORKS.values()),
        *(made().observations for made in (*four.FOUR.values(), four.hostile)),
        *(Filler(ran=ran, choice=choice).observations() for choice in range(12) for ran in (False, True)),
    ]


@pytest.mark.parametrize("device", partly({"argon"}, profiles.names()))
def test_whatever_was_seen_each_finding_has_a_problem_of_its_list(device: str) -> None:
    profile = profiles.load(device)

    for observed in observations():
        for check in judge(observed, profile, Selection()).checks:
            assert check.problem != "internal-error", check
            assert_listed(check)


# --- who refuses, and how far away


def test_the_hop_of_who_refuses_is_that_at_which_a_ladder_met_it() -> None:
    observed = four.udp_blocked().observations
    second = "10.20.0.1"
    refused = [
        msgspec.structs.replace(attempt, outcome="icmp", icmp=Icmp(type=3, code=13, source=second))
        for attempt in attempts(ARGON_ADDRESS, 5684, "icmp", 3)
    ]
    observed = msgspec.structs.replace(observed, cloud=dtls(*refused)["cloud"])
    found = next(check for check in judge(observed, profiles.load("photon2"), Selection()).checks
                 if check.id == "cloud.transport")  # fmt: skip

    assert (found.problem, found.named) == ("rejected", Named(address=second, hop=2))


# --- what is not confirmed, and what only warns


def test_a_pass_that_rests_on_what_is_not_confirmed_has_that_for_its_problem() -> None:
    photon = profiles.load("photon")
    doubtful = msgspec.structs.replace(photon.cloud.port, certainty="unconfirmed")
    profile = msgspec.structs.replace(photon, cloud=msgspec.structs.replace(photon.cloud, port=doubtful))
    found = next(check for check in judge(seen.healthy(), profile, Selection()).checks if check.id == "cloud.transport")

    assert (found.status, found.problem, found.named) == ("warn", "unconfirmed", None)


@pytest.mark.parametrize(
    ("device", "status"), [("generic", "fail"), ("photon", "unknown"), ("argon", "fail")], ids=["", "doubtful", "sure"]
)
def test_a_failure_that_rests_on_what_is_not_confirmed_keeps_its_problem(device: str, status: str) -> None:
    verify(
        Case("x", "dhcp.lease", {"dhcp": seen.lease(resolvers=[])}, status, "lease-without-resolver", ADMIN, GATEWAY,
             device)
    )  # fmt: skip


def test_a_failure_that_only_warns_keeps_its_problem() -> None:
    verify(Case("x", "dns.resolve", without(seen.NTP_NAME), "warn", "names-withheld", ADMIN, RESOLVER, "photon"))


@pytest.mark.parametrize("check", [row.id for row in CHECKS.values() if row.group in GROUPS])
def test_what_was_measured_elsewhere_says_so(check: str) -> None:
    verify(Case("x", check, ELSEWHERE, "unknown", "other-network", OWNER))


def test_what_could_not_be_judged_elsewhere_keeps_its_problem() -> None:
    verify(Case("x", "coap.udp-5683", NO_NAME | without(*seen.COAP_NAMES) | ELSEWHERE, "unknown", "no-address", ADMIN))


def test_a_resolver_whom_somebody_refuses_is_not_the_one_that_is_named() -> None:
    icmp = Icmp(type=3, code=10, source=FILTER)

    verify(Case("x", "dns.resolve", refusing(icmp), "fail", "rejected", ADMIN, FILTER))
