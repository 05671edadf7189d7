"""Linux, on real machines and in network namespaces."""

import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial

from netpreflight.probes.observations import Lease, Protocol, Proxy, Resolver
from netpreflight.systems import environment, posix, programs
from netpreflight.systems.interface import Adapter, IcmpReport, Joined, LeaseToUse, StationEvent, Uptime
from netpreflight.systems.linux import (
    adapters,
    clock,
    firewall,
    lease,
    managers,
    neighbours,
    port,
    radios,
    resolvers,
    sockets,
    usb,
)


class Linux(posix.Posix):
    """Linux."""

    name = "linux"
    surveyors = ("nl80211", "wpa_supplicant", "NetworkManager")
    joiners = ("radio", "networkmanager")
    tells_icmp_errors: tuple[Protocol, ...] = ("udp", "tcp")  # ip(7), IP_RECVERR
    has_packet_sockets = True  # packet(7)
    has_namespaces = True
    shows_firewall = True
    steps: Mapping[str, str] = {
        "clock": "Set the clock (as root: timedatectl set-ntp true).",
        "country": "As root, with the code of your country: iw reg set DE",
        "firewall": "Look at the rules (as root: nft list ruleset), and let in what belongs to known traffic: ct state "
        "established,related accept.",
        "monitor": "As root: iw dev {interface} interface add mon0 type monitor && ip link set mon0 up. Not every "
        "radio can do that.",
        "proxy": "Nothing has to change for a run; to be without it: unset {names}",
    }

    def adapters(self) -> list[Adapter]:
        """All network interfaces."""
        return adapters.adapters()

    def adapter_towards(self, address: str) -> str | None:
        """The name of the interface by which the system itself would send to an IPv4 address."""
        return adapters.adapter_towards(address)

    def neighbours(self, adapter: str) -> dict[str, str] | None:
        """The ARP table of an interface."""
        return adapters.neighbours(adapter)

    def arp_answers(self, adapter: str) -> AbstractContextManager[Callable[[], dict[str, bool] | None]]:
        """Watch which hosts answer ARP, by the changes that the kernel reports in its neighbour table."""
        return neighbours.watched(adapter)

    def resolvers(self, tunnels: list[str]) -> list[Resolver]:
        """The laptop's own DNS resolvers."""
        return resolvers.resolvers(tunnels)

    def proxies(self) -> list[Proxy]:
        """The proxies in the environment."""
        return environment.proxies()

    def leases(self, adapter: str) -> AsyncIterator[Lease]:
        """The leases that the DHCP clients have recorded."""
        return lease.leases(adapter)

    def dropping(self) -> list[str] | None:
        """The rules of this laptop's own firewall that may drop what arrives."""
        return firewall.dropping()

    def is_synchronised(self) -> bool | None:
        """Whether the kernel says that its clock is synchronised."""
        return clock.is_synchronised()

    def uptime(self) -> Uptime:
        """How long this laptop has been up and awake."""
        return clock.uptime()

    def usb_devices(self) -> list[tuple[int, int]] | None:
        """The vendor and product ids of what is plugged in by USB."""
        return usb.devices()

    def holders(self, file: str) -> list[str]:
        """The other programs that have a file or a port open: an ordinary user sees only their own."""
        return usb.holders(file)

    def has_radio(self) -> bool:
        """Whether there may be a Wi-Fi radio."""
        return radios.has_radio()

    def monitoring(self) -> list[str]:
        """The interfaces that are up in monitor mode."""
        return radios.monitoring()

    # --- a station of a run's own

    def lend_radio(self, adapter: str, pid: int) -> None:
        """Put the radio of an interface into the network namespace of a process."""
        from netpreflight.systems.linux import stations  # noqa: PLC0415 - pyroute2 takes long to load

        stations.lend(adapter, pid)

    def station(self, adapter: str, mac: str) -> AbstractContextManager[str]:
        """Make, for the block, a second interface on the radio of an interface."""
        from netpreflight.systems.linux import stations  # noqa: PLC0415 - pyroute2 takes long to load

        return stations.station(adapter, mac)

    def station_events(
        self, adapter: str, *, scans: bool = False
    ) -> AbstractContextManager[Callable[[], StationEvent | None]]:
        """Listen to what happens to the station of an interface, as the kernel reports it."""
        from netpreflight.systems.linux import station_events  # noqa: PLC0415 - pyroute2 takes long to load

        return station_events.heard(adapter, scans=scans)

    def running(self, program: str, *arguments: str, output: int) -> AbstractContextManager[None]:
        """Run a program of the system during the block; it also ends if this process ends."""
        return programs.beside(managers.find(program) or program, *arguments, output=output)

    def has_program(self, name: str) -> bool:
        """Whether a program is installed."""
        return managers.find(name) is not None

    def radio_manager(self, adapter: str) -> str | None:
        """The name of the program that manages a radio."""
        return managers.radio_manager(adapter)

    def joined(self, adapter: str) -> Joined | None:
        """The network that a radio is on."""
        from netpreflight.systems.linux import stations  # noqa: PLC0415 - pyroute2 takes long to load

        name = stations.network_of(adapter)
        return Joined(network=None, name=name) if name else None

    def remote_session(self) -> str | None:
        """The address of this laptop to which a remote user is connected by SSH."""
        return managers.remote_session()

    def user_name(self) -> str:
        """The name of this process's user."""
        return posix.user_name()

    def may_open_raw_sockets(self) -> bool:
        """Whether this process may open raw sockets."""
        return sockets.may_open_raw_sockets()

    def may_give_up_privileges(self) -> bool:
        """Whether this process is root's, so that it has rights to give up."""
        return posix.is_root()

    def binder(self, adapter: str) -> Callable[[socket.socket], None]:
        """A function that lets a socket send and receive by this interface only."""
        return partial(sockets.bind_to_adapter, adapter=adapter)

    def report_icmp_errors(self, sock: socket.socket) -> None:
        """Have the kernel keep the ICMP errors that a socket's packets cause."""
        sockets.report_icmp_errors(sock)

    def icmp_errors(self, sock: socket.socket, told_by: socket.socket | None) -> Iterator[IcmpReport]:  # noqa: ARG002 - there is none
        """Take the ICMP errors that are kept for a socket."""
        return sockets.icmp_errors(sock)

    def forbid_fragments(self, sock: socket.socket) -> None:
        """Set the DF bit on what a UDP socket sends."""
        sockets.forbid_fragments(sock)

    def segments_sent(self, sock: socket.socket) -> tuple[int, int] | None:
        """The segments and bytes that a TCP connection has sent so far."""
        return sockets.segments_sent(sock)

    def dropped(self, sock: socket.socket) -> int | None:
        """How many packets for this socket the kernel has dropped."""
        return sockets.dropped(sock)

    def closed_ports(self) -> int | None:
        """How many datagrams and ICMP errors for closed ports the kernel has counted."""
        return sockets.closed_ports()

    def attach_filter(self, sock: socket.socket, program: bytes) -> None:
        """Filter what a socket receives by classic BPF."""
        sockets.attach_filter(sock, program)

    def raw_socket(self, protocol: int) -> socket.socket:
        """A socket for whole IPv4 packets of a protocol."""
        return socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol)

    def packet_socket(self) -> socket.socket:
        """A packet socket that receives nothing until it is bound."""
        return socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)

    def enter_namespace(self) -> None:
        """Move this process into a network namespace of its own, without IPv6."""
        from netpreflight.systems.linux import namespace  # noqa: PLC0415 - pyroute2 takes 0.1 s, and few runs need it

        namespace.enter()

    def end_with(self, parent: int) -> None:
        """Have this process killed as soon as its parent has ended."""
        from netpreflight.systems.linux import namespace  # noqa: PLC0415 - as above

        namespace.end_with(parent)

    def add_twin(self, adapter: str, mac: str, pid: int) -> None:
        """Add a macvlan in the namespace of a process."""
        from netpreflight.systems.linux import namespace  # noqa: PLC0415 - as above

        namespace.add_twin(adapter, mac, pid)

    def bring_up(self, adapter: str) -> None:
        """Set an interface up."""
        from netpreflight.systems.linux import namespace  # noqa: PLC0415 - as above

        namespace.bring_up(adapter)

    def use_lease(self, adapter: str, lease: LeaseToUse) -> None:
        """Give an interface the address and the router of a lease."""
        from netpreflight.systems.linux import namespace  # noqa: PLC0415 - as above

        namespace.use_lease(adapter, lease)

    def state_of(self, adapter: str) -> list[str]:
        """Describe an interface, and the addresses, routes and routing rules of this laptop."""
        from netpreflight.systems.linux import namespace  # noqa: PLC0415 - as above

        return namespace.state_of(adapter)

    async def port_authentication(self, adapter: str) -> str | None:
        """Which program or setting authenticates this laptop by 802.1X at its switch port."""
        return await port.authentication(adapter)
