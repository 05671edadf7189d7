"""Which router drops a device's port: said rightly or not at all, in rows of real routers, as root and as nobody."""

import re
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace

from netpreflight.agent import profiles
from netpreflight.agent.judging.device_view import device_view
from netpreflight.agent.judging.path import egress, proof_of_egress
from netpreflight.agent.results import Finding, Named
from netpreflight.probes.observations import (
    Cloud,
    CloudEndpoint,
    Coap,
    CoapServer,
    Connection,
    Observations,
    Path,
    Scope,
)
from tests.lab.chain import DEAD, PORTS, SERVERS, USERS, Chain, Looked
from tests.lab.faults import Fault, Firewall
from tests.lab.oddrouter import OddRouter
from tests.lab.servers import BEHIND_RELAY, GATEWAY
from tests.unit.seen import attempts

pytestmark = pytest.mark.lab

REJECTS = {
    "icmp net-unreachable": 0,
    "icmp host-unreachable": 1,
    "icmp port-unreachable": 3,
    "icmp net-prohibited": 9,
    "icmp host-prohibited": 10,
    "icmp admin-prohibited": 13,
}
DEVICES = {"coap": "generic", "dtls": "argon", "syn": "photon"}


def unanswered(what: str, looked: Looked) -> Observations:
    """A run in which the device's exchange brought nothing, and then this was seen of the path."""
    profile = profiles.load(DEVICES[what])
    host, (_, port, _), target = profile.cloud.hosts.value[0], PORTS[what], looked.target
    path = Path(targets=[replace(target, host=host)])
    seen = Observations(
        scope=Scope(interface="eth0", state="up", addresses=["192.168.77.10/24"], gateway=GATEWAY), path=path
    )
    silent = attempts(target.address, port, "timeout", 3)
    seen.coap = Coap(servers=[CoapServer(host=host, port=port, address=target.address, attempts=silent)])
    late = Connection(at_s=0.0, error="timeout")
    transport: Any = {"dtls": "dtls", "syn": "tcp-nonce"}.get(what, "dtls")
    seen.cloud = Cloud(
        endpoints=[
            CloudEndpoint(
                transport=transport,
                host=host,
                port=port,
                address=target.address,
                attempts=silent,
                connections=[late] * 3,
            )
        ]
    )
    return seen


def judged(what: str, looked: Looked) -> Finding:
    """What `path.egress` says of it."""
    return egress(device_view(unanswered(what, looked), profiles.load(DEVICES[what])))


def named(finding: Finding) -> str | None:
    """The router that a finding names as the last that answered, or as who rejects."""
    if finding.named is None:
        return None
    assert finding.named.address in finding.summary
    return finding.named.address


def with_fault(chain: Chain, make: Callable[[], Fault], what: str, user: int | None, **more: Any) -> Finding:
    """What is said while a fault is in force, which has to fire; it is gone afterwards."""
    fault = make()
    finding = judged(what, chain.look(what, user=user, **more))
    assert fault.counter(), fault.rule
    fault.remove()
    return finding


@pytest.fixture(params=USERS)
def user(request: pytest.FixtureRequest) -> int | None:
    """Root, and who has no privilege at all."""
    return USERS[request.param]


@pytest.mark.parametrize("what", PORTS)
def test_dropped_at_each_router(what: str, user: int | None) -> None:
    with Chain() as chain:
        for router, hop in enumerate(chain.hops, 1):
            finding = with_fault(chain, partial(chain.drop, router, what), what, user)
            if router < len(chain.hops):
                assert (finding.problem, finding.named) == ("dropped", Named(address=hop, hop=router)), finding
                assert finding.status == "fail"
            else:  # nothing but the destination comes after the last router, and it may be silent by itself
                assert (finding.status, finding.problem) == ("unknown", "lost-at-the-end"), finding

            finding = with_fault(chain, partial(chain.drop, router, what, reply=True), what, user)
            assert (finding.status, finding.problem) == ("unknown", "lost-at-the-end"), finding
            assert named(finding) is None
        assert judged(what, chain.look(what, user=user)).status != "fail"


