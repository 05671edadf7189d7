"""The lab must be trustworthy itself: each server answers other people's clients, each fault fires, nothing is left.

Every fault is shown next to its healthy twin: the same question, asked before the fault was there.
"""

import json
import re
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any, get_args

import ntplib
import pytest

from tests.lab import datagrams, streams
from tests.lab.lab import (
    ARGON_CLOUD,
    COAP,
    GOOGLE_DNS,
    LAPTOP,
    LOCAL_CLOUD,
    LOGIN_PAGE,
    NAMES,
    NOBODY,
    NTP,
    PHOTON_CLOUD,
    PORTAL_API,
    PUBLIC_RESOLVER,
    READABLE,
    SECOND_RESOLVER,
    Lab,
)  # fmt: skip
from tests.lab.namespaces import ETC_NETNS, NETNS, Namespace, sweep, wait_until
from tests.lab.servers import GATEWAY, LAPTOP_MAC, OTHER_MAC, Dhcp

pytestmark = pytest.mark.lab
WAIT_S = 0.4  # a lab's round trip is under 5 ms
LEASED = "192.168.77.100"


@pytest.fixture(scope="module")
def lab() -> Generator[Lab]:
    """One healthy lab for everything that leaves it healthy."""
    with Lab(https=True, coap_dtls=True, second_dns="real", public_resolver=True) as healthy:
        yield healthy


def udp(lab: Lab, to: tuple[str, int], data: bytes, wait_s: float = WAIT_S) -> bytes | None:
    """One datagram from the laptop and its answer (from that address only); None for silence."""
    with lab.laptop.entered():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        sock.settimeout(wait_s)
        sock.connect(to)
        sock.send(data)
        try:
            return sock.recv(65535)
        except TimeoutError:
            return None


def tcp(lab: Lab, to: tuple[str, int], wait_s: float = WAIT_S) -> bytes:
    """What a TCP server says by itself."""
    with lab.laptop.entered():
        sock = socket.socket()
    with sock:
        sock.settimeout(wait_s)
        sock.connect(to)
        return sock.recv(4096)


def coap_ping(lab: Lab, host: str = COAP[0]) -> bytes | None:
    return udp(lab, (host, 5683), b"\x40\x00\x12\x34")


def ntp(lab: Lab) -> bytes | None:
    return udp(lab, (NTP, 123), b"\x23" + bytes(47))


def argon_client(lab: Lab) -> socket.socket:
    """A socket of the laptop to the cloud of an Argon."""
    with lab.laptop.entered():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(2)
    sock.connect((ARGON_CLOUD, 5684))
    return sock


def client_hello(cookie: bytes = b"") -> bytes:
    """DTLS 1.2 ClientHello with one suite, 0xC0AE, and its cookie where the server has given one."""
    extensions = struct.pack("!4H", 10, 4, 2, 23) + struct.pack("!2H2B", 11, 2, 1, 0)
    extensions += struct.pack("!3H2B", 13, 4, 2, 4, 3)
    body = b"\xfe\xfd" + bytes(32) + b"\0" + bytes([len(cookie)]) + cookie + b"\x00\x02\xc0\xae\x01\x00"
    body += struct.pack("!H", len(extensions)) + extensions
    number, size = bool(cookie), len(body).to_bytes(3, "big")
    handshake = b"\x01" + size + struct.pack("!H", number) + bytes(3) + size + body
    return b"\x16\xfe\xfd" + struct.pack("!QH", number, len(handshake)) + handshake


def dig(lab: Lab, name: str, server: str = GATEWAY, kind: str = "A") -> str:
    """Return dig's whole answer; it keeps quiet only about a server that never answers."""
    return lab.laptop.run("dig", "+noedns", "+tries=1", "+time=2", "+ignore", f"@{server}", name, kind).stdout


def curl(lab: Lab, *arguments: str) -> str:
    return lab.laptop.run("curl", "-si", "--max-time", "2", *arguments).stdout


