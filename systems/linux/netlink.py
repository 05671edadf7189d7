"""The attributes in the kernel's messages (netlink(7)), read without pyroute2, which takes long to load."""

import struct
from collections.abc import Iterator

_TYPE_BITS = 0x3FFF
"""The bits of the type that are the number; the others say that an attribute is nested, or in network order."""


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The attributes of a message by number, until one does not fit."""
    while len(data) >= 4:
        size, kind = struct.unpack_from("=HH", data)
        if not 4 <= size <= len(data):
            return
        yield kind & _TYPE_BITS, data[4:size]
        data = data[(size + 3) & ~3 :]
