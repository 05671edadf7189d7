"""What leaves a run is what a device sends, with every option; what gets to a cloud is counted; and this can be seen.

Every run of every lab is held against the list in `shapes`. Here are the options that change what is sent, with exactly
the forms that each of them sends; and foreign payloads, each of which has to be noticed.
"""

import socket
import struct
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.lab import allowed_shapes as shapes
from tests.lab.command import SHORT_HOLD, check_with
from tests.lab.company_files import COAP_PORT, DTLS_PORT, METER, NONCE_PORT, PARTICLE, SENSOR, VALVE
from tests.lab.lab import (
    ARGON_CLOUD,
    COAP,
    LOCAL_CLOUD,
    NOBODY,
    NTP,
    PHOTON_CLOUD,
    PORTAL_API,
    STATUS_NAME,
    STATUS_PAGE,
    Lab,
)
from tests.lab.servers import GATEWAY, Dhcp
from tests.lab.streams import OPERATIONAL
from tests.lab.witness import Flow, Recorder, Seen

pytestmark = pytest.mark.lab

ROOTS = {"DISCOVER", "ARP request", "REQUEST", "RELEASE"}
"""What only root may send."""
LEASE = {"INFORM", *ROOTS}
GETS = {"GET of Android's check", "GET of Apple's check", "GET of Microsoft's check"}
NTP_TEST, COAP_TEST, TCP_TEST = {"NTP request"}, {"CoAP ping"}, {"connection to 8.8.8.8"}
HANDSHAKE = {"ClientHello with the cookie", "alert"}
CLOUDS = {"ClientHello", *HANDSHAKE, "connection to a cloud"}
DNS = {"DNS query"}
USUAL = LEASE | DNS | NTP_TEST | GETS | COAP_TEST | CLOUDS | TCP_TEST
ECHOES = {"echo, form 2"}
RUNGS = {"rung: ClientHello", "rung: NTP request", "rung: SYN to 443"}
"""Of a look at the path to a cloud over DTLS that stayed silent."""
BLOCKED = USUAL - HANDSHAKE | ECHOES | RUNGS


def nothing(lab: Lab) -> None:
    """Break nothing."""


def drop_dtls(lab: Lab) -> None:
    """Drop what the Argon's cloud listens on."""
    lab.gateway.drop("udp", 5684)


def drop_dtls_answers(lab: Lab) -> None:
    """Drop what that cloud says."""
    lab.gateway.drop("udp", 5684, reply=True)


def drop_coap(lab: Lab) -> None:
    """Drop what a CoAP server listens on."""
    lab.gateway.drop("udp", 5683)


def drop_coap_and_ntp(lab: Lab) -> None:
    """And what a time server does."""
    drop_coap(lab)
    lab.gateway.drop("udp", 123)


def photon_silent_beside_a_status_page(lab: Lab) -> None:
    """Drop what the Photon's cloud listens on; its vendor has a status page."""
    lab.gateway.drop("tcp", 5683)
    lab.status_page(OPERATIONAL)


def own_dtls_silent(lab: Lab) -> None:
    """Let a company's own cloud be silent."""
    assert lab.local_wall
    lab.local_wall.drop("udp", DTLS_PORT, hooks=("input",))


def own_coap_silent(lab: Lab) -> None:
    """And its CoAP server."""
    assert lab.local_wall
    lab.local_wall.drop("udp", COAP_PORT, hooks=("input",))


@dataclass(frozen=True)
class Case:
    """A run, and exactly the forms that it sends."""

    sends: set[str]
    arguments: tuple[str, ...] = ()
    breaks: Callable[[Lab], object] = nothing
    lab: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""
    """A company's own."""
    user: int | None = None


