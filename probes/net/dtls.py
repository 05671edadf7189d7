"""The first flight of DTLS 1.2 (RFC 6347) as Particle's UDP devices send it, and the records that answer it.

Device OS uses mbedTLS 2.22 with one suite, TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8 on secp256r1, raw public keys both
ways (RFC 7250), and the connection-id extension with its provisional number 254 and an empty id
(dtls_message_channel.cpp:252-277, mbedtls_config_platform.h). A server answers the ClientHello before any key is
considered: with a HelloVerifyRequest, a ServerHello, or an Alert.

A HelloVerifyRequest holds a cookie, which the server takes back only from the address and port that it was sent to, in
a second ClientHello that is otherwise the same (section 4.2.1).
"""

import os
import struct

PORT = 5684
RANDOM_AT = 27
"""Where a ClientHello has its random: after the headers of record and message, and the version."""
RANDOM_SIZE = 32
_DTLS_1_2 = 0xFEFD
_DTLS_1_0 = 0xFEFF
_HANDSHAKE, _ALERT = 22, 21
_CONTENT_TYPES = {20: "ChangeCipherSpec", _ALERT: "Alert", _HANDSHAKE: "Handshake", 23: "ApplicationData"}
_HANDSHAKE_TYPES = {2: "ServerHello", 3: "HelloVerifyRequest"}
_RECORD_HEADER = struct.Struct("!BHHHIH")  # type, version, epoch, sequence number (16 + 32 bits), length
_ALERT_LEVELS = {1, 2}
_LARGEST_RECORD = 2**14 + 2048
_FATAL, _HANDSHAKE_FAILURE = 2, 40


def client_hello(random: bytes | None = None, cookie: bytes = b"", *, record: int = 0) -> bytes:
    """A ClientHello in a record of its own.

    Args:
        random: 32 bytes; new ones, if none are given.
        cookie: what a HelloVerifyRequest gave; this is then the second ClientHello of its handshake.
        record: the record's sequence number. A device's first is 0, and each retransmission has the next one (RFC 6347
            section 4.2.4; mbedTLS ssl_tls.c, mbedtls_ssl_write_record()).
    """
    extensions = b"".join(
        struct.pack("!HH", number, len(body)) + body
        for number, body in (
            (13, b"\x00\x02\x04\x03"),  # signature_algorithms: ecdsa_secp256r1_sha256
            (10, b"\x00\x02\x00\x17"),  # supported_groups: secp256r1
            (11, b"\x01\x00"),  # ec_point_formats: uncompressed
            (254, b"\x00"),  # connection_id, provisional number, empty id
            (19, b"\x01\x02"),  # client_certificate_type: RawPublicKey
            (20, b"\x01\x02"),  # server_certificate_type: RawPublicKey
        )
    )
    body = (
        struct.pack("!H", _DTLS_1_2)
        + (random or os.urandom(RANDOM_SIZE))
        + b"\x00"  # no session
        + bytes([len(cookie)])
        + cookie
        + struct.pack("!HHH", 4, 0xC0AE, 0x00FF)  # the suite, and TLS_EMPTY_RENEGOTIATION_INFO_SCSV
        + b"\x01\x00"  # no compression
        + struct.pack("!H", len(extensions))
        + extensions
    )
    length = len(body).to_bytes(3)
    message = 1 if cookie else 0
    handshake = b"\x01" + length + message.to_bytes(2) + b"\x00\x00\x00" + length + body  # one fragment
    return _record(_HANDSHAKE, record, handshake)


def alert(record: int) -> bytes:
    """A fatal alert, with which a device ends a handshake that failed; the server then keeps nothing of it."""
    return _record(_ALERT, record, bytes([_FATAL, _HANDSHAKE_FAILURE]))


def _record(content: int, number: int, body: bytes) -> bytes:
    """A record of epoch 0 with this sequence number."""
    return _RECORD_HEADER.pack(content, _DTLS_1_2, 0, number >> 32, number & 0xFFFFFFFF, len(body)) + body


def cookie_of(datagram: bytes) -> bytes | None:
    """The cookie in a server's datagram, or None where that is no HelloVerifyRequest with one."""
    try:
        if record_name(datagram) != "HelloVerifyRequest":
            return None
    except ValueError:
        return None
    length = int.from_bytes(datagram[11:13])
    body = datagram[_RECORD_HEADER.size + 12 : _RECORD_HEADER.size + length]  # version (2), length (1), the cookie
    return body[3:] if len(body) > 3 and len(body) == 3 + body[2] else None


def record_name(datagram: bytes) -> str:
    """The name of the first record in a server's datagram.

    Raises:
        ValueError: it is no well-formed DTLS record that a server sends in answer to a ClientHello.
    """
    if len(datagram) < _RECORD_HEADER.size:
        raise ValueError("too short for a DTLS record")
    content, version, epoch, _, _, length = _RECORD_HEADER.unpack_from(datagram)
    if content not in _CONTENT_TYPES or version not in {_DTLS_1_0, _DTLS_1_2} or epoch != 0:
        raise ValueError("not a DTLS record")
    body = datagram[_RECORD_HEADER.size : _RECORD_HEADER.size + length]
    if len(body) != length or not 0 < length <= _LARGEST_RECORD:
        raise ValueError("a DTLS record of the wrong length")
    if content == _ALERT:
        if length != 2 or body[0] not in _ALERT_LEVELS:
            raise ValueError("a broken DTLS alert")
        return f"Alert {body[1]}"
    if content != _HANDSHAKE:
        raise ValueError(f"a DTLS {_CONTENT_TYPES[content]} record, which answers no ClientHello")
    if length < 12 or body[0] not in _HANDSHAKE_TYPES:
        raise ValueError("a DTLS handshake message that no server sends first")
    whole, offset, fragment = (int.from_bytes(part) for part in (body[1:4], body[6:9], body[9:12]))
    if not whole or offset + fragment > whole or fragment > length - 12:
        raise ValueError("a broken DTLS handshake fragment")
    return _HANDSHAKE_TYPES[body[0]]
