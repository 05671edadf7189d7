"""Does DHCP serve a device that this network has never seen, and with what?

With the right to open packet sockets, or over UDP port 68 on Windows and macOS: a DISCOVER, REQUEST and RELEASE as
lwIP's client sends them (Device OS: options 53, 57 and 55 = 1, 3, 28, 6; the host name only in the REQUEST), from a
hardware address that is not this laptop's, with the broadcast flag set (RFC 2131 section 4.1). Every OFFER of every
server is kept, even if lwIP would drop it; the lease is given back as soon as it is granted. One ARP request for the
offered address precedes the REQUEST: Device OS does not check whether another host uses that address, and would use the
address all the same.

In addition, one INFORM is sent with the laptop's hardware address: it also asks for options 108 and 114, and servers
answer an INFORM without delay. Until there is a lease, the run uses the resolvers of that answer. A laptop without an
IPv4 address sends a DISCOVER with these options instead, and requests no lease. If the unknown device gets no answer, a
DISCOVER with the laptop's hardware address and an INFORM with the device's show whether there is a server, and which of
the two it serves; one more DISCOVER of the unknown device, with options 12, 60 and 61, shows whether the server
requires these options. After two NAKs, one REQUEST is sent without a host name.

Once there is a lease, the exchange waits for OFFERs of other servers only if there is a sign of one: it has answered
the INFORM, or has asked by ARP for an address that it may be about to offer. Without such a sign, the exchange ends
soon.

Over UDP (see `dhcp_transport`), a server that is known but sends no OFFER is also asked in the way a relay asks. No ARP
is seen there, so the address is not checked, and the exchange always waits as if there were a sign of another server.

If none of that is allowed, the lease that the laptop holds is read. If no DHCP client recorded one, only the INFORM is
sent; some servers answer an INFORM from any port.
"""

import asyncio
import contextlib
import ipaddress
import itertools
import math
import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Literal, NamedTuple, Protocol, Self

import msgspec

from netpreflight.probes import obstacles
from netpreflight.probes.laptop_lease import laptop_lease
from netpreflight.probes.net.dhcp_release import CLIENT_PORT, MESSAGE_SIZE, SERVER_PORT, device_mac
from netpreflight.probes.net.dhcp_transport import Heard, RawTransport, Sent, UdpTransport, mac_of
from netpreflight.probes.net.dhcp_transport import transport as transport_of
from netpreflight.probes.net.inbox import MOST_WAITING
from netpreflight.probes.net.packet_bytes import address_bytes, arp_request, dhcp_request, mac_bytes
from netpreflight.probes.net.packet_reading import ArpPacket, arp_in, bootp_in
from netpreflight.probes.net.payload_shapes import (
    ARP_REQUEST,
    DHCP_DISCOVER,
    DHCP_DISCOVER_NAMED,
    DHCP_DISCOVER_RELAYED,
    DHCP_INFORM,
    DHCP_RELEASE,
    DHCP_REQUEST,
    DHCP_REQUEST_RELAYED,
    Shape,
)
from netpreflight.probes.net.sockets import Datagram, Network, UdpSocket
from netpreflight.probes.net.witnesses import bounded
from netpreflight.probes.observations import (
    KEPT_BYTES,
    AddressCheck,
    Dhcp,
    DhcpMessage,
    DhcpReplyType,
    DhcpRequestType,
    DhcpSend,
    EventKind,
    Identity,
    Lease,
    LeaseTransport,
    Scope,
    WaitedFor,
)

DISCOVER_AT_S = (0.0, 2.0, 6.0, 14.0)
"""lwIP's retries: 2, 4, 8 s apart (dhcp.c)."""
GIVE_UP_S = 15.0
"""How long devices with a deadline wait: those with WICED, 15 s (wiced_defaults.h:88)."""
REQUEST_AT_S = (0.0, 2.0, 6.0)
"""Seconds after the OFFER; lwIP's retries for a REQUEST are those of a DISCOVER."""
REQUEST_WAIT_S = 12.0
"""How long after the OFFER an answer to the REQUESTs is awaited."""
MOST_NAKS = 2
"""After this many NAKs only one more attempt is made, without a host name."""
_SHAPES: dict[str, Shape] = {
    "DISCOVER": DHCP_DISCOVER,
    "REQUEST": DHCP_REQUEST,
    "RELEASE": DHCP_RELEASE,
    "INFORM": DHCP_INFORM,
}
_RELAYED: dict[str, Shape] = {"DISCOVER": DHCP_DISCOVER_RELAYED, "REQUEST": DHCP_REQUEST_RELAYED}
LATE_ACK_S = 1.0
"""How long to wait, after the last NAK, for an ACK of another server: its lease would have to be given back."""
COLLECT_S = 0.7
"""How long after the DISCOVER further OFFERs are collected if there is no sign of another server. A server that answers
without delay has answered by then, even over a satellite link, or behind an access point that holds broadcasts for its
next DTIM beacon."""
COLLECT_UNTOLD_S = 2.0
"""The same time if the server that sent the OFFER did not answer the INFORM: then other servers might not have answered
it either. ISC dhcpd pings an address for 1 s before it offers it, and rounds the time up."""
COLLECT_LATE_S = 4.5
"""The same time if there is a sign of another server: its answer to the INFORM, or an ARP request from a host that may
be a server, for an address that it could offer. dnsmasq pings an address for 3 s before it offers it."""
RESOLVERS_AFTER_S = 0.2
"""How long to wait after the answer to the INFORM until its resolvers are used: by then most servers have granted the
lease."""
HOLDER_S = 0.5
"""How long a host that uses the offered address may take to answer the ARP request. There is no such wait if a server
has asked by ARP for the same address."""
RELEASE_AGAIN_S = 0.1
"""The least time between the two RELEASEs: if the second followed at once, the same cause might lose both."""
CONTRAST_AFTER_S = 5.0
"""When the messages are sent that only serve comparison: after the 3 s for which dnsmasq pings before its OFFER."""
NAMED_AFTER_S = 9.0
"""When the DISCOVER with options 12, 60 and 61 is sent: by then dnsmasq has answered the laptop's DISCOVER. The last
DISCOVER of the device follows at 14 s."""
HOST_NAME = "netpreflight-device"
"""Option 12 of the DISCOVER at NAMED_AFTER_S, if the device has no host name."""
VENDOR_CLASS = b"MSFT 5.0"
"""Option 60 of Windows' DHCP client ([MS-DHCPE]): the vendor class that filters are most likely to know."""
INFORM_WAIT_S = 1.0
INFORM_AT_S = (0.0, 1.0)
RELAYED_AT_S = (4.0, 10.0)
"""When the known servers are asked in the way a relay asks: first when dnsmasq, which pings for 3 s, would have sent
its OFFER, and then once more."""
MOST_RELAYED = 3
"""How many servers are asked in the way a relay asks."""
MOST_MESSAGES = 64
"""How many messages of each kind are kept: even a flood of OFFERs leaves room for the ACK that follows."""
MOST_READS = 128
"""How often the sockets are read at the end: more often than needed to empty the kernel's buffers."""
MOST_HOLDERS = 16
"""How many hosts that use the offered address are kept."""
MOST_SEEKERS = 64
"""How many hosts that ask by ARP for an address are kept, see `_Seeker`."""

