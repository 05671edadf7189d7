"""What is fuzzed: every reader of the network, of another program's answers, and of files that somebody else made."""

import asyncio
import contextlib
import io
import ssl
import struct
import tempfile
from collections.abc import Callable
from contextvars import copy_context
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import dns.message
import dns.rrset
import msgspec

from netpreflight.agent import profiles, report
from netpreflight.agent.judging import device_log, judge, judge_one
from netpreflight.agent.judging.signature import is_signed
from netpreflight.agent.profiles.log_lines import KINDS
from netpreflight.agent.report import LEVELS, Run, in_page
from netpreflight.agent.report.saved import Saved
from netpreflight.agent.selection import Selection
from netpreflight.agent.watch.loading import document
from netpreflight.agent.watch.tables import StoreError
from netpreflight.agent.watch.told import told
from netpreflight.probes import cloud, coap, echo, ntp, portal, urls, vendor_status
from netpreflight.probes import dns as dns_probe
from netpreflight.probes.device_log import MOST_RECORDS, LogReader
from netpreflight.probes.net import dtls, raw, unasked
from netpreflight.probes.net.coap import reply_to
from netpreflight.probes.net.ladders import number_in
from netpreflight.probes.net.witnesses import FAULTS
from netpreflight.probes.observations import CloudEndpoint, Observations, Unasked
from netpreflight.probes.wifi import nl80211, wpa_supplicant
from netpreflight.probes.wifi.capture import BARE, RADIOTAP, CaptureFile, FrameCollector
from netpreflight.probes.wifi.elements import ssid_bytes, ssid_text
from netpreflight.probes.wifi.networkmanager import access_point
from netpreflight.reports.device_log import terminal as shown_log
from netpreflight.reports.documents import render_json
from netpreflight.reports.safe_text import shown
from netpreflight.reports.sharing import shared
from netpreflight.reports.sharing.watch import shared_watch
from netpreflight.reports.terminal import render
from netpreflight.reports.watch import FORMATS as WATCH_FORMATS
from netpreflight.systems.linux import lease
from tests.fuzz.harness import Target
from tests.unit import dhcp_replies, mutated, seen
from tests.unit.beacons import usual
from tests.unit.dtls_records import ALERT, HELLO_VERIFY, KEY_EXCHANGE, OPENSSL, RANDOM, SERVER_HELLO, VENDOR, VENDOR_KEY
from tests.unit.fakes import Clock, FakeNetwork
from tests.unit.places import of
from tests.unit.samples import SAMPLES
from tests.unit.streams import StreamNetwork
from tests.unit.watches import nights
from tests.unit.wifi_fakes import FakeControl

Feed = Callable[[bytes, Random], None]
PROFILES = [profiles.load(name) for name in ("generic", "photon", "photon2", "argon")]


def strict(target: Target) -> Target:
    """The same target, where an internal error that a boundary has caught escapes, too."""

    def feed(made: bytes, source: Random) -> None:
        faults: list[Exception] = []
        FAULTS.set(faults)
        target.feed(made, source)
        if faults:
            raise faults[0]

    return target._replace(feed=feed)


def refusing(read: Callable[[bytes], object]) -> Feed:
    """A reader that may refuse its input by a ValueError, and raises nothing else."""

    def feed(made: bytes, _source: Random) -> None:
        with contextlib.suppress(ValueError):
            read(made)

    return feed


def total(read: Callable[[bytes], object]) -> Feed:
    """A reader that raises nothing at all."""

    def feed(made: bytes, _source: Random) -> None:
        read(made)

    return feed


def text_of(made: bytes) -> str:
    return made.decode(errors="backslashreplace")


# --- datagrams

QUERY = dns.message.make_query("pool.ntp.org", "A", use_edns=False)
QUERY.id = 0x1234
SILENT_CLOCK = Clock()
ENDS = raw.Ends("udp", ("192.168.77.10", 40002), ("198.51.100.20", 5684))
TCP_ENDS = raw.Ends("tcp", ("192.168.77.10", 40002), ("198.51.100.20", 5684))


