"""A DHCP lease that the watch holds like a device would: when it is renewed, and what each answer of a server means."""

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
"""How often to ask for a lease while the network has not granted one yet."""
MOST_UNTOLD = 3
"""After how many failed requests for a lease a note is made: each message is sent only once, and can get lost."""


class Granting(Protocol):
    """DHCP servers that grant and renew leases; see `netpreflight.probes.held_lease` for what the results mean."""

    async def take(self) -> HeldLease | Refused | Taken | None:
        """Ask for a new lease."""

    async def renew(self, lease: HeldLease, *, rebind: bool) -> HeldLease | Refused | None:
        """Renew a lease: with the server that granted it, or with any server (`rebind`)."""

    async def give_back(self, lease: HeldLease) -> None:
        """Release a lease."""


class Servers:
    """The DHCP servers of a network.

    Args:
        interface: the name of the interface.
        host_name: the host name that the device sends (option 12).
        network: makes a `Network` of the interface.
        count: counts what was sent through a `Network`.
        guard: releases the lease if this process is killed.
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
        """Ask for a new lease."""
        here = scope(self._interface)
        here.gateway_mac = mac_of(here.gateway, self._interface) if here.gateway else None
        async with self._counted() as network:
            return await held_lease.take(network, here, self._host_name, self._guard)

    async def renew(self, lease: HeldLease, *, rebind: bool) -> HeldLease | Refused | None:
        """Renew a lease: with the server that granted it, or with any server (`rebind`)."""
        async with self._counted() as network:
            return await held_lease.renew(
                network, scope(self._interface), lease, self._host_name, self._guard, rebind=rebind
            )

    async def give_back(self, lease: HeldLease) -> None:
        """Release a lease."""
        async with self._counted() as network:
            await held_lease.give_back(network, scope(self._interface), lease, self._guard)

    @contextlib.asynccontextmanager
    async def _counted(self) -> AsyncIterator[Network]:
        """A network of the interface; what was sent through it is counted at the end."""
        async with self._network() as network:
            try:
                yield network
            finally:
                self._count(network)


class _Held(NamedTuple):
    """A lease, and when its last grant or renewal was requested."""

    lease: HeldLease
    since: float

    def until(self, after_s: float | None) -> float:
        """The moment at which a time of the lease (T1, T2 or its end) is reached; None stands for never."""
        return float("inf") if after_s is None else self.since + after_s


class Leasing:
    """A lease, renewed and rebound as lwIP's client does it.

    Args:
        servers: the servers that grant the lease.
        now: gives the seconds since the laptop was started, including sleep.
    """

    def __init__(self, servers: Granting, now: Callable[[], float]) -> None:
        self._servers, self._now = servers, now
        self._held: _Held | None = None
        self._last_address: str | None = None
        self._refusals = 0
        """How many requests for a lease failed without showing that anything broke."""
        self.changes: list[Change] = []
        """Changes of the lease to make notes of; the caller clears this list."""

    async def ask(self) -> Answer:
        """Do what is due: ask for a lease, renew it, or wait until the lease has to be renewed.

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
        """Release the lease, if one is held.

        Raises:
            OSError: the system does not allow it.
        """
        if self._held is not None:
            held, self._held = self._held, None
            await self._servers.give_back(held.lease)

    async def _take(self) -> Answer:
        """Ask for a new lease."""
        asked_at = self._now()
        taken = await self._servers.take()
        if isinstance(taken, HeldLease):
            return self._hold(taken, asked_at, "granted")
        said, problem = _why_not(taken)
        # If no lease was ever granted, nothing broke: the servers may serve only devices that they know.
        if self._last_address is None or problem is None:
            self._refusals += 1
            if self._refusals == MOST_UNTOLD:
                self.changes.append(Change("no-lease", said))
            return Answer(None, said, again_in_s=NEVER_GRANTED_S)
        return Answer(good=False, said=said, problem=problem)

    def _hold(self, lease: HeldLease, asked_at: float, verb: str) -> Answer:
        """Hold a lease that was "granted" or "renewed" (`verb`) after a request at `asked_at`."""
        if self._last_address not in {None, lease.address}:
            self.changes.append(Change("lease", f"the address was {self._last_address}, and is {lease.address}"))
        self._held, self._last_address = _Held(lease, asked_at), lease.address
        ends = "for ever" if lease.ends_after_s is None else f"for {lease.ends_after_s:.0f} s"
        said = f"{lease.server} {verb} {lease.address} {ends}"
        return Answer(good=True, said=said, again_in_s=self._due_in_s(self._held, self._now()))

    def _not_yet(self, held: _Held, now: float) -> Answer:
        """The answer while nothing is due: it says when the lease is renewed."""
        return Answer(None, "the lease is renewed later", again_in_s=self._due_in_s(held, now))

    def _due_in_s(self, held: _Held, now: float) -> float | None:
        """In how many seconds the lease is renewed; None: never."""
        due = held.until(held.lease.renew_after_s)
        return None if due == float("inf") else max(due - now, SOON_S)

    def _lost(self, said: str) -> None:
        """Hold no lease any more, and note why."""
        self._held = None
        self.changes.append(Change("lease", said))


def _why_not(taken: Refused | Taken | None) -> tuple[str, OutageProblem | None]:
    """Why no lease was granted, in words, and the problem that this is if one was granted before; None: it is none."""
    match taken:
        case None:
            return "no DHCP server granted a lease", "no-lease"
        case Refused():
            return f"{taken.server} offered a lease, and then refused it (NAK)", "no-lease"
        case Taken(is_by_router=True):
            return f"{taken.address} was offered, but {taken.holder} answers ARP for it (proxy ARP of a router)", None
        case Taken():
            return f"{taken.address} was offered, but {taken.holder} has this address", "address-in-use"
