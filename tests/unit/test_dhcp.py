"""DHCP replies decoded, against bytes made here by RFC 2131 and 2132, a capture, and tshark's reading of it."""

import asyncio
import errno
import ipaddress
import re
import socket
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netpreflight.probes import dhcp, obstacles
from netpreflight.probes.net import filters, packet_bytes
from netpreflight.probes.net.clock import CLOCK
from netpreflight.probes.net.dhcp_release import device_mac
from netpreflight.probes.net.dhcp_transport import Heard, Sent, UdpTransport
from netpreflight.probes.net.sockets import Network
from netpreflight.probes.observations import Dhcp, DhcpMessage, DhcpRequestType, Privileges, Scope
from tests.lab.datagrams import dhcp_responder
from tests.unit.dhcp_replies import ACK, COOKIE, MAC, NAK, OFFER, XID, decode, decoded, ip, option, reply

CAPTURE = Path(__file__).parent / "data" / "dhcp-option-108.pcapng"
FULL = reply(
    OFFER,
    option(54, ip("10.0.0.2")),
    option(51, struct.pack("!I", 3600)),
    option(1, ip("255.255.255.0")),
    option(3, ip("10.0.0.3", "10.0.0.4")),
    option(6, ip("9.9.9.9", "1.1.1.1", "8.8.8.8")),
    option(15, b"example.org"),
    option(114, b"https://portal.example/api"),
)


def test_every_field_that_a_device_looks_at_is_read() -> None:
    assert decoded(FULL) == DhcpMessage(
        at_s=1.5,
        type="OFFER",
        identity="device",
        asked="DISCOVER",
        server="10.0.0.2",
        server_named=True,
        server_mac="aa:bb:cc:dd:ee:ff",
        xid=XID,
        address="10.0.0.5",
        mask="255.255.255.0",
        routers=["10.0.0.3", "10.0.0.4"],
        resolvers=["9.9.9.9", "1.1.1.1", "8.8.8.8"],
        lease_s=3600,
        captive_portal="https://portal.example/api",
        domain="example.org",
        broadcast=True,
        raw=FULL.hex(),
    )


def test_what_is_not_there_is_none_and_not_guessed() -> None:
    message = decoded(reply(OFFER, yours="0.0.0.0"))

    assert (message.server, message.server_named) == ("10.0.0.1", False), "without option 54 the sender"
    assert (message.address, message.mask, message.lease_s) == (None, None, None)
    assert (message.routers, message.resolvers) == ([], [])
    assert (message.captive_portal, message.domain, message.message) == (None, None, None)


@pytest.mark.parametrize(("number", "name"), [(OFFER, "OFFER"), (ACK, "ACK"), (NAK, "NAK")])
def test_the_three_messages_of_a_server(number: int, name: str) -> None:
    assert decoded(reply(number, option(56, b"no free leases")), "REQUEST").type == name
    assert decoded(reply(number, option(56, b"no free leases")), "REQUEST").message == "no free leases"


@pytest.mark.parametrize("asked", ["DISCOVER", "REQUEST", "INFORM"])
def test_the_question_is_told_by_the_transaction_id(asked: DhcpRequestType) -> None:
    assert decoded(reply(ACK), asked).asked == asked


@pytest.mark.parametrize(
    "payload",
    [reply(OFFER, xid=XID + 1), reply(OFFER, mac="02:00:00:00:00:02"), reply(OFFER, op=1)],
    ids=["xid", "chaddr", "BOOTREQUEST"],
)
def test_what_answers_somebody_else_is_left_alone(payload: bytes) -> None:
    assert decode(payload) is None


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x02",
        FULL[:200],
        FULL[:236],
        reply(None),
        reply(1),
        reply(8),
        reply(0),
        FULL.replace(COOKIE, bytes(4)),
    ],
    ids=["empty", "byte", "no-options", "no-cookie", "BOOTP", "DISCOVER", "INFORM", "type-0", "wrong-cookie"],
)
def test_what_is_no_message_of_a_dhcp_server_is_malformed(payload: bytes) -> None:
    with pytest.raises(ValueError, match="not DHCP"):
        decode(payload)


