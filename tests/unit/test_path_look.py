"""The look at a path: how far each ladder climbs, what is asked again, what gets to the server, and large datagrams."""

import asyncio
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge_one
from netpreflight.agent.results import Check
from netpreflight.agent.selection import Selection
from netpreflight.probes import obstacles
from netpreflight.probes import path as probe
from netpreflight.probes.net import ladders, raw
from netpreflight.probes.net.ladders import Destination, Rungs, UdpClimb
from netpreflight.probes.net.payload_shapes import CLIENT_HELLO, WHOLE, Shape
from netpreflight.probes.net.sockets import Datagram, Network, Refusal, SynResult
from netpreflight.probes.observations import Cloud, CloudEndpoint, Icmp, PathTarget, Protocol, WholePackets
from netpreflight.probes.path import LARGE_TRIES, MOST_PACKETS, Target, path
from netpreflight.systems import system
from netpreflight.systems.interface import UnnamedError
from tests.unit import seen
from tests.unit.dtls_records import HELLO_VERIFY
from tests.unit.fakes import Clock, FakeNetwork
from tests.unit.ladder_place import ADDRESS, PLACE, error
from tests.unit.partly import partly

COAP, DTLS = Rungs("udp", 5683, "coap"), Rungs("udp", 5684, "dtls")
DNS, NTP = Rungs("udp", 53, "dns"), Rungs("udp", 123, "ntp")
NONCE, HTTPS = Rungs("tcp", 5683, "syn"), Rungs("tcp", 443, "syn")
SIZE = 1280


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Packet(NamedTuple):
    """What was sent."""

    at: float
    is_device: bool
    shape: Shape
    ttl: int
    payload: bytes
    whole: bool
    hops: int
    """How many routers are on the way of its flow."""


class Row(FakeNetwork):
    """A row of routers, and behind it a server.

    Args:
        clock: what moves only as somebody waits.
        hops: how many routers.
        drop: the router after which the device's port is dropped; None: none.
        server: what it says on the device's port.
        refuses_others: whether it refuses all others, or is silent there.
        mute: the routers that say nothing.
        quote: bytes that an ICMP error quotes.
        slow: how much later than others these say it, by TTL.
        whole: what becomes of large datagrams that must not be fragmented: the router that finds them too large, its
            silence (0), or the system's words.
        late_s: how long the server takes to answer.
        shorter: by how many routers the way of every flow but the first is shorter.
    """

    def __init__(
        self,
        clock: Clock,
        hops: int,
        *,
        drop: int | None = 2,
        server: Literal["silent", "dtls", "refuses"] = "silent",
        refuses_others: bool = True,
        mute: tuple[int, ...] = (),
        quote: int = 512,
        slow: dict[int, float] | None = None,
        whole: int | str | None = None,
        late_s: float = 0.0,
        shorter: int = 0,
    ) -> None:
        super().__init__(clock, lambda *_: [])
        self.hops, self.drop, self.server, self.mute, self.quote = hops, drop, server, mute, quote
        self.slow, self.whole, self.refuses_others = slow or {}, whole, refuses_others
        self.late_s, self.shorter = late_s, shorter
        self.log: list[Packet] = []

    def udp(self, purpose: str, shape: Shape, host: str | None = None, *, local_port: int = 0) -> Any:
        """A socket whose packets these routers count down."""
        hops = self.hops - (self.shorter if self.sockets else 0)
        made: Any = super().udp(purpose, shape, host)

        def send(
            payload: bytes, address: str, port: int, *, ttl: int | None = None, shape: Shape | None = None
        ) -> str | None:
            assert ttl is not None
            whole = shape is WHOLE
            assert whole or shape is None
            assert made.is_whole == whole
            assert address == ADDRESS
            if whole and isinstance(self.whole, str):
                return self.whole
            packet = Packet(self.clock.now - 1000, "device" in purpose, shape or made.shape, ttl, payload, whole, hops)
            self.log.append(packet)
            at = self.clock.now + 0.001 * ttl + self.slow.get(ttl, 0.0)
            for event in self._what_comes(packet, port, at):
                made.coming.append((at, event))
            made.coming.sort(key=lambda arrival: arrival[0])
            return None

        made.send = send
        return made

    def _what_comes(self, packet: Packet, port: int, at: float) -> Iterator[Datagram | Refusal]:
        quoted = packet.payload[: self.quote]
        if packet.whole and self.whole is not None and packet.ttl >= int(self.whole):
            if self.whole:
                icmp = Icmp(type=3, code=4, source=f"203.0.113.{self.whole}", mtu=1200)
                yield Refusal(icmp, ADDRESS, port, at, quoted)
        elif packet.is_device and self.drop is not None and packet.ttl > self.drop:
            return
        elif packet.ttl <= packet.hops:
            if packet.ttl not in self.mute:
                yield Refusal(error(f"203.0.113.{packet.ttl}"), ADDRESS, port, at, quoted)
        elif packet.is_device and self.server == "dtls":
            yield Datagram(HELLO_VERIFY, ADDRESS, port, at + self.late_s)
        elif self.server == "refuses" if packet.is_device else self.refuses_others:
            yield Refusal(error(ADDRESS, 3, 3), ADDRESS, port, at, quoted)

    @property
    def reached(self) -> list[Packet]:
        """What got to the server."""
        dropped = self.drop if self.drop is not None else 255
        return [
            packet
            for packet in self.log
            if packet.ttl > packet.hops and not (packet.is_device and packet.ttl > dropped)
        ]


