"""The run loop: runs the probes that the judged checks need, each as soon as its inputs are known."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec

from netpreflight.agent import judging, profiles
from netpreflight.agent.internal_faults import fault_of
from netpreflight.agent.judging.addresses import is_address, zone_of
from netpreflight.agent.judging.device_view import own_endpoints
from netpreflight.agent.judging.dns import NTP_SERVER
from netpreflight.agent.judging.signature import has_signed
from netpreflight.agent.judging.vendor_status import cloud_is_silent
from netpreflight.agent.judging.wifi.survey import Survey, survey_of
from netpreflight.agent.plan import REACHED_BY, Milestone, PlannedProbe, plan
from netpreflight.agent.profiles import Profile
from netpreflight.agent.report import Run, as_saved
from netpreflight.agent.results import Check
from netpreflight.agent.selection import Selection
from netpreflight.probes import obstacles
from netpreflight.probes.cloud import AS_DEVICE, HURRIED, cloud
from netpreflight.probes.coap import coap
from netpreflight.probes.dhcp import MOST_RESOLVERS, LeaseGuard, OnLease, dhcp
from netpreflight.probes.echo import EchoTarget, echo
from netpreflight.probes.join.frames import count_arp
from netpreflight.probes.nat_mapping import Server, mapping
from netpreflight.probes.net.clock import CLOCK, Clock, utc
from netpreflight.probes.net.host_addresses import HostAddresses
from netpreflight.probes.net.sockets import MOST_RUN_S, Network, OnWaiting, Trace
from netpreflight.probes.net.witnesses import FAULTS
from netpreflight.probes.ntp import ntp
from netpreflight.probes.observations import (
    MOST_NEIGHBORS,
    Cloud,
    CloudEndpoint,
    Coap,
    CoapServer,
    Dhcp,
    Dns,
    LinkNeighbor,
    NameKind,
    Ntp,
    Observation,
    Observations,
    Path,
    Resolver,
    Scope,
    VendorStatus,
    Wifi,
)
from netpreflight.probes.portal import VENDOR_HOSTS, portal
from netpreflight.probes.scope import answers_arp, mac_of, own_addresses
from netpreflight.probes.tcp import tcp
from netpreflight.probes.vendor_status import vendor_status
from netpreflight.probes.wifi import wifi
from netpreflight.probes.wifi.source import in_thread
from netpreflight.systems import SYSTEM

DEEP_RUN_S = 70.0
"""The longest deep run: time for slow DHCP servers and resolvers, and then for a device's DTLS handshake of 45 s."""
MOST_HOLD_S = 60.0
"""The longest silence that a deep run tests; for a product with a longer keep-alive, what a NAT does is not known."""
PATH_AFTER_S = 11.0
"""After a silence this long, which is three tries, the path is traced while the run still waits for an answer."""
JUDGING_S = 60.0
"""How long checks may be judged while the run goes on; all of them are judged again at its end."""
BEYOND_KEEP_ALIVE_S = 5.0
"""Added to the keep-alive: a NAT that forgets exactly when the keep-alive is due cannot be relied on."""

OnCheck = Callable[[Check], None]
OnStop = Callable[[list[str]], None]
Probe = Callable[[], Awaitable[Observation]]
Exchanges = TypeVar("Exchanges", bound=Coap | Cloud)


class AirChoice(NamedTuple):
    """What the user chose for the Wi-Fi survey."""

    ssid: str | None = None
    """The network to judge, written as in `Bss.ssid`; None: the one that this laptop is on."""
    capture: Wifi | None = None
    """The survey read from a capture; None: scan."""


