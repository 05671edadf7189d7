"""Ladders: what their packets are, which of them an answer or an ICMP error belongs to, and what hostile ones do."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netpreflight.probes.net.dtls import RANDOM_SIZE
from netpreflight.probes.net.ladders import Rungs, UdpClimb, number_in, payload_of
from netpreflight.probes.net.sockets import Datagram, Refusal
from netpreflight.probes.observations import PathPayload
from tests.unit.dtls_records import ALERT, HELLO_VERIFY, RANDOM, hello
from tests.unit.fakes import Clock, FakeNetwork
from tests.unit.ladder_place import ADDRESS, HOST, PLACE, error

KINDS: tuple[PathPayload, ...] = ("coap", "dtls", "ntp", "dns")
ROUTERS = ["192.168.77.1", "203.0.113.1", "203.0.113.5", "203.0.113.9"]


@pytest.fixture
def clock() -> Clock:
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


RANDOM_AT = 13 + 12 + 2
"""Where a ClientHello has its random: after the headers of record and message, and the version (RFC 6347, 4.1, 4.2)."""


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_has_a_payload_of_one_size(kind: PathPayload) -> None:
    made = [payload_of(kind, number, HOST, bytes(range(32))) for number in range(0, 65536, 257)]

    assert len({len(data) for data in made}) == 1
    assert len(set(made)) == len(made)
    if kind in {"dtls", "ntp"}:
        assert len({checksum(data) for data in made}) == 1, "a balancer that hashes checksums would split the flow"


def test_a_hello_is_a_devices_first_to_the_last_byte() -> None:
    """Its number is in the random, which is any 32 bytes; nothing else tells it from the one that a device sends."""
    for number in (1, 0xABCD, 0xFFFF):
        made = payload_of("dtls", number, HOST, RANDOM)
        assert made[:RANDOM_AT] + RANDOM + made[RANDOM_AT + RANDOM_SIZE :] == hello(0)
        assert made[RANDOM_AT + 1 : RANDOM_AT + 3] == number.to_bytes(2)


def test_answers_return_the_number() -> None:
    number, fixed = 0xABCD, bytes(32)
    sent = {kind: payload_of(kind, number, HOST, fixed) for kind in KINDS}
    answers: dict[PathPayload, bytes] = {
        "coap": b"\x70\x00" + sent["coap"][2:],
        "ntp": b"\x24" + bytes(23) + sent["ntp"][40:48] + bytes(16),
        "dns": sent["dns"][:2] + b"\x81\x83" + sent["dns"][4:],
    }

    for kind, answer in answers.items():
        assert number_in(kind, answer)[0] == number
    assert number_in("dtls", HELLO_VERIFY) == (None, "HelloVerifyRequest"), "DTLS returns none"


@pytest.mark.parametrize("kind", KINDS)
@given(junk=st.binary(max_size=200))
def test_junk_is_refused_or_read(kind: PathPayload, junk: bytes) -> None:
    try:
        number, words = number_in(kind, junk)
    except ValueError:
        return
    assert number is None if kind == "dtls" else number is not None and 0 <= number <= 0xFFFF
    assert words


def test_a_hostile_name_still_gives_a_query() -> None:
    assert payload_of("dns", 1, "ä\r\n.x", bytes(32)).endswith(b"\x01x\0\0\x01\0\x01")
    with pytest.raises(ValueError, match="no datagram"):
        payload_of("syn", 1, HOST, bytes(32))


# --- which packet an error answers


@pytest.mark.parametrize("kind", KINDS)
def test_errors_are_told_apart_by_what_they_quote(clock: Clock, kind: PathPayload) -> None:
    made = climb(clock, kind)
    for probe in reversed(made.tries):
        made.hear(refusal(ROUTERS[probe.ttl - 1], probe.payload))

    assert [probe.source for probe in made.tries] == ROUTERS
    assert {probe.outcome for probe in made.tries} == {"time-exceeded"}


def test_a_padded_quote_and_one_that_is_cut_still_fit(clock: Clock) -> None:
    made = climb(clock, "ntp")
    made.hear(refusal(ROUTERS[0], made.tries[0].payload[:44]))
    made.hear(refusal(ROUTERS[1], made.tries[1].payload + bytes(80)))

    assert [probe.source for probe in made.tries[:2]] == ROUTERS[:2]


@pytest.mark.parametrize("quoted", [b"", b"\x40", b"\x40\x00"])
def test_a_quote_that_fits_several_is_placed_nowhere(clock: Clock, quoted: bytes) -> None:
    made = climb(clock)
    made.hear(refusal(ROUTERS[0], quoted))

    assert all(probe.open for probe in made.tries)
    assert made.uses_own_ports, "what follows is sent from a port each"


@given(quoted=st.binary(max_size=600), kind=st.integers(0, 255), code=st.integers(0, 255))
def test_no_hostile_error_takes_the_place_of_another(quoted: bytes, kind: int, code: int) -> None:
    made = climb(Clock())
    for _ in range(100):
        made.hear(refusal("203.0.113.66", quoted, icmp=error("203.0.113.66", kind, code)))
    answered = [probe for probe in made.tries if not probe.open]

    assert len(answered) <= 1
    assert all(probe.payload[: len(quoted)] == quoted[: len(probe.payload)] for probe in answered)


def test_the_first_error_counts_and_others_places_do_not(clock: Clock) -> None:
    made = climb(clock)
    made.hear(refusal(ROUTERS[0], made.tries[0].payload))
    made.hear(refusal("203.0.113.66", made.tries[0].payload))
    made.hear(refusal("203.0.113.66", made.tries[1].payload, address="198.51.100.99"))
    made.hear(refusal("203.0.113.66", made.tries[1].payload, port=53))

    assert [probe.source for probe in made.tries] == [ROUTERS[0], None, None, None]


def test_datagrams_that_answer_nothing_are_strays(clock: Clock) -> None:
    made = climb(clock)
    other = (int.from_bytes(made.tries[0].payload[2:]) - 1) & 0xFFFF
    for payload in (b"", b"garbage", b"\x70\x00" + other.to_bytes(2)):
        made.hear(Datagram(payload, ADDRESS, 5683, 1000.1))
    made.hear(Datagram(b"\x70\x00" + made.tries[0].payload[2:], "198.51.100.99", 5683, 1000.1))

    assert all(probe.open for probe in made.tries)
    assert made.seen().strays == 3


# --- which packet a record answers


def record(payload: bytes = HELLO_VERIFY, address: str = ADDRESS) -> Datagram:
    return Datagram(payload, address, 5683, 1000.1)


def test_a_record_answers_the_only_packet_that_is_open(clock: Clock) -> None:
    made = climb(clock, "dtls")
    for probe in made.tries[:3]:
        made.hear(refusal(ROUTERS[probe.ttl - 1], probe.payload))
    made.hear(record())

    assert [probe.outcome for probe in made.tries] == ["time-exceeded"] * 3 + ["answered"]
    assert (made.end, made.tries[3].detail, made.uses_own_ports) == (4, "HelloVerifyRequest", False)

    made.hear(record(ALERT))
    assert (made.end, made.tries[3].detail, made.unsettled) == (4, "HelloVerifyRequest", False), "the first counts"


def test_a_record_that_may_answer_several_is_placed_nowhere(clock: Clock) -> None:
    made = climb(clock, "dtls")
    made.hear(refusal(ROUTERS[0], made.tries[0].payload))
    made.hear(record())

    assert [probe.open for probe in made.tries] == [False, True, True, True]
    assert made.end is None
    assert made.uses_own_ports, "what follows is sent from a port each"
    assert made.unsettled

    own = made.send(5)
    made.hear(record(ALERT), own)
    assert (own.outcome, own.detail) == ("answered", "Alert 40")
    assert made.seen().probes[-1].ttl == 5
    made.hear(record(), own)
    assert own.detail == "Alert 40", "the first counts"


def test_what_is_no_record_or_not_from_there_answers_nothing(clock: Clock) -> None:
    made = climb(clock, "dtls", rungs=1)
    for datagram in (record(b"junk"), record(made.tries[0].payload), record(address="198.51.100.99")):
        made.hear(datagram)

    assert made.tries[0].open
    assert made.seen().strays == 2


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("record"), st.integers(0, 5)),
            st.tuples(st.just("error"), st.integers(0, 5)),
            st.tuples(st.just("send"), st.integers(0, 5)),
        ),
        max_size=20,
    )
)
def test_no_order_of_records_and_errors_answers_a_packet_twice(events: list[tuple[str, int]]) -> None:
    made = climb(Clock(), "dtls")
    for what, at in events:
        before = [probe.outcome for probe in made.tries]
        chosen = made.tries[at % len(made.tries)]
        if what == "send":
            made.send(chosen.ttl)
        elif what == "error":
            made.hear(refusal("203.0.113.66", chosen.payload))
        else:
            made.hear(record())
        after = [probe.outcome for probe in made.tries]
        changed = [pair for pair in zip(before, after, strict=False) if pair[0] != pair[1]]
        assert len(changed) <= 1
        assert all(was == "timeout" for was, _ in changed)
