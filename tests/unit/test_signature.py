"""Who signed a handshake: flights recorded from the vendor's server and OpenSSL, put together from any pieces."""

import random
import struct
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netpreflight.agent.judging.signature import is_signed, is_well_formed, public_key
from netpreflight.probes.net import dtls
from tests.unit.dtls_records import (
    ALERT,
    DEVICES_KEY,
    DONE,
    HELLO_VERIFY,
    KEY_EXCHANGE,
    OPENSSL,
    OPENSSL_KEY,
    RANDOM,
    VENDOR,
    VENDOR_HELLO,
    VENDOR_KEY,
)


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
    parts = [*in_parts(VENDOR_HELLO, 40), *in_parts(KEY_EXCHANGE, max(size, 5)), *in_parts(KEY_EXCHANGE, 60)]
    random.Random(seed).shuffle(parts)

    assert signs(taken(*parts))


def test_what_has_come_stays_as_it_came_first() -> None:
    forged = KEY_EXCHANGE[:-1] + bytes([KEY_EXCHANGE[-1] ^ 1])

    assert signs(taken(VENDOR_HELLO, KEY_EXCHANGE, forged))
    assert not signs(taken(VENDOR_HELLO, forged, KEY_EXCHANGE))


@pytest.mark.parametrize("lost", range(2))
def test_without_what_is_signed_it_is_not_whole(lost: int) -> None:
    flight = taken(*VENDOR[:lost], *VENDOR[lost + 1 :])

    assert not flight.is_whole
    assert flight.begun
    assert not signs(flight)


def test_a_flight_that_signs_nothing_is_whole_with_its_end() -> None:
    done = DONE[:17] + b"\x00\x02" + DONE[19:]

    assert taken(VENDOR_HELLO, done).is_whole
    assert not taken(VENDOR_HELLO, DONE).is_whole, "messages 2 and 3 are missing"


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
    with pytest.raises(ValueError, match="not a DTLS handshake record that a server would send"):
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
            assert str(says) == "not a DTLS handshake record that a server would send"  # noqa: PT017 - most raise nothing
    assert len(flight.messages) <= dtls.MOST_MESSAGES
    assert len(flight.key_exchange) <= dtls.LARGEST_MESSAGE
    assert not signs(flight, DEVICES_KEY)


BODY = KEY_EXCHANGE[25:]
SERVER_RANDOM = VENDOR_HELLO[27:59]


def test_each_byte_of_what_is_signed_counts() -> None:
    assert is_signed(VENDOR_KEY, RANDOM.hex(), SERVER_RANDOM.hex(), BODY.hex())
    for at in range(len(BODY)):
        changed = BODY[:at] + bytes([BODY[at] ^ 0x01]) + BODY[at + 1 :]
        assert not is_signed(VENDOR_KEY, RANDOM.hex(), SERVER_RANDOM.hex(), changed.hex()), at


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


# --- what may stay in a report for a ticket


def well_formed(flight: dtls.Flight, body: bytes | None = None, asked: bytes = RANDOM) -> bool:
    body = flight.key_exchange if body is None else body
    return is_well_formed(asked.hex(), flight.server_random.hex(), body.hex())


@pytest.mark.parametrize("flight", [taken(*VENDOR), taken(OPENSSL)], ids=["vendor", "openssl"])
def test_of_a_real_server_it_is_numbers_and_a_signature_and_nothing_else(flight: dtls.Flight) -> None:
    body = flight.key_exchange

    assert well_formed(flight)
    assert well_formed(flight, asked=RANDOM[::-1]), "whoever signed it, and for whom"
    for other in (b"", body[:-1], body + b"x", body[:4], bytes(len(body)), b"serial 4711".ljust(len(body)), body[::-1]):
        assert not well_formed(flight, other)
    for at in (0, 1, 2, 3, 4, 69, 70, 71, 72, 73, 74):
        assert not well_formed(flight, body[:at] + bytes([body[at] ^ 0x55]) + body[at + 1 :]), at
    assert not well_formed(flight, asked=RANDOM + b"x")
    assert not is_well_formed("zz", flight.server_random.hex(), body.hex())


def test_a_text_in_place_of_the_point_is_no_point() -> None:
    """The half of all numbers are the x of a point, but not with any y."""
    flight = taken(*VENDOR)
    text = b"serial 4711 of the box in room 12, Main Street 1, third floor".ljust(64)

    assert not well_formed(flight, flight.key_exchange[:5] + text + flight.key_exchange[69:])
