"""`path.egress` and the proof of egress, from ladders made by hand."""

from typing import Any

import pytest
from msgspec.structs import replace

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge
from netpreflight.agent.judging.let_through import exchanges
from netpreflight.agent.judging.servers import of_coap
from netpreflight.agent.path_targets import path_targets
from netpreflight.agent.results import Check, Judgement
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import (
    Cloud,
    Coap,
    Connection,
    Control,
    Icmp,
    Ladder,
    Path,
    PathProbe,
    PathTarget,
    Scope,
    Unasked,
)
from tests.unit import seen
from tests.unit.seen import (
    ARGON_ADDRESS,
    COAP_ADDRESSES,
    COAP_NAMES,
    GATEWAY,
    PHOTON_ADDRESS,
    PROHIBITED,
    attempts,
    healthy,
)
from tests.unit.seen_ladders import EDGE, FAR, ISP, OPEN, ROUTERS, closed, ladder, observed, probe, up_to

TE = Icmp(type=11, code=0, source="")


def egress(device: str, *rungs: str | Icmp | None, controls: list[Ladder] | None = None, **fields: Any) -> Check:
    """What is said where the device's port did not answer, and its ladder is this one beside open controls."""
    return checks(device, *rungs, controls=controls, **fields)["path.egress"]


def checks(device: str, *rungs: str | Icmp | None, **fields: Any) -> dict[str, Check]:
    return {check.id: check for check in judged(device, *rungs, **fields).checks}


def judged(device: str, *rungs: str | Icmp | None, **changed: Any) -> Judgement:
    return judge(observed(device, *rungs, **changed), profiles.load(device), Selection())


def told(check: Check) -> tuple[str, str | None]:
    """The status and the problem of a check that names nobody."""
    assert check.named is None
    return check.status, check.problem


def place(check: Check) -> tuple[str, str | None, str | None, int | None]:
    """The status and the problem of a check, and whom it names: an address and its hop."""
    named = check.named
    return check.status, check.problem, named.address if named else None, named.hop if named else None


# --- nothing to look for, and nothing looked at


@pytest.mark.parametrize("device", ["generic", "argon", "photon"])
@pytest.mark.parametrize("path", [None, Path(), Path(not_run="only Linux can")])
def test_a_port_that_answers_passes_whatever_was_looked_at(device: str, path: Path | None) -> None:
    judged = judge(healthy(path=path), profiles.load(device), Selection())
    found = next(check for check in judged.checks if check.id == "path.egress")

    assert (found.status, found.problem, judged.verdict) == ("pass", None, "compatible")


@pytest.mark.parametrize(("reply", "answers"), [(None, False), ("", False), ("Reset", True)])
def test_a_saved_reply_that_is_empty_is_no_answer(reply: str | None, answers: bool) -> None:  # noqa: FBT001 - the table's
    silent = seen.silent_coap()
    run = healthy(coap=Coap(servers=[replace(server, reply=reply) for server in silent.servers]))
    generic = profiles.load("generic")
    found = {check.id: check.status for check in judge(run, generic, Selection()).checks}

    assert (found["path.egress"] == "pass", found["coap.udp-5683"] == "pass") == (answers, answers)
    assert [has_answered for _, has_answered in of_coap(run, generic)] == [answers] * len(silent.servers)
    assert {exchange.answered for exchange in exchanges(run) if exchange.what == "coap"} == {answers}
    assert bool(path_targets(run, generic)) is not answers


def test_what_could_not_be_looked_at_is_unknown() -> None:
    found = egress("argon", path=Path(not_run="only Linux tells it", unlocked_by="Use Linux."))

    assert (found.status, found.reason, found.remedy) == ("unknown", "Only Linux tells it.", "Use Linux.")
    assert egress("argon", path=Path()).status == "unknown"


def test_the_path_to_an_invented_address_says_nothing() -> None:
    made_up = seen.dns(*(seen.lookup(name, ARGON_ADDRESS) for name in seen.RANDOM))
    refusing = Cloud(endpoints=[replace(seen.argon(), attempts=attempts(ARGON_ADDRESS, 5684))])
    judged = judge(healthy(dns=made_up, cloud=refusing), profiles.load("argon"), Selection())
    found = next(check for check in judged.checks if check.id == "path.egress")

    assert told(found) == ("unknown", "invented-address")
    assert found.due_to == "dns.integrity"


# --- dropped, at or after


