"""What the UDP fakes answer: DNS, NTP, CoAP, DTLS and DHCP servers that are broken in one exact way each."""

import os
import socket
import struct
import time
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from tests.lab.fakes import Reply, Responder
from tests.lab.handshakes import MODES, HandshakeMode, handshake_responder

ESCAPE = b"\x1b]0;owned\x07\x1b[2J\x1b[31mred"  # sets the window title, clears the screen, colours
FLOOD_S = 8.0  # "endless" means longer than any client should listen
FLOOD_GAP_S = 0.002
NTP_EPOCH_S = 2_208_988_800  # seconds from 1900 to 1970
SLOW_S = 1.5
JUNK = 70
"""As many datagrams as the issue found to be enough to hide the answer behind them."""

DnsMode = Literal[
    "real", "closed", "silent", "servfail", "refused", "nxdomain", "wildcard", "truncated", "slow", "other-address",
    "garbage", "oversized", "wrong-id", "escapes", "loop", "aaaa-silent", "dns64", "junk-first",
]  # fmt: skip
NtpMode = Literal[
    "real", "closed", "silent", "kiss-of-death", "short", "tiny", "wrong-mode", "long", "drop-first", "other-address",
    "escapes", "no-time", "in-1970",
]  # fmt: skip
CoapMode = Literal["real", "closed", "silent", "echo", "wrong-id", "garbage", "flood", "other-address"]
EchoMode = Literal["real", "s_server", "no-echo", "echo-only", "echo-altered"]
ECHOING: tuple[EchoMode, ...] = get_args(EchoMode)
RecordMode = Literal["silent", "server-hello", "alert", "garbage", "flood", "other-address", "junk-first"]
FAKE_CLOUDS: tuple[RecordMode | HandshakeMode, ...] = (*get_args(RecordMode), *MODES)
DtlsMode = Literal["vendor", "closed"] | EchoMode | RecordMode | HandshakeMode
DhcpMode = Literal[
    "offer", "nak", "nak-then-ack", "silent", "escapes", "flood", "garbage",
    "nameless", "overloaded", "30-s", "nak-host-name",
]  # fmt: skip


def unnumbered(record: bytes) -> bytes:
    """A DTLS record without its sequence number, which rises in a conversation (RFC 6347 section 4.1)."""
    return record[:5] + record[11:]


def flood(data: bytes) -> Iterable[Reply]:
    """The same datagram again and again, for FLOOD_S seconds."""
    return (Reply(data, number * FLOOD_GAP_S) for number in range(int(FLOOD_S / FLOOD_GAP_S)))


def junk_before(replies: Iterable[Reply]) -> Iterable[Reply]:
    """The same replies behind JUNK datagrams that answer nothing."""
    return [*(Reply(os.urandom(40)) for _ in range(JUNK)), *replies]


def find_address(names: Mapping[str, str], name: str) -> str | None:
    """Return the address of a name; a key that starts with "*." matches every name below it."""
    parent = name.partition(".")[2]
    while name not in names and parent:
        if f"*.{parent}" in names:
            return names[f"*.{parent}"]
        parent = parent.partition(".")[2]
    return names.get(name)


def dns_answer(query: dns.message.Message, address: str | None, *, alias: bytes | None = None) -> dns.message.Message:
    """Return a resolver's right answer: the address, NOERROR without it for other types, or NXDOMAIN."""
    response = dns.message.make_response(query, recursion_available=True)
    question = query.question[0]
    if address is None:
        response.set_rcode(dns.rcode.NXDOMAIN)
    elif question.rdtype == dns.rdatatype.A:
        owner = question.name
        if alias:
            target = dns.name.Name([alias, b"example", b""])
            response.answer.append(dns.rrset.from_text(owner, 60, "IN", "CNAME", target.to_text()))
            owner = target
        response.answer.append(dns.rrset.from_text(owner, 60, "IN", "A", address))
    return response


