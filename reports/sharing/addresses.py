"""Replaces IP addresses, MAC addresses and device ids in a text by tokens of their kind."""

import ipaddress
import re

from netpreflight.reports.sharing.tokens import HIDDEN, Tokens

LONGEST = 4_000
"""The most characters of a text that is searched; no sentence of this tool is as long, but a forged one may be."""
_SAME_EVERYWHERE = {"8.8.8.8", "54.208.229.4", "100.64.0.0"}
"""Addresses that this tool or its profiles use on every network, so that they reveal nothing."""
_CLASSES = {
    "private": [ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")],
    "cgnat": [ipaddress.IPv4Network("100.64.0.0/10")],
    "link-local": [ipaddress.IPv4Network("169.254.0.0/16")],
}
"""How the tokens of addresses in these networks begin; the token of any other address begins with `public`."""
_NO_STATION = {"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"}
_NO_DEVICE = "e00fce680000000000000000"
"""A device id that belongs to no device, which this tool uses to ask for a device's cloud."""
_IPV4 = re.compile(r"(?<!\d)(?<!\d\.)\d{1,3}(?:\.\d{1,3}){3}(?!\d)")
_IPV6 = re.compile(r"(?<![\w:])[0-9a-f]{0,4}:[0-9a-f:]*:(?:[0-9a-f:.]*[0-9a-f])?(?!\w)", re.IGNORECASE)
_MAC = re.compile(r"(?<![0-9a-f])[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}(?![0-9a-f])", re.IGNORECASE)
_HEX = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}|[0-9a-f]{12,})(?![0-9a-f])", re.IGNORECASE)
"""A MAC address without colons, a device id, or other bytes of at least the length of a MAC address."""


def is_same_everywhere(text: str) -> bool:
    """Whether a text is an address that reveals no place: this tool's own, loopback, multicast, or a netmask."""
    address = _parsed(text)
    if address is None:
        return False
    inverted = ~int(address) & 0xFFFFFFFF
    mask = address.packed[0] == 255 and inverted & (inverted + 1) == 0
    return text in _SAME_EVERYWHERE or address.is_unspecified or address.is_loopback or address.is_multicast or mask


def plain_mac(text: str) -> str:
    """A MAC address in lower case with colons; a text without hexadecimal digits is returned as it is."""
    digits = re.sub(r"[^0-9a-f]", "", text.lower())
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2)) or text


class Addresses:
    """Replaces addresses by tokens: MAC addresses that are not in `macs_kept`, and, if `public`, IP addresses."""

    def __init__(self, tokens: Tokens, macs_kept: set[str], *, public: bool) -> None:
        self._tokens = tokens
        self._macs_kept = macs_kept
        self._public = public

    def bssid(self, text: str) -> str:
        """The MAC address of an access point, or its token."""
        return self.mac(text, "bss")

    def mac(self, text: str, kind: str = "mac") -> str:
        """A MAC address, or its token: that of an access point if it has one, else one that begins with `kind`."""
        plain = plain_mac(text)
        if not plain or plain in self._macs_kept or plain in _NO_STATION:
            return text
        return self._tokens.given("bss", plain) or self._tokens.of(kind, plain)

    def address(self, text: str) -> str:
        """The value of a field for an IP address or a BSSID, with both replaced; if public, any other value, too."""
        found = self.without_macs(self.without_ips(text))
        hide_whole = self._public and text and found == text and not is_same_everywhere(text)
        return self._tokens.of("address", text) if hide_whole else found

    def without_macs(self, text: str) -> str:
        """The text with each MAC address replaced by its token, unless it is kept."""
        return _MAC.sub(lambda match: self.mac(match[0]), text)

    def without_ids(self, text: str) -> str:
        """The text with device ids and other long hexadecimal numbers replaced or hidden."""
        return _HEX.sub(self._id, text)

    def without_ips(self, text: str) -> str:
        """The text with the IP addresses replaced that this level hides; a text that is too long is hidden."""
        if len(text) > LONGEST:
            return HIDDEN
        if "." in text and self._public:
            text = _IPV4.sub(self._ipv4, text)
        return _IPV6.sub(self._ipv6, text) if ":" in text else text

    def _id(self, match: re.Match[str]) -> str:
        """What to show for a long hexadecimal number: the token of a MAC address or device id, else HIDDEN."""
        digits = match[0].replace(".", "").lower()
        if len(digits) == 12:
            return self.mac(match[0])
        if len(digits) == len(_NO_DEVICE):
            return match[0] if digits == _NO_DEVICE else self._tokens.of("device", digits)
        return HIDDEN

    def _ipv4(self, match: re.Match[str]) -> str:
        """The token of an IPv4 address; it begins with the class of the address, such as `private`."""
        address = _parsed(match[0])
        if address is None or is_same_everywhere(match[0]):
            return match[0]
        kinds = (kind for kind, networks in _CLASSES.items() if any(address in network for network in networks))
        return self._tokens.of(next(kinds, "public"), str(address))

    def _ipv6(self, match: re.Match[str]) -> str:
        """The token of an IPv6 address. In a ticket, only an address that contains a MAC address is replaced."""
        found = match[0]
        address = _parsed_v6(found)
        if address is None and found.endswith(":"):  # the colon may belong to the sentence
            found = found[:-1]
            address = _parsed_v6(found)
        if address is None or address.is_unspecified or address.is_loopback:
            return match[0]
        # The interface identifier can be made of the laptop's MAC address (RFC 4291, appendix A).
        names_mac = address.packed[11:13] == b"\xff\xfe"
        if not (self._public or names_mac):
            return match[0]
        return self._tokens.of("ipv6", str(address)) + match[0][len(found) :]


def _parsed(text: str) -> ipaddress.IPv4Address | None:
    """The text as an IPv4 address, or None if it is not one."""
    try:
        return ipaddress.IPv4Address(text)
    except ValueError:
        return None


def _parsed_v6(text: str) -> ipaddress.IPv6Address | None:
    """The text as an IPv6 address, or None if it is not one."""
    try:
        return ipaddress.IPv6Address(text)
    except ValueError:
        return None
