"""Judging DHCP: `dhcp.offer`, `dhcp.lease`, `dhcp.servers`."""

from typing import Any, TypeVar

import msgspec
from msgspec import UNSET

from netpreflight.agent.judging.addresses import first_host
from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.judging.unseen import not_looked, unread
from netpreflight.agent.profiles import Fact, Profile
from netpreflight.agent.results import Finding, Named, Status
from netpreflight.agent.sentences import counted
from netpreflight.probes.observations import AS_ROOT, TOO_MUCH, AsDevice, Dhcp, DhcpMessage, Lease

T = TypeVar("T")

NOT_KEPT = ("short-lease", "address-in-use")
"""Problems of a lease with which a device gets an address, but soon loses it or shares it with another host."""

_NEEDED = (1, 3, 6, 51)
"""The options of a lease that a device uses: mask, router, resolvers, lease time."""
_OFFERED_LAPTOP = ("OFFER", "laptop")
"""The type and the identity of an OFFER to this laptop's own MAC address."""
_AS_ROOT = f"Run netpreflight again {AS_ROOT}: it then asks for a lease as an unknown device, and gives it back."
"""The remedy for runs of earlier versions, which did not save the step of their system (`Dhcp.unlocked_by`)."""
_LET_IN = "Let UDP from port 67 to port 68 in through this laptop's firewall, and run netpreflight again."
"""The remedy if the observation does not have the step of its system (`Dhcp.unlocked_by`)."""


def offer(view: DeviceView) -> Finding:
    """Whether a DHCP server answers a DISCOVER from a device that it has never seen."""
    seen = view.seen
    dhcp = seen.dhcp
    if dhcp is None or dhcp.not_run:
        return not_looked(dhcp, "DHCP was not looked at")
    if dhcp.exchange_denied:
        return _inform_unanswered(dhcp) or _only_the_laptop(view, dhcp)
    offers = [message for message in dhcp.offers() if message.well_formed]
    evidence = _evidence(dhcp)
    if offers and all(message.relayed for message in offers):
        return _by_relay(dhcp, offers[0], evidence)
    if offers:
        servers = ", ".join(dict.fromkeys(message.server for message in offers))
        return Finding(
            status="pass", summary=f"{servers} offers {offers[0].address} to an unknown device", evidence=evidence
        )
    if dhcp.offers():
        return _dropped(dhcp.offers()[0], view.profile, evidence)
    found = _not_read(dhcp, evidence) or msgspec.structs.replace(_silence(view, dhcp), evidence=evidence)
    second_mac = _second_mac_at_port(view)
    return _at_a_port(found, second_mac) if second_mac is not None else found


def _second_mac_at_port(view: DeviceView) -> AsDevice | None:
    """What a run with `--as device` by cable saw, where the switch port has two MAC addresses; None: no such run."""
    played = view.seen.as_device
    return played if played is not UNSET and played.way == "cable" else None


def _at_a_port(finding: Finding, played: AsDevice) -> Finding:
    """The finding of no DHCP answer to a second MAC address at a switch port, with whether the port lets it through.

    A switch may accept only one MAC address at a port (port security). If the router answers ARP requests from the
    device's MAC address, the port accepts both addresses, and DHCP is at fault. Otherwise that is unknown.
    """
    if finding.problem not in {"no-offer", "no-answer", "lease-server-silent"}:
        return finding
    router = played.router
    if router is not None:
        answered = "answered" if router.answers_arp else "nobody answered"
        line = f"ARP requests for the router {router.address} from the device's MAC address: {answered}"
        finding = msgspec.structs.replace(finding, evidence=[*finding.evidence, line])
    if router is not None and router.answers_arp:
        passes = (
            f"This port lets the device's MAC address through: the router {router.address} answers its ARP requests."
        )
        return msgspec.structs.replace(finding, reason=f"{finding.reason} {passes}")
    silent = (
        f"The router {router.address} answers no ARP request from the device's MAC address, either."
        if router is not None
        else "No router was asked by ARP from the device's MAC address."
    )
    laptop_answered = (
        " This laptop's own requests are answered." if any(asked.answered for asked in played.laptop) else ""
    )
    return msgspec.structs.replace(
        finding,
        status="unknown",
        summary="No DHCP answer to the device's MAC address: not known whether this switch port lets it through",
        problem="second-mac-unheard",
        named=None,
        reason=f"{finding.reason} {silent}{laptop_answered} The switch may drop a second MAC address at one port (port "
        "security), which does not affect a device on Wi-Fi or at a port of its own.",
        remedy="Run netpreflight check without --as device: an OFFER to requests from this laptop's own MAC address "
        "shows that the port accepts no second one. For a device with Wi-Fi, run it with --as device over Wi-Fi.",
        owner="device owner",
    )


def _not_read(dhcp: Dhcp, evidence: list[str]) -> Finding | None:
    """The finding where more replies came than could be read; None: all replies were read."""
    return unread("a DHCP server", TOO_MUCH, evidence) if dhcp.unread else None


