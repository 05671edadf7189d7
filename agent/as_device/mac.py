"""The MAC address of the device that a run plays.

By default it is one that the network has never seen: the maker's prefix, if the profile has one, and further bytes
derived from the network and from a secret of this laptop. So each run on a network has the same address, which an
administrator can register; two laptops have different ones; and the address reveals neither the network nor the laptop.
"""

import hashlib
import hmac
import re
from typing import Literal, NamedTuple

_SIZE = 6
_LOCAL = b"\x02"
"""The first byte if there is no prefix: a locally administered, individual address (IEEE 802-2014, 8.2.2)."""
_WRITTEN = re.compile(
    r"B(?P<pair>[:-]?)B((?P=pair)B){1,4}"  # 94:94:4a:12:34:56, 94-94-4A-12-34-56, 94944a123456
    r"|BB(?P<four>[.:-])B(B((?P=four)BB?)?)?"  # 9494.4a12.3456 (Cisco), 9494-4a12-3456 (Huawei, H3C)
    r"|BBB-B{1,3}".replace("B", "(?:[0-9a-f]{2})"),  # 94944a-123456 (HP)
    re.ASCII | re.IGNORECASE,
)
"""An address, or its first three to five bytes, as devices and switches write it."""


class ChosenMac(NamedTuple):
    """A MAC address in lower case with colons, and where it is from (the same values as `AsDevice.mac_from`)."""

    mac: str
    source: Literal["made", "prefix", "given"]


def parse(text: str) -> bytes:
    """The bytes of an address or a prefix, such as 94:94:4A, in any usual form.

    Raises:
        ValueError: no host can have this address; the message follows "--mac ADDRESS: ".
    """
    if not _WRITTEN.fullmatch(text):
        raise ValueError(
            "give an address such as 94:94:4a:12:34:56 or 9494.4a12.3456, or its first three to five bytes"
        )
    found = bytes.fromhex(re.sub("[:.-]", "", text))
    if found[0] & 1:
        raise ValueError("this is a group address (multicast), which no host can have")
    if len(found) == _SIZE and not any(found):
        raise ValueError("no host can have the address of all zeros")
    return found


def choose(given: str | None, maker: str | None, network: str, secret: bytes) -> ChosenMac:
    """The MAC address of the device.

    Args:
        given: the address or prefix of --mac; None: none.
        maker: the maker's prefix in the profile; None: none.
        network: a text that identifies the network.
        secret: the secret of this laptop.

    Raises:
        ValueError: `given` is not an address that a host can have.
    """
    prefix = parse(given) if given is not None else parse(maker) if maker is not None else _LOCAL
    if len(prefix) == _SIZE:
        return ChosenMac(prefix.hex(":"), "given")
    rest = hmac.digest(secret, network.encode(errors="surrogateescape") + b"\0" + prefix, hashlib.sha256)
    return ChosenMac((prefix + rest)[:_SIZE].hex(":"), "made" if given is None else "prefix")
