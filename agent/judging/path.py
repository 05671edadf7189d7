"""Judging the path: `path.egress`, and what a path proves about a port on which no server answers.

Here, "the device's port" is the port that the device uses to reach its cloud. A ladder (a trace with rising TTLs) to it
is compared with the controls: ladders to other ports of the same address. If the device's ladder falls silent and a
control goes on, the packets are lost at or after the last router that still answered: there, at the next router, or
between the two. Only that last router is named, or a router that refuses a packet with an ICMP error of its own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from netpreflight.agent.judging import ladder
from netpreflight.agent.judging.addresses import zone_of
from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.judging.doubt import Doubt
from netpreflight.agent.judging.forged import doubt_of, is_swept
from netpreflight.agent.judging.icmp import agree, from_host, has_surplus, no_route, trusted
from netpreflight.agent.judging.on_link import of_nobody, says_nobody_there
from netpreflight.agent.judging.router_owner import Router, furthest_outside, is_beyond_the_edge, whose
from netpreflight.agent.judging.signature import is_signed
from netpreflight.agent.judging.unseen import no_address, not_looked, not_sent, of_another_run, unread
from netpreflight.agent.owner import Owner
from netpreflight.agent.profiles import Fact, Profile
from netpreflight.agent.results import Finding, Flow, Named
from netpreflight.agent.sentences import counted
from netpreflight.probes.observations import (
    TOO_MUCH,
    CloudEndpoint,
    CoapServer,
    Icmp,
    Ladder,
    Observations,
    PathProbe,
    PathTarget,
)

LEAST_SILENT = 6
"""How many packets to the device's port have to stay unanswered after the last router that answers, before the port
counts as dropped there. Fewer may be chance: if a path alternates between two routes and only one of them drops
packets, each packet has an even chance of getting through."""
LEAST_HEARD = 3
"""How many packets that last router must have answered, with no loss: otherwise packets may be lost before it."""
ON_LINUX = "Run netpreflight on a Linux laptop in the same network."
_HOTSPOT = "Run netpreflight on a phone's hotspot too: what gets through there and not here is stopped by this network."


def egress(view: DeviceView) -> Finding:
    """Whether anything on the path drops packets to the device's port, and where."""
    seen, profile = view.seen, view.profile
    needs = profile.cloud
    facts: list[Fact[Any]] = [needs.transport, needs.port, needs.hosts]
    finding = _egress(seen, profile, view.doubted)
    return msgspec.structs.replace(finding, rests_on=facts) if finding.status in {"pass", "fail"} else finding


def _allow(target: PathTarget) -> str:
    """What the firewall has to allow, as a sentence without its full stop."""
    where = target.address
    if target.host != where:
        where = f"{zone_of(target.host)} (now {where}; its addresses change)"
    return f"Allow outbound {target.device.name} to {where}, with replies"


def _flow(target: PathTarget) -> Flow:
    """What the firewall has to allow: the device's port at the target's address."""
    return Flow(protocol=target.device.protocol, port=target.device.port, address=target.address, host=target.host)