@pytest.mark.parametrize("device", ["generic", "argon", "photon"])
@pytest.mark.parametrize("last", [1, 2, 3])
def test_dropped_at_or_after_the_last_that_answers(device: str, last: int) -> None:
    found = egress(device, *up_to(last))

    assert place(found) == ("fail", "dropped", ROUTERS[last - 1], last)
    assert ROUTERS[last - 1] in found.summary
    assert ROUTERS[last - 1] in (found.remedy or "")
    assert len([line for line in found.evidence if "control" in line or "the device's port" in line]) == 3


@pytest.mark.parametrize(
    ("routers", "last", "words", "owner"),
    [
        (ROUTERS, 1, "the gateway of this network", "network administrator"),
        (ROUTERS, 2, "the edge of this site, or a router of the provider", "network administrator"),
        (ROUTERS, 3, "a router of the internet provider, or beyond it", "internet provider"),
        ((GATEWAY, "10.0.0.1", EDGE, ISP), 2, "a second NAT", "network administrator"),
        ((GATEWAY, "100.64.0.1", EDGE, ISP), 2, "carrier-grade NAT", "internet provider"),
        ((GATEWAY, "100.64.0.1", EDGE, ISP), 3, "a router of the internet provider", "internet provider"),
        ((GATEWAY, "100.64.0.1", "10.9.0.1", ISP), 3, "a router of the provider: it comes after", "internet provider"),
        ((GATEWAY, "11.0.0.1", "11.200.0.1", EDGE), 3, "a public address after another", "internet provider"),
        (
            (GATEWAY, "11.0.0.1", "11.200.0.1", EDGE, ISP),
            4,
            "a router of the internet provider, or beyond",
            "internet provider",
        ),
        (("192.168.77.254", EDGE, ISP, FAR), 1, "the first router of this network", "network administrator"),
    ],
)
def test_whose_it_is(routers: tuple[str, ...], last: int, words: str, owner: str) -> None:
    control = ladder("udp 53", *routers, closed(ARGON_ADDRESS))
    found = egress("argon", *routers[:last], *[None] * (OPEN - last), controls=[control])

    assert place(found) == ("fail", "dropped", routers[last - 1], last)
    assert found.owner == owner
    assert words in found.summary


def test_carrier_nat_addresses_that_this_site_uses_itself_are_no_providers() -> None:
    routers = ("100.64.1.1", "100.64.2.1", EDGE, ISP)
    own = Scope(addresses=["100.64.1.10/24"], gateway="100.64.1.1")
    for last, words in (
        (1, "the gateway of this network"),
        (2, "private address"),
        (3, "the first router with a public"),
    ):
        control = ladder("udp 53", *routers, closed(ARGON_ADDRESS))
        found = egress("argon", *routers[:last], *[None] * (OPEN - last), controls=[control], scope=own)
        assert place(found) == ("fail", "dropped", routers[last - 1], last)
        assert found.owner == "network administrator"
        assert words in found.summary


def test_no_router_answers_for_the_port_at_all() -> None:
    near = egress("argon", *up_to(0))
    mute = ladder("udp 53", None, *ROUTERS[1:], closed(ARGON_ADDRESS))
    far = egress("argon", *up_to(0), controls=[mute])

    assert told(near) == told(far) == ("fail", "dropped-before-any-router")
    assert near.owner == far.owner == "network administrator"
    assert GATEWAY in near.summary
    assert EDGE in far.summary


def test_the_evidence_says_what_was_asked_beyond() -> None:
    device = ladder("udp 5684", *up_to(2), one_flow=False, no_raw="Operation not permitted")
    gap = replace(device, probes=[*device.probes, probe(13, None)])
    made = PathTarget(host=seen.ARGON_NAME, address=ARGON_ADDRESS, device=gap, controls=dead(4))
    told = egress("argon", path=Path(targets=[made])).evidence[0]

    assert "3 to 5 and 13 silent (up to 6 tries each)" in told
    assert told.endswith("each from another source port (raw sockets: Operation not permitted)")


# --- never a wrong name


@pytest.mark.parametrize("device", ["generic", "argon", "photon"])
def test_lost_after_the_last_router_it_may_be_the_destination_or_the_way_back(device: str) -> None:
    found = egress(device, *up_to(4))

    assert told(found) == ("unknown", "lost-at-the-end")


def test_one_try_shows_nothing() -> None:
    assert told(egress("argon", *up_to(1), tries=1)) == ("unknown", "lossy")
    once = ladder("udp 53", *up_to(4, closed(ARGON_ADDRESS)), again=1)
    assert told(egress("argon", *up_to(1), controls=[once])) == ("unknown", "lossy")


