"""Verifying ECDSA signatures with SHA-256 on the curve P-256 (FIPS 186-5 section 6.4.2).

All inputs are public (a server's key and what it has signed), so the code need not run in constant time. The
curve: SP 800-186 section 3.2.1.3. A point is (x, y); in Jacobian coordinates (x, y, z) it is (x/z², y/z³), and
z is 0 at infinity (the formulas: SEC 1 section 2.2.1; hyperelliptic.org/EFD, "dbl-2001-b" and "add-1998-cmo-2").
"""

import hashlib

Point = tuple[int, int]
_Jacobian = tuple[int, int, int]

_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
"""The prime of the field."""
_N = 0xFFFFFFFF_00000000_FFFFFFFF_FFFFFFFF_BCE6FAAD_A7179E84_F3B9CAC2_FC632551
"""The order of the base point."""
_B = 0x5AC635D8_AA3A93E7_B3EBBD55_769886BC_651D06B0_CC53B0F6_3BCE3C3E_27D2604B
"""The curve is y² = x³ - 3x + b."""
_G = (
    0x6B17D1F2_E12C4247_F8BCE6E5_63A440F2_77037D81_2DEB33A0_F4A13945_D898C296,
    0x4FE342E2_FE1A7F9B_8EE7EB4A_7C0F9E16_2BCE3357_6B315ECE_CBB64068_37BF51F5,
    1,
)
"""The base point."""
_INFINITY = (1, 1, 0)
_SIZE = 32  # bytes of a coordinate


def point(encoded: bytes) -> Point:
    """A point of the curve, from its uncompressed form (SEC 1 section 2.3.4).

    Raises:
        ValueError: the bytes are no such form of a point of the curve.
    """
    x, y = int.from_bytes(encoded[1 : 1 + _SIZE]), int.from_bytes(encoded[1 + _SIZE :])
    if len(encoded) != 1 + 2 * _SIZE or encoded[0] != 4 or max(x, y) >= _P or (y * y - x**3 + 3 * x - _B) % _P:
        raise ValueError("not an uncompressed point of the curve P-256")
    return x, y


def signature(der: bytes) -> tuple[int, int]:
    """The two numbers of a signature, from DER (RFC 3279 section 2.2.3).

    Raises:
        ValueError: the bytes are no signature, or not its shortest encoding.
    """
    if len(der) > 2 * (_SIZE + 3) + 2 or der[:1] + der[2:3] != b"\x30\x02":
        raise ValueError("not the DER of two numbers of 256 bits")
    end = 4 + int.from_bytes(der[3:4])
    r, s = int.from_bytes(der[4:end]), int.from_bytes(der[end + 2 :])
    body = _integer(r) + _integer(s)
    if max(r, s) >= 1 << 8 * _SIZE or der != bytes((0x30, len(body))) + body:
        raise ValueError("not the DER of two numbers of 256 bits")
    return r, s


def _integer(value: int) -> bytes:
    """A number as an INTEGER in DER."""
    size = value.bit_length() // 8 + 1  # the first bit is the sign
    return bytes((2, size)) + value.to_bytes(size)


def is_signed(key: Point, message: bytes, der: bytes) -> bool:
    """Whether `der` is a valid signature of the message with this key; False for malformed bytes, too."""
    try:
        r, s = signature(der)
    except ValueError:
        return False
    if not (0 < r < _N and 0 < s < _N):
        return False
    inverse = pow(s, -1, _N)
    digest = int.from_bytes(hashlib.sha256(message).digest())
    x, _, z = _sum_of_multiples(digest * inverse % _N, r * inverse % _N, key)
    return z != 0 and x * pow(z, -2, _P) % _P % _N == r


def _sum_of_multiples(of_base: int, of_key: int, key: Point) -> _Jacobian:
    """`of_base` times the base point plus `of_key` times the key, computed together, bit by bit."""
    addends = {"01": (*key, 1), "10": _G, "11": _added(_G, (*key, 1))}
    total = _INFINITY
    for bits in zip(f"{of_base:0256b}", f"{of_key:0256b}", strict=True):
        total = _doubled(total)
        if addend := addends.get("".join(bits)):
            total = _added(total, addend)
    return total


def _doubled(a: _Jacobian) -> _Jacobian:
    """A point added to itself."""
    x, y, z = a
    delta, gamma = z * z % _P, y * y % _P
    beta, alpha = x * gamma % _P, 3 * (x - delta) * (x + delta) % _P
    doubled_x = (alpha * alpha - 8 * beta) % _P
    return doubled_x, (alpha * (4 * beta - doubled_x) - 8 * gamma * gamma) % _P, 2 * y * z % _P


def _added(a: _Jacobian, b: _Jacobian) -> _Jacobian:
    """The sum of two points."""
    (ax, ay, az), (bx, by, bz) = a, b
    if not az or not bz:
        return b if not az else a
    azz, bzz = az * az % _P, bz * bz % _P
    u, s = ax * bzz % _P, ay * bz * bzz % _P
    h, r = (bx * azz - u) % _P, (by * az * azz - s) % _P
    if not h:
        return _INFINITY if r else _doubled(a)
    hh = h * h % _P
    hhh, v = h * hh % _P, u * hh % _P
    x = (r * r - hhh - 2 * v) % _P
    return x, (r * (v - x) - s * hhh) % _P, h * az * bz % _P
