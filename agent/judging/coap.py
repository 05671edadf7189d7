"""Judging CoAP: `coap.udp-5683`."""

from agent.checks import Finding
from agent.judging.unseen import no_address, not_looked
from agent.judging.witnessed import answered
from agent.profiles import Profile
from probes.observations import Attempt, CoapServer, Observations


def udp_5683(seen: Observations, profile: Profile) -> Finding:
    """Whether a CoAP exchange over UDP 5683 completes."""
    coap = seen.coap
    if coap is None or coap.not_run:
        return not_looked(coap, "UDP 5683 was not looked at")
    asked = [server for server in coap.servers if server.address]
    if not asked:
        return no_address(seen, [server.host for server in coap.servers])
    evidence = [line for server in asked for line in _evidence(server)]
    for server in asked:
        if server.reply:
            tries = next((n for n, one in enumerate(server.attempts, 1) if one.outcome == "reply"), 1)
            took = next((one.rtt_ms for one in server.attempts if one.rtt_ms is not None), 0.0)
            return Finding(
                status="pass",
                summary=f"{server.host} ({server.address}) answers a CoAP ping with {server.reply}, "
                f"try {tries}, {took:.0f} ms",
                evidence=evidence,
            )
    return refused(asked, evidence) or _blocked(seen, asked, evidence) or _silent(asked, evidence)


def refusal(address: str, attempts: list[Attempt]) -> Attempt | None:
    """The attempt that an ICMP error ended; one from the host itself that says "port unreachable" is none."""
    for attempt in attempts:
        icmp = attempt.icmp
        if icmp and not (icmp.source == address and icmp.code == 3):  # the host is reached, and has no server there
            return attempt
    return None


def refused(asked: list[CoapServer], evidence: list[str]) -> Finding | None:
    """The finding where something on the way rejects the datagrams, and says so."""
    for server in asked:
        attempt = refusal(server.address or "", server.attempts)
        if attempt and attempt.icmp:
            icmp = attempt.icmp
            return Finding(
                status="fail",
                summary=f"UDP {server.port} is rejected: {icmp.source} says {icmp.meaning}",
                reason=f"A datagram to {server.address} ({server.host}), UDP {server.port}, was answered by ICMP type "
                f"{icmp.type} code {icmp.code} from {icmp.source}.",
                remedy=f"Allow outbound UDP {server.port}, with replies, on {icmp.source}.",
                owner="network administrator",
                evidence=evidence,
            )
    return None


def _blocked(seen: Observations, asked: list[CoapServer], evidence: list[str]) -> Finding | None:
    """The finding where a host is silent on the CoAP port, and answers on another."""
    others = answered(seen)
    for server in asked:
        silent = not any(attempt.icmp for attempt in server.attempts)
        words = others.get(server.address or "", [])
        if silent and words and any(attempt.outcome == "timeout" for attempt in server.attempts):
            return Finding(
                status="fail",
                summary=f"UDP {server.port} is blocked: {server.host} ({server.address}) answers {words[0]} only",
                reason=f"{len(server.attempts)} CoAP pings to {server.address}, UDP {server.port}, had no answer, "
                f"while the same host answers {', '.join(words)}.",
                remedy=f"Allow outbound UDP {server.port} to {server.address} ({server.host}), with replies; where the "
                "local firewall already does, ask the internet provider.",
                owner="network administrator",
                evidence=evidence,
            )
    return None


def _silent(asked: list[CoapServer], evidence: list[str]) -> Finding:
    hosts = ", ".join(f"{server.host} ({server.address})" for server in asked)
    closed = [server for server in asked if any(attempt.icmp for attempt in server.attempts)]
    error = next((one.detail for server in asked for one in server.attempts if one.outcome == "error"), None)
    if error:
        summary, reason = "This laptop could not send a CoAP ping", f"Sending to {hosts} failed here: {error}."
    elif closed:
        summary = f"{closed[0].host} runs no CoAP server now"
        reason = f"{closed[0].address} itself says that nothing listens on UDP {closed[0].port}; no server answered."
    else:
        summary = f"No CoAP server answers on UDP {asked[0].port}"
        reason = f"Asked: {hosts}. Silence alone does not tell a blocked port from servers that are down."
    return Finding(
        status="unknown",
        summary=summary,
        reason=reason,
        remedy="Run netpreflight on a phone's hotspot: if the same servers answer there, this network blocks UDP "
        f"{asked[0].port}.",
        owner="device owner",
        evidence=evidence,
    )


def _evidence(server: CoapServer) -> list[str]:
    where = f"{server.address} ({server.host}), UDP {server.port}"
    lines = [f"{where}, {one.at_s:.1f} s: {one.outcome}" + _more(one) for one in server.attempts]
    return lines + [
        f"{server.address}, {one.protocol.upper()} on port {one.port}: {one.detail}" for one in server.controls
    ]


def _more(attempt: Attempt) -> str:
    if attempt.icmp:
        return f", {attempt.icmp.meaning} from {attempt.icmp.source}"
    return f", {attempt.detail}" if attempt.detail else ""
