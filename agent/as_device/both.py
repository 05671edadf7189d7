"""A run in two parts: first what the laptop sees from its own address, and then everything as the device.

The laptop's part is short: the Wi-Fi survey, and exchanges that the network might answer for a laptop but not for a
device. The rest is done as the device, by the process that plays it (`child`).
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from netpreflight.agent.as_device import child as device_process
from netpreflight.agent.as_device.mac import ChosenMac
from netpreflight.agent.judging import CHECKS, probes_for
from netpreflight.agent.judging.addresses import classful_mask, first_host
from netpreflight.agent.judging.let_through import exchanges
from netpreflight.agent.plan import plan
from netpreflight.agent.profiles import Profile
from netpreflight.agent.report import Run
from netpreflight.agent.results import Check
from netpreflight.agent.run import AirChoice, RunSettings, measure
from netpreflight.agent.selection import OPTIONAL, Selection
from netpreflight.probes.join.frames import contacts_of
from netpreflight.probes.join.interface import Refusal, Way
from netpreflight.probes.join.neighbours import ask_router, neighbours
from netpreflight.probes.net.clock import Clock
from netpreflight.probes.net.sockets import Network
from netpreflight.probes.observations import (
    RESTORED_WITHIN_S,
    AsDevice,
    Contact,
    DhcpMessage,
    Fault,
    Join,
    LinkNeighbor,
    Observations,
    Scope,
)
from netpreflight.probes.scope import scope as scope_of
from netpreflight.systems import SYSTEM
from netpreflight.systems.interface import LeaseToUse, prefix_length

LOOK_EVERY_S = 0.1
_MOST_NEIGHBOURS = 4


class Played(NamedTuple):
    """The device that a run plays, and how it does that."""

    way: Way
    chosen: ChosenMac
    process: device_process.Child
    checked: list[Contact]
    """What was sent before the run, to make sure that no other host has the device's MAC address."""
    laptop_ssid: str | None = None
    """The Wi-Fi network that the laptop is on before the device joins; None: none, or the laptop is on a cable."""


class _Seen(NamedTuple):
    """What the device's process has reported."""

    run: Run | None = None
    join: Join | None = None
    neighbours: tuple[LinkNeighbor, ...] = ()
    router: LinkNeighbor | None = None
    refused: str | None = None
    fault: Fault | None = None


def start(way: Way, settings: RunSettings, *, is_traced: bool, give_up: Callable[[], object]) -> device_process.Child:
    """Start the device's process, while this process is still root.

    Args:
        way: how this laptop can play the device.
        settings: the settings of the run as the device; the scope in them is replaced once the device has its
            interface.
        is_traced: whether the device's process reports every packet to this one.
        give_up: gives up root's rights, in the device's process.

    Raises:
        OSError: the system has no process left, or does not allow a namespace.
    """

    def work(up: device_process.Up, begin: device_process.Begin) -> None:
        """Play the device, and send to the parent what it sees; runs in the device's process."""
        run = None
        with way.enter(begin.survey, up.stop) as entered:
            up.measures = True
            scope = scope_of(entered.interface) if entered.interface is not None else None
            if scope is not None and entered.is_device():  # asked after the scope was read: so it is the device's
                scope.gateway = entered.router or scope.gateway

                async def ask_neighbours(network: Network) -> None:
                    """Report which of the laptop's neighbours answer the device; without a lease, only its router."""
                    if scope.address is not None:
                        found = await neighbours(network, scope, begin.neighbours)
                        if entered.is_device():
                            up.tell(device_process.Told(neighbours=found))
                    elif way.shares_port and scope.mac is not None and begin.router is not None:
                        up.tell(device_process.Told(router=await ask_router(network, scope.mac, begin.router)))

                scope.resolvers = []  # the device uses the resolvers of its lease, and not this laptop's
                run = measure(
                    settings._replace(
                        scope=scope,
                        air=AirChoice(settings.air.ssid, begin.survey),
                        on_check=lambda check: up.tell(device_process.Told(check=check)),
                        trace=(lambda event: up.tell(device_process.Told(event=event))) if is_traced else None,
                        on_waiting=lambda waiting: up.tell(device_process.Told(waiting=waiting)),
                        on_lease=_user_of(scope, settings.profile) if way.has_namespace else None,
                        beside=ask_neighbours,
                        is_device=entered.is_device,
                    )
                )
        up.tell(device_process.Told(join=entered.join, run=run))

    process = device_process.fork(has_namespace=way.has_namespace, give_up=give_up, work=work)
    way.forget()
    told = process.await_ready()
    if not told.ready:
        process.end()
        raise OSError(told.refused or "the process of the device has failed")
    return process


