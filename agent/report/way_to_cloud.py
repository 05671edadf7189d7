"""The route from this laptop to the cloud, station by station, with what worked between them and what did not."""

import ipaddress

from msgspec import Struct, field

from netpreflight.agent.judging import ladder
from netpreflight.agent.judging.addresses import is_address
from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.judging.path import own_cloud_answers
from netpreflight.agent.judging.registry import CHECKS
from netpreflight.agent.judging.router_owner import Router, routers_of
from netpreflight.agent.judging.unseen import why_not
from netpreflight.agent.profiles import Profile
from netpreflight.agent.report.changes import subnet_of
from netpreflight.agent.results import Check, StationKind, Status
from netpreflight.probes.observations import Observations, PathTarget
from netpreflight.probes.quoting import in_quotes

_WORST_FIRST: tuple[Status, ...] = ("fail", "unknown", "warn", "skip", "pass")
_MOST_ROUTERS = 4
"""At most this many routers between the gateway and the Internet are drawn; path.egress has all in its evidence."""
MOST_BEYOND = 3
"""At most this many routers beyond this site are drawn."""
_GATEWAY = 2
"""The gateway's place among the stations."""


class Step(Struct, frozen=True, kw_only=True):
    """Something that has to work between two stations, and whether it did."""

    what: str
    status: Status
    check: str
    """The check with the worst status among the checks drawn as this step."""
    summary: str


class Station(Struct, frozen=True, kw_only=True):
    """A station on the route, and the steps between the previous station and this one."""

    kind: StationKind
    title: str
    detail: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    """What was tested between the previous station and this one; empty: nothing was tested there separately."""

    @property
    def status(self) -> Status | None:
        """The worst status of the steps; None: there are none."""
        return next((status for status in _WORST_FIRST if any(step.status == status for step in self.steps)), None)


def way_to_cloud(view: DeviceView, checks: list[Check]) -> list[Station]:
    """The stations of the route; checks that do not count for the device are not among their steps."""
    seen, profile, host, address = view.seen, view.profile, view.host, view.address
    scope, wifi = seen.scope, seen.wifi
    counted = [check for check in checks if check.level != "reported"]
    target = _target(view)
    names = [in_quotes(wifi.target)] if wifi is not None and wifi.target is not None else []
    own_bss = (
        [bss for bss in wifi.bss if bss.ssid == wifi.target and bss.band == "2.4"] if wifi is not None and names else []
    )
    channels = sorted({bss.channel for bss in own_bss if bss.channel is not None})
    if channels:
        names.append(f"2.4 GHz, channel {', '.join(map(str, channels[:4]))}")
    gateways, site_routers, provider_routers = _sorted_routers(target, seen) if target else ([], [], [])
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
            detail=[
                *(gateways or ["not known"]),
                *([f"on {in_quotes(view.laptop_network)}"] if view.laptop_network else []),
            ],
            steps=_steps("gateway", counted, profile),
        ),
        *(_router_station(router, target, checks) for router in site_routers),
        Station(kind="provider", title="Internet", detail=provider_routers, steps=_steps("provider", counted, profile)),
        Station(
            kind="cloud",
            title="The device's cloud",
            detail=[host, *([address] if address and address != host else [])],
            steps=_steps("cloud", counted, profile),
        ),
    ]
    path_check = _path_check(counted)
    if path_check is None or target is None or path_check.status not in {"fail", "unknown"}:
        return stations
    return _with_loss(stations, target, path_check)


def _port(profile: Profile) -> str:
    """The port of the device's cloud, such as `UDP 5684`."""
    protocol = "TCP" if profile.cloud.transport.value == "tcp-nonce" else "UDP"
    return f"{protocol} {profile.cloud.port.value}"


def _steps(kind: StationKind, checks: list[Check], profile: Profile) -> list[Step]:
    """The steps before a station: one for all checks with the same label, with the worst status among them."""
    by_label: dict[str, list[Check]] = {}
    for check in checks:
        if CHECKS[check.id].station == kind:
            by_label.setdefault(CHECKS[check.id].drawn, []).append(check)
    steps = []
    for label, same_label in by_label.items():
        worst = min(same_label, key=lambda check: _WORST_FIRST.index(check.status))
        text = label.replace("{port}", _port(profile))
        steps.append(Step(what=text, status=worst.status, check=worst.id, summary=worst.summary))
    return steps