@pytest.mark.parametrize("value", [b"", b"\x0a", b"\x0a\x00\x00"], ids=["empty", "1-byte", "3-bytes"])
def test_an_address_option_of_the_wrong_length_gives_no_address(value: bytes) -> None:
    message = decoded(reply(OFFER, option(1, value), option(3, value), option(6, value), option(54, value)))

    assert (message.mask, message.routers, message.resolvers) == (None, [], [])
    assert message.server == "10.0.0.1"


# lwIP's dhcp_parse_reply() returns ERR_VAL or ERR_BUF for these, and dhcp_recv() drops the message.
@pytest.mark.parametrize(
    ("number", "size"),
    [(number, size) for number in (1, 51, 54, 58, 59) for size in (0, 3, 5, 8)]
    + [(3, 0), (3, 3), (6, 3), (6, 5), (52, 0), (52, 2)],
)
def test_an_option_of_a_length_for_which_lwip_drops_the_message(number: int, size: int) -> None:
    good = () if number == 54 else (option(54, ip("10.0.0.2")),)

    message = decoded(reply(OFFER, *good, option(number, bytes([10] * size))))

    assert message.wrong_length == [number]
    assert not message.well_formed


def test_an_option_that_is_cut_off_has_a_wrong_length() -> None:
    cut = reply(OFFER, option(54, ip("10.0.0.2")), option(6, ip("1.1.1.1")))[:-3]

    assert decoded(cut).wrong_length == [6]


@pytest.mark.parametrize(("number", "size"), [(1, 4), (3, 4), (3, 8), (6, 0), (6, 8), (51, 4), (12, 3), (250, 0)])
def test_an_option_of_a_length_that_lwip_takes(number: int, size: int) -> None:
    message = decoded(reply(OFFER, option(54, ip("10.0.0.2")), option(number, bytes([10] * size))))

    assert message.wrong_length == []
    assert message.well_formed


ROUTER, RESOLVERS = option(3, ip("10.0.0.3")), option(6, ip("9.9.9.9"))


@pytest.mark.parametrize(
    ("overload", "routers", "resolvers", "overloaded"),
    [
        (1, ["10.0.0.3"], [], [3]),
        (2, [], ["9.9.9.9"], [6]),
        (3, ["10.0.0.3"], ["9.9.9.9"], [3, 6]),
        (0, [], [], []),
        (4, [], [], []),
        (7, [], [], []),
    ],
)
def test_options_in_the_fields_file_and_sname(
    overload: int, routers: list[str], resolvers: list[str], overloaded: list[int]
) -> None:
    server, end = option(54, ip("10.0.0.2")), b"\xff"
    message = decoded(
        reply(ACK, server, option(52, bytes([overload])), sname=RESOLVERS + end, file=ROUTER + end), "REQUEST"
    )

    assert (message.routers, message.resolvers, message.overloaded) == (routers, resolvers, overloaded)
    assert message.well_formed


def test_without_option_52_those_fields_are_names() -> None:
    message = decoded(reply(ACK, option(54, ip("10.0.0.2")), sname=RESOLVERS, file=ROUTER), "REQUEST")

    assert (message.routers, message.resolvers, message.overloaded) == ([], [], [])


def test_the_options_field_comes_first_then_file_then_sname() -> None:
    both, server = option(52, b"\3"), option(54, ip("10.0.0.2"))
    first, second, third = (option(3, ip(f"10.0.0.{last}")) + b"\xff" for last in (3, 4, 5))

    assert decoded(reply(ACK, server, both, first[:-1], sname=third, file=second), "REQUEST").routers == ["10.0.0.3"]
    assert decoded(reply(ACK, server, both, sname=third, file=second), "REQUEST").routers == ["10.0.0.4"]


def test_option_52_in_such_a_field_is_one_that_lwip_does_not_take() -> None:
    again = option(52, b"\2") + b"\xff"

    assert decoded(reply(ACK, option(54, ip("10.0.0.2")), option(52, b"\1"), file=again), "REQUEST").wrong_length == [
        52
    ]


def test_pads_are_skipped_and_a_resolver_of_zeros_is_none() -> None:
    message = decoded(reply(OFFER, bytes(3), option(3, ip("10.0.0.3")), bytes(1), option(6, ip("0.0.0.0", "1.1.1.1"))))

    assert (message.routers, message.resolvers) == (["10.0.0.3"], ["1.1.1.1"])


