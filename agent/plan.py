"""The plan of a run: which probes there are, what each needs of this laptop, and what it waits for.

Data, and no code that runs a probe: that is in `run.py`, whose loop knows none of them by name.
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
    Wifi,
)

Milestone = Literal["resolvers", "addresses", "portal-api", "dtls-ended", "silence"]
"""What can be waited for."""
Needs = Literal["nothing", "link", "resolvers", "route"]
"""What this laptop must have: nothing, as a radio need not be the interface under test; an interface that is up; an
address and a way to the resolvers; an address and a default route."""


class PlannedProbe(NamedTuple):
    """A probe."""

    name: str
    """As its key in the observations."""
    kind: type[Observation]
    needs: Needs
    begins_after: tuple[Milestone, ...] = ()
    """What it waits for before it begins; none of that is its own time."""
    waits_for: tuple[Milestone, ...] = ()
    """What parts of it wait for later."""


REACHED_BY: dict[Milestone, tuple[str, ...]] = {
    "resolvers": ("dhcp",),  # as soon as a server has named them, or it is clear that none will
    "portal-api": ("dhcp",),  # DHCP's option 114 (RFC 8910), or that there is none
    "addresses": ("dns",),  # each name's as soon as it is found
    # As soon as no DTLS server is waited for: a device tests the internet after its cloud connection has failed.
    "dtls-ended": ("cloud",),
    "silence": ("coap", "cloud"),  # the device's port is silent for a while, if they have not ended before
}
"""Which probes lead to it: once all of them have ended it is reached, and perhaps before."""

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
)
"""Every probe, in the order in which they begin."""

WITH_DEEP: dict[str, tuple[str, ...]] = {"cloud": ("mapping", "path")}
"""What a deep run adds beside a probe."""


def plan(wanted: set[str], *, deep: bool = False) -> list[PlannedProbe]:
    """The probes of a run, in order: those that its checks want, and what a deep run adds."""
    more = {text for beside, added in WITH_DEEP.items() if deep and beside in wanted for text in added}
    return [row for row in PROBES if row.name in wanted | more]
