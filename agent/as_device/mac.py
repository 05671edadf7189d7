"""The MAC address of the device that a run is.

By default it is one that the network has never seen: the maker's prefix where the profile has one, and a rest that
depends on the network and on a secret of this laptop. So it is the same each time, and an administrator can register
it; two laptops differ; and it tells nothing of either.
"""

import hashlib
import hmac
import re
from typing import Literal, NamedTuple

_SIZE = 6
_LOCAL = b"\x02"
"""The first byte without a prefix: locally administered, one host's (IEEE 802-2014, 8.2.2)."""
_WRITTEN = re.compile(
    r"B(?P<pair>[:-]?)B((?P=pair)B){1,4}"  # 94:94:4a:12:34:56, 94-94-4A-12-34-56, 94944a123456
    r"|BB(?P<four>[.:-])B(B((?P=four)BB?)?)?"  # 9494.4a12.3456 (Cisco), 9494-4a12-3456 (Huawei, H3C)
    r"|BBB-B{1,3}".replace("B", "(?:[0-9a-f]{2})"),  # 94944a-123456 (HP)
    re.ASCII | re.IGNORECASE,
)
"""An address, or its first three to five bytes, as devices and switches write it."""


class ChosenMac(NamedTuple):
    """A MAC address, lower-case with colons, and where it is from, as `AsDevice.mac_from`."""

    mac: str
    source: Literal["made", "prefix", "given"]


def parse(text: str) -> bytes:
    """The bytes of an address or a prefix, such as 94:94:4A, in any usual form.

    Raises:
        ValueError: it is none that a host can have; the message is the end of a sentence about it.
    """
    if not _WRITTEN.fullmatch(text):
        raise ValueError(
            "give an address such as 94:94:4a:12:34:56 or 9494.4a12.3456, or its first three to five bytes"
        )
    found = bytes.fromhex(re.sub("[:.-]", "", text))
    if found[0] & 1:
        raise ValueError("this is the address of a group and not of one host")
    if len(found) == _SIZE and not any(found):
        raise ValueError("this is nobody's address")
    return found


def choose(given: str | None, maker: str | None, network: str, secret: bytes) -> ChosenMac:
    """The address of the device.

    Args:
        given: an address or a prefix (--mac); None: none.
        maker: the prefix that the profile states; None: none.
        network: what the network is known by.
        secret: of this laptop.

    Raises:
        ValueError: as `parse`, for `given`.
    """
    prefix = parse(given) if given is not None else parse(maker) if maker is not None else _LOCAL
    if len(prefix) == _SIZE:
        return ChosenMac(prefix.hex(":"), "given")
    rest = hmac.digest(secret, network.encode(errors="surrogateescape") + b"\0" + prefix, hashlib.sha256)
    return ChosenMac((prefix + rest)[:_SIZE].hex(":"), "made" if given is None else "prefix")