def test_a_hop_that_answers_the_control_now_and_then_shows_nothing() -> None:
    control = ladder("udp 53", *up_to(4, closed(ARGON_ADDRESS)))
    now_and_then = replace(control, probes=[*control.probes, *(probe(ttl, None) for ttl in (2, 3, 4))])
    found = egress("argon", *up_to(1), controls=[now_and_then])

    assert told(found) == ("unknown", "lossy")
    one_is_steady = replace(control, probes=[*control.probes, probe(2, None)])
    assert egress("argon", *up_to(1), controls=[one_is_steady]).status == "fail"


def test_routers_that_answer_for_one_protocol_only() -> None:
    udp = ladder("udp 53", *up_to(1))
    tcp = ladder("tcp 443", *up_to(4, f"!{ARGON_ADDRESS} RST"))
    found = egress("argon", *up_to(1), controls=[udp, tcp])

    assert told(found) == ("unknown", "one-protocol")


TWIN = "203.0.113.77"


@pytest.mark.parametrize("last", [2, 3])
def test_a_path_that_is_balanced_by_flow(last: int) -> None:
    other = ladder("udp 53", GATEWAY, TWIN, ISP, FAR, closed(ARGON_ADDRESS))
    found = egress("argon", *up_to(last), controls=[other])

    assert told(found) == ("unknown", "balanced")
    assert all(text in (found.reason or "") for text in (EDGE, TWIN))


def test_both_ways_in_both_ladders_name_neither() -> None:
    control = ladder("udp 53", *up_to(4, closed(ARGON_ADDRESS)))
    both = replace(control, probes=[*control.probes, probe(2, TWIN)])
    device = ladder("udp 5684", *up_to(2))
    made = PathTarget(
        host=seen.ARGON_NAME,
        address=ARGON_ADDRESS,
        device=replace(device, probes=[*device.probes, probe(2, TWIN)]),
        controls=[both],
    )

    assert told(egress("argon", path=Path(targets=[made]))) == ("unknown", "balanced")


def test_a_path_that_alternates_is_no_drop() -> None:
    """One of two ways drops: at the only hop that tells, three packets may all have gone that way."""
    few = egress("argon", *up_to(3), tries=3)
    device = ladder("udp 5684", *up_to(3))
    lossy = replace(device, probes=[*device.probes, probe(3, None)])
    made = PathTarget(
        host=seen.ARGON_NAME,
        address=ARGON_ADDRESS,
        device=lossy,
        controls=[ladder("udp 53", *up_to(4, closed(ARGON_ADDRESS)))],
    )
    some = egress("argon", path=Path(targets=[made]))

    assert told(few) == told(some) == ("unknown", "lossy")
    assert egress("argon", *up_to(3)).status == "fail"


@pytest.mark.parametrize("ladders", ["both", "device"])
def test_a_loop_is_no_way_out_and_no_drop(ladders: str) -> None:
    round_and_round: list[str | Icmp | None] = [GATEWAY, EDGE, ISP, FAR, ISP, FAR, ISP]
    straight = up_to(4, closed(COAP_ADDRESSES[0]))
    control = ladder("udp 53", *round_and_round) if ladders == "both" else ladder("udp 53", *straight)
    found = checks("generic", *round_and_round, controls=[control])

    assert told(found["path.egress"]) == ("unknown", "loop")
    assert all(text in found["path.egress"].summary for text in (ISP, FAR))
    assert found["coap.udp-5683"].status == "unknown"


def test_a_router_that_appears_twice_in_a_row_is_no_loop() -> None:
    """A router that passes on packets whose time is up lets the next one answer for it, too."""
    twice = ladder("udp 53", GATEWAY, ISP, ISP, FAR, closed(ARGON_ADDRESS))
    found = egress("argon", GATEWAY, ISP, ISP, None, None, controls=[twice])

    assert place(found) == ("fail", "dropped", ISP, 3)


def test_a_control_that_is_refused_shows_nothing_beyond() -> None:
    control = ladder("udp 53", GATEWAY, Icmp(type=3, code=13, source=EDGE))
    found = egress("argon", *up_to(1), controls=[control])

    assert told(found) == ("unknown", "control-refused")
    assert EDGE in (found.reason or "")


def test_a_destination_that_is_a_router_itself() -> None:
    behind = [*ROUTERS[:3], ARGON_ADDRESS, None, None]
    control = ladder("udp 53", *ROUTERS[:3], ARGON_ADDRESS, "192.0.2.77", closed("192.0.2.77"))
    found = egress("argon", *behind, controls=[control])

    assert told(found) == ("unknown", "passed-on-by-destination")


