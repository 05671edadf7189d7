"""What is shown of the text of a whole field: one function for each kind of text (`observations.Reveals`)."""

import re
from collections.abc import Callable

from netpreflight.reports.sharing.addresses import Addresses
from netpreflight.reports.sharing.kept import Kept
from netpreflight.reports.sharing.patterns import Shapes
from netpreflight.reports.sharing.sentences import Sentences
from netpreflight.reports.sharing.tokens import HIDDEN, Tokens
from netpreflight.reports.sharing.walk import Show

_USERS = {"", "root", "administrator", "ordinary user"}
"""User names that identify nobody."""
_ORDINARY_INTERFACE = re.compile(
    r"(?:lo|eth|wlan|en|em|wl|ww|utun|tun|tap|wg|ppp|docker|br|virbr|bridge|awdl|llw|bond|veth|ap)\d{0,4}"
    r"|(?:en|wl|ww)(?:p\d+s\d+(?:f\d+)?(?:d\d+)?|o\d+|s\d+)|wlp\d+s\d+|Wi-Fi(?: \d+)?|Ethernet(?: \d+)?"
)
"""Interface names that a system assigns by itself, and that reveal nothing about this laptop."""


class Names:
    """Replaces names that cannot be recognised by their form: those of networks, interfaces and users."""

    def __init__(self, tokens: Tokens, kept: Kept, shapes: Shapes) -> None:
        self._tokens = tokens
        self._kept = kept
        self._shapes = shapes

    @property
    def public(self) -> bool:
        """Whether everything that reveals the place is hidden."""
        return self._kept.public

    def ssid(self, name: str) -> str:
        """A network's name, or its token."""
        return name if not name or name in self._kept.names else self._tokens.of("net", name)

    def ssid_hex(self, octets: str) -> str:
        """The bytes of a network's name, or an empty text if the name is hidden."""
        return octets if self._kept.has_name_of(octets) else ""

    def interface(self, name: str) -> str:
        """An interface's name, or its token."""
        if not name or _ORDINARY_INTERFACE.fullmatch(name):
            return name
        return self._tokens.of("interface", name) if self._kept.public else self._shapes.text(name)

    def user(self, name: str) -> str:
        """A user's name, or its token."""
        return name if name in _USERS else self._tokens.of("user", name)


def by_kind(
    names: Names,
    addresses: Addresses,
    shapes: Shapes,
    sentences: Sentences,
    log_line: Callable[[str], str],
    device_line: Callable[[str], str],
) -> Show:
    """For each kind of text, the function that returns what may be shown of it."""
    return {
        "nothing": str,
        "ssid": names.ssid,
        "ssid-hex": names.ssid_hex,
        "bssid": addresses.bssid,
        "server-mac": addresses.mac,
        "client-mac": addresses.mac,
        "address": addresses.address,
        "host": shapes.host,
        "asked-name": shapes.numbers if names.public else str,
        "url": shapes.url,
        "interface": names.interface,
        "user": names.user,
        "raw": lambda _octets: "",
        "page": lambda page: HIDDEN if page else "",
        "said": sentences.said,
        "words": sentences.text,
        "log-line": log_line,
        "device-line": device_line,
        "label": lambda label: "" if names.public else shapes.text(label),
    }
