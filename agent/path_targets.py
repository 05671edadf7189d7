"""Whose path is looked at: the device's port where it did not answer, beside ports that are known to pass.

Where it did answer, its path is looked at where that is asked for, or where something suggests that large packets do
not get through: alone, so that the server is sent nothing but what a device sends it.
"""

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
"""How a port that answered is asked on a ladder, and what it did, by what it speaks; NTP is asked wherever it works."""


def path_targets(seen: Observations, profile: Profile, *, always: bool = False, deep: bool = False) -> list[Target]:
    """The place where the device's port stayed unanswered, as a list of one; empty where nothing has to be looked at.

    Of several hosts the one is taken that answered on another port, which then is the control.

    Args:
        seen: the run so far.
        profile: the device judged.
        always: look at the path of a port that answered, too.
        deep: look at it, and at whether large packets get out whole.
    """
    needs = profile.cloud
    hosts, port = needs.hosts.value, needs.port.value
    places: list[tuple[Destination, bool, float]] = []
    payload: PathPayload
    if needs.transport.value == "coap":
        payload = "coap"
        servers = seen.coap.servers if seen.coap else []
        places = [
            (Destination(server.host, server.address), server.reply is not None, _took_s(server.attempts))
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
    """How long an answer took; 0: none came, or it is not known."""
    return max((attempt.rtt_ms or 0.0 for attempt in attempts if attempt.outcome == "reply"), default=0.0) / 1000


def _suggests_small_mtu(seen: Observations) -> bool:
    """Whether this laptop's own link (PPPoE, a tunnel) or an ICMP error speaks of a path narrower than Ethernet."""
    scope = seen.scope
    attempts = [attempt for endpoint in (seen.cloud.endpoints if seen.cloud else []) for attempt in endpoint.attempts]
    told = any(attempt.icmp and attempt.icmp.is_too_large for attempt in attempts)
    return told or scope.is_tunnel or (scope.mtu is not None and scope.mtu < _ETHERNET_MTU)


def _controls(seen: Observations, place: Destination, device: Rungs) -> tuple[Rungs, ...]:
    """A port of each protocol, the device's own protocol first: one that answered, or else one that usually passes."""
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
    """The ports of an address that answered in this run."""
    return [
        Rungs(answered.protocol, answered.port, *_ASKED_AGAIN[answered.speaks])
        for answered in answered_at(seen, address)
        if answered.speaks in _ASKED_AGAIN
    ]