def run(played: Played, settings: RunSettings) -> Run:
    """Measure as the laptop, with these settings, and then as the device; the laptop is restored at the end."""
    scope, selection, clock = settings.scope, settings.selection, settings.clock
    begun = clock.monotonic()
    stopped = False
    scope.ssid = scope.ssid or played.laptop_ssid

    def on_stop(restored: list[str]) -> None:
        """Note that the user ends the run, and pass it on."""
        nonlocal stopped
        stopped = True
        settings.on_stop(restored)

    def on_air(check: Check) -> None:
        """Report only the checks of the Wi-Fi scan: the run as the device reports all others."""
        if check.stage == "scan":
            settings.on_check(check)

    own = measure(
        settings._replace(
            selection=_as_laptop(selection, played.way), on_check=on_air, on_stop=on_stop, deep=False, guard=None
        )
    )
    is_elsewhere = _is_elsewhere(played.way, settings)
    seen, left, restored_s = _Seen(), list[str](), None
    device_from_s = clock.monotonic() - begun
    has_begun = not stopped
    try:
        if has_begun:
            begin = device_process.Begin(
                survey=own.observations.wifi,
                neighbours=[] if is_elsewhere else _neighbours(scope),
                router=scope.gateway,
            )
            seen = _be_device(played, begin, settings._replace(on_stop=on_stop))
    finally:
        played.process.end()
    if has_begun:
        restored_s, left = _await_restored(played.way, clock)
    device_run = seen.run
    why_not = None if device_run else played.way.denial or _why_not(seen)
    about = AsDevice(
        started_s=round(device_from_s, 4),
        duration_s=device_run.duration_s if device_run else 0.0,
        not_run=why_not.reason if why_not else None,
        unlocked_by=why_not.step if why_not else None,
        way=played.way.name,
        mac=played.chosen.mac,
        mac_from=played.chosen.source,
        laptop_addresses=scope.addresses,
        laptop_gateway=scope.gateway,
        laptop_ssid=own.observations.scope.ssid,
        laptop=exchanges(own.observations),
        neighbours=[*seen.neighbours],
        router=seen.router,
        restored_s=restored_s,
        left=left,
        kept=played.way.kept(seen.join) if has_begun else [],
    )
    if seen.fault is not None:
        about.fault = seen.fault
    return Run(
        started=own.started,
        duration_s=round(clock.monotonic() - begun, 3),
        complete=own.complete and not stopped and (device_run is None or device_run.complete),
        selection=selection,
        observations=_merged(own.observations, device_run, about, seen.join, selection, is_elsewhere=is_elsewhere),
        footprint=[
            *_marked([*played.checked, *own.footprint], as_device=False),
            *_marked(contacts_of(seen.join) if seen.join else [], as_device=True),
            *_marked(device_run.footprint if device_run else [], as_device=True),
        ],
    )


def _as_laptop(selection: Selection, way: Way) -> Selection:
    """The checks for the laptop's own part, of those selected.

    They are the Wi-Fi checks, and those that need no lease and that the network might answer for a laptop but not for a
    device.
    """
    asked = [
        row.id
        for row in CHECKS.values()
        if "wifi" in row.probes
        or (way.denial is None and row.beyond_the_air and not row.needs_lease and not row.locates)
    ]
    without = [row.id for row in CHECKS.values() if row.needs_lease]
    return Selection(only=[check_id for check_id in asked if selection.includes(check_id)], skip=[*without, *OPTIONAL])


def _is_elsewhere(way: Way, settings: RunSettings) -> bool:
    """Whether this laptop is, or may be, on another Wi-Fi network than the one that the device is to join."""
    return not way.shares_port and settings.air.ssid not in {None, settings.scope.ssid}


def _user_of(scope: Scope, profile: Profile) -> Callable[[DhcpMessage], None]:
    """A function that configures the device's interface with a lease, as this device would."""

    def use(lease: DhcpMessage) -> None:
        """Set the interface's address and router to those of the lease, and note both in the run's scope."""
        if lease.address is None:
            return
        mask = lease.mask or classful_mask(lease.address)
        guessed = first_host(lease.address, mask) if profile.dhcp.missing_router.value == "first-host" else None
        router = lease.routers[0] if lease.routers else guessed
        prefix = prefix_length(mask) or prefix_length(classful_mask(lease.address)) or 32
        SYSTEM.use_lease(scope.interface or "", LeaseToUse(address=lease.address, prefix=prefix, router=router))
        scope.addresses, scope.gateway = [f"{lease.address}/{prefix}"], router

    return use


