"""Whether an answer in a server's name may come from somebody on this network who was not asked.

Such a host does not see what this laptop sends, so it tries all ports. It cannot sign this run's random number: what is
signed is proved. Every other answer counts only if no such sweep was seen, and one could have been seen.

DNS and CoAP need none of this: their answers have to repeat a random id of 16 bits as well as come to the right port.
That makes 1.8 thousand million pairs with the ports that Linux chooses from. A million packets a second for the 15 s
that a CoAP ping is waited for would meet one run in 120.
"""

from collections.abc import Sequence
from typing import Literal

from netpreflight.agent.judging.signature import has_signed
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Finding
from netpreflight.agent.sentences import counted
from netpreflight.probes.observations import AS_ROOT, Attempt, CloudEndpoint, Control, Ntp, Unasked

LEAST_PORTS = 3
"""So many closed ports that get datagrams in one server's name are a sweep: a server answers only those that ask."""
LEAST_CLOSED = 20
"""The same for the system's count, which counts what comes in every name: late answers to other programs, too."""
NEW_PORTS = 3
"""From so many random ports a server has to answer promptly, where a sweep could not have been seen."""
PROMPT_MS = 750
"""So soon, in milliseconds; the probes wait no longer, except for NTP replies that a device refuses."""

Doubt = Literal["swept", "unproved"]
"""`swept`: somebody sends in the server's name. `unproved`: nothing shows that nobody does."""


def is_swept(unasked: Unasked | None) -> bool:
    """Whether somebody sends in a server's name to ports that asked nothing."""
    if unasked is None:
        return False
    if unasked.ports is not None:
        return unasked.ports >= LEAST_PORTS
    return (unasked.closed or 0) >= LEAST_CLOSED


def doubt_of(endpoint: CloudEndpoint, profile: Profile) -> Doubt | None:
    """Why what answered by DTLS may be forged; None: it is not, or the run's version could not have shown it."""
    if not endpoint.record or endpoint.unasked is None or has_signed(endpoint, profile):
        return None
    return _doubt(endpoint.unasked, endpoint.new_ports, endpoint.repeated)


def doubt_of_ntp(ntp: Ntp) -> Doubt | None:
    """The same of NTP replies: a device's request has nothing random in it that a reply would return."""
    if ntp.unasked is None:
        return None
    return _doubt(ntp.unasked, from_random_ports(ntp), ntp.repeated)


def from_random_ports(ntp: Ntp) -> Sequence[Attempt]:
    """The requests from random ports that confirm its replies if all of them were answered promptly."""
    if ntp.good is not None:
        return ntp.new_ports
    replies = [attempt for attempt in ntp.attempts if attempt.outcome == "reply"]
    return [attempt for attempt in replies[1:] if ntp.random_ports and (attempt.rtt_ms or 0) <= PROMPT_MS]


def doubt_of_control(control: Control) -> Doubt | None:
    """The same of a control, which is compared with the silence of UDP 5683; HTTP over TCP is not in doubt."""
    return None if control.unasked is None else _doubt(control.unasked, control.new_ports, 0)


def may_be_forged(endpoint: CloudEndpoint) -> bool:
    """The same without a key: an endpoint whose signature the probe has found good is in doubt only if swept."""
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
    """The finding instead of one that rests on an answer which may be forged.

    A failure that rests on silence is doubted only where somebody does forge; what was said needs proof that nobody
    does.
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
    """The step that shows in whose name packets come, without its full stop."""
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
        else f"{counted(repeated, 'datagram')} more came to ports that had their answer"
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
    """What was seen of others who send in a server's name, in words; `request` is what the new ports sent."""
    lines = [f"{where}, {request} from another random port, {attempt.words}" for attempt in new_ports]
    if unasked and unasked.ports:
        lines.append(f"{where}: {counted(unasked.ports, 'port')} that asked nothing got packets in its name")
    if unasked and unasked.closed:
        lines.append(f"{counted(unasked.closed, 'packet')} came to closed ports of this laptop meanwhile")
    if repeated:
        lines.append(f"{where}: {counted(repeated, 'datagram')} more came to ports that had their answer")
    return lines
