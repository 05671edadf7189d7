"""What the kernel counts."""

import struct

from netpreflight.systems.macos import native

_UDP_STATISTICS = (4, 2, 17, 2)  # CTL_NET, PF_INET, IPPROTO_UDP, UDPCTL_STATS: net.inet.udp.stats
_NO_PORT = struct.Struct("<16xII")
"""udps_noport, and those of them that were broadcast, in struct udpstat (netinet/udp_var.h)."""


def closed_ports() -> int | None:
    """How many datagrams for closed ports the kernel has counted, without broadcast ones."""
    told = native.sysctl(*_UDP_STATISTICS)
    if told is None or len(told) < _NO_PORT.size:
        return None
    all_of_them: int
    to_all: int
    all_of_them, to_all = _NO_PORT.unpack_from(told)
    return max(all_of_them - to_all, 0)
