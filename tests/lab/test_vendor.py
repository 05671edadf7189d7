"""The vendor's own server: what it does with a device's datagrams, and that the tool leaves it alive and content.

Its packets are read here by hand, and by tshark; its errors are what it logs, and its death is seen.
"""

import random
import socket
import struct
import time
from collections.abc import Callable, Generator
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.lab.lab import ARGON_CLOUD, Lab
from tests.lab.namespaces import LabError, command, wait_until
from tests.lab.servers import ALERT_ERRORS, ENDED_BY_ALERT
from tests.lab.vendor import build

pytestmark = pytest.mark.lab

CHANCE = random.Random(2026)
DEADLINE_S = 5.0
QUIET_S = 0.3  # a lab's round trip is under 5 ms
DEEP_S = 90.0
BUFFER = 845
"""Bytes of a datagram that its buffers hold: record header 13, content 800, IV 16, MAC 16 (ssl_internal.h)."""
EXTENSIONS = bytes.fromhex(
    "000d0004 00020403"  # signature_algorithms: ecdsa_secp256r1_sha256
    "000a0004 00020017"  # supported_groups: secp256r1
    "000b0002 0100"  # ec_point_formats: uncompressed
    "00fe0001 00"  # connection_id, provisional number: empty
    "00130002 0102"  # client_certificate_type: RawPublicKey
    "00140002 0102"  # server_certificate_type: RawPublicKey
)
SUITES = bytes.fromhex("0004 c0ae 00ff 0100")  # ECDHE-ECDSA-AES128-CCM8, no renegotiation; no compression
NO_HELLO = "SSL - Processing of the ClientHello handshake message failed"


def record(content: int, body: bytes, number: int = 0) -> bytes:
    """A record of DTLS 1.2 in epoch 0."""
    return struct.pack("!BHQH", content, 0xFEFD, number, len(body)) + body


def hello(nonce: bytes, cookie: bytes = b"", number: int = 0, *, size: int = 0) -> bytes:
    """A device's ClientHello with `nonce` as its random; padded to `size` bytes in all (RFC 7685), if that is given."""
    extensions = EXTENSIONS
    if size:
        padding = size - len(hello(nonce, cookie, number)) - 4
        extensions += struct.pack("!HH", 21, padding) + bytes(padding)
    body = b"\xfe\xfd" + nonce + b"\0" + bytes([len(cookie)]) + cookie + SUITES
    body += struct.pack("!H", len(extensions)) + extensions
    length = len(body).to_bytes(3)
    return record(22, b"\x01" + length + struct.pack("!H", bool(cookie)) + bytes(3) + length + body, number)


def alert(number: int) -> bytes:
    """Fatal, handshake_failure."""
    return record(21, b"\x02\x28", number)


class Device:
    """A UDP socket on the laptop that speaks to the vendor's server."""

    def __init__(self, lab: Lab) -> None:
        with lab.laptop.entered():
            self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.connect((ARGON_CLOUD, 5684))
        self.peer = f"203.0.113.2:{self._sock.getsockname()[1]}"
        """The server sees the gateway's address; its NAT keeps a port that is free."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sock.close()

    def send(self, data: bytes) -> None:
        """Send a datagram, whatever comes of it."""
        self._sock.send(data)

    def ask(self, data: bytes, answers: int) -> list[bytes]:
        """Send a datagram, and return as many answers as are expected, and any more that come."""
        self.send(data)
        came: list[bytes] = []
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            self._sock.settimeout(QUIET_S if len(came) >= answers else DEADLINE_S)
            try:
                came.append(self._sock.recv(65535))
            except TimeoutError:
                break
        return came

    def cookie(self, nonce: bytes, number: int = 0) -> bytes:
        """The cookie that the server gives for a ClientHello."""
        (answer,) = self.ask(hello(nonce, number=number), 1)
        return answer[28:]


@pytest.fixture
def lab() -> Generator[Lab]:
    """One with the vendor's server."""
    with Lab(argon_cloud="vendor") as healthy:
        yield healthy