def _silence(view: DeviceView, dhcp: Dhcp) -> Finding:
    """The finding where an unknown device gets no OFFER, by what the servers do answer: other options, or whom."""
    discovers = sum(message.type == "DISCOVER" and message.identity == "device" for message in dhcp.sent)
    if named := _server(dhcp, "OFFER", "named"):
        return Finding(
            status="fail",
            summary=f"DHCP server {named} answers an unknown device only if the device says what it is",
            problem="client-options-wanted",
            named=Named(address=named),
            reason=f"{named} left {counted(discovers, 'DISCOVER')} from an unknown device unanswered, and offered it "
            "an address once it sent a host name, a vendor class and a client identifier (options 12, 60 and 61). "
            "Device OS sends none of them in a DISCOVER. A filter or the profiling of a network access control goes by "
            "them.",
            remedy=f"Let the DHCP server {named}, or the network's access control, accept clients that do not send "
            "the options 12, 60 and 61; at least the device's MAC address.",
            owner="network administrator",
        )
    told_device, told_laptop = (_server(dhcp, "ACK", identity) for identity in ("device", "laptop"))
    offered = next((message for message in dhcp.received if (message.type, message.identity) == _OFFERED_LAPTOP), None)
    # If the system's own DHCP client got no address either, this laptop's firewall is not the cause: it lets answers
    # to that client through.
    got_nothing = (view.seen.scope.address or "169.254.").startswith("169.254.")
    if dhcp.transport == "udp" and offered is None and (told_device or told_laptop or not got_nothing):
        return _unheard(dhcp, discovers, told_laptop or told_device)
    # An OFFER of the address that the laptop already has does not show that another address is free.
    own = {view.seen.scope.address, dhcp.laptop_lease.address if dhcp.laptop_lease else None}
    held = offered is not None and offered.address in own
    if offered and not (held and told_device):
        return _only_known(offered.server, dhcp, discovers, held=held, told_device=told_device is not None)
    if told_device:
        return Finding(
            status="fail",
            summary=f"DHCP server {told_device} has no address for a new device",
            problem="pool-exhausted",
            named=Named(address=told_device),
            reason=f"{told_device} answers an unknown device's INFORM, but not its {counted(discovers, 'DISCOVER')}"
            + (", and offers this laptop the address that it has already" if held else "")
            + ". Most likely no address is free. If there are free ones, it serves only registered devices.",
            remedy=f"Look at the pool of the DHCP server {told_device}: enlarge it, shorten its lease time, or free "
            "unused leases. If it has free addresses, look at its allow-list.",
            owner="network administrator",
        )
    if told_laptop:
        return Finding(
            status="fail",
            summary=f"DHCP server {told_laptop} is there, but offers nothing",
            problem="no-offer",
            named=Named(address=told_laptop),
            reason=f"{told_laptop} answers this laptop's INFORM, but no DISCOVER from an unknown device"
            + (" or from this laptop" if _second_mac_at_port(view) is None else "")
            + ". Most likely no address is free. If there are free ones, it serves only registered devices.",
            remedy=f"Look at the DHCP pool on {told_laptop} first, then at its allow-list.",
            owner="network administrator",
        )
    return _no_answer(view, dhcp, discovers)


def _unheard(dhcp: Dhcp, discovers: int, informed_by: str | None) -> Finding:
    """The finding where no OFFER arrives over UDP port 68: a firewall of this laptop may have dropped it.

    Args:
        dhcp: what was seen.
        discovers: how many DISCOVERs the unknown device sent.
        informed_by: the server that answered an INFORM; None: no server did.
    """
    lease = dhcp.laptop_lease
    server = informed_by or (lease.server if lease else None)
    known = (
        f"{informed_by} answers an INFORM"
        if informed_by
        else f"this laptop has a lease ({lease.source})"
        if lease
        else None
    )
    relayed = any(message.relayed for message in dhcp.sent)
    return Finding(
        status="unknown",
        summary=f"No OFFER of {server or 'the DHCP server'} arrives at this laptop: not known whether it sends any",
        problem="offer-unheard",
        named=Named(address=server) if server else None,
        reason=f"{_silence_in_words(dhcp, discovers)} "
        + (f"There is a server, because {known}. " if known else "")
        + "On this system DHCP goes over UDP port 68, and a firewall on this laptop may drop what a server broadcasts"
        + (" (what it sends to a relay may have been dropped, too)" if relayed else "")
        + (
            ". Or the server has no address left, serves only clients that it knows, or has failed since."
            if known
            else ". Or there is no DHCP server here, or it has no address left or serves only clients that it knows."
        ),
        remedy=dhcp.unlocked_by or _LET_IN,
        owner="device owner",
    )