def dhclient(lab: Lab) -> str:
    """What ISC dhclient is told, as the laptop, without taking the address into use."""
    script = lab.folder / "show-lease"
    script.write_text("#!/bin/sh\nenv | grep ^new_\n")
    script.chmod(0o755)
    argv = ["timeout", "3", "dhclient", "-d", "-1", "-v", "-sf", str(script), "-lf", str(lab.folder / "try.leases"),
            "-pf", str(lab.folder / "try.pid"), "eth0"]  # fmt: skip
    Path(lab.folder, "try.leases").touch()
    process = lab.laptop.spawn(lab.laptop.argv(argv), lab.folder / "try.log")
    log = lab.folder / "try.log"
    end = time.monotonic() + 3
    while process.poll() is None and "bound to" not in log.read_text() and time.monotonic() < end:
        time.sleep(0.01)
    return log.read_text()


# ---- the servers answer other people's clients


def test_dns_knows_its_names_and_nothing_else(lab: Lab) -> None:
    for name, address in NAMES.items():
        assert re.search(rf"\sA\s{address}\n", dig(lab, name.replace("*", "0123456789abcdef01234567.v6")))
    for unknown in ("nothing-here.coap.me", "example.com", "particle.io"):
        assert "NXDOMAIN" in dig(lab, unknown)
    assert f"\tA\t{NTP}" in dig(lab, "pool.ntp.org", SECOND_RESOLVER)
    assert f"\tA\t{NTP}" in dig(lab, "pool.ntp.org", PUBLIC_RESOLVER)
    for name in ("x.v6.udp.particle.io", "pool.ntp.org"):  # a name without an IPv6 address is there all the same
        assert re.search(r"NOERROR.* ANSWER: 0,", dig(lab, name, kind="AAAA"), re.DOTALL)
    assert ("A", "example.com") in lab.queries()
    assert ("A", "pool.ntp.org") in lab.queries("second_dns")


def test_ntp_is_a_synchronised_server(lab: Lab) -> None:
    before = lab.arrived("udp", 123)
    with lab.laptop.entered():
        reply = ntplib.NTPClient().request(NTP, version=4, port=123, timeout=2)

    assert (reply.mode, reply.stratum, reply.leap) == (4, 2, 0)
    assert abs(reply.offset) < 0.1
    assert lab.arrived("udp", 123) == before + 1


def test_coap_servers_answer_ping_and_get(lab: Lab) -> None:
    for host in COAP:
        assert coap_ping(lab, host) == b"\x70\x00\x12\x34"
    assert "</time>" in lab.laptop.run("coap-client-notls", "-B", "2", "coap://coap.me/.well-known/core").stdout
    assert any("RST" in line for line in lab.log("coap1"))


def test_coap_hosts_serve_other_ports_too(lab: Lab) -> None:
    assert "200 OK" in curl(lab, f"http://{COAP[0]}/")
    for host in COAP:
        assert (udp(lab, (host, 5684), client_hello()) or b"")[13] == 3


def test_vendor_pages_are_the_vendors_own(lab: Lab) -> None:
    assert curl(lab, "http://connectivitycheck.gstatic.com/generate_204").startswith("HTTP/1.1 204 ")
    assert "<TITLE>Success</TITLE>" in curl(lab, "http://captive.apple.com/hotspot-detect.html")
    assert curl(lab, "http://www.msftconnecttest.com/connecttest.txt").endswith("\n\nMicrosoft Connect Test")
    assert "captive.apple.com /hotspot-detect.html -> 200 OK" in lab.http_log()
    with_ca = curl(lab, "--cacert", str(lab.ca), "https://connectivitycheck.gstatic.com/generate_204")
    assert with_ca.startswith("HTTP/1.1 204 ")
    assert not curl(lab, "https://connectivitycheck.gstatic.com/generate_204")


def test_photon_cloud_speaks_first(lab: Lab) -> None:
    assert len(tcp(lab, (PHOTON_CLOUD, 5683))) == 40


def test_argon_cloud_does_a_cookie_round_with_every_client(lab: Lab) -> None:
    for _ in range(3):
        with argon_client(lab) as sock:
            sock.send(client_hello())
            verify = sock.recv(4096)
            assert (verify[0], verify[13]) == (22, 3)
            sock.send(client_hello(verify[28 : 28 + verify[27]]))
            hello = sock.recv(4096)
            assert (hello[0], hello[13]) == (22, 2)


def test_argon_cloud_takes_a_cookie_from_the_port_that_it_gave_it_to_only(lab: Lab) -> None:
    socks = [argon_client(lab) for _ in range(2)]
    socks[0].send(client_hello())
    verify = socks[0].recv(4096)
    kinds = []
    for sock in reversed(socks):
        with sock:
            sock.send(client_hello(verify[28 : 28 + verify[27]]))
            kinds.append(sock.recv(4096)[13])
    assert kinds == [3, 2], "HelloVerifyRequest for the other port, ServerHello for its own"


