"""Whose a router on the way is, as far as its address tells: for findings, and for the drawing of the way."""

from typing import NamedTuple

from netpreflight.agent.judging import ladder
from netpreflight.agent.judging.addresses import is_carrier_nat, is_local
from netpreflight.agent.owner import Owner
from netpreflight.probes.observations import Observations, PathProbe, PathTarget

Way = list[tuple[int, str]]
"""Every router on the way, with the TTL at which it answered, the nearest first."""


class Whose(NamedTuple):
    """Whose a router is, as far as its address tells."""

    words: str
    owner: Owner
    """Who can look at it."""
    may_be_edge: bool = False
    """Whether it is where this site's private addresses end: the last router of this site, or the provider's first."""


class Router(NamedTuple):
    """A router that answered on the way, and whose it is."""

    address: str
    ttl: int
    """The lowest at which it answered."""
    whose: Whose


def routers_of(target: PathTarget, seen: Observations) -> list[Router]:
    """Each router that answered on the way to an address, the nearest first."""
    hops: dict[str, list[int]] = {}
    for climbed in (target.device, *target.controls):
        for ttl, sources in sorted(ladder.routers(climbed).items()):
            for source in sources:
                hops.setdefault(source, []).append(ttl)
    # A finding names a router by the last hop at which it answered, so that is where it is read whose it is.
    way = ladder.all_routers(target)
    found = [Router(address, min(ttls), _whose(address, max(ttls), way, seen)) for address, ttls in hops.items()]
    return sorted(found, key=lambda router: router.ttl)


def whose(address: str, ttl: int, target: PathTarget, seen: Observations) -> Whose:
    """Whose the router at a TTL is."""
    return _whose(address, ttl, ladder.all_routers(target), seen)


def _whose(address: str, ttl: int, way: Way, seen: Observations) -> Whose:
    laptop = seen.scope.address or ""
    if address == laptop:
        return Whose("this laptop itself", "device owner")
    if address == seen.scope.gateway:
        return Whose("the gateway of this network", "network administrator")
    earlier = _before(ttl, way)
    if is_carrier_nat(address) and _after_carrier_nat([address], seen):
        return Whose("within the provider's carrier-grade NAT (100.64.0.0/10)", "internet provider")
    if is_local(address):
        if _after_carrier_nat(earlier, seen):
            return Whose("after the provider's carrier-grade NAT, and so the provider's", "internet provider")
        if ttl > 1:
            words = "another router with a private address: a second NAT, one of this site's, or the provider's"
            return Whose(words, "network administrator")
        return Whose("the first router of this network", "network administrator")
    if _is_outside(address, ttl, way, seen):
        return Whose("the internet provider's, or beyond it", "internet provider")
    if any(not is_local(text) for text in earlier):
        words = "with a public address, like one before it: the provider's, or this site's where it has such addresses"
        return Whose(words, "internet provider" if is_local(laptop) else "network administrator")
    words = "the first with a public address: the edge of this site, or the provider's"
    return Whose(words, "network administrator", may_be_edge=True)


def is_outside(address: str, ttl: int, target: PathTarget, seen: Observations) -> bool:
    """Whether a router is beyond this site, as far as addresses can tell.

    It has a public address, and comes after a carrier-grade NAT, or its address is not of the same /8 as the first
    public one before it: that can be this site's edge, and the next ones, too, where a site uses public addresses
    inside. So can every one where this laptop has a public address itself.
    """
    return _is_outside(address, ttl, ladder.all_routers(target), seen)


def _is_outside(address: str, ttl: int, way: Way, seen: Observations) -> bool:
    if not _is_private(seen) or is_local(address):
        return False
    earlier = _before(ttl, way)
    first = next((text for text in earlier if not is_local(text)), None)
    return _after_carrier_nat(earlier, seen) or (first is not None and _block(first) != _block(address))


def is_beyond_the_edge(ttl: int, target: PathTarget, seen: Observations) -> bool:
    """Whether a packet that gets so far has passed a router that has no private address of this site."""
    return _is_private(seen) and any(
        not is_local(text) or _after_carrier_nat([text], seen) for text in _before(ttl, ladder.all_routers(target))
    )


def furthest_outside(target: PathTarget, seen: Observations) -> PathProbe | None:
    """The furthest probe of the device's port that a router outside this site says it has dropped."""
    way = ladder.all_routers(target)
    proofs = [
        probe
        for probe in target.device.probes
        if probe.outcome == "time-exceeded" and probe.source and probe.quoted
        and _is_outside(probe.source, probe.ttl, way, seen)
    ]  # fmt: skip
    return None if ladder.loop(target.device) else max(proofs, key=lambda probe: probe.ttl, default=None)


def _before(ttl: int, way: Way) -> list[str]:
    """The routers that are nearer."""
    return [router for at, router in way if at < ttl]


def _is_private(seen: Observations) -> bool:
    """Whether this laptop has an address that is not public: else addresses do not tell where its site ends."""
    return seen.scope.address is not None and is_local(seen.scope.address)


def _after_carrier_nat(earlier: list[str], seen: Observations) -> bool:
    """Whether one of these routers is a provider's, by its address (RFC 6598); a site may use such addresses itself."""
    return not is_carrier_nat(seen.scope.address or "") and any(is_carrier_nat(text) for text in earlier)


def _block(address: str) -> str:
    return address.partition(".")[0]
