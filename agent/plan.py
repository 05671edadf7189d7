"""The plan of a run: the probes, what each needs on this laptop, and what it waits for.

This is data only. The code that runs the probes is in `run.py`.
"""

from typing import Literal, NamedTuple

from netpreflight.probes.observations import (
    Cloud,
    Coap,
    Dhcp,
    Dns,
    Echo,
    Mapping,
    Ntp,
    Observation,
    Path,
    Portal,
    TcpConnect,
    VendorStatus,
    Wifi,
)
from netpreflight.probes.obstacles import Needs

Milestone = Literal["resolvers", "addresses", "portal-api", "dtls-ended", "cloud-ended", "silence"]
"""Events that a probe can wait for."""


class PlannedProbe(NamedTuple):
    """A probe in the plan of a run."""

    name: str
    """Its key in the observations."""
    kind: type[Observation]
    needs: Needs
    """What this laptop must have for the probe; see `netpreflight.probes.obstacles`."""
    begins_after: tuple[Milestone, ...] = ()
    """What the probe waits for before it begins; this does not count as its own time."""
    waits_for: tuple[Milestone, ...] = ()
    """What parts of the probe wait for after it has begun."""


REACHED_BY: dict[Milestone, tuple[str, ...]] = {
    "resolvers": ("dhcp",),  # as soon as a server has named them, or it is clear that none will
    "portal-api": ("dhcp",),  # as soon as DHCP option 114 (RFC 8910) is known, or that there is none
    "addresses": ("dns",),  # each name's address as soon as it is found
    # All DTLS exchanges have ended: a device tests the internet only after its cloud connection has failed.
    "dtls-ended": ("cloud",),
    "cloud-ended": ("cloud",),  # every cloud has answered, or was given up
    "silence": ("coap", "cloud"),  # the port that the device uses to reach its cloud has not answered for a while
}
"""The probes behind each milestone: it is reached at the latest when all of them have ended."""

PROBES: tuple[PlannedProbe, ...] = (
    PlannedProbe("wifi", Wifi, "nothing"),
    PlannedProbe("dhcp", Dhcp, "link"),
    PlannedProbe("dns", Dns, "resolvers", ("resolvers",)),
    PlannedProbe("ntp", Ntp, "route", ("resolvers",), ("addresses",)),
    PlannedProbe("portal", Portal, "route", ("resolvers",), ("addresses", "portal-api")),
    PlannedProbe("coap", Coap, "route", ("resolvers",), ("addresses",)),
    PlannedProbe("cloud", Cloud, "route", ("resolvers",), ("addresses",)),
    PlannedProbe("tcp", TcpConnect, "route", ("resolvers",)),
    PlannedProbe("echo", Echo, "route", ("resolvers", "dtls-ended"), ("addresses",)),
    PlannedProbe("path", Path, "route", ("resolvers", "silence"), ("addresses",)),
    PlannedProbe("mapping", Mapping, "route", ("resolvers",), ("addresses",)),
    PlannedProbe("vendor_status", VendorStatus, "route", ("resolvers", "cloud-ended"), ("addresses",)),
)
"""Every probe, in the order in which they begin."""

WITH_DEEP: dict[str, tuple[str, ...]] = {"cloud": ("mapping", "path")}
"""Keyed by probe: the probes that a deep run adds, which need that probe."""


def plan(wanted: set[str], *, deep: bool = False) -> list[PlannedProbe]:
    """The probes of a run, in order: those that its checks need, and those that a deep run adds."""
    added_names = {probe for needed, added in WITH_DEEP.items() if deep and needed in wanted for probe in added}
    return [row for row in PROBES if row.name in wanted | added_names]
