"""Linux."""

from netpreflight.probes.observations import LeaseTransport
from netpreflight.systems.interface import System


class Linux(System):
    """Linux, on real machines and in network namespaces."""

    name = "linux"

    def lease_transport(self, *, raw_sockets: bool) -> LeaseTransport | None:
        """Whole Ethernet frames."""
        return "raw" if raw_sockets else None
