"""The addresses that DNS lookups have found so far, for the probes that wait for an address."""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable


def is_ipv4(host: str) -> bool:
    """Whether a host is given as an IPv4 address."""
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


class HostAddresses:
    """Addresses by host name, each available as soon as a device would have it.

    Args:
        names: the names that are looked up in any case.
    """

    def __init__(self, names: list[str]) -> None:
        loop = asyncio.get_running_loop()
        self._known: dict[str, asyncio.Future[str | None]] = {name: loop.create_future() for name in names}
        self._resolver: asyncio.Future[Callable[[str], Awaitable[str | None]] | None] = loop.create_future()

    async def address(self, host: str) -> str | None:
        """Wait for the address that a device uses for a host (the first of the answer, as in lwIP); None: it gets none.

        A host that is not one of `names` is looked up now; an IPv4 address stands for itself.
        """
        if is_ipv4(host):
            return host
        if host in self._known:
            return await self._known[host]
        look_up = await self._resolver
        return await look_up(host) if look_up else None

    def settle(self, name: str, address: str | None) -> None:
        """Set the address that a device gets for a name."""
        if not self._known[name].done():
            self._known[name].set_result(address)

    def resolve_with(self, look_up: Callable[[str], Awaitable[str | None]] | None) -> None:
        """Set the function that looks up hosts that are not among `names`; None: they are not looked up."""
        if not self._resolver.done():
            self._resolver.set_result(look_up)

    def settle_rest(self) -> None:
        """Settle all names that are still open: they have no address."""
        for name in self._known:
            self.settle(name, None)
        self.resolve_with(None)
