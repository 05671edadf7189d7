"""Does DHCP serve a device that this network has never seen, and with what?

With the right to open packet sockets, or over UDP port 68 on Windows and macOS: a DISCOVER, REQUEST and RELEASE as
lwIP's client sends them (Device OS: options 53, 57 and 55 = 1, 3, 28, 6; the host name only in the REQUEST), from a
hardware address that is not this laptop's, with the broadcast flag set (RFC 2131 section 4.1). Every OFFER of every
server is kept, even if lwIP would drop it; the lease is given back as soon as it is granted. One ARP request for the
offered address precedes the REQUEST: Device OS does not check whether another host has that address, and would use it
all the same.

In addition one INFORM with the laptop's hardware address: it also asks for the options 108 and 114, and a server that
answers it does so without delay. Until there is a lease, the run goes on with the resolvers of that answer. A laptop
without an IPv4 address sends a DISCOVER with these options instead, and takes no lease. If the unknown device gets no
answer, a DISCOVER with the laptop's hardware address and an INFORM with the device's show whether there is a server,
and which of the two it serves; one more DISCOVER of the unknown device, with options 12, 60 and 61, shows whether the
server requires them. After two NAKs, one REQUEST is sent without a host name.

Other servers have as long to answer as something announces one: a server that offers late has answered the INFORM, or
asks by ARP for the address before it offers it. Where nothing does, the exchange ends at once.

Over UDP (see `dhcp_transport`), a server that is known and whose OFFER does not come is also asked as a relay asks. No
ARP is seen there: the address is not checked, and other servers have as long as where something announces one.

Where none of that is allowed: the lease that the laptop holds is read. If no DHCP client recorded one, the INFORM alone
is sent, which some servers answer on any port.
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
"""The longest that a device with a deadline waits: WICED, 15 s (wiced_defaults.h:88)."""
REQUEST_AT_S = (0.0, 2.0, 6.0)
"""Seconds after the OFFER; lwIP's retries for a REQUEST are those of a DISCOVER."""
REQUEST_WAIT_S = 12.0
MOST_NAKS = 2
_SHAPES: dict[str, Shape] = {
    "DISCOVER": DHCP_DISCOVER,
    "REQUEST": DHCP_REQUEST,
    "RELEASE": DHCP_RELEASE,
    "INFORM": DHCP_INFORM,
}
_RELAYED: dict[str, Shape] = {"DISCOVER": DHCP_DISCOVER_RELAYED, "REQUEST": DHCP_REQUEST_RELAYED}
LATE_ACK_S = 1.0
"""How long to wait after the last NAK for an ACK of another server, whose lease then has to be given back."""
COLLECT_S = 0.7
"""How long after the DISCOVER further OFFERs are collected if nothing announces one: a server that does not wait has
answered by then, also over a satellite, or an access point that keeps broadcasts for its next DTIM beacon."""
COLLECT_UNTOLD_S = 2.0
"""The same, if the server that offers did not answer the INFORM: then others may not have answered it either. ISC
dhcpd pings for 1 s before it offers, and rounds up."""
COLLECT_LATE_S = 4.5
"""The same, if an OFFER is announced: by a server's answer to the INFORM, or by somebody who asks, by ARP, for an
address that could be offered. dnsmasq pings such an address for 3 s."""
RESOLVERS_AFTER_S = 0.2
"""How long after the answer to the INFORM its resolvers are used: most servers have granted the lease by then."""
HOLDER_S = 0.5
"""How long somebody who has the offered address has to answer the ARP request, unless the server has asked, too."""
RELEASE_AGAIN_S = 0.1
"""The least time between the two RELEASEs: what loses a packet may lose the next one, if it follows at once."""
CONTRAST_AFTER_S = 5.0
"""When to send what is for comparison only: after the 3 s that dnsmasq, which pings first, takes for its OFFER."""
NAMED_AFTER_S = 9.0
"""By then dnsmasq has answered the laptop, too; the device's last DISCOVER follows at 14 s."""
HOST_NAME = "netpreflight-device"
"""Option 12 of that DISCOVER, if the device has no host name."""
VENDOR_CLASS = b"MSFT 5.0"
"""Option 60 of Windows' DHCP client ([MS-DHCPE]): the vendor class that filters know best."""
INFORM_WAIT_S = 1.0
INFORM_AT_S = (0.0, 1.0)
RELAYED_AT_S = (4.0, 10.0)
"""When the servers that are known are asked as a relay asks: once dnsmasq, which pings for 3 s, would have offered; and
once more."""
MOST_RELAYED = 3
MOST_MESSAGES = 64
"""How many messages of each kind are kept: a flood of OFFERs leaves room for the ACK behind it."""
MOST_READS = 128
"""How often the sockets are read at the end: more often than what the kernel holds takes."""
MOST_HOLDERS = 16
MOST_SEEKERS = 64

