"""A lease that the watch holds in the place of a device: when it is renewed, and what each answer comes to."""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple, Protocol

from netpreflight.agent.watch.records import Answer
from netpreflight.agent.watch.station import Change
from netpreflight.agent.watch.watched import OutageProblem
from netpreflight.probes import held_lease
from netpreflight.probes.held_lease import HeldLease, HeldLeaseGuard, Refused, Taken
from netpreflight.probes.net.sockets import Network
from netpreflight.probes.scope import mac_of, scope

SOON_S = 1.0
NEVER_GRANTED_S = 60.0
"""How often a network is asked that has not granted a lease yet."""
MOST_UNTOLD = 3
"""So often it is asked until that is noted: each message is sent once, and can get lost."""


class Granting(Protocol):
    """What grants and renews leases; see `netpreflight.probes.held_lease`."""

    async def take(self) -> HeldLease | Refused | Taken | None:
        """Take a lease."""

    async def renew(self, lease: HeldLease, *, rebind: bool) -> HeldLease | Refused | None:
        """Renew a lease."""

    async def give_back(self, lease: HeldLease) -> None:
        """Give a lease back."""


class Servers:
    """The DHCP servers of a network.

    Args:
        interface: the name of the interface.
        host_name: what the device names itself.
        network: makes a network of the interface.
        count: takes what was sent through it.
        guard: gives the lease back if this process is killed.
    """

    def __init__(
        self,
        interface: str,
        host_name: str,
        network: Callable[[], Network],
        count: Callable[[Network], None],
        guard: HeldLeaseGuard | None,
    ) -> None:
        self._interface, self._host_name, self._guard = interface, host_name, guard
        self._network, self._count = network, count

    async def take(self) -> HeldLease | Refused | Taken | None:
        """Take a lease."""
        here = scope(self._interface)
        here.gateway_mac = mac_of(here.gateway, self._interface) if here.gateway else None
        async with self._counted() as network:
            return await held_lease.take(network, here, self._host_name, self._guard)

    async def renew(self, lease: HeldLease, *, rebind: bool) -> HeldLease | Refused | None:
        """Renew a lease."""
        async with self._counted() as network:
            return await held_lease.renew(
                network, scope(self._interface), lease, self._host_name, self._guard, rebind=rebind
            )

    async def give_back(self, lease: HeldLease) -> None:
        """Give a lease back."""
        async with self._counted() as network:
            await held_lease.give_back(network, scope(self._interface), lease, self._guard)

    @contextlib.asynccontextmanager
    async def _counted(self) -> AsyncIterator[Network]:
        async with self._network() as network:
            try:
                yield network
            finally:
                self._count(network)


class _Held(NamedTuple):
    """A lease, and when it was granted or renewed last."""

    lease: HeldLease
    since: float

    def until(self, after_s: float | None) -> float:
        """When a time of the lease has come."""
        return float("inf") if after_s is None else self.since + after_s


class Leasing:
    """A lease, held as lwIP's client holds it.

    Args:
        servers: what grants it.
        now: gives seconds, those asleep included.
    """

    def __init__(self, servers: Granting, now: Callable[[], float]) -> None:
        self._servers, self._now = servers, now
        self._held: _Held | None = None
        self._last_address: str | None = None
        self._refusals = 0
        """How often it was asked for a lease in vain, where that shows nothing broken."""
        self.changes: list[Change] = []
        """What has become of the lease, until somebody takes it."""

    async def ask(self) -> Answer:
        """Do what is due: take a lease, renew it, or nothing yet.

        Raises:
            OSError: the system does not allow it.
        """
        if self._held is None:
            return await self._take()
        held, asked_at = self._held, self._now()
        if asked_at < held.until(held.lease.renew_after_s):
            return self._not_yet(held, asked_at)
        if asked_at >= held.until(held.lease.ends_after_s):
            self._lost(f"the lease of {held.lease.address} ran out")
            return await self._take()
        rebind = asked_at >= held.until(held.lease.rebind_after_s)
        renewed = await self._servers.renew(held.lease, rebind=rebind)
        if isinstance(renewed, Refused):
            self._lost(f"{renewed.server} refused to renew the lease of {held.lease.address} (NAK)")
            return await self._take()
        if renewed is not None:
            return self._hold(renewed, asked_at, "renewed")
        who = "no server renewed" if rebind else f"{held.lease.server} did not renew"
        left_s = held.until(held.lease.ends_after_s) - self._now()
        said = f"{who} the lease of {held.lease.address}, which ends in {max(left_s, 0.0):.0f} s"
        return Answer(good=False, said=said, problem="renewal-silent")

    async def give_back(self) -> None:
        """Give the lease back, if one is held.

        Raises:
            OSError: the system does not allow it.
        """
        if self._held is not None:
            held, self._held = self._held, None
            await self._servers.give_back(held.lease)

    async def _take(self) -> Answer:
        asked_at = self._now()
        taken = await self._servers.take()
        if isinstance(taken, HeldLease):
            return self._hold(taken, asked_at, "granted")
        said, problem = _why_not(taken)
        # Where none was ever granted, nothing broke: its servers may serve only devices that they know.
        if self._last_address is None or problem is None:
            self._refusals += 1
            if self._refusals == MOST_UNTOLD:
                self.changes.append(Change("no-lease", said))
            return Answer(None, said, again_in_s=NEVER_GRANTED_S)
        return Answer(good=False, said=said, problem=problem)

    def _hold(self, lease: HeldLease, asked_at: float, how: str) -> Answer:
        if self._last_address not in {None, lease.address}:
            self.changes.append(Change("lease", f"the address was {self._last_address}, and is {lease.address}"))
        self._held, self._last_address = _Held(lease, asked_at), lease.address
        ends = "for ever" if lease.ends_after_s is None else f"for {lease.ends_after_s:.0f} s"
        said = f"{lease.server} {how} {lease.address} {ends}"
        return Answer(good=True, said=said, again_in_s=self._due_in_s(self._held, self._now()))

    def _not_yet(self, held: _Held, now: float) -> Answer:
        return Answer(None, "the lease is renewed later", again_in_s=self._due_in_s(held, now))

    def _due_in_s(self, held: _Held, now: float) -> float | None:
        """In how many seconds the lease is renewed; None: never."""
        due = held.until(held.lease.renew_after_s)
        return None if due == float("inf") else max(due - now, SOON_S)

    def _lost(self, said: str) -> None:
        self._held = None
        self.changes.append(Change("lease", said))


def _why_not(taken: Refused | Taken | None) -> tuple[str, OutageProblem | None]:
    """Why no lease was granted, and what broke, if one was granted before; None: that is not known."""
    match taken:
        case None:
            return "no DHCP server granted a lease", "no-lease"
        case Refused():
            return f"{taken.server} offered a lease, and then refused it (NAK)", "no-lease"
        case Taken(is_by_router=True):
            return f"{taken.address} was offered, for which {taken.holder} answers ARP as routers may for others", None
        case Taken():
            return f"{taken.address} was offered, which {taken.holder} has", "address-in-use"