REACHABILITY = b"\xfc\xfe\xfd\x80\x04" + bytes(6) + b"\x00\x03abc"


def test_argon_cloud_echoes_reachability_packets(lab: Lab) -> None:
    assert udp(lab, (ARGON_CLOUD, 5684), REACHABILITY) == REACHABILITY


@pytest.mark.parametrize(
    ("mode", "echo", "kind"),
    [
        ("s_server", REACHABILITY, 3),
        ("no-echo", None, 3),
        ("echo-only", REACHABILITY, None),
        ("echo-altered", REACHABILITY[:4] + b"\x7f" + REACHABILITY[5:], None),
        ("server-hello", REACHABILITY, 2),
        ("silent", None, None),
    ],
)
def test_argon_clouds_that_echo_and_speak_dtls_or_not(
    mode: datagrams.DtlsMode, echo: bytes | None, kind: int | None
) -> None:
    with Lab(argon_cloud=mode) as lab:
        assert udp(lab, (ARGON_CLOUD, 5684), REACHABILITY) == echo
        answer = udp(lab, (ARGON_CLOUD, 5684), client_hello())
        assert (answer[13] if answer else None) == kind


def test_argon_cloud_started_anew_has_another_secret() -> None:
    with Lab() as lab:
        with argon_client(lab) as sock:
            sock.send(client_hello())
            verify = sock.recv(4096)
            lab.restart_argon_cloud()
            sock.send(client_hello(verify[28 : 28 + verify[27]]))
            again = sock.recv(4096)
        assert again[13] == 3, "HelloVerifyRequest, where its own cookie would have brought a ServerHello"
        assert again[28:] != verify[28:]


def test_local_cloud_is_on_the_lan_and_behind_its_own_firewall() -> None:
    with Lab() as lab:
        wall = lab.local_cloud(5690, 5691)
        assert (udp(lab, (LOCAL_CLOUD, 5690), client_hello()) or b"")[13] == 3
        assert udp(lab, (LOCAL_CLOUD, 5690), REACHABILITY) == REACHABILITY
        assert len(tcp(lab, (LOCAL_CLOUD, 5691))) == 40
        fault = wall.drop("udp", 5690, hooks=("input",))
        assert udp(lab, (LOCAL_CLOUD, 5690), client_hello()) is None
        assert fault.counter() == 1
        unfired = wall.drop("tcp", 5691, hooks=("input",))
        assert wall.unfired() == [unfired]
        unfired.remove()


def test_tcp_53_accepts_or_is_closed(lab: Lab) -> None:
    with lab.laptop.entered():
        socket.create_connection((GOOGLE_DNS, 53), 2).close()
    with Lab(tcp53="closed") as closed, closed.laptop.entered(), pytest.raises(ConnectionRefusedError):
        socket.create_connection((GOOGLE_DNS, 53), 2)


def test_argon_cloud_completes_a_handshake_with_openssl(lab: Lab) -> None:
    suite = "ECDHE-ECDSA-AES128-CCM8"
    done = lab.laptop.run(
        "timeout", "2", "openssl", "s_client", "-dtls1_2", "-connect", f"{ARGON_CLOUD}:5684",
        "-cipher", f"{suite}:@SECLEVEL=0",
    )  # fmt: skip
    assert f"Cipher is {suite}" in done.stdout


def test_openssl_s_server_is_there_too() -> None:
    with Lab(argon_cloud="s_server") as lab:
        for _ in range(2):
            assert (udp(lab, (ARGON_CLOUD, 5684), client_hello()) or b"")[13] == 3


# ---- the laptop


def test_ordinary_user_has_no_privilege_but_can_run_python(lab: Lab) -> None:
    code = (
        "import os, socket, json, dns.name\n"
        "try: socket.socket(socket.AF_PACKET, socket.SOCK_RAW); raw = True\n"
        "except PermissionError: raw = False\n"
        "print(json.dumps([os.getuid(), os.getgroups(), raw, open('/etc/resolv.conf').read()]))"
    )
    done = lab.laptop.run(sys.executable, "-c", code, user=NOBODY, readable=READABLE)
    assert not done.stderr
    assert json.loads(done.stdout) == [65534, [], False, f"nameserver {GATEWAY}\nnameserver {SECOND_RESOLVER}\n"]


