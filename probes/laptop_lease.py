"""The lease that this laptop holds, as its own DHCP client recorded it: used as evidence if no DISCOVER can be sent."""

from collections.abc import Iterable

from netpreflight.probes.observations import Lease
from netpreflight.systems import SYSTEM


async def laptop_lease(interface: str, addresses: Iterable[str]) -> Lease | None:
    """The lease of an interface with these IPv4 `addresses` (with prefix length); None: no DHCP client recorded one.

    A record counts only if its address is on the interface now.
    """
    present = {address.partition("/")[0] for address in addresses}
    async for lease in SYSTEM.leases(interface):
        if lease.address in present:
            return lease
    return None
