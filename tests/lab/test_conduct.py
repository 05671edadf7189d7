"""How netpreflight behaves on a network: what its packets look like, what it leaves behind, how it ends."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging.dns import NTP_SERVER
from netpreflight.agent.judging.registry import survey_checks
from netpreflight.probes.dns import RANDOM_UNDER
from netpreflight.probes.portal import VENDOR_HOSTS
from tests.lab.capture import Capture
from tests.lab.command import SHORT_HOLD, check_with, start
from tests.lab.datagrams import DnsMode, DtlsMode, unnumbered
from tests.lab.lab import ARGON_CLOUD, NOBODY, READABLE, Lab
from tests.lab.namespaces import wait_until
from tests.lab.servers import GATEWAY, LAPTOP_MAC, Dhcp
from tests.pseudo_terminal import PseudoTerminal

pytestmark = pytest.mark.lab

TOOL = str(Path(sys.executable).with_name("netpreflight"))


def status(report: dict[str, Any], check_id: str) -> str:
    """A check's status in a report."""
    return next(str(check["status"]) for check in report["checks"] if check["id"] == check_id)


# --- what is sent, read by tshark


def test_dhcp_messages_are_the_devices() -> None:
    with Lab() as lab:
        with lab.capture() as capture:
            report = lab.check().report
        rows = capture.fields(
            "dhcp.option.dhcp",
            "dhcp.hw.mac_addr",
            "dhcp.flags.bc",
            "dhcp.option.hostname",
            "dhcp.ip.client",
            "eth.src",
            display_filter="dhcp && udp.dstport == 67",
        )
    device = report["observations"]["dhcp"]["client_mac"]
    kinds = {"1": "DISCOVER", "3": "REQUEST", "7": "RELEASE", "8": "INFORM"}
    sent = [(kinds[row[0]], row[1], row[2] in {"1", "True"}, row[3]) for row in rows]

    assert device != LAPTOP_MAC
    assert sent == [
        ("INFORM", LAPTOP_MAC, False, ""),
        ("DISCOVER", device, True, ""),
        ("REQUEST", device, True, "netpreflight-device"),
        ("RELEASE", device, False, ""),
        ("RELEASE", device, False, ""),
    ]
    assert {row[5] for row in rows} == {LAPTOP_MAC}
    assert rows[3][4] == report["observations"]["dhcp"]["granted"]["address"]


def test_one_arp_request_for_the_offered_address_before_it_is_asked_for() -> None:
    """RFC 5227 section 2.1.1: an ARP Probe has no address of its own, which would spoil the caches of others."""
    with Lab() as lab:
        with lab.capture() as capture:
            report = lab.check("--only", "dhcp").report
        probe = "arp.src.proto_ipv4 == 0.0.0.0"
        rows = capture.fields("frame.number", "eth.src", "eth.dst", "arp.opcode", "arp.src.hw_mac", "arp.dst.hw_mac",
                              "arp.dst.proto_ipv4", display_filter=probe)  # fmt: skip
        ((request, *_),) = capture.fields("frame.number", display_filter="dhcp.option.dhcp == 3")
        ((offer, *_),) = capture.fields("frame.number", display_filter="dhcp.option.dhcp == 2")
    offered = report["observations"]["dhcp"]["granted"]["address"]

    ((number, *sent),) = rows
    assert sent == [LAPTOP_MAC, "ff:ff:ff:ff:ff:ff", "1", LAPTOP_MAC, "00:00:00:00:00:00", offered]
    assert int(offer) < int(number) < int(request)
    (contact,) = (contact for contact in report["footprint"] if contact["protocol"] == "arp")
    listed = {name: contact[name] for name in ("address", "packets", "bytes", "shapes")}
    assert listed == {"address": offered, "packets": 1, "bytes": 28, "shapes": ["ARP request"]}


def test_dhcp_messages_byte_by_byte() -> None:
    """device-facts 5; only the hardware address and the broadcast flag (the answers are for nobody here) are ours."""
    with Lab() as lab:
        with lab.capture() as capture:
            seen = lab.check("--device", "argon", "--only", "dhcp").report["observations"]["dhcp"]
        of_device = f"dhcp && udp.dstport == 67 && dhcp.hw.mac_addr == {seen['client_mac']}"
        rows = capture.fields("udp.payload", display_filter=of_device)
    discover, request = (text for (text,) in rows[:2])
    xid = slice(8, 16)
    mac, granted = seen["client_mac"].replace(":", ""), socket.inet_aton(seen["granted"]["address"]).hex()
    head = "01010600" + "########" + "0000" + "8000" + "00" * 16 + mac + "00" * (10 + 64 + 128) + "63825363"
    asks = "3704" + "01031c06"
    size = "3902" + "05dc"  # 1500 bytes
    host_name = "0c18" + b"e00fce680000000000000000".hex()
    server = socket.inet_aton(GATEWAY).hex()

    assert masked(discover, xid).rstrip("0") == head + "350101" + size + asks + "ff"
    assert masked(request, xid).rstrip("0") == (
        head + "350103" + size + "3204" + granted + "3604" + server + asks + host_name + "ff"
    )
    assert len(discover) == len(request) == 2 * (240 + 68), "lwIP's messages have 68 bytes for options"


def masked(payload: str, *random: slice) -> str:
    """The hexadecimal text of a payload with what is random in it marked."""
    for part in random:
        payload = payload[: part.start] + "#" * (part.stop - part.start) + payload[part.stop :]
    return payload


