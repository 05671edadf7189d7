"""Reading a ladder (a trace to one port with rising TTLs): which routers answered, where it ends, how far it got."""

from netpreflight.probes.observations import Ladder, PathProbe, PathTarget

LEAST_TRIES = 2
"""A hop counts as silent, or as reliable, only after this many packets: one lost packet shows nothing."""


def routers(ladder: Ladder) -> dict[int, list[str]]:
    """The routers that answered with time exceeded, by TTL."""
    found: dict[int, list[str]] = {}
    for probe in ladder.probes:
        known = found.get(probe.ttl, [])
        if probe.outcome == "time-exceeded" and probe.source is not None and probe.source not in known:
            found.setdefault(probe.ttl, []).append(probe.source)
    return found


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
    asked = [probe for probe in ladder.probes if probe.ttl == ttl and probe.outcome != "error"]
    return len(asked), sum(probe.outcome != "timeout" for probe in asked)


def tells(device: Ladder, control: Ladder, ttl: int) -> bool:
    """Whether a hop answers every packet to the control port, and none to the device's port."""
    asked, answered = tries(control, ttl)
    tried, heard = tries(device, ttl)
    return tried >= LEAST_TRIES and heard == 0 and answered >= LEAST_TRIES and answered == asked


def loop(ladder: Ladder) -> list[str]:
    """The routers of a routing loop: one answers again after another one did; empty: there is no loop."""
    alone = [(ttl, sources[0]) for ttl, sources in sorted(routers(ladder).items()) if len(sources) == 1]
    for place, (_, router) in enumerate(alone):
        later = [at for at, (_, other) in enumerate(alone) if at > place and other == router]
        between = [other for _, other in alone[place + 1 : later[-1]] if other != router] if later else []
        if between:
            return [router, *dict.fromkeys(between)]
    return []


def fork(device: Ladder, control: Ladder, up_to: int) -> tuple[int, list[str]] | None:
    """The TTL and the routers of the first hop, up to `up_to`, where more than one router answers; None: none does."""
    mine, theirs = routers(device), routers(control)
    for ttl in range(1, up_to + 1):
        found = list(dict.fromkeys([*mine.get(ttl, []), *theirs.get(ttl, [])]))
        if len(found) > 1:
            return ttl, found
    return None
