"""Does a captive portal stand in the way?

Three kinds of witness: the well-known URLs of three vendors over plain HTTP, each with a known right answer, without
following a redirect; the Captive Portal API (RFC 8908), if DHCP named one (option 114, RFC 8910); and, if the vendors'
answers do not decide, a TLS handshake with a vendor's host. A resolver that points the vendors' names at the gateway
shows in the DNS lookups. Nothing goes through a proxy. Because the network decides where these requests go (by DNS and
option 114), none is sent to an address of this laptop, and an API is asked only over HTTPS (RFC 8908 section 4).
"""

import asyncio
import re
import ssl
from collections.abc import Awaitable

import msgspec
from msgspec.structs import replace

from netpreflight.probes.net.host_addresses import is_ipv4
from netpreflight.probes.net.http import Answer, NotHttpError, Page, get, how_it_failed
from netpreflight.probes.net.payload_shapes import HTTP_GET, TLS_HANDSHAKE
from netpreflight.probes.net.sockets import AddressOf, Network
from netpreflight.probes.net.witnesses import bounded
from netpreflight.probes.observations import UNRESTRICTED, HttpWitness, Portal, PortalApi, TlsWitness
from netpreflight.probes.urls import Url, parts

VENDORS = (
    HttpWitness(url="http://connectivitycheck.gstatic.com/generate_204", expected_status=204, expected_body=""),
    HttpWitness(url="http://captive.apple.com/hotspot-detect.html", expected_status=200, expected_body="Success"),
    HttpWitness(
        url="http://www.msftconnecttest.com/connecttest.txt",
        expected_status=200,
        expected_body="Microsoft Connect Test",
    ),
)
VENDOR_HOSTS = [parts(vendor.url).authority for vendor in VENDORS]
TLS_HOST = "connectivitycheck.gstatic.com"
CONNECT_S = 5.0
EXCHANGE_S = 8.0
KEPT_BODY = 2048
_NO_NAME = re.compile(r":|(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)\.?$", re.IGNORECASE)
"""A host that some programs read as an address: it has colons, or a number as its last label (0x7f.1, 2130706433)."""
_LOCALHOST = re.compile(r"(?:^|\.)localhost\.?$", re.IGNORECASE)
"""Names that always mean the host itself (RFC 6761 section 6.3)."""


async def portal(network: Network, address_of: AddressOf, api_url: Awaitable[str | None]) -> Portal:
    """Ask all witnesses; `api_url` yields the URL of DHCP option 114, or None.

    Raises:
        OSError: the interface cannot be used.
    """
    seen = Portal()
    async with asyncio.TaskGroup() as group:
        http = [group.create_task(_bounded_http(network, vendor, address_of)) for vendor in VENDORS]
        url = await api_url
        api = group.create_task(
            bounded(_api(network, url, address_of), lambda why: PortalApi(url=url or "", error=why))
        )
    seen.http = [task.result() for task in http]
    seen.api = api.result()
    if not all(witness.right for witness in seen.http) and any(witness.address for witness in seen.http):
        address = await address_of(TLS_HOST)
        seen.tls = [await bounded(_tls(network, address), lambda why: TlsWitness(host=TLS_HOST, error=why))]
    return seen


async def _bounded_http(network: Network, vendor: HttpWitness, address_of: AddressOf) -> HttpWitness:
    """Ask a vendor's URL, even if netpreflight itself fails on the answer."""
    return await bounded(ask_vendor(network, vendor, address_of), lambda why: replace(vendor, error=why))


async def ask_vendor(network: Network, vendor: HttpWitness, address_of: AddressOf) -> HttpWitness:
    """Request a vendor's URL, without following a redirect."""
    url = parts(vendor.url)
    address = await address_of(url.host)
    if address is None:
        return replace(vendor, error="its name does not resolve")
    try:
        answer = await _get(network, Page(url.host, address, 80, url.path))
    except (OSError, TimeoutError, NotHttpError) as problem:
        return replace(vendor, address=address, error=how_it_failed(problem))
    return replace(
        vendor,
        address=address,
        status=answer.status,
        location=answer.location,
        body=answer.body.decode(errors="backslashreplace"),
    )


