"""Which router has dropped a SYN, as Windows 10 from version 2004 on tells a program (Wine does not).

TCP_FAIL_CONNECT_ON_ICMP_ERROR ends an attempt to connect with WSAEHOSTUNREACH as soon as an ICMP error comes, and
TCP_ICMP_ERROR_INFO then has the error and its sender (learn.microsoft.com, IPPROTO_TCP socket options). For UDP there
is an option in the headers, IP_RECVERR, but no page says what it does, and its structure has no sender.
"""

import ctypes
import socket
from collections.abc import Iterator

from netpreflight.probes.observations import Icmp
from netpreflight.systems.interface import IcmpReport
from netpreflight.systems.windows.adapters import address_in

_TCP_NOSYNRETRIES, _TCP_FAIL_CONNECT_ON_ICMP_ERROR, _TCP_ICMP_ERROR_INFO = 9, 18, 19  # ws2ipdef.h
_ICMP = 1  # IPPROTO_ICMP


class ErrorInfo(ctypes.Structure):
    """ICMP_ERROR_INFO; its address is a SOCKADDR_INET."""

    _fields_ = [
        ("srcaddress", ctypes.c_uint32 * 7),
        ("protocol", ctypes.c_int32),
        ("type", ctypes.c_uint8),
        ("code", ctypes.c_uint8),
    ]


def are_told() -> bool:
    """Whether this Windows tells the ICMP errors that a SYN has caused."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        try:
            report(sock)
        except OSError:  # WSAENOPROTOOPT
            return False
    return True


def report(sock: socket.socket) -> None:
    """Let an ICMP error end an attempt to connect, which sends one SYN.

    Raises:
        OSError: Windows 10 before version 2004.
    """
    sock.setsockopt(socket.IPPROTO_TCP, _TCP_FAIL_CONNECT_ON_ICMP_ERROR, 1)
    sock.setsockopt(socket.IPPROTO_TCP, _TCP_NOSYNRETRIES, 1)


def errors(sock: socket.socket) -> Iterator[IcmpReport]:
    """The ICMP error that has ended an attempt to connect; none where something else has.

    Nothing says whether Windows compares the sequence number that an error quotes, so none is proved.
    """
    try:
        told = sock.getsockopt(socket.IPPROTO_TCP, _TCP_ICMP_ERROR_INFO, ctypes.sizeof(ErrorInfo))
        info = ErrorInfo.from_buffer_copy(told)
    except (OSError, ValueError):  # WSANO_DATA; shorter, such as empty: there was no error
        return
    source = address_in(bytes(info.srcaddress))
    if info.protocol == _ICMP and source is not None and ":" not in source:
        yield IcmpReport(Icmp(type=info.type, code=info.code, source=source), b"")
