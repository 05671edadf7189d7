"""The first flight of DTLS 1.2 (RFC 6347) as Particle's UDP devices send it, and the records that answer it.

Device OS uses mbedTLS 2.22 with one suite, TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8 on secp256r1, raw public keys both
ways (RFC 7250), and the connection-id extension with its provisional number 254 and an empty id
(dtls_message_channel.cpp:252-277, mbedtls_config_platform.h). A server answers the ClientHello before any key is
considered: with a HelloVerifyRequest, a ServerHello, or an Alert.

A HelloVerifyRequest holds a cookie, which the server accepts only from the address and port that it was sent to, in
a second ClientHello that is otherwise the same (section 4.2.1). The server answers the second ClientHello with its
flight: a ServerHello, perhaps a Certificate, a ServerKeyExchange that is signed over both sides' random numbers (RFC
8422 section 5.4), perhaps a CertificateRequest, and a ServerHelloDone. These messages may come in fragments and in any
order (RFC 6347 section 4.2.3).
"""

import os
import struct
from dataclasses import dataclass, field

PORT = 5684
RANDOM_SIZE = 32
_DTLS_1_2 = 0xFEFD
_DTLS_1_0 = 0xFEFF
_HANDSHAKE, _ALERT = 22, 21
_CONTENT_TYPES = {20: "ChangeCipherSpec", _ALERT: "Alert", _HANDSHAKE: "Handshake", 23: "ApplicationData"}
_HANDSHAKE_TYPES = {2: "ServerHello", 3: "HelloVerifyRequest"}
_SERVER_HELLO, _HELLO_VERIFY, _KEY_EXCHANGE, _DONE = 2, 3, 12, 14
_FLIGHT = {
    _SERVER_HELLO: "ServerHello",
    11: "Certificate",
    _KEY_EXCHANGE: "ServerKeyExchange",
    13: "CertificateRequest",
    _DONE: "ServerHelloDone",
    22: "CertificateStatus",
}
"""The messages that a server's flight can hold: name by handshake type."""
_RECORD_HEADER = struct.Struct("!BHHHIH")  # type, version, epoch, sequence number (16 + 32 bits), length
_ALERT_LEVELS = {1, 2}
_LARGEST_RECORD = 2**14 + 2048
_FATAL, _HANDSHAKE_FAILURE = 2, 40
_MESSAGE_HEADER = 12
LARGEST_MESSAGE = 8192
"""The size (bytes) of the largest message that is reassembled: a certificate chain is smaller."""
MOST_MESSAGES = 16
MOST_FRAGMENTS = 48
"""How many fragments of a flight are accepted, with repeated ones: more than any server sends, less than a flood."""


def client_hello(random: bytes | None = None, cookie: bytes = b"", *, record: int = 0) -> bytes:
    """A ClientHello in a record of its own.

    Args:
        random: 32 bytes; None: new random ones.
        cookie: the cookie of a HelloVerifyRequest, for the second ClientHello of a handshake.
        record: the record's sequence number. A device begins with 0, and each retransmission has the next number (RFC
            6347 section 4.2.4; mbedTLS ssl_tls.c, mbedtls_ssl_write_record()).
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
    message_number = 1 if cookie else 0
    handshake = b"\x01" + length + message_number.to_bytes(2) + b"\x00\x00\x00" + length + body  # one fragment
    return _record(_HANDSHAKE, record, handshake)


def alert(record: int) -> bytes:
    """A fatal alert, with which a device ends a failed handshake; the server then drops the handshake's state."""
    return _record(_ALERT, record, bytes([_FATAL, _HANDSHAKE_FAILURE]))


def _record(content: int, number: int, body: bytes) -> bytes:
    """A record of epoch 0 with this sequence number."""
    return _RECORD_HEADER.pack(content, _DTLS_1_2, 0, number >> 32, number & 0xFFFFFFFF, len(body)) + body


def cookie_of(datagram: bytes) -> bytes | None:
    """The cookie in a server's datagram; None if the datagram is not a HelloVerifyRequest with a cookie."""
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
        ValueError: the datagram does not begin with a well-formed DTLS record that answers a ClientHello.
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


@dataclass
class _Message:
    """A handshake message, as far as its fragments have arrived."""

    kind: int
    body: bytearray
    missing: int
    """How many bytes of the body have not arrived yet."""
    received: bytearray
    """1 for each byte of the body that has arrived."""