@pytest.mark.parametrize("what", PORTS)
def test_rejected_by_each_router(what: str, user: int | None) -> None:
    with Chain() as chain:
        for router, hop in enumerate(chain.hops, 1):
            for answer, code in REJECTS.items():
                fault = chain.reject(router, what, answer)
                looked = chain.look(what, user=user)
                finding = judged(what, looked)
                assert fault.counter(), fault.rule
                fault.remove()

                assert finding.status == "fail", finding
                assert finding.problem in {"rejected", "no-route"}
                assert finding.named == Named(address=hop, hop=router)
                said = {(probe.icmp.type, probe.icmp.code) for probe in looked.target.device.probes if probe.icmp}
                assert (3, code) in said
            if what == "syn":
                finding = with_fault(chain, partial(chain.reject, router, what, "tcp reset"), what, user)
                assert named(finding) is None
                assert finding.status == "unknown", finding


def hops_named(chain: Chain, finding: Finding) -> int | None:
    """The number of the router that is named; None: none is. It has to be one of the row."""
    name = named(finding)
    return chain.hops.index(name) + 1 if name else None


def test_a_silent_router_before_or_after_the_drop(user: int | None) -> None:
    with Chain() as chain:
        for mute in (1, 2, 3, 4):
            muted = chain.silence(mute)
            for router in (1, 2, 3, 4):
                finding = with_fault(chain, partial(chain.drop, router, "dtls"), "dtls", user)
                answered = [number for number in range(1, router + 1) if number != mute]
                after = [number for number in range(router + 1, 5) if number != mute]
                if not after:
                    assert (finding.status, named(finding)) == ("unknown", None), (mute, router, finding)
                elif answered:
                    assert (finding.status, hops_named(chain, finding)) == ("fail", answered[-1]), (
                        mute,
                        router,
                        finding,
                    )
                else:
                    assert (finding.status, named(finding)) == ("fail", None), (mute, router, finding)
                    assert finding.problem == "dropped-before-any-router"
            assert muted.counter()
            muted.remove()


@pytest.mark.parametrize("what", PORTS)
@pytest.mark.parametrize("hook", ["prerouting", "input"])
def test_dropped_where_no_router_says_so(what: str, hook: str, user: int | None) -> None:
    protocol, port, _ = PORTS[what]
    with Chain() as chain:
        if hook == "prerouting":  # before the router looks at the TTL, so that it does not answer itself
            for router in (2, 3, 4):
                wall = chain.routers[router - 1]
                finding = with_fault(chain, partial(wall.drop, protocol, port, hooks=(hook,)), what, user)
                assert (finding.status, hops_named(chain, finding)) == ("fail", router - 1), finding
        else:  # at the destination itself
            inside = BEHIND_RELAY if what == "dtls" else port
            finding = with_fault(chain, partial(chain.server.drop, protocol, inside, hooks=(hook,)), what, user)
            assert (finding.status, named(finding)) == ("unknown", None), finding


RATES = ("1/second burst 1 packets", "1/minute burst 1 packets", "3/second burst 2 packets")


@pytest.mark.parametrize("what", ["dtls", "syn"])
def test_routers_that_limit_their_icmp_are_no_proof_of_a_drop(what: str, user: int | None) -> None:
    protocol, port, _ = PORTS[what]
    port = BEHIND_RELAY if what == "dtls" else port
    with Chain() as chain:
        for rate in RATES:
            limits = [chain.limit_icmp(router, rate) for router in (2, 3, 4)]
            at_server = with_fault(chain, partial(chain.server.drop, protocol, port, hooks=("input",)), what, user)
            assert at_server.status == "unknown", at_server
            finding = with_fault(chain, partial(chain.drop, 2, what), what, user)
            assert finding.status in {"fail", "unknown"}
            assert hops_named(chain, finding) in {None, 1, 2}, finding
            assert any(fault.counter() for fault in limits)
            for fault in limits:
                fault.remove()


@pytest.mark.parametrize("what", PORTS)
def test_a_drop_is_found_beside_the_limit_that_linux_has_by_default(what: str, user: int | None) -> None:
    with Chain() as chain:
        for router in (1, 2, 3, 4):
            chain.routers[router - 1].where.sysctl("net/ipv4/icmp_ratelimit", "1000")
        finding = with_fault(chain, partial(chain.drop, 2, what), what, user)
        assert (finding.status, hops_named(chain, finding)) == ("fail", 2), finding