class RunSettings(NamedTuple):
    """What a run measures, and what it calls meanwhile."""

    scope: Scope
    """The interface under test, and this laptop."""
    air: AirChoice
    profile: Profile
    """The device judged; what the other known devices need is measured too."""
    selection: Selection
    """The checks that count; probes that no such check needs do not run."""
    on_check: OnCheck = lambda _: None
    """Called with each check of `profile` as soon as its result is known."""
    deep: bool = False
    """Wait for the cloud as long as a device does, test how long a NAT keeps an idle conversation, and trace the path
    even if the port answers."""
    clock: Clock = CLOCK
    trace: Trace | None = None
    """Called with every packet that is sent or received, and every question to the system."""
    on_waiting: OnWaiting = lambda _: None
    """Called with all that is waited for, whenever that changes."""
    on_stop: OnStop = lambda _restored: None
    """Called at once when the user stops the run, with what is restored before it ends, such as the lease."""
    guard: LeaseGuard | None = None
    """Releases the lease if this process is killed before it has done so itself."""
    on_lease: OnLease | None = None
    """Set if the interface acts as the device (--as device): called with its lease, so that the interface uses it."""
    beside: Callable[[Network], Awaitable[None]] | None = None
    """What else is measured after all probes have ended and before the lease is released."""
    is_device: Callable[[], bool] = lambda: True
    """Called as each probe ends: whether the interface is still the one to measure on. If not, the probe may have used
    another network: what it measured is dropped, and the run ends."""


def measure(settings: RunSettings) -> Run:
    """Measure until everything is known, or the user stops the run (Ctrl-C, SIGTERM, SIGHUP)."""
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(measuring(settings))


async def measuring(settings: RunSettings) -> Run:
    """The same as `measure`, for an event loop that already runs."""
    return await _Measurement(settings).run()