def _by_relay(dhcp: Dhcp, relayed: DhcpMessage, evidence: list[str]) -> Finding:
    """The finding where an OFFER to an unknown device comes only by unicast, as to a relay.

    Such an OFFER proves that an address is free. Whether a device's broadcasts reach a server is known only if this
    laptop has a lease or an OFFER.
    """
    lease = dhcp.laptop_lease
    offered = _server(dhcp, "OFFER", "laptop")
    reached = (
        f"This laptop has a lease ({lease.source}), so broadcasts got to a server once"
        if lease
        else f"{offered} offers this laptop an address, so broadcasts get to it"
        if offered
        else "Nothing shows that a device's broadcasts get to a server"
    )
    return Finding(
        status="warn" if lease or offered else "unknown",
        summary=f"{relayed.server} offers {relayed.address} to an unknown device, but only if a relay asks",
        problem="only-by-relay",
        named=Named(address=relayed.server),
        reason="DISCOVERs that were broadcast for an unknown device, over UDP port 68, were left unanswered. The same, "
        f"sent to {relayed.server} as a relay sends it, was answered. Most likely a firewall on this laptop drops what "
        f"the server broadcasts. {reached}.",
        remedy=dhcp.unlocked_by or _LET_IN,
        owner="device owner",
        evidence=evidence,
    )


def _silence_in_words(dhcp: Dhcp, discovers: int, *, second_at_port: bool = False) -> str:
    """The sentence which says that no DISCOVER was answered."""
    named = any(message.identity == "named" for message in dhcp.sent)
    return (
        f"{counted(discovers, 'DISCOVER')} from an unknown device in 15 s, "
        + ("one with a host name, a vendor class and a client identifier, " if named else "")
        + ("were left unanswered." if second_at_port else "and this laptop's own, were left unanswered.")
    )


def _only_known(server: str, dhcp: Dhcp, discovers: int, *, held: bool, told_device: bool) -> Finding:
    """The finding where a server offers an address to this laptop, and none to an unknown device."""
    causes = ["it serves only registered devices"]
    if held or dhcp.laptop_lease:
        # A server with a full pool still answers every INFORM. A server that answers only this laptop's INFORM selects
        # clients by MAC address.
        by_mac = not held or _server(dhcp, "ACK", "laptop") is not None
        causes.insert(1 if by_mac else 0, "its pool has no address left but those already leased")
    if not told_device:
        causes.append(
            "a switch drops requests whose hardware address differs from their sender's (DHCP snooping; this does "
            "not affect a real device)"
        )
    return Finding(
        status="fail",
        summary=f"DHCP server {server} answers this laptop, but not an unknown device",
        problem="only-known-clients",
        named=Named(address=server),
        reason=f"{server} offers an address to this laptop's MAC address, but left {counted(discovers, 'DISCOVER')} "
        f"from an unknown MAC address unanswered: {', or '.join(causes)}.",
        remedy=f"Register the device's MAC address with the DHCP server {server}, or with the network's "
        "access control" + (", and check that its pool has free addresses." if len(causes) > 1 else "."),
        owner="network administrator",
    )


def _no_answer(view: DeviceView, dhcp: Dhcp, discovers: int) -> Finding:
    """The finding where nobody answers at all. If this laptop has a lease, there must be a server all the same."""
    silence = _silence_in_words(dhcp, discovers, second_at_port=_second_mac_at_port(view) is not None)
    if lease := dhcp.laptop_lease:
        server = f"DHCP server {lease.server}" if lease.server else "DHCP server of this laptop's lease"
        return Finding(
            status="fail",
            summary=f"The {server} gave this laptop its address, and answers no DISCOVER",
            problem="lease-server-silent",
            named=Named(address=lease.server) if lease.server else None,
            reason=f"{silence} This laptop has a lease from it ({lease.source}), so there is a server. It has no "
            "address left, or serves only clients that it knows; or it, or the relay to it, has failed since.",
            remedy=f"Look at the pool, the allow-list and the log of the {server}. Set up no second one.",
            owner="network administrator",
        )
    addressed = (
        f"If {view.seen.scope.address}, the address of the laptop that measured, is of a DHCP server here, look at the "
        "pool, the allow-list and the log of that server. Otherwise switch"
        if view.seen.scope.address
        else "Switch"
    )
    return Finding(
        status="fail",
        summary="No DHCP server answers",
        problem="no-answer",
        reason=silence,
        remedy=f"{addressed} on DHCP on the router (or the relay for this VLAN). Without DHCP, a device needs a static "
        "address in its firmware.",
        owner="network administrator",
    )