CASES = {
    "none": Case(USUAL),
    "ordinary-user": Case(USUAL - ROOTS, user=NOBODY),
    "interface": Case(USUAL, ("--interface", "eth0")),
    "laptop-with-a-lease": Case(USUAL, lab={"laptop": "dhcp"}),
    # --- groups of checks; what a check needs runs with it
    "only-wifi": Case(set(), ("--only", "wifi")),
    "only-dhcp": Case(LEASE, ("--only", "dhcp")),
    "only-dns": Case(LEASE | DNS | TCP_TEST, ("--only", "dns")),
    "only-ntp": Case(LEASE | DNS | NTP_TEST, ("--only", "ntp")),
    "only-portal": Case(LEASE | DNS | GETS, ("--only", "portal")),
    "only-coap": Case(LEASE | DNS | COAP_TEST, ("--only", "coap")),
    "only-cloud": Case(LEASE | DNS | COAP_TEST | CLOUDS | TCP_TEST, ("--only", "cloud")),
    "only-path": Case(LEASE | DNS | COAP_TEST | CLOUDS | {"rung: CoAP ping"}, ("--only", "path")),
    "skip-wifi": Case(USUAL, ("--skip", "wifi")),
    "skip-dhcp": Case(USUAL - LEASE | {"INFORM"}, ("--skip", "dhcp")),
    "skip-dhcp-with-a-lease": Case(USUAL - LEASE, ("--skip", "dhcp"), lab={"laptop": "dhcp"}),
    "skip-dns": Case(USUAL, ("--skip", "dns")),
    "skip-ntp": Case(USUAL - NTP_TEST, ("--skip", "ntp")),
    "skip-portal": Case(USUAL - GETS, ("--skip", "portal")),
    "skip-coap": Case(USUAL, ("--skip", "coap")),
    "skip-cloud": Case(USUAL, ("--skip", "cloud")),
    "skip-path": Case(USUAL, ("--skip", "path")),
    # --- devices
    **{
        f"device-{name}": Case(USUAL, ("--device", name))
        for name in ("argon", "core", "msom", "p1", "p2", "photon", "photon2")
    },
    **{
        f"argon-{version}": Case(USUAL, ("--device", "argon", "--os", version))
        for version in ("1.5.2", "2.0.0", "5.8.2")
    },
    # --- what happens where something is silent
    "coap-dropped": Case(
        USUAL | {"ClientHello to a test server", "HEAD", "rung: CoAP ping", "rung: NTP request", "rung: SYN to 80"},
        breaks=drop_coap,
    ),
    "coap-dropped-and-another-port-answers": Case(
        USUAL
        | {"ClientHello to a test server", "TCP, cut short", "rung: CoAP ping", "rung: SYN to 443"}
        | {"rung: ClientHello to a test server"},
        breaks=drop_coap,
        lab={"coap_dtls": True, "coap_http": False},
    ),
    "coap-and-ntp-dropped": Case(
        USUAL | {"ClientHello to a test server", "HEAD", "rung: CoAP ping", "rung: DNS query", "rung: SYN to 80"},
        breaks=drop_coap_and_ntp,
    ),
    "coap-answers-are-a-flood": Case(
        USUAL
        | {"ClientHello to a test server", "HEAD", "rung: CoAP ping", "rung: NTP request", "rung: SYN to 80"}
        | {"port unreachable"},
        lab={"coap": "flood"},
    ),
    "dtls-dropped": Case(BLOCKED, ("--device", "argon"), drop_dtls),
    "dtls-dropped-photon2-nobody": Case(BLOCKED - ROOTS, ("--device", "photon2"), drop_dtls, user=NOBODY),
    "dtls-dropped-older-echoes": Case(BLOCKED | {"echo, form 1"}, ("--device", "argon", "--os", "5.8.2"), drop_dtls),
    "dtls-dropped-another-device": Case(USUAL - HANDSHAKE | ECHOES, ("--device", "photon"), drop_dtls),
    "dtls-dropped-without-the-path": Case(
        USUAL - HANDSHAKE | ECHOES, ("--device", "argon", "--skip", "path"), drop_dtls
    ),
    "nonce-dropped-and-a-status-page": Case(
        USUAL | {"rung: SYN", "rung: NTP request", "rung: SYN to 443", "TLS with a vendor's status page"},
        ("--device", "photon"),
        photon_silent_beside_a_status_page,
        lab={"names": {STATUS_NAME: STATUS_PAGE}},
    ),
    "nonce-dropped": Case(
        USUAL | {"rung: SYN", "rung: NTP request", "rung: SYN to 443"},
        ("--device", "photon"),
        lambda lab: lab.gateway.drop("tcp", 5683),
    ),
    "link-is-narrow": Case(
        USUAL | {"rung: ClientHello", "whole datagram"},
        ("--device", "photon2"),
        lambda lab: lab.laptop.ip("link set eth0 mtu 1492"),
    ),
    # --- a company's own product
    "own-dtls": Case(USUAL - {"connection to a cloud"}, file=SENSOR, lab={"unknown_names": PARTICLE}),
    "own-dtls-silent": Case(
        BLOCKED - {"connection to a cloud"}, file=SENSOR, lab={"unknown_names": PARTICLE}, breaks=own_dtls_silent
    ),
    "own-nonce": Case(USUAL - {"ClientHello", *HANDSHAKE}, file=VALVE, lab={"unknown_names": PARTICLE}),
    "own-coap": Case(USUAL, file=METER),
    "own-coap-silent": Case(
        USUAL | {"rung: CoAP ping", "rung: NTP request", "rung: SYN to 443"}, file=METER, breaks=own_coap_silent
    ),
    # --- portals
    "portal": Case(USUAL | {"TLS with Android's check"}, breaks=lambda lab: lab.portal(), lab={"https": True}),
    "portal-with-an-api": Case(
        USUAL | {"TLS with a portal's API"},
        breaks=lambda lab: lab.captive_api("captive"),
        lab={"dhcp": Dhcp(captive_portal=PORTAL_API)},
    ),
}
DEEP = USUAL | {"rung: ClientHello", "whole datagram"}


