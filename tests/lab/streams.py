"""What the TCP fakes say: the vendors' portal-check pages, captive portals, and Particle's TCP 5683."""

import asyncio
import json
import random
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.lab.datagrams import ESCAPE, FLOOD_S
from tests.lab.fakes import Handler, Received, TcpFake

CloudMode = Literal[
    "nonce", "same-nonce", "dull-nonce", "silent", "reset", "short", "banner", "drip", "flood", "closed"
]
HttpMode = Literal["right", "escapes", "endless", "drip", "silent", "closed"]
Tcp53Mode = Literal["accept", "closed"]
CaptiveMode = Literal["captive", "authorised", "open", "garbage"]


def cloud_handler(mode: CloudMode) -> Handler:
    """Particle's TCP 5683: the server speaks first, 40 bytes; or what stands in its place.

    "same-nonce" plays the same 40 bytes back each time, and "dull-nonce" has 10 different ones at most.
    """

    async def handle(fake: TcpFake, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match mode:
            case "nonce":
                writer.write(random.randbytes(40))
            case "same-nonce":
                writer.write(bytes(range(100, 140)))
            case "dull-nonce":
                writer.write(random.randbytes(10) * 4)
            case "short":
                writer.write(bytes(39))
            case "banner":
                writer.write(b"SSH-2.0-OpenSSH_9.2p1\x1b[31m\r\n")
            case "reset":
                reset(writer)
                return
            case "drip":
                for byte in random.randbytes(40):
                    writer.write(bytes([byte]))
                    await asyncio.sleep(0.05)
            case "flood":
                await pour(writer, b"\x00" * 65536)
            case _:
                pass
        await writer.drain()
        if mode == "short":
            writer.write_eof()
        fake.received[-1] = Received(time.monotonic(), fake.received[-1].peer, await reader.read(4096))

    return handle


async def accept(fake: TcpFake, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """TCP 53 of a resolver that is not asked anything: note what the client sends, and answer nothing."""
    slot = len(fake.received) - 1
    fake.received[slot] = Received(fake.received[slot].at, fake.received[slot].peer, await reader.read(4096))


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection by a TCP reset."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def pour(writer: asyncio.StreamWriter, chunk: bytes) -> None:
    """Write without end (that is: 64 MiB or FLOOD_S seconds, whichever is first)."""
    end = asyncio.get_running_loop().time() + FLOOD_S
    for _ in range(64 * 2**20 // len(chunk)):
        writer.write(chunk)
        await asyncio.wait_for(writer.drain(), FLOOD_S)
        if asyncio.get_running_loop().time() > end:
            return


@dataclass(frozen=True)
class Page:
    """One HTTP answer."""

    status: str = "200 OK"
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


Pages = Callable[[str, str], Page]  # (host, path) -> page
APPLE = b"<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>\n"
VENDOR_PAGES: dict[tuple[str, str], Page] = {
    ("connectivitycheck.gstatic.com", "/generate_204"): Page("204 No Content"),
    ("captive.apple.com", "/hotspot-detect.html"): Page(body=APPLE),
    ("captive.apple.com", "/"): Page(body=APPLE),
    ("www.msftconnecttest.com", "/connecttest.txt"): Page(body=b"Microsoft Connect Test"),
    ("detectportal.firefox.com", "/success.txt"): Page(body=b"success\n"),
    ("nmcheck.gnome.org", "/check_network_status.txt"): Page(body=b"NetworkManager is online\n"),
}


def vendor_pages(host: str, path: str) -> Page:
    """Give the right answers of the vendors' portal checks; every other host (the CoAP servers') has a home page."""
    if any(host == known for known, _ in VENDOR_PAGES):
        return VENDOR_PAGES.get((host, path.partition("?")[0]), Page("404 Not Found"))
    return Page(body=b"It works\n")


def portal_pages(login: str) -> Pages:
    """Give what a captive portal answers to everything: a redirect to its login page."""
    own_path = "/" + login.partition("://")[2].partition("/")[2]

    def page(host: str, path: str) -> Page:
        if path.partition("?")[0] == own_path:
            return Page(body=b"<html><title>Hotel guests</title><form>Room number</form></html>")
        return Page("302 Found", headers=(("Location", login),))

    return page


def status_summary(indicator: str, description: str, *incidents: str) -> Page:
    """Give what a Statuspage's summary says, with a part of what more it has."""
    summary = {
        "page": {"id": "qqvtkr5yk1zb", "name": "Particle", "time_zone": "Etc/UTC", "updated_at": STATUS_AT},
        "components": [{"name": "Device Service", "status": "operational", "position": 1}],
        "incidents": [{"name": name, "status": "investigating", "impact": indicator} for name in incidents],
        "scheduled_maintenances": [],
        "status": {"indicator": indicator, "description": description},
    }
    return Page(body=json.dumps(summary).encode(), headers=(("Content-Type", "application/json; charset=utf-8"),))


STATUS_AT = "2026-03-04T05:06:07.890-08:00"
OPERATIONAL = status_summary("none", "All Systems Operational")
OUTAGE = status_summary("major", "Partial System Outage", "Devices cannot connect")


def captive_api_pages(mode: CaptiveMode, portal: str) -> Pages:
    """Give RFC 8908's answer: captive, let through for a while (this MAC is known), or open for everybody."""
    body = {
        "captive": f'{{"captive": true, "user-portal-url": "{portal}"}}',
        "authorised": f'{{"captive": false, "user-portal-url": "{portal}", "seconds-remaining": 3600, '
        '"can-extend-session": true}',
        "open": f'{{"captive": false, "user-portal-url": "{portal}"}}',
        "garbage": "[" * 100_000,
    }[mode]
    headers = (("Content-Type", "application/captive+json"), ("Cache-Control", "private"))
    return lambda _host, _path: Page(body=body.encode(), headers=headers)


def http_handler(pages: Pages, mode: HttpMode = "right") -> Handler:
    """HTTP/1.1, one request per connection; logs "host path -> status"."""

    async def handle(fake: TcpFake, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        slot = len(fake.received) - 1
        head = await reader.readuntil(b"\r\n\r\n")
        fake.received[slot] = Received(fake.received[slot].at, fake.received[slot].peer, head)
        lines = head.decode("latin-1").split("\r\n")
        path = lines[0].split(" ")[1]
        fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        page = pages(fields.get("host", "").partition(":")[0], path)
        fake.log.append(f"{fields.get('host', '')} {path} -> {page.status}")
        if mode == "silent":
            await reader.read()
            return
        body, headers = page.body, [*page.headers, ("Connection", "close")]
        if mode == "escapes":
            page = Page("302 \x1b[31mFound")
            headers = [("Location", "http://" + ESCAPE.decode() + "/"), ("Server", ESCAPE.decode())]
            body = ESCAPE
        if mode in {"right", "escapes"} and not page.status.startswith("204"):
            headers.append(("Content-Length", str(len(body))))
        head_text = f"HTTP/1.1 {page.status}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers)
        writer.write(head_text.encode("latin-1"))
        match mode:
            case "endless":
                writer.write(b"\r\n")
                await pour(writer, b"A" * 65536)
            case "drip":
                for _ in range(int(FLOOD_S / 0.2)):
                    writer.write(b"X-Drip: 1\r\n")
                    await writer.drain()
                    await asyncio.sleep(0.2)
            case _:
                writer.write(b"\r\n" + body)
        await writer.drain()

    return handle