def _dns_answers() -> list[bytes]:
    plain = dns.message.make_response(QUERY)
    alias = dns.message.make_response(QUERY)
    name = QUERY.question[0].name
    plain.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "198.51.100.1", "198.51.100.2"))
    alias.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", "x.example."))
    alias.answer.append(dns.rrset.from_text("x.example.", 60, "IN", "AAAA", "2001:db8::1"))
    alias.answer.append(dns.rrset.from_text("x.example.", 60, "IN", "TXT", '"a text" "another"'))
    alias.additional.append(dns.rrset.from_text("x.example.", 60, "IN", "SVCB", "1 . alpn=h2 port=53"))
    alias.authority.append(dns.rrset.from_text("example.", 60, "IN", "SOA", "a. b. 1 2 3 4 5"))
    return [plain.to_wire(), alias.to_wire(), plain.to_wire()[:12] + b"\xc0\x0c" * 8]


def _read_dns(made: bytes) -> None:
    reply = dns_probe.answer_to(QUERY, made)
    for rrset in reply.answer:
        [str(record) for record in rrset]


def _read_dtls(made: bytes, source: Random) -> None:
    dtls.cookie_of(made)
    with contextlib.suppress(ValueError):
        dtls.record_name(made)
    flight = dtls.Flight()
    cut = source.randrange(len(made) + 1)
    for datagram in (made, made[cut:], made[:cut], *VENDOR):
        with contextlib.suppress(ValueError):
            flight.add(datagram)
    assert isinstance(flight.is_whole, bool)
    assert len(flight.messages) <= dtls.MOST_MESSAGES
    is_signed(VENDOR_KEY, RANDOM.hex(), flight.server_random.hex(), flight.key_exchange.hex())


def _read_ladder(made: bytes, source: Random) -> None:
    with contextlib.suppress(ValueError):
        number_in(source.choice(("coap", "dtls", "ntp", "dns")), made)


def _read_dhcp(made: bytes) -> None:
    if (message := dhcp_replies.decode(made)) is not None:
        msgspec.json.decode(msgspec.json.encode(message), type=type(message))


def _icmp() -> list[bytes]:
    inner = b"\x45\0\0\x24\0\x07\0\0\x01\x11\0\0" + bytes([192, 168, 77, 10, 198, 51, 100, 20])
    datagram = struct.pack("!4H", 40002, 5684, 16, 0) + b"x" * 8
    outer = b"\x45\0\0\x50\0\0\0\0\x40\x01\0\0" + bytes([203, 0, 113, 1, 192, 168, 77, 10])
    return [outer + bytes([kind, code, 0, 0, 0, 0, 5, 0]) + inner + datagram for kind, code in ((11, 0), (3, 4))]


def _segments() -> list[bytes]:
    outer = b"\x45\0\0\x50\0\0\0\0\x40\x06\0\0" + bytes([198, 51, 100, 20, 192, 168, 77, 10])
    options = b"\x02\x04\x05\xb4\x04\x02\x08\x0a\0\0\0\1\0\0\0\2\x01\x03\x03\x07"
    return [outer + struct.pack("!HHIIBBHHH", 5684, 40002, 1, 2, 0xA0, 0x12, 1, 0, 0) + options]


def _read_raw(made: bytes) -> None:
    raw.quote_in(made, ENDS, 0.0)
    raw.segment_in(made, TCP_ENDS, 0.0)
    unasked._port_in(made)  # noqa: SLF001 - its only caller reads a packet socket


# --- whole probes, one of whose servers is hostile


@cache
def _context() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@cache
def _runner() -> asyncio.Runner:
    return asyncio.Runner()


def _judged(check_id: str, observations: Observations, source: Random) -> str:
    made = msgspec.json.decode(msgspec.json.encode(observations), type=Observations)
    check = judge_one(check_id, made, source.choice(PROFILES), Selection())
    assert check.problem != "internal-error", check.reason
    for line in (check.summary, check.reason or "", *check.evidence):
        shown(line)
    return check.status


class Quiet(FakeNetwork):
    """A network on which nobody sweeps: a packet socket, which counts that, takes milliseconds to close."""

    def watch_unasked(self, port: int, *, errors_only: bool = False) -> None:
        """Watch nothing."""

    def unasked(self, address: str, port: int) -> Unasked:
        """Nothing came."""
        return Unasked(closed=0, ports=0)