def _egress(seen: Observations, profile: Profile, doubted: Mapping[str, Doubt]) -> Finding:
    """The finding of `path.egress`, before the facts that it rests on are added."""
    cloud = profile.cloud
    name = f"{'TCP' if cloud.transport.value == 'tcp-nonce' else 'UDP'} {cloud.port.value}"
    exchange = seen.coap if cloud.transport.value == "coap" else seen.cloud
    if exchange is None or exchange.not_run:
        return not_looked(exchange, f"{name} was not looked at")
    asked = _own_exchanges(seen, profile)
    if not asked:
        return of_another_run(f"{cloud.hosts.value[0]} was not asked in this run", profile)
    targets = [place for place in (seen.path.targets if seen.path else []) if (place.device.name, place.host) in asked]
    evidence = [line for place in targets for line in _evidence(place)]
    if doubted_server := next((server for server in asked.values() if _may_be_forged(server, profile)), None):
        return _due_to_transport(
            "forged-answer",
            f"{doubted_server.host} ({doubted_server.address}), {name}, is answered, perhaps by a forger",
            "So it does not show that nothing on the path drops it; see cloud.transport.",
            evidence,
        )
    for server in asked.values():
        if server.has_answered and not _went_silent(server, profile):
            return Finding(
                status="pass",
                summary=f"{server.host} ({server.address}), {name}, answers: nothing on the path drops it",
                evidence=evidence,
            )
    if silent := next((server for server in asked.values() if _went_silent(server, profile)), None):
        return _due_to_transport(
            "reached-not-answered",
            f"{silent.host} ({silent.address}), {name}, answers a ClientHello and does not go on",
            "Whether something on the path drops that does not show; see cloud.transport.",
            evidence,
        )
    if not any(server.address for server in asked.values()):
        return no_address(seen, cloud.hosts.value)
    certainly_wrong = {address for address, doubt in doubted.items() if doubt.is_certain}
    if misdirected := next((server for server in asked.values() if server.address in certainly_wrong), None):
        return Finding(
            status="unknown",
            problem="invented-address",
            summary=f"{misdirected.address} is not an address of {misdirected.host}, so its path shows nothing",
            reason=f"It is {doubted[misdirected.address or ''].words}; see dns.integrity.",
            remedy="Settle dns.integrity first, then run netpreflight again.",
            owner="network administrator",
            due_to="dns.integrity",
        )
    addressed = [server for server in asked.values() if server.address]
    if nobody := of_nobody(addressed, seen, doubted, evidence):
        return nobody
    untraced = f"{name} does not answer, and this run did not trace where it is lost"
    if seen.path is None or seen.path.not_run:
        return not_looked(seen.path, untraced)
    target = next((place for place in targets if place.address == asked[place.device.name, place.host].address), None)
    if target is not None:
        finding = _unless_forged(_compared(target, asked[name, target.host], seen), target, asked[name, target.host])
    return of_another_run(untraced, profile) if target is None else msgspec.structs.replace(finding, evidence=evidence)


def _unless_forged(finding: Finding, target: PathTarget, asked: CoapServer | CloudEndpoint) -> Finding:
    """The finding; or `unproved-refusal`, if it rests on ICMP errors that anybody on this network can have sent."""
    errors = [
        (probe, probe.icmp)
        for trace in (target.device, *target.controls)
        for probe in trace.probes
        if probe.icmp is not None
    ]
    was_swept = is_swept(target.unasked) or has_surplus([*asked.attempts, *asked.new_ports])
    is_settled = finding.status in {"pass", "fail"}
    if target.unasked is None or not (is_settled or was_swept) or all(icmp.proved for _, icmp in errors):
        return finding
    end = ladder.end(target.device)
    if end and end.icmp:  # a refusal: a router's, which is named, or the destination's own, which passes
        rests_on = [icmp for probe, icmp in errors if (probe.source, probe.outcome) == (end.source, end.outcome)]
    else:
        who = finding.named.address if finding.named else None
        rests_on = [icmp for probe, icmp in errors if probe.source == who]
    are_alike = len(rests_on) >= LEAST_HEARD or any(agree(icmp, asked.attempts, asked.new_ports) for icmp in rests_on)
    if not was_swept and (not rests_on or are_alike or any(icmp.proved for icmp in rests_on)):
        return finding
    return _unknown(
        "unproved-refusal",
        f"ICMP errors about {target.device.name} came, and nothing proves who sent them",
        "They quote nothing of our packets that nobody can guess"
        + (", and somebody sends them without having been asked." if was_swept else ".")
        + " Somebody on this network who sends such errors to all ports looks like this.",
        "Find out whether a host on this network sends ICMP errors in others' names: a capture on this laptop shows "
        "the MAC address that they come from. Then run netpreflight again, on Linux as root.",
        "network administrator",
    )


def proof_of_egress(seen: Observations, address: str, port: int) -> tuple[PathProbe, list[str]] | None:
    """The furthest probe to this UDP port that a router outside this site answered, with the evidence.

    None: there is no such probe, or it proves nothing, because another port gets further (this port may be filtered
    there), a router refuses this port, or some of the packets to it are dropped.
    """
    for target in seen.path.targets if seen.path else []:
        if target.address != address or (target.device.protocol, target.device.port) != ("udp", port):
            continue
        end = ladder.end(target.device)
        if end is None and any(ladder.furthest(control) > ladder.last(target.device) for control in target.controls):
            continue  # another port gets further
        if end is not None and end.source != address:
            continue  # a router refuses this port
        if end is None and _control_without_loss(target):
            continue  # some of its packets are dropped
        if found := furthest_outside(target, seen):
            return found, _evidence(target)
    return None


