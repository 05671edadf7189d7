"""Whether an answer in a server's name may be forged by another host on this network.

A forger does not see what this laptop sends, so it has to send to all ports: a sweep. It cannot sign this run's random
number, so a signed answer is proved. Any other answer counts only if no sweep was seen, and if either a sweep would
have been seen or the server also answers requests from further random ports promptly.

DNS and CoAP answers need no such proof: they have to repeat a random id of 16 bits as well as arrive at the right port.
With the ports that Linux chooses from, that makes 1.8 thousand million pairs. A forger that sends a million packets a
second for the 15 s that a CoAP ping is waited for would hit the right pair in one run of 120.
"""

from collections.abc import Sequence
from typing import Literal

from netpreflight.agent.judging.signature import has_signed
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Finding
from netpreflight.agent.sentences import counted
from netpreflight.probes.observations import AS_ROOT, Attempt, CloudEndpoint, Control, Ntp, Unasked

LEAST_PORTS = 3
"""Datagrams in one server's name to this many ports that asked nothing are a sweep: a server answers only requests."""
LEAST_CLOSED = 20
"""The same limit for the system's count of packets to closed ports. It is higher because the system counts packets from
every sender, also late answers to other programs."""
NEW_PORTS = 3
"""Where a sweep could not have been seen, a server has to answer requests from this many random ports promptly."""
PROMPT_MS = 750
"""An answer within this time, in milliseconds, is prompt. The probes wait no longer, except for NTP replies that a
device refuses."""

Doubt = Literal["swept", "unproved"]
"""`swept`: somebody sends unasked packets in the server's name. `unproved`: such a sender cannot be ruled out."""


def is_swept(unasked: Unasked | None) -> bool:
    """Whether packets came to many ports that asked nothing.

    Packets in the server's name count, or, where this process could not see the senders, the system's count of all.
    """
    if unasked is None:
        return False
    if unasked.ports is not None:
        return unasked.ports >= LEAST_PORTS
    return (unasked.closed or 0) >= LEAST_CLOSED


def doubt_of(endpoint: CloudEndpoint, profile: Profile) -> Doubt | None:
    """Why a DTLS answer may be forged; None: no doubt, no answer, or the run's version did not look for a sweep."""
    if not endpoint.record or endpoint.unasked is None or has_signed(endpoint, profile):
        return None
    return _doubt(endpoint.unasked, endpoint.new_ports, endpoint.repeated)


def doubt_of_ntp(ntp: Ntp) -> Doubt | None:
    """Why the NTP replies may be forged; None: no doubt, or the run's version did not look for a sweep.

    A device's NTP request holds nothing random that a reply would have to return.
    """
    if ntp.unasked is None:
        return None
    return _doubt(ntp.unasked, from_random_ports(ntp), ntp.repeated)


def from_random_ports(ntp: Ntp) -> Sequence[Attempt]:
    """The requests from random ports that confirm the NTP replies if `NEW_PORTS` of them were answered promptly.

    After a good reply, these are the additional requests. If a device refuses all replies, they are the attempts after
    the first reply.
    """
    if ntp.good is not None:
        return ntp.new_ports
    replies = [attempt for attempt in ntp.attempts if attempt.outcome == "reply"]
    return [attempt for attempt in replies[1:] if ntp.random_ports and (attempt.rtt_ms or 0) <= PROMPT_MS]


def doubt_of_control(control: Control) -> Doubt | None:
    """Why the answer of a control may be forged; None: no doubt, as always for HTTP over TCP.

    The answer of a control is compared with the silence of UDP 5683.
    """
    return None if control.unasked is None else _doubt(control.unasked, control.new_ports, 0)


def may_be_forged(endpoint: CloudEndpoint) -> bool:
    """Whether a DTLS answer may be forged, judged without the device's key.

    If the probe sent no requests from new ports, it had found the signature good: then only a sweep makes it doubtful.
    """
    if endpoint.unasked is None:
        return False
    doubt = _doubt(endpoint.unasked, endpoint.new_ports, endpoint.repeated)
    return doubt == "swept" or (doubt == "unproved" and bool(endpoint.new_ports))


def _doubt(unasked: Unasked, new_ports: Sequence[Attempt], repeated: int) -> Doubt | None:
    if is_swept(unasked) or repeated:
        return "swept"
    if unasked.ports is not None or _answered(new_ports) >= NEW_PORTS:
        return None
    return "unproved"