def test_an_option_cut_off_by_the_end_of_the_datagram_is_not_completed() -> None:
    whole = reply(OFFER, option(3, ip("10.0.0.3")), option(6, ip("1.1.1.1")))

    message = decode(whole[:-3])

    assert message is None or message.resolvers == []


def test_text_is_kept_as_it_came_and_undecodable_bytes_are_marked() -> None:
    message = decoded(reply(NAK, option(56, b"\x1b]0;x\x07\xfe[red]"), option(15, "münchen".encode())))

    assert message.message == "\x1b]0;x\x07\\xfe[red]"
    assert message.domain == "münchen"


def test_a_list_of_addresses_is_bounded() -> None:
    assert len(decoded(reply(OFFER, option(6, ip(*["10.0.0.9"] * 60)))).resolvers) <= 16


@pytest.mark.parametrize("size", [0, 2, 8])
def test_an_option_108_of_another_length_says_nothing(size: int) -> None:
    assert decoded(reply(OFFER, option(108, bytes(size)))).ipv6_only_s is None


# --- a capture, and tshark


def frames() -> list[bytes]:
    """The packets of a little-endian pcapng file (enhanced packet blocks, type 6)."""
    content, found, at = CAPTURE.read_bytes(), [], 0
    while at < len(content):
        kind, length = struct.unpack_from("<II", content, at)
        if kind == 6:
            (size,) = struct.unpack_from("<I", content, at + 20)
            found.append(content[at + 28 : at + 28 + size])
        at += length
    return found


def captured() -> DhcpMessage:
    _, frame = frames()
    mac = "42:b4:44:b4:f0:ee"
    message = dhcp.decode(
        frame[42:],
        "10.56.0.2",
        sender_mac=None,
        broadcast=False,
        expected={0x9EDF45B0: dhcp.Transaction("device", mac, "DISCOVER")},
        at_s=0,
    )
    assert message is not None
    return message


def test_an_offer_captured_at_an_ietf_meeting() -> None:
    # tshark -r dhcp-option-108.pcapng -Y 'dhcp.type==2' -T fields -e dhcp.option.dhcp -e dhcp.ip.your
    #   -e dhcp.option.dhcp_server_id -e dhcp.option.subnet_mask -e dhcp.option.router
    #   -e dhcp.option.domain_name_server -e dhcp.option.ip_address_lease_time -e dhcp.option.domain_name
    message = captured()

    assert (message.type, message.address, message.server) == ("OFFER", "10.56.42.232", "31.130.229.6")
    assert (message.mask, message.routers) == ("255.255.0.0", ["10.56.0.1"])
    assert message.resolvers == ["31.130.229.6", "31.130.229.7"]
    assert (message.lease_s, message.domain, message.captive_portal) == (3600, "meeting.ietf.org", None)
    assert message.ipv6_only_s == 900, "tshark -V: Option: (108) IPv6-Only Preferred, Value: 00000384"


@pytest.mark.more
@pytest.mark.tshark
def test_tshark_reads_the_same_out_of_the_capture() -> None:
    names = ("ip.your", "option.dhcp_server_id", "option.subnet_mask", "option.router", "option.domain_name_server",
             "option.ip_address_lease_time", "option.domain_name")  # fmt: skip
    fields = [word for name in names for word in ("-e", f"dhcp.{name}")]
    argv = ["tshark", "-r", str(CAPTURE), "-Y", "dhcp.type==2", "-T", "fields", "-E", "separator=|", *fields]
    line = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()

    seen = captured()
    assert line.split("|") == [
        seen.address,
        seen.server,
        seen.mask,
        ",".join(seen.routers),
        ",".join(seen.resolvers),
        str(seen.lease_s),
        seen.domain,
    ]


def test_the_clients_own_discover_is_no_answer() -> None:
    discover, _ = frames()

    with pytest.raises(ValueError, match="not DHCP"):
        decode(discover[42:])


# --- hostile bytes