_BROADCAST = "255.255.255.255"
DEVICE_OPTIONS = bytes((1, 3, 28, 6))
MOST_RESOLVERS = 2
"""lwIP keeps the first two resolvers of a lease (LWIP_DHCP_MAX_DNS_SERVERS); no device asks a third."""
_LAPTOP_OPTIONS = bytes((1, 3, 6, 15, 28, 108, 114))
MAX_SIZE = (57, (1500).to_bytes(2))
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
"""The lengths that lwIP takes; with any other it drops the message."""

_ANSWERS: dict[int, DhcpReplyType] = {2: "OFFER", 5: "ACK", 6: "NAK"}


class Transaction(NamedTuple):
    """What was sent with a transaction id (xid): which message, in whose name, from which hardware address.

    `host_name`: whether a REQUEST had one. `relayed`: whether it was sent as a relay sends it.
    """

    identity: Identity
    mac: str
    asked: DhcpRequestType
    host_name: bool | None = None
    relayed: bool = False


class _Seeker(NamedTuple):
    """Somebody who asked, by ARP, for an address, just after the DISCOVER: perhaps a server, before it offers it."""

    address: str
    mac: str
    sought: str


class Told(Protocol):
    """Takes the resolvers that DHCP hands out."""

    def __call__(self, resolvers: list[str], *, settled: bool, denied: bool = False) -> None:
        """Use these resolvers.

        Args:
            resolvers: their addresses.
            settled: whether they are those of the lease, or no better ones will be known.
            denied: whether no lease was asked for.
        """


OnPortalApi = Callable[[str | None], None]
"""Called once with the URL of option 114, or None, as soon as it is known."""


OnLease = Callable[[DhcpMessage], None]
"""Called with the lease where this interface is the device itself, so that it uses it until the run ends."""


class LeaseGuard(Protocol):
    """Somebody outside this process, who gives a lease back if this process is killed with it in hand."""

    def remember(self, interface: str, address: str, server: str, server_mac: str | None) -> None:
        """A lease is about to be asked for, by the client of a run."""

    def forget(self) -> None:
        """All leases have been given back."""


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
        scope: its addresses and hardware address, and the privileges of this process.
        host_name: option 12 of the REQUEST, where a device sends its id; empty: leave the option out.
        exchange: whether a lease may be asked for; if not, read the laptop's own lease, or send an INFORM.
        on_resolvers: called once they are settled (an empty list: none), and before that with those of the INFORM's
            answer, if the lease takes longer.
        on_portal_api: see `OnPortalApi`.
        guard: told of each lease before it is asked for, and once all of them have been given back.
        transport: by what it is asked for; None: as it is best on this system.
        on_lease: where the interface is the device itself, see `OnLease`; None: it is the laptop's.
        seen: filled in as the exchange goes on, for whoever cuts it short; it is returned, too.
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
        await asyncio.gather(record, return_exceptions=True)  # it ends the program that it has started
        task = asyncio.current_task()
        if task is None or not task.cancelling():  # of a run that is cut short, what it knows stays
            learned.end()
    return seen