def beyond_this_site(finding: Finding, flow: Flow, seen: Observations) -> Finding:
    """Add to the finding of an unanswered exchange that it left this site, if a router of the provider got a packet."""
    router = _passed_to_provider(flow, seen)
    if router is None:
        return finding
    where = flow.address
    if flow.host not in {None, where}:
        where = f"{zone_of(flow.host or '')} (now {where}; its addresses change)"
    return msgspec.structs.replace(
        finding,
        reason=f"{finding.reason} Its packets leave this site: {router.address} (hop {router.ttl}, "
        f"{router.whose.words}) received one, and reported it by ICMP.",
        remedy=f"Ask the internet provider to let {flow.words} to {where} through, with replies; where it already "
        "does, have the network administrator check whether the answers come back in.",
        owner="internet provider",
    )


def _passed_to_provider(flow: Flow, seen: Observations) -> Router | None:
    """The furthest router that got a packet of an exchange, if it is the provider's; else None.

    None also if the path has a loop, a router refuses the exchange, or some of its packets are dropped.
    """
    for target in seen.path.targets if seen.path else []:
        device, ending = target.device, ladder.end(target.device)
        if (target.address, device.protocol, device.port) != (flow.address, flow.protocol, flow.port):
            continue
        if ladder.loop(device) or (ending is not None and ending.source != target.address):
            continue  # a routing loop, or a router that refuses the exchange
        if ending is None and _control_without_loss(target):
            continue  # some packets are dropped before they get there
        passed_probes = [
            probe for probe in device.probes
            if probe.outcome == "time-exceeded" and probe.source and probe.quoted and ladder.is_proved(probe, target)
        ]  # fmt: skip
        furthest = max(passed_probes, key=lambda probe: probe.ttl, default=None)
        if furthest is not None and furthest.source is not None:
            router_owner = whose(furthest.source, furthest.ttl, target, seen)
            return (
                Router(furthest.source, furthest.ttl, router_owner)
                if router_owner.owner == "internet provider"
                else None
            )
    return None


def own_cloud_answers(seen: Observations, profile: Profile) -> bool:
    """Whether the device's own cloud answered on the device's own port."""
    return any(server.has_answered for server in _own_exchanges(seen, profile).values())


def _due_to_transport(problem: str, summary: str, reason: str, evidence: list[str]) -> Finding:
    """The finding where the path cannot be judged until the remedy of `cloud.transport` has been carried out."""
    return Finding(
        status="unknown",
        problem=problem,
        summary=summary,
        reason=reason,
        remedy="Do what cloud.transport says, then run netpreflight again.",
        owner="network administrator",
        due_to="cloud.transport",
        evidence=evidence,
    )


def _own_exchanges(seen: Observations, profile: Profile) -> dict[tuple[str, str], CoapServer | CloudEndpoint]:
    """The exchanges with the device's cloud at its port, keyed by (port name such as `UDP 5684`, host)."""
    cloud = profile.cloud
    hosts, port = cloud.hosts.value, cloud.port.value
    servers: list[CoapServer | CloudEndpoint]
    if cloud.transport.value == "coap":
        servers = [server for server in (seen.coap.servers if seen.coap else []) if server.port == port]
    else:
        endpoints = seen.cloud.endpoints if seen.cloud else []
        servers = [
            endpoint for endpoint in endpoints if (endpoint.transport, endpoint.port) == (cloud.transport.value, port)
        ]
    protocol = "TCP" if cloud.transport.value == "tcp-nonce" else "UDP"
    return {(f"{protocol} {port}", server.host): server for server in servers if server.host in hosts}


def _went_silent(asked: CoapServer | CloudEndpoint, profile: Profile) -> bool:
    """Whether a server answered the first ClientHello, and then did not go on with the handshake."""
    if isinstance(asked, CoapServer) or asked.flight is None or asked.flight.answer not in {None, "HelloVerifyRequest"}:
        return False
    key, flight = profile.cloud.server_key, asked.flight
    signed = key and is_signed(key.value, flight.client_random, flight.server_random, flight.key_exchange)
    return not signed


