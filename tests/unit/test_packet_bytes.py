"""What is sent and read from the Ethernet or IP header on, against scapy's bytes."""

import importlib
from typing import Any

import pytest

from netpreflight.agent.report import hardware_makers
from netpreflight.probes.net import packet_bytes, packet_reading, packets

LAPTOP, DEVICE, ROUTER = "02:00:00:00:00:01", "02:11:22:33:44:55", "02:00:00:00:00:fe"
NEAR, FAR = ("192.0.2.10", 50000), ("198.51.100.7", 5683)


@pytest.fixture(scope="module")
def scapy() -> tuple[Any, Any, Any]:
    """Its layers l2, inet and dhcp."""
    return packets.layers("l2"), packets.layers("inet"), packets.layers("dhcp")


@pytest.mark.parametrize("payload", [b"", b"odd", b"even", bytes(range(256)) * 4])
@pytest.mark.parametrize(("fragment", "flags"), [(True, 0), (False, "DF")])
def test_a_datagram(scapy: tuple[Any, Any, Any], payload: bytes, fragment: bool, flags: Any) -> None:  # noqa: FBT001
    _, inet, _ = scapy
    whole = inet.IP(src=NEAR[0], dst=FAR[0], id=7, ttl=3, flags=flags) / inet.UDP(sport=NEAR[1], dport=FAR[1]) / payload

    assert packet_bytes.udp_packet(NEAR, FAR, payload, number=7, ttl=3, fragment=fragment) == bytes(whole)


def test_a_datagram_whose_checksum_is_zero_says_so_in_ones(scapy: tuple[Any, Any, Any]) -> None:
    """RFC 768: zero says that there is none."""
    _, inet, _ = scapy
    fixed = inet.UDP(bytes(inet.IP(src=NEAR[0], dst=FAR[0]) / inet.UDP(sport=NEAR[1], dport=FAR[1]) / b"\0\0")[20:])
    payload = fixed.chksum.to_bytes(2)  # adds what is missing to all ones

    assert packet_bytes.udp_packet(NEAR, FAR, payload)[26:28] == b"\xff\xff"


def test_a_syn(scapy: tuple[Any, Any, Any]) -> None:
    _, inet, _ = scapy
    options = [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (0xFFFFFFFF, 0)), ("NOP", None), ("WScale", 7)]
    syn = inet.TCP(sport=NEAR[1], dport=FAR[1], seq=0x89ABCDEF, flags="S", window=64240, options=options)
    whole = inet.IP(src=NEAR[0], dst=FAR[0], id=65535, ttl=255, flags="DF") / syn

    made = packet_bytes.syn_packet(NEAR, FAR, 0x89ABCDEF, 0xFFFFFFFF, number=65535, ttl=255)
    assert made == bytes(whole)


def test_a_dhcp_request_in_its_frame(scapy: tuple[Any, Any, Any]) -> None:
    l2, inet, dhcp = scapy
    bootp = dhcp.BOOTP(op=1, chaddr=packet_bytes.mac_bytes(DEVICE), xid=0x12345678, flags="B", ciaddr="192.0.2.1")
    told = [
        ("message-type", "request"),
        ("max_dhcp_size", 1500),
        ("requested_addr", "192.0.2.10"),
        ("server_id", "192.0.2.254"),
        ("param_req_list", [1, 3, 28, 6]),
        ("hostname", b"argon"),
        "end",
    ]
    whole = (
        l2.Ether(src=LAPTOP, dst="ff:ff:ff:ff:ff:ff")
        / inet.IP(src="0.0.0.0", dst="255.255.255.255")
        / inet.UDP(sport=68, dport=67)
        / bootp
        / dhcp.DHCP(options=told)
    )
    options = [
        (57, b"\x05\xdc"),
        (50, packet_bytes.address_bytes("192.0.2.10")),
        (54, packet_bytes.address_bytes("192.0.2.254")),
        (55, bytes((1, 3, 28, 6))),
        (12, b"argon"),
    ]

    made = packet_bytes.dhcp_request(3, DEVICE, 0x12345678, options, client_address="192.0.2.1", broadcast=True)
    packet = packet_bytes.udp_packet(("0.0.0.0", 68), ("255.255.255.255", 67), made)
    assert packet_bytes.ethernet(LAPTOP, "ff:ff:ff:ff:ff:ff", packet_bytes.IPV4, packet) == bytes(whole)


def test_an_arp_request(scapy: tuple[Any, Any, Any]) -> None:
    l2, _, _ = scapy
    whole = l2.ARP(op=1, hwsrc=LAPTOP, psrc="0.0.0.0", hwdst="00:00:00:00:00:00", pdst="192.0.2.10")

    assert packet_bytes.arp_request(LAPTOP, "192.0.2.10") == bytes(whole)


def test_an_arp_reply(scapy: tuple[Any, Any, Any]) -> None:
    l2, _, _ = scapy
    whole = l2.ARP(op=2, hwsrc=LAPTOP, psrc="192.0.2.10", hwdst=ROUTER, pdst="192.0.2.254")

    assert packet_bytes.arp_reply((LAPTOP, "192.0.2.10"), (ROUTER, "192.0.2.254")) == bytes(whole)