def dns_responder(mode: DnsMode, names: Mapping[str, str], wildcard: str) -> Responder:
    """Answer A queries from `names`, broken as `mode` says.

    "nxdomain" knows no name at all; "wildcard" answers every name with the address `wildcard`. "aaaa-silent" drops AAAA
    queries only; "dns64" makes AAAA records of A records (RFC 6147), under the well-known prefix of RFC 6052.
    """

    def answer(data: bytes, before: int) -> Iterable[Reply]:
        query = dns.message.from_wire(data)
        known = find_address(names, query.question[0].name.to_text(omit_final_dot=True).lower())
        address = {"wildcard": wildcard, "nxdomain": None}.get(mode, known)
        response = dns_answer(query, address, alias=ESCAPE if mode == "escapes" else None)
        match mode:
            case "silent":
                return []
            case "servfail" | "refused":
                response.answer.clear()
                response.set_rcode(dns.rcode.from_text(mode))
            case "aaaa-silent" if query.question[0].rdtype == dns.rdatatype.AAAA:
                return []
            case "dns64" if address and query.question[0].rdtype == dns.rdatatype.AAAA:
                response.answer.append(
                    dns.rrset.from_text(query.question[0].name, 60, "IN", "AAAA", f"64:ff9b::{address}")
                )
            case "truncated":
                response.answer.clear()
                response.flags |= dns.flags.TC
            case "wrong-id":
                response.id ^= 0x5555
            case "garbage":
                return [Reply(data[:2] + b"\xff" * 40)]
            case "loop":  # the question's name points at itself
                return [Reply(data[:2] + struct.pack("!5H", 0x8180, 1, 1, 0, 0) + b"\xc0\x0c" * 8)]
            case "oversized":
                filler = (f"{number}.filler.example." for number in range(150))
                response.answer += [dns.rrset.from_text(name, 60, "IN", "TXT", "x" * 200) for name in filler]
            case _:
                pass
        if mode == "junk-first":
            return junk_before([Reply(response.to_wire())])
        late = SLOW_S if mode == "slow" else 0.0
        return [Reply(response.to_wire(max_size=65535), delay_s=late, elsewhere=mode == "other-address")]

    return answer


def ntp_responder(mode: NtpMode, drop_first: int = 1) -> Responder:
    """Answer NTP requests as stratum 2, broken as `mode` says; "drop-first" ignores the first `drop_first`."""

    def answer(data: bytes, before: int) -> Iterable[Reply]:
        seconds, fraction = divmod((0 if mode == "in-1970" else time.time()) + NTP_EPOCH_S, 1)
        now = struct.pack("!II", int(seconds), int(fraction * 2**32))
        first, stratum, reference = 0x24, 2, b"\x7f\x7f\x01\x01"
        if mode == "kiss-of-death":
            first, stratum, reference = 0xE4, 0, b"RATE"
        elif mode == "wrong-mode":
            first = 0x23
        elif mode == "escapes":
            first, stratum, reference = 0xE4, 0, b"\x1b[2J"
        reply = struct.pack("!BBBb", first, stratum, 6, -20) + bytes(8) + reference + now + data[40:48] + now + now
        match mode:
            case "silent":
                return []
            case "drop-first" if before < drop_first:
                return []
            case "short":
                return [Reply(reply[:47])]
            case "tiny":
                return [Reply(reply[:20])]
            case "long":
                return [Reply(reply + bytes(20))]
            case "no-time":
                return [Reply(reply[:32] + bytes(16))]
            case "other-address":
                return [Reply(reply, elsewhere=True)]
            case _:
                return [Reply(reply)]

    return answer


def coap_responder(mode: CoapMode) -> Responder:
    """Answer a CoAP ping with a Reset (RFC 7252, 4.3), broken as `mode` says."""

    def answer(data: bytes, before: int) -> Iterable[Reply]:
        reset = b"\x70\x00" + data[2:4]
        match mode:
            case "silent":
                return []
            case "echo":
                return [Reply(data)]
            case "wrong-id":
                return [Reply(reset[:3] + bytes([reset[3] ^ 0xFF]))]
            case "garbage":
                return [Reply(b"\xff" * 37)]
            case "flood":
                return flood(b"\x60\x45" + bytes([data[2] ^ 0xFF]) + data[3:4] + ESCAPE)
            case "other-address":
                return [Reply(reset, elsewhere=True)]
            case _:
                return [Reply(reset)]

    return answer


def is_echo(data: bytes) -> bool:
    """Whether a datagram is a device's reachability packet."""
    return data[:3] == b"\xfc\xfe\xfd"


def echo_responder(mode: EchoMode) -> Responder:
    """Echo reachability packets; "echo-altered" with another epoch, "no-echo" not at all."""

    def answer(data: bytes, before: int) -> Iterable[Reply]:
        match mode:
            case "no-echo":
                return []
            case "echo-altered":
                return [Reply(data[:3] + b"\x80\x7f" + data[5:])]
            case _:
                return [Reply(data)]

    return answer


