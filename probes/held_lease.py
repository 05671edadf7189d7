"""Does a DHCP server go on serving a device that has a lease? This takes a lease as an unknown device, and renews it.

As lwIP's client does (dhcp.c), the REQUEST that renews a lease is sent to the server that granted it, from the leased
address, with ciaddr and without options 50 and 54; from T2 on it is broadcast to all servers (RFC 2131 sections 4.3.2
and 4.4.5). The server sends its answer to the leased address, and first asks by ARP for it: while an answer is awaited,
these ARP requests are answered.

The hardware address is derived from this laptop's, and differs from the one that a run uses: a run that gives its own
lease back does not end this one. An offered address for which another host answers ARP is not requested. Sockets are
open only during an exchange.

A REQUEST that got no ACK may have been granted all the same, so its lease is given back, too. The guard is told of a
lease before it is requested, and after each answer that may have changed it, so that the lease is given back even after
a crash.
"""

import asyncio
import contextlib
import random
from typing import NamedTuple, Protocol, Self

from netpreflight.probes.dhcp import DEVICE_OPTIONS, MAX_SIZE, Transaction, decode, options_of
from netpreflight.probes.net.dhcp_release import BROADCAST_MAC, MESSAGE_SIZE, SERVER_PORT, device_mac
from netpreflight.probes.net.dhcp_transport import Heard, RawTransport, Sent, mac_of
from netpreflight.probes.net.packet_bytes import (
    address_bytes,
    arp_reply,
    arp_request,
    dhcp_request,
)
from netpreflight.probes.net.packet_reading import arp_in
from netpreflight.probes.net.payload_shapes import (
    ARP_REPLY,
    ARP_REQUEST,
    DHCP_DISCOVER,
    DHCP_RELEASE,
    DHCP_RENEWAL,
    DHCP_REQUEST,
    Shape,
)
from netpreflight.probes.net.sockets import Network
from netpreflight.probes.observations import DhcpMessage, DhcpRequestType, Scope

OFFER_WAIT_S = 4.0
"""dnsmasq pings an address first, and offers it after 3 s."""
ACK_WAIT_S = RENEWAL_WAIT_S = 2.0
"""Each message is sent only once: the watch repeats the exchange later."""
HOLDER_S = 0.5
"""How long a host that uses the offered address may take to answer ARP."""
RELEASE_AGAIN_S = 0.1
"""The time between the two RELEASEs."""
_DISCOVER, _REQUEST = 1, 3
_BROADCAST = "255.255.255.255"
_FOR_EVER = 0xFFFFFFFF
"""The lease time of a lease that never ends (RFC 2131 section 3.3)."""
_T1, _T2 = 58, 59
"""The options with the renewal and the rebinding time (RFC 2132 sections 9.11 and 9.12)."""


class HeldLease(NamedTuple):
    """A lease as its server last granted or renewed it; times in seconds after that (None: never).

    Attributes:
        address: the leased address.
        server: the server's address (option 54).
        server_mac: the hardware address from which the server answered.
        xid: the transaction id.
        renew_after_s: T1: when to renew the lease with its server.
        rebind_after_s: T2: from when on any server may renew it.
        ends_after_s: when the lease ends.
    """

    address: str
    server: str
    server_mac: str | None
    xid: int
    renew_after_s: float | None
    rebind_after_s: float | None
    ends_after_s: float | None


class Refused(NamedTuple):
    """A server's NAK."""

    server: str


class Taken(NamedTuple):
    """The offered address is in use: another host answers ARP for it.

    Attributes:
        address: the offered address.
        holder: the hardware address that answers.
        is_by_router: whether `holder` is the server or the router, which may answer for every address (proxy ARP, RFC
            1027).
    """

    address: str
    holder: str
    is_by_router: bool


class HeldLeaseGuard(Protocol):
    """A helper outside this process that gives a lease back if this process is killed while it holds the lease."""

    def remember(self, interface: str, address: str, server: str, server_mac: str | None, client_mac: str) -> None:
        """Make the helper give this lease of the client `client_mac` back if this process is killed.

        Called before the lease is requested, and after each answer that changes it.
        """

    def forget(self) -> None:
        """Tell the helper that the lease has been given back."""