def test_silent_routers_up_to_the_destination() -> None:
    control = ladder("udp 53", GATEWAY, None, None, None, closed(ARGON_ADDRESS))
    found = egress("argon", *up_to(1), controls=[control])

    assert told(found) == ("unknown", "silent-routers")


def test_a_gateway_that_rewrites_ttl() -> None:
    before = [ladder("udp 53", closed(ARGON_ADDRESS)), ladder("tcp 443", f"!{ARGON_ADDRESS} RST")]
    after = [ladder("udp 53", GATEWAY, closed(ARGON_ADDRESS)), ladder("tcp 443", GATEWAY, f"!{ARGON_ADDRESS} RST")]

    assert told(egress("argon", *up_to(0), controls=before)) == ("unknown", "silent-routers")
    assert told(egress("argon", *up_to(1), controls=after)) == ("unknown", "lost-at-the-end")
    refusing = {"attempts": attempts(ARGON_ADDRESS, 5684, "icmp", 2, icmp=closed(ARGON_ADDRESS))}
    reached = egress("argon", closed(ARGON_ADDRESS), controls=before, exchange=refusing)
    assert told(reached) == ("unknown", "distance-not-known")


def test_strays_and_the_limit_of_packets_and_a_laptop_that_cannot_send() -> None:
    assert told(egress("argon", *up_to(1), strays=2)) == ("unknown", "foreign-answer")
    assert told(egress("argon", *up_to(1), target={"cut_short": True})) == ("unknown", "cut-short")
    refused = replace(ladder("udp 5684", None), probes=[PathProbe(ttl=1, at_s=0.0, outcome="error", detail="denied")])
    made = PathTarget(host=seen.ARGON_NAME, address=ARGON_ADDRESS, device=refused)
    found = egress("argon", path=Path(targets=[made]))
    assert (found.status, "denied" in (found.reason or "")) == ("unknown", True)


# --- rejected


@pytest.mark.parametrize("code", [0, 1, 2, 3, 5, 9, 10, 13])
@pytest.mark.parametrize("device", ["argon", "photon"])
def test_who_rejects_signs(device: str, code: int) -> None:
    found = egress(device, *up_to(2, Icmp(type=3, code=code, source=EDGE)))

    assert place(found) == ("fail", "rejected", EDGE, 2)
    assert found.owner == "network administrator"
    assert EDGE in found.summary
    assert found.to_allow


def test_who_cannot_deliver_anything_says_so() -> None:
    none = Icmp(type=3, code=0, source=GATEWAY)
    found = egress("argon", none, controls=[ladder("udp 53", none), ladder("tcp 443", none)])

    assert place(found) == ("fail", "no-route", GATEWAY, None)  # that it is one hop away is not shown
    assert found.to_allow == []


@pytest.mark.parametrize("is_on_link", [True, False])
def test_a_cloud_of_this_subnet_that_nobody_answers_for_is_not_looked_for_at_routers(*, is_on_link: bool) -> None:
    """Client isolation, for instance: this laptop's own system says so, once nobody has answered its ARP requests."""
    beside = Scope(addresses=[f"{ARGON_ADDRESS[:-2]}99/{24 if is_on_link else 32}"], gateway=GATEWAY)
    unreachable = Icmp(type=3, code=1, source=beside.address or "")
    controls = [ladder("udp 123", unreachable), ladder("tcp 443", unreachable)]
    found = egress("argon", unreachable, controls=controls, scope=beside)

    assert (found.status, found.problem) == ("fail", "no-route")
    assert ("answers ARP" in found.summary) is is_on_link
    assert ("client isolation" in (found.remedy or "")) is is_on_link
    assert ("routes" in (found.remedy or "")) is not is_on_link


@pytest.mark.parametrize("router", [1, 2, 3])
def test_a_router_that_says_no_route_for_one_port_rejects_it(router: int) -> None:
    """Measured: the controls end at the TTL at which the device's port was refused, one hop after who refuses it."""
    refusing = Icmp(type=3, code=0, source=ROUTERS[router - 1])
    others = [ladder("udp 53", *up_to(router + 1, None)), ladder("tcp 443", *up_to(router + 1, None))]
    alike = [ladder("udp 53", *up_to(router, refusing)), ladder("tcp 443", *up_to(router, refusing))]
    named = (ROUTERS[router - 1], router)

    assert place(egress("argon", *up_to(router, refusing), controls=others)) == ("fail", "rejected", *named)
    assert place(egress("argon", *up_to(router, refusing), controls=alike)) == ("fail", "no-route", *named)


