"""Raw packets: which ICMP error quotes a packet of ours, which segment answers a SYN; packets made by scapy."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netpreflight.probes.net import packets, raw
from netpreflight.probes.net.ladders import Destination, Rungs, TcpClimb, UdpClimb
from netpreflight.probes.net.payload_shapes import COAP_PING
from netpreflight.probes.net.raw import Ends, Quote, RawFlow, Segment, quote_in, segment_in
from netpreflight.probes.observations import Icmp
from netpreflight.systems import system
from tests.unit.fakes import Clock, FakeNetwork

INET = packets.layers("inet")
LAPTOP, SERVER, ROUTER = "192.168.77.10", "198.51.100.20", "203.0.113.1"
TCP = Ends("tcp", (LAPTOP, 40001), (SERVER, 5683))
UDP = Ends("udp", (LAPTOP, 40002), (SERVER, 5684))


def te(ours: Any, quoted: int, kind: int = 11, code: int = 0) -> bytes:
    """An error by the router, with so many bytes of ours from its IP header on."""
    made = INET.IP(src=ROUTER, dst=LAPTOP) / INET.ICMP(type=kind, code=code) / bytes(ours)[:quoted]
    return bytes(made)


def ours(ends: Ends, number: int = 77, **fields: Any) -> Any:
    usual = {"src": ends.near[0], "dst": ends.far[0], "id": number, "ttl": 1, **fields}
    transport = INET.TCP if ends.protocol == "tcp" else INET.UDP
    return INET.IP(**usual) / transport(sport=ends.near[1], dport=ends.far[1]) / (b"x" * 40)


@pytest.mark.parametrize("ends", [TCP, UDP])
@pytest.mark.parametrize("quoted", [28, 48, 68])
def test_eight_bytes_tell_which_packet_an_error_answers(ends: Ends, quoted: int) -> None:
    found = quote_in(te(ours(ends), quoted), ends, 3.0)

    assert found is not None
    assert (found.number, found.icmp, found.at) == (77, Icmp(type=11, code=0, source=ROUTER), 3.0)
    assert found.header == bytes(ours(ends))[20:quoted]


def test_a_nat_may_leave_its_address_in_a_quote() -> None:
    outside = INET.IP(src="203.0.113.2", dst=SERVER, id=77) / INET.UDP(sport=40002, dport=5684)

    assert quote_in(te(outside, 28), UDP, 0.0) is not None


def test_options_of_ip_move_what_follows() -> None:
    routed = INET.IP(src=LAPTOP, dst=SERVER, id=9, options=INET.IPOption_RR()) / INET.UDP(sport=40002, dport=5684)
    found = quote_in(te(routed, 60), UDP, 0.0)

    assert found is not None
    assert found.header[:4] == bytes(INET.UDP(sport=40002, dport=5684))[:4]


@pytest.mark.parametrize(
    ("packet", "kind"),
    [
        (ours(UDP, dst="198.51.100.99"), 11),  # to somebody else
        (INET.IP(dst=SERVER) / INET.UDP(sport=40002, dport=53), 11),  # to another port
        (INET.IP(dst=SERVER) / INET.UDP(sport=40003, dport=5684), 11),  # from another port
        (ours(TCP), 11),
        (ours(UDP, frag=3), 11),  # a later fragment has no ports
        (ours(UDP), 0),
        (ours(UDP), 5),
        (ours(UDP), 200),  # the system's filter lets types above 31 through
    ],
)
def test_what_quotes_nothing_of_ours(packet: Any, kind: int) -> None:
    assert quote_in(te(packet, 48, kind), UDP, 0.0) is None


def test_an_error_tells_what_fits() -> None:
    narrow = INET.IP(src=ROUTER, dst=LAPTOP) / INET.ICMP(type=3, code=4, nexthopmtu=1400) / ours(UDP)
    found = quote_in(bytes(narrow), UDP, 0.0)

    assert found is not None
    assert found.icmp == Icmp(type=3, code=4, source=ROUTER, mtu=1400)


def answer(flags: str, **fields: Any) -> bytes:
    usual = {"sport": 5683, "dport": 40001, "seq": 5, "ack": 1001, "flags": flags, **fields}
    return bytes(INET.IP(src=SERVER, dst=LAPTOP) / INET.TCP(**usual))


@pytest.mark.parametrize(
    ("flags", "kind"), [("SA", "SYN-ACK"), ("RA", "RST"), ("R", "RST"), ("SRA", "RST"), ("A", "other")]
)
def test_what_a_segment_is(flags: str, kind: str) -> None:
    found = segment_in(answer(flags, options=[("MSS", 1460), ("NOP", None), ("Timestamp", (9, 78))]), TCP, 1.0)

    assert found is not None
    assert (found.kind, found.acknowledged, found.echoed) == (kind, 1001, 78)


def test_segments_of_others_and_without_timestamps() -> None:
    plain = segment_in(answer("SA", options=[("MSS", 1460)]), TCP, 0.0)

    assert plain is not None
    assert plain.echoed is None
    assert segment_in(answer("SA", dport=40002), TCP, 0.0) is None
    assert segment_in(answer("SA", sport=80), TCP, 0.0) is None
    assert segment_in(answer("SA")[:30], TCP, 0.0) is None
    assert segment_in(bytes(INET.IP(src=ROUTER) / INET.TCP(sport=5683, dport=40001)), TCP, 0.0) is None


@given(junk=st.binary(max_size=120), cut=st.integers(0, 120), at=st.integers(0, 60))
def test_no_junk_is_more_than_refused(junk: bytes, cut: int, at: int) -> None:
    for whole in (te(ours(UDP), 48), answer("SA", options=[("Timestamp", (9, 78))])):
        hostile = (whole[:at] + junk + whole[at:])[:cut]
        found = quote_in(hostile, UDP, 0.0)
        assert found is None or 0 <= found.number <= 0xFFFF
        segment_in(hostile, TCP, 0.0)
        quote_in(junk, TCP, 0.0)


def test_where_the_system_forbids_it_the_reason_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    network, elsewhere = FakeNetwork(Clock(), lambda *_: []), system("win32")
    monkeypatch.setattr("socket.socket", forbidden)
    for kind in (UdpClimb, TcpClimb):
        climb = kind(
            network, Destination("h", SERVER), Rungs("tcp" if kind is TcpClimb else "udp", 5683, "coap"), "test"
        )
        assert climb.seen().no_raw == "Operation not permitted"
    monkeypatch.setattr(raw, "SYSTEM", elsewhere)
    with pytest.raises(OSError, match="raw sockets"):
        RawFlow(network, "test", None, "udp", COAP_PING, (SERVER, 5683))


# --- which rung


class Unsent(RawFlow):
    """A flow that nothing leaves."""

    def __init__(self, *_: Any) -> None:
        self.timestamps: list[int] = []
        self.sequences: set[int] = set()

    def send_syn(self, number: int, ttl: int, sequence: int, timestamp: int) -> str | None:
        """Keep what it carries."""
        self.timestamps.append(timestamp)
        self.sequences.add(sequence)
        return None

    def send_datagram(self, number: int, ttl: int, payload: bytes) -> str | None:
        """Send nothing."""
        return None


@pytest.fixture
def syns(monkeypatch: pytest.MonkeyPatch) -> TcpClimb:
    """A ladder of four SYNs of one flow."""
    monkeypatch.setattr("netpreflight.probes.net.ladders.RawFlow", Unsent)
    made = TcpClimb(FakeNetwork(Clock(), lambda *_: []), Destination("h", SERVER), Rungs("tcp", 5683, "syn"), "test")
    for ttl in range(1, 5):
        made.send(ttl)
    return made


def flow(climb: TcpClimb) -> Unsent:
    assert isinstance(climb._raw, Unsent)  # noqa: SLF001  what it sends is seen nowhere else
    return climb._raw  # noqa: SLF001


def quoted(climb: TcpClimb) -> bytes:
    """The eight bytes that every error quotes of a SYN of this flow."""
    (sequence,) = flow(climb).sequences
    return bytes(4) + sequence.to_bytes(4)


def heard(climb: TcpClimb, ttl: int) -> None:
    """A router says that a SYN's time was up."""
    number = flow(climb).timestamps[ttl - 1]
    climb.hear_quote(Quote(Icmp(type=11, code=0, source=ROUTER), number, quoted(climb), 1000.1))


