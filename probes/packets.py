"""scapy, imported late (it takes a quarter of a second) and without the files it would leave in the home folder."""

import importlib
import os
from functools import cache
from types import ModuleType

_FOLDERS = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
_NOWHERE = f"{os.devnull}/none"


def layers(name: str) -> ModuleType:
    """The module `scapy.layers.<name>`."""
    before = {variable: os.environ.get(variable) for variable in _FOLDERS}
    os.environ.update(dict.fromkeys(_FOLDERS, _NOWHERE))
    try:
        return importlib.import_module(f"scapy.layers.{name}")
    finally:
        for variable, value in before.items():
            if value is None:
                del os.environ[variable]
            else:
                os.environ[variable] = value


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
        start = _registry().find(f"\n{block:17}\t")
        if start >= 0:
            line = _registry()[start + 1 : _registry().index("\n", start + 1)]
            return line.split("\t")[-1].strip() or None
    return None


@cache
def _registry() -> str:
    """Wireshark's `manuf`: a line for each block of addresses, with a short and the full name; 0.1 s to unpack."""
    return f"\n{importlib.import_module('scapy.libs.manuf').DATA}\n"
