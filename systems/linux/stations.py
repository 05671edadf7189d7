"""A radio in another network namespace, and a station of a run's own on it (nl80211).

The station's interface belongs to the socket that made it (NL80211_ATTR_SOCKET_OWNER): it vanishes with the process,
whatever ends it. A radio whose namespace ends returns to the initial one (net/wireless/core.c, cfg80211_pernet_exit).
"""

import contextlib
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pyroute2.iproute.linux import IPRoute
from pyroute2.iwutil import IW
from pyroute2.netlink import NLM_F_ACK, NLM_F_REQUEST
from pyroute2.netlink.exceptions import NetlinkError
from pyroute2.netlink.nl80211 import NL80211_NAMES, nl80211cmd

STATION = "npstation0"
_STATION_MODE = 2  # NL80211_IFTYPE_STATION


def lend(adapter: str, pid: int) -> None:
    """Put the radio of an interface into the network namespace of a process, with all of its interfaces.

    Raises:
        OSError: it is no radio, or the system does not allow it.
    """
    number = _radio_of(adapter)
    with ThreadPoolExecutor(1) as pool:  # pyroute2 has an event loop of its own, and the caller may be in one
        pool.submit(_lend, number, pid).result()


def _radio_of(adapter: str) -> int:
    """The number of an interface's radio.

    Raises:
        OSError: it is no radio.
    """
    try:
        return int(Path("/sys/class/net", adapter, "phy80211/index").read_text(encoding="ascii"))
    except (OSError, ValueError) as problem:
        raise OSError(f"{adapter} is no radio that can be lent") from problem


def _lend(number: int, pid: int) -> None:
    with _as_os_error(), contextlib.closing(IW()) as radios:
        radios.set_wiphy_netns_by_pid(number, pid)


def network_of(adapter: str) -> bytes | None:
    """The name of the network that an interface is on; None: it is on none.

    Raises:
        OSError: the kernel does not tell.
    """
    number = socket.if_nametoindex(adapter)

    def told() -> bytes | None:
        with contextlib.closing(IW()) as radios:
            found = radios.get_interface_by_ifindex(number)
            name = found[0].get_attr("NL80211_ATTR_SSID") if found else None
            return name.encode(errors="surrogateescape") if isinstance(name, str) else name

    with _as_os_error(), ThreadPoolExecutor(1) as pool:
        return pool.submit(told).result()


@contextlib.contextmanager
def station(adapter: str, mac: str) -> Iterator[str]:
    """Make, for the block, a second interface with this MAC address on the radio of an interface; yields its name.

    The first interface is set down, and keeps its own MAC address.

    Raises:
        OSError: the system does not allow it.
    """
    with ThreadPoolExecutor(1) as pool:
        owner = pool.submit(_add, socket.if_nametoindex(adapter), mac).result()
        try:
            pool.submit(_set_up, adapter).result()
            yield STATION
        finally:
            pool.submit(owner.close).result()


def _add(index: int, mac: str) -> IW:
    """Make the station's interface; returns the socket that owns it: closing the socket removes the interface."""
    with _as_os_error():
        owner = IW()
        try:
            message = nl80211cmd()
            message["cmd"] = NL80211_NAMES["NL80211_CMD_NEW_INTERFACE"]
            message["attrs"] = [
                ["NL80211_ATTR_IFINDEX", index],
                ["NL80211_ATTR_IFNAME", STATION],
                ["NL80211_ATTR_IFTYPE", _STATION_MODE],
                ["NL80211_ATTR_MAC", mac],
                ["NL80211_ATTR_SOCKET_OWNER", b""],
            ]
            owner.nlm_request(message, msg_type=owner.prid, msg_flags=NLM_F_REQUEST | NLM_F_ACK)
        except BaseException:
            owner.close()
            raise
    return owner


def _set_up(adapter: str) -> None:
    """Set this interface down, and the station's interface up."""
    with _as_os_error(), IPRoute() as links:
        links.link("set", index=socket.if_nametoindex(adapter), state="down")
        links.link("set", index=socket.if_nametoindex(STATION), state="up")


@contextlib.contextmanager
def _as_os_error() -> Iterator[None]:
    """Turn an error of netlink into one of the system."""
    try:
        yield
    except NetlinkError as problem:
        raise OSError(problem.code, f"the system refused it: {problem}") from problem
