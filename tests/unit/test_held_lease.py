"""The messages of a lease that a watch holds, as a server gets them, against table 4 of RFC 2131.

The clock moves by the test only. What is due when is looked at in test_watch_leasing.py.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from netpreflight.agent.watch import leasing
from netpreflight.agent.watch.leasing import Leasing, Servers
from netpreflight.agent.watch.records import Answer
from netpreflight.probes import held_lease
from netpreflight.probes.net.dhcp_release import release_message
from netpreflight.probes.net.dhcp_transport import Heard, OnArp, OnHeard, Sent
from netpreflight.probes.net.packet_bytes import arp_reply, arp_request, ethernet
from netpreflight.probes.net.sockets import Network
from netpreflight.probes.observations import Scope
from tests.unit.dhcp_replies import ACK, COOKIE, NAK, OFFER, ip, option, reply
from tests.unit.fakes import Clock

LAPTOP = "02:00:00:00:77:10"
ADDRESS, OTHER_ADDRESS = "192.168.77.100", "192.168.77.101"
SERVER, SERVER_MAC = "192.168.77.1", "02:00:00:77:00:01"
ROUTER, ROUTER_MAC = "192.168.77.254", "02:00:00:77:00:fe"
BACKUP, BACKUP_MAC = "192.168.77.2", "02:00:00:77:00:02"
DISCOVER, REQUEST, RELEASE = 1, 3, 7
LEASE_S = 120
T1, T2 = LEASE_S / 2, LEASE_S * 7 / 8
"""RFC 2131 section 4.4.5."""


class Message(NamedTuple):
    """What a client sent; `to` and `to_mac`: None for all."""

    kind: int
    to: str | None
    to_mac: str | None
    source: str | None
    xid: int
    client_address: str
    client_mac: str
    options: dict[int, bytes]


def parsed(payload: bytes, to: str | None, to_mac: str | None, source: str | None) -> Message:
    """A client's message by figure 1 of RFC 2131."""
    assert payload[236:240] == COOKIE
    options, rest = {}, payload[240:]
    while rest[0] != 0xFF:
        number, size = rest[:2]
        options[number], rest = rest[2 : 2 + size], rest[2 + size :]
    (xid,) = struct.unpack("!I", payload[4:8])
    return Message(
        options[53][0], to, to_mac, source, xid, socket.inet_ntoa(payload[12:16]), payload[28:34].hex(":"), options
    )


class Server(NamedTuple):
    """A DHCP server, and its answer to a REQUEST (None: none)."""

    address: str
    mac: str
    lease_s: int = LEASE_S
    offers: str = ADDRESS
    answer: int | None = ACK
    extra: bytes = b""


