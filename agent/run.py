"""The run loop: what the judged checks need is measured, each probe as soon as its inputs are known."""

import asyncio
import contextlib
import datetime as dt
import ipaddress
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec

from agent import judging, profiles
from agent.checks import Check, Selection
from agent.judging.addresses import is_address
from agent.judging.dns import NTP_SERVER
from agent.profiles import Profile
from agent.report import Run, as_saved
from probes.answers import Answers
from probes.cloud import AS_DEVICE, HURRIED, cloud
from probes.coap import coap
from probes.dhcp import dhcp
from probes.echo import EchoTarget, echo
from probes.mapping import Server, mapping
from probes.network import MOST_RUN_S, Network
from probes.ntp import ntp
from probes.observations import (
    Cloud,
    CloudEndpoint,
    Coap,
    CoapServer,
    Dhcp,
    Dns,
    Echo,
    Mapping,
    NameKind,
    Ntp,
    Observation,
    Observations,
    Path,
    Portal,
    Resolver,
    Scope,
    TcpConnect,
    Wifi,
)
from probes.portal import VENDOR_HOSTS, portal
from probes.scope import mac_of
from probes.tcp import tcp
from probes.wifi import wifi

MOST_RESOLVERS = 2
"""lwIP keeps the first two resolvers of a lease (LWIP_DHCP_MAX_DNS_SERVERS); no device asks a third."""
DEEP_RUN_S = 70.0
"""Room for a DHCP server and resolvers that are slow, and then for the 45 s of a device's DTLS handshake."""
KEEP_ALIVE_S = 25.0
"""Device OS 2.1 and later, on Wi-Fi (rtl8721x_config.h:44)."""
MOST_HOLD_S = 60.0
"""Nobody waits for longer; of a product that is silent for longer a run does not say what a NAT does to it."""
PATH_AFTER_S = 11.0
"""A port that has been silent for so long, on three tries, is looked for on the path while it is still waited for."""
BEYOND_KEEP_ALIVE_S = 5.0
"""A NAT that forgets exactly when the keep-alive is due cannot be relied on."""

OnCheck = Callable[[Check], None]
Seen = TypeVar("Seen", bound=Observation)


class Air(NamedTuple):
    """What the user said of the air."""

    ssid: str | None = None
    """The network meant, as `Bss.ssid` has it; None: the one that this laptop is on."""
    capture: Wifi | None = None
    """What a capture has of it; None: scan."""


def measure(
    scope: Scope, air: Air, profile: Profile, selection: Selection, on_check: OnCheck, *, deep: bool = False
) -> Run:
    """Measure, until everything is known or the user stops it (Ctrl-C, SIGTERM, SIGHUP).

    Args:
        scope: the interface under test and its laptop.
        air: the network meant, and what is known of the air already.
        profile: the device judged; what the other known devices need is measured too.
        selection: the checks that count; probes that no such check needs do not run.
        on_check: called with each check of `profile` as soon as it is known.
        deep: wait for the cloud as long as a device does, look at what a NAT forgets, and at the path of a port that
            answers, too.
    """
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(_Measurement(scope, air, profile, selection, on_check, deep=deep).run())


