"""What the kernel tells of a station: answers of access points, ends of links, channels (nl80211, the group `mlme`).

No privilege is needed. Messages are read here, byte by byte, because a frame in them is from the air. Numbers are those
of linux/nl80211.h; frames: IEEE 802.11-2020, 9.3.3.1 and 9.4.1.
"""

import asyncio
import contextlib
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from pyroute2.netlink.exceptions import NetlinkError
from pyroute2.netlink.nl80211 import AsyncNL80211

from netpreflight.systems.interface import StationEvent

_NETLINK_GENERIC, _SOL_NETLINK, _ADD_MEMBERSHIP = 16, 270, 1
_AUTHENTICATE, _ASSOCIATE, _DEAUTHENTICATE, _DISASSOCIATE = 37, 38, 39, 40
_CONNECT, _ROAM, _DISCONNECT, _CHANNEL_SWITCHED = 46, 47, 48, 88
_IFINDEX, _MAC, _FREQUENCY, _FRAME, _REASON, _TIMED_OUT, _BY_AP, _STATUS = 3, 6, 38, 51, 54, 65, 71, 72
_SUCCESS = 0
_HEADERS = 20
"""Bytes of netlink's header and of generic netlink's."""
_TYPE_BITS = 0x3FFF
_SENDER, _BSSID = slice(10, 16), slice(16, 22)
_FRAME_HEADER, _STATUS_OF_AUTHENTICATION, _STATUS_OF_ASSOCIATION = 24, 28, 26
_LARGEST = 16384


@contextlib.contextmanager
def heard(adapter: str) -> Iterator[Callable[[], StationEvent | None]]:
    """Listen; yields a function that returns the next event so far, or None.

    Raises:
        OSError: the kernel does not tell.
    """
    with ThreadPoolExecutor(1) as pool:  # the caller may be in an event loop
        group = pool.submit(lambda: asyncio.run(_group())).result()
    index = socket.if_nametoindex(adapter)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_GENERIC) as events:
        events.bind((0, 0))
        events.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, group)
        events.settimeout(0)

        def following() -> StationEvent | None:
            """The next event of this interface."""
            while True:
                try:
                    message, sender = events.recvfrom(_LARGEST)
                except BlockingIOError:
                    return None
                except OSError:  # ENOBUFS: some were lost
                    continue
                if sender[0] == 0 and (event := event_of(message, index)) is not None:  # from the kernel
                    return event

        yield following


def event_of(message: bytes, index: int) -> StationEvent | None:
    """What a message tells of the station with this interface index; None: nothing."""
    if len(message) < _HEADERS:
        return None
    found = dict(_attributes(message[_HEADERS:]))
    if found.get(_IFINDEX) != struct.pack("=I", index):
        return None
    command, frame = message[16], found.get(_FRAME, b"")
    bssid = frame[_BSSID] if frame else found.get(_MAC, b"")
    where = bssid.hex(":") if len(bssid) == 6 else None
    if command in {_AUTHENTICATE, _ASSOCIATE}:
        at = _STATUS_OF_AUTHENTICATION if command == _AUTHENTICATE else _STATUS_OF_ASSOCIATION
        code = None if _TIMED_OUT in found else _code(frame[at : at + 2])
        return StationEvent("authentication" if command == _AUTHENTICATE else "association", where, code)
    if command == _CONNECT:
        return StationEvent(
            "connection", where, None if _TIMED_OUT in found else _code(found.get(_STATUS, b""), sys.byteorder)
        )
    if command == _ROAM:
        return StationEvent("roam", where, _SUCCESS)
    if command == _CHANNEL_SWITCHED:
        frequency = found.get(_FREQUENCY, b"")
        return (
            StationEvent("channel", where, None, frequency_mhz=int.from_bytes(frequency, sys.byteorder))
            if len(frequency) == 4
            else None
        )
    if command in {_DEAUTHENTICATE, _DISASSOCIATE} and frame:
        code = _code(frame[_FRAME_HEADER : _FRAME_HEADER + 2])
        return StationEvent("end", where, code, by_laptop=frame[_SENDER] != frame[_BSSID])
    if command == _DISCONNECT:
        return StationEvent("end", where, _code(found.get(_REASON, b""), sys.byteorder), by_laptop=_BY_AP not in found)
    return None


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The attributes of a message, until one does not fit."""
    while len(data) >= 4:
        size, kind = struct.unpack_from("=HH", data)
        if not 4 <= size <= len(data):
            return
        yield kind & _TYPE_BITS, data[4:size]
        data = data[(size + 3) & ~3 :]


def _code(octets: bytes, order: Literal["little", "big"] = "little") -> int | None:
    return int.from_bytes(octets, order) if len(octets) == 2 else None


async def _group() -> int:
    """The number of nl80211's group `mlme`."""
    asking = AsyncNL80211()
    try:
        await asking.bind()
        return int(asking.mcast_groups["mlme"])
    except NetlinkError as problem:
        raise OSError(problem.code, "the kernel does not tell what becomes of a station") from problem
    finally:
        asking.close()
