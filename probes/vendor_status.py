"""What does the vendor's status page say, if the device's cloud does not answer?

One HTTPS GET of the page's JSON summary, in the format of Atlassian Statuspage (`/api/v2/summary.json`). Three things
are kept of the answer: the state of the vendor's services, the time of that state, and the incidents that are not
resolved yet. An answer counts only if this laptop trusts the certificate of the page's host. Nothing about this site is
sent.
"""

import asyncio
import datetime as dt
import ssl

import msgspec

from netpreflight.probes.net.http import NotHttpError, Page, get, how_it_failed
from netpreflight.probes.net.payload_shapes import STATUS_GET
from netpreflight.probes.net.sockets import AddressOf, Network
from netpreflight.probes.observations import VendorStatus
from netpreflight.probes.urls import parts

LONGEST_S = 3.0
"""How long the lookup of the page's name, the connection and the answer may take together, in seconds."""
LARGEST = 64 << 10
"""The size in bytes of the largest answer that is read."""
MOST_INCIDENTS = 5
LONGEST_TEXT = 200
"""How many characters of each text are kept."""
_PORT = 443


class _Page(msgspec.Struct):
    """The page, and when it was last updated."""

    updated_at: str | None = None


class _Status(msgspec.Struct):
    """The overall state of the vendor's services."""

    indicator: str
    description: str


class _Incident(msgspec.Struct):
    """An incident that is not resolved yet."""

    name: str


class _Summary(msgspec.Struct):
    """The part of a Statuspage's summary that is read."""

    status: _Status
    page: _Page = msgspec.field(default_factory=_Page)
    incidents: list[_Incident] = msgspec.field(default_factory=list)


async def vendor_status(network: Network, url: str, address_of: AddressOf) -> VendorStatus:
    """Fetch the status page at an HTTPS URL once.

    Raises:
        OSError: the interface cannot be used.
    """
    where = parts(url)
    host = where.authority
    address: str | None = None
    try:
        async with asyncio.timeout(LONGEST_S):
            address = await address_of(host)
            if address is None:
                return VendorStatus(host=host, error="its name does not resolve")
            page = Page(host, address, _PORT, where.path, "application/json")
            context = ssl.create_default_context()
            answer = await get(
                network, "vendor status", page, STATUS_GET, connect_s=LONGEST_S, most=LARGEST + 1, tls=context
            )
    except ssl.SSLCertVerificationError as problem:
        error = f"its certificate is not trusted: {problem.verify_message}"
        return VendorStatus(host=host, address=address, error=error)
    except (OSError, TimeoutError, NotHttpError) as problem:
        return VendorStatus(host=host, address=address, error=how_it_failed(problem))
    return msgspec.structs.replace(read_summary(answer.status, answer.body), host=host, address=address)


def read_summary(status: int, body: bytes) -> VendorStatus:
    """Read a page's answer, which is untrusted input; keep only what a report shows."""
    if status != 200:
        return VendorStatus(error=f"it answers with HTTP status {status}")
    if len(body) > LARGEST:
        return VendorStatus(error=f"its answer has more than {LARGEST >> 10} KiB")
    try:
        summary = msgspec.json.decode(body, type=_Summary)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return VendorStatus(error="its answer is no summary of a Statuspage")
    return VendorStatus(
        indicator=summary.status.indicator[:LONGEST_TEXT],
        description=summary.status.description[:LONGEST_TEXT],
        updated=_utc(summary.page.updated_at),
        incidents=[incident.name[:LONGEST_TEXT] for incident in summary.incidents[:MOST_INCIDENTS]],
    )


def _utc(text: str | None) -> str | None:
    """Convert an ISO 8601 time with a time zone to UTC, to the second; None: the text is not such a time."""
    try:
        time = dt.datetime.fromisoformat(text or "")
        if time.tzinfo is None:
            return None
        return time.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):
        return None