class Wire:
    """DHCP servers, and the laptop's Ethernet before them.

    Args:
        monkeypatch: puts it in the place of the laptop's sockets.
        servers: those that there are now.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *servers: Server) -> None:
        self.servers = list(servers)
        self.sent: list[Message] = []
        self.arp: list[bytes] = []
        self.holders: dict[str, str] = {}
        self.guard: list[tuple[str, ...]] = []
        self.at_request: Callable[[], object] = lambda: None
        """Called as a REQUEST is sent."""
        self.clock = Clock()
        for wait in ("OFFER_WAIT_S", "ACK_WAIT_S", "RENEWAL_WAIT_S", "HOLDER_S", "RELEASE_AGAIN_S"):
            monkeypatch.setattr(held_lease, wait, 0.001)  # what answers does so at once
        monkeypatch.setattr(held_lease, "RawTransport", lambda *arguments: _Transport(self, *arguments))
        monkeypatch.setattr(leasing, "scope", lambda name: Scope(interface=name, mac=LAPTOP, gateway=ROUTER))
        monkeypatch.setattr(leasing, "mac_of", lambda *asked: {(ROUTER, "eth9"): ROUTER_MAC}[asked])
        self.leasing = Leasing(
            Servers("eth9", "", lambda: Network("eth9", 1000.0, clock=self.clock), lambda _: None, self),
            lambda: self.clock.now,
        )

    def remember(self, interface: str, address: str, server: str, server_mac: str | None, client_mac: str) -> None:
        """Note it among what was sent: it is a `HeldLeaseGuard`."""
        self.guard.append((interface, address, server, str(server_mac), client_mac, f"sent {len(self.sent)}"))

    def forget(self) -> None:
        """The same."""
        self.guard.append(("forget", f"sent {len(self.sent)}"))

    def ask(self, at: float) -> Answer:
        """Ask so many seconds after the beginning."""
        self.clock.now = 1000.0 + at
        return asyncio.run(self.leasing.ask())

    def give_back(self) -> None:
        """End the watch."""
        asyncio.run(self.leasing.give_back())

    def take_sent(self) -> list[Message]:
        """What was sent since the last call."""
        taken, self.sent = self.sent, []
        return taken


class _Transport:
    """In the place of `RawTransport`."""

    def __init__(self, wire: Wire, _: Network, scope: Scope, client: str) -> None:
        assert scope.mac == LAPTOP
        self._wire, self._client = wire, client

    def open(self, on_heard: OnHeard, on_arp: OnArp) -> None:
        self._on_heard, self._on_arp = on_heard, on_arp

    def expect(self, _: list[int]) -> None:
        pass

    def close(self) -> None:
        pass

    def broadcast(self, message: bytes, source: str | None) -> Sent:
        return self._send(message, None, None, source)

    def unicast(self, message: bytes, source: str, server: str, server_mac: str) -> Sent:
        return self._send(message, server, server_mac, source)

    def release(self, address: str, server: str, server_mac: str | None) -> Sent:
        return self._send(release_message(self._client, address, server), server, server_mac, address)

    def send_arp(self, packet: bytes, target: str = "ff:ff:ff:ff:ff:ff") -> Sent:
        self._wire.arp.append(packet)
        sought = socket.inet_ntoa(packet[24:28])
        if packet[7] == 1 and sought in self._wire.holders:
            answer = arp_reply((self._wire.holders[sought], sought), (LAPTOP, "0.0.0.0"))
            self._on_arp(ethernet(self._wire.holders[sought], LAPTOP, 0x0806, answer))
        return Sent(packet, len(packet))

    def _send(self, payload: bytes, to: str | None, to_mac: str | None, source: str | None) -> Sent:
        message = parsed(payload, to, to_mac, source)
        self._wire.sent.append(message)
        if message.kind == REQUEST:
            self._wire.at_request()
        for server in self._wire.servers:
            named = message.options.get(54)
            if to in {None, server.address} and named in {None, ip(server.address)}:
                self._answer(server, message)
        return Sent(payload, len(payload))

    def _answer(self, server: Server, message: Message) -> None:
        """Answer as a server does that, before it renews a lease, looks whether its client is there."""
        kind = {DISCOVER: OFFER, REQUEST: server.answer, RELEASE: None}[message.kind]
        if kind is None:
            return
        held = message.client_address if message.client_address != "0.0.0.0" else None
        if held:
            self._on_arp(ethernet(server.mac, LAPTOP, 0x0806, arp_request(server.mac, held)))
        options = [option(54, ip(server.address)), option(51, struct.pack("!I", server.lease_s)), server.extra]
        yours = held or server.offers
        payload = reply(kind, *options, xid=message.xid, mac=message.client_mac, yours=yours)
        self._on_heard(payload, Heard(payload, server.address, server.mac, broadcast=not held))


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    return Wire(monkeypatch, Server(SERVER, SERVER_MAC))


def end_watch() -> None:
    """As the watch ends what it is just asking."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


def kinds(sent: list[Message]) -> list[int]:
    return [message.kind for message in sent]


def told(*fields: Any) -> tuple[str, ...]:
    """What the guard is told of a lease, and how much was sent before."""
    *lease, client, sent = fields
    return "eth9", *lease, client, f"sent {sent}"


