"""Judging CoAP: `coap.udp-5683`, and `cloud.transport` of a device whose cloud is a CoAP server."""

from netpreflight.agent.judging.addresses import zone_of
from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.judging.icmp import from_host, refused, trusted, unproved
from netpreflight.agent.judging.on_link import of_nobody
from netpreflight.agent.judging.path import beyond_this_site, proof_of_egress
from netpreflight.agent.judging.unseen import no_address, not_looked, not_read, of_another_run
from netpreflight.agent.judging.witnessed import answered_at
from netpreflight.agent.results import Finding, Flow, Named
from netpreflight.agent.sentences import counted, in_a_row
from netpreflight.probes.observations import CoapServer, Observations

UDP_PORT = 5683
"""RFC 7252 section 6.1."""


def udp_5683(view: DeviceView) -> Finding:
    """Whether a CoAP exchange over UDP 5683 completes, or one of our pings was seen by a router outside this site."""
    seen = view.seen
    coap = seen.coap
    if coap is None or coap.not_run:
        return not_looked(coap, "UDP 5683 was not looked at")
    servers = [server for server in coap.servers if server.port == UDP_PORT]
    finding = _exchange(seen, servers)
    if finding.status != "unknown":
        return finding
    for server in servers:
        if server.address and (proof := proof_of_egress(seen, server.address, server.port)):
            probe, evidence = proof
            return Finding(
                status="pass",
                summary=f"UDP {server.port} leaves this network: {probe.source}, hop {probe.ttl}, got a ping of ours",
                reason=f"{finding.summary}. But {probe.source}, a router outside this site, reported that the TTL of "
                "one of our pings ended there, and quoted the ping.",
                evidence=[*finding.evidence, *evidence],
            )
    return finding


def own_server(view: DeviceView) -> Finding:
    """Whether the device's own CoAP server answers; answers of other CoAP servers do not count."""
    seen, profile = view.seen, view.profile
    coap, cloud = seen.coap, profile.cloud
    if coap is None or coap.not_run:
        return not_looked(coap, f"UDP {cloud.port.value} was not looked at")
    own_servers = [
        server for server in coap.servers if server.port == cloud.port.value and server.host in cloud.hosts.value
    ]
    if not own_servers:
        return of_another_run(f"{cloud.hosts.value[0]} was not asked in this run", profile)
    asked = [server for server in own_servers if server.address]
    evidence = [line for server in asked for line in _evidence(server)]
    return of_nobody(asked, seen, view.doubted, evidence) or _exchange(seen, own_servers)


def _exchange(seen: Observations, servers: list[CoapServer]) -> Finding:
    """Whether an exchange with one of `servers` completes."""
    asked = [server for server in servers if server.address]
    if not asked:
        return no_address(seen, [server.host for server in servers])
    evidence = [line for server in asked for line in _evidence(server)]
    for server in asked:
        if server.has_answered:
            successful_try = next((n for n, attempt in enumerate(server.attempts, 1) if attempt.outcome == "reply"), 1)
            rtt_ms = next((attempt.rtt_ms for attempt in server.attempts if attempt.outcome == "reply"), None) or 0.0
            return Finding(
                status="pass",
                summary=f"{server.host} ({server.address}) answers a CoAP ping with {server.reply}, "
                f"try {successful_try}, {rtt_ms:.0f} ms",
                evidence=evidence,
            )
    for server in asked:
        attempts = trusted(server.attempts, server.new_ports, server.unasked)
        if found := refused(_flow(server), attempts, seen, evidence):
            return found
    for server in asked:
        if found := unproved(_flow(server), server.attempts, server.new_ports, server.unasked, evidence):
            return found
    for server in asked:
        if found := not_read(f"{server.address} ({server.host}), UDP {server.port}", server.attempts, evidence):
            return found
    return _blocked(seen, asked, evidence) or _unsettled(asked, evidence)


def _flow(server: CoapServer) -> Flow:
    """What the firewall has to allow for this server."""
    return Flow(protocol="udp", port=server.port, address=server.address or "", host=server.host)


def _blocked(seen: Observations, asked: list[CoapServer], evidence: list[str]) -> Finding | None:
    """The finding where a host does not answer on the CoAP port, but does on another port; None: no such host."""
    for server in asked:
        words = [answered.words for answered in answered_at(seen, server.address or "")]
        if words and server.attempts and all(attempt.outcome == "timeout" for attempt in server.attempts):
            answers = in_a_row(list(dict.fromkeys(words)))
            found = Finding(
                status="fail",
                summary=f"UDP {server.port} is blocked: {server.host} ({server.address}) answers {answers}",
                problem="blocked",
                reason=f"{counted(len(server.attempts), 'CoAP ping')} to {server.address}, UDP {server.port}, had no "
                f"answer, while the same host answers {answers}.",
                remedy=f"Allow outbound UDP {server.port} to {server.address} ({zone_of(server.host)}), with replies; "
                "if the local firewall already allows it, ask the internet provider.",
                owner="network administrator",
                evidence=evidence,
                to_allow=[_flow(server)],
            )
            return beyond_this_site(found, _flow(server), seen)
    return None


def _unsettled(asked: list[CoapServer], evidence: list[str]) -> Finding:
    """The finding where no server answered, and nothing shows why."""
    hosts = ", ".join(f"{server.host} ({server.address})" for server in asked)
    port = asked[0].port
    named = None
    remedy = f"Run netpreflight on a phone's hotspot: if the same servers answer there, this network blocks UDP {port}."
    for server in asked:
        closed = from_host(server.address or "", trusted(server.attempts, server.new_ports, server.unasked))
        if closed:
            problem, named = "port-closed", Named(address=closed.source)
            summary = f"{server.host} runs no CoAP server now"
            reason = f"{server.address} itself says {closed.meaning} for UDP {port}, and no other server answered."
            break
        unexpected = next((attempt for attempt in server.attempts if attempt.outcome == "ignored"), None)
        if unexpected:
            problem = "foreign-answer"
            summary = f"UDP {port} of {server.host} is answered, but not as a CoAP server does"
            reason = f"{server.address} sent {unexpected.detail}; something on the way may answer in its place."
            break
        error = next((attempt for attempt in server.attempts if attempt.outcome == "error"), None)
        if error:
            problem = "not-sent"
            summary, reason = "This laptop could not send a CoAP ping", f"Sending to {hosts} failed: {error.detail}."
            remedy = "Look at this laptop's own firewall and routes, then run netpreflight again."
            break
    else:
        problem = "no-answer"
        summary = f"No CoAP server answers on UDP {port}"
        reason = f"Asked: {hosts}. Silence alone does not distinguish a blocked port from servers that are down."
    return Finding(
        status="unknown",
        summary=summary,
        problem=problem,
        named=named,
        reason=reason,
        remedy=remedy,
        owner="device owner",
        evidence=evidence,
    )


def _evidence(server: CoapServer) -> list[str]:
    """A line for each CoAP ping to a server, and for each of its other ports that was asked as a control."""
    where = f"{server.address} ({server.host}), UDP {server.port}"
    lines = [f"{where}, {attempt.words}" for attempt in server.attempts]
    return lines + [
        f"{server.address}, {control.protocol.upper()} on port {control.port}: {control.detail}"
        for control in server.controls
    ]