class _Learned:
    """What the rest of the run goes by, told as soon as it is known."""

    def __init__(
        self, seen: Dhcp, record: asyncio.Task[Lease | None], on_resolvers: Told, on_portal_api: OnPortalApi
    ) -> None:
        self._seen, self._record = seen, record
        self._on_resolvers, self._on_portal_api = on_resolvers, on_portal_api
        self._settled = self._portal_told = self._portal_final = False
        record.add_done_callback(lambda _: self.portal_api(final=False))

    def informed(self) -> None:
        """Tell the resolvers of the answer to the INFORM, unless the lease has named its own by now."""
        if not self._settled and (resolvers := self._seen.informed_resolvers()):
            self._on_resolvers(resolvers, settled=False)

    def granted(self) -> None:
        """Tell the resolvers of the lease."""
        if not self._settled:
            self._settled = True
            denied = self._seen.exchange_denied is not None
            self._on_resolvers(self._seen.resolvers(), settled=True, denied=denied)

    def portal_api(self, *, final: bool) -> None:
        """Tell where the portal API is: once there is a URL; or what the laptop's lease says, once it is `final`."""
        self._portal_final = self._portal_final or final
        url = next(iter(self._seen.portal_apis()), None)
        if not self._portal_told and (url is not None or (self._portal_final and self._record.done())):
            self._portal_told = True
            lease = self.lease()
            self._on_portal_api(lease.captive_portal if url is None and lease else url)

    def lease(self) -> Lease | None:
        """The lease that this laptop holds; None: it has none, or that is not known yet."""
        return self._record.result() if self._record.done() and not self._record.cancelled() else None

    def end(self) -> None:
        """Tell what is known now: there will be no more."""
        self.granted()
        self.portal_api(final=True)


async def _no_lease() -> None:
    """The lease of an interface that has no other client."""


def decode(
    payload: bytes,
    sender: str,
    *,
    sender_mac: str | None,
    broadcast: bool,
    expected: dict[int, Transaction],
    at_s: float,
) -> DhcpMessage | None:
    """Decode a server's message; None if it answers nothing that we sent.

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
    ):  # BOOTREPLY; xid and chaddr as lwIP checks them
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
        values: by number; of one that is repeated, the first.
        overloaded: those that stand in the fields `file` and `sname`, where option 52 says that options do.
        wrong_length: those that are too short, too long or cut off: lwIP drops such a message.
    """

    def __init__(self) -> None:
        self.values: dict[int, bytes] = {}
        self.overloaded: list[int] = []
        self.wrong_length: list[int] = []

    def read(self, area: bytes, *, overloaded: bool = False) -> None:
        """Take the options of one field, up to END (RFC 2132 section 3.2)."""
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
        """An option's IPv4 addresses, those of zeros left out."""
        value = self.values.get(number, b"")
        found = (str(ipaddress.IPv4Address(value[at : at + 4])) for at in range(0, len(value) - 3, 4))
        return [address for address in itertools.islice(found, 16) if address != _NO_ADDRESS]

    def text(self, number: int) -> str | None:
        """An option's text, or None where it is not there."""
        value = self.values.get(number)
        return None if value is None else value[:1024].decode(errors="backslashreplace")


