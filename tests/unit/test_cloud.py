"""The cloud endpoints: a DTLS server waited for in a hurry and as a device does, and what a large ClientHello shows."""

import asyncio

import pytest

from netpreflight.probes import cloud
from netpreflight.probes.cloud import AS_DEVICE, HURRIED, Patience
from netpreflight.probes.net.sockets import Network, UdpSocket
from netpreflight.probes.observations import CloudEndpoint, Icmp
from tests.unit.fakes import Clock, FakeNetwork, FakeSocket, Script
from tests.unit.test_dtls import ALERT, HELLO_VERIFY

HOSTS, SERVER = ["one.example", "two.example"], "198.51.100.21"
NARROW = Icmp(type=3, code=4, source="203.0.113.2", mtu=1200)
LARGE = 1280 - 28


class Noting(FakeNetwork):
    """Remembers which sockets were to send whole, and gives a run all the time it wants."""

    def __init__(self, clock: Clock, script: Script) -> None:
        super().__init__(clock, script)
        self._most_run_s = 100.0
        self.whole: list[bool] = []

    def udp(self, purpose: str, host: str | None = None, *, local_port: int = 0, whole: bool = False) -> UdpSocket:
        """A socket that nothing leaves."""
        self.whole.append(whole)
        return super().udp(purpose, host, local_port=local_port, whole=whole)


def run(
    monkeypatch: pytest.MonkeyPatch, script: Script, patience: Patience = HURRIED, hosts: int = 1
) -> tuple[list[CloudEndpoint], list[FakeSocket], Noting]:
    async def address_of(_: str) -> str | None:
        return SERVER

    network = Noting(Clock(), script)
    endpoints = [CloudEndpoint(transport="dtls", host=host, port=5684) for host in HOSTS[:hosts]]
    seen = asyncio.run(cloud.cloud(network, endpoints, address_of, patience))
    return seen.endpoints, network.sockets, network


def large(script: Script) -> Script:
    """Answer usual ClientHellos, and large ones as the script says."""
    return lambda number, wire: [(0.01, HELLO_VERIFY)] if len(wire) < 200 else script(number, wire)


@pytest.mark.parametrize(
    ("patience", "at", "end"), [(HURRIED, [0, 3, 9], 15), (AS_DEVICE, [0, 3, 9, 21], 45)], ids=["hurried", "deep"]
)
def test_silence_is_waited_for_as_long_as_wanted(
    monkeypatch: pytest.MonkeyPatch, patience: Patience, at: list[float], end: float
) -> None:
    (seen,), (sock,), _ = run(monkeypatch, lambda *_: [], patience)

    assert [when for when, _ in sock.sent] == at
    assert seen.given_s == pytest.approx(end)
    assert seen.waited_s == pytest.approx(end)
    assert (seen.record, seen.large) == (None, None)


def test_the_time_given_is_what_the_run_has_left() -> None:
    network = Network("fake0", 1000.0)

    assert network.limit(1000.0, 45.0) == 1019.0
    assert Network("fake0", 1000.0, 70.0).limit(1000.0, 45.0) == 1045.0
    assert network.limit(1030.0, 45.0) == 1040.0, "what begins late is not cut off at once"


def test_the_first_record_ends_it_and_one_large_hello_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    (seen,), (usual, padded), network = run(monkeypatch, lambda number, _: [(0.02, HELLO_VERIFY)], AS_DEVICE)

    assert (len(usual.sent), len(padded.sent)) == (1, 1)
    assert len(padded.sent[0][1]) == LARGE
    assert network.whole == [False, True]
    assert seen.record == "HelloVerifyRequest"
    assert seen.given_s == pytest.approx(45)
    assert seen.large is not None
    assert (seen.large.size, seen.large.record, seen.large.mtu) == (1280, "HelloVerifyRequest", None)


def test_a_black_hole_is_asked_at_0_1_and_2_s(monkeypatch: pytest.MonkeyPatch) -> None:
    (seen,), (_, padded), _ = run(monkeypatch, large(lambda *_: []))

    first = padded.sent[0][0]
    assert [when - first for when, _ in padded.sent] == pytest.approx([0, 1, 2])
    assert seen.large is not None
    assert [one.outcome for one in seen.large.attempts] == ["timeout"] * 3
    assert seen.large.record is None


def test_icmp_names_the_narrow_place(monkeypatch: pytest.MonkeyPatch) -> None:
    (seen,), _, _ = run(monkeypatch, large(lambda *_: [(0.01, NARROW)]))

    assert seen.large is not None
    assert seen.large.mtu == 1200
    assert seen.large.attempts[0].words == "0.0 s: icmp, fragmentation needed, next hop's MTU 1200 from 203.0.113.2"


def test_a_link_too_narrow_for_it_is_an_error_of_this_laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    (seen,), _, _ = run(monkeypatch, large(lambda *_: "Message too long"))

    assert seen.large is not None
    assert {(one.outcome, one.detail) for one in seen.large.attempts} == {("error", "Message too long")}


def test_a_system_without_the_df_bit_sees_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    class Old(Noting):
        def udp(self, purpose: str, host: str | None = None, *, local_port: int = 0, whole: bool = False) -> UdpSocket:
            if whole:
                raise OSError(42, "Protocol not available")
            return super().udp(purpose, host, local_port=local_port)

    monkeypatch.setattr("tests.unit.test_cloud.Noting", Old)
    (seen,), (usual,), _ = run(monkeypatch, lambda *_: [(0.01, HELLO_VERIFY)])

    assert (seen.record, len(usual.sent)) == ("HelloVerifyRequest", 1)
    assert seen.large is not None
    assert [(one.outcome, one.detail) for one in seen.large.attempts] == [("error", "Protocol not available")]


def test_an_alert_is_an_answer_to_a_large_hello(monkeypatch: pytest.MonkeyPatch) -> None:
    (seen,), _, _ = run(monkeypatch, large(lambda *_: [(0.01, ALERT)]))

    assert seen.large is not None
    assert seen.large.record == "Alert 40"


def test_the_path_to_one_address_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, sockets, _ = run(monkeypatch, lambda *_: [(0.01, HELLO_VERIFY)], hosts=2)

    assert sum(len(wire) == LARGE for sock in sockets for _, wire in sock.sent) == 1
    assert seen[0].large is not None
    assert seen[0].large == seen[1].large
