"""Why this laptop cannot make a measurement, and the step that would make it possible; for runs and the doctor.

A run calls these functions before each probe, and `netpreflight doctor` calls them without a run. They measure nothing:
all that they know about the laptop is its scope. For Wi-Fi surveys, `netpreflight.probes.wifi` does the same:
`wifi(..., scan=False)`.
"""

import errno
from collections.abc import Collection, Iterable
from typing import Literal

from netpreflight.probes.observations import LeaseTransport, Obstacle, Protocol, Scope
from netpreflight.probes.quoting import in_quotes
from netpreflight.systems import system
from netpreflight.systems.interface import System

Needs = Literal["nothing", "link", "resolvers", "route"]
"""What a probe needs from the interface under test. `nothing`: a Wi-Fi survey may use another interface. `link`: that
the interface is up. `resolvers`: an address, and a route to the resolvers. `route`: an address, and a default route."""

_WHAT_IT_DOES = "it then asks for a lease as an unknown device, and gives it back."
"""The end of a step that begins with "Run netpreflight again"."""
ON_LINUX = "Run netpreflight on a Linux laptop in the same network."


def to(needs: Needs, scope: Scope, resolvers: Iterable[str] | None = None) -> Obstacle | None:
    """What stands in the way of a probe with these needs; None: nothing.

    Args:
        needs: what the probe needs, as in the plan of a run.
        scope: the scope of this laptop.
        resolvers: the resolvers that the probe asks; None: not known, so they may be in any network.
    """
    if needs == "nothing":
        return None
    if scope.interface is None:
        return Obstacle(reason="this laptop has no network interface")
    if scope.state != "up":
        state = "down" if scope.state == "down" else "not connected"
        return Obstacle(reason=f"the interface {scope.interface} is {state}")
    if needs == "link":
        return None
    if not scope.addresses:
        return Obstacle(reason=f"this laptop has no IPv4 address on {scope.interface}")
    are_on_link = needs == "resolvers" and resolvers is not None and all(map(scope.is_on_link, resolvers))
    if scope.gateway is None and not are_on_link:
        step = (
            f"Disconnect the VPN {in_quotes(scope.vpn)}" if scope.vpn else f"Give {scope.interface} its default route"
        )
        return Obstacle(
            reason=f"this laptop has no default route through {scope.interface}",
            step=f"{step}, and run netpreflight again.",
        )
    return None


def lease_transport(scope: Scope) -> LeaseTransport | None:
    """How this laptop can send DHCP messages as an unknown device; None: it cannot."""
    return system(scope.os).lease_transport(raw_sockets=scope.privileges.raw_sockets)


def to_exchange(scope: Scope) -> Obstacle | None:
    """What stands in the way of asking for a lease as an unknown device; None: nothing."""
    if lease_transport(scope) is not None:
        return None
    here = system(scope.os)
    if not here.has_packet_sockets:
        return Obstacle(reason="sending a DISCOVER is not supported on this system", step=ON_LINUX)
    return Obstacle(
        reason="sending a DISCOVER needs root or CAP_NET_RAW",
        step=f"Run netpreflight again {here.as_privileged_user}: {_WHAT_IT_DOES}",
    )


def to_hold_lease(scope: Scope) -> Obstacle | None:
    """What stands in the way of holding a lease as an unknown device; None: nothing.

    Whoever holds a lease has to answer ARP requests for its address.
    """
    if lease_transport(scope) == "raw":
        return None
    here = system(scope.os)
    if not here.has_packet_sockets:
        return Obstacle(reason="answering ARP for an address is not supported on this system", step=ON_LINUX)
    return Obstacle(reason="that needs root or CAP_NET_RAW", step=f"Run netpreflight again {here.as_privileged_user}.")


def to_have_left_out_dhcp(scope: Scope) -> Obstacle:
    """The obstacle to record if the user skipped DHCP (`--skip dhcp`); its step says how to run it next time."""
    obstacle, here = to_exchange(scope), system(scope.os)
    as_user = "" if obstacle is None else f" {here.as_privileged_user}"
    is_possible = obstacle is None or here.has_packet_sockets
    return Obstacle(
        reason="DHCP was skipped in this run, as requested",
        step=f"Run netpreflight again{as_user}, without --skip dhcp: {_WHAT_IT_DOES}" if is_possible else ON_LINUX,
    )