_BROADCAST = "255.255.255.255"
DEVICE_OPTIONS = bytes((1, 3, 28, 6))
"""The options that a device asks for (option 55)."""
MOST_RESOLVERS = 2
"""lwIP keeps the first two resolvers of a lease (LWIP_DHCP_MAX_DNS_SERVERS); no device asks a third."""
_LAPTOP_OPTIONS = bytes((1, 3, 6, 15, 28, 108, 114))
"""The options that messages in the laptop's name, and every INFORM, ask for (option 55)."""
MAX_SIZE = (57, (1500).to_bytes(2))
"""Option 57: the largest DHCP message that the client accepts."""
_NO_ADDRESS = "0.0.0.0"  # noqa: S104 - BOOTP's "none"
_KINDS: dict[DhcpRequestType, int] = {"DISCOVER": 1, "REQUEST": 3, "INFORM": 8}

_XID_AT, _SNAME_AT, _FILE_AT, _COOKIE_AT, _OPTIONS_AT = 4, 44, 108, 236, 240
_COOKIE = bytes.fromhex("63825363")
_PAD, _OVERLOAD, _END = 0, 52, 255
_LENGTHS: dict[int, Callable[[int], bool]] = {
    **dict.fromkeys((1, 51, 54, 58, 59), lambda size: size == 4),
    **dict.fromkeys((_OVERLOAD, 53), lambda size: size == 1),
    3: lambda size: size >= 4,
    6: lambda size: size % 4 == 0,
}
"""The lengths of an option that lwIP accepts, by its number; with any other length it drops the message."""

_ANSWERS: dict[int, DhcpReplyType] = {2: "OFFER", 5: "ACK", 6: "NAK"}


class Transaction(NamedTuple):
    """What was sent with a transaction id (xid): which message, in whose name, from which hardware address.

    `host_name`: whether a REQUEST had a host name. `relayed`: whether the message was sent as a relay sends it.
    """

    identity: Identity
    mac: str
    asked: DhcpRequestType
    host_name: bool | None = None
    relayed: bool = False


class _Seeker(NamedTuple):
    """A host that asked by ARP for the address `sought` soon after the DISCOVER: perhaps a server about to offer it."""

    address: str
    mac: str
    sought: str


class Told(Protocol):
    """A function that is given the resolvers that DHCP hands out."""

    def __call__(self, resolvers: list[str], *, settled: bool, denied: bool = False) -> None:
        """Use these resolvers.

        Args:
            resolvers: the addresses of the resolvers; empty: there are none.
            settled: whether they are final: those of the lease, or no better ones will be known.
            denied: whether no lease was requested, because that is not possible or not wanted.
        """


OnPortalApi = Callable[[str | None], None]
"""Called once, as soon as the URL of option 114 is known, or with None once it is known that there is none."""


OnLease = Callable[[DhcpMessage], None]
"""Called with the granted lease if this interface is the device itself, which uses the lease until the run ends."""


class LeaseGuard(Protocol):
    """A helper outside this process that gives a lease back if this process is killed while it holds the lease."""

    def remember(self, interface: str, address: str, server: str, server_mac: str | None) -> None:
        """Make the helper give this lease back if this process is killed. Called before the lease is requested."""

    def forget(self) -> None:
        """Tell the helper that all leases have been given back."""