def test_ntp_request_is_the_devices() -> None:
    with Lab() as lab:
        with lab.capture() as capture:
            lab.check("--only", "ntp")
        rows = capture.fields(
            "udp.payload", "ntp.flags", "ntp.org", "ntp.xmt", "udp.srcport", display_filter="ntp && udp.dstport == 123"
        )

    assert len(rows) == 1
    payload, flags, origin, transmit, port = rows[0]
    assert flags == "0x23"
    assert masked(payload, slice(48, 64)) == "23" + "00" * 23 + "#" * 16 + "00" * 16, "its clock, and nothing else"
    assert origin.startswith(time.strftime("%b", time.gmtime()))
    assert transmit in {"NULL", ""} or "(0)Jan  1, 1970" in transmit or transmit.startswith("Jan  1, 1970"), transmit
    assert int(port) > 1023


def test_dns_queries_are_plain() -> None:
    with Lab() as lab:
        with lab.capture() as capture:
            report = lab.check("--only", "dns").report
        rows = capture.fields(
            "dns.qry.name",
            "dns.qry.type",
            "dns.count.add_rr",
            "dns.flags",
            "udp.srcport",
            "dns.count.queries",
            "dns.qry.class",
            display_filter="dns && udp.dstport == 53",
        )

    needed = {host for device in profiles.load_all() for host in device.cloud.hosts.value} | {NTP_SERVER, *VENDOR_HOSTS}
    random = [name for name, *_ in rows if name.partition(".")[2] in RANDOM_UNDER]
    others = {
        name for name, *_ in rows
        if name not in needed and re.fullmatch(r"[0-9a-f]{24}\.v[1-6]\.udp\.particle\.io", name)
    }  # fmt: skip
    a, aaaa = ([name for name, kind, *_ in rows if kind == number] for number in ("1", "28"))
    assert sorted(a) == sorted([*needed, *others, *random])
    zones = {host.partition(".")[2] for host in needed if len(host.partition(".")[0]) == 24}
    assert sorted(name.partition(".")[2] for name in others) == sorted(zones) != [], "one more device of each zone"
    assert not any(name.startswith("e00fce680000") for name in others)
    assert len(random) == len(RANDOM_UNDER)
    assert sorted(aaaa) == sorted(
        {host for device in profiles.load_all() if device.dns.aaaa_first.value for host in device.cloud.hosts.value}
    )
    assert {row[2:4] + row[5:] for row in rows} == {("0", "0x0100", "1", "0x0001")}
    assert len({row[4] for row in rows}) == len(rows)
    assert [lookup["name"] for lookup in report["observations"]["dns"]["lookups"] if lookup["type"] == "AAAA"] == aaaa


def test_coap_ping_is_an_empty_confirmable_message() -> None:
    with Lab() as lab:
        with lab.capture() as capture:
            lab.check("--only", "coap")
        sent = capture.fields(
            "coap.version",
            "coap.type",
            "coap.code",
            "coap.token_len",
            "udp.length",
            display_filter="udp.dstport == 5683",
        )
        received = capture.fields("coap.type", "coap.code", display_filter="udp.srcport == 5683")

    assert set(sent) == {("1", "0", "0", "0", "12")}
    assert set(received) == {("3", "0")}


HELLO_RANDOM = slice(2 * 27, 2 * 59)


def hello_bytes(record: int) -> str:
    """A device's ClientHello (device-facts 2.3; RFC 6347, 7250, 8422, 9146) in a record of this number."""
    extensions = (
        "000d0004" + "0002" + "0403"  # signature_algorithms: ECDSA with SHA-256
        "000a0004" + "0002" + "0017"  # supported_groups: secp256r1
        "000b0002" + "01" + "00"  # ec_point_formats: uncompressed
        "00fe0001" + "00"  # connection_id by its provisional number: an empty one
        "00130002" + "01" + "02"  # client_certificate_type: raw public key
        "00140002" + "01" + "02"  # server_certificate_type: raw public key
    )  # fmt: skip
    body = "fefd" + "#" * 64 + "00" + "00" + "0004c0ae00ff" + "0100" + f"{len(extensions) // 2:04x}" + extensions
    size = f"{len(body) // 2:06x}"
    handshake = "01" + size + "0000" + "000000" + size + body
    return "16fefd" + "0000" + f"{record:012x}" + f"{len(handshake) // 2:04x}" + handshake


HELLO = (
    "dtls.handshake.type",
    "dtls.record.version",
    "dtls.handshake.version",
    "dtls.handshake.ciphersuite",
    "dtls.handshake.extensions_supported_group",
    "dtls.handshake.cookie_length",
    "dtls.handshake.extension.type",
    "_ws.malformed",
    "udp.payload",
)


def hellos(capture: Capture, *cookies: str) -> list[tuple[str, ...]]:
    """What tshark reads of the ClientHellos that may get to the cloud, whose cookies have these lengths, too."""
    rows = capture.fields(
        *HELLO, display_filter="dtls.handshake && udp.dstport == 5684 && ip.ttl == 64", every=True
    )  # fmt: skip
    read = {
        ("1", "0xfefd", "0xfefd", "0xc0ae,0x00ff", "0x0017", size, "13,10,11,254,19,20", "") for size in ("0", *cookies)
    }
    assert {row[:-1] for row in rows} == read
    return rows


def test_client_hello_is_the_devices() -> None:
    with Lab() as lab:
        with lab.capture() as capture:
            report = lab.check("--device", "argon", "--only", "cloud").report
        (*_, payload), (*_, second) = hellos(capture, "32")

    assert len(payload) == 2 * 110
    assert masked(payload, HELLO_RANDOM) == hello_bytes(0)
    assert second[HELLO_RANDOM] == payload[HELLO_RANDOM], "the one with the cookie, of the same handshake"
    assert len(second) > len(payload)
    assert ".v6.udp.particle.io" in json.dumps(report["footprint"])


