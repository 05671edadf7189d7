"""What may leave a run, by destination, byte by byte, and where each form comes from.

Written by hand from what devices, RFCs and vendors' pages say, and from nothing of netpreflight's own: this is what its
packets are held against (see `witness`). In a form, `<name>` is a byte of any value, `<name:00-03>` one of a range and
`<name*4>` are four of any value; all else is hexadecimal.

Sources: `Device OS` is the public repository particle-iot/device-os at the tag named, lwIP and mbedTLS its own forks.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

Role = Literal[
    "dhcp", "resolver", "ntp", "coap", "own-coap", "dtls", "nonce", "google", "portal", "api", "status", "anybody"
]
Protocol = Literal["udp", "tcp", "icmp", "arp"]
Match = re.Match[bytes]

USUAL_TTL = 64
"""Linux's, which every packet has that is no part of a look at the path."""
MOST_HELLOS = 24
"""ClientHellos that a device sends in five minutes: 6 attempts of 4.

An attempt sends one at 0, 3, 9 and 21 s, and is given up after 45 s (mbedTLS's handshake timeouts as Device OS sets
them, 3 to 24 s; device-facts 1.6). The Internet Test takes 5 s more (1.4), and before the next one it waits 1 s, five
times (Device OS 6.2.0, system_utilities.cpp:36-42): 51 s, of which five minutes begin six. Then it resets its interface
(system_task.cpp:207).
"""
MOST_CONTROLS = 2
"""Packets of one kind that are no device's, and may get to a server whose port is silent."""
MOST_CONTROLS_OF_THE_DEAD = 6
"""The same for an address from which nothing comes at all: how far it is nobody can tell."""

_FIELD = re.compile(
    r"<(?P<name>[a-z0-9]+)(?:\*(?P<count>\d+)|:(?P<low>[0-9a-f]{2})-(?P<high>[0-9a-f]{2}))?>|(?P<hex>[0-9a-f]{2})"
)


