"""What probes and agent ask of the operating system, whichever it is."""

import contextlib
import getpass
import ipaddress
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal

from netpreflight.probes.observations import (
    AS_ROOT,
    Icmp,
    JoinEnd,
    JoinWay,
    Lease,
    LeaseTransport,
    Protocol,
    Proxy,
    Resolver,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """A network interface of this laptop.

    Attributes:
        name: as a person knows it ("Wi-Fi", "Ethernet 2", en0); it names the interface in the report.
        id: as the system knows it: a GUID on Windows, the name elsewhere. `--interface` takes either.
        aliases: other names that a person may know it by ("Wi-Fi" for en0); `--interface` takes them, too.
        index: the system's number for it.
        state: whether it is up, has no carrier (no cable, or no Wi-Fi association), or is down.
        medium: None: neither wired nor Wi-Fi, or not known.
        is_tunnel: whether it is a tunnel, such as a VPN's.
        is_internal: whether the system made it for itself, such as for AirDrop, virtual machines, or a service of its
            own. Such an interface is tested only if the user names it, and such a tunnel does not count as a VPN.
        mac: lower-case, with colons.
        mtu: in bytes.
        addresses: IPv4, with prefix length.
        ipv6_addresses: without prefix length and zone.
        gateway: the next hop of its first IPv4 default route.
        metric: the metric of that route (the lower, the better); None: there is no such route, or it has no metric.
    """

    name: str
    id: str
    index: int
    state: Literal["up", "no-carrier", "down"]
    aliases: tuple[str, ...] = ()
    medium: Literal["wired", "wifi"] | None = None
    is_tunnel: bool = False
    is_loopback: bool = False
    is_internal: bool = False
    mac: str | None = None
    mtu: int | None = None
    addresses: tuple[str, ...] = ()
    ipv6_addresses: tuple[str, ...] = ()
    gateway: str | None = None
    metric: int | None = None


@dataclass(frozen=True, slots=True)
class IcmpReport:
    """An ICMP error that the system has handed to the socket whose packet caused it.

    Attributes:
        icmp: the error; `proved` where the system has checked something random that the error quotes.
        quoted: what the error quotes of the packet, from the payload on for UDP, from the TCP header on for TCP.
        to: where the packet was sent; None: the socket is a TCP socket that did not connect, with one destination only.
    """

    icmp: Icmp
    quoted: bytes
    to: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class UnnamedError:
    """An ICMP error about a datagram that a socket has sent; the system tells neither its sender nor which datagram."""

    type: int
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardBss:
    """A BSS that a radio has heard. Its name and elements are from strangers, and not checked.

    Attributes:
        bssid: lower-case, with colons.
        name: its SSID, as the system tells it; empty: it is hidden, or the system does not know it.
        elements: the elements of its last beacon or probe response; None: the system does not give them.
        heard_at: when that frame was heard, in seconds since 1970 by the system's clock; None: not known.
    """

    bssid: str
    name: bytes
    elements: bytes | None = None
    frequency_mhz: int | None = None
    signal_dbm: float | None = None
    heard_at: float | None = None
    beacon_interval_tu: int | None = None
    capability: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Air:
    """What a radio of this laptop has heard.

    Attributes:
        adapter: the name of the radio's interface.
        scanned: whether a scan was made; False: these are results from before.
        asked_for: the SSIDs for each of which a further scan was made, which asked for that name.
        unsound: how many more entries describe no network that a device could join.
        own_name: the SSID of the network that the interface is joined to; None: to none, or the system does not say.
        own_bssid: the BSSID of the access point that it is joined to.
        limits: what the system did not do or say, as in `Wifi.limits`.
        unlocked_by: the one step that would change that, as in `SurveyRefused`.
    """

    adapter: str
    scanned: bool = False
    asked_for: tuple[bytes, ...] = ()
    bss: tuple[HeardBss, ...] = ()
    unsound: int = 0
    own_name: bytes | None = None
    own_bssid: str | None = None
    limits: tuple[str, ...] = ()
    unlocked_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseToUse:
    """The address and the router that an interface is to be given.

    Attributes:
        address: IPv4.
        prefix: the length of its network's prefix.
        router: the next hop of the default route; None: there is none.
    """

    address: str
    prefix: int
    router: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptime:
    """What those clocks of a laptop show that nobody can set.

    Attributes:
        boot: identifies this start of the laptop: each start has another text.
        at_s: seconds since the start, or since another moment that stays the same; time asleep is included.
        awake_s: the same, without time asleep.
    """

    boot: str
    at_s: float
    awake_s: float


def prefix_length(mask: str) -> int | None:
    """The length of the prefix that an IPv4 netmask stands for; None: it is no netmask."""
    try:
        return ipaddress.IPv4Network(f"0.0.0.0/{mask}").prefixlen
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkToJoin:
    """A network that the system itself is to join for a while.

    Attributes:
        name: its SSID.
        bssids: the only access points to join it by, lower-case with colons.
        security: the kind of security to join with.
        is_hidden: whether it has to be asked for by name.
        passphrase: in ASCII, or a key of 64 hexadecimal digits; None: the network is open. It is never saved.
    """

    name: bytes
    bssids: tuple[str, ...]
    security: Literal["open", "wpa-psk", "wpa2-psk"]
    is_hidden: bool = False
    passphrase: bytearray | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinTold:
    """How the system's attempt to join ended, as the system tells it; the fields are as in `JoinAttempt`."""

    ended: JoinEnd
    status: int | None = None
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """The network that a radio is on.

    Attributes:
        network: what to give to `rejoin` to go back to this network; None: the system cannot be told to go back.
        name: its SSID.
        bssid: the access point; None: the system does not say.
    """

    network: str | None
    name: bytes
    bssid: str | None = None


@dataclass(frozen=True, slots=True)
class StationEvent:
    """An event that a radio's driver reports about its station.

    Attributes:
        what: `authentication`, `association`: the answer to such a request; `connection`: the outcome of both, where
            the radio itself makes them; `end`: the end of a link or of an attempt; `roam`: the radio has roamed by
            itself; `channel`: the BSS has moved to another channel; `scan`, `scan-end`: a scan begins or ends, whoever
            asked for it; `unheard`: some events were lost.
        bssid: lower-case, with colons; None: it is not told.
        code: the status code of an answer (None: there was no answer); the reason code of an `end`, if any.
        by_laptop: whether this laptop caused an `end`, and not the access point.
        frequency_mhz: the new channel of a `channel` event; None for other events.
        frequencies_mhz: the frequencies of a scan.
        since_s: for `unheard`: the first lost event was lost at most this many seconds ago.
    """

    what: Literal[
        "authentication", "association", "connection", "end", "roam", "channel", "scan", "scan-end", "unheard"
    ]
    bssid: str | None
    code: int | None
    by_laptop: bool = False
    frequency_mhz: int | None = None
    frequencies_mhz: tuple[int, ...] = ()
    since_s: float = 0.0


class SurveyRefused(Exception):  # noqa: N818 - a state of the laptop, not a fault of the program
    """The system gives no Wi-Fi results.

    Attributes:
        reason: why, in plain words: lower-case at the start, no full stop.
        unlocked_by: the one step that would change that, as a whole sentence; None if it is not known.
        has_radio: False: there is no radio, so no other source could give results either.
    """

    def __init__(self, reason: str, unlocked_by: str | None = None, *, has_radio: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.unlocked_by = unlocked_by
        self.has_radio = has_radio


class System:
    """One operating system. The methods here are those of a system that cannot do or tell what they are for.

    What a system cannot tell is None, or empty. A method raises only what its docstring says.
    """

    name: str
    """The name of the system, as in `sys.platform` and `Scope.os`: linux, win32, darwin."""

    privileged_user = "root"
    """What a user who may do everything is called, as in `Privileges.user`."""
    as_privileged_user = AS_ROOT
    """Completes "Run netpreflight …": how such a user runs it."""
    program = "./netpreflight"
    """The command that starts netpreflight here, in commands that are shown to other people."""

    as_root: tuple[str, ...] = ()
    """The words before a command that give it root's rights in the same terminal; empty: there are none."""

    pipe_encoding: str | None = None
    """The encoding of what is written to files and other programs on standard output; None: that of Python."""
    home: str | None = None
    """How the system's shells write the user's home folder; None: not all of them know the same form."""
    surveyors: tuple[str, ...] = ()
    """Which parts of the system survey Wi-Fi, best first: names that `netpreflight.probes.wifi` knows."""
    joiners: tuple[str, ...] = ()
    """The ways in which a run's own station can join a Wi-Fi network, best first; the first needs a privileged user."""
    joins_as_itself: JoinWay | None = None
    """The way of a run that has the system itself join a network (`join`), with the laptop's own abilities and without
    a MAC address that the run chooses; None: the system cannot do that for a run."""
    tells_icmp_errors: tuple[Protocol, ...] = ()
    """The protocols for which a program is told which router has dropped its packet; see `tells_icmp_errors_now`."""
    tells_icmp_errors_to_root_only = False
    names_senders_of: tuple[Protocol, ...] = ("udp", "tcp")
    """The protocols for which the system also tells who sent the ICMP error."""
    has_packet_sockets = False
    """Whether a privileged program sees packets before this laptop's firewall drops them, and unrequested ones, too."""
    has_namespaces = False
    """Whether a privileged program may have a network namespace of its own, with an interface beside the laptop's."""
    shows_firewall = False
    """Whether a privileged program is told the rules of this laptop's own firewall (`dropping`)."""
    steps: Mapping[str, str] = {}
    """What a person does on this system, in whole sentences, by key: `clock`: to set the clock; `country`: to set the
    radio's country; `firewall`: to let in what a firewall of this laptop drops; `monitor`: to put a radio
    (`{interface}`) in monitor mode; `packages`: to install missing packages where there is no checkout; `proxy`: to do
    without the proxies (`{names}`). A key is missing where nothing can be done."""

    # --- this laptop's networks; they contact nobody

    def adapters(self) -> list[Adapter]:
        """All network interfaces."""
        return []

    def adapter_towards(self, address: str) -> str | None:
        """The name of the interface by which the system itself would send to an IPv4 address; None: it has no route."""
        return None

    def neighbours(self, adapter: str) -> dict[str, str] | None:
        """The ARP table of an interface: MAC (lower-case) by IPv4 address; None: the system does not show it."""
        return None

    def arp_answers(self, adapter: str) -> AbstractContextManager[Callable[[], dict[str, bool] | None]]:
        """Watch which hosts answer the ARP requests that the system makes for other traffic; no request is added.

        Gives a function that returns, by IPv4 address, whether a host answers, for each host about which the system
        has found that out since: False where all of the system's requests stayed unanswered. The function returns None
        where the system does not tell, or some of what it told was lost.
        """
        return contextlib.nullcontext(lambda: None)

    def resolvers(self, tunnels: list[str]) -> list[Resolver]:
        """The laptop's own DNS resolvers, and where each was learned."""
        return []

    def proxies(self) -> list[Proxy]:
        """The proxies that are set for programs, without the credentials that they may hold."""
        return []

    async def leases(self, adapter: str) -> AsyncIterator[Lease]:
        """The leases that the system's DHCP clients have recorded for an interface, the likeliest first."""
        nothing: tuple[Lease, ...] = ()
        for lease in nothing:
            yield lease

    def dropping(self) -> list[str] | None:
        """The rules of this laptop's own firewall that may drop what arrives, in words; None: it does not say."""
        return None

    def is_synchronised(self) -> bool | None:
        """Whether the system says that its clock is synchronised; None: it does not say."""
        return None

    def uptime(self) -> Uptime | None:
        """How long this laptop has been up and awake; None: the system does not say."""
        return None

    # --- USB and serial ports

    def usb_devices(self) -> list[tuple[int, int]] | None:
        """The vendor and product ids of what is plugged in by USB; None: the system does not say."""
        return None

    def holders(self, file: str) -> list[str]:
        """The other programs that have a file or a port open, each with its process id; empty: none, or not known."""
        return []

    # --- the air

    def has_radio(self) -> bool:
        """Whether there may be a Wi-Fi radio; False: there is certainly none."""
        return True

    def monitoring(self) -> list[str]:
        """The interfaces that are up in monitor mode."""
        return []

    def survey(
        self, adapter: str | None, names: Sequence[bytes], *, scan: bool, tell: Callable[[str, str], None]
    ) -> Air:
        """Scan the air. It blocks for up to half a minute, so call it in a thread.

        Args:
            adapter: the interface under test; its radio is used if it has one, else another one of this laptop's.
            names: the networks to ask for by name where a scan has not heard them on 2.4 GHz (empty: the one that the
                laptop is on): a hidden network answers only requests that name it.
            scan: False: tell what the system has heard, and send nothing.
            tell: called with the name of each call to the system, and with its outcome.

        Raises:
            SurveyRefused: the system gives no results.
        """
        raise SurveyRefused("this system does not tell what is on the air")

    # --- the system's own station

    def joined(self, adapter: str) -> Joined | None:
        """The network that a radio is on; None: it is on none, or the system does not say.

        Raises:
            OSError: there is no such radio, or the system does not answer.
        """
        raise OSError("this system does not join at a run's wish")

    def join(self, adapter: str, network: NetworkToJoin, is_stopped: Callable[[], bool]) -> JoinTold:
        """Leave the network, and try once to join another one, about which nothing is saved.

        Args:
            adapter: the interface.
            network: the network.
            is_stopped: called again and again while this waits; True: give up.

        Raises:
            OSError: there is no such radio, or the system does not answer.
        """
        raise OSError("this system does not join at a run's wish")

    def rejoin(self, adapter: str, network: str | None) -> None:
        """Leave the network that `join` has joined, and go back to another one.

        Args:
            adapter: the interface.
            network: as in `Joined.network`; None: only leave.

        Raises:
            OSError: there is no such radio, or the system does not answer.
        """
        raise OSError("this system does not join at a run's wish")

    # --- a station of a run's own

    def lend_radio(self, adapter: str, pid: int) -> None:
        """Put the radio of an interface into the network namespace of a process; it comes back when that one ends.

        Raises:
            OSError: the system does not allow it, or knows no such thing.
        """
        raise OSError("this system cannot lend its radio to a run")

    def station(self, adapter: str, mac: str) -> AbstractContextManager[str]:
        """Make, for the block, a second interface with this MAC address on the radio of an interface; gives its name.

        Raises:
            OSError: the system does not allow it, or knows no such thing.
        """
        raise OSError("this system makes no second interface on a radio")

    def station_events(
        self, adapter: str, *, scans: bool = False
    ) -> AbstractContextManager[Callable[[], StationEvent | None]]:
        """Listen to what happens to the station of an interface; gives a function that returns the next event, or None.

        Args:
            adapter: the interface.
            scans: whether the scans of its radio are reported, too.

        Raises:
            OSError: the system does not tell, or knows no such thing.
        """
        raise OSError("this system does not tell what becomes of a station")

    def running(self, program: str, *arguments: str, output: int) -> AbstractContextManager[None]:
        """Run a program of the system during the block; it also ends if this process ends, whatever the reason.

        Args:
            program: its name.
            arguments: nothing that is secret.
            output: the file that it writes to.

        Raises:
            OSError: it cannot be started.
        """
        raise OSError("this system starts no program beside a run")

    def has_program(self, name: str) -> bool:
        """Whether a program is installed."""
        return False

    def radio_manager(self, adapter: str) -> str | None:
        """The name of the program that manages a radio; None: no program does, or it is not known."""
        return None

    def remote_session(self) -> str | None:
        """This laptop's address to which a remote user is connected; empty: it is not known; None: nobody is remote."""
        return None

    # --- privileges

    def is_privileged(self) -> bool:
        """Whether this process has root's rights, or those of an elevated administrator."""
        return False

    def user_name(self) -> str:
        """The name of this process's user, as the system knows it; empty: it has none."""
        return ""

    def lease_transport(self, *, raw_sockets: bool) -> LeaseTransport | None:
        """The transport by which this process may exchange DHCP messages as an unknown device; None: there is none.

        Args:
            raw_sockets: whether it may open raw sockets for whole frames.
        """
        return "raw" if raw_sockets else None

    def may_open_raw_sockets(self) -> bool:
        """Whether this process may open packet sockets and raw IP sockets, which send whole packets."""
        return False

    def may_give_up_privileges(self) -> bool:
        """Whether this process has rights that it can give up, while a helper process keeps them."""
        return False

    # --- sockets

    def binder(self, adapter: str) -> Callable[[socket.socket], None]:
        """A function that lets a socket send by this interface only; the interface is looked up once, here.

        Raises:
            OSError: there is no such interface. The function raises it, too, if the system does not allow the binding.
        """
        raise OSError("this system cannot bind a socket to an interface")

    def tells_icmp_errors_now(self) -> Sequence[Protocol]:
        """The protocols for which this process is told, on this version, which router has dropped its packet."""
        return self.tells_icmp_errors

    def report_icmp_errors(self, sock: socket.socket) -> socket.socket | None:
        """Have the system keep the ICMP errors that a UDP or TCP socket's packets cause, if it can.

        Returns:
            Another socket, to be closed together with this one, that becomes readable when an ICMP error has come;
            None: this socket itself does.
        """
        return None

    def icmp_errors(self, sock: socket.socket, told_by: socket.socket | None) -> Iterator[IcmpReport]:
        """Take the ICMP errors that the system has kept for a socket; `told_by` is from `report_icmp_errors`."""
        return iter(())

    def report_unnamed_errors(self, sock: socket.socket) -> None:
        """Have `receive` return the ICMP errors that a UDP socket's packets cause, if the system can report them so."""

    def receive(self, sock: socket.socket, most: int) -> tuple[bytes, tuple[str, int]] | UnnamedError:
        """Take the next datagram (up to `most` bytes, address and port), or the ICMP error that comes in its place.

        Raises:
            OSError: as `recvfrom` does.
        """
        payload, (address, port) = sock.recvfrom(most)
        return payload, (address, port)

    def forbid_fragments(self, sock: socket.socket) -> None:
        """Set the DF bit on what a UDP socket sends, whatever path MTU the system knows of."""
        raise OSError("this system does not set the DF bit")

    def segments_sent(self, sock: socket.socket) -> tuple[int, int] | None:
        """The segments and bytes that a TCP connection has sent so far; None: the system does not say."""
        return None

    def dropped(self, sock: socket.socket) -> int | None:
        """How many packets for this socket the system has dropped; None: it does not say."""
        return None

    def closed_ports(self) -> int | None:
        """How many datagrams and ICMP errors for closed ports the system has counted; None: it does not count them.

        Broadcast datagrams, of which a large network has many, are not counted.
        """
        return None

    def attach_filter(self, sock: socket.socket, program: bytes) -> None:
        """Let a socket receive only the packets that a filter (classic BPF, `struct sock_filter`) accepts.

        Raises:
            OSError: the system does not do that.
        """
        raise OSError("this system does not filter what a socket receives")

    def raw_socket(self, protocol: int) -> socket.socket:
        """A socket for whole IPv4 packets of a protocol, as raw(7) describes it.

        Raises:
            OSError: the system does not allow it, or has none that can be used like this.
        """
        raise OSError("this system has no raw sockets for every protocol")

    def packet_socket(self) -> socket.socket:
        """A socket that receives IPv4 packets for any port, once it is bound to an interface (packet(7)).

        Raises:
            OSError: the system does not allow it, or has none.
        """
        raise OSError("this system has no packet sockets")

    # --- a namespace, and an interface in it

    def enter_namespace(self) -> None:
        """Move this process into a network namespace of its own, without IPv6. It needs root's rights.

        Raises:
            OSError: the system does not allow it, or knows no such thing.
        """
        raise OSError("this system has no network namespaces")

    def end_with(self, parent: int) -> None:
        """Have this process killed as soon as its parent has ended; after this, it must not change its user.

        Raises:
            OSError: the parent has ended, or the system does not do that.
        """
        raise OSError("this system does not end a process with its parent")

    def add_twin(self, adapter: str, mac: str, pid: int) -> None:
        """Add an interface beside another one, with a MAC address of its own, in the namespace of a process.

        Raises:
            OSError: the system does not allow it, or knows no such thing.
        """
        raise OSError("this system adds no interface beside another one")

    def bring_up(self, adapter: str) -> None:
        """Set an interface up.

        Raises:
            OSError: the system does not allow it.
        """
        raise OSError("this system does not let an interface be set up")

    def use_lease(self, adapter: str, lease: LeaseToUse) -> None:
        """Give an interface the address and the router of a lease.

        Raises:
            OSError: the system does not allow it, or does not accept what the lease says.
        """
        raise OSError("this system does not let an address be set")

    def state_of(self, adapter: str) -> list[str]:
        """Describe an interface, and the addresses, routes and routing rules of this laptop, one a line.

        If the lines are the same later, so is the state.

        Raises:
            OSError: there is no such interface, or the system does not say.
        """
        raise OSError("this system does not tell its routes")

    async def port_authentication(self, adapter: str) -> str | None:
        """Which program or setting authenticates this laptop by 802.1X at its switch port; None: none is known."""
        return None

    # --- the process, and its files

    def create_private(self, path: str) -> int:
        """Create a file that nobody but its owner and administrators may read, and return its descriptor.

        Raises:
            OSError: there is a file of that name, or it cannot be made.
        """
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)

    def lock_file(self, opened: int) -> bool:
        """Take the lock of an open file until this process ends or closes the file; False: another process holds it.

        Raises:
            OSError: this system has no such locks.
        """
        raise OSError("this system has no locks of files")

    def has_own_window(self) -> bool:
        """Whether this program's window was opened for it alone, such as by a double click, and closes when it ends."""
        return False

    def start_elevated(self, words: Sequence[str]) -> bool:
        """Start a command with an administrator's rights, in a window of its own, and go on at once.

        Returns:
            Whether it has started; False: the user did not allow it, or this system knows no such thing.
        """
        return False

    def on_stop(self, stop: Callable[[], None]) -> AbstractContextManager[None]:
        """Call `stop` when the user ends the run: Ctrl-C, Ctrl-Break, the window closed, a signal to terminate."""
        return contextlib.nullcontext()

    def ask_hidden(self, prompt: str) -> str:
        """Read what is typed at a prompt, without showing it. However the program ends, the terminal is restored.

        Raises:
            EOFError: nothing was typed.
            OSError: there is no terminal.
        """
        return getpass.getpass(prompt)

    def forget_typed(self) -> None:
        """Discard what was typed on standard input so far, if it is a terminal: nothing had been asked yet."""

    def quoted(self, word: str) -> str | None:
        """A word as it is typed in this system's shell; None: it cannot be typed."""
        return None