class QuietStreams(Quiet, StreamNetwork):
    """The same with TCP servers."""


RIGHT = {
    "connectivitycheck.gstatic.com": b"HTTP/1.1 204 No Content\r\n\r\n",
    "captive.apple.com": b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nSuccess",
    "www.msftconnecttest.com": b"HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\nMicrosoft Connect Test",
}
API = "https://portal.example/api"
PAGES = [
    *RIGHT.values(),
    b"HTTP/1.1 302 Found\r\nLocation: http://[fe80::1]:80/login?a=%2e#b\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: https://user@portal.example:8443/login\r\nConnection: close\r\n\r\n<html>",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 511 Network Authentication Required\r\n\r\n",
    b'HTTP/1.1 200 OK\r\nContent-Type: application/captive+json\r\n\r\n{"captive": true, "user-portal-url": "https://p/"}',
]


def _see_portal(made: bytes, source: Random) -> None:
    """One hostile web server among honest ones: these are read all the same."""
    hostile = source.choice([*RIGHT, "portal.example"])
    url = API if hostile == "portal.example" else None

    async def address_of(_: str) -> str:
        return "198.51.100.31"

    async def measure() -> Any:
        api: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        api.set_result(url)
        return await portal.portal(StreamNetwork(says), address_of, api)

    def says(host: str, port: int) -> bytes | OSError:
        if host == hostile:
            return made if port != 443 or host == "portal.example" else ConnectionRefusedError()
        return RIGHT[host]

    with mock.patch.object(ssl, "create_default_context", _context):  # it reads all of the system's authorities
        found = _runner().run(measure(), context=copy_context())
    assert all(witness.right for witness in found.http if hostile not in witness.url), "it cost another witness"
    status = _judged("portal", seen.healthy(portal=found), source)
    if hostile != "portal.example" and source.randrange(20) == 0:
        shared(of(seen.healthy(portal=found)), "public")
        assert status in {"pass", "fail", "unknown"}


def _see_cloud(made: bytes, source: Random) -> None:
    """A hostile cloud beside an honest one, and a hostile CoAP server with a hostile web server."""
    first = source.choice((HELLO_VERIFY, SERVER_HELLO, made))

    async def address_of(_: str) -> str:
        return seen.ARGON_ADDRESS

    async def measure() -> Any:
        network = Quiet(Clock(), lambda sent, _: [(0.01, first if sent == 1 else made)])
        wanted = [CloudEndpoint(transport="dtls", host=seen.ARGON_NAME, port=5684)]
        return await cloud.cloud(network, wanted, address_of)

    _judged("cloud.transport", seen.healthy(cloud=_runner().run(measure(), context=copy_context())), source)


def _see_coap(made: bytes, source: Random) -> None:
    async def address_of(_: str) -> str:
        return seen.COAP_ADDRESSES[0]

    async def measure() -> Any:
        network = QuietStreams(lambda _host, _port: made, lambda *_: [(0.01, made)])
        return await coap.coap(network, [(seen.COAP_NAMES[0], 5683)], address_of, {seen.COAP_NAMES[0]})

    _judged("coap.udp-5683", seen.healthy(coap=_runner().run(measure(), context=copy_context())), source)


# --- what other programs say

LEASES = [
    (
        b"DHCP4.OPTION[3]:routers = 10.0.0.1\nDHCP4.OPTION[4]:ip_address = 10.0.0.7\n"
        b"DHCP4.OPTION[5]:domain_name_servers = 10.0.0.1 9.9.9.9\n"
    ),
    b"ADDRESS=10.0.0.7\nNETMASK=255.255.255.0\nROUTER=10.0.0.1\nSERVER_ADDRESS=10.0.0.1\nDNS=10.0.0.1 9.9.9.9\n",
    (
        b'lease {\n  interface "eth0";\n  fixed-address 10.0.0.7;\n  option routers 10.0.0.1;\n'
        b"  option domain-name-servers 10.0.0.1,9.9.9.9;\n  renew 3 2026/01/02 03:04:05;\n}\n"
    ),
    b"ip_address='10.0.0.7'\nrouters='10.0.0.1'\ndomain_name_servers='10.0.0.1'\n",
]