def _dropped(offer: DhcpMessage, profile: Profile, evidence: list[str]) -> Finding:
    """The finding where every OFFER is one that lwIP drops."""
    drops = _stated(profile.dhcp.drops_malformed, "dhcp.drops_malformed", "yes")
    fault = (
        "does not name its server (option 54)"
        if offer.server_named is False
        else f"has an option of a wrong length ({', '.join(map(str, offer.wrong_length))})"
    )
    is_accepted = drops.value == "no"
    return Finding(
        status="unknown" if is_accepted else "fail",
        summary=f"The OFFER of {offer.server} {fault}"
        + ("; not known what it grants" if is_accepted else ": a device drops it"),
        problem="offer-dropped",
        named=Named(address=offer.server),
        reason="The device accepts such an OFFER. netpreflight acts like lwIP, which does not, and asked for no lease."
        if is_accepted
        else "A device sends no REQUEST for such an OFFER: it goes on with its DISCOVERs, and gets no address. "
        "Computers may well accept it.",
        remedy=f"Repair or update the DHCP server at {offer.server}: its OFFER {fault}.",
        owner="network administrator",
        evidence=evidence,
        rests_on=[drops],
    )


def _stated(fact: Fact[T] | None, name: str, value: T) -> Fact[T]:
    """The fact, or an unconfirmed one with this value where the profile does not state it."""
    return fact or Fact(name=name, value=value, source="its profile does not state it", certainty="unconfirmed")


def lease(view: DeviceView) -> Finding:
    """Whether the lease has all that the device needs: an address, a router, a resolver."""
    profile, dhcp = view.profile, view.seen.dhcp
    if dhcp is None or dhcp.not_run:
        return not_looked(dhcp, "DHCP was not looked at")
    if dhcp.exchange_denied:
        return _only_the_laptop(view, dhcp)
    evidence = _evidence(dhcp)
    granted = dhcp.granted
    if granted is None:
        return _nothing_granted(dhcp, offer(view).standing, evidence)
    if refused := host_name_refused(dhcp, granted, profile):
        return msgspec.structs.replace(refused, evidence=evidence)
    if options := [option for option in granted.overloaded if option in _NEEDED]:
        reads = _stated(profile.dhcp.reads_overload, "dhcp.reads_overload", "yes")
        finding = _of_lease(granted if reads.value == "yes" else _as_seen_without(granted, options), view, evidence)
        return msgspec.structs.replace(finding, rests_on=[*finding.rests_on, reads])
    return _of_lease(granted, view, evidence)


def host_name_refused(dhcp: Dhcp, granted: DhcpMessage, profile: Profile) -> Finding | None:
    """The finding where a REQUEST is granted only without the host name that the device sends."""
    refusals = [message for message in dhcp.received if message.type == "NAK" and message.host_name]
    host_name = profile.dhcp.host_name
    if granted.host_name is not False or not refusals or not host_name.value:
        return None
    server = refusals[0].server
    return Finding(
        status="fail",
        summary=f"DHCP server {server} refuses a REQUEST with a host name (option 12)",
        problem="host-name-refused",
        named=Named(address=server),
        reason="Each REQUEST with a host name was answered by a NAK; the same without one was granted. The device has "
        "its host name in each REQUEST, and none in its DISCOVER.",
        remedy=f"Look at what the DHCP server {server} does with host names (option 12): a filter, or an update of DNS "
        "that fails. Let it grant leases to clients with one.",
        owner="network administrator",
        rests_on=[host_name],
    )


def _of_lease(granted: DhcpMessage, view: DeviceView, evidence: list[str]) -> Finding:
    """The finding about a lease as the device reads it: whether the device comes up with it, and can keep it."""
    seen, profile = view.seen, view.profile
    if not granted.address:
        return Finding(
            status="fail",
            summary=f"{granted.server} acknowledges a lease without an address",
            problem="lease-without-address",
            named=Named(address=granted.server),
            reason="The ACK's address field is empty.",
            remedy=f"Repair the DHCP server {granted.server}.",
            owner="network administrator",
            evidence=evidence,
        )
    if not granted.resolvers:
        waits = profile.dhcp.missing_resolver.value == "waits"
        return Finding(
            status="fail" if waits else "warn",
            summary=f"{granted.server} grants no resolver (option 6)",
            problem="lease-without-resolver",
            named=Named(address=granted.server),
            reason="Without a DNS server in its lease a device never comes up: its LED keeps blinking green fast, and "
            "its Internet Test never runs."
            if waits
            else "The device then uses resolvers of its own; whether those answer here was not tested.",
            remedy=f"Add option 6 (DNS server) to the DHCP scope on {granted.server}.",
            owner="network administrator",
            evidence=evidence,
            rests_on=[profile.dhcp.missing_resolver],
        )
    if not granted.routers:
        return _no_router(granted, view, evidence)
    if found := _of_another_host(granted, view):
        return msgspec.structs.replace(found, evidence=evidence)
    if seen.dhcp and (late := _too_late(seen.dhcp, granted, profile)):
        return msgspec.structs.replace(late, evidence=evidence)
    if short_lived := _too_short(granted, profile) or _in_use(granted, view):
        return msgspec.structs.replace(short_lived, evidence=evidence)
    router, gateway = granted.routers[0], seen.scope.gateway
    if gateway and router != gateway:
        return Finding(
            status="unknown",
            summary=f"DHCP gives a device the router {router}, but this laptop uses {gateway}",
            problem="other-router",
            named=Named(address=router),
            reason=f"Everything beyond the LAN was measured through {gateway}; a device would go through {router}.",
            remedy="Set this laptop to take its address by DHCP, and run netpreflight again.",
            owner="device owner",
            evidence=evidence,
        )
    return Finding(
        status="pass",
        summary=f"{granted.address} with router {router} and resolver {', '.join(granted.resolvers[:2])}"
        + ("; given back" if seen.dhcp and seen.dhcp.released else ""),
        evidence=evidence,
    )


