"""Replaces what can be recognised by its form anywhere in a text: URLs, home folders, bytes, addresses."""

import re

from netpreflight.probes.observations import UNRESTRICTED
from netpreflight.probes.urls import parts
from netpreflight.reports.sharing.addresses import LONGEST, Addresses, is_same_everywhere
from netpreflight.reports.sharing.kept import Kept
from netpreflight.reports.sharing.tokens import HIDDEN, Tokens

_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s<>\"'()]+", re.IGNORECASE)
_HOME = re.compile(r"(?:/home/|/Users/|\\Users\\)[^/\\\s:'\"]+")
_QUOTED_BYTES = re.compile(r"(?:bytearray\(|(?<=: )|^)b(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\)?", re.DOTALL)
"""Bytes in Python's notation, as in error messages of libraries."""
_QUOTED = re.compile(r"""(?<!\w)(?:'([^']+)'|"([^"]+)")""")
_WIDELY_QUOTED = re.compile(r"""(?<!\w)['"](.+)['"]""", re.DOTALL)
"""What is between the first quote and the last, for a text in which some quotes are escaped."""
_NAME_BYTES = re.compile(r"\b\d+ bytes: ([0-9a-f]{2}(?: [0-9a-f]{2})*)")
"""A network's name byte by byte (`agent/judging/wifi/ssid.py`)."""
_SEVERAL_NAMES = re.compile(
    r"(?<=gave several names on this band )\(.*?\)(?=: each is listed)"
    r"|(?<=It gave several names )\(.*?\)(?=: the latest of its beacons is taken)",
    re.DOTALL,
)
"""A list of network names in a sentence of `probes/wifi/capture.py`: in its wording today, and in that of rules 4 and
before."""
_SCHEMES = {"", "http", "https", "coap", "coaps"}
"""URL schemes that reveal nothing; if public, a URL with another scheme is hidden, because a company can have its own
scheme."""
_HOST_AND_PORT = re.compile(r"[^\s/:?#@]+(?::\d+)?")


def quoted_in(text: str) -> list[str]:
    """The texts in quotes in an error message of a library, which can quote anything that it was given."""
    text = text[:LONGEST]
    if "\\'" in text or '\\"' in text:
        return [found[1]] if (found := _WIDELY_QUOTED.search(text)) else []
    return [found[1] or found[2] for found in _QUOTED.finditer(text)]


class Shapes:
    """Replaces URLs, home folders, bytes and addresses in texts, and the values of fields that are a URL or a host."""

    def __init__(self, tokens: Tokens, kept: Kept, addresses: Addresses) -> None:
        self._tokens = tokens
        self._kept = kept
        self._addresses = addresses

    def text(self, text: str) -> str:
        """The text with everything replaced that is recognised in it."""
        if len(text) > LONGEST:
            return HIDDEN
        text = _URL.sub(self._url_in_text, text)
        text = _HOME.sub("~", text)
        text = _QUOTED_BYTES.sub(HIDDEN, text)
        text = _SEVERAL_NAMES.sub(HIDDEN, text)
        text = _NAME_BYTES.sub(self._bytes_of_name, text)
        return self.numbers(self._addresses.without_macs(text))

    def numbers(self, text: str) -> str:
        """The text with only device ids and IP addresses replaced, for texts that can contain nothing else to hide."""
        return self._addresses.without_ips(self._addresses.without_ids(text))

    def host(self, name: str) -> str:
        """The name or address of a host, or its token."""
        shaped = self.numbers(name)
        if not self._kept.public or not name or shaped != name or name in self._tokens or is_same_everywhere(name):
            return shaped
        plain = name.lower().rstrip(".")
        return name if plain in self._kept.asked else self._tokens.of("host", plain)

    def url(self, url: str) -> str:
        """A URL (which may be relative), or a host with an optional port, with the parts replaced that are hidden."""
        if url in self._kept.urls or url.strip() == UNRESTRICTED or url in self._tokens:
            return url
        if not url or _HOST_AND_PORT.fullmatch(url):
            host, colon, port = url.partition(":")
            return f"{self.host(host)}{colon}{port}"
        split = parts(url)
        if not split.valid:
            return f"//{HIDDEN}"
        if self._kept.public and split.scheme not in _SCHEMES:
            return HIDDEN
        path = self._path(split.path)
        if not split.authority:
            return HIDDEN if self._kept.public else path + ("?…" if split.query or split.fragment else "")
        scheme = f"{split.scheme}:" if split.scheme else ""
        port = f":{split.port}" if split.port is not None else ""
        more = "?…" if (split.query or split.fragment) and not self._kept.public else ""
        return f"{scheme}//{self.host(split.host)}{port}{path}{more}"

    def _path(self, path: str) -> str:
        """The path of a URL; if public, or if it has escapes, only that there is one."""
        if path in {"", "/", "/…"}:
            return path
        return "/…" if self._kept.public or "%" in path else self.text(path)

    def _url_in_text(self, match: re.Match[str]) -> str:
        """What is shown of a URL in a sentence, without the punctuation after it."""
        bare = match[0].rstrip(".,;:!?]")
        return self.url(bare) + match[0][len(bare) :]

    def _bytes_of_name(self, match: re.Match[str]) -> str:
        """The bytes of a network's name if the name is not hidden, else HIDDEN."""
        return match[0] if self._kept.has_name_of(match[1].replace(" ", "")) else f"its bytes: {HIDDEN}"
