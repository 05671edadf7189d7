"""Who signed a handshake: flights recorded from the vendor's server and OpenSSL, put together from any pieces."""

import random
import struct
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netpreflight.agent.judging.signature import is_signed, public_key
from netpreflight.probes.net import dtls
from tests.unit.test_dtls import ALERT, HELLO_VERIFY, RANDOM

# The vendor's server (npm node-mbed-dtls 3.0.0-rc.14) with the key of its tests, in answer to a ClientHello whose
# random is 00 to 1f, with its cookie: ServerHello, ServerKeyExchange, CertificateRequest, ServerHelloDone.
VENDOR_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKxmdyfKwLdHxffAr0ezRV9Z0Ud"
    "ecCeFwQ0pbwkDASWc0yKT4tPf7tNA/zK8fqi4ddoLPOhoLQjgUbVRCBdxNJw=="
)
SERVER_HELLO = bytes.fromhex(
    "16fefd000000000000000100690200005d000100000000005dfefd6b0b122a7d1bbde982f7b67eaac2e91990b3594ac28299b4833fd3"
    "ecf32157f5206af0fbf74d980faf01c8cf55a494dfe52a96d0152f9fc31fba936fcd5414772cc0ae000015ff01000100000b00020100"
    "00130001020014000102"
)
KEY_EXCHANGE = bytes.fromhex(
    "16fefd0000000000000002009d0c0000910002000000000091030017410432963b3a6b8cee1da870147e99171f9884b71697146ac85f"
    "9d96240a26a36f63f5685cac5e82f42d6945f8c99e9f19d15170f6438a3986ff12f88c79114e4162040300483046022100c7e1262bf3"
    "eda69af6f7f15433209fb38224bc1abe593952b18d6694a2f144490221008f9dcccafad27f581d320a26a6b49cb5299e4498a085baff"
    "def5cf889089b4c9"
)
CERTIFICATE_REQUEST = bytes.fromhex("16fefd000000000000000300140d00000800030000000000080140000204030000")
DONE = bytes.fromhex("16fefd0000000000000004000c0e0000000004000000000000")
VENDOR = [SERVER_HELLO, KEY_EXCHANGE, CERTIFICATE_REQUEST, DONE]
# OpenSSL 3.0 by libcoap's server, to the same random: one datagram, with a certificate.
OPENSSL_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQeE0j3vi7uv8eIiRMBzwR1Gcch"
    "9QW971yiE8p9Mg0qqL5+BoGkp7gE5pGa9Vl8qupjNyGETDshHKnHfU88HwWA=="
)
OPENSSL = bytes.fromhex(
    "16fefd00000000000000010061020000550001000000000055fefd93a4dc2d6899c834f08009155a53216405d8863e3de50023187501"
    "ac8c06e2d620f04f52b4e5c7c8b28852c2a796e1af10f8fff46a51cc32ea2756cd41ed9f6f75c0ae00000dff01000100000b00040300"
    "010216fefd000000000000000201b40b0001a800020000000001a80001a50001a23082019e30820144a003020102021421b22d0cbd17"
    "c1aa0f8363faede2e305db6eb663300a06082a8648ce3d040302301e311c301a06035504030c136e6574707265666c69676874206c61"
    "62204341301e170d3236313132383137343130375a170d3236313230373137343130375a30163114301206035504030c0b6c61622e65"
    "78616d706c653059301306072a8648ce3d020106082a8648ce3d0301070342000441e1348f7be2eeebfc788891301cf047519c721f50"
    "5bdef5ca213ca7d320d2aa8be7e0681a4a7b804e6919af5597caaea633721844c3b211ca9c77d4f3c1f058a3683066301d0603551d0e"
    "041604141394668af6ade014b34a48aebf5ed9057060e9eb301f0603551d230418301680143f1398e16abdaa463ed8d11ebd4d2ef6c0"
    "fe88ff300c0603551d130101ff0402300030160603551d11040f300d820b6c61622e6578616d706c65300a06082a8648ce3d04030203"
    "480030450221009cd8582ff5eaeaab5b0a4e872349cb1b1e806b19a5c08ce821231590760bebb2022020c063f33d167deec2046ebcb8"
    "f488739c5d97c443463fc1c2e67a05c1cd473316fefd0000000000000003009c0c00009000030000000000900300174104225fec566c"
    "6c9d53cd5704edc894652d9e3a8193ab2e2577b22c46f43a5310d9f0342d645ef0360994662a0887fad00c27584289f0e710eff4b1dd"
    "ce9980bbd3040300473045022100b41d5cacf2a79238023da1e35f6fd0d8ed49e2ee092a91662c679dabc227aa5502202176f7af662c"
    "bd55aaa5e6a627de4268618a0d357f55bfadf1b23927f3a14bb116fefd0000000000000004000c0e0000000004000000000000"
)
DEVICES_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEUJv8GFZIwz+AkHrhMmDfMyghFSCeVKIv"
    "KxBZhKRjYsB8Jnn25M52ygAtPeS/Lp46YhUcSBeb2Andzpxdww9UuA=="
)
"""npm particle-cli 3.43.1, assets/keys/ec.pub.der, its first 91 bytes."""


