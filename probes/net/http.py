"""One GET request by HTTP/1.1, without redirects, cookies or a proxy; the size of the answer is limited."""

import ssl
from typing import NamedTuple

import h11
import msgspec

from netpreflight.probes.net.payload_shapes import Shape
from netpreflight.probes.net.sockets import Network

_READ = 4096
_LARGEST_HEAD = 16384
_USER_AGENT = "netpreflight"

NotHttpError = h11.ProtocolError
"""The answer is not HTTP."""


class Page(NamedTuple):
    """The page to ask for, and the server to ask."""

    host: str
    address: str
    port: int
    path: str
    accept: str = "*/*"


class Answer(msgspec.Struct):
    """The part of an HTTP response that is kept."""

    status: int
    location: str | None
    body: bytes


async def get(
    network: Network,
    purpose: str,
    page: Page,
    shape: Shape,
    *,
    connect_s: float,
    most: int,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Ask for a page, and keep at most `most` bytes of its body. The caller limits the time.

    Raises:
        OSError, TimeoutError: no connection, or no answer; or `refuse_own` rejects the address.
        NotHttpError: the answer is not HTTP.
    """
    network.refuse_own(page.address)
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LARGEST_HEAD)
    headers = [("Host", page.host), ("User-Agent", _USER_AGENT), ("Accept", page.accept), ("Connection", "close")]
    head: h11.Response | None = None
    body = b""
    async with network.tcp(purpose, page.host, page.address, page.port, timeout_s=connect_s, tls=tls, shape=shape) as (
        reader,
        writer,
    ):
        writer.write(connection.send(h11.Request(method="GET", target=page.path, headers=headers)) or b"")
        while len(body) < most:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(_READ))
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)) or event is h11.PAUSED:
                break
    if head is None:
        raise ConnectionResetError("closed without an answer")
    location = next((value for name, value in head.headers if name == b"location"), None)
    return Answer(
        status=head.status_code,
        location=None if location is None else location.decode(errors="backslashreplace"),
        body=body[:most],
    )


def how_it_failed(problem: Exception) -> str:
    """Return in words why there is no answer."""
    if isinstance(problem, TimeoutError):
        return "no answer"
    if isinstance(problem, ssl.SSLError):
        return f"the TLS handshake failed ({(problem.reason or 'no reason given').replace('_', ' ').lower()})"
    if isinstance(problem, OSError):
        return problem.strerror or str(problem)
    return "not HTTP"