@pytest.mark.parametrize("name", CASES)
def test_what_a_run_sends(name: str) -> None:
    case = CASES[name]
    with Lab(**case.lab) as lab:
        arguments = case.arguments
        if case.file:
            lab.local_cloud(DTLS_PORT, NONCE_PORT)
            file = Path(lab.folder, "own.toml")
            file.write_text(case.file)
            arguments = (*arguments, "--device", str(file))
        case.breaks(lab)
        env = {"SSL_CERT_FILE": str(lab.ca)} if {"captive_api", "status_page"} & lab.fakes.keys() else None
        seen = lab.check(*arguments, user=case.user, env=env).seen

    assert set(seen.used) == case.sends


OF_ODD_LEASES = {
    "DISCOVER of a laptop without IPv4",
    "DISCOVER with options 12, 60 and 61",
    "DISCOVER from a relay",
    "REQUEST from a relay",
}
"""What is sent where no lease is to be had in the usual way: test_scenarios and test_lease_udp hold runs to it."""

OF_WATCHES = {"REQUEST that renews", "ARP answer"}
"""What keeps a lease: test_watch holds a watch to it."""


def test_every_form_is_sent_by_some_run() -> None:
    sent = set[str]().union(DEEP, *(case.sends for case in CASES.values()))
    assert sent - {"TCP, cut short"} == {entry.name for entry in shapes.ENTRIES} - OF_ODD_LEASES - OF_WATCHES
    assert len(shapes.BY_NAME) == len(shapes.ENTRIES)
    assert all(len(entry.source) > 15 for entry in shapes.ENTRIES)


# --- what gets to a cloud

SOONER = "run = netpreflight.agent.run; run.AS_DEVICE = run.AS_DEVICE._replace(hello_give_up_s=24.0)"
"""Of the 45 s that a device waits, nothing is sent in those after 21 s (test_deep_waits_as_long_as_a_device)."""


@pytest.mark.parametrize("breaks", [nothing, drop_dtls, drop_dtls_answers], ids=lambda breaks: breaks.__name__)
@pytest.mark.parametrize(
    "arguments", [(), ("--only", "path"), ("--deep",)], ids=lambda arguments: "".join(arguments) or "usual"
)
def test_what_gets_to_a_cloud(breaks: Callable[[Lab], object], arguments: tuple[str, ...]) -> None:
    deep = "--deep" in arguments
    with Lab() as lab:
        breaks(lab)
        if deep:
            check_with(lab, SHORT_HOLD if breaks is nothing else SOONER, "--device", "argon", *arguments, *lab.air)
        else:
            lab.check("--device", "argon", *arguments, timeout_s=90)
        assert lab.seen
        arrived = lab.seen.arrivals(ARGON_CLOUD)
        if deep and breaks is nothing:
            assert set(lab.seen.used) == DEEP
        tell(lab.seen, breaks.__name__, *arguments)

    hellos = {"ClientHello", "rung: ClientHello", "ClientHello with the cookie"}
    controls = arrived.keys() - hellos - {"alert", "echo, form 2"}
    if breaks is nothing:
        assert not controls
        assert set(arrived) == {"ClientHello"} | HANDSHAKE | ({"rung: ClientHello"} if arguments else set())
        if not arguments:
            assert dict(arrived) == {"ClientHello": 1, "ClientHello with the cookie": 1, "alert": 1}
    elif breaks is drop_dtls:
        assert controls <= {"rung: NTP request", "rung: SYN to 443"}
        assert not arrived.keys() - controls
    assert all(arrived[control] <= shapes.MOST_CONTROLS for control in controls)
    assert sum(arrived[hello] for hello in hellos) <= 24