def test_client_hello_is_sent_again_as_a_device_does() -> None:
    with Lab() as lab:
        lab.gateway.drop("udp", 5684)
        with lab.capture() as capture:
            lab.check("--device", "argon", "--only", "cloud", "--skip", "path")
        payloads = [row[-1] for row in hellos(capture)]

    assert [masked(payload, HELLO_RANDOM) for payload in payloads] == [hello_bytes(number) for number in range(3)]
    assert len({payload[HELLO_RANDOM] for payload in payloads}) == 1, "one handshake"


ECHOES = "udp.dstport == 5684 && udp.payload[0] == 0xfc"


def echo_headers(payload: str) -> tuple[str, str, int, int, int]:
    """Type and version, epoch, the two parts of the sequence field, and what the length leaves over."""
    head, rest = payload[:26], payload[26:]
    return head[:6], head[6:10], int(head[10:18], 16), int(head[18:22], 16), len(rest) // 2 - int(head[22:], 16)


@pytest.mark.parametrize("mode", ["real", "no-echo", "alert"])
@pytest.mark.parametrize("form", [("6.2.0", ["WiFi: <n>/10 packets"]), ("5.8.2", [])], ids=lambda form: str(form[0]))
def test_a_cloud_that_answers_is_sent_no_echo(mode: DtlsMode, form: tuple[str, list[str]]) -> None:
    version, log = form
    with Lab(argon_cloud=mode) as lab:
        with lab.capture() as capture:
            run = lab.check("--device", "argon", "--os", version, "--skip", "dhcp")
        assert capture.fields("udp.payload", display_filter=ECHOES) == []
    test = run.report["internet_test"]

    assert run.report["observations"]["echo"]["tests"] == []
    assert (test["result"], test["runs"]) == ("passed", False)
    assert "the device sends no echoes here, and none were sent" in test["reason"]
    assert [line[:20] for line in test["log"] if line.startswith("WiFi")] == log
    assert run.report["observations"]["echo"]["duration_s"] < 5, "nor were any waited for"


def test_echo_stops_at_the_first_one() -> None:
    with Lab(argon_cloud="echo-only") as lab:
        with lab.capture() as capture:
            report = lab.check("--device", "argon", "--only", "cloud").report
        sent = capture.fields("udp.payload", display_filter=ECHOES)
        received = capture.fields("udp.payload", display_filter=ECHOES.replace("dst", "src"))
    (test,) = report["observations"]["echo"]["tests"]

    assert sent == received
    ((payload,),) = sent
    kind, epoch, _, number, over = echo_headers(payload)
    assert (kind, epoch, number, over) == ("fcfefd", "8004", 0, 0)
    assert [packet["sent"] for packet in test["packets"]] == [payload]
    assert test["packets"][0]["echo_ms"] < 500
    assert test["stopped_early"]