def _as_seen_without(granted: DhcpMessage, ignored: list[int]) -> DhcpMessage:
    """The lease as seen by a device that ignores these options."""
    absent: dict[int, dict[str, Any]] = {
        1: {"mask": None}, 3: {"routers": []}, 6: {"resolvers": []}, 51: {"lease_s": None}
    }  # fmt: skip
    for option in ignored:
        granted = msgspec.structs.replace(granted, **absent[option])
    return granted


def _too_short(granted: DhcpMessage, profile: Profile) -> Finding | None:
    """The finding where the lease ends before the device renews it."""
    if granted.lease_s is None and granted.server_named is None:
        return None  # an earlier version did not save whether option 51 was there
    shortest = _stated(profile.dhcp.shortest_lease_s, "dhcp.shortest_lease_s", 90.0)
    if (granted.lease_s or 0) >= shortest.value:
        return None
    lasts = "for no stated time (no option 51)" if granted.lease_s is None else f"for {granted.lease_s} s only"
    return Finding(
        status="fail",
        summary=f"{granted.server} leases addresses {lasts}: the device loses its address every minute",
        problem="short-lease",
        named=Named(address=granted.server),
        reason=f"The device counts a lease in whole minutes. One of less than {shortest.value:g} s, or of no stated "
        "time, ends after the first minute: the device gives up its address, all its connections break, and it starts "
        "over. Networks often lease like this to a device that is not registered yet, or is in quarantine.",
        remedy="Is this a registration or quarantine network? Then register the device's MAC address with the "
        f"network's access control. Otherwise let the DHCP server {granted.server} lease addresses for "
        "some hours (option 51; never for less than 2 minutes).",
        owner="network administrator",
        rests_on=[shortest],
    )


def _of_another_host(granted: DhcpMessage, view: DeviceView) -> Finding | None:
    """The finding where the leased address certainly is another host's: the router's, a resolver's or the server's.

    A lease of this laptop's own address shows no fault: a server that leases by switch port (option 82) offers that
    address to the device, too.
    """
    whose: dict[str | None, str] = {granted.server: "the DHCP server", view.seen.scope.gateway: "the gateway"}
    for resolver in granted.resolvers:
        whose[resolver] = "a resolver"
    for router in granted.routers:
        whose[router] = "the router"
    holder = whose.get(granted.address)
    if holder is None:
        return None
    return _taken(
        granted,
        f"the address of {holder}",
        reason="Two hosts with one address lose each other's packets.",
        remedy=f"Take {granted.address} out of the pool of the DHCP server {granted.server}.",
    )


def _taken(granted: DhcpMessage, how: str, *, reason: str, remedy: str) -> Finding:
    """The finding that the leased address is taken; `how` says by whom ("in use by another host")."""
    return Finding(
        status="fail",
        summary=f"{granted.address}, which {granted.server} leases, is {how}",
        problem="address-in-use",
        named=Named(address=granted.server),
        reason=reason,
        remedy=remedy,
        owner="network administrator",
    )


def _in_use(granted: DhcpMessage, view: DeviceView) -> Finding | None:
    """The finding where another host answered an ARP request for the leased address."""
    check = view.seen.dhcp.address_check if view.seen.dhcp else None
    # A router or relay may answer for every address (proxy ARP, RFC 1027).
    proxies = {granted.server_mac, view.seen.scope.gateway_mac}
    holders = [holder for holder in check.holders if holder not in proxies] if check else []
    if check is None or check.address != granted.address or not holders:
        return None
    asks = _stated(view.profile.dhcp.checks_address, "dhcp.checks_address", "no")
    declines = asks.value == "yes"
    found = _taken(
        granted,
        f"in use by another host ({', '.join(holders)})",
        reason="An ARP request for the address was answered. "
        + (
            "The device asks, too: it declines the address, and is to be given another."
            if declines
            else "The device does not ask: both then have one address, and answers go now to one, now to the other."
        ),
        remedy=f"Find the host with the MAC address {holders[0]} and let it have another address; or take "
        f"{granted.address} out of the pool of the DHCP server {granted.server}. Often it is a host that was given a "
        "static address in the middle of the pool, or the lease of a second DHCP server.",
    )
    return msgspec.structs.replace(found, status="warn" if declines else "fail", rests_on=[asks])