def to_use_port_68(problem: OSError, scope: Scope) -> Obstacle:
    """What stands in the way of DHCP over UDP, if the system refused the port with the error `problem`."""
    if problem.errno == errno.EADDRINUSE:
        return Obstacle(
            reason="another program has UDP port 68 for itself",
            step="If the laptop is just connecting, wait until it is connected; else end the other DHCP client or "
            f"server on it. Then run netpreflight again. Or: {ON_LINUX}",
        )
    if isinstance(problem, PermissionError):
        return Obstacle(
            reason="this system does not let netpreflight use UDP port 68",
            step=f"Run netpreflight again {system(scope.os).as_privileged_user}. If that does not help: {ON_LINUX}",
        )
    return Obstacle(
        reason=f"DHCP messages cannot be sent over UDP port 68 ({problem.strerror or problem})", step=ON_LINUX
    )


def to_hear_offers(scope: Scope) -> Obstacle:
    """What may stand in the way if no OFFER arrives over UDP."""
    step = system(scope.os).steps.get("firewall") or "Let UDP from port 67 to port 68 in through its firewall."
    return Obstacle(
        reason="a firewall on this laptop may drop what DHCP servers broadcast",
        step=f"{step} Then run netpreflight again; or run it on a Linux laptop in the same network.",
    )


def to_trace(protocol: Protocol, traceable: Collection[Protocol], system: System) -> Obstacle | None:
    """What stands in the way of finding out which router drops a packet; None: nothing.

    Args:
        protocol: the protocol of the packet.
        traceable: the protocols for which the system tells this process which router dropped a packet.
        system: the system of this laptop.
    """
    if protocol in traceable:
        return None
    if system.tells_icmp_errors_to_root_only and protocol in system.tells_icmp_errors:
        return Obstacle(
            reason="this system tells only root which router dropped a packet",
            step=f"Run netpreflight again {system.as_privileged_user}.",
        )
    packet = f"a {protocol.upper()} packet" if traceable else "its packet"
    return Obstacle(reason=f"this system does not tell netpreflight which router dropped {packet}", step=ON_LINUX)


def to_name_senders(protocol: Protocol, system: System) -> Obstacle | None:
    """What stands in the way of naming the router behind which a packet is dropped; None: nothing."""
    if protocol in system.names_senders_of:
        return None
    reason = f"for {protocol.upper()} this system tells at which hop a packet was dropped, and does not name the router"
    return Obstacle(reason=reason, step=ON_LINUX)


def to_join(system: System) -> Obstacle | None:
    """What stands in the way of joining a Wi-Fi network with a device's MAC address; None: nothing."""
    if system.joiners:
        return None
    if system.joins_as_itself is not None:
        return Obstacle(reason="this system joins only as itself, so only the passphrase is tested", step=ON_LINUX)
    return Obstacle(reason="joining a network as a device is not supported on this system", step=ON_LINUX)


def to_make_station(scope: Scope) -> Obstacle | None:
    """What stands in the way of making a separate station for the run, with a device's limits; None: nothing."""
    here = system(scope.os)
    if scope.privileges.raw_sockets:
        return None
    return Obstacle(
        reason="a station of its own with a device's limits needs root",
        step=f"Run netpreflight again {here.as_privileged_user}.",
    )


def to_listen(scope: Scope) -> Obstacle | None:
    """What stands in the way of listening on an interface in monitor mode; None: nothing."""
    if scope.privileges.raw_sockets:
        return None
    return Obstacle(
        reason="listening to it needs root or CAP_NET_RAW",
        step=f"Run netpreflight doctor {system(scope.os).as_privileged_user}.",
    )


def to_read_firewall(system: System, dropping: list[str] | None) -> Obstacle | None:
    """What stands in the way of reading the rules of this laptop's own firewall; None: nothing.

    Args:
        system: the system of this laptop.
        dropping: the rules that may drop packets, as the system reports them; None: the system does not report them.
    """
    if dropping is not None:
        return None
    if not system.shows_firewall:
        return Obstacle(reason="the firewall of this system is not looked at", step=system.steps.get("firewall"))
    return Obstacle(
        reason="this laptop's own firewall cannot be read without root or CAP_NET_ADMIN",
        step=f"Run netpreflight doctor {system.as_privileged_user}.",
    )


def of(scope: Scope, dropping: list[str] | None, traceable: Collection[Protocol]) -> dict[str, Obstacle]:
    """All obstacles on this laptop, keyed as in `Laptop.obstacles`.

    Args:
        scope: the scope of this laptop.
        dropping: as for `to_read_firewall`.
        traceable: as for `to_trace`.
    """
    here = system(scope.os)
    found = {
        "link": to("link", scope),
        "route": to("route", scope),
        "exchange": to_exchange(scope),
        "join": to_join(here),
        "station": to_make_station(scope),
        "trace-tcp": to_trace("tcp", traceable, here),
        "trace-udp": to_trace("udp", traceable, here),
        "trace-udp-senders": to_name_senders("udp", here),
        "listen": to_listen(scope),
        "firewall": to_read_firewall(here, dropping),
    }
    return {need: obstacle for need, obstacle in found.items() if obstacle is not None}