def test_dhclient_leaves_its_lease_file_and_the_address() -> None:
    with Lab(laptop="dhcp") as lab:
        lease = lab.laptop.run("cat", "/var/lib/dhcp/dhclient.leases").stdout
        address = lab.leases()[0][1]

        assert f"fixed-address {address};" in lease
        assert lab.leases() == [(LAPTOP_MAC, address)]
        assert f"inet {address}/24" in lab.laptop.run("ip", "addr", "show", "eth0").stdout
        assert "dhclient" not in lab.laptop.run("sh", "-c", f"ps -o args= $(ip netns pids {lab.laptop.name})").stdout
        assert coap_ping(lab)


def test_ipv6_only_laptop_has_no_ipv4() -> None:
    with Lab(laptop="ipv6-only", dhcp=None) as lab:
        assert not lab.laptop.run("ip", "-4", "addr", "show", "eth0").stdout
        assert lab.laptop.run("ping", "-6", "-c", "1", "-W", "2", "2001:db8:77::1").returncode == 0


def test_check_runs_the_tool_next_to_this_python(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = lab.folder / "bin" / "netpreflight"
    tool.parent.mkdir(exist_ok=True)
    tool.write_text('#!/bin/sh\necho "{\\"arguments\\": \\"$*\\"}"; echo progress >&2; exit 3\n')
    tool.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tool.with_name("python")))

    run = lab.check("--device", "photon")

    assert run.report == {"arguments": f"check --json --device photon {' '.join(lab.air)}"}
    assert (run.exit_code, run.stderr) == (3, "progress\n")


def test_idle_laptop_sends_nothing(lab: Lab) -> None:
    with lab.capture() as capture:
        lab.laptop.run("true")
    assert capture.sent() == []


def test_laptop_can_lose_its_interface() -> None:
    with Lab() as lab:
        lab.laptop.ip("link set eth0 down")
        assert "state DOWN" in lab.laptop.run("ip", "link", "show", "eth0").stdout
        lab.laptop.ip("link delete eth0")
        assert "eth0" not in lab.laptop.run("ip", "link").stdout


def test_capture_lists_what_the_laptop_sent(lab: Lab) -> None:
    with lab.capture() as capture:
        coap_ping(lab)
        ntp(lab)
    sent = {(row.protocol, row.destination, row.port): row for row in capture.sent() if row.protocol == "udp"}

    assert set(sent) == {("udp", COAP[0], 5683), ("udp", NTP, 123)}
    assert (sent["udp", NTP, 123].frames, sent["udp", NTP, 123].payload) == (1, 48)
    assert sent["udp", COAP[0], 5683].payload == 4


# ---- faults by nftables, each after its healthy twin


@pytest.mark.parametrize("place", ["gateway", "provider"])
def test_drop_out(place: str) -> None:
    with Lab() as lab:
        assert coap_ping(lab)
        arrived = lab.arrived("udp", 5683)
        fault = getattr(lab, place).drop("udp", 5683)
        assert coap_ping(lab) is None
        assert fault.counter() == 1
        assert lab.arrived("udp", 5683) == arrived
        fault.remove()
        assert coap_ping(lab)


def test_drop_replies_only() -> None:
    with Lab() as lab:
        fault = lab.provider.drop("udp", 5683, reply=True)
        assert coap_ping(lab) is None
        assert (fault.counter(), lab.arrived("udp", 5683)) == (1, 1)


def test_drop_everything_forwarded() -> None:
    with Lab() as lab:
        assert ntp(lab)
        fault = lab.gateway.drop()
        assert ntp(lab) is None
        assert fault.counter() == 1
        assert dig(lab, "pool.ntp.org").count(NTP)
        dns = lab.gateway.drop("udp", 53, hooks=("input",))
        assert NO_ANSWER in dig(lab, "pool.ntp.org")
        assert dns.counter() == 1


def test_drop_every_third() -> None:
    with Lab() as lab:
        fault = lab.gateway.drop("udp", 123, every=3)
        assert sum(ntp(lab) is not None for _ in range(6)) == 4
        assert fault.counter() == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [("icmp admin-prohibited", "No route to host"), ("icmp port-unreachable", "Connection refused")],
)
def test_reject_udp(answer: str, error: str) -> None:
    with Lab() as lab:
        fault = lab.provider.reject("udp", 5683, answer=answer)
        with pytest.raises(OSError, match=error):
            coap_ping(lab)
        assert fault.counter() == 1