def _too_late(dhcp: Dhcp, granted: DhcpMessage, profile: Profile) -> Finding | None:
    """The finding where a lease takes longer than the device waits for it."""
    limit = profile.dhcp.give_up_s
    begun = next(
        (message.at_s for message in dhcp.sent if message.identity == "device" and message.type == "DISCOVER"), None
    )
    if limit is None or begun is None or granted.at_s - begun <= limit.value:
        return None
    took = granted.at_s - begun
    return Finding(
        status="fail",
        summary=f"DHCP server {granted.server} took {took:.0f} s; the device gives up after {limit.value:g} s",
        problem="too-late",
        named=Named(address=granted.server),
        reason=f"The ACK came {took:.1f} s after the first DISCOVER.",
        remedy=f"Find out why the DHCP server {granted.server}, or the relay to it, is slow.",
        owner="network administrator",
        rests_on=[limit],
    )


def servers(view: DeviceView) -> Finding:
    """Whether one DHCP server answers, or several that agree."""
    seen = view.seen
    dhcp = seen.dhcp
    if dhcp is None or dhcp.not_run:
        return not_looked(dhcp, "DHCP was not looked at")
    by_server: dict[str, DhcpMessage] = {}
    for message in sorted(dhcp.received, key=lambda message: message.type != "OFFER"):
        if message.well_formed and (message.type == "OFFER" or message.asked == "INFORM"):
            by_server.setdefault(message.server, message)
    evidence = _evidence(dhcp)
    first, *others = by_server.values() or [None]
    for other in others:
        if first and other and (differences := _differences(first, other)):
            return Finding(
                status="fail",
                summary=f"Two DHCP servers disagree: {first.server} and {other.server}",
                problem="servers-disagree",
                reason=f"They differ in {differences}. A device takes whichever answers first; this run went on with "
                f"{(dhcp.granted or first).server}.",
                remedy=f"Find out which of {first.server} (MAC {first.server_mac or 'not seen'}) and {other.server} "
                f"(MAC {other.server_mac or 'not seen'}) does not belong here, and switch its DHCP server off.",
                owner="network administrator",
                evidence=evidence,
            )
    if dhcp.exchange_denied:
        return Finding(
            status="unknown",
            summary="It is not known whether one DHCP server answers, or several",
            problem="no-exchange",
            reason=f"OFFERs could not be collected: {dhcp.exchange_denied}.",
            remedy=dhcp.unlocked_by or _AS_ROOT,
            owner="device owner",
            evidence=evidence,
        )
    if first is None:
        return Finding(
            status="unknown",
            summary="No DHCP server to compare",
            problem="no-answer",
            reason="No server answered; see dhcp.offer.",
            remedy="Settle dhcp.offer first, then run netpreflight again.",
            owner="network administrator",
            due_to="dhcp.offer",
            evidence=evidence,
        )
    incomplete = [
        reply.server for reply in others if reply and reply.type == "ACK" and not (reply.routers and reply.resolvers)
    ]
    if incomplete:
        return Finding(
            status="unknown",
            summary=f"{incomplete[0]} answers as well as {first.server}, and what it hands out is not known",
            problem="second-server",
            named=Named(address=incomplete[0]),
            reason=f"{incomplete[0]} answered an INFORM without a router or a resolver, and made no OFFER in time.",
            remedy=f"Find out what {incomplete[0]} (MAC {by_server[incomplete[0]].server_mac or 'not seen'}) is; "
            "if it is a DHCP server that does not belong here, switch it off.",
            owner="network administrator",
            evidence=evidence,
        )
    if found := _not_read(dhcp, evidence):
        return found
    if dhcp.transport == "udp" and all(message.relayed for message in dhcp.received if message.type == "OFFER"):
        return Finding(
            status="unknown",
            summary=f"{first.server} answers, and it is not known whether others do",
            problem="offer-unheard",
            named=Named(address=first.server),
            reason="No OFFER that a server broadcasts arrives at this laptop, so an OFFER of another server would not "
            "have been seen; see dhcp.offer.",
            remedy=dhcp.unlocked_by or _LET_IN,
            owner="device owner",
            evidence=evidence,
        )
    if dhcp.cut_short:
        not_known = f"{first.server} answers, and it is not known whether others do"
        return msgspec.structs.replace(not_looked(None, not_known), evidence=evidence)
    summary = f"Only {first.server} answers" if not others else f"{', '.join(by_server)} answer, and agree"
    return Finding(status="pass", summary=summary, evidence=evidence)


