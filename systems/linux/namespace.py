"""A network namespace for a process of this program, and an interface in it that has another MAC address.

Namespaces: network_namespaces(7), unshare(2); as ip-netns(8) does it, the namespace gets its own /sys, because a
mounted /sys shows the interfaces of the namespace in which it was mounted. macvlan: rtnetlink(7), <linux/if_link.h>.
"""

import contextlib
import ctypes
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pyroute2.iproute.linux import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from netpreflight.systems.interface import LeaseToUse

_CLONE_NEWNS, _CLONE_NEWNET = 0x00020000, 0x40000000
_MS_REC, _MS_PRIVATE = 16384, 1 << 18
_PR_SET_PDEATHSIG = 1
_RTNH_F_ONLINK = 4
_VOLATILE = {"IFA_CACHEINFO", "RTA_CACHEINFO", "IFLA_STATS", "IFLA_STATS64"}
"""The attributes that change by themselves: ages and counters."""


def enter() -> None:
    """Move this process into a network namespace of its own, without IPv6. It needs root's rights.

    Raises:
        OSError: the system does not allow it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    _must(libc.unshare(_CLONE_NEWNS | _CLONE_NEWNET), "a network namespace of its own")
    _must(libc.mount(b"none", b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None), "a mount namespace of its own")
    _must(libc.mount(b"sysfs", b"/sys", b"sysfs", ctypes.c_ulong(0), None), "a /sys of its own")
    for which in ("all", "default"):
        switch = Path("/proc/sys/net/ipv6/conf", which, "disable_ipv6")
        if switch.exists():
            switch.write_text("1")
    with IPRoute() as routes:
        routes.link("set", index=1, state="up")  # the loopback interface is the first of each namespace


def end_with(parent: int) -> None:
    """Have this process killed as soon as its parent has ended. Change the user before: that undoes it.

    Raises:
        OSError: the parent has ended already, or the system does not allow it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    _must(libc.prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL)), "to end with its parent")
    if os.getppid() != parent:
        raise OSError("the parent has ended")


def add_twin(adapter: str, mac: str, pid: int) -> None:
    """Add an interface beside another one, with a MAC address of its own, in the namespace of a process; it is down.

    The new interface has the same name, and vanishes with the namespace. It and the laptop do not hear each other (mode
    `private`).

    Raises:
        OSError: the system does not allow it.
    """
    with _as_os_error(), IPRoute() as routes:
        routes.link(
            "add",
            ifname=adapter,
            kind="macvlan",
            macvlan_mode="private",
            link=_index(routes, adapter),
            address=mac,
            net_ns_pid=pid,
        )


def bring_up(adapter: str) -> None:
    """Set an interface up.

    Raises:
        OSError: there is none of this name, or the system does not allow it.
    """
    with _as_os_error(), IPRoute() as routes:
        routes.link("set", index=_index(routes, adapter), state="up")


def use_lease(adapter: str, lease: LeaseToUse) -> None:
    """Give an interface the address and the router of a lease.

    Raises:
        OSError: the system does not allow it, or does not accept what the lease says.
    """
    # In a thread, because pyroute2 has an event loop of its own, and the caller may be in one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_use_lease, adapter, lease).result()


def _use_lease(adapter: str, lease: LeaseToUse) -> None:
    with _as_os_error(), IPRoute() as routes:
        index = _index(routes, adapter)
        routes.addr("add", index=index, address=lease.address, prefixlen=lease.prefix)
        if lease.router is not None:
            routes.route("add", dst="default", gateway=lease.router, oif=index, flags=_RTNH_F_ONLINK)


def state_of(adapter: str) -> list[str]:
    """Describe an interface, and all addresses, routes and rules, one a line: equal lines mean that nothing changed.

    Raises:
        OSError: there is no such interface.
    """
    with _as_os_error(), IPRoute() as routes:
        link = next(iter(routes.get_links(_index(routes, adapter))))
        mac, promiscuity = link.get("address"), link.get("promiscuity")
        found = [f"interface {adapter}: {mac}, flags {link['flags']:#x}, promiscuity {promiscuity}"]
        for kind, messages in (
            ("address", routes.get_addr()),
            ("route", routes.get_routes()),
            ("rule", routes.get_rules()),
        ):
            found += sorted(f"{kind} {sorted(_lasting(message))}" for message in messages)
    return found


def _lasting(message: Any) -> Iterator[str]:
    """The attributes of a netlink message that do not change by themselves."""
    for name, value in message["attrs"]:
        if name not in _VOLATILE:
            yield f"{name}={value}"


def _index(routes: IPRoute, adapter: str) -> int:
    """The index of an interface.

    Raises:
        OSError: there is none of this name.
    """
    found = list(routes.link_lookup(ifname=adapter))
    if not found:
        raise OSError(f"there is no interface {adapter}")
    return int(found[0])


def _must(result: int, what: str) -> None:
    """Raise the system's error for a call that has failed."""
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what} was refused: {os.strerror(number)}")


@contextlib.contextmanager
def _as_os_error() -> Iterator[None]:
    """Turn an error of netlink into one of the system."""
    try:
        yield
    except NetlinkError as problem:
        raise OSError(problem.code, os.strerror(problem.code)) from problem