@pytest.mark.parametrize("what", ["dtls", "syn"])
def test_paths_that_are_balanced_by_flow(what: str, user: int | None) -> None:
    with Chain(fork=True) as chain:
        ways = [chain.hops[1], chain.twin_hop]
        seen_ways = set()
        for _ in range(30):
            looked = chain.look(what, user=user)
            taken = {probe.source for probe in looked.target.device.probes if probe.ttl == 2}
            seen_ways |= taken
            assert taken <= {*ways}
            assert len(taken) == 1 or what == "syn"
            if seen_ways == {*ways}:
                break
        assert seen_ways == {*ways}

        protocol, port, _ = PORTS[what]
        for wall, true in ((chain.routers[1], chain.hops[1]), (chain.twin, chain.twin_hop)):
            fault = wall.drop(protocol, port)
            hit: set[bool] = set()
            for _ in range(30):
                before = fault.counter()
                looked = chain.look(what, user=user)
                finding = judged(what, looked)
                taken = {probe.source for probe in looked.target.device.probes if probe.ttl == 2}
                if what == "dtls" and taken != {true}:
                    assert finding.status == "unknown", finding
                assert finding.status in {"fail", "unknown"}, finding
                assert named(finding) in {None, true}, finding
                hit.add(fault.counter() > before)
                if hit == {True, False} or (what == "syn" and True in hit):  # of many flows some are always hit
                    break
            assert True in hit
            fault.remove()
        finding = with_fault(chain, partial(chain.drop, 1, what), what, user)
        assert (finding.status, named(finding)) == ("fail", GATEWAY), finding


@pytest.mark.parametrize(
    ("second", "owner"),
    [("public", "network administrator"), ("nat", "network administrator"), ("carrier", "internet provider")],
)
def test_whose_router_it_is(second: Any, owner: str, user: int | None) -> None:
    with Chain(second=second) as chain:
        first = with_fault(chain, partial(chain.drop, 1, "dtls"), "dtls", user)
        finding = with_fault(chain, partial(chain.drop, 2, "dtls"), "dtls", user)
        third = with_fault(chain, partial(chain.drop, 3, "dtls"), "dtls", user)

    assert {each_finding.problem for each_finding in (first, finding, third)} == {"dropped"}
    assert (named(first), first.owner) == (GATEWAY, "network administrator")
    assert (named(finding), finding.owner) == (chain.hops[1], owner)
    assert named(third) == chain.hops[2]
    assert third.owner == ("network administrator" if second == "nat" else "internet provider")


@pytest.mark.parametrize("hook", ["prerouting", "postrouting"])
def test_a_gateway_that_rewrites_ttl_names_nobody_else(hook: str, user: int | None) -> None:
    with Chain() as chain:
        rewriting = chain.rewrite_ttl(1, hook)
        for what in PORTS:
            for router in (1, 2, 3, 4):
                finding = with_fault(chain, partial(chain.drop, router, what), what, user)
                assert (finding.status, named(finding)) == ("unknown", None), (router, finding)
            assert judged(what, chain.look(what, user=user)).status == "unknown"
        assert rewriting.counter()


def test_a_transparent_proxy_is_no_destination(user: int | None) -> None:
    with Chain() as chain:
        for router in (1, 2, 3, 4):
            finding = with_fault(chain, partial(chain.proxy, router), "syn", user)
            assert (finding.status, named(finding)) == ("unknown", None), finding
            assert finding.problem == "answered-nearer"


def test_a_destination_that_is_dead(user: int | None) -> None:
    with Chain() as chain:
        for what in PORTS:
            finding = judged(what, chain.look(what, user=user, address=DEAD))
            assert finding.status == "pass", finding
            assert chain.hops[-1] in finding.summary

            finding = with_fault(chain, partial(chain.drop, 2, what), what, user, address=DEAD)
            assert (finding.status, hops_named(chain, finding)) == ("fail", 2), finding
        everything = chain.routers[1].drop()
        for what in PORTS:
            finding = judged(what, chain.look(what, user=user))
            assert (finding.status, named(finding)) == ("unknown", None), finding
        assert everything.counter()