def form(text: str) -> re.Pattern[bytes]:
    """The pattern that a form stands for."""
    pattern, at = b"", 0
    text = "".join(text.split())
    while at < len(text):
        match = _FIELD.match(text, at)
        assert match, text[at:]
        at = match.end()
        if match["hex"]:
            pattern += re.escape(bytes.fromhex(match["hex"]))
            continue
        body = b"[\\x%b-\\x%b]" % (match["low"].encode(), match["high"].encode()) if match["low"] else b"."
        pattern += b"(?P<%b>%b{%d})" % (match["name"].encode(), body, int(match["count"] or 1))
    return re.compile(pattern, re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """One form that is allowed.

    Attributes:
        name: what a test calls it.
        roles: whose servers it may be sent to.
        protocol: what carries it.
        port: where to; None: the port that such a server has of its own.
        pattern: the whole payload; of TCP, all that one connection sends.
        source: where the form comes from.
        fits: what else has to hold of a match.
        limited: whether its TTL has to be a small one, so that it ends at a router where there are routers.
        control: whether no device sends it there: little of it may arrive, and none where the device's port answers.
    """

    name: str
    roles: tuple[Role, ...]
    protocol: Protocol
    port: int | None
    pattern: re.Pattern[bytes]
    source: str
    fits: Callable[[Match], bool] = bool
    limited: bool = False
    control: bool = False

    def match(self, payload: bytes) -> Match | None:
        """The match of a whole payload, or None."""
        found = self.pattern.fullmatch(payload)
        return found if found and self.fits(found) else None


NOTHING = re.compile(b"")
ANY_SERVER: tuple[Role, ...] = ("coap", "own-coap", "dtls", "nonce")
"""Whose path may be looked at."""

# --- DHCP: BOOTP's header of 236 bytes, a cookie, and options up to 308 bytes in all

_FROM_DEVICE = "01010600 <xid*4> 0000 8000" + "00" * 16 + "<mac*6>" + "00" * (10 + 64 + 128) + "63825363"
_FROM_HOLDER = "01010600 <xid*4> 0000 0000 <client*4>" + "00" * 12 + "<mac*6>" + "00" * (10 + 64 + 128) + "63825363"
_FROM_RELAY = "01010601 <xid*4> 0000 8000" + "00" * 12 + "<relay*4> <mac*6>" + "00" * (10 + 64 + 128) + "63825363"
_SIZE, _LIST = "3902 05dc", "3704 01 03 1c 06"
_LAPTOP_LIST = "3707 01 03 06 0f 1c 6c 72"


def _padded(text: str, more: bytes = b"") -> re.Pattern[bytes]:
    """A message of 308 bytes, of which the last are zeros; `more` is a pattern of options after those of `text`."""
    return re.compile(rb"(?=.{308}\Z)" + form(text).pattern + more + rb"\xff\x00*", re.DOTALL)


_HOST_NAME = rb"(?P<host>\x0c(?P<size>.)[0-9a-z-]+)"


def _host_name_fits(found: Match) -> bool:
    return found["host"] is None or len(found["host"]) == 2 + found["size"][0]


# --- DNS


def _query(end: bytes) -> re.Pattern[bytes]:
    """A query with one question, which ends so."""
    return re.compile(form("<id*2> 0100 0001 0000 0000 0000").pattern + b"(?P<labels>.+)" + end, re.DOTALL)


CLOUD_NAMES = (
    r"device\.spark\.io",
    r"[0-9a-f]{24}\.udp-mesh\.particle\.io",
    r"[0-9a-f]{24}\.v[1-6]\.udp\.particle\.io",
    r"coap\.me",
    r"californium\.eclipseprojects\.io",
)
OTHER_NAMES = (
    r"pool\.ntp\.org",
    r"connectivitycheck\.gstatic\.com",
    r"captive\.apple\.com",
    r"www\.msftconnecttest\.com",
    r"status\.particle\.io",
    r"[a-z]{14}\.(example\.com|iana\.org)",
)
"""The last are made up, below two real domains: whether a resolver makes up answers, too."""


def name_in(labels: bytes) -> str | None:
    """The name that a question's labels spell, without the empty last one; None: they are none."""
    found: list[bytes] = []
    while labels:
        size = labels[0]
        if not 0 < size < 64 or len(labels) <= size:
            return None
        found.append(labels[1 : size + 1])
        labels = labels[size + 1 :]
    return b".".join(found).decode("latin-1") if found else None


def is_known(name: str, patterns: Iterable[str]) -> bool:
    """Whether a name is one of these."""
    return any(re.fullmatch(pattern, name) for pattern in patterns)


# --- DTLS 1.2

_HELLO_END = (
    "0004 c0ae 00ff"  # TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8, and renegotiation is not wanted
    "01 00"  # no compression
    "0027"
    "000d 0004 0002 0403"  # signature_algorithms: ECDSA with SHA-256
    "000a 0004 0002 0017"  # supported_groups: secp256r1
    "000b 0002 01 00"  # ec_point_formats: uncompressed
    "00fe 0001 00"  # connection_id by its provisional number: an empty one
    "0013 0002 01 02"  # client_certificate_type: raw public key
    "0014 0002 01 02"  # server_certificate_type: raw public key
)
_HELLO_SIZE = 110


def _hello(record: str) -> re.Pattern[bytes]:
    made = form(
        f"16 fefd 0000 0000000000 {record} 0061 01 000055 0000 000000 000055 fefd <random*32> 00 00 {_HELLO_END}"
    )
    return re.compile(rb"(?=.{%d}\Z)" % _HELLO_SIZE + made.pattern, re.DOTALL)


HELLO_SOURCE = (
    "Device OS 6.2.0, communication/src/dtls_message_channel.cpp:252-277 with mbedTLS 2.22 (device-facts 2.3); RFC "
    "6347, 7250, 8422. Its first record has the number 0, each retransmission the next (RFC 6347 section 4.2.4)"
)
COOKIE_HELLO = re.compile(
    form(
        "16 fefd 0000 0000000000 <record:01-ff> <length*2> 01 <size*3> 0001 000000 <again*3> fefd <random*32> 00"
    ).pattern
    + b"(?P<count>.)(?P<cookie>.*?)"
    + form(_HELLO_END).pattern,
    re.DOTALL,
)


def _cookie_fits(found: Match) -> bool:
    """The four lengths of a ClientHello with a cookie."""
    count = len(found["cookie"])
    body = 85 + count
    sizes = [int.from_bytes(found[name], "big") for name in ("count", "size", "again", "length")]
    return count > 0 and sizes == [count, body, body, body + 12]


def _echo(text: str, most: int) -> re.Pattern[bytes]:
    head = form(f"fc fefd 80 <interface:04-05> {text} <length*2>")
    return re.compile(head.pattern + b"(?P<rest>.{1,%d})" % most, re.DOTALL)


def _echo_fits(found: Match) -> bool:
    return len(found["rest"]) == int.from_bytes(found["length"], "big")


# --- HTTP and TLS


def _get(host: str, path: str) -> re.Pattern[bytes]:
    lines = (f"GET {path} HTTP/1.1", f"Host: {host}", "User-Agent: netpreflight", "Accept: */*", "Connection: close")
    return re.compile(re.escape("".join(f"{line}\r\n" for line in (*lines, "")).encode()))


API_GET = re.compile(
    rb"GET (?P<path>/[!-~]*) HTTP/1\.1\r\nHost: (?P<host>[0-9a-z.-]+)\r\nUser-Agent: netpreflight\r\n"
    rb"Accept: application/captive\+json\r\nConnection: close\r\n\r\n"
)
"""What a captive portal's API is asked, inside TLS."""
STATUS_GET = re.compile(
    rb"GET /api/v2/summary\.json HTTP/1\.1\r\nHost: status\.particle\.io\r\nUser-Agent: netpreflight\r\n"
    rb"Accept: application/json\r\nConnection: close\r\n\r\n"
)
"""What a vendor's status page is asked, inside TLS."""
_TLS = re.compile(rb"\x16\x03\x01(?P<length>..)\x01.*", re.DOTALL)
_TLS_TYPES = {20, 21, 22, 23}


def _is_tls(found: Match) -> bool:
    """A ClientHello, and then nothing but records of TLS (RFC 8446 section 5.1); the last may be cut short."""
    rest = found[0]
    while len(rest) >= 5:
        if rest[0] not in _TLS_TYPES or rest[1] != 3:
            return False
        rest = rest[5 + int.from_bytes(rest[3:5], "big") :]
    return True


def _asks_google(found: Match) -> bool:
    """TLS, whose ClientHello names the vendor's host (RFC 6066 section 3)."""
    name = b"connectivitycheck.gstatic.com"
    return _is_tls(found) and b"\x00\x00%c%b" % (len(name), name) in found[0]


def _asks_status(found: Match) -> bool:
    """TLS, whose ClientHello names the vendor's status page."""
    name = b"status.particle.io"
    return _is_tls(found) and b"\x00\x00%c%b" % (len(name), name) in found[0]


# --- the list

_LWIP = "lwIP 2 as Device OS 6.2.0 builds it, dhcp.c:385-420 and 999-1047 (device-facts 5)"
_UNREACHABLE = re.compile(form("03 03 <checksum*2> 00000000").pattern + b"(?P<quoted>.{28,548})", re.DOTALL)
_NO_PAYLOAD = "RFC 9293: a connection is opened and closed, and nothing is sent in it"
ENTRIES = (
    Entry("DISCOVER", ("dhcp",), "udp", 67, _padded(f"{_FROM_DEVICE} 3501 01 {_SIZE} {_LIST}"), _LWIP),
    Entry(
        "DISCOVER with options 12, 60 and 61", ("dhcp",), "udp", 67,
        _padded(
            f"{_FROM_DEVICE} 3501 01 {_SIZE} {_LIST}",
            _HOST_NAME + form("3c08 4d53465420352e30 3d07 01 <id*6>").pattern,
        ),
        "RFC 2132 sections 3.14, 9.13 and 9.14, after lwIP's options; 60 is Windows' ([MS-DHCPE] section 2.2.3), 61 "
        "the Ethernet address", lambda found: _host_name_fits(found) and found["id"] == found["mac"],
    ),
    Entry(
        "REQUEST", ("dhcp",), "udp", 67,
        _padded(f"{_FROM_DEVICE} 3501 03 {_SIZE} 3204 <address*4> 3604 <server*4> {_LIST}", _HOST_NAME + b"?"),
        f"{_LWIP}; with a host name, which is a device's id, or the product's own", _host_name_fits,
    ),
    Entry(
        "DISCOVER from a relay", ("dhcp",), "udp", 67, _padded(f"{_FROM_RELAY} 3501 01 {_SIZE} {_LIST}"),
        f"{_LWIP}; as RFC 1542 section 4.1.1 has a relay send it on: giaddr is its address, one hop",
    ),
    Entry(
        "REQUEST from a relay", ("dhcp",), "udp", 67,
        _padded(f"{_FROM_RELAY} 3501 03 {_SIZE} 3204 <address*4> 3604 <server*4> {_LIST}", _HOST_NAME + b"?"),
        f"{_LWIP}; as RFC 1542 section 4.1.1 has a relay send it on: giaddr is its address, one hop", _host_name_fits,
    ),
    Entry(
        "ARP request", ("anybody",), "arp", None,
        form("0001 0800 06 04 0001 <mac*6> 00000000 000000000000 <address*4>"),
        "RFC 5227 section 2.1.1, and RFC 2131 section 4.4.1: a client asks whether somebody has the address that it is "
        "offered; lwIP, dhcp.c, dhcp_check(), where it is built with DHCP_DOES_ARP_CHECK; RFC 826 for a router",
    ),
    Entry(
        "REQUEST that renews", ("dhcp",), "udp", 67,
        _padded(f"{_FROM_HOLDER} 3501 03 {_SIZE} {_LIST}", _HOST_NAME + b"?"),
        "lwIP 2, dhcp.c, dhcp_renew() and dhcp_rebind(): without options 50 and 54 (RFC 2131 section 4.3.2)",
        _host_name_fits,
    ),
    Entry(
        "ARP answer", ("anybody",), "arp", None,
        form("0001 0800 06 04 0002 <mac*6> <held*4> <asker*6> <server*4>"),
        "RFC 826: who has an address that is leased, in answer to a server that is about to write to it",
        lambda found: found["held"] != bytes(4),
    ),
    Entry(
        "RELEASE", ("dhcp",), "udp", 67, _padded(f"{_FROM_HOLDER} 3501 07 3604 <server*4>"),
        "RFC 2131 section 4.4.6: what was leased is given back",
    ),
    Entry(
        "INFORM", ("dhcp",), "udp", 67, _padded(f"{_FROM_HOLDER} 3501 08 {_LAPTOP_LIST}"),
        "RFC 2131 section 4.4.3: this laptop asks for its configuration; RFC 8910 for option 114, RFC 8925 for 108",
    ),
    Entry(
        "DISCOVER of a laptop without IPv4", ("dhcp",), "udp", 67,
        _padded(f"{_FROM_DEVICE} 3501 01 {_SIZE} {_LAPTOP_LIST}"),
        "RFC 8925 section 3.2: a client that can do without IPv4 asks for option 108 in its DISCOVER",
    ),
    Entry(
        "DNS query", ("resolver",), "udp", 53,
        _query(b"\0(?P<kind>\0\1|\0\x1c)\0\1"),
        "lwIP's dns.c, RFC 1035 section 4.1: one question, recursion desired, no EDNS; AAAA: Device OS 6.2.0, "
        "hal/network/lwip/netdb_hal.cpp:43-63",
    ),
    Entry(
        "NTP request", ("ntp",), "udp", 123, form("23" + "00" * 23 + "<clock*8>" + "00" * 16),
        "Device OS 2.0 to 5.5, hal/network/util/simple_ntp_client.cpp:301-331: its clock in the origin field",
    ),
    Entry("CoAP ping", ("coap", "own-coap"), "udp", None, form("40 00 <id*2>"), "RFC 7252 section 4.3"),
    Entry("ClientHello to a test server", ("coap",), "udp", 5684, _hello("<record:00-01>"), HELLO_SOURCE),
    Entry(
        "HEAD", ("coap",), "tcp", 80,
        re.compile(
            rb"HEAD / HTTP/1\.1\r\nHost: (coap\.me|californium\.eclipseprojects\.io)\r\nConnection: close\r\n\r\n"
        ),
        "RFC 9110 section 9.3.2, to public test servers that have a web site",
    ),
    Entry("ClientHello", ("dtls",), "udp", None, _hello("<record:00-06>"), HELLO_SOURCE),
    Entry(
        "ClientHello with the cookie", ("dtls",), "udp", None, COOKIE_HELLO,
        f"{HELLO_SOURCE}; RFC 6347 section 4.2.1: the same with the server's cookie, as the handshake's message 1",
        _cookie_fits,
    ),
    Entry(
        "alert", ("dtls",), "udp", None, form("15 fefd 0000 0000000000 <record:01-ff> 0002 02 28"),
        "mbedTLS 2.22, library/ssl_msg.c, mbedtls_ssl_send_fatal_handshake_failure(); RFC 5246 section 7.2",
    ),
    Entry(
        "echo, form 1", ("dtls",), "udp", None, _echo("000000 <sequence:00-04> 0000", 255),
        "Device OS 5.6.0, system/src/system_connection_manager.cpp:335-477 (device-facts 1.4), after a cloud that "
        "stayed silent", _echo_fits,
    ),
    Entry(
        "echo, form 2", ("dtls",), "udp", None, _echo("<clock*4> 00 <sequence:00-09>", 511),
        "Device OS 6.2.0, system/src/system_connection_manager.cpp:478-706 (device-facts 1.4), after a cloud that "
        "stayed silent", _echo_fits,
    ),
    Entry(
        "connection to a cloud", ("nonce",), "tcp", None, NOTHING,
        "Device OS 2.3.1, communication/src/lightssl_message_channel.cpp:151-198: the server speaks first",
    ),
    Entry(
        "connection to 8.8.8.8", ("google",), "tcp", 53, NOTHING,
        "Device OS up to 1.5.2, system/src/system_cloud_connection_compat.cpp:255-290: connected, nothing sent",
    ),
    Entry(
        "GET of Android's check", ("portal",), "tcp", 80, _get("connectivitycheck.gstatic.com", "/generate_204"),
        "Android's documentation and source, NetworkMonitor.java: CAPTIVE_PORTAL_HTTP_URL; RFC 9110",
    ),
    Entry(
        "GET of Apple's check", ("portal",), "tcp", 80, _get("captive.apple.com", "/hotspot-detect.html"),
        "Apple's deployment guide, hosts for captive networks: captive.apple.com; RFC 9110",
    ),
    Entry(
        "GET of Microsoft's check", ("portal",), "tcp", 80, _get("www.msftconnecttest.com", "/connecttest.txt"),
        "Microsoft's documentation of NCSI, active probes: www.msftconnecttest.com/connecttest.txt; RFC 9110",
    ),
    Entry(
        "TLS with Android's check", ("portal",), "tcp", 443, _TLS,
        "RFC 8446; NetworkMonitor.java, the host of CAPTIVE_PORTAL_HTTPS_URL", _asks_google,
    ),
    Entry(
        "TLS with a portal's API", ("api",), "tcp", None, _TLS,
        "RFC 8908 section 4: a GET over TLS, of the address in DHCP's option 114 (RFC 8910)", _is_tls,
    ),
    Entry(
        "TLS with a vendor's status page", ("status",), "tcp", 443, _TLS,
        "Statuspage's public API, GET /api/v2/summary.json, over TLS (RFC 8446); status.particle.io is in Particle's "
        "documentation; only where the device's cloud stays silent", _asks_status,
    ),
    # --- whose TTL ends at a router, where there are routers
    Entry("rung: ClientHello", ("dtls",), "udp", None, _hello("00"), HELLO_SOURCE, limited=True),
    Entry("rung: ClientHello to a test server", ("coap",), "udp", 5684, _hello("00"), HELLO_SOURCE, limited=True),
    Entry(
        "rung: CoAP ping", ("coap", "own-coap"), "udp", None, form("40 00 <id*2>"), "RFC 7252 section 4.3", limited=True
    ),
    Entry("rung: SYN", ("nonce",), "tcp", None, NOTHING, _NO_PAYLOAD, limited=True),
    Entry(
        "rung: NTP request", ANY_SERVER, "udp", 123, form("23" + "00" * 39 + "<transmit*8>"),
        "RFC 5905 section 7.3, a client's: only the transmit field is set, to random bytes (RFC 9769 section 3)",
        limited=True, control=True,
    ),
    Entry(
        "rung: DNS query", ANY_SERVER, "udp", 53,
        _query(b"\0\0\1\0\1"),
        "RFC 1035 section 4.1: the server's own name is asked for", limited=True, control=True,
    ),
    Entry("rung: SYN to 80", ANY_SERVER, "tcp", 80, NOTHING, _NO_PAYLOAD, limited=True, control=True),
    Entry("rung: SYN to 443", ANY_SERVER, "tcp", 443, NOTHING, _NO_PAYLOAD, limited=True, control=True),
    Entry(
        "whole datagram", ("dtls",), "udp", None, re.compile(bytes(1280 - 28)),
        "RFC 1191 section 4, by size: the largest packet of a device's handshake (device-facts 2.3), with DF; its TTL "
        "ends before the server, which never sees it", limited=True, control=True,
    ),
    # --- of the system's own accord
    Entry(
        "port unreachable", ("anybody",), "icmp", None, _UNREACHABLE,
        "RFC 1122 section 3.2.2.1: what comes to a port that was closed meanwhile; lwIP, icmp.c, does the same",
    ),
)  # fmt: skip
BY_NAME = {entry.name: entry for entry in ENTRIES}
