"""Judging the device's own cloud endpoint: `cloud.transport`."""

from typing import Any, Literal

import msgspec

from netpreflight.agent.judging import forged
from netpreflight.agent.judging.addresses import is_local, zone_of
from netpreflight.agent.judging.coap import own_server
from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.judging.icmp import from_host, named, refusal, trusted
from netpreflight.agent.judging.nat import forgotten, idle_evidence
from netpreflight.agent.judging.on_link import of_nobody
from netpreflight.agent.judging.path import beyond_this_site
from netpreflight.agent.judging.signature import is_signed
from netpreflight.agent.judging.unseen import no_address, not_looked, not_read, not_sent, of_another_run, unread
from netpreflight.agent.profiles import Fact, Profile
from netpreflight.agent.results import BEST_FIRST, Finding, Flow, Named
from netpreflight.agent.sentences import counted
from netpreflight.probes.observations import (
    TOO_MUCH,
    UDP_OVERHEAD,
    Attempt,
    CloudEndpoint,
    Connection,
    Icmp,
    Observations,
    ServerFlight,
    WholePackets,
)

NOT_MEASURED_THEN = "what follows the first record was not measured then"
"""Evidence where the exchange ended with the server's first record, as in runs of earlier versions."""


def transport(view: DeviceView) -> Finding:
    """Whether the device's own cloud endpoint answers in its own protocol."""
    seen, profile = view.seen, view.profile
    needs = profile.cloud
    if needs.transport.value == "coap":
        # A plain CoAP device's cloud is a CoAP server: the exchange is the same.
        finding = own_server(view)
        return msgspec.structs.replace(finding, summary=f"CoAP endpoint: {finding.summary}")
    cloud = seen.cloud
    if cloud is None or cloud.not_run:
        return not_looked(cloud, "The device's cloud port was not looked at")
    endpoints = view.endpoints
    if unasked := [host for host in needs.hosts.value if all(endpoint.host != host for endpoint in endpoints)]:
        missing = of_another_run(f"{unasked[0]} was not asked in this run", profile)
    elif not any(endpoint.address for endpoint in endpoints):
        missing = no_address(seen, needs.hosts.value)
    else:
        missing = None
    findings = [_of(endpoint, view) for endpoint in endpoints if endpoint.address]
    # One host that answers is enough. That all of them fail is known only if all were asked.
    finding = min([*findings, *([missing] if missing else [])], key=lambda finding: BEST_FIRST.index(finding.status))
    if not findings:
        return finding
    finding = msgspec.structs.replace(finding, evidence=[line for finding in findings for line in finding.evidence])
    if needs.transport.value == "dtls":
        finding = _with_large_packets(finding, endpoints, seen, profile)
        if finding.status == "pass" and (lost := forgotten(seen, profile)):
            finding = msgspec.structs.replace(lost, evidence=finding.evidence)
        finding = msgspec.structs.replace(finding, evidence=[*finding.evidence, *idle_evidence(seen)])
    facts: list[Fact[Any]] = [needs.transport, needs.port, needs.hosts, *finding.rests_on]
    return msgspec.structs.replace(finding, rests_on=facts)


def _of(endpoint: CloudEndpoint, view: DeviceView) -> Finding:
    """The finding about one endpoint that has an address."""
    found = (_nonce if endpoint.transport == "tcp-nonce" else _dtls)(endpoint, view.seen, view.profile)
    return of_nobody([endpoint], view.seen, view.doubted, found.evidence) or found


def of_endpoint(endpoint: CloudEndpoint, profile: Profile) -> Finding:
    """The finding about one DTLS endpoint by its own exchange only, without the rest of the run's observations."""
    return _dtls(endpoint, Observations(), profile)


