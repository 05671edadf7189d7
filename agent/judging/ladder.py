"""Reading a ladder (a trace to one port with rising TTLs): which routers answered, where it ends, how far it got."""

from netpreflight.probes.observations import Ladder, PathProbe, PathTarget

LEAST_TRIES = 2
"""A hop counts as silent, or as reliable, only after this many packets: one lost packet shows nothing."""


def is_proved(probe: PathProbe, target: PathTarget) -> bool:
    """Whether the ICMP error that a packet brought proves that its sender received the packet.

    Runs of earlier versions did not look at that: their errors count as proved.
    """
    return target.unasked is None or (probe.icmp is not None and probe.icmp.proved)


def routers(ladder: Ladder) -> dict[int, list[str]]:
    """The routers that answered with time exceeded, by TTL; an empty list where the system does not name them."""
    found: dict[int, list[str]] = {}
    for probe in ladder.probes:
        if probe.outcome == "time-exceeded":
            sources = found.setdefault(probe.ttl, [])
            if probe.source is not None and probe.source not in sources:
                sources.append(probe.source)
    return found


def router_at(ladder: Ladder, ttl: int) -> str | None:
    """The first router that answered at a TTL; None: none did, or the system did not tell who it is."""
    return next(iter(routers(ladder).get(ttl, [])), None)


def all_routers(target: PathTarget) -> list[tuple[int, str]]:
    """Every router on the path to a target as (TTL, address), the nearest first."""
    ladders = (target.device, *target.controls)
    return sorted((ttl, source) for ladder in ladders for ttl, sources in routers(ladder).items() for source in sources)


def end(ladder: Ladder) -> PathProbe | None:
    """The probe with the lowest TTL that the destination answered, or that was refused; None: there is none."""
    ends = [probe for probe in ladder.probes if probe.outcome in {"answered", "unreachable"}]
    return min(ends, key=lambda probe: probe.ttl, default=None)


def reaches(ladder: Ladder, address: str) -> int | None:
    """The lowest TTL at which the destination itself answered; None: it did not."""
    ending = end(ladder)
    return ending.ttl if ending is not None and ending.source == address else None


def last(ladder: Ladder) -> int:
    """The highest TTL at which a router answered; 0: none did."""
    return max(routers(ladder), default=0)


def furthest(ladder: Ladder) -> int:
    """The highest TTL at which anything came back; 0: nothing did."""
    ending = end(ladder)
    return max(last(ladder), ending.ttl if ending else 0)


def tries(ladder: Ladder, ttl: int) -> tuple[int, int]:
    """How many packets were sent with a TTL, and how many of them were answered."""
    sent = [probe for probe in ladder.probes if probe.ttl == ttl and probe.outcome != "error"]
    return len(sent), sum(probe.outcome != "timeout" for probe in sent)


def singles_out(device: Ladder, control: Ladder, ttl: int) -> bool:
    """Whether the router at a TTL answers every packet to the control port, and none to the device's cloud port."""
    control_tries, control_answers = tries(control, ttl)
    device_tries, device_answers = tries(device, ttl)
    return (
        device_tries >= LEAST_TRIES
        and device_answers == 0
        and control_answers >= LEAST_TRIES
        and control_answers == control_tries
    )


def loop(ladder: Ladder) -> list[str]:
    """The routers of a routing loop: a router answers again after a different router did; empty: there is no loop."""
    single_routers = [(ttl, sources[0]) for ttl, sources in sorted(routers(ladder).items()) if len(sources) == 1]
    for index, (_, router) in enumerate(single_routers):
        later_positions = [
            position for position, (_, other) in enumerate(single_routers) if position > index and other == router
        ]
        routers_between = (
            [other for _, other in single_routers[index + 1 : later_positions[-1]] if other != router]
            if later_positions
            else []
        )
        if routers_between:
            return [router, *dict.fromkeys(routers_between)]
    return []


def fork(device: Ladder, control: Ladder, up_to: int) -> tuple[int, list[str]] | None:
    """The TTL and the routers of the first hop, up to `up_to`, where more than one router answers; None: none does."""
    routers_of_device, routers_of_control = routers(device), routers(control)
    for ttl in range(1, up_to + 1):
        answering = list(dict.fromkeys([*routers_of_device.get(ttl, []), *routers_of_control.get(ttl, [])]))
        if len(answering) > 1:
            return ttl, answering
    return None