def test_a_router_outside_the_site_proves_egress_and_the_sites_own_do_not() -> None:
    with Chain() as chain:
        proof = proof_of_egress(unanswered("coap", chain.look("coap", address=DEAD)), DEAD, 5683)
        assert proof is not None
        assert proof[0].source == chain.hops[3]
        for router in (1, 2, 3):  # where another port gets further, somebody treats this one in another way
            fault = chain.drop(router, "coap")
            assert proof_of_egress(unanswered("coap", chain.look("coap", address=DEAD)), DEAD, 5683) is None
            assert fault.counter()
            fault.remove()
        for router, proves in ((1, False), (2, False), (3, True)):  # the first public router can be the site's edge
            everything = chain.routers[router - 1].drop()
            assert bool(proof_of_egress(unanswered("coap", chain.look("coap", address=DEAD)), DEAD, 5683)) == proves
            assert everything.counter()
            everything.remove()
        seen = unanswered("coap", chain.look("dtls", address=DEAD))
        assert proof_of_egress(seen, DEAD, 5683) is None
        fault = chain.drop(1, "coap", reply=True)  # the server answers, and only the answer is lost
        assert proof_of_egress(unanswered("coap", chain.look("coap")), SERVERS["coap"], 5683) is None
        assert fault.counter()


ODD = {
    "quotes eight bytes": {"quote": 28, "trims": True},
    "is late": {"delay_s": 1.0},
    "is late and quotes eight bytes": {"delay_s": 1.0, "quote": 28, "trims": True},
    "loses the identification": {"forgets": True, "quote": 28},
    "passes on what is over": {"overrun": True},
    "counts no hop": {"hidden": True},
}


@pytest.mark.parametrize("what", ["dtls", "syn"])
@pytest.mark.parametrize("odd", ODD)
def test_a_router_that(odd: str, what: str, user: int | None) -> None:
    settings: Any = ODD[odd]
    with Chain() as chain:
        between = OddRouter(**settings)
        between.join(chain)
        for router in (2, 3):
            finding = with_fault(chain, partial(chain.drop, router, what), what, user)
            name = named(finding)
            if odd == "is late and quotes eight bytes" or (odd == "passes on what is over" and router == 2):
                assert name in {None, chain.hops[router - 1]}, finding
            else:
                assert (finding.status, name) == ("fail", chain.hops[router - 1]), finding
        assert between.did


@pytest.mark.parametrize("what", ["dtls", "syn"])
def test_a_path_that_alternates_between_two_ways(what: str, user: int | None) -> None:
    """Each packet takes one of two ways by chance, one of which drops the device's port; the server is silent, too."""
    protocol, port, _ = PORTS[what]
    with Chain() as chain:
        ways = ("192.0.2.201", "192.0.2.205")
        between = OddRouter(ways=ways, drops=({"udp": 17, "tcp": 6}[protocol], port))
        between.join(chain)
        for _ in range(4):
            finding = judged(what, chain.look(what, user=user, address=DEAD))
            assert named(finding) in {None, ways[0]}, finding
        assert between.did


@pytest.mark.parametrize("inherit", [False, True])
@pytest.mark.parametrize("what", ["dtls", "syn"])
def test_a_tunnel_on_the_path(what: str, user: int | None, *, inherit: bool) -> None:
    """The routers between its ends count no hop of what it carries, or let it die without a word."""
    with Chain() as chain:
        chain.tunnel(inherit=inherit)
        for router, name in ((1, GATEWAY), (4, None)):
            finding = with_fault(chain, partial(chain.drop, router, what), what, user)
            if router == 1 and not inherit:
                assert (finding.status, named(finding)) == ("fail", name), finding
            else:
                assert (finding.status, named(finding)) == ("unknown", None), finding
        finding = judged(what, chain.look(what, user=user, address=DEAD))
        assert finding.status == "unknown", finding
        carried = chain.routers[1].rule("udp dport 4789 counter name hits", ("forward",))
        chain.look(what, user=user)
        assert carried.counter()


