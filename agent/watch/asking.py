"""Asks one layer of the network at a time whether it works, and counts what is sent and received for that."""

import contextlib
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple, get_args

from netpreflight.agent.judging import ladder
from netpreflight.agent.profiles import Profile
from netpreflight.agent.watch.leasing import Leasing, Servers
from netpreflight.agent.watch.proving import can_prove, prove
from netpreflight.agent.watch.records import Answer, Counts, Peer
from netpreflight.agent.watch.schedule import Plan
from netpreflight.agent.watch.station import Change, Station
from netpreflight.agent.watch.watched import Layer
from netpreflight.probes import ntp, portal
from netpreflight.probes.conversation import Conversation, Sign, Transport
from netpreflight.probes.dhcp import MOST_RESOLVERS
from netpreflight.probes.held_lease import HeldLeaseGuard
from netpreflight.probes.laptop_lease import laptop_lease
from netpreflight.probes.net.clock import CLOCK, Clock
from netpreflight.probes.net.exchange import exchange
from netpreflight.probes.net.host_addresses import is_ipv4
from netpreflight.probes.net.ladders import Destination, Rungs
from netpreflight.probes.net.payload_shapes import NTP_REQUEST
from netpreflight.probes.net.sockets import Network
from netpreflight.probes.net.witnesses import lost
from netpreflight.probes.observations import Contact, Event, Lookup, PathTarget, Scope
from netpreflight.probes.path import Target, path
from netpreflight.probes.scope import own_addresses, scope
from netpreflight.systems import SYSTEM
from netpreflight.systems.interface import Adapter, StationEvent

LADDER_S = 60.0
AIR_S = 60.0
"""How often to look up which BSS a Wi-Fi interface is joined to, if its driver reports no events."""
AIR_BESIDE_EVENTS_S = 600.0
"""How often to look it up if the driver does report events: an event can be lost."""
MOST_PROOFS = 3
"""How many handshakes to try to show that the cloud itself answers: a lost packet leaves that open, too."""
_NTP_AT_S, _NTP_GIVE_UP_S = (0.0, 2.0), 4.0
_HEADERS_BYTES = 20 + 8
"""The size of the IPv4 header and the UDP header."""
_GOOD_RCODES = {"NOERROR"}


def air_limit(interface: str) -> str | None:
    """A sentence that says what a watch of this Wi-Fi interface can see only late, or not at all.

    None: it sees everything, or the interface is not Wi-Fi.
    """
    if not any(adapter.name == interface and adapter.medium == "wifi" for adapter in SYSTEM.adapters()):
        return None
    try:
        with SYSTEM.station_events(interface):
            return None
    except OSError as problem:
        return (
            f"Another access point or channel is noticed within {AIR_S:g} s, and a deauthentication only as a lost "
            f"link: {problem.strerror or problem}."
        )


class Traced(NamedTuple):
    """How far packets to the cloud port got, in words, and the first hop from which on nothing was heard."""

    words: str
    lost_behind: int | None