def _may_be_forged(asked: CoapServer | CloudEndpoint, profile: Profile) -> bool:
    """Whether what answered in a server's name may have been sent by somebody on this network."""
    return isinstance(asked, CloudEndpoint) and doubt_of(asked, profile) is not None


# --- the comparison


def _compared(target: PathTarget, asked: CoapServer | CloudEndpoint, seen: Observations) -> Finding:
    """The finding from the ladder to the device's port, compared with its controls."""
    device, address = target.device, target.address
    destination = f"{target.host} ({address}), {device.name}"
    error = next((probe.detail for probe in device.probes if probe.outcome == "error"), None)
    was_flooded = any(probe.detail == TOO_MUCH for tried in (device, *target.controls) for probe in tried.probes)
    if was_flooded and ladder.end(device) is None:
        return unread(destination, TOO_MUCH, [])
    if not any(probe.outcome != "error" for probe in device.probes):
        return not_sent("with a limited TTL", destination, error or "nothing was sent", [])
    end = ladder.end(device)
    if end is not None and end.icmp is not None and end.source != address:
        if end.icmp.type == 3 and end.icmp.code != 4:
            return _rejected(end.icmp, target, seen)
        return _unknown(
            "other-icmp-error",
            f"{end.source} says {end.icmp.meaning} for {device.name}",
            "This ICMP error is not a refusal, but the trace ends there.",
        )
    if end is not None and end.source is None:
        return _unknown(
            "other-icmp-error",
            f"Somebody says {end.detail} for {device.name}, and this system does not tell who",
            f"It came for a packet with TTL {end.ttl}: from the destination, or from a router or firewall before it.",
            ON_LINUX,
        )
    if end is not None:
        return _reached(end, target, asked, seen)
    if device.strays:
        return _unknown(
            "foreign-answer",
            f"{device.name} is answered, but not as the device's server does",
            f"{counted(device.strays, 'datagram')} came from {address} that match nothing that was sent; "
            "something on the way may answer in its place.",
        )
    if target.cut_short:
        return _unknown(
            "cut-short",
            f"The search for where {device.name} is lost was not finished",
            "The limit of packets that netpreflight sends for one port was reached.",
        )
    return _silent(target, seen)


def _rejected(icmp: Icmp, target: PathTarget, seen: Observations) -> Finding:
    """The finding where a router on the path refuses the device's port with an ICMP error."""
    device = target.device
    ttl = next((ttl for ttl, sources in sorted(ladder.routers(device).items()) if icmp.source in sources), None)
    hop = f"hop {ttl}" if ttl else f"within {counted(ladder.furthest(device), 'hop')}"
    router_owner = whose(icmp.source, ttl or ladder.furthest(device), target, seen)
    named = Named(address=icmp.source, hop=ttl)
    refused_alike = [
        control.name
        for control in target.controls
        if (end := ladder.end(control)) and end.icmp and (end.icmp.type, end.icmp.code, end.source)
        == (icmp.type, icmp.code, icmp.source)
    ]  # fmt: skip
    statement = (
        f"{icmp.source} ({hop}, {router_owner.words}) itself says {icmp.meaning} for {device.name} to {target.address}"
    )
    getting_further = [
        control.name
        for control in target.controls
        if _gets_beyond(control, icmp.source, ttl or ladder.furthest(device)) or ladder.reaches(control, target.address)
    ]
    if says_nobody_there(icmp, seen) and seen.scope.is_on_link(target.address):
        return _unknown(
            "other-icmp-error",
            f"This laptop's own system says {icmp.meaning} for {target.address}, {device.name}, and the host is there",
            "Something of the same host was reached in this run, so the host comes and goes, or the network loses ARP "
            "requests or answers.",
            "Run netpreflight again; if it says the same, look at the link of that host.",
            "network administrator",
        )
    if no_route(icmp) and (refused_alike or not getting_further):
        other_ports = (
            f"and the same for {', '.join(refused_alike)}" if refused_alike else "and no other port gets further"
        )
        return Finding(
            status="fail",
            problem="no-route",
            named=named,
            summary=f"{icmp.source} ({hop}) cannot deliver to {target.address}: {icmp.meaning}",
            reason=f"{statement}, {other_ports}.",
            remedy=f"Look at the uplink and the routes of {icmp.source}: it says {icmp.meaning}.",
            owner=router_owner.owner,
        )
    return Finding(
        status="fail",
        problem="rejected",
        named=named,
        summary=f"{device.name} is rejected by {icmp.source}, {hop}: {icmp.meaning}",
        reason=f"{statement}" + (f", and the same for {', '.join(refused_alike)}." if refused_alike else "."),
        remedy=f"{_allow(target)}, on {icmp.source}.",
        owner=router_owner.owner,
        to_allow=[_flow(target)],
    )