@pytest.mark.parametrize("silently", [False, True])
def test_narrow_path(*, silently: bool) -> None:
    def ping(lab: Lab, size: int) -> str:
        payload = str(size - 28)  # IPv4 and ICMP header
        return lab.laptop.run("ping", "-c", "1", "-W", "0.4", "-M", "do", "-s", payload, ARGON_CLOUD).stdout

    with Lab() as lab:
        assert "1 received" in ping(lab, 1280)
        narrow = lab.narrow_path(1200, silently=silently)
        assert "1 received" in ping(lab, 1200)
        assert narrow.counter() == 0
        answer = ping(lab, 1280)
        assert "0 received" in answer
        assert narrow.counter() > 0
        assert ("Frag needed and DF set (mtu = 1200)" in answer) != silently


@pytest.mark.parametrize(("stream_s", "changes"), [(1, True), (60, False)])
def test_forgetful_nat_gives_another_port(*, stream_s: int, changes: bool) -> None:
    """Four packets, the last after a silence; the cloud's log has the ports that it saw."""
    with Lab() as lab:
        lab.forgetful_nat(2, stream_s)
        with lab.laptop.entered():
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with sock:
            sock.settimeout(2)
            sock.connect((ARGON_CLOUD, 5684))
            for pause_s in (0, 1.1, 1.1, 2.5):
                select.select([sock], [], [], pause_s)  # nothing comes: this is the silence
                sock.send(REACHABILITY)
                assert sock.recv(4096) == REACHABILITY
        ports = [received.peer[1] for received in lab.fakes["argon_cloud"].received]
        assert len(ports) == 4
        assert len(set(ports[:3])) == 1
        assert (ports[3] != ports[0]) == changes


def test_reset_tcp() -> None:
    with Lab() as lab:
        fault = lab.gateway.reject("tcp", 5683, answer="tcp reset")
        with pytest.raises(ConnectionRefusedError):
            tcp(lab, (PHOTON_CLOUD, 5683))
        assert fault.counter() == 1


def test_transparent_proxy_connects_and_stays_silent() -> None:
    with Lab() as lab:
        fault = lab.transparent_proxy()
        with pytest.raises(TimeoutError):
            tcp(lab, (PHOTON_CLOUD, 5683))
        assert (fault.counter(), lab.arrived("tcp", 5683)) == (1, 0)


def test_fault_that_never_fires_fails_the_scenario() -> None:
    with pytest.raises(AssertionError, match=r"never fired.*dport 5683"), Lab() as lab:
        lab.gateway.drop("udp", 5683)
    with pytest.raises(AssertionError, match=r"never fired.*ntp"), Lab(ntp="short"):
        pass


# ---- portals


def test_portal_by_redirect() -> None:
    with Lab() as lab:
        assert "204" in curl(lab, "http://connectivitycheck.gstatic.com/generate_204")
        fault = lab.portal(block=True)
        answer = curl(lab, "http://connectivitycheck.gstatic.com/generate_204")
        assert answer.startswith("HTTP/1.1 302 ")
        assert f"Location: {LOGIN_PAGE}" in answer
        assert "Room number" in curl(lab, LOGIN_PAGE)
        assert fault.counter() >= 1
        assert coap_ping(lab) is None


def test_portal_that_knows_the_laptop() -> None:
    with Lab() as lab:
        fault = lab.portal(knows_laptop=True)
        assert "204" in curl(lab, "http://connectivitycheck.gstatic.com/generate_204")
        lab.laptop.ip("link set eth0 address 02:00:00:00:00:42")
        lab.gateway.where.ip("neigh flush all")
        lab.laptop.ip(f"route replace default via {GATEWAY} dev eth0 metric 600")
        assert "302" in curl(lab, "http://connectivitycheck.gstatic.com/generate_204")
        assert fault.counter() == 1


def test_portal_by_dns() -> None:
    with Lab(dns="wildcard") as lab:
        lab.portal_page(80)
        assert f"\tA\t{GATEWAY}" in dig(lab, "anything.example")
        assert "302" in curl(lab, "http://connectivitycheck.gstatic.com/generate_204")


