"""Does a DHCP server go on serving a device that has a lease? It is taken as an unknown device, and then renewed.

As lwIP's client does (dhcp.c): the REQUEST that renews goes to the server that granted it, from the leased address,
with ciaddr and without the options 50 and 54; from T2 on to all (RFC 2131 sections 4.3.2 and 4.4.5). The server answers
to that address, and asks by ARP for it first: while an answer is waited for, such a question is answered.

The hardware address is made from this laptop's, and is not the one of a run: a run that gives its lease back leaves
this one alone. Nobody is given an address that another host answers ARP for. Sockets are open during an exchange only.

A REQUEST for a lease that no ACK came to may have been granted, so that lease is given back, too. The guard is told of
a lease before it is asked for and after each answer that may have changed it, so that it is also given back after a
crash.
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
"""dnsmasq, which pings an address first, offers it after 3 s."""
ACK_WAIT_S = RENEWAL_WAIT_S = 2.0
"""Each message is sent once: the watch asks again."""
HOLDER_S = 0.5
"""How long somebody who has the offered address has to answer ARP."""
RELEASE_AGAIN_S = 0.1
_DISCOVER, _REQUEST = 1, 3
_BROADCAST = "255.255.255.255"
_FOR_EVER = 0xFFFFFFFF
_T1, _T2 = 58, 59


class HeldLease(NamedTuple):
    """A lease, as its server granted or renewed it last; times in seconds from then on (None: never).

    Attributes:
        address: the address.
        server: the server's (option 54).
        server_mac: the hardware address from which it answered.
        xid: of the transaction.
        renew_after_s: T1: when it is renewed.
        rebind_after_s: T2: from when on any server may renew it.
        ends_after_s: when it ends.
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
    """Somebody answers ARP for the address that was offered.

    Attributes:
        address: the address.
        holder: the hardware address that answers.
        is_by_router: whether that is the server's or the router's, which may answer for every address (proxy ARP, RFC
            1027).
    """

    address: str
    holder: str
    is_by_router: bool


class HeldLeaseGuard(Protocol):
    """Somebody outside this process, who gives a lease back if this process is killed with it in hand."""

    def remember(self, interface: str, address: str, server: str, server_mac: str | None, client_mac: str) -> None:
        """A lease is about to be asked for, by the client with this MAC address."""

    def forget(self) -> None:
        """The lease has been given back."""


async def take(
    network: Network, scope: Scope, host_name: str, guard: HeldLeaseGuard | None = None
) -> HeldLease | Refused | Taken | None:
    """Take a lease as an unknown device, which holds none; None: no server grants one.

    Args:
        network: the interface.
        scope: its hardware address, and the router's.
        host_name: option 12 of the REQUEST, where a device sends its id; empty: leave it out.
        guard: gives the lease back if this process is killed.

    Raises:
        OSError: the system does not allow it.
    """
    if guard:
        guard.forget()  # what ran out, or was refused
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
        asked_for = HeldLease(offer.address, offer.server, offer.server_mac, exchange.xid, None, None, None)
        exchange.guarded(asked_for)
        taken = None
        try:
            taken = exchange.granted(await exchange.ask("REQUEST", options, ACK_WAIT_S))
        finally:
            if taken is None:  # also where the watch ends just now
                with contextlib.suppress(OSError):  # the guard tries again
                    await exchange.give_back(asked_for)
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
        scope: its hardware address.
        lease: the lease.
        host_name: as for `take`.
        guard: the same.
        rebind: whether any server is asked, as from T2 on.

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
    return [(12, host_name.encode())] if host_name else []


class _Exchange:
    """One transaction with DHCP servers.

    Args:
        network: the interface.
        scope: its hardware address.
        xid: the transaction's id.
        guard: as for `take`.
        lease: what is held, for whose address ARP is answered.
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
        """Ask once, until somebody answers; None: nobody.

        Args:
            kind: the message.
            options: those after option 53.
            wait_s: how many seconds an answer is waited for.
            target: the lease to whose server it is sent; None: to all.
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
        """The hardware address of somebody who has an address already; None: nobody answers ARP for it."""
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
        """What an answer to a REQUEST comes to."""
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
        """Have a lease given back if this process is killed."""
        if self._guard:
            self._guard.remember(self._network.interface, lease.address, lease.server, lease.server_mac, self._mac)

    async def give_back(self, lease: HeldLease) -> None:
        """Give a lease back, twice: a RELEASE is not acknowledged."""
        for again in (False, True):
            if again:
                await asyncio.sleep(RELEASE_AGAIN_S)
            sent = self._transport.release(lease.address, lease.server, lease.server_mac)
            self._count(lease.server, sent, DHCP_RELEASE)
        if self._guard:
            self._guard.forget()

    def _seconds(self, option: int, lease_s: float | None, part: float) -> float | None:
        """T1 or T2 of the last answer: its option, else this part of the lease; None: never."""
        if lease_s is None:
            return None
        told = options_of(self._payload).values.get(option, b"")
        stated = int.from_bytes(told) if len(told) == 4 else 0
        return float(stated) if 0 < stated < lease_s else lease_s * part

    def _send(self, kind: DhcpRequestType, options: list[tuple[int, bytes]], target: HeldLease | None) -> None:
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
        """A server's answer, as lwIP takes it; None: it is none."""
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
        if heard is not None and not self._arrived.full():
            self._network.note(
                "heard", "DHCP", protocol="udp", address=heard.source, port=SERVER_PORT, payload=heard.payload
            )
            self._arrived.put_nowait(heard)

    def _on_arp(self, frame: bytes) -> None:
        """Say who has the address that is held, to whoever asks; and take who has the one that was offered."""
        packet = arp_in(frame)
        if packet is None:
            return
        if self._holder is not None and not self._holder.done() and packet.sender == self._sought:
            self._holder.set_result(packet.sender_mac)
        if self._lease is not None and packet.is_request and packet.target == self._lease.address:
            reply = arp_reply((self._laptop_mac, self._lease.address), (packet.sender_mac, packet.sender))
            self._count_arp(packet.sender, self._transport.send_arp(reply, packet.sender_mac), ARP_REPLY)

    def _count(self, target: str, sent: Sent, shape: Shape) -> None:
        self._network.count("udp", None, target, SERVER_PORT, packets=1, size=sent.size, purpose="DHCP", shape=shape)

    def _count_arp(self, target: str, sent: Sent, shape: Shape) -> None:
        self._network.count("arp", None, target, 0, packets=1, size=sent.size, purpose="DHCP", shape=shape)