def _read_leases(made: bytes) -> None:
    text = text_of(made)
    lease.parse_networkmanager(text)
    lease.parse_networkd(text)
    lease.parse_dhclient(text, "eth0")
    lease.parse_dhcpcd(text)


def _control(made: bytes, source: Random) -> None:
    """wpa_supplicant's answers, one of which is hostile."""
    control = FakeControl()
    control.scans = ["OK\n"] * 8
    control.events = [b"<3>CTRL-EVENT-SCAN-RESULTS "] * 4 + [made, b"<3>CTRL-EVENT-SCAN-RESULTS "] * 4
    honest = control.ask

    def ask(command: str) -> str:
        kind = command.split(maxsplit=1)[0]
        return text_of(made) if kind == hostile else honest(command) if kind != "SCAN" else "OK\n"

    hostile = source.choice(("STATUS", "GET_CAPABILITY", "BSS", "SCAN"))
    control.ask = ask  # type: ignore[method-assign]  # this one only
    clock = Clock()

    def now() -> float:
        clock.now += 0.05
        return clock.now

    wpa_supplicant.look("wlan9", b"one", control, now, now)


TABLE = [text.encode() for text in FakeControl().table.values()] + [
    b'bssid=02:00:00:00:00:04\nfreq=2412\nssid=one\\xff\\"\nwpa_state=COMPLETED\n',
    b"Mode[G] Channels:\n 1 = 2412 MHz\n 6 = 2437 MHz (NO_IR)\n",
]


def _attribute(kind: int, value: bytes) -> bytes:
    return (struct.pack("=HH", 4 + len(value), kind) + value).ljust(4 + (len(value) + 3 & ~3), b"\0")


def _kernel() -> list[bytes]:
    """Attributes of a BSS, as nl80211 gives them (linux/nl80211.h, NL80211_BSS_*)."""
    number = struct.Struct("=I")
    plain = [
        (1, bytes.fromhex("020000000004")), (2, number.pack(2412)), (3, bytes(8)), (4, b"\x64\0"), (5, b"\x11\x04"),
        (6, usual(name=b"one")), (7, struct.pack("=i", -6100)), (10, number.pack(2)), (11, usual(name=b"")), (14, b""),
    ]  # fmt: skip
    return [b"".join(_attribute(*attribute) for attribute in plain)]


def _read_kernel(made: bytes) -> None:
    entry = nl80211._entry(nl80211.attributes_of(made))  # noqa: SLF001 - its only caller talks to the kernel
    if entry is not None:
        nl80211.decode(entry)


def _read_access_point(made: bytes) -> None:
    address = text_of(made[:20])
    numbers = [int.from_bytes(made[at : at + 4]) for at in range(0, 24, 4)]
    names = ("Frequency", "Flags", "WpaFlags", "RsnFlags", "LastSeen", "Mode")
    access_point({"Ssid": made[20:], "HwAddress": address, **dict(zip(names, numbers, strict=True))}, 1000.0)


# --- frames and files


def _read_frame(made: bytes, source: Random) -> None:
    mutated.check(made, source.choice((BARE, RADIOTAP)))


def _captures() -> list[bytes]:
    files = sorted(mutated.CAPTURES.glob("*.pcap*")) + sorted((mutated.CAPTURES / "cases").glob("*.pcap"))
    return [file.read_bytes()[:3000] for file in files]


def _read_capture(made: bytes) -> None:
    air = FrameCollector()
    for record in CaptureFile(io.BytesIO(made), len(made)).records():
        air.frame(record)
    air.wifi("capture")


@cache
def _saved() -> list[Any]:
    """Complete runs, and one for a ticket with names that it hides."""
    air = seen.wifi(seen.bss(), seen.bss(11, ssid="H0me", ssid_hex=b"H0me".hex()), target=None, target_from=None)
    made = shared(of(seen.healthy(wifi=air)), "ticket", PROFILES[0])
    documents = [*(sample.read_bytes() for sample in SAMPLES), msgspec.json.encode(made)]
    return [msgspec.json.decode(document) for document in documents]


VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 2**63, 1e308, "", "x", "http://[x", "\x1b[31m", "10.0.0.1", "255.255.255.255", "a" * 5000, [],
    {}, "00" * 600, "\ud7ff\u202e", [None], "2026-01-02T03:04:05Z",
)  # fmt: skip


def _altered(value: Any, source: Random, words: list[Any]) -> Any:
    """The same document with a few values replaced, somewhere."""
    if source.randrange(150) == 0:
        return source.choice(words)
    if isinstance(value, dict):
        return {key: _altered(inner, source, words) for key, inner in value.items()}
    if isinstance(value, list):
        return [_altered(inner, source, words) for inner in value]
    return value


def _read_saved(made: bytes, source: Random) -> None:
    """A saved run of somebody else: refused, or judged; now and then rendered."""
    try:
        document = msgspec.json.encode(_altered(source.choice(_saved()), source, [*VALUES, text_of(made)]))
    except UnicodeEncodeError:
        return
    try:
        saved = msgspec.json.decode(document, type=Saved)
    except (msgspec.DecodeError, RecursionError):
        return
    profile = source.choice(PROFILES)
    judged = judge(saved.observations, profile, Selection())
    assert all(check.problem != "internal-error" for check in judged.checks), judged.checks
    if source.randrange(8) == 0:
        run: Run = saved.run
        whole = report.make(run, profile)
        render(whole, ())
        shared(whole, "public")


RUN_IN_PAGE = f'<template id="netpreflight-run">\n{in_page.packed(b"{}")}\n</template>'.encode()


def _read_page(made: bytes) -> None:
    assert len(in_page.unpacked(made, report.LARGEST_FILE)) <= report.LARGEST_FILE


def _read_saved_bytes(made: bytes) -> None:
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        msgspec.json.decode(made, type=Saved)


COMPANY = [
    (
        b'based_on = "photon2"\ntitle = "Our product"\nmac_prefix = "94:94:4A"\n\n[device_os]\nnewest = "5.8.2"\n\n'
        b"[cloud]\n"
        b'source = "us"\nhosts = ["{id}.devices.example.com", "192.0.2.17"]\nport = 5690\n'
        b'keep_alive_s = { value = 20, certainty = "unconfirmed", note = "x" }\n'
    ),
]


def _read_company(made: bytes) -> None:
    file = Path(_folder(), "product.toml")
    file.write_bytes(made)
    with contextlib.suppress(profiles.DeviceFileError):
        profiles.load(str(file))


@cache
def _folder() -> str:
    return tempfile.mkdtemp(prefix="netpreflight-fuzz-")


# --- text

ADDRESSES = [
    b"http://portal.example:8443/login?a=1#b",
    b"http://[fe80::1%25eth0]/x",
    b"//host/path",
    b"mailto:a@b",
    b"?q",
]


def _read_url(made: bytes) -> None:
    text = text_of(made)
    split = urls.parts(text)
    assert split.host == split.host.lower()
    urls.parts(urls.joined("http://captive.apple.com/hotspot-detect.html", text))
    shown(text)


def _read_name(made: bytes) -> None:
    shown(ssid_text(made))
    ssid_bytes(text_of(made))


LOGS = sorted((Path(__file__).parents[1] / "unit" / "data" / "device-logs").glob("*.log"))


def _read_watch(made: bytes) -> None:
    """Show the document of a watch in every format, at every level."""
    try:
        watch = document(made, "watch.json")
    except StoreError:
        return
    for level in LEVELS:
        shown = shared_watch(told(watch, None), level)
        for as_text in WATCH_FORMATS.values():
            as_text(shown)


def _read_device_log(made: bytes, source: Random) -> None:
    """A device's log, in pieces: read, judged and shown; a stage is claimed only with a line that says so."""
    log = LogReader(KINDS)
    at = source.randrange(len(made) + 1)
    log.feed(made[:at])
    log.feed(made[at:])
    log.finish()
    assert len(log.seen.records) <= MOST_RECORDS
    answer = device_log.answered(log.seen)
    assert answer.result != "online" or b"onnected" in made.replace(b"\0", b"")
    assert answer.result not in {"online", "stops", "lost"} or answer.lines, answer
    render_json(answer)
    if source.randrange(16) == 0:
        shown_log.render(answer)