def test_a_lease_is_asked_for_as_selecting_and_renewed_at_t1_by_unicast(wire: Wire) -> None:
    granted = wire.ask(0)
    discover, request = wire.take_sent()
    early, nothing = wire.ask(T1 - 1), wire.take_sent()
    renewed = wire.ask(T1)
    (renewal,) = wire.take_sent()

    assert (granted.good, granted.again_in_s, early.good, nothing, renewed.good) == (True, T1, None, [], True)
    assert (discover.kind, discover.to, discover.client_address) == (DISCOVER, None, "0.0.0.0")
    assert (request.kind, request.to, request.source) == (REQUEST, None, None)
    assert (request.options[50], request.options[54]) == (ip(ADDRESS), ip(SERVER))
    assert (renewal.kind, renewal.to, renewal.to_mac, renewal.source) == (REQUEST, SERVER, SERVER_MAC, ADDRESS)
    assert renewal.client_address == ADDRESS
    assert not {50, 54} & set(renewal.options)
    assert {message.client_mac for message in (discover, request, renewal)} == {renewal.client_mac}
    assert renewal.client_mac != LAPTOP
    answers = [packet for packet in wire.arp if packet[7] == 2]
    assert [(packet[8:14].hex(":"), packet[14:18]) for packet in answers] == [(LAPTOP, ip(ADDRESS))]


def test_a_nak_ends_the_lease_and_another_one_is_asked_for_at_once(wire: Wire) -> None:
    wire.ask(0)
    wire.take_sent()
    wire.servers = [Server(SERVER, SERVER_MAC, answer=NAK)]
    refused = wire.ask(T1)
    assert (refused.problem, kinds(wire.take_sent())) == ("no-lease", [REQUEST, DISCOVER, REQUEST])

    wire.servers = [Server(BACKUP, BACKUP_MAC, offers=OTHER_ADDRESS)]
    assert wire.ask(T1 + 2).good
    assert kinds(wire.take_sent()) == [DISCOVER, REQUEST]
    assert [change.said for change in wire.leasing.changes] == [
        f"{SERVER} refused to renew the lease of {ADDRESS} (NAK)",
        f"the address was {ADDRESS}, and is {OTHER_ADDRESS}",
    ]


def test_from_t2_on_a_silent_servers_lease_is_asked_of_all_and_another_server_takes_it_over(wire: Wire) -> None:
    wire.ask(0)
    wire.take_sent()
    wire.servers = [Server(BACKUP, BACKUP_MAC)]
    silent = wire.ask(T1)
    (renewal,) = wire.take_sent()
    taken_over = wire.ask(T2)
    (rebinding,) = wire.take_sent()
    wire.ask(T2 + T1)
    (next_renewal,) = wire.take_sent()
    wire.give_back()
    releases = wire.take_sent()

    assert (silent.problem, renewal.to, taken_over.good) == ("renewal-silent", SERVER, True)
    assert (rebinding.to, rebinding.source, rebinding.client_address) == (None, ADDRESS, ADDRESS)
    assert not {50, 54} & set(rebinding.options)
    assert (next_renewal.to, next_renewal.to_mac) == (BACKUP, BACKUP_MAC)
    assert [(sent.kind, sent.to, sent.to_mac, sent.options[54]) for sent in releases] == [
        (RELEASE, BACKUP, BACKUP_MAC, ip(BACKUP))
    ] * 2
    assert wire.leasing.changes == []


def test_a_lease_that_nobody_renews_runs_out(wire: Wire) -> None:
    wire.ask(0)
    wire.take_sent()
    wire.servers = []

    assert [wire.ask(at).problem for at in (T1, T2, LEASE_S)] == ["renewal-silent", "renewal-silent", "no-lease"]
    assert [(sent.kind, sent.to) for sent in wire.take_sent()] == [(REQUEST, SERVER), (REQUEST, None), (DISCOVER, None)]
    assert [change.said for change in wire.leasing.changes] == [f"the lease of {ADDRESS} ran out"]


