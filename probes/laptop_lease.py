"""The lease that this laptop holds, as its own DHCP client recorded it: the evidence where no DISCOVER may be sent."""

from collections.abc import Iterable

from netpreflight.probes.observations import Lease
from netpreflight.systems import SYSTEM


async def laptop_lease(interface: str, addresses: Iterable[str]) -> Lease | None:
    """The lease of an interface that has these IPv4 `addresses` (with prefix), or None where no client records one.

    A record is taken only if its address is on the interface now.
    """
    present = {address.partition("/")[0] for address in addresses}
    async for lease in SYSTEM.leases(interface):
        if lease.address in present:
            return lease
    return None