def answered(climb: TcpClimb, kind: Any, echoed: int | None = None) -> None:
    (sequence,) = flow(climb).sequences
    climb.hear_segment(Segment(kind, (sequence + 1) & 0xFFFFFFFF, echoed, 1000.2))


def outcomes(climb: TcpClimb) -> list[str]:
    return [probe.detail or probe.outcome for probe in climb.tries]


def test_a_timestamp_tells_which_syn_was_accepted(syns: TcpClimb) -> None:
    answered(syns, "SYN-ACK", flow(syns).timestamps[2])

    assert outcomes(syns) == ["timeout", "timeout", "SYN-ACK", "timeout"]
    assert not syns.uses_own_ports


def test_what_the_system_resets_is_counted(syns: TcpClimb) -> None:
    before = syns.sent
    for _ in range(3):
        answered(syns, "SYN-ACK")
    answered(syns, "RST")

    assert (before, syns.sent) == (4, 7)


def test_an_answer_without_belongs_to_the_only_syn_that_is_open(syns: TcpClimb) -> None:
    for ttl in (1, 2, 3):
        heard(syns, ttl)
    answered(syns, "RST")
    answered(syns, "RST")

    assert outcomes(syns) == ["time-exceeded"] * 3 + ["RST"]
    assert not syns.uses_own_ports


