"""Which router has dropped a packet, as Windows 10 from version 2004 on tells a program (Wine does not).

TCP_FAIL_CONNECT_ON_ICMP_ERROR ends an attempt to connect with WSAEHOSTUNREACH as soon as an ICMP error comes, and
TCP_ICMP_ERROR_INFO then has the error and its sender (learn.microsoft.com, IPPROTO_TCP socket options).

For UDP, WSARecvMsg fails with WSAENETRESET after time exceeded, and with WSAECONNRESET after port unreachable (its page
says so). With IP_RECVERR it gives the type and code as control data: IN_RECVERR, ws2ipdef.h of the Windows SDK; no page
documents that option. Neither names the sender. Not tried on a real machine yet.
"""

import contextlib
import ctypes
import socket
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from netpreflight.probes.observations import Icmp, Protocol
from netpreflight.systems.interface import IcmpReport, UnnamedError
from netpreflight.systems.windows import native
from netpreflight.systems.windows.adapters import address_in

_TCP_NOSYNRETRIES, _TCP_FAIL_CONNECT_ON_ICMP_ERROR, _TCP_ICMP_ERROR_INFO = 9, 18, 19  # ws2ipdef.h
_ICMP = 1  # IPPROTO_ICMP
_IP_RECVERR = 75  # ws2ipdef.h
_GET_FUNCTION = 0xC8000006  # SIO_GET_EXTENSION_FUNCTION_POINTER, ws2def.h
_WSARECVMSG = UUID("f689d7c8-6f1f-436b-8a53-e54fe351c322").bytes_le  # WSAID_WSARECVMSG, mswsock.h
_BY_ERROR = {10052: (11, 0), 10054: (3, 3)}  # WSAENETRESET: time exceeded; WSAECONNRESET: port unreachable
_WOULD_BLOCK = 10035
_MSG_ERRQUEUE = 0x1000  # ws2def.h
_CONTROL_BYTES, _SOCKADDR_BYTES = 256, 28
Receiver = Callable[[int], "tuple[bytes, tuple[str, int]] | UnnamedError"]
"""Takes the next datagram or ICMP error of a socket, given the most bytes of a datagram."""


class ErrorInfo(ctypes.Structure):
    """ICMP_ERROR_INFO; its address is a SOCKADDR_INET."""

    _fields_ = [
        ("srcaddress", ctypes.c_uint32 * 7),
        ("protocol", ctypes.c_int32),
        ("type", ctypes.c_uint8),
        ("code", ctypes.c_uint8),
    ]


class RecvErr(ctypes.Structure):
    """IN_RECVERR; `info` is the MTU if the error is "fragmentation needed"."""

    _fields_ = [
        ("protocol", ctypes.c_int32),
        ("info", ctypes.c_uint32),
        ("type", ctypes.c_uint8),
        ("code", ctypes.c_uint8),
    ]


class Buffer(ctypes.Structure):
    """WSABUF."""

    _fields_ = [("len", ctypes.c_uint32), ("buf", ctypes.c_void_p)]


class Message(ctypes.Structure):
    """WSAMSG."""

    _fields_ = [
        ("name", ctypes.c_void_p),
        ("namelen", ctypes.c_int32),
        ("lpBuffers", ctypes.c_void_p),
        ("dwBufferCount", ctypes.c_uint32),
        ("Control", Buffer),
        ("dwFlags", ctypes.c_uint32),
    ]


class ControlHeader(ctypes.Structure):
    """WSACMSGHDR."""

    _fields_ = [("cmsg_len", ctypes.c_size_t), ("cmsg_level", ctypes.c_int32), ("cmsg_type", ctypes.c_int32)]


def told() -> tuple[Protocol, ...]:
    """The protocols for which this Windows reports the ICMP errors that a packet has caused."""
    found: list[Protocol] = []
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        report(sock)
        found.append("tcp")
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        receiver(sock)
        found.append("udp")
    return tuple(found)


def report(sock: socket.socket) -> None:
    """Have an ICMP error end an attempt to connect, and have that attempt send only one SYN.

    Raises:
        OSError: Windows 10 before version 2004.
    """
    sock.setsockopt(socket.IPPROTO_TCP, _TCP_FAIL_CONNECT_ON_ICMP_ERROR, 1)
    sock.setsockopt(socket.IPPROTO_TCP, _TCP_NOSYNRETRIES, 1)


