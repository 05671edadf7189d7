"""Parses URLs from the network, a saved run or a file: these functions return a result for any text, and never raise.

`urllib.parse` raises ValueError for texts such as `http://[x` or a port of letters. Anybody on the network can send
such a text, so ruff allows `urllib.parse` in this file only.
"""

import re
from typing import NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

_AUTHORITY = re.compile(r"[^:/?#]*:?//([^/?#\s]*)")
"""Scheme and authority as in RFC 3986 appendix B; it matches every text that has an authority."""


class Url(NamedTuple):
    """The parts of a URL.

    Attributes:
        valid: False: the text is not a URL; then `host` and `authority` hold the text in the authority's place, and all
            other parts are empty.
        host: the host without port, user and brackets, in lower case; empty: there is no host.
        authority: the host as written, with port and user if there are any.
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
        """The request target of a GET: path and query."""
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
    """A reference (such as the target of a redirect) made absolute with `base`; unchanged if it is not a URL."""
    try:
        return urljoin(base, reference)
    except ValueError:
        return reference