def test_an_answer_that_fits_several_syns_is_placed_nowhere(syns: TcpClimb) -> None:
    for ttl in (1, 2):
        heard(syns, ttl)
    answered(syns, "RST")

    assert outcomes(syns) == ["time-exceeded", "time-exceeded", "timeout", "timeout"]
    assert syns.uses_own_ports, "what follows is sent from a port each"


def test_an_answer_is_none_to_a_syn_that_routers_beyond_have_answered_for(syns: TcpClimb) -> None:
    for ttl in (1, 3):
        heard(syns, ttl)
    answered(syns, "RST")

    assert outcomes(syns) == ["time-exceeded", "timeout", "time-exceeded", "RST"]


def test_a_repeated_answer_is_nobody_elses(syns: TcpClimb) -> None:
    for ttl in (2, 3):
        heard(syns, ttl)
    answered(syns, "SYN-ACK", flow(syns).timestamps[3])
    answered(syns, "SYN-ACK")

    assert outcomes(syns) == ["timeout", "time-exceeded", "time-exceeded", "SYN-ACK"]


def test_a_segment_that_acknowledges_something_else_answers_nothing(syns: TcpClimb) -> None:
    syns.hear_segment(Segment("RST", 0, None, 1000.2))
    syns.hear_segment(Segment("SYN-ACK", 7, flow(syns).timestamps[0], 1000.2))
    answered(syns, "other", flow(syns).timestamps[0])

    assert outcomes(syns) == ["timeout"] * 4


def test_a_changed_identification_leaves_the_timestamp(syns: TcpClimb) -> None:
    whole = quoted(syns) + bytes(20) + flow(syns).timestamps[1].to_bytes(4)
    syns.hear_quote(Quote(Icmp(type=11, code=0, source=ROUTER), 1, whole, 1000.1))
    assert outcomes(syns) == ["timeout", "time-exceeded", "timeout", "timeout"]

    syns.hear_quote(Quote(Icmp(type=11, code=0, source=ROUTER), 1, quoted(syns), 1000.1))
    assert syns.uses_own_ports


def test_an_error_for_a_syn_with_another_sequence_number_is_not_this_flows(syns: TcpClimb) -> None:
    (sequence,) = flow(syns).sequences
    other = bytes(4) + (sequence ^ 1).to_bytes(4)
    syns.hear_quote(Quote(Icmp(type=11, code=0, source=ROUTER), flow(syns).timestamps[0], other, 1000.1))

    assert outcomes(syns) == ["timeout"] * 4
    assert not syns.uses_own_ports


def test_a_datagrams_number_and_payload_have_to_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netpreflight.probes.net.ladders.RawFlow", Unsent)
    made = UdpClimb(FakeNetwork(Clock(), lambda *_: []), Destination("h", SERVER), Rungs("udp", 5683, "coap"), "test")
    for ttl in range(1, 5):
        made.send(ttl)
    first = int.from_bytes(made.tries[0].payload[2:])  # the message id of RFC 7252 is the number
    made.hear_quote(Quote(Icmp(type=11, code=0, source=ROUTER), first + 1, bytes(8), 1000.1))
    made.hear_quote(Quote(Icmp(type=11, code=0, source=ROUTER), first, bytes(8) + made.tries[3].payload, 1000.1))

    assert [probe.outcome == "time-exceeded" for probe in made.tries] == [False, True, False, True]