def test_a_laptop_that_refuses_is_no_router(user: int | None) -> None:
    with Chain() as chain:
        own = Firewall(chain.laptop)
        for what in PORTS:
            protocol, port, _ = PORTS[what]
            for fault in (
                lambda: own.reject(protocol, port, hooks=("output",)),  # noqa: B023  used within the loop
                lambda: own.drop(protocol, port, hooks=("output",)),  # noqa: B023
            ):
                finding = with_fault(chain, fault, what, user)
                assert named(finding) in {None, "192.168.77.10"}, finding


@pytest.mark.parametrize("what", PORTS)
def test_a_middlebox_that_accepts_late(what: str, user: int | None) -> None:
    """It answers every SYN, and takes its time: what that costs is within the limit, and in the footprint."""
    with Chain(12) as chain:
        late = OddRouter(accepts_s=0.6)
        late.join(chain)
        with chain.capture() as capture:
            looked = chain.look(what, user=user)
        sent = [packet for packet in capture.sent() if packet.protocol in {"udp", "tcp"}]
        assert late.did
        assert sum(packet.frames for packet in sent) <= 80
        assert sum(contact.packets for contact in looked.footprint) == sum(packet.frames for packet in sent)
        assert named(judged(what, looked)) is None


@pytest.mark.parametrize("what", PORTS)
def test_twelve_hops_with_three_silent_ones(what: str, user: int | None) -> None:
    with Chain(12) as chain:
        silent = [chain.silence(router) for router in (4, 5, 9)]
        for drop in (None, 1, 3, 6, 11):
            fault = chain.drop(drop, what) if drop else None
            with chain.capture() as capture:
                looked = chain.look(what, user=user)
            sent = [packet for packet in capture.sent() if packet.protocol in {"udp", "tcp"}]
            packets = sum(packet.frames for packet in sent)
            finding = judged(what, looked)

            assert looked.took_s < 4, looked.took_s
            assert packets <= 80
            listed: dict[tuple[str, str, int], tuple[int, int]] = {
                (contact.protocol, contact.address, contact.port): (contact.packets, contact.bytes)
                for contact in looked.footprint
            }
            seen = {(packet.protocol, packet.destination, packet.port or 0): packet for packet in sent}
            assert set(listed) == set(seen)
            for key, packet in seen.items():
                assert listed[key] == (packet.frames, packet.octets - 14 * packet.frames), (key, drop)
            assert not looked.target.cut_short
            if fault:
                assert (finding.status, hops_named(chain, finding)) == ("fail", drop), finding
                assert fault.counter()
                fault.remove()
        assert all(fault.counter() for fault in silent)


TRACERS = {
    "traceroute": ("dtls", ["traceroute", "-n", "-U", "-p", "5684", "-q", "3", "-w", "1", "-m", "12"]),
    "tcptraceroute": ("syn", ["tcptraceroute", "-n", "-q", "3", "-w", "1", "-m", "12"]),
    "mtr": ("dtls", ["mtr", "--udp", "-P", "5684", "-n", "-r", "-c", "3", "-m", "12"]),
}


@pytest.mark.parametrize("tracer", TRACERS)
def test_agrees_with(tracer: str, capsys: pytest.CaptureFixture[str]) -> None:
    what, argv = TRACERS[tracer]
    _, port, _ = PORTS[what]
    with Chain(8) as chain:
        muted = chain.silence(3)
        for drop in (None, 2, 6):
            fault = chain.drop(drop, what) if drop else None
            begun = time.monotonic()
            done = chain.laptop.run(*argv, SERVERS[what], *([str(port)] if tracer == "tcptraceroute" else []))
            theirs_s = time.monotonic() - begun
            theirs = {
                int(match[1]): match[2]
                for match in re.finditer(r"^\s*(\d+)\.?\S*\s+(\d+\.\S+)", done.stdout, re.MULTILINE)
            }
            looked = chain.look(what)
            device = looked.target.device
            ours = {probe.ttl: probe.source for probe in device.probes if probe.source}
            with capsys.disabled():
                sys.stdout.write(
                    f"\n  {tracer}, drop at {drop}: {theirs_s:.1f} s; ours with controls {looked.took_s:.1f} s"
                )

            assert theirs, done
            if what == "dtls":  # theirs is no ClientHello, so the server does not answer it
                ours = {ttl: source for ttl, source in ours.items() if source != SERVERS[what]}
            assert theirs == ours
            if fault:
                fault.remove()
        assert muted.counter()