def check_only_what_is_ours_comes_out(payload: bytes) -> None:
    try:
        message = decode(payload)
    except ValueError:
        return
    if message is not None:
        assert payload[0] == 2
        assert payload[4:8] == XID.to_bytes(4)
        assert payload[28:34].hex(":") == MAC
        assert payload[236:240] == COOKIE
        assert message.type in {"OFFER", "ACK", "NAK"}
        for address in (*message.routers, *message.resolvers, message.mask or "0.0.0.0"):
            ipaddress.IPv4Address(address)


@given(st.binary(max_size=600))
def test_random_bytes_never_do_more_than_fail(payload: bytes) -> None:
    check_only_what_is_ours_comes_out(payload)


@given(st.binary(max_size=300))
def test_random_options_behind_a_valid_head_never_do_more_than_fail(options: bytes) -> None:
    check_only_what_is_ours_comes_out(reply(OFFER, options))
    check_only_what_is_ours_comes_out(reply(None, options))


@given(st.lists(st.tuples(st.integers(0, len(FULL) - 1), st.integers(0, 255)), max_size=6), st.integers(0, len(FULL)))
def test_mutations_never_do_more_than_fail(changes: list[tuple[int, int]], length: int) -> None:
    payload = bytearray(FULL)
    for at, value in changes:
        payload[at] = value
    check_only_what_is_ours_comes_out(bytes(payload))
    check_only_what_is_ours_comes_out(bytes(payload[:length]))


# --- the unknown device's address


@given(st.tuples(*[st.integers(0, 255)] * 6))
def test_the_devices_mac_is_a_stable_local_unicast_address_of_its_own(laptop: tuple[int, ...]) -> None:
    mac = ":".join(f"{byte:02x}" for byte in laptop)

    made = device_mac(mac)

    assert re.fullmatch("[0-9a-f]{2}(:[0-9a-f]{2}){5}", made)
    assert int(made[:2], 16) & 0b11 == 0b10, "locally administered, and not a group address (IEEE 802)"
    assert made == device_mac(mac)
    assert made != mac


def test_two_laptops_make_two_devices() -> None:
    assert len({device_mac(f"02:00:00:00:{number:02x}:00") for number in range(256)}) == 256


# --- the kernel's filter


def frame(*, ethertype: int = 0x0800, protocol: int = 17, fragment: int = 0, words: int = 5,
          ports: tuple[int, int] = (67, 68), body: bytes = FULL) -> bytes:  # fmt: skip
    head = struct.pack(
        "!BBHHHBBH4s4s", 0x40 | words, 0, 0, 0, fragment, 64, protocol, 0, ip("10.0.0.1"), ip("10.0.0.2")
    )
    return (
        bytes(12)
        + ethertype.to_bytes(2)
        + head
        + bytes(4 * (words - 5))
        + struct.pack("!HHHH", *ports, 8 + len(body), 0)
        + body
    )


@pytest.mark.parametrize(
    ("data", "passes"),
    [
        (frame(), True),
        (frame(words=6), True),
        (frame(words=15), True),
        (frame(fragment=0x4000), True),
        (frame(fragment=0x2000), True),
        (frame(fragment=1), False),
        (frame(fragment=0x2001), False),
        (frame(ports=(68, 67)), False),
        (frame(ports=(67, 67)), False),
        (frame(ports=(53, 68)), False),
        (frame(protocol=6), False),
        (frame(ethertype=0x0806), False),
        (frame(ethertype=0x86DD), False),
        (frame()[:30], False),
        (b"\0", False),
        (frame(body=reply(OFFER, xid=XID + 1)), False),
        (frame(body=reply(OFFER, op=1)), False),
        (frame(body=FULL[:8]), True),
        (frame(body=FULL[:7]), False),
    ],
    ids=["reply", "ip-options", "most-ip-options", "dont-fragment", "first-fragment", "later-fragment",
         "middle-fragment", "request", "relay", "dns", "tcp", "arp", "ipv6", "short", "tiny", "another-xid",
         "boot-request", "up-to-its-xid", "without-its-xid"],
)  # fmt: skip
def test_the_kernel_lets_dhcp_replies_through_and_nothing_else(data: bytes, passes: bool) -> None:  # noqa: FBT001 - the table's
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with near, far:
        assert filters.attach(far, filters.dhcp_replies([7, int.from_bytes(FULL[4:8]), 9]))
        far.settimeout(0)
        near.send(data)
        try:
            assert far.recv(4096) == data
            assert passes
        except BlockingIOError:
            assert not passes


