"""Which interface the system would use, and who is in its ARP table."""

import ctypes
import socket
from typing import Any

from netpreflight.systems.windows import native

_INSUFFICIENT_BUFFER, _NO_DATA = 122, 232
_TRIES = 5
_DYNAMIC, _STATIC = 3, 4  # MIB_IPNET_TYPE_
_MAC = 6


class NeighbourRow(ctypes.Structure):
    """MIB_IPNETROW."""

    _fields_ = [
        ("dwIndex", ctypes.c_uint32),
        ("dwPhysAddrLen", ctypes.c_uint32),
        ("bPhysAddr", ctypes.c_uint8 * 8),
        ("dwAddr", ctypes.c_uint32),
        ("dwType", ctypes.c_uint32),
    ]


def index_towards(address: str) -> int | None:
    """The number of the interface by which the system would send to an IPv4 address; None: it has no route."""
    index = ctypes.c_uint32()
    try:
        call = native.function(
            "iphlpapi", "GetBestInterface", ctypes.c_uint32, ctypes.c_uint32, ctypes.POINTER(ctypes.c_uint32)
        )
        number = int.from_bytes(socket.inet_aton(address), "little")
    except OSError:
        return None
    return index.value if call(number, ctypes.pointer(index)) == 0 else None


def neighbours(index: int) -> dict[str, str] | None:
    """The ARP table of the interface with this number: MAC by address; None: the system does not show it."""
    try:
        call = native.function(
            "iphlpapi",
            "GetIpNetTable",
            ctypes.c_uint32,
            ctypes.c_void_p,
            ctypes.POINTER(ctypes.c_uint32),
            ctypes.c_int32,
        )
    except OSError:
        return None
    size = ctypes.c_uint32(0)
    memory: Any = None
    for _ in range(_TRIES):
        code = call(memory and ctypes.cast(memory, ctypes.c_void_p), ctypes.pointer(size), 0)
        if code == _NO_DATA:
            return {}
        if code == 0 and memory is not None:
            return _macs(bytes(memory), index)
        if code not in {0, _INSUFFICIENT_BUFFER}:
            return None
        memory = ctypes.create_string_buffer(max(size.value, 4))
    return None


def _macs(table: bytes, index: int) -> dict[str, str]:
    """The neighbours of an interface in a MIB_IPNETTABLE."""
    found = {}
    row_size = ctypes.sizeof(NeighbourRow)
    count = min(int.from_bytes(table[:4], "little"), (len(table) - 4) // row_size)
    for number in range(count):
        row: Any = NeighbourRow.from_buffer_copy(table, 4 + number * row_size)
        if row.dwIndex == index and row.dwType in {_DYNAMIC, _STATIC} and row.dwPhysAddrLen == _MAC:
            address = socket.inet_ntoa(int(row.dwAddr).to_bytes(4, "little"))
            found[address] = bytes(row.bPhysAddr)[:_MAC].hex(":")
    return found