def test_another_refusal_by_the_same_router_is_no_way_further() -> None:
    none, not_allowed = (Icmp(type=3, code=code, source=EDGE) for code in (0, 13))
    controls = [ladder("udp 53", *up_to(2, not_allowed)), ladder("tcp 443", *up_to(2, not_allowed))]

    assert place(egress("argon", *up_to(2, none), controls=controls)) == ("fail", "no-route", EDGE, 2)


@pytest.mark.parametrize("code", [0, 1, 5])
def test_a_destination_that_is_down_is_no_refusal_of_the_port(code: int) -> None:
    """The last router says so once; what is asked after that gets no more errors."""
    down = Icmp(type=3, code=code, source=FAR)
    found = egress("argon", *up_to(4, down), controls=dead(4))

    assert place(found) == ("fail", "no-route", FAR, 4)
    assert found.to_allow == []


def test_this_laptop_is_not_the_first_router() -> None:
    own = Icmp(type=3, code=13, source="192.168.77.10")
    found = egress("argon", own)

    assert place(found) == ("fail", "rejected", "192.168.77.10", None)
    assert found.owner == "device owner"


@pytest.mark.parametrize("icmp", [Icmp(type=3, code=4, source=EDGE), Icmp(type=12, code=0, source=EDGE)])
def test_an_odd_error_is_no_refusal(icmp: Icmp) -> None:
    assert told(egress("argon", *up_to(2, icmp))) == ("unknown", "other-icmp-error")


# --- answered in the destination's name


def test_a_destination_that_refuses_itself_ends_the_question() -> None:
    refusing = {"attempts": attempts(ARGON_ADDRESS, 5684, "icmp", 2, icmp=closed(ARGON_ADDRESS))}
    refused = [Connection(at_s=0.0, error="refused")] * 2

    assert egress("argon", *up_to(4, closed(ARGON_ADDRESS)), exchange=refusing).status == "pass"
    reset = up_to(4, f"!{PHOTON_ADDRESS} RST")
    assert egress("photon", *reset, exchange={"connections": refused}).status == "pass"
    assert told(egress("photon", *reset)) == ("unknown", "reached-not-answered")  # the exchange itself was not refused


@pytest.mark.parametrize("hop", [1, 2, 3, 4])
@pytest.mark.parametrize("words", ["SYN-ACK", "RST"])
def test_an_answer_from_too_near_is_somebody_elses(hop: int, words: str) -> None:
    found = egress("photon", *up_to(hop - 1, f"!{PHOTON_ADDRESS} {words}"))

    assert told(found) == ("unknown", "answered-nearer")
    assert found.owner == "network administrator"


def refused_with(controls: list[Ladder], *rungs: str | Icmp | None) -> Check:
    """What is said where the device's own connection was refused in the destination's name."""
    return egress(
        "photon", *rungs, controls=controls, exchange={"connections": [Connection(at_s=0.0, error="refused")]}
    )


def test_a_firewall_that_refuses_everything_in_the_destinations_name_is_no_destination() -> None:
    reset = f"!{PHOTON_ADDRESS} RST"
    silent = ladder("udp 53", *up_to(1))
    found = refused_with([ladder("tcp 443", *up_to(1, reset)), silent], *up_to(1, reset))

    assert told(found) == ("unknown", "refused-perhaps-inside")
    proxied = ladder("tcp 443", *up_to(1, f"!{PHOTON_ADDRESS} SYN-ACK"), known_by="it answered a request")
    assert refused_with([proxied, silent], *up_to(1, reset)).status == "unknown"


def test_a_control_that_is_answered_from_nearer_measures_no_distance() -> None:
    reset = f"!{PHOTON_ADDRESS} RST"
    intercepted = ladder("udp 53", f"!{PHOTON_ADDRESS} DNS answer")
    found = refused_with([ladder("tcp 443", *up_to(1)), intercepted], *up_to(4, reset))

    assert told(found) == ("unknown", "control-answered-nearer")


def test_an_answer_that_no_control_can_be_held_against() -> None:
    alone = [ladder("tcp 443", GATEWAY, None, None, None, None), ladder("udp 53", GATEWAY, None, None, None, None)]

    found = egress("photon", *up_to(2, f"!{PHOTON_ADDRESS} RST"), controls=alone)
    assert told(found) == ("unknown", "distance-not-known")


def test_a_connection_is_no_proof() -> None:
    for device, answer in (("photon", f"!{PHOTON_ADDRESS} SYN-ACK"), ("argon", f"!{ARGON_ADDRESS} HelloVerifyRequest")):
        assert told(egress(device, *up_to(4, answer))) == ("unknown", "reached-not-answered")


