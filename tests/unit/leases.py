"""The leases that a system has recorded, as a list."""

import asyncio

from netpreflight.probes.observations import Lease
from netpreflight.systems.interface import System


def leases(system: System, adapter: str) -> list[Lease]:
    """Those of an interface, the likeliest first."""

    async def taken() -> list[Lease]:
        return [lease async for lease in system.leases(adapter)]

    return asyncio.run(taken())