def tell(seen: Seen, *what: str) -> None:
    """Print what arrived, for who asks for it (pytest -rP)."""
    counts = {address: dict(seen.arrivals(address)) for address in (ARGON_CLOUD, PHOTON_CLOUD, *COAP, NTP)}
    print(*what, counts)  # noqa: T201


# --- who watches can see


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A healthy network."""
    with Lab() as healthy:
        yield healthy


RANDOM = bytes(range(32))


def client_hello(record: int = 0, *, random: bytes = RANDOM, cookie: bytes = b"", padding: int = 0) -> bytes:
    """A device's ClientHello (RFC 6347 section 4.2), or what no device sends."""
    extensions = bytes.fromhex(
        "000d000400020403 000a000400020017 000b00020100 00fe000100 001300020102 001400020102"
    ) + (struct.pack("!HH", 21, padding) + bytes(padding) if padding else b"")
    body = b"\xfe\xfd" + random + b"\0" + bytes([len(cookie)]) + cookie + bytes.fromhex("0004c0ae00ff0100")
    body += struct.pack("!H", len(extensions)) + extensions
    size = len(body).to_bytes(3, "big")
    handshake = b"\x01" + size + struct.pack("!H", bool(cookie)) + bytes(3) + size + body
    return b"\x16\xfe\xfd" + struct.pack("!QH", record, len(handshake)) + handshake


ECHO = b"\xfc\xfe\xfd\x80\x04" + struct.pack("!IHH", 15_000, 0, 3) + b"abc"
ALERT = bytes.fromhex("15fefd 0000 000000000002 0002 0228")
NTP_CONTROL = b"\x23" + bytes(39) + RANDOM[:8]


class Client:
    """Somebody on the laptop who sends datagrams from one port, which stays open."""

    opened: ClassVar[list[socket.socket]] = []

    def __init__(self, lab: Lab, address: str = ARGON_CLOUD, port: int = 5684) -> None:
        with lab.laptop.entered():
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.opened.append(self._socket)
        self._socket.settimeout(1)
        self._to = address, port

    def say(self, *datagrams: bytes, ttl: int = 64) -> "Client":
        """Send these."""
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
        for datagram in datagrams:
            self._socket.sendto(datagram, self._to)
        return self

    def ask(self, datagram: bytes) -> bytes:
        """Send one, and return the answer."""
        self.say(datagram)
        return self._socket.recv(4096)

    def cookie(self) -> bytes:
        """Send a ClientHello, and return the cookie that the server gives."""
        answer = self.ask(client_hello())
        return answer[28 : 28 + answer[27]]


@pytest.fixture(autouse=True, scope="module")
def clients() -> Iterator[None]:
    """Close their ports once nobody watches any more: a late answer to a closed port makes a port unreachable."""
    yield
    while Client.opened:
        Client.opened.pop().close()


def say_by_tcp(lab: Lab, address: str, port: int, data: bytes) -> None:
    """Connect, and send this."""
    with lab.laptop.entered():
        sock = socket.create_connection((address, port), 2)
    with sock:
        sock.sendall(data)


def with_two_cookies(lab: Lab) -> None:
    """Use the server's cookie, and then another."""
    client = Client(lab)
    cookie = client.cookie()
    client.say(client_hello(1, cookie=cookie), client_hello(2, cookie=cookie[:-1] + bytes([cookie[-1] ^ 1])))


def with_anothers_cookie(lab: Lab) -> None:
    """Use the cookie that the server has given to another port."""
    cookie = Client(lab).cookie()
    client = Client(lab)
    client.ask(client_hello())
    client.say(client_hello(1, cookie=cookie))


def with_a_new_random(lab: Lab) -> None:
    """Use the server's cookie with another random."""
    client = Client(lab)
    client.say(client_hello(1, cookie=client.cookie(), random=RANDOM[::-1]))


def echo_after_an_answer(lab: Lab) -> None:
    """Send an echo where the server has answered another port."""
    Client(lab).ask(client_hello())
    Client(lab).say(ECHO)


