"""Signatures on P-256, held against OpenSSL, which `cryptography` brings."""

import hashlib
import random

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from netpreflight.agent.judging import p256
from tests.unit.partly import partly

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the base point: SP 800-186 section 3.2.1.3."""
PRIME = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
RANDOM = random.Random(5483)
SECRETS = {
    **{name: number % ORDER for name, number in (("1", 1), ("2", 2), ("order-1", -1), ("order-2", -2))},
    **{f"random-{number}": RANDOM.randrange(1, ORDER) for number in range(6)},
}
SHA256 = ec.ECDSA(hashes.SHA256())


def key_of(secret: int) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(secret, ec.SECP256R1())


def point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def openssl_says(key: ec.EllipticCurvePrivateKey, message: bytes, der: bytes) -> bool:
    try:
        key.public_key().verify(der, message, SHA256)
    except InvalidSignature:
        return False
    return True


def candidates(secret: int, message: bytes, signed: bytes) -> dict[str, bytes]:
    """Signatures and what is nearly one, by what is special about each."""
    r, s = utils.decode_dss_signature(signed)
    digest = int.from_bytes(hashlib.sha256(message).digest())
    same = digest * pow(secret, -1, ORDER) % ORDER  # both multiples are the same point
    numbers = {
        "the other s": (r, ORDER - s), "swapped": (s, r), "r + order": (r + ORDER, s), "s + order": (r, s + ORDER),
        "r = 0": (0, s), "s = 0": (r, 0), "r = order": (ORDER, s), "s = order": (r, ORDER), "ones": (1, 1),
        "largest": (ORDER - 1, ORDER - 1), "of 257 bits": (1 << 256, s), "of 2048 bits": (r, 1 << 2047),
        "added to itself": (same, RANDOM.randrange(1, ORDER)), "infinity": (ORDER - same, RANDOM.randrange(1, ORDER)),
    }  # fmt: skip
    changed = bytearray(signed)
    changed[RANDOM.randrange(len(signed))] ^= 1 << RANDOM.randrange(8)
    return {
        **{name: utils.encode_dss_signature(*pair) for name, pair in numbers.items()},
        "one bit": bytes(changed), "more": signed + b"\0", "less": signed[:-1], "empty": b"", "tag only": b"\x30",
        "long form": b"\x30\x81" + signed[1:], "r with a zero before it":
            bytes((0x30, signed[1] + 1, 2, signed[3] + 1, 0)) + signed[4:],
    }  # fmt: skip


@pytest.mark.parametrize("secret", partly(["1", "order-1", "random-0"], SECRETS))
@pytest.mark.parametrize("message", [b"", b"hello" * 40])
def test_it_says_what_openssl_says(secret: int, message: bytes) -> None:
    key = key_of(secret)
    point = p256.point(point_of(key))
    signed = key.sign(message, SHA256)

    assert p256.is_signed(point, message, signed)
    assert not p256.is_signed(point, message + b"x", signed)
    assert not p256.is_signed(p256.point(point_of(key_of(3))), message, signed)
    for name, der in candidates(secret, message, signed).items():
        assert p256.is_signed(point, message, der) == openssl_says(key, message, der), name


def test_a_signature_of_whoever_knows_the_secret_counts_where_both_multiples_are_the_same() -> None:
    """Found by choosing the number of the signature first; OpenSSL agrees that it is one."""
    number = 12345
    r = p256.point(point_of(key_of(number)))[0] % ORDER
    message = b"chosen"
    digest = int.from_bytes(hashlib.sha256(message).digest())
    secret = digest * pow(r, -1, ORDER) % ORDER
    key, der = key_of(secret), utils.encode_dss_signature(r, 2 * digest * pow(number, -1, ORDER) % ORDER)

    assert openssl_says(key, message, der)
    assert p256.is_signed(p256.point(point_of(key)), message, der)


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        b"\x04",
        bytes(65),
        b"\x04" + bytes(64),
        point_of(key_of(7))[:-1],
        point_of(key_of(7)) + b"\0",
        b"\x02" + point_of(key_of(7))[1:],
        b"\x04" + (PRIME + 5).to_bytes(32) + point_of(key_of(7))[33:],
    ],
    ids=["empty", "tag", "zeros", "origin", "short", "long", "compressed", "beyond-the-prime"],
)
def test_what_is_no_point_is_refused(encoded: bytes) -> None:
    with pytest.raises(ValueError, match="not an uncompressed point of the curve P-256"):
        p256.point(encoded)


def test_a_point_is_its_numbers() -> None:
    """RFC 6979 appendix A.2.5, and its signature of "sample"."""
    x = 0x60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6
    y = 0x7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299
    r = 0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
    s = 0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8

    assert p256.point(b"\x04" + x.to_bytes(32) + y.to_bytes(32)) == (x, y)
    assert p256.signature(utils.encode_dss_signature(r, s)) == (r, s)
    assert p256.is_signed((x, y), b"sample", utils.encode_dss_signature(r, s))
    assert not p256.is_signed((x, y), b"test", utils.encode_dss_signature(r, s))
