"""Which path is traced: to the cloud port, if it did not answer, and to control ports that are known to pass.

The cloud port is the one that the device uses to reach its cloud. If it did answer, its path is traced only on request,
or if something suggests that large packets do not get through. Then there are no control ports, so that the server gets
only packets that a device would send.
"""

from netpreflight.agent.judging.doubt import doubts
from netpreflight.agent.judging.witnessed import answered_at
from netpreflight.agent.profiles import Profile
from netpreflight.probes.net.ladders import Destination, Rungs
from netpreflight.probes.observations import Attempt, Observations, PathPayload
from netpreflight.probes.path import Target

_NTP_PORT, _DNS_PORT, _HTTPS_PORT = 123, 53, 443
_ETHERNET_MTU = 1500
_ASKED_AGAIN: dict[str, tuple[PathPayload, str]] = {
    "coap": ("coap", "it answered a CoAP ping"),
    "dtls": ("dtls", "it answered a ClientHello"),
    "http": ("syn", "it answered a request"),
    "nonce": ("syn", "it sent its nonce"),
}
"""Keyed by the protocol of a port that answered: what a ladder sends to it, and how it answered. NTP is added later."""


def path_targets(seen: Observations, profile: Profile, *, always: bool = False, deep: bool = False) -> list[Target]:
    """The target to trace, as a list of one; empty: no path has to be traced.

    Of several hosts, one that answered on the cloud port is preferred, then one that answered on another port, which
    then serves as the control. An address that is certainly not the cloud's is left out: its path would show nothing.

    Args:
        seen: the run so far.
        profile: the device judged.
        always: trace the path even if the cloud port answered.
        deep: the same, and test whether large packets get out unfragmented.
    """
    needs = profile.cloud
    hosts, port = needs.hosts.value, needs.port.value
    places: list[tuple[Destination, bool, float]] = []  # whether the cloud port answered, and after how many seconds
    payload: PathPayload
    if needs.transport.value == "coap":
        payload = "coap"
        servers = seen.coap.servers if seen.coap else []
        places = [
            (Destination(server.host, server.address), server.has_answered, _took_s(server.attempts))
            for server in servers
            if server.address and server.host in hosts and server.port == port
        ]
    else:
        payload = "dtls" if needs.transport.value == "dtls" else "syn"
        endpoints = seen.cloud.endpoints if seen.cloud else []
        places = [
            (
                Destination(endpoint.host, endpoint.address),
                endpoint.record is not None or endpoint.nonce,
                _took_s(endpoint.attempts),
            )
            for endpoint in endpoints
            if endpoint.address
            and endpoint.host in hosts
            and (endpoint.transport, endpoint.port) == (needs.transport.value, port)
        ]
    doubted = doubts(seen, profile)
    places = [found for found in places if not (found[0].address in doubted and doubted[found[0].address].is_certain)]
    if not places:
        return []
    place, answered, took_s = max(
        places, key=lambda candidate: (candidate[1], bool(_answered(seen, candidate[0].address)))
    )
    device = Rungs("tcp" if payload == "syn" else "udp", port, payload)
    if not answered:
        return [Target(place, device, _controls(seen, place, device))]
    largest = needs.path_mtu.value if payload == "dtls" and needs.path_mtu else None
    whole = largest if deep or _suggests_small_mtu(seen) else None
    return [Target(place, device, whole_size=whole, answers_in_s=took_s)] if always or deep or whole else []


def _took_s(attempts: list[Attempt]) -> float:
    """How many seconds an answer took; 0: none came, or the time is not known."""
    return max((attempt.rtt_ms or 0.0 for attempt in attempts if attempt.outcome == "reply"), default=0.0) / 1000


def _suggests_small_mtu(seen: Observations) -> bool:
    """Whether this laptop's link (PPPoE, a tunnel) or an ICMP error suggests a path MTU below Ethernet's 1500 bytes."""
    scope = seen.scope
    attempts = [attempt for endpoint in (seen.cloud.endpoints if seen.cloud else []) for attempt in endpoint.attempts]
    has_icmp_error = any(attempt.icmp and attempt.icmp.is_too_large for attempt in attempts)
    return has_icmp_error or scope.is_tunnel or (scope.mtu is not None and scope.mtu < _ETHERNET_MTU)


def _controls(seen: Observations, place: Destination, device: Rungs) -> tuple[Rungs, ...]:
    """One control port for UDP and one for TCP: a port that answered, or else one that usually passes.

    The device's own protocol comes first.
    """
    known = [
        rungs
        for rungs in _answered(seen, place.address)
        if (rungs.protocol, rungs.port) != (device.protocol, device.port)
    ]
    if seen.ntp and seen.ntp.good:
        known.append(Rungs("udp", _NTP_PORT, "ntp", f"{seen.ntp.server} answered on it"))
    usual = [Rungs("udp", _DNS_PORT, "dns"), Rungs("tcp", _HTTPS_PORT, "syn")]
    chosen = [next(rungs for rungs in [*known, *usual] if rungs.protocol == protocol) for protocol in ("udp", "tcp")]
    return tuple(sorted(chosen, key=lambda rungs: rungs.protocol != device.protocol))


def _answered(seen: Observations, address: str) -> list[Rungs]:
    """The ports of an address that answered in this run, as rungs of a ladder."""
    return [
        Rungs(answered.protocol, answered.port, *_ASKED_AGAIN[answered.speaks])
        for answered in answered_at(seen, address)
        if answered.speaks in _ASKED_AGAIN
    ]