async def dhcp(
    network: Network,
    scope: Scope,
    host_name: str,
    *,
    exchange: bool,
    on_resolvers: Told,
    on_portal_api: OnPortalApi,
    guard: LeaseGuard | None = None,
    transport: LeaseTransport | None = None,
    on_lease: OnLease | None = None,
    seen: Dhcp | None = None,
) -> Dhcp:
    """Ask for a lease as an unknown device, and give it back.

    Args:
        network: the interface under test.
        scope: the addresses and hardware address of the interface, and the privileges of this process.
        host_name: option 12 of the REQUEST, in which a device sends its id; empty: leave the option out.
        exchange: whether a lease may be requested; if not, read the laptop's own lease, or send an INFORM.
        on_resolvers: called with the final resolvers (an empty list: none), and before that with the resolvers of the
            answer to the INFORM, if the lease takes longer.
        on_portal_api: see `OnPortalApi`.
        guard: told of each lease before it is requested, and again when all of them have been given back.
        transport: how DHCP messages are sent; None: in the best way on this system.
        on_lease: see `OnLease`, if the interface is the device itself; None: the interface is the laptop's.
        seen: the observation that is filled in during the exchange, so that it can be used if the run is cut short; it
            is also the return value.
    """
    seen = seen or Dhcp()
    if not exchange:
        left_out = obstacles.to_have_left_out_dhcp(scope)
        seen.exchange_denied, seen.unlocked_by = left_out.reason, left_out.step
    # Read while the servers are asked: a hanging NetworkManager takes 2 s to say nothing.
    held = laptop_lease(network.interface, scope.addresses) if on_lease is None else _no_lease()
    record = asyncio.create_task(bounded(held, lambda _: None))
    learned = _Learned(seen, record, on_resolvers, on_portal_api)
    try:
        obstacle = obstacles.to_exchange(scope) if exchange else None
        kind = transport or obstacles.lease_transport(scope)
        if exchange and obstacle is None and kind is not None:
            try:
                async with _Client(network, scope, host_name, seen, learned, guard, kind, on_lease) as client:
                    await client.run()
            except OSError as problem:
                if kind == "raw":
                    raise
                if seen.granted is None:
                    obstacle = obstacles.to_use_port_68(problem, scope)
        seen.laptop_lease = await record
        if obstacle is not None:
            seen.exchange_denied, seen.unlocked_by = obstacle.reason, obstacle.step
        elif seen.transport == "udp" and all(message.relayed for message in seen.received if message.type == "OFFER"):
            seen.unlocked_by = obstacles.to_hear_offers(scope).step
        if seen.exchange_denied and (seen.laptop_lease is None or not seen.laptop_lease.resolvers):
            await _Inform(network, scope, seen, learned).run()
    finally:
        record.cancel()
        await asyncio.gather(record, return_exceptions=True)  # so that a program that it started is ended
        task = asyncio.current_task()
        if task is None or not task.cancelling():  # if the run is cut short, it keeps what it knows so far
            learned.end()
    return seen


class _Learned:
    """Passes resolvers and the portal API on to the rest of the run, as soon as each is known."""

    def __init__(
        self, seen: Dhcp, record: asyncio.Task[Lease | None], on_resolvers: Told, on_portal_api: OnPortalApi
    ) -> None:
        self._seen, self._record = seen, record
        self._on_resolvers, self._on_portal_api = on_resolvers, on_portal_api
        self._settled = self._portal_told = self._portal_final = False
        record.add_done_callback(lambda _: self.portal_api(final=False))

    def informed(self) -> None:
        """Pass on the resolvers of the answer to the INFORM, unless those of the lease are known already."""
        if not self._settled and (resolvers := self._seen.informed_resolvers()):
            self._on_resolvers(resolvers, settled=False)

    def granted(self) -> None:
        """Pass on the final resolvers: those of the lease, or the best that are known without one."""
        if not self._settled:
            self._settled = True
            denied = self._seen.exchange_denied is not None
            self._on_resolvers(self._seen.resolvers(), settled=True, denied=denied)

    def portal_api(self, *, final: bool) -> None:
        """Pass on the URL of the portal API as soon as a server has sent one; once `final`, of the laptop's lease."""
        self._portal_final = self._portal_final or final
        url = next(iter(self._seen.portal_apis()), None)
        if not self._portal_told and (url is not None or (self._portal_final and self._record.done())):
            self._portal_told = True
            lease = self.lease()
            self._on_portal_api(lease.captive_portal if url is None and lease else url)

    def lease(self) -> Lease | None:
        """The lease that this laptop holds; None: it holds none, or this is not known yet."""
        return self._record.result() if self._record.done() and not self._record.cancelled() else None

    def end(self) -> None:
        """Pass on what is known, as final."""
        self.granted()
        self.portal_api(final=True)


async def _no_lease() -> None:
    """The laptop's lease on an interface on which no other DHCP client runs: None."""