@pytest.fixture
def device(lab: Lab) -> Generator[Device]:
    """One."""
    with Device(lab) as made:
        yield made


@pytest.fixture
def nonce() -> bytes:
    """The client's random."""
    return CHANCE.randbytes(32)


# ---- how it is built


def test_is_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    built = build.build()
    assert list(built.package.glob("build/Release/*.node"))
    monkeypatch.setattr(build, "NPM", ("false",))
    assert build.build() == built


@pytest.mark.parametrize(("npm", "says"), [("false", "exit 1"), ("true", "has built nothing"), ("no-such", "No such")])
def test_build_that_fails_is_an_error(npm: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "NPM", (npm,))
    for _ in range(2):
        with pytest.raises(build.BuildError, match=says):
            build.build(tmp_path)


# ---- what it does


@pytest.mark.parametrize("number", [0, 1 << 46 | CHANCE.getrandbits(46)], ids=["first", "any-47-bits"])
def test_hello_verify_request(lab: Lab, nonce: bytes, number: int) -> None:
    asked = hello(nonce, number=number)
    with Device(lab) as device, lab.capture() as capture:
        (answer,) = device.ask(asked, 1)
    names = ("udp.length", "dtls.record.sequence_number", "dtls.handshake.type", "dtls.handshake.cookie_length",
             "_ws.malformed")  # fmt: skip
    seen = capture.fields(*names, display_filter="udp.port == 5684")

    assert len(asked) == 110
    assert len(answer) == 60
    assert answer[:11] == asked[:11], "type, version, epoch, and the number that was asked with"
    assert answer[11:28].hex() == "002f030000230000000000000023fefd20"
    assert [row[:1] + row[2:] for row in seen] == [("118", "1", "0", ""), ("68", "3", "32", "")]
    assert {int(row[1]) for row in seen} == {number}
    assert lab.vendor_alive() == []
    assert [event["size"] for event in lab.vendor.events("receive")] == [110]
    assert [(event["size"], event["peer"]) for event in lab.vendor.events("send")] == [(60, device.peer)]


def test_second_flight(lab: Lab, nonce: bytes) -> None:
    number = CHANCE.getrandbits(40)
    with Device(lab) as device, lab.capture() as capture:
        asked = hello(nonce, device.cookie(nonce, number), number + 1)
        flight = device.ask(asked, 4)
    server_hello, key_exchange, certificate_request, done = flight
    signature = key_exchange[98:]
    signed = lab.folder / "signed"
    signed.write_bytes(nonce + server_hello[27:59] + key_exchange[25:94])
    (lab.folder / "signature").write_bytes(signature)
    public = build.build().package / "test" / "public.der"
    types = capture.fields("dtls.handshake.type", display_filter="udp.srcport == 5684")

    assert len(asked) == 110 + 32
    # The signature is in DER: its two numbers take 33 bytes each, where the first bit of their 32 is set.
    assert (len(server_hello), len(certificate_request), len(done)) == (118, 33, 25)
    assert len(key_exchange) == 98 + int.from_bytes(key_exchange[96:98]) <= 170
    assert [data[:3].hex() for data in flight] == ["16fefd"] * 4
    assert [data[13] for data in flight] == [2, 12, 13, 14], "no Certificate (11)"
    assert types == [("3",), ("2",), ("12",), ("13",), ("14",)]
    assert [int.from_bytes(data[3:11]) for data in flight] == [number + 1, number + 2, number + 3, number + 4]
    assert server_hello[92:95].hex() == "c0ae00", "after a session id of 32"
    assert key_exchange[25:29].hex() == "03001741", "a point on secp256r1"
    assert key_exchange[94:96].hex() == "0403"
    # A device has the key to check this with.
    verified = command(["openssl", "dgst", "-sha256", "-keyform", "DER", "-verify", str(public),
                        "-signature", str(lab.folder / "signature"), str(signed)])  # fmt: skip
    assert verified.strip() == "Verified OK"
    assert lab.vendor_alive() == []


