"""Judging the device's own cloud endpoint: `cloud.transport`."""

import msgspec

from agent.checks import Finding
from agent.judging.coap import udp_5683
from agent.judging.icmp import from_host, refused
from agent.judging.unseen import no_address, not_looked, not_sent, of_another_run
from agent.profiles import Profile
from probes.observations import CloudEndpoint, Connection, Observations


def transport(seen: Observations, profile: Profile) -> Finding:
    """Whether the device's own cloud endpoint answers in its own protocol."""
    if profile.cloud.transport.value == "coap":
        # A plain CoAP device's cloud is a CoAP server: the exchange is the same.
        finding = udp_5683(seen, profile)
        return msgspec.structs.replace(finding, summary=f"CoAP endpoint: {finding.summary}")
    cloud = seen.cloud
    if cloud is None or cloud.not_run:
        return not_looked(cloud, "The device's cloud port was not looked at")
    needs = profile.cloud
    mine = [one for one in cloud.endpoints if (one.transport, one.port) == (needs.transport.value, needs.port.value)]
    endpoint = next((one for one in mine if one.host in needs.hosts.value), None)
    if endpoint is None:
        return of_another_run(f"{needs.hosts.value[0]} was not asked in this run", profile)
    if endpoint.address is None:
        return no_address(seen, needs.hosts.value)
    return _nonce(endpoint) if needs.transport.value == "tcp-nonce" else _dtls(endpoint)


def _nonce(endpoint: CloudEndpoint) -> Finding:
    where = f"{endpoint.host} ({endpoint.address}), TCP {endpoint.port}"
    evidence = [f"{where}, {one.at_s:.1f} s: {_describe(one)}" for one in endpoint.connections]
    if endpoint.nonce:
        return Finding(status="pass", summary=f"{where} answers: a nonce of 40 bytes", evidence=evidence)
    connected = [one for one in endpoint.connections if one.connect_ms is not None]
    spoken = [one for one in connected if one.received]
    count = len(endpoint.connections)
    if not count:
        return not_looked(None, f"{where} was not tried to its end")
    if spoken:
        summary = f"{where} is answered by something else"
        reason = f"{len(spoken[0].received) // 2} bytes came that are no nonce: {spoken[0].received[:48]}."
    elif connected:
        how = {"timeout": "stays silent", "reset": "is reset", "closed": "is closed"}.get(
            connected[0].error or "", "fails"
        )
        summary = f"{where} accepts the connection, which then {how}"
        reason = (
            f"The real service sends 40 bytes at once; none came in {endpoint.waited_s:.1f} s on {count} connections. "
            "A proxy or a filter that accepts connections itself looks like this; the device would log "
            "`Could not receive nonce`."
        )
    else:
        error = next((one.error for one in endpoint.connections if one.error), None) or "timeout"
        how = "no answer" if error == "timeout" else error
        summary = f"{where} cannot be reached: {how}"
        reason = f"{count} attempts to connect in {endpoint.waited_s:.1f} s failed: {how}."
    return Finding(
        status="fail",
        summary=summary,
        reason=reason,
        remedy=f"Allow outbound TCP {endpoint.port} to {endpoint.host} (now {endpoint.address}; its addresses change), "
        "past any proxy or inspection.",
        owner="network administrator",
        evidence=evidence,
    )


def _describe(connection: Connection) -> str:
    connected = f"connected in {connection.connect_ms:.0f} ms" if connection.connect_ms is not None else "not connected"
    return f"{connected}, {len(connection.received) // 2} bytes received, {connection.error or 'then silence'}"


def _dtls(endpoint: CloudEndpoint) -> Finding:
    where = f"{endpoint.host} ({endpoint.address}), UDP {endpoint.port}"
    evidence = [f"{where}, {one.words}" for one in endpoint.attempts]
    if endpoint.record:
        summary = f"{where} answers a DTLS ClientHello with {endpoint.record}"
        return Finding(status="pass", summary=summary, evidence=evidence)
    address = endpoint.address or ""
    if found := refused(f"UDP {endpoint.port}", endpoint.host, address, endpoint.attempts, evidence):
        return found
    error = next((one.detail for one in endpoint.attempts if one.outcome == "error"), None)
    if error or not endpoint.attempts:
        return not_sent("a ClientHello", where, error or "nothing was sent", evidence)
    sent = sum(one.outcome != "ignored" for one in endpoint.attempts)
    closed = from_host(address, endpoint.attempts)
    how = f"says {closed.meaning}" if closed else "does not answer"
    summary = f"{where} {how}"
    reason = f"{sent} ClientHellos in {endpoint.waited_s:.0f} s brought no DTLS record back."
    return Finding(
        status="fail",
        summary=summary,
        reason=reason,
        remedy=f"Allow outbound UDP {endpoint.port} to *.{endpoint.host.partition('.')[2]} (now {endpoint.address}; "
        "its addresses change), with replies.",
        owner="network administrator",
        evidence=evidence,
    )