COAP = [b"\x70\0\x12\x34", b"\x60\x45\x12\x34\xb4test\xffx"]
STATUS = [
    (
        b'{"page": {"updated_at": "2026-01-02T03:04:05.678+01:00"}, "status": {"indicator": "minor", '
        b'"description": "x"},'
        b' "incidents": [{"name": "a"}]}'
    )
]

_TARGETS = (
    Target("dns", _dns_answers(), refusing(_read_dns), 16),
    Target(
        "ntp", [b"\x24\x02\x06\xec" + bytes(44), b"\xe4\0\6\xec" + b"RATE" * 11],
        refusing(lambda made: ntp.decode(SILENT_CLOCK, 1000.0, made)), 120,
    ),
    Target("coap", COAP, refusing(lambda made: reply_to(0x1234, made)), 200),
    Target("dtls", [HELLO_VERIFY, SERVER_HELLO, ALERT, KEY_EXCHANGE, OPENSSL, *VENDOR], _read_dtls, 16),
    Target("ladder", [HELLO_VERIFY, b"\x70\0\x12\x34", b"\x24" + bytes(47), _dns_answers()[0]], _read_ladder, 200),
    Target(
        "echo", [echo.packet(2, 4, 3, 100, b"x" * 20), echo.packet(1, 4, 3, 100, b"x" * 20)],
        refusing(lambda made: echo.sequence_in(made, 4, 9, 500)), 200,
    ),
    Target(
        "dhcp",
        [dhcp_replies.reply(dhcp_replies.OFFER, dhcp_replies.option(54, b"\n\0\0\2"), dhcp_replies.option(52, b"\3"),
                            dhcp_replies.option(114, b"https://portal.example/"), file=b"\6\4\n\0\0\1\xff"),
         dhcp_replies.reply(dhcp_replies.NAK, dhcp_replies.option(56, b"no"))],
        refusing(_read_dhcp), 2,
    ),
    Target("raw", [*_icmp(), *_segments()], total(_read_raw), 200),
    Target("url", ADDRESSES, total(_read_url), 80),
    Target("name", [b"Home", b"caf\xe9\\x80", "\N{SNOWMAN}".encode(), bytes(32)], total(_read_name), 120),
    Target("portal-api", [b'{"captive": true, "user-portal-url": "https://p/"}', b'{"captive": false}'],
           total(lambda made: portal.read_api(API, 200, made, tls_verified=True)), 120),
    Target("status-page", STATUS, total(lambda made: vendor_status.read_summary(200, made)), 120),
    Target("leases", LEASES, total(_read_leases), 16),
    Target("control", TABLE, _control, 2),
    Target("kernel", _kernel(), refusing(_read_kernel), 16),
    Target("access-point", [bytes(range(60)), b"02:00:00:00:00:04" + usual()], total(_read_access_point), 80),
    Target("frame", [frame for _, frame in mutated.seeds()], _read_frame, 16),
    Target("capture", _captures(), refusing(_read_capture), 2),
    Target("company", COMPANY, total(_read_company), 1),
    Target("saved-bytes", [SAMPLES[0].read_bytes()[:4000]], total(_read_saved_bytes), 16),
    Target("page", [RUN_IN_PAGE, b"<p>" + RUN_IN_PAGE + b"</p>"], refusing(_read_page), 16),
    Target("saved", [b"x", b"http://[x", b"\x1b[31m<b>|`"], _read_saved, 1),
    Target("watch", [msgspec.json.encode(nights())], total(_read_watch), 1),
    Target("device-log", [log.read_bytes() for log in LOGS], _read_device_log, 8),
    Target("portal", PAGES, _see_portal, 1),
    Target("cloud", [HELLO_VERIFY, SERVER_HELLO, ALERT, OPENSSL, *VENDOR], _see_cloud, 1),
    Target("coap-server", [b"\x70\0\x12\x34", *PAGES[3:5]], _see_coap, 1),
)  # fmt: skip
TARGETS = [strict(target) for target in _TARGETS]