def options_of(payload: bytes) -> Options:
    """The options of a DHCP message, with those in `file` and `sname` (option 52).

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


def _is_taken(message: DhcpMessage) -> bool:
    """Whether lwIP takes a message: it drops one with an option of a wrong length, and an OFFER without option 54."""
    return message.well_formed if message.type == "OFFER" else not message.wrong_length


def _keep(message: DhcpMessage, seen: Dhcp) -> bool:
    """Keep a message among the first MOST_MESSAGES of its kind; of a later one, only whether it says something new."""
    has_room = sum(_kind(other) == _kind(message) for other in seen.received) < MOST_MESSAGES
    if has_room:
        seen.received.append(message)
    elif all(_handed_out(message) != _handed_out(other) for other in seen.received):
        seen.unread = True
    return has_room


def _kind(message: DhcpMessage) -> tuple[object, ...]:
    """What a message is, and to whom: a flood of what answers one client leaves room for what answers another."""
    return message.type, message.asked, message.identity, message.relayed


def _handed_out(message: DhcpMessage) -> tuple[object, ...]:
    """What a message is and hands out, whichever server it is of."""
    return *_kind(message), message.well_formed, message.address, message.mask, message.routers, message.resolvers


def _padded(message: bytes) -> bytes:
    return message.ljust(MESSAGE_SIZE, b"\0")


class _Inform:
    """An INFORM (RFC 2131 section 3.4) from an ordinary port: it asks for options, and takes no lease."""

    def __init__(self, network: Network, scope: Scope, seen: Dhcp, learned: _Learned) -> None:
        self._network = network
        self._scope = scope
        self._seen = seen
        self._learned = learned
        self._xid = random.getrandbits(32)

    async def run(self) -> None:
        """Send the INFORM, up to twice, and collect the replies."""
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
        """A socket on port 68, if that is allowed and free; else on any port, which some servers answer, too."""
        try:
            return self._network.udp("DHCP INFORM", DHCP_INFORM, local_port=CLIENT_PORT)
        except OSError:
            return self._network.udp("DHCP INFORM", DHCP_INFORM)


class _Client:
    """A DHCP client: for the unknown device, and for the laptop as a comparison."""

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
        self._kind = kind
        self._transport = transport_of(kind, network, scope, self._mac)
        self._expected: dict[int, Transaction] = {}
        self._arrived: asyncio.Queue[tuple[bytes, Heard | None]] = asyncio.Queue()
        self._requested: DhcpMessage | None = None
        self._released: list[DhcpMessage] = []
        self._given_up: set[int] = set()
        self._asked_at = -math.inf
        """When the offered address was asked for by ARP."""
        self._discovered_at = -math.inf
        """When the device's last DISCOVER was sent."""
        self._released_at = -math.inf
        self._seekers: list[_Seeker] = []
        self._inform_used: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self._transport.open(self._on_heard, self._on_arp)
        self._seen.transport = self._kind
        self._network.restorations.append(self._to_give_back)
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            # A RELEASE is not acknowledged, so each is sent twice. A REQUEST without an answer may have been granted.
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
        """Give the device's lease back, once the run has ended: twice, as above."""
        self._transport.open(self._on_heard, self._on_arp)
        try:
            for again in (False, True):
                if again:
                    await asyncio.sleep(RELEASE_AGAIN_S)
                self._release(kept)
        finally:
            self._transport.close()
        if self._guard:
            self._guard.forget()

    def _leases(self) -> list[DhcpMessage]:
        """The leases to give back: those that were granted, or else the one that was asked for."""
        if self._on_lease is not None and self._seen.granted is not None:
            return [lease for lease in self._released if lease is not self._seen.granted]
        return list(self._released) or ([self._requested] if self._requested else [])

    def _to_give_back(self) -> str | None:
        """The leases that have to be given back, in words; None: there is none."""
        return " and ".join(f"the lease of {lease.address}" for lease in self._leases()) or None

    def _schedule(self) -> list[tuple[float, Callable[[], None]]]:
        """What to send at which second as long as there is no OFFER."""
        due: list[tuple[float, Callable[[], None]]] = []
        if self._on_lease is not None:  # there is no laptop here to compare with
            named = (NAMED_AFTER_S, self._discover_named)
            return sorted([*((at_s, self._discover) for at_s in DISCOVER_AT_S), named], key=lambda entry: entry[0])
        if self._laptop_address and self._transport.may_inform:
            # First, because a server that pings before it offers (dnsmasq, for 3 s) answers nothing meanwhile.
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
        """Send on schedule and collect replies, until a lease is granted and other servers had time to answer."""
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
            if message is None or not _is_taken(message):
                continue
            self._learn(message)
            if message.identity == "named":  # give the server as long for the device's last DISCOVER as it took here
                took_s = self._network.clock.monotonic() - begun - NAMED_AFTER_S
                end_s = max(end_s, DISCOVER_AT_S[-1] + took_s + 1.0)
            if message.identity != "device":
                continue
            if message.type == "OFFER" and self._requested is None and not self._seen.granted:
                self._requested = message
                self._ask_for(message.address)
                offered_s = request_due = self._network.clock.monotonic() - begun
            elif message.type == "ACK" and message.asked == "REQUEST":
                if not self._takes(message):
                    continue
                self._learned.granted()
                self._learn(message)
                request_due = math.inf
            elif message.type == "NAK" and self._requested and not self._seen.granted:
                # After a NAK a client starts again, whichever server sent it (RFC 2131 section 3.1, step 4; lwIP
                # ignores the server identifier). A second NAK is taken for the answer; the host name may be why.
                naks += 1
                self._given_up.update(self._expected)
                self._requested, requests, request_due = None, 0, math.inf
                again = naks < MOST_NAKS or (naks == MOST_NAKS and self._host_name != "")
                if naks == MOST_NAKS:
                    self._host_name = ""
                once_more = self._discover_relayed if message.relayed else self._discover
                due, end_s = ([(now_s, once_more)], GIVE_UP_S) if again else ([], now_s + LATE_ACK_S)
        self._take_rest()

    def _takes(self, lease: DhcpMessage) -> bool:
        """Take a lease that was granted: give it back at once or, as the device itself, use it. False: it is late."""
        is_late = lease.xid in self._given_up or self._seen.granted is not None
        if self._on_lease is None or is_late:
            self._release(lease)
        if is_late:
            return False
        self._seen.granted = lease
        if self._on_lease is not None:
            self._on_lease(lease)
        return True

    def _waiting(self, until: float, *, since: float) -> AbstractContextManager[None]:
        """Tell whoever looks on what the exchange waits for just now."""
        what: WaitedFor = "other-servers" if self._seen.granted else "lease" if self._requested else "offer"
        return self._network.waiting(what, until, since=since)

    def _learn(self, message: DhcpMessage) -> None:
        """Tell the rest of the run what it can go by, now that this message has come."""
        told = self._told()
        if message.asked == "INFORM" and message.identity == "laptop" and self._inform_used is None:
            loop = asyncio.get_running_loop()
            self._inform_used = loop.call_later(RESOLVERS_AFTER_S, self._learned.informed)
        granted = self._seen.granted
        self._learned.portal_api(final=granted is not None and granted.server in told)

    def _end_s(self, begun: float, without_lease_s: float) -> float:
        """When the exchange ends, in seconds from when it began."""
        return self._collected_at() - begun if self._seen.granted else without_lease_s

    def _collected_at(self) -> float:
        """When other servers, and whoever has the address, had time to answer, and the second RELEASE is due.

        On the monotonic clock.
        """
        offers, told = self._seen.offers(), self._told()
        offering = {offer.server for offer in offers}
        is_deaf = not isinstance(self._transport, RawTransport)  # to the ARP requests of servers that ping first
        if is_deaf or not told <= offering or any(self._may_offer(seeker, offers) for seeker in self._seekers):
            collect_s = COLLECT_LATE_S
        else:
            collect_s = COLLECT_S if offering <= told else COLLECT_UNTOLD_S
        looked_for = any(seeker.sought == offer.address for seeker in self._seekers for offer in offers)
        held_until = self._asked_at + (0.0 if looked_for else HOLDER_S)
        return max(self._discovered_at + collect_s, held_until, self._released_at + RELEASE_AGAIN_S)

    def _may_offer(self, seeker: _Seeker, offers: list[DhcpMessage]) -> bool:
        """Whether somebody who asked for an address may be a server that has yet to offer it."""
        return not any(
            offer.server == seeker.address
            or offer.address == seeker.sought
            or (offer.server_mac == seeker.mac and self._scope.is_on_link(offer.server))  # else a relay for several
            for offer in offers
        )

    def _told(self) -> set[str]:
        """The servers that answered the INFORM."""
        return {reply.server for reply in self._seen.received if reply.asked == "INFORM"}

    async def _receive(self, deadline: float) -> DhcpMessage | None:
        """The next message for us, or None if none arrives before `deadline` (monotonic clock)."""
        try:
            async with asyncio.timeout(max(deadline - self._network.clock.monotonic(), 0)):
                data, heard = await self._arrived.get()
        except TimeoutError:
            return None
        return self._taken(data, heard)

    def _take_rest(self) -> None:
        """Take the OFFERs that have arrived and were not read in time, because this laptop was busy."""
        for _ in range(MOST_READS):
            while not self._arrived.empty():
                self._taken(*self._arrived.get_nowait(), only_offers=True)
            self._transport.read()
            if self._arrived.empty():
                return
        self._seen.unread = True

    def _taken(self, data: bytes, heard: Heard | None, *, only_offers: bool = False) -> DhcpMessage | None:
        """The message in what has arrived, if it is for us; it is kept."""
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
        """Whether the same message was received before: a repeated one is no new evidence."""
        return any(reply.raw == message.raw for reply in self._seen.received)

    def _discover(self, identity: Identity = "device", mac: str | None = None) -> None:
        options = [MAX_SIZE, (55, DEVICE_OPTIONS)]
        self._broadcast("DISCOVER", identity, mac or self._mac, options, flag=True)

    def _discover_relayed(self) -> None:
        """Ask the servers that are known as a relay asks them."""
        lease = self._learned.lease()
        known = [lease.server] if lease and lease.server else []
        for server in list(dict.fromkeys([*known, *sorted(self._told())]))[:MOST_RELAYED]:
            options = [MAX_SIZE, (55, DEVICE_OPTIONS)]
            with contextlib.suppress(OSError):  # it is a second try
                self._broadcast("DISCOVER", "device", self._mac, options, flag=True, relayed_to=server)

    def _discover_as_laptop(self) -> None:
        """Ask what a laptop asks, which gives up IPv4 where option 108 says so (RFC 8925 section 3.2)."""
        options = [MAX_SIZE, (55, _LAPTOP_OPTIONS)]
        self._broadcast("DISCOVER", "laptop", self._laptop_mac, options, flag=True)

    def _discover_named(self) -> None:
        """Send a DISCOVER with host name, vendor class and client identifier, as computers do."""
        options = [
            MAX_SIZE,
            (55, DEVICE_OPTIONS),
            (12, (self._host_name or HOST_NAME).encode()),
            (60, VENDOR_CLASS),
            (61, b"\x01" + mac_bytes(self._mac)),
        ]
        self._broadcast("DISCOVER", "named", self._mac, options, flag=True)

    def _inform(self, identity: Identity, mac: str) -> None:
        options = [(55, _LAPTOP_OPTIONS)]
        self._broadcast("INFORM", identity, mac, options, source=self._laptop_address)

    def _ask_for(self, address: str | None) -> None:
        """Ask by ARP who has an address, with no address of its own as the sender's (RFC 5227 section 2.1.1)."""
        if address is None or (self._seen.address_check and self._seen.address_check.address == address):
            return
        if not isinstance(self._transport, RawTransport):
            return
        self._asked_at = self._network.clock.monotonic()
        self._seen.address_check = AddressCheck(at_s=self._network.elapsed(), address=address)
        sent = self._transport.send_arp(arp_request(self._laptop_mac, address))
        self._network.count("arp", None, address, 0, packets=1, size=sent.size, purpose="DHCP", shape=ARP_REQUEST)
        self._network.note(
            "sent", "DHCP", protocol="arp", address=address, port=0, shape=ARP_REQUEST.name, payload=sent.data
        )

    def _on_arp(self, frame: bytes) -> None:
        """Take what says that somebody has the address: any ARP packet whose sender's address it is."""
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
        """Keep who asks, by this ARP packet, for an address that a server could offer, soon after the DISCOVER."""
        late = self._network.clock.monotonic() > self._discovered_at + COLLECT_S
        # A probe is of a host that is about to use the address that it asks for.
        if late or not packet.is_request or packet.is_probe or len(self._seekers) >= MOST_SEEKERS:
            return
        mac, address, sought = packet.sender_mac, packet.sender, packet.target
        in_use = {address, self._laptop_address, self._scope.gateway}
        if sought not in in_use and self._scope.is_on_link(sought):
            self._seekers.append(_Seeker(address, mac, sought))

    def _request(self, offer: DhcpMessage) -> None:
        """Broadcast a REQUEST for the address that was offered."""
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
        """Broadcast a message, or send it to a server as a relay does; repeats of it keep its transaction id."""
        question = Transaction(identity, mac, kind, host_name, relayed=relayed_to is not None)
        current = [xid for xid, known in self._expected.items() if known == question]
        xid = next((known_xid for known_xid in current if known_xid not in self._given_up), random.getrandbits(32))
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
        """Give a lease back (RFC 2131 section 4.4.6): unicast from the address that is given up."""
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
        """Count and record what was sent."""
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
        """Report a message to the trace, with the address that it was sent to (None for one that was received)."""
        self._network.note(what, "DHCP", protocol="udp", address=address, port=SERVER_PORT, shape=shape, payload=data)

    def _on_heard(self, data: bytes, heard: Heard | None) -> None:
        """Queue what has arrived, as long as no more than MOST_WAITING wait."""
        if self._arrived.qsize() < MOST_WAITING:
            self._arrived.put_nowait((data, heard))
        else:
            self._seen.unread = True