def _nonce(endpoint: CloudEndpoint, seen: Observations, profile: Profile) -> Finding:
    """The finding about a cloud that sends a nonce over TCP (Core, Photon, P1)."""
    where = f"{endpoint.host} ({endpoint.address}), TCP {endpoint.port}"
    patience = profile.cloud.answer_s
    evidence = [f"{where}, {connection.at_s:.1f} s: {_describe(connection)}" for connection in endpoint.connections]
    # nonce: 40 bytes, different on each connection
    nonces = [connection for connection in endpoint.connections if connection.is_nonce]
    if endpoint.nonce and (after := _after_nonce(endpoint)) is not None:
        return Finding(
            status="unknown",
            summary=f"{where} sends a nonce on one connection, and none on the next",
            problem="no-nonce",
            reason=f"The next connection: {_describe(after)}. The real service sends a nonce on each. This may be "
            "loss, or something on the way that lets only the first connection pass.",
            remedy="Run netpreflight again; if it says the same, exempt the device's cloud port, "
            f"TCP {endpoint.port}, from application control.",
            owner="network administrator",
            evidence=evidence,
            rests_on=[patience],
        )
    if endpoint.nonce:
        of_the_others = ", another one on each connection" if len(nonces) > 1 else ""
        return Finding(status="pass", summary=f"{where} answers: a nonce of 40 bytes{of_the_others}", evidence=evidence)
    connected = [connection for connection in endpoint.connections if connection.connect_ms is not None]
    spoken = [connection for connection in connected if connection.received]
    count = len(endpoint.connections)
    if not count:
        return not_read(where, endpoint.attempts, evidence) or not_looked(
            None, f"The attempt on {where} was not completed"
        )
    if spoken:
        problem = "foreign-answer"
        summary = f"{where} is answered by something else"
        octets = len(spoken[0].received) // 2  # hex
        reason = (
            "The same 40 bytes came on two connections, where the real service sends a new random number on each"
            if nonces
            else f"Received {octets} bytes, which are not a nonce"
        ) + f": {spoken[0].received[:48]}."
    elif connected:
        problem = "no-nonce"
        how = {"timeout": "stays silent", "reset": "is reset", "closed": "is closed"}.get(
            connected[0].error or "", "fails"
        )
        summary = f"{where} accepts the connection, which then {how}"
        reason = (
            f"The real service sends 40 bytes at once; none came in {endpoint.waited_s:.1f} s on "
            f"{counted(count, 'connection')} (the device waits {patience.value:g} s). A proxy or a filter that accepts "
            'connections itself looks like this; the device would log "Could not receive nonce".'
        )
    else:
        error = next((connection.error for connection in endpoint.connections if connection.error), None) or "timeout"
        problem = {"timeout": "no-answer", "refused": "connection-refused"}.get(error, "no-connection")
        how = "no answer" if error == "timeout" else error
        summary = f"{where} cannot be reached: {how}"
        limit = profile.cloud.connect_s
        reason = f"{counted(count, 'attempt')} to connect in {endpoint.waited_s:.1f} s failed: {how}." + (
            f" The device gives each {limit.value:g} s." if limit else ""
        )
    found = Finding(
        status="fail",
        summary=summary,
        problem=problem,
        reason=reason,
        remedy=f"Allow outbound TCP {endpoint.port} to {zone_of(endpoint.host)} (now {endpoint.address}; its "
        "addresses change), without any proxy or inspection in between.",
        owner="network administrator",
        evidence=evidence,
        rests_on=[patience],
        to_allow=[_flow("tcp", endpoint)],
    )
    return beyond_this_site(found, _flow("tcp", endpoint), seen) if problem == "no-answer" else found


def _after_nonce(endpoint: CloudEndpoint) -> Connection | None:
    """The last connection, if something ended it without a nonce although the connection before brought one.

    None also if the last connection was silent until the timeout, because that may be packet loss.
    """
    *before, last = endpoint.connections
    if not before or not before[-1].is_nonce or last.is_nonce:
        return None
    return None if last.error == "timeout" and not last.received else last


def _describe(connection: Connection) -> str:
    """One TCP connection in words: whether it was made, how much came, and how it ended."""
    connected = f"connected in {connection.connect_ms:.0f} ms" if connection.connect_ms is not None else "not connected"
    return f"{connected}, {len(connection.received) // 2} bytes received, {connection.error or 'then silence'}"


