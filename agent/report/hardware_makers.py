"""The maker of a network interface, looked up by its MAC address in the IEEE's registry."""

import importlib
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import module_from_spec


def maker(mac: str) -> str | None:
    """The maker of an interface with this MAC address (`aa:bb:cc:dd:ee:ff`), by scapy's copy of the IEEE's registry.

    None: the address is not in the registry, or there is no registry here.
    A locally administered address has no maker (IEEE 802-2014, 8.4).
    """
    octets = mac.upper().split(":")
    blocks = [  # the IEEE's three block sizes, the smallest block first: the maker has a prefix of 36, 28 or 24 bits
        f"{':'.join(octets[:4])}:{octets[4][0]}0/36",
        f"{':'.join(octets[:3])}:{octets[3][0]}0/28",
        ":".join(octets[:3]),
    ]
    for block in blocks:
        start = registry().find(f"\n{block:17}\t".encode())
        if start >= 0:
            line = registry()[start + 1 : registry().index(b"\n", start + 1)].decode()
            return line.split("\t")[-1].strip() or None
    return None


@cache
def registry() -> bytes:
    """Wireshark's `manuf` text: a line for each address block, with a short and a full name; takes 0.1 s to unpack.

    Only the bytes are kept: the module with the text takes 7 MB. The module is executed here, and not imported, because
    an empty module is in its place while another thread imports scapy's layers (`packets.layers`).
    """
    name = "scapy.libs.manuf"
    try:
        spec = PathFinder.find_spec(name, importlib.import_module("scapy.libs").__path__)
    except ModuleNotFoundError:  # the executable has no scapy (docs/decisions/0006)
        return b"\n"
    assert spec is not None, "it is a part of scapy"
    assert spec.loader is not None, "it is a file"
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return b"\n%b\n" % module.DATA.encode()