# --- nobody gets any further


def dead(number: int) -> list[Ladder]:
    return [ladder("udp 53", *up_to(number)), ladder("tcp 443", *up_to(number))]


def test_a_destination_that_is_dead() -> None:
    out = egress("argon", *up_to(4), controls=dead(4))

    assert told(out) == ("pass", None)
    assert FAR in out.summary
    # The first public one may be the site's.
    assert told(egress("argon", *up_to(2), controls=dead(2))) == ("unknown", "silent-alike")
    assert told(egress("argon", *up_to(0), controls=dead(0))) == ("unknown", "no-router-answers")


def some(climbed: Ladder, ttl: int, lost: int, other: str | None = None) -> Ladder:
    """The same ladder, with packets of a TTL lost; before them, `other` answers hop 2, too."""
    more = [probe(2, other)] if other else []
    return replace(climbed, probes=[*climbed.probes, *more, *[probe(ttl, None)] * lost])


@pytest.mark.parametrize(("twin", "problem"), [("203.0.113.201", "balanced"), (None, "lossy")])
def test_a_port_of_which_only_some_packets_get_out_is_not_shown_to_get_out(twin: str | None, problem: str) -> None:
    """Seen in the lab: one of two ways drops the port, and 1 of 11 packets got to the last router by the other."""
    for device in ("argon", "generic"):
        run = observed(device, *up_to(4), controls=dead(4), again=1)
        assert run.path
        (target,) = run.path.targets
        run.path = Path(targets=[replace(target, device=some(target.device, 4, 10, twin))])
        found = {check.id: check for check in judge(run, profiles.load(device), Selection()).checks}

        assert told(found["path.egress"]) == ("unknown", problem)
        assert found["coap.udp-5683"].status != "pass" or device == "argon"
        assert not {"internet provider"} & {found[name].owner for name in ("coap.udp-5683", "cloud.transport")}


def test_errors_that_a_router_limits_for_every_port_do_not_hide_the_way_out() -> None:
    run = observed("argon", *up_to(4), controls=[some(climbed, 4, 2) for climbed in dead(4)], again=1)
    assert run.path
    (target,) = run.path.targets
    run.path = Path(targets=[replace(target, device=some(target.device, 4, 2))])

    found = {check.id: check for check in judge(run, profiles.load("argon"), Selection()).checks}
    assert told(found["path.egress"]) == ("pass", None)


def test_an_unanswered_ping_is_settled_by_a_router_outside() -> None:
    found = checks("generic", *up_to(4), controls=dead(4))

    assert found["coap.udp-5683"].status == "pass"
    assert FAR in found["coap.udp-5683"].summary
    assert found["cloud.transport"].status == "unknown", "egress is no answer"


@pytest.mark.parametrize(
    "changed",
    [
        {"controls": dead(2), "number": 2},
        {"controls": None, "number": 4},  # the host is alive, and answers may be what is lost
        {"controls": [ladder("udp 53", *up_to(4))], "number": 3},  # somebody treats the ports in different ways
        {"controls": dead(4), "number": 4, "scope": Scope(addresses=["198.18.0.7/24"], gateway="198.18.0.1")},
        {"controls": dead(4), "number": 4, "scope": Scope()},
    ],
)
def test_what_proves_no_egress(changed: dict[str, Any]) -> None:
    number = changed.pop("number")

    assert checks("generic", *up_to(number), **changed)["coap.udp-5683"].status == "unknown"


def test_what_comes_after_a_carriers_nat_is_outside_but_for_a_site_that_uses_such_addresses() -> None:
    way = [GATEWAY, "100.64.0.1", EDGE, None, None]
    dead_way = [ladder("udp 53", *way), ladder("tcp 443", *way)]
    inside = Scope(addresses=["100.64.7.9/24"], gateway=GATEWAY)

    assert checks("generic", *way, controls=dead_way)["coap.udp-5683"].status == "pass"
    assert checks("generic", *way, controls=dead_way, scope=inside)["coap.udp-5683"].status == "unknown"


def test_the_name_to_allow_is_that_of_the_device_and_not_of_the_stand_in() -> None:
    found = egress("argon", *up_to(1))

    assert f"to *.{seen.ARGON_NAME.partition('.')[2]} (now {ARGON_ADDRESS}; its addresses change)" in (
        found.remedy or ""
    )
    assert seen.ARGON_NAME not in (found.remedy or "")