def decode(
    payload: bytes,
    sender: str,
    *,
    sender_mac: str | None,
    broadcast: bool,
    expected: dict[int, Transaction],
    at_s: float,
) -> DhcpMessage | None:
    """Decode a server's message; None: the message answers none of the transactions in `expected`.

    Raises:
        ValueError: the payload is not a well-formed DHCP message.
    """
    try:
        bootp = bootp_in(payload)
        options = options_of(payload)
        kind = _ANSWERS[options.values[53][0]]
    except (LookupError, ValueError) as problem:
        raise ValueError(f"not DHCP: {type(problem).__name__}") from problem
    question = expected.get(bootp.xid)
    if (
        bootp.op != 2 or question is None or bootp.chaddr != question.mac
    ):  # not a BOOTREPLY, or xid and chaddr do not match: lwIP checks the same
        return None
    server = options.addresses(54)
    return DhcpMessage(
        at_s=at_s,
        type=kind,
        identity=question.identity,
        asked=question.asked,
        server=server[0] if server else sender,
        server_named=54 in options.values,
        server_mac=sender_mac,
        address=bootp.yiaddr if bootp.yiaddr != _NO_ADDRESS else None,
        mask=next(iter(options.addresses(1)), None),
        routers=options.addresses(3),
        resolvers=options.addresses(6),
        lease_s=int.from_bytes(options.values[51]) if 51 in options.values else None,
        captive_portal=options.text(114),
        domain=options.text(15),
        ipv6_only_s=int.from_bytes(options.values[108]) if len(options.values.get(108, b"")) == 4 else None,
        message=options.text(56),
        overloaded=options.overloaded,
        wrong_length=options.wrong_length,
        broadcast=broadcast,
        host_name=question.host_name,
        relayed=question.relayed,
        xid=bootp.xid,
        raw=payload[:KEPT_BYTES].hex(),
    )


class Options:
    """The options of a message, as lwIP unfolds them (dhcp.c, dhcp_parse_reply()).

    Attributes:
        values: the values of the options, keyed by number; of a repeated option, the first value.
        overloaded: the numbers of the options found in the fields `file` and `sname` (option 52).
        wrong_length: the numbers of the options that are too short, too long or cut off: lwIP drops a message with one.
    """

    def __init__(self) -> None:
        self.values: dict[int, bytes] = {}
        self.overloaded: list[int] = []
        self.wrong_length: list[int] = []

    def read(self, area: bytes, *, overloaded: bool = False) -> None:
        """Read the options in one field, up to END (RFC 2132 section 3.2)."""
        at = 0
        while at < len(area) and area[at] != _END:
            number = area[at]
            if number == _PAD:
                at += 1
                continue
            size = area[at + 1] if at + 1 < len(area) else 0
            value = area[at + 2 : at + 2 + size]
            at += 2 + size
            fits = _LENGTHS.get(number)
            if fits is not None and (at > len(area) or not fits(size) or (number == _OVERLOAD and overloaded)):
                self.wrong_length.append(number)
            elif at <= len(area) and number not in self.values:
                self.values[number] = value
                if overloaded:
                    self.overloaded.append(number)

    def addresses(self, number: int) -> list[str]:
        """The IPv4 addresses in an option, 16 at most, without 0.0.0.0."""
        value = self.values.get(number, b"")
        found = (str(ipaddress.IPv4Address(value[at : at + 4])) for at in range(0, len(value) - 3, 4))
        return [address for address in itertools.islice(found, 16) if address != _NO_ADDRESS]

    def text(self, number: int) -> str | None:
        """The text in an option; None: the message has no such option."""
        value = self.values.get(number)
        return None if value is None else value[:1024].decode(errors="backslashreplace")


def options_of(payload: bytes) -> Options:
    """The options of a DHCP message, including those in `file` and `sname` (option 52).

    Raises:
        ValueError: the message has no magic cookie.
    """
    if payload[_COOKIE_AT:_OPTIONS_AT] != _COOKIE:
        raise ValueError("no magic cookie")
    options = Options()
    options.read(payload[_OPTIONS_AT:])
    overload = int.from_bytes(options.values.get(_OVERLOAD, b""))
    for bit, field in ((1, payload[_FILE_AT:_COOKIE_AT]), (2, payload[_SNAME_AT:_FILE_AT])):
        if overload in {1, 2, 3} and overload & bit:  # `file` first (RFC 2131 section 4.1)
            options.read(field, overloaded=True)
    return options


def _is_accepted(message: DhcpMessage) -> bool:
    """Whether lwIP accepts a message: it drops any with an option of a wrong length, and an OFFER without option 54."""
    return message.well_formed if message.type == "OFFER" else not message.wrong_length


def _keep(message: DhcpMessage, seen: Dhcp) -> bool:
    """Keep a message if it is among the first MOST_MESSAGES of its kind; returns whether it was kept.

    If a message that is not kept says something new, `seen.unread` records this.
    """
    has_room = sum(_kind(other) == _kind(message) for other in seen.received) < MOST_MESSAGES
    if has_room:
        seen.received.append(message)
    elif all(_content(message) != _content(other) for other in seen.received):
        seen.unread = True
    return has_room


def _kind(message: DhcpMessage) -> tuple[object, ...]:
    """The kind of a message for MOST_MESSAGES: a flood of answers to one client leaves room for answers to another."""
    return message.type, message.asked, message.identity, message.relayed


def _content(message: DhcpMessage) -> tuple[object, ...]:
    """The kind of a message and what it hands out, without the server that sent it."""
    return *_kind(message), message.well_formed, message.address, message.mask, message.routers, message.resolvers


def _padded(message: bytes) -> bytes:
    """A DHCP message, padded to the size that lwIP sends."""
    return message.ljust(MESSAGE_SIZE, b"\0")