def taken(*datagrams: bytes) -> dtls.Flight:
    """A flight of which these have come."""
    flight = dtls.Flight()
    for datagram in datagrams:
        flight.add(datagram)
    return flight


def signs(flight: dtls.Flight, key: str = VENDOR_KEY, asked: bytes = RANDOM) -> bool:
    return is_signed(key, asked.hex(), flight.server_random.hex(), flight.key_exchange.hex())


def in_parts(datagram: bytes, size: int) -> list[bytes]:
    """A datagram of one message, as fragments of so many bytes (RFC 6347 section 4.2.3)."""
    head, body = datagram[13:19], datagram[25:]
    parts = []
    for at in range(0, max(len(body), 1), size):
        part = body[at : at + size]
        fragment = head + at.to_bytes(3) + len(part).to_bytes(3) + part
        parts.append(datagram[:11] + len(fragment).to_bytes(2) + fragment)
    return parts


# --- the recorded flights


def test_the_vendors_flight_is_signed_for_our_random_and_no_other() -> None:
    flight = taken(*VENDOR)

    assert [len(data) for data in VENDOR] == [118, 170, 33, 25]
    assert flight.messages == ["ServerHello", "ServerKeyExchange", "CertificateRequest", "ServerHelloDone"]
    assert flight.is_whole
    assert signs(flight)
    assert not signs(flight, asked=RANDOM[::-1])
    assert not signs(flight, key=OPENSSL_KEY)
    assert not signs(flight, key=DEVICES_KEY)


def test_one_datagram_with_a_certificate_is_a_flight_too() -> None:
    flight = taken(OPENSSL)

    assert flight.messages[:3] == ["ServerHello", "Certificate", "ServerKeyExchange"]
    assert signs(flight, OPENSSL_KEY)
    assert not signs(flight)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_its_order_does_not_matter(order: tuple[int, ...]) -> None:
    flight = taken(*(VENDOR[at] for at in order))

    assert flight.is_whole
    assert signs(flight)


@pytest.mark.parametrize("size", [1, 7, 50, 100])
@pytest.mark.parametrize("seed", range(3))
def test_fragments_in_any_order_some_twice_and_of_two_sizes(size: int, seed: int) -> None:
    parts = [*in_parts(SERVER_HELLO, 40), *in_parts(KEY_EXCHANGE, max(size, 5)), *in_parts(KEY_EXCHANGE, 60)]
    random.Random(seed).shuffle(parts)

    assert signs(taken(*parts))


def test_what_has_come_stays_as_it_came_first() -> None:
    forged = KEY_EXCHANGE[:-1] + bytes([KEY_EXCHANGE[-1] ^ 1])

    assert signs(taken(SERVER_HELLO, KEY_EXCHANGE, forged))
    assert not signs(taken(SERVER_HELLO, forged, KEY_EXCHANGE))


@pytest.mark.parametrize("lost", range(2))
def test_without_what_is_signed_it_is_not_whole(lost: int) -> None:
    flight = taken(*VENDOR[:lost], *VENDOR[lost + 1 :])

    assert not flight.is_whole
    assert flight.begun
    assert not signs(flight)


def test_a_flight_that_signs_nothing_is_whole_with_its_end() -> None:
    done = DONE[:17] + b"\x00\x02" + DONE[19:]

    assert taken(SERVER_HELLO, done).is_whole
    assert not taken(SERVER_HELLO, DONE).is_whole, "messages 2 and 3 are missing"


def test_an_alert_and_another_cookie_are_told_apart_from_a_flight() -> None:
    assert (taken(ALERT).alert, taken(ALERT).begun) == ("Alert 40", False)
    assert (taken(HELLO_VERIFY).cookie_again, taken(HELLO_VERIFY).begun) == (True, False)