async def _tls(network: Network, address: str | None) -> TlsWitness:
    """Make a TLS handshake with a vendor's host."""
    if address is None:
        return TlsWitness(host=TLS_HOST, error="its name does not resolve")
    try:
        network.refuse_own(address)
        context = ssl.create_default_context()
        async with network.tcp("portal", TLS_HOST, address, 443, timeout_s=CONNECT_S, tls=context, shape=TLS_HANDSHAKE):
            return TlsWitness(host=TLS_HOST, address=address, verified=True)
    except ssl.SSLCertVerificationError as problem:
        return TlsWitness(host=TLS_HOST, address=address, mismatch=problem.verify_message)
    except (OSError, TimeoutError) as problem:
        return TlsWitness(host=TLS_HOST, address=address, error=how_it_failed(problem))


async def _api(network: Network, url: str | None, address_of: AddressOf) -> PortalApi | None:
    """Ask the Captive Portal API; if its certificate does not verify, read its answer with `tls_verified` False."""
    if url is None:
        return None
    if url.strip() == UNRESTRICTED:
        return PortalApi(url=url, captive=False)
    where = parts(url.strip())
    if (reason := _why_not_asked(where)) is not None:
        return PortalApi(url=url, error=reason)
    address = await address_of(where.host)
    if address is None:
        return PortalApi(url=url, error="its name does not resolve")
    for verify in (True, False):
        try:
            page = Page(where.host, address, where.port or 443, where.target, "application/captive+json")
            answer = await _get(network, page, _context(verify=verify))
        except ssl.SSLCertVerificationError:
            continue
        except (OSError, TimeoutError, NotHttpError, UnicodeError) as problem:
            return PortalApi(url=url, error=how_it_failed(problem))
        return read_api(url, answer.status, answer.body, tls_verified=verify)
    return PortalApi(url=url, error="its certificate does not verify")


def _why_not_asked(where: Url) -> str | None:
    """Why the URL of an API is not requested, judged by the URL alone; None: it is requested."""
    if not where.valid:
        return "not a URL"
    if where.scheme == "http":
        return "RFC 8908 wants HTTPS there, so it was not asked"
    host = where.host
    if where.scheme != "https" or not host or not where.target.isprintable():
        return "not an HTTPS URL"
    if _LOCALHOST.search(host):
        return f"{host} is this laptop itself, so nothing was asked there"
    return "its host is neither a name nor an IPv4 address" if _NO_NAME.search(host) and not is_ipv4(host) else None


def read_api(url: str, status: int, body: bytes, *, tls_verified: bool | None) -> PortalApi:
    """Decode the API's answer (RFC 8908 section 5): a JSON object with `captive`, maybe a portal URL, and a session."""
    try:
        content = msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return PortalApi(url=url, status=status, tls_verified=tls_verified, error="its answer is not a JSON object")
    captive, address = content.get("captive"), content.get("user-portal-url")
    return PortalApi(
        url=url,
        status=status,
        captive=captive if isinstance(captive, bool) else None,
        portal_url=address[:KEPT_BODY] if isinstance(address, str) else None,
        session=any(key in content for key in ("seconds-remaining", "bytes-remaining", "can-extend-session")),
        tls_verified=tls_verified,
        error=None if isinstance(captive, bool) else "its answer does not say whether it is captive",
    )


def _context(*, verify: bool) -> ssl.SSLContext:
    """The TLS settings for a portal check: with the system's trust store, or without verification."""
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def _get(network: Network, page: Page, tls: ssl.SSLContext | None = None) -> Answer:
    """Send one GET request; the time for the answer, and its size, are limited. Raises what `get` raises."""
    with network.waiting("tcp", network.clock.monotonic() + EXCHANGE_S, port=page.port):
        async with asyncio.timeout(EXCHANGE_S):
            return await get(network, "portal", page, HTTP_GET, connect_s=CONNECT_S, most=KEPT_BODY, tls=tls)
