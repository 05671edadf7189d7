"""Does somebody send datagrams in a server's name to ports of this laptop from which nothing was asked?

An attacker who is not on the path to a server does not see from which port this laptop asks it. To forge an answer or
an ICMP error, such an attacker has to try many ports, most of which are closed. There are two ways to count these
packets:

* A packet socket (Linux, CAP_NET_RAW) sees what arrives before a firewall of this laptop drops it.
* The system counts datagrams and ICMP errors for closed ports (Linux, /proc/net/snmp); every user can read that. It
  does not say in whose name they came, and counts nothing that a firewall of this laptop has dropped.
"""

import contextlib
import socket
import struct
import threading
from collections import defaultdict
from collections.abc import Callable

from netpreflight.probes.net.filters import INSTRUCTION
from netpreflight.probes.observations import ROOT_ON_LINUX, Unasked
from netpreflight.systems import SYSTEM

MOST_PORTS = 1000
"""How many ports are counted for one server at most."""
_IPV4 = 0x0800
_SOL_PACKET, _PACKET_STATISTICS = 263, 6
_KEPT = 128
"""Bytes kept of each packet: enough for the headers of an ICMP error and of the packet that it quotes."""
_MOST_AT_ONCE = 20_000
"""How many packets are read in one go: more than a socket's buffer holds."""
_LEAST_IP, _QUOTED_AT, _PORTS = 20, 8, 4
_ICMP, _UDP = 1, 17
_ERRORS = (3, 11, 12)
_TO_ALL = 2
"""PACKET_MULTICAST. Of the lower packet types, 0 is for this host and 1 a broadcast; higher types are for another host,
or sent by this one (packet(7))."""
_MOST_WATCHED = 64
"""How many ports are watched at most: the filter's jumps, of 8 bits, have to reach past all of them."""

Server = tuple[str, int]
"""Address and port of a server."""


class UnaskedWatch:
    """Counts what comes to ports from which nothing was asked, until `close()`.

    Args:
        interface: the interface under test.
        own_ports: gives the ports of this run's UDP sockets.
    """

    def __init__(self, interface: str, own_ports: Callable[[], set[int]]) -> None:
        self._own_ports = own_ports
        self._closed_before = SYSTEM.closed_ports()
        self._watched: set[int] = set()
        self._datagrams_of: set[int] = set()
        self._ports_by_server: dict[Server, set[int]] = defaultdict(set)
        self._lost = 0
        self._socket: socket.socket | None = None
        with contextlib.suppress(OSError):
            sock = SYSTEM.packet_socket()
            try:
                sock.settimeout(0)
                _attach(sock, set())
                sock.bind((interface, _IPV4))
            except OSError:
                sock.close()
                raise
            self._socket = sock

    def watch(self, port: int, *, errors_only: bool = False) -> None:
        """Count datagrams from this port of any server, and ICMP errors about datagrams to it; or only the errors."""
        if self._socket is None or len(self._watched) >= _MOST_WATCHED:
            return
        self._watched.add(port)
        if not errors_only and port not in self._datagrams_of:
            self._datagrams_of.add(port)
            _attach(self._socket, self._datagrams_of)

    def seen(self, address: str, port: int) -> Unasked:
        """What has come so far in the name of a server, or as an ICMP error about a datagram to it."""
        self._read()
        now = SYSTEM.closed_ports()
        closed = None if now is None or self._closed_before is None else max(now - self._closed_before, 0)
        if self._socket is None:
            return Unasked(closed=closed, unlocked_by=_unlocking_step())
        if port not in self._watched:
            return Unasked(closed=closed)
        return Unasked(closed=closed, ports=len(self._ports_by_server[address, port] - self._own_ports()) + self._lost)

    def close(self) -> None:
        """Stop. The socket is closed in a thread, because closing a packet socket takes tens of milliseconds."""
        if self._socket is not None:
            threading.Thread(target=self._socket.close, daemon=True).start()
            self._socket = None

    def _read(self) -> None:
        """Read the packet socket. Packets that it had no room for are added to the count of every server."""
        if self._socket is None:
            return
        for _ in range(_MOST_AT_ONCE):
            try:
                packet = self._socket.recv(_KEPT)
            except OSError:
                break
            if (found := _port_in(packet)) is not None and len(self._ports_by_server[found[0]]) < MOST_PORTS:
                self._ports_by_server[found[0]].add(found[1])
        else:
            self._lost += 1  # more packets arrive as fast as they are read
        _, lost = struct.unpack("II", self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))
        self._lost += lost


def _unlocking_step() -> str:
    """What the user can do so that a run sees every port: a sentence without its full stop."""
    return f"Run netpreflight {f'again {SYSTEM.as_privileged_user}' if SYSTEM.has_packet_sockets else ROOT_ON_LINUX}"


def _port_in(packet: bytes) -> tuple[Server, int] | None:
    """The server that a packet comes from, or that an ICMP error is about, and this laptop's port; None: neither."""
    size = (packet[0] & 0xF) * 4 if packet else 0
    if size < _LEAST_IP or len(packet) < size + _PORTS:
        return None
    if packet[9] == _UDP:
        source, local = struct.unpack_from("!HH", packet, size)
        return (socket.inet_ntoa(packet[12:16]), source), local
    inner = packet[size + _QUOTED_AT :]
    inner_size = (inner[0] & 0xF) * 4 if inner else 0
    if inner_size < _LEAST_IP or len(inner) < inner_size + _PORTS or inner[9] != _UDP:
        return None
    local, to = struct.unpack_from("!HH", inner, inner_size)
    return (socket.inet_ntoa(inner[16:20]), to), local


def _attach(sock: socket.socket, ports: set[int]) -> None:
    """Let the kernel keep only datagrams from these ports, and ICMP errors (classic BPF; socket(7), SO_ATTACH_FILTER).

    The packets begin with the IP header. Packets that this laptop sends are left out, and so are all fragments but the
    first. Broadcast and multicast frames are kept: the system accepts a datagram for this laptop from such frames, too.
    """
    load_kind, above, equal, any_bit, load_byte, load_half = 0x20, 0x25, 0x15, 0x45, 0x30, 0x28
    header_size, half_behind, byte_behind, give = 0xB1, 0x48, 0x50, 0x06
    count, errors = len(ports), len(_ERRORS)
    program = [
        (load_kind, 0, 0, 0xFFFFF004),  # SKF_AD_PKTTYPE
        (above, 7 + count, 0, _TO_ALL),
        (load_byte, 0, 0, 9),
        (equal, 6 + count, 0, _ICMP),
        (equal, 0, 4 + count, _UDP),
        (load_half, 0, 0, 6),
        (any_bit, 2 + count, 0, 0x1FFF),
        (header_size, 0, 0, 0),
        (half_behind, 0, 0, 0),
        *((equal, count - at + 3 + errors, 0, port) for at, port in enumerate(sorted(ports))),
        (give, 0, 0, 0),
        (header_size, 0, 0, 0),
        (byte_behind, 0, 0, 0),
        *((equal, errors - at, 0, kind) for at, kind in enumerate(_ERRORS)),
        (give, 0, 0, 0),
        (give, 0, 0, _KEPT),
    ]
    SYSTEM.attach_filter(sock, b"".join(INSTRUCTION.pack(*instruction) for instruction in program))