def looked(
    network: Row,
    device: Rungs = COAP,
    controls: tuple[Rungs, ...] = (DNS,),
    whole_size: int | None = None,
    took_s: float = 0.0,
) -> PathTarget:
    async def look() -> PathTarget:
        (target,) = (await path(network, [Target(PLACE, device, controls, whole_size, took_s)])).targets
        return target

    return asyncio.run(look())


def answered(network: Row, whole_size: int | None = None) -> PathTarget:
    """The look at a port whose exchange was answered: it has no controls."""
    return looked(network, DTLS, (), whole_size, took_s=0.001 * (network.hops + 1) + network.late_s)


def rungs(target: PathTarget) -> dict[int, int]:
    """How often each rung of the device's port was asked."""
    ttls = [sent.ttl for sent in target.device.probes]
    return {ttl: ttls.count(ttl) for ttl in sorted(set(ttls))}


# --- a port that falls silent


@pytest.mark.parametrize("hops", partly({1, 4, 20}, [1, 2, 3, 4, 12, 20]))
@pytest.mark.parametrize("mute", [(), (3,), (3, 4), (1,), (5, 9)], ids=str)
def test_a_control_goes_no_further_than_the_first_router_that_answers_it(
    clock: Clock, hops: int, mute: tuple[int, ...]
) -> None:
    target = looked(row := Row(clock, hops, mute=mute))
    device = {sent.ttl: sent.source for sent in target.device.probes if sent.source}
    (control,) = target.controls
    theirs = {sent.ttl: sent.source for sent in control.probes if sent.source}
    telling = next(ttl for ttl in range(3, 30) if ttl not in mute)  # the first rung that tells the ports apart
    heard = {ttl: f"203.0.113.{ttl}" for ttl in range(1, min(telling, hops) + 1) if ttl not in mute}

    assert device == {ttl: source for ttl, source in heard.items() if ttl <= 2}
    assert theirs == (heard if hops >= telling else {**heard, hops + 1: ADDRESS})
    assert max(sent.ttl for sent in control.probes) == min(telling, hops + 1)
    assert [packet for packet in row.reached if hops >= telling] == [], "nothing gets to the server"
    assert hops == 1 or {packet.is_device for packet in row.reached} <= {False}
    assert len(row.log) <= MOST_PACKETS
    assert all(sum(sent.ttl == ttl for sent in control.probes) == 1 for ttl in theirs if ttl != telling)