class Asker:
    """Asks each layer of the network for a watch, and counts what is sent and heard.

    Args:
        interface: the name of the interface.
        plan: what is asked, as worked out for the device.
        profile: the profile of the device, which may have the key of its cloud.
        clock: the clock to use.
        guard: releases the watch's lease if this process is killed.
    """

    def __init__(
        self, interface: str, plan: Plan, profile: Profile, clock: Clock = CLOCK, guard: HeldLeaseGuard | None = None
    ) -> None:
        self._interface, self._plan, self._profile, self._clock = interface, plan, profile, clock
        self._conversation: Conversation | None = None
        self._most_proofs = MOST_PROOFS if can_prove(profile) else 0
        self._proofs_left = self._most_proofs
        """How many more handshakes to try to show that the cloud itself answers. It is reset when the watch begins, for
        a new NAT mapping, and after an outage."""
        self._unproved: list[str] = []
        """What the last handshakes in a row have left open, until a note of it is made."""
        self._address: str | None = None
        self._counted = defaultdict[Peer, Counts](Counts)
        self._changes: list[Change] = []
        self.ssid: str | None = None
        """The Wi-Fi network that the interface was on last."""
        self._gateway: tuple[str, str] | None = None
        self._station = Station()
        self._air_due = clock.monotonic()
        self._listening = contextlib.ExitStack()
        self._listens_to: int | None = None
        """The index of the interface whose driver's events are subscribed to, or would be if the driver had any."""
        self._next_event: Callable[[], StationEvent | None] | None = None
        host_name = profile.dhcp.host_name.value
        servers = Servers(interface, host_name, self._network, self._count_sent, guard)
        self._leasing = Leasing(servers, self._since_boot)

    async def close(self) -> None:
        """End the conversation, release the lease, and stop listening; a note says what handshakes left open."""
        self._note_unproved()
        with contextlib.suppress(OSError):  # if the link is gone, the guard tries again, or the lease runs out
            await self._leasing.give_back()
        self._listening.close()
        self._next_event = None
        await self._end_conversation()

    def take_traffic(self) -> dict[Peer, Counts]:
        """What was sent to each peer and received from it since the last call."""
        counted, self._counted = self._counted, defaultdict(Counts)
        return counted

    def _since_boot(self) -> float:
        """Seconds since the laptop was started, including sleep, because a lease also runs out while it sleeps."""
        up = SYSTEM.uptime()
        return self._clock.monotonic() if up is None else up.at_s

    def take_changes(self) -> list[Change]:
        """What has changed since the last call, apart from the answers: access point, channel, router, lease."""
        self._hear()
        changes, self._changes = [*self._changes, *self._leasing.changes], []
        self._leasing.changes.clear()
        return changes

    async def ask(self, layer: Layer, tries: int) -> Answer:
        """Ask a layer once; any error becomes an answer that says nothing either way.

        Args:
            layer: the layer.
            tries: how often the layer was already asked since it began not to answer.
        """
        try:
            return await self._ask(layer, tries)
        except OSError as problem:  # the interface is gone, or this user may not use it
            return Answer(None, f"it could not be asked: {problem.strerror or problem}")
        except Exception as fault:  # noqa: BLE001 - an internal error costs this answer only, and not the watch
            return Answer(None, lost(fault))

    async def _ask(self, layer: Layer, tries: int) -> Answer:
        """Ask a layer once; see `ask`.

        Raises:
            OSError: the interface cannot be used.
        """
        match layer:
            case "link":
                return await self._link()
            case "ip":
                return self._ip()
            case "gateway":
                return self._gateway_answers()
            case "dns":
                return await self._dns()
            case "cloud":
                return await self._cloud(tries)
            case "ntp":
                return await self._ntp()
            case "portal":
                return await self._portal()
            case "dhcp":
                return await self._leasing.ask()
            case "internet":
                return Answer(None)

    # --- this laptop

    def _adapter(self) -> Adapter | None:
        """The watched interface; None: it is gone."""
        return next((adapter for adapter in SYSTEM.adapters() if adapter.name == self._interface), None)

    async def _link(self) -> Answer:
        """Whether the interface is there and up; on Wi-Fi, also take events and look up the BSS when that is due."""
        adapter = self._adapter()
        if adapter is None:
            return Answer(good=False, said=f"there is no interface {self._interface}", problem="link-lost")
        if adapter.medium == "wifi":
            self._listen(adapter)
        if adapter.state != "up":
            said = "no carrier" if adapter.state == "no-carrier" else "the interface is down"
            ended = f"; {self._station.ended}" if self._station.ended else ""
            return Answer(good=False, said=said + ended, problem="link-lost")
        if adapter.medium == "wifi" and self._clock.monotonic() >= self._air_due:
            self._air_due = self._clock.monotonic() + (AIR_BESIDE_EVENTS_S if self._next_event else AIR_S)
            await self._look_at_air()
        return Answer(good=True, said=f"joined to {self._station.bssid}" if self._station.bssid else "up")

    def _listen(self, adapter: Adapter) -> None:
        """Take the driver's events, after subscribing to them if necessary.

        If the driver has none, `_look_at_air` alone notices another access point or channel.
        """
        if adapter.index == self._listens_to:
            self._hear()
            return
        self._listening.close()
        self._listens_to, self._next_event = adapter.index, None
        with contextlib.suppress(OSError):
            self._next_event = self._listening.enter_context(SYSTEM.station_events(adapter.name))

    def _hear(self) -> None:
        """Take the events that the driver has reported since the last call."""
        now = self._clock.monotonic()
        while self._next_event is not None and (event := self._next_event()) is not None:
            self._changes += self._station.hear(event, now)
            self._air_due = now  # after an event, look up the access point and channel
        self._changes += self._station.settle(now)

    async def _look_at_air(self) -> None:
        """Look up which BSS the interface is joined to, and note changes; this neither scans nor sends anything."""
        from netpreflight.probes.wifi import wifi  # noqa: PLC0415 - its sources take long to load, and cables need none

        async with self._network() as network:
            seen = await wifi(network, self._interface, None, scan=False)
        bssid, frequency = seen.associated_bssid, seen.associated_frequency_mhz
        if seen.interface != self._interface or bssid is None:
            return
        self.ssid = seen.associated_ssid
        self._changes += self._station.look(bssid, frequency)

    def _ip(self) -> Answer:
        """Whether the interface has an IPv4 address."""
        adapter = self._adapter()
        if adapter is None or not adapter.addresses:
            return Answer(good=False, said="the interface has no IPv4 address", problem="no-address")
        return Answer(good=True, said=", ".join(adapter.addresses))

    def _gateway_answers(self) -> Answer:
        """Whether the gateway is in the ARP table; the system itself sends ARP requests again if it doubts an entry."""
        adapter, table = self._adapter(), SYSTEM.neighbours(self._interface)
        if adapter is None or adapter.gateway is None or table is None:
            return Answer(None, "the system does not show the router or its ARP entry")
        mac = table.get(adapter.gateway)
        if mac is None:
            return Answer(good=False, said=f"{adapter.gateway} does not answer ARP", problem="gateway-silent")
        if self._gateway is not None and self._gateway != (adapter.gateway, mac):
            was, now = " ".join(self._gateway), f"{adapter.gateway} {mac}"
            self._changes.append(Change("gateway-changed", f"the router was {was}, and is {now}"))
        self._gateway = adapter.gateway, mac
        return Answer(good=True, said=f"{adapter.gateway} is in the ARP table as {mac}")

    # --- behind the gateway

    def _network(self, *, is_conversation: bool = False) -> Network:
        """The network to send on. Received packets are counted by its trace, except those of a conversation.

        A conversation's answers (`Sign`) say what it received.
        """
        return Network(
            self._interface,
            self._clock.monotonic(),
            LADDER_S,
            clock=self._clock,
            trace=None if is_conversation else self._count_heard,
            own_addresses=own_addresses,
        )

    async def _resolvers(self, seen: Scope) -> list[str]:
        """The resolvers of the laptop's lease; if it is not known, those that the laptop uses through the interface."""
        lease = await laptop_lease(self._interface, seen.addresses)
        return ((lease.resolvers if lease else []) or seen.own_resolvers())[:MOST_RESOLVERS]

    async def _look_up(self, name: str) -> tuple[Answer, str | None]:
        """Look a name up as a device does: ask the first resolver, and if it does not answer, the next one.

        Returns:
            What the resolver said, and an address that the device can use; None: there is none.
        """
        from netpreflight.probes.dns import look_up, usable  # noqa: PLC0415 - dnspython takes 0.1 s to load

        resolvers = await self._resolvers(scope(self._interface))
        if not resolvers:
            return Answer(None, "no resolver is known"), None
        answer, address = Answer(None), None
        for resolver in resolvers:
            async with self._network() as network:
                found = await look_up(network, resolver, name, "device")
                self._count_sent(network)
            address = usable(found)
            answer = _of_lookup(found, address)
            if found.ends:
                break
        return answer, address

    async def _dns(self) -> Answer:
        """Whether the resolvers resolve the name of the cloud; if the cloud has none, that of an NTP server."""
        names = [host for host in self._plan.hosts if not is_ipv4(host)]
        answer, address = await self._look_up(names[0] if names else ntp.SERVER)
        if names and address:
            self._address = address
        return answer

    async def _address_of(self, host: str) -> str | None:
        """The address of a host, looked up if it is a name; None: it does not resolve."""
        return host if is_ipv4(host) else (await self._look_up(host))[1]

    async def _cloud(self, tries: int) -> Answer:
        """Ask the cloud once in the running conversation, or begin one.

        If the last try of a miss is not answered, the cloud is also asked from a new local port. If that is answered, a
        NAT or firewall has forgotten the conversation.
        """
        if self._conversation is None and not await self._begin():
            return Answer(None, "its name does not resolve")
        assert self._conversation is not None
        again_at_s = self._plan.intervals()["cloud"].again_at_s
        times = (0.0, *again_at_s, again_at_s[-1] + (again_at_s[0] or 1.0))
        patience_s = times[tries + 1] - times[tries]
        sign = await self._ask_counted(self._conversation, patience_s)
        if sign.outcome == "timeout" and tries == len(again_at_s) and self._plan.transport != "tcp-nonce":
            fresh = await self._ask_from_new_port(patience_s)
            if fresh is not None:
                self._proofs_left = self._most_proofs
                said = "the cloud answered a new local port at once, but no longer the port of the conversation"
                return Answer(good=False, said=said, problem="mapping-lost")
            # If the name has another address by now, a device that reconnects would use it: so does the next question.
            if self._address not in {None, self._conversation.address}:
                await self._end_conversation()
        if sign.outcome == "error":
            return Answer(None, sign.said)
        if sign.outcome == "reply":
            return await self._proved(sign)
        if tries == len(again_at_s):
            self._proofs_left = self._most_proofs
        return Answer(good=False, said=sign.said, problem="rejected" if sign.outcome == "icmp" else "no-answer")

    async def _proved(self, sign: Sign) -> Answer:
        """What an answer on the cloud port comes to.

        As long as it is in question whether the cloud itself answers, a handshake is made to prove it. If the handshake
        leaves that open, the answer still counts as good.
        """
        if not self._proofs_left:
            return Answer(good=True, said=sign.said, ms=sign.ms)
        assert self._conversation is not None
        async with self._network() as network:
            proof = await prove(network, self._profile, self._conversation.host, self._conversation.address)
            self._count_sent(network)
        if proof.problem is not None:
            return Answer(good=False, said=proof.said, problem=proof.problem)
        if proof.is_cloud:
            self._proofs_left, self._unproved = 0, []
        else:
            self._proofs_left -= 1
            self._unproved.append(proof.said)
            if len(self._unproved) == MOST_PROOFS:
                self._note_unproved()
        return Answer(good=True, said=f"{sign.said}; {proof.said}", ms=sign.ms)

    def _note_unproved(self) -> None:
        """Add a note that the last handshakes left open whether the cloud itself answers."""
        if self._unproved:
            self._changes.append(Change("unproved", self._unproved[-1]))
            self._unproved = []

    async def _begin(self) -> bool:
        """Begin a conversation with the cloud; returns False if the address of the cloud is not known."""
        host = self._plan.hosts[0]
        address = self._address or await self._address_of(host)
        if address is None:
            return False
        self._address = address
        self._conversation = self._converse(address)
        return True

    def _converse(self, address: str) -> Conversation:
        """A new conversation with the cloud at this address, from a new local port."""
        transport: Transport = next(known for known in get_args(Transport) if known == self._plan.transport)
        return Conversation(
            self._network(is_conversation=True), transport, self._plan.hosts[0], address, self._plan.port
        )

    async def _ask_from_new_port(self, patience_s: float) -> Sign | None:
        """Ask the cloud from a new local port, and continue the conversation there if it is answered; else None."""
        assert self._conversation is not None
        new = self._converse(self._conversation.address)
        sign = await self._ask_counted(new, patience_s)
        if sign.outcome != "reply":
            await new.__aexit__(None, None, None)
            return None
        await self._end_conversation()
        self._conversation = new
        return sign

    async def _end_conversation(self) -> None:
        """End the conversation with the cloud, if there is one; the next question begins another from a new port."""
        if self._conversation is not None:
            await self._conversation.__aexit__(None, None, None)
            self._conversation = None

    async def _ntp(self) -> Answer:
        """Whether an NTP server answers with a usable time."""
        address = await self._address_of(ntp.SERVER)
        if address is None:
            return Answer(None, "its name does not resolve")
        async with self._network() as network:
            sent_at = self._clock.wall()
            asked = await exchange(
                network,
                network.udp("NTP", NTP_REQUEST, ntp.SERVER),
                ntp.request(sent_at),
                address,
                123,
                at_s=_NTP_AT_S,
                give_up_s=_NTP_GIVE_UP_S,
                read=lambda payload: ntp.decode(self._clock, sent_at, payload),
            )
            self._count_sent(network)
        if asked.value is not None and asked.value.flaw is None:
            return Answer(good=True, said=f"{address} answered", ms=asked.elapsed_ms)
        if all(attempt.tells_nothing for attempt in asked.attempts):
            return Answer(None, "it could not be asked")
        return Answer(good=False, said=f"{address} did not answer as a time server", problem="no-time")

    async def _portal(self) -> Answer:
        """Whether a vendor's portal check over HTTP is answered as it should be, and not by a captive portal."""
        async with self._network() as network:
            seen = await portal.ask_vendor(network, portal.VENDORS[0], self._address_of)
            self._count_sent(network)
        if seen.right:
            return Answer(good=True, said=f"{seen.url}: {seen.status}")
        if seen.status is None:
            return Answer(None, f"{seen.url}: {seen.error}")
        to = f", to {seen.location}" if seen.location else ""
        return Answer(good=False, said=f"{seen.url}: {seen.status}{to}", problem="captive-portal")

    # --- how far packets get

    async def trace(self) -> Traced | None:
        """Trace the path to the cloud port, and to two other ports of the same address; None: it cannot be traced."""
        if self._address is None:
            return None
        host, port = self._plan.hosts[0], self._plan.port
        payloads: dict[str | None, Rungs] = {
            "dtls": Rungs("udp", port, "dtls"),
            "coap": Rungs("udp", port, "coap"),
            "tcp-nonce": Rungs("tcp", port, "syn"),
        }
        device = payloads[self._plan.transport]
        controls = (Rungs("udp", 53, "dns"), Rungs("tcp", 443, "syn"))
        first = tuple(sorted(controls, key=lambda rungs: rungs.protocol != device.protocol))
        with contextlib.suppress(OSError):
            async with self._network() as network:
                seen = await path(network, [Target(Destination(host, self._address), device, first)])
                self._count_sent(network)
            if seen.targets:
                return in_words(seen.targets[0])
            return Traced(f"the path was not traced: {seen.not_run}", None) if seen.not_run else None
        return None

    # --- what is sent and heard

    def add_contacts(self, contacts: list[Contact]) -> None:
        """Count what was sent to these contacts; what they answered is not part of a contact, and not counted here."""
        for contact in contacts:
            peer = Peer(contact.protocol, contact.host or "", contact.address, contact.port)
            self._count(peer, Counts(packets_out=contact.packets, bytes_out=contact.bytes))

    async def _ask_counted(self, conversation: Conversation, patience_s: float) -> Sign:
        """Ask the cloud once in a conversation, and count what was sent and what came back."""
        packets, sent = _in_all(conversation.network)
        sign = await conversation.ask(patience_s)
        packets_after, sent_after = _in_all(conversation.network)
        protocol = "tcp" if conversation.transport == "tcp-nonce" else "udp"
        peer = Peer(protocol, conversation.host, conversation.address, conversation.port)
        self._count(peer, Counts(packets_after - packets, sent_after - sent, sign.packets_in, sign.bytes_in))
        return sign

    def _count_heard(self, event: Event) -> None:
        """Count a packet that an exchange received, or the bytes that a TCP connection had received when it closed."""
        if event.what not in {"heard", "closed"} or event.address is None or event.port is None:
            return
        size = event.size or 0 if event.what == "heard" else event.heard or 0
        peer = Peer(event.protocol or "udp", event.host or "", event.address, event.port)
        headers = _HEADERS_BYTES if event.what == "heard" else 0
        self._count(peer, Counts(packets_in=1 if size else 0, bytes_in=size + headers))

    def _count_sent(self, network: Network) -> None:
        self.add_contacts(network.footprint())

    def _count(self, peer: Peer, counts: Counts) -> None:
        self._counted[peer] = self._counted[peer].plus(counts)