def _differences(message: DhcpMessage, other: DhcpMessage) -> str:
    """The options in which two servers' answers differ; what an answer to an INFORM leaves out does not count."""
    found = []
    for name, left, right in (
        ("router", message.routers, other.routers),
        ("resolver", message.resolvers, other.resolvers),
        ("subnet", _subnet(message), _subnet(other)),
    ):
        silent = (not left and message.type == "ACK") or (not right and other.type == "ACK")
        if left != right and not silent:
            found.append(f"{name} ({', '.join(left) or 'none'} and {', '.join(right) or 'none'})")
    return "; ".join(found)


def _subnet(message: DhcpMessage) -> list[str]:
    """The subnet of an answer, named by its first host: `of 192.168.1.1`; empty: not known."""
    first = first_host(message.address, message.mask) if message.address and message.mask else None
    return [f"of {first}"] if first else []


def _no_router(granted: DhcpMessage, view: DeviceView, evidence: list[str]) -> Finding:
    """The finding where the lease names no router: a warning if the router that the device assumes is the right one."""
    seen, profile, guess = view.seen, view.profile, view.guessed_router
    remedy = f"Add option 3 (router) to the DHCP scope on {granted.server}."
    if guess is not None and guess == seen.scope.gateway:
        return Finding(
            status="warn",
            summary=f"{granted.server} grants no router (option 3); the device correctly assumes {guess}",
            problem="lease-without-router",
            named=Named(address=granted.server),
            reason="Without option 3 the device takes the first host of the subnet as its router; here that is right.",
            remedy=remedy,
            owner="network administrator",
            evidence=evidence,
            rests_on=[profile.dhcp.missing_router],
        )
    fails = profile.dhcp.missing_router.value == "fails"
    return Finding(
        status="fail",
        summary=f"{granted.server} grants no router (option 3)",
        problem="lease-without-router",
        named=Named(address=granted.server),
        reason="Without a router a device reaches nothing beyond its own subnet."
        if fails
        else f"Without option 3 the device takes {guess} as its router; this laptop's is {seen.scope.gateway}.",
        remedy=remedy,
        owner="network administrator",
        evidence=evidence,
        # A device with the wrong router is as cut off as one without a router.
        rests_on=[profile.dhcp.missing_router] if fails else [],
    )


def _nothing_granted(dhcp: Dhcp, offered: Status, evidence: list[str]) -> Finding:
    """The finding where nothing was granted, after `dhcp.offer` has ended as `offered`."""
    refusal = next(
        (message for message in dhcp.received if message.type == "NAK" and message.identity == "device"), None
    )
    offers = [message for message in dhcp.offers() if message.well_formed]
    with_name = {message.host_name for message in dhcp.received if message.type == "NAK"}
    if refusal:
        problem, named = "nak", Named(address=refusal.server)
        words = f" ({refusal.message})" if refusal.message else ""
        summary = f"DHCP server {refusal.server} refuses a lease: NAK{words}"
        reason = "The server offered an address, and answered the REQUEST for it with a NAK"
        reason += ", with a host name and without." if {True, False} <= with_name else "."
        remedy = f"Look at the pool and the log of the DHCP server {refusal.server}."
    elif offers and (found := _not_read(dhcp, evidence)):
        return found
    elif offers:
        problem, named = "not-granted", Named(address=offers[0].server)
        summary = f"DHCP server {offers[0].server} offers an address, but does not grant it"
        reason = f"REQUESTs for {offers[0].address} were left unanswered."
        remedy = f"Look at the log of the DHCP server {offers[0].server}."
    else:
        problem, named = "no-offer", None
        summary = "No address was granted"
        reason = "No server made an offer that the device accepts; see dhcp.offer."
        remedy = "Do what dhcp.offer says."
    return Finding(
        status="fail" if offers or refusal else offered,
        summary=summary,
        problem=problem,
        named=named,
        reason=reason,
        remedy=remedy,
        owner="network administrator",
        due_to=None if offers or refusal else "dhcp.offer",
        evidence=evidence,
    )


def _inform_unanswered(dhcp: Dhcp) -> Finding | None:
    """The finding where nothing shows that there is a DHCP server: no answer, and no record of a lease."""
    if dhcp.received or dhcp.laptop_lease or not any(message.type == "INFORM" for message in dhcp.sent):
        return None
    return Finding(
        status="unknown",
        summary="No DHCP server answers this laptop's INFORM; not known what an unknown device gets",
        problem="inform-unanswered",
        reason=f"{dhcp.exchange_denied}. This laptop has no record of a lease either, so nothing shows that there is a "
        "DHCP server here.",
        remedy=dhcp.unlocked_by or _AS_ROOT,
        owner="device owner",
        evidence=_evidence(dhcp),
    )