def _be_device(played: Played, begin: device_process.Begin, settings: RunSettings) -> _Seen:
    """Lend the interface to the device's process, and pass on what this process reports, until it has ended.

    Returns:
        What the device's process has seen, or why it has seen nothing.
    """
    seen = _Seen()
    process = played.process

    def stop() -> None:
        settings.on_stop([])  # nothing is restored yet: the interface comes back after the process has ended
        process.stop()

    try:
        with played.way.lend(process.pid), SYSTEM.on_stop(stop):
            process.begin(begin)
            for told in process.told():
                # The laptop's own part has reported the checks of the scan already.
                if told.check is not None and told.check.stage != "scan":
                    settings.on_check(told.check)
                if told.waiting is not None:
                    settings.on_waiting(told.waiting)
                if told.event is not None and settings.trace is not None:
                    settings.trace(told.event)
                seen = seen._replace(
                    neighbours=tuple(told.neighbours) or seen.neighbours, router=told.router or seen.router
                )
                if told.run is not None or told.join is not None:
                    seen = seen._replace(run=told.run, join=told.join)
                    break
                seen = seen._replace(refused=told.refused or seen.refused, fault=told.fault or seen.fault)
            process.end()
    except OSError as problem:
        seen = seen._replace(refused=str(problem))
    return seen


def _await_restored(way: Way, clock: Clock) -> tuple[float | None, list[str]]:
    """Wait until the laptop is as it was before the run; Ctrl-C ends the wait.

    Returns:
        After how many seconds that was so (None: it was not in time), and what is not yet as before.
    """
    begun, given_up = clock.monotonic(), False

    def stop() -> None:
        nonlocal given_up
        given_up = True

    with SYSTEM.on_stop(stop):
        while left := way.left():
            if given_up or clock.monotonic() - begun > RESTORED_WITHIN_S:
                return None, left
            clock.hold_up(LOOK_EVERY_S)
    return round(clock.monotonic() - begun, 3), []


def _neighbours(scope: Scope) -> list[str]:
    """A few hosts on the laptop's link, other than its router, from the laptop's ARP table."""
    known = SYSTEM.neighbours(scope.interface or "") or {}
    return [address for address in known if address != scope.gateway and scope.is_on_link(address)][:_MOST_NEIGHBOURS]


def _merged(
    own: Observations,
    device_run: Run | None,
    about: AsDevice,
    join: Join | None,
    selection: Selection,
    *,
    is_elsewhere: bool,
) -> Observations:
    """The device's observations, with the Wi-Fi survey, the interfaces, the VPN and the proxies that the laptop sees.

    The DHCP messages of the laptop's own part are added, unless the laptop is on another network (`is_elsewhere`). If
    there was no run as the device, only the Wi-Fi survey is known, and every other probe has the reason for that.
    """
    laptop = own.scope
    joined: Join | UnsetType = UNSET
    if join is not None:
        joined = join
    elif about.way != "cable":
        joined = Join(not_run=about.not_run, way=about.way)
    if device_run is None:
        seen = Observations(scope=laptop, wifi=own.wifi, as_device=about, join=joined)
        for row in plan(probes_for(selection)):
            if row.name != "wifi":
                setattr(seen, row.name, row.kind(not_run=about.not_run, unlocked_by=about.unlocked_by))
        return seen
    seen = device_run.observations
    scope = msgspec.structs.replace(
        seen.scope,
        interface=laptop.interface,
        medium=laptop.medium,
        ssid=join.ssid if join is not None else laptop.ssid,
        bssid=_bssid_of(join) if join is not None else laptop.bssid,
        tunnels=laptop.tunnels,
        vpn=laptop.vpn,
        proxy=laptop.proxy,
        privileges=laptop.privileges,
        interfaces=laptop.interfaces,
    )
    dhcp = seen.dhcp
    if dhcp is not None and own.dhcp is not None and not is_elsewhere:
        dhcp = msgspec.structs.replace(
            dhcp,
            # NetworkManager's DHCP client took the lease of the device's connection.
            laptop_lease=dhcp.laptop_lease if about.way == "networkmanager" else own.dhcp.laptop_lease,
            sent=[*own.dhcp.sent, *dhcp.sent],
            received=[*own.dhcp.received, *dhcp.received],
        )
    return msgspec.structs.replace(seen, scope=scope, wifi=own.wifi, dhcp=dhcp, as_device=about, join=joined)


def _bssid_of(join: Join) -> str | None:
    """The BSS that the device was on at the end of the run; if that is not known, the BSS that it joined."""
    return join.end_bssid or (join.joined.bssid if join.joined else None)


def _why_not(seen: _Seen) -> Refusal:
    """Why nothing was measured as the device, and what would change that."""
    step = seen.join.unlocked_by if seen.join else None
    if seen.join is not None and seen.join.not_run is not None:
        return Refusal(seen.join.not_run, step)
    if seen.join is not None and seen.join.joined is None:
        return Refusal("the station that stands for the device did not join", step)
    if seen.join is not None and seen.join.link == "gone":
        return Refusal("the station that stands for the device lost its link", step)
    return Refusal(seen.refused or "the process of the device has ended early", step)


def _marked(contacts: Iterable[Contact], *, as_device: bool) -> list[Contact]:
    """The same contacts, marked as made from the device's address or from the laptop's own."""
    return [msgspec.structs.replace(contact, as_device=as_device) for contact in contacts]
