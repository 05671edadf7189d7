"""DTLS records, byte by byte."""

# Recorded over loopback, in answer to this project's ClientHello without and with the cookie.
HELLO_VERIFY = bytes.fromhex(
    "16feff00000000000000000023030000170000000000000017feff14d4f67ada30221b769b52376ec36a4454de97447f"
)
SERVER_HELLO = bytes.fromhex(
    "16fefd00000000000000080061020000550001000000000055fefd88b3600fe845aaab3811dce42c95378abb1e3f09433d0cc8c0f0104eaec1"
    "3ef52055000284d9c35aea5f34953806bd8c97f6ad168a0877bdf2c2d0e61978616157c0ae00000dff01000100000b000403000102"
)
ALERT = bytes.fromhex("15fefd000000000000000100020228")  # to a ClientHello whose suite it does not have
RANDOM = bytes(range(32))
COOKIE = HELLO_VERIFY[28:]


def hello(record: int) -> bytes:
    """A device's first ClientHello with RANDOM, written by hand: its record has this number."""
    return bytes.fromhex(
        f"16 fefd 0000 {record:012x} 0061"  # handshake, DTLS 1.2, epoch 0, sequence number, length
        "01 000055 0000 000000 000055"  # ClientHello, its length, message 0, one fragment
        "fefd 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"  # DTLS 1.2, the random
        "00 00 0004 c0ae 00ff 01 00 0027"  # no session, no cookie, suites, no compression, length of the extensions
        "000d 0004 0002 0403  000a 0004 0002 0017  000b 0002 01 00  00fe 0001 00  0013 0002 01 02  0014 0002 01 02"
    )