@pytest.mark.parametrize("mode", ["captive", "authorised", "open"])
def test_portal_by_rfc_8910(mode: streams.CaptiveMode) -> None:
    with Lab(laptop="none", dhcp=Dhcp(captive_portal=PORTAL_API)) as lab:
        lab.captive_api(mode)
        assert PORTAL_API in dhclient_options(lab)
        lab.laptop.ip(f"addr add {LAPTOP}/24 dev eth0")
        lab.laptop.use_resolvers(GATEWAY)
        answer = curl(lab, "--cacert", str(lab.ca), PORTAL_API)
        assert "application/captive+json" in answer
        assert json.loads(answer.partition("\n\n")[2])["captive"] is (mode == "captive")


def dhclient_options(lab: Lab) -> str:
    """Return tshark's reading of the ACK that dhclient got."""
    with lab.capture() as capture:
        assert "bound to" in dhclient(lab)
    rows = capture.fields("dhcp.option.captive_portal", "dhcp.option.router", "dhcp.option.domain_name_server",
                          display_filter="dhcp.option.dhcp == 5")  # fmt: skip
    return str(rows)


def test_vendor_name_does_not_match_the_portals_certificate() -> None:
    with Lab(https=True) as lab:
        lab.portal_tls()
        argv = ("--cacert", str(lab.ca), "-v", "https://connectivitycheck.gstatic.com/generate_204")
        assert "no alternative certificate subject name matches" in lab.laptop.run("curl", "-s", *argv).stderr


# ---- DHCP


def test_dhcp_without_router_or_resolver() -> None:
    with Lab(laptop="none", dhcp=Dhcp(router=None, resolvers=())) as lab:
        assert dhclient_options(lab) == "[('', '', '')]"
    with Lab(laptop="none", second_dns="real") as lab:
        assert f"'{GATEWAY}', '{GATEWAY}'" in dhclient_options(lab)


def test_dhcp_pool_exhausted() -> None:
    with Lab(laptop="none", dhcp=Dhcp(pool=(LEASED, LEASED), taken=True)) as lab:
        assert "bound to" not in dhclient(lab)
        assert any("no address available" in line for line in lab.log("dhcp"))
        assert lab.leases() == [(OTHER_MAC, LEASED)]


def test_dhcp_ignores_unknown_clients() -> None:
    with Lab(laptop="none", dhcp=Dhcp(known_only=True)) as lab:
        lab.laptop.ip("link set eth0 address 02:00:00:00:00:42")
        assert "bound to" not in dhclient(lab)
        assert any("ignored" in line for line in lab.log("dhcp"))
        lab.laptop.ip(f"link set eth0 address {LAPTOP_MAC}")
        assert "bound to" in dhclient(lab)


def test_two_dhcp_servers_both_offer() -> None:
    with Lab(laptop="none", second_dhcp=("192.168.77.254", "192.168.77.253")) as lab:
        with lab.capture() as capture:
            assert "bound to" in dhclient(lab)
            lab.laptop.run("sh", "-c", "exit 0")
        offers = capture.fields("dhcp.option.dhcp_server_id", display_filter="dhcp.option.dhcp == 2")
        assert {row[0] for row in offers} == {GATEWAY, "192.168.77.3"}
        assert len(lab.leases()) + len(lab.second_leases()) == 1


@pytest.mark.parametrize("mode", get_args(datagrams.DhcpMode))
def test_dhcp_fakes(mode: datagrams.DhcpMode) -> None:
    with Lab(laptop="none", dhcp=mode) as lab:
        log = dhclient(lab)
        if mode != "nak-then-ack":  # dhclient may or may not take the late ACK
            assert ("bound to" in log) == (mode in {"offer", "escapes", "flood", "nameless", "overloaded", "30-s"})
        assert ("DHCPNAK" in log) == (mode in {"nak", "nak-then-ack", "nak-host-name"})


# ---- fakes