def _dtls(endpoint: CloudEndpoint, seen: Observations, profile: Profile) -> Finding:
    """The finding about a cloud that speaks DTLS over UDP (Argon, P2, Photon 2, M-SoM)."""
    where = f"{endpoint.host} ({endpoint.address}), UDP {endpoint.port}"
    evidence = [f"{where}, {attempt.words}" for attempt in endpoint.attempts]
    if endpoint.record:
        finding = _late(endpoint, where, profile) or _handshake(endpoint, where, seen, profile)
        finding = forged.doubtful(finding, endpoint, where, profile)
        evidence += _flight_evidence(endpoint, where)
        evidence += forged.evidence(where, "ClientHello", endpoint.unasked, endpoint.new_ports, endpoint.repeated)
        return msgspec.structs.replace(finding, evidence=evidence)
    flow = _flow("udp", endpoint)
    from_new_ports = [
        f"{where}, ClientHello from another random port, {attempt.words}" for attempt in endpoint.new_ports
    ]
    if found := refusal(
        flow, endpoint.attempts, endpoint.new_ports, endpoint.unasked, seen, [*evidence, *from_new_ports]
    ):
        return found
    if found := not_read(where, endpoint.attempts, evidence):
        return found
    error = next((attempt.detail for attempt in endpoint.attempts if attempt.outcome == "error"), None)
    if error or not endpoint.attempts:
        return not_sent("a ClientHello", where, error or "nothing was sent", evidence)
    closed = from_host(flow.address, trusted(endpoint.attempts, endpoint.new_ports, endpoint.unasked))
    answer = f"says {closed.meaning}" if closed else "does not answer"
    found = Finding(
        status="fail",
        summary=f"{where} {answer}",
        problem=_problem_of_silence(endpoint, closed),
        named=Named(address=closed.source) if closed else None,
        reason=_how_sure(endpoint, profile),
        remedy=f"Allow outbound UDP {endpoint.port} to {zone_of(endpoint.host)} (now {endpoint.address}; "
        "its addresses change), with replies.",
        owner="network administrator",
        evidence=evidence,
        rests_on=[*([profile.cloud.hello_at_s] if profile.cloud.hello_at_s else []), profile.cloud.answer_s],
        to_allow=[flow],
    )
    return beyond_this_site(found, flow, seen) if found.problem == "no-answer" else found


def _handshake(endpoint: CloudEndpoint, where: str, seen: Observations, profile: Profile) -> Finding:
    """The finding about the handshake after the first record: whether the server has the key that devices carry."""
    flight, key = endpoint.flight, profile.cloud.server_key
    if flight is None:  # nothing after the first record was asked, so that decides
        return Finding(status="pass", summary=f"{where} answers a DTLS ClientHello with {endpoint.record}")
    if key and is_signed(key.value, flight.client_random, flight.server_random, flight.key_exchange):
        summary = f"{where} signed this run's random number with the key that devices carry"
        return Finding(status="pass", summary=summary, rests_on=[key])
    if flight.answer == "flood":
        return unread(where, TOO_MUCH, [])
    if flight.answer in {None, "HelloVerifyRequest"}:
        return _second_flight(endpoint, flight, where, seen)
    if key is None:
        cookie = " with the cookie" if flight.attempts else ""
        return Finding(status="pass", summary=f"{where} answers a DTLS ClientHello{cookie} with {flight.answer}")
    if flight.answer != "ServerHello":
        fault = f"with {flight.answer}, so it does not prove that it has the server key that devices carry"
        reason = (
            f"A device that is answered with {flight.answer} gets no connection. Something else answers in the cloud's "
            "place, or the cloud refuses the handshake."
        )
    else:
        fault = "it signs nothing, so it does not prove that it has the server key that devices carry"
        what = "It signs nothing"
        if flight.key_exchange:
            fault = "its signature does not fit the server key that devices carry"
            what = "What it signed does not fit that key"
        reason = (
            f"{what}. A device would refuse such a server: something else answers in the cloud's place, or the cloud "
            "has another key than the known one."
        )
    return Finding(
        status="fail" if key.certainty == "confirmed" or is_local(endpoint.address or "") else "warn",
        summary=f"{where} answers, but {fault}",
        problem="other-key",
        reason=reason,
        remedy=f"Find out what answers for {endpoint.host} ({endpoint.address}) here: something that inspects DTLS, or "
        "a wrong address from the resolver. Compare with a phone's hotspot.",
        owner="network administrator",
        rests_on=[key],
    )