async def take(
    network: Network, scope: Scope, host_name: str, guard: HeldLeaseGuard | None = None
) -> HeldLease | Refused | Taken | None:
    """Take a lease as an unknown device that holds none so far; None: no server grants one.

    Args:
        network: the interface.
        scope: the hardware addresses of the interface and of the router.
        host_name: option 12 of the REQUEST, in which a device sends its id; empty: leave the option out.
        guard: gives the lease back if this process is killed.

    Raises:
        OSError: the system does not allow it.
    """
    if guard:
        guard.forget()  # an earlier lease that ended or was refused
    async with _Exchange(network, scope, random.getrandbits(32), guard) as exchange:
        offer = await exchange.ask("DISCOVER", [MAX_SIZE, (55, DEVICE_OPTIONS)], OFFER_WAIT_S)
        if offer is None or offer.address is None:
            return None
        holder = await exchange.holder(offer.address)
        if holder is not None:
            return Taken(offer.address, holder, holder in {offer.server_mac, scope.gateway_mac})
        options = [
            MAX_SIZE,
            (50, address_bytes(offer.address)),
            (54, address_bytes(offer.server)),
            (55, DEVICE_OPTIONS),
            *_named(host_name),
        ]
        requested = HeldLease(offer.address, offer.server, offer.server_mac, exchange.xid, None, None, None)
        exchange.guarded(requested)
        taken = None
        try:
            taken = exchange.granted(await exchange.ask("REQUEST", options, ACK_WAIT_S))
        finally:
            if taken is None:  # no answer, or the watch ends at this moment
                with contextlib.suppress(OSError):  # the guard tries again
                    await exchange.give_back(requested)
        return taken


async def renew(
    network: Network,
    scope: Scope,
    lease: HeldLease,
    host_name: str,
    guard: HeldLeaseGuard | None = None,
    *,
    rebind: bool,
) -> HeldLease | Refused | None:
    """Renew a lease; None: no answer.

    Args:
        network: the interface.
        scope: the hardware address of the interface.
        lease: the lease to renew.
        host_name: as for `take`.
        guard: as for `take`.
        rebind: whether the REQUEST is broadcast to all servers, as a client does from T2 on.

    Raises:
        OSError: the system does not allow it.
    """
    async with _Exchange(network, scope, lease.xid, guard, lease) as exchange:
        options = [MAX_SIZE, (55, DEVICE_OPTIONS), *_named(host_name)]
        target = None if rebind else lease
        return exchange.granted(await exchange.ask("REQUEST", options, RENEWAL_WAIT_S, target))


async def give_back(network: Network, scope: Scope, lease: HeldLease, guard: HeldLeaseGuard | None = None) -> None:
    """Give a lease back.

    Raises:
        OSError: the system does not allow it.
    """
    async with _Exchange(network, scope, lease.xid, guard) as exchange:
        await exchange.give_back(lease)


def _named(host_name: str) -> list[tuple[int, bytes]]:
    """Option 12 with this host name, or no option if the name is empty."""
    return [(12, host_name.encode())] if host_name else []