def _gets_beyond(control: Ladder, rejecter: str, ttl: int) -> bool:
    """Whether a control gets beyond the router at a TTL, which rejects the device's port."""
    ending = ladder.end(control)
    refused_later = ending is not None and ending.source != rejecter and ending.ttl > ttl
    return ladder.last(control) > ttl or refused_later


def _reached(end: PathProbe, target: PathTarget, asked: CoapServer | CloudEndpoint, seen: Observations) -> Finding:
    """The finding where an answer comes from the destination's address."""
    device, address = target.device, target.address
    furthest_router = max((ladder.last(control) for control in target.controls), default=0)
    distances = [ttl for control in target.controls if (ttl := ladder.reaches(control, address)) is not None]
    answer = end.icmp.meaning if end.icmp else end.detail or "an answer"
    if end.ttl <= furthest_router or any(end.ttl < distance for distance in distances):
        needed_ttl = max([furthest_router + 1, *distances])
        return _unknown(
            "answered-nearer",
            f"{device.name} is answered from {address} within {counted(end.ttl, 'hop')}, nearer than another port is",
            f"{answer} came for a packet with TTL {end.ttl}, while another port of the same address needs {needed_ttl} "
            "hops. A transparent proxy, a firewall that answers for others, or paths of different length look like "
            "this.",
            "Ask the network administrator what answers "
            f"{device.name} within the first {'hop' if end.ttl == 1 else f'{end.ttl} hops'}, "
            f"and have it pass {device.name} to {address} unchanged.",
            "network administrator",
        )
    if any(end.ttl > distance for distance in distances):
        nearer = next(control for control in target.controls if (ladder.reaches(control, address) or end.ttl) < end.ttl)
        return _unknown(
            "control-answered-nearer",
            f"{device.name} is answered from {address} at hop {end.ttl}, and {nearer.name} from nearer",
            f"{nearer.name} needs {counted(ladder.reaches(nearer, address) or 0, 'hop')}. A proxy on the way that "
            "answers for others, or paths of different length, look like this.",
        )
    if end.ttl == 1 or not distances:
        return _unknown(
            "distance-not-known",
            f"{device.name} is answered from {address}, but its distance is not known",
            f"{answer} came for a packet with TTL {end.ttl}, and no other port shows whether {address} is that near. "
            "A gateway that rewrites the TTL, or a proxy, looks like this.",
        )
    is_refused = _closed_itself(asked)
    if is_refused and (end.icmp is not None or end.detail == "RST") and not is_beyond_the_edge(end.ttl, target, seen):
        return _unknown(
            "refused-perhaps-inside",
            f"{device.name} is refused from {address} (hop {end.ttl}), and nothing shows that it left this site",
            f"{answer} can also come from a firewall that answers with the server's address, and no router before it "
            "has a public address.",
        )
    if is_refused and (end.icmp is not None or end.detail == "RST"):
        return Finding(
            status="pass",
            summary=f"{device.name} gets to {address} (hop {end.ttl}), which itself refuses it: {answer}",
        )
    return _unknown(
        "reached-not-answered",
        f"{device.name} gets to {address} (hop {end.ttl}), but is not answered as the device needs",
        f"A packet with TTL {end.ttl} brought {answer}, while the device's own exchange got no good answer. The "
        "service may be down, a filter may let a conversation begin and drop what follows, or one of several paths may "
        "lose packets.",
    )


