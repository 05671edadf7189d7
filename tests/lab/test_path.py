"""Looks at a path whose routers choose by chance, what a look costs, and how it compares with other tracers.

Rows whose routers do the same to every packet stand in `ladders/`, for `test_ladders`.
"""

import re
import sys
import time

import pytest
from msgspec.structs import replace

from netpreflight.agent import profiles
from netpreflight.agent.judging.path import proof_of_egress
from netpreflight.agent.judging.verdict import judge_one
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Control
from tests.lab.chain import AS_MACOS, DEAD, PORTS, SERVERS, USERS, Chain, Looked
from tests.lab.judged_path import DEVICES, judged, named, unanswered
from tests.lab.oddrouter import OddRouter
from tests.lab.servers import GATEWAY

pytestmark = pytest.mark.lab


@pytest.fixture(params=USERS)
def user(request: pytest.FixtureRequest) -> int | None:
    """Root, and who has no privilege at all."""
    return USERS[request.param]


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
        fault = chain.drop(1, what)
        finding = judged(what, chain.look(what, user=user))
        assert fault.counter(), fault.rule
        assert (finding.status, named(finding)) == ("fail", GATEWAY), finding


def test_what_macos_tells_root_shows_the_router_before_a_drop() -> None:
    """Its code runs on Linux here, whose raw sockets for ICMP give the same but for the order of bytes."""
    with Chain() as chain:
        for what in PORTS:
            healthy = chain.look(what, before=AS_MACOS)
            assert healthy.target.device.no_raw, "else Linux' raw sockets were used"
            assert [probe.outcome for probe in healthy.target.device.probes][-1] == "answered"
            assert [probe.source for probe in healthy.target.device.probes][: len(chain.hops)] == chain.hops
            fault = chain.drop(3, what)
            finding = judged(what, chain.look(what, before=AS_MACOS))
            assert fault.counter(), fault.rule
            assert (finding.status, finding.problem, named(finding)) == ("fail", "dropped", chain.hops[2])
            fault.remove()


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


def test_a_port_that_a_provider_drops_behind_a_carriers_nat_is_the_providers_to_open() -> None:
    """UDP 5683, UDP 5684 and TCP 5683, dropped by the router after the carrier's, or by the gateway."""
    with Chain(3, second="carrier") as chain:
        for what in PORTS:
            for router, owner in ((3, "internet provider"), (1, "network administrator")):
                fault = chain.drop(router, what)
                assert owner_of(what, chain.look(what)) == ("fail", owner)
                assert fault.counter(), fault.rule
                fault.remove()
        healthy = chain.look("coap").target.device
        assert any(probe.outcome == "answered" for probe in healthy.probes)


def owner_of(what: str, looked: Looked) -> tuple[str, str | None]:
    """The status of the device's cloud, with its host alive on another port, and who has to change something."""
    seen = unanswered(what, looked)
    assert seen.coap is not None
    alive = Control(port=80, protocol="http", answered=True)
    seen.coap.servers = [replace(server, controls=[alive]) for server in seen.coap.servers]
    check = judge_one("cloud.transport", seen, profiles.load(DEVICES[what]), Selection())
    return check.status, check.owner


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


WAITS_LONG = "from netpreflight.probes.net import ladders\nladders.SYN_WAIT_S = 1.3\n"


def test_a_syn_that_the_system_sends_again_is_in_the_footprint() -> None:
    """As on a laptop so busy that a wait of 0.9 s takes more than the 1 s after which it is sent again."""
    with Chain(1) as chain:
        fault = chain.drop(1, "syn")
        counts = []
        for before in ("", WAITS_LONG):
            with chain.capture() as capture:
                looked = chain.look("syn", user=USERS["nobody"], before=before)
            sent = sum(packet.frames for packet in capture.sent() if packet.protocol in {"udp", "tcp"})
            assert sum(contact.packets for contact in looked.footprint) == sent
            counts.append((sent, len(looked.target.device.probes)))
        assert fault.counter()
    (usual, probes), (more, same) = counts

    assert (more > usual, same) == (True, probes), "the fault: some were sent twice"


@pytest.mark.timing
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
            if fault and drop:
                assert (finding.status, named(finding)) == ("fail", chain.hops[drop - 1]), finding
                assert fault.counter()
                fault.remove()
        assert all(fault.counter() for fault in silent)


TRACERS = {
    "traceroute": ("dtls", ["traceroute", "-n", "-U", "-p", "5684", "-q", "3", "-w", "1", "-m", "12"]),
    "tcptraceroute": ("syn", ["tcptraceroute", "-n", "-q", "3", "-w", "1", "-m", "12"]),
    "mtr": ("dtls", ["mtr", "--udp", "-P", "5684", "-n", "-r", "-c", "3", "-m", "12"]),
}


@pytest.mark.timing
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
