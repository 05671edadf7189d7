"""A DTLS 1.2 server's part of a handshake up to its ServerHelloDone (RFC 6347, RFC 8422), right or broken in one way.

It is written from the RFCs, and from nothing of netpreflight's: its signatures are made by `cryptography`.
"""

import hashlib
import hmac
import os
import random
import struct
from collections.abc import Iterable
from typing import Literal, get_args

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.lab.fakes import Reply, Responder

HandshakeMode = Literal[
    "signed", "other-key", "replayed", "gnutls", "new-cookie", "fragments", "endless-fragments", "no-signature",
    "no-cookie",
]  # fmt: skip
MODES: tuple[HandshakeMode, ...] = get_args(HandshakeMode)
SUITE = b"\xc0\xae"  # ECDHE-ECDSA-AES128-CCM8
ENDLESS_S, ENDLESS_GAP_S = 8.0, 0.002
HELLO_VERIFY, SERVER_HELLO, KEY_EXCHANGE, CERTIFICATE_REQUEST, DONE = 3, 2, 12, 13, 14
HEADERS = 25  # of a record and of a message


def record(number: int, kind: int, message: int, body: bytes, part: tuple[int, int] | None = None) -> bytes:
    """A record with a handshake message, or with the part of it that is given by its offset and size."""
    offset, size = part or (0, len(body))
    head = bytes([kind]) + len(body).to_bytes(3) + message.to_bytes(2) + offset.to_bytes(3) + size.to_bytes(3)
    fragment = head + body[offset : offset + size]
    return struct.pack("!BHQH", 22, 0xFEFD, number, len(fragment)) + fragment


def signed_flight(
    key: ec.EllipticCurvePrivateKey, client_random: bytes, server_random: bytes
) -> list[tuple[int, bytes]]:
    """The messages of a flight: of each, its type and its body."""
    hello = b"\xfe\xfd" + server_random + b"\x00" + SUITE + b"\x00"
    share = ec.generate_private_key(ec.SECP256R1()).public_key()
    point = share.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    parameters = b"\x03\x00\x17" + bytes([len(point)]) + point
    signature = key.sign(client_random + server_random + parameters, ec.ECDSA(hashes.SHA256()))
    exchange = parameters + b"\x04\x03" + len(signature).to_bytes(2) + signature
    return [
        (SERVER_HELLO, hello),
        (KEY_EXCHANGE, exchange),
        (CERTIFICATE_REQUEST, bytes.fromhex("01 40 0002 0403 0000")),
        (DONE, b""),
    ]


def handshake_responder(mode: HandshakeMode, key: ec.EllipticCurvePrivateKey) -> Responder:
    """Answer a ClientHello with a cookie, and one with that cookie with a flight, broken as `mode` says.

    "other-key" signs with a key of its own, "replayed" for another client's random. "gnutls" says nothing to the
    ClientHello with its cookie, as GnuTLS does to one that it refuses. "new-cookie" takes no cookie. "fragments" sends
    each message in three parts, all in disorder, and some twice; "endless-fragments" sends parts without end, and never
    all. "no-signature" sends no ServerKeyExchange. "no-cookie" gives no cookie, and sends its flight at once.
    """
    secret = os.urandom(32)
    flights: dict[bytes, list[tuple[int, bytes]]] = {}
    signs = ec.generate_private_key(ec.SECP256R1()) if mode == "other-key" else key
    disorder = random.Random(6347)

    def answer(data: bytes, before: int) -> Iterable[Reply]:
        if data[:1] == b"\xfc":  # a device's reachability packet
            return [Reply(data)]
        if data[:1] != b"\x16" or data[13] != 1:
            return []
        number, client_random, size = int.from_bytes(data[5:11]), data[27:59], data[60]
        cookie = hmac.digest(secret + (os.urandom(1) if mode == "new-cookie" else b""), client_random, hashlib.sha256)
        if mode == "new-cookie" or (mode != "no-cookie" and not size):
            return [Reply(record(number, HELLO_VERIFY, int(bool(size)), b"\xfe\xff\x20" + cookie))]
        if mode == "gnutls" or (mode != "no-cookie" and data[61 : 61 + size] != cookie):
            return []
        signed_for = os.urandom(32) if mode == "replayed" else client_random
        flight = flights.setdefault(client_random, signed_flight(signs, signed_for, os.urandom(32)))
        if mode == "no-signature":
            flight = [message for message in flight if message[0] != KEY_EXCHANGE]
        if mode == "endless-fragments":
            kind, body = flight[1]
            parts = (record(number + 1, kind, 2, body, (at % (len(body) - 1), 1)) for at in range(10**9))
            return (Reply(next(parts), at * ENDLESS_GAP_S) for at in range(int(ENDLESS_S / ENDLESS_GAP_S)))
        if mode == "fragments":
            return [Reply(data) for data in fragments(flight, number, disorder)]
        return [Reply(record(number + at, kind, 1 + at, body)) for at, (kind, body) in enumerate(flight)]

    return answer


def fragments(flight: list[tuple[int, bytes]], number: int, disorder: random.Random) -> list[bytes]:
    """A flight in parts of a third, in disorder, some of them twice."""
    parts = []
    for message, (kind, body) in enumerate(flight, 1):
        size = max(-(-len(body) // 3), 1)
        parts += [(kind, message, body, (at, min(size, len(body) - at))) for at in range(0, max(len(body), 1), size)]
    parts += disorder.sample(parts, 4)
    disorder.shuffle(parts)
    return [record(number + at, *part) for at, part in enumerate(parts)]