def _closed_itself(asked: CoapServer | CloudEndpoint) -> bool:
    """Whether the destination's address refused the device's own exchange too."""
    if isinstance(asked, CloudEndpoint) and asked.transport == "tcp-nonce":
        return any(connection.error == "refused" for connection in asked.connections)
    return from_host(asked.address or "", trusted(asked.attempts, asked.new_ports, asked.unasked)) is not None


def _silent(target: PathTarget, seen: Observations) -> Finding:
    """The finding where the device's port gets no answer beyond some hop.

    "Dropped" is what is left when a loop, load balancing, lost packets and a filter for the protocol are ruled out.
    """
    device, last = target.device, ladder.last(target.device)
    last_hop = _after(last)
    if loop := ladder.loop(device):
        return _unknown(
            "loop",
            f"{device.name} goes in a circle between {' and '.join(loop[:3])}",
            "The same router answers again after another one did: a routing loop, or a path that changes.",
        )
    if last and target.address in ladder.routers(device)[last]:
        return _unknown(
            "passed-on-by-destination",
            f"{device.name} gets to {target.address} (hop {last}), which forwards it",
            f"{target.address} answers with time exceeded, as a router does; nothing behind it answers.",
        )
    further_controls = [control for control in target.controls if ladder.furthest(control) > last]
    if not further_controls:
        return _silent_alike(target, seen)
    same_protocol = next((control for control in further_controls if control.protocol == device.protocol), None)
    if same_protocol is None:
        return _unknown(
            "one-protocol",
            f"{device.name} falls silent after {last_hop}, and no {device.protocol.upper()} port gets further",
            f"What gets further: {', '.join(control.name for control in further_controls)}. Routers that answer for "
            f"one protocol only, and a filter for {device.protocol.upper()}, look the same.",
        )
    if fork := ladder.fork(device, same_protocol, last):
        return _balanced(f"{device.name} falls silent after {last_hop}, and there are several paths", *fork)
    routers_of_control = ladder.routers(same_protocol)
    later_ttls = [ttl for ttl in routers_of_control if ttl > last]
    if not later_ttls:
        return _unknown_at_the_end(target, same_protocol, last)
    reliable_ttls = [ttl for ttl in later_ttls if ladder.singles_out(device, same_protocol, ttl)]
    # The device got no answer there, so every try is a packet lost.
    lost_packets = sum(ladder.tries(device, ttl)[0] for ttl in reliable_ttls)
    asked, answered = ladder.tries(device, last)
    if lost_packets < LEAST_SILENT or (last and (answered < LEAST_HEARD or answered < asked)):
        return _unknown(
            "lossy",
            f"{device.name} falls silent after {last_hop}, where not every packet is answered",
            f"{last_hop.capitalize()} answered {answered} of {counted(asked, 'packet')} to {device.name}. After "
            f"that hop, {lost_packets} were lost at hops that answer {same_protocol.name} each time. Routers that "
            "limit their ICMP errors, packet loss, or a path that alternates look like this.",
        )
    return _dropped(target, same_protocol, last, min(reliable_ttls), seen)


def _dropped(target: PathTarget, control: Ladder, last: int, after: int, seen: Observations) -> Finding:
    """The finding where packets to the device's port are dropped after the router at TTL `last`.

    `after` is the TTL of the next router that answers the control port.
    """
    device = target.device
    allow = _allow(target)
    first = ladder.router_at(control, after)
    there = f"{first} (hop {after})" if first else f"hop {after}"
    control_gets = f"{control.name} to the same address gets to {there} and further"
    if not last:
        nearest = f"by this laptop, or by {first or 'the first router'}"
        dropping_place = nearest if after == 1 else "between this laptop and that router"
        return Finding(
            status="fail",
            problem="dropped-before-any-router",
            summary=f"{device.name} is dropped before {there} answers: {dropping_place}",
            reason=f"No router answers for {device.name}, while {control_gets}.",
            remedy=f"{allow}: look at this laptop's own firewall first, then at this network's gateway.",
            owner="network administrator",
            to_allow=[_flow(target)],
        )
    hop = ladder.router_at(device, last)
    if hop is None:
        return _dropped_by_somebody(target, last, control_gets)
    router_owner = whose(hop, last, target, seen)
    return Finding(
        status="fail",
        problem="dropped",
        named=Named(address=hop, hop=last),
        summary=f"{device.name} is dropped at or after {hop} (hop {last}, {router_owner.words})",
        reason=f"{hop} is the last router that answers {device.name}: {ladder.LEAST_TRIES} or more packets to each hop "
        f"after it brought no answer, while {control_gets}.",
        remedy=f"{allow}: look at {hop} first, then at the hop after it.",
        owner=router_owner.owner,
        to_allow=[_flow(target)],
    )