@pytest.mark.parametrize("slow", [0.0, 1.0])
def test_where_nothing_is_quoted_the_only_packet_that_is_open_is_meant(clock: Clock, slow: float) -> None:
    target = looked(row := Row(clock, 6, mute=(3,), quote=0, slow={5: slow}))
    device = {sent.ttl: sent.source for sent in target.device.probes if sent.source}
    theirs = {sent.ttl: sent.source for sent in target.controls[0].probes if sent.source}

    assert device == {1: "203.0.113.1", 2: "203.0.113.2"}
    assert target.device.one_flow
    assert {1, 2, 4} <= set(theirs)
    assert theirs == {ttl: f"203.0.113.{ttl}" for ttl in theirs}, "each router where it is, and no other"
    assert row.reached == []
    assert len(row.log) <= MOST_PACKETS


@pytest.mark.parametrize("hops", [3, 4, 12])
def test_the_rung_that_tells_is_asked_most(clock: Clock, hops: int) -> None:
    target = looked(row := Row(clock, hops))

    assert rungs(target) == {1: 1, 2: 3, 3: 6 + 4, 4: 3, 5: 3}, (
        "its last one thrice, and the next as often as it counts"
    )
    assert [sent.ttl for sent in target.controls[0].probes] == [1, 2, 3, 3, 3]
    assert len(row.log) == 25
    assert not target.cut_short


def test_a_look_that_has_taken_long_is_not_made_longer(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "EXTRA_WITHIN_S", 0)

    assert rungs(looked(Row(clock, 12))) == {1: 1, 2: 3, 3: 6, 4: 3, 5: 3}


def test_where_nobody_gets_further_there_is_nothing_to_confirm(clock: Clock) -> None:
    """A way that ends for every port: four silent rungs, of which two are asked again."""
    target = looked(row := Row(clock, 12, mute=tuple(range(3, 13))))

    assert rungs(target) == {1: 1, 2: 1, 3: 3, 4: 3, 5: 1, 6: 1}
    assert {sent.ttl for sent in target.controls[0].probes} == {*range(1, 7)}
    assert row.reached == []


@pytest.mark.parametrize("drop", [None, 0, 1, 2, 5])
def test_the_device_is_asked_first_at_every_rung(clock: Clock, drop: int | None) -> None:
    looked(row := Row(clock, 4, drop=drop), DTLS, (DNS, NTP))

    first = {
        ttl: next(packet.is_device for packet in row.log if packet.ttl == ttl)
        for ttl in {packet.ttl for packet in row.log}
    }
    assert set(first.values()) == {True}