def test_a_port_that_is_refused_outside_has_no_way_out() -> None:
    refusing = Icmp(type=3, code=13, source="198.18.0.1")
    found = checks("generic", *up_to(4, refusing), controls=dead(4))

    assert found["coap.udp-5683"].status != "pass"
    assert place(found["path.egress"]) == ("fail", "rejected", "198.18.0.1", None)


def test_public_addresses_inside_a_site_are_no_outside() -> None:
    site = [GATEWAY, "11.0.0.1", "11.7.0.1", "11.200.3.1", None, None]
    found = checks("generic", *site, controls=[ladder("udp 53", *site), ladder("tcp 443", *site)])

    assert found["coap.udp-5683"].status == "unknown"
    assert told(found["path.egress"]) == ("unknown", "silent-alike")


@pytest.mark.parametrize("flaw", [{"quoted": ""}, {"source": "10.9.9.9"}, {"source": "100.64.0.9"}])
def test_a_proof_quotes_our_own_packet_and_comes_from_outside(flaw: dict[str, Any]) -> None:
    rungs = [probe(1, GATEWAY), probe(2, EDGE), probe(3, ISP, **flaw), *(probe(ttl, None) for ttl in (4, 4, 5, 5))]
    device = Ladder(protocol="udp", port=5683, payload="coap", probes=rungs)
    made = PathTarget(host=COAP_NAMES[0], address=COAP_ADDRESSES[0], device=device, controls=dead(3))

    assert checks("generic", path=Path(targets=[made]))["coap.udp-5683"].status == "unknown"


def test_a_port_that_is_seen_to_be_blocked_stays_so() -> None:
    alive = {"controls": [Control(port=80, protocol="http", answered=True)]}
    found = checks("generic", *up_to(4), controls=dead(4), exchange=alive)

    assert found["coap.udp-5683"].status == "fail"


# --- what else the place says


@pytest.mark.parametrize("device", ["argon", "photon"])
def test_who_can_change_it_and_the_headline_follow_from_where_it_is_lost(device: str) -> None:
    """Behind two routers with public addresses it is not the site's administrator who can open the port."""
    far, near = judged(device, *up_to(3)), judged(device, *up_to(1))

    for judgement, hop, owner in ((far, ISP, "internet provider"), (near, GATEWAY, "network administrator")):
        by_id = {check.id: check for check in judgement.checks}
        assert (by_id["path.egress"].status, by_id["cloud.transport"].status) == ("fail", "fail")
        assert {by_id["path.egress"].owner, by_id["cloud.transport"].owner} == {owner}
        assert place(by_id["path.egress"])[2] == hop
        assert (judgement.answer.check, judgement.answer.owner) == ("path.egress", owner)


CARRIER = "100.64.0.1"
BY_CARRIER = (GATEWAY, CARRIER, EDGE, ISP)
ALIVE = [
    Control(port=5684, protocol="dtls", answered=True, detail="HelloVerifyRequest"),
    Control(port=80, protocol="http", answered=True, detail="HTTP/1.1 200 OK"),
]


def lost_behind(last: int, device: str, way: tuple[str, ...] = BY_CARRIER, **changed: Any) -> Judgement:
    """The device's port is lost behind the first routers of a way, and no router after them answers."""
    alive: dict[str, Any] = {"exchange": {"controls": ALIVE}} if device == "generic" else {}
    address = {"generic": COAP_ADDRESSES[0], "argon": ARGON_ADDRESS, "photon": PHOTON_ADDRESS}[device]
    quiet = [None] * (len(way) - last)
    controls = [
        ladder("udp 53", *way[:last], *quiet, closed(address)),
        ladder("tcp 443", *way[:last], *quiet, f"!{address} RST"),
    ]
    return judged(device, *way[:last], *quiet, None, controls=controls, **alive, **changed)


@pytest.mark.parametrize("device", ["generic", "argon", "photon"])
@pytest.mark.parametrize(
    ("way", "last", "owner"),
    [
        (BY_CARRIER, 2, "internet provider"),
        (BY_CARRIER, 3, "internet provider"),
        (BY_CARRIER, 4, "internet provider"),
        (ROUTERS, 3, "internet provider"),
        (BY_CARRIER, 1, "network administrator"),
        (ROUTERS, 2, "network administrator"),
        ((GATEWAY, "10.0.0.1", EDGE), 2, "network administrator"),
    ],
)
def test_a_port_that_gets_to_the_provider_is_not_the_sites_to_open(
    device: str, way: tuple[str, ...], last: int, owner: str
) -> None:
    """An ISP that drops a port behind the gateway and a carrier's router, whether or not the place can be named."""
    judgement = lost_behind(last, device, way)
    found = {check.id: check for check in judgement.checks}

    assert (found["cloud.transport"].status, found["path.egress"].status) == ("fail", "unknown")
    assert (judgement.answer.check, judgement.answer.owner, found["cloud.transport"].owner) == (
        "coap.udp-5683" if device == "generic" else "cloud.transport", owner, owner,
    )  # fmt: skip
    assert (way[last - 1] in (found["cloud.transport"].reason or "")) == (owner == "internet provider")
    assert ("Ask the internet provider" in (judgement.answer.change or "")) == (owner == "internet provider")