def _dropped_by_somebody(target: PathTarget, last: int, control_gets: str) -> Finding:
    """The finding where packets are dropped after a router that the system does not name."""
    device = target.device
    passed = [
        f"{control.name} passes {router} at hop {last}"
        for control in target.controls
        if (router := ladder.router_at(control, last)) is not None
    ]
    named = f"{', and '.join(passed)}, perhaps on another route" if passed else "nothing else names it"
    return Finding(
        status="fail",
        problem="dropped",
        summary=f"{device.name} is dropped at or after hop {last}, whose router this system does not name",
        reason=f"Hop {last} is the last that answers {device.name}: {ladder.LEAST_TRIES} or more packets to each hop "
        f"after it brought no answer, while {control_gets}. This system does not tell who answers there: {named}.",
        remedy=f"{_allow(target)}: look at the router at hop {last} first, then at the hop after it. {ON_LINUX} It "
        "names that router.",
        owner="network administrator",
        to_allow=[_flow(target)],
    )


def _silent_alike(target: PathTarget, seen: Observations) -> Finding:
    """The finding where no control port of the same address gets further than the device's port.

    It passes only if a router outside this site got a packet to the device's port.
    """
    device, last = target.device, ladder.last(target.device)
    if not last:
        return _unknown(
            "no-router-answers",
            f"No router on the path answers probes to {device.name}, or to any other port tried",
            "Either no router sent an ICMP error, or something on the path drops all ICMP errors.",
        )
    controls = ", ".join(control.name for control in target.controls)
    router = ladder.router_at(device, last)
    there = f"{router} (hop {last})" if router else f"hop {last}"
    if control := _control_without_loss(target):
        summary = f"Only some packets to {device.name} get to {there}"
        if fork := ladder.fork(device, control, last):
            return _balanced(f"{summary}, and there are several paths", *fork)
        return _unknown(
            "lossy",
            summary,
            f"On the way there, not every packet to {device.name} is answered, while {control.name} is answered each "
            "time. Packet loss, or a path that alternates, looks like this.",
        )
    if proof := furthest_outside(target, seen):
        return Finding(
            status="pass",
            summary=f"{device.name} gets out to {proof.source} (hop {proof.ttl}), and no other port gets further",
        )
    return _unknown(
        "silent-alike",
        f"Nothing after {there} answers probes to {device.name}, or to any other port tried",
        f"{target.address} may be down, or something there stops every port: {controls} and {device.name} fall silent "
        "at the same hop.",
    )


def _control_without_loss(target: PathTarget) -> Ladder | None:
    """The control of the same protocol, if some router answers all its packets but not all to the device's port.

    Then the device's own exchange may take another path, or meet a router that drops some packets. None: no router
    treats the two ports in this way.
    """
    device = target.device
    control = next((control for control in target.controls if control.protocol == device.protocol), None)
    if control is None:
        return None
    for ttl in ladder.routers(device):
        asked, answered = ladder.tries(device, ttl)
        control_asked, control_answered = ladder.tries(control, ttl)
        if asked - answered >= ladder.LEAST_TRIES and 0 < control_asked == control_answered:
            return control
    return None


def _balanced(summary: str, ttl: int, routers: list[str]) -> Finding:
    """The finding where several routers answer at a TTL."""
    return _unknown(
        "balanced",
        summary,
        f"At hop {ttl}, {' and '.join(routers[:4])} answer: the traffic is balanced over several paths, "
        "and what gets through on one of them says nothing about the others.",
    )