@dataclass
class Flight:
    """A server's flight of handshake messages, reassembled from its datagrams; how much is kept is limited."""

    alert: str | None = None
    """The alert that the server sent instead of a flight, such as `Alert 40`."""
    cookie_again: bool = False
    """Whether the server asked for a cookie again, although the ClientHello already had the cookie."""
    is_flood: bool = False
    """Whether more fragments came than any server sends; further fragments are ignored."""
    _messages: dict[int, _Message] = field(default_factory=dict)
    _fragments: int = 0

    def add(self, datagram: bytes) -> None:
        """Add the alerts and handshake fragments in a datagram.

        Raises:
            ValueError: the datagram holds none of a flight.
        """
        taken, at = False, 0
        while len(datagram) - at >= _RECORD_HEADER.size:
            content, version, epoch, _, _, length = _RECORD_HEADER.unpack_from(datagram, at)
            begin = at + _RECORD_HEADER.size
            at = begin + length
            if version not in {_DTLS_1_0, _DTLS_1_2} or epoch != 0 or at > len(datagram):
                break
            body = datagram[begin:at]
            if content == _ALERT and length == 2 and body[0] in _ALERT_LEVELS:
                self.alert = self.alert or f"Alert {body[1]}"
                taken = True
            elif content == _HANDSHAKE:
                taken = self._add_handshake(body) or taken
        if not taken:
            raise ValueError("not a DTLS handshake record that a server would send")

    def _add_handshake(self, record: bytes) -> bool:
        """Add the fragments in a handshake record; returns whether any of them can belong to a server's flight."""
        taken, at = False, 0
        while len(record) - at >= _MESSAGE_HEADER:
            whole, offset, size = (int.from_bytes(record[at + i : at + i + 3]) for i in (1, 6, 9))
            kind, number = record[at], int.from_bytes(record[at + 4 : at + 6])
            fragment = record[at + _MESSAGE_HEADER : at + _MESSAGE_HEADER + size]
            at += _MESSAGE_HEADER + size
            if len(fragment) != size or offset + size > whole:
                break
            if kind == _HELLO_VERIFY:
                self.cookie_again = taken = True
            elif kind in _FLIGHT and number < MOST_MESSAGES and whole <= LARGEST_MESSAGE:
                taken = self._add_fragment(
                    number, _Message(kind, bytearray(whole), whole, bytearray(whole)), offset, fragment
                )
        return taken

    def _add_fragment(self, number: int, new: _Message, offset: int, fragment: bytes) -> bool:
        """Add a fragment, without changing bytes that have already arrived; returns whether it fits its message."""
        self._fragments += 1
        if self._fragments > MOST_FRAGMENTS:
            self.is_flood = True
            return True
        message = self._messages.setdefault(number, new)
        if (message.kind, len(message.body)) != (new.kind, len(new.body)):
            return False
        end = offset + len(fragment)
        if message.received.count(1, offset, end):  # repeated, or split differently
            old = zip(message.body[offset:end], message.received[offset:end], fragment, strict=True)
            fragment = bytes(body if is_received else byte for body, is_received, byte in old)
        message.missing -= message.received.count(0, offset, end)
        message.body[offset:end], message.received[offset:end] = fragment, b"\x01" * len(fragment)
        return True

    @property
    def begun(self) -> bool:
        """Whether any part of the flight has arrived."""
        return bool(self._messages)

    @property
    def messages(self) -> list[str]:
        """The names of the messages that have arrived completely, in the server's order."""
        return [_FLIGHT[message.kind] for _, message in sorted(self._messages.items()) if not message.missing]

    @property
    def is_whole(self) -> bool:
        """Whether enough of the flight has arrived to judge it.

        That is: ServerHello and the signed ServerKeyExchange; or, if the server sends no ServerKeyExchange, every
        message from ServerHello to ServerHelloDone.
        """
        kinds = {message.kind: number for number, message in self._messages.items() if not message.missing}
        if {_SERVER_HELLO, _KEY_EXCHANGE} <= kinds.keys():
            return True
        if not {_SERVER_HELLO, _DONE} <= kinds.keys():
            return False
        return all(
            number in self._messages and not self._messages[number].missing
            for number in range(kinds[_SERVER_HELLO], kinds[_DONE])
        )

    @property
    def server_random(self) -> bytes:
        """The random number in the server's ServerHello; empty: no complete ServerHello came."""
        hello = self._body(_SERVER_HELLO)
        return hello[2 : 2 + RANDOM_SIZE] if len(hello) >= 2 + RANDOM_SIZE else b""

    @property
    def key_exchange(self) -> bytes:
        """The body of the server's ServerKeyExchange; empty: no complete one came."""
        return self._body(_KEY_EXCHANGE)

    def _body(self, kind: int) -> bytes:
        """The body of the first complete message of this handshake type; empty: there is none."""
        whole = (message for message in self._messages.values() if message.kind == kind and not message.missing)
        return next((bytes(message.body) for message in whole), b"")
