"""macOS 13 and later. Nothing here has run on a real machine yet."""

import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

from netpreflight.probes.observations import WITH_SUDO, JoinWay, Lease, LeaseTransport, Protocol, Proxy, Resolver
from netpreflight.systems import environment, posix
from netpreflight.systems.interface import Adapter, IcmpReport, Joined, JoinTold, NetworkToJoin, Uptime
from netpreflight.systems.macos import adapters, clock, counters, icmp, joining, routes, services, usb

_IP_BOUND_IF, _IP_DONTFRAG = 25, 28  # netinet/in.h


class Macos(posix.Posix):
    """macOS.

    What it does not say: the rules of its firewalls (one goes by application, and pf shows its rules to root only), and
    whether its clock is synchronised (timed tells nobody).
    """

    name = "darwin"
    surveyors = ("CoreWLAN",)
    joins_as_itself: JoinWay = "macos"
    as_privileged_user = WITH_SUDO
    tells_icmp_errors: tuple[Protocol, ...] = ("udp", "tcp")  # icmp(4)
    tells_icmp_errors_to_root_only = True
    steps: Mapping[str, str] = {
        "clock": "Set the clock (System Settings > General > Date & Time > Set time and date automatically).",
        "firewall": "Look whether the firewall lets this program in (System Settings > Network > Firewall > Options).",
        "proxy": "Nothing has to change for a run; to be without it, look at System Settings > Network > the "
        "network's Details > Proxies ({names}).",
    }

    def adapters(self) -> list[Adapter]:
        """All network interfaces."""
        return adapters.adapters()

    def usb_devices(self) -> list[tuple[int, int]] | None:
        """The vendor and product ids of what is plugged in by USB."""
        return usb.devices()

    def adapter_towards(self, address: str) -> str | None:
        """The name of the interface by which the system itself would send to an IPv4 address."""
        source = posix.source_towards(address)
        for adapter in self.adapters() if source else []:
            if any(own.partition("/")[0] == source for own in adapter.addresses):
                return adapter.name
        return None

    def neighbours(self, adapter: str) -> dict[str, str] | None:
        """The ARP table of an interface."""
        try:
            return routes.neighbours(socket.if_nametoindex(adapter))
        except OSError:  # there is none of that name
            return None

    def resolvers(self, tunnels: list[str]) -> list[Resolver]:
        """The resolvers of each network service, and whether they are a VPN's, from DHCP, or set by hand."""
        return services.resolvers(tunnels)

    def proxies(self) -> list[Proxy]:
        """The proxies in the environment, and those in macOS's settings."""
        return services.proxies()

    async def leases(self, adapter: str) -> AsyncIterator[Lease]:
        """The leases of an interface."""
        found = self._find(adapter)
        for recorded in [] if found is None else services.leases(found.name):
            yield recorded

    def uptime(self) -> Uptime | None:
        """How long this laptop has been up and awake."""
        return clock.uptime()

    def joined(self, adapter: str) -> Joined | None:
        """The network that a radio is on."""
        return joining.joined(adapter)

    def join(self, adapter: str, network: NetworkToJoin, is_stopped: Callable[[], bool]) -> JoinTold:  # noqa: ARG002 - the call cannot be ended
        """Try once to join a network, with this laptop's own MAC address; macOS may ask for an administrator."""
        return joining.join(adapter, network)

    def rejoin(self, adapter: str, network: str | None) -> None:
        """Have macOS join the network that it prefers."""
        joining.rejoin(adapter, network)

    def remote_session(self) -> str | None:
        """The address to which the user is connected by SSH; macOS does not tell who shares the screen."""
        return environment.ssh_address()

    def lease_transport(self, *, raw_sockets: bool) -> LeaseTransport:  # noqa: ARG002 - not for frames
        """UDP port 68, which any user may use since macOS 10.14, on all addresses at once."""
        return "udp"

    def binder(self, adapter: str) -> Callable[[socket.socket], None]:
        """A function that lets a socket send by this interface only."""
        index = socket.if_nametoindex(adapter)
        return lambda sock: sock.setsockopt(socket.IPPROTO_IP, _IP_BOUND_IF, index)

    def tells_icmp_errors_now(self) -> Sequence[Protocol]:
        """All of `tells_icmp_errors` for root, none for others."""
        return self.tells_icmp_errors if posix.is_root() else ()

    def report_icmp_errors(self, sock: socket.socket) -> socket.socket | None:  # noqa: ARG002 - for each one
        """A socket that hears all ICMP packets; None: this process is not root's."""
        return icmp.raw_socket() if posix.is_root() else None

    def icmp_errors(self, sock: socket.socket, told_by: socket.socket | None) -> Iterator[IcmpReport]:
        """The ICMP errors that a socket's packets have caused."""
        return iter(()) if told_by is None else icmp.errors(sock, told_by)

    def closed_ports(self) -> int | None:
        """How many datagrams for closed ports the kernel has counted."""
        return counters.closed_ports()

    def forbid_fragments(self, sock: socket.socket) -> None:
        """Set the DF bit on what a UDP socket sends."""
        sock.setsockopt(socket.IPPROTO_IP, _IP_DONTFRAG, 1)

    def _find(self, name: str) -> Adapter | None:
        """The interface with this name or alias."""
        return next((adapter for adapter in self.adapters() if name in {adapter.name, *adapter.aliases}), None)
