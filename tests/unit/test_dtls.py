"""The ClientHello as tshark reads it, and the records of a real server (OpenSSL 3.0.17 `s_server -dtls1_2`)."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netpreflight.probes.net import dtls
from tests.unit.dtls_records import ALERT, COOKIE, HELLO_VERIFY, RANDOM, SERVER_HELLO, hello

CERTIFICATE_FRAGMENT = bytes.fromhex("16fefd000000000000000c000c0e0000000004000000000000")  # its ServerHelloDone
HEADER = 13


def fields(tmp_path: Path, *names: str) -> dict[str, str]:
    """What tshark says of our ClientHello, sent to UDP 5684."""
    capture = tmp_path / "hello.pcap"
    text = "".join(f"{at:06x} {byte:02x}\n" for at, byte in enumerate(dtls.client_hello()))
    subprocess.run(["text2pcap", "-q", "-u", "40000,5684", "-", str(capture)], input=text, text=True, check=True,
                   capture_output=True)  # fmt: skip
    wanted = [word for name in names for word in ("-e", name)]
    argv = ["tshark", "-r", str(capture), "-d", "udp.port==5684,dtls", "-T", "fields", "-E", "separator=|", *wanted]
    line = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip("\n")
    return dict(zip(names, line.split("|"), strict=True))


@pytest.mark.more
@pytest.mark.tshark
def test_tshark_sees_the_hello_of_a_particle_device(tmp_path: Path) -> None:
    h = "dtls.handshake"
    assert fields(
        tmp_path, "dtls.record.content_type", "dtls.record.version", f"{h}.type", f"{h}.version", f"{h}.cookie_length",
        f"{h}.ciphersuite", f"{h}.extensions_supported_group", f"{h}.sig_hash_alg", f"{h}.extension.type",
        f"{h}.cert_type.type", f"{h}.comp_method", "_ws.malformed", "_ws.expert.message",
    ) == {
        "dtls.record.content_type": "22",
        "dtls.record.version": "0xfefd",
        f"{h}.type": "1",
        f"{h}.version": "0xfefd",  # DTLS 1.2
        f"{h}.cookie_length": "0",
        f"{h}.ciphersuite": "0xc0ae,0x00ff",  # TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8, and RFC 5746's signal
        f"{h}.extensions_supported_group": "0x0017",  # secp256r1
        f"{h}.sig_hash_alg": "0x0403",
        f"{h}.extension.type": "13,10,11,254,19,20",  # 254: connection_id as mbedTLS 2.22 numbers it; 19, 20: RFC 7250
        f"{h}.cert_type.type": "0x02,0x02",  # raw public keys, both ways
        f"{h}.comp_method": "0",
        "_ws.malformed": "",
        "_ws.expert.message": "",
    }  # fmt: skip


def test_the_connection_id_is_offered_empty() -> None:
    assert (254).to_bytes(2) + b"\x00\x01\x00" in dtls.client_hello()


def test_no_two_hellos_have_the_same_random() -> None:
    assert dtls.client_hello() != dtls.client_hello()


def test_the_cookie_is_the_one_in_the_request() -> None:
    assert dtls.cookie_of(HELLO_VERIFY) == COOKIE
    assert len(COOKIE) == 20


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        SERVER_HELLO,
        ALERT,
        HELLO_VERIFY[:-1],
        HELLO_VERIFY[:27] + b"\x15" + HELLO_VERIFY[28:],
        HELLO_VERIFY[:27] + b"\x13" + HELLO_VERIFY[28:],
        HELLO_VERIFY[:12] + b"\x0c" + HELLO_VERIFY[13:22] + bytes(3),
        bytes.fromhex("16feff0000000000000000000f030000030000000000000003feff00"),
    ],
    ids=["empty", "server-hello", "alert", "cut", "longer-than-it-is", "shorter-than-it-is", "no-body", "no-cookie"],
)
def test_what_holds_no_cookie(datagram: bytes) -> None:
    assert dtls.cookie_of(datagram) is None


@given(st.integers(0, 60), st.integers(0, 255), st.integers(0, 60))
def test_a_hostile_cookie_is_a_cookie_or_none(at: int, value: int, cut: int) -> None:
    cookie = dtls.cookie_of((HELLO_VERIFY[:at] + bytes([value]) + HELLO_VERIFY[at + 1 :])[:cut])

    assert cookie is None or 0 < len(cookie) <= 255


@pytest.mark.parametrize("record", [0, 1, 2, 3, 2**32 + 1, 2**48 - 1])
def test_a_retransmission_differs_in_its_records_number_only(record: int) -> None:
    """RFC 6347 section 4.2.4, and mbedTLS: the same message, in a record of the next number."""
    assert dtls.client_hello(RANDOM, record=record) == hello(record)
    assert dtls.client_hello(RANDOM) == hello(0)


def test_the_second_hello_differs_in_its_cookie_and_numbers_only() -> None:
    """RFC 6347 section 4.2.1: the same parameters; section 4.2.2: the next message sequence number."""
    first, second = dtls.client_hello(RANDOM), dtls.client_hello(RANDOM, COOKIE, record=4)

    body = 25  # after the record's and the handshake's headers
    at = body + 2 + 32 + 1  # version, random, no session
    assert (first[at], second[at]) == (0, len(COOKIE))
    assert second[at + 1 : at + 1 + len(COOKIE)] == COOKIE
    assert first[body:at] == second[body:at]
    assert first[at + 1 :] == second[at + 1 + len(COOKIE) :]
    assert (first[5:11], second[5:11]) == (bytes(6), bytes(5) + b"\4")  # record sequence number
    assert (first[17:19], second[17:19]) == (b"\0\0", b"\0\1")  # message sequence number
    assert (int.from_bytes(second[11:13]), int.from_bytes(second[22:25])) == (len(second) - 13, len(second) - 25)


@pytest.mark.parametrize("cookie", [b"", COOKIE, bytes(range(1, 33))], ids=["none", "openssl", "mbedtls"])
def test_no_hello_is_longer_than_a_devices(cookie: bytes) -> None:
    assert len(dtls.client_hello(cookie=cookie)) == 110 + len(cookie)
    assert b"\x00\x15" not in dtls.client_hello(RANDOM, cookie)[60 + len(cookie) :], "no padding (RFC 7685)"


def test_the_end_of_a_handshake_is_a_fatal_alert_in_the_next_record() -> None:
    assert dtls.alert(2) == bytes.fromhex("15 fefd 0000 000000000002 0002 02 28")
    assert dtls.alert(7) == bytes.fromhex("15 fefd 0000 000000000007 0002 02 28")


@pytest.mark.parametrize(
    ("datagram", "name"),
    [
        (HELLO_VERIFY, "HelloVerifyRequest"),
        (SERVER_HELLO, "ServerHello"),
        (ALERT, "Alert 40"),
        (SERVER_HELLO + CERTIFICATE_FRAGMENT, "ServerHello"),
    ],
    ids=["cookie", "server-hello", "alert", "flight"],
)
def test_a_real_servers_first_record_is_named(datagram: bytes, name: str) -> None:
    assert dtls.record_name(datagram) == name


def changed(datagram: bytes, at: int, *values: int) -> bytes:
    return datagram[:at] + bytes(values) + datagram[at + len(values) :]


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        ALERT[:12],
        ALERT[:-1],
        SERVER_HELLO[:-1],
        dtls.client_hello(),
        CERTIFICATE_FRAGMENT,
        changed(ALERT, 0, 20),
        changed(ALERT, 0, 23),
        changed(ALERT, 0, 252),
        changed(ALERT, 1, 3, 3),
        changed(ALERT, 1, 3, 1),
        changed(ALERT, 3, 0, 1),
        changed(ALERT, 13, 0),
        changed(ALERT, 13, 3),
        changed(ALERT, 11, 0, 0),
        changed(ALERT, 11, 0, 1),
        changed(SERVER_HELLO, HEADER, 1),
        changed(SERVER_HELLO, HEADER, 20),
        changed(SERVER_HELLO, HEADER + 6, 0, 0, 1),
        changed(SERVER_HELLO, HEADER + 9, 0, 1, 0),
        changed(SERVER_HELLO, 11, 0, 5),
        b"\x16\x03\x03\x00\x02\x02\x28",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x70\x00\x12\x34",
    ],
    ids=["empty", "header-cut", "alert-cut", "hello-cut", "echo-of-ours", "server-hello-done", "change-cipher-spec",
         "application-data", "reachability-252", "tls-1.2", "tls-1.0", "epoch-1", "level-0", "level-3", "no-body",
         "half-alert", "client-hello", "finished", "fragment-beyond-message", "fragment-beyond-record",
         "handshake-header-cut", "tls-over-tcp", "http", "coap"],
)  # fmt: skip
def test_what_no_dtls_server_sends_first_is_no_answer(datagram: bytes) -> None:
    with pytest.raises(ValueError, match=r"DTLS|dtls"):
        dtls.record_name(datagram)


@given(
    st.one_of(
        st.binary(max_size=80),
        st.builds(lambda head, rest: head[:11] + len(rest).to_bytes(2) + rest, st.sampled_from([ALERT, SERVER_HELLO]),
                  st.binary(max_size=60)),
        st.builds(lambda record, at, value, cut: changed(record, at, value)[:cut],
                  st.sampled_from([HELLO_VERIFY, SERVER_HELLO, ALERT]), st.integers(0, 40), st.integers(0, 255),
                  st.integers(0, 120)),
    )
)  # fmt: skip
def test_only_a_record_that_rfc_6347_allows_is_accepted(datagram: bytes) -> None:
    try:
        name = dtls.record_name(datagram)
    except ValueError:
        return
    length = int.from_bytes(datagram[11:13])
    assert datagram[1:3] in {b"\xfe\xff", b"\xfe\xfd"}
    assert datagram[3:5] == bytes(2), "nothing is encrypted before keys are agreed"
    assert len(datagram) >= HEADER + length
    if name.startswith("Alert"):
        assert (datagram[0], length) == (21, 2)
        assert datagram[13] in {1, 2}
    else:
        assert datagram[0] == 22
        assert name == {2: "ServerHello", 3: "HelloVerifyRequest"}[datagram[13]]
        assert length >= 12