# --- whatever a server sends


@pytest.mark.parametrize("more", [0, 1, 90])
def test_a_flood_of_fragments_ends(more: int) -> None:
    flight = taken(*in_parts(KEY_EXCHANGE, 1)[: dtls.MOST_FRAGMENTS + more])

    assert flight.is_flood == (more > 0)
    assert not flight.is_whole


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        KEY_EXCHANGE[:-1],
        KEY_EXCHANGE[:3] + b"\0\1" + KEY_EXCHANGE[5:],
        b"\x17" + KEY_EXCHANGE[1:],
        dtls.client_hello(),
        struct.pack("!BHQH", 22, 0xFEFD, 1, 12) + b"\x0c\xff\xff\xff\0\2" + bytes(6),
        struct.pack("!BHQH", 22, 0xFEFD, 1, 12) + b"\x0c\0\0\1\xff\xff" + bytes(6),
    ],
    ids=["empty", "cut", "epoch-1", "application-data", "ours", "16-mib", "message-65535"],
)
def test_what_is_no_part_of_a_flight_is_refused(datagram: bytes) -> None:
    with pytest.raises(ValueError, match="no DTLS record of a server's flight"):
        taken(datagram)


PIECES = [*VENDOR, OPENSSL, ALERT, HELLO_VERIFY, *in_parts(KEY_EXCHANGE, 40)]


@given(st.lists(
    st.one_of(
        st.binary(max_size=200),
        st.builds(lambda data, at, byte, cut: (data[:at] + bytes([byte]) + data[at + 1 :])[:cut],
                  st.sampled_from(PIECES), st.integers(0, 200), st.integers(0, 255), st.integers(0, 900)),
    ),
    max_size=12,
))  # fmt: skip
def test_hostile_datagrams_are_a_flight_or_none_and_never_a_fault(datagrams: list[bytes]) -> None:
    flight = dtls.Flight()
    for datagram in datagrams:
        try:
            flight.add(datagram)
        except ValueError as says:
            assert str(says) == "no DTLS record of a server's flight"  # noqa: PT017 - most raise nothing
    assert len(flight.messages) <= dtls.MOST_MESSAGES
    assert len(flight.key_exchange) <= dtls.LARGEST_MESSAGE
    assert not signs(flight, DEVICES_KEY)


BODY = KEY_EXCHANGE[25:]
SERVER_RANDOM = SERVER_HELLO[27:59]


@pytest.mark.parametrize("at", range(len(BODY)))
def test_each_byte_of_what_is_signed_counts(at: int) -> None:
    changed = BODY[:at] + bytes([BODY[at] ^ 0x01]) + BODY[at + 1 :]

    assert is_signed(VENDOR_KEY, RANDOM.hex(), SERVER_RANDOM.hex(), BODY.hex())
    assert not is_signed(VENDOR_KEY, RANDOM.hex(), SERVER_RANDOM.hex(), changed.hex())


@given(st.binary(max_size=200), st.integers(0, 200))
def test_a_hostile_key_exchange_is_not_signed(body: bytes, cut: int) -> None:
    for made in (body, BODY[:cut] + body, body + BODY[cut:]):
        if made != BODY:
            assert not is_signed(VENDOR_KEY, RANDOM.hex(), SERVER_RANDOM.hex(), made.hex())


@pytest.mark.parametrize(
    "changed",
    [
        {"key": "="}, {"key": ""}, {"client_random": "0"}, {"client_random": "xy"}, {"client_random": ""},
        {"server_random": ""}, {"server_random": SERVER_RANDOM.hex()[2:]}, {"key_exchange": ""},
        {"key_exchange": BODY.hex() + "00"}, {"key_exchange": "03" * 100_000},
    ],
)  # fmt: skip
def test_what_a_saved_run_may_hold_is_not_signed(changed: dict[str, str]) -> None:
    usual = {"key": VENDOR_KEY, "client_random": RANDOM.hex(), "server_random": SERVER_RANDOM.hex()}

    assert not is_signed(**{**usual, "key_exchange": BODY.hex(), **changed})


@pytest.mark.parametrize(
    "text", ["", "no base64!", VENDOR_KEY[:-4], VENDOR_KEY.replace("Kxmd", "KxmD", 1), "A" * 122 + "=="]
)
def test_what_is_no_key_on_the_curve_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="P-256"):
        public_key(text)
