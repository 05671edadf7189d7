"""Windows 10 (2004) and later. Nothing here has run on a real machine yet."""

import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from weakref import WeakKeyDictionary

from netpreflight.probes.observations import JoinWay, Lease, LeaseTransport, Protocol, Proxy, Resolver, ResolverSource
from netpreflight.systems import environment
from netpreflight.systems.interface import (
    Adapter,
    Air,
    IcmpReport,
    Joined,
    JoinTold,
    NetworkToJoin,
    System,
    UnnamedError,
    Uptime,
)
from netpreflight.systems.windows import (
    access,
    adapters,
    clock,
    icmp,
    joining,
    lease,
    privileges,
    proxies,
    routes,
    stopping,
    usb,
    window,
    wlan,
)

_IP_UNICAST_IF, _IP_DONTFRAGMENT = 31, 14  # ws2ipdef.h


class Windows(System):
    """Windows."""

    name = "win32"
    pipe_encoding = "utf-8"  # Python's default (cp1252, for old programs) lacks characters of a report
    surveyors = ("the WLAN API",)
    joins_as_itself: JoinWay = "windows"
    privileged_user = "administrator"
    as_privileged_user = "as administrator (right-click the terminal, and choose Run as administrator)"
    program = "netpreflight"
    tells_icmp_errors: tuple[Protocol, ...] = ("tcp", "udp")
    names_senders_of: tuple[Protocol, ...] = ("tcp",)
    steps: Mapping[str, str] = {
        "clock": "Set the clock (Settings > Time & language > Date & time > Sync now).",
        "firewall": "Look whether the Windows firewall lets this program in, on private and public networks (Windows "
        "Security > Firewall & network protection > Allow an app through firewall; an administrator may change that).",
        "packages": "Install netpreflight again, in the way in which it was installed.",
        "proxy": "Nothing has to change for a run; to be without it, look at Settings > Network & internet > Proxy "
        "({names}).",
    }

    def __init__(self) -> None:
        self._receivers: WeakKeyDictionary[socket.socket, icmp.Receiver] = WeakKeyDictionary()
        """The receivers of ICMP errors, by the socket for which Windows reports them."""

    def adapters(self) -> list[Adapter]:
        """All network interfaces."""
        return [listed.adapter for listed in adapters.adapters()]

    def usb_devices(self) -> list[tuple[int, int]] | None:
        """The vendor and product ids of what is plugged in by USB."""
        return usb.devices()

    def adapter_towards(self, address: str) -> str | None:
        """The name of the interface by which the system itself would send to an IPv4 address."""
        index = routes.index_towards(address)
        return next((adapter.name for adapter in self.adapters() if adapter.index == index), None)

    def neighbours(self, adapter: str) -> dict[str, str] | None:
        """The ARP table of an interface."""
        found = self._find(adapter)
        return None if found is None else routes.neighbours(found.index)

    def resolvers(self, tunnels: list[str]) -> list[Resolver]:
        """The resolvers of each interface, and whether they are a VPN's, from DHCP, or set by hand."""
        found = []
        for listed in adapters.adapters():
            if listed.adapter.is_loopback:  # nobody asks these; Wine lists those of other interfaces there, too
                continue
            name = listed.adapter.name
            from_lease = lease.resolvers_of_lease(listed.adapter.id) or []
            for address in listed.resolvers:
                source: ResolverSource = "vpn" if name in tunnels else "dhcp" if address in from_lease else "settings"
                found.append(Resolver(address=address, source=source, interface=name))
        return found

    def proxies(self) -> list[Proxy]:
        """The proxies in the environment, and those in Windows' settings."""
        return proxies.proxies()

    async def leases(self, adapter: str) -> AsyncIterator[Lease]:
        """The lease of an interface."""
        found = self._find(adapter)
        for recorded in [] if found is None else lease.leases(found.id):
            yield recorded

    def uptime(self) -> Uptime | None:
        """How long Windows has been up and awake."""
        return clock.uptime()

    def survey(
        self, adapter: str | None, names: Sequence[bytes], *, scan: bool, tell: Callable[[str, str], None]
    ) -> Air:
        """Scan the air."""
        return wlan.survey(self.adapters(), adapter, names, scan=scan, tell=tell)

    def joined(self, adapter: str) -> Joined | None:
        """The network that a radio is on."""
        return joining.joined(self.adapters(), adapter)

    def join(self, adapter: str, network: NetworkToJoin, is_stopped: Callable[[], bool]) -> JoinTold:
        """Try once to join a network, with a random MAC address if the driver can set one."""
        return joining.join(self.adapters(), adapter, network, is_stopped)

    def rejoin(self, adapter: str, network: str | None) -> None:
        """Go back to a network."""
        joining.rejoin(self.adapters(), adapter, network)

    def remote_session(self) -> str | None:
        """The address to which the user is connected by SSH; empty: by Remote Desktop, to an address not asked for."""
        address = environment.ssh_address()
        return "" if address is None and window.is_remote() else address

    def is_privileged(self) -> bool:
        """Whether this process is an elevated administrator's."""
        return privileges.is_elevated()

    def lease_transport(self, *, raw_sockets: bool) -> LeaseTransport:  # noqa: ARG002 - Windows has none for frames
        """UDP port 68, which any user may use."""
        return "udp"

    def binder(self, adapter: str) -> Callable[[socket.socket], None]:
        """A function that lets a socket send by this interface only."""
        found = self._find(adapter)
        if found is None:
            raise OSError(f"there is no interface {adapter}")
        index = struct.pack("!I", found.index)  # in network byte order
        return lambda sock: sock.setsockopt(socket.IPPROTO_IP, _IP_UNICAST_IF, index)

    def tells_icmp_errors_now(self) -> Sequence[Protocol]:
        """TCP from Windows 10 version 2004 on; UDP, without the sender, where Windows knows the option IP_RECVERR."""
        return icmp.told()

    def report_icmp_errors(self, sock: socket.socket) -> None:
        """Have an ICMP error end an attempt to connect, if this Windows can do that."""
        if sock.type == socket.SOCK_STREAM:
            with contextlib.suppress(OSError):
                icmp.report(sock)

    def report_unnamed_errors(self, sock: socket.socket) -> None:
        """Have `receive` return ICMP errors in place of datagrams, if this Windows can do that."""
        with contextlib.suppress(OSError):
            self._receivers[sock] = icmp.receiver(sock)

    def receive(self, sock: socket.socket, most: int) -> tuple[bytes, tuple[str, int]] | UnnamedError:
        """Take the next datagram or ICMP error."""
        receive = self._receivers.get(sock)
        return super().receive(sock, most) if receive is None else receive(most)

    def icmp_errors(self, sock: socket.socket, told_by: socket.socket | None) -> Iterator[IcmpReport]:  # noqa: ARG002 - there is none
        """The ICMP error that has ended an attempt to connect."""
        return icmp.errors(sock) if sock.type == socket.SOCK_STREAM else iter(())

    def forbid_fragments(self, sock: socket.socket) -> None:
        """Set the DF bit on what a UDP socket sends."""
        sock.setsockopt(socket.IPPROTO_IP, _IP_DONTFRAGMENT, 1)

    def create_private(self, path: str) -> int:
        """Create a file that nobody but this user and administrators may read."""
        return access.create_private(path)

    def lock_file(self, opened: int) -> bool:
        """Take the lock of an open file."""
        return access.lock_file(opened)

    def has_own_window(self) -> bool:
        """Whether the console was made for this program."""
        return window.is_own()

    def start_elevated(self, words: Sequence[str]) -> bool:
        """Start a command as an administrator, once the user has allowed it."""
        return window.start_elevated(words)

    def on_stop(self, stop: Callable[[], None]) -> AbstractContextManager[None]:
        """Call `stop` when the user ends the run."""
        return stopping.on_stop(stop)

    def forget_typed(self) -> None:
        """Discard what was typed in the console so far."""
        window.forget_typed()

    def quoted(self, word: str) -> str | None:
        """A word as typed in cmd.exe and PowerShell; None: one of them would interpret a character of it."""
        if set(word) & set('"%^&|<>'):
            return None
        return f'"{word}"' if " " in word else word

    def _find(self, name: str) -> Adapter | None:
        """The interface of this name or GUID."""
        return next((adapter for adapter in self.adapters() if name in {adapter.name, adapter.id}), None)
