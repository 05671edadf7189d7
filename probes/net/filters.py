"""Filters by which the kernel drops packets that a socket does not wait for (classic BPF).

A flood that the kernel drops fills no buffer, so the answer behind it is still read. A filter is a list of tests, all
of which a packet has to pass. A packet that is too short for a test does not pass it.
"""

import contextlib
import socket
import struct
from collections.abc import Iterable
from typing import NamedTuple

from netpreflight.systems import SYSTEM

INSTRUCTION = struct.Struct("=HBBI")  # struct sock_filter: code, jump if true, jump if false, operand
_FROM_START = {1: 0x30, 2: 0x28, 4: 0x20}
"""BPF_LD + BPF_ABS, by how many bytes are loaded."""
_AFTER_HEADER = {1: 0x50, 2: 0x48, 4: 0x40}
"""BPF_LD + BPF_IND: the same, at an offset from the end of the IP header."""
_SIZE_OF_HEADER = 0xB1  # BPF_LDX + BPF_MSH: X = 4 * (low nibble of the byte at the operand)
_EQUAL, _ANY_BIT, _RETURN = 0x15, 0x45, 0x06
_NETWORK_HEADER = 0xFFF00000  # SKF_NET_OFF: from here on, offsets count from the IP header
_ALL = 0xFFFF
_ETHERNET, _UDP, _ICMP = 14, 8, 8  # sizes of headers
_SOURCE, _DESTINATION, _PROTOCOL, _FRAGMENT = 12, 16, 9, 6  # in the IPv4 header
_IPV4, _ARP, _UDP_NUMBER = 0x0800, 0x0806, 17
_BOOTREPLY = 2


class Test(NamedTuple):
    """A number in a packet, and the values that it may have.

    Attributes:
        size: the number's size in bytes.
        at: the number's offset; if `header` is given, counted from the end of the IP header.
        values: the number has to be one of these; with `is_mask`, none of these bits may be set in it.
        header: the offset at which the IP header begins.
    """

    size: int
    at: int
    values: tuple[int, ...]
    header: int | None = None
    is_mask: bool = False


def attach(sock: socket.socket, tests: Iterable[Test] | None) -> bool:
    """From now on, let only packets through that pass all tests (None: none); False if the system cannot filter."""
    with contextlib.suppress(OSError):
        SYSTEM.attach_filter(sock, DROP if tests is None else program_of(list(tests)))
        return True
    return False


DROP = INSTRUCTION.pack(_RETURN, 0, 0, 0)


def program_of(tests: list[Test]) -> bytes:
    """The BPF program of a filter: it accepts a packet that passes all tests, and drops any other."""
    sizes = [len(test.values) + 1 + (test.header is not None) for test in tests]
    drop = sum(sizes) + 1
    made: list[bytes] = []
    for test in tests:
        if test.header is not None:
            made.append(INSTRUCTION.pack(_SIZE_OF_HEADER, 0, 0, test.header))
        load = (_FROM_START if test.header is None else _AFTER_HEADER)[test.size]
        made.append(INSTRUCTION.pack(load, 0, 0, test.at))
        after = len(made) + len(test.values)
        for number, value in enumerate(test.values, len(made)):
            is_last = number == after - 1
            if test.is_mask:
                made.append(INSTRUCTION.pack(_ANY_BIT, drop - number - 1, 0, value))
            else:
                made.append(INSTRUCTION.pack(_EQUAL, after - number - 1, drop - number - 1 if is_last else 0, value))
    return b"".join([*made, INSTRUCTION.pack(_RETURN, 0, 0, _ALL), DROP])


def _number(address: str) -> int:
    return int.from_bytes(socket.inet_aton(address))


def datagrams(address: str | None, port: int, mark: bytes = b"", mark_at: int = 0) -> list[Test]:
    """For a UDP socket: datagrams from this address (None: any) and port, with these bytes in their payload."""
    tests = [Test(2, 0, (port,))]
    if address is not None:
        tests.append(Test(4, _NETWORK_HEADER + _SOURCE, (_number(address),)))
    while mark:
        size = next(size for size in (4, 2, 1) if size <= len(mark))
        tests.append(Test(size, _UDP + mark_at, (int.from_bytes(mark[:size]),)))
        mark, mark_at = mark[size:], mark_at + size
    return tests


def dhcp_replies(xids: Iterable[int]) -> list[Test]:
    """For a packet socket: BOOTP replies from port 67 to port 68 with one of these transaction ids."""
    bootp = _ETHERNET + _UDP
    return [
        Test(2, 12, (_IPV4,)),
        Test(1, _ETHERNET + _PROTOCOL, (_UDP_NUMBER,)),
        Test(2, _ETHERNET + _FRAGMENT, (0x1FFF,), is_mask=True),
        Test(2, _ETHERNET, (67,), header=_ETHERNET),
        Test(2, _ETHERNET + 2, (68,), header=_ETHERNET),
        Test(1, bootp, (_BOOTREPLY,), header=_ETHERNET),
        Test(4, bootp + 4, tuple(xids), header=_ETHERNET),
    ]


def arp() -> list[Test]:
    """For a packet socket: ARP packets of IPv4 over Ethernet."""
    return [
        Test(2, 12, (_ARP,)),
        Test(4, _ETHERNET, (0x00010800,)),
        Test(2, _ETHERNET + 4, (0x0604,)),
    ]


def quotes(protocol: int, far: str) -> list[Test]:
    """For a raw ICMP socket: errors that quote a packet of this IP protocol sent to the address `far`."""
    return [
        Test(1, _ICMP + _PROTOCOL, (protocol,), header=0),
        Test(4, _ICMP + _DESTINATION, (_number(far),), header=0),
    ]


def segments(far_port: int, near_port: int) -> list[Test]:
    """For a raw TCP socket: segments between these ports."""
    return [Test(2, 0, (far_port,), header=0), Test(2, 2, (near_port,), header=0)]