@pytest.mark.parametrize(("op", "kind"), [(1, (True, False)), (2, (False, True)), (8, (False, False))])
def test_an_arp_packet_is_read_with_its_padding_or_without(
    scapy: tuple[Any, Any, Any], op: int, kind: tuple[bool, bool]
) -> None:
    l2, _, _ = scapy
    told = {"hwsrc": LAPTOP, "psrc": "192.0.2.10", "hwdst": ROUTER, "pdst": "192.0.2.254"}
    frame = bytes(l2.Ether(src=LAPTOP, dst=ROUTER) / l2.ARP(op=op, **told))

    assert packet_reading.arp_in(frame) == packet_reading.arp_in(frame + bytes(18)) == (*kind, *told.values())
    assert [packet_reading.arp_in(frame[:size]) for size in range(len(frame))] == [None] * len(frame)


@pytest.mark.parametrize(
    ("op", "sender", "is_probe"),
    [(1, "0.0.0.0", True), (1, "192.0.2.10", False), (1, "0.0.0.1", False), (2, "0.0.0.0", False)],
)
def test_an_arp_probe_asks_without_an_address_of_its_own(
    scapy: tuple[Any, Any, Any], op: int, sender: str, *, is_probe: bool
) -> None:
    """RFC 5227, sections 1.1 and 2.1.1."""
    l2, _, _ = scapy
    packet = packet_reading.arp_in(bytes(l2.Ether() / l2.ARP(op=op, psrc=sender, pdst="192.0.2.10")))

    assert packet is not None
    assert packet.is_probe is is_probe


@pytest.mark.parametrize("other", [{"hwtype": 6}, {"ptype": 0x86DD}, {"hwlen": 8}, {"plen": 16}])
def test_arp_of_other_networks_is_left_alone(scapy: tuple[Any, Any, Any], other: dict[str, int]) -> None:
    l2, _, _ = scapy
    frame = bytes(l2.Ether(src=LAPTOP, dst=ROUTER) / l2.ARP(op=2, psrc="192.0.2.10", pdst="192.0.2.254"))
    fields = {"hwtype": slice(14, 16), "ptype": slice(16, 18), "hwlen": slice(18, 19), "plen": slice(19, 20)}
    ((name, value),) = other.items()
    at = fields[name]
    changed = frame[: at.start] + value.to_bytes(at.stop - at.start) + frame[at.stop :]

    assert packet_reading.arp_in(frame) is not None
    assert packet_reading.arp_in(changed) is None


def test_a_frame_is_read_without_its_padding_and_with_ip_options(scapy: tuple[Any, Any, Any]) -> None:
    l2, inet, dhcp = scapy
    ip = inet.IP(src="192.0.2.254", dst="192.0.2.10", options=[inet.IPOption(b"\x94\x04\0\0")])
    reply = dhcp.BOOTP(op=2, xid=9, yiaddr="192.0.2.10", chaddr=packet_bytes.mac_bytes(DEVICE))
    frame = bytes(l2.Ether(src=ROUTER, dst=LAPTOP) / ip / inet.UDP(sport=67, dport=68) / reply) + bytes(11)

    read = packet_reading.udp_in(frame)
    assert (read.source_mac, read.target_mac, read.source) == (ROUTER, LAPTOP, "192.0.2.254")
    assert read.payload == bytes(reply)
    assert packet_reading.bootp_in(read.payload) == (2, 9, "192.0.2.10", DEVICE)


def test_what_is_cut_off_or_not_udp_is_refused(scapy: tuple[Any, Any, Any]) -> None:
    l2, inet, _ = scapy
    whole = bytes(l2.Ether(src=ROUTER, dst=LAPTOP) / inet.IP() / inet.UDP(sport=67, dport=68))
    others = [
        bytes(l2.Ether(src=ROUTER, dst=LAPTOP) / inet.IP() / inet.TCP(sport=67, dport=68)),
        bytes(l2.Ether(src=ROUTER, dst=LAPTOP) / inet.IP(frag=1) / inet.UDP(sport=67, dport=68)),
        bytes(l2.Ether(src=ROUTER, dst=LAPTOP) / inet.IP(ihl=4) / inet.UDP(sport=67, dport=68)),
        bytes(l2.Ether(src=ROUTER, dst=LAPTOP, type=0x86DD) / inet.IP() / inet.UDP(sport=67, dport=68)),
    ]

    assert packet_reading.udp_in(whole).payload == b""
    for frame in (*(whole[:size] for size in range(len(whole))), *others):
        with pytest.raises(ValueError, match="UDP"):
            packet_reading.udp_in(frame)
    with pytest.raises(ValueError, match="BOOTP"):
        packet_reading.bootp_in(bytes(235))


def test_without_scapy_no_maker_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name=name)

    hardware_makers.registry.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(importlib, "import_module", missing)
        nobody = hardware_makers.maker("b8:27:eb:00:00:01")
    hardware_makers.registry.cache_clear()

    assert nobody is None
    assert hardware_makers.maker("b8:27:eb:00:00:01") == "Raspberry Pi Foundation"