@pytest.mark.timing
def test_unanswered_echo_goes_at_the_devices_pace() -> None:
    with Lab(argon_cloud="silent") as lab:
        with lab.capture() as capture:
            report = lab.check("--device", "argon", "--only", "cloud").report
        rows = capture.fields("frame.time_relative", "udp.payload", "udp.srcport", display_filter=ECHOES)
    times = [float(row[0]) for row in rows]
    headers = [echo_headers(row[1]) for row in rows]
    clock_ms = [header[2] for header in headers]

    assert len(rows) == 10
    assert [at - times[0] for at in times] == pytest.approx([0.25 * number for number in range(10)], abs=0.1)
    assert [stamp - clock_ms[0] for stamp in clock_ms] == pytest.approx([250 * number for number in range(10)], abs=100)
    assert {header[:2] for header in headers} == {("fcfefd", "8004")}
    assert [header[3] for header in headers] == list(range(10))
    assert {header[4] for header in headers} == {0}
    assert all(1 <= len(row[1]) // 2 - 13 <= 511 for row in rows)
    assert len({row[2] for row in rows}) == 1, "one socket"
    (test,) = report["observations"]["echo"]["tests"]
    assert test["waited_s"] == pytest.approx(5, abs=0.3)
    assert not test["stopped_early"]


FORM_1 = (
    "from netpreflight.probes.echo import EchoTarget\n"
    "netpreflight.agent.run.echo_targets = lambda known, _: [EchoTarget(1, known[0].cloud.hosts.value[0], 5684, 5)]"
)


@pytest.mark.timing
def test_unanswered_echo_of_the_first_form() -> None:
    with Lab(argon_cloud="silent") as lab:
        with lab.capture() as capture:
            report = check_with(lab, FORM_1, "--device", "argon", "--only", "cloud")
        rows = capture.fields("frame.time_relative", "udp.payload", display_filter=ECHOES)
    times = [float(row[0]) for row in rows]

    assert [at - times[0] for at in times] == pytest.approx([0.5 * number for number in range(5)], abs=0.1)
    assert [echo_headers(row[1]) for row in rows] == [("fcfefd", "8005", number, 0, 0) for number in range(5)]
    assert all(1 <= len(row[1]) // 2 - 13 <= 255 for row in rows)
    (test,) = report["observations"]["echo"]["tests"]
    assert test["waited_s"] == pytest.approx(5, abs=0.3)


def test_echo_of_the_first_form_stops_at_the_first_one() -> None:
    with Lab(argon_cloud="echo-only") as lab:
        with lab.capture() as capture:
            report = check_with(lab, FORM_1, "--device", "argon", "--only", "cloud")
        sent = capture.fields("udp.payload", display_filter=ECHOES)

    assert len(sent) == 1
    assert report["observations"]["echo"]["tests"][0]["packets"][0]["echo_ms"] < 500


@pytest.mark.timing
@pytest.mark.parametrize(("form", "most"), [("", 10), (FORM_1, 5)], ids=["second", "first"])
def test_altered_echo_is_none(form: str, most: int) -> None:
    with Lab(argon_cloud="echo-altered") as lab:
        report = check_with(lab, form, "--device", "argon", "--only", "cloud")
    (test,) = report["observations"]["echo"]["tests"]

    assert len(test["packets"]) == most
    assert all(packet["flaw"] and packet["reply"] and packet["echo_ms"] is None for packet in test["packets"])


@pytest.mark.timing
def test_echo_needs_no_dtls_server() -> None:
    with Lab(argon_cloud="echo-only") as lab:
        report = lab.check("--device", "argon", "--only", "cloud").report
    seen = report["observations"]

    assert seen["echo"]["tests"][0]["packets"][0]["echo_ms"] is not None
    dtls = next(endpoint for endpoint in seen["cloud"]["endpoints"] if endpoint["transport"] == "dtls")
    assert dtls["record"] is None
    assert dtls["given_s"] == pytest.approx(12, abs=0.1)


def test_icmp_ends_no_echo() -> None:
    with Lab() as lab:
        lab.gateway.reject("udp", 5684)
        report = lab.check("--device", "argon", "--only", "cloud").report
    packets = report["observations"]["echo"]["tests"][0]["packets"]

    assert len(packets) == 10
    assert {(packet["icmp"]["type"], packet["icmp"]["code"], packet["icmp"]["source"]) for packet in packets} == {
        (3, 13, GATEWAY)
    }


def test_tcp_53_is_opened_and_closed_and_no_more() -> None:
    with Lab() as lab:
        with lab.capture() as capture:
            report = lab.check("--device", "photon", "--only", "cloud").report
        rows = capture.fields("tcp.flags", "tcp.len", display_filter="tcp.dstport == 53 && ip.dst == 8.8.8.8")
        arrived = lab.arrived("tcp", 53)
        said = lab.fakes["tcp53"].received[0].data
    connection = report["observations"]["tcp"]["connection"]

    syn, ack, fin = 0x02, 0x10, 0x01
    flags = [int(row[0], 16) for row in rows]
    assert flags[:2] == [syn, ack]
    assert flags[2] == fin | ack
    assert len(flags) <= 4
    assert {row[1] for row in rows} == {"0"}
    assert (arrived, said) == (1, b"")
    assert (connection["error"], connection["received"]) == (None, "")
    assert connection["connect_ms"] > 0


@pytest.mark.timing
def test_tcp_53_closed_or_dropped() -> None:
    with Lab(tcp53="closed") as lab:
        refused = lab.check("--device", "photon", "--only", "cloud").report
    with Lab() as lab:
        lab.gateway.drop("tcp", 53)
        dropped = lab.check("--device", "photon", "--only", "cloud").report

    assert refused["observations"]["tcp"]["connection"]["error"] == "refused"
    assert dropped["observations"]["tcp"]["connection"]["error"] == "timeout"
    assert dropped["observations"]["tcp"]["connection"]["waited_s"] == pytest.approx(5, abs=0.3)


@pytest.mark.timing
@pytest.mark.parametrize(
    ("mode", "rcode", "addresses", "took_s"),
    [("aaaa-silent", None, [], 4.0), ("dns64", "NOERROR", ["64:ff9b::c633:6415"], 0.0), ("real", "NOERROR", [], 0.0)],
)
def test_ipv6_addresses_are_asked_for_and_keep_nobody_waiting(
    mode: DnsMode, rcode: str | None, addresses: list[str], took_s: float
) -> None:
    with Lab(dns=mode) as lab:
        seen = lab.check("--device", "argon", "--only", "cloud").report["observations"]
    (lookup,) = (lookup for lookup in seen["dns"]["lookups"] if lookup["type"] == "AAAA")
    endpoint = next(endpoint for endpoint in seen["cloud"]["endpoints"] if endpoint["transport"] == "dtls")

    assert lookup["name"] == endpoint["host"]
    assert (lookup["rcode"], lookup["addresses"]) == (rcode, addresses)
    assert lookup["elapsed_ms"] / 1000 == pytest.approx(took_s, abs=0.5)
    assert endpoint["attempts"][0]["at_s"] < seen["dns"]["started_s"] + 1
    assert endpoint["address"] == "198.51.100.21"


@pytest.mark.timing
@pytest.mark.parametrize("mode", ["aaaa-silent", "dns64"])
def test_nothing_is_sent_later_for_ipv6_addresses(mode: DnsMode) -> None:
    def delays(report: dict[str, Any]) -> dict[str, float]:
        seen = report["observations"]
        begun = {
            endpoint["host"]: [*endpoint["attempts"], *endpoint["connections"]]
            for endpoint in seen["cloud"]["endpoints"]
        }
        begun |= {"ntp": seen["ntp"]["attempts"], "coap": seen["coap"]["servers"][0]["attempts"]}
        return {name: attempts[0]["at_s"] - seen["dns"]["started_s"] for name, attempts in begun.items()}

    with Lab(dns=mode) as lab:
        broken = delays(lab.check("--device", "photon2").report)
        lab.answer_dns("real")
        healthy = delays(lab.check("--device", "photon2").report)

    assert len(healthy) == 4
    assert broken == pytest.approx(healthy, abs=0.5)
    assert max(broken.values()) < 1


def whole(report: dict[str, Any]) -> dict[str, Any]:
    """What became of the datagrams that were to get out whole."""
    (target,) = report["observations"]["path"]["targets"]
    found: dict[str, Any] = target["whole"]
    assert found["size"] == 1280
    assert all(
        "large" not in endpoint or endpoint["large"] is None
        for endpoint in report["observations"]["cloud"]["endpoints"]
    )
    return found


def size_evidence(report: dict[str, Any]) -> str:
    """What is said of them."""
    check = next(row for row in report["checks"] if row["id"] == "cloud.transport")
    line: str = next(line for line in check["evidence"] if "packets of 1280 bytes out: " in line)
    return line.partition(" out: ")[2]


def large_packets(capture: Capture) -> list[tuple[str, ...]]:
    """TTL, DF bit and payload of every packet to the cloud's port that no device sends, as tshark has it."""
    rows = capture.fields("ip.len", "ip.ttl", "ip.flags.df", "udp.payload", display_filter="udp.dstport == 5684")
    return [(row[1], str(row[2] in {"1", "True"}), row[3]) for row in rows if int(row[0]) == 1280]


@pytest.mark.parametrize("user", [None, NOBODY], ids=["root", "ordinary"])
@pytest.mark.parametrize("silently", [False, True], ids=["named", "silent"])
def test_large_packets_meet_a_narrow_path(user: int | None, *, silently: bool) -> None:
    with Lab() as lab:
        lab.narrow_path(1200, silently=silently)
        with lab.capture() as capture:
            report = check_with(lab, SHORT_HOLD, "--device", "argon", "--only", "cloud", "--deep", user=user)
        sent = large_packets(capture)
        assert lab.seen
        assert lab.seen.arrivals(ARGON_CLOUD)["whole datagram"] == 0
    found = whole(report)

    assert sent == [("2", "True", "00" * 1252)] * (3 if silently else 1), "to the provider, and whole"
    if silently:
        assert [(probe["outcome"], probe.get("icmp")) for probe in found["probes"]] == [("timeout", None)] * 3
        assert size_evidence(report) == "not known: no router before the server says so"
        assert status(report, "cloud.transport") == "pass"
    else:
        # Nothing in the datagram is random, so whoever refuses it proves nothing by quoting it.
        icmp = {"type": 3, "code": 4, "source": GATEWAY, "mtu": 1200, "proved": False}
        assert [(probe["outcome"], probe["icmp"]) for probe in found["probes"]] == [("unreachable", icmp)]
        assert status(report, "cloud.transport") == "warn"


def test_large_packets_get_out_whole_and_not_to_the_server() -> None:
    with Lab() as lab:
        with lab.capture() as capture:
            report = check_with(lab, SHORT_HOLD, "--device", "argon", "--only", "cloud", "--deep")
        sent = large_packets(capture)
        assert lab.seen
        arrived = lab.seen.arrivals(ARGON_CLOUD)
    (probe,) = whole(report)["probes"]

    assert sent == [("2", "True", "00" * 1252)]
    assert (probe["outcome"], probe["source"]) == ("time-exceeded", "203.0.113.1")
    assert size_evidence(report) == "get whole to 203.0.113.1 (hop 2), which is before the server"
    assert status(report, "cloud.transport") == "pass"
    assert set(arrived) == {"ClientHello", "rung: ClientHello", "ClientHello with the cookie", "alert"}
    assert arrived["rung: ClientHello"] == 1, "the ladder ends with the first packet that the server answers"


@pytest.mark.parametrize(
    ("mtu", "outcomes", "says"),
    [(1492, ["time-exceeded"], "get whole to 203.0.113.1 (hop 2), which is before the server"),
     (1000, ["error"], "not known: Message too long")],
)  # fmt: skip
def test_this_laptops_own_link_is_a_hint(mtu: int, outcomes: list[str], says: str) -> None:
    with Lab() as lab:
        lab.laptop.ip(f"link set eth0 mtu {mtu}")
        report = lab.check("--device", "argon").report

    assert [probe["outcome"] for probe in whole(report)["probes"]] == outcomes
    assert size_evidence(report) == says
    assert (status(report, "cloud.transport"), report["verdict"]) == ("pass", "compatible")


def test_large_packets_are_not_sent_without_a_reason() -> None:
    with Lab() as lab:
        with lab.capture() as capture:
            report = lab.check("--device", "argon").report
        assert large_packets(capture) == []

    assert report["observations"]["path"]["targets"] == []


@pytest.mark.timing
def test_deep_waits_as_long_as_a_device() -> None:
    with Lab(argon_cloud="silent", photon_cloud="silent") as lab:
        with lab.capture() as capture:
            report = check_with(lab, SHORT_HOLD, "--device", "argon", "--only", "cloud", "--deep")
        rows = capture.fields(
            "frame.time_relative", "udp.srcport", display_filter="dtls.handshake.type == 1 && ip.ttl == 64"
        )
    seen = report["observations"]
    dtls, nonce = (
        next(endpoint for endpoint in seen["cloud"]["endpoints"] if endpoint["transport"] == transport)
        for transport in ("dtls", "tcp-nonce")
    )
    (cloud_port, _), *_ = Counter(port for _, port in rows).most_common()
    times = [float(at) for at, port in rows if port == cloud_port]

    assert [at - times[0] for at in times] == pytest.approx([0, 3, 9, 21], abs=0.2)
    assert dtls["waited_s"] == pytest.approx(45, abs=0.3)
    assert dtls["given_s"] == pytest.approx(45, abs=0.1)
    assert nonce["given_s"] == pytest.approx(31, abs=0.1)
    assert [connection["waited_s"] for connection in nonce["connections"]] == pytest.approx([20, 20, 20], abs=0.5)
    assert (seen["mapping"]["transport"], seen["mapping"]["cookie"]) == ("coap", False)
    assert (seen["mapping"]["before_answer"], seen["mapping"]["after_answer"]) == ("answered", "answered")


def test_nothing_is_held_without_deep() -> None:
    with Lab() as lab:
        report = lab.check("--device", "argon", "--only", "cloud").report

    assert report["observations"]["mapping"] is None
    assert report["duration_s"] < 25, "the shortest silence is longer"


@pytest.mark.timing
@pytest.mark.parametrize(
    ("single_s", "stream_s", "after", "control"),
    [(2, 2, "new-cookie", "accepted"), (3, 60, "accepted", "accepted")],
    ids=["forgets", "keeps-what-lasted"],
)
def test_cookie_shows_what_a_nat_has_kept(single_s: int, stream_s: int, after: str, control: str) -> None:
    with Lab() as lab:
        lab.forgetful_nat(single_s, stream_s)
        with lab.capture() as capture:
            report = check_with(lab, SHORT_HOLD, "--device", "argon", "--only", "cloud", "--deep")
        seen = report["observations"]["mapping"]
        randoms = capture.fields(
            "dtls.handshake.random", "dtls.handshake.cookie_length", "udp.srcport", "frame.time_relative",
            display_filter="dtls.handshake.type == 1",
        )  # fmt: skip
        received = lab.fakes["argon_cloud"].received
    held = [row for row in randoms if row[0] == bytes.fromhex(seen["before"][0]["sent"])[27:59].hex()]
    hello = unnumbered(bytes.fromhex(seen["after"][0]["sent"]))
    ports = [datagram.peer[1] for datagram in received if unnumbered(datagram.data) == hello]
    sent = [bytes.fromhex(attempt["sent"]) for attempt in [*seen["before"], *seen["after"]]]

    assert unnumbered(bytes.fromhex(seen["before"][-1]["sent"])) == hello, "the same ClientHello, with the same cookie"
    assert [data[5:11].hex() for data in sent] == [f"{n:012x}" for n in (0, 1, 3, 5, 7)], "each in the next record"
    assert seen["cookie"]
    assert (seen["before_answer"], seen["after_answer"], seen["control_answer"]) == ("accepted", after, control)
    assert seen["silent_s"] == pytest.approx(6, abs=0.3)
    assert len({row[2] for row in held}) == 1, "one socket"
    assert [row[1] for row in held] == ["0", "32", "32", "32", "32"]
    assert float(held[-1][3]) - float(held[-2][3]) == pytest.approx(6, abs=0.3)
    # What the far end saw: the mapping's port changed exactly where the cookie was refused.
    assert len(ports) == 4
    assert len(set(ports[:3])) == 1
    assert (ports[3] != ports[0]) == (after == "new-cookie")
    assert seen["duration_s"] < 12, "the control is silent at the same time"


# --- the path

PATH_PURPOSES = {"path of the device's port", "control for the path"}


@pytest.mark.parametrize("device", ["generic", "argon", "photon"])
def test_a_port_that_answers_is_looked_for_only_if_asked(device: str) -> None:
    with Lab() as lab:
        usual = lab.check("--device", device).report
        before = lab.gateway.drop("icmp", hooks=("output",), must_fire=False)
        usual_again = lab.check("--device", device).report
        assert before.counter() == 0, "a healthy run made the gateway send an ICMP error"
        before.remove()
        asked = lab.check("--device", device, "--only", "path", user=NOBODY).report

    for report in (usual, usual_again):
        assert report["observations"]["path"]["targets"] == []
        assert not [contact for contact in report["footprint"] if contact["purpose"] in PATH_PURPOSES]
        assert (report["verdict"], status(report, "path.egress")) == ("compatible", "pass")
    (target,) = asked["observations"]["path"]["targets"]
    routers = [probe["source"] for probe in target["device"]["probes"] if probe["outcome"] == "time-exceeded"]
    assert routers == [GATEWAY, "203.0.113.1"]
    assert status(asked, "path.egress") == "pass"
    assert sum(contact["packets"] for contact in asked["footprint"] if contact["purpose"] in PATH_PURPOSES) <= 80


def test_a_laptop_that_cannot_look_says_so_and_a_port_that_answers_passes() -> None:
    patch = "from netpreflight import systems; from netpreflight.probes import path\npath.SYSTEM = systems.System()"
    with Lab() as lab:
        healthy = check_with(lab, patch)
        fault = lab.gateway.drop("udp", 5683)
        lost = check_with(lab, patch)
        assert fault.counter()

    assert (healthy["verdict"], status(healthy, "path.egress")) == ("undetermined", "pass")  # the air was not looked at
    assert status(lost, "path.egress") == "unknown"
    assert status(lost, "coap.udp-5683") == "fail"


@pytest.mark.timing
def test_a_path_is_looked_at_while_its_port_is_still_waited_for() -> None:
    with Lab() as lab:
        lab.gateway.drop("udp", 5684)
        report = lab.check("--device", "argon", "--only", "path").report
    path, cloud = report["observations"]["path"], report["observations"]["cloud"]

    assert status(report, "path.egress") == "fail"
    assert path["started_s"] < cloud["started_s"] + cloud["duration_s"], "while it is still waited for"
    assert path["started_s"] == pytest.approx(cloud["started_s"] + 11, abs=0.5)
    assert path["duration_s"] < 4


# --- what is left behind


@pytest.mark.parametrize("keeps", [True, False])
def test_no_lease_is_left_and_no_file_but_the_kept_run(*, keeps: bool) -> None:
    with Lab() as lab:
        home = lab.folder / "empty-home"
        home.mkdir()
        run = lab.check(*([] if keeps else ["--no-keep"]), env={"HOME": str(home)})

        assert run.exit_code == 0
        files = [path for path in home.rglob("*") if not path.is_dir()]
        assert [path.parent for path in files] == [home / ".local/share/netpreflight/runs"] * keeps
        assert all(json.loads(path.read_text()) == run.report for path in files)
        assert lab.leases() == []
        log = "\n".join(lab.log("dhcp"))
        assert log.count("DHCPACK(br-lan) 192.168.77.1") >= 1
        assert log.count("DHCPRELEASE") == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("moment", ["DHCPDISCOVER", "DHCPOFFER", "DHCPACK", "DHCPRELEASE"])
def test_interrupted_run_releases_and_reports(moment: str, number: signal.Signals) -> None:
    with Lab(dns="silent") as lab:
        lab.fakes["dns"].must_fire = False
        process = start(lab)
        wait_until(lambda: any(moment in line for line in lab.log("dhcp")), f"{moment} in the server's log")
        process.send_signal(number)
        output, errors = process.communicate(timeout=10)

        report = json.loads(output)
        assert process.returncode == 130
        assert "netpreflight: stopping" in errors
        assert "Traceback" not in errors
        assert report["complete"] is False
        assert "cut short" in " ".join(report["notes"])
        assert status(report, "ntp.reply") == "unknown"
        wait_until(lambda: lab.leases() == [], "no lease on the server")


def test_interrupted_run_keeps_what_is_known() -> None:
    with Lab() as lab:
        fault = lab.gateway.drop("udp", 5683)
        process = start(lab, "--debug")
        assert process.stderr
        ended = {f"end for={probe}" for probe in ("dhcp", "dns", "ntp", "portal")}
        for line in process.stderr:
            ended -= {words for words in ended if words in line}
            if not ended:
                break
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=10)
        report = json.loads(output)

        assert fault.counter() > 0
        assert [status(report, name) for name in ("dhcp.offer", "dns.resolve", "ntp.reply", "portal")] == ["pass"] * 4
        assert status(report, "coap.udp-5683") == "unknown"
        assert report["verdict"] == "undetermined"
        saved = lab.folder / "saved.json"
        saved.write_text(output)
        again = lab.laptop.run(TOOL, "report", str(saved), "--json")
        assert json.loads(again.stdout)["verdict"] == "undetermined"


# --- how it reports


def test_terminal_shows_every_device_online() -> None:
    with Lab() as lab:
        argv = [TOOL, "check", "--full", *lab.air]
        run = lab.laptop.run(*argv, env={"COLUMNS": "160"})
        narrow = lab.laptop.run(*argv)
    online = ("compatible", "yes", "breathing cyan: Cloud connected")
    expected = [
        ("2.4 GHz CoAP device", *online),
        ("Particle Argon, Device OS 6.2.0", *online),
        ("Particle Core, Device OS 1.4.4", *online),
        ("Particle M-SoM, Device OS 6.2.0", *online),
        ("Particle P1, Device OS 3.3.1", *online),
        ("Particle P2, Device OS 6.2.0", *online),
        ("Particle Photon, Device OS 3.3.1", *online),
        ("Particle Photon 2, Device OS 6.2.0", *online),
    ]

    assert (run.returncode, run.stderr, narrow.returncode, narrow.stderr) == (0, "", 0, "")
    assert device_table(run.stdout) == expected
    *lines, kept, step = narrow.stdout.splitlines()
    assert kept.startswith("Kept: "), "a file's name is not broken"
    assert step.startswith("To be sure, be the device: "), "nor is a command"
    assert max(map(len, lines)) <= 80
    words = " ".join(table_lines(narrow.stdout))
    assert words.count("breathing cyan") == words.count(" compatible ") == words.count(" yes ") == len(expected)


def table_lines(text: str) -> list[str]:
    """The lines of the table of all devices, without its headings."""
    lines = text.splitlines()
    begin = lines.index("The same network for each known device") + 1
    assert lines[begin].split() == ["Device", "Verdict", "Online", "At", "the", "end"]
    return lines[begin + 1 : lines.index("", begin)]


def device_table(text: str) -> list[tuple[str, ...]]:
    """The rows of that table, where each has a line of its own."""
    return [tuple(re.split(r"\s{2,}", line.strip())) for line in table_lines(text)]


@pytest.mark.timing
def test_checks_appear_while_the_run_goes_on() -> None:
    with Lab() as lab:
        lab.gateway.drop("udp", 5683)
        begun = time.monotonic()
        seen: dict[str, float] = {}
        with PseudoTerminal() as terminal:
            process = start(lab, stdout=subprocess.DEVNULL, stderr=terminal.far_end)
            for shown in terminal.shows_until_closed():
                for check_id in ("dhcp.offer", "ntp.reply"):
                    if check_id in shown:
                        seen.setdefault(check_id, time.monotonic() - begun)
            ended_s = time.monotonic() - begun
        process.communicate(timeout=10)

    assert ended_s - max(seen["dhcp.offer"], seen["ntp.reply"]) > 5


def test_saved_run_is_judged_alike_and_for_another_device() -> None:
    with Lab() as lab:
        lab.gateway.drop("udp", 5684)
        saved = lab.folder / "run.json"
        first = lab.check("-o", str(saved))
        again = lab.laptop.run(TOOL, "report", str(saved), "--json")
        argon = lab.laptop.run(TOOL, "report", str(saved), "--device", "argon", "--json")
        text = lab.laptop.run(TOOL, "report", str(saved))

    assert json.loads(again.stdout) == first.report
    assert again.returncode == first.exit_code == 0
    assert json.loads(argon.stdout)["verdict"] == "incompatible"
    assert argon.returncode == 1
    assert first.report["headline"] in " ".join(text.stdout.split())


def test_skipped_checks_are_said_and_do_not_count() -> None:
    with Lab(ntp="kiss-of-death") as lab:
        lab.fakes["ntp"].must_fire = False
        run = lab.check("--skip", "ntp,wifi,path")

        assert run.report["verdict"] == "compatible"
        assert status(run.report, "ntp.reply") == "skip"
        assert "ntp.reply" in " ".join(run.report["notes"])
        assert lab.arrived("udp", 123) == 0


def test_only_dhcp_sends_nothing_else() -> None:
    with Lab() as lab:
        with lab.capture() as capture:
            run = lab.check("--only", "dhcp")

        assert run.exit_code == 0
        assert {packet.port for packet in capture.sent() if packet.protocol == "udp"} == {67}
        assert {status(run.report, name) for name in ("dns.resolve", "coap.udp-5683")} == {"skip"}


def test_without_dhcp_no_lease_is_asked_for() -> None:
    with Lab(laptop="dhcp") as lab:
        before = lab.leases()
        discovers = sum("DHCPDISCOVER" in line for line in lab.log("dhcp"))
        run = lab.check("--skip", "dhcp")

        assert run.report["verdict"] == "compatible"
        assert sum("DHCPDISCOVER" in line for line in lab.log("dhcp")) == discovers
        assert lab.leases() == before


def test_late_grant_of_a_refused_request_is_given_back() -> None:
    with Lab(dhcp="nak-then-ack") as lab:
        run = lab.check()
        mac = run.report["observations"]["dhcp"]["client_mac"]
        seen = [received.data for received in lab.fakes["dhcp"].received]

    assert status(run.report, "dhcp.lease") == "fail"
    assert mac
    assert sum(b"\x35\x01\x07" in data for data in seen) >= 2


def test_fault_in_one_probe_is_only_its_own() -> None:
    program = (
        "import netpreflight.agent.run\n"
        "async def broken(*_): raise RuntimeError('broken on purpose')\n"
        "netpreflight.agent.run.ntp = broken\n"
        "from netpreflight.agent.cli import main\n"
        "main(['check', '--json'])\n"
    )
    with Lab() as lab:
        run = lab.laptop.run(sys.executable, "-c", program)
        report = json.loads(run.stdout)

    assert run.returncode == 3
    assert "Traceback" not in run.stderr
    assert status(report, "ntp.reply") == "unknown"
    assert status(report, "coap.udp-5683") == "pass"
    fault = report["observations"]["ntp"]["fault"]
    assert (fault["type"], fault["message"]) == ("RuntimeError", "broken on purpose")
    assert fault["frames"][0]["file"] == "agent/run.py"


@pytest.mark.parametrize(
    "hostile",
    [
        {"http": "escapes"},
        {"http": "endless"},
        {"http": "drip"},
        {"dns": "escapes"},
        {"dns": "oversized"},
        {"dns": "loop"},
        {"ntp": "escapes"},
        {"dhcp": "escapes"},
        {"argon_cloud": "flood"},
    ],
    ids=lambda case: "-".join(*case.items()),
)
def test_hostile_answers_reach_the_terminal_escaped(hostile: dict[str, Any]) -> None:
    with Lab(**hostile) as lab:
        saved = lab.folder / "run.json"
        text = lab.laptop.run(TOOL, "check", "-o", str(saved))
        as_json = lab.laptop.run(TOOL, "report", str(saved), "--json")

    for output in (text.stdout, text.stderr, as_json.stdout, as_json.stderr):
        assert "Traceback" not in output
        dangerous = {text for text in output if unicodedata.category(text) in {"Cc", "Cf"} and text != "\n"}
        assert not dangerous, dangerous
    assert text.returncode in {0, 1, 3}
    assert json.loads(as_json.stdout)["schema"] == "netpreflight-report/1"


def test_credentials_of_a_proxy_never_show() -> None:
    env = {"https_proxy": f"http://someone:hunter2@{GATEWAY}:3128", "ALL_PROXY": "socks5://u:hunter2@10.0.0.1:1080"}
    with Lab() as lab:
        run = lab.check(env=env)

    assert "hunter2" not in run.stdout + run.stderr
    assert len(run.report["scope"]["proxy"]) == 2


def test_ordinary_user_reads_like_root_where_no_privilege_is_needed() -> None:
    with Lab(laptop="dhcp", dhcp=Dhcp()) as lab:
        argv = lab.laptop.argv([TOOL, "check"], NOBODY, READABLE)
        run = subprocess.run(
            argv, env=lab.laptop.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )

    assert run.returncode == 3
    assert run.stderr == ""
    assert "sudo" in run.stdout


@pytest.mark.parametrize("user", [None, NOBODY], ids=["root", "ordinary"])
def test_laptop_without_a_radio_is_no_network_without_an_access_point(user: int | None) -> None:
    with Lab(laptop="dhcp") as lab:
        lab.air = ()
        run = lab.check(user=user)

    checks = {row["id"]: row for row in run.report["checks"]}
    air = [check for check_id, check in checks.items() if check_id.startswith("wifi.")]
    assert len(air) == len(survey_checks())
    assert {bss["status"] for bss in air} == {"unknown"}
    assert all("--capture" in bss["remedy"] for bss in air)
    assert checks["cloud.transport"]["status"] == checks["ntp.reply"]["status"] == "pass"
    assert (run.report["verdict"], run.exit_code) == ("undetermined", 3)
    assert run.report["networks"] == []
    assert run.stderr.count("Traceback") == 0