def _only_the_laptop(view: DeviceView, dhcp: Dhcp) -> Finding:
    """The finding where at most this laptop's own lease is known, which never proves what an unknown device gets."""
    record = dhcp.laptop_lease
    evidence = _evidence(dhcp)
    run = view.seen.as_device
    if record is not None and run is not UNSET and run.way == "networkmanager":
        return Finding(
            status="warn",
            summary=f"NetworkManager got a lease with the device's MAC address: {record.address} from "
            f"{record.server or 'its server'}",
            problem="only-laptop-lease",
            reason=f"NetworkManager sends options that a device does not send, and {dhcp.exchange_denied}; what the "
            "device itself is given is not seen.",
            remedy=dhcp.unlocked_by or _AS_ROOT,
            owner="device owner",
            evidence=evidence,
        )
    if record is not None and record.routers and record.resolvers:
        return Finding(
            status="warn",
            summary=f"Only this laptop's own lease was seen: {record.address} from {record.server or 'its server'}",
            problem="only-laptop-lease",
            reason=f"{dhcp.exchange_denied}; a lease of this laptop does not show what an unknown device is given.",
            remedy=dhcp.unlocked_by or _AS_ROOT,
            owner="device owner",
            evidence=evidence,
        )
    reply = next((message for message in dhcp.received), None)
    return Finding(
        status="unknown",
        summary=f"DHCP server {reply.server} answers; not known what it grants"
        if reply
        else "Not known what DHCP gives an unknown device",
        problem="no-exchange",
        reason=f"{dhcp.exchange_denied}"
        + ("" if record else "; this laptop's own DHCP client has no record either")
        + ".",
        remedy=dhcp.unlocked_by or _AS_ROOT,
        owner="device owner",
        evidence=evidence,
    )


def _server(dhcp: Dhcp, kind: str, identity: str) -> str | None:
    """The first server that sent this type of message to `identity` (`device`, `named`, `laptop`); None: none did."""
    return next(
        (message.server for message in dhcp.received if message.type == kind and message.identity == identity), None
    )


def _evidence(dhcp: Dhcp) -> list[str]:
    """Lines of evidence: what was sent, what each server answered, the ARP check, and this laptop's lease."""
    whose = {
        "device": "an unknown device",
        "laptop": "this laptop",
        "named": "an unknown device with options 12, 60 and 61",
    }
    counts: dict[str, int] = {}
    for sent in dhcp.sent:
        text = f"{sent.type} for {whose[sent.identity]}{', as a relay' if sent.relayed else ''}"
        counts[text] = counts.get(text, 0) + 1
    lines = ["asked over UDP port 68, not by raw sockets"] if dhcp.transport == "udp" else []
    lines += [f"sent {count} x {text}" if count > 1 else f"sent {text}" for text, count in counts.items()]
    lines += list(dict.fromkeys(_describe(message, whose) for message in dhcp.received))
    if dhcp.address_check:
        holders = ", ".join(dhcp.address_check.holders)
        lines.append(f"ARP request for {dhcp.address_check.address}: {holders or 'nobody answered'}")
    elif dhcp.granted and dhcp.transport == "udp":
        lines.append(
            f"not asked by ARP whether another host has {dhcp.granted.address} (a Linux laptop asks that as root)"
        )
    if dhcp.laptop_lease:
        lines.append(_describe_lease(dhcp.laptop_lease))
    if dhcp.malformed:
        lines.append(f"{dhcp.malformed} malformed messages from port 67")
    return lines


def _describe(message: DhcpMessage, whose: dict[str, str]) -> str:
    """A server's message in one line; `whose` has the words for each identity that asked."""
    parts = [f"{message.type} from {message.server} for {whose[message.identity]}'s {message.asked}:"]
    parts.append(message.address or "no address")
    parts.append(f"router {', '.join(message.routers) or 'none'}")
    parts.append(f"resolver {', '.join(message.resolvers) or 'none'}")
    if message.lease_s is not None:
        parts.append(f"for {message.lease_s} s")
    elif message.server_named is not None and message.asked != "INFORM" and message.type != "NAK":
        parts.append("for no stated time (no option 51)")
    if message.server_named is False:
        parts.append("without a server identifier (option 54)")
    if message.overloaded:
        parts.append(f"with options {', '.join(map(str, message.overloaded))} in file and sname (option 52)")
    if message.wrong_length:
        parts.append(f"with options of a wrong length ({', '.join(map(str, message.wrong_length))})")
    if message.host_name is False and message.type != "OFFER":
        parts.append("without a host name in the REQUEST")
    if message.ipv6_only_s is not None:
        parts.append(f"option 108 (prefers IPv6, for {message.ipv6_only_s} s)")
    if message.captive_portal:
        parts.append(f"option 114 {message.captive_portal}")
    if message.relayed:
        parts.append("sent to this laptop as to a relay")
    if message.message:
        parts.append(f"message {message.message}")
    return " ".join((parts[0], ", ".join(parts[1:])))


def _describe_lease(lease: Lease) -> str:
    """This laptop's own lease in one line."""
    return (
        f"this laptop's lease ({lease.source}): {lease.address} from {lease.server or 'an unnamed server'}, "
        f"router {', '.join(lease.routers) or 'none'}, resolver {', '.join(lease.resolvers) or 'none'}"
    )
