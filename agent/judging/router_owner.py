"""Whose a router on the path is (this site's or the provider's), as far as its address tells."""

from typing import NamedTuple

from netpreflight.agent.judging import ladder
from netpreflight.agent.judging.addresses import is_carrier_nat, is_local
from netpreflight.agent.owner import Owner
from netpreflight.probes.observations import Observations, PathProbe, PathTarget

RoutersOnPath = list[tuple[int, str]]
"""Every router on the path as (TTL at which it answered, address), the nearest first."""


class Whose(NamedTuple):
    """Whose a router is, as far as its address tells."""

    words: str
    owner: Owner
    """Who can look at that router."""
    may_be_edge: bool = False
    """Whether it is the first router with a public address: this site's last router, or the provider's first."""


class Router(NamedTuple):
    """A router that answered on the path, and whose it is."""

    address: str
    ttl: int
    """The lowest TTL at which it answered."""
    whose: Whose


def routers_of(target: PathTarget, seen: Observations) -> list[Router]:
    """Each router that answered on the path to a target, the nearest first."""
    hops: dict[str, list[int]] = {}
    for trace in (target.device, *target.controls):
        for ttl, sources in sorted(ladder.routers(trace).items()):
            for source in sources:
                hops.setdefault(source, []).append(ttl)
    # Findings name a router by the last hop at which it answered, so its owner is worked out for that hop too.
    path_routers = ladder.all_routers(target)
    found = [
        Router(address, min(ttls), _whose(address, max(ttls), path_routers, seen)) for address, ttls in hops.items()
    ]
    return sorted(found, key=lambda router: router.ttl)


def whose(address: str, ttl: int, target: PathTarget, seen: Observations) -> Whose:
    """Whose the router at a TTL is."""
    return _whose(address, ttl, ladder.all_routers(target), seen)


def _whose(address: str, ttl: int, path_routers: RoutersOnPath, seen: Observations) -> Whose:
    """Whose the router at a TTL is: judged by its own address and those of the routers before it."""
    laptop = seen.scope.address or ""
    if address == laptop:
        return Whose("this laptop itself", "device owner")
    if address == seen.scope.gateway:
        return Whose("the gateway of this network", "network administrator")
    earlier = _routers_before(ttl, path_routers)
    if is_carrier_nat(address) and _after_carrier_nat([address], seen):
        return Whose("inside the provider's carrier-grade NAT (100.64.0.0/10)", "internet provider")
    if is_local(address):
        if _after_carrier_nat(earlier, seen):
            return Whose(
                "a router of the provider: it comes after the provider's carrier-grade NAT", "internet provider"
            )
        if ttl > 1:
            words = "another router with a private address: a second NAT, or a router of this site or of the provider"
            return Whose(words, "network administrator")
        return Whose("the first router of this network", "network administrator")
    if _is_outside(address, ttl, path_routers, seen):
        return Whose("a router of the internet provider, or beyond it", "internet provider")
    if any(not is_local(router) for router in earlier):
        words = (
            "a public address after another: a router of the provider, or of this site if it uses public addresses "
            "inside"
        )
        return Whose(words, "internet provider" if is_local(laptop) else "network administrator")
    words = "the first router with a public address: the edge of this site, or a router of the provider"
    return Whose(words, "network administrator", may_be_edge=True)


def is_outside(address: str, ttl: int, target: PathTarget, seen: Observations) -> bool:
    """Whether a router is certainly beyond this site.

    It is, if it has a public address and either comes after a carrier-grade NAT or is in another /8 than the
    first public address before it. The first public address may be this site's edge, and the following ones in the
    same /8 may be this site's too. Where this laptop itself has a public address, no router is certainly beyond.
    """
    return _is_outside(address, ttl, ladder.all_routers(target), seen)


def _is_outside(address: str, ttl: int, path_routers: RoutersOnPath, seen: Observations) -> bool:
    """Whether a router is certainly beyond this site, by the rules of `is_outside`.

    `path_routers`: all routers on the path, the nearest first.
    """
    if not _is_laptop_private(seen) or is_local(address):
        return False
    earlier = _routers_before(ttl, path_routers)
    first_public = next((router for router in earlier if not is_local(router)), None)
    return _after_carrier_nat(earlier, seen) or (
        first_public is not None and _slash_8(first_public) != _slash_8(address)
    )


def is_beyond_the_edge(ttl: int, target: PathTarget, seen: Observations) -> bool:
    """Whether a router nearer than this TTL has a public or carrier-NAT address, so the packet left this site."""
    return _is_laptop_private(seen) and any(
        not is_local(router) or _after_carrier_nat([router], seen)
        for router in _routers_before(ttl, ladder.all_routers(target))
    )


def furthest_outside(target: PathTarget, seen: Observations) -> PathProbe | None:
    """The furthest probe to the device's cloud port that a router outside this site answered with time exceeded.

    None: there is no such probe, or the path has a loop.
    """
    path_routers = ladder.all_routers(target)
    proofs = [
        probe
        for probe in target.device.probes
        if probe.outcome == "time-exceeded" and probe.source and probe.quoted and ladder.is_proved(probe, target)
        and _is_outside(probe.source, probe.ttl, path_routers, seen)
    ]  # fmt: skip
    return None if ladder.loop(target.device) else max(proofs, key=lambda probe: probe.ttl, default=None)


def _routers_before(ttl: int, path_routers: RoutersOnPath) -> list[str]:
    """The addresses of the routers nearer than a TTL."""
    return [router for at, router in path_routers if at < ttl]


def _is_laptop_private(seen: Observations) -> bool:
    """Whether this laptop has a private address; with a public one, addresses do not show where the site ends."""
    return seen.scope.address is not None and is_local(seen.scope.address)


def _after_carrier_nat(earlier: list[str], seen: Observations) -> bool:
    """Whether one of these routers has a carrier-NAT address (RFC 6598), and this laptop has none itself."""
    return not is_carrier_nat(seen.scope.address or "") and any(is_carrier_nat(router) for router in earlier)


def _slash_8(address: str) -> str:
    """The first octet of an address, which stands for its /8."""
    return address.partition(".")[0]