def test_takes_retransmissions(lab: Lab, device: Device, nonce: bytes) -> None:
    cookie = device.cookie(nonce)
    again = device.cookie(nonce)
    first, second = (device.ask(hello(nonce, again, number), 4) for number in (1, 2))
    replayed = device.ask(hello(nonce, again, 2), 0)

    assert len(cookie) == len(again) == 32
    assert [data[13:] for data in second] == [data[13:] for data in first], "the same messages"
    assert [int.from_bytes(data[3:11]) for data in first + second] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert replayed == [], "the record has been seen"
    assert lab.vendor_alive() == []


def test_takes_abandoned_handshakes(lab: Lab) -> None:
    for answered in range(8):
        nonce = CHANCE.randbytes(32)
        with Device(lab) as device:
            cookie = device.cookie(nonce)
            if answered % 2:
                assert len(device.ask(hello(nonce, cookie, 1), 4)) == 4
    assert lab.vendor_alive() == []
    assert len(lab.vendor.events("connection")) == 8
    assert lab.vendor.events("close") == []


def test_takes_an_alert(lab: Lab, device: Device, nonce: bytes) -> None:
    for _ in range(3):
        cookie = device.cookie(nonce)
        assert len(device.ask(hello(nonce, cookie, 1), 4)) == 4
        assert device.ask(alert(2), 0) == []
        assert lab.vendor_alive()[-2:] == [f"client: {ENDED_BY_ALERT}", f"socket: -30592 {ENDED_BY_ALERT}"]
    assert len(lab.vendor.events("error")) == 6, "no more than that"
    assert len(lab.vendor.events("close")) == 3


def test_is_silent_to_echo_packets(lab: Lab, device: Device, nonce: bytes) -> None:
    for size in (1, 255, 511):
        payload = CHANCE.randbytes(size)
        assert device.ask(struct.pack("!BHH6sH", 252, 0xFEFD, 0x8004, bytes(6), size) + payload, 0) == []
    errors = lab.vendor_alive()

    assert [event["size"] for event in lab.vendor.events("receive")] == [14, 268, 524]
    assert lab.vendor.events("send") == []
    assert errors == [f"client: {NO_HELLO}", f"socket: -30976 {NO_HELLO}"] * 3
    assert len(device.cookie(nonce)) == 32, "nor does that stand in a handshake's way"


def test_takes_content_type_254_for_a_session_that_has_moved(lab: Lab, device: Device) -> None:
    device_id = bytes.fromhex("e00fce680123456789abcdef")
    device.send(record(254, CHANCE.randbytes(40)) + device_id + b"\x0c")
    wait_until(lambda: bool(lab.vendor.events("rehandshake")), "the datagram taken")

    assert [event["device"] for event in lab.vendor.events("moved")] == ["e00fce680123456789abcdef"]
    assert [event["peer"] for event in lab.vendor.events("rehandshake")] == [device.peer]
    assert lab.vendor_alive() == []
    assert lab.vendor.events("receive") == [], "no handshake was tried"


# ---- that harm done to it is seen


def test_largest_hello_that_it_takes_is_harmless(lab: Lab, device: Device, nonce: bytes) -> None:
    (answer,) = device.ask(hello(nonce, size=13 + 800), 1)
    assert len(answer) == 60
    assert lab.vendor_alive() == []


def test_one_large_hello_kills_it() -> None:
    with Lab(argon_cloud="vendor") as lab, Device(lab) as device:
        lab.vendor.must_live = False
        device.send(hello(CHANCE.randbytes(32), size=1252))
        wait_until(lambda: bool(lab.vendor.events("receive")), "the hello taken")
        with pytest.raises(LabError, match=r"the vendor's server ended: -\d"):
            lab.vendor_alive()