NO_ANSWER = "no servers could be reached"
DNS_SIGNS = {
    "real": f"\tA\t{NTP}", "closed": "connection refused", "silent": NO_ANSWER, "servfail": "SERVFAIL",
    "refused": "REFUSED", "nxdomain": "NXDOMAIN", "wildcard": f"\tA\t{GATEWAY}", "truncated": "flags: qr tc",
    "slow": "Query time: 1", "other-address": NO_ANSWER, "garbage": "Got bad packet", "oversized": "filler.example",
    "wrong-id": "ID mismatch", "escapes": "\\027]0\\;owned", "loop": "Got bad packet", "aaaa-silent": f"\tA\t{NTP}",
    "dns64": f"\tA\t{NTP}", "junk-first": "ID mismatch",
}  # fmt: skip


@pytest.mark.parametrize("mode", get_args(datagrams.DnsMode))
def test_dns_fakes(mode: datagrams.DnsMode) -> None:
    with Lab(dns=mode) as lab:
        answer = dig(lab, "pool.ntp.org")
        assert DNS_SIGNS[mode] in answer


def test_dns_fakes_and_ipv6_addresses() -> None:
    with Lab(dns="aaaa-silent") as lab:
        assert NO_ANSWER in dig(lab, "pool.ntp.org", kind="AAAA")
    with Lab(dns="dns64") as lab:
        assert "\tAAAA\t64:ff9b::c633:647b" in dig(lab, "pool.ntp.org", kind="AAAA")
        assert "NXDOMAIN" in dig(lab, "example.com", kind="AAAA")
        lab.answer_dns("real")
        assert re.search(r"NOERROR.* ANSWER: 0,", dig(lab, "pool.ntp.org", kind="AAAA"), re.DOTALL)
        assert NTP in dig(lab, "pool.ntp.org")
    with Lab(dns="slow") as lab:  # a fake that knows nothing of IPv6
        assert re.search(r"NOERROR.* ANSWER: 0,", dig(lab, "pool.ntp.org", kind="AAAA"), re.DOTALL)


@pytest.mark.parametrize(
    ("mode", "length", "first", "stratum"),
    [("kiss-of-death", 48, 0xE4, 0), ("short", 47, 0x24, 2), ("tiny", 20, 0x24, 2), ("wrong-mode", 48, 0x23, 2),
     ("long", 68, 0x24, 2), ("real", 48, 0x24, 2)],
)  # fmt: skip
def test_ntp_fakes(mode: datagrams.NtpMode, length: int, first: int, stratum: int) -> None:
    with Lab(ntp=mode) as lab:
        reply = ntp(lab) or b""
        assert (len(reply), reply[0], reply[1]) == (length, first, stratum)


def test_ntp_drops_only_the_first_request() -> None:
    with Lab(ntp="drop-first") as lab:
        assert [len(ntp(lab) or b"") for _ in range(3)] == [0, 48, 48]


COAP_REPLIES: dict[str, bytes | None] = {
    "echo": b"\x40\x00\x12\x34", "wrong-id": b"\x70\x00\x12\xcb", "garbage": b"\xff" * 37, "silent": None,
    "other-address": None, "real": b"\x70\x00\x12\x34",
}  # fmt: skip


@pytest.mark.parametrize("mode", COAP_REPLIES)
def test_coap_fakes(mode: datagrams.CoapMode) -> None:
    with Lab(coap=mode) as lab:
        assert coap_ping(lab) == COAP_REPLIES[mode]


def test_coap_closed_and_flood() -> None:
    with Lab(coap="closed") as lab, pytest.raises(ConnectionRefusedError):
        coap_ping(lab)
    with Lab(coap="flood") as lab:
        received = lab.laptop.received("eth0")
        coap_ping(lab)
        wait_until(lambda: lab.laptop.received("eth0") > received + 100, "a flood of replies")


def test_replies_from_another_address_do_arrive() -> None:
    with Lab(ntp="other-address", coap="other-address", dns="other-address") as lab:
        with lab.capture() as capture:
            assert ntp(lab) is None
            assert coap_ping(lab) is None
            dig(lab, "pool.ntp.org")
        sources = {row[0] for row in capture.fields("ip.src", display_filter="udp")}
        assert {"198.51.100.99", "198.51.100.97", SECOND_RESOLVER} <= sources


CLOUD_BYTES: dict[str, bytes] = {"short": bytes(39), "banner": b"SSH-2.0-OpenSSH_9.2p1\x1b[31m\r\n"}


@pytest.mark.parametrize("mode", CLOUD_BYTES)
def test_cloud_fakes_speak(mode: streams.CloudMode) -> None:
    with Lab(photon_cloud=mode) as lab:
        assert tcp(lab, (PHOTON_CLOUD, 5683)) == CLOUD_BYTES[mode]


