"""The default routes, and who is in the ARP table."""

from netpreflight.systems.macos import messages

_UP, _GATEWAY, _HOST, _REJECT, _LINK_LAYER, _BLACKHOLE, _SCOPED = 0x1, 0x2, 0x4, 0x8, 0x400, 0x1000, 0x1000000
"""RTF_, net/route.h."""
_NOBODY = "0.0.0.0"  # noqa: S104 - the destination of a default route


def default_routes() -> dict[int, tuple[str, int]]:
    """The gateway of each interface's first IPv4 default route, by the interface's number, and the route's rank.

    macOS has no metrics, so there are two ranks: 0 for the route without a scope, which programs use, and 1 for the
    scoped routes of other interfaces.
    """
    found: dict[int, tuple[str, int]] = {}
    for message in messages.messages(messages.AF_INET, messages.NET_RT_DUMP, 0) or []:
        gateway = messages.address_in(message.addresses.get(messages.RTAX_GATEWAY))
        if gateway is None or ":" in gateway or not _is_default(message):
            continue
        rank = 1 if message.flags & _SCOPED else 0
        if message.index not in found or rank < found[message.index][1]:
            found[message.index] = gateway, rank
    return found


def _is_default(message: messages.Message) -> bool:
    """Whether a route is a default route by a gateway, and in use."""
    wanted, not_wanted = _UP | _GATEWAY, _HOST | _REJECT | _BLACKHOLE
    return (
        message.flags & (wanted | not_wanted) == wanted
        and messages.address_in(message.addresses.get(messages.RTAX_DST)) == _NOBODY
        and messages.prefix_in(message.addresses.get(messages.RTAX_NETMASK, b"")) == 0
    )


def neighbours(index: int) -> dict[str, str] | None:
    """The ARP table of the interface with this number: MAC by address; None: the system does not show it."""
    told = messages.messages(messages.AF_INET, messages.NET_RT_FLAGS, _LINK_LAYER)
    if told is None:
        return None
    found = {}
    for message in told:
        address = messages.address_in(message.addresses.get(messages.RTAX_DST))
        _, mac, is_hidden = messages.link_in(message.addresses.get(messages.RTAX_GATEWAY))
        if message.index != index or address is None:
            continue
        if is_hidden:
            return None
        if mac is not None and not int(mac[:2], 16) & 1:  # a group's MAC is no neighbour's
            found[address] = mac
    return found
