"""The events that the kernel reports about a station: answers of access points, ends of links, channels, scans.

The kernel sends them over nl80211, to the multicast groups `mlme` and `scan`. Events that find no room in the socket's
buffer are lost; the kernel says so by ENOBUFS (netlink(7)), before it hands out what is in the buffer. No privilege is
needed. Messages are decoded here, byte by byte, because the frames in them come from strangers. Numbers are those of
linux/nl80211.h; frames: IEEE 802.11-2020, 9.3.3.1 and 9.4.1.
"""

import asyncio
import contextlib
import errno
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from pyroute2.netlink.exceptions import NetlinkError
from pyroute2.netlink.nl80211 import AsyncNL80211

from netpreflight.systems.interface import StationEvent
from netpreflight.systems.linux import netlink
from netpreflight.systems.linux.clock import uptime

_NETLINK_GENERIC, _SOL_NETLINK, _ADD_MEMBERSHIP = 16, 270, 1
_AUTHENTICATE, _ASSOCIATE, _DEAUTHENTICATE, _DISASSOCIATE = 37, 38, 39, 40
_CONNECT, _ROAM, _DISCONNECT, _CHANNEL_SWITCHED = 46, 47, 48, 88
_SCAN, _SCAN_RESULTS, _SCAN_ABORTED = 33, 34, 35
_IFINDEX, _MAC, _FREQUENCY, _FREQUENCIES, _FRAME, _REASON, _TIMED_OUT = 3, 6, 38, 44, 51, 54, 65
_BY_AP, _STATUS = 71, 72
_SUCCESS = 0
_HEADERS = 20
"""Bytes of netlink's header and of generic netlink's."""
_SENDER, _BSSID = slice(10, 16), slice(16, 22)
_FRAME_HEADER, _STATUS_OF_AUTHENTICATION, _STATUS_OF_ASSOCIATION = 24, 28, 26
_LARGEST = 16384


@contextlib.contextmanager
def heard(adapter: str, *, scans: bool = False) -> Iterator[Callable[[], StationEvent | None]]:
    """Listen; yields a function that returns the next event so far, or None.

    Any error other than ENOBUFS ends the listening. From then on the function returns `unheard` and None in turn, so
    that a caller who reads until None learns each time that nothing is heard.

    Args:
        adapter: the interface.
        scans: whether the scans of its radio are reported, too.

    Raises:
        OSError: the kernel does not tell.
    """
    with ThreadPoolExecutor(1) as pool:  # the caller may be in an event loop
        groups = pool.submit(lambda: asyncio.run(_groups("mlme", *(["scan"] if scans else [])))).result()
    index = socket.if_nametoindex(adapter)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_GENERIC) as events:
        events.bind((0, 0))
        for group in groups:
            events.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, group)
        events.settimeout(0)
        all_read_s, has_ended, is_reported = uptime().awake_s, False, False

        def following() -> StationEvent | None:
            """The next event of this interface."""
            nonlocal all_read_s, has_ended, is_reported
            while not has_ended:
                try:
                    message, sender = events.recvfrom(_LARGEST)
                except BlockingIOError:
                    all_read_s = uptime().awake_s
                    return None
                except OSError as problem:
                    if problem.errno != errno.ENOBUFS:
                        has_ended = True
                        break
                    return StationEvent("unheard", None, None, since_s=uptime().awake_s - all_read_s)
                if sender[0] == 0 and (event := event_of(message, index)) is not None:  # from the kernel
                    return event
            is_reported = not is_reported
            return StationEvent("unheard", None, None, since_s=uptime().awake_s - all_read_s) if is_reported else None

        yield following


def event_of(message: bytes, index: int) -> StationEvent | None:
    """The event that a message reports about the station with this interface index; None: no event."""
    if len(message) < _HEADERS:
        return None
    found = dict(netlink.attributes(message[_HEADERS:]))
    if found.get(_IFINDEX) != struct.pack("=I", index):
        return None
    command, frame = message[16], found.get(_FRAME, b"")
    if command in {_SCAN, _SCAN_RESULTS, _SCAN_ABORTED}:
        numbers = (number for _, number in netlink.attributes(found.get(_FREQUENCIES, b"")) if len(number) == 4)
        frequencies = tuple(int.from_bytes(number, sys.byteorder) for number in numbers)
        return StationEvent("scan" if command == _SCAN else "scan-end", None, None, frequencies_mhz=frequencies)
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


def _code(octets: bytes, order: Literal["little", "big"] = "little") -> int | None:
    return int.from_bytes(octets, order) if len(octets) == 2 else None


async def _groups(*names: str) -> list[int]:
    """The numbers of these multicast groups of nl80211."""
    asking = AsyncNL80211()
    try:
        await asking.bind()
        return [int(asking.mcast_groups[name]) for name in names]
    except NetlinkError as problem:
        raise OSError(problem.code, "the kernel does not tell what becomes of a station") from problem
    finally:
        asking.close()