def test_the_limit_of_packets_ends_it(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    for most in (1, 5, 12, 20):
        monkeypatch.setattr(probe, "MOST_PACKETS", most)
        target = looked(row := Row(clock, 12), DTLS, (DNS, NTP))

        assert len(row.log) <= most
        assert target.cut_short


PATHS = {
    "hops": st.integers(1, 22),
    "mute": st.sets(st.integers(1, 22), max_size=6).map(lambda hops: tuple(sorted(hops))),
    "slow": st.dictionaries(st.integers(1, 23), st.sampled_from([0.05, 0.24, 0.3, 0.6, 1.5]), max_size=4),
    "quote": st.sampled_from([512, 44, 8, 0]),
}
hostile = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@hostile
@given(drop=st.one_of(st.none(), st.integers(0, 22)), server=st.sampled_from(["silent", "dtls", "refuses"]), **PATHS)
def test_no_look_sends_more_than_its_limit(drop: int | None, server: Any, **fields: Any) -> None:
    row = Row(Clock(), drop=drop, server=server, **fields)
    target = looked(row, DTLS, (DNS, NTP), SIZE)
    took_s = row.clock.now - 1000

    assert sum(not packet.whole for packet in row.log) <= MOST_PACKETS
    assert sum(packet.whole for packet in row.log) <= LARGE_TRIES
    assert max(packet.ttl for packet in row.log) <= probe.MOST_HOPS
    assert all(len(packet.payload) == 110 for packet in row.log if packet.is_device and not packet.whole)
    assert took_s < 12
    assert target.device.payload == "dtls"


@hostile
@given(drop=st.one_of(st.none(), st.integers(0, 22)), server=st.sampled_from(["dtls", "refuses"]), **PATHS)
def test_no_control_goes_beyond_the_known_routers_while_the_device_is_answered(
    drop: int | None, server: Any, **fields: Any
) -> None:
    """Nor beyond where the device's port was answered, if it was."""
    climbs: list[UdpClimb] = []
    sender = UdpClimb.send

    def send(self: UdpClimb, ttl: int) -> Any:
        if self not in climbs:
            climbs.append(self)
        device = climbs[0]
        if self is not device:
            known = max(
                (attempt.ttl for each in climbs for attempt in each.tries if attempt.outcome == "time-exceeded"),
                default=0,
            )
            silent = device.top - device.last
            if device.end is not None:
                assert ttl <= max(known, device.end)
            elif silent < probe.SILENT_RUNGS_REPEATED and device.top < probe.MOST_HOPS:
                assert ttl <= known
            else:
                assert ttl <= device.top
        return sender(self, ttl)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(UdpClimb, "send", send)
        looked(Row(Clock(), drop=drop, server=server, **fields), DTLS, (DNS, NTP))


@pytest.mark.parametrize("refuses_others", [True, False])
@pytest.mark.parametrize("server", ["dtls", "refuses"])
def test_where_the_device_is_answered_after_all_a_control_goes_as_far(
    clock: Clock, server: Any, *, refuses_others: bool
) -> None:
    """So that it is seen whether others are as far away; that is all that the server gets of them."""
    target = looked(row := Row(clock, 4, drop=None, server=server, refuses_others=refuses_others), DTLS, (DNS, NTP))

    assert rungs(target) == dict.fromkeys(range(1, 6), 1)
    for control in target.controls:
        ttls = [sent.ttl for sent in control.probes]
        assert sorted(set(ttls)) == [1, 2, 3, 4, 5]
        assert ttls.count(5) == (1 if refuses_others else 2)
    assert len([packet for packet in row.reached if packet.is_device]) == 1


# --- a port that answers


@pytest.mark.parametrize("hops", [1, 2, 5, 12, 22])
def test_it_stops_with_the_first_answer(clock: Clock, hops: int) -> None:
    target = answered(row := Row(clock, hops, drop=None, server="dtls"))

    assert rungs(target) == dict.fromkeys(range(1, hops + 2), 1)
    assert [sent.outcome for sent in target.device.probes] == ["time-exceeded"] * hops + ["answered"]
    assert target.device.probes[-1].detail == "HelloVerifyRequest"
    assert (len(row.reached), len(row.log)) == (1, hops + 1)
    assert (target.controls, target.whole, target.cut_short) == ([], None, False)
    assert {packet.shape for packet in row.log} == {CLIENT_HELLO}


def test_a_silent_router_before_the_server_is_asked_again_and_the_server_is_not(clock: Clock) -> None:
    target = answered(row := Row(clock, 6, drop=None, server="dtls", mute=(4,)))

    assert {sent.ttl for sent in target.device.probes if sent.outcome == "answered"} == {7}
    assert {sent.ttl for sent in target.device.probes if sent.outcome == "time-exceeded"} == {1, 2, 3, 5, 6}
    assert len(row.reached) == 1
    assert max(packet.ttl for packet in row.log) == 7, "the answer cannot be one to 4, for routers answered 5 and 6"
    assert rungs(target)[4] == 2


@hostile
@given(**PATHS)
def test_little_gets_to_the_server_and_all_of_it_is_a_devices(**fields: Any) -> None:
    row = Row(Clock(), drop=None, server="dtls", **fields)
    target = answered(row, SIZE)

    assert {packet.shape for packet in row.reached} <= {CLIENT_HELLO}
    assert len({packet.payload for packet in row.reached}) == len(row.reached), "each is the first of another handshake"
    assert len(row.reached) <= 8, "a device sends 4 in 45 s, and so 24 and more in five minutes"
    answers = [sent.ttl for sent in target.device.probes if sent.outcome == "answered"]
    assert all(ttl > row.hops for ttl in answers), "a silent router is never taken for the server"


# --- large datagrams


def large(row: Row) -> list[Packet]:
    return [packet for packet in row.log if packet.whole]


@pytest.mark.parametrize("hops", [1, 2, 5, 12, 22])
def test_a_large_datagram_goes_to_the_last_router_before_the_server(clock: Clock, hops: int) -> None:
    target = answered(row := Row(clock, hops, drop=None, server="dtls"), SIZE)

    (sent,) = large(row)
    assert (sent.ttl, len(sent.payload) + 28, sent.shape) == (hops, SIZE, WHOLE)
    assert row.log[-1] == sent, "it is the last that is sent"
    assert target.whole is not None
    assert target.whole.size == SIZE
    (found,) = target.whole.probes
    assert (found.ttl, found.outcome, found.source) == (hops, "time-exceeded", f"203.0.113.{hops}")


def test_it_ends_at_the_furthest_router_that_is_known(clock: Clock) -> None:
    answered(row := Row(clock, 6, drop=None, server="dtls", mute=(5, 6)), SIZE)

    assert [packet.ttl for packet in large(row)] == [4]


def whole(row: Row) -> WholePackets:
    made = answered(row, SIZE).whole
    assert made is not None
    return made


@pytest.mark.parametrize("narrow", [1, 2, 3])
def test_a_router_that_it_is_too_large_for_is_named(clock: Clock, narrow: int) -> None:
    (found,) = whole(Row(clock, 3, drop=None, server="dtls", whole=narrow)).probes

    icmp = Icmp(type=3, code=4, source=f"203.0.113.{narrow}", mtu=1200)
    assert (found.outcome, found.icmp, found.ttl) == ("unreachable", icmp, 3)


def test_a_large_datagram_that_is_lost_is_sent_thrice(clock: Clock) -> None:
    row = Row(clock, 3, drop=None, server="dtls", whole=0)
    found = whole(row)

    assert [(sent.ttl, sent.outcome, sent.icmp) for sent in found.probes] == [(3, "timeout", None)] * LARGE_TRIES
    times = [packet.at for packet in large(row)]
    assert [times[1] - times[0], times[2] - times[1]] == pytest.approx([probe.WAIT_S] * 2)


def test_a_link_that_it_is_too_large_for_is_an_error_of_this_laptop(clock: Clock) -> None:
    (found,) = whole(Row(clock, 3, drop=None, server="dtls", whole="Message too long")).probes

    assert (found.outcome, found.detail) == ("error", "Message too long")


@pytest.mark.parametrize(
    "row",
    [
        {"hops": 3, "drop": None, "server": "dtls", "mute": (1, 2, 3)},
        {"hops": 3, "drop": None, "server": "silent"},
        {"hops": 0, "drop": None, "server": "dtls"},
    ],
    ids=["no-router-says-so", "where-it-ends-is-not-known", "no-router"],
)
def test_where_no_router_before_the_server_is_known_none_is_sent(clock: Clock, row: dict[str, Any]) -> None:
    network = Row(clock, **row)

    assert whole(network) == WholePackets(size=SIZE)
    assert large(network) == []


@hostile
@given(size=st.integers(100, 1500), narrow=st.one_of(st.none(), st.integers(0, 22)), **PATHS)
def test_no_large_datagram_gets_to_the_server(size: int, narrow: int | None, **fields: Any) -> None:
    row = Row(Clock(), drop=None, server="dtls", whole=narrow, **fields)
    target = answered(row, size)

    end = min((sent.ttl for sent in target.device.probes if sent.outcome == "answered"), default=0)
    routers = {sent.ttl for sent in target.device.probes if sent.outcome == "time-exceeded" and sent.ttl < end}
    assert {packet.ttl for packet in large(row)} <= ({max(routers)} if routers else set())
    assert all(packet.ttl <= packet.hops for packet in large(row))
    assert {len(packet.payload) for packet in large(row)} <= {size - 28}


@pytest.mark.parametrize("shorter", [1, 2, 5])
def test_a_flow_with_a_shorter_way_leads_no_large_datagram_to_the_server(clock: Clock, shorter: int) -> None:
    answered(row := Row(clock, 6, drop=None, server="dtls", shorter=shorter), SIZE)

    assert [(packet.ttl, packet.hops) for packet in large(row)] == [(6, 6)]
    assert not [packet for packet in row.reached if packet.whole]


@pytest.mark.parametrize("late_s", [0.0, 0.2, 0.26, 0.6, 1.0, 1.5])
@pytest.mark.parametrize("mute", [(), (4,), (6,), (5, 6)], ids=str)
def test_a_server_that_answers_late_gets_one_client_hello(clock: Clock, late_s: float, mute: tuple[int, ...]) -> None:
    target = answered(row := Row(clock, 6, drop=None, server="dtls", late_s=late_s, mute=mute), SIZE)

    assert [packet.ttl for packet in row.reached] == [7]
    assert [sent.ttl for sent in target.device.probes if sent.outcome == "answered"] == [7]


def test_none_is_sent_unasked(clock: Clock) -> None:
    for device, controls in ((DTLS, ()), (COAP, (DNS,))):
        target = looked(row := Row(clock, 4, drop=None, server="dtls"), device, controls)

        assert target.whole is None
        assert large(row) == []


# --- elsewhere


@pytest.mark.parametrize(
    ("told", "device", "reason"),
    [
        ((), DTLS, "this system does not tell netpreflight which router dropped its packet"),
        ((), NONCE, "this system does not tell netpreflight which router dropped its packet"),
        (("tcp",), DTLS, "this system does not tell netpreflight which router dropped a UDP packet"),
    ],
    ids=["neither, for UDP", "neither, for TCP", "TCP only, for UDP"],
)
def test_what_the_system_does_not_tell_is_not_traced(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, told: tuple[Protocol, ...], device: Rungs, reason: str
) -> None:
    here = system("win32")
    monkeypatch.setattr(here, "tells_icmp_errors_now", lambda: told)
    monkeypatch.setattr(probe, "SYSTEM", here)
    made = asyncio.run(path(FakeNetwork(clock, lambda *_: []), [Target(PLACE, device)]))

    assert (made.not_run, made.unlocked_by, made.targets) == (reason, obstacles.ON_LINUX, [])


def test_what_root_alone_is_told_has_its_step(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    here = system("darwin")
    monkeypatch.setattr(here, "tells_icmp_errors_now", tuple)
    monkeypatch.setattr(probe, "SYSTEM", here)
    made = asyncio.run(path(FakeNetwork(clock, lambda *_: []), [Target(PLACE, DTLS)]))

    assert made.not_run == "this system tells only root which router dropped a packet"
    assert made.unlocked_by == "Run netpreflight again with sudo."


class UnnamedRow(Row):
    """One whose laptop is told of ICMP errors without who sent them; `_senders_untold` says so of its system."""

    def udp(self, purpose: str, shape: Shape, host: str | None = None, *, local_port: int = 0) -> Any:
        """A socket that hands out no ICMP errors, but tells of each."""
        made = super().udp(purpose, shape, host)
        take = made.receive

        async def receive(deadline: float) -> Datagram | None:
            while event := await take(deadline):
                if isinstance(event, Datagram):
                    return event
                made.on_unnamed(UnnamedError(event.icmp.type, event.icmp.code), event.at)
            return None

        made.receive = receive
        return made


@pytest.fixture
def _senders_untold(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows."""
    monkeypatch.setattr(ladders, "SYSTEM", system("win32"))


def egress_of(row: Row) -> Check:
    """What `path.egress` says of an Argon's port on this path."""
    argon = profiles.load("argon")
    place = Destination(argon.cloud.hosts.value[0], ADDRESS)
    made = asyncio.run(path(row, [Target(place, DTLS, (DNS,))]))
    endpoint = CloudEndpoint(transport="dtls", host=place.host, port=DTLS.port, address=ADDRESS)
    observed = seen.healthy(cloud=Cloud(endpoints=[endpoint]), path=made)
    return judge_one("path.egress", observed, argon, Selection())


@pytest.mark.usefixtures("_senders_untold")
@pytest.mark.parametrize("mute", [(), (1,), (4,)], ids=["all answer", "the first is silent", "the fourth is silent"])
def test_where_the_senders_are_not_told_a_drop_has_its_hop_and_no_name(clock: Clock, mute: tuple[int, ...]) -> None:
    dropped = egress_of(UnnamedRow(clock, 6, drop=3, mute=mute))

    assert (dropped.status, dropped.problem, dropped.named) == ("fail", "dropped", None)
    assert dropped.summary == "UDP 5684 is dropped at or after hop 3, whose router this system does not name"
    assert "203.0.113" not in f"{dropped.reason} {dropped.evidence}"
    assert obstacles.ON_LINUX in (dropped.remedy or "")


@pytest.mark.usefixtures("_senders_untold")
def test_where_the_senders_are_not_told_silence_and_refusals_show_nothing(clock: Clock) -> None:
    silent = egress_of(UnnamedRow(clock, 6, drop=None, refuses_others=False))
    refused = egress_of(UnnamedRow(clock, 6, drop=None, server="refuses"))

    assert (silent.status, silent.problem) == ("unknown", "silent-alike")
    assert (refused.status, refused.problem) == ("unknown", "other-icmp-error")
    assert "port unreachable" in refused.summary


def test_where_only_tcp_is_told_the_last_router_before_a_drop_is_found(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    async def syn(self: Network, *to: Any, ttl: int, timeout_s: float) -> SynResult:
        """As on Windows, behind whose second router the device's port is dropped; the fifth hop is the server."""
        *_, port = to
        if port == NONCE.port and ttl > 2:
            await self.clock.sleep_until(self.clock.monotonic() + timeout_s)
            return SynResult("timeout", self.clock.monotonic())
        if ttl < 5:
            icmp = Icmp(type=11, code=0, source=f"203.0.113.{ttl}")
            return SynResult("icmp", self.clock.monotonic(), icmp)
        return SynResult("accepted", self.clock.monotonic())

    here = system("win32")
    monkeypatch.setattr(here, "tells_icmp_errors_now", lambda: ("tcp",))
    monkeypatch.setattr(probe, "SYSTEM", here)
    monkeypatch.setattr(raw, "SYSTEM", here)
    monkeypatch.setattr(FakeNetwork, "syn", syn)
    photon = profiles.load("photon")
    place = Destination(photon.cloud.hosts.value[0], ADDRESS)
    made = asyncio.run(path(FakeNetwork(clock, lambda *_: []), [Target(place, NONCE, (HTTPS, DNS))]))
    endpoint = CloudEndpoint(transport="tcp-nonce", host=place.host, port=NONCE.port, address=ADDRESS)
    observed = seen.healthy(cloud=Cloud(endpoints=[endpoint]), path=made)
    found = judge_one("path.egress", observed, photon, Selection())

    assert [control.name for target in made.targets for control in target.controls] == ["TCP 443"]
    assert (found.status, found.problem) == ("fail", "dropped")
    assert "203.0.113.2 (hop 2" in found.summary