class _Measurement:
    """One run: its observations as they come in, and the milestones that probes wait for."""

    def __init__(self, settings: RunSettings) -> None:
        self._settings = settings
        self._scope, self._profile = settings.scope, settings.profile
        scope, profile, selection = settings.scope, settings.profile, settings.selection
        self._seen = Observations(scope=scope)
        self._begun = settings.clock.monotonic()
        self._profiles = [profile, *(device for device in profiles.load_all() if device.name != profile.name)]
        self._ended: set[str] = set()
        """The probes that have ended, by name."""
        self._told: set[str] = set()
        """The checks that were announced, by id."""
        self._survey: tuple[Wifi, Survey] | None = None
        """The scan results that were judged last, and what was worked out from them."""
        self._judging = asyncio.Lock()
        self._announcements: set[asyncio.Task[None]] = set()
        self._dtls_waited_for: set[tuple[str, int]] = set()
        """Host and port of each DTLS exchange that has not ended."""
        self._so_far: dict[tuple[str, str, int], CoapServer | CloudEndpoint] = {}
        """The exchanges with clouds so far, keyed by transport, host and port; they may still go on."""
        self._dhcp_so_far = Dhcp()
        self._ntp_so_far: Ntp | None = None
        self._assumed = False
        """Whether the probes use the laptop's own resolvers because those of DHCP are not known."""
        self._laptop_resolvers = list(scope.resolvers)
        self._own_resolvers = scope.own_resolvers()
        self._resolvers: list[str] | None = None
        """The resolvers that the probes use; None: not known yet."""
        self._wants_lease = any(row.needs_lease and row.id not in selection.skip for row in judging.CHECKS.values())
        self._plan = plan(judging.probes_for(selection), deep=settings.deep)
        self._probes = {row.name for row in self._plan}
        self._by_resolvers = [row for row in self._plan if "resolvers" in row.begins_after]
        """The probes that use the resolvers; they run again if the lease names other ones."""
        self._reached = {milestone: asyncio.Event() for milestone in REACHED_BY}

    async def run(self) -> Run:
        """Run all probes until they end or the user stops the run, and return what they measured."""
        started = utc(self._settings.clock.wall())
        loop = asyncio.get_running_loop()
        self._settled = asyncio.Event()
        """Set once the lease has named the resolvers, or it is clear that no lease will."""
        self._corrected = asyncio.Event()
        """Set if the lease has named other resolvers than the probes use."""
        self._portal_url: asyncio.Future[str | None] = loop.create_future()
        most_run_s = DEEP_RUN_S if self._settings.deep else MOST_RUN_S
        interface = self._scope.interface or ""
        async with Network(
            interface,
            self._begun,
            most_run_s,
            clock=self._settings.clock,
            trace=self._settings.trace,
            on_waiting=self._settings.on_waiting,
            own_addresses=own_addresses,
        ) as network:
            self._network = network
            if self._settings.on_lease is not None:
                count_arp(network)
            self._addresses = HostAddresses(list(self._names()))
            stopped = self._stopped = asyncio.Event()
            with SYSTEM.on_stop(lambda: self._stop(stopped)):
                work = asyncio.ensure_future(self._work())
                stop = asyncio.ensure_future(stopped.wait())
                both: set[asyncio.Future[Any]] = {work, stop}
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                has_failed = work.done() and (work.cancelled() or work.exception() is not None)
                complete = work.done() and not has_failed and not stopped.is_set()
                for task in (stop, work, *self._announcements):
                    task.cancel()
                await asyncio.gather(work, *self._announcements, return_exceptions=True)
                for finish in reversed(network.at_end):
                    with contextlib.suppress(OSError):
                        await finish()
            footprint = network.footprint()
        is_device = self._settings.is_device()
        if self._seen.dhcp is None and self._dhcp_so_far.granted and is_device:  # the run was cut short after the ACK
            self._seen.dhcp = msgspec.structs.replace(self._dhcp_so_far, cut_short=True)
        if self._seen.dns and not self._settled.is_set():
            self._seen.dns.assumed = True  # the run was cut short before there was a lease
        if self._scope.gateway and self._scope.interface and is_device:  # by now traffic has filled the ARP cache
            self._scope.gateway_mac = mac_of(self._scope.gateway, self._scope.interface)
        return Run(
            started=started,
            duration_s=round(self._settings.clock.monotonic() - self._begun, 3),
            complete=complete,
            selection=self._settings.selection,
            observations=as_saved(self._seen),
            footprint=footprint,
        )

    async def _work(self) -> None:
        """Run all probes, and announce what they show."""
        await asyncio.gather(*self._tasks())
        if self._settings.beside is not None:
            with contextlib.suppress(OSError):
                await self._settings.beside(self._network)
        await asyncio.gather(*self._announcements)

    def _stop(self, stopped: asyncio.Event) -> None:
        """Tell the user that the run ends, and what is restored first; a signal handler calls this at any moment."""
        if stopped.is_set():
            return
        asyncio.get_running_loop().call_soon_threadsafe(stopped.set)
        self._settings.on_stop([what for restoration in self._network.restorations if (what := restoration())])

    def _tasks(self) -> list[Coroutine[Any, Any, None]]:
        """The work of this run, as coroutines."""
        probes = self._probes_with_targets()
        others = [row for row in self._plan if row not in self._by_resolvers]
        return [*(self._step(row, probes[row.name]) for row in others), self._run_by_resolvers()]

    async def _run_by_resolvers(self) -> None:
        """Run the probes that use the resolvers; if the lease then names other resolvers, run these probes again."""
        while True:
            probes = self._probes_with_targets()
            steps = asyncio.gather(*(self._step(row, probes[row.name]) for row in self._by_resolvers))
            corrected = asyncio.ensure_future(self._corrected.wait())
            either: set[asyncio.Future[Any]] = {steps, corrected}
            try:
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if steps.done() and self._by_resolvers:
                    await self._settled.wait()
            finally:
                steps.cancel()
                corrected.cancel()
                await asyncio.gather(*either, return_exceptions=True)
            if not self._corrected.is_set():
                return
            self._forget()

    def _forget(self) -> None:
        """Forget what was measured with other resolvers than those of the lease."""
        names = {row.name for row in self._by_resolvers}
        for name in names:
            setattr(self._seen, name, None)
        self._ended -= names
        self._so_far.clear()
        self._ntp_so_far = None
        self._addresses = HostAddresses(list(self._names()))
        for milestone, probes in REACHED_BY.items():
            if names >= set(probes):
                self._reached[milestone].clear()
        self._corrected.clear()

    def _probes_with_targets(self) -> dict[str, Probe]:
        """The probes of this run by name, each with its targets."""
        clouds = dict.fromkeys(
            (profile.cloud.transport.value, host, profile.cloud.port.value)
            for profile in self._profiles
            for host in profile.cloud.hosts.value
        )
        endpoints = [
            CloudEndpoint(transport=transport, host=host, port=port)
            for transport, host, port in clouds
            if transport != "coap"
        ]
        self._dtls_waited_for = {
            (endpoint.host, endpoint.port) for endpoint in endpoints if endpoint.transport == "dtls"
        }
        servers = [(host, port) for transport, host, port in clouds if transport == "coap"]
        public = {
            host for profile in self._profiles if profile.name == profiles.DEFAULT for host in profile.cloud.hosts.value
        }
        address_of = self._addresses.address
        patience = AS_DEVICE if self._settings.deep else HURRIED
        idle_servers = [
            *(Server("dtls", endpoint.host, endpoint.port) for endpoint in endpoints if endpoint.transport == "dtls"),
            *(Server("coap", host, port) for host, port in servers),
        ]
        return {
            "wifi": self._wifi,
            "dhcp": self._dhcp,
            "dns": self._dns,
            "ntp": self._ntp,
            "portal": lambda: portal(self._network, address_of, asyncio.shield(self._portal_url)),
            "coap": lambda: self._with_neighbors(coap(self._network, servers, address_of, public, self._note)),
            "cloud": lambda: self._with_neighbors(
                cloud(self._network, endpoints, address_of, patience, self._is_signed, self._note)
            ),
            "tcp": lambda: tcp(self._network),
            "echo": lambda: echo(self._network, echo_targets(self._profiles, self._cloud()), address_of),
            "path": self._path,
            "mapping": lambda: mapping(self._network, idle_servers, address_of, hold_s(self._profiles)),
            "vendor_status": self._vendor_status,
        }

    async def _step(self, row: PlannedProbe, probe: Probe) -> None:
        """Run one probe; an exception in it makes this probe "not run", and does not affect the others."""
        own_waits: dict[Milestone, Callable[[], Awaitable[object]]] = {"silence": self._silence}
        for milestone in row.begins_after:
            await own_waits.get(milestone, self._reached[milestone].wait)()
        self._network.note("begin", row.name)
        begun = self._network.elapsed()
        obstacle = obstacles.to(row.needs, self._scope, self._resolvers)
        faults: list[Exception] = []
        FAULTS.set(faults)  # for this task, which runs only this probe
        try:
            observation = row.kind(not_run=obstacle.reason, unlocked_by=obstacle.step) if obstacle else await probe()
        except Exception as fault:  # noqa: BLE001 - an error in one probe must not end the run
            observation = row.kind(not_run=f"the probe failed: {type(fault).__name__}: {fault}", fault=fault_of(fault))
        if faults and observation.fault is msgspec.UNSET:
            observation.fault = fault_of(faults[0])
        observation.started_s = begun
        observation.duration_s = round(self._network.elapsed() - begun, 4)
        self._network.note("end", row.name, detail=observation.not_run)
        if not self._settings.is_device():  # the probe may have used another network
            self._stopped.set()
            return
        setattr(self._seen, row.name, observation)
        self._ended.add(row.name)
        self._reach()
        self._tell()

    def _reach(self) -> None:
        """Set each milestone whose probes have all ended, whether they succeeded or not."""
        settle: dict[Milestone, Callable[[], None]] = {
            "resolvers": lambda: self._use_resolvers([], settled=True),
            "portal-api": lambda: self._use_portal_api(None),
            "addresses": self._addresses.settle_rest,
        }
        for milestone, probes in REACHED_BY.items():
            if not self._reached[milestone].is_set() and self._ended.issuperset(probes):
                settle.get(milestone, lambda: None)()
                self._reached[milestone].set()

    def _use_portal_api(self, url: str | None) -> None:
        """Pass the URL of DHCP option 114, or None, to the portal probe."""
        if not self._portal_url.done():
            self._portal_url.set_result(url)

    def _tell(self) -> None:
        """Announce the checks whose probes have all ended, but not those that other resolvers might still change."""
        is_open = self._corrected.is_set() or not self._settled.is_set()
        open_probes = {row.name for row in self._by_resolvers} if is_open else set()
        ready = []
        for check_id, row in judging.CHECKS.items():
            needed = {*row.probes, *(self._probes & set(row.also))}
            if self._settings.air.ssid is not None:
                needed |= self._probes & {"wifi"}  # the survey tells whether this laptop is on that network
            if needed <= self._ended - open_probes and row.exists(self._seen):
                ready.append(check_id)
        self._announce(ready)

    def _announce(self, check_ids: list[str], *, only_passes: bool = False) -> None:
        """Judge the checks that were not announced yet, in a thread, and announce them.

        Args:
            check_ids: the checks whose probes have ended.
            only_passes: announce only those that pass; others may still change.
        """
        seen = msgspec.structs.replace(self._seen)

        async def announced() -> None:
            async with self._judging:
                new = [check_id for check_id in check_ids if check_id not in self._told]
                with contextlib.suppress(TimeoutError):
                    for check in await in_thread(lambda: self._judged(new, seen), JUDGING_S) if new else ():
                        if check.status == "pass" or not only_passes:
                            self._told.add(check.id)
                            self._settings.on_check(check)

        task = asyncio.ensure_future(announced())
        self._announcements.add(task)

    def _judged(self, check_ids: list[str], seen: Observations) -> list[Check]:
        """Judge checks by what was seen so far; the same scan results are evaluated only once."""
        if seen.wifi is not None:
            if self._survey is None or self._survey[0] is not seen.wifi:
                self._survey = seen.wifi, survey_of(seen.wifi)
            seen.wifi = self._survey[1]
        return judging.judge_some(check_ids, seen, self._profile, self._settings.selection)

    def _use_resolvers(self, resolvers: list[str], *, settled: bool, denied: bool = False) -> None:
        """Use the resolvers that DHCP hands out or, where those cannot be learned, the laptop's own.

        Args:
            resolvers: the resolvers that DHCP has named so far.
            settled: whether the lease has named them, or no better ones will become known.
            denied: whether the system has refused to let a lease be requested.
        """
        if self._settled.is_set():
            return
        learned = [Resolver(address=resolver, source="dhcp", interface=self._scope.interface) for resolver in resolvers]
        is_asked = self._wants_lease and not denied and obstacles.to_exchange(self._scope) is None
        if not resolvers and not is_asked:
            resolvers = self._own_resolvers
            self._assumed = True
        used, self._resolvers = self._resolvers, resolvers[:MOST_RESOLVERS]
        self._scope.resolvers = [*learned, *self._laptop_resolvers]
        self._reached["resolvers"].set()
        if used is not None and used != self._resolvers:
            self._corrected.set()
        if settled:
            self._settled.set()
            self._tell()

    async def _wifi(self) -> Wifi:
        """Take the capture, or survey the air, and note which network is judged."""
        seen = self._settings.air.capture or await wifi(
            self._network, self._scope.interface, self._settings.air.ssid, on_partial=self._look_early
        )
        return self._aim(seen)

    def _look_early(self, seen: Wifi) -> None:
        """Announce the checks that 2.4 GHz alone settles; the others wait for the end of the survey."""
        self._seen.wifi = self._aim(seen)
        if "5" in self._profile.radio.bands.value:
            return  # a better access point may be on 5 GHz
        early = [check for check, row in judging.CHECKS.items() if "wifi" in row.probes and not row.whole_survey]
        self._announce(early, only_passes=True)

    def _aim(self, seen: Wifi) -> Wifi:
        """Note in the survey which network is judged, and in the scope which one this laptop is on."""
        seen.aim(self._settings.air.ssid)
        if seen.interface is not None and seen.interface == self._scope.interface:
            self._scope.medium = "wifi"
            # The survey may have missed the laptop's own access point.
            self._scope.ssid, self._scope.bssid = seen.associated_ssid or self._scope.ssid, seen.associated_bssid
        return seen

    async def _dhcp(self) -> Dhcp:
        """Run the DHCP probe with the host name that the device sends."""
        return await dhcp(
            self._network,
            self._scope,
            self._profile.dhcp.host_name.value,
            exchange=self._wants_lease,
            on_resolvers=self._use_resolvers,
            on_portal_api=self._use_portal_api,
            guard=self._settings.guard,
            on_lease=self._settings.on_lease,
            seen=self._dhcp_so_far,
        )

    async def _dns(self) -> Dns:
        """Look up all names at the resolvers, as soon as these are known."""
        from netpreflight.probes.dns import resolve  # noqa: PLC0415 - dnspython is loaded while DHCP is waited for

        if not self._resolvers:
            return Dns()
        names = self._names()
        wanted: dict[str, NameKind] = {**names, **dict.fromkeys(with_another_id(names), "another-id")}
        seen = await resolve(self._network, self._resolvers, wanted, self._addresses, aaaa_names(self._profiles))
        seen.assumed = self._assumed
        seen.neighbors = self._silent_neighbors(seen)
        return seen

    def _silent_neighbors(self, seen: Dns) -> list[LinkNeighbor]:
        """The resolvers on this laptop's own link that answered no lookup, each with whether it answers ARP."""
        heard = {lookup.resolver for lookup in seen.lookups if lookup.rcode}
        own = {address.partition("/")[0] for address in self._scope.addresses}
        found = []
        for resolver in seen.resolvers:
            if resolver not in heard | own and self._scope.is_on_link(resolver):
                answers = answers_arp(resolver, self._scope.interface or "")
                found += [LinkNeighbor(address=resolver, answers_arp=answers)] if answers is not None else []
        return found

    async def _with_neighbors(self, exchanges: Awaitable[Exchanges]) -> Exchanges:
        """Await exchanges with clouds, and note whether each silent server on this laptop's own link answers ARP."""
        with SYSTEM.arp_answers(self._scope.interface or "") as arp_answers:
            seen = await exchanges
            told = arp_answers() or {}
        servers = seen.servers if isinstance(seen, Coap) else seen.endpoints
        silent = dict.fromkeys(server.address for server in servers if server.address and not server.has_answered)
        seen.neighbors = [
            LinkNeighbor(address=address, answers_arp=told[address])
            for address in silent
            if address in told and self._scope.is_on_link(address)
        ][:MOST_NEIGHBORS]
        return seen

    async def _ntp(self) -> Ntp:
        """Ask the NTP server, once its name has an address."""
        address = await self._addresses.address(NTP_SERVER)

        def note(seen: Ntp) -> None:
            """Keep the exchange for the ladders of the path, which need not wait until the exchange is confirmed."""
            self._ntp_so_far = seen

        return Ntp(server=NTP_SERVER) if address is None else await ntp(self._network, address, note)

    def _note(self, seen: CoapServer | CloudEndpoint) -> None:
        """Keep what is known so far of an exchange that may still go on."""
        transport = "coap" if isinstance(seen, CoapServer) else seen.transport
        self._so_far[transport, seen.host, seen.port] = seen
        if transport == "dtls":
            self._dtls_waited_for.discard((seen.host, seen.port))
            if not self._dtls_waited_for:
                self._reached["dtls-ended"].set()

    def _is_signed(self, endpoint: CloudEndpoint) -> bool:
        """Whether an endpoint has signed our random with the key that any known device expects of this endpoint."""
        return any(has_signed(endpoint, profile) for profile in self._profiles)

    def _cloud(self) -> Cloud:
        """The cloud exchanges so far."""
        known = [server for server in self._so_far.values() if isinstance(server, CloudEndpoint)]
        return self._seen.cloud or Cloud(endpoints=known)

    async def _silence(self) -> None:
        """Wait until the device's cloud port has been silent for `PATH_AFTER_S`, or every exchange has ended."""
        needs = self._profile.cloud
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MOST_RUN_S):
                for host in needs.hosts.value:
                    key = needs.transport.value, host, needs.port.value
                    address = await self._addresses.address(host)
                    if key[0] == "coap":
                        self._so_far.setdefault(key, CoapServer(host=host, port=key[2], address=address))
                    else:
                        endpoint = CloudEndpoint(transport=key[0], host=host, port=key[2], address=address)
                        self._so_far.setdefault(key, endpoint)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATH_AFTER_S):
                await self._reached["silence"].wait()

    async def _path(self) -> Path:
        """Trace the path to each port that the exchanges so far call for."""
        # Imported here, because a healthy run traces no path and must not wait for these modules.
        from netpreflight.agent.path_targets import path_targets  # noqa: PLC0415
        from netpreflight.probes.path import path  # noqa: PLC0415

        seen = msgspec.structs.replace(
            self._seen,
            ntp=self._seen.ntp or self._ntp_so_far,
            coap=self._seen.coap
            or Coap(servers=[server for server in self._so_far.values() if isinstance(server, CoapServer)]),
            cloud=self._cloud(),
        )
        only = self._settings.selection.only
        always = bool(only) and all(judging.CHECKS[check_id].locates for check_id in only or [])
        return await path(self._network, path_targets(seen, self._profile, always=always, deep=self._settings.deep))

    async def _vendor_status(self) -> VendorStatus:
        """Ask the status page of the device's cloud, if it has one and the cloud is silent."""
        page = self._profile.cloud.status_page
        seen = msgspec.structs.replace(self._seen, cloud=self._cloud())
        if page is None or not cloud_is_silent(own_endpoints(seen, self._profile)):
            return VendorStatus()
        return await vendor_status(self._network, page.value, self._addresses.address)

    def _names(self) -> dict[str, NameKind]:
        """All names to look up: those that known devices ask for, and those that vendors' portal checks use."""
        names: dict[str, NameKind] = {NTP_SERVER: "device"}
        for profile in self._profiles:
            names.update(dict.fromkeys(_cloud_names(profile), "device"))
        return {**names, **dict.fromkeys(VENDOR_HOSTS, "vendor")}


