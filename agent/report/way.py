"""The way from this laptop to the cloud, station by station: what passed on each stretch of it, and what did not."""

import ipaddress

from msgspec import Struct, field

from netpreflight.agent.judging.addresses import is_address, is_carrier_nat, is_local
from netpreflight.agent.judging.dns import cloud_host
from netpreflight.agent.judging.registry import CHECKS
from netpreflight.agent.judging.unseen import network_of_laptop
from netpreflight.agent.profiles import Profile
from netpreflight.agent.report.changes import subnet_of
from netpreflight.agent.results import Check, StationKind, Status
from netpreflight.probes.observations import Ladder, Observations, PathTarget
from netpreflight.probes.quoting import in_quotes

_WORST_FIRST: tuple[Status, ...] = ("fail", "unknown", "warn", "skip", "pass")
_MOST_ROUTERS = 4
"""Private routers that are drawn; a longer way is in the evidence of path.egress."""
_MOST_BEYOND = 3
_GATEWAY = 2
"""The gateway's place among the stations."""


class Step(Struct, frozen=True, kw_only=True):
    """Something that has to pass on a stretch of the way, and whether it did."""

    what: str
    status: Status
    check: str
    """The check that says so: the worst of its group."""
    summary: str


class Station(Struct, frozen=True, kw_only=True):
    """A place on the way, and the stretch that leads to it."""

    kind: StationKind
    title: str
    detail: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    """What was asked of the stretch from the station before; empty: nothing by itself."""

    @property
    def status(self) -> Status | None:
        """The worst of the steps; None: there are none."""
        return next((status for status in _WORST_FIRST if any(one.status == status for one in self.steps)), None)


def route(seen: Observations, profile: Profile, checks: list[Check]) -> list[Station]:
    """The stations; what does not count for the device is not among their steps."""
    scope, wifi = seen.scope, seen.wifi
    counted = [one for one in checks if one.level != "reported"]
    host, address = cloud_host(seen, profile)
    target = _target(seen, address)
    elsewhere = network_of_laptop(seen)
    names = [in_quotes(wifi.target)] if wifi is not None and wifi.target is not None else []
    mine = (
        [one for one in wifi.bss if one.ssid == wifi.target and one.band == "2.4"] if wifi is not None and names else []
    )
    channels = sorted({one.channel for one in mine if one.channel is not None})
    if channels:
        names.append(f"2.4 GHz, channel {', '.join(map(str, channels[:4]))}")
    gateways, site, beyond = _routers(target, seen) if target else ([], [], [])
    gateways = list(dict.fromkeys([*([scope.gateway] if scope.gateway else []), *gateways]))
    stations = [
        Station(
            kind="laptop",
            title="This laptop",
            detail=["in the device's place", *([scope.address] if scope.address else [])],
        ),
        Station(
            kind="access point", title="Access point", detail=names, steps=_steps("access point", counted, profile)
        ),
        Station(
            kind="gateway",
            title="Gateway",
            detail=[*(gateways or ["not known"]), *([f"on {in_quotes(elsewhere)}"] if elsewhere else [])],
            steps=_steps("gateway", counted, profile),
        ),
        *(
            Station(kind="router", title="Another router", detail=[one], steps=_passed(one, target, checks))
            for one in site
        ),
        Station(kind="provider", title="Internet", detail=beyond, steps=_steps("provider", counted, profile)),
        Station(
            kind="cloud",
            title="The device's cloud",
            detail=[host, *([address] if address and address != host else [])],
            steps=_steps("cloud", counted, profile),
        ),
    ]
    found = _locating(counted)
    if found is None or target is None or found.status not in {"fail", "unknown"}:
        return stations
    return _with_loss(stations, target, found)


def _port(profile: Profile) -> str:
    protocol = "TCP" if profile.cloud.transport.value == "tcp-nonce" else "UDP"
    return f"{protocol} {profile.cloud.port.value}"