def _path_check(checks: list[Check]) -> Check | None:
    """The check that says where on the path packets to the device's cloud port are lost."""
    return next((check for check in checks if CHECKS[check.id].locates), None)


def traced(view: DeviceView) -> bool:
    """Whether the path to the device's cloud was looked at."""
    return _target(view) is not None


def untraced(view: DeviceView) -> str:
    """Why the path to the device's cloud was not looked at."""
    answers = own_cloud_answers(view.seen, view.profile)
    return "the device's cloud answers, so no fault on the path had to be found" if answers else why_not(view.seen.path)


def _target(view: DeviceView) -> PathTarget | None:
    """The measured path to the device's cloud; None: that path was not looked at."""
    path = view.seen.path
    targets = path.targets if path and not path.not_run else []
    return next((target for target in targets if target.address == view.address), None)


def _answering_routers(target: PathTarget) -> set[str]:
    """The routers that answered a packet to the device's cloud port with time exceeded."""
    return {router for sources in ladder.routers(target.device).values() for router in sources}


def _router_station(router: Router, target: PathTarget | None, checks: list[Check]) -> Station:
    """The station for a router between the gateway and the Internet, and whether packets to the cloud port reach it."""
    if router.whose.may_be_edge:
        title, detail = "Edge of this site", [router.address, "or a router of the provider"]
    else:
        title, detail = "Another router", [router.address]
    return Station(kind="router", title=title, detail=detail, steps=_router_step(router.address, target, checks))


def _router_step(router: str, target: PathTarget | None, checks: list[Check]) -> list[Step]:
    """The step that says that packets to the cloud port reach a router; empty: the router answered no such packet."""
    path_check = _path_check(checks)
    if target is None or path_check is None or router not in _answering_routers(target):
        return []
    name = target.device.name
    summary = f"a packet to {name} reached {router}, which reported that its TTL ended there"
    return [Step(what=name, status="pass", check=path_check.id, summary=summary)]


def _sorted_routers(target: PathTarget, seen: Observations) -> tuple[list[str], list[Router], list[str]]:
    """The gateway's addresses that answered, the routers after it that may be this site's, and the routers beyond.

    After the first router of the provider no router is this site's, even if its address is private. The first hop is
    the gateway, whichever of the subnet's addresses it answers with (RFC 9568: VRRP).
    """
    subnet = subnet_of(seen)
    gateways: list[str] = []
    site: list[Router] = []
    provider: list[str] = []
    for router in routers_of(target, seen):
        address = router.address
        is_first_hop = (
            router.ttl == 1 and subnet is not None and is_address(address) and ipaddress.IPv4Address(address) in subnet
        )
        if address == seen.scope.gateway or is_first_hop:
            gateways.append(address)
        elif provider or router.whose.owner == "internet provider":
            provider.append(address)
        else:
            site.append(router)
    return gateways, site[:_MOST_ROUTERS], provider[:MOST_BEYOND]


def _with_loss(stations: list[Station], target: PathTarget, path_check: Check) -> list[Station]:
    """Draw the loss of packets to the cloud port at the station after the last router that answered such a packet."""
    answering = _answering_routers(target)
    positions = [
        position
        for position, station in enumerate(stations)
        if position >= _GATEWAY and set(station.detail) & answering
    ]
    # If no router answered such a packet, the loss is drawn before the gateway: access points do not answer traces.
    lost_at = min((positions[-1] + 1) if positions else _GATEWAY, len(stations) - 1)
    label = f"{target.device.name} lost" if path_check.status == "fail" else f"{target.device.name}: where it is lost"
    step = Step(what=label, status=path_check.status, check=path_check.id, summary=path_check.summary)
    steps = [*stations[lost_at].steps, step]
    with_step = Station(
        kind=stations[lost_at].kind, title=stations[lost_at].title, detail=stations[lost_at].detail, steps=steps
    )
    return [*stations[:lost_at], with_step, *stations[lost_at + 1 :]]
