"""Judging DHCP: `dhcp.offer`, `dhcp.lease`, `dhcp.servers`."""

import msgspec

from netpreflight.agent.judging.addresses import first_host
from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.judging.unseen import not_looked
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Finding, Named
from netpreflight.probes.observations import Dhcp, DhcpMessage, Lease

_AS_ROOT = "Run netpreflight again as root (sudo): it then asks for a lease as an unknown device, and gives it back."


def offer(view: DeviceView) -> Finding:
    """Whether a DHCP server answers a DISCOVER from a device that it has never seen."""
    seen = view.seen
    dhcp = seen.dhcp
    if dhcp is None or dhcp.not_run:
        return not_looked(dhcp, "DHCP was not looked at")
    if dhcp.exchange_denied:
        return _only_the_laptop(dhcp)
    offers = dhcp.offers()
    evidence = _evidence(dhcp)
    if offers:
        servers = ", ".join(dict.fromkeys(message.server for message in offers))
        return Finding(
            status="pass", summary=f"{servers} offers {offers[0].address} to an unknown device", evidence=evidence
        )
    asked = sum(message.type == "DISCOVER" and message.identity == "device" for message in dhcp.sent)
    told_device = _server(dhcp, "ACK", "device")
    offered_laptop = _server(dhcp, "OFFER", "laptop")
    told_laptop = _server(dhcp, "ACK", "laptop")
    if offered_laptop:
        causes = ["it serves only registered devices"]
        if dhcp.laptop_lease:
            causes.append("its pool has no address left but those already leased")
        if not told_device:
            causes.append(
                "a switch drops requests whose hardware address is not their sender's (DHCP snooping; this does not "
                "affect a real device)"
            )
        return Finding(
            status="fail",
            summary=f"DHCP server {offered_laptop} answers this laptop, but not an unknown device",
            problem="only-known-clients",
            named=Named(address=offered_laptop),
            reason=f"{offered_laptop} offers an address to this laptop's MAC address, but left {asked} DISCOVERs from "
            f"an unknown MAC address unanswered: {', or '.join(causes)}.",
            remedy=f"Register the device's MAC address with the DHCP server {offered_laptop}, or with the network's "
            "access control" + (", and check that its pool has free addresses." if dhcp.laptop_lease else "."),
            owner="network administrator",
            evidence=evidence,
        )
    if told_device:
        return Finding(
            status="fail",
            summary=f"DHCP server {told_device} has no address for a new device",
            problem="pool-exhausted",
            named=Named(address=told_device),
            reason=f"{told_device} answers an unknown device's INFORM, but none of its {asked} DISCOVERs: "
            "the pool is exhausted, or every address in it is reserved.",
            remedy=f"Enlarge the DHCP pool on {told_device}, shorten its lease time, or free unused leases.",
            owner="network administrator",
            evidence=evidence,
        )
    if told_laptop:
        return Finding(
            status="fail",
            summary=f"DHCP server {told_laptop} is there, but offers nothing",
            problem="no-offer",
            named=Named(address=told_laptop),
            reason=f"{told_laptop} answers this laptop's INFORM, but no DISCOVER from an unknown device or from this "
            "laptop: no address is free, or it serves only registered devices.",
            remedy=f"Look at the DHCP pool and the allow-list on {told_laptop}.",
            owner="network administrator",
            evidence=evidence,
        )
    return Finding(
        status="fail",
        summary="No DHCP server answers",
        problem="no-answer",
        reason=f"{asked} DISCOVERs from an unknown device in 15 s, and this laptop's own, were left unanswered.",
        remedy="Switch on DHCP on the router (or the relay for this VLAN). Without DHCP, a device needs a static "
        "address in its firmware.",
        owner="network administrator",
        evidence=evidence,
    )


def lease(view: DeviceView) -> Finding:
    """Whether the lease has all that the device needs: an address, a router, a resolver."""
    seen, profile = view.seen, view.profile
    dhcp = seen.dhcp
    if dhcp is None or dhcp.not_run:
        return not_looked(dhcp, "DHCP was not looked at")
    if dhcp.exchange_denied:
        return _only_the_laptop(dhcp)
    evidence = _evidence(dhcp)
    granted = dhcp.granted
    if granted is None:
        return _nothing_granted(dhcp, evidence)
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
            reason="Without a DNS server in its lease a device never comes up: its LED stays fast green, and its "
            "Internet Test never runs."
            if waits
            else "The device then uses resolvers of its own; whether those answer here was not tested.",
            remedy=f"Add option 6 (DNS server) to the DHCP scope on {granted.server}.",
            owner="network administrator",
            evidence=evidence,
            rests_on=[profile.dhcp.missing_resolver],
        )
    if not granted.routers:
        return _no_router(granted, view, evidence)
    if late := _too_late(dhcp, granted, profile):
        return msgspec.structs.replace(late, evidence=evidence)
    router, gateway = granted.routers[0], seen.scope.gateway
    if gateway and router != gateway:
        return Finding(
            status="unknown",
            summary=f"A device is given router {router}, but this laptop uses {gateway}",
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
        + ("; given back" if dhcp.released else ""),
        evidence=evidence,
    )


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
    told: dict[str, DhcpMessage] = {}
    for message in sorted(dhcp.received, key=lambda message: message.type != "OFFER"):
        if message.type == "OFFER" or message.asked == "INFORM":
            told.setdefault(message.server, message)
    evidence = _evidence(dhcp)
    first, *others = told.values() or [None]
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
            summary="Not known whether one DHCP server answers, or several",
            problem="no-exchange",
            reason=f"OFFERs could not be collected: {dhcp.exchange_denied}.",
            remedy=_AS_ROOT,
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
    unseen = [
        reply.server for reply in others if reply and reply.type == "ACK" and not (reply.routers and reply.resolvers)
    ]
    if unseen:
        return Finding(
            status="unknown",
            summary=f"{unseen[0]} answers as well as {first.server}, and what it hands out is not known",
            problem="second-server",
            named=Named(address=unseen[0]),
            reason=f"{unseen[0]} answered an INFORM without a router or a resolver, and made no OFFER in time.",
            remedy=f"Find out what {unseen[0]} (MAC {told[unseen[0]].server_mac or 'not seen'}) is; if it is a DHCP "
            "server that does not belong here, switch it off.",
            owner="network administrator",
            evidence=evidence,
        )
    summary = f"Only {first.server} answers" if not others else f"{', '.join(told)} answer, and agree"
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
    first = first_host(message.address, message.mask) if message.address and message.mask else None
    return [f"of {first}"] if first else []


