"""Whether a P-256 key signed a DTLS handshake: checks the ServerKeyExchange as a device does (RFC 8422 section 5.4)."""

import base64
from functools import lru_cache
from typing import TYPE_CHECKING

from netpreflight.agent.judging import p256

if TYPE_CHECKING:
    from netpreflight.agent.profiles import Profile
    from netpreflight.probes.observations import CloudEndpoint

_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
"""What precedes the uncompressed point in the SubjectPublicKeyInfo of a P-256 key (RFC 5480 section 2)."""
_NAMED_CURVE = 3
_POINT_ON_P256 = b"\x03\x00\x17\x41"
"""The type of the parameters, the curve, and the length of an uncompressed point (RFC 8422 section 5.4)."""
_ECDSA_SHA256 = b"\x04\x03"
"""The signature algorithm: the only one that a device offers."""
_RANDOM_SIZE = 32
_LARGEST = 1024
"""A ServerKeyExchange with more bytes is not checked; on P-256 it has 145 at most."""


def public_key(text: str) -> p256.Point:
    """The key that a profile states, from base64.

    Raises:
        ValueError: the text is no such key; the message says what is expected.
    """
    try:
        der = base64.b64decode(text, validate=True)
    except ValueError:
        der = b""
    if len(der) != len(_HEAD) + 65 or not der.startswith(_HEAD):
        raise ValueError("the base64 of a SubjectPublicKeyInfo in DER, of a key on P-256: 91 bytes")
    try:
        return p256.point(der[len(_HEAD) :])
    except ValueError:
        raise ValueError("a point of the curve P-256 in the SubjectPublicKeyInfo") from None


@lru_cache(maxsize=256)
def is_signed(key: str, client_random: str, server_random: str, key_exchange: str) -> bool:
    """Whether a ServerKeyExchange is signed with a key, over both random numbers; False if malformed.

    Args:
        key: as `public_key` accepts it.
        client_random: 32 bytes, in hexadecimal like the next two.
        server_random: 32 bytes.
        key_exchange: the body of the ServerKeyExchange.
    """
    try:
        randoms, body = bytes.fromhex(client_random) + bytes.fromhex(server_random), bytes.fromhex(key_exchange)
    except ValueError:
        return False
    if len(randoms) != 2 * _RANDOM_SIZE or not 4 <= len(body) <= _LARGEST or body[0] != _NAMED_CURVE:
        return False
    parameters, rest = body[: 4 + body[3]], body[4 + body[3] :]  # type, curve, length, point
    algorithm, length, signature = rest[:2], rest[2:4], rest[4:]
    if algorithm != _ECDSA_SHA256 or len(length) != 2 or int.from_bytes(length) != len(signature):
        return False
    try:
        return p256.is_signed(public_key(key), randoms + parameters, signature)
    except ValueError:
        return False


def is_well_formed(client_random: str, server_random: str, key_exchange: str) -> bool:
    """Whether the texts hold two random numbers, a point of P-256 and a signature (by any key), and nothing else."""
    try:
        randoms, body = bytes.fromhex(client_random) + bytes.fromhex(server_random), bytes.fromhex(key_exchange)
        head, point, rest = body[:4], body[4:69], body[69:]
        p256.point(point)
        p256.signature(rest[4:])
    except ValueError:
        return False
    return (
        len(randoms) == 2 * _RANDOM_SIZE
        and head == _POINT_ON_P256
        and rest[:4] == _ECDSA_SHA256 + len(rest[4:]).to_bytes(2)
    )


def is_another(endpoint: "CloudEndpoint", profile: "Profile") -> bool:
    """Whether the answering server did not prove to be the device's cloud, though its key is known and it was asked."""
    if endpoint.flight is None or profile.cloud.server_key is None or endpoint.host not in profile.cloud.hosts.value:
        return False
    return not has_signed(endpoint, profile)


def has_signed(endpoint: "CloudEndpoint", profile: "Profile") -> bool:
    """Whether the answering server signed this run's random number with the key that the device carries."""
    flight, key = endpoint.flight, profile.cloud.server_key
    return (
        flight is not None
        and key is not None
        and endpoint.host in profile.cloud.hosts.value
        and is_signed(key.value, flight.client_random, flight.server_random, flight.key_exchange)
    )
