"""The maker of a network interface, looked up by its MAC address in the IEEE's registry."""

import importlib
from functools import cache


def maker(mac: str) -> str | None:
    """The maker of an interface with this MAC address (`aa:bb:cc:dd:ee:ff`), by scapy's copy of the IEEE's registry.

    None: the address is not in the registry. A locally administered address has no maker (IEEE 802-2014, 8.4).
    """
    octets = mac.upper().split(":")
    blocks = [  # the IEEE's three block sizes, the smallest block first: the maker has a prefix of 36, 28 or 24 bits
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
    """Wireshark's `manuf` text: a line for each address block, with a short and a full name; takes 0.1 s to unpack."""
    return f"\n{importlib.import_module('scapy.libs.manuf').DATA}\n"