def _answered(new_ports: Sequence[Attempt]) -> int:
    """How many of the new ports were answered."""
    return sum(attempt.outcome == "reply" for attempt in new_ports)


def doubtful(finding: Finding, endpoint: CloudEndpoint, where: str, profile: Profile) -> Finding:
    """Replace a finding that rests on an answer which may be forged; return any other finding as it is.

    A failure that rests on silence is replaced only if a sweep was seen. A finding that rests on an answer (a pass, a
    warning or `other-key`) is also replaced if a forger cannot be ruled out.
    """
    doubt = doubt_of(endpoint, profile)
    if doubt == "swept":
        return swept(where, endpoint.unasked, endpoint.repeated)
    if doubt is None or (finding.status not in {"pass", "warn"} and finding.problem != "other-key"):
        return finding
    what = (
        f"It answered with {endpoint.record}, without a signature over this run's random number that fits a known key"
    )
    return unproved(where, what, endpoint.new_ports, endpoint.unasked)


def unproved(where: str, what: str, new_ports: Sequence[Attempt], unasked: Unasked | None) -> Finding:
    """The finding about an answer that anybody on this network can have sent.

    Args:
        where: the server and its port.
        what: what the answer lacks, as a sentence without its full stop.
        new_ports: the requests from random ports.
        unasked: what came to other ports, as far as that was seen.
    """
    return Finding(
        status="unknown",
        summary=f"{where} is answered, and nothing proves that the server itself did",
        problem="unproved",
        reason=f"{what}. Somebody on this network who sends such answers to all ports looks the same, and this laptop "
        f"cannot see that without privileges. Of {NEW_PORTS} more random ports, {_answered(new_ports)} were answered "
        "promptly.",
        remedy=f"{_to_see_more(unasked)}: then it sees whether anybody sends unasked.",
        owner="device owner",
    )


def _to_see_more(unasked: Unasked | None) -> str:
    """The step that lets the next run see in whose name packets come, without its full stop."""
    return (unasked.unlocked_by if unasked else None) or f"Run netpreflight again {AS_ROOT}"


def swept(where: str, unasked: Unasked | None, repeated: int = 0) -> Finding:
    """The finding where somebody sends, or may send, in a server's name, so that no answer from there counts."""
    forges = "Whoever forges answers has to try all ports like that, and nothing in the answer proves that the server "
    if not repeated and unasked is not None and unasked.ports is None:
        return Finding(
            status="unknown",
            summary=f"{where} is answered, but much comes to ports of this laptop that asked nothing",
            problem="swept",
            reason=f"Meanwhile {unasked.closed} packets came to closed ports of this laptop. {forges}itself sent it. "
            "In whose name they came does not show without privileges.",
            remedy=f"{_to_see_more(unasked)}: then it sees whether they come in this server's name.",
            owner="device owner",
        )
    ports = unasked.ports if unasked else None
    shown = (
        f"In this server's name, {counted(ports, 'port')} of this laptop got packets without having asked"
        if ports
        else f"{counted(repeated, 'datagram')} more came to ports that already had their answer"
    )
    return Finding(
        status="unknown",
        summary=f"{where} is answered, but somebody sends in its name to ports that asked nothing",
        problem="swept",
        reason=f"{shown}. {forges}itself sent it.",
        remedy="Find the host on this network that sends these packets (a capture on this laptop shows its MAC "
        "address) and disconnect it, then run netpreflight again. Or run it where only the router and this laptop are "
        "connected.",
        owner="network administrator",
    )


def evidence(
    where: str, request: str, unasked: Unasked | None, new_ports: Sequence[Attempt], repeated: int
) -> list[str]:
    """Lines of evidence on whether somebody else sends in a server's name.

    They tell of the answers to the new ports, of packets to ports that asked nothing, and of repeated answers.
    `request` names what was sent from the new ports.
    """
    lines = [f"{where}, {request} from another random port, {attempt.words}" for attempt in new_ports]
    if unasked and unasked.ports:
        lines.append(f"{where}: {counted(unasked.ports, 'port')} that asked nothing got packets in its name")
    if unasked and unasked.closed:
        lines.append(f"{counted(unasked.closed, 'packet')} came to closed ports of this laptop meanwhile")
    if repeated:
        lines.append(f"{where}: {counted(repeated, 'datagram')} more came to ports that already had their answer")
    return lines
