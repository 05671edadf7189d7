"""Ladders: which packet an answer or an ICMP error belongs to, what hostile ones do, and what is asked again."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from netpreflight.agent import profiles
from netpreflight.agent.path_targets import path_targets
from netpreflight.probes import path as probe
from netpreflight.probes.net import dtls
from netpreflight.probes.net.ladders import Place, Rungs, UdpClimb, number_in, payload_of
from netpreflight.probes.net.sockets import Datagram, Refusal
from netpreflight.probes.observations import Cloud, Control, Icmp, PathPayload
from netpreflight.probes.path import MOST_PACKETS, Target, path
from tests.unit import seen
from tests.unit.fakes import Clock, FakeNetwork

HOST, ADDRESS = "device.lab.example", "198.51.100.21"
PLACE = Place(HOST, ADDRESS)
KINDS: tuple[PathPayload, ...] = ("coap", "dtls", "ntp", "dns")
ROUTERS = ["192.168.77.1", "203.0.113.1", "203.0.113.5", "203.0.113.9"]


def error(source: str, kind: int = 11, code: int = 0) -> Icmp:
    return Icmp(type=kind, code=code, source=source)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock()


def climb(clock: Clock, kind: PathPayload = "coap", rungs: int = 4) -> UdpClimb:
    """A ladder whose rungs have been sent, and of which nothing has come yet."""
    network = FakeNetwork(clock, lambda *_: [])
    made = UdpClimb(network, PLACE, Rungs("udp", 5683, kind), "test")
    for ttl in range(1, rungs + 1):
        made.send(ttl)
    return made


def refusal(source: str, quoted: bytes, **fields: Any) -> Refusal:
    usual = {"icmp": error(source), "address": ADDRESS, "port": 5683, "at": 1000.5, "quoted": quoted}
    return Refusal(**{**usual, **fields})


# --- payloads


def checksum(payload: bytes) -> int:
    """The ones' complement sum of RFC 768."""
    total = sum(int.from_bytes(payload[at : at + 2].ljust(2, b"\0")) for at in range(0, len(payload), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total % 0xFFFF


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_has_a_payload_of_one_size(kind: PathPayload) -> None:
    made = [payload_of(kind, number, HOST, bytes(range(32))) for number in range(0, 65536, 257)]

    assert len({len(one) for one in made}) == 1
    assert len(set(made)) == len(made)
    if kind in {"dtls", "ntp"}:
        assert len({checksum(one) for one in made}) == 1, "a balancer that hashes checksums would split the flow"


def test_answers_return_the_number() -> None:
    number, fixed = 0xABCD, bytes(32)
    sent = {kind: payload_of(kind, number, HOST, fixed) for kind in KINDS}
    hello_verify = sent["dtls"][:11] + b"\x00\x12\x03\x00\x00\x06" + bytes(5) + b"\x00\x00\x06\xfe\xfd\x03abc"
    answers = {
        "coap": b"\x70\x00" + sent["coap"][2:],
        "dtls": hello_verify,
        "ntp": b"\x24" + bytes(23) + sent["ntp"][40:48] + bytes(16),
        "dns": sent["dns"][:2] + b"\x81\x83" + sent["dns"][4:],
    }

    assert dtls.record_name(hello_verify) == "HelloVerifyRequest"
    for kind in KINDS:
        assert number_in(kind, answers[kind])[0] == number


@pytest.mark.parametrize("kind", KINDS)
@given(junk=st.binary(max_size=200))
def test_junk_is_refused_or_read(kind: PathPayload, junk: bytes) -> None:
    try:
        number, words = number_in(kind, junk)
    except ValueError:
        return
    assert 0 <= number <= 0xFFFF
    assert words


def test_a_hostile_name_still_gives_a_query() -> None:
    assert payload_of("dns", 1, "ä\r\n.x", bytes(32)).endswith(b"\x01x\0\0\x01\0\x01")
    with pytest.raises(ValueError, match="no datagram"):
        payload_of("syn", 1, HOST, bytes(32))


# --- which packet an error answers


@pytest.mark.parametrize("kind", KINDS)
def test_errors_are_told_apart_by_what_they_quote(clock: Clock, kind: PathPayload) -> None:
    made = climb(clock, kind)
    for one in reversed(made.tries):
        made.hear(refusal(ROUTERS[one.ttl - 1], one.payload))

    assert [one.source for one in made.tries] == ROUTERS
    assert {one.outcome for one in made.tries} == {"time-exceeded"}


def test_a_padded_quote_and_one_that_is_cut_still_fit(clock: Clock) -> None:
    made = climb(clock, "ntp")
    made.hear(refusal(ROUTERS[0], made.tries[0].payload[:44]))
    made.hear(refusal(ROUTERS[1], made.tries[1].payload + bytes(80)))

    assert [one.source for one in made.tries[:2]] == ROUTERS[:2]


@pytest.mark.parametrize("quoted", [b"", b"\x40", b"\x40\x00"])
def test_a_quote_that_fits_several_is_placed_nowhere(clock: Clock, quoted: bytes) -> None:
    made = climb(clock)
    made.hear(refusal(ROUTERS[0], quoted))

    assert all(one.open for one in made.tries)
    assert made.apart, "what follows is sent from a port each"


@given(quoted=st.binary(max_size=600), kind=st.integers(0, 255), code=st.integers(0, 255))
def test_no_hostile_error_takes_the_place_of_another(quoted: bytes, kind: int, code: int) -> None:
    made = climb(Clock())
    for _ in range(100):
        made.hear(refusal("203.0.113.66", quoted, icmp=error("203.0.113.66", kind, code)))
    answered = [one for one in made.tries if not one.open]

    assert len(answered) <= 1
    assert all(one.payload[: len(quoted)] == quoted[: len(one.payload)] for one in answered)


def test_the_first_error_counts_and_others_places_do_not(clock: Clock) -> None:
    made = climb(clock)
    made.hear(refusal(ROUTERS[0], made.tries[0].payload))
    made.hear(refusal("203.0.113.66", made.tries[0].payload))
    made.hear(refusal("203.0.113.66", made.tries[1].payload, address="198.51.100.99"))
    made.hear(refusal("203.0.113.66", made.tries[1].payload, port=53))

    assert [one.source for one in made.tries] == [ROUTERS[0], None, None, None]


def test_datagrams_that_answer_nothing_are_strays(clock: Clock) -> None:
    made = climb(clock)
    other = (int.from_bytes(made.tries[0].payload[2:]) - 1) & 0xFFFF
    for payload in (b"", b"garbage", b"\x70\x00" + other.to_bytes(2)):
        made.hear(Datagram(payload, ADDRESS, 5683, 1000.1))
    made.hear(Datagram(b"\x70\x00" + made.tries[0].payload[2:], "198.51.100.99", 5683, 1000.1))

    assert all(one.open for one in made.tries)
    assert made.seen().strays == 3


# --- the strategy


class Row(FakeNetwork):
    """A row of routers, and behind it a CoAP server, which may be dropped at one of them."""

    def __init__(
        self,
        clock: Clock,
        hops: int,
        *,
        mute: tuple[int, ...] = (),
        quote: int = 512,
        slow: dict[int, float] | None = None,
    ) -> None:
        super().__init__(clock, lambda *_: [])
        self.hops, self.mute, self.quote, self.slow, self.sent = hops, mute, quote, slow or {}, 0

    def udp(self, purpose: str, host: str | None = None, *, local_port: int = 0, whole: bool = False) -> Any:
        """A socket whose packets these routers count down."""
        made: Any = super().udp(purpose, host)
        plain = made.send

        def send(payload: bytes, address: str, port: int, *, ttl: int | None = None) -> str | None:
            self.sent += 1
            assert ttl is not None
            plain(payload, address, port)
            at = self.clock.now + 0.001 * ttl + self.slow.get(ttl, 0.0)
            drop = 2 if "device" in purpose else self.hops + 1
            if ttl <= min(drop, self.hops):
                if ttl not in self.mute:
                    event = Refusal(error(f"203.0.113.{ttl}"), address, port, at, payload[: self.quote])
                    made.coming.append((at, event))
            elif "device" not in purpose:
                made.coming.append((at, Refusal(error(address, 3, 3), address, port, at, payload[: self.quote])))
            made.coming.sort(key=lambda one: one[0])
            return None

        made.send = send
        return made


def looked(clock: Clock, network: Row) -> Any:
    async def look() -> Any:
        return await path(network, [Target(PLACE, Rungs("udp", 5683, "coap"), (Rungs("udp", 53, "dns"),))])

    (target,) = asyncio.run(look()).targets
    return target


@pytest.mark.parametrize("hops", [1, 4, 12, 20])
def test_both_ladders_are_climbed_to_their_ends(clock: Clock, hops: int) -> None:
    target = looked(clock, row := Row(clock, hops, mute=(5, 9)))
    device = {one.ttl: one.source for one in target.device.probes if one.source}
    (control,) = target.controls
    theirs = {one.ttl: one.source for one in control.probes if one.source}

    assert device == {ttl: f"203.0.113.{ttl}" for ttl in range(1, min(2, hops) + 1)}
    assert {ttl for ttl in theirs if ttl <= hops} == {ttl for ttl in range(1, hops + 1) if ttl not in {5, 9}}
    assert theirs[hops + 1] == ADDRESS
    assert row.sent <= MOST_PACKETS
    assert all(sum(one.ttl == ttl for one in control.probes) == 1 for ttl in theirs if ttl not in {3, 4, hops + 1})


@pytest.mark.parametrize("slow", [0.0, 1.0])
def test_where_nothing_is_quoted_the_rungs_are_asked_from_a_port_each(clock: Clock, slow: float) -> None:
    target = looked(clock, row := Row(clock, 6, mute=(3,), quote=0, slow={5: slow}))
    device = {one.ttl: one.source for one in target.device.probes if one.source}
    theirs = {one.ttl: one.source for one in target.controls[0].probes if one.source}

    assert device == {1: "203.0.113.1", 2: "203.0.113.2"}
    assert not target.device.one_flow
    assert theirs == {**{ttl: f"203.0.113.{ttl}" for ttl in (1, 2, 4, 5, 6)}, 7: ADDRESS}
    assert row.sent <= MOST_PACKETS


def test_who_is_overtaken_is_asked_at_the_destination_only(clock: Clock) -> None:
    target = looked(clock, Row(clock, 12))
    device = {one.ttl for one in target.device.probes}

    assert device == {*range(1, 9), 13}, "four rungs beyond its last were answered in the first flight"
    assert sum(one.ttl in {3, 4} for one in target.device.probes) == 6 + 2 * 4
    assert sum(one.ttl == 2 for one in target.device.probes) == 3
    assert sum(len(one.probes) for one in (target.device, *target.controls)) <= probe.MOST_PACKETS


def test_a_look_that_has_taken_long_is_not_made_longer(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "SURER_WITHIN_S", 0)
    target = looked(clock, Row(clock, 12))

    assert sum(one.ttl in {3, 4} for one in target.device.probes) == 6
    assert sum(one.ttl == 2 for one in target.device.probes) == 3


def test_the_only_rung_that_tells_is_asked_twice_as_often(clock: Clock) -> None:
    target = looked(clock, Row(clock, 3))

    assert sum(one.ttl == 3 for one in target.device.probes) == 6 + 4


def test_elsewhere_than_on_linux_it_is_not_run(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr(probe, "sys", SimpleNamespace(platform="win32"))
    made = asyncio.run(path(FakeNetwork(clock, lambda *_: []), []))

    assert made.not_run
    assert made.unlocked_by


def test_the_device_is_asked_first_at_every_rung(clock: Clock) -> None:
    order: list[tuple[str, int]] = []
    row = Row(clock, 4)
    sender = UdpClimb.send
    with pytest.MonkeyPatch.context() as patch:

        def send(self: UdpClimb, ttl: int) -> Any:
            order.append((self.purpose, ttl))
            return sender(self, ttl)

        patch.setattr(UdpClimb, "send", send)
        looked(clock, row)

    first = {ttl: next(purpose for purpose, at in order if at == ttl) for _, ttl in order}
    assert set(first.values()) == {"path of the device's port"}


# --- whose path


def test_a_port_that_answers_needs_no_look() -> None:
    for name in ("generic", "argon", "photon"):
        profile = profiles.load(name)
        assert path_targets(seen.healthy(), profile) == []
        (target,) = path_targets(seen.healthy(), profile, always=True)
        assert target.device.port == profile.cloud.port.value


def test_controls_are_ports_that_answered_first() -> None:
    silent = seen.attempts(seen.COAP_ADDRESSES[1], 5683)
    alive = Control(port=80, protocol="http", answered=True)
    coap = seen.coap(silent)
    coap.servers[1] = replace(coap.servers[1], controls=[alive])
    run = seen.healthy(coap=coap)
    (target,) = path_targets(run, profiles.load("generic"))

    assert target.place == (seen.COAP_NAMES[1], seen.COAP_ADDRESSES[1])
    assert [(one.protocol, one.port) for one in target.controls] == [("udp", 123), ("tcp", 80)]
    assert all(one.known_by for one in target.controls)

    bare = seen.healthy(coap=seen.coap(silent), ntp=seen.ntp())
    (target,) = path_targets(bare, profiles.load("generic"))
    assert [(one.protocol, one.port) for one in target.controls] == [("udp", 53), ("tcp", 443)]


def test_a_control_of_the_same_protocol_comes_first() -> None:
    run = seen.healthy(cloud=Cloud(endpoints=[seen.photon()]))
    (target,) = path_targets(run, profiles.load("photon"))

    assert target.device == ("tcp", 5683, "syn", None)
    assert [one.protocol for one in target.controls] == ["tcp", "udp"]


def test_no_address_no_path() -> None:
    run = seen.healthy(coap=None, cloud=None)

    assert path_targets(run, profiles.load("generic"), always=True) == []
    assert path_targets(run, profiles.load("argon"), always=True) == []
