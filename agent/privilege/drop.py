"""Giving root's rights up for good: the run becomes an ordinary user that may still measure a network (Linux).

Three capabilities stay: CAP_NET_RAW for raw sockets, CAP_NET_ADMIN for the radio's scan, and CAP_NET_BIND_SERVICE for
port 68. Processes that the run starts have these and no more, and nothing that they start can gain others. A right that
the system does not let go of is reported, and the others are given up all the same. On Windows and macOS nothing is
given up yet; the code for that would belong here.

Call `become` before there is a second thread: each thread has capabilities of its own.
"""

import ctypes
import os
import struct
from collections.abc import Callable, Iterable
from pathlib import Path

from netpreflight.agent.privilege.caller import Caller
from netpreflight.agent.privilege.readable import make_readable, may_read
from netpreflight.probes.observations import KeptRight

CAP_DAC_READ_SEARCH = 2
CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW = 10, 12, 13
KEPT = (CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW)
# <linux/prctl.h>
_PR_SET_KEEPCAPS, _PR_CAPBSET_READ, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 8, 23, 24, 38, 47
_PR_CAP_AMBIENT_RAISE, _PR_CAP_AMBIENT_CLEAR_ALL = 2, 4
_VERSION = 0x20080522  # _LINUX_CAPABILITY_VERSION_3
_SETS = "6I"  # effective, permitted, inheritable of capabilities 0 to 31, then of 32 to 63


def become(user: Caller, needed: Iterable[Path]) -> list[KeptRight]:
    """Become this user for good, and keep only the capabilities of `KEPT`.

    Args:
        user: the user.
        needed: folders and files that the run reads later, such as Python's modules.

    Returns:
        The rights that could not be given up.
    """
    needed = list(needed)
    make_readable(needed, user)
    system = _System()
    permitted = system.permitted()
    kept = [capability for capability in KEPT if capability in permitted]
    stays: list[KeptRight] = []
    if not system.limit_children(kept):
        stays.append("what its children may gain")
    system.call(_PR_SET_KEEPCAPS, 1)
    stays += _refused("root's groups", lambda: os.setgroups(user.groups))
    stays += _refused("root's group", lambda: os.setresgid(user.gid, user.gid, user.gid))
    readable = _could_read(user, needed)
    if not readable and CAP_DAC_READ_SEARCH in permitted:
        kept.append(CAP_DAC_READ_SEARCH)
        stays.append("reading all files")
        readable = True
    if readable:
        stays += _refused("root's user id", lambda: os.setresuid(user.uid, user.uid, user.uid))
    else:
        stays.append("root's user id")
    system.have(kept)
    system.hand_on([capability for capability in kept if capability in KEPT])
    if not system.call(_PR_SET_NO_NEW_PRIVS, 1):
        stays.append("new privileges")
    if "root's user id" not in stays:
        name = user.name or str(user.uid)
        os.environ.update({"HOME": user.home, "USER": name, "LOGNAME": name})
    return stays


def _refused(what: KeptRight, change: Callable[[], None]) -> list[KeptRight]:
    """Make a change that gives up a right; returns this right if the system refuses, else nothing."""
    try:
        change()
    except OSError:
        return [what]
    return []


def _could_read(user: Caller, needed: Iterable[Path]) -> bool:
    """Whether a user could read all of these; also True if this process is not allowed to become that user."""
    try:
        os.seteuid(user.uid)
    except OSError:
        return True
    try:
        return all(map(may_read, needed))
    finally:
        os.seteuid(0)


class _System:
    """The system calls for capabilities, which Python has no functions for."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)

    def call(self, option: int, *arguments: int) -> bool:
        """Call prctl(2); returns whether the system allowed it."""
        padded = [*arguments, 0, 0, 0, 0][:4]
        return int(self._libc.prctl(option, *map(ctypes.c_ulong, padded))) >= 0

    def permitted(self) -> set[int]:
        """The capabilities that this process may use."""
        header, sets = ctypes.create_string_buffer(struct.pack("Ii", _VERSION, 0)), ctypes.create_string_buffer(24)
        self._libc.capget(header, sets)
        _, low, _, _, high, _ = struct.unpack(_SETS, sets.raw[:24])
        return {number for number in range(64) if (low | high << 32) >> number & 1}

    def have(self, kept: Iterable[int]) -> None:
        """Keep only these capabilities; programs that this process starts may inherit those of them in `KEPT`.

        Raises:
            OSError: the system does not allow it.
        """
        have, inherit = (sum(1 << number for number in numbers) for numbers in ({*kept}, {*kept} & {*KEPT}))
        sets = (have, have, inherit)
        halves = [value >> shift & 0xFFFFFFFF for shift in (0, 32) for value in sets]
        header = ctypes.create_string_buffer(struct.pack("Ii", _VERSION, 0))
        if self._libc.capset(header, ctypes.create_string_buffer(struct.pack(_SETS, *halves))):
            raise OSError(ctypes.get_errno(), "root's capabilities cannot be given up")

    def limit_children(self, kept: Iterable[int]) -> bool:
        """Let no started program gain other capabilities than these (the bounding set); returns whether it worked."""
        done = True
        for number in range(64):
            if number not in set(kept) and self.call(_PR_CAPBSET_READ, number):
                done = self.call(_PR_CAPBSET_DROP, number) and done
        return done

    def hand_on(self, kept: Iterable[int]) -> None:
        """Let programs that this process starts have these capabilities (the ambient set)."""
        self.call(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
        for number in kept:
            self.call(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, number)