def test_cloud_that_drips_begins_with_one_byte() -> None:
    with Lab(photon_cloud="drip") as lab:
        assert len(tcp(lab, (PHOTON_CLOUD, 5683))) == 1


def test_cloud_resets_or_is_closed() -> None:
    with Lab(photon_cloud="reset") as lab, pytest.raises(ConnectionResetError):
        tcp(lab, (PHOTON_CLOUD, 5683))
    with Lab(photon_cloud="closed") as lab, pytest.raises(ConnectionRefusedError):
        tcp(lab, (PHOTON_CLOUD, 5683))


@pytest.mark.parametrize(("mode", "kind"), [("server-hello", 22), ("alert", 21), ("signed", 22)])
def test_dtls_fakes_are_dtls_to_tshark(mode: datagrams.DtlsMode, kind: int) -> None:
    with Lab(argon_cloud=mode) as lab:
        with lab.capture() as capture:
            assert (udp(lab, (ARGON_CLOUD, 5684), client_hello()) or b"")[0] == kind
        rows = capture.fields("dtls.record.content_type", "_ws.malformed", display_filter="udp.srcport == 5684")
        assert rows == [(str(kind), "")]


@pytest.mark.parametrize(("mode", "sign"), [("escapes", "\x1b]0;owned"), ("endless", "A" * 99), ("drip", "X-Drip: 1")])
def test_http_fakes(mode: streams.HttpMode, sign: str) -> None:
    with Lab(http=mode) as lab:
        done = lab.laptop.run("curl", "-si", "-N", "--max-time", "0.5", "http://captive.apple.com/hotspot-detect.html")
        assert sign in done.stdout


def test_exception_in_a_fake_fails_the_scenario() -> None:
    with pytest.raises(Exception, match="a fake server failed"), Lab(dns="refused") as lab:
        udp(lab, (GATEWAY, 53), b"not DNS")


# ---- VPN and proxy


@pytest.mark.parametrize("kind", ["halves", "metric"])
def test_vpn_works_while_the_lan_is_broken(kind: Any) -> None:
    with Lab(dns="silent") as lab:
        fault = lab.gateway.drop()
        lab.vpn(kind)
        assert lab.laptop.transmitted("tun0") == 0
        assert coap_ping(lab)
        assert lab.laptop.transmitted("tun0") == 1
        assert lab.laptop.run("getent", "ahostsv4", "coap.me").stdout.startswith(COAP[0])
        assert fault.counter() == 0
        assert "tun" in lab.laptop.run("ip", "-d", "link", "show", "tun0").stdout
        lab.laptop.ip(f"route add {COAP[0]} via {GATEWAY} dev eth0")
        assert coap_ping(lab) is None
        udp(lab, (GATEWAY, 53), b"\0\0\1\0\0\1\0\0\0\0\0\0\4coap\2me\0\0\1\0\1")


def test_http_proxy_sees_who_uses_it() -> None:
    with Lab() as lab:
        url = lab.http_proxy()
        lab.laptop.run("curl", "-s", "--max-time", "0.3", "http://coap.me/", env={"http_proxy": url})
        assert len(lab.fakes["http_proxy"].received) == 1


# ---- teardown


def test_nothing_is_left_behind() -> None:
    with pytest.raises(ZeroDivisionError), Lab(laptop="dhclient") as lab:  # noqa: PT012 - what is left of the lab
        names = [namespace.name for namespace in lab.namespaces]
        processes = [process for namespace in lab.namespaces for process in namespace.processes]
        stray = subprocess.Popen(lab.laptop.argv(["sleep", "600"]))
        assert len(names) == 4
        assert len(processes) >= 6
        raise ZeroDivisionError
    stray.wait(timeout=5)
    assert all(process.poll() is not None for process in processes)
    assert not any((NETNS / name).exists() or (ETC_NETNS / name).exists() for name in names)
    assert not lab.folder.exists()


def test_sweep_removes_what_a_killed_worker_left() -> None:
    worker = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    left = Namespace(f"np{worker.pid}-0-gateway")
    sweep()
    assert (NETNS / left.name).exists(), "its worker lives; each lab that begins elsewhere sweeps, too"
    worker.communicate()
    sweep()
    assert not (NETNS / left.name).exists()