class _Measurement:
    """One run: its observations as they come in, and who waits for what."""

    def __init__(
        self, scope: Scope, air: Air, profile: Profile, selection: Selection, on_check: OnCheck, *, deep: bool
    ) -> None:
        self._scope = scope
        self._deep = deep
        self._air = air
        self._profile = profile
        self._selection = selection
        self._on_check = on_check
        self._seen = Observations(scope=scope)
        self._begun = time.monotonic()
        self._profiles = [profile, *(one for one in profiles.load_all() if one.name != profile.name)]
        self._ended: set[str] = set()
        self._told: set[str] = set()
        self._dtls_ended = asyncio.Event()
        self._dtls_waited_for: set[tuple[str, int]] = set()
        self._clouds_ended = asyncio.Event()
        self._so_far: dict[tuple[str, str, int], CoapServer | CloudEndpoint] = {}
        self._assumed = False
        self._wants_lease = any(one.startswith("dhcp.") and one not in selection.skip for one in judging.JUDGES)
        self._probes = judging.probes_for(selection)
        if deep and "cloud" in self._probes:
            self._probes |= {"mapping", "path"}

    async def run(self) -> Run:
        started = dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        loop = asyncio.get_running_loop()
        self._resolvers: asyncio.Future[list[str]] = loop.create_future()
        self._portal_url: asyncio.Future[str | None] = loop.create_future()
        most_run_s = DEEP_RUN_S if self._deep else MOST_RUN_S
        async with Network(self._scope.interface or "", self._begun, most_run_s) as network:
            self._network = network
            self._answers = Answers(list(self._names()))
            stopped = asyncio.Event()
            if sys.platform != "win32":
                for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    loop.add_signal_handler(number, stopped.set)
            work = asyncio.ensure_future(asyncio.gather(*self._tasks()))
            stop = asyncio.ensure_future(stopped.wait())
            both: set[asyncio.Future[Any]] = {work, stop}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            complete = work.done()
            stop.cancel()
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            footprint = network.footprint()
        if self._scope.gateway and self._scope.interface:  # by now something has gone through it
            self._scope.gateway_mac = mac_of(self._scope.gateway, self._scope.interface)
        return Run(
            started=started,
            duration_s=round(time.monotonic() - self._begun, 3),
            complete=complete,
            selection=self._selection,
            observations=as_saved(self._seen),
            footprint=footprint,
        )

    def _tasks(self) -> list[Coroutine[Any, Any, None]]:
        clouds = dict.fromkeys(
            (one.cloud.transport.value, host, one.cloud.port.value)
            for one in self._profiles
            for host in one.cloud.hosts.value
        )
        endpoints = [
            CloudEndpoint(transport=transport, host=host, port=port)
            for transport, host, port in clouds
            if transport != "coap"
        ]
        self._dtls_waited_for = {(one.host, one.port) for one in endpoints if one.transport == "dtls"}
        servers = [(host, port) for transport, host, port in clouds if transport == "coap"]
        public = {host for one in self._profiles if one.name == profiles.DEFAULT for host in one.cloud.hosts.value}
        address_of = self._answers.address
        patience = AS_DEVICE if self._deep else HURRIED
        held = [
            *(Server("dtls", one.host, one.port) for one in endpoints if one.transport == "dtls"),
            *(Server("coap", host, port) for host, port in servers),
        ]
        steps: dict[str, tuple[type[Observation], Callable[[], Awaitable[Observation]]]] = {
            "wifi": (Wifi, self._wifi),
            "dhcp": (Dhcp, self._dhcp),
            "dns": (Dns, self._dns),
            "ntp": (Ntp, self._ntp),
            "portal": (Portal, lambda: portal(self._network, address_of, self._portal_url)),
            "coap": (Coap, lambda: coap(self._network, servers, address_of, public, self._note)),
            "cloud": (Cloud, lambda: cloud(self._network, endpoints, address_of, patience, self._note)),
            "tcp": (TcpConnect, lambda: tcp(self._network)),
            "echo": (Echo, lambda: echo(self._network, echo_targets(self._profiles, self._cloud()), address_of)),
            "path": (Path, self._path),
            "mapping": (Mapping, lambda: mapping(self._network, held, address_of, hold_s(self._profiles))),
        }
        return [self._step(name, *step) for name, step in steps.items() if name in self._probes]

    async def _step(self, name: str, kind: type[Seen], probe: Callable[[], Awaitable[Seen]]) -> None:
        """Run one probe; a fault of its own is that probe's "not run", and nobody else's."""
        if name not in {"wifi", "dhcp"}:
            await self._resolvers
        if name == "path":
            await self._silence()
        if name == "echo":
            await self._dtls_ended.wait()  # a device tests the internet after its cloud connection has failed
        begun = self._network.elapsed()
        obstacle, unlocked_by = self._obstacle(name)
        try:
            observation = kind(not_run=obstacle, unlocked_by=unlocked_by) if obstacle else await probe()
        except Exception as fault:  # noqa: BLE001 - whatever a probe raises must not take the run with it
            observation = kind(not_run=f"the probe failed: {type(fault).__name__}: {fault}")
        observation.started_s = begun
        observation.duration_s = round(self._network.elapsed() - begun, 4)
        setattr(self._seen, name, observation)
        self._ended.add(name)
        self._settle(name)
        self._tell()

    def _obstacle(self, name: str) -> tuple[str | None, str | None]:
        """Why a probe cannot run on this laptop at all, and what would make it possible."""
        scope = self._scope
        if name == "wifi":
            return None, None  # the radio need not be the interface under test
        if scope.interface is None:
            return "this laptop has no network interface", None
        if scope.state != "up":
            return f"the interface {scope.interface} is " + ("down" if scope.state == "down" else "not connected"), None
        if name == "dhcp":
            return None, None
        if not scope.addresses:
            return f"this laptop has no IPv4 address on {scope.interface}", None
        if scope.gateway is None and not (name == "dns" and all(map(self._is_on_link, self._resolvers.result()))):
            step = f"Disconnect the VPN {scope.vpn}" if scope.vpn else f"Give {scope.interface} its default route"
            return f"this laptop has no default route through {scope.interface}", f"{step}, and run netpreflight again."
        return None, None

    def _is_on_link(self, address: str) -> bool:
        networks = [ipaddress.ip_interface(one).network for one in self._scope.addresses]
        return any(ipaddress.ip_address(address) in network for network in networks)

    def _settle(self, name: str) -> None:
        """Release whoever waits for a probe that has ended, however it ended."""
        if name == "dhcp":
            seen = self._seen.dhcp
            told = [one.captive_portal for one in seen.received if one.captive_portal] if seen else []
            recorded = seen.laptop_lease.captive_portal if seen and seen.laptop_lease else None
            self._portal_url.set_result(told[0] if told else recorded)
            self._use_resolvers([])
        if name == "dns":
            self._answers.settle_rest()
        if name == "cloud":
            self._dtls_ended.set()
        if {"coap", "cloud"} <= self._ended:
            self._clouds_ended.set()

    def _tell(self) -> None:
        """Announce the checks for which everything has been seen."""
        for check_id, judge in judging.JUDGES.items():
            needed = {*judge.probes, *(self._probes & set(judge.also))}
            if self._air.ssid is not None:
                needed |= self._probes & {"wifi"}  # it tells whether this laptop is on that network
            if check_id not in self._told and needed <= self._ended:
                self._told.add(check_id)
                self._on_check(judging.judge_one(check_id, self._seen, self._profile, self._selection))

    def _use_resolvers(self, resolvers: list[str]) -> None:
        """Go on with the resolvers that DHCP hands out; where those cannot be learned, with the laptop's own."""
        if self._resolvers.done():
            return
        learned = [Resolver(address=one, source="dhcp", interface=self._scope.interface) for one in resolvers]
        if not resolvers and not (self._wants_lease and self._scope.privileges.raw_sockets):
            own = [one.address for one in self._scope.resolvers if one.interface == self._scope.interface]
            resolvers = list(dict.fromkeys(own))
            self._assumed = True
        self._resolvers.set_result(resolvers[:MOST_RESOLVERS])
        self._scope.resolvers = [*learned, *self._scope.resolvers]

    async def _wifi(self) -> Wifi:
        seen = self._air.capture or await wifi(
            self._scope.interface, self._air.ssid, elapsed=self._network.elapsed, on_partial=self._look_early
        )
        return self._aim(seen)

    def _look_early(self, seen: Wifi) -> None:
        """Announce what 2.4 GHz alone settles, while the survey goes on; the rest waits for its end."""
        self._seen.wifi = self._aim(seen)
        if "5" in self._profile.radio.bands.value:
            return  # a better access point may be on 5 GHz
        for check_id, judge in judging.JUDGES.items():
            if "wifi" in judge.probes and check_id not in {"wifi.shared-ssid", "wifi.ssid"}:  # 5 GHz counts for these
                check = judging.judge_one(check_id, self._seen, self._profile, self._selection)
                if check.status == "pass":
                    self._told.add(check_id)
                    self._on_check(check)

    def _aim(self, seen: Wifi) -> Wifi:
        """Say which network is meant, and which one this laptop measures from."""
        seen.aim(self._air.ssid)
        if seen.interface is not None and seen.interface == self._scope.interface:
            self._scope.medium = "wifi"
            self._scope.ssid, self._scope.bssid = seen.associated_ssid, seen.associated_bssid
        return seen

    async def _dhcp(self) -> Dhcp:
        return await dhcp(
            self._network,
            self._scope,
            self._profile.dhcp.host_name.value,
            exchange=self._wants_lease,
            on_resolvers=self._use_resolvers,
        )

    async def _dns(self) -> Dns:
        from probes.dns import resolve  # noqa: PLC0415 - dnspython is loaded while DHCP is waited for

        resolvers = await self._resolvers
        if not resolvers:
            return Dns()
        seen = await resolve(self._network, resolvers, self._names(), self._answers, aaaa_names(self._profiles))
        seen.assumed = self._assumed
        return seen

    async def _ntp(self) -> Ntp:
        address = await self._answers.address(NTP_SERVER)
        return Ntp(server=NTP_SERVER) if address is None else await ntp(self._network, address)

    def _note(self, seen: CoapServer | CloudEndpoint) -> None:
        """Keep what is known of an exchange, of which the whole is known later."""
        transport = "coap" if isinstance(seen, CoapServer) else seen.transport
        self._so_far[transport, seen.host, seen.port] = seen
        if transport == "dtls":
            self._dtls_waited_for.discard((seen.host, seen.port))
            if not self._dtls_waited_for:
                self._dtls_ended.set()

    def _cloud(self) -> Cloud:
        """What is known of the cloud so far."""
        known = [one for one in self._so_far.values() if isinstance(one, CloudEndpoint)]
        return self._seen.cloud or Cloud(endpoints=known)

    async def _silence(self) -> None:
        """Wait until the device's port has been silent for a while, or every exchange has ended."""
        needs = self._profile.cloud
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MOST_RUN_S):
                for host in needs.hosts.value:
                    key = needs.transport.value, host, needs.port.value
                    address = await self._answers.address(host)
                    if key[0] == "coap":
                        self._so_far.setdefault(key, CoapServer(host=host, port=key[2], address=address))
                    else:
                        endpoint = CloudEndpoint(transport=key[0], host=host, port=key[2], address=address)
                        self._so_far.setdefault(key, endpoint)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATH_AFTER_S):
                await self._clouds_ended.wait()

    async def _path(self) -> Path:
        # A healthy run looks for no path, and does not wait for this.
        from agent.path_targets import path_targets  # noqa: PLC0415
        from probes.path import path  # noqa: PLC0415

        seen = msgspec.structs.replace(
            self._seen,
            coap=self._seen.coap or Coap(servers=[one for one in self._so_far.values() if isinstance(one, CoapServer)]),
            cloud=self._cloud(),
        )
        always = self._selection.only == ["path.egress"]
        return await path(self._network, path_targets(seen, self._profile, always=always, deep=self._deep))

    def _names(self) -> dict[str, NameKind]:
        """Every name that a known device asks for, and the vendors'."""
        names: dict[str, NameKind] = {NTP_SERVER: "device"}
        for one in self._profiles:
            names.update(dict.fromkeys(_cloud_names(one), "device"))
        return {**names, **dict.fromkeys(VENDOR_HOSTS, "vendor")}


