"""URLs that the network, a saved run or a file gives: whatever the text, these functions return something.

`urllib.parse` raises ValueError for texts such as `http://[x` or a port of letters. Anybody on the network can send
such a text, so ruff allows it in this file only.
"""

import re
from typing import NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

_AUTHORITY = re.compile(r"[^:/?#]*:?//([^/?#\s]*)")
"""Scheme and authority by RFC 3986 appendix B, which fits every text that has any."""


class Url(NamedTuple):
    """The parts of a URL.

    Attributes:
        valid: False: the text is not a URL; then `host` is whatever stands in a host's place, and the rest is empty.
        host: without port, user and brackets, in lower case; empty: there is none.
        authority: the host as it is written, with its port and what else stands there.
    """

    valid: bool
    scheme: str = ""
    host: str = ""
    port: int | None = None
    authority: str = ""
    path: str = ""
    query: str = ""
    fragment: str = ""

    @property
    def target(self) -> str:
        """What a GET request asks for: path and query."""
        return (self.path or "/") + (f"?{self.query}" if self.query else "")


def parts(text: str) -> Url:
    """The parts of a URL, which may be relative."""
    try:
        split: SplitResult = urlsplit(text)
        host, port = (split.hostname or "").lower(), split.port
    except ValueError:
        authority = _AUTHORITY.match(text)
        written = authority[1] if authority else ""
        return Url(valid=False, host=written.lower(), authority=written)
    return Url(
        valid=True,
        scheme=split.scheme,
        host=host,
        port=port,
        authority=split.netloc,
        path=split.path,
        query=split.query,
        fragment=split.fragment,
    )


def joined(base: str, reference: str) -> str:
    """A reference made absolute, such as that of a redirect; as it stands where it is not a URL."""
    try:
        return urljoin(base, reference)
    except ValueError:
        return reference