def _second_flight(endpoint: CloudEndpoint, flight: ServerFlight, where: str, seen: Observations) -> Finding:
    """The finding where a server answered the first ClientHello, but not the second, which returns its cookie."""
    flow = _flow("udp", endpoint)
    if found := refusal(flow, flight.attempts, endpoint.new_ports, endpoint.unasked, seen, []):
        return found
    if found := not_read(where, [*flight.attempts, *flight.same_port, *flight.new_port], []):
        return found
    if error := next((attempt.detail for attempt in flight.attempts if attempt.outcome == "error"), None):
        return not_sent("a ClientHello with a cookie", where, error, [])
    same, new = (
        any(attempt.outcome == "reply" for attempt in attempts) for attempts in (flight.same_port, flight.new_port)
    )
    sent = sum(attempt.outcome != "ignored" for attempt in flight.attempts)
    reason = f"The first ClientHello was answered with {endpoint.record}, and {sent} with the cookie were not answered."
    unclear = None
    if flight.answer and not flight.attempts:
        unclear = "The server asks for a cookie, and gives none."
    elif flight.answer:
        unclear = (
            "The server rejects the cookie that it issued itself, and repeats its cookie request (HelloVerifyRequest). "
            "A cookie is valid only for the address and port that it was issued to: a router that spreads one "
            "conversation over two uplinks looks like this, and so do two servers behind one address that do not share "
            "their secret."
        )
    elif flight.messages:
        unclear = (
            f"Of the server's flight only {', '.join(flight.messages)} came: the rest was lost, or something on the "
            "way drops it. That a plain ClientHello gets no answer shows nothing: a server does not answer one in the "
            "middle of a handshake."
        )
    elif same:
        unclear = (
            f"{reason} The plain ClientHello is still answered in the same conversation: a server that silently "
            "drops what it refuses looks like this, and so does a firewall that understands the handshake."
        )
    elif not (flight.same_port and flight.new_port):
        unclear = f"{reason} There was no time left to find out whether the network or the server is the cause."
    if unclear:
        return Finding(
            status="unknown",
            summary=f"{where} answers a ClientHello, and does not go on with the handshake",
            problem="second-flight",
            reason=unclear,
            remedy="Run netpreflight again, with --deep, and compare with a phone's hotspot: run it there, too.",
            owner="network administrator",
        )
    return Finding(
        status="fail",
        summary=f"{where} answers a ClientHello, and nothing that follows it",
        problem="second-flight",
        reason=f"{reason} The first ClientHello, sent again from the same port, was not answered either, "
        + (
            "but one from a new port was: something on the way lets a conversation begin and then drops it, as a "
            "firewall with application control does."
            if new
            else "and neither was one from a new port: something on the way has begun to drop this traffic."
        ),
        remedy=f"Allow outbound UDP {endpoint.port} to {zone_of(endpoint.host)} (now {endpoint.address}; its "
        "addresses change) and the replies, and exempt this traffic from application control and inspection: the "
        "device speaks DTLS, not HTTP or QUIC.",
        owner="network administrator",
        to_allow=[flow],
    )