class _Inform:
    """An INFORM (RFC 2131 section 3.4) from a UDP socket: it asks for options, and requests no lease."""

    def __init__(self, network: Network, scope: Scope, seen: Dhcp, learned: _Learned) -> None:
        self._network = network
        self._scope = scope
        self._seen = seen
        self._learned = learned
        self._xid = random.getrandbits(32)

    async def run(self) -> None:
        """Send the INFORM, a second time if nothing answers, and collect the replies."""
        address = self._scope.address
        if address is None or self._scope.mac is None:
            return
        sock = self._socket()
        sock.expect(SERVER_PORT, mark=self._xid.to_bytes(4), mark_at=_XID_AT)
        message = dhcp_request(
            _KINDS["INFORM"], self._scope.mac, self._xid, [(55, _LAPTOP_OPTIONS)], client_address=address
        )
        expected: dict[int, Transaction] = {self._xid: Transaction("laptop", self._scope.mac, "INFORM")}
        begun = self._network.clock.monotonic()
        with self._network.waiting("informed", begun + INFORM_AT_S[-1] + INFORM_WAIT_S, since=begun):
            for at_s in INFORM_AT_S:
                if sock.send(_padded(message), _BROADCAST, SERVER_PORT) is not None:
                    return
                self._seen.sent.append(DhcpSend(at_s=self._network.elapsed(), type="INFORM", identity="laptop"))
                deadline = begun + at_s + INFORM_WAIT_S
                while event := await sock.receive(deadline):
                    if not isinstance(event, Datagram) or event.port != SERVER_PORT:
                        continue
                    try:
                        reply = decode(
                            event.payload,
                            event.address,
                            sender_mac=None,
                            broadcast=False,
                            expected=expected,
                            at_s=self._network.elapsed(event.at),
                        )
                    except ValueError:
                        self._seen.malformed += 1
                        continue
                    if reply is not None and _keep(reply, self._seen):
                        self._learned.informed()
                        self._learned.portal_api(final=False)
                self._seen.unread = self._seen.unread or sock.take_lost()
                if self._seen.received:
                    return

    def _socket(self) -> UdpSocket:
        """A socket on port 68, if allowed and free; else on any port, because some servers answer any port."""
        try:
            return self._network.udp("DHCP INFORM", DHCP_INFORM, local_port=CLIENT_PORT)
        except OSError:
            return self._network.udp("DHCP INFORM", DHCP_INFORM)