def test_a_laptop_that_is_behind_a_carriers_nat_itself_shows_no_end_of_its_site() -> None:
    scope = Scope(interface="eth0", addresses=["100.64.7.7/24"], gateway=GATEWAY)

    assert lost_behind(2, "argon", scope=scope).answer.owner == "network administrator"


def test_a_router_of_the_provider_that_answers_another_port_only_proves_nothing() -> None:
    controls = [ladder("udp 53", *BY_CARRIER, None), ladder("tcp 443", *BY_CARRIER, f"!{ARGON_ADDRESS} RST")]
    judgement = judged("argon", GATEWAY, None, None, None, None, controls=controls)

    assert judgement.answer.owner == "network administrator"


def test_every_port_that_answers_is_named() -> None:
    found = {check.id: check for check in lost_behind(2, "generic").checks}["coap.udp-5683"]

    assert "answers DTLS on UDP 5684 and HTTP on TCP 80" in found.summary
    assert "only" not in found.summary


def test_where_the_place_is_not_known_the_port_itself_is_the_headline() -> None:
    judgement = judged("argon", *[None] * 5, controls=[ladder("udp 53", *[None] * 5), ladder("tcp 443", *[None] * 5)])

    assert (judgement.answer.check, judgement.answer.owner) == ("cloud.transport", "network administrator")


def test_a_portal_before_the_place_stays_the_one_thing_to_change() -> None:
    """What is lost behind a portal may be lost only because of it."""
    judgement = judged("argon", *up_to(1), portal=seen.portal({"status": 302, "location": "http://192.168.77.1/login"}))

    assert judgement.answer.check == "portal"


# --- ICMP errors that anybody on this network can have sent


def refusal_at_edge(*, proved: bool, again: int = 1, **unasked: Any) -> Check:
    """What is said where an error in the edge's name says no, after the edge itself has answered as a router."""
    sure = [replace(probe(ttl, who), icmp=replace(Icmp(type=11, code=0, source=who), proved=True))
            for ttl, who in ((1, GATEWAY), (2, EDGE))]  # fmt: skip
    no = probe(3, replace(PROHIBITED, source=EDGE, proved=proved))
    run = observed("argon", target={"unasked": Unasked(**unasked)})
    assert run.path is not None
    (target,) = run.path.targets
    target = replace(target, device=replace(target.device, probes=[*sure, *[no] * again]), controls=[])
    run.path.targets = [target]
    found = judge(run, profiles.load("argon"), Selection()).checks
    return next(check for check in found if check.id == "path.egress")


def test_a_refusal_that_quotes_nothing_names_nobody() -> None:
    """Although the router in whose name it comes has answered otherwise, and proved that."""
    found = refusal_at_edge(proved=False, ports=0)

    assert (found.status, found.problem, found.named) == ("unknown", "unproved-refusal", None)


def test_a_refusal_that_is_proved_or_comes_on_three_ports_names_its_sender() -> None:
    for found in (refusal_at_edge(proved=True, ports=9), refusal_at_edge(proved=False, again=3, closed=0)):
        assert (found.status, found.problem, found.named and found.named.address) == ("fail", "rejected", EDGE)


def test_three_refusals_that_prove_nothing_name_nobody_in_a_swept_network() -> None:
    assert refusal_at_edge(proved=False, again=3, ports=3).named is None


@pytest.mark.parametrize(("ports", "problem"), [(3, "unproved-refusal"), (0, "silent-alike")], ids=["swept", "healthy"])
def test_hops_that_prove_nothing_are_not_told_in_a_swept_network(ports: int, problem: str) -> None:
    run = observed("argon", *up_to(2), controls=dead(2), target={"unasked": Unasked(ports=ports)})
    found = judge(run, profiles.load("argon"), Selection()).checks
    egress_check = next(check for check in found if check.id == "path.egress")

    assert told(egress_check) == ("unknown", problem)
    assert (EDGE in egress_check.summary) is (problem == "silent-alike")
