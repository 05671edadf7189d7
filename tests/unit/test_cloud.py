"""The cloud endpoints: a DTLS server waited for in a hurry and as a device does, and that nothing follows an answer."""

import asyncio

import pytest

from netpreflight.probes import cloud
from netpreflight.probes.cloud import AS_DEVICE, HURRIED, Patience
from netpreflight.probes.net.payload_shapes import CLIENT_HELLO
from netpreflight.probes.net.sockets import Network
from netpreflight.probes.observations import CloudEndpoint, Icmp
from tests.unit.dtls_records import ALERT, HELLO_VERIFY, RANDOM, SERVER_HELLO, hello
from tests.unit.fakes import Answer, Clock, FakeNetwork, FakeSocket, Script

HOSTS, SERVER = ["one.example", "two.example"], "198.51.100.21"
NARROW = Icmp(type=3, code=4, source="203.0.113.2", mtu=1200)


class Noting(FakeNetwork):
    """Gives a run all the time it wants."""

    def __init__(self, clock: Clock, script: Script) -> None:
        super().__init__(clock, script)
        self._most_run_s = 100.0

    @property
    def whole(self) -> list[bool]:
        """Of each socket, whether what it sends may not be fragmented."""
        return [made.is_whole for made in self.sockets]


def run(
    monkeypatch: pytest.MonkeyPatch, script: Script, patience: Patience = HURRIED, hosts: int = 1
) -> tuple[list[CloudEndpoint], list[FakeSocket], Noting]:
    async def address_of(_: str) -> str | None:
        return SERVER

    network = Noting(Clock(), script)
    endpoints = [CloudEndpoint(transport="dtls", host=host, port=5684) for host in HOSTS[:hosts]]
    seen = asyncio.run(cloud.cloud(network, endpoints, address_of, patience))
    return seen.endpoints, network.sockets, network


@pytest.mark.parametrize(
    ("patience", "at", "end"), [(HURRIED, [0, 3, 9], 12), (AS_DEVICE, [0, 3, 9, 21], 45)], ids=["hurried", "deep"]
)
def test_silence_is_waited_for_as_long_as_wanted(
    monkeypatch: pytest.MonkeyPatch, patience: Patience, at: list[float], end: float
) -> None:
    (seen,), (sock,), _ = run(monkeypatch, lambda *_: [], patience)

    assert [when for when, _ in sock.sent] == at
    assert seen.given_s == pytest.approx(end)
    assert seen.waited_s == pytest.approx(end)
    assert (seen.record, seen.large) == (None, None)


def test_each_retransmission_is_the_same_hello_in_the_next_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.urandom", lambda size: RANDOM[:size])
    (seen,), (sock,), _ = run(monkeypatch, lambda *_: [], AS_DEVICE)

    assert [wire for _, wire in sock.sent] == [hello(0), hello(1), hello(2), hello(3)]
    assert [attempt.sent for attempt in seen.attempts] == [hello(number).hex() for number in range(4)]
    assert sock.shapes == [CLIENT_HELLO] * 4


def test_no_two_endpoints_have_the_same_random(monkeypatch: pytest.MonkeyPatch) -> None:
    _, sockets, _ = run(monkeypatch, lambda *_: [], hosts=2)

    randoms = [{wire[27:59] for _, wire in sock.sent} for sock in sockets]
    assert [len(lookup) for lookup in randoms] == [1, 1], "of one endpoint, all are one ClientHello"
    assert randoms[0] != randoms[1]


def test_the_time_given_is_what_the_run_has_left() -> None:
    network = Network("fake0", 1000.0)

    assert network.limit(1000.0, 45.0) == 1019.0
    assert Network("fake0", 1000.0, 70.0).limit(1000.0, 45.0) == 1045.0
    assert network.limit(1030.0, 45.0) == 1040.0, "what begins late is not cut off at once"


@pytest.mark.parametrize("patience", [HURRIED, AS_DEVICE], ids=["hurried", "deep"])
@pytest.mark.parametrize("record", [HELLO_VERIFY, SERVER_HELLO, ALERT], ids=["cookie", "hello", "alert"])
@pytest.mark.parametrize("answered", [1, 2, 3])
def test_nothing_is_sent_after_the_first_record(
    monkeypatch: pytest.MonkeyPatch, patience: Patience, record: bytes, answered: int
) -> None:
    """However often the server says it again."""
    often: list[tuple[float, Answer]] = [(0.02, record), (0.03, record), (1.0, record), (4.0, record)]
    (seen,), sockets, network = run(monkeypatch, lambda sent, _: often if sent == answered else [], patience)

    assert seen.record is not None
    assert seen.large is None
    assert network.whole == [False], "one socket, and nothing that may not be fragmented"
    ((times, wires),) = (zip(*sock.sent, strict=True) for sock in sockets)
    assert times == patience.hello_at_s[:answered]
    assert [int.from_bytes(wire[5:11]) for wire in wires] == list(range(answered))
    assert {len(wire) for wire in wires} == {len(hello(0))}
    assert seen.given_s == pytest.approx(patience.hello_give_up_s)


NO_RECORDS: dict[str, list[tuple[float, Answer]]] = {
    "silence": [],
    "narrow": [(0.01, NARROW)],
    "junk": [(0.01, b"HTTP/1.1 400 Bad Request")],
    "elsewhere": [(0.01, (HELLO_VERIFY, "203.0.113.9", 5684))],
}


@pytest.mark.parametrize("answers", NO_RECORDS.values(), ids=NO_RECORDS)
def test_no_hello_is_padded(monkeypatch: pytest.MonkeyPatch, answers: list[tuple[float, Answer]]) -> None:
    (seen,), (sock,), network = run(monkeypatch, lambda *_: answers, AS_DEVICE)

    assert (seen.record, seen.large, network.whole) == (None, None, [False])
    assert {len(wire) for _, wire in sock.sent} == {len(hello(0))}
    assert len(sock.sent) <= len(AS_DEVICE.hello_at_s)


def test_icmp_names_the_narrow_place(monkeypatch: pytest.MonkeyPatch) -> None:
    (seen,), _, _ = run(monkeypatch, lambda *_: [(0.01, NARROW)])

    assert seen.attempts[0].icmp == NARROW
    assert seen.attempts[0].words == "0.0 s: icmp, fragmentation needed, next hop's MTU 1200 from 203.0.113.2"


def test_a_link_that_sends_nothing_is_an_error_of_this_laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    (seen,), _, _ = run(monkeypatch, lambda *_: "Operation not permitted")

    assert {(attempt.outcome, attempt.detail) for attempt in seen.attempts} == {("error", "Operation not permitted")}


def test_two_names_of_one_address_are_sent_a_hello_each(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, sockets, network = run(monkeypatch, lambda *_: [(0.01, HELLO_VERIFY)], hosts=2)

    assert [endpoint.record for endpoint in seen] == ["HelloVerifyRequest"] * 2
    assert [len(sock.sent) for sock in sockets] == [1, 1]
    assert network.whole == [False, False]