class _Client:
    """A DHCP client that sends messages as the unknown device, and for comparison as the laptop."""

    def __init__(
        self,
        network: Network,
        scope: Scope,
        host_name: str,
        seen: Dhcp,
        learned: _Learned,
        guard: LeaseGuard | None,
        kind: LeaseTransport,
        on_lease: OnLease | None,
    ) -> None:
        self._network = network
        self._scope = scope
        self._guard = guard
        self._host_name = host_name
        self._seen = seen
        self._learned = learned
        self._laptop_mac = mac_of(scope)
        self._laptop_address = scope.address
        self._on_lease = on_lease
        self._mac = seen.client_mac = device_mac(self._laptop_mac) if on_lease is None else self._laptop_mac
        self._transport_kind = kind
        self._transport = transport_of(kind, network, scope, self._mac)
        self._expected: dict[int, Transaction] = {}
        self._arrived: asyncio.Queue[tuple[bytes, Heard | None]] = asyncio.Queue()
        self._requested: DhcpMessage | None = None
        self._released: list[DhcpMessage] = []
        self._abandoned: set[int] = set()
        """The ids of the transactions that a NAK has ended."""
        self._arp_asked_at = -math.inf
        """When the ARP request for the offered address was sent."""
        self._discovered_at = -math.inf
        """When the device's last DISCOVER was sent."""
        self._released_at = -math.inf
        self._seekers: list[_Seeker] = []
        self._inform_used: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self._transport.open(self._on_heard, self._on_arp)
        self._seen.transport = self._transport_kind
        self._network.restorations.append(self._to_give_back)
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            # A RELEASE is not acknowledged, so each is sent twice. A REQUEST without an answer may have been granted,
            # so its lease is given back, too.
            for lease in self._leases():
                self._release(lease)
            kept = self._seen.granted if self._on_lease is not None else None
            if kept is not None:
                self._network.at_end.append(lambda: self._give_back(kept))
            elif self._guard:
                self._guard.forget()
        finally:
            if self._inform_used:
                self._inform_used.cancel()
            self._network.restorations.remove(self._to_give_back)
            self._seen.unread = self._seen.unread or self._transport.is_lossy()
            self._transport.close()

    async def _give_back(self, kept: DhcpMessage) -> None:
        """Give the device's lease back once the run has ended, by two RELEASEs, because neither is acknowledged."""
        self._transport.open(self._on_heard, self._on_arp)
        try:
            for is_second in (False, True):
                if is_second:
                    await asyncio.sleep(RELEASE_AGAIN_S)
                self._release(kept)
        finally:
            self._transport.close()
        if self._guard:
            self._guard.forget()

    def _leases(self) -> list[DhcpMessage]:
        """The leases to give back: those that were granted, or else the one that was requested."""
        if self._on_lease is not None and self._seen.granted is not None:
            return [lease for lease in self._released if lease is not self._seen.granted]
        return list(self._released) or ([self._requested] if self._requested else [])

    def _to_give_back(self) -> str | None:
        """The leases that have to be given back, in words; None: there are none."""
        return " and ".join(f"the lease of {lease.address}" for lease in self._leases()) or None

    def _schedule(self) -> list[tuple[float, Callable[[], None]]]:
        """What to send as long as there is no OFFER: (seconds after the start, function that sends it), sorted."""
        due: list[tuple[float, Callable[[], None]]] = []
        if self._on_lease is not None:  # this interface has no messages of the laptop to compare with
            named = (NAMED_AFTER_S, self._discover_named)
            return sorted([*((at_s, self._discover) for at_s in DISCOVER_AT_S), named], key=lambda entry: entry[0])
        if self._laptop_address and self._transport.may_inform:
            # Sent first, because a server that pings before it offers (dnsmasq, for 3 s) answers nothing meanwhile.
            due.append((0.0, lambda: self._inform("laptop", self._laptop_mac)))
            due.append((CONTRAST_AFTER_S, lambda: self._inform("device", self._mac)))
        due += [(at_s, self._discover) for at_s in DISCOVER_AT_S]
        if not self._laptop_address:
            due.append((0.0, self._discover_as_laptop))
        due.append((CONTRAST_AFTER_S, lambda: self._discover("laptop", self._laptop_mac)))
        due.append((NAMED_AFTER_S, self._discover_named))
        if self._laptop_address and isinstance(self._transport, UdpTransport):
            due += [(at_s, self._discover_relayed) for at_s in RELAYED_AT_S]
        return sorted(due, key=lambda entry: entry[0])

    async def run(self) -> None:
        """Send on schedule and collect replies, until a lease is granted and other servers have had time to answer."""
        begun = self._network.clock.monotonic()
        due = self._schedule()
        end_s = GIVE_UP_S
        requests = naks = 0
        offered_s, request_due = 0.0, math.inf
        while (now_s := self._network.clock.monotonic() - begun) < (end_s := self._end_s(begun, end_s)):
            if self._requested is None:
                while due and due[0][0] <= now_s:
                    due.pop(0)[1]()
            elif now_s >= request_due:
                self._request(self._requested)
                requests += 1
                request_due = offered_s + REQUEST_AT_S[requests] if requests < len(REQUEST_AT_S) else math.inf
                end_s = offered_s + REQUEST_WAIT_S
            next_s = due[0][0] if due and self._requested is None else request_due
            with self._waiting(begun + end_s, since=begun + offered_s):
                message = await self._receive(begun + min(end_s, next_s))
            if message is None or not _is_accepted(message):
                continue
            self._pass_on(message)
            if message.identity == "named":  # allow as much time for the answer to the device's last DISCOVER
                took_s = self._network.clock.monotonic() - begun - NAMED_AFTER_S
                end_s = max(end_s, DISCOVER_AT_S[-1] + took_s + 1.0)
            if message.identity != "device":
                continue
            if message.type == "OFFER" and self._requested is None and not self._seen.granted:
                self._requested = message
                self._ask_by_arp(message.address)
                offered_s = request_due = self._network.clock.monotonic() - begun
            elif message.type == "ACK" and message.asked == "REQUEST":
                if not self._handle_lease(message):
                    continue
                self._learned.granted()
                self._pass_on(message)
                request_due = math.inf
            elif message.type == "NAK" and self._requested and not self._seen.granted:
                # After a NAK from any server a client starts again (RFC 2131 section 3.1, step 4; lwIP ignores the
                # server identifier). A second NAK ends the attempts, except for one without a host name, which may be
                # the reason for the NAKs.
                naks += 1
                self._abandoned.update(self._expected)
                self._requested, requests, request_due = None, 0, math.inf
                may_retry = naks < MOST_NAKS or (naks == MOST_NAKS and self._host_name != "")
                if naks == MOST_NAKS:
                    self._host_name = ""
                retry = self._discover_relayed if message.relayed else self._discover
                due, end_s = ([(now_s, retry)], GIVE_UP_S) if may_retry else ([], now_s + LATE_ACK_S)
        self._read_rest()

    def _handle_lease(self, lease: DhcpMessage) -> bool:
        """Handle a lease that was granted: give it back at once or, as the device itself, use it.

        False: the ACK is late, because its transaction was abandoned or another lease was granted before.
        """
        is_late = lease.xid in self._abandoned or self._seen.granted is not None
        if self._on_lease is None or is_late:
            self._release(lease)
        if is_late:
            return False
        self._seen.granted = lease
        if self._on_lease is not None:
            self._on_lease(lease)
        return True

    def _waiting(self, until: float, *, since: float) -> AbstractContextManager[None]:
        """Show, as progress, what the exchange waits for now."""
        what: WaitedFor = "other-servers" if self._seen.granted else "lease" if self._requested else "offer"
        return self._network.waiting(what, until, since=since)

    def _pass_on(self, message: DhcpMessage) -> None:
        """Pass on to the rest of the run what is known now that this message has come."""
        informing = self._informing_servers()
        if message.asked == "INFORM" and message.identity == "laptop" and self._inform_used is None:
            loop = asyncio.get_running_loop()
            self._inform_used = loop.call_later(RESOLVERS_AFTER_S, self._learned.informed)
        granted = self._seen.granted
        self._learned.portal_api(final=granted is not None and granted.server in informing)

    def _end_s(self, begun: float, without_lease_s: float) -> float:
        """When the exchange ends, in seconds from when it began."""
        return self._collected_at() - begun if self._seen.granted else without_lease_s

    def _collected_at(self) -> float:
        """When the exchange ends once there is a lease, on the monotonic clock.

        By then other servers, and any host that uses the address, have had time to answer, and the second RELEASE is
        due.
        """
        offers, informing = self._seen.offers(), self._informing_servers()
        offering = {offer.server for offer in offers}
        hears_arp = isinstance(self._transport, RawTransport)  # ARP requests of servers that ping before they offer
        awaits_server = not informing <= offering or any(self._may_offer(seeker, offers) for seeker in self._seekers)
        if not hears_arp or awaits_server:
            collect_s = COLLECT_LATE_S
        else:
            collect_s = COLLECT_S if offering <= informing else COLLECT_UNTOLD_S
        looked_for = any(seeker.sought == offer.address for seeker in self._seekers for offer in offers)
        held_until = self._arp_asked_at + (0.0 if looked_for else HOLDER_S)
        return max(self._discovered_at + collect_s, held_until, self._released_at + RELEASE_AGAIN_S)

    def _may_offer(self, seeker: _Seeker, offers: list[DhcpMessage]) -> bool:
        """Whether a host that asked by ARP for an address may be a server whose OFFER is still to come."""
        return not any(
            offer.server == seeker.address
            or offer.address == seeker.sought
            or (offer.server_mac == seeker.mac and self._scope.is_on_link(offer.server))  # else a relay's MAC address
            for offer in offers
        )

    def _informing_servers(self) -> set[str]:
        """The servers that answered the INFORM."""
        return {reply.server for reply in self._seen.received if reply.asked == "INFORM"}

    async def _receive(self, deadline: float) -> DhcpMessage | None:
        """The next message for us, or None if none arrives before `deadline` (monotonic clock)."""
        try:
            async with asyncio.timeout(max(deadline - self._network.clock.monotonic(), 0)):
                data, heard = await self._arrived.get()
        except TimeoutError:
            return None
        return self._message_in(data, heard)

    def _read_rest(self) -> None:
        """Read the OFFERs that have arrived but were not read in time, because this laptop was busy."""
        for _ in range(MOST_READS):
            while not self._arrived.empty():
                self._message_in(*self._arrived.get_nowait(), only_offers=True)
            self._transport.read()
            if self._arrived.empty():
                return
        self._seen.unread = True

    def _message_in(self, data: bytes, heard: Heard | None, *, only_offers: bool = False) -> DhcpMessage | None:
        """Decode what has arrived, and keep the message; None: it answers none of our messages, or is malformed."""
        self._note("heard", None, data)
        try:
            message = heard and decode(
                heard.payload,
                heard.source,
                sender_mac=heard.source_mac,
                broadcast=heard.broadcast,
                expected=self._expected,
                at_s=self._network.elapsed(),
            )
        except ValueError:
            heard = message = None
        if heard is None:
            self._seen.malformed += 1
            return None
        if message is None or (only_offers and message.type != "OFFER"):
            return None
        if not self._is_known(message):
            _keep(message, self._seen)
        return message

    def _is_known(self, message: DhcpMessage) -> bool:
        """Whether the same message was received before: a repetition is no new evidence."""
        return any(reply.raw == message.raw for reply in self._seen.received)

    def _discover(self, identity: Identity = "device", mac: str | None = None) -> None:
        """Send a DISCOVER with a device's options; in the device's name, unless told otherwise."""
        options = [MAX_SIZE, (55, DEVICE_OPTIONS)]
        self._broadcast("DISCOVER", identity, mac or self._mac, options, flag=True)

    def _discover_relayed(self) -> None:
        """Send a DISCOVER to each known server in the way a relay does."""
        lease = self._learned.lease()
        known = [lease.server] if lease and lease.server else []
        for server in list(dict.fromkeys([*known, *sorted(self._informing_servers())]))[:MOST_RELAYED]:
            options = [MAX_SIZE, (55, DEVICE_OPTIONS)]
            with contextlib.suppress(OSError):  # the broadcast was the first try
                self._broadcast("DISCOVER", "device", self._mac, options, flag=True, relayed_to=server)

    def _discover_as_laptop(self) -> None:
        """Send a DISCOVER with a laptop's options.

        If the answer has option 108, a laptop does without IPv4 (RFC 8925 section 3.2).
        """
        options = [MAX_SIZE, (55, _LAPTOP_OPTIONS)]
        self._broadcast("DISCOVER", "laptop", self._laptop_mac, options, flag=True)

    def _discover_named(self) -> None:
        """Send a DISCOVER in the device's name with host name, vendor class and client identifier, as computers do."""
        options = [
            MAX_SIZE,
            (55, DEVICE_OPTIONS),
            (12, (self._host_name or HOST_NAME).encode()),
            (60, VENDOR_CLASS),
            (61, b"\x01" + mac_bytes(self._mac)),
        ]
        self._broadcast("DISCOVER", "named", self._mac, options, flag=True)

    def _inform(self, identity: Identity, mac: str) -> None:
        """Send an INFORM from the laptop's IPv4 address, with this hardware address."""
        options = [(55, _LAPTOP_OPTIONS)]
        self._broadcast("INFORM", identity, mac, options, source=self._laptop_address)

    def _ask_by_arp(self, address: str | None) -> None:
        """Ask by ARP who has an address, with 0.0.0.0 as the sender's address (ARP probe, RFC 5227 section 2.1.1)."""
        if address is None or (self._seen.address_check and self._seen.address_check.address == address):
            return
        if not isinstance(self._transport, RawTransport):
            return
        self._arp_asked_at = self._network.clock.monotonic()
        self._seen.address_check = AddressCheck(at_s=self._network.elapsed(), address=address)
        sent = self._transport.send_arp(arp_request(self._laptop_mac, address))
        self._network.count("arp", None, address, 0, packets=1, size=sent.size, purpose="DHCP", shape=ARP_REQUEST)
        self._network.note(
            "sent", "DHCP", protocol="arp", address=address, port=0, shape=ARP_REQUEST.name, payload=sent.data
        )

    def _on_arp(self, frame: bytes) -> None:
        """Read an ARP packet: if its sender has the offered address, keep the sender's MAC address as a holder."""
        check, packet = self._seen.address_check, arp_in(frame)
        if packet is None:
            return
        self._keep_seeker(packet)
        if check is None or packet.sender != check.address:
            return
        holder = packet.sender_mac
        if holder not in {self._mac, self._laptop_mac, *check.holders} and len(check.holders) < MOST_HOLDERS:
            self._network.note("heard", "DHCP", protocol="arp", address=check.address, port=0, payload=frame)
            self._seen.address_check = msgspec.structs.replace(check, holders=[*check.holders, holder])

    def _keep_seeker(self, packet: ArpPacket) -> None:
        """Keep the sender of an ARP request for an address that a server could offer, soon after the DISCOVER."""
        late = self._network.clock.monotonic() > self._discovered_at + COLLECT_S
        # An ARP probe comes from a host that is itself about to use the address that it asks for.
        if late or not packet.is_request or packet.is_probe or len(self._seekers) >= MOST_SEEKERS:
            return
        mac, address, sought = packet.sender_mac, packet.sender, packet.target
        in_use = {address, self._laptop_address, self._scope.gateway}
        if sought not in in_use and self._scope.is_on_link(sought):
            self._seekers.append(_Seeker(address, mac, sought))

    def _request(self, offer: DhcpMessage) -> None:
        """Send a REQUEST for the offered address: by broadcast, or as a relay does if the DISCOVER was sent so."""
        if self._guard and offer.address:
            self._guard.remember(self._network.interface, offer.address, offer.server, offer.server_mac)
        options = [
            MAX_SIZE,
            (50, address_bytes(offer.address or _NO_ADDRESS)),
            (54, address_bytes(offer.server)),
            (55, DEVICE_OPTIONS),
            *([(12, self._host_name.encode())] if self._host_name else []),
        ]
        host_name, server = bool(self._host_name), offer.server if offer.relayed else None
        self._broadcast("REQUEST", "device", self._mac, options, flag=True, host_name=host_name, relayed_to=server)

    def _broadcast(
        self,
        kind: DhcpRequestType,
        identity: Identity,
        mac: str,
        options: list[tuple[int, bytes]],
        *,
        flag: bool = False,
        source: str | None = None,
        host_name: bool | None = None,
        relayed_to: str | None = None,
    ) -> None:
        """Broadcast a message, or send it to a server as a relay does; a repeated message keeps its transaction id."""
        question = Transaction(identity, mac, kind, host_name, relayed=relayed_to is not None)
        current = [xid for xid, known in self._expected.items() if known == question]
        xid = next((known_xid for known_xid in current if known_xid not in self._abandoned), random.getrandbits(32))
        self._expected[xid] = question
        if kind == "DISCOVER" and identity == "device":
            self._discovered_at = self._network.clock.monotonic()
        self._transport.expect(self._expected)
        relay = self._laptop_address if relayed_to else None
        message = _padded(
            dhcp_request(_KINDS[kind], mac, xid, options, client_address=source, broadcast=flag, relay_address=relay)
        )
        if relayed_to is None:
            shape = DHCP_DISCOVER_NAMED if identity == "named" else _SHAPES[kind]
            self._note_sent(kind, identity, self._transport.broadcast(message, source), _BROADCAST, shape)
        elif isinstance(self._transport, UdpTransport):
            sent = self._transport.relay(message, relayed_to)
            self._note_sent(kind, identity, sent, relayed_to, _RELAYED[kind], relayed=True)

    def _release(self, lease: DhcpMessage) -> None:
        """Send a RELEASE for a lease (RFC 2131 section 4.4.6), by unicast from the leased address."""
        if lease.address is None:
            return
        sent = self._transport.release(lease.address, lease.server, lease.server_mac)
        self._note_sent("RELEASE", "device", sent, lease.server, DHCP_RELEASE)
        self._released_at = self._network.clock.monotonic()
        self._seen.released = True
        if not any(reply.address == lease.address for reply in self._released):
            self._released.append(lease)

    def _note_sent(
        self,
        kind: DhcpRequestType | Literal["RELEASE"],
        identity: Identity,
        sent: Sent,
        target: str,
        shape: Shape,
        *,
        relayed: bool = False,
    ) -> None:
        """Count and record a message that was sent."""
        self._network.count(
            "udp",
            None,
            target,
            SERVER_PORT,
            packets=1,
            size=sent.size,
            purpose="DHCP",
            shape=shape,
        )
        self._note("sent", target, sent.data, shape=shape.name)
        self._seen.sent.append(DhcpSend(at_s=self._network.elapsed(), type=kind, identity=identity, relayed=relayed))

    def _note(self, what: EventKind, address: str | None, data: bytes, shape: str | None = None) -> None:
        """Report a message to the trace; `address`: where it was sent to, or None for a message that was received."""
        self._network.note(what, "DHCP", protocol="udp", address=address, port=SERVER_PORT, shape=shape, payload=data)

    def _on_heard(self, data: bytes, heard: Heard | None) -> None:
        """Queue what has arrived, unless MOST_WAITING messages are waiting already."""
        if self._arrived.qsize() < MOST_WAITING:
            self._arrived.put_nowait((data, heard))
        else:
            self._seen.unread = True
