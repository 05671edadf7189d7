"""What Linux can do with a socket, and what it tells about a socket."""

import contextlib
import ctypes
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

from netpreflight.probes.observations import Icmp
from netpreflight.systems.interface import IcmpReport

_LARGEST_QUOTE = 512
"""Bytes to read of our packet in an ICMP error, which has up to 576 bytes in all (RFC 1812 section 4.3.2.3)."""

_SO_BINDTODEVICE, _SO_ATTACH_FILTER, _SO_MEMINFO = 25, 26, 55
_MEMINFO_DROPS = 8  # SK_MEMINFO_DROPS, linux/sock_diag.h
_IP_MTU_DISCOVER, _IP_RECVERR = 10, 11  # ip(7)
_IP_PMTUDISC_PROBE = 3  # DF, whatever path MTU is cached
_MSG_ERRQUEUE = 0x2000
_SO_EE_ORIGIN_ICMP = 2
_FRAGMENTATION_NEEDED = (3, 4)  # ICMP type and code
_TCP_INFO_SEGS_OUT = 136  # offset of tcpi_segs_out and of
_TCP_INFO_BYTES_SENT = 200  # tcpi_bytes_sent in struct tcp_info
_INSTRUCTION_BYTES = 8  # struct sock_filter
_SNMP = Path("/proc/self/net/snmp")


def bind_to_adapter(sock: socket.socket, adapter: str) -> None:
    """Let a socket send and receive by this interface only.

    Raises:
        OSError: there is no such interface, or Linux is older than 5.7 and this process lacks CAP_NET_RAW.
    """
    sock.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, adapter.encode() + b"\0")


def report_icmp_errors(sock: socket.socket) -> None:
    """Have the ICMP errors that a UDP or TCP socket's packets cause kept in its error queue (ip(7), IP_RECVERR)."""
    sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)


def icmp_errors(sock: socket.socket) -> Iterator[IcmpReport]:
    """Drain a socket's error queue. Errors about TCP are proved: the kernel has checked the sequence number in them."""
    is_proved = sock.type == socket.SOCK_STREAM
    while True:
        try:
            quoted, ancillary, _, target = sock.recvmsg(_LARGEST_QUOTE, 512, _MSG_ERRQUEUE)
        except OSError:
            return
        for level, kind, data in ancillary:
            if (level, kind) != (socket.IPPROTO_IP, _IP_RECVERR) or len(data) < 24:
                continue
            # struct sock_extended_err (16 bytes), then the offender's sockaddr_in
            _, origin, icmp_type, icmp_code, info = struct.unpack_from("=IBBBxI", data)
            if origin == _SO_EE_ORIGIN_ICMP:
                mtu = info or None if (icmp_type, icmp_code) == _FRAGMENTATION_NEEDED else None
                source = socket.inet_ntoa(data[20:24])
                icmp = Icmp(type=icmp_type, code=icmp_code, source=source, mtu=mtu, proved=is_proved)
                yield IcmpReport(icmp, quoted, (target[0], target[1]))


def forbid_fragments(sock: socket.socket) -> None:
    """Set the DF bit on what a UDP socket sends, even if the kernel knows of a smaller path MTU."""
    sock.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_PROBE)


def segments_sent(sock: socket.socket) -> tuple[int, int] | None:
    """The segments and bytes that a TCP connection has sent (tcp(7), TCP_INFO); None: the kernel does not say."""
    if sock.fileno() < 0:
        return None
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        (segments,) = struct.unpack_from("=I", info, _TCP_INFO_SEGS_OUT)
        (data,) = struct.unpack_from("=Q", info, _TCP_INFO_BYTES_SENT)
    except (OSError, struct.error):
        return None
    return segments, data


def dropped(sock: socket.socket) -> int | None:
    """How many packets for this socket the kernel has dropped; None: it does not say."""
    try:
        count: int = struct.unpack("=9I", sock.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 36))[_MEMINFO_DROPS]
    except (OSError, struct.error):
        return None
    return count


def closed_ports() -> int | None:
    """How many datagrams and ICMP errors for closed ports the kernel has counted; None: it does not say."""
    try:
        lines = _SNMP.read_text().splitlines()
    except OSError:
        return None
    counts: dict[str, int] = {}
    for names, values in zip(lines[::2], lines[1::2], strict=False):
        kind = names.partition(":")[0]
        with contextlib.suppress(ValueError):
            pairs = zip(names.split()[1:], map(int, values.split()[1:]), strict=False)
            counts |= {f"{kind}.{name}": value for name, value in pairs}
    try:
        return counts["Udp.NoPorts"] + counts["Icmp.InErrors"]
    except KeyError:
        return None


def attach_filter(sock: socket.socket, program: bytes) -> None:
    """Filter what a socket receives by classic BPF (socket(7), SO_ATTACH_FILTER).

    Raises:
        OSError: the kernel does not allow it.
    """
    buffer = ctypes.create_string_buffer(program)
    fprog = struct.pack("@HP", len(program) // _INSTRUCTION_BYTES, ctypes.addressof(buffer))
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, fprog)


def may_open_raw_sockets() -> bool:
    """Whether this process may open raw sockets."""
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()
    except OSError:
        return False
    return True