def _no_router(granted: DhcpMessage, view: DeviceView, evidence: list[str]) -> Finding:
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


def _nothing_granted(dhcp: Dhcp, evidence: list[str]) -> Finding:
    refusal = next(
        (message for message in dhcp.received if message.type == "NAK" and message.identity == "device"), None
    )
    offers = dhcp.offers()
    if refusal:
        problem, named = "nak", Named(address=refusal.server)
        words = f" ({refusal.message})" if refusal.message else ""
        summary = f"DHCP server {refusal.server} refuses a lease: NAK{words}"
        reason = "The server offered an address, and answered the REQUEST for it with a NAK."
        remedy = f"Look at the pool and the log of the DHCP server {refusal.server}."
    elif offers:
        problem, named = "not-granted", Named(address=offers[0].server)
        summary = f"DHCP server {offers[0].server} offers an address, but does not grant it"
        reason = f"REQUESTs for {offers[0].address} were left unanswered."
        remedy = f"Look at the log of the DHCP server {offers[0].server}."
    else:
        problem, named = "no-offer", None
        summary = "No address was granted"
        reason = "No server made an offer; see dhcp.offer."
        remedy = "Do what dhcp.offer says."
    return Finding(
        status="fail",
        summary=summary,
        problem=problem,
        named=named,
        reason=reason,
        remedy=remedy,
        owner="network administrator",
        due_to=None if offers or refusal else "dhcp.offer",
        evidence=evidence,
    )


def _only_the_laptop(dhcp: Dhcp) -> Finding:
    """The finding where only this laptop's own lease is known, which never proves what an unknown device gets."""
    record = dhcp.laptop_lease
    evidence = _evidence(dhcp)
    if record is not None and record.routers and record.resolvers:
        return Finding(
            status="warn",
            summary=f"Only this laptop's own lease was seen: {record.address} from {record.server or 'its server'}",
            problem="only-laptop-lease",
            reason=f"{dhcp.exchange_denied}; a lease of this laptop does not show what an unknown device is given.",
            remedy=_AS_ROOT,
            owner="device owner",
            evidence=evidence,
        )
    told = next((message for message in dhcp.received), None)
    return Finding(
        status="unknown",
        summary=f"DHCP server {told.server} answers; not known what it grants"
        if told
        else "Not known what DHCP gives an unknown device",
        problem="no-exchange",
        reason=f"{dhcp.exchange_denied}"
        + ("" if record else "; this laptop's own DHCP client has no record either")
        + ".",
        remedy=_AS_ROOT,
        owner="device owner",
        evidence=evidence,
    )


def _server(dhcp: Dhcp, kind: str, identity: str) -> str | None:
    """The server that sent this type of message to the `device` or the `laptop`; None: none did."""
    return next(
        (message.server for message in dhcp.received if message.type == kind and message.identity == identity), None
    )


def _evidence(dhcp: Dhcp) -> list[str]:
    whose = {"device": "an unknown device", "laptop": "this laptop"}
    counts: dict[str, int] = {}
    for sent in dhcp.sent:
        text = f"{sent.type} for {whose[sent.identity]}"
        counts[text] = counts.get(text, 0) + 1
    lines = [f"sent {count} x {text}" if count > 1 else f"sent {text}" for text, count in counts.items()]
    lines += list(dict.fromkeys(_describe(message, whose) for message in dhcp.received))
    if dhcp.laptop_lease:
        lines.append(_describe_lease(dhcp.laptop_lease))
    if dhcp.malformed:
        lines.append(f"{dhcp.malformed} malformed messages from port 67")
    return lines


def _describe(message: DhcpMessage, whose: dict[str, str]) -> str:
    parts = [f"{message.type} from {message.server} for {whose[message.identity]}'s {message.asked}:"]
    parts.append(message.address or "no address")
    parts.append(f"router {', '.join(message.routers) or 'none'}")
    parts.append(f"resolver {', '.join(message.resolvers) or 'none'}")
    if message.lease_s is not None:
        parts.append(f"for {message.lease_s} s")
    if message.captive_portal:
        parts.append(f"option 114 {message.captive_portal}")
    if message.message:
        parts.append(f"message {message.message}")
    return " ".join((parts[0], ", ".join(parts[1:])))


def _describe_lease(lease: Lease) -> str:
    return (
        f"this laptop's lease ({lease.source}): {lease.address} from {lease.server or 'an unnamed server'}, "
        f"router {', '.join(lease.routers) or 'none'}, resolver {', '.join(lease.resolvers) or 'none'}"
    )