def answer_arp_for_nobody(lab: Lab) -> None:
    """Send an ARP answer, where a request is what may be sent."""
    with lab.laptop.entered(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind(("eth0", 0))
        answer = bytes.fromhex("000108000604 0002" + "020000770010" + "00" * 14)
        sock.send(b"\xff" * 6 + bytes.fromhex("020000770010 0806") + answer)


def in_fragments(lab: Lab) -> None:
    """Send what does not fit into one packet."""
    with lab.laptop.entered():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        sock.setsockopt(socket.IPPROTO_IP, 10, 0)  # IP_MTU_DISCOVER: IP_PMTUDISC_DONT
        sock.sendto(bytes(3000), (ARGON_CLOUD, 5684))


FOREIGN: dict[str, tuple[str, Callable[[Lab], object]]] = {
    "padded": ("no form for it", lambda lab: Client(lab).say(client_hello(padding=1138))),
    "padded by one": ("no form for it", lambda lab: Client(lab).say(client_hello(padding=1))),
    "echo to who has answered": ("has answered in DTLS before", echo_after_an_answer),
    "echo before anything": ("was sent no ClientHello", lambda lab: Client(lab).say(ECHO)),
    "eleven echoes": (
        "no form for it",
        lambda lab: Client(lab, LOCAL_CLOUD, DTLS_PORT).say(client_hello(), *(
            ECHO[:9] + struct.pack("!H", n) + ECHO[11:] for n in range(11)
        )),
    ),
    "echo of another length": (
        "no form for it",
        lambda lab: Client(lab, LOCAL_CLOUD, DTLS_PORT).say(client_hello(), ECHO + b"d"),
    ),
    "HEAD to a cloud": (
        "no form for what",
        lambda lab: say_by_tcp(lab, PHOTON_CLOUD, 5683, b"HEAD / HTTP/1.1\r\nHost: device.spark.io\r\n\r\n"),
    ),
    "one byte to a cloud": ("no form for what", lambda lab: say_by_tcp(lab, PHOTON_CLOUD, 5683, b"\0")),
    "one byte to 8.8.8.8": ("no form for what", lambda lab: say_by_tcp(lab, "8.8.8.8", 53, b"\0")),
    "another GET": (
        "no form for what",
        lambda lab: say_by_tcp(lab, COAP[0], 80, b"GET / HTTP/1.1\r\nHost: coap.me\r\nConnection: close\r\n\r\n"),
    ),
    "record 7": ("no form for it", lambda lab: Client(lab).say(client_hello(7))),
    "record 1 first": ("number 1, after 0 others", lambda lab: Client(lab).say(client_hello(1))),
    "record 0 twice": ("number 0, after 1 others", lambda lab: Client(lab).say(client_hello(), client_hello())),
    "record of 47 bits": ("no form for it", lambda lab: Client(lab).say(client_hello(0x5A5A_1234_5678))),
    "record 1 on a ladder": ("no form for it", lambda lab: Client(lab).say(client_hello(1), ttl=1)),
    "another random": (
        "another random", lambda lab: Client(lab).say(client_hello(), client_hello(1, random=RANDOM[::-1]))
    ),
    "two cookies": ("no such cookie", with_two_cookies),
    "another's cookie": ("no such cookie", with_anothers_cookie),
    "cookie and another random": ("not the random", with_a_new_random),
    "alert alone": ("after 0 others", lambda lab: Client(lab).say(ALERT)),
    "NTP to a cloud": ("no form for it", lambda lab: Client(lab, ARGON_CLOUD, 123).say(NTP_CONTROL)),
    "three controls arrive": (
        "3 of rung: NTP request arrived", lambda lab: Client(lab, ARGON_CLOUD, 123).say(*[NTP_CONTROL] * 3, ttl=9)
    ),
    "one control arrives where the port answers": (
        "1 of rung: NTP request arrived at .*, whose port answers",
        lambda lab: (Client(lab).ask(client_hello()), Client(lab, ARGON_CLOUD, 123).say(NTP_CONTROL, ttl=9)),
    ),
    "25 ClientHellos arrive": (
        "25 ClientHellos arrived", lambda lab: Client(lab).say(*[client_hello()] * 25, ttl=9)
    ),
    "a whole datagram arrives": ("whole datagram arrived", lambda lab: Client(lab).say(bytes(1252), ttl=9)),
    "a whole datagram with the usual TTL": ("no form for it", lambda lab: Client(lab).say(bytes(1252))),
    "fragments": ("it is a fragment", in_fragments),
    "device's NTP request with a version 3": (
        "no form for it", lambda lab: Client(lab, NTP, 123).say(b"\x1b" + bytes(47))
    ),
    "a name that nobody asks for": (
        "nobody has to ask for google.com",
        lambda lab: Client(lab, GATEWAY, 53).say(
            bytes.fromhex("1234 0100 0001 0000 0000 0000") + b"\6google\3com\0\0\1\0\1"
        ),
    ),
    "a server that nobody named": (
        "no form for it", lambda lab: Client(lab, "198.51.100.99").say(client_hello())
    ),
    "an ARP answer without an address": ("no form for it", answer_arp_for_nobody),
    "CoAP GET": ("no form for it", lambda lab: Client(lab, COAP[0], 5683).say(b"\x40\x01\x12\x34")),
}  # fmt: skip


@pytest.fixture
def with_silent_cloud(lab: Lab) -> Lab:
    """The same, with a cloud of its own that is silent."""
    if not lab.local_wall:
        lab.local_cloud(DTLS_PORT, NONCE_PORT).drop("udp", DTLS_PORT, hooks=("input",), must_fire=False)
    return lab


@pytest.mark.parametrize("name", FOREIGN)
def test_what_may_not_be_sent_is_seen(name: str, with_silent_cloud: Lab) -> None:
    words, does = FOREIGN[name]
    with_silent_cloud.watch()
    does(with_silent_cloud)
    settle(with_silent_cloud)
    with pytest.raises(AssertionError, match=f"what may not be sent was sent:(?s:.*){words}"):
        with_silent_cloud.end_watch()


def settle(lab: Lab) -> None:
    """Let what is on its way arrive: an answer comes after everything that was sent before."""
    Client(lab, COAP[1], 5683).ask(b"\x40\x00\x00\x01")


def test_what_a_device_sends_is_no_objection(with_silent_cloud: Lab) -> None:
    with_silent_cloud.watch()
    client = Client(with_silent_cloud)
    cookie = client.cookie()
    client.ask(client_hello(1, cookie=cookie))
    client.say(ALERT)
    silent = Client(with_silent_cloud, LOCAL_CLOUD, DTLS_PORT)
    silent.say(*(client_hello(number) for number in range(4)))
    silent.say(*(ECHO[:9] + struct.pack("!H", number) + ECHO[11:] for number in range(10)))
    Client(with_silent_cloud, ARGON_CLOUD).say(*[client_hello()] * 20, ttl=2)
    with_silent_cloud.end_watch()
    assert with_silent_cloud.seen
    assert with_silent_cloud.seen.used == {
        "ClientHello": 5,
        "ClientHello with the cookie": 1,
        "alert": 1,
        "echo, form 2": 10,
        "rung: ClientHello": 20,
    }


@pytest.mark.parametrize(
    ("came", "done"),
    [
        ({1: 2, 2: 11, 3: 12, 4: 14}, True),
        ({1: 2, 2: 11, 4: 14}, False),  # its ServerKeyExchange was lost
        ({2: 11, 3: 12, 4: 14}, False),  # its ServerHello was lost
        ({1: 2, 2: 11, 3: 12}, False),  # its ServerHelloDone was lost
    ],
)
def test_a_flight_with_a_lost_message_has_not_come(came: dict[int, int], *, done: bool) -> None:
    """Only then may a plain ClientHello follow those with the cookie."""
    assert Flow(messages=came).done is done


def test_who_watches_sees_what_tcpdump_sees() -> None:
    # A lab of its own: to what servers still send to other tests' clients the laptop answers by ICMP.
    with Lab() as lab:
        with lab.capture() as capture:
            seen = lab.check("--device", "argon").seen
        captured = capture.sent()
    ours = Counter((packet.protocol, packet.to[0], packet.to[1] or None) for packet in seen.sent)
    theirs = {(sent.protocol, sent.destination, sent.port): sent.frames for sent in captured}
    theirs.pop(("arp", GATEWAY, None), None)  # the kernel's own

    assert len(ours) > 10
    assert ours == theirs


def test_what_was_not_seen_is_no_success(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.lab.witness._QUEUE", 4096)
    recorder = Recorder(lab.laptop, leaving=True)
    Client(lab, ARGON_CLOUD).say(*[client_hello()] * 50, ttl=1)
    with pytest.raises(AssertionError, match=r"packets of .* were not seen"):
        recorder.end()