def _in_all(network: Network) -> tuple[int, int]:
    """How many packets and bytes this network has sent so far."""
    contacts = network.footprint()
    return sum(contact.packets for contact in contacts), sum(contact.bytes for contact in contacts)


def _of_lookup(found: Lookup, usable: str | None) -> Answer:
    """Whether a resolver works, by the result of a lookup.

    Args:
        found: the lookup.
        usable: the first address in it that can be another host's, unlike 0.0.0.0 or 127.0.0.1; None: there is none.
    """
    if found.rcode in _GOOD_RCODES and found.addresses and usable is None:
        said = f"{found.resolver} says that {found.name} is {found.addresses[0]}, which cannot be another host"
        return Answer(good=False, said=said, problem="no-usable-address")
    if found.rcode in _GOOD_RCODES and found.addresses:
        return Answer(good=True, said=f"{found.resolver}: {', '.join(found.addresses[:2])}", ms=found.elapsed_ms)
    if found.rcode == "NXDOMAIN" or found.rcode in _GOOD_RCODES:
        said = f"{found.resolver} knows no address for {found.name}"
        return Answer(good=False, said=said, problem="no-such-name")
    if found.rcode is not None:
        return Answer(good=False, said=f"{found.resolver} answered {found.rcode}", problem="resolver-fails")
    if found.attempts and all(attempt.tells_nothing for attempt in found.attempts):
        return Answer(None, f"{found.resolver} could not be asked: {found.attempts[-1].detail}")
    return Answer(good=False, said=f"{found.resolver} did not answer", problem="resolver-silent")


def in_words(target: PathTarget) -> Traced:
    """How far a ladder to the cloud port got, compared with the ladders to the control ports."""
    port = f"{target.device.protocol.upper()} {target.device.port}"
    ending = ladder.end(target.device)
    if ending is not None and ending.outcome == "answered":
        return Traced(f"{port} was answered again by then, at hop {ending.ttl}", None)
    if ending is not None:
        return Traced(f"{port} was rejected at hop {ending.ttl} by {ending.source}", ending.ttl)
    last = ladder.last(target.device)
    reach = f"{port} was last heard of at hop {last}" if last else f"nothing was heard of {port}"
    further = [
        f"{control.protocol.upper()} {control.port} got to hop {ladder.furthest(control)}"
        for control in target.controls
        if ladder.furthest(control) > last
    ]
    if not further:
        return Traced(f"{reach}, and the other ports got no further", None)
    return Traced(f"{reach}, while {' and '.join(further)}: it was dropped at or after hop {last + 1}", last + 1)