def _unknown_at_the_end(target: PathTarget, control: Ladder, last: int) -> Finding:
    """The finding where a control is answered or refused at its end, and no router on the way there answers it.

    "On the way there" means after the last router that answers the device's port.
    """
    device, address = target.device, target.address
    distance = ladder.reaches(control, address)
    if distance is None:
        end = ladder.end(control)
        refuser = (end and end.source) or "A router"
        return _unknown(
            "control-refused",
            f"{device.name} falls silent after {_after(last)}, and {control.name} is refused there",
            f"{refuser} refuses {control.name}, and no other port shows what comes after it.",
        )
    if last == distance - 1 and last:
        problem = "lost-at-the-end"
        loss = f"packets pass every router up to {_after(last)}, the last before {address}"
        explanation = (
            "The packet is lost there or at the destination, or its answer is lost on the way back; a gateway that "
            "rewrites the TTL also makes a path look this short."
        )
    else:
        problem = "silent-routers"
        loss = f"nothing answers after {_after(last)}, and the routers up to hop {distance} answer no port"
        explanation = "The packets with rising TTL do not show which of these routers loses them."
    return _unknown(
        problem,
        f"{device.name} is not answered: {loss}",
        f"{control.name} is answered by {address} itself. {explanation}",
    )


def _after(last: int) -> str:
    """The hop with this TTL in words; TTL 0 is this laptop."""
    return f"hop {last}" if last else "this laptop"


def _unknown(problem: str, summary: str, reason: str, remedy: str = _HOTSPOT, owner: Owner = "device owner") -> Finding:
    return Finding(status="unknown", problem=problem, summary=summary, reason=reason, remedy=remedy, owner=owner)


# --- evidence


def _evidence(target: PathTarget) -> list[str]:
    """A line for each ladder to a target: the device's port first, then the controls."""
    lines = [f"to {target.address}, {target.device.name} (the device's port): {_in_words(target.device)}"]
    for control in target.controls:
        known = f", because {control.known_by}" if control.known_by else ""
        lines.append(f"to {target.address}, {control.name} (control{known}): {_in_words(control)}")
    return lines


def _in_words(trace: Ladder) -> str:
    """The hops of a ladder in one line, with the silent ones at its end put together."""
    furthest = ladder.furthest(trace)
    hops = [f"{ttl} {_rung([probe for probe in trace.probes if probe.ttl == ttl])}" for ttl in range(1, furthest + 1)]
    silent_ttls = sorted({probe.ttl for probe in trace.probes if probe.ttl > furthest})
    if silent_ttls and ladder.end(trace) is None:
        tries = max(ladder.tries(trace, ttl)[0] for ttl in silent_ttls)
        hops.append(f"{_ranges(silent_ttls)} silent ({'1 try' if tries == 1 else f'up to {tries} tries'} each)")
    if not trace.one_flow:
        hops.append("each from another source port" + (f" (raw sockets: {trace.no_raw})" if trace.no_raw else ""))
    return ", ".join(hops) or "nothing was sent"


def _ranges(numbers: Sequence[int]) -> str:
    """Rising numbers in words: `3 to 8 and 13`."""
    starts = [number for number in numbers if number - 1 not in numbers]
    ends = [number for number in numbers if number + 1 not in numbers]
    return " and ".join(
        f"{start} to {end}" if end > start else f"{start}" for start, end in zip(starts, ends, strict=True)
    )


def _rung(probes: Sequence[PathProbe]) -> str:
    """The answers to one TTL in words: routers, ICMP errors, and the shortest round-trip time of each."""
    answers = [probe for probe in probes if probe.outcome not in {"timeout", "error"}]
    if not answers:
        return f"silent ({len(probes)} {'try' if len(probes) == 1 else 'tries'})" if probes else "not asked"
    times_by_router: dict[str, list[float]] = {}
    for probe in answers:
        what = probe.icmp.meaning if probe.icmp and probe.outcome == "unreachable" else probe.detail
        times_by_router.setdefault(f"{probe.source or 'somebody'}{f' ({what})' if what else ''}", []).append(
            probe.rtt_ms or 0.0
        )
    return " / ".join(
        f"{words}{f' x{len(times)}' if len(times) > 1 else ''} {min(times):.1f} ms"
        for words, times in times_by_router.items()
    )