class _Exchange:
    """One transaction with DHCP servers.

    Args:
        network: the interface.
        scope: the hardware address of the interface.
        xid: the transaction id.
        guard: as for `take`.
        lease: the lease that is held; ARP requests for its address are answered. None: no lease is held yet.
    """

    def __init__(
        self, network: Network, scope: Scope, xid: int, guard: HeldLeaseGuard | None, lease: HeldLease | None = None
    ) -> None:
        self.xid = xid
        self._network, self._guard, self._lease = network, guard, lease
        self._laptop_mac = mac_of(scope)
        self._mac = device_mac(f"watch {self._laptop_mac}")
        self._transport = RawTransport(network, scope, self._mac)
        self._arrived: asyncio.Queue[Heard] = asyncio.Queue(maxsize=64)
        self._payload = b""
        self._sought = ""
        self._holder: asyncio.Future[str] | None = None

    async def __aenter__(self) -> Self:
        self._transport.open(self._on_heard, self._on_arp)
        self._transport.expect([self.xid])
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()

    async def ask(
        self,
        kind: DhcpRequestType,
        options: list[tuple[int, bytes]],
        wait_s: float,
        target: HeldLease | None = None,
    ) -> DhcpMessage | None:
        """Send a message once, and wait for a server's answer; None: no server answers.

        Args:
            kind: the type of the message.
            options: the options that follow option 53.
            wait_s: how many seconds to wait for an answer.
            target: the lease to whose server the message is sent; None: to all servers.
        """
        clock = self._network.clock
        expected = {self.xid: Transaction("device", self._mac, kind)}
        self._send(kind, options, target)
        until = clock.monotonic() + wait_s
        while (left_s := until - clock.monotonic()) > 0:
            try:
                async with asyncio.timeout(left_s):
                    heard = await self._arrived.get()
            except TimeoutError:
                break
            reply = self._read(heard, expected)
            if reply is not None and (reply.type == "OFFER") == (kind == "DISCOVER"):
                return reply
        return None

    async def holder(self, address: str) -> str | None:
        """The hardware address of a host that already uses an address; None: no host answers ARP for it."""
        self._sought = address
        self._holder = asyncio.get_running_loop().create_future()
        self._count_arp(address, self._transport.send_arp(arp_request(self._laptop_mac, address)), ARP_REQUEST)
        try:
            async with asyncio.timeout(HOLDER_S):
                return await self._holder
        except TimeoutError:
            return None
        finally:
            self._holder = None

    def granted(self, reply: DhcpMessage | None) -> HeldLease | Refused | None:
        """The lease or the refusal in an answer to a REQUEST; None: no answer, or an ACK without an address.

        The guard is told of the lease.
        """
        if reply is None or (reply.type == "ACK" and reply.address is None):
            return None
        if reply.type != "ACK" or reply.address is None:
            return Refused(reply.server)
        ends = None if reply.lease_s in {None, _FOR_EVER} else float(reply.lease_s or 0)
        lease = HeldLease(
            address=reply.address,
            server=reply.server,
            server_mac=reply.server_mac,
            xid=self.xid,
            renew_after_s=self._seconds(_T1, ends, 1 / 2),
            rebind_after_s=self._seconds(_T2, ends, 7 / 8),
            ends_after_s=ends,
        )
        self.guarded(lease)
        return lease

    def guarded(self, lease: HeldLease) -> None:
        """Make the guard give this lease back if this process is killed."""
        if self._guard:
            self._guard.remember(self._network.interface, lease.address, lease.server, lease.server_mac, self._mac)

    async def give_back(self, lease: HeldLease) -> None:
        """Give a lease back; the RELEASE is sent twice, because it is not acknowledged."""
        for is_second in (False, True):
            if is_second:
                await asyncio.sleep(RELEASE_AGAIN_S)
            sent = self._transport.release(lease.address, lease.server, lease.server_mac)
            self._count(lease.server, sent, DHCP_RELEASE)
        if self._guard:
            self._guard.forget()

    def _seconds(self, option: int, lease_s: float | None, part: float) -> float | None:
        """T1 or T2 of the last answer: from its option, else `part` of the lease time; None: the lease never ends."""
        if lease_s is None:
            return None
        told = options_of(self._payload).values.get(option, b"")
        stated = int.from_bytes(told) if len(told) == 4 else 0
        return float(stated) if 0 < stated < lease_s else lease_s * part

    def _send(self, kind: DhcpRequestType, options: list[tuple[int, bytes]], target: HeldLease | None) -> None:
        """Send a message by broadcast, or to the server of the lease `target`."""
        held = self._lease.address if self._lease else None
        number = _DISCOVER if kind == "DISCOVER" else _REQUEST
        message = dhcp_request(number, self._mac, self.xid, options, client_address=held, broadcast=held is None)
        padded = message.ljust(MESSAGE_SIZE, b"\0")
        shape = DHCP_DISCOVER if kind == "DISCOVER" else DHCP_RENEWAL if held else DHCP_REQUEST
        if target is None:
            self._count(_BROADCAST, self._transport.broadcast(padded, held), shape)
        else:
            sent = self._transport.unicast(padded, target.address, target.server, target.server_mac or BROADCAST_MAC)
            self._count(target.server, sent, shape)

    def _read(self, heard: Heard, expected: dict[int, Transaction]) -> DhcpMessage | None:
        """Decode a server's answer; None: it does not answer this transaction, or lwIP would drop it."""
        try:
            reply = decode(
                heard.payload,
                heard.source,
                sender_mac=heard.source_mac,
                broadcast=heard.broadcast,
                expected=expected,
                at_s=self._network.elapsed(),
            )
        except ValueError:
            return None
        if reply is None or reply.wrong_length:
            return None
        self._payload = heard.payload
        return reply

    def _on_heard(self, _: bytes, heard: Heard | None) -> None:
        """Queue a datagram that has arrived."""
        if heard is not None and not self._arrived.full():
            self._network.note(
                "heard", "DHCP", protocol="udp", address=heard.source, port=SERVER_PORT, payload=heard.payload
            )
            self._arrived.put_nowait(heard)

    def _on_arp(self, frame: bytes) -> None:
        """Answer ARP requests for the address that is held; note any host that uses the offered address."""
        packet = arp_in(frame)
        if packet is None:
            return
        if self._holder is not None and not self._holder.done() and packet.sender == self._sought:
            self._holder.set_result(packet.sender_mac)
        if self._lease is not None and packet.is_request and packet.target == self._lease.address:
            reply = arp_reply((self._laptop_mac, self._lease.address), (packet.sender_mac, packet.sender))
            self._count_arp(packet.sender, self._transport.send_arp(reply, packet.sender_mac), ARP_REPLY)

    def _count(self, target: str, sent: Sent, shape: Shape) -> None:
        """Count a DHCP message that was sent."""
        self._network.count("udp", None, target, SERVER_PORT, packets=1, size=sent.size, purpose="DHCP", shape=shape)

    def _count_arp(self, target: str, sent: Sent, shape: Shape) -> None:
        """Count an ARP packet that was sent."""
        self._network.count("arp", None, target, 0, packets=1, size=sent.size, purpose="DHCP", shape=shape)