def test_a_run_that_is_stopped_waits_until_the_programs_it_asked_have_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else asyncio writes of a process whose event loop is closed."""
    ended = False

    async def stopped() -> None:
        begun = asyncio.Event()

        async def slow_lease(*_: object) -> None:
            nonlocal ended
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                for _turn in range(10):  # turns of the event loop
                    await asyncio.sleep(0)
                ended = True

        class SilentServer:
            """Stands in for the exchange."""

            def __init__(self, *_: object) -> None:
                pass

            async def __aenter__(self) -> Self:
                return self

            async def __aexit__(self, *_: object) -> None:
                pass

            async def run(self) -> None:
                await asyncio.Event().wait()

        monkeypatch.setattr(dhcp, "laptop_lease", slow_lease)
        monkeypatch.setattr(dhcp, "_Client", SilentServer)
        asked = dhcp.dhcp(
            Network("lo", CLOCK.monotonic()),
            Scope(privileges=Privileges(raw_sockets=True)),
            "",
            exchange=True,
            on_resolvers=lambda *_, **__: None,
            on_portal_api=lambda *_, **__: None,
        )
        task = asyncio.create_task(asked)
        await begun.wait()
        task.cancel()
        await asyncio.wait([task])
        assert ended

    asyncio.run(stopped())


# --- without raw sockets


@pytest.mark.parametrize(
    ("os", "raw_sockets", "transport"),
    [
        ("linux", True, "raw"),
        ("linux", False, None),
        ("win32", False, "udp"),
        ("darwin", False, "udp"),
        ("freebsd14", False, None),
    ],
)
def test_by_what_each_system_asks_for_a_lease(os: str, raw_sockets: bool, transport: str | None) -> None:  # noqa: FBT001 - the table's
    here = Scope(os=os, privileges=Privileges(raw_sockets=raw_sockets))

    assert obstacles.lease_transport(here) == transport
    assert (obstacles.to_exchange(here) is None) == (transport is not None)


@pytest.mark.parametrize(
    ("os", "number", "reason", "step"),
    [
        ("win32", errno.EADDRINUSE, "another program has UDP port 68", "end the other DHCP client"),
        ("darwin", errno.EADDRINUSE, "another program has UDP port 68", "wait until it is connected"),
        ("win32", errno.EACCES, "does not let netpreflight use UDP port 68", "as administrator"),
        ("darwin", errno.EACCES, "does not let netpreflight use UDP port 68", "with sudo"),
        ("darwin", errno.EPERM, "does not let netpreflight use UDP port 68", "with sudo"),
        ("win32", errno.ENETUNREACH, "Network is unreachable", "on a Linux laptop"),
    ],
)
def test_a_refused_port_68_is_no_measurement_and_has_a_step(os: str, number: int, reason: str, step: str) -> None:
    class Refusing(Network):
        """An interface whose sockets the system refuses."""

        def bind_to_interface(self, sock: socket.socket) -> None:
            raise OSError(number, "Network is unreachable")

    seen = exchanged(Refusing("eth9", CLOCK.monotonic()), Scope(interface="eth9", os=os))

    assert reason in (seen.exchange_denied or "")
    assert step in (seen.unlocked_by or "")
    assert (seen.sent, seen.granted, seen.transport) == ([], None, None)


def test_a_network_that_goes_away_over_udp_is_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENETDOWN, "Network is down")

    monkeypatch.setattr(UdpTransport, "open", lambda *_: None)
    monkeypatch.setattr(UdpTransport, "close", lambda *_: None)
    monkeypatch.setattr(UdpTransport, "broadcast", fail)
    seen = exchanged(Network("eth9", CLOCK.monotonic()), Scope(interface="eth9", os="win32"))

    assert "Network is down" in (seen.exchange_denied or "")


def offered_at_the_end(monkeypatch: pytest.MonkeyPatch, servers: list[str], *, before: Sequence[str] = ()) -> Dhcp:
    """What is seen where each of these servers offers an address over UDP just before the exchange ends.

    Args:
        monkeypatch: puts them in place.
        servers: their addresses.
        before: the addresses of servers that offer it to the laptop before.
    """
    asked: list[bytes] = []

    def arrives(self: UdpTransport) -> None:
        if asked:
            by_device, by_laptop = asked
            asked.clear()
            to_laptop = [(by_laptop, server) for server in before]
            for discover, server in to_laptop + [(by_device, server) for server in servers]:
                (offer,) = dhcp_responder("offer", server, "192.168.77.120")(discover, 0)
                self._on_heard(offer.data, Heard(offer.data, server, None, broadcast=True))

    def broadcast(_: UdpTransport, message: bytes, __: str | None) -> Sent:
        asked.append(message)
        return Sent(message, len(message))

    monkeypatch.setattr(UdpTransport, "open", lambda self, on_heard, _: setattr(self, "_on_heard", on_heard))
    monkeypatch.setattr(UdpTransport, "close", lambda *_: None)
    monkeypatch.setattr(UdpTransport, "broadcast", broadcast)
    monkeypatch.setattr(UdpTransport, "read", arrives)
    monkeypatch.setattr(dhcp, "GIVE_UP_S", 0.05)
    return exchanged(Network("eth9", CLOCK.monotonic()), Scope(interface="eth9", os="win32"), denied=False)


def test_an_offer_that_still_waits_to_be_read_at_the_end_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = offered_at_the_end(monkeypatch, ["192.168.77.1"])

    assert [offer.server for offer in seen.offers()] == ["192.168.77.1"]
    assert not seen.unread
    assert [sent.type for sent in seen.sent if sent.type != "DISCOVER"] == [], "too late to be asked for"


@pytest.mark.parametrize("further", [0, 1])
def test_an_offer_behind_a_flood_of_others_is_told_to_have_come(further: int, monkeypatch: pytest.MonkeyPatch) -> None:
    servers = [f"192.168.77.{number + 1}" for number in range(dhcp.MOST_MESSAGES + further)]
    seen = offered_at_the_end(monkeypatch, servers)

    assert [offer.server for offer in seen.offers()] == servers[: dhcp.MOST_MESSAGES]
    assert seen.unread == (further > 0)


def test_an_offer_to_the_device_is_kept_behind_a_flood_of_the_same_to_the_laptop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    others = [f"192.168.77.{number + 1}" for number in range(dhcp.MOST_MESSAGES)]
    seen = offered_at_the_end(monkeypatch, ["192.168.77.1"], before=others)

    assert [message.identity for message in seen.received] == ["laptop"] * dhcp.MOST_MESSAGES + ["device"]
    assert not seen.unread


def exchanged(network: Network, scope: Scope, *, denied: bool = True) -> Dhcp:
    """What is seen over UDP, and what the rest of the run is told of it: whether no lease could be asked for."""
    told: list[bool] = []
    asked = dhcp.dhcp(
        network,
        scope,
        "",
        exchange=True,
        on_resolvers=lambda _, *, settled, denied=False: told.append(settled and denied),
        on_portal_api=lambda *_: None,
        transport="udp",
    )
    seen = asyncio.run(asked)
    assert told == [denied]
    return seen


def test_what_a_relay_sends_on_has_its_address_and_a_hop() -> None:
    plain = packet_bytes.dhcp_request(1, MAC, XID, [], broadcast=True)
    relayed = packet_bytes.dhcp_request(1, MAC, XID, [], broadcast=True, relay_address="192.0.2.7")

    assert relayed[3] == 1, "hops (RFC 1542 section 4.1.1)"
    assert relayed[24:28] == ip("192.0.2.7"), "giaddr (RFC 2131, figure 1)"
    assert (plain[3], plain[24:28]) == (0, bytes(4))
    assert relayed[:3] + relayed[4:24] + relayed[28:] == plain[:3] + plain[4:24] + plain[28:]


def test_an_answer_to_what_was_relayed_says_so() -> None:
    asked = {XID: dhcp.Transaction("device", MAC, "DISCOVER", relayed=True)}
    found = dhcp.decode(FULL, "10.0.0.2", sender_mac=None, broadcast=False, expected=asked, at_s=0)

    assert found
    assert found.relayed
    assert not decoded(FULL).relayed