def _flight_evidence(endpoint: CloudEndpoint, where: str) -> list[str]:
    """What came after the first record, in words."""
    flight = endpoint.flight
    if flight is None:
        return [f"{where}: {NOT_MEASURED_THEN}"]
    lines = [f"{where}, ClientHello with the cookie, {attempt.words}" for attempt in flight.attempts]
    lines += [f"{where}, plain ClientHello again, {attempt.words}" for attempt in flight.same_port]
    lines += [f"{where}, ClientHello from a new port, {attempt.words}" for attempt in flight.new_port]
    return [*lines, f"{where}, the server's flight: {', '.join(flight.messages)}"] if flight.messages else lines


def _problem_of_silence(endpoint: CloudEndpoint, closed: Icmp | None) -> str:
    """The problem where a ClientHello brought no DTLS record: refused, answered by something else, or silence."""
    if closed:
        return "port-closed"
    return "foreign-answer" if any(attempt.outcome == "ignored" for attempt in endpoint.attempts) else "no-answer"


def _flow(protocol: Literal["udp", "tcp"], endpoint: CloudEndpoint) -> Flow:
    return Flow(protocol=protocol, port=endpoint.port, address=endpoint.address or "", host=endpoint.host)


def _how_sure(endpoint: CloudEndpoint, profile: Profile) -> str:
    """How many ClientHellos got no answer, and how that compares with how many the device would send."""
    sent, patience = sum(attempt.outcome != "ignored" for attempt in endpoint.attempts), profile.cloud.answer_s.value
    text = f"{counted(sent, 'ClientHello')} in {endpoint.waited_s:.0f} s brought no DTLS record back."
    schedule = profile.cloud.hello_at_s.value if profile.cloud.hello_at_s else []
    if len(schedule) <= sent:
        return text
    return (
        f"{text} The device sends {len(schedule)} in {patience:g} s; a network that loses one packet in ten would lose "
        f"{sent} and their answers once in {_odds(sent)} times. --deep waits as long as the device."
    )


def _odds(sent: int) -> int:
    """N, if `sent` exchanges in a row all fail once in N times where one packet in ten is lost in each direction."""
    return round(1 / (1 - 0.9**2) ** sent)


def _late(endpoint: CloudEndpoint, where: str, profile: Profile) -> Finding | None:
    """The finding where the answer came later than the device waits for it; None: it came in time."""
    patience = profile.cloud.answer_s
    attempts = [*endpoint.attempts, *(endpoint.flight.attempts if endpoint.flight else [])]
    answered = max((attempt for attempt in attempts if attempt.outcome == "reply"), key=_came_at, default=None)
    if answered is None:
        return None
    took = _came_at(answered) - endpoint.attempts[0].at_s
    if took <= patience.value:
        return None
    return Finding(
        status="fail",
        summary=f"{where} answers after {took:.0f} s; the device gives up after {patience.value:g} s",
        problem="too-late",
        reason=f"The answer came {took:.1f} s after the first ClientHello.",
        remedy="Find out what loses or delays packets on the way to the internet.",
        owner="network administrator",
        rests_on=[patience],
    )


def _came_at(attempt: Attempt) -> float:
    """When the answer to an attempt came."""
    return attempt.at_s + (attempt.rtt_ms or 0.0) / 1000


def _with_large_packets(
    finding: Finding, endpoints: list[CloudEndpoint], seen: Observations, profile: Profile
) -> Finding:
    """Add to a passing finding what is known about large packets to the endpoint.

    It becomes a warning where a router reports that a packet was too large. Without such a report there is only
    evidence, and no warning.
    """
    needs = profile.cloud.path_mtu
    answering = [server for server in endpoints if server.record and server.address]
    if finding.status != "pass" or needs is None or not answering:
        return finding
    evidence = [line for server in answering for line in _size_evidence(server, seen)]
    narrow = [found for server in answering if (found := _too_narrow(server, seen, needs.value))]
    if len(narrow) < len(answering):  # one host that is reached is enough
        return msgspec.structs.replace(finding, evidence=[*finding.evidence, *evidence])
    endpoint, error, size = narrow[0]
    where = f"{endpoint.host} ({endpoint.address}), UDP {endpoint.port}"
    return Finding(
        status="warn",
        summary=f"{where} answers, but no packet of {size} bytes gets past {error.source} whole",
        problem="small-mtu",
        named=named(error.source, seen),
        reason=f"A packet of {size} bytes, not to be fragmented, was refused by {error.source}: {error.meaning}. "
        f"DTLS needs packets of up to {needs.value} bytes, and not every device can reassemble fragments.",
        remedy=f"Let packets of {needs.value} bytes through whole: look at the MTU of tunnels and PPPoE on the way, "
        'and let ICMP "fragmentation needed" pass.',
        owner="network administrator",
        evidence=[*finding.evidence, *evidence],
        rests_on=[needs],
    )