def test_scenario_that_kills_it_fails() -> None:
    def scenario() -> None:
        with Lab(argon_cloud="vendor") as lab, Device(lab) as device:
            device.send(hello(CHANCE.randbytes(32), size=1252))
            wait_until(lambda: bool(lab.vendor.events("receive")), "the hello taken")

    with pytest.raises(LabError, match=r"the vendor's server ended: -\d"):
        scenario()


# ---- the tool


ECHO_ERRORS = (f"client: {NO_HELLO}", f"socket: -30976 {NO_HELLO}")


def left_well(lab: Lab, *, errors: tuple[str, ...] = ALERT_ERRORS) -> None:
    """The server lives, called nothing an error but what is to be expected, and was sent nothing too large for it."""
    assert set(lab.vendor_alive()) <= set(errors)
    assert max((event["size"] for event in lab.vendor.events("receive")), default=0) <= BUFFER


@pytest.mark.parametrize("device", ["argon", "photon2"])
def test_healthy(device: str) -> None:
    with Lab(argon_cloud="vendor") as lab:
        run = lab.check("--device", device)
        left_well(lab)
        assert lab.vendor.events("send")
    assert (run.report["verdict"], run.exit_code) == ("compatible", 0)
    cloud = next(row for row in run.report["checks"] if row["id"] == "cloud.transport")
    assert (cloud["status"], "signed this run's random number" in cloud["summary"]) == ("pass", True)


def resolvers(lab: Lab) -> None:
    lab.gateway.drop("udp", 53, hooks=("input",))


def web(lab: Lab) -> None:
    lab.gateway.drop("tcp", 80)
    lab.gateway.drop("tcp", 443)  # asked where port 80 is not right


PORTS: dict[str, Callable[[Lab], object]] = {
    "udp-53": resolvers,
    "tcp-53": lambda lab: lab.gateway.drop("tcp", 53),
    "tcp-80": lambda lab: lab.gateway.drop("tcp", 80),
    "udp-123": lambda lab: lab.gateway.drop("udp", 123),
    "tcp-80-and-443": web,
    "tcp-5683": lambda lab: lab.gateway.drop("tcp", 5683),
    "udp-5683": lambda lab: lab.gateway.drop("udp", 5683),
    "udp-5684": lambda lab: lab.gateway.drop("udp", 5684),
    "udp-5684-replies": lambda lab: lab.gateway.drop("udp", 5684, reply=True),
}


@pytest.mark.parametrize("port", PORTS)
def test_each_port_dropped(port: str) -> None:
    with Lab(argon_cloud="vendor", https=True) as lab:
        PORTS[port](lab)
        run = lab.check("--device", "argon")
        # A cloud whose answers are lost is silent to a device, which then sends echoes: errors to this server.
        left_well(lab, errors=ECHO_ERRORS if port == "udp-5684-replies" else ALERT_ERRORS)
        heard = len(lab.vendor.events("receive"))
    cloud = next(row for row in run.report["checks"] if row["id"] == "cloud.transport")

    assert "Traceback" not in run.stderr
    if port.startswith("udp-5684"):
        assert (run.exit_code, cloud["status"]) == (1, "fail")
        assert bool(heard) == (port == "udp-5684-replies")
    elif port != "udp-53":
        assert cloud["status"] == "pass"


def test_deep() -> None:
    with Lab(argon_cloud="vendor") as lab:
        run = lab.check("--device", "photon2", "--deep", timeout_s=DEEP_S)
        left_well(lab)
        assert lab.vendor.events("error")
    seen = run.report["observations"]["mapping"]
    assert (run.report["verdict"], run.exit_code) == ("compatible", 0)
    assert (seen["before_answer"], seen["after_answer"], seen["control_answer"]) == ("accepted",) * 3


@pytest.mark.parametrize("blocked", [False, True])
def test_only_the_path(*, blocked: bool) -> None:
    with Lab(argon_cloud="vendor") as lab:
        if blocked:
            lab.gateway.drop("udp", 5684)
        run = lab.check("--device", "argon", "--only", "path.egress")
        left_well(lab)
    assert "Traceback" not in run.stderr
    assert run.report["checks"]