def dtls_responder(mode: RecordMode | HandshakeMode, key: EllipticCurvePrivateKey) -> Responder:
    """Answer a ClientHello with one record: a ServerHello without a cookie round, a fatal alert, or worse.

    Where that is a server's right answer, reachability packets are echoed. Servers that go on, and sign with `key`, are
    in `handshakes`.
    """
    if mode in MODES:
        return handshake_responder(mode, key)
    if mode == "junk-first":
        signed = handshake_responder("signed", key)
        return lambda data, before: junk_before(signed(data, before))
    hello = b"\xfe\xfd" + bytes(32) + b"\x00\xc0\xae\x00"  # DTLS 1.2, random, no session, ECDHE-ECDSA-AES128-CCM8
    size = len(hello).to_bytes(3, "big")
    handshake = b"\x02" + size + b"\x00\x00" + b"\x00\x00\x00" + size + hello

    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("!BH", kind, 0xFEFD) + bytes(8) + struct.pack("!H", len(body)) + body

    def answer(data: bytes, before: int) -> Iterable[Reply]:
        match mode:
            case "silent":
                return []
            case "server-hello" | "alert" if is_echo(data):
                return [Reply(data)]
            case "alert":
                return [Reply(record(21, b"\x02\x28"))]
            case "garbage":
                return [Reply(b"\x16\xfe\xfd" + ESCAPE)]
            case "flood":
                return flood(b"\xff" * 1200)
            case "other-address":
                return [Reply(record(22, handshake), elsewhere=True)]
            case _:
                return [Reply(record(22, handshake))]

    return answer


def option_codes(options: bytes) -> set[int]:
    """The codes of DHCP options (RFC 2132 section 2)."""
    codes, at = set(), 0
    while at < len(options) and options[at] != 255:
        codes.add(options[at])
        at += 2 + options[at + 1] if options[at] else 1
    return codes


def dhcp_responder(mode: DhcpMode, server: str, first: str) -> Responder:
    """Answer DISCOVER with an OFFER of `first`, and REQUEST with ACK or NAK; broadcast, as to a new client."""
    offer, ack, nak = 2, 5, 6
    everybody = ("255.255.255.255", 68)

    def option(code: int, value: bytes) -> bytes:
        return bytes([code, len(value)]) + value

    def reply(data: bytes, kind: int, server_id: str) -> bytes:
        head = b"\x02" + data[1:12] + bytes(4) + (bytes(4) if kind == nak else socket.inet_aton(first))
        head += bytes(8) + data[28:44]
        server_name, boot_file = b"", ESCAPE if mode == "escapes" else b""
        options = option(53, bytes([kind]))
        if mode != "nameless":
            options += option(54, socket.inet_aton(server_id))
        if kind != nak:
            options += option(51, struct.pack("!I", 30 if mode == "30-s" else 3600)) + option(1, b"\xff\xff\xff\x00")
            router, resolver = option(3, socket.inet_aton(server)), option(6, socket.inet_aton(server))
            if mode == "overloaded":  # RFC 2132 section 9.3: 3 stands for both fields
                options += option(52, b"\3")
                boot_file, server_name = router + b"\xff", resolver + b"\xff"
            else:
                options += router + resolver
        if mode == "escapes":
            options += option(15, ESCAPE + b".lan") + option(56, ESCAPE) + option(66, ESCAPE) + option(67, ESCAPE)
            options += option(114, b"https://" + ESCAPE)
        return (
            head + server_name.ljust(64, b"\0") + boot_file.ljust(128, b"\0") + b"\x63\x82\x53\x63" + options + b"\xff"
        )

    def answer(data: bytes, before: int) -> Iterable[Reply]:
        found = data.find(b"\x35\x01", 240)
        kind = data[found + 2] if found > 0 else 0
        if mode == "silent" or kind not in {1, 3}:
            return []
        if mode == "garbage":
            return [Reply(reply(data, offer, server)[:240] + b"\x35\xff\x02" + ESCAPE, to=everybody)]
        if mode == "flood" and kind == 1:
            return (
                Reply(reply(data, offer, f"192.168.77.{3 + number % 90}"), number * FLOOD_GAP_S, to=everybody)
                for number in range(int(FLOOD_S / FLOOD_GAP_S))
            )
        if mode == "nak-then-ack" and kind == 3:  # one server refuses at once, another grants late
            return [
                Reply(reply(data, nak, "192.168.77.9"), to=everybody),
                Reply(reply(data, ack, server), 0.3, to=everybody),
            ]
        refuses = mode == "nak" or (mode == "nak-host-name" and 12 in option_codes(data[240:]))
        kind = offer if kind == 1 else (nak if refuses else ack)
        behind_the_flood_s = 0.3 if mode == "flood" else 0.0
        return [Reply(reply(data, kind, server), behind_the_flood_s, to=everybody)]

    return answer