def errors(sock: socket.socket) -> Iterator[IcmpReport]:
    """The ICMP error that has ended an attempt to connect; nothing if something else has ended it.

    It is not documented whether Windows checks the sequence number that an error quotes, so no error is proved.
    """
    try:
        told = sock.getsockopt(socket.IPPROTO_TCP, _TCP_ICMP_ERROR_INFO, ctypes.sizeof(ErrorInfo))
        info = ErrorInfo.from_buffer_copy(told)
    except (OSError, ValueError):  # WSANO_DATA, or an answer that is too short: there was no ICMP error
        return
    source = address_in(bytes(info.srcaddress))
    if info.protocol == _ICMP and source is not None and ":" not in source:
        yield IcmpReport(Icmp(type=info.type, code=info.code, source=source), b"")


def receiver(sock: socket.socket) -> Receiver:
    """Have the ICMP errors reported that a UDP socket's datagrams cause; returns the function that receives both.

    Raises:
        OSError: this Windows does not do that.
    """
    sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
    pointer, number = ctypes.c_void_p, ctypes.c_uint32
    control = native.function(
        "ws2_32", "WSAIoctl", ctypes.c_int32, ctypes.c_size_t, number, pointer, number, pointer, number,
        ctypes.POINTER(number), pointer, pointer,
    )  # fmt: skip
    last_error = native.function("ws2_32", "WSAGetLastError", ctypes.c_int32)
    wanted, found = ctypes.create_string_buffer(_WSARECVMSG, len(_WSARECVMSG)), pointer()
    place = ctypes.cast(ctypes.pointer(found), pointer)
    size = ctypes.sizeof(found)
    if control(sock.fileno(), _GET_FUNCTION, ctypes.cast(wanted, pointer), len(_WSARECVMSG), place, size,
               ctypes.pointer(number()), None, None) or not found.value:  # fmt: skip
        raise OSError(last_error(), "there is no WSARecvMsg")
    call = native.called_at(
        found.value, ctypes.c_int32, ctypes.c_size_t, ctypes.POINTER(Message), ctypes.POINTER(number), pointer, pointer
    )
    handle = sock.fileno()

    def receive(most: int) -> tuple[bytes, tuple[str, int]] | UnnamedError:
        """Take the next datagram, of at most this many bytes, or the next ICMP error, by WSARecvMsg."""
        name = ctypes.create_string_buffer(_SOCKADDR_BYTES)
        payload, told_of = ctypes.create_string_buffer(most), ctypes.create_string_buffer(_CONTROL_BYTES)
        buffer, count = Buffer(most, ctypes.addressof(payload)), number()
        message = Message(
            name=ctypes.addressof(name),
            namelen=_SOCKADDR_BYTES,
            lpBuffers=ctypes.addressof(buffer),
            dwBufferCount=1,
            Control=Buffer(_CONTROL_BYTES, ctypes.addressof(told_of)),
        )
        if call(handle, ctypes.pointer(message), ctypes.pointer(count), None, None):
            code = last_error()
            if code in _BY_ERROR:
                return UnnamedError(*_BY_ERROR[code])
            raise (BlockingIOError if code == _WOULD_BLOCK else OSError)(code, "WSARecvMsg failed")
        of_error = error_in(told_of.raw[: min(message.Control.len, _CONTROL_BYTES)])
        if of_error is not None:
            return of_error
        if message.dwFlags & _MSG_ERRQUEUE:
            raise OSError("WSARecvMsg told of an error, and not which one")
        source = address_in(name.raw)
        if source is None or ":" in source:
            raise OSError("WSARecvMsg named no sender")
        return payload.raw[: min(count.value, most)], (source, int.from_bytes(name.raw[2:4]))

    return receive


def error_in(control: bytes) -> UnnamedError | None:
    """The ICMP error in the control data of a message; None: there is none."""
    head, start = ctypes.sizeof(ControlHeader), 0
    while start + head <= len(control):
        header: Any = ControlHeader.from_buffer_copy(control, start)
        end = start + header.cmsg_len
        if header.cmsg_len < head or end > len(control):
            return None
        if (header.cmsg_level, header.cmsg_type) == (socket.IPPROTO_IP, _IP_RECVERR):
            body = control[start + head : end].ljust(ctypes.sizeof(RecvErr), b"\0")
            error: Any = RecvErr.from_buffer_copy(body)
            return UnnamedError(error.type, error.code)
        start += (header.cmsg_len + 7) // 8 * 8
    return None