@pytest.mark.parametrize(
    ("lease_s", "extra", "t1", "t2"),
    [
        (8, b"", 4.0, 7.0),
        (3600, option(58, struct.pack("!I", 5)) + option(59, struct.pack("!I", 9)), 5.0, 9.0),
        (40, option(58, struct.pack("!I", 300)) + option(59, struct.pack("!I", 0)), 20.0, 35.0),
    ],
    ids=["shorter than an hour", "by options 58 and 59", "options of nonsense"],
)
def test_the_servers_times_go_before_the_schedules(
    wire: Wire, lease_s: int, extra: bytes, t1: float, t2: float
) -> None:
    wire.servers = [Server(SERVER, SERVER_MAC, lease_s, extra=extra)]
    assert wire.ask(0).again_in_s == t1
    wire.take_sent()
    wire.servers = []
    for at in (t1, t2 - 0.1, t2):
        wire.ask(at)

    assert [sent.to for sent in wire.take_sent()] == [SERVER, SERVER, None]


def test_a_lease_for_ever_is_never_renewed(wire: Wire) -> None:
    wire.servers = [Server(SERVER, SERVER_MAC, 0xFFFFFFFF)]
    assert wire.ask(0).again_in_s is None
    wire.take_sent()

    assert (wire.ask(1e7).good, wire.take_sent()) == (None, [])


def test_an_address_that_somebody_has_is_not_asked_for(wire: Wire) -> None:
    wire.holders[ADDRESS] = "02:00:00:00:00:99"

    assert wire.ask(0).said == f"{ADDRESS} was offered, but 02:00:00:00:00:99 has this address"
    assert (kinds(wire.sent), wire.guard) == ([DISCOVER], [("forget", "sent 0")])


@pytest.mark.parametrize(
    ("holder", "problem"), [("02:00:00:00:00:99", "address-in-use"), (ROUTER_MAC, None), (SERVER_MAC, None)]
)
def test_whose_answer_for_the_only_address_that_is_offered_is_an_outage(
    wire: Wire, holder: str, problem: str | None
) -> None:
    assert wire.ask(0).good
    wire.take_sent()
    wire.servers = [Server(SERVER, SERVER_MAC, offers=OTHER_ADDRESS, answer=NAK)]
    wire.holders[OTHER_ADDRESS] = holder
    asked = wire.ask(T1)

    assert (asked.good, asked.problem) == (False if problem else None, problem)
    assert kinds(wire.take_sent()) == [REQUEST, DISCOVER]


# --- what outlives the watch


def test_the_guard_is_told_before_a_lease_is_asked_for_and_of_each_that_is_granted(wire: Wire) -> None:
    wire.ask(0)
    client = wire.sent[0].client_mac
    wire.servers = [Server(BACKUP, BACKUP_MAC)]
    wire.ask(T2)
    wire.give_back()

    assert kinds(wire.sent) == [DISCOVER, REQUEST, REQUEST, RELEASE, RELEASE]
    assert wire.guard == [
        ("forget", "sent 0"),
        told(ADDRESS, SERVER, SERVER_MAC, client, 1),
        told(ADDRESS, SERVER, SERVER_MAC, client, 2),
        told(ADDRESS, BACKUP, BACKUP_MAC, client, 3),
        ("forget", "sent 5"),
    ]


def test_a_lease_that_ran_out_is_forgotten(wire: Wire) -> None:
    wire.ask(0)
    wire.take_sent()
    wire.servers = []
    wire.ask(LEASE_S)

    assert wire.guard[-1] == ("forget", "sent 0")


def test_what_was_asked_for_and_not_granted_is_given_back(wire: Wire) -> None:
    """It may have been granted: the ACK was lost, or the watch was ended before it came."""
    wire.servers = [Server(SERVER, SERVER_MAC, answer=None)]
    assert wire.ask(0).good is None
    assert kinds(wire.take_sent()) == [DISCOVER, REQUEST, RELEASE, RELEASE]
    assert wire.guard[-1] == ("forget", "sent 4")

    wire.at_request = end_watch
    with pytest.raises(asyncio.CancelledError):
        wire.ask(2)
    assert kinds(wire.sent) == [DISCOVER, REQUEST, RELEASE, RELEASE]
    assert wire.guard[-1] == ("forget", "sent 4")