def _steps(kind: StationKind, checks: list[Check], profile: Profile) -> list[Step]:
    """The steps on the stretch to a station: one for all checks that are drawn alike, by the worst of them."""
    drawn: dict[str, list[Check]] = {}
    for one in checks:
        if CHECKS[one.id].station == kind:
            drawn.setdefault(CHECKS[one.id].drawn, []).append(one)
    steps = []
    for words, alike in drawn.items():
        worst = min(alike, key=lambda one: _WORST_FIRST.index(one.status))
        what = words.replace("{port}", _port(profile))
        steps.append(Step(what=what, status=worst.status, check=worst.id, summary=worst.summary))
    return steps


def _locating(checks: list[Check]) -> Check | None:
    """The check that says where on the path the device's port is lost."""
    return next((one for one in checks if CHECKS[one.id].locates), None)


def traced(seen: Observations, profile: Profile) -> bool:
    """Whether the path to the device's cloud was looked at."""
    return _target(seen, cloud_host(seen, profile)[1]) is not None


def _target(seen: Observations, address: str | None) -> PathTarget | None:
    targets = seen.path.targets if seen.path and not seen.path.not_run else []
    return next((one for one in targets if one.address == address), None)


def _answering(ladder: Ladder) -> dict[str, int]:
    """Routers that said time exceeded, with the lowest TTL at which they did."""
    found: dict[str, int] = {}
    for one in sorted(ladder.probes, key=lambda one: one.ttl):
        if one.outcome == "time-exceeded" and one.source is not None:
            found.setdefault(one.source, one.ttl)
    return found


def _passed(router: str, target: PathTarget | None, checks: list[Check]) -> list[Step]:
    """That the device's port gets as far as a router, where the router itself said so."""
    found = _locating(checks)
    if target is None or found is None or router not in _answering(target.device):
        return []
    name = target.device.name
    summary = f"{router} said that a packet of {name} had got to it"
    return [Step(what=name, status="pass", check=found.id, summary=summary)]


def _routers(target: PathTarget, seen: Observations) -> tuple[list[str], list[str], list[str]]:
    """The gateway's addresses that answered, the routers after it that may be this site's, and all further ones.

    What comes after a public address, or after a carrier-grade NAT's, is not this site's, private as it may be. The
    first router has the gateway's place, whichever of the subnet's addresses it answers with (RFC 9568: VRRP).
    """
    every: dict[str, int] = {}
    for ladder in (target.device, *target.controls):
        for source, ttl in _answering(ladder).items():
            every[source] = min(ttl, every.get(source, ttl))
    subnet = subnet_of(seen)
    gateways: list[str] = []
    site: list[str] = []
    beyond: list[str] = []
    for one, ttl in sorted(every.items(), key=lambda answered: answered[1]):
        first = ttl == 1 and subnet is not None and is_address(one) and ipaddress.IPv4Address(one) in subnet
        if one == seen.scope.gateway or first:
            gateways.append(one)
        elif beyond or not is_local(one) or (is_carrier_nat(one) and not is_carrier_nat(seen.scope.address or "")):
            beyond.append(one)
        else:
            site.append(one)
    return gateways, site[:_MOST_ROUTERS], beyond[:_MOST_BEYOND]


def _with_loss(stations: list[Station], target: PathTarget, found: Check) -> list[Station]:
    """The stations with the loss of the device's port on the stretch after the last router that answered for it."""
    heard = _answering(target.device)
    places = [place for place, one in enumerate(stations) if place >= _GATEWAY and set(one.detail) & set(heard)]
    # Where no router answered for it, it got no further than the first one: no access point was asked.
    after = min((places[-1] + 1) if places else _GATEWAY, len(stations) - 1)
    word = f"{target.device.name} lost" if found.status == "fail" else f"{target.device.name}: where it is lost"
    step = Step(what=word, status=found.status, check=found.id, summary=found.summary)
    steps = [*stations[after].steps, step]
    changed = Station(
        kind=stations[after].kind, title=stations[after].title, detail=stations[after].detail, steps=steps
    )
    return [*stations[:after], changed, *stations[after + 1 :]]