def _whole_packets(endpoint: CloudEndpoint, seen: Observations) -> WholePackets | None:
    """What happened to large packets on the way to an endpoint; None: none were sent, or their errors may be forged.

    The large packets hold no random number, so an ICMP error that quotes one proves nothing on a network where
    somebody sends answers that nobody asked for.
    """
    targets = [target for target in (seen.path.targets if seen.path else []) if not forged.is_swept(target.unasked)]
    to_endpoint = (
        target for target in targets if (target.address, target.device.port) == (endpoint.address, endpoint.port)
    )
    return next((target.whole for target in to_endpoint if target.whole), None)


def _too_narrow(endpoint: CloudEndpoint, seen: Observations, needed: int) -> tuple[CloudEndpoint, Icmp, int] | None:
    """The ICMP error which shows that the device's packets of `needed` bytes do not fit; None: there is none.

    Returned with the endpoint, and with the size of the probe that the error is about. That probe was no larger than
    `needed`, or the error names an MTU below `needed`. Runs of an earlier version have a large ClientHello instead of
    probes: ICMP errors about it count, and its silence does not, because the vendor's published server answers no
    ClientHello of that size.
    """
    whole, large = _whole_packets(endpoint, seen), endpoint.large
    errors = [(probe.icmp, whole.size) for probe in whole.probes] if whole else []
    if large and not large.record:
        errors += [(attempt.icmp, large.size) for attempt in large.attempts]
    too_large = [(icmp, size) for icmp, size in errors if icmp and icmp.is_too_large]
    found = next(((icmp, size) for icmp, size in too_large if size <= needed or (icmp.mtu or size) < needed), None)
    return (endpoint, *found) if found else None


def _size_evidence(endpoint: CloudEndpoint, seen: Observations) -> list[str]:
    """Evidence lines on the path MTU, out and back; empty where it was not measured."""
    where = f"{endpoint.host} ({endpoint.address}), UDP {endpoint.port}"
    lines: list[str] = []
    if whole := _whole_packets(endpoint, seen):
        passed = next((probe for probe in whole.probes if probe.outcome == "time-exceeded"), None)
        refusals = [
            f"{probe.outcome}, {probe.icmp.meaning} from {probe.icmp.source}" for probe in whole.probes if probe.icmp
        ]
        if passed:
            result = f"get whole to {passed.source} (hop {passed.ttl}), which is before the server"
        elif refusals:
            result = f"do not: {'; '.join(refusals)}"
        else:
            why = {probe.detail for probe in whole.probes if probe.detail}
            result = f"not known: {', '.join(sorted(why)) if why else 'no router before the server says so'}"
        lines.append(f"{where}, packets of {whole.size} bytes out: {result}")
    if endpoint.large:
        lines += [f"{where}, {endpoint.large.size} bytes, {attempt.words}" for attempt in endpoint.large.attempts]
        if not endpoint.large.record and not any(attempt.icmp for attempt in endpoint.large.attempts):
            lines.append(
                f"{where}, {endpoint.large.size} bytes: that a ClientHello of this size gets no answer says "
                "nothing of the path"
            )
    mapping = seen.mapping
    if mapping and mapping.largest and (mapping.address, mapping.port) == (endpoint.address, endpoint.port):
        lines.append(
            f"{where}, packets from the server back: the largest had {mapping.largest + UDP_OVERHEAD} bytes, "
            "unfragmented"
        )
    return lines