def _cloud_names(profile: Profile) -> list[str]:
    """The names, not the addresses, among a device's cloud hosts."""
    return [host for host in profile.cloud.hosts.value if not is_address(host)]


def echo_targets(known: list[Profile], cloud: Cloud | None) -> list[EchoTarget]:
    """Whose servers are asked for an echo: those of the devices whose Internet Test is one, where they stayed silent.

    Each server is asked once in each form, as the first of the devices that would: another's packets differ by the
    index of its interface only.
    """
    silent = {(one.host, one.port) for one in (cloud.endpoints if cloud else []) if one.attempts and not one.record}
    asked: dict[tuple[str, int, str], EchoTarget] = {}
    for one in known:
        method, interface = one.internet_test.method.value, one.internet_test.interface
        if interface is not None and method in {"echo-1", "echo-2"}:
            for host in one.cloud.hosts.value:
                form: Literal[1, 2] = 1 if method == "echo-1" else 2
                target = EchoTarget(form, host, one.cloud.port.value, interface.value)
                if (host, target.port) in silent:
                    asked.setdefault((host, target.port, method), target)
    return list(asked.values())


def aaaa_names(known: list[Profile]) -> set[str]:
    """The names whose IPv6 address a device asks for."""
    return {host for one in known if one.dns.aaaa_first.value for host in _cloud_names(one)}


def hold_s(known: list[Profile]) -> float:
    """How long a NAT has to keep a conversation: as long as a device is silent, and some more."""
    alive = [
        one.cloud.keep_alive_s.value for one in known if one.cloud.transport.value == "dtls" and one.cloud.keep_alive_s
    ]
    return min(max(alive, default=KEEP_ALIVE_S) + BEYOND_KEEP_ALIVE_S, MOST_HOLD_S)