def _cloud_names(profile: Profile) -> list[str]:
    """The hosts of a device's cloud that are names, and not addresses."""
    return [host for host in profile.cloud.hosts.value if not is_address(host)]


def with_another_id(names: Iterable[str]) -> list[str]:
    """The names that contain a device id, with another id of the same platform in its place: one id for all names."""
    random_digits = f"{random.getrandbits(64):016x}"  # the 8 digits that stand before this are the platform's
    return [f"{name[:8]}{random_digits}.{name.partition('.')[2]}" for name in names if zone_of(name) != name]


def echo_targets(known: list[Profile], cloud: Cloud | None) -> list[EchoTarget]:
    """The servers to send an echo to: those of devices whose Internet Test is an echo, if their cloud did not answer.

    Each server is asked only once in each form, with the packets of the first such device: those of other devices
    differ in the interface index only.
    """
    endpoints = cloud.endpoints if cloud else []
    silent = {(endpoint.host, endpoint.port) for endpoint in endpoints if endpoint.attempts and not endpoint.record}
    answered = {(endpoint.host, endpoint.port) for endpoint in endpoints if endpoint.record}
    asked: dict[tuple[str, int, str], EchoTarget] = {}
    for profile in known:
        method, interface = profile.internet_test.method.value, profile.internet_test.interface
        if interface is not None and method in {"echo-1", "echo-2"}:
            online = any((host, profile.cloud.port.value) in answered for host in profile.cloud.hosts.value)
            for host in profile.cloud.hosts.value:
                form: Literal[1, 2] = 1 if method == "echo-1" else 2
                target = EchoTarget(form, host, profile.cloud.port.value, interface.value)
                if (host, target.port) in silent and not online:
                    asked.setdefault((host, target.port, method), target)
    return list(asked.values())


def aaaa_names(known: list[Profile]) -> set[str]:
    """The names whose IPv6 address any known device asks for."""
    return {host for profile in known if profile.dns.aaaa_first.value for host in _cloud_names(profile)}


def hold_s(known: list[Profile]) -> float:
    """How many seconds a NAT must keep an idle conversation: the longest keep-alive, and a margin."""
    keep_alives = [
        profile.cloud.keep_alive_s.value
        for profile in known
        if profile.cloud.transport.value == "dtls" and profile.cloud.keep_alive_s
    ]
    return min(max(keep_alives, default=profiles.KEEP_ALIVE_S) + BEYOND_KEEP_ALIVE_S, MOST_HOLD_S)
