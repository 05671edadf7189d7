"""Which hosts answer ARP, as the kernel tells of every change in its neighbour table: rtnetlink(7), RTNLGRP_NEIGH.

No privilege is needed. /proc/net/arp tells less: an entry for which the kernel is still asking looks there like
one to which nobody has answered. Numbers are those of linux/rtnetlink.h and linux/neighbour.h.
"""

import contextlib
import socket
import struct
from collections.abc import Callable, Iterator

from netpreflight.systems.linux import netlink

_NETLINK_ROUTE, _RTMGRP_NEIGH, _RTM_NEWNEIGH = 0, 4, 28
_HEADER, _NDMSG = struct.Struct("=IHHII"), struct.Struct("=BxxxiHBB")
_NDA_DST = 1
_REACHABLE, _FAILED = 0x02, 0x20
"""REACHABLE: the host has just answered, or was confirmed in another way. FAILED: none of the kernel's requests was
answered. The other states say neither: the kernel is still asking (INCOMPLETE, PROBE), or relies on an earlier answer
(STALE, DELAY)."""
_LARGEST = 16384


@contextlib.contextmanager
def watched(adapter: str) -> Iterator[Callable[[], dict[str, bool] | None]]:
    """Watch the table of an interface; yields the function that `System.arp_answers` describes."""
    with contextlib.ExitStack() as stack:
        try:
            index = socket.if_nametoindex(adapter)
            kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
            changes = stack.enter_context(socket.socket(socket.AF_NETLINK, kind, _NETLINK_ROUTE))
            changes.bind((0, _RTMGRP_NEIGH))
        except OSError:
            yield lambda: None
        else:
            yield lambda: _told(changes, index)


def _told(changes: socket.socket, index: int) -> dict[str, bool] | None:
    """The answers that the kernel has reported since the last call; None: some reports were lost."""
    found: dict[str, bool] = {}
    while True:
        try:
            messages, sender = changes.recvfrom(_LARGEST)
        except BlockingIOError:
            return found
        except OSError:  # ENOBUFS: more came than was kept
            return None
        if sender[0] == 0:  # from the kernel
            found |= answers_in(messages, index)


def answers_in(messages: bytes, index: int) -> dict[str, bool]:
    """Whether each host on the interface with this index answers ARP, by IPv4 address; the last message counts."""
    found = {}
    while len(messages) >= _HEADER.size:
        size, kind, _, _, requester = _HEADER.unpack_from(messages)
        if not _HEADER.size <= size <= len(messages):
            break
        body, messages = messages[_HEADER.size : size], messages[(size + 3) & ~3 :]
        if kind != _RTM_NEWNEIGH or requester or len(body) < _NDMSG.size:
            continue  # with a requester: a program that flushes the table makes entries fail, too
        family, of_index, state, _, _ = _NDMSG.unpack_from(body)
        address = dict(netlink.attributes(body[_NDMSG.size :])).get(_NDA_DST, b"")
        if (family, of_index, len(address)) == (socket.AF_INET, index, 4) and state in {_REACHABLE, _FAILED}:
            found[socket.inet_ntoa(address)] = state == _REACHABLE
    return found
