"""Who made an interface: its address, by the IEEE's registry."""

import importlib
from functools import cache


def maker(mac: str) -> str | None:
    """Who made an interface with this address (`aa:bb:cc:dd:ee:ff`), by the IEEE's registry as scapy has it.

    None: not in the registry. A locally administered address has no maker (IEEE 802-2014, 8.4).
    """
    octets = mac.upper().split(":")
    blocks = [  # of the IEEE's three kinds, the smallest first: 36, 28 and 24 bits belong to the maker
        f"{':'.join(octets[:4])}:{octets[4][0]}0/36",
        f"{':'.join(octets[:3])}:{octets[3][0]}0/28",
        ":".join(octets[:3]),
    ]
    for block in blocks:
        start = registry().find(f"\n{block:17}\t")
        if start >= 0:
            line = registry()[start + 1 : registry().index("\n", start + 1)]
            return line.split("\t")[-1].strip() or None
    return None


@cache
def registry() -> str:
    """Wireshark's `manuf`: a line for each block of addresses, with a short and the full name; 0.1 s to unpack."""
    return f"\n{importlib.import_module('scapy.libs.manuf').DATA}\n"
